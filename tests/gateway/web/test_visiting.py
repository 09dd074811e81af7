"""Behind the PIN: the rules and the yes, every state in every language, and the patron's libraries."""

from __future__ import annotations

import dataclasses

import pytest

from gateway.delivery.waiting import TOMORROW, Pace, WaitingWords
from gateway.web.speech import Key, Speech
from gateway.words.keys import Screen
from gateway.words.languages import Language
from gateway.words.page_keys import Text
from registry.domain.card import CardNumber
from registry.domain.consent import Channel
from registry.domain.institution import InstitutionId, RulesText
from registry.domain.patron import Language as Spoken
from registry.domain.standing import StandingState
from tests.gateway.web.browser import Answer, Browser
from tests.gateway.web.conftest import House
from tests.gateway.web.portal import FJORDBY, KARI, LITEN, NILS, PER, PIN, RULES, STORBYEN
from tests.gateway.web.visits import go_in

S = StandingState
NAME = "Storbyen folkebibliotek"

# Who stands how where → what is said, and what can be pressed.
SITUATIONS: dict[str, tuple[CardNumber, InstitutionId, S | None, tuple[Key, ...], set[str]]] = {
    "a stranger": (KARI, STORBYEN, None, (Text.RULES_TITLE, Text.AGREE), {"/rules", "/leave"}),
    "a guest": (KARI, STORBYEN, S.GUEST, (Text.RULES_TITLE, Text.AGREE), {"/rules", "/leave"}),
    "ended": (KARI, STORBYEN, S.ENDED, (Text.RULES_TITLE, Text.AGREE), {"/rules", "/leave"}),
    "waits for the desk": (
        KARI, STORBYEN, S.AWAITING_DESK, (Text.AWAITING_TITLE, Screen.AWAITING_DESK), {"/withdraw", "/leave"}
    ),
    "consented": (
        KARI, STORBYEN, S.CONSENTED, (Text.SETUP_TITLE, Screen.BEING_SET_UP_PLACE_AGAIN), {"/withdraw", "/leave"}
    ),
    "delivering": (KARI, STORBYEN, S.DELIVERING, (Text.SETUP_TITLE, Screen.BEING_SET_UP_PLACE_AGAIN), {"/leave"}),
    "unknown": (KARI, STORBYEN, S.UNKNOWN, (Text.SETUP_TITLE, Screen.BEING_SET_UP_PLACE_AGAIN), {"/leave"}),
    "for staff": (KARI, STORBYEN, S.NEEDS_STAFF, (Text.STAFF_TITLE, Screen.SEE_STAFF), {"/leave"}),
    "local": (KARI, STORBYEN, S.LOCAL, (Text.LOCAL_TITLE, Text.LOCAL), {"/leave"}),
    "too young": (LITEN, STORBYEN, None, (Text.YOUNG_TITLE, Text.YOUNG, Text.DESK_TELLS), {"/desk", "/leave"}),
    "where all go to the desk": (KARI, FJORDBY, None, (Text.DESK_TITLE, Text.DESK), {"/desk", "/leave"}),
}  # fmt: skip


@pytest.mark.parametrize("language", list(Language))
@pytest.mark.parametrize("situation", SITUATIONS)
async def test_every_situation_is_said_in_every_language(
    situation: str, language: Language, house: House, browser: Browser
) -> None:
    card, library, state, keys, buttons = SITUATIONS[situation]
    house.portal.stands(card, state, library)
    page = await go_in(browser, card, library, f"?lang={language.value}")
    assert page.status == 200
    assert page.elements("html")[0].get("lang") == language.value
    speech = Speech(language)
    for key in keys:
        said = speech.plain(key, library=house.portal.places[library].name)
        assert "".join(sign for sign in said if sign.isprintable()) in page.words("main")
    assert {action.partition("?")[0].removeprefix(f"/{library}") for action in page.forms()} == buttons
    # The choice goes on with every form and every link.
    assert all(action.endswith(f"?lang={language.value}") for action in page.forms())


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (WaitingWords(Pace.AT_ONCE), "Kortet blir aktivert nå. Vent litt, og legg boka på igjen."),
        (WaitingWords(Pace.MINUTES, 10), "Kortet blir aktivert nå. Prøv igjen om 10 minutter."),
        (WaitingWords(Pace.MINUTES, 1), "Kortet blir aktivert nå. Prøv igjen om 2 minutter."),
        (WaitingWords(Pace.MINUTES, 1440), "Kortet blir aktivert nå. Prøv igjen om 120 minutter."),
        (TOMORROW, "Kortet blir aktivert. Prøv igjen i morgen."),
    ],
)
async def test_how_long_it_takes_is_said_as_the_library_system_is_told(
    words: WaitingWords, said: str, house: House, browser: Browser
) -> None:
    house.waits[0] = words
    page = await browser.send(await go_in(browser), "/rules", agree="yes")
    assert said in page.words("main")


