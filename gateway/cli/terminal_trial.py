"""The trial of a kiosk, walked through at the prompt: the door answers it, and nothing comes of it."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import click

from config import partners as files
from config.load import load_partners
from config.partner_set import Partners
from config.settings import Settings
from gateway import capture_files
from gateway.cli.common import CARD, Failure, clear_errors
from gateway.sip2.trial import Heard
from gateway.trials import DIRECTORY
from registry.domain.card import CardNumber
from registry.domain.institution import LendingUnitId

_LOOK_EVERY = 0.5

_TOLD: Mapping[str, str] = {
    Heard.ASKED: "the kiosk has asked for the loan; the rules are sent to its screen",
    Heard.SAID_YES: "the kiosk has said yes",
    Heard.SILENT: "the kiosk has asked for the loan without a word about fees (no BO)",
    Heard.PAID: "the kiosk has reported a payment",
}


@dataclass(frozen=True, slots=True)
class Kiosk:
    """A terminal of the partner files that can take consent."""

    id: str
    unit: LendingUnitId
    amount: str
    library: str
    language: str
    short: str


# What must be there before anything is tried.


def kiosk_of(settings: Settings, terminal_id: str) -> Kiosk:
    """Return a terminal that can be tried; raises :class:`Failure` with what is missing."""
    with clear_errors():
        partners = load_partners(settings)
    told = partners.terminals.get(terminal_id)
    if told is None:
        raise Failure(f"the partner files tell of no terminal {terminal_id}")
    if "kiosk" not in told.consent_channels or told.institution is None:
        raise Failure(f'{terminal_id}: put "kiosk" into its consent_channels first')
    unit = partners.unit_of(told.institution)
    if unit is None:
        raise Failure(f"{terminal_id}: {told.institution} belongs to no lending unit")
    for is_missing, why in (
        (partners.library_system_of(told) is None, "no library system stands behind it, and so there are no loans"),
        (unit.acceptance != "digital", f"{unit.id} wants everybody at the desk (acceptance = in_person)"),
        (unit.rules is None, f"{unit.id} has no loan rules"),
    ):
        if is_missing:
            raise Failure(f"{terminal_id}: {why}")
    return _of(told, unit, partners)


def _of(told: files.Terminal, unit: files.LendingUnit, partners: Partners) -> Kiosk:
    texts = unit.rules.languages if unit.rules else {}
    wanted = partners.language_of(told)
    language = wanted if wanted in texts else "nb"
    place = partners.institution(told.institution or "")
    return Kiosk(
        id=told.id,
        unit=LendingUnitId(unit.id),
        amount=told.acknowledgement_amount,
        library=place.name if place else unit.id,
        language=language,
        short=texts[language].short,
    )


# The trial.


def trial(settings: Settings, kiosk: Kiosk, card: CardNumber | None, seconds: float) -> list[str]:
    """Walk through the trial; return what the kiosk itself has shown to be wrong."""
    shown: str = card or click.prompt("Card for the trial", type=CARD)
    begun = {"verb": "begin", "card": shown, "short": kiosk.short, "language": kiosk.language, "seconds": seconds}
    told = _ask(settings, kiosk, begun)
    try:
        _explain(kiosk, shown, told["lines"], seconds)
        return _judged(_listen(settings, kiosk, seconds, time.monotonic))
    finally:
        _ask(settings, kiosk, {"verb": "end"})


def _explain(kiosk: Kiosk, card: str, lines: Sequence[str], seconds: float) -> None:
    said = "\n".join(f"       {line}" for line in lines)
    click.echo(
        f"Trial at {kiosk.id} ({kiosk.library}), for {seconds / 60:.0f} minutes.\n"
        f"Nothing is lent, accepted or charged.\n"
        f"  1. At the kiosk, begin as a patron does, with the card {card}.\n"
        f"  2. Place any item. The screen must show all of this:\n{said}\n"
        f"     and ask for a yes or no. It may name an amount of {kiosk.amount}; it must not ask for money.\n"
        f"  3. Say yes. The kiosk tells that it was a trial."
    )


def _listen(settings: Settings, kiosk: Kiosk, seconds: float, now: Callable[[], float]) -> Sequence[str]:
    """Tell what the kiosk does, as it does it, until it has said yes or the time is over."""
    until, heard = now() + seconds, 0
    while True:
        told = _ask(settings, kiosk, {"verb": "look"})
        for one in told["heard"][heard:]:
            click.echo(f"  … {_TOLD.get(one, one)}")
        heard = len(told["heard"])
        if not told["runs"] or now() >= until or Heard.SAID_YES in told["heard"]:
            return tuple(told["heard"])
        time.sleep(_LOOK_EVERY)


def _judged(heard: Sequence[str]) -> list[str]:
    if Heard.PAID in heard:
        return ["it reported a payment"]
    if Heard.SAID_YES not in heard:
        return ["it said nothing of fees" if Heard.SILENT in heard else "no yes came from it in time"]
    if Heard.ASKED not in heard[: list(heard).index(Heard.SAID_YES)]:
        return ["it says yes to fees by itself, without having been asked"]
    return []


def _ask(settings: Settings, kiosk: Kiosk, question: dict[str, Any]) -> Mapping[str, Any]:
    directory = settings.state.directory / DIRECTORY
    try:
        answer = capture_files.ask(directory, {**question, "terminal": kiosk.id})
    except (capture_files.NobodyAnswersError, FileNotFoundError):
        raise Failure(
            f"no daemon serves from {settings.state.directory}; the trial is made on the daemon's own machine"
        ) from None
    except OSError as refused:
        raise Failure(f"{directory}: {refused.strerror}; be the daemon's user, or root") from None
    if not answer["ok"]:
        raise Failure(str(answer["why"]))
    return answer
