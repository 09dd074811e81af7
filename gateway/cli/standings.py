"""``portvakt standings``: who is local where, and a library's own list of them."""

from __future__ import annotations

import csv
import sys
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path

import click

from config.settings import Settings
from gateway.cli.common import (
    CARD,
    NOT_DONE,
    REASON,
    Failure,
    actor,
    config_option,
    masked,
    register_of,
    run,
    settings_of,
)
from gateway.cli.ending_words import in_words
from gateway.cli.lists import Batch, check_report, importing, read_list, tell_refused
from gateway.cli.rows import LAYOUTS, Column, Row, RowError
from registry.domain.card import CardNumber, national
from registry.domain.institution import LendingUnitId
from registry.domain.standing import Standing
from registry.register import Ending, ImportReport, ImportRules, ListedStanding, StandingRow

COLUMNS: Mapping[str, Column] = {
    "card": Column("N and nine digits", required=True),
    "local_id": Column("the library system's own patron id; empty where it is the card number"),
    "since": Column("a date such as 2019-08-31; empty for today"),
}
"""Every column of a list, in the order of the help text."""


@click.group()
def standings() -> None:
    """Who is a local patron where."""


@standings.command(
    "import", epilog="Columns: " + "; ".join(f"{name} ({told.expected})" for name, told in COLUMNS.items())
)
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False, allow_dash=True))
@click.option("--unit", required=True, help="The lending unit whose patrons these are, such as NO-2030000.")
@click.option("--layout", type=click.Choice(LAYOUTS), help="By default by the file's ending, .csv or .jsonl.")
@click.option("--skip-refused", is_flag=True, help="Import the rows that are right, even if others are refused.")
@click.option("--force", is_flag=True, help="Also end what waits for a courier or for staff.")
@click.option("--report", type=click.Path(path_type=Path, dir_okay=False), help="A CSV of refused lines and why.")
@click.option("--dry-run", is_flag=True, help="Judge every row and import none.")
@config_option
def import_standings(
    file: Path,
    unit: str,
    layout: str | None,
    skip_refused: bool,
    force: bool,
    report: Path | None,
    dry_run: bool,
    config_path: Path | None,
) -> None:
    """Import from FILE who is a local patron already: CSV with a first line of column names, or JSON lines.

    A library that begins with Portvakt has local patrons with national cards. Without this list each of them is
    recognised when the card is first seen; with it nobody need be asked for.

    All rows are imported in one transaction, or none: one refused row stops the import, unless --skip-refused is
    given. A row that is true already is no fault, so the same file may be imported again. Exit status 1 when any row
    was refused.

    A register on SQLite takes no other change meanwhile: import before kiosks point here, or at night.

    \b
    Example:  portvakt standings import patrons.csv --unit NO-2030000 --dry-run
              portvakt standings import patrons.csv --unit NO-2030000 --report refused.csv
    """
    settings = settings_of(config_path)
    check_report(report, file)
    batch = read_list(file, layout, standing_row_of)
    rules = ImportRules(
        skip_refused=skip_refused, dry_run=dry_run or bool(batch.refused and not skip_refused), force=force
    )
    done = run(_import(settings, batch, LendingUnitId(unit), rules))
    refused = batch.refused + [(batch.lines[place], why) for place, why in done.refused]
    tell_refused(refused, report)
    if refused and not skip_refused:
        raise Failure(f"{len(refused)} rows refused, nothing imported")
    outcome = "would become local" if dry_run else "are local now"
    click.echo(f"{done.made} patrons {outcome}, {done.unchanged} were already, {len(refused)} rows refused")
    if refused:
        raise SystemExit(NOT_DONE)


