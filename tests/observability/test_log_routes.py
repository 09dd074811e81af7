"""What others log: in a process of its own, for the routes are the whole process's."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

CANARY = "830174629518"

PROGRAM = """
import asyncio, gc, logging, sys, threading, time, warnings
from gateway.reactor import install, loop_of
reactor = install()
from gateway.observability.log_routes import capture, capture_loop
from gateway.observability.logs import Logs
from twisted.internet.defer import Deferred, fail
from twisted.logger import Logger
canary = "830174629518"
logs = Logs(sys.stdout, key=b"k", level="debug")
logs.start()
undo = capture(logs.log)
capture_loop(logs.log, loop_of(reactor))
def act():
    {act}
reactor.callLater(0, act)
reactor.callLater(0.05, reactor.stop)
reactor.run(installSignalHandlers=False)
gc.collect()
{after}
logs.stop()
"""

SITUATIONS = {
    "a library's warning": ('logging.getLogger("sqlalchemy.pool").warning("row %s", canary)', "", "library_warning"),
    "a library's error": ('logging.getLogger("asyncio").error("frame " + canary)', "", "library_error"),
    "a library's exception": (
        "exec(\"try:\\n raise KeyError(canary)\\nexcept KeyError:\\n logging.getLogger('x').exception(canary)\")",
        "",
        "library_error",
    ),
    "a warning": ("warnings.warn(canary, RuntimeWarning, stacklevel=1)", "", "python_warning"),
    "a Deferred that nobody looked at": ("fail(ValueError(canary))", "", "unexpected"),
    "Twisted's own warning": ('Logger("twisted.x").warn(canary)', "", "library_warning"),
    "Twisted's own failure": (
        "exec(\"try:\\n raise KeyError(canary)\\nexcept KeyError:\\n Logger('x').failure(canary)\")",
        "",
        "unexpected",
    ),
    "an exception under the reactor": ("raise ValueError(canary)", "", "unexpected"),
    "a callback of the loop": ("asyncio.get_running_loop().call_soon(int, canary + 'x')", "", "unexpected"),
    "a lost future": (
        "asyncio.get_running_loop().create_future().set_exception(ValueError(canary))",
        "",
        "unexpected",
    ),
    "an uncaught exception": ("pass", "sys.excepthook(ValueError, ValueError(canary), None)", "unexpected"),
    "a thread's end": (
        "threading.Thread(target=int, args=(canary + 'x',)).start()",
        "",
        "unexpected",
    ),
    "a destructor": (
        "type('D', (), {'__del__': lambda self: int(canary + 'x')})()",
        "",
        "unexpected",
    ),
}


@pytest.mark.parametrize("situation", SITUATIONS)
def test_type_and_place_are_kept_and_no_text(situation: str) -> None:
    act, after, event = SITUATIONS[situation]
    program = PROGRAM.replace("{act}", act).replace("{after}", after)
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=30, check=False)
    lines = [json.loads(line) for line in ran.stdout.splitlines()]
    assert event in [line["event"] for line in lines], ran.stdout + ran.stderr
    assert CANARY not in ran.stdout + ran.stderr
    assert ran.stderr == ""


def test_debug_of_libraries_stays_out() -> None:
    program = PROGRAM.replace("{act}", 'logging.getLogger("asyncio").info(canary)').replace("{after}", "")
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=30, check=False)
    assert (ran.stdout, ran.stderr) == ("", "")
