"""How the daemon talks to the service manager, and which signals it obeys.

The notify protocol is sd_notify(3): datagrams of assignments to the socket that ``NOTIFY_SOCKET`` names.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import time
from collections.abc import Callable, Mapping


class ServiceManager:
    """The service manager that started us; where there is none, telling it something does nothing."""

    def __init__(self, address: str | None, watchdog_seconds: float | None = None) -> None:
        """Notify the socket at ``address``; a leading @ means the abstract namespace."""
        self._address = address
        self.watchdog_seconds = watchdog_seconds

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> ServiceManager:
        """Return the service manager that the environment tells of."""
        return cls(environment.get("NOTIFY_SOCKET"), _watchdog_seconds(environment))

    def ready(self, status: str = "") -> None:
        """Say that the start, or a reload, is complete."""
        self._tell("READY=1", _status(status))

    def reloading(self) -> None:
        """Say that a reload begins; ``ready`` must follow, also when it fails and the old settings stay."""
        # Without the time newer service managers cannot tell this reload from an earlier one, and may wait for ever.
        self._tell("RELOADING=1", f"MONOTONIC_USEC={time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000}")

    def stopping(self) -> None:
        """Say that the daemon stops of its own accord or as told."""
        self._tell("STOPPING=1")

    def status(self, text: str) -> None:
        """Set the line that ``systemctl status`` shows; nothing secret."""
        self._tell(_status(text))

    def beat(self) -> None:
        """Say that the daemon is alive."""
        self._tell("WATCHDOG=1")

    def _tell(self, *assignments: str) -> None:
        if self._address is None:
            return
        address = "\0" + self._address[1:] if self._address.startswith("@") else self._address
        # Whether anybody listens is not our concern: a service must not fail because its manager is busy.
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notes, contextlib.suppress(OSError):
            notes.setblocking(False)
            notes.sendto("\n".join(assignments).encode(), address)


def _status(text: str) -> str:
    return "STATUS=" + " ".join(text.splitlines())


def _watchdog_seconds(environment: Mapping[str, str]) -> float | None:
    meant_for_us = environment.get("WATCHDOG_PID", str(os.getpid())) == str(os.getpid())
    if not meant_for_us or "WATCHDOG_USEC" not in environment:
        return None
    return int(environment["WATCHDOG_USEC"]) / 1_000_000


class Watchdog:
    """Beats three times in each watchdog interval, as long as the daemon is really alive."""

    def __init__(self, manager: ServiceManager, alive: Callable[[], bool]) -> None:
        """Ask ``alive`` before each beat: whether all threads that matter came round lately."""
        self._manager = manager
        self._alive = alive
        self._timer: asyncio.TimerHandle | None = None

    def start(self) -> None:
        """Beat at once and from then on; does nothing where no watchdog waits. The loop must be running."""
        if self._manager.watchdog_seconds is not None:
            self._beat(asyncio.get_running_loop(), self._manager.watchdog_seconds / 3)

    def stop(self) -> None:
        """Beat no more; harmless when never started."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _beat(self, loop: asyncio.AbstractEventLoop, interval: float) -> None:
        self._timer = loop.call_later(interval, self._beat, loop, interval)
        if self._alive():
            self._manager.beat()


class Signals:
    """SIGTERM and SIGINT stop the daemon, a second one stops it at once; SIGHUP has it read its settings anew."""

    def __init__(
        self, *, stop: Callable[[], object], stop_now: Callable[[], object], reload: Callable[[], object]
    ) -> None:
        """Call these on the loop, one at a time, never in the middle of other work."""
        self._stop = stop
        self._stop_now = stop_now
        self._reload = reload
        self._stopping = False

    def obey(self, loop: asyncio.AbstractEventLoop) -> None:
        """Take the signals over; run the reactor with ``installSignalHandlers=False``, or it takes them back."""
        loop.add_signal_handler(signal.SIGTERM, self._terminate)
        loop.add_signal_handler(signal.SIGINT, self._terminate)
        loop.add_signal_handler(signal.SIGHUP, self._reload)

    def _terminate(self) -> None:
        first, self._stopping = not self._stopping, True
        (self._stop if first else self._stop_now)()
