"""A register of consents in memory, and Storbyen with a kiosk that is commissioned to take them.

Who stands where, whose PIN was proved at which terminal, and the loan rules are the real register's; what was offered
and accepted is kept here, as the contract of ``ConsentDoor`` has it.
"""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from gateway.delivery.waiting import AT_ONCE, WaitingWords
from gateway.demo_world import STORBYEN
from gateway.simulators.ils import Patron
from gateway.sip2.consenting import Consenting
from gateway.sip2.offers import Offers
from gateway.sip2.terminals import Terminals
from gateway.words.languages import Language as Spoken
from gateway.words.screen import Screen, say
from gateway.words.sentences import NAMED
from protocols import sip2
from registry.domain.activating import Accepted, Hindered, Hindrance, Offer, hindrance, offer_of
from registry.domain.asker import Asker
from registry.domain.card import CardNumber, CardState
from registry.domain.consent import Channel
from registry.domain.decisions import RegisterUnavailable
from registry.domain.institution import LendingUnitId
from registry.domain.patron import Language, PatronId
from registry.domain.standing import Origin, Standing, StandingState
from registry.services.ports import UnitOfWork
from tests.gateway.kiosks import Kiosk
from tests.gateway.libraries import Library, library
from tests.gateway.worlds import Served, demo
from tests.simulators import ils_requests as asking

UNIT = LendingUnitId(STORBYEN)
GUEST, PIN, GUEST_ID = "N001000001", "4817", "S400001"
OTHER, OTHER_PIN = "N001000010", "5048"
CHILD, CHILD_PIN = "N001000008", "7495"
LOCAL, LOCAL_PIN = "N001000002", "5926"
BOOK, SECOND, WITH_FEE = "30101000001", "30101000002", "30101000016"
RULES = "Lånetid 28 dager. Du erstatter det du mister."
RULES_NN = "Lånetid 28 dagar. Du erstattar det du mistar."
PAGES = "https://portvakt.example.org"

_UNDER_WAY = frozenset({StandingState.CONSENTED, StandingState.DELIVERING, StandingState.UNKNOWN})


@dataclass(frozen=True, slots=True)
class Shown:
    """Rules that were shown, and until when a yes to them holds."""

    version: str
    until: float


