"""Every storage test runs on both engines; see :mod:`tests.registry.storage.databases`."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from registry.storage.database import Database
from tests.registry.storage.databases import ENGINES, fresh_url, give_back, opened


def pytest_configure(config: pytest.Config) -> None:
    """Make the marker known by which a test says that it is about one engine alone."""
    config.addinivalue_line("markers", "only(engine): run on this engine alone; elsewhere there is nothing to test")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leave out what is about another engine, without calling it skipped."""
    items[:] = [item for item in items if _is_meant(item)]


def _is_meant(item: pytest.Item) -> bool:
    only = item.get_closest_marker("only")
    return only is None or not isinstance(item, pytest.Function) or item.callspec.params["engine_name"] in only.args


@pytest.fixture(params=ENGINES)
def engine_name(request: pytest.FixtureRequest) -> str:
    """The engine of this run of a test."""
    return str(request.param)


@pytest.fixture
async def url(engine_name: str, tmp_path: Path) -> AsyncIterator[str]:
    """The URL of the test's own empty database."""
    url = await fresh_url(engine_name, tmp_path)
    yield url
    give_back(url)


@pytest.fixture
async def database(url: str) -> AsyncIterator[Database]:
    """The test's own empty database, opened."""
    database = await opened(url)
    yield database
    await database.close()
