"""The demo with its library system: whose books are lent to whom, and what each side learns of it."""

from __future__ import annotations

import dataclasses
from collections.abc import AsyncIterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from gateway.simulators.ils import Kind, Patron
from gateway.words.languages import Language
from gateway.words.screen import Screen, say
from protocols import sip2
from protocols.sip2 import Message, PatronFlag, PatronStatus
from registry.domain.card import CardNumber
from registry.domain.institution import LendingUnitId
from registry.domain.standing import Origin, Standing, StandingState
from tests.gateway.kiosks import Kiosk, information, status
from tests.gateway.libraries import Library, library, port_of, put_behind, simulated
from tests.gateway.worlds import demo, running
from tests.simulators import ils_requests as asking

BOOK, RENTAL = "30101000001", "30101000016"
LOCAL, LOCAL_PIN = "S100001", "6417"
JONAS, JONAS_PIN, JONAS_ID = "N001000002", "5926", "S200002"
EIRA, EIRA_PIN, EIRA_ID = "N001000010", "5048", "S200010"
GUEST, GUEST_PIN = "N001000001", "4817"
STORBYEN = "NO-2030000"

NATIONAL = [(JONAS, JONAS_PIN, JONAS_ID), ("N001000007", "6038", "S200007"), (EIRA, EIRA_PIN, EIRA_ID)]


def words(screen: Screen, language: Language = Language.NB, **values: str) -> tuple[str, ...]:
    return (say(screen, language, "utf-8", **values),)


@pytest.fixture
async def storbyen(tmp_path: Path) -> AsyncIterator[Library]:
    """Storbyen with its library system."""
    async with library(await demo(tmp_path / "world")) as found:
        yield found


async def judging(tmp_path: Path, authority: str) -> Any:
    """Storbyen, whose PINs are judged by somebody else than the register."""
    place = await demo(tmp_path / "world")
    place.rewrite_partners(('acceptance = "digital"', f'acceptance = "digital"\npin_authority = "{authority}"'))
    return library(place)


async def standing(storbyen: Library, card: str) -> Standing | None:
    """How a patron stands at Storbyen by the register."""
    async with storbyen.served.register.database.unit_of_work() as work:
        found = await work.cards.find(CardNumber(card))
        assert found is not None
        there = {one.unit: one for one in await work.standings.of(found.patron)}
    return there.get(LendingUnitId(STORBYEN))


# Lending.


async def test_a_book_is_lent_and_returned_with_a_local_card(storbyen: Library) -> None:
    async with storbyen.kiosk() as kiosk:
        known = await kiosk.information(LOCAL, LOCAL_PIN)
        assert (known.personal_name, known.valid_patron_password) == ("Marte Fjeldstad", "Y")
        lent = await kiosk.asked(asking.checkout(LOCAL, BOOK, patron_password=LOCAL_PIN), sip2.CheckoutResponse)
        assert (lent.ok, lent.patron_identifier, lent.due_date) == ("1", LOCAL, "21.12.2026")
        assert storbyen.has(BOOK) == LOCAL
        back = await kiosk.asked(asking.checkin(BOOK), sip2.CheckinResponse)
        assert (back.ok, back.patron_identifier) == ("1", LOCAL)
    assert storbyen.has(BOOK) is None


@pytest.mark.parametrize("pin", [None, "", "right"], ids=["without AD", "with an empty AD", "with the PIN"])
@pytest.mark.parametrize(("card", "right", "local_id"), NATIONAL)
async def test_a_book_is_lent_and_returned_with_a_national_card(
    storbyen: Library, card: str, right: str, local_id: str, pin: str | None
) -> None:
    async with storbyen.kiosk() as kiosk:
        given = right if pin == "right" else pin
        lent = await kiosk.asked(asking.checkout(card, BOOK, patron_password=given), sip2.CheckoutResponse)
        assert (lent.ok, lent.patron_identifier, lent.item_identifier) == ("1", card, BOOK)
        assert storbyen.has(BOOK) == local_id
        back = await kiosk.asked(asking.checkin(BOOK), sip2.CheckinResponse)
        # Whoever had the book may be somebody else than who stands there: the library's own id stays.
        assert (back.ok, back.patron_identifier) == ("1", local_id)
    assert all(sip2.first(asked, "AD") is None for asked in storbyen.ils.requests)


