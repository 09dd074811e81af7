"""A world for each test that asks for one."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.gateway.worlds import Served, World, demo, running, until


@pytest.fixture
async def world(tmp_path: Path) -> World:
    """A copy of the demo's world."""
    return await demo(tmp_path / "world")


@pytest.fixture
async def served(world: World) -> AsyncIterator[Served]:
    """A daemon that serves it."""
    async with running(world) as daemon:
        yield daemon


@pytest.fixture(scope="module")
async def one_daemon(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Served]:
    """One daemon for all tests of a module."""
    async with running(await demo(tmp_path_factory.mktemp("shared") / "world")) as daemon:
        yield daemon


@pytest.fixture
async def shared(one_daemon: Served) -> AsyncIterator[Served]:
    """The module's daemon, for a test that leaves nothing behind but counted requests and rules, which are put back."""
    rules = one_daemon.door.rules
    yield one_daemon
    one_daemon.door.rules = rules
    await until(lambda: one_daemon.door.connections == 0)
