"""Without a library system: what only one could do is refused in so many words, and 98 says so beforehand."""

from __future__ import annotations

import pytest

from gateway.words.languages import Language
from gateway.words.screen import Screen, say
from protocols import sip2
from protocols.sip2 import Message
from registry.domain.attempts import Limits
from registry.domain.card import CardNumber
from tests.gateway.kiosks import NOW, block, enable, information, status
from tests.gateway.worlds import Served

CARD, WRONG = "N001000001", "2468"
STATUS = sip2.ScStatus(status_code="0", max_print_width="080", protocol_version="2.00")


def end(card: str) -> Message:
    return sip2.EndPatronSession(transaction_date=NOW, institution_id="NO-2030000", patron_identifier=card)


def circulation(card: str, pin: str) -> dict[str, Message]:
    """Every request that only a library system can meet."""
    return {
        "11": sip2.Checkout(
            sc_renewal_policy="Y",
            no_block="N",
            transaction_date=NOW,
            nb_due_date=NOW,
            institution_id="NO-2030000",
            patron_identifier=card,
            item_identifier="03010012345678",
            terminal_password="",
            patron_password=pin,
            fee_acknowledged="Y",
            cancel="N",
        ),
        "09": sip2.Checkin(
            no_block="N",
            transaction_date=NOW,
            return_date=NOW,
            current_location="HOVED",
            institution_id="NO-2030000",
            item_identifier="03010012345678",
            terminal_password="",
        ),
        "15": sip2.Hold(
            hold_mode="+",
            transaction_date=NOW,
            institution_id="NO-2030000",
            patron_identifier=card,
            patron_password=pin,
            item_identifier="03010012345678",
        ),
        "17": sip2.ItemInformation(transaction_date=NOW, institution_id="NO-2030000", item_identifier="03010012345678"),
        "19": sip2.ItemStatusUpdate(
            transaction_date=NOW,
            institution_id="NO-2030000",
            item_identifier="03010012345678",
            item_properties="340 g",
        ),
        "29": sip2.Renew(
            third_party_allowed="N",
            no_block="N",
            transaction_date=NOW,
            nb_due_date=NOW,
            institution_id="NO-2030000",
            patron_identifier=card,
            patron_password=pin,
            item_identifier="03010012345678",
        ),
        "37": sip2.FeePaid(
            transaction_date=NOW,
            fee_type="04",
            payment_type="00",
            currency_type="NOK",
            fee_amount="50.00",
            institution_id="NO-2030000",
            patron_identifier=card,
            patron_password=pin,
            transaction_id="T-000815",
        ),
        "65": sip2.RenewAll(
            transaction_date=NOW, institution_id="NO-2030000", patron_identifier=card, patron_password=pin
        ),
    }


REFUSALS = {
    "11": {"ok": "0", "renewal_ok": "N", "desensitize": "N", "item_identifier": "03010012345678"},
    "09": {"ok": "0", "resensitize": "N", "alert": "N", "item_identifier": "03010012345678"},
    "15": {"ok": "0", "available": "N", "item_identifier": "03010012345678"},
    "17": {"circulation_status": "01", "item_identifier": "03010012345678"},
    "19": {"item_properties_ok": "0", "item_identifier": "03010012345678"},
    "29": {"ok": "0", "renewal_ok": "N", "desensitize": "N", "item_identifier": "03010012345678"},
    "37": {"payment_accepted": "N", "transaction_id": "T-000815"},
    "65": {"ok": "0", "renewed_count": "0000", "unrenewed_count": "0000"},
}

# A payment is taken before it is reported: that it is not booked matters more than why.
WORDS = {**dict.fromkeys(REFUSALS, Screen.NO_LIBRARY_SYSTEM), "37": Screen.PAYMENT_NOT_BOOKED}


async def test_circulation_is_refused_in_words_and_counts_no_attempt(served: Served) -> None:
    async with served.kiosk("storbyen-1") as kiosk:
        for card in (CARD, "N001000002", "N001000003", "S200002"):
            for number, asked in circulation(card, WRONG).items():
                answer = await kiosk.ask(asked)
                assert {name: getattr(answer, name) for name in REFUSALS[number]} == REFUSALS[number]
                assert getattr(answer, "screen_messages", None) == (say(WORDS[number], Language.NB, "utf-8"),)
                assert getattr(answer, "patron_identifier", None) in {card, None}
        for result in ("accepted", "rejected", "locked", "unavailable"):
            assert served.counted("pin_verifications_total", result=result) == 0
        # Nothing is remembered of the wrong PINs either.
        assert (await kiosk.status(CARD, "4817")).valid_patron_password == "Y"
    async with served.register.database.unit_of_work() as work:
        log = await work.attempts.log_of(CardNumber(CARD), served.clock.steady(), Limits())
    assert (log.consecutive, log.daily) == ((), ())


@pytest.mark.parametrize("login", ["storbyen-1", "storbyen-door", "film-1", "fjordby-1"])
async def test_the_98_tells_the_truth_about_every_message(shared: Served, login: str) -> None:
    async with shared.kiosk(login) as kiosk:
        told = await kiosk.asked(STATUS, sip2.AcsStatus)
        assert (told.online_status, told.checkin_ok, told.checkout_ok, told.offline_ok) == ("Y", "N", "N", "N")
        # The terminal may not block patrons, whatever it asks.
        assert (told.status_update_ok, told.acs_renewal_policy, told.protocol_version) == ("N", "N", "2.00")
        assert told.date_time_sync[:8] == shared.clock.local().strftime("%Y%m%d")
        answers = [
            await kiosk.ask(asked)
            for asked in (status(CARD, "4817"), information(CARD, "4817"), enable(CARD, "4817"), block(CARD), end(CARD))
        ]
        assert [answer.number for answer in answers] == ["24", "64", "26", "24", "36"]
        refused = [await kiosk.ask(asked) for asked in circulation(CARD, "4817").values()]
        assert {answer.number for answer in refused} == {"12", "10", "16", "18", "20", "30", "38", "66"}
        assert await kiosk.log_in(login) == "1"
    works = {"23", "63", "25", "01", "35", "93", "97", "99"}
    order = ["23", "11", "09", "01", "99", "97", "93", "63", "35", "37", "17", "19", "25", "15", "29", "65"]
    assert told.supported_messages == "".join("Y" if number in works else "N" for number in order)


@pytest.mark.parametrize("card", [CARD, "N001000002", "N001000009", "S200002", ""])
async def test_the_end_of_a_session_is_always_granted(shared: Served, card: str) -> None:
    async with shared.kiosk("storbyen-1") as kiosk:
        answer = await kiosk.asked(end(card), sip2.EndSessionResponse)
        assert (answer.end_session, answer.patron_identifier) == ("Y", card)


@pytest.mark.parametrize(("version", "online"), [("2.00", "Y"), ("1.00", "Y"), ("0.90", "N"), ("3.00", "N")])
async def test_a_version_that_is_not_spoken_here_is_told_off_line(shared: Served, version: str, online: str) -> None:
    async with shared.kiosk("storbyen-1") as kiosk:
        assert (await kiosk.say(f"990080{version}".encode()))[2:3].decode() == online