async def test_the_rules_are_shown_whole_and_greeted_by_the_given_name_alone(browser: Browser) -> None:
    page = await go_in(browser)
    shown = page.words("main")
    assert shown.startswith(f"Hei, Kari! Lånereglene til {NAME} Versjon 3 Lånetiden er 28 dager.")
    assert "Meld fra til biblioteket med en gang hvis du mister det." in shown
    assert KARI not in page.text


async def test_a_patron_without_a_name_is_greeted_all_the_same(house: House, browser: Browser) -> None:
    house.portal.people[KARI].given_name = None
    assert (await go_in(browser)).words("main").startswith("Hei! ")


async def test_a_yes_is_kept_with_version_language_and_text(house: House, browser: Browser) -> None:
    page = await go_in(browser, query="?lang=en")
    page = await browser.send(page, "/rules", agree="yes")
    assert (page.path, page.heading) == ("/NO-2030000/rules", "Thank you! Your answer is saved")
    ((_, record),) = house.portal.people[KARI].accepted
    assert (record.version, record.language, record.text) == ("3", Spoken.EN, RULES.texts["en"].full)
    assert house.portal.state(KARI) is S.CONSENTED


async def test_reading_the_page_again_says_when_it_is_done(house: House, browser: Browser) -> None:
    page = await browser.send(await go_in(browser), "/rules", agree="yes")
    house.portal.stands(KARI, S.LOCAL)
    assert (await browser.get(page.path)).heading == f"Du er låner ved {NAME}"


