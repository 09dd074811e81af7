"""Ending a standing, on whoever's word: what it becomes, who is told, and what becomes of the home library."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from registry.domain.card import CardNumber
from registry.domain.delivery import ChangeKind, DeliveryKind
from registry.domain.institution import CarrierKind, InstitutionId, LendingUnitId
from registry.domain.patron import Patron
from registry.domain.standing import ENDS_BY, Standing, StandingEvent, StandingState
from registry.register import Ending, NotDoneError
from registry.services.libraries import PublishedLibraries
from registry.services.people import holding
from registry.services.ports import Clock, OpenUnitOfWork, UnitOfWork
from registry.services.standing_moves import StandingMoves, tell_change


class Endings:
    """Implements :class:`registry.register.EndingDesk`, and ends what a library's own system asks to end."""

    def __init__(self, libraries: PublishedLibraries, moves: StandingMoves, work: OpenUnitOfWork, clock: Clock) -> None:
        self._libraries = libraries
        self._moves = moves
        self._work = work
        self._clock = clock

    async def end_standing(self, unit: LendingUnitId, card: CardNumber, actor: str, reason: str) -> Ending:
        """End how a card's patron stands at ``unit``, and have its library system told; raises ``NotDoneError``.

        A card that was lost or replaced names its patron, too.
        """
        if not reason.strip():
            raise NotDoneError("an end needs a reason")
        async with self._work() as work:
            held = await holding(work, card, unit)
            if held is None:
                raise NotDoneError("no card has this number")
            standing = held.standing
            if standing is None or standing.state not in ENDS_BY:
                raise NotDoneError(self._why_not(unit, standing))
            ending = await self.end(work, held.patron, standing, actor=actor, facts={"reason": reason.strip()})
            if ending.state is StandingState.ENDED:
                await self._tell(work, standing, ending.carrier)
        return ending

    async def end(
        self,
        work: UnitOfWork,
        patron: Patron,
        before: Standing,
        *,
        actor: str,
        place: InstitutionId | None = None,
        facts: Mapping[str, str] | None = None,
    ) -> Ending:
        """End a standing that is held and that ``ENDS_BY`` has, in the caller's transaction; return what came of it.

        The library itself is not told here: it may be who asked for it (D8). The patron's others hear of a home library
        that was taken away.
        """
        event = ENDS_BY[before.state]
        lost = patron.home_library if event is StandingEvent.ENDED and self._is_home(patron, before.unit) else None
        told = {**(facts or {}), **({"home_library": "taken away"} if lost else {})}
        after = await self._moves.move(
            work, patron.id, before.unit, before, event, actor=actor, place=place, facts=told
        )
        if lost is not None:
            # What was ordered would be sent to a library that no longer knows the patron (A16). A guest's choice,
            # by contrast, was made without being local there, and stays (D1).
            await work.patrons.change(replace(patron, home_library=None))
            await tell_change(work, patron.id, ChangeKind.UPDATED, self._libraries.called(), self._clock)
        return Ending(
            before=before.state, state=after.state, carrier=self._libraries.carrier(before.unit), lost_home=lost
        )

    async def _tell(self, work: UnitOfWork, ended: Standing, carrier: CarrierKind | None) -> None:
        """Have the library system told: by its feed, by a courier, or by staff who find it in their list."""
        # The card in use, or the one that was lost last: the library knows the patron by it.
        card = next(iter(await work.cards.of(ended.patron)), None)
        if card is not None:
            await work.feed.append(ended.unit, card.number, ChangeKind.ENDED, self._clock.now())
        if carrier is not None and carrier is not CarrierKind.FEED:
            await work.deliveries.want(ended.patron, ended.unit, DeliveryKind.END, InstitutionId(ended.unit))

    def _is_home(self, patron: Patron, unit: LendingUnitId) -> bool:
        if patron.home_library is None:
            return False
        told = self._libraries.institution(patron.home_library)
        return (told.unit if told else patron.home_library) == unit

    def _why_not(self, unit: LendingUnitId, standing: Standing | None) -> str:
        place = self._libraries.institution(InstitutionId(unit))
        if standing is None and self._libraries.unit(unit) is None:
            branch = f"a branch of {place.unit}: name that" if place and place.unit else "no lending unit in force"
            return f"{unit} is {branch}"
        state = standing.state if standing else StandingState.GUEST
        return _WHY_NOT[state].format(unit=unit)


_BEING_SET_UP = (
    "the patron is being set up at {unit}, and what becomes of it nobody knows yet: see `portvakt activations list "
    "--unit {unit}`, and end it when that is over"
)
_WHY_NOT = {
    StandingState.GUEST: "nothing to end: the patron is no patron of {unit}, and does not wait to become one",
    StandingState.ENDED: "nothing to end: the standing at {unit} has ended already",
    StandingState.DELIVERING: _BEING_SET_UP,
    StandingState.UNKNOWN: _BEING_SET_UP,
}
"""What is said of every state that cannot be ended."""
