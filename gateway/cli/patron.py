"""``portvakt patron``: adding, showing, importing and deleting patrons.

Names, PINs and identity numbers are asked for or read from files: as arguments everybody on the machine would see
them in the list of processes.
"""

from __future__ import annotations

import io
import json
import sys
from dataclasses import fields
from pathlib import Path
from typing import TextIO

import click

from config.settings import Settings
from gateway.application import Register
from gateway.cli.common import (
    CARD,
    NOT_DONE,
    REASON,
    Failure,
    actor,
    config_option,
    register_of,
    run,
    settings_of,
    tries,
)
from gateway.cli.lists import Batch, check_report, importing, read_list, tell_refused
from gateway.cli.rows import COLUMNS, LAYOUTS, Row, RowError, patron_of, rows_of
from registry.domain.card import CardNumber
from registry.domain.patron import Address
from registry.register import NewPatron, PatronSheet, RowRefusedError

_ASKED = ("family_name", "given_name", "birth_date", "identity_number", "card", "pin", "mobile", "email", "local_at")
_HIDDEN = frozenset({"pin", "identity_number", "password"})


@click.group()
def patron() -> None:
    """Patrons: add, show, import, delete."""


@patron.command()
@config_option
def add(config_path: Path | None) -> None:
    """Add one patron and print the card number.

    Asks for name, birth date, PIN and so on; when standard input is not a terminal, one JSON object is read from it,
    with the columns of `portvakt patron import`.

    \b
    Example:  portvakt patron add
              portvakt patron add < patron.json
    """
    settings = settings_of(config_path)
    new = _asked() if sys.stdin.isatty() else _given(sys.stdin)

    async def do() -> CardNumber:
        async with register_of(settings) as register:
            _require_places(register, new)
            return await register.patrons.add_patron(new, actor())

    click.echo(run(do()))


def _asked() -> NewPatron:
    row = {}
    for name in _ASKED:
        label = name.replace("_", " ").capitalize()
        row[name] = click.prompt(
            f"{label} ({COLUMNS[name].expected})",
            default=None if COLUMNS[name].required else "",
            show_default=False,
            hide_input=name in _HIDDEN,
            err=True,
        )
    return _or_fail(row)


def _given(stream: TextIO) -> NewPatron:
    try:
        told = json.load(stream)
    except ValueError:
        told = None
    if not isinstance(told, dict):
        raise Failure("standard input: expected one JSON object")
    ((_, row),) = rows_of(io.StringIO(json.dumps(told)), "jsonl")
    if isinstance(row, RowError):
        raise Failure(f"standard input: {row}")
    return _or_fail(row)


def _or_fail(row: Row) -> NewPatron:
    try:
        return patron_of(row)
    except RowError as wrong:
        raise Failure(str(wrong)) from wrong


@patron.command()
@click.argument("card", type=CARD)
@click.option("--reason", type=REASON, help="Why more than the masked view is needed; goes into the audit trail.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of lines.")
@config_option
def show(card: CardNumber, reason: str | None, as_json: bool, config_path: Path | None) -> None:
    """Show the patron of CARD: masked, unless a reason is given.

    \b
    Example:  portvakt patron show N001000001
              portvakt patron show N001000001 --reason "case 4711, patron at the desk"
    """
    settings = settings_of(config_path)

    async def do() -> PatronSheet:
        async with register_of(settings) as register:
            return await register.patrons.show(card, actor(), reason)

    lines = _lines(run(do()))
    if as_json:
        click.echo(json.dumps({name.replace(" ", "_"): value for name, value in lines}, ensure_ascii=False))
        return
    width = max(len(name) for name, _ in lines)
    for name, value in lines:
        click.echo(f"{name:<{width}}  {value}")


def _lines(sheet: PatronSheet) -> list[tuple[str, str]]:
    told = ((item.name, getattr(sheet.view, item.name)) for item in fields(sheet.view))
    lines = [(name.replace("_", " "), _shown(value)) for name, value in told if value is not None]
    for card in sheet.cards:
        successor = f" by {card.replaced_by}" if card.replaced_by else ""
        lines.append((f"card {card.number}", f"{card.kind}, {card.state}{successor}"))
    lines += [
        (f"at {standing.unit}", f"{standing.state} since {standing.since:%Y-%m-%d} as {standing.local_id}")
        for standing in sheet.standings
    ]
    state = "locked" if sheet.locked else "in use"
    lines.append(("PIN", f"{state}, {tries(sheet.attempts_against, 'wrong ')} in a row"))
    return lines


