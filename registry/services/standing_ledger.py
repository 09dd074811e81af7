"""Judging a library's list row by row: which patron it means, and whether they may become local under that id."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from typing import assert_never

from registry.domain.card import Card, CardNumber, CardState, national
from registry.domain.institution import LendingUnitId
from registry.domain.local_id import EXPECTED, is_local_id
from registry.domain.patron import PatronId
from registry.domain.standing import Origin, Standing, StandingState
from registry.register import ImportReport, NotDoneError, StandingRow
from registry.services.ports import UnitOfWork
from registry.services.recognising import OPEN

# Older dates are what systems write that know none, and years below 1 cannot be told in every time zone.
_EARLIEST = date(1900, 1, 1)


@dataclass(frozen=True, slots=True)
class Made:
    """A standing as it was, ``None`` for none, and as it is to be."""

    before: Standing | None
    after: Standing


@dataclass(slots=True, kw_only=True)
class Ledger:
    """What has been judged so far; a row is judged by the register as the rows before it leave it."""

    unit: LendingUnitId
    now: datetime
    today: date
    force: bool
    refused: list[tuple[int, str]] = field(default_factory=list)
    _made: int = 0
    _unchanged: int = 0
    _standings: dict[PatronId, Standing] = field(default_factory=dict)
    # Local id → who has it; nobody, where a row has taken it away.
    _holders: dict[str, PatronId | None] = field(default_factory=dict)
    _to_store: list[Made] = field(default_factory=list)

    async def read(self, work: UnitOfWork) -> None:
        """Take what the register has of the unit, whole: it is read once, not once for each thousand rows."""
        for standing in await work.standings.at(self.unit):
            self._standings[standing.patron] = standing
            if standing.local_id is not None:
                self._holders[standing.local_id] = standing.patron

    async def judge(self, work: UnitOfWork, first: int, rows: Sequence[StandingRow]) -> None:
        """Judge rows, the first of which stands at place ``first``."""
        cards = await work.cards.with_numbers(set(_numbers(rows)))
        for place, row in enumerate(rows, first):
            try:
                self._take(row, self._card(row, cards))
            except NotDoneError as refused:
                self.refused.append((place, str(refused)))

    def to_store(self) -> list[Made]:
        """Return what has been made since last time."""
        made, self._to_store = self._to_store, []
        return made

    def report(self, *, kept: bool) -> ImportReport:
        """Return what became of the rows."""
        return ImportReport(kept=kept, made=self._made, unchanged=self._unchanged, refused=tuple(self.refused))

    def _card(self, row: StandingRow, cards: Mapping[CardNumber, Card]) -> Card:
        card = cards.get(row.card)
        if card is None:
            raise NotDoneError("card: no card has this number")
        _require_in_use(card)
        fault = _fault_of_date(row.since, self.today) or _fault_of_id(row.local_id, card, cards)
        if fault is not None:
            raise NotDoneError(fault)
        return card

    def _take(self, row: StandingRow, card: Card) -> None:
        before = self._standings.get(card.patron)
        if before is not None and before.is_local and before.local_id == row.local_id:
            self._unchanged += 1
            return
        self._require_free(before, row.local_id, card.patron)
        after = Standing(
            patron=card.patron,
            unit=self.unit,
            state=StandingState.LOCAL,
            since=self.now if row.since is None else datetime.combine(row.since, time.min, UTC),
            origin=Origin.IMPORTED,
            local_id=row.local_id,
        )
        if before is not None and before.local_id is not None:
            self._holders[before.local_id] = None
        self._holders[row.local_id] = card.patron
        self._standings[card.patron] = after
        self._to_store.append(Made(before, after))
        self._made += 1

    def _require_free(self, before: Standing | None, local_id: str, patron: PatronId) -> None:
        if before is not None and before.is_local:
            raise NotDoneError("local_id: the patron is local here already, under another id")
        if before is not None and before.state not in OPEN and not self.force:
            raise NotDoneError(f"card: the patron's standing here is {before.state}, which is not an import's to end")
        if self._holders.get(local_id, patron) not in {None, patron}:
            raise NotDoneError("local_id: another patron has it here")


def _numbers(rows: Sequence[StandingRow]) -> Iterator[CardNumber]:
    for row in rows:
        yield row.card
        named = national(row.local_id)
        if named is not None:
            yield named


def _require_in_use(card: Card) -> None:
    match card.state:
        case CardState.ISSUED:
            return
        case CardState.REPLACED:
            raise NotDoneError(f"card: replaced by {card.replaced_by}; name that one")
        case CardState.LOST | CardState.WITHDRAWN:
            raise NotDoneError(f"card: {card.state}")
        case _:
            assert_never(card.state)


def _fault_of_date(since: date | None, today: date) -> str | None:
    if since is not None and not _EARLIEST <= since <= today:
        return f"since: expected a date from {_EARLIEST:%Y-%m-%d} until today"
    return None


def _fault_of_id(local_id: str, card: Card, cards: Mapping[CardNumber, Card]) -> str | None:
    if not is_local_id(local_id):
        return f"local_id: expected {EXPECTED}"
    named = national(local_id)
    # A kiosk's card with this number would be taken for that other patron's.
    if named is not None and (named not in cards or cards[named].patron != card.patron):
        return "local_id: the number of a national card that is not this patron's"
    return None
