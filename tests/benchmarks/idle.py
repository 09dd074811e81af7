"""What an idle connection costs in the daemon's memory, from outside: how the resident set grows."""

from __future__ import annotations

import contextlib
import resource
import socket
import time
from collections.abc import Callable

from tests.benchmarks import conversation, daemon, world
from tests.benchmarks.daemon import Server
from tests.benchmarks.generator import logged_in
from tests.benchmarks.report import Row, at_most

FIRST, ALL = 2500, 7500
"""So many connections are open at the first look, by which whatever memory the start had left over is used; and so many
at the last."""

MOST = 6.0

_PATIENCE = 10.0
_SETTLE = 0.7
"""Seconds that the daemon has to come to rest before it is looked at: longer than its own rounds."""

# Hashing leaves megabytes of free memory behind that malloc would keep, and growth would hide in it.
_NOTHING_HELD_BACK = {"MALLOC_MMAP_THRESHOLD_": "1048576", "MALLOC_TRIM_THRESHOLD_": "65536", "MALLOC_TOP_PAD_": "0"}

Connect = Callable[[int], socket.socket]


def idle() -> list[Row]:
    """Return the rows: who has not logged in, who has, and who has asked for a patron as well."""
    return [
        at_most("memory of an idle connection, logged in", _growth(logged_in), MOST, "KiB", _COUNTED),
        at_most("memory of an idle connection, not logged in", _growth(_stranger), MOST, "KiB", _COUNTED),
        Row("memory of an idle connection that has asked one 63", f"{_growth(_asked_once):.2f} KiB"),
    ]


_COUNTED = f"{ALL - FIRST} connections"


def _growth(connect: Connect) -> float:
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    daemons = daemon.running(core=None, per_login=ALL, connections=ALL, environment=_NOTHING_HELD_BACK)
    with daemons as server, contextlib.ExitStack() as open_ones:

        def grow_to(count: int, start: int) -> int:
            for _ in range(start, count):
                open_ones.enter_context(contextlib.closing(connect(server.port)))
            return _memory_at_rest(server)

        few = grow_to(FIRST, 0)
        many = grow_to(ALL, FIRST)
    return (many - few) / (ALL - FIRST) / 1024


def _memory_at_rest(server: Server) -> int:
    time.sleep(_SETTLE)
    return server.memory


def _stranger(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), timeout=_PATIENCE)


def _asked_once(port: int) -> socket.socket:
    connection = logged_in(port)
    (card, pin), *_ = world.people(range(1))
    connection.sendall(conversation.question(card, pin, 1))
    connection.recv(4096)
    return connection
