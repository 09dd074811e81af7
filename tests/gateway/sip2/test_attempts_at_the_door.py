"""Wrong PINs through the door: what is counted, what is hashed, and what the patron is told."""

from __future__ import annotations

import asyncio

import pytest

from gateway.words.languages import Language
from gateway.words.screen import Screen, say, waiting
from protocols import sip2
from registry.domain.card import CardNumber
from registry.domain.institution import LendingUnitId
from tests.gateway.kiosks import Kiosk, information, status
from tests.gateway.worlds import Served, World, running, until

CARD, PIN, WRONG = "N001000001", "4817", "2468"


def words(screen: Screen, charset: str = "utf-8") -> tuple[str, ...]:
    return (say(screen, Language.NB, charset),)


def wait_words(seconds: float) -> tuple[str, ...]:
    screen, values = waiting(seconds)
    return (say(screen, Language.NB, "utf-8", **values),)


async def told(kiosk: Kiosk, card: str, pin: str) -> tuple[str, ...]:
    """The screen messages; the PIN must not have been proved."""
    answer = await kiosk.status(card, pin)
    assert (answer.valid_patron_password, answer.personal_name) == ("N", "")
    return answer.screen_messages


async def test_three_wrong_pins_at_one_kiosk_make_the_card_wait_there_and_nowhere_else(served: Served) -> None:
    async with served.kiosk("storbyen-1") as kiosk, served.kiosk("storbyen-door") as door:
        for _ in range(3):
            assert await told(kiosk, CARD, WRONG) == words(Screen.WRONG_PIN)
        for pin in (WRONG, PIN):
            (line,) = await told(kiosk, CARD, pin)
            assert line.startswith("For mange forsøk med PIN-kode. Prøv igjen om ")
            assert line.endswith(" sekunder.")
        assert served.hashed() == 3
        # The victim of somebody else's guesses is still served at another terminal.
        answer = await door.status(CARD, PIN)
        assert answer.screen_messages[0].startswith("Kortet må aktiverast her")
        served.clock.turn(31)
        assert (await kiosk.status(CARD, PIN)).personal_name == "Ågot"


async def test_the_wait_doubles_with_each_further_wrong_pin(served: Served) -> None:
    async with served.kiosk("storbyen-1") as kiosk:
        for _ in range(3):
            await told(kiosk, CARD, WRONG)
        served.clock.turn(31)
        assert await told(kiosk, CARD, WRONG) == words(Screen.WRONG_PIN)
        served.clock.turn(31)
        assert (await told(kiosk, CARD, PIN))[0].startswith("For mange forsøk")
        served.clock.turn(30)
        assert (await kiosk.status(CARD, PIN)).valid_patron_password == "Y"


async def test_five_wrong_pins_a_day_lock_the_card_everywhere_until_the_day_is_over(served: Served) -> None:
    logins = ("storbyen-1", "storbyen-door", "fjordby-1", "film-1")
    for login in (*logins, "storbyen-door"):
        async with served.kiosk(login) as kiosk:
            await told(kiosk, CARD, WRONG)
    for login in logins:
        async with served.kiosk(login) as kiosk:
            for pin in (PIN, WRONG):
                charset = "cp850" if login == "fjordby-1" else "utf-8"
                assert await told(kiosk, CARD, pin) == words(Screen.TOO_MANY_TRIES_STAFF, charset)
            # Without a PIN the card is as it was.
            assert await told(kiosk, CARD, "") == ()
    assert served.hashed() == 5
    served.clock.turn(86_401)
    async with served.kiosk("storbyen-1") as kiosk:
        assert (await kiosk.status(CARD, PIN)).valid_patron_password == "Y"


async def test_the_right_pin_is_not_hashed_while_the_card_is_locked(served: Served) -> None:
    async with served.kiosk("storbyen-1") as kiosk:
        assert (await kiosk.status(CARD, PIN)).valid_patron_password == "Y"
        served.clock.turn(301)
        accepted = served.rise("pin_verifications_total", result="accepted")
        locked = served.rise("pin_verifications_total", result="locked")
        for number in range(3):
            await told(kiosk, CARD, f"999{number}")
        for _ in range(5):
            await told(kiosk, CARD, PIN)
    assert (accepted(), locked(), served.hashed()) == (0, 5, 3)


