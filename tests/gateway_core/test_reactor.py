"""Which reactor a process gets: asked in processes of their own, for the first answer is final."""

from __future__ import annotations

import subprocess
import sys

import pytest

ON_UVLOOP = """
from gateway.reactor import install, loop_of
first = install()
assert install() is first
from twisted.internet import reactor
assert reactor is first
import uvloop
assert isinstance(loop_of(reactor), uvloop.Loop)
seen = []
async def coroutine():
    import asyncio
    assert asyncio.get_running_loop() is loop_of(reactor)
    seen.append("ran")
    reactor.stop()
def begin():
    from gateway.bridge import as_deferred
    as_deferred(coroutine())
reactor.callLater(0, begin)
reactor.run()
print(*seen)
"""

AFTER_ANOTHER = """
from twisted.internet import {module}
{module}.install()
from gateway.reactor import OtherReactorInstalledError, install
try:
    install()
except OtherReactorInstalledError as error:
    print(error)
"""


def output_of(program: str) -> str:
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=30, check=False)
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


def test_the_reactor_runs_on_uvloop_and_is_installed_once() -> None:
    assert output_of(ON_UVLOOP) == "ran\n"


@pytest.mark.parametrize("module", ["epollreactor", "asyncioreactor"])
def test_a_reactor_that_is_there_already_is_named_in_the_error(module: str) -> None:
    told = output_of(AFTER_ANOTHER.format(module=module))
    assert "is installed already: call gateway.reactor.install() before" in told
    assert "Reactor" in told


def test_no_module_of_the_gateway_installs_a_reactor_by_being_imported() -> None:
    program = (
        "import sys, gateway.bridge, gateway.lifecycle, gateway.tls, gateway.reactor\n"
        "import gateway.observability.health, gateway.observability.log_routes\n"
        "print('twisted.internet.reactor' in sys.modules)"
    )
    assert output_of(program) == "False\n"
