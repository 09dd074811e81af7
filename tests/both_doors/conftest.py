"""One daemon, asked by both doors."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.gateway.worlds import PATIENT, Served, demo, running


@pytest.fixture
async def served(tmp_path: Path) -> AsyncIterator[Served]:
    """A daemon for each test that changes something."""
    async with running(await demo(tmp_path / "world")) as daemon:
        yield daemon


@pytest.fixture(scope="module")
async def patient(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Served]:
    """One daemon whose limits no table of wrong PINs meets."""
    world = await demo(tmp_path_factory.mktemp("patient") / "world")
    async with running(world, settings=PATIENT) as daemon:
        yield daemon
