"""Runs ``portvakt`` commands in a thread of their own: they have an event loop of their own."""

from __future__ import annotations

import asyncio
from pathlib import Path

from click.testing import CliRunner, Result

from gateway.cli.main import main


async def portvakt(*arguments: str | Path, given: str | None = None, config: Path | None = None) -> Result:
    """The result of a command; ``given`` is its standard input."""
    environment = {"PORTVAKT_CONFIG": str(config)} if config else {}
    return await asyncio.to_thread(
        CliRunner().invoke, main, [str(word) for word in arguments], input=given, env=environment
    )
