"""How many wrong PINs are too many: per card, per terminal, per institution.

Limits delay and alert first and refuse later; they never touch local cards or item messages. An attempt is
reserved before its PIN is hashed and taken back when the PIN was right, so that parallel guesses count as well. What
is still under way may fail or not: as long as a limit would be met only if it all failed, nothing is decided, and who
asks waits until some of it has ended.
"""

from __future__ import annotations

import enum
import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import assert_never

from registry.domain.asker import Asker
from registry.domain.card import CardNumber


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The numbers; defaults as the operator's guide explains them. Durations in seconds, windows as they are named."""

    terminal_card_failures: int = 3
    first_wait: float = 30.0
    longest_wait: float = 3600.0
    card_daily_failures: int = 5
    card_daily_window: float = 86_400.0
    card_consecutive_failures: int = 10
    terminal_failures: int = 10
    terminal_cards: int = 8
    terminal_window: float = 600.0
    terminal_refusal_factor: int = 3
    terminal_pause: float = 600.0
    terminal_delay: float = 2.0
    institution_alert: int = 60
    institution_refusal: int = 200
    institution_window: float = 3600.0
    institution_pause: float = 600.0
    strangers: int = 120
    strangers_window: float = 3600.0
    strangers_refusal_factor: int = 3
    guest_failures: int = 2000
    guest_window: float = 86_400.0
    guests_refused: bool = False
    longest_check: float = 10.0


@dataclass(frozen=True, slots=True)
class Attempt:
    """A PIN that was wrong, or whose check is still ``under_way``."""

    at: datetime
    terminal: str
    under_way: bool = False

    def has_failed(self, now: datetime, limits: Limits) -> bool:
        """Tell whether this counts for certain: a check that takes longer than any can was left by a dead process,
        and nobody knows what came of it."""
        return not self.under_way or now - self.at >= timedelta(seconds=limits.longest_check)


@dataclass(frozen=True, slots=True, kw_only=True)
class CardLog:
    """What counts against one card.

    ``consecutive`` are the attempts since the last success, the oldest first; ``daily`` those of the sliding
    window, a success in between not clearing them.
    """

    consecutive: tuple[Attempt, ...] = ()
    daily: tuple[Attempt, ...] = ()

    def failed(self, now: datetime, limits: Limits) -> CardLog:
        """Return the log without what is still under way."""
        return CardLog(
            consecutive=tuple(attempt for attempt in self.consecutive if attempt.has_failed(now, limits)),
            daily=tuple(attempt for attempt in self.daily if attempt.has_failed(now, limits)),
        )


NOTHING = CardLog()


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """What counts against a terminal, its institution and everybody: numbers of failed checks, or of failed and
    unfinished ones.

    Each number is that of the window which ends with the latest attempt in question; ``terminal_quiet`` and
    ``institution_quiet`` are the seconds since then. A pause is so measured from the attempt that earned it, and
    does not end early because old failures leave the window.
    """

    terminal_failures: int = 0
    terminal_cards: int = 0
    terminal_quiet: float = math.inf
    institution_failures: int = 0
    institution_quiet: float = math.inf
    guest_failures: int = 0


class Scope(enum.StrEnum):
    """Which limit was met; also the label of the metric."""

    CARD = "card"
    TERMINAL = "terminal"
    INSTITUTION = "institution"
    GLOBAL = "global"


@dataclass(frozen=True, slots=True)
class Clear:
    """The PIN may be checked; ``delay`` seconds are waited before the answer, ``alerts`` name limits to watch."""

    delay: float = 0.0
    alerts: tuple[Scope, ...] = ()


@dataclass(frozen=True, slots=True)
class Wait:
    """Not now: ask again after ``seconds``."""

    seconds: float
    scope: Scope


@dataclass(frozen=True, slots=True)
class Locked:
    """Not until the day is over or staff have seen the patron (``disabled``: only staff can undo it)."""

    disabled: bool


Verdict = Clear | Wait | Locked


@dataclass(frozen=True, slots=True)
class Undecided:
    """So many checks are under way that a limit of this scope would be met if they all failed: look again later."""

    scope: Scope


@dataclass(frozen=True, slots=True)
class Cleared:
    """The PIN may be checked; what holds for the answer if it proves ``right``, and if it proves ``wrong``.

    Who errs while many others are being checked is taken for one of a crowd of guessers, who is right is not.
    """

    right: Clear
    wrong: Clear