async def test_a_patron_is_told_as_the_library_system_has_them_but_with_their_own_card(storbyen: Library) -> None:
    async with storbyen.kiosk() as kiosk:
        await kiosk.ask(asking.checkout(JONAS, BOOK))
        told = await kiosk.asked(
            asking.information(JONAS, JONAS_PIN, sip2.SummaryList.CHARGED), sip2.PatronInformationResponse
        )
    assert told.patron_identifier == JONAS
    assert (told.valid_patron, told.valid_patron_password, told.personal_name) == ("Y", "Y", "Jonas Lie Hætta")
    assert (told.charged_items, told.charged_items_count) == ((BOOK,), "0001")
    assert told.home_address == "Fjellveien 22, 9990 Storbyen"
    # The library's own id stands in an extension field, too.
    assert dict(told.others)["XI"] == JONAS
    assert JONAS_ID not in repr([*told.fields()])


@pytest.mark.parametrize("request_of", [status, information], ids=["23", "63"])
async def test_a_protected_address_never_reaches_a_kiosk(storbyen: Library, request_of: Any) -> None:
    async with storbyen.kiosk() as kiosk:
        told = await kiosk.ask(request_of("N001000007", "6038"))
    said = dict(told.fields())
    assert (said["BL"], said["CQ"]) == ("Y", "Y")
    for secret in ("Hemmelig", "9990", "ragnhild.ostby", "40000007"):
        assert not any(secret in value for value in said.values())


async def test_a_return_that_failed_at_the_kiosk_is_undone_with_the_id_that_its_answer_told(storbyen: Library) -> None:
    async with storbyen.kiosk() as kiosk:
        await kiosk.ask(asking.checkout(JONAS, BOOK))
        back = await kiosk.asked(asking.checkin(BOOK), sip2.CheckinResponse)
        again = await kiosk.asked(
            asking.checkout(back.patron_identifier or "", BOOK, cancel="Y"), sip2.CheckoutResponse
        )
        assert (again.ok, again.patron_identifier) == ("1", JONAS_ID)
        assert storbyen.has(BOOK) == JONAS_ID
        undone = await kiosk.asked(asking.checkin(BOOK, cancel="Y"), sip2.CheckinResponse)
        # Nothing was lent meanwhile, so there is nothing to undo: the library system's own word.
        assert undone.screen_messages == ("Ingenting å angre",)


async def test_a_loan_that_failed_at_the_kiosk_is_undone(storbyen: Library) -> None:
    async with storbyen.kiosk() as kiosk:
        await kiosk.ask(asking.checkout(JONAS, BOOK))
        undone = await kiosk.asked(asking.checkin(BOOK, cancel="Y"), sip2.CheckinResponse)
    assert undone.ok == "1"
    assert storbyen.has(BOOK) is None


@pytest.mark.parametrize(("card", "local_id"), [(LOCAL, LOCAL), (JONAS, JONAS_ID)], ids=["local", "national"])
async def test_a_fee_is_asked_about_accepted_and_paid(storbyen: Library, card: str, local_id: str) -> None:
    async with storbyen.kiosk() as kiosk:
        asked = await kiosk.asked(asking.checkout(card, RENTAL, fee_acknowledged="N"), sip2.CheckoutResponse)
        assert (asked.ok, asked.fee_type, asked.currency_type, asked.fee_amount) == ("0", "06", "NOK", "20.00")
        assert storbyen.has(RENTAL) is None
        lent = await kiosk.asked(asking.checkout(card, RENTAL, fee_acknowledged="Y"), sip2.CheckoutResponse)
        assert (lent.ok, lent.patron_identifier, storbyen.has(RENTAL)) == ("1", card, local_id)
        paid = await kiosk.asked(asking.fee_paid(card, "20.00", transaction_id="T-000815"), sip2.FeePaidResponse)
        assert (paid.payment_accepted, paid.patron_identifier, paid.transaction_id) == ("Y", card, "T-000815")
    assert [fee for fee in storbyen.ils.ledger.fees if fee.patron == local_id] == []


