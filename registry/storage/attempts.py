"""Wrong PINs in SQL: appended before a PIN is hashed, so that slow, parallel and spread guessing all count.

Counting and reserving are one step for others: SQLite has one writer at a time; on PostgreSQL advisory locks are
taken, always the cards' before the terminals', and go with the transaction.
"""

from __future__ import annotations

import math
from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    ColumnElement,
    ScalarSelect,
    and_,
    delete,
    distinct,
    false,
    func,
    insert,
    or_,
    select,
    true,
    update,
)

from registry.domain.asker import Asker
from registry.domain.attempts import CardLog, Limits, Reservation, Tally
from registry.domain.card import CardNumber
from registry.services.ports import AttemptId, Look
from registry.storage import tables
from registry.storage.rows import ATTEMPT_COLUMNS, card_log
from registry.storage.transaction import Lock, Transaction

_table = tables.attempt


class SqlAttempts:
    """Implements :class:`registry.services.ports.Attempts`."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    async def hold(self, cards: Collection[CardNumber], terminals: Collection[str]) -> None:
        """Hold off others who hold or judge any of these, until the commit; the first thing that a transaction does."""
        await self._transaction.lock_all(Lock.CARD, cards)
        await self._transaction.lock_all(Lock.TERMINAL, terminals)

    async def log_of(self, card: CardNumber, now: datetime, limits: Limits) -> CardLog:
        """Return what counts against ``card``, holding off every other reservation for it until the commit."""
        await self._transaction.lock(Lock.CARD, card)
        since = _before(now, limits.card_daily_window)
        counts = or_(_table.c.in_a_row, and_(_table.c.of_the_day, _table.c.at > since))
        rows = await self._transaction.rows(
            select(*ATTEMPT_COLUMNS).where(_table.c.card == card, counts).order_by(_table.c.at, _table.c.id)
        )
        return card_log(rows, since)

    async def tally(self, asker: Asker, now: datetime, limits: Limits, *, failed_only: bool = False) -> Tally:
        """Return what counts against the asker's terminal, its institution and everybody; if ``failed_only``, without
        the checks that are still under way.

        Holds off other reservations of the terminal until the commit; the wider numbers may lag by what is under
        way elsewhere, because nobody shall wait for a whole institution.
        """
        await self._transaction.lock(Lock.TERMINAL, asker.terminal)
        counted = _failed(now, limits) if failed_only else true()
        at_terminal = and_(_table.c.terminal == asker.terminal, counted)
        at_institution = and_(_table.c.institution == asker.institution, counted)
        last_at_terminal, last_at_institution = await self._transaction.row(
            select(_latest(at_terminal), _latest(at_institution))
        ) or (None, None)
        terminal = and_(at_terminal, _within(last_at_terminal, limits.terminal_window))
        institution = and_(at_institution, _within(last_at_institution, limits.institution_window))
        # Nothing but time ends this one, so its window ends now.
        guests = and_(_table.c.guest, _within(now, limits.guest_window), counted)
        failures, cards, of_institution, of_guests = await self._transaction.row(
            select(
                select(func.count()).where(terminal).scalar_subquery(),
                select(func.count(distinct(_table.c.card))).where(terminal).scalar_subquery(),
                select(func.count()).where(institution).scalar_subquery(),
                select(func.count()).where(guests).scalar_subquery(),
            )
        ) or (0, 0, 0, 0)
        return Tally(
            terminal_failures=failures,
            terminal_cards=cards,
            terminal_quiet=_quiet(last_at_terminal, now),
            institution_failures=of_institution,
            institution_quiet=_quiet(last_at_institution, now),
            guest_failures=of_guests,
        )

    async def reserve(self, reservation: Reservation) -> AttemptId:
        """Write an attempt down before its PIN is hashed."""
        key: AttemptId = await self._transaction.value(
            insert(_table)
            .values(
                card=reservation.card,
                terminal=reservation.asker.terminal,
                institution=reservation.asker.institution,
                guest=reservation.guest,
                at=reservation.at,
                in_a_row=True,
                of_the_day=True,
                under_way=reservation.under_way,
            )
            .returning(_table.c.id)
        )
        return key

    async def take_back(self, attempt: AttemptId) -> None:
        """Delete a reservation: the PIN was right, or never reached the check."""
        await self._transaction.execute(delete(_table).where(_table.c.id == attempt))

    async def has_failed(self, attempt: AttemptId) -> None:
        """Note that the PIN was wrong: what was reserved is a failure from now on."""
        await self._transaction.execute(update(_table).where(_table.c.id == attempt).values(under_way=False))

    async def start_anew(self, card: CardNumber, at: datetime) -> None:
        """Note a success: the card's attempts up to ``at`` are no longer consecutive."""
        past = and_(_table.c.card == card, _table.c.at <= at, _table.c.in_a_row)
        await self._transaction.execute(update(_table).where(past).values(in_a_row=False))

    async def unlock(self, card: CardNumber, at: datetime) -> None:
        """Staff saw the patron: the card's attempts up to ``at`` count neither in a row nor for the day."""
        past = and_(_table.c.card == card, _table.c.at <= at)
        await self._transaction.execute(update(_table).where(past).values(in_a_row=False, of_the_day=False))

    async def forgive(self, card: CardNumber, institution: str, at: datetime) -> None:
        """Another judge than the register found the PIN right: the card's attempts there, up to ``at``, no longer count
        in a row or for the day."""
        past = and_(_table.c.card == card, _table.c.institution == institution, _table.c.at <= at)
        await self._transaction.execute(update(_table).where(past).values(in_a_row=False, of_the_day=False))

    async def look_at_stranger(self, terminal: str, card: CardNumber, now: datetime, window: float) -> int:
        """Note that ``terminal`` looked at a card without standing there; return how many different ones it looked
        at in the last ``window`` seconds, this one included."""
        await self._transaction.lock(Lock.TERMINAL, terminal)
        looks = tables.stranger_look
        await self._transaction.upsert(looks, {"terminal": terminal, "card": card, "at": now}, "terminal", "card")
        recent = and_(looks.c.terminal == terminal, looks.c.at > _before(now, window))
        count: int = await self._transaction.value(select(func.count()).select_from(looks).where(recent))
        return count

    async def look_within_budget(
        self, terminal: str, card: CardNumber, now: datetime, window: float, budget: int
    ) -> Look:
        """Note that ``terminal`` looks at ``card``, unless it has looked at ``budget`` others in ``window`` seconds."""
        await self._transaction.lock(Lock.TERMINAL, terminal)
        looks = tables.stranger_look
        recent = and_(looks.c.terminal == terminal, looks.c.at > _before(now, window))
        if await self._transaction.value(select(looks.c.card).where(recent, looks.c.card == card)) is not None:
            return Look.AGAIN
        if await self._transaction.value(select(func.count()).select_from(looks).where(recent)) >= budget:
            return Look.REFUSED
        await self._transaction.upsert(looks, {"terminal": terminal, "card": card, "at": now}, "terminal", "card")
        return Look.NEW

    async def forget(self, before: datetime) -> int:
        """Delete attempts and looks that no limit counts any more, but never an unbroken row of failures."""
        looks = tables.stranger_look
        gone = 0
        for stale in (
            delete(_table).where(_table.c.at < before, _table.c.in_a_row.is_(False)),
            delete(looks).where(looks.c.at < before),
        ):
            gone += (await self._transaction.execute(stale)).rowcount
        return gone


def _latest(attempts: ColumnElement[bool]) -> ScalarSelect[Any]:
    return select(func.max(_table.c.at)).where(attempts).scalar_subquery()


def _within(end: datetime | None, seconds: float) -> ColumnElement[bool]:
    return false() if end is None else _table.c.at > _before(end, seconds)


def _failed(now: datetime, limits: Limits) -> ColumnElement[bool]:
    return or_(_table.c.under_way.is_(False), _table.c.at <= _before(now, limits.longest_check))


def _quiet(last: datetime | None, now: datetime) -> float:
    return math.inf if last is None else max(0.0, (now - last).total_seconds())


def _before(now: datetime, seconds: float) -> datetime:
    return now - timedelta(seconds=seconds)