async def test_a_pin_that_was_right_a_moment_ago_is_refused_while_the_card_waits(served: Served) -> None:
    async with served.kiosk("storbyen-1") as kiosk:
        assert (await kiosk.status(CARD, PIN)).valid_patron_password == "Y"
        for _ in range(3):
            await told(kiosk, CARD, WRONG)
        assert (await told(kiosk, CARD, PIN))[0].startswith("For mange forsøk")


async def test_staff_unlock_a_card_and_the_running_daemon_knows(world: World, served: Served) -> None:
    async with served.kiosk("storbyen-1") as kiosk, served.kiosk("storbyen-door") as door:
        for asker in (kiosk, door, kiosk, door, kiosk):
            await told(asker, CARD, WRONG)
        assert await told(kiosk, CARD, PIN) == words(Screen.TOO_MANY_TRIES_STAFF)
        async with world.at_the_prompt() as register:
            await register.cards.unlock(CardNumber(CARD), "test")
        async with asyncio.timeout(5):
            while (await kiosk.status(CARD, PIN)).valid_patron_password != "Y":
                await asyncio.sleep(0.01)


async def test_no_pin_and_an_empty_pin_are_no_attempts(served: Served) -> None:
    async with served.kiosk("storbyen-1") as kiosk:
        for _ in range(12):
            for asked in (status(CARD, ""), information(CARD), information(CARD, "")):
                answer = await kiosk.ask(asked)
                assert getattr(answer, "valid_patron_password", None) == "N"
                assert getattr(answer, "screen_messages", None) == ()
        assert (await kiosk.status(CARD, PIN)).valid_patron_password == "Y"
    for result in ("rejected", "locked"):
        assert served.counted("pin_verifications_total", result=result) == 0


async def test_a_right_pin_begins_the_row_anew_but_not_the_day(served: Served) -> None:
    async with served.kiosk("storbyen-1") as kiosk:
        for _ in range(2):
            for pin in (WRONG, WRONG, PIN):
                answer = await kiosk.status(CARD, pin)
                assert answer.valid_patron_password == ("Y" if pin == PIN else "N")
                served.clock.turn(1)
        assert await told(kiosk, CARD, WRONG) == words(Screen.WRONG_PIN)
        assert await told(kiosk, CARD, PIN) == words(Screen.TOO_MANY_TRIES_STAFF)


async def test_twenty_connections_that_guess_at_once_hash_no_more_than_the_limit(served: Served) -> None:
    async def guess(number: int) -> list[str]:
        async with served.kiosk("storbyen-1") as kiosk:
            frames = [status(CARD, f"{number:02}{again:02}") for again in range(5)]
            kiosk.send(b"".join(sip2.Codec("utf-8").encode(one) + b"\r" for one in frames))
            answers = [sip2.Codec("utf-8").decode(await kiosk.frame()) for _ in frames]
        return [getattr(answer, "valid_patron_password", "?") for answer in answers]

    heard = await asyncio.gather(*(guess(number) for number in range(20)))
    assert [one for each in heard for one in each] == ["N"] * 100
    assert served.hashed() == 3


async def test_equal_checks_at_once_are_joined_and_honest_ones_all_let_in(served: Served) -> None:
    async def ask() -> str:
        async with served.kiosk("storbyen-1") as kiosk:
            return (await kiosk.status(CARD, PIN)).valid_patron_password or ""

    assert await asyncio.gather(*(ask() for _ in range(20))) == ["Y"] * 20
    assert served.counted("pin_verifications_total", result="locked") == 0


async def test_equal_checks_at_two_libraries_at_once_are_remembered_at_both(served: Served) -> None:
    async def ask(login: str) -> str:
        async with served.kiosk(login) as kiosk:
            return (await kiosk.status(CARD, PIN)).valid_patron or ""

    await asyncio.gather(ask("storbyen-1"), ask("fjordby-1"))
    async with served.register.database.unit_of_work() as work:
        for unit, terminal in (("NO-2030000", "storbyen-1"), ("NO-2120100", "fjordby-1")):
            met = await work.encounters.find(LendingUnitId(unit), terminal, CardNumber(CARD), served.clock.steady())
            assert met is not None