async def test_with_a_wrong_pin_nothing_is_lent_and_the_library_system_not_asked(storbyen: Library) -> None:
    async with storbyen.kiosk() as kiosk:
        refused = await kiosk.asked(asking.checkout(JONAS, BOOK, patron_password="0000"), sip2.CheckoutResponse)
    assert (refused.ok, refused.screen_messages) == ("0", words(Screen.WRONG_PIN))
    assert storbyen.asked("11") == 0


async def test_what_was_lent_off_line_is_recorded_whatever_the_pin(storbyen: Library) -> None:
    async with storbyen.kiosk() as kiosk:
        late = asking.checkout(JONAS, BOOK, no_block="Y", patron_password="0000")
        assert (await kiosk.asked(late, sip2.CheckoutResponse)).ok == "1"
    assert storbyen.has(BOOK) == JONAS_ID


async def test_the_library_systems_block_is_a_block(storbyen: Library) -> None:
    storbyen.ils.ledger.blocked[JONAS_ID] = "regning"
    async with storbyen.kiosk() as kiosk:
        told = await kiosk.status(JONAS, JONAS_PIN)
    assert (told.valid_patron, told.valid_patron_password) == ("Y", "Y")
    assert PatronFlag.CHARGE_DENIED in PatronStatus(told.patron_status).flags
    assert told.screen_messages == ("Kortet er sperret",)


# Who is local already.


@pytest.mark.parametrize("pin", [None, EIRA_PIN], ids=["without a PIN", "with the PIN"])
async def test_a_local_patron_is_discovered_at_first_sight(storbyen: Library, pin: str | None) -> None:
    assert await standing(storbyen, EIRA) is None
    async with storbyen.kiosk() as kiosk:
        told = await kiosk.status(EIRA, pin)
        assert (told.valid_patron, told.valid_patron_password) == ("Y", "Y" if pin else "N")
        assert (told.personal_name, told.patron_identifier) == ("Eira Myklebust" if pin else "", EIRA)
        await kiosk.status(EIRA, EIRA_PIN)
        await kiosk.information(EIRA, EIRA_PIN)
    found = await standing(storbyen, EIRA)
    assert found is not None
    assert (found.state, found.origin, found.local_id) == (StandingState.LOCAL, Origin.DISCOVERED, EIRA_ID)
    looked = [asked for asked in storbyen.ils.requests if sip2.first(asked, "AA") == EIRA]
    assert [(asked.number, sip2.first(asked, "AD")) for asked in looked] == [("63", None)]


async def test_a_wrong_pin_at_first_sight_is_one_try(storbyen: Library) -> None:
    async with storbyen.kiosk() as kiosk:
        told = await kiosk.status(EIRA, "0000")
        assert (told.valid_patron, told.valid_patron_password, told.personal_name) == ("Y", "N", "")
        assert told.screen_messages == words(Screen.WRONG_PIN)
        assert storbyen.served.hashed() == 1
        assert (await kiosk.status(EIRA, EIRA_PIN)).personal_name == "Eira Myklebust"


async def test_a_library_system_slower_than_the_registers_share_is_still_believed(storbyen: Library) -> None:
    storbyen.served.with_rules(register=0.4)
    async with storbyen.kiosk() as kiosk:
        with storbyen.failing(Kind.DELAY, "63", seconds=0.6):
            assert (await kiosk.status(EIRA, EIRA_PIN)).personal_name == "Eira Myklebust"


async def test_somebody_else_under_the_same_card_is_for_staff(storbyen: Library) -> None:
    storbyen.enrol(Patron(id="S300001", cards=(GUEST,), name="Per Hansen", born=date(1950, 1, 1)))
    async with storbyen.kiosk() as kiosk:
        told = await kiosk.status(GUEST, GUEST_PIN)
        assert (told.valid_patron, told.valid_patron_password) == ("Y", "Y")
        assert told.screen_messages == words(Screen.SEE_STAFF, Language.NN)
        assert told.personal_name == "Ågot"
        lent = await kiosk.asked(asking.checkout(GUEST, BOOK, patron_password=GUEST_PIN), sip2.CheckoutResponse)
        assert (lent.ok, lent.screen_messages) == ("0", words(Screen.SEE_STAFF, Language.NN))
    found = await standing(storbyen, GUEST)
    assert found is not None
    assert found.state is StandingState.NEEDS_STAFF
    assert storbyen.has(BOOK) is None


