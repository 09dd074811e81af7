"""The way from guest to patron, as a terminal may tell of it: by the channels that the partner files give it.

Told once the PIN is proved. All sessions of a door share this, for kiosks reconnect between two messages.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from gateway.delivery.waiting import AT_ONCE, Pace, WaitingWords
from gateway.sip2.answers import situation_of
from gateway.sip2.lately import Lately
from gateway.words.screen import FEWEST, MOST, Screen
from registry.activating import ConsentDoor
from registry.domain.asker import Asker
from registry.domain.card import CardNumber
from registry.domain.consent import Channel
from registry.domain.decisions import Decision, RegisterUnavailable, Situation
from registry.domain.institution import LendingUnitId

if TYPE_CHECKING:
    from gateway.sip2.answers import Outage
    from gateway.sip2.responders import Desk

LINK_FOR = 300.0
"""How long a link is told again instead of a new one, in seconds: as long as an encounter."""

_GUIDED = frozenset({Situation.GUEST, Situation.BEING_SET_UP})
_IDENTIFYING = frozenset({"23", "63"})
_PACES: Mapping[Pace, Screen] = {
    Pace.AT_ONCE: Screen.BEING_SET_UP_PLACE_AGAIN,
    Pace.MINUTES: Screen.BEING_SET_UP_MINUTES,
    Pace.TOMORROW: Screen.BEING_SET_UP_TOMORROW,
}


@dataclass(frozen=True, slots=True)
class Way:
    """What a guest is told: a situation, and where it has a place for them a link (the whole address) or minutes."""

    screen: Screen
    link: str | None = field(default=None, repr=False)
    minutes: int = FEWEST


def nobody_waits(_: LendingUnitId) -> WaitingWords:
    """Return that everybody is local at once: for a door to which no carriers are told."""
    return AT_ONCE


class Offers:
    """Knows the way; ``pages`` is the address of the pages for patrons, ``None`` where there are none."""

    def __init__(
        self,
        consent: ConsentDoor | None,
        clock: Callable[[], float],
        *,
        pages: str | None = None,
        waiting: Callable[[LendingUnitId], WaitingWords] = nobody_waits,
    ) -> None:
        """Ask ``consent`` for links; without it nothing is told beyond the table of answers."""
        self._consent = consent
        self._pages = pages.rstrip("/") if pages else None
        self._waiting = waiting
        self._links = Lately[tuple[str, CardNumber], str](clock, LINK_FOR)

    def guides(self, number: str, decision: Decision | Outage) -> bool:
        """Tell whether the answer to a 23 or 63 must show a way that only :meth:`way` knows."""
        return number in _IDENTIFYING and self._consent is not None and situation_of(decision) in _GUIDED

    def is_kiosk_on(self, desk: Desk) -> bool:
        """Tell whether loan rules can be accepted at this very terminal now."""
        terminal = desk.terminal
        return self._consent is not None and terminal.has_kiosk_channel and self._consent.takes_consent(terminal.id)

    async def way(self, desk: Desk, card: CardNumber, situation: Situation, *, at_loan: bool = False) -> Way:
        """Return what this patron is told, whose PIN is proved.

        ``at_loan``: the book is placed already, and the kiosk cannot ask.
        """
        if situation is Situation.BEING_SET_UP:
            told = self.waiting(desk.asker())
            again = told.screen is Screen.BEING_SET_UP_PLACE_AGAIN and not at_loan
            return Way(Screen.BEING_SET_UP) if again else told
        if not at_loan and self.is_kiosk_on(desk):
            return Way(Screen.ACCEPT_AT_KIOSK)
        channels = desk.terminal.channels
        if Channel.PHONE in channels and self._pages is not None:
            return Way(Screen.ACCEPT_ON_PHONE, await self._link(desk, card))
        # A page that this door knows no address of may be there all the same.
        at_desk_alone = Channel.DESK in channels and not channels & {Channel.ILS, Channel.PHONE}
        return Way(Screen.ACTIVATE_AT_DESK if at_desk_alone else Screen.RULES_FIRST)

    def waiting(self, asker: Asker) -> Way:
        """Return what a patron is told during a loan who has accepted the rules and is not local yet."""
        words = AT_ONCE if asker.unit is None else self._waiting(asker.unit)
        return Way(_PACES[words.pace], minutes=min(max(words.minutes, FEWEST), MOST))

    def forget(self, asker: Asker, card: CardNumber) -> None:
        """Forget the link of a patron who has left."""
        self._links.forget((asker.terminal, card))

    async def _link(self, desk: Desk, card: CardNumber) -> str | None:
        asker = desk.asker()
        known = self._links.find((asker.terminal, card))
        if known is not None or self._consent is None:
            return known
        try:
            code = await self._consent.link_code(asker, card, desk.deadline)
        except RegisterUnavailable:
            # The poster's way is open all the same.
            return None
        return None if code is None else self._links.keep((asker.terminal, card), f"{self._pages}/k/{code}")
