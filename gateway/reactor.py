"""Which reactor the daemon runs on: Twisted's asyncio reactor, over a uvloop loop.

Must be called before anything imports ``twisted.internet.reactor``: the first import decides for the whole process.
"""

from __future__ import annotations

import asyncio
import sys

import uvloop
from twisted.internet import asyncioreactor


class OtherReactorInstalledError(RuntimeError):
    """Something imported ``twisted.internet.reactor`` before ``install`` was called."""


def install() -> asyncioreactor.AsyncioSelectorReactor:
    """Return this process's reactor on uvloop, and install it at the first call.

    Raises OtherReactorInstalledError when another kind of reactor, or one on another loop, is there already.
    """
    present = sys.modules.get("twisted.internet.reactor")
    if present is None:
        loop = uvloop.new_event_loop()
        asyncio.set_event_loop(loop)
        asyncioreactor.install(loop)
        present = sys.modules["twisted.internet.reactor"]
    if isinstance(present, asyncioreactor.AsyncioSelectorReactor) and isinstance(loop_of(present), uvloop.Loop):
        return present
    raise OtherReactorInstalledError(
        f"{type(present).__name__} is installed already: call gateway.reactor.install() "
        "before anything imports twisted.internet.reactor"
    )


def loop_of(reactor: asyncioreactor.AsyncioSelectorReactor) -> asyncio.AbstractEventLoop:
    """Return the loop a reactor drives, running or not."""
    # Twisted has no public name for it, and asyncio's "current loop" is unset inside callWhenRunning.
    loop: asyncio.AbstractEventLoop = vars(reactor)["_asyncioEventloop"]
    return loop
