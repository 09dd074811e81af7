"""The tests' own ground: coroutines run on the reactor's loop, as tests and as fixtures."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from hypothesis import given
from hypothesis import strategies as some
from twisted.internet import reactor
from twisted.internet.asyncioreactor import AsyncioSelectorReactor

from tests.running import run


@pytest.fixture
async def number() -> int:
    await asyncio.sleep(0)
    return 5


@pytest.fixture
async def loop_of_fixture(number: int) -> AsyncIterator[asyncio.AbstractEventLoop]:
    assert number == 5
    yield asyncio.get_running_loop()
    await asyncio.sleep(0)


async def test_a_test_and_its_fixtures_share_one_loop(loop_of_fixture: asyncio.AbstractEventLoop) -> None:
    assert asyncio.get_running_loop() is loop_of_fixture
    assert type(loop_of_fixture).__module__.startswith("uvloop")
    assert isinstance(reactor, AsyncioSelectorReactor)


@pytest.mark.parametrize("word", ["a", "b"])
async def test_parameters_reach_coroutines(word: str, number: int) -> None:
    assert (word in "ab", number) == (True, 5)


@pytest.mark.xfail(raises=ZeroDivisionError, strict=True)
async def test_an_exception_in_a_coroutine_fails_the_test() -> None:
    await asyncio.sleep(0)
    raise ZeroDivisionError


@given(some.integers())
async def test_a_property_may_be_a_coroutine(value: int) -> None:
    await asyncio.sleep(0)
    assert value - value == 0


def test_a_plain_test_can_run_a_coroutine() -> None:
    async def twice(value: int) -> int:
        await asyncio.sleep(0)
        return 2 * value

    assert run(twice(4)) == 8
