"""Attempts at PINs under the limits: reserved before a PIN is hashed, then taken back or held against the card.

As long as a limit would be met only if all that is under way failed, who asks waits until some of it has ended.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import assert_never

from registry.domain.asker import Asker
from registry.domain.attempts import (
    CardLog,
    Clear,
    Cleared,
    Limits,
    Locked,
    Reservation,
    Scope,
    Undecided,
    Wait,
    judge_card,
    judge_terminal,
    weigh,
)
from registry.domain.card import CardNumber
from registry.domain.consent import Encounter
from registry.domain.patron import PatronId
from registry.services.grouped_work import GroupedWork, NotYet
from registry.services.ports import AttemptId, Clock, UnitOfWork

_CLEAR = Clear()


@dataclass(frozen=True, slots=True, kw_only=True)
class Try:
    """Somebody at ``asker`` is about to try a PIN for ``card``; ``patron`` is ``None`` for a card that nobody has."""

    card: CardNumber
    asker: Asker
    guest: bool
    patron: PatronId | None


@dataclass(frozen=True, slots=True)
class Reserved:
    """An attempt that may be made, and what counted against the card when it was reserved."""

    attempt: AttemptId
    cleared: Cleared
    log: CardLog


class Reservations:
    """Reserves attempts and settles them."""

    def __init__(self, work: GroupedWork, clock: Clock, limits: Limits) -> None:
        self._work = work
        self._clock = clock
        self._limits = limits

    async def reserve(self, meant: Try, seconds: float) -> Reserved | Wait | Locked:
        """Return an attempt that counts from now on, or why there can be none.

        Raises ``RegisterUnavailable``, also where it depends on others that do not end within ``seconds``.
        """

        async def step(work: UnitOfWork) -> Reserved | Wait | Locked | NotYet:
            return await self._decide(work, meant)

        return await self._work.do(
            step, card=meant.card, terminal=meant.asker.terminal, keys=tuple(_keys(meant).values()), within=seconds
        )

    async def take_back(self, meant: Try, attempt: AttemptId) -> None:
        """Forget an attempt whose PIN never reached the check."""

        async def step(work: UnitOfWork) -> None:
            await work.attempts.take_back(attempt)
            _tell_of(work, meant)

        await self._work.do(step, card=meant.card)

    def failed(self, meant: Try, attempt: AttemptId) -> None:
        """Hold a wrong PIN against the card; as it counts already, nobody need wait for it to be written down."""

        async def step(work: UnitOfWork) -> None:
            await work.attempts.has_failed(attempt)
            _tell_of(work, meant)

        self._work.soon(step, card=meant.card)

    async def succeeded(self, meant: Try, reserved: Reserved, encounter: Encounter | None) -> None:
        """Forget an attempt whose PIN was right, and end the card's row of failures."""

        async def step(work: UnitOfWork) -> None:
            await work.attempts.take_back(reserved.attempt)
            if reserved.log.consecutive:
                await work.attempts.start_anew(meant.card, self._clock.steady())
            if meant.patron is not None:
                await work.patrons.seen_on(meant.patron, self._clock.today())
            if encounter is not None:
                await work.encounters.record(encounter)
            _tell_of(work, meant)

        await self._work.do(step, card=meant.card)

    async def _decide(self, work: UnitOfWork, meant: Try) -> Reserved | Wait | Locked | NotYet:
        now = self._clock.steady()
        log = await work.attempts.log_of(meant.card, now, self._limits)
        decided = weigh(
            judge_card(log.failed(now, self._limits), meant.asker.terminal, now, self._limits),
            judge_card(log, meant.asker.terminal, now, self._limits),
        )
        if isinstance(decided, Cleared):
            decided = await self._weigh_terminal(work, meant)
        match decided:
            case Cleared():
                attempt = await work.attempts.reserve(
                    Reservation(card=meant.card, asker=meant.asker, guest=meant.guest, at=now)
                )
                _tell_of(work, meant)
                return Reserved(attempt, decided, log)
            case Undecided(scope=scope):
                return NotYet(_keys(meant)[scope])
            case Wait() | Locked():
                return decided
            case _:
                assert_never(decided)

    async def _weigh_terminal(self, work: UnitOfWork, meant: Try) -> Cleared | Wait | Locked | Undecided:
        now, asker, limits = self._clock.steady(), meant.asker, self._limits
        at_worst = judge_terminal(
            await work.attempts.tally(asker, now, limits), asker, guest=meant.guest, limits=limits
        )
        if at_worst == _CLEAR:
            return Cleared(_CLEAR, _CLEAR)  # as nearly always: what has failed alone need not be counted
        failed = await work.attempts.tally(asker, now, limits, failed_only=True)
        return weigh(judge_terminal(failed, asker, guest=meant.guest, limits=limits), at_worst)


def _keys(meant: Try) -> dict[Scope, Hashable]:
    """What may have to end first: other checks of this card, this terminal, this institution, and of guests."""
    keys: dict[Scope, Hashable] = {
        Scope.CARD: (Scope.CARD, meant.card),
        Scope.TERMINAL: (Scope.TERMINAL, meant.asker.terminal),
        Scope.INSTITUTION: (Scope.INSTITUTION, meant.asker.institution),
    }
    return keys | {Scope.GLOBAL: Scope.GLOBAL} if meant.guest else keys


def _tell_of(work: UnitOfWork, meant: Try) -> None:
    if meant.patron is not None:
        work.changed(meant.patron)
