"""``portvakt terminal``: which kiosks may take the acceptance of loan rules, and the trial that comes before."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from config.load import load_partners
from config.settings import Settings
from gateway.cli.common import (
    CARD,
    REASON,
    Failure,
    actor,
    clear_errors,
    config_option,
    one_line,
    register_of,
    run,
    settings_of,
)
from gateway.cli.terminal_trial import Kiosk, kiosk_of, trial
from gateway.trials import LONGEST
from registry.activating import Commission
from registry.domain.card import CardNumber
from registry.domain.institution import LendingUnitId

_YES_OR_NO = click.Choice(["yes", "no"])


@click.group()
def terminal() -> None:
    """Kiosks that take the acceptance of loan rules on their own screen.

    A kiosk is made to show the rules as a fee that must be acknowledged. Whether it shows the whole text, and asks for
    no money, only a trial tells: the channel is off until one has succeeded.
    """


@terminal.command()
@click.argument("terminal_id", metavar="TERMINAL")
@click.option(
    "--card", type=CARD, help="The card of the trial: any national card that the kiosk lets in; asked for if left out."
)
@click.option("--minutes", type=click.IntRange(1, int(LONGEST // 60)), default=10, show_default=True)
@click.option("--text-shown", type=_YES_OR_NO, help="The outcome of a trial that was made: was the whole text shown?")
@click.option("--no-payment", type=_YES_OR_NO, help="The same: was no payment of any kind started?")
@config_option
def commission(
    terminal_id: str,
    card: CardNumber | None,
    minutes: int,
    text_shown: str | None,
    no_payment: str | None,
    config_path: Path | None,
) -> None:
    """Try whether kiosk TERMINAL can take the acceptance of loan rules, and turn that on where it can.

    Walks you through the trial at the kiosk: log in there with a card, place any item, read the rules, say yes. In
    the trial nothing is lent, accepted or charged, whatever card you use. Then two questions are asked: did the whole
    text appear, and did no payment start? With two times yes the channel is on; else it is off, and both go into the
    audit trail.

    The trial needs the running daemon on this machine. Where it was made in another way, give its outcome with
    --text-shown and --no-payment: then nothing is asked.

    TERMINAL is the id in the partner files. Its consent_channels must hold "kiosk", a library system must stand
    behind it, and its lending unit must take digital acceptance and have loan rules.

    \b
    Example:  portvakt terminal commission storbyen-1 --card N001000001
              portvakt terminal commission storbyen-1 --text-shown yes --no-payment yes

    \b
    Exit statuses: 0 on, 1 the trial failed or could not be made, 2 wrong usage, 3 wrong settings, 4 no database.
    """
    if (text_shown is None) != (no_payment is None):
        raise click.UsageError("--text-shown and --no-payment together, or neither")
    settings = settings_of(config_path)
    kiosk = kiosk_of(settings, terminal_id)
    faults = [] if text_shown else trial(settings, kiosk, card, minutes * 60.0)
    if not faults:
        faults = _faults(
            text_shown or _asked("Did the whole text appear on the kiosk's screen?"),
            no_payment or _asked("Did the kiosk start no payment of any kind, and ask for no money?"),
        )
    if faults:
        run(_switch_off(settings, kiosk.id, kiosk.unit, f"trial: {', '.join(faults)}"))
        raise Failure(f"{kiosk.id} does not take acceptances: {', '.join(faults)}")
    run(_commission(settings, kiosk))
    click.echo(f"{kiosk.id} takes acceptances of loan rules from now on")


@terminal.command("list")
@config_option
def list_terminals(config_path: Path | None) -> None:
    """Show the kiosks whose partner file allows this channel, and every one that was ever tried.

    \b
    Example:  portvakt terminal list
    """
    settings = settings_of(config_path)
    told = {one.terminal: one for one in run(_commissions(settings))}
    with clear_errors():
        partners = load_partners(settings)
    allowed = {one.id for one in partners.terminals.values() if "kiosk" in one.consent_channels}
    for id_ in sorted(allowed | set(told)):
        click.echo(f"{id_}  {_state(told.get(id_), is_allowed=id_ in allowed)}")
    if not (allowed or told):
        click.echo("no kiosk has the channel", err=True)


@terminal.command()
@click.argument("terminal_id", metavar="TERMINAL")
@click.option("--reason", type=REASON, required=True, help="Why; goes into the audit trail.")
@config_option
def stop(terminal_id: str, reason: str, config_path: Path | None) -> None:
    """Have kiosk TERMINAL take no acceptances of loan rules any more, until it is commissioned anew.

    \b
    Example:  portvakt terminal stop storbyen-1 --reason "new software on the kiosk"
    """
    settings = settings_of(config_path)
    told = {one.terminal: one for one in run(_commissions(settings))}
    if terminal_id not in told:
        _require_terminal(settings, terminal_id)
    if terminal_id not in told or not told[terminal_id].on:
        raise Failure(f"{terminal_id} takes no acceptances of loan rules")
    run(_switch_off(settings, terminal_id, told[terminal_id].unit, reason))
    click.echo(f"{terminal_id} takes no acceptances of loan rules any more")


def _require_terminal(settings: Settings, terminal_id: str) -> None:
    with clear_errors():
        partners = load_partners(settings)
    if terminal_id not in partners.terminals:
        raise Failure(f"the partner files tell of no terminal {terminal_id}")


def _state(one: Commission | None, *, is_allowed: bool) -> str:
    if one is None:
        return "never tried"
    since = f"since {one.since:%Y-%m-%d %H:%M} UTC, by {one.actor}"
    if one.on:
        return f"on {since}" + ("" if is_allowed else "; but its partner file does not allow it")
    return f"off {since}: {one_line(one.reason)}"


def _asked(question: str) -> str:
    return "yes" if click.confirm(question, default=False) else "no"


def _faults(text_shown: str, no_payment: str) -> list[str]:
    shown = [] if text_shown == "yes" else ["the text was not shown whole"]
    return shown + ([] if no_payment == "yes" else ["a payment was started"])


# What is recorded.


async def _commission(settings: Settings, kiosk: Kiosk) -> None:
    async with register_of(settings) as register:
        await register.commissions.commission(kiosk.id, kiosk.unit, actor())


async def _switch_off(settings: Settings, terminal_id: str, unit: LendingUnitId, reason: str) -> None:
    async with register_of(settings) as register:
        await register.commissions.switch_off(terminal_id, unit, actor(), reason)


async def _commissions(settings: Settings) -> Sequence[Commission]:
    async with register_of(settings) as register:
        return await register.commissions.commissions()