def standing_row_of(row: Row) -> StandingRow:
    """Return what a row tells of; raises :class:`RowError` naming the column, never its value."""
    if set(row) - set(COLUMNS):
        raise RowError("", f"only these columns: {', '.join(COLUMNS)}")
    card = national(row.get("card", ""))
    if card is None:
        raise RowError("card", COLUMNS["card"].expected)
    since = row.get("since", "").strip()
    try:
        day = date.fromisoformat(since) if since else None
    except ValueError:
        raise RowError("since", COLUMNS["since"].expected) from None
    return StandingRow(card=card, local_id=row.get("local_id", "").strip() or card, since=day)


async def _import(
    settings: Settings, batch: Batch[StandingRow], unit: LendingUnitId, rules: ImportRules
) -> ImportReport:
    async with register_of(settings) as register:
        with importing(len(batch.rows)) as done:
            return await register.standings.import_standings(unit, batch.rows, actor(), rules, done)


@standings.command("list")
@click.argument("card", type=CARD, required=False)
@click.option("--unit", help="Everybody at this lending unit, as CSV on standard output.")
@config_option
def list_standings(card: CardNumber | None, unit: str | None, config_path: Path | None) -> None:
    """Show where the patron of CARD stands, or everybody at a lending unit. Either goes into the audit trail.

    \b
    Example:  portvakt standings list N001000002
              portvakt standings list --unit NO-2030000 > local.csv
    """
    if (card is None) == (unit is None):
        raise click.UsageError("name a card, or a lending unit with --unit")
    settings = settings_of(config_path)
    if card is not None:
        found = run(_of_card(settings, card))
        for standing in found:
            local_id = f" as {standing.local_id}" if standing.local_id else ""
            click.echo(
                f"{standing.unit}  {standing.state} since {standing.since:%Y-%m-%d}, {standing.origin}{local_id}"
            )
        if not found:
            click.echo("no standing anywhere", err=True)
    elif unit is not None:
        writer = csv.writer(sys.stdout, lineterminator="\n")
        writer.writerow(("card", "local_id", "since", "state", "origin"))
        for listed in run(_at_unit(settings, LendingUnitId(unit))):
            one = listed.standing
            writer.writerow((listed.card, one.local_id or "", f"{one.since:%Y-%m-%d}", one.state, one.origin))


async def _of_card(settings: Settings, card: CardNumber) -> Sequence[Standing]:
    async with register_of(settings) as register:
        return (await register.patrons.show(card, actor())).standings


async def _at_unit(settings: Settings, unit: LendingUnitId) -> Sequence[ListedStanding]:
    async with register_of(settings) as register:
        return await register.standings.standings_at(unit, actor())


@standings.command("end")
@click.argument("card", type=CARD)
@click.option("--unit", required=True, help="The lending unit, such as NO-2030000; no other is touched.")
@click.option("--reason", type=REASON, required=True, help="Why; goes into the audit trail.")
@click.option("--yes", is_flag=True, help="End it without asking.")
@config_option
def end_standing(card: CardNumber, unit: str, reason: str, yes: bool, config_path: Path | None) -> None:
    """End how the patron of CARD stands at a lending unit: local no more, or out of the queue and a guest again.

    The library's system is told: called by the daemon, by its feed, or by staff who find it in `portvakt activations
    list`. Loans and fees there are the library's own affair. Where it was the home library, the patron has none any
    more. The register, the card and every other library stay as they are.

    Who is being set up cannot be ended; exit status 1 then, and where there is nothing to end. A running daemon heeds
    it within a tenth of a second.

    \b
    Example:  portvakt standings end N001000002 --unit NO-2030000 --reason "the patron's letter of 3 March"
    """
    place = LendingUnitId(unit)
    if not yes:
        click.confirm(f"End the standing of {masked(card)} at {place}?", abort=True)
    ending = run(_end(settings_of(config_path), place, card, reason))
    for line in in_words(ending, masked(card), place):
        click.echo(line)


async def _end(settings: Settings, unit: LendingUnitId, card: CardNumber, reason: str) -> Ending:
    async with register_of(settings) as register:
        return await register.endings.end_standing(unit, card, actor(), reason)
