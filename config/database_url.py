"""The address of a database: what is accepted in the file, and what the drivers want."""

from __future__ import annotations

from pathlib import Path
from typing import Final
from urllib.parse import SplitResult, parse_qs, urlsplit

from config.fields import is_loopback, unfit

_DRIVERS: Final = {
    "sqlite": "sqlite+aiosqlite",
    "sqlite+aiosqlite": "sqlite+aiosqlite",
    "postgres": "postgresql+asyncpg",
    "postgresql": "postgresql+asyncpg",
    "postgresql+asyncpg": "postgresql+asyncpg",
}
_SQLITE: Final = "sqlite+aiosqlite:///"
_WANTED: Final = "sqlite:///path or postgresql://user@host/name"


def with_driver(url: str) -> str:
    """The address with the name of its asynchronous driver; unfit for other engines and with a password in it."""
    scheme, separator, rest = url.partition("://")
    driver = _DRIVERS.get(scheme)
    if driver is None or not separator:
        raise unfit(_WANTED)
    whole = f"{driver}://{rest}"
    if driver.startswith("sqlite"):
        # Reads and writes have an engine each, so a database in memory would be two databases.
        if not whole.startswith(_SQLITE) or whole.removeprefix(_SQLITE) in {"", ":memory:"}:
            raise unfit("sqlite:///path of a file")
        return whole
    return _without_password(whole)


def in_directory(url: str, directory: Path) -> str:
    """The address with a relative SQLite path made absolute inside `directory`."""
    if not url.startswith(_SQLITE):
        return url
    return f"{_SQLITE}{directory / url.removeprefix(_SQLITE)}"


def plain_hosts_only(url: str) -> bool:
    """Whether every server named is this machine: loopback, a Unix socket, or SQLite."""
    return url.startswith(_SQLITE) or all(
        not host or host.startswith("/") or is_loopback(host) for host in _hosts(_split(url))
    )


def _without_password(url: str) -> str:
    parts = _split(url)
    if parts.password is not None or "password" in parse_qs(parts.query):
        raise unfit("a url without a password: password_file names the file that holds it", "one with a password")
    if len(parts.path) < 2:
        raise unfit(_WANTED, "no name of a database")
    return url


def _split(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        # Several servers are named in the query, so one with commas has no port that is a number.
        if parts.port == 0:
            raise unfit(_WANTED, "port 0")
    except ValueError:
        raise unfit(_WANTED) from None
    return parts


def _hosts(parts: SplitResult) -> list[str]:
    # Several servers, for a fail-over, are repeated as host=name:port in the query.
    more = parse_qs(parts.query).get("host", [])
    named = [parts.hostname] if parts.hostname else []
    return named + [host if host.startswith("/") else host.rpartition(":")[0] or host for host in more]