async def test_a_patron_whom_the_library_system_forgot_is_recognised_anew(storbyen: Library) -> None:
    storbyen.forget(JONAS_ID)
    async with storbyen.kiosk() as kiosk:
        told = await kiosk.status(JONAS, JONAS_PIN)
        assert (told.valid_patron, told.valid_patron_password) == ("Y", "Y")
        assert told.screen_messages == words(Screen.RULES_FIRST, Language.SE, library="Storbyen folkebibliotek")
        found = await standing(storbyen, JONAS)
        assert found is not None
        assert found.state is StandingState.ENDED
        # For some minutes the library system is not asked for them again.
        before = len(storbyen.ils.requests)
        await kiosk.status(JONAS, JONAS_PIN)
        assert len(storbyen.ils.requests) == before
        storbyen.enrol(Patron(id="S200099", cards=(JONAS,), name="Hætta, Jonas Lie"))
        storbyen.served.clock.turn(301)
        told = await kiosk.status(JONAS, JONAS_PIN)
        assert told.personal_name == "Hætta, Jonas Lie"
    found = await standing(storbyen, JONAS)
    assert found is not None
    assert (found.state, found.local_id) == (StandingState.LOCAL, "S200099")


async def test_a_forgotten_patron_with_a_new_number_borrows_in_the_same_request(storbyen: Library) -> None:
    storbyen.forget(JONAS_ID)
    storbyen.enrol(Patron(id="S200098", cards=(JONAS,), name="Jonas Lie Hætta"))
    async with storbyen.kiosk() as kiosk:
        assert (await kiosk.status(JONAS, JONAS_PIN)).personal_name == "Jonas Lie Hætta"
        assert (await kiosk.asked(asking.checkout(JONAS, BOOK), sip2.CheckoutResponse)).ok == "1"
    assert storbyen.has(BOOK) == "S200098"


async def test_an_id_that_the_library_system_does_not_know_again_is_no_circle(tmp_path: Path) -> None:
    # Configured wrong: AQ is the home library, and no patron's id.
    async with library(await demo(tmp_path / "world"), told={"local_id_field": '"AQ"'}) as storbyen:
        async with storbyen.kiosk() as kiosk:
            told = await kiosk.status(EIRA, EIRA_PIN)
            assert (told.valid_patron, told.screen_messages) == ("Y", words(Screen.TRY_LATER))
        assert len(storbyen.ils.requests) < 5
        assert [line["terminal"] for line in storbyen.served.events("local_id_unknown")] == ["storbyen-1"]


async def test_a_library_system_that_insists_on_empty_fields_gets_them(tmp_path: Path) -> None:
    place = await demo(tmp_path / "world")
    told = {"wants_terminal_password": "true", "wants_empty_pin": "true"}
    insisting = library(place, rules={"quirks": ("insists-on-ac-and-ad",)}, told=told)
    async with insisting as storbyen, storbyen.kiosk() as kiosk:
        assert (await kiosk.status(EIRA, EIRA_PIN)).personal_name == "Eira Myklebust"
        assert (await kiosk.information(JONAS, JONAS_PIN)).personal_name == "Jonas Lie Hætta"
        lent = await kiosk.asked(asking.checkout(JONAS, BOOK, patron_password=JONAS_PIN), sip2.CheckoutResponse)
        assert lent.ok == "1"
    assert all(not sip2.first(asked, "AD") for asked in storbyen.ils.requests)


# Guests.

GUESTS_ASK: dict[str, Message] = {
    "11": asking.checkout(GUEST, BOOK),
    "15": asking.hold("+", GUEST, BOOK),
    "29": asking.renew(GUEST, BOOK),
    "65": asking.renew_all(GUEST),
    "37": asking.fee_paid(GUEST, "20.00"),
}


