"""Column types that both engines store alike: instants in UTC, enums as text, numbers that count up."""

from __future__ import annotations

import enum
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Generic, TypeVar

from sqlalchemy import BigInteger, CheckConstraint, Column, DateTime, Dialect, Integer, String
from sqlalchemy.types import TypeDecorator, TypeEngine

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)

KEY = BigInteger().with_variant(Integer, "sqlite")
"""A number of 64 bits as a primary key: on SQLite only INTEGER is the row's own number, found without an index."""


class Instant(TypeDecorator[datetime]):
    """An aware time in UTC: ``timestamptz`` on PostgreSQL, microseconds since 1970 on SQLite.

    An integer compares, indexes and decodes faster there than a text does, and keeps its order.
    """

    impl = BigInteger
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Return the type of the engine at hand."""
        return dialect.type_descriptor(DateTime(timezone=True) if dialect.name == "postgresql" else BigInteger())

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:
        """Return what the engine stores; raises ``ValueError`` for a time that does not say where it holds."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a naive time cannot be stored")
        return value if dialect.name == "postgresql" else (value - _EPOCH) // _MICROSECOND

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[Any], datetime | None] | None:
        """Return what makes an aware time in UTC of a stored one, or ``None`` where the driver does so itself."""
        return None if dialect.name == "postgresql" else _from_microseconds


def _from_microseconds(value: int | None) -> datetime | None:
    return None if value is None else _EPOCH + timedelta(0, 0, value)


Member = TypeVar("Member", bound=enum.Enum)


class Named(TypeDecorator[Member], Generic[Member]):
    """A member of an enum, stored as text: its value where that is one, else its name in small letters."""

    impl = String
    cache_ok = True

    def __init__(self, members: type[Member]) -> None:
        super().__init__(32)
        self.members = members
        self._text: Mapping[Member, str] = {member: text_of(member) for member in members}
        self._member: Mapping[str | None, Member | None] = {
            None: None,
            **{text: member for member, text in self._text.items()},
        }

    def process_bind_param(self, value: Member | None, dialect: Dialect) -> str | None:
        """Return the text of a member."""
        return None if value is None else self._text[value]

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[Any], Member | None]:
        """Return what makes a member of a text: a plain look-up in a dict, since every row passes here."""
        return self._member.__getitem__


def text_of(member: enum.Enum) -> str:
    """Return how a member is written in the database."""
    return member.value if isinstance(member.value, str) else member.name.lower()


def one_of(name: str, members: type[enum.Enum]) -> tuple[Column[Any], CheckConstraint]:
    """Return a column for a member of an enum, and the constraint that keeps every other text out."""
    texts = ", ".join(f"'{text_of(member)}'" for member in members)
    return Column(name, Named(members), nullable=False), CheckConstraint(f"{name} IN ({texts})", name=name)
