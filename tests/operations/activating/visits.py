"""Patrons at Storbyen's kiosks: card and PIN, the rules on the screen, the yes; everything heard is kept."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from gateway.words.languages import Language
from gateway.words.screen import Screen, say
from gateway.words.sentences import NAMED
from protocols import sip2
from protocols.sip2 import Message
from registry.domain.card import CardNumber
from tests.gateway.kiosks import UTF8, Kiosk, information
from tests.operations.activating.people import PIN, WRONG_PIN, Person
from tests.operations.activating.place import LIBRARY, LOGIN, PASSWORD, Place
from tests.operations.activating.serving import PATIENCE
from tests.simulators import ils_requests as asking

_ON_THE_WAY = frozenset(
    say(screen, Language.NB, "utf-8", **({"library": LIBRARY} if screen in NAMED else {}))
    for screen in (Screen.BEING_SET_UP, Screen.BEING_SET_UP_PLACE_AGAIN)
)
_TRY_LATER = say(Screen.TRY_LATER, Language.NB, "utf-8")
GONE = (ConnectionError, asyncio.IncompleteReadError)
"""What a kiosk meets whose daemon dies."""


@dataclass(frozen=True, slots=True)
class Heard:
    """One answer, to whoever showed this card; ``pin`` is what was shown with it."""

    card: CardNumber
    pin: str | None = field(repr=False)
    answer: Message


@dataclass(slots=True)
class Visits:
    """Everything that kiosks have heard at one place, and whose yes was acknowledged."""

    place: Place
    heard: list[Heard] = field(default_factory=list)
    acknowledged: set[CardNumber] = field(default_factory=set)

    @asynccontextmanager
    async def kiosk(self, place: Place | None = None) -> AsyncIterator[Stand]:
        """Connect a kiosk and log it in; raises one of ``GONE``."""
        host, port = "127.0.0.1", (place or self.place).ports.sip2
        reader, writer = await asyncio.open_connection(host, port)
        kiosk = PatientKiosk(reader, writer, UTF8)
        try:
            assert await kiosk.log_in(LOGIN, PASSWORD) == "1"
            yield Stand(self, kiosk)
        finally:
            writer.close()

    async def until_agreed(self, person: Person) -> None:
        """Come back until the yes is acknowledged, as a patron would who is told to try again later."""
        async with asyncio.timeout(PATIENCE):
            while person.card not in self.acknowledged:
                await self.walk(person)

    async def walk(self, person: Person, place: Place | None = None) -> sip2.CheckoutResponse | None:
        """Have one patron go the whole way; return the last answer, ``None`` where the daemon died before it."""
        try:
            async with self.kiosk(place) as here:
                await here.shows(person)
                await here.wants(person)
                return await here.agrees(person)
        except GONE:
            return None


class PatientKiosk(Kiosk):
    """A kiosk that gives a machine with other things to do its time."""

    async def frame(self) -> bytes:
        """The next frame that arrives, without its terminator."""
        async with asyncio.timeout(PATIENCE):
            return (await self.reader.readuntil(b"\r")).strip(b"\r\n")


@dataclass(slots=True)
class Stand:
    """One patron after another at one kiosk."""

    visits: Visits
    kiosk: Kiosk

    async def shows(self, person: Person, pin: str = PIN) -> sip2.PatronInformationResponse:
        """Show card and PIN."""
        answer = await self.kiosk.asked(information(person.card, pin), sip2.PatronInformationResponse)
        self._note(person, pin, answer)
        return answer

    async def mistypes(self, person: Person) -> None:
        """Show the card with a wrong PIN."""
        await self.shows(person, WRONG_PIN)

    async def wants(self, person: Person, pin: str | None = PIN) -> sip2.CheckoutResponse:
        """Place the book: the rules are shown."""
        return await self.asks(person, "N", pin)

    async def agrees(self, person: Person) -> sip2.CheckoutResponse:
        """Press yes; kiosks leave the PIN out by now."""
        return await self.asks(person, "Y", None)

    async def asks(self, person: Person, fee: str, pin: str | None) -> sip2.CheckoutResponse:
        """Ask for the loan."""
        asked = loan(person, fee, pin)
        answer = await self.kiosk.asked(asked, sip2.CheckoutResponse)
        self._note(person, pin, answer)
        return answer

    def _note(self, person: Person, pin: str | None, answer: Message) -> None:
        self.visits.heard.append(Heard(person.card, pin, answer))
        if isinstance(answer, sip2.CheckoutResponse) and is_acknowledged(answer):
            self.visits.acknowledged.add(person.card)


def loan(person: Person, fee: str, pin: str | None) -> Message:
    """An 11."""
    asked: Message = asking.checkout(person.card, person.item, fee_acknowledged=fee, patron_password=pin)
    return asked


def is_offer(answer: sip2.CheckoutResponse) -> bool:
    """Whether a 12 shows the rules and asks for a yes."""
    return (answer.ok, answer.fee_type, answer.fee_amount) == ("0", "01", "0.01")


def is_acknowledged(answer: sip2.CheckoutResponse) -> bool:
    """Whether a 12 tells that the yes is kept: the loan is made, or the patron is on the way to be local."""
    return answer.ok == "1" or not _ON_THE_WAY.isdisjoint(answer.screen_messages)


def is_try_later(answer: sip2.CheckoutResponse | sip2.PatronInformationResponse) -> bool:
    """Whether an answer tells the patron that nothing can be done now, and to come again."""
    return _TRY_LATER in answer.screen_messages and getattr(answer, "ok", "0") == "0"
