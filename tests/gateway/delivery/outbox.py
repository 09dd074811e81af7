"""An outbox in memory, true to the contract: leases, fences, standings by the table, and a clock turned by hand."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta

from registry.activating import StaleClaimError
from registry.domain.card import CardNumber
from registry.domain.delivery import (
    EVENTS,
    Claim,
    Delivery,
    DeliveryId,
    DeliveryKind,
    DeliveryState,
    Parcel,
    Result,
    Settled,
)
from registry.domain.institution import InstitutionId, LendingUnitId
from registry.domain.patron import Language, PatronId
from registry.domain.release import View
from registry.domain.standing import StandingEvent, StandingState, step
from tests.clocks import HandClock

UNIT, OTHER = LendingUnitId("NO-2030000"), LendingUnitId("NO-2120100")
_STAYS_UNKNOWN = frozenset({Result.NOT_SENT, Result.ANSWER_LOST})


def card_of(number: int) -> CardNumber:
    """A card number."""
    return CardNumber(f"N{number:09}")


def view_of(number: int) -> View:
    """What may leave of a patron."""
    return View(
        card_number=card_of(number),
        name=f"Fugl{number}, Kanari",
        birth_date=date(1990, 1, 31),
        language=Language.NB,
        email=f"kanari{number}@example.org",
    )


def parcel(
    number: int = 1, kind: DeliveryKind = DeliveryKind.ACTIVATE, unit: LendingUnitId = UNIT, **more: object
) -> Parcel:
    """A parcel for patron ``number``."""
    whole = Parcel(
        delivery=DeliveryId(number),
        kind=kind,
        unit=unit,
        place=InstitutionId(unit),
        card=card_of(number),
        view=view_of(number),
        age=36,
    )
    return replace(whole, **more)  # type: ignore[arg-type]


@dataclass
class Outbox:
    """Implements :class:`registry.activating.CourierRegister`."""

    clock: HandClock
    rows: dict[DeliveryId, Delivery] = field(default_factory=dict)
    states: dict[DeliveryId, StandingState] = field(default_factory=dict)
    local_ids: dict[DeliveryId, str | None] = field(default_factory=dict)
    blocked: set[DeliveryId] = field(default_factory=set)
    claims: Counter[LendingUnitId] = field(default_factory=Counter)
    settled: list[tuple[DeliveryId, Settled]] = field(default_factory=list)
    asked: int = 0

    def want(self, number: int, unit: LendingUnitId = UNIT, kind: DeliveryKind = DeliveryKind.ACTIVATE) -> DeliveryId:
        """Have patron ``number`` brought from now on."""
        made = DeliveryId(number)
        now = self.clock.now()
        self.rows[made] = Delivery(
            id=made,
            patron=PatronId(number),
            unit=unit,
            kind=kind,
            place=InstitutionId(unit),
            state=DeliveryState.PENDING,
            due=now,
            since=now,
        )
        self.states[made] = StandingState.CONSENTED if kind is DeliveryKind.ACTIVATE else StandingState.LOCAL
        return made

    async def claim(self, units: Collection[LendingUnitId], limit: int, lease: timedelta) -> Sequence[Claim]:
        """Take what is due."""
        self.asked += 1
        now = self.clock.now()
        ready = sorted((one for one in self.rows.values() if self._is_ready(one, units, now)), key=lambda one: one.due)
        return [self._claim(one, now + lease) for one in ready[:limit]]

    def _is_ready(self, one: Delivery, units: Collection[LendingUnitId], now: datetime) -> bool:
        free = one.lease_until is None or one.lease_until <= now
        is_due = one.unit in units and one.state is DeliveryState.PENDING and one.due <= now
        return is_due and free and one.id not in self.blocked

    def _claim(self, one: Delivery, until: datetime) -> Claim:
        self.claims[one.unit] += 1
        died = one.lease_until is not None
        if one.kind is DeliveryKind.ACTIVATE:
            state = self.states[one.id]
            if state is StandingState.CONSENTED:
                self.states[one.id] = step(state, StandingEvent.CLAIMED)
            elif state is StandingState.DELIVERING:
                self.states[one.id] = step(state, StandingEvent.ANSWER_LOST)
        taken = replace(one, fence=one.fence + 1, tries=one.tries + 1, lease_until=until, sent=one.sent or died)
        self.rows[one.id] = taken
        return Claim(
            parcel=parcel(int(one.id), one.kind, one.unit, local_id=self.local_ids.get(one.id)),
            fence=taken.fence,
            wanted=taken.wanted,
            tries=one.tries,
            since=one.since,
            lease_until=until,
            sent=taken.sent,
        )

    async def settle(self, claim: Claim, settled: Settled) -> None:
        """Record what came of a claim, by the same table as the register."""
        row = self.rows[claim.parcel.delivery]
        if row.fence != claim.fence or row.state is not DeliveryState.PENDING:
            raise StaleClaimError(row.id)
        self.settled.append((row.id, settled))
        if row.kind is DeliveryKind.ACTIVATE:
            self._move(row.id, settled)
        common = replace(row, lease_until=None, sent=row.sent or settled.result is Result.ANSWER_LOST)
        if settled.result is Result.BROUGHT:
            self.local_ids[row.id] = settled.local_id
            self.rows[row.id] = replace(common, state=DeliveryState.DONE)
        elif settled.result in (Result.REJECTED, Result.OUT_OF_TRIES):
            self.rows[row.id] = replace(common, state=DeliveryState.STUCK, reason=settled.reason)
        else:
            self.rows[row.id] = replace(common, due=self.clock.now() + settled.retry_after, reason=settled.reason)

    def _move(self, row: DeliveryId, settled: Settled) -> None:
        state = self.states[row]
        if state is StandingState.UNKNOWN and settled.result in _STAYS_UNKNOWN:
            return
        absent = state is StandingState.DELIVERING and settled.result is Result.ABSENT
        self.states[row] = step(state, StandingEvent.NOT_SENT if absent else EVENTS[settled.result])

    async def next_due(self, units: Collection[LendingUnitId]) -> datetime | None:
        """When the next is due, or its lease ends."""
        self.asked += 1
        whens = [
            one.lease_until or one.due
            for one in self.rows.values()
            if one.unit in units and one.state is DeliveryState.PENDING and one.id not in self.blocked
        ]
        return min(whens, default=None)

    async def backlog(self, units: Collection[LendingUnitId] | None = None) -> tuple[int, datetime | None]:
        """How many are pending, and since when the oldest is."""
        pending = [one for one in self.rows.values() if one.state is DeliveryState.PENDING]
        since = [one.since for one in pending if units is None or one.unit in units]
        return len(since), min(since, default=None)