@pytest.mark.parametrize("number", GUESTS_ASK)
@pytest.mark.parametrize("pin", [None, GUEST_PIN], ids=["card alone", "with the PIN"])
async def test_a_guest_can_neither_borrow_nor_pay(storbyen: Library, number: str, pin: str | None) -> None:
    asked = sip2.changed(GUESTS_ASK[number], patron_password=pin)
    async with storbyen.kiosk() as kiosk:
        for _ in range(2):
            refused = await kiosk.ask(asked)
            assert (getattr(refused, "ok", None) or getattr(refused, "payment_accepted", None)) in {"0", "N"}
            assert len(sip2.first(refused, "AF") or "") > 10
    # The library system was asked who this is, once, and for nothing else.
    assert (storbyen.asked("63"), storbyen.asked(number)) == (1, 0)


async def test_a_guest_is_greeted_and_offered_the_way_to_the_rules(storbyen: Library) -> None:
    async with storbyen.kiosk() as kiosk:
        told = await kiosk.information(GUEST, GUEST_PIN)
        ended = await kiosk.asked(asking.end(GUEST), sip2.EndSessionResponse)
    assert (told.valid_patron, told.valid_patron_password, told.personal_name) == ("Y", "Y", "Ågot")
    assert told.screen_messages == words(Screen.RULES_FIRST, Language.NN, library="Storbyen folkebibliotek")
    assert (ended.end_session, storbyen.asked("35")) == ("Y", 0)


@pytest.mark.parametrize("fields", [{"no_block": "Y"}, {"cancel": "Y"}], ids=["off-line", "cancelling"])
async def test_a_guests_loan_that_has_happened_alarms_staff(storbyen: Library, fields: dict[str, str]) -> None:
    async with storbyen.kiosk() as kiosk:
        refused = await kiosk.asked(asking.checkout(GUEST, BOOK, **fields), sip2.CheckoutResponse)
    assert (refused.ok, refused.screen_messages) == ("0", words(Screen.OFFLINE_REFUSED))
    assert storbyen.asked("11") == 0
    assert [line["message"] for line in storbyen.served.events("staff_alarm")] == ["11"]


# Cards that are the library's own affair.


@pytest.mark.parametrize("card", ["N001000009", "N001999999"], ids=["deleted", "unknown"])
async def test_a_number_that_nobody_has_is_the_library_systems_however_often_it_comes(
    storbyen: Library, card: str
) -> None:
    storbyen.enrol(Patron(id="S300002", cards=(card,), name="Kari Vik", pin="8080"))
    async with storbyen.kiosk() as kiosk:
        for _ in range(12):
            told = await kiosk.status(card, "8080")
            assert (told.valid_patron_password, told.personal_name) == ("Y", "Kari Vik")
        assert (await kiosk.asked(asking.checkout(card, BOOK), sip2.CheckoutResponse)).ok == "1"
    assert storbyen.has(BOOK) == "S300002"
    got = storbyen.got("23")
    assert (sip2.first(got, "AA"), sip2.first(got, "AD")) == (card, "8080")
    assert storbyen.served.hashed() == 0


async def test_walking_through_numbers_that_nobody_has_slows_the_terminal_down(storbyen: Library) -> None:
    async with storbyen.kiosk() as kiosk:
        for number in range(3):
            told = await kiosk.status(f"N00199990{number}", "1234")
            assert (told.valid_patron, told.screen_messages) == ("N", ("Ukjent lånekort",))
    async with storbyen.served.register.database.unit_of_work() as work:
        limits = storbyen.served.register.door._limits
        asker = next(iter(storbyen.served.door.terminals._by_login.values())).asker
        tally = await work.attempts.tally(asker, storbyen.served.clock.steady(), limits)
    assert (tally.terminal_cards, tally.terminal_failures) == (3, 3)


