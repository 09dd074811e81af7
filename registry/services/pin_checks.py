"""One PIN check from reservation to verdict: counted before it is hashed, joined with its equals, bounded.

lock? → proved a moment ago? → the same check under way? → an attempt is reserved → hashed in a bounded pool → the
reservation is taken back on success and stays on failure. So parallel and slow guessing are bounded alike, across
workers and restarts, and honest parallel checks are not refused.
"""

from __future__ import annotations

import asyncio
import math
from collections import Counter
from dataclasses import dataclass, field

from registry.credentials.cache import ProvedPins
from registry.credentials.pins import PepperedHasher
from registry.credentials.pool import HashPool, PoolFullError
from registry.domain.asker import Asker
from registry.domain.attempts import NOTHING, CardLog, Clear, Limits, Scope, Verdict, Wait, judge_card
from registry.domain.card import CardNumber
from registry.domain.consent import Encounter
from registry.domain.decisions import RegisterUnavailable
from registry.domain.identification import Proof
from registry.domain.patron import PatronId, StoredSecret
from registry.domain.secret import Secret
from registry.services.grouped_work import GroupedWork
from registry.services.ports import AttemptId, Clock, UnitOfWork
from registry.services.reservations import Reservations, Reserved, Try
from registry.services.witness import PinResult, Witness

_CLEAR = Clear()
_NOBODY = PatronId(0)
_NOTHING_STORED = StoredSecret(hashed="", pepper="")


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """Somebody at ``asker`` says that ``card`` is theirs: ``secret`` is to be checked against ``stored``.

    ``patron`` is nobody for an unknown card, whose check costs the same and never succeeds. ``encounter`` is
    recorded in the same transaction when the claim proves right. The check begins before ``until``, of the monotonic
    clock, or not at all.
    """

    card: CardNumber
    asker: Asker
    secret: Secret = field(repr=False)
    proof: Proof
    patron: PatronId = _NOBODY
    stored: StoredSecret | None = None
    guest: bool = True
    encounter: Encounter | None = None
    until: float = math.inf

    @property
    def attempt(self) -> Try:
        """The attempt that checking this is."""
        patron = None if self.patron == _NOBODY else self.patron
        return Try(card=self.card, asker=self.asker, guest=self.guest, patron=patron)


@dataclass(frozen=True, slots=True)
class Checked:
    """How a check ended: ``right`` only where the verdict is Clear."""

    right: bool
    verdict: Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Hashing:
    """What hashing needs: a hasher for each kind of proof and the pool to run it in."""

    pins: PepperedHasher
    passwords: PepperedHasher
    pool: HashPool

    def hasher(self, proof: Proof) -> PepperedHasher:
        """Return the hasher for this kind of proof."""
        return self.passwords if proof is Proof.PASSWORD else self.pins


