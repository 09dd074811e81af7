"""Activations under anything: patrons, kiosks, staff, couriers that die and a library system that loses answers.

Whatever happens in whatever order: nothing accepted is lost, nobody is there twice, nobody is told of before the yes,
and the audit trail verifies.
"""

from __future__ import annotations

import contextlib
import tempfile
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as some
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from registry.activating import StaleClaimError
from registry.domain.activating import Accepted, Offer
from registry.domain.card import CardKind, CardNumber
from registry.domain.delivery import Claim, DeliveryKind, DeliveryState, Result, Settled
from registry.domain.institution import CarrierKind, InstitutionId
from registry.domain.patron import Language, PatronId
from registry.domain.secret import Secret
from registry.domain.standing import Standing, StandingState
from registry.register import NotDoneError
from tests.registry.services.activations import LEASE, libraries, soon
from tests.registry.services.houses import PIN, UNIT, House, house, kiosk, new_patron
from tests.running import run

S = StandingState
_OPEN = {S.CONSENTED, S.DELIVERING, S.UNKNOWN}
_PEOPLE = 3


@dataclass
class LibrarySystem:
    """Keeps patrons by card; creating twice makes a twin, as real ones do that are sent two different numbers."""

    patrons: dict[str, list[str]] = field(default_factory=dict)
    """Card → local ids."""

    def look_up(self, cards: tuple[str, ...]) -> str | None:
        return next((self.patrons[card][0] for card in cards if card in self.patrons), None)

    def create(self, card: str) -> str:
        local_id = f"{len(self.patrons)}-{card}"
        self.patrons.setdefault(card, []).append(local_id)
        return local_id


