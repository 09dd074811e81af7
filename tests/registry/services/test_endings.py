"""Whom a standing that ends is told to: the library system that did not end it itself, on both engines."""

from __future__ import annotations

import pytest

from registry.domain.asker import Asker
from registry.domain.delivery import DeliveryKind, DeliveryState, Result, Settled
from registry.domain.initiating import Done
from registry.domain.institution import CarrierKind
from registry.domain.standing import StandingState
from tests.registry.services.activations import LEASE, accepted, claimed, libraries, soon, state
from tests.registry.services.houses import CARD, OTHER, UNIT, House, kiosk


@pytest.fixture
async def library(register: House) -> House:
    await register.libraries.publish(libraries())
    await register.patrons.set_standing(CARD, UNIT, StandingState.LOCAL, "4711", "test")
    return register


async def fed(library: House) -> list[str]:
    return [entry.kind for entry in await library.hands.changes(UNIT, 0, 10)]


async def ended(library: House) -> None:
    await library.patrons.set_standing(CARD, UNIT, StandingState.ENDED, None, "operator")


async def test_an_end_by_an_operator_is_brought_to_the_library_system_and_stands_in_its_feed(library: House) -> None:
    await ended(library)
    claim = await claimed(library)
    assert (claim.parcel.kind, claim.parcel.local_id, claim.parcel.card) == (DeliveryKind.END, "4711", CARD)
    await library.courier.settle(claim, Settled(result=Result.BROUGHT))
    assert await library.courier.claim([UNIT], 10, LEASE) == []
    assert await state(library) is StandingState.ENDED
    assert await fed(library) == ["ended"]
    assert await library.hands.changes(OTHER, 0, 10) == []


@pytest.mark.parametrize("carrier", [CarrierKind.FEED, CarrierKind.MANUAL])
async def test_a_library_system_that_nobody_calls_reads_of_the_end_in_its_feed(
    library: House, carrier: CarrierKind
) -> None:
    await library.libraries.publish(libraries(carrier=carrier))
    await ended(library)
    assert await library.courier.backlog() == (0, None)
    assert await fed(library) == ["ended"]


async def test_an_end_is_told_once_and_none_where_nobody_was_local(library: House) -> None:
    await ended(library)
    await ended(library)
    await library.patrons.set_standing(CARD, OTHER, StandingState.ENDED, None, "operator")
    assert await fed(library) == ["ended"]
    assert await library.hands.changes(OTHER, 0, 10) == []
    assert (await library.courier.backlog())[0] == 1


async def test_a_library_that_ends_a_standing_itself_is_not_told_of_it(library: House) -> None:
    there = kiosk("ils")
    asker = Asker(terminal="ils", kind=there.kind, institution=there.institution, unit=UNIT)
    assert isinstance(await library.changes.end(asker, CARD, None, soon(library)), Done)
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
    assert end.state is DeliveryState.DONE


async def test_a_change_is_not_brought_to_a_library_where_the_patron_is_local_no_more(library: House) -> None:
    async with library.database.unit_of_work() as work:
        patron = (await work.standings.in_state(StandingState.LOCAL))[0].patron
        await work.deliveries.want(patron, UNIT, DeliveryKind.UPDATE, kiosk().institution)
    await ended(library)
    assert [claim.parcel.kind for claim in await library.courier.claim([UNIT], 10, LEASE)] == [DeliveryKind.END]
