"""Daemons whose NCIP door is asked: over HTTP and raw, and patient with wrong PINs where tests share one."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.gateway.worlds import PATIENT, Served, World, demo, running, until

RAW = """
[[listeners.ncip]]
name = "raw"
transport = "tcp"
port = 0
"""


@pytest.fixture
async def served(world: World) -> AsyncIterator[Served]:
    """A daemon with a raw listener beside HTTP's."""
    async with running(world, settings=RAW) as daemon:
        yield daemon


@pytest.fixture(scope="module")
async def one_daemon(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Served]:
    """One daemon for all tests of a module that change nothing, with limits that no table of wrong PINs meets."""
    world = await demo(tmp_path_factory.mktemp("shared") / "world")
    async with running(world, settings=RAW + PATIENT) as daemon:
        yield daemon


@pytest.fixture
async def shared(one_daemon: Served) -> AsyncIterator[Served]:
    """The module's daemon, for a test that leaves nothing behind but counted requests and rules, which are put back."""
    door = one_daemon.daemon._ncip
    rules = door.rules
    yield one_daemon
    door.rules = rules
    await until(lambda: door.connections == 0)
