"""The trial by which staff find out whether a kiosk shows the rules and starts no payment, before anybody accepts any.

It is answered at the door alone: nothing is lent, charged, accepted or sent on, whatever the kiosk does.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from gateway.sip2.forwarding import is_after_the_fact
from gateway.sip2.refusals import REFUSED, echo_of
from gateway.sip2.responders import Desk, Reply, refused
from gateway.sip2.rules_shown import acknowledged, with_rules
from gateway.words.screen import Screen
from protocols import sip2
from protocols.sip2 import Message
from registry.domain.card import national


class Heard(enum.StrEnum):
    """What a kiosk has done in a trial."""

    ASKED = "asked"
    """A loan with an explicit BO N: the rules were sent to its screen."""
    SAID_YES = "said yes"
    """A loan with BO Y."""
    SILENT = "silent"
    """A loan that says nothing of fees."""
    PAID = "paid"
    """A payment."""


@dataclass(slots=True)
class Trial:
    """A trial that runs: with which card, what is shown, until when, and what was heard, in order."""

    card: str
    lines: tuple[str, ...]
    until: float
    heard: list[Heard] = field(default_factory=list)

    def is_of(self, shown: str) -> bool:
        """Tell whether a request shows the card of the trial, however it was scanned."""
        return (national(shown) or shown.strip()) == self.card


class Trials:
    """The trials of one door, one for each terminal at most."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._running: dict[str, Trial] = {}

    def begin(self, terminal: str, card: str, lines: Iterable[str], seconds: float) -> None:
        """Begin a trial at a terminal, in place of the one that runs there."""
        shown = national(card) or card.strip()
        self._running[terminal] = Trial(shown, tuple(lines), self._clock() + seconds)

    def runs(self, terminal: str) -> bool:
        """Tell whether a trial runs at a terminal now."""
        return self._at(terminal) is not None

    def heard(self, terminal: str) -> tuple[Heard, ...]:
        """Return what was heard so far, also of a trial whose time is over."""
        trial = self._running.get(terminal)
        return () if trial is None else tuple(trial.heard)

    def end(self, terminal: str) -> None:
        """End the trial at a terminal and forget it; harmless where none runs."""
        self._running.pop(terminal, None)

    def answer(self, desk: Desk, asked: Message) -> Reply | None:
        """Return the answer where the request belongs to a trial, else ``None``."""
        trial = self._at(desk.terminal.id) if self._running else None
        if trial is None or not isinstance(asked, sip2.Checkout | sip2.FeePaid):
            return None
        if is_after_the_fact(asked) or not trial.is_of(asked.patron_identifier):
            return None
        return _answered(trial, desk, asked)

    def _at(self, terminal: str) -> Trial | None:
        trial = self._running.get(terminal)
        return None if trial is None or trial.until <= self._clock() else trial


_LOANS = {False: Heard.ASKED, True: Heard.SAID_YES, None: Heard.SILENT}


def _answered(trial: Trial, desk: Desk, asked: sip2.Checkout | sip2.FeePaid) -> Reply:
    heard = Heard.PAID if isinstance(asked, sip2.FeePaid) else _LOANS[acknowledged(asked)]
    trial.heard.append(heard)
    if heard is not Heard.ASKED:
        return refused(desk, asked, Screen.TRIAL_OVER)
    return Reply(rules_for(desk, asked, trial.lines), "refused", reason="trial")


def rules_for(desk: Desk, asked: Message, lines: tuple[str, ...]) -> Message:
    """Return the answer to a checkout that makes the kiosk show ``lines`` and ask for a yes."""
    refusal = REFUSED[asked.number](echo_of(asked, desk.now(), "", desk.terminal.asker.institution))
    return with_rules(refusal, lines, desk.terminal.acknowledgement_amount)
