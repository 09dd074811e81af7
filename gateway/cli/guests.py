"""``portvakt guests``: the queue of a library's desk."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

import click

from config.settings import Settings
from gateway.application import Register
from gateway.cli.common import CARD, actor, config_option, register_of, run, settings_of
from registry.domain.activating import WaitingGuest
from registry.domain.card import CardNumber
from registry.domain.institution import InstitutionId, LendingUnitId

_UNIT = click.option("--unit", required=True, help="The lending unit whose desk it is, such as NO-2030000.")


@click.group()
def guests() -> None:
    """Guests who wait for a library's desk: listed, approved, denied.

    A guest is here when they have asked for the desk on the library's page; who does not come within 14 days leaves the
    queue by itself.
    """


@guests.command("list")
@_UNIT
@config_option
def list_guests(unit: str, config_path: Path | None) -> None:
    """Show who waits for the desk, the longest first: card, name, birth date. It goes into the audit trail.

    \b
    Example:  portvakt guests list --unit NO-2120100
    """
    waiting = run(_list(settings_of(config_path), LendingUnitId(unit)))
    for guest in waiting:
        born = f"{guest.birth_date:%Y-%m-%d}" if guest.birth_date else ""
        click.echo(f"{guest.card}  {guest.name}, born {born}, waits since {guest.since:%Y-%m-%d %H:%M} UTC")
    if not waiting:
        click.echo("nobody waits", err=True)


async def _list(settings: Settings, unit: LendingUnitId) -> Sequence[WaitingGuest]:
    async with register_of(settings) as register:
        return await register.guests.guests(unit, actor())


@guests.command("approve")
@click.argument("card", type=CARD)
@_UNIT
@click.option("--branch", help="The branch where the patron stands; by default the lending unit itself.")
@config_option
def approve_guest(card: CardNumber, unit: str, branch: str | None, config_path: Path | None) -> None:
    """Make the holder of CARD a local patron: they stand here, have shown who they are, and accept the loan rules.

    Their record goes to the library's system from now on. Works also for a guest who has not asked before.

    \b
    Example:  portvakt guests approve N001000001 --unit NO-2120100
    """
    place = InstitutionId(branch or unit)

    async def approve(register: Register) -> None:
        if branch is not None:
            told = register.libraries.institution(place)
            if told is None or told.unit != unit:
                raise click.UsageError(f"{branch} is no branch of {unit}")
        await register.guests.approve(LendingUnitId(unit), card, place, actor())

    run(_with_register(settings_of(config_path), approve))
    click.echo(f"{card} is approved at {unit}")


@guests.command("deny")
@click.argument("card", type=CARD)
@_UNIT
@config_option
def deny_guest(card: CardNumber, unit: str, config_path: Path | None) -> None:
    """Take the holder of CARD out of the queue: they stay a guest, and may ask again.

    \b
    Example:  portvakt guests deny N001000001 --unit NO-2120100
    """
    run(_with_register(settings_of(config_path), lambda it: it.guests.deny(LendingUnitId(unit), card, actor())))
    click.echo(f"{card} does not wait at {unit} any more")


async def _with_register(settings: Settings, do: Callable[[Register], Awaitable[None]]) -> None:
    async with register_of(settings) as register:
        await do(register)