@dataclass(slots=True)
class ConsentsInMemory:
    """Implements ``ConsentDoor``; ``brings`` is done to a patron who has said yes, as a courier would.

    ``first`` is what happens just before a method is executed, by its name; those that are ``failing`` are out alone.
    """

    served: Served
    commissioned: set[str] = field(default_factory=lambda: {"storbyen-1"})
    out: bool = False
    failing: set[str] = field(default_factory=set)
    first: dict[str, Callable[[], Awaitable[Any]]] = field(default_factory=dict)
    brings: Callable[[CardNumber], Awaitable[None]] | None = None
    shown: dict[tuple[str, CardNumber], Shown] = field(default_factory=dict)
    offered: list[tuple[str, CardNumber, Language]] = field(default_factory=list)
    accepted: list[tuple[str, CardNumber, str]] = field(default_factory=list)
    cancelled: list[tuple[str, CardNumber]] = field(default_factory=list)
    misusers: list[str] = field(default_factory=list)
    codes: list[tuple[str, CardNumber]] = field(default_factory=list)
    waits: list[float] = field(default_factory=list)
    """How long each wait for a delivery may have been when it began, in seconds."""
    moved: asyncio.Event = field(default_factory=asyncio.Event)
    _bringing: set[asyncio.Task[None]] = field(default_factory=set)

    def takes_consent(self, terminal: str) -> bool:
        """Tell whether this terminal is commissioned."""
        return terminal in self.commissioned

    async def offer(self, asker: Asker, card: CardNumber, language: Language, deadline: float) -> Offer | Hindered:
        """Note that the rules are shown, and return them."""
        await self._begin("offer")
        why = await self._why_not(asker, card, needs_pin=True)
        unit = self.served.register.libraries.unit(asker.unit)
        offer = offer_of(unit, language) if unit is not None else None
        if why is not None or offer is None:
            return Hindered(why or Hindrance.NO_RULES)
        self.shown[asker.terminal, card] = Shown(offer.version, self._now() + 300.0)
        self.offered.append((asker.terminal, card, language))
        return offer

    async def accept(self, asker: Asker, card: CardNumber, evidence: str, deadline: float) -> Accepted | Hindered:
        """Keep a yes to what was shown."""
        await self._begin("accept")
        shown = self.shown.get((asker.terminal, card))
        if shown is None:
            return Hindered(Hindrance.NOT_OFFERED)
        if shown.until <= self._now():
            return Hindered(Hindrance.OFFER_EXPIRED)
        unit = self.served.register.libraries.unit(asker.unit)
        if unit is None or unit.rules is None or unit.rules.version != shown.version:
            return Hindered(Hindrance.RULES_CHANGED)
        why = await self._why_not(asker, card, needs_pin=False)
        if why is not None:
            return Hindered(why)
        await self.move(card, StandingState.CONSENTED)
        self.accepted.append((asker.terminal, card, evidence))
        if self.brings is not None:
            task = asyncio.ensure_future(self._brought(self.brings, card))
            self._bringing.add(task)
            task.add_done_callback(self._bringing.discard)
        return Accepted(StandingState.CONSENTED)

    async def _brought(self, brings: Callable[[CardNumber], Awaitable[None]], card: CardNumber) -> None:
        await brings(card)

    async def turn_down(self, asker: Asker, other_than: CardNumber, deadline: float) -> None:
        """Forget what was offered to others here."""
        await self._begin("turn_down")
        for terminal, card in list(self.shown):
            if terminal == asker.terminal and card != other_than:
                del self.shown[terminal, card]
                self.cancelled.append((terminal, card))

    async def misused(self, asker: Asker, deadline: float) -> None:
        """Switch the terminal off."""
        await self._begin("misused")
        self.misusers.append(asker.terminal)
        self.commissioned.discard(asker.terminal)

    async def link_code(self, asker: Asker, card: CardNumber, deadline: float) -> str | None:
        """Return a new code."""
        await self._begin("link_code")
        if await self._why_not(asker, card, needs_pin=True) is not None:
            return None
        self.codes.append((asker.terminal, card))
        return f"7kq2mx4pbc{len(self.codes):02d}"

    async def settled(self, asker: Asker, card: CardNumber, deadline: float) -> Standing | None:
        """Return the standing once it is settled, or at the deadline."""
        await self._begin("settled")
        self.waits.append(deadline - self._now())
        while True:
            self.moved.clear()
            standing = await self.standing(card)
            left = deadline - self._now()
            if standing is None or standing.state not in _UNDER_WAY or left <= 0:
                return standing
            try:
                async with asyncio.timeout(left):
                    await self.moved.wait()
            except TimeoutError:
                return await self.standing(card)

    # What a courier, a desk or staff do.

    async def standing(self, card: str) -> Standing | None:
        """How a patron stands at Storbyen."""
        async with self.served.register.database.unit_of_work() as work:
            _, found = await self._held(work, card)
        return found

    async def move(self, card: str, state: StandingState, local_id: str | None = None) -> None:
        """Have a patron stand so at Storbyen."""
        async with self.served.register.database.unit_of_work() as work:
            patron, before = await self._held(work, card)
            after = Standing(
                patron=patron,
                unit=UNIT,
                state=state,
                since=self.served.clock.now(),
                origin=Origin.ACTIVATED,
                local_id=local_id,
            )
            await (work.standings.add if before is None else work.standings.change)(after)
            work.changed(patron)
        self.moved.set()

    async def _held(self, work: UnitOfWork, card: str) -> tuple[PatronId, Standing | None]:
        found = await work.cards.find(CardNumber(card))
        assert found is not None
        there = {one.unit: one for one in await work.standings.of(found.patron)}
        return found.patron, there.get(UNIT)

    async def _why_not(self, asker: Asker, card: CardNumber, *, needs_pin: bool) -> Hindrance | None:
        assert asker.unit is not None
        async with self.served.register.database.unit_of_work() as work:
            met = await work.encounters.find(asker.unit, asker.terminal, card, self.served.clock.steady())
            found = await work.cards.find(card)
            if (needs_pin and met is None) or found is None:
                return Hindrance.PIN_NOT_PROVED
            if found.state is not CardState.ISSUED:
                return Hindrance.CARD_BLOCKED
            patron = await work.patrons.find(found.patron)
            _, standing = await self._held(work, card)
        assert patron is not None
        unit = self.served.register.libraries.unit(asker.unit)
        state = standing.state if standing else None
        return hindrance(unit, patron[0], state, Channel.KIOSK, self.served.clock.today())

    async def _begin(self, what: str) -> None:
        if what in self.first:
            await self.first[what]()
        if self.out or what in self.failing:
            raise RegisterUnavailable("turned off")

    def _now(self) -> float:
        return self.served.clock.monotonic()


