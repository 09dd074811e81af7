"""A standing that ends: what it becomes, and whom it is told to: the library that did not end it itself."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest

from registry.domain.activating import Hindered, Hindrance
from registry.domain.asker import Asker
from registry.domain.card import CardNumber
from registry.domain.delivery import Delivery, DeliveryKind, DeliveryState, Result, Settled
from registry.domain.events import Action
from registry.domain.initiating import Done, Objected, Objection, Outcome
from registry.domain.institution import CarrierKind, Institution, InstitutionId, LendingUnitId, Publication
from registry.domain.recognition import Sighting
from registry.domain.standing import StandingEvent, StandingState
from registry.register import Ending, NotDoneError
from registry.services.standing_moves import StandingMoves
from tests.registry.placing import put
from tests.registry.services.activations import LEASE, accepted, claimed, libraries, soon, state
from tests.registry.services.houses import CARD, OTHER, UNIT, House, kiosk

Ends = Callable[[House], Awaitable[object]]
BRANCH = "NO-2030001"


@pytest.fixture
async def library(register: House) -> House:
    await register.libraries.publish(libraries())
    await put(register.database, CARD, UNIT, StandingState.LOCAL, "4711")
    return register


async def fed(library: House, unit: LendingUnitId = UNIT) -> list[str]:
    return [entry.kind for entry in await library.hands.changes(unit, 0, 10)]


async def ended(library: House, card: CardNumber = CARD, unit: LendingUnitId = UNIT) -> Ending:
    return await library.endings.end_standing(unit, card, "operator", "the patron's letter")


async def by_the_library(library: House) -> Outcome:
    there = kiosk("ils")
    asker = Asker(terminal="ils", kind=there.kind, institution=there.institution, unit=UNIT)
    return await library.changes.end(asker, CARD, None, soon(library))


async def delivery(library: House, kind: DeliveryKind) -> Delivery | None:
    async with library.database.unit_of_work() as work:
        card = await work.cards.find(CARD)
        assert card is not None
        return await work.deliveries.of(card.patron, UNIT, kind)


async def lives_at(library: House, home: str) -> None:
    """The patron has this home library."""
    async with library.database.unit_of_work() as work:
        card = await work.cards.find(CARD)
        assert card is not None
        found = await work.patrons.find(card.patron)
        assert found is not None
        await work.patrons.change(replace(found[0], home_library=InstitutionId(home)))


async def home(library: House) -> str | None:
    holder = await library.database.lookups.find(CARD)
    assert holder is not None
    return holder.patron.home_library


async def trail(library: House) -> list[dict[str, str]]:
    """What the audit trail has of the patron's standings, the oldest first."""
    async with library.database.unit_of_work() as work:
        card = await work.cards.find(CARD)
        assert card is not None
        found = await work.audit.of(card.patron)
    return [dict(one.facts) | {"actor": one.actor} for one in found if one.action == Action.STANDING_CHANGED]


async def test_an_end_by_an_operator_is_brought_to_the_library_system_and_stands_in_its_feed(library: House) -> None:
    await ended(library)
    claim = await claimed(library)
    assert (claim.parcel.kind, claim.parcel.local_id, claim.parcel.card) == (DeliveryKind.END, "4711", CARD)
    await library.courier.settle(claim, Settled(result=Result.BROUGHT))
    assert await library.courier.claim([UNIT], 10, LEASE) == []
    assert await state(library) is StandingState.ENDED
    assert await fed(library) == ["ended"]
    assert await library.hands.changes(OTHER, 0, 10) == []


async def test_a_library_system_that_fetches_reads_of_the_end_in_its_feed(library: House) -> None:
    await library.libraries.publish(libraries(carrier=CarrierKind.FEED))
    assert (await ended(library)).carrier is CarrierKind.FEED
    assert await library.courier.backlog() == (0, None)
    assert await fed(library) == ["ended"]


async def test_staff_who_type_records_in_find_the_end_in_their_list_until_they_have_closed_the_record(
    library: House,
) -> None:
    await library.libraries.publish(libraries(carrier=CarrierKind.MANUAL))
    await ended(library)
    ((listed, _),) = await library.hands.deliveries(UNIT, "staff")
    assert (listed.kind, listed.state) == (DeliveryKind.END, DeliveryState.PENDING)
    assert (await library.hands.sheet(listed.id, "staff")).local_id == "4711"
    library.clock.turn(days=30)
    assert await library.courier.give_up() == 0
    await library.hands.resolve(listed.id, "", "staff")
    assert await library.hands.deliveries(UNIT, "staff") == []


