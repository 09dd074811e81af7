"""Folders for commands: a demo made once and copied for each test, and an empty one."""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path

import pytest

from gateway.cli.demo import prepare
from tests.running import run


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A demo's folder, made once."""
    state = tmp_path_factory.mktemp("made") / "var"
    # In a thread, because it has an event loop of its own.
    run(asyncio.to_thread(prepare, state, fresh=False, sip2_port=0, http_port=0))
    return state


@pytest.fixture
def state(made: Path, tmp_path: Path) -> Path:
    """A demo's folder of the test's own."""
    return Path(shutil.copytree(made, tmp_path / "var"))


@pytest.fixture
def config(state: Path) -> Path:
    """The settings file of that demo."""
    return state / "portvakt.toml"
