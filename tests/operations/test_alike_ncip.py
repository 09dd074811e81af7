"""A stolen card without its PIN (T5): what fails is told alike by every byte, and time tells nothing either.

Times are not measured here: what makes them alike is. A card that nobody has costs the same hash as a wrong PIN, one
that is locked costs none, and each of them is told on the stroke, whatever it cost.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from argon2.low_level import Type, verify_secret

from gateway.ncip.exchange import stroke_after
from gateway.ncip.initiators import Place
from tests.gateway.ncip.vendors import card_and_pin, create, http, look_up, problem_of, read, standing_of, user
from tests.gateway.worlds import Served, demo, running

FAILED = "User Authentication Failed"
HERE = Place("127.0.0.1")
LOCKED_CARD, WAITING_CARD, HOUR = "N001000001", "N001000002", 3600.0

SITUATIONS = {
    "wrong PIN": card_and_pin("N001000006", "1111"),
    "unknown card": card_and_pin("N009999999", "4817"),
    "deleted card": card_and_pin("N001000009", "2683"),
    "lost card, wrong PIN": card_and_pin("N001000003", "1111"),
    "locked card, right PIN": card_and_pin(LOCKED_CARD, "4817"),
    "locked card, wrong PIN": card_and_pin(LOCKED_CARD, "1111"),
    "waiting card, right PIN": card_and_pin(WAITING_CARD, "5926"),
    "empty PIN": card_and_pin("N001000006", ""),
    "a number that nobody has": card_and_pin("GRØNN-17", "4817"),
    "cards of two people": user("N001000006") + card_and_pin("N001000007", "6038"),
}
HASHED = {
    "wrong PIN",
    "unknown card",
    "deleted card",
    "lost card, wrong PIN",
    "a number that nobody has",
    "cards of two people",
}
SERVICES: dict[str, Callable[[str], bytes]] = {"LookupUser": look_up, "CreateUser": create}


@pytest.fixture
async def served(tmp_path: Path) -> AsyncIterator[Served]:
    """A daemon in which one card is locked for today, and another one waits a while."""
    async with running(await demo(tmp_path / "world")) as daemon:
        async with http(daemon) as vendor:
            for _ in range(5):
                assert await vendor.problem(look_up(card_and_pin(LOCKED_CARD, "1111"))) == FAILED
                daemon.clock.turn(HOUR)
            for _ in range(3):
                assert await vendor.problem(look_up(card_and_pin(WAITING_CARD, "1111"))) == FAILED
        yield daemon


@pytest.fixture
def hashes(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The stored hashes that PINs are checked against from now on, in order; each is still checked."""
    seen: list[str] = []

    def verified(stored: bytes, given: bytes, kind: Type) -> bool:
        seen.append(stored.decode())
        return verify_secret(stored, given, kind)

    monkeypatch.setattr("registry.credentials.pins.verify_secret", verified)
    return seen


@pytest.fixture
def pauses(served: Served) -> list[float]:
    """How long answers are held back from now on, in seconds; the clock is turned instead of waiting."""
    told: list[float] = []

    async def pause(seconds: float) -> None:
        told.append(seconds)
        served.clock.turn(seconds)

    served.daemon._ncip.exchange._pause = pause
    return told


@pytest.mark.parametrize("service", SERVICES)
async def test_what_fails_is_told_by_the_same_bytes(service: str, served: Served) -> None:
    async with http(served) as vendor:
        pages = {name: await vendor.post(SERVICES[service](who)) for name, who in SITUATIONS.items()}
    assert {problem_of(page.message) for page in pages.values()} == {FAILED}
    assert len({(page.status, tuple(page.headers.items()), page.body) for page in pages.values()}) == 1


@pytest.mark.parametrize("situation", SITUATIONS)
async def test_an_unknown_card_costs_the_hash_of_a_wrong_pin_and_a_locked_one_none(
    situation: str, served: Served, hashes: list[str], pauses: list[float]
) -> None:
    answer = served.daemon._ncip.exchange.answer(look_up(SITUATIONS[situation]), HERE)
    assert not isinstance(answer, bytes)
    assert problem_of(read(await answer)) == FAILED
    assert len(hashes) == (situation in HASHED)
    # Memory, passes and lanes, which is all that a hash's time depends on.
    assert {stored.split("$")[3] for stored in hashes} <= {"m=8192,t=1,p=1"}


@pytest.mark.parametrize("service", SERVICES)
@pytest.mark.parametrize("situation", SITUATIONS)
async def test_what_fails_is_told_on_the_stroke_and_never_before(
    situation: str, service: str, served: Served, pauses: list[float]
) -> None:
    exchange, stroke = served.daemon._ncip.exchange, served.daemon._ncip.rules.stroke
    began = served.clock.monotonic()
    answer = exchange.answer(SERVICES[service](SITUATIONS[situation]), HERE)
    assert not isinstance(answer, bytes), "whatever is known at once waits as well"
    assert problem_of(read(await answer)) == FAILED
    assert pauses
    assert 0 < pauses[0] <= stroke
    assert served.clock.monotonic() - began >= stroke


async def test_who_has_the_right_pin_waits_for_nothing(served: Served, pauses: list[float]) -> None:
    ragnhild = look_up(card_and_pin("N001000007", "6038"))
    async with http(served) as vendor:
        for _ in range(2):
            assert standing_of(await vendor.ask(ragnhild)) == "Active"
        assert await vendor.problem(look_up(card_and_pin("N001000003", "3704"))) == "User Access Denied"
    assert pauses == []


async def test_nobody_waits_longer_than_an_answer_may_take(served: Served, pauses: list[float]) -> None:
    exchange = served.daemon._ncip.exchange
    rules = exchange._rules()
    answer = exchange.answer(look_up(SITUATIONS["locked card, right PIN"]), HERE)
    assert not isinstance(answer, bytes)
    # The next stroke is behind the end of the time that an answer has.
    served.clock.turn(rules.answer - rules.stroke / 10)
    await answer
    assert sum(pauses) <= rules.stroke / 5


@pytest.mark.parametrize(
    ("took", "told"), [(0.0, 0.05), (0.01, 0.05), (0.0499, 0.05), (0.05, 0.1), (0.08, 0.1), (2.01, 2.05)]
)
def test_a_stroke_is_the_next_one_and_never_now(took: float, told: float) -> None:
    assert stroke_after(took, 0.05) == pytest.approx(told)