async def test_staff_are_not_shown_an_end_of_who_is_local_again_since(library: House) -> None:
    await library.libraries.publish(libraries(carrier=CarrierKind.MANUAL))
    await ended(library)
    ((listed, _),) = await library.hands.deliveries(UNIT, "staff")
    await library.door.sighted(kiosk(), CARD, Sighting(known=True, local_id="4711"), soon(library))
    assert await state(library) is StandingState.LOCAL
    assert await library.hands.deliveries(UNIT, "staff") == []
    with pytest.raises(NotDoneError, match="another by now"):
        await library.hands.sheet(listed.id, "staff")
    await ended(library)
    assert [one.kind for one, _ in await library.hands.deliveries(UNIT, "staff")] == [DeliveryKind.END]


async def test_an_end_is_told_of_a_patron_whose_card_is_lost(library: House) -> None:
    await library.cards.report_lost(CARD, "test")
    await ended(library)
    assert (await claimed(library)).parcel.card == CARD
    assert [entry.card for entry in await library.hands.changes(UNIT, 0, 10)] == [CARD]


async def test_an_end_is_told_once_and_audited_with_its_reason(library: House) -> None:
    ending = await ended(library)
    assert (ending.before, ending.state, ending.lost_home) == (StandingState.LOCAL, StandingState.ENDED, None)
    with pytest.raises(NotDoneError, match="has ended already"):
        await ended(library)
    assert await fed(library) == ["ended"]
    assert await fed(library, OTHER) == []
    assert (await library.courier.backlog())[0] == 1
    assert (await trail(library))[-1] == {
        "actor": "operator",
        "before": "local",
        "after": "ended",
        "unit": UNIT,
        "event": "ended",
        "reason": "the patron's letter",
    }


@pytest.mark.parametrize(
    ("before", "event", "library_is_told"),
    [
        (StandingState.AWAITING_DESK, "withdrawn", "the patron waits no more"),
        (StandingState.CONSENTED, "withdrawn", "nothing had been brought"),
        (StandingState.NEEDS_STAFF, "dropped", "the case is closed"),
    ],
)
@pytest.mark.parametrize("by", [ended, by_the_library], ids=["operator", "library"])
async def test_what_was_on_its_way_is_called_off_and_nobody_is_told(
    library: House, before: StandingState, event: str, library_is_told: str, by: Ends
) -> None:
    await put(library.database, CARD, UNIT, before)
    async with library.database.unit_of_work() as work:
        card = await work.cards.find(CARD)
        assert card is not None
        await work.deliveries.want(card.patron, UNIT, DeliveryKind.ACTIVATE, InstitutionId(UNIT))
    await lives_at(library, UNIT)
    await by(library)
    assert (await state(library), await fed(library)) == (StandingState.GUEST, []), library_is_told
    called_off = await delivery(library, DeliveryKind.ACTIVATE)
    assert called_off is not None
    assert called_off.state is DeliveryState.DONE
    assert await delivery(library, DeliveryKind.END) is None
    assert (await trail(library))[-1]["event"] == event
    assert await home(library) == UNIT, "chosen before being local there (D1)"


@pytest.mark.parametrize("before", [StandingState.DELIVERING, StandingState.UNKNOWN])
async def test_who_is_being_set_up_is_the_couriers(library: House, before: StandingState) -> None:
    await put(library.database, CARD, UNIT, before)
    with pytest.raises(NotDoneError, match="is being set up at NO-2030000"):
        await ended(library)
    assert await by_the_library(library) == Objected(Objection.BEING_SET_UP)
    assert await state(library) is before


@pytest.mark.parametrize(
    ("card", "unit", "reason", "why"),
    [
        (CARD, OTHER, "letter", "nothing to end: the patron is no patron of NO-2120100"),
        (CARD, "NO-9999999", "letter", "NO-9999999 is no lending unit in force"),
        (CARD, BRANCH, "letter", f"{BRANCH} is a branch of {UNIT}: name that"),
        ("N001999999", UNIT, "letter", "no card has this number"),
        (CARD, UNIT, " ", "a reason"),
    ],
)
async def test_what_cannot_be_ended_is_said(library: House, card: str, unit: str, reason: str, why: str) -> None:
    told = libraries()
    branch = Institution(id=InstitutionId(BRANCH), name="Bydel", unit=UNIT)
    await library.libraries.publish(replace(told, institutions=(*told.institutions, branch)))
    with pytest.raises(NotDoneError, match=why):
        await library.endings.end_standing(LendingUnitId(unit), CardNumber(card), "operator", reason)
    assert await state(library) is StandingState.LOCAL