def _shown(value: object) -> str:
    if isinstance(value, Address):
        return ", ".join([*value.lines, f"{value.postal_code} {value.place}", value.country])
    return str(value)


@patron.command()
@click.argument("card", type=CARD)
@click.confirmation_option(prompt="Delete this patron nationally? This cannot be undone")
@config_option
def delete(card: CardNumber, config_path: Path | None) -> None:
    """Delete the patron of CARD from the register; the card's number is never issued again.

    \b
    Example:  portvakt patron delete N001000009
    """
    settings = settings_of(config_path)

    async def do() -> None:
        async with register_of(settings) as register:
            await register.patrons.delete_patron(card, actor())

    run(do())
    click.echo(f"the patron of {card} is deleted")


@patron.command("import", epilog="Columns: " + "; ".join(f"{name} ({told.expected})" for name, told in COLUMNS.items()))
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False, allow_dash=True))
@click.option("--layout", type=click.Choice(LAYOUTS), help="By default by the file's ending, .csv or .jsonl.")
@click.option("--skip-refused", is_flag=True, help="Import the rows that are right, even if others are refused.")
@click.option("--report", type=click.Path(path_type=Path, dir_okay=False), help="A CSV of refused lines and why.")
@click.option("--dry-run", is_flag=True, help="Judge every row and import none.")
@config_option
def import_patrons(
    file: Path, layout: str | None, skip_refused: bool, report: Path | None, dry_run: bool, config_path: Path | None
) -> None:
    """Import patrons from FILE: CSV with a first line of column names, or JSON lines.

    All rows are imported in one transaction, or none: one refused row stops the import, unless --skip-refused is
    given. Refused rows are told by line and column; what they held is repeated nowhere. Exit status 1 when any row
    was refused.

    \b
    Example:  portvakt patron import patrons.csv --report refused.csv
    """
    settings = settings_of(config_path)
    check_report(report, file)
    batch = read_list(file, layout, patron_of)
    run(_import(settings, batch, skip_refused=skip_refused, dry_run=dry_run))
    tell_refused(batch.refused, report)
    if batch.refused and not skip_refused:
        raise Failure(f"{len(batch.refused)} rows refused, nothing imported")
    done = "would be imported" if dry_run else "imported"
    click.echo(f"{len(batch.rows)} patrons {done}, {len(batch.refused)} rows refused")
    if batch.refused:
        raise SystemExit(NOT_DONE)


async def _import(settings: Settings, batch: Batch[NewPatron], *, skip_refused: bool, dry_run: bool) -> None:
    async with register_of(settings) as register:
        _judge(register, batch)
        if dry_run or (batch.refused and not skip_refused):
            return
        while batch.rows:
            try:
                with importing(len(batch.rows)) as done:
                    await register.patrons.add_patrons(batch.rows, actor(), lambda _: done(1))
                return
            except RowRefusedError as refused:
                # Only what the register itself holds can refuse a row now: a card or a person that is there already.
                batch.refuse(refused.position, str(refused))
                if not skip_refused:
                    return


def _judge(register: Register, batch: Batch[NewPatron]) -> None:
    for position in reversed(range(len(batch.rows))):
        new = batch.rows[position]
        fault = register.patrons.find_fault(new) or _unknown_place(register, new)
        if fault is not None:
            batch.refuse(position, fault)


def _unknown_place(register: Register, new: NewPatron) -> str | None:
    for unit in new.local_at:
        if register.libraries.unit(unit) is None:
            return f"local_at: {unit} is no lending unit of the partner files"
    home = new.home_library
    if home is not None and register.libraries.institution(home) is None:
        return f"home_library: {home} is no institution of the partner files"
    return None


def _require_places(register: Register, new: NewPatron) -> None:
    fault = _unknown_place(register, new)
    if fault is not None:
        raise Failure(fault)