@pytest.mark.parametrize("state", [S.CONSENTED, S.LOCAL])
async def test_a_yes_that_uses_the_ticket_up_is_answered_at_once(
    state: StandingState, house: House, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.portal.used_up_by_a_yes = True
    monkeypatch.setattr("tests.gateway.web.portal.step", lambda *_: state)
    page = await browser.send(await go_in(browser), "/rules", agree="yes")
    titles = {S.CONSENTED: "Takk! Svaret ditt er lagret", S.LOCAL: f"Ferdig! Du er låner ved {NAME}"}
    assert (page.status, page.heading) == (200, titles[state])
    assert not page.forms()
    assert "/NO-2030000" in page.links()


async def test_no_tick_is_no_yes(house: House, browser: Browser) -> None:
    page = await go_in(browser)
    for agree in ("no", "", "YES"):
        page = await browser.send(page, "/rules", agree=agree)
        assert page.status == 422
        assert "Sett et kryss hvis du godtar lånereglene." in page.words("main")
    assert house.portal.state(KARI) is None
    page = await browser.send(page, "/rules", agree="yes")
    assert house.portal.state(KARI) is S.CONSENTED


async def test_rules_that_change_while_they_are_read_are_shown_again(house: House, browser: Browser) -> None:
    page = await go_in(browser)
    texts = {"nb": RulesText(short="Nytt.", full="Nye regler.")}
    house.portal.publish(dataclasses.replace(RULES, version="4", texts=texts))
    page = await browser.send(page, "/rules", agree="yes")
    assert page.status == 409
    assert "Lånereglene ble endret mens du leste." in page.words("main")
    assert "Versjon 4 Nye regler." in page.words("main")
    assert house.portal.state(KARI) is None
    page = await browser.send(page, "/rules", agree="yes")
    assert house.portal.people[KARI].accepted[0][1].version == "4"


async def test_the_same_yes_twice_is_one_yes(house: House, browser: Browser) -> None:
    rules = await go_in(browser)
    first = await browser.send(rules, "/rules", agree="yes")
    second = await browser.send(rules, "/rules", agree="yes")
    assert second.heading == first.heading
    assert len(house.portal.people[KARI].accepted) == 1


async def test_a_yes_after_the_patron_became_local_elsewhere_says_so(house: House, browser: Browser) -> None:
    rules = await go_in(browser)
    house.portal.stands(KARI, S.LOCAL)
    page = await browser.send(rules, "/rules", agree="yes")
    assert (page.status, page.heading) == (200, f"Du er låner ved {NAME}")


# New rules.


async def asked_anew(house: House, browser: Browser) -> Answer:
    """A patron who accepted rules 3 and is local has logged in after rules 4 came into force."""
    page = await browser.send(await go_in(browser), "/rules", agree="yes")
    house.portal.stands(KARI, S.LOCAL)
    texts = {"nb": RulesText(short="Nytt.", full="Nye regler."), "en": RulesText(short="New.", full="New rules.")}
    house.portal.publish(dataclasses.replace(RULES, version="4", texts=texts, renew_acceptance=True))
    return await browser.get(page.path)


async def test_a_local_patron_reads_new_rules_says_yes_and_is_local_as_before(house: House, browser: Browser) -> None:
    page = await asked_anew(house, browser)
    assert page.heading == f"Lånereglene til {NAME}"
    shown = page.words("main")
    assert "Versjon 4 Nye regler." in shown
    assert f"{NAME} har nye låneregler og ber deg svare på dem. Du kan låne som før." in shown
    assert "Ja, jeg godtar dem" in shown
    # What is told of a guest who says yes is told of nobody here.
    assert "fødselsdato" not in shown
    assert (await browser.send(page, "/rules")).status == 422
    page = await browser.send(page, "/rules", agree="yes")
    assert (page.status, page.heading) == (200, f"Du er låner ved {NAME}")
    assert house.portal.state(KARI) is S.LOCAL
    assert [one.version for _, one in house.portal.people[KARI].accepted] == ["3", "4"]


@pytest.mark.parametrize("language", list(Language))
async def test_my_libraries_tell_where_new_rules_wait_and_lead_there(
    language: Language, house: House, browser: Browser
) -> None:
    await asked_anew(house, browser)
    house.portal.stands(KARI, S.LOCAL, FJORDBY)
    house.portal.publish(dataclasses.replace(RULES, renew_acceptance=True), FJORDBY)
    lang = f"?lang={language.value}"
    page = await browser.get(f"/NO-2030000/libraries{lang}")
    waiting = Speech(language).plain(Text.RULES_WAIT)
    assert page.words("main").count(waiting) == 2
    # Of another library card and PIN are asked first: the ticket is this one's.
    assert {f"/NO-2030000/rules{lang}", f"/NO-2120100{lang}"} <= set(page.links())
    there = await browser.get(f"/NO-2030000/rules{lang}")
    assert Speech(language).plain(Text.RENEW) in there.words("main")
    await browser.send(there, "/rules", agree="yes")
    page = await browser.get(f"/NO-2030000/libraries{lang}")
    assert page.words("main").count(waiting) == 1


# The desk.


@pytest.mark.parametrize(("card", "library"), [(LITEN, STORBYEN), (KARI, FJORDBY)])
async def test_the_desk_is_told_that_somebody_comes_and_untold(
    card: CardNumber, library: InstitutionId, house: House, browser: Browser
) -> None:
    page = await go_in(browser, card, library)
    page = await browser.send(page, "/desk")
    assert (page.status, page.heading) == (200, "Skranken vet at du kommer")
    assert house.portal.state(card, library) is S.AWAITING_DESK
    page = await browser.send(page, "/withdraw")
    assert page.heading == "Du har angret"
    assert house.portal.state(card, library) is S.GUEST


async def test_asking_for_the_desk_twice_is_asking_once(house: House, browser: Browser) -> None:
    asked = await go_in(browser, LITEN)
    await browser.send(asked, "/desk")
    assert (await browser.send(asked, "/desk")).heading == "Skranken vet at du kommer"


async def test_a_yes_can_be_taken_back_until_the_library_knows(house: House, browser: Browser) -> None:
    page = await browser.send(await go_in(browser), "/rules", agree="yes")
    house.portal.stands(KARI, S.DELIVERING)
    late = await browser.send(page, "/withdraw")
    assert (late.status, late.heading) == (409, "Du kan ikke angre her")
    house.portal.stands(KARI, S.CONSENTED)
    assert (await browser.send(page, "/withdraw")).heading == "Du har angret"


# The ticket.


@pytest.mark.parametrize("action", ["/rules", "/desk", "/withdraw"])
async def test_whoever_reads_too_long_logs_in_again(action: str, house: House, browser: Browser) -> None:
    situation = {"/rules": None, "/desk": None, "/withdraw": S.CONSENTED}[action]
    card = LITEN if action == "/desk" else KARI
    house.portal.stands(card, situation)
    page = await go_in(browser, card)
    house.clock.turn(901)
    late = await browser.send(page, action, agree="yes")
    assert (late.status, late.heading) == (403, "Du må logge inn på nytt")
    assert "/NO-2030000" in late.links()
    assert house.portal.state(card) is situation
    for path in ("rules", "libraries"):
        assert (await browser.get(f"/NO-2030000/{path}")).status == 403


@pytest.mark.parametrize("ticket", ["", "x", "y" * 40, "ticket-0", "../../etc", "a" * 300])
@pytest.mark.parametrize("path", ["/NO-2030000/rules", "/NO-2030000/libraries"])
async def test_a_made_up_ticket_opens_nothing(ticket: str, path: str, browser: Browser) -> None:
    browser.cookies["portvakt-ticket"] = ticket
    assert (await browser.get(path)).heading == "Du må logge inn på nytt"


async def test_a_ticket_of_one_library_opens_no_other(browser: Browser) -> None:
    await go_in(browser)
    answer = await browser.get("/NO-2120100/rules?lang=nn")
    assert (answer.status, answer.header("location")) == (303, "/NO-2030000/rules?lang=nn")


async def test_logging_out_ends_the_ticket_everywhere(house: House, browser: Browser) -> None:
    page = await go_in(browser)
    kept = dict(browser.cookies)
    left = await browser.send(page, "/leave")
    assert (left.status, left.heading) == (200, "Du er logget ut")
    assert "portvakt-ticket" not in browser.cookies
    browser.cookies = kept
    assert (await browser.get("/NO-2030000/rules")).status == 403
    assert not house.portal.tickets
    assert (await browser.send(page, "/leave")).heading == "Du er logget ut"


@pytest.mark.parametrize("form", ["desk", "withdraw", "leave"])
async def test_the_address_of_a_form_leads_back_to_its_page(form: str, browser: Browser) -> None:
    await go_in(browser)
    answer = await browser.get(f"/NO-2030000/{form}?lang=se")
    assert (answer.status, answer.header("location")) == (303, "/NO-2030000/rules?lang=se")


@pytest.mark.parametrize("language", list(Language))
async def test_whoever_is_not_logged_in_is_promised_nothing(language: Language, house: House, browser: Browser) -> None:
    rules, lang = await go_in(browser, query=f"?lang={language.value}"), f"?lang={language.value}"
    kept = dict(browser.cookies)
    house.portal.tickets.clear()  # as when the card is reported lost
    pages = [await browser.send(rules, "/rules", agree="yes")]
    browser.cookies = {}
    pages.append(await browser.send(rules, "/rules", agree="yes"))
    pages.append(await browser.get(f"/NO-2030000/rules{lang}"))
    browser.cookies = kept
    pages.append(await browser.get(f"/NO-2030000/libraries{lang}"))
    told = {page.words("main") for page in pages}
    assert {page.status for page in pages} == {403}
    assert len(told) == 1
    assert Speech(language).plain(Text.EXPIRED) in told.pop()
    assert not house.portal.people[KARI].accepted


# My libraries.


async def test_my_libraries_say_how_and_since_when_and_what_was_accepted(house: House, browser: Browser) -> None:
    page = await browser.send(await go_in(browser), "/rules", agree="yes")
    house.portal.stands(KARI, S.LOCAL)
    house.portal.stands(KARI, S.AWAITING_DESK, FJORDBY)
    page = await browser.get("/NO-2030000/libraries")
    assert page.heading == "Bibliotekene mine"
    shown = page.words("main")
    assert f"{NAME} Hjemmebiblioteket ditt Du er låner her. Siden 19. oktober 2025" in shown
    assert "Du godtok lånereglene 23. november 2026, versjon 3. På denne nettsiden." in shown
    assert "Vis teksten du godtok Lånetiden er 28 dager." in shown
    assert "Fjordby bibliotek Skranken venter på deg." in shown
    assert "Du har ikke godtatt lånereglene med det nasjonale lånekortet her." in shown


async def test_a_patron_of_no_library_is_told_so(browser: Browser) -> None:
    await go_in(browser)
    page = await browser.get("/NO-2030000/libraries")
    assert "Du er ikke låner ved noe bibliotek ennå." in page.words("main")


@pytest.mark.parametrize("language", list(Language))
@pytest.mark.parametrize("channel", list(Channel))
@pytest.mark.parametrize("state", list(S))
async def test_every_state_and_channel_has_words_in_the_list(
    state: StandingState, channel: Channel, language: Language, house: House, browser: Browser
) -> None:
    await browser.send(await go_in(browser), "/rules", agree="yes")
    person = house.portal.people[KARI]
    person.accepted = [(unit, dataclasses.replace(one, channel=channel)) for unit, one in person.accepted]
    house.portal.stands(KARI, state)
    page = await browser.get(f"/NO-2030000/libraries?lang={language.value}")
    assert page.status == 200
    assert page.elements("html")[0].get("lang") == language.value


# Languages.


@pytest.mark.parametrize(
    ("card", "browser_says", "query", "before", "behind"),
    [
        (KARI, "nb", "", "nb", "nb"),
        (KARI, "en-GB,en;q=0.9", "", "en", "nb"),
        (NILS, "nb,en;q=0.8", "", "nb", "se"),
        (PER, "de,nn;q=0.5,en;q=0.2", "", "nn", "en"),
        (NILS, "en", "?lang=nn", "nn", "nn"),
        (KARI, "fr", "", "nb", "nb"),
        (KARI, "", "?lang=xx", "nb", "nb"),
        (KARI, "en;q=0, se;q=bad, nn;q=0.1", "", "nn", "nb"),
    ],
)
async def test_the_choice_on_the_page_then_the_patron_then_the_browser(
    card: CardNumber, browser_says: str, query: str, before: str, behind: str, house: House
) -> None:
    async with house.browser(browser_says) as browser:
        page = await browser.get(f"/NO-2030000{query}")
        assert page.elements("html")[0].get("lang") == before
        page = await go_in(browser, card, query=query)
        assert page.elements("html")[0].get("lang") == behind


async def test_rules_can_be_read_in_another_language_and_where_there_is_none_that_is_said(browser: Browser) -> None:
    page = await go_in(browser)
    (nynorsk,) = [link for link in page.links() if link.endswith("lang=nn")]
    page = await browser.get(nynorsk)
    assert "Lånetida er 28 dagar." in page.words("main")
    page = await browser.get("/NO-2030000/rules?lang=se")
    (rules,) = [one for one in page.elements("div") if one.get("id") == "rules"]
    assert (page.elements("html")[0].get("lang"), rules.get("lang")) == ("se", "nb")
    assert "Girjerájus eai leat luoikkahannjuolggadusat dán gillii." in page.words("main")


async def test_what_is_accepted_is_the_text_that_was_shown(house: House, browser: Browser) -> None:
    page = await go_in(browser, query="?lang=se")
    await browser.send(page, "/rules", agree="yes")
    assert house.portal.people[KARI].accepted[0][1].language is Spoken.NB


# Names that were chosen to do harm.

HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "\u202egninrael\u202c",
    "مكتبة",
    "{{ 7*7 }}{0}{library}%s",
    "L" * 200,
    "A" * 400,
    "linje\r\nSet-Cookie: a=b\x00\x1b[31m",
    "\ud800 halv",
    "&lt;b&gt; & co",
]