async def test_the_local_card_of_a_known_patron_is_that_patron(storbyen: Library) -> None:
    async with storbyen.kiosk() as kiosk:
        told = await kiosk.status(JONAS_ID, JONAS_PIN)
        assert (told.valid_patron_password, told.patron_identifier) == ("Y", JONAS_ID)
        assert not sip2.first(storbyen.got("23"), "AD")
        refused = await kiosk.status(JONAS_ID, "0000")
        assert (refused.valid_patron_password, refused.screen_messages) == ("N", words(Screen.WRONG_PIN))
    assert storbyen.served.hashed() == 1


async def test_an_expired_agreement_stops_none_of_the_librarys_own_patrons(tmp_path: Path) -> None:
    place = await demo(tmp_path / "world")
    held = 'reference = "demo/NO-2030000"\nvalid_from = 2026-01-01\nvalid_until = 2099-12-31'
    place.rewrite_partners((held, held.replace("2099", "2026").replace("12-31", "01-31")))
    async with library(place) as storbyen:
        storbyen.enrol(dataclasses.replace(storbyen.patron(JONAS_ID), pin="4321"))
        async with storbyen.kiosk() as kiosk:
            for card, pin in ((LOCAL, LOCAL_PIN), (JONAS, "4321")):
                asked = status(card, pin)
                told = await kiosk.asked(asked, sip2.PatronStatusResponse)
                assert (told.valid_patron_password, told.patron_identifier) == ("Y", card)
                assert storbyen.got("23") == asked
            assert (await kiosk.asked(asking.checkout(JONAS, BOOK), sip2.CheckoutResponse)).ok == "1"
            # The register's own PIN is not asked for: nothing of the register leaves.
            assert (await kiosk.status(JONAS, JONAS_PIN)).valid_patron_password == "N"
        assert storbyen.served.hashed() == 0
        assert storbyen.has(BOOK) == JONAS_ID


# What is agreed at a terminal.


async def test_where_kiosks_ask_no_pin_a_local_patron_passes_with_the_card_alone(storbyen: Library) -> None:
    storbyen.at_terminals(pin_required=False)
    async with storbyen.kiosk() as kiosk:
        told = await kiosk.information(JONAS)
        assert (told.valid_patron, told.personal_name) == ("Y", "Jonas Lie Hætta")
        guest = await kiosk.information(GUEST)
        assert (guest.valid_patron_password, guest.personal_name) == ("N", "")


async def test_the_library_system_judges_pins_where_it_is_the_authority(tmp_path: Path) -> None:
    async with await judging(tmp_path, "ils") as storbyen:
        storbyen.enrol(dataclasses.replace(storbyen.patron(JONAS_ID), pin="4321"))
        async with storbyen.kiosk() as kiosk:
            told = await kiosk.status(JONAS, "4321")
            assert (told.valid_patron_password, told.personal_name) == ("Y", "Jonas Lie Hætta")
            assert sip2.first(storbyen.got("23"), "AD") == "4321"
            for _ in range(3):
                assert (await kiosk.status(JONAS, JONAS_PIN)).screen_messages == words(Screen.WRONG_PIN)
            assert storbyen.asked("23") == 4
            held_off = await kiosk.status(JONAS, "4321")
            assert (held_off.valid_patron_password, storbyen.asked("23")) == ("N", 4)
        assert storbyen.served.hashed() == 3


async def test_its_no_counts_however_late_it_comes(tmp_path: Path) -> None:
    async with await judging(tmp_path, "ils") as storbyen:
        storbyen.served.with_rules(register=0.3)
        async with storbyen.kiosk() as kiosk:
            with storbyen.failing(Kind.DELAY, "23", seconds=0.5):
                for _ in range(3):
                    assert (await kiosk.status(JONAS, "0000")).valid_patron_password == "N"
            await kiosk.status(JONAS, "0000")
        assert storbyen.asked("23") == 3


