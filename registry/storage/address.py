"""Where the database is: the operator's URL, understood once."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, unquote, urlsplit, urlunsplit


@dataclass(frozen=True, slots=True)
class SqliteFile:
    """A database in a file of this machine."""

    path: Path

    def uri(self, mode: str = "rw") -> str:
        """Return SQLite's own URI; ``rw`` does not make a file that is not there, ``rwc`` does."""
        return f"file:{quote(str(self.path))}?mode={mode}"


@dataclass(frozen=True, slots=True, repr=False)
class PostgresServer:
    """A database on one or more PostgreSQL servers; the text may hold a password, so ``repr`` shows none of it."""

    dsn: str

    def __repr__(self) -> str:
        return "PostgresServer(***)"


Address = SqliteFile | PostgresServer


def parse(url: str) -> Address:
    """Return what ``url`` names: ``sqlite:///path`` (four slashes for an absolute one) or ``postgresql://…``.

    Raises ``ValueError`` for anything else, without repeating it: it may hold a password.
    """
    parts = urlsplit(url)
    engine = parts.scheme.partition("+")[0]
    if engine == "sqlite":
        path = unquote(parts.path).removeprefix("/")
        if parts.netloc or path in {"", ":memory:"}:
            raise ValueError("a SQLite database is named as sqlite:///relative/path or sqlite:////absolute/path")
        return SqliteFile(Path(path))
    if engine in {"postgresql", "postgres"}:
        return PostgresServer(urlunsplit(("postgresql", *parts[1:])))
    raise ValueError("the database's URL starts with neither sqlite:// nor postgresql://")
