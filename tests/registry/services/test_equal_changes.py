"""An equal change is known again only as long as it still holds, and a new PIN repeats nothing of its owner."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest

from registry.domain.card import CardNumber
from registry.domain.initiating import Change, Done, Fields, Objected, Objection, Outcome, Part
from registry.domain.patron import Patron
from registry.domain.secret import Secret
from tests.registry.services.houses import PIN, UNIT, House, new_patron
from tests.registry.services.offices import WITH_RULES, ils, office

SOON = 1e9
LOCAL = CardNumber("N001000077")
OLD, NEW = "gammel@patron.example", "ny@patron.example"
Sends = Callable[[Fields, Fields], Awaitable[Outcome]]


@pytest.fixture
async def published(register: House) -> House:
    """A register with a local patron whose identity is proved."""
    await register.libraries.publish(WITH_RULES)
    local = new_patron(LOCAL, family_name="Lie", email=OLD, identity_number=Secret("17858610044"))
    await register.patrons.add_patron(replace(local, local_at={UNIT: ""}), "test")
    return register


@pytest.fixture
def send(published: House) -> Sends:
    """Ask for a change as the patron's library does."""

    async def sent(taken: Fields, added: Fields) -> Outcome:
        return await office(published).change(ils(), Change(card=LOCAL, taken=taken, added=added), SOON)

    return sent


async def patron(house: House) -> Patron:
    async with house.database.unit_of_work() as work:
        card = await work.cards.find(LOCAL)
        assert card is not None
        found = await work.patrons.find(card.patron)
        assert found is not None
    return found[0]


async def set_email(house: House, email: str | None) -> None:
    before = await patron(house)
    async with house.database.unit_of_work() as work:
        await work.patrons.change(replace(before, email=email))
        work.changed(before.id)


async def test_an_equal_change_is_made_anew_once_somebody_else_has_undone_it(published: House, send: Sends) -> None:
    wish = (Fields(emails=(OLD,)), Fields(emails=(NEW,)))
    for undone in (False, True):
        if undone:
            await set_email(published, OLD)
        for _ in range(2):
            assert await send(*wish) == Done(LOCAL)
            assert (await patron(published)).email == NEW


async def test_an_equal_change_that_cannot_be_made_any_more_is_told_as_such(published: House, send: Sends) -> None:
    wish = (Fields(emails=(OLD,)), Fields(emails=(NEW,)))
    assert await send(*wish) == Done(LOCAL)
    await set_email(published, "tredje@patron.example")
    assert await send(*wish) == Objected(Objection.NOT_THERE, Part.EMAIL)


async def test_what_was_taken_away_is_taken_away_again_where_it_has_come_back(published: House, send: Sends) -> None:
    gone = (Fields(emails=(OLD,)), Fields())
    assert [await send(*gone), await send(*gone)] == [Done(LOCAL), Done(LOCAL)]
    await set_email(published, OLD)
    assert await send(*gone) == Done(LOCAL)
    assert (await patron(published)).email is None


async def test_an_equal_change_of_pin_holds_while_the_pin_is_the_new_one(published: House, send: Sends) -> None:
    there = (Fields(pin=Secret(PIN)), Fields(pin=Secret("8064")))
    back = (Fields(pin=Secret("8064")), Fields(pin=Secret("5926")))
    assert [await send(*there), await send(*there)] == [Done(LOCAL), Done(LOCAL)]
    assert await send(*back) == Done(LOCAL)
    assert not isinstance(await send(*there), Done)


@pytest.mark.parametrize("new", ["7858", "8587", "0044", "6100"])
async def test_a_pin_out_of_the_identity_number_is_refused(new: str, published: House, send: Sends) -> None:
    told = await send(Fields(pin=Secret(PIN)), Fields(pin=Secret(new)))
    assert told == Objected(Objection.NOT_ALLOWED, Part.PIN)
    assert published.counts.weak == 1
