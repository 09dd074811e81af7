"""What an operator can read of one delivery, open or ended, on both engines."""

from __future__ import annotations

import pytest

from registry.domain.consent import Channel
from registry.domain.delivery import DeliveryId, DeliveryState, Result, Settled
from registry.domain.institution import CarrierKind
from registry.domain.standing import StandingState
from registry.register import NotDoneError
from tests.registry.placing import put
from tests.registry.services.activations import accepted, claimed, libraries
from tests.registry.services.houses import CARD, OTHER, House

WAY = [
    ("rules_accepted", None),
    ("standing_changed", "consented"),
    ("standing_changed", "delivering"),
    ("standing_changed", "local"),
]


@pytest.fixture
async def library(register: House) -> House:
    await register.libraries.publish(libraries())
    return register


async def brought(library: House) -> DeliveryId:
    """A patron who said yes and is local by now, and who has an entry at another library too."""
    await put(library.database, CARD, OTHER, StandingState.LOCAL, "2")
    await accepted(library)
    library.clock.turn(1)
    claim = await claimed(library)
    library.clock.turn(1)
    await library.courier.settle(claim, Settled(result=Result.BROUGHT, local_id="4711"))
    return claim.parcel.delivery


async def test_an_ended_delivery_is_shown_with_standing_consents_and_the_audit_trail_of_that_unit(
    library: House,
) -> None:
    history = await library.hands.history(await brought(library), "Kari")
    assert (history.delivery.state, history.delivery.tries) == (DeliveryState.DONE, 1)
    assert history.standing is not None
    assert history.standing.state is StandingState.LOCAL
    (consent,) = history.consents
    assert (consent.rules_version, consent.channel, consent.evidence) == ("3", Channel.KIOSK, "BOY")
    assert [(event.action, event.facts.get("after")) for event in history.events] == WAY
    assert [event.actor for event in history.events] == ["kiosk-1", "kiosk-1", "courier", "courier"]
    assert [event.at for event in history.events] == sorted(event.at for event in history.events)


async def test_the_card_is_masked_unless_a_reason_is_given_and_every_look_is_in_the_trail(library: House) -> None:
    delivery = await brought(library)
    assert (await library.hands.history(delivery, "Kari")).card == "N***01"
    assert (await library.hands.history(delivery, "Kari", "case 7")).card == CARD
    last = await library.hands.history(delivery, "Ola")
    looks = [(event.action, event.actor, event.facts.get("reason")) for event in last.events[len(WAY) :]]
    assert looks == [("delivery_shown", "Kari", None), ("delivery_shown", "Kari", "case 7")]


async def test_what_waits_is_shown_as_it_is_and_not_taken(register: House) -> None:
    await register.libraries.publish(libraries(carrier=CarrierKind.MANUAL))
    await accepted(register)
    ((open_one, _),) = await register.hands.deliveries(None, "Kari")
    history = await register.hands.history(open_one.id, "Kari")
    assert (history.delivery, history.standing and history.standing.state) == (open_one, StandingState.CONSENTED)


async def test_a_card_that_was_lost_leaves_no_card_to_show(library: House) -> None:
    delivery = await brought(library)
    await library.cards.report_lost(CARD, "test")
    assert (await library.hands.history(delivery, "Kari")).card == ""


async def test_of_a_patron_who_was_deleted_nothing_is_left_to_show(library: House) -> None:
    delivery = await brought(library)
    await library.patrons.delete_patron(CARD, "test")
    with pytest.raises(NotDoneError, match="no delivery has this number"):
        await library.hands.history(delivery, "Kari")
