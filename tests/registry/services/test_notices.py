"""Notices to patrons: wanted with what they tell of, claimed, settled, given up, forgotten; on both engines."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from registry.domain.card import CardNumber
from registry.domain.notice import Letter, NoticeKind, NoticeState, Posting
from registry.services.notices import NOBODY_IS_TOLD, Notices, Notifier
from tests.registry.services.houses import CARD, UNIT, House, new_patron

LEASE = timedelta(minutes=15)
MINUTE = timedelta(minutes=1)
ADDRESS = "kjaersti@patron.example"
WITH_MAIL = "N001000007"


async def wanted(house: House, card: str = WITH_MAIL, notifier: Notifier | None = None) -> bool:
    """Have the patron told that a desk has approved."""
    async with house.database.unit_of_work() as work:
        found = await work.cards.find(CardNumber(card))
        assert found is not None
        return await (notifier or Notifier(by_mail=True)).want(work, found.patron, UNIT, NoticeKind.APPROVED)


@pytest.fixture
async def notices(register: House) -> Notices:
    """The notices of a register with somebody who has an address, and somebody who has none."""
    await register.patrons.add_patron(new_patron(WITH_MAIL, family_name="Berg", email=ADDRESS), "test")
    return Notices(register.database.unit_of_work)


async def only(notices: Notices) -> Letter:
    (letter,) = await notices.claim(10, LEASE)
    return letter


async def test_a_letter_holds_address_and_language_and_nothing_else(register: House, notices: Notices) -> None:
    assert await wanted(register)
    letter = await only(notices)
    assert letter.view.email == ADDRESS
    assert str(letter.view) == "View(email, language)"
    assert ADDRESS not in repr(letter)


async def test_whoever_cannot_be_told_is_not_told(register: House, notices: Notices) -> None:
    assert not await wanted(register, CARD)
    assert not await wanted(register, notifier=NOBODY_IS_TOLD)
    assert await notices.open() == []


async def test_a_letter_is_taken_by_one_and_again_when_the_lease_has_run_out(register: House, notices: Notices) -> None:
    await wanted(register)
    first = await only(notices)
    assert await notices.claim(10, LEASE) == []
    register.clock.turn(16 * 60)
    second = await only(notices)
    assert second.tries == 1
    assert not await notices.settle(first, Posting.SENT, "", MINUTE)
    assert await notices.settle(second, Posting.SENT, "", MINUTE)
    assert not await notices.settle(second, Posting.REFUSED, "late", MINUTE)
    assert await notices.open() == []


async def test_what_cannot_be_sent_now_waits_and_is_given_up_after_three_days(
    register: House, notices: Notices
) -> None:
    await wanted(register)
    await notices.settle(await only(notices), Posting.LATER, "unreachable", MINUTE)
    assert await notices.claim(10, LEASE) == []
    register.clock.turn(2 * 60)
    await notices.settle(await only(notices), Posting.LATER, "unreachable", MINUTE)
    assert (await notices.backlog())[0] == 1
    register.clock.turn(days=3.01)
    await notices.settle(await only(notices), Posting.LATER, "unreachable", MINUTE)
    (failed,) = await notices.open()
    assert (failed.state, failed.reason, failed.tries) == (NoticeState.FAILED, "unreachable", 3)
    assert await notices.backlog() == (0, None)


async def test_an_address_that_has_gone_meanwhile_is_seen(register: House, notices: Notices) -> None:
    await wanted(register)
    async with register.database.unit_of_work() as work:
        card = await work.cards.find(CardNumber(WITH_MAIL))
        assert card is not None
        found = await work.patrons.find(card.patron)
        assert found is not None
        await work.patrons.change(replace(found[0], email=None))
    assert await notices.claim(10, LEASE) == []
    (failed,) = await notices.open()
    assert (failed.state, failed.reason) == (NoticeState.FAILED, "no_address")


async def test_a_deleted_patron_is_told_nothing_any_more(register: House, notices: Notices) -> None:
    await wanted(register)
    await register.patrons.delete_patron(CardNumber(WITH_MAIL), "test")
    assert await notices.claim(10, LEASE) == []
    assert await notices.open() == []


async def test_what_is_over_is_forgotten_and_what_waits_is_not(register: House, notices: Notices) -> None:
    for _ in range(2):
        await wanted(register)
    (first, _) = await notices.claim(2, LEASE)
    await notices.settle(first, Posting.SENT, "", MINUTE)
    async with register.database.unit_of_work() as work:
        later = await work.deliveries.now() + timedelta(seconds=1)
        assert await work.notices.forget(later) == 1
    assert (await notices.backlog())[0] == 1
