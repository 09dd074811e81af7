"""The demo's cards at the demo's terminals, with every kind of PIN, by every message that shows a card."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest

from gateway.words.languages import Language
from gateway.words.screen import Screen, say
from gateway.words.sentences import NAMED
from protocols import sip2
from protocols.sip2 import Message, ScProfile
from tests.gateway.kiosks import NOW, PROFILES, Kiosk, block, connected, enable, information, status
from tests.gateway.worlds import PATIENT, Served, World, demo, running

NB, NN, EN, SE = Language.NB, Language.NN, Language.EN, Language.SE
LIBRARIES = {
    "storbyen-1": "Storbyen folkebibliotek",
    "storbyen-door": "Storbyen folkebibliotek",
    "fjordby-1": "Fjordby bibliotek",
    "film-1": "Film",
}
BLANK, DENIED, LOST = " " * 14, "YYYY" + " " * 10, "YYYYY" + " " * 9


@dataclass(frozen=True)
class Told:
    """What a kiosk is told: BL, CQ, flags, AE, and AF by its situation and language."""

    valid: str
    proved: str
    flags: str
    name: str = ""
    screen: Screen | None = None
    language: Language = NB


def granted(name: str = "", screen: Screen | None = None, language: Language = NB) -> Told:
    return Told("Y", "Y", BLANK, name, screen, language)


def sent_away(screen: Screen, language: Language = NB) -> Told:
    return Told("N", "N", DENIED, "", screen, language)


SHOWN = Told("Y", "N", BLANK)
WRONG = Told("Y", "N", BLANK, "", Screen.WRONG_PIN)
LOST_CARD = Told("Y", "N", LOST, "", Screen.CARD_LOST)
REPLACED = Told("Y", "N", DENIED, "", Screen.CARD_REPLACED)
PASSWORD_WANTED = Told("Y", "N", DENIED, "", Screen.USE_PASSWORD)
TOO_LOW = Told("Y", "N", DENIED, "", Screen.LEVEL_TOO_LOW)
UNKNOWN = sent_away(Screen.UNKNOWN_CARD)
NOT_LOGGED_IN = Told("Y", "N", DENIED, "", Screen.NOT_LOGGED_IN)
NO_NATIONAL_CARD = sent_away(Screen.NATIONAL_CARD_NEEDED)


def guest(name: str, language: Language, at_kiosk: Screen = Screen.RULES_FIRST) -> dict[str, Told]:
    """A guest everywhere: let in at Storbyen's kiosk and at the service, sent to the desk or the kiosk elsewhere."""
    return {
        "storbyen-1": granted(name, at_kiosk, language),
        "fjordby-1": sent_away(Screen.ACTIVATE_AT_DESK, language),
        "storbyen-door": sent_away(Screen.ACTIVATE_FIRST, language),
        "film-1": granted(),
    }


def everywhere(told: Told) -> dict[str, Told]:
    return dict.fromkeys(LIBRARIES, told)


@dataclass(frozen=True)
class Card:
    """A card, its PIN, and what is told for the right one; for none or a wrong one where that differs."""

    number: str
    pin: str
    right: dict[str, Told]
    without: Told = SHOWN
    wrong: dict[str, Told] | None = None


JONAS, RAGNHILD = granted("Hætta, Jonas Lie"), granted("Østby, Ragnhild")

CARDS = [
    Card("N001000001", "4817", guest("Ågot", NN)),
    Card("N001000002", "5926", {**guest("Jonas Lie", SE), "storbyen-1": JONAS, "storbyen-door": JONAS}),
    Card("N001000003", "3704", everywhere(LOST_CARD), LOST_CARD, everywhere(LOST_CARD)),
    Card("N001000004", "8261", everywhere(REPLACED), REPLACED, everywhere(REPLACED)),
    Card("N001000005", "8261", guest("Bjørn", NB)),
    Card(
        "N001000006",
        "9153",
        {**guest("Kim", EN), "film-1": PASSWORD_WANTED},
        wrong={**everywhere(WRONG), "film-1": PASSWORD_WANTED},
    ),
    Card(
        "N001000007",
        "6038",
        {"storbyen-1": RAGNHILD, "fjordby-1": RAGNHILD, "storbyen-door": RAGNHILD, "film-1": granted()},
    ),
    Card("N001000008", "7495", guest("Pål", NB, Screen.TOO_YOUNG)),
    Card("N001000009", "2683", everywhere(UNKNOWN), UNKNOWN, everywhere(UNKNOWN)),
    Card("N001999999", "1357", everywhere(UNKNOWN), UNKNOWN, everywhere(UNKNOWN)),
]

Answer = sip2.PatronStatusResponse | sip2.PatronInformationResponse | sip2.PatronEnableResponse


@pytest.fixture(scope="module")
async def patient(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Served]:
    """A daemon whose limits no table of wrong PINs meets."""
    world = await demo(tmp_path_factory.mktemp("patient") / "world")
    async with running(world, settings=PATIENT) as daemon:
        yield daemon


