"""One PIN check from reservation to verdict: counted before it is hashed, joined with its equals, bounded.

lock? → proved a moment ago? → the same check under way? → an attempt is reserved → hashed in a bounded pool → the
reservation is taken back on success and stays on failure. So parallel and slow guessing are bounded alike, across
workers and restarts, and honest parallel checks are not refused.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from registry.credentials.cache import ProvedPins
from registry.credentials.pins import PepperedHasher
from registry.credentials.pool import HashPool, PoolFullError
from registry.domain.asker import Asker
from registry.domain.attempts import (
    NOTHING,
    CardLog,
    Clear,
    Limits,
    Reservation,
    Scope,
    Verdict,
    Wait,
    judge_card,
    judge_terminal,
)
from registry.domain.card import CardNumber
from registry.domain.consent import Encounter
from registry.domain.decisions import RegisterUnavailable
from registry.domain.identification import Proof
from registry.domain.patron import PatronId, StoredSecret
from registry.domain.secret import Secret
from registry.services.ports import AttemptId, Clock, OpenUnitOfWork
from registry.services.witness import PinResult, Witness

_CLEAR = Clear()
_NOBODY = PatronId(0)
_NOTHING_STORED = StoredSecret(hashed="", pepper="")


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """Somebody at ``asker`` says that ``card`` is theirs: ``secret`` is to be checked against ``stored``.

    ``patron`` is nobody for an unknown card, whose check costs the same and never succeeds. ``encounter`` is
    recorded in the same transaction when the claim proves right.
    """

    card: CardNumber
    asker: Asker
    secret: Secret = field(repr=False)
    proof: Proof
    patron: PatronId = _NOBODY
    stored: StoredSecret | None = None
    guest: bool = True
    encounter: Encounter | None = None


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
        work: OpenUnitOfWork,
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
        self._witness = witness
        self._under_way: dict[bytes, tuple[str, asyncio.Task[Checked]]] = {}

    def verdict_on(self, log: CardLog, asker: Asker) -> Verdict:
        """Return whether the card's own log lets another PIN be checked at this terminal now."""
        if log is NOTHING:
            return _CLEAR  # as for nearly every card: no clock need be asked
        return judge_card(log, asker.terminal, self._clock.steady(), self._limits)

    def was_proved(self, card: CardNumber, secret: Secret, stored: StoredSecret) -> bool:
        """Tell whether this very PIN was right for this card within the last minutes."""
        return self._proved.is_proved(self._proved.mark(card, secret, stored))

    async def check(self, claim: Claim) -> Checked:
        """Return how the check ended; it goes on to its end even when the asker no longer waits.

        Raises ``RegisterUnavailable`` where the attempt could not be counted or the pool is full.
        """
        mark = self._proved.mark(claim.card, claim.secret, claim.stored or _NOTHING_STORED)
        begun = self._under_way.get(mark)
        if begun is None:
            task = asyncio.ensure_future(self._run(claim, mark))
            self._under_way[mark] = (claim.asker.terminal, task)
            task.add_done_callback(lambda done: self._finished(mark, done))
            return await asyncio.shield(task)
        terminal, task = begun
        checked = await asyncio.shield(task)
        if checked.right and claim.encounter is not None and claim.asker.terminal != terminal:
            # The check that was joined has recorded its own asker's encounter alone.
            async with self._work() as work:
                await work.encounters.record(claim.encounter)
        return checked

    def _finished(self, mark: bytes, task: asyncio.Task[Checked]) -> None:
        del self._under_way[mark]
        if not task.cancelled():
            # Read even when nobody waits any more, or asyncio would report it as lost.
            task.exception()

    async def _run(self, claim: Claim, mark: bytes) -> Checked:
        verdict, attempt, log = await self._reserve(claim)
        self._tell_of(verdict)
        if attempt is None:
            self._witness.pin_checked(PinResult.LOCKED)
            return Checked(False, verdict)
        if not await self._is_right(claim, attempt):
            self._witness.pin_checked(PinResult.REJECTED)
            return Checked(False, verdict)
        await self._settle(claim, attempt, log)
        self._proved.remember(mark)
        self._witness.pin_checked(PinResult.ACCEPTED)
        return Checked(True, verdict)

    def _tell_of(self, verdict: Verdict) -> None:
        match verdict:
            case Clear(alerts=scopes):
                for scope in scopes:
                    self._witness.throttled(scope)
            case Wait(scope=scope):
                self._witness.throttled(scope)
            case _:
                self._witness.throttled(Scope.CARD)

    async def _reserve(self, claim: Claim) -> tuple[Verdict, AttemptId | None, CardLog]:
        now = self._clock.steady()
        async with self._work() as work:
            log = await work.attempts.log_of(claim.card, now, self._limits)
            verdict = judge_card(log, claim.asker.terminal, now, self._limits)
            if isinstance(verdict, Clear):
                tally = await work.attempts.tally(claim.asker, now, self._limits)
                verdict = judge_terminal(tally, claim.asker, guest=claim.guest, limits=self._limits)
            if not isinstance(verdict, Clear):
                return verdict, None, log
            attempt = await work.attempts.reserve(
                Reservation(card=claim.card, asker=claim.asker, guest=claim.guest, at=now)
            )
            if claim.patron != _NOBODY:
                work.changed(claim.patron)
        return verdict, attempt, log

    async def _is_right(self, claim: Claim, attempt: AttemptId) -> bool:
        hasher = self._hashing.hasher(claim.proof)
        try:
            return await self._hashing.pool.run(hasher.check, claim.stored, claim.patron, claim.secret)
        except PoolFullError as full:
            # The guess never reached the check, so it is not held against the card.
            async with self._work() as work:
                await work.attempts.take_back(attempt)
            self._witness.pin_checked(PinResult.UNAVAILABLE)
            raise RegisterUnavailable("too many PINs are being checked") from full

    async def _settle(self, claim: Claim, attempt: AttemptId, log: CardLog) -> None:
        async with self._work() as work:
            await work.attempts.take_back(attempt)
            if log.consecutive:
                await work.attempts.start_anew(claim.card, self._clock.steady())
            await work.patrons.seen_on(claim.patron, self._clock.today())
            if claim.encounter is not None:
                await work.encounters.record(claim.encounter)
            work.changed(claim.patron)
