"""terminal: a kiosk is tried at the kiosk, by staff, before it takes anybody's acceptance."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from click.testing import Result

from protocols import sip2
from registry.activating import Commission
from registry.domain.institution import LendingUnitId
from tests.cli.commands import portvakt
from tests.gateway.kiosks import Kiosk
from tests.gateway.libraries import Library, library
from tests.gateway.sip2.consent_world import GUEST, PIN, asks, lends
from tests.gateway.worlds import demo, until
from tests.simulators import ils_requests as asking

TRIAL = "Dette var en prøve: Ingenting er lånt, godtatt eller betalt."
KIOSK = 'consent_channels = ["kiosk", "phone", "desk"]'


@pytest.fixture
async def here(tmp_path: Path) -> AsyncIterator[Library]:
    """Storbyen, whose kiosk may be commissioned and was not yet; and a Fjordby that wants everybody at the desk."""
    place = await demo(tmp_path / "world")
    text = place.partners.read_text("utf-8")
    place.partners.write_text(text.replace('consent_channels = ["phone", "desk"]', KIOSK), "utf-8")
    async with library(place) as found:
        for one in await found.served.register.commissions.commissions():
            await found.served.register.commissions.switch_off(one.terminal, one.unit, "test", "begin anew")
        yield found


def settings(tmp_path: Path) -> Path:
    return tmp_path / "world" / "portvakt.toml"


async def told(here: Library, terminal: str = "storbyen-1") -> Commission | None:
    """What the register has of a terminal."""
    return {one.terminal: one for one in await here.served.register.commissions.commissions()}.get(terminal)


def paid() -> sip2.FeePaid:
    return sip2.FeePaid(
        transaction_date=asking.NOW,
        fee_type="01",
        payment_type="00",
        currency_type="NOK",
        fee_amount="0.01",
        institution_id="NO-2030000",
        patron_identifier=GUEST,
    )


async def tried(
    here: Library, tmp_path: Path, steps: str, answers: str = "y\ny\n"
) -> tuple[Result, list[sip2.Message]]:
    """The outcome of a trial in which the kiosk does these steps, and what it was answered."""
    config = settings(tmp_path)
    words = ("terminal", "commission", "storbyen-1", "--card", GUEST)
    command = asyncio.ensure_future(portvakt(*words, config=config, given=answers))
    trials = here.served.door.consenting.trials
    await until(lambda: trials.runs("storbyen-1"), 10)
    async with here.kiosk() as kiosk:
        said = [await _step(kiosk, step) for step in steps.split()]
    if "yes" not in steps:
        here.served.clock.turn(601)  # the time is over
    return await command, said


async def _step(kiosk: Kiosk, step: str) -> sip2.Message:
    if step == "pay":
        return await kiosk.ask(paid())
    return await lends(kiosk, fee={"no": "N", "yes": "Y", "silent": None}[step], pin=PIN)


async def test_a_kiosk_that_shows_the_rules_and_wants_no_money_is_turned_on(here: Library, tmp_path: Path) -> None:
    result, (shown, yes) = await tried(here, tmp_path, "no yes")
    assert result.exit_code == 0, result.output
    assert isinstance(shown, sip2.CheckoutResponse)
    assert isinstance(yes, sip2.CheckoutResponse)
    assert asks(shown)
    # What staff are told to look for is what was sent.
    assert all(line in result.output for line in shown.screen_messages)
    assert (yes.ok, yes.fee_amount, yes.screen_messages) == ("0", None, (TRIAL,))
    assert "the kiosk has said yes" in result.output
    assert "takes acceptances of loan rules from now on" in result.output
    found = await told(here)
    assert found is not None
    assert (found.on, found.unit) == (True, "NO-2030000")
    assert found.actor.startswith("operator")
    # Nothing of the trial has reached the library system, and the patron stands as before.
    assert here.asked("11") == 0
    assert not here.served.door.consenting.trials.runs("storbyen-1")


@pytest.mark.parametrize(
    ("steps", "answers", "why"),
    [
        ("no yes", "n\ny\n", "the text was not shown whole"),
        ("no yes", "y\nn\n", "a payment was started"),
        ("yes", "", "it says yes to fees by itself"),
        ("no pay yes", "", "it reported a payment"),
        ("silent", "", "it said nothing of fees"),
        ("no", "", "no yes came from it in time"),
    ],
)
async def test_a_kiosk_that_fails_the_trial_is_turned_off(
    here: Library, tmp_path: Path, steps: str, answers: str, why: str
) -> None:
    await here.served.register.commissions.commission("storbyen-1", _unit(here), "test")
    result, _ = await tried(here, tmp_path, steps, answers)
    assert (result.exit_code, why in result.output) == (1, True), result.output
    found = await told(here)
    assert found is not None
    assert found.on is False
    assert why in found.reason
    assert here.asked("37") == here.asked("11") == 0


async def test_other_cards_and_what_has_happened_are_no_part_of_a_trial(here: Library) -> None:
    here.served.door.consenting.trials.begin("storbyen-1", GUEST, ["Regler"], 60.0)
    async with here.kiosk() as kiosk:
        lent = await lends(kiosk, "S100001", fee="N", pin="6417")
        assert lent.ok == "1"
        undone = await lends(kiosk, fee="Y", cancel="Y")
        assert (undone.ok, undone.screen_messages != (TRIAL,)) == ("0", True)
        assert here.served.door.consenting.trials.heard("storbyen-1") == ()
        shown = await lends(kiosk, f" {GUEST.lower()}* ", fee="N")
        assert (asks(shown), shown.screen_messages) == (True, ("Regler",))
        here.served.clock.turn(61)
        assert not asks(await lends(kiosk, fee="N"))


async def test_the_outcome_of_a_trial_can_be_told_without_one(here: Library, tmp_path: Path) -> None:
    config = settings(tmp_path)
    words = ("terminal", "commission", "storbyen-1")
    well = await portvakt(*words, "--text-shown", "yes", "--no-payment", "yes", config=config)
    assert well.exit_code == 0, well.output
    listed = await portvakt("terminal", "list", config=config)
    assert "storbyen-1  on since" in listed.output
    assert "fjordby-1  never tried" in listed.output
    badly = await portvakt(*words, "--text-shown", "yes", "--no-payment", "no", config=config)
    assert (badly.exit_code, "a payment was started" in badly.output) == (1, True)
    assert "storbyen-1  off since" in (await portvakt("terminal", "list", config=config)).output


async def test_a_kiosk_is_stopped_with_a_reason(here: Library, tmp_path: Path) -> None:
    config = settings(tmp_path)
    await here.served.register.commissions.commission("storbyen-1", _unit(here), "test")
    words = ("terminal", "stop", "storbyen-1", "--reason", "new software")
    stopped = await portvakt(*words, config=config)
    assert stopped.exit_code == 0, stopped.output
    found = await told(here)
    assert found is not None
    assert (found.on, found.reason) == (False, "new software")
    again = await portvakt(*words, config=config)
    assert (again.exit_code, "takes no acceptances" in again.output) == (1, True)
    nobody = await portvakt("terminal", "stop", "nix", "--reason", "x", config=config)
    assert (nobody.exit_code, "the partner files tell of no terminal nix" in nobody.output) == (1, True)
    never = await portvakt("terminal", "stop", "fjordby-1", "--reason", "x", config=config)
    assert (never.exit_code, "fjordby-1 takes no acceptances" in never.output) == (1, True)


@pytest.mark.parametrize(
    ("words", "status", "why"),
    [
        (("nobody-1",), 1, "tell of no terminal nobody-1"),
        (("storbyen-door",), 1, "consent_channels"),
        (("fjordby-1",), 1, "no library system"),
        (("storbyen-1", "--text-shown", "yes"), 2, "together"),
        (("storbyen-1", "--card", GUEST, "--minutes", "61"), 2, "61"),
        (("storbyen-1", "--card", "x"), 2, "N and nine digits"),
        (("storbyen-1", "--card", "N12"), 2, "N and nine digits"),
    ],
)
async def test_what_cannot_be_tried_is_said_why(
    here: Library, tmp_path: Path, words: tuple[str, ...], status: int, why: str
) -> None:
    result = await portvakt("terminal", "commission", *words, config=settings(tmp_path))
    assert (result.exit_code, why in result.output) == (status, True), result.output


async def test_without_a_daemon_nothing_can_be_tried_and_nothing_is_recorded(here: Library, tmp_path: Path) -> None:
    before = await told(here)
    other = tmp_path / "world" / "other"
    config = settings(tmp_path)
    text = config.read_text("utf-8")
    elsewhere = config.with_name("elsewhere.toml")
    url = f'[database]\nurl = "sqlite:///{tmp_path / "world" / "portvakt.db"}"\n'
    elsewhere.write_text(text.replace('directory = "."', f'directory = "{other}"') + url, "utf-8")
    result = await portvakt("terminal", "commission", "storbyen-1", "--card", GUEST, config=elsewhere)
    assert (result.exit_code, "no daemon serves" in result.output) == (1, True), result.output
    assert await told(here) == before


def _unit(here: Library) -> LendingUnitId:
    asker = here.served.door.terminals.by_id("storbyen-1")
    assert asker is not None
    assert asker.asker.unit is not None
    return asker.asker.unit