async def answered(kiosk: Kiosk, message: Message) -> Answer:
    answer = await kiosk.ask(message)
    assert isinstance(answer, Answer)
    return answer


def spoken(told: Told, terminal: str) -> tuple[str, ...]:
    """The AF that goes with it: Northern Sámi falls back to bokmål where the charset lacks its letters."""
    if told.screen is None:
        return ()
    library = {"library": LIBRARIES[terminal]} if told.screen in NAMED else {}
    return (say(told.screen, told.language, PROFILES[terminal].encoding, **library),)


def assert_told(answer: Answer, told: Told, terminal: str) -> None:
    assert (answer.valid_patron, answer.valid_patron_password) == (told.valid, told.proved)
    assert answer.patron_status == told.flags
    assert answer.personal_name == told.name
    assert answer.screen_messages == spoken(told, terminal)


@pytest.mark.parametrize("terminal", LIBRARIES)
@pytest.mark.parametrize("card", CARDS, ids=lambda card: card.number)
async def test_each_card_is_told_by_its_state_place_and_pin(patient: Served, card: Card, terminal: str) -> None:
    wrong = (card.wrong or everywhere(WRONG))[terminal]
    async with patient.kiosk(terminal) as kiosk:
        for ask in (status, information, enable):
            absent = sip2.without(ask(card.number, ""), "AD")
            assert_told(await answered(kiosk, absent), card.without, terminal)
            assert_told(await answered(kiosk, ask(card.number, "")), card.without, terminal)
            assert_told(await answered(kiosk, ask(card.number, "2468")), wrong, terminal)
            assert_told(await answered(kiosk, ask(card.number, card.pin)), card.right[terminal], terminal)
            # Once proved, the same is told from memory.
            assert_told(await answered(kiosk, ask(card.number, card.pin)), card.right[terminal], terminal)
            assert_told(await answered(kiosk, ask(card.number, "2468")), wrong, terminal)


@pytest.mark.parametrize("terminal", LIBRARIES)
@pytest.mark.parametrize("card", CARDS, ids=lambda card: card.number)
async def test_a_block_is_answered_as_a_card_alone_and_blocks_nothing(
    patient: Served, card: Card, terminal: str
) -> None:
    async with patient.kiosk(terminal) as kiosk:
        answer = await kiosk.asked(block(card.number), sip2.PatronStatusResponse)
        assert (answer.valid_patron, answer.valid_patron_password) == (card.without.valid, "N")
        assert (answer.patron_status, answer.personal_name) == (card.without.flags, "")
        assert len(answer.screen_messages) == 1
        assert_told(await answered(kiosk, status(card.number, card.pin)), card.right[terminal], terminal)


@pytest.mark.parametrize(
    ("terminal", "told"),
    [("storbyen-1", UNKNOWN), ("storbyen-door", UNKNOWN), ("fjordby-1", UNKNOWN), ("film-1", NO_NATIONAL_CARD)],
)
@pytest.mark.parametrize("pin", ["", "4711"])
@pytest.mark.parametrize("number", ["S200002", "1000001", "001000001", "", "N12", "N0010000011", "X001000001"])
async def test_a_local_card_is_unknown_where_no_library_system_stands_behind(
    patient: Served, number: str, pin: str, terminal: str, told: Told
) -> None:
    async with patient.kiosk(terminal) as kiosk:
        for ask in (status, information, enable):
            assert_told(await answered(kiosk, ask(number, pin)), told, terminal)


@pytest.mark.parametrize(
    "written", ["N001000001", "n001000001", " N001000001 ", "n01000001", "*N001000001*", "AN001000001A", "\tN001000001"]
)
async def test_a_national_card_is_found_however_it_was_scanned_and_echoed_as_it_came(
    patient: Served, written: str
) -> None:
    async with patient.kiosk("storbyen-1") as kiosk:
        for ask in (status, information, enable):
            answer = await answered(kiosk, ask(written, "4817"))
            assert (answer.valid_patron, answer.valid_patron_password, answer.personal_name) == ("Y", "Y", "Ågot")
            # A tab is no printable character, and answers hold nothing else.
            assert answer.patron_identifier == written.replace("\t", " ")


@pytest.mark.parametrize(("sent", "echoed"), [("NO-2030000", "NO-2030000"), ("HOVED", "HOVED"), ("", "NO-2030000")])
async def test_the_institution_is_echoed_and_the_terminals_own_stands_in_for_none(
    patient: Served, sent: str, echoed: str
) -> None:
    async with patient.kiosk("storbyen-1") as kiosk:
        for ask in (status, information, enable):
            for card, pin in (("N001000001", "4817"), ("N001999999", ""), ("S1", "")):
                asked = sip2.changed(ask(card, pin), institution_id=sent)
                assert (await answered(kiosk, asked)).institution_id == echoed


