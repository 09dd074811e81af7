"""What commands that import a list share: reading the file whole, telling refused lines, showing how far they are."""

from __future__ import annotations

import contextlib
import csv
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Generic, TextIO, TypeVar, cast

import click

from gateway.cli.common import Failure
from gateway.cli.rows import Row, RowError, layout_of, rows_of

T = TypeVar("T")


@dataclass(slots=True)
class Batch(Generic[T]):
    """The rows of a file that are right, each with its line, and why the others are refused."""

    rows: list[T] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)
    refused: list[tuple[int, str]] = field(default_factory=list)

    def refuse(self, position: int, why: str) -> None:
        """Move a row to the refused ones."""
        self.refused.append((self.lines.pop(position), why))
        del self.rows[position]


def read_list(file: Path, layout: str | None, make: Callable[[Row], T]) -> Batch[T]:
    """Return what ``make`` makes of each row; what it raises ``RowError`` for is refused.

    Raises ``Failure``, for a file without rows too: whoever imports one has the wrong file.
    """
    batch: Batch[T] = Batch()
    with cast(TextIO, click.open_file(str(file), encoding="utf-8-sig")) as stream:
        try:
            for line, row in rows_of(stream, layout or layout_of(file)):
                try:
                    if isinstance(row, RowError):
                        raise row
                    batch.rows.append(make(row))
                    batch.lines.append(line)
                except RowError as wrong:
                    batch.refused.append((line, str(wrong)))
        except UnicodeDecodeError:
            raise Failure(f"{file}: expected UTF-8") from None
    if not (batch.rows or batch.refused):
        raise Failure(f"{file}: no rows")
    return batch


def check_report(report: Path | None, file: Path) -> None:
    """Make sure, before anything is imported, that refused lines can be reported; raises ``Failure``."""
    if report is None:
        return
    if report.exists() and file.exists() and report.samefile(file):
        raise Failure(f"{report} is the list itself; name another file with --report")
    try:
        report.open("a").close()
    except OSError as error:
        raise Failure(f"{report}: {error.strerror}") from error


def tell_refused(refused: Iterable[tuple[int, str]], report: Path | None) -> None:
    """Tell refused lines and why, in the order of lines: into the CSV file ``report``, else on standard error."""
    if report is not None:
        with report.open("w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows([("line", "why"), *sorted(refused)])
        return
    for line, why in sorted(refused):
        click.echo(f"line {line}: {why}", err=True)


@contextlib.contextmanager
def importing(length: int) -> Iterator[Callable[[int], None]]:
    """Show a progress bar on standard error; yields what is told how many more rows are done."""
    with click.progressbar(length=length, label="Importing", file=sys.stderr) as bar:
        yield bar.update
