"""``portvakt card``: lost, replaced, withdrawn and locked cards."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

import click

from gateway.cli.common import CARD, actor, config_option, register_of, run, settings_of
from registry.domain.card import CardKind, CardNumber
from registry.register import CardDesk

T = TypeVar("T")


@click.group()
def card() -> None:
    """What happens to cards: lost, replaced, withdrawn, locked by wrong PINs.

    A running daemon heeds a change within a tenth of a second.
    """


@card.command()
@click.argument("number", type=CARD)
@config_option
def lost(number: CardNumber, config_path: Path | None) -> None:
    """Block card NUMBER: its patron has lost it.

    \b
    Example:  portvakt card lost N001000001
    """

    async def do(desk: CardDesk) -> None:
        await desk.report_lost(number, actor())

    _at_the_desk(config_path, do)
    click.echo(f"{number} is reported lost")


@card.command()
@click.argument("number", type=CARD)
@config_option
def withdraw(number: CardNumber, config_path: Path | None) -> None:
    """Withdraw card NUMBER.

    \b
    Example:  portvakt card withdraw N001000001
    """

    async def do(desk: CardDesk) -> None:
        await desk.withdraw(number, actor())

    _at_the_desk(config_path, do)
    click.echo(f"{number} is withdrawn")


@card.command()
@click.argument("number", type=CARD)
@click.option("--by", "new", type=CARD, help="The new card's number; by default the next free one.")
@click.option("--digital", is_flag=True, help="The new card is a digital one, not a printed one.")
@config_option
def replace(number: CardNumber, new: CardNumber | None, digital: bool, config_path: Path | None) -> None:
    """Replace card NUMBER by another; the PIN stays the same.

    \b
    Example:  portvakt card replace N001000004 --by N001000005
    """
    kind = CardKind.DIGITAL if digital else CardKind.PRINTED

    async def do(desk: CardDesk) -> CardNumber:
        return await desk.replace(number, new, kind, actor())

    click.echo(f"{number} is replaced by {_at_the_desk(config_path, do)}")


@card.command()
@click.argument("number", type=CARD)
@config_option
def unlock(number: CardNumber, config_path: Path | None) -> None:
    """Clear the wrong PINs held against card NUMBER, once staff have seen who its owner is.

    \b
    Example:  portvakt card unlock N001000001
    """

    async def do(desk: CardDesk) -> None:
        await desk.unlock(number, actor())

    _at_the_desk(config_path, do)
    click.echo(f"{number} is unlocked")


def _at_the_desk(config_path: Path | None, do: Callable[[CardDesk], Awaitable[T]]) -> T:
    settings = settings_of(config_path)

    async def open_and_do() -> T:
        async with register_of(settings) as register:
            return await do(register.cards)

    return run(open_and_do())