@pytest.mark.parametrize("password", ["fjellrev-og-mus-46", "fjellrev-og-mus-47"])
async def test_the_high_level_is_never_reached_at_a_service_not_even_by_the_password(
    patient: Served, password: str
) -> None:
    told = TOO_LOW if password.endswith("46") else WRONG
    async with patient.kiosk("film-1") as kiosk:
        assert_told(await answered(kiosk, status("N001000006", password)), told, "film-1")


@pytest.mark.parametrize(
    ("terminal", "asked", "card", "pin", "language"),
    [
        # An explicit other language wins, then the patron's once the PIN is right, then the terminal's.
        ("storbyen-1", "001", "N001000001", "4817", EN),
        ("storbyen-1", "024", "N001000001", "4817", EN),
        ("storbyen-1", "012", "N001000001", "4817", NN),
        ("storbyen-1", "000", "N001000001", "4817", NN),
        ("storbyen-1", "003", "N001000001", "4817", NN),
        ("storbyen-1", "012", "N001000006", "9153", EN),
        ("storbyen-1", "012", "N001000005", "8261", NB),
        ("fjordby-1", "001", "N001000002", "5926", EN),
        # Northern Sámi only where the charset holds it.
        ("storbyen-door", "012", "N001000001", "4817", NN),
        ("fjordby-1", "012", "N001000002", "5926", NB),
    ],
)
async def test_words_come_in_the_language_of_the_message_the_patron_or_the_terminal(
    patient: Served, terminal: str, asked: str, card: str, pin: str, language: Language
) -> None:
    async with patient.kiosk(terminal) as kiosk:
        for ask in (status, information):
            right = await answered(kiosk, sip2.changed(ask(card, pin), language=asked))
            screens = {Screen.RULES_FIRST, Screen.ACTIVATE_FIRST, Screen.ACTIVATE_AT_DESK}
            expected = [spoken(Told("", "", "", screen=screen, language=language), terminal) for screen in screens]
            assert right.screen_messages in expected
            assert isinstance(right, sip2.PatronStatusResponse | sip2.PatronInformationResponse)
            assert right.language == asked
            # Before the PIN is right, the patron's own language tells something about the person.
            wrong = await answered(kiosk, sip2.changed(ask(card, "2468"), language=asked))
            stranger = EN if asked in {"001", "024"} else NB
            assert wrong.screen_messages == (say(Screen.WRONG_PIN, stranger, PROFILES[terminal].encoding),)


async def test_a_library_whose_agreement_has_ended_cannot_log_in(patient: Served) -> None:
    async with patient.kiosk() as kiosk:
        assert await kiosk.say(b"9300CNvidda-1|COdemo-vidda|CPHOVED|") == b"940"
        assert_told(await answered(kiosk, status("N001000001", "4817")), NOT_LOGGED_IN, "storbyen-1")


PERSONAL = [
    *("Bjørnstad", "Æsops", "Øvre Årdal", "7490", "n001000001@patron", "400 55", "1986", "17858610044"),
    *("Skjermet gate", "0184", "n001000007@patron", "12925810094", "Storgata", "09919410016", "S200002"),
]


@pytest.mark.parametrize("terminal", LIBRARIES)
async def test_no_terminal_gets_an_address_a_phone_an_identity_number_or_a_guests_family_name(
    patient: Served, terminal: str
) -> None:
    heard = b""
    async with patient.kiosk(terminal) as kiosk:
        profile = PROFILES[terminal]
        for card, pin in (("N001000001", "4817"), ("N001000002", "5926"), ("N001000007", "6038")):
            for message in (status(card, pin), information(card, pin), enable(card, pin), block(card)):
                body = profile.codec.encode(message)
                heard += await kiosk.say(sip2.seal(body, "3", True, b"")) + b"\n"
    for text in PERSONAL:
        assert text.encode(profile.encoding) not in heard
    assert heard.count(b"\n") == 12


async def test_an_answer_has_the_date_of_the_library_and_every_count(patient: Served) -> None:
    async with patient.kiosk("storbyen-1") as kiosk:
        answer = await kiosk.information("N001000001", "4817")
    assert answer.transaction_date != NOW
    assert answer.transaction_date[:8] == patient.clock.local().strftime("%Y%m%d")
    assert {
        answer.hold_items_count,
        answer.overdue_items_count,
        answer.charged_items_count,
        answer.fine_items_count,
        answer.recall_items_count,
        answer.unavailable_holds_count,
    } == {"0000"}


async def test_northern_sami_is_spoken_where_the_charset_holds_its_letters(world: World) -> None:
    world.rewrite_partners(('encoding = "cp850"', 'encoding = "utf-8"'))
    sealed = ScProfile(encoding="utf-8", error_detection=True)
    async with running(world) as served, connected(served.daemon.addresses["sip2"], profile=sealed) as kiosk:
        assert await kiosk.log_in("fjordby-1") == "1"
        answer = await kiosk.status("N001000002", "5926")
    expected = say(Screen.ACTIVATE_AT_DESK, SE, "utf-8", library=LIBRARIES["fjordby-1"])
    assert answer.screen_messages == (expected,)
    assert not SE.fits("cp850")