class PinChecks:
    """Checks PINs under the limits."""

    def __init__(
        self,
        work: GroupedWork,
        clock: Clock,
        hashing: Hashing,
        proved: ProvedPins,
        limits: Limits,
        witness: Witness,
    ) -> None:
        self._work = work
        self._clock = clock
        self._hashing = hashing
        self._proved = proved
        self._limits = limits
        self._reservations = Reservations(work, clock, limits)
        self._witness = witness
        self._under_way: dict[bytes, tuple[str, asyncio.Task[Checked]]] = {}
        self._trying: Counter[CardNumber] = Counter()

    def verdict_on(self, log: CardLog, asker: Asker) -> Verdict:
        """Return whether the card's own log lets another PIN be checked at this terminal now."""
        if log is NOTHING:
            return _CLEAR  # as for nearly every card: no clock need be asked
        now = self._clock.steady()
        # What is still under way is waited for, if need be, where attempts are reserved.
        return judge_card(log.failed(now, self._limits), asker.terminal, now, self._limits)

    def was_proved(self, card: CardNumber, secret: Secret, stored: StoredSecret, log: CardLog, asker: Asker) -> bool:
        """Tell whether this very PIN was right for this card within the last minutes, and nothing speaks against
        saying so without a check."""
        return self._proved.is_proved(self._proved.mark(card, secret, stored)) and not self._is_besieged(
            card, log, asker
        )

    def _is_besieged(self, card: CardNumber, log: CardLog, asker: Asker) -> bool:
        """Whether so many PINs are being tried that memory would tell guessers which one is right, at no cost to them:
        all must then stand in line for a check."""
        if self._trying and self._trying[card] >= self._limits.terminal_card_failures:
            return True
        at_worst = judge_card(log, asker.terminal, self._clock.steady(), self._limits) if log is not NOTHING else _CLEAR
        return not isinstance(at_worst, Clear)

    async def check(self, claim: Claim) -> Checked:
        """Return how the check ended; it goes on to its end even when the asker no longer waits.

        Raises ``RegisterUnavailable`` where the attempt could not be counted or the pool is full.
        """
        mark = self._proved.mark(claim.card, claim.secret, claim.stored or _NOTHING_STORED)
        begun = self._under_way.get(mark)
        if begun is None:
            task = asyncio.ensure_future(self._run(claim, mark))
            self._under_way[mark] = (claim.asker.terminal, task)
            self._trying[claim.card] += 1
            task.add_done_callback(lambda done: self._finished(claim.card, mark, done))
            return await asyncio.shield(task)
        terminal, task = begun
        checked = await asyncio.shield(task)
        if checked.right and claim.encounter is not None and claim.asker.terminal != terminal:
            # The check that was joined has recorded its own asker's encounter alone.
            await self.record(claim.encounter)
        return checked

    async def record(self, encounter: Encounter) -> None:
        """Keep or renew an encounter: the card's PIN was proved."""

        async def step(work: UnitOfWork) -> None:
            await work.encounters.record(encounter)

        await self._work.do(step, card=encounter.card)

    def _finished(self, card: CardNumber, mark: bytes, task: asyncio.Task[Checked]) -> None:
        del self._under_way[mark]
        self._trying[card] -= 1
        if not self._trying[card]:
            del self._trying[card]
        if not task.cancelled():
            # Read even when nobody waits any more, or asyncio would report it as lost.
            task.exception()

    async def _run(self, claim: Claim, mark: bytes) -> Checked:
        reserved = await self._reservations.reserve(claim.attempt, claim.until - self._clock.monotonic())
        if not isinstance(reserved, Reserved):
            return self._ended(PinResult.LOCKED, reserved)
        if not await self._is_right(claim, reserved.attempt):
            self._reservations.failed(claim.attempt, reserved.attempt)
            return self._ended(PinResult.REJECTED, reserved.cleared.wrong)
        await self._reservations.succeeded(claim.attempt, reserved, claim.encounter)
        self._proved.remember(mark)
        return self._ended(PinResult.ACCEPTED, reserved.cleared.right)

    async def _is_right(self, claim: Claim, attempt: AttemptId) -> bool:
        hasher = self._hashing.hasher(claim.proof)
        try:
            return await self._hashing.pool.run(hasher.check, claim.stored, claim.patron, claim.secret)
        except PoolFullError as full:
            # The guess never reached the check, so it is not held against the card.
            await self._reservations.take_back(claim.attempt, attempt)
            self._witness.pin_checked(PinResult.UNAVAILABLE)
            raise RegisterUnavailable("too many PINs are being checked") from full

    def _ended(self, result: PinResult, verdict: Verdict) -> Checked:
        self._witness.pin_checked(result)
        match verdict:
            case Clear(alerts=scopes):
                for scope in scopes:
                    self._witness.throttled(scope)
            case Wait(scope=scope):
                self._witness.throttled(scope)
            case _:
                self._witness.throttled(Scope.CARD)
        return Checked(result is PinResult.ACCEPTED, verdict)