@pytest.mark.parametrize("name", HOSTILE, ids=range(len(HOSTILE)))
async def test_names_are_shown_as_text_whatever_is_in_them(name: str, house: House, browser: Browser) -> None:
    house.portal.rename(name)
    house.portal.people[KARI].given_name = name
    house.portal.publish(
        dataclasses.replace(
            RULES, version=name[:60] if name.isprintable() else "4", texts={"nb": RulesText(short="x", full=name)}
        )
    )
    page = await browser.get("/NO-2030000")
    page = await browser.send(page, "/NO-2030000", card=name[:30].encode("utf-8", "replace").decode(), pin="1")
    page = await browser.send(page, "/NO-2030000", card=KARI, pin=PIN)
    assert page.path == "/NO-2030000/rules"
    # The browser has judged every page: valid, without scripts, images or handlers, ids and links in order.
    assert not set("\u202e\u202c\x00\x1b") & set(page.text)
    for one in page.elements("bdi"):
        assert len("".join(one.itertext())) <= 200
    if "\ud800" not in name:
        page = await browser.send(page, "/rules", agree="yes")
        assert house.portal.state(KARI) is S.CONSENTED
    house.portal.stands(KARI, S.LOCAL)
    await browser.get("/NO-2030000/rules")
    await browser.get("/NO-2030000/libraries")
