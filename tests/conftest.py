"""Lets tests and fixtures be plain coroutines, and makes hypothesis repeat itself.

``async def test_…`` runs as a task on the uvloop-backed asyncio reactor; ``async def`` fixtures, generators
included, are run there too, so that what they open belongs to the loop of the test. Every other test runs outside
the reactor, where :func:`tests.running.run` can run a coroutine (in a hypothesis test, for instance).
"""

from __future__ import annotations

import asyncio
import inspect
import sys
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import hypothesis
import pytest
import pytest_twisted
from twisted.internet.defer import Deferred

from tests.running import run

hypothesis.settings.register_profile("portvakt", derandomize=True, deadline=None)
hypothesis.settings.load_profile("portvakt")


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool:
    """Run a test on the loop where it is a coroutine (or returns a Deferred), else where it stands."""
    wanted = inspect.signature(pyfuncitem.obj).parameters.keys() & pyfuncitem.funcargs.keys()
    with pytest.MonkeyPatch.context() as patch:
        given = getattr(pyfuncitem.obj, "hypothesis", None)
        if given is not None and inspect.iscoroutinefunction(given.inner_test):
            patch.setattr(given, "inner_test", _plain(given.inner_test))
        outcome = pyfuncitem.obj(**{name: pyfuncitem.funcargs[name] for name in wanted})
    if inspect.iscoroutine(outcome):
        run(outcome)
    elif isinstance(outcome, Deferred):
        pytest_twisted.blockon(outcome)
    return True


@pytest.hookimpl(wrapper=True)
def pytest_fixture_setup(fixturedef: pytest.FixtureDef[Any]) -> Generator[None, object, object]:
    """Have a fixture that is a coroutine or an asynchronous generator set up, and torn down, on the loop."""
    with pytest.MonkeyPatch.context() as patch:
        if inspect.isasyncgenfunction(fixturedef.func):
            patch.setattr(fixturedef, "func", _generator(fixturedef.func))
        elif inspect.iscoroutinefunction(fixturedef.func):
            patch.setattr(fixturedef, "func", _plain(fixturedef.func))
        return (yield)


def pytest_sessionfinish() -> None:
    """Drop the databases that tests have made; on a loop of its own, for an interrupted run has no reactor any more."""
    # Not imported above: most runs of a few tests make no database.
    databases = sys.modules.get("tests.registry.storage.databases")
    if databases is not None:
        with ThreadPoolExecutor(1) as thread:
            thread.submit(asyncio.run, databases.drop_databases()).result()


def _plain(function: Callable[..., Any]) -> Callable[..., Any]:
    def plain(**wanted: Any) -> Any:
        return run(function(**wanted))

    return plain


def _generator(function: Callable[..., Any]) -> Callable[..., Any]:
    def fixture(**wanted: Any) -> Iterator[Any]:
        generator = function(**wanted)
        yield run(anext(generator))
        run(_exhaust(generator))

    return fixture


async def _exhaust(generator: Any) -> None:
    async for _ in generator:
        raise RuntimeError("a fixture yields once")