@pytest.mark.parametrize("by", [ended, by_the_library], ids=["operator", "library"])
@pytest.mark.parametrize("where", [UNIT, BRANCH])
async def test_the_home_library_goes_with_the_standing_and_the_others_hear_of_it(
    library: House, by: Ends, where: str
) -> None:
    told = libraries()
    branch = Institution(id=InstitutionId(BRANCH), name="Bydel", unit=UNIT)
    await library.libraries.publish(replace(told, institutions=(*told.institutions, branch)))
    await put(library.database, CARD, OTHER, StandingState.LOCAL, "2")
    await lives_at(library, where)
    ending = await by(library)
    if isinstance(ending, Ending):
        assert ending.lost_home == where
    assert await home(library) is None
    assert await fed(library, OTHER) == ["updated"]
    assert "updated" not in await fed(library)
    assert (await trail(library))[-1]["home_library"] == "taken away"


async def test_a_home_library_elsewhere_stays(library: House) -> None:
    await lives_at(library, OTHER)
    assert (await ended(library)).lost_home is None
    assert await home(library) == OTHER


async def test_a_standing_can_be_ended_where_the_library_is_in_no_partner_file_any_more(library: House) -> None:
    await library.libraries.publish(Publication(institutions=(), units=()))
    assert (await ended(library)).carrier is None
    assert await state(library) is StandingState.ENDED
    assert await library.courier.backlog() == (0, None)


async def test_a_yes_from_before_the_end_is_no_yes_after_it(library: House) -> None:
    await put(library.database, CARD, UNIT, StandingState.GUEST)
    await accepted(library)
    await library.courier.settle(await claimed(library), Settled(result=Result.BROUGHT, local_id="4711"))
    await ended(library)
    repeated = await library.consent.accept(kiosk(), CARD, "BOY", soon(library))
    assert repeated == Hindered(Hindrance.OFFER_EXPIRED)
    await accepted(library)


async def test_a_library_that_ends_a_standing_itself_is_not_told_of_it(library: House) -> None:
    assert await by_the_library(library) == Done(CARD)
    assert await by_the_library(library) == Done(CARD), "repeated, it succeeds"
    assert await state(library) is StandingState.ENDED
    assert await fed(library) == []
    assert await library.courier.backlog() == (0, None)


async def test_an_end_that_was_taken_back_before_it_was_brought_closes_nobody(library: House) -> None:
    await ended(library)
    await accepted(library)
    (claim,) = await library.courier.claim([UNIT], 10, LEASE)
    assert claim.parcel.kind is DeliveryKind.ACTIVATE
    async with library.database.unit_of_work() as work:
        patron = (await work.standings.in_state(StandingState.DELIVERING))[0].patron
        end = await work.deliveries.of(patron, UNIT, DeliveryKind.END)
    assert end is not None
    # Nobody knows yet; it is asked about again when the patron is local, and is over then.
    assert end.state is DeliveryState.PENDING
    await library.courier.settle(claim, Settled(result=Result.BROUGHT, local_id="S1"))
    library.clock.turn(301)
    assert await library.courier.claim([UNIT], 10, LEASE) == []
    assert (await library.courier.backlog())[0] == 0


async def test_an_end_is_brought_after_all_where_the_new_yes_was_withdrawn(library: House) -> None:
    await ended(library)
    await accepted(library)
    assert await library.courier.claim([UNIT], 1, LEASE) == []
    async with library.database.unit_of_work() as work:
        (standing,) = await work.standings.in_state(StandingState.CONSENTED)
        moves = StandingMoves(library.clock, library.counts)
        held = await moves.held(work, standing.patron, UNIT)
        await moves.move(work, standing.patron, UNIT, held, StandingEvent.WITHDRAWN, actor="test")
    library.clock.turn(301)
    (claim,) = await library.courier.claim([UNIT], 10, LEASE)
    assert (claim.parcel.kind, claim.parcel.card) == (DeliveryKind.END, CARD)
    await library.courier.settle(claim, Settled(result=Result.BROUGHT))
    assert (await library.courier.backlog())[0] == 0


async def test_a_change_is_not_brought_to_a_library_where_the_patron_is_local_no_more(library: House) -> None:
    async with library.database.unit_of_work() as work:
        patron = (await work.standings.in_state(StandingState.LOCAL))[0].patron
        await work.deliveries.want(patron, UNIT, DeliveryKind.UPDATE, kiosk().institution)
    await ended(library)
    assert [claim.parcel.kind for claim in await library.courier.claim([UNIT], 10, LEASE)] == [DeliveryKind.END]
