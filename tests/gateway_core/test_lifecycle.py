"""Signals, the service manager and the watchdog, with a real process and a real notify socket."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from gateway.lifecycle import ServiceManager

ROOT = Path(__file__).parents[2]


class Notes:
    """The service manager's end of the notify socket."""

    def __init__(self, address: str) -> None:
        """Listen at ``address``, in the spelling that the environment has."""
        self.address = address
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.settimeout(20)
        self._socket.bind("\0" + address[1:] if address.startswith("@") else address)

    def read(self) -> dict[str, str]:
        """Return the next note's assignments."""
        return dict(line.split("=", 1) for line in self._socket.recv(4096).decode().splitlines())

    def read_until(self, name: str) -> dict[str, str]:
        """Return the next note that assigns ``name``."""
        while name not in (note := self.read()):
            pass
        return note

    def close(self) -> None:
        """Listen no more."""
        self._socket.close()


@pytest.fixture(params=["path", "abstract"])
def notes(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Notes]:
    path = str(tmp_path / "notify")
    manager = Notes(path if request.param == "path" else f"@{path}")
    yield manager
    manager.close()


@contextmanager
def daemon(notes: Notes, *arguments: str, **environment: str) -> Iterator[subprocess.Popen[str]]:
    started = subprocess.Popen(
        [sys.executable, "-m", "tests.gateway_core.daemon", *arguments],
        cwd=ROOT,
        env={**os.environ, "NOTIFY_SOCKET": notes.address, **environment},
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert notes.read_until("READY")["READY"] == "1"
        assert said(started) == "ready"
        yield started
    finally:
        started.kill()
        started.communicate()


def said(started: subprocess.Popen[str]) -> str:
    assert started.stdout is not None
    return started.stdout.readline().strip()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_the_daemon_in_good_order(notes: Notes, number: signal.Signals) -> None:
    with daemon(notes) as started:
        started.send_signal(number)
        assert notes.read_until("STOPPING") == {"STOPPING": "1"}
        assert started.wait(20) == 0


def test_a_second_signal_stops_it_at_once(notes: Notes) -> None:
    with daemon(notes, "linger") as started:
        started.send_signal(signal.SIGTERM)
        assert said(started) == "stop"
        started.send_signal(signal.SIGTERM)
        assert said(started) == "stop now"
        assert started.wait(20) == 0


def test_a_hangup_reads_the_settings_anew_and_times_the_reload(notes: Notes) -> None:
    with daemon(notes) as started:
        for _ in range(3):
            started.send_signal(signal.SIGHUP)
            assert said(started) == "reload"
            begun = notes.read_until("RELOADING")
            assert (begun["RELOADING"], int(begun["MONOTONIC_USEC"]) > 0) == ("1", True)
            assert notes.read_until("READY")["STATUS"] == "settings read anew"
        assert started.poll() is None


def test_the_watchdog_is_fed_while_the_daemon_is_alive(notes: Notes) -> None:
    with daemon(notes, WATCHDOG_USEC="90000"):
        for _ in range(3):
            assert notes.read_until("WATCHDOG") == {"WATCHDOG": "1"}


def test_the_watchdog_is_not_fed_by_a_daemon_that_is_stuck(notes: Notes) -> None:
    with daemon(notes, "stuck", WATCHDOG_USEC="3000") as started:
        started.send_signal(signal.SIGHUP)
        assert "RELOADING" in notes.read()


def test_without_a_service_manager_nothing_happens() -> None:
    manager = ServiceManager.from_environment({})
    manager.ready("up")
    assert manager.watchdog_seconds is None


def test_a_service_manager_that_is_gone_is_no_error(tmp_path: Path) -> None:
    ServiceManager(str(tmp_path / "absent")).stopping()


def test_a_status_cannot_smuggle_in_an_assignment(notes: Notes) -> None:
    ServiceManager(notes.address).status("busy\nSTOPPING=1")
    assert notes.read() == {"STATUS": "busy STOPPING=1"}


@pytest.mark.parametrize(
    ("environment", "seconds"),
    [
        ({"WATCHDOG_USEC": "30000000"}, 30.0),
        ({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": str(os.getpid())}, 30.0),
        ({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "1"}, None),
        ({"WATCHDOG_PID": str(os.getpid())}, None),
    ],
)
def test_the_watchdog_is_ours_only_if_it_waits_for_us(environment: dict[str, str], seconds: float | None) -> None:
    assert ServiceManager.from_environment(environment).watchdog_seconds == seconds