async def test_a_right_pin_in_the_midst_of_wrong_ones_is_heard_below_the_limit(served: Served) -> None:
    async def ask(pin: str) -> str:
        async with served.kiosk("storbyen-1") as kiosk:
            return (await kiosk.status(CARD, pin)).valid_patron_password or ""

    assert list(await asyncio.gather(ask("1111"), ask(PIN), ask("2222"))) == ["N", "Y", "N"]


async def test_an_unknown_number_is_hashed_and_limited_like_a_known_one(served: Served) -> None:
    async with served.kiosk("storbyen-1") as kiosk:
        for number in range(6):
            answer = await kiosk.status("N001999999", f"135{number}")
            assert (answer.valid_patron, answer.screen_messages) == ("N", words(Screen.UNKNOWN_CARD))
    assert served.hashed() == 3
    assert served.counted("pin_verifications_total", result="locked") == 3


async def test_a_terminal_with_too_many_failures_is_refused_for_a_while_and_another_is_not(world: World) -> None:
    settings = "[attempts.terminal]\nfailures = 2\ncards = 2\ndelay = 0\nfactor = 2\n"
    async with running(world, settings=settings) as served:
        async with served.kiosk("storbyen-1") as kiosk, served.kiosk("storbyen-door") as door:
            for number in (1, 2, 5, 6):
                assert await told(kiosk, f"N00100000{number}", WRONG) == words(Screen.WRONG_PIN)
            assert await told(kiosk, "N001000007", "6038") == wait_words(600)
            # Local cards, a card alone, and what needs no PIN are never touched.
            assert (await kiosk.status("S1")).screen_messages == words(Screen.UNKNOWN_CARD)
            assert await told(kiosk, "N001000007", "") == ()
            assert (await door.status("N001000007", "6038")).personal_name == "Østby, Ragnhild"
            served.clock.turn(601)
            assert (await kiosk.status("N001000007", "6038")).personal_name == "Østby, Ragnhild"
        assert served.counted("throttle_total", scope="terminal") > 0


async def test_a_slowed_terminal_is_held_back_but_never_beyond_what_kiosks_wait(world: World) -> None:
    settings = "[attempts.terminal]\nfailures = 1\ndelay = 0.05\n"
    async with running(world, settings=settings) as served, served.kiosk("storbyen-1") as kiosk:
        loop = asyncio.get_running_loop()
        await told(kiosk, CARD, WRONG)
        began = loop.time()
        assert await told(kiosk, "N001000005", WRONG) == words(Screen.WRONG_PIN)
        assert 0.05 <= loop.time() - began < 2.5


async def test_who_walks_through_the_numbers_is_told_nothing_more(world: World) -> None:
    settings = "[attempts.strangers]\ncards = 4\nfactor = 2\n[attempts.terminal]\ndelay = 0\n"
    async with running(world, settings=settings) as served, served.kiosk("storbyen-1") as kiosk:
        seen = [await kiosk.status(f"N0017770{number:02}") for number in range(9)]
        assert [one.screen_messages == wait_words(600) for one in seen] == [False] * 8 + [True]
        known, unknown = await kiosk.status("N001000001"), await kiosk.status("N001777799")
        assert (known.valid_patron, known.patron_status) == (unknown.valid_patron, unknown.patron_status)
        assert known.screen_messages == unknown.screen_messages == wait_words(600)
        # A patron of this library is never a stranger, and a right PIN is no look at one.
        assert (await kiosk.status("N001000002")).screen_messages == ()
        assert await kiosk.works()


@pytest.mark.parametrize("pin", ["4817 ", " 4817", "04817", "481", "48177", "٤٨١٧", "4817\x00"])
async def test_only_the_very_pin_is_the_pin(served: Served, pin: str) -> None:
    async with served.kiosk("storbyen-1") as kiosk:
        raw = sip2.Codec("utf-8").encode(status(CARD, "")).replace(b"AD|", b"AD" + pin.encode() + b"|")
        answer = sip2.Codec("utf-8").decode(await kiosk.say(raw))
        assert isinstance(answer, sip2.PatronStatusResponse)
        assert (answer.valid_patron, answer.valid_patron_password) == ("Y", "N")
    await until(lambda: served.hashed() == 1)