async def test_the_register_judges_first_and_then_the_library_system(tmp_path: Path) -> None:
    async with await judging(tmp_path, "register_then_ils") as storbyen:
        storbyen.enrol(dataclasses.replace(storbyen.patron(JONAS_ID), pin="4321"))
        async with storbyen.kiosk() as kiosk:
            assert (await kiosk.status(JONAS, JONAS_PIN)).valid_patron_password == "Y"
            assert not sip2.first(storbyen.got("23"), "AD")
            # Its yes forgives the try that the register counted, however often.
            for _ in range(6):
                assert (await kiosk.status(JONAS, "4321")).valid_patron_password == "Y"
            # Wrong for both is one try: the third is still heard.
            for _ in range(3):
                assert (await kiosk.status(JONAS, "0000")).screen_messages == words(Screen.WRONG_PIN)
            held_off = await kiosk.status(JONAS, "4321")
            assert held_off.valid_patron_password == "N"


async def test_its_yes_forgives_nothing_that_was_tried_at_another_library(tmp_path: Path) -> None:
    async with await judging(tmp_path, "ils") as storbyen:
        storbyen.enrol(dataclasses.replace(storbyen.patron(JONAS_ID), pin="4321"))
        async with storbyen.served.kiosk("fjordby-1") as elsewhere, storbyen.kiosk() as kiosk:
            for _ in range(2):
                await elsewhere.status(JONAS, "0000")
            assert (await kiosk.status(JONAS, "4321")).valid_patron_password == "Y"
            async with storbyen.served.register.database.unit_of_work() as work:
                log = await work.attempts.log_of(
                    CardNumber(JONAS), storbyen.served.clock.steady(), storbyen.served.register.door._limits
                )
        assert len(log.daily) == 2


# 98.


async def test_a_status_says_truthfully_what_both_can_do(storbyen: Library) -> None:
    async with storbyen.kiosk() as kiosk:
        told = await kiosk.asked(asking.sc_status(), sip2.AcsStatus)
    assert (told.online_status, told.checkin_ok, told.checkout_ok, told.acs_renewal_policy) == ("Y", "Y", "Y", "Y")
    # A guest's off-line loan would be refused, so none are welcome.
    assert told.offline_ok == "N"
    assert (told.institution_id, told.library_name) == (STORBYEN, "Storbyen folkebibliotek")
    assert sip2.SupportedMessages(told.supported_messages).numbers >= {"11", "09", "29", "65", "37", "15", "23", "63"}


async def test_a_status_tells_of_no_more_than_the_library_system_can(tmp_path: Path) -> None:
    rules = {"unsupported": frozenset({"29", "65"})}
    async with library(await demo(tmp_path / "world"), rules=rules) as storbyen, storbyen.kiosk() as kiosk:
        told = await kiosk.asked(asking.sc_status(), sip2.AcsStatus)
        assert not sip2.SupportedMessages(told.supported_messages).numbers & {"29", "65"}


async def test_while_the_library_system_is_down_a_status_still_answers_and_circulates_nothing(
    storbyen: Library,
) -> None:
    await storbyen.ils.close_port()
    async with storbyen.kiosk() as kiosk:
        told = await kiosk.asked(asking.sc_status(), sip2.AcsStatus)
        assert (told.online_status, told.checkout_ok, told.checkin_ok) == ("Y", "N", "N")
        await storbyen.ils.open_port()
        assert (await kiosk.status(LOCAL, LOCAL_PIN)).valid_patron_password == "Y"
        assert (await kiosk.asked(asking.sc_status(), sip2.AcsStatus)).checkout_ok == "Y"


# At a reload.


async def test_a_library_system_that_is_told_of_at_a_reload_is_there_at_once(tmp_path: Path) -> None:
    place = await demo(tmp_path / "world")
    async with simulated() as ils, running(place) as served, served.kiosk("storbyen-1") as kiosk:
        assert (await kiosk.status(LOCAL, LOCAL_PIN)).valid_patron == "N"
        put_behind(place, port_of(ils))
        assert await served.daemon.reload()
        assert (await kiosk.status(LOCAL, LOCAL_PIN)).personal_name == "Marte Fjeldstad"
        async with served.kiosk("storbyen-1") as newcomer:
            assert await is_lent(newcomer)
        assert served.counted("upstream_requests_total", peer="storbyen-ils", outcome="ok") >= 2


async def is_lent(kiosk: Kiosk) -> bool:
    return (await kiosk.asked(asking.checkout(JONAS, BOOK), sip2.CheckoutResponse)).ok == "1"
