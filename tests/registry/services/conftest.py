"""A register for each test, on both engines."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.registry.services.houses import House, house
from tests.registry.storage.databases import ENGINES


@pytest.fixture(params=ENGINES)
def engine_name(request: pytest.FixtureRequest) -> str:
    """The engine of this run of a test."""
    return str(request.param)


@pytest.fixture
async def empty(engine_name: str, tmp_path: Path) -> AsyncIterator[House]:
    """A register without patrons."""
    async with house(engine_name, tmp_path) as built:
        yield built


@pytest.fixture
async def register(empty: House) -> House:
    """A register with one patron who is a guest everywhere."""
    from tests.registry.services.houses import new_patron

    await empty.patrons.add_patron(new_patron(), "test")
    return empty
