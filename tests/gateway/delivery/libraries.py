"""Library systems of a test as carriers see them: patient, dead, slow, forgetful or lying, and counted."""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from gateway.delivery.carriers import (
    Brought,
    Duplicate,
    LookedUp,
    Lost,
    NotSent,
    NotThere,
    Rejected,
    SomebodyElse,
    There,
    Tried,
)
from registry.domain.card import CardNumber
from registry.domain.delivery import Parcel
from tests.clocks import HandClock

MOODS = ("well", "dead", "drop_reply", "late", "refuse", "duplicate", "somebody_else", "whole_unit")
"""What can befall a request. Beside these: ``blind`` sees nobody, ``held`` waits at the gate, ``swallowed`` does what
it is asked for and never says so."""


@dataclass
class Library:
    """A library system that keeps patrons by card.

    ``moods`` are taken one after the other, one for each request; then all is well. ``created`` counts, for each card,
    how often the library system was made to create a patron.
    """

    patrons: dict[CardNumber, str] = field(default_factory=dict)
    strangers: set[CardNumber] = field(default_factory=set)
    """Cards under which it has somebody else."""
    created: Counter[CardNumber] = field(default_factory=Counter)
    updated: Counter[CardNumber] = field(default_factory=Counter)
    ended: Counter[CardNumber] = field(default_factory=Counter)
    sent: list[tuple[str, CardNumber]] = field(default_factory=list)
    moods: deque[str] = field(default_factory=deque)
    clock: HandClock | None = None
    """With a clock, what goes ``late`` is done twenty seconds after everybody has given it up."""
    late: list[tuple[float, CardNumber]] = field(default_factory=list)
    always: str = "well"
    is_careless: bool = False
    """Whether it creates a patron again who is there already."""
    gate: asyncio.Event | None = None
    at_once: int = 0
    most_at_once: int = 0
    is_closed: bool = False

    def will(self, *moods: str) -> None:
        """Be in these moods, one after the other."""
        self.moods.extend(moods)

    async def look_up(self, parcel: Parcel, seconds: float) -> LookedUp:
        """Say who is there."""
        mood = await self._asked("look_up", parcel)
        return _LOOKED_UP.get(mood, self._seen)(parcel)

    def _seen(self, parcel: Parcel) -> LookedUp:
        if parcel.card in self.strangers:
            return SomebodyElse("other_person")
        known = self.patrons.get(parcel.card)
        return NotThere() if known is None else There(known)

    async def create(self, parcel: Parcel, seconds: float) -> Tried:
        """Create a patron: well, or in a mood."""
        mood = await self._asked("create", parcel)
        if mood in _TRIED:
            return _TRIED[mood](parcel)
        known = parcel.card in self.patrons or parcel.card in self.strangers
        if mood == "duplicate" or (known and not self.is_careless):
            return Duplicate("duplicate_user")
        if mood == "late" and self.clock is not None:
            self.late.append((self.clock.monotonic() + _LATE, parcel.card))
            return Lost("hung")
        self._enter(parcel.card)
        if mood == "swallowed":
            await asyncio.Event().wait()
        return Lost("hung") if mood in ("drop_reply", "late") else Brought(self.patrons[parcel.card])

    def catch_up(self) -> None:
        """Do what has gone late, as far as its time has come."""
        for due, card in list(self.late):
            if self.clock is not None and due <= self.clock.monotonic():
                self.late.remove((due, card))
                self._enter(card)

    def _enter(self, card: CardNumber) -> None:
        self.created[card] += 1
        self.patrons[card] = f"S{card[1:]}"

    async def update(self, parcel: Parcel, seconds: float) -> Tried:
        """Change a patron."""
        return await self._change("update", parcel, self.updated)

    async def end(self, parcel: Parcel, seconds: float) -> Tried:
        """Let a patron go."""
        return await self._change("end", parcel, self.ended)

    async def _change(self, name: str, parcel: Parcel, count: Counter[CardNumber]) -> Tried:
        mood = await self._asked(name, parcel)
        if mood in _TRIED:
            return _TRIED[mood](parcel)
        count[parcel.card] += 1
        return Lost("hung") if mood in ("drop_reply", "late") else Brought()

    async def close(self) -> None:
        """Be asked no more."""
        self.is_closed = True

    async def _asked(self, what: str, parcel: Parcel) -> str:
        assert not self.is_closed
        self.catch_up()
        self.sent.append((what, parcel.card))
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            mood = self.moods.popleft() if self.moods else self.always
            if mood == "held":
                assert self.gate is not None
                await self.gate.wait()
            return mood
        finally:
            self.at_once -= 1


_LATE = 20.0
_LOOKED_UP: dict[str, Callable[[Parcel], LookedUp]] = {
    "dead": lambda parcel: NotSent("refused"),
    "whole_unit": lambda parcel: NotSent("login_refused", whole_unit=True),
    "drop_reply": lambda parcel: Lost("half_answer"),
    "late": lambda parcel: Lost("hung"),
    "blind": lambda parcel: NotThere(),
    "somebody_else": lambda parcel: SomebodyElse("other_person"),
}
_TRIED: dict[str, Callable[[Parcel], Tried]] = {
    "dead": lambda parcel: NotSent("refused"),
    "whole_unit": lambda parcel: NotSent("login_refused", whole_unit=True),
    "refuse": lambda parcel: Rejected("element_rule_violated"),
}


def cards(sent: Iterable[tuple[str, CardNumber]], what: str) -> list[CardNumber]:
    """The cards about which something was asked, in order."""
    return [card for name, card in sent if name == what]
