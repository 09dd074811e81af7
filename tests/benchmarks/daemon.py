"""A real ``portvakt serve`` in a process of its own, watched from outside."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.benchmarks import world

SERVER_CORE, GENERATOR_CORE = 1, 0
"""Two cores: whoever serves has one, whoever asks the other; alike for every server."""

NOTHING_MORE: Mapping[str, str] = {}

PORTVAKT = Path(sys.executable).with_name("portvakt")

_TICKS = os.sysconf("SC_CLK_TCK")
_PATIENCE = 30.0


class NotReadyError(Exception):
    """A server did not become ready; the text is the end of what it said."""


@dataclass(frozen=True, slots=True)
class Server:
    """A server that is ready."""

    pid: int
    port: int
    seconds_to_ready: float

    @property
    def memory(self) -> int:
        """The resident memory in bytes."""
        for line in Path(f"/proc/{self.pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Rss:"):
                return int(line.split()[1]) * 1024
        raise ValueError("no Rss in smaps_rollup")

    @property
    def processor_seconds(self) -> float:
        """How long it has kept a core busy until now."""
        # The name in parentheses may hold anything; what follows it does not.
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / _TICKS


def free_port() -> int:
    """Return a TCP port that nobody listens on now."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
        return port


def pinned(core: int | None) -> list[str]:
    """Return the beginning of a command that keeps to one core."""
    return [] if core is None or len(os.sched_getaffinity(0)) < 2 else ["taskset", "--cpu-list", str(core)]


@contextlib.contextmanager
def running(
    *,
    core: int | None = SERVER_CORE,
    per_login: int = 64,
    connections: int = 2000,
    environment: Mapping[str, str] = NOTHING_MORE,
) -> Iterator[Server]:
    """Run the daemon on a fresh copy of the register until the block ends; raises ``NotReadyError``."""
    with tempfile.TemporaryDirectory(prefix="portvakt-bench-") as folder:
        directory, port = Path(folder), free_port()
        settings = directory / "portvakt.toml"
        settings.write_text(
            world.settings_text(
                database=f"sqlite:///{world.copy(directory / 'state')}",
                sip2_port=port,
                http_port=free_port(),
                per_login=per_login,
                connections=connections,
            ),
            encoding="utf-8",
        )
        command = [*pinned(core), str(PORTVAKT), "serve", "--config", str(settings)]
        with started(command, directory, port, environment) as server:
            yield server


@contextlib.contextmanager
def started(command: list[str], directory: Path, port: int, more: Mapping[str, str] = NOTHING_MORE) -> Iterator[Server]:
    """Run a server that says READY to its service manager, until the block ends."""
    notices, log = directory / "notify", directory / "log"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager, log.open("wb") as stream:
        manager.bind(str(notices))
        manager.settimeout(_PATIENCE)
        environment = {**os.environ, **more, "NOTIFY_SOCKET": str(notices)}
        began = time.perf_counter()
        server = subprocess.Popen(command, env=environment, stdout=stream, stderr=stream)
        try:
            _wait_for_ready(manager, log)
            yield Server(server.pid, port, time.perf_counter() - began)
        finally:
            server.terminate()
            server.wait(_PATIENCE)


def _wait_for_ready(manager: socket.socket, log: Path) -> None:
    try:
        while b"READY=1" not in manager.recv(4096):
            pass
    except TimeoutError:
        raise NotReadyError(log.read_text(errors="replace")[-2000:]) from None
