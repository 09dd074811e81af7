"""How a batch of card numbers becomes card holders: three statements and what their rows mean."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from sqlalchemy import (
    ARRAY,
    Column,
    ColumnElement,
    Dialect,
    Select,
    Text,
    and_,
    any_,
    bindparam,
    column,
    func,
    or_,
    select,
)

from registry.domain.attempts import NOTHING, CardLog
from registry.domain.card import CardNumber
from registry.domain.consent import AcceptedVersion
from registry.domain.identification import CardHolder
from registry.domain.institution import LendingUnitId
from registry.domain.patron import PatronId
from registry.domain.standing import Standing
from registry.storage import tables
from registry.storage.rows import (
    ATTEMPT_COLUMNS,
    CARD_COLUMNS,
    PATRON_COLUMNS,
    STANDING_COLUMNS,
    card_log,
    card_of,
    patron_of,
    standing_of,
)
from registry.storage.transaction import Row

_card, _attempt, _consent = tables.card, tables.attempt, tables.consent
_LOG_COLUMNS: tuple[Column[Any], ...] = (_attempt.c.card, *ATTEMPT_COLUMNS)
_ACCEPTED_COLUMNS: tuple[Column[Any], ...] = (_consent.c.rules_version, _consent.c.at)
_HERE = and_(_consent.c.patron == tables.standing.c.patron, _consent.c.unit == tables.standing.c.unit)

_NOWHERE: Mapping[LendingUnitId, Standing] = MappingProxyType({})
_NEVER: Mapping[LendingUnitId, AcceptedVersion] = MappingProxyType({})


class HolderReader:
    """The statements of a look-up in one engine's SQL, each with the card numbers as its one parameter."""

    def __init__(self, dialect: Dialect) -> None:
        asked = _asked(dialect)
        self.holders_sql = _sql(
            dialect,
            select(*CARD_COLUMNS, *PATRON_COLUMNS)
            .join(tables.patron, tables.patron.c.id == _card.c.patron)
            .where(asked(_card.c.number)),
        )
        self.standings_sql = _sql(
            dialect,
            select(*STANDING_COLUMNS, *_ACCEPTED_COLUMNS)
            .outerjoin(_consent, _HERE)
            .where(tables.standing.c.patron.in_(select(_card.c.patron).where(asked(_card.c.number))))
            .order_by(_consent.c.at, _consent.c.id),
        )
        self.attempts_sql = _sql(
            dialect,
            select(*_LOG_COLUMNS)
            .where(asked(_attempt.c.card), or_(_attempt.c.in_a_row, _attempt.c.of_the_day))
            .order_by(_attempt.c.at, _attempt.c.id),
        )
        self._holder = _Decoder(dialect, (*CARD_COLUMNS, *PATRON_COLUMNS))
        self._standing = _Decoder(dialect, (*STANDING_COLUMNS, *_ACCEPTED_COLUMNS))
        self._attempt = _Decoder(dialect, _LOG_COLUMNS)

    def read(
        self, holders: Sequence[Row], standings: Sequence[Row], attempts: Sequence[Row]
    ) -> dict[CardNumber, CardHolder]:
        """Return who holds each card, from the rows of the three statements."""
        standings_of: dict[PatronId, dict[LendingUnitId, Standing]] = {}
        accepted_by: dict[PatronId, dict[LendingUnitId, AcceptedVersion]] = {}
        for *told, version, at in map(self._standing, standings):
            standing = standing_of(told)
            standings_of.setdefault(standing.patron, {})[standing.unit] = standing
            if version is not None:  # the newest comes last
                accepted_by.setdefault(standing.patron, {})[standing.unit] = AcceptedVersion(version, at)
        logs = self._logs(attempts)
        width = len(CARD_COLUMNS)
        found = {}
        for row in map(self._holder, holders):
            card = card_of(row[:width])
            patron, credentials = patron_of(row[width:])
            found[card.number] = CardHolder(
                card=card,
                patron=patron,
                credentials=credentials,
                standings=standings_of.get(card.patron, _NOWHERE),
                log=logs.get(card.number, NOTHING),
                accepted=accepted_by.get(card.patron, _NEVER),
            )
        return found

    def _logs(self, attempts: Sequence[Row]) -> dict[CardNumber, CardLog]:
        rows_of: dict[CardNumber, list[Row]] = {}
        for row in map(self._attempt, attempts):
            rows_of.setdefault(row[0], []).append(row)
        return {card: card_log(row[1:] for row in rows) for card, rows in rows_of.items()}


class _Decoder:
    """Turns what the driver returns into what the columns mean, as SQLAlchemy does, column by column."""

    def __init__(self, dialect: Dialect, columns: Sequence[Column[Any]]) -> None:
        readers = [column.type.dialect_impl(dialect).result_processor(dialect, None) for column in columns]
        self._readers = tuple((place, reader) for place, reader in enumerate(readers) if reader is not None)

    def __call__(self, row: Row) -> list[Any]:
        values = list(row)
        for place, reader in self._readers:
            values[place] = reader(values[place])
        return values


def _asked(dialect: Dialect) -> Callable[[ColumnElement[Any]], ColumnElement[bool]]:
    if dialect.name == "postgresql":
        return lambda number: operator.eq(number, any_(bindparam("cards", type_=ARRAY(Text))))
    # One text for any number of cards, so that SQLite, too, prepares the statement once.
    return lambda number: number.in_(
        select(column("value")).select_from(func.json_each(bindparam("cards", type_=Text)))
    )


def _sql(dialect: Dialect, statement: Select[Any]) -> str:
    return str(statement.compile(dialect=dialect))