@dataclass(slots=True)
class Storbyen:
    """The library, its kiosk ``storbyen-1``, and the consents given there."""

    library: Library
    consents: ConsentsInMemory

    @property
    def served(self) -> Served:
        """The daemon."""
        return self.library.served

    def kiosk(self, login: str = "storbyen-1") -> Any:
        """Connect a kiosk."""
        return self.library.kiosk(login)

    async def bring(self, card: CardNumber | str = GUEST, local_id: str = GUEST_ID) -> None:
        """Have the library system know a patron, and the register that it does."""
        self.library.enrol(Patron(id=local_id, cards=(str(card),), name="Ågot Bjørnstad", born=date(1986, 5, 17)))
        await self.consents.move(card, StandingState.LOCAL, local_id)

    def bring_at_once(self) -> None:
        """Have a courier bring whoever says yes."""
        self.consents.brings = self.bring

    def loans_asked(self) -> list[sip2.Checkout]:
        """Every 11 that has come to the library system."""
        return [asked for asked in self.library.ils.requests if isinstance(asked, sip2.Checkout)]

    def open(self, *, pages: str | None = None, waiting: WaitingWords = AT_ONCE) -> None:
        """Put the consents behind the door, forgetting what the door remembered: as after a restart."""
        door = self.served.door
        offers = Offers(self.consents, door.clock.monotonic, pages=pages, waiting=lambda _: waiting)
        door.consenting = Consenting(
            self.consents, offers, door.clock.monotonic, door.log, door.metrics.consent_misused
        )

    def without_library_system(self) -> None:
        """Take the library system away from the terminals, for sessions that begin from now on."""
        terminals = self.served.door.terminals
        bare = [dataclasses.replace(one, system=None) for one in terminals._by_login.values()]
        self.served.door.terminals = Terminals(bare, terminals._dialects)

    def channels(self, *channels: Channel, **more: Any) -> None:
        """Change the ways that Storbyen's terminals may tell of, for sessions that begin from now on."""
        self.library.at_terminals(channels=frozenset(channels), **more)


@asynccontextmanager
async def storbyen(
    directory: Path, *channels: Channel, pages: str | None = None, rewritten: tuple[tuple[str, str], ...] = ()
) -> AsyncIterator[Storbyen]:
    """Serve Storbyen with these channels, by default the kiosk's own and the desk."""
    place = await demo(directory / "world")
    place.rewrite_partners(*rewritten)
    async with library(place) as found:
        world = Storbyen(found, ConsentsInMemory(found.served))
        world.channels(*(channels or (Channel.KIOSK, Channel.DESK)))
        world.open(pages=pages)
        yield world


def words(screen: Screen, language: Spoken = Spoken.NN, **values: Any) -> tuple[str, ...]:
    """The line for a situation, by default in the guest's own language, which is told once the PIN is right."""
    named = {"library": "Storbyen folkebibliotek"} if screen in NAMED else {}
    return (say(screen, language, "utf-8", **{**named, **values}),)


def loan(card: str = GUEST, item: str = BOOK, *, fee: str | None = None, pin: str | None = PIN, **fields: Any) -> Any:
    """An 11."""
    return asking.checkout(card, item, fee_acknowledged=fee, patron_password=pin, **fields)


async def lends(kiosk: Kiosk, *words: Any, **fields: Any) -> sip2.CheckoutResponse:
    """Ask for a loan; return the 12."""
    return await kiosk.asked(loan(*words, **fields), sip2.CheckoutResponse)


def asks(answer: sip2.CheckoutResponse) -> bool:
    """Tell whether a 12 asks for a yes to the rules."""
    return (answer.ok, answer.fee_type, answer.fee_amount, answer.currency_type) == ("0", "01", "0.01", "NOK")


def is_plain_no(answer: sip2.CheckoutResponse) -> bool:
    """Tell whether a 12 refuses and asks for nothing."""
    return (answer.ok, answer.fee_type, answer.fee_amount) == ("0", None, None)