class Activations(RuleBasedStateMachine):
    """One library, a few patrons, and time turned by hand."""

    def __init__(self) -> None:
        super().__init__()
        self.exits = contextlib.AsyncExitStack()
        self.cards: list[CardNumber] = []
        self.former: dict[int, list[CardNumber]] = {}
        self.patrons: dict[int, PatronId] = {}
        self.ils = LibrarySystem()
        self.held: list[Claim] = []
        self.version = 3
        self.yes: set[int] = set()
        self.offered: dict[CardNumber, datetime] = {}
        """When the rules were shown last, by the clock that nobody sets."""
        self.released: set[int] = set()
        """Those whose record the library system has been sent."""

    @initialize()
    def begin(self) -> None:
        run(self._begin())

    async def _begin(self) -> None:
        directory = Path(self.exits.enter_context(tempfile.TemporaryDirectory()))
        self.register: House = await self.exits.enter_async_context(house("sqlite", directory))
        await self.register.libraries.publish(libraries("3", CarrierKind.KOHA))
        for number in range(_PEOPLE):
            card = CardNumber(f"N00100000{number + 1}")
            await self.register.patrons.add_patron(new_patron(card=card, given_name=f"Aud {number}"), "test")
            self.cards.append(card)
            holder = await self.register.database.lookups.find(card)
            assert holder is not None
            self.patrons[number] = holder.patron.id

    def teardown(self) -> None:
        if self.cards:
            assert run(self._verified()) is None
        run(self.exits.aclose())

    async def _verified(self) -> object:
        await self.register.database.chain.seal()
        return await self.register.database.chain.verify()

    who = some.integers(0, _PEOPLE - 1)

    # Patrons and kiosks.

    @rule(who=who, pin=some.sampled_from([PIN, PIN, "0000"]))
    def shows_a_card(self, who: int, pin: str) -> None:
        run(self.register.ask(pin=pin, card=self.cards[who]))

    @rule(who=who)
    def is_offered_the_rules(self, who: int) -> None:
        offer = run(self.register.consent.offer(kiosk(), self.cards[who], Language.NB, soon(self.register)))
        assert not isinstance(offer, Offer) or offer.version == str(self.version)
        if isinstance(offer, Offer):
            self.offered[self.cards[who]] = self.register.clock.steady()

    @rule(who=who)
    def says_yes_at_the_kiosk(self, who: int) -> None:
        answer = run(self.register.consent.accept(kiosk(), self.cards[who], "BOY", soon(self.register)))
        if isinstance(answer, Accepted):
            assert self.register.clock.steady() - self.offered[self.cards[who]] < timedelta(minutes=5)
            self.yes.add(who)

    @rule(who=who, what=some.sampled_from(["accept", "desk", "withdraw"]))
    def comes_to_the_page(self, who: int, what: str) -> None:
        run(self._page(who, what))

    async def _page(self, who: int, what: str) -> None:
        from registry.activating import Ticket

        portal, deadline = self.register.portal, soon(self.register)
        card = self.cards[who]
        ticket = await portal.enter(InstitutionId(UNIT), card, None, Secret(PIN), "a phone", deadline)
        if not isinstance(ticket, Ticket):
            return
        if what == "accept":
            answer = await portal.accept(ticket, str(self.version), Language.NB, deadline)
            if isinstance(answer, Accepted):
                self.yes.add(who)
        elif what == "desk":
            await portal.ask_for_desk(ticket, deadline)
        elif await portal.withdraw(ticket, deadline):
            self.yes.discard(who)

    # Staff.

    @rule(who=who, approve=some.booleans())
    def comes_to_the_desk(self, who: int, approve: bool) -> None:
        desk, card = self.register.guests, self.cards[who]
        with contextlib.suppress(NotDoneError):
            if approve:
                run(desk.approve(UNIT, card, InstitutionId(UNIT), "staff"))
                self.yes.add(who)
            else:
                run(desk.deny(UNIT, card, "staff"))

    @rule(what=some.sampled_from(["retry", "drop", "resolve"]))
    def staff_look_at_what_is_stuck(self, what: str) -> None:
        run(self._staff(what))

    async def _staff(self, what: str) -> None:
        hands = self.register.hands
        for delivery, card in await hands.deliveries(UNIT, "staff"):
            if delivery.state is not DeliveryState.STUCK:
                continue
            who = next(number for number, patron in self.patrons.items() if patron == delivery.patron)
            with contextlib.suppress(NotDoneError):
                if what == "retry":
                    await hands.retry(delivery.id, "staff")
                elif what == "drop":
                    await hands.drop(delivery.id, "staff")
                    self.yes.discard(who)
                else:
                    shown = card.number if card else self.cards[who]
                    local_id = self.ils.look_up(self._all_cards(who)) or self.ils.create(shown)
                    self.released.add(who)
                    await hands.resolve(delivery.id, local_id, "staff")

    @rule(who=who, replace=some.booleans())
    def loses_the_card(self, who: int, replace: bool) -> None:
        with contextlib.suppress(NotDoneError):
            run(self.register.cards.report_lost(self.cards[who], "staff"))
        if replace:
            former = self.cards[who]
            self.cards[who] = run(self.register.cards.replace(former, None, CardKind.PRINTED, "staff"))
            self.former.setdefault(who, []).append(former)

    def _all_cards(self, who: int) -> tuple[str, ...]:
        return (self.cards[who], *self.former.get(who, ()))

    @rule()
    def publishes_new_rules(self) -> None:
        self.version += 1
        run(self.register.libraries.publish(libraries(str(self.version), CarrierKind.KOHA)))

    # Couriers.

    @rule(limit=some.integers(1, 3))
    def a_courier_claims(self, limit: int) -> None:
        self.held += run(self.register.courier.claim([UNIT], limit, LEASE))

    @precondition(lambda self: self.held)
    @rule(
        fate=some.sampled_from(["good", "good", "refused", "lost", "lost before", "dies", "dies after", "rejected"]),
        which=some.integers(0, 5),
    )
    def a_courier_calls(self, fate: str, which: int) -> None:
        claim = self.held.pop(which % len(self.held))
        if claim.parcel.kind is not DeliveryKind.ACTIVATE:
            self._settle(claim, Settled(result=Result.BROUGHT))
            return
        # A lease that has run out is not used for a call: somebody else may be calling by now.
        if claim.lease_until <= self.register.clock.now() or fate == "dies":
            return
        cards = (claim.parcel.card, *claim.parcel.former_cards)
        if fate == "refused":
            self._settle(claim, Settled(result=Result.NOT_SENT))
            return
        if fate == "rejected":
            self._settle(claim, Settled(result=Result.REJECTED, reason="refused"))
            return
        there = self.ils.look_up(cards)
        if there is None and fate != "lost before":
            there = self.ils.create(claim.parcel.card)
            self._is_released(claim)
        if fate == "dies after":
            return
        if fate in {"lost", "lost before"}:
            self._settle(claim, Settled(result=Result.ANSWER_LOST))
        else:
            self._settle(claim, Settled(result=Result.BROUGHT, local_id=there))

    def _is_released(self, claim: Claim) -> None:
        for who in range(_PEOPLE):
            if claim.parcel.card in self._all_cards(who):
                self.released.add(who)

    def _settle(self, claim: Claim, settled: Settled) -> None:
        with contextlib.suppress(StaleClaimError):
            run(self.register.courier.settle(claim, settled))

    # Time.

    @rule(seconds=some.sampled_from([10.0, 61.0, 301.0, 901.0, 90_000.0]))
    def time_passes(self, seconds: float) -> None:
        self.register.clock.turn(seconds)

    @rule(seconds=some.sampled_from([3_600.0, -3_600.0, 90_000.0, -90_000.0]))
    def the_wall_clock_is_set(self, seconds: float) -> None:
        self.register.clock.set_wall(seconds)

    @rule()
    def the_chores_are_done(self) -> None:
        run(self.register.guests.let_lapse())
        before = {who for who in range(_PEOPLE) if self._state(who) in _OPEN}
        run(self.register.courier.give_up())
        assert all(self._state(who) in {*_OPEN, S.NEEDS_STAFF} for who in before)

    def _standing(self, who: int) -> Standing | None:
        async def read() -> Standing | None:
            async with self.register.database.unit_of_work() as work:
                return next((one for one in await work.standings.of(self.patrons[who]) if one.unit == UNIT), None)

        return run(read())

    def _state(self, who: int) -> StandingState | None:
        standing = self._standing(who)
        return standing.state if standing else None

    # What always holds.

    @invariant()
    def nothing_accepted_is_lost(self) -> None:
        for who in self.yes:
            assert self._state(who) in {*_OPEN, S.LOCAL, S.NEEDS_STAFF}

    @invariant()
    def nobody_is_there_twice(self) -> None:
        for who in range(len(self.cards)):
            assert sum(len(self.ils.patrons.get(card, ())) for card in self._all_cards(who)) <= 1

    @invariant()
    def nobody_is_told_of_before_a_consent_is_kept(self) -> None:
        async def consents(patron: PatronId) -> int:
            async with self.register.database.unit_of_work() as work:
                return len(await work.consents.of(patron))

        for who in self.released:
            assert run(consents(self.patrons[who])) > 0

    @invariant()
    def the_outbox_has_what_the_standing_waits_for(self) -> None:
        async def waits(patron: PatronId) -> DeliveryState | None:
            async with self.register.database.unit_of_work() as work:
                found = await work.deliveries.of(patron, UNIT, DeliveryKind.ACTIVATE)
                return found.state if found else None

        for who in range(len(self.cards)):
            state = self._state(who)
            if state in _OPEN:
                assert run(waits(self.patrons[who])) is DeliveryState.PENDING
            if state is S.NEEDS_STAFF:
                assert run(waits(self.patrons[who])) is DeliveryState.STUCK


TestActivations = Activations.TestCase
TestActivations.settings = settings(max_examples=10, stateful_step_count=40, deadline=timedelta(seconds=60))