def weigh(certain: Verdict, at_worst: Verdict) -> Cleared | Wait | Locked | Undecided:
    """Return what follows from ``certain``, by what has failed, and from ``at_worst``, if all that is under way fails.

    What is allowed even at the worst is allowed now, so that no more PINs are hashed than the limits allow; what is
    refused for certain is refused now; and an honest crowd is refused never.
    """
    if not isinstance(certain, Clear):
        return certain
    match at_worst:
        case Clear():
            return Cleared(certain, at_worst)
        case Wait(scope=scope):
            return Undecided(scope)
        case Locked():
            return Undecided(Scope.CARD)
        case _:
            assert_never(at_worst)


def judge_card(log: CardLog, terminal: str, now: datetime, limits: Limits) -> Verdict:
    """Tell whether one more PIN may be checked for this card at this terminal.

    Ten failures in a row disable the card until staff re-identify the patron; five within a day lock it for the
    window; three in a row at one terminal make that pair wait, doubling.
    """
    if len(log.consecutive) >= limits.card_consecutive_failures:
        return Locked(disabled=True)
    window = timedelta(seconds=limits.card_daily_window)
    if sum(now - attempt.at < window for attempt in log.daily) >= limits.card_daily_failures:
        return Locked(disabled=False)
    return _judge_pair([attempt for attempt in log.consecutive if attempt.terminal == terminal], now, limits)


def _judge_pair(here: Sequence[Attempt], now: datetime, limits: Limits) -> Verdict:
    beyond = len(here) - limits.terminal_card_failures
    if beyond < 0:
        return Clear()
    wait = min(limits.first_wait * 2**beyond, limits.longest_wait)
    # A clock that was set back must not lock anybody for longer than the wait itself.
    left = min(wait - (now - here[-1].at).total_seconds(), wait)
    return Wait(left, Scope.CARD) if left > 0 else Clear()


def judge_terminal(tally: Tally, asker: Asker, *, guest: bool, limits: Limits) -> Verdict:
    """Tell whether a PIN of a national card may be checked at this terminal now, and how slowly."""
    refusals = (
        Wait(limits.terminal_pause - tally.terminal_quiet, Scope.TERMINAL)
        if _terminal_at(tally, asker, limits, limits.terminal_refusal_factor)
        else None,
        Wait(limits.institution_pause - tally.institution_quiet, Scope.INSTITUTION)
        if tally.institution_failures >= limits.institution_refusal
        else None,
        Wait(limits.institution_pause, Scope.GLOBAL)
        if guest and limits.guests_refused and tally.guest_failures >= limits.guest_failures
        else None,
    )
    held_off = next((refusal for refusal in refusals if refusal is not None and refusal.seconds > 0), None)
    return held_off or _slowed(tally, asker, guest=guest, limits=limits)


def _slowed(tally: Tally, asker: Asker, *, guest: bool, limits: Limits) -> Clear:
    met = {
        Scope.TERMINAL: tally.terminal_quiet < limits.terminal_window and _terminal_at(tally, asker, limits, 1),
        Scope.INSTITUTION: tally.institution_quiet < limits.institution_window
        and tally.institution_failures >= limits.institution_alert,
        Scope.GLOBAL: guest and tally.guest_failures >= limits.guest_failures,
    }
    alerts = tuple(scope for scope, is_met in met.items() if is_met)
    return Clear(limits.terminal_delay if Scope.TERMINAL in alerts else 0.0, alerts)


def _terminal_at(tally: Tally, asker: Asker, limits: Limits, factor: int) -> bool:
    times = asker.kiosks * factor
    return (
        tally.terminal_failures >= limits.terminal_failures * times
        or tally.terminal_cards >= limits.terminal_cards * times
    )


def judge_strangers(looked_at: int, asker: Asker, limits: Limits) -> Clear | Wait:
    """Tell whether one more card without standing here may be looked at: ``looked_at`` is this hour's number."""
    budget = limits.strangers * asker.kiosks
    if looked_at >= budget * limits.strangers_refusal_factor:
        return Wait(limits.terminal_pause, Scope.TERMINAL)
    if looked_at >= budget:
        return Clear(limits.terminal_delay, (Scope.TERMINAL,))
    return Clear()


@dataclass(frozen=True, slots=True, kw_only=True)
class Reservation:
    """One attempt about to be made: what is written before the PIN is hashed.

    ``under_way`` is false where another judge has found the PIN wrong already.
    """

    card: CardNumber
    asker: Asker
    guest: bool
    at: datetime
    under_way: bool = True
