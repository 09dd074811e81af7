"""The demo's story, scene by scene: whoever tells it anew changes this file alone."""

from __future__ import annotations

from gateway.cli.story_stage import Stage
from gateway.demo_world import FJORDBY, PASSWORDS, STORBYEN
from gateway.simulators.phone import Page, Phone
from gateway.words.keys import Screen
from gateway.words.languages import Language
from gateway.words.page_keys import Text
from gateway.words.page_texts import TEXTS
from gateway.words.screen import say

_UTF_8 = "utf-8"


def play(stage: Stage) -> None:
    """Play all scenes on a demo that was just made."""
    for scene in (at_the_kiosk, on_the_phone, at_the_desk, too_young, closed_for_the_day):
        scene(stage)


def at_the_kiosk(stage: Stage) -> None:
    """A guest reads the rules on a kiosk's screen, says yes, and has the book."""
    stage.scene("A card from the other end of the country, at a kiosk of Storbyen")
    stage.at_kiosk("The kiosk logs in, as it does every morning.", f"login storbyen-1 {PASSWORDS['storbyen-1']}")
    stage.at_kiosk(
        "Ågot, who has never been here, scans her card and types her PIN. The library learns her first name.",
        "patron N001000001 4817\nexpect BL Y\nexpect CQ Y\nexpect AE Ågot\nexpect no BD",
    )
    stage.at_kiosk(
        "She places a book. The kiosk shows the loan rules, as it would show a fee, and asks yes or no.",
        "checkout N001000001 30101000001 4817 fee=N\nexpect ok 0\nexpect BT 01\nexpect AF ~Lånetid",
    )
    stage.at_kiosk(
        "She says yes. Her record goes to Storbyen's library system, and the book is hers, in the same breath.",
        "checkout N001000001 30101000001 4817 fee=Y\nexpect ok 1\nexpect AH ~.",
    )
    stage.at_kiosk("She brings it back.", "checkin 30101000001\nexpect ok 1")


def on_the_phone(stage: Stage) -> None:
    """A guest accepts on the page that the library's poster leads to."""
    stage.scene("The same on a phone: the page that the poster's code leads to")
    phone = stage.phone()
    page = _enters(stage, phone, "Bjørn", STORBYEN, "N001000005", "8261")
    stage.says(page, _text(Text.AGREE, Language.NB))
    rules = f"/{STORBYEN}/rules"
    page = stage.sends(
        "He reads the rules, forgets to tick the box, and is told so.", phone, page.form(rules), agree=""
    )
    stage.says(page, _text(Text.AGREE_MISSING, Language.NB))
    page = stage.sends("He ticks the box and says yes.", phone, page.form(rules), agree="yes")
    stage.expect(
        any(_text(one, Language.NB) in page.lines for one in (Text.DONE_TITLE, Text.SETUP_TITLE)),
        f"{page.path} does not thank",
    )
    stage.command_until(
        "Storbyen's library system has him at once.",
        ["standings", "list", "N001000005"],
        f"{STORBYEN}  local",
    )
    stage.at_kiosk(
        "He goes to the kiosk and borrows.", "checkout N001000005 30101000002 8261 fee=N\nexpect ok 1\nexpect AH ~."
    )


def at_the_desk(stage: Stage) -> None:
    """A library that wants to see every guest."""
    stage.scene("Fjordby wants to see its guests")
    phone = stage.phone()
    page = _enters(stage, phone, "Ågot", FJORDBY, "N001000001", "4817")
    stage.says(page, _text(Text.DESK_TITLE, Language.NN))
    page = stage.sends("She lets the desk know that she comes.", phone, page.form(f"/{FJORDBY}/desk"))
    stage.says(page, _text(Text.AWAITING_TITLE, Language.NN))
    waiting = stage.command("At the desk, staff see who waits.", ["guests", "list", "--unit", FJORDBY])
    stage.expect("N001000001" in waiting, "nobody waits at Fjordby")
    stage.command(
        "Ågot shows who she is and accepts the rules; staff approve.",
        ["guests", "approve", "N001000001", "--unit", FJORDBY],
    )
    stood = stage.command("Where she stands now.", ["standings", "list", "N001000001"])
    stage.expect(f"{STORBYEN}  local" in stood, "Ågot is not local at Storbyen")
    # Fjordby's staff type her into their system by hand, so she is not local there yet.
    stage.expect(f"{FJORDBY}  consented" in stood, "Ågot's yes at Fjordby is not kept")


def too_young(stage: Stage) -> None:
    """A child cannot accept rules alone."""
    stage.scene("Pål is twelve")
    sentence = say(Screen.TOO_YOUNG, Language.NB, _UTF_8)
    stage.at_kiosk(
        "At the kiosk he is sent to the desk with a guardian, and no rules are offered.",
        "patron N001000008 7495\nexpect CQ Y\ncheckout N001000008 30101000003 7495 fee=Y\n"
        f"expect ok 0\nexpect AF '{sentence}'\nexpect no BT",
    )
    page = _enters(stage, stage.phone(), "Pål", STORBYEN, "N001000008", "7495")
    stage.says(page, _text(Text.YOUNG_TITLE, Language.NB))


def closed_for_the_day(stage: Stage) -> None:
    """A library system that is down delays an activation, and loses nothing."""
    stage.scene("Storbyen's library system is closed for the day")
    stage.at_kiosk(
        "Kim places a book and reads the rules.",
        "patron N001000006 9153\nexpect CQ Y\ncheckout N001000006 30101000003 9153 fee=N\nexpect ok 0\nexpect BT 01",
    )
    stage.tell("The library system is switched off.")
    stage.library_system.close()
    sentence = say(Screen.BEING_SET_UP_PLACE_AGAIN, Language.EN, _UTF_8)
    stage.at_kiosk(
        "Kim says yes. The yes is kept; the book has to wait, and the kiosk says so.",
        f"checkout N001000006 30101000003 9153 fee=Y\nexpect ok 0\nexpect AF '{sentence}'",
    )
    stage.tell("The library system is switched on. Nobody says yes again.")
    stage.library_system.open()
    stage.command_until(
        "Within seconds the courier tries again, and Kim is local.",
        ["standings", "list", "N001000006"],
        f"{STORBYEN}  local",
    )
    stage.at_kiosk(
        "Kim places the book again, and has it.",
        "checkout N001000006 30101000003 9153 fee=N\nexpect ok 1\nexpect AH ~.",
    )


def _enters(stage: Stage, phone: Phone, name: str, library: str, card: str, pin: str) -> Page:
    page = stage.opens(f"{name} opens the library's page.", phone, f"/{library}")
    return stage.sends(f"{name} gives card and PIN.", phone, page.form(f"/{library}"), card=card, pin=pin)


def _text(text: Text, language: Language) -> str:
    return TEXTS[text].in_language(language)
