"""CreateUser without a PIN: a right of the library system's own, for a few guests a day, each told by mail."""

from __future__ import annotations

import email
import email.policy
from datetime import date
from email.message import EmailMessage
from pathlib import Path

import pytest

from gateway.demo_world import STORBYEN
from gateway.words.mail_keys import Mail
from gateway.words.mail_texts import MAILS
from registry.domain.card import CardNumber
from registry.domain.institution import LendingUnitId
from registry.domain.notice import NoticeKind
from registry.domain.standing import StandingState
from registry.register import NewPatron
from tests.gateway.ncip.test_creations import made, stands
from tests.gateway.ncip.vendors import accepted, card_and_pin, create, delete, http, look_up, named, user
from tests.gateway.worlds import Served, World, demo, running

BY = "storbyen-desk"
NOT_TOGETHER = "Unauthorized Combination Of Element Values For Agency"
AGOT = named("Bjørnstad", "Ågot")


def mails(world: World) -> list[EmailMessage]:
    """What has been sent."""
    found = sorted(world.directory.glob("mail/new/*"))
    return [email.message_from_bytes(one.read_bytes(), policy=email.policy.default) for one in found]


async def audited(served: Served, card: str) -> list[str]:
    """On what the patron's standings came to be."""
    async with served.register.database.unit_of_work() as work:
        found = await work.cards.find(CardNumber(card))
        assert found is not None
        rows = await work.audit.of(found.patron)
    return [row.facts["authority"] for row in rows if "authority" in row.facts]


async def test_a_guest_is_taken_in_and_told_by_mail(served: Served, world: World) -> None:
    document = create(user("N001000001"), by=BY)
    async with http(served) as vendor:
        assert await made(vendor, document) == "N001000001"
        assert await made(vendor, document) == "N001000001"
    assert await audited(served, "N001000001") == ["right of the library system"]
    await post(served)
    (mail,) = mails(world)
    text = mail.get_content()
    assert mail["To"] == "n001000001@patron.example"
    assert mail["Subject"] == "Storbyen folkebibliotek har registrert deg som lånar"
    assert "Har du ikkje bedt om dette?" in text
    for private in ("N001000001", "Bjørnstad", "Ågot", "4817", "1986"):
        assert private not in str(mail["Subject"]) + text


async def post(served: Served) -> None:
    """Have what is due sent, as the daemon does every few seconds."""
    assert served.daemon._postman is not None
    await served.daemon._postman.look()


async def test_the_name_of_the_register_counts_and_another_persons_is_refused(served: Served) -> None:
    async with http(served) as vendor:
        wrong = create(user("N001000001"), named("Næss", "Ánde"), born="1986-05-17", by=BY)
        assert await vendor.problem(wrong) == "Duplicate User"
        another = create(user("N001000001"), AGOT, born="1986-05-18", by=BY)
        assert await vendor.problem(another) == "Duplicate User"
        await made(vendor, create(user("N001000001"), AGOT, born="1986-05-17", by=BY))


async def test_the_budget_of_a_day_is_kept_and_refusals_cost_nothing(served: Served) -> None:
    guests = await newcomers(served, 4)
    async with http(served) as vendor:
        for _ in range(4):
            assert await vendor.problem(create(user("N001000008"), by=BY)) == "Element Rule Violated"
        for guest in guests[:3]:
            await made(vendor, create(user(guest), by=BY))
        assert await vendor.problem(create(user(guests[3]), by=BY)) == NOT_TOGETHER
        # A repetition is no new guest, and a PIN needs no budget.
        await made(vendor, create(user(guests[0]), by=BY))
        await made(vendor, create(card_and_pin("N001000001", "4817"), by=BY))
        served.clock.turn(24 * 3600 + 60)
        await made(vendor, create(user(guests[3]), by=BY))


async def newcomers(served: Served, count: int, address: str | None = "gjest@patron.example") -> list[str]:
    """Make guests."""
    cards = []
    for number in range(count):
        new = NewPatron(family_name=f"Gjest{number}", given_name="Test", birth_date=date(1990, 1, 1), email=address)
        cards.append(str(await served.register.patrons.add_patron(new, "test")))
    return cards


async def test_who_cannot_be_told_is_not_taken_in(served: Served) -> None:
    (silent,) = await newcomers(served, 1, address=None)
    async with http(served) as vendor:
        assert await vendor.problem(create(user(silent), by=BY)) == NOT_TOGETHER
        assert await vendor.problem(look_up(user(silent), by=BY)) == NOT_TOGETHER


@pytest.mark.parametrize(
    ("card", "expected"),
    [("N001000003", "User Access Denied"), ("N001000002", "Duplicate User"), ("N009999999", NOT_TOGETHER)],
)
async def test_the_right_opens_nothing_that_is_closed(card: str, expected: str, served: Served) -> None:
    async with http(served) as vendor:
        assert await vendor.problem(create(user(card), by=BY)) == expected


async def test_without_mail_there_is_no_such_right(tmp_path: Path) -> None:
    world = await demo(tmp_path / "silent")
    text = world.settings.read_text("utf-8")
    begins, ends = text.index("[mail]"), text.index("[ncip]")
    world.settings.write_text(text[:begins] + text[ends:], "utf-8")
    initiators = world.directory / "partners.d" / "initiators.toml"
    initiators.write_text(initiators.read_text("utf-8").replace("activations_without_pin = 3", ""), "utf-8")
    async with running(world) as served, http(served) as vendor:
        assert await vendor.problem(create(user("N001000001"), by=BY)) == NOT_TOGETHER
        async with served.register.database.unit_of_work() as work:
            assert await work.notices.open() == []


async def test_a_desks_approval_is_told_too(served: Served, world: World) -> None:
    await stands(served, "N001000001", StandingState.AWAITING_DESK)
    async with http(served) as vendor:
        await made(vendor, create(user("N001000001")))
    async with served.register.database.unit_of_work() as work:
        (notice,) = await work.notices.open()
    assert (notice.kind, notice.unit) == (NoticeKind.APPROVED, LendingUnitId(STORBYEN))
    await post(served)
    (mail,) = mails(world)
    assert mail["Subject"] == MAILS[Mail.APPROVED_SUBJECT].nn.format(library="Storbyen folkebibliotek")


async def test_a_birth_date_without_a_name_must_be_the_registers(served: Served) -> None:
    async with http(served) as vendor:
        assert await vendor.problem(create(user("N001000001"), born="1986-05-18", by=BY)) == NOT_TOGETHER
        await made(vendor, create(user("N001000001"), born="1986-05-17", by=BY))


async def test_a_right_that_is_used_up_tells_nothing_of_any_card(served: Served) -> None:
    strangers = await newcomers(served, 9, address=None)
    async with http(served) as vendor:
        for card in strangers:
            assert await vendor.problem(create(user(card), by=BY)) == NOT_TOGETHER
        # A child's, a lost one, one that nobody has, and a guest's.
        for card in ("N001000008", "N001000003", "N009999999", "N001000001"):
            assert await vendor.problem(create(user(card), by=BY)) == NOT_TOGETHER


async def test_a_message_that_comes_late_undoes_nobodys_leaving(served: Served) -> None:
    document = create(user("N001000001"), by=BY)
    async with http(served) as vendor:
        await made(vendor, document)
        await vendor.ask(delete(user("N001000001"), by=BY))
        assert await vendor.problem(document) == "Element Rule Violated"
        again = accepted().replace("2026-01-15", f"{served.clock.now():%Y-%m-%d}").replace("T09:30:00Z", "T23:59:59Z")
        await made(vendor, create(user("N001000001"), rows=again, by=BY))
