"""Runs a simulated Koha as a process of its own: from opening its ports to the signal that ends it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from gateway import reactor as our_reactor
from gateway.bridge import spawn
from gateway.handshakes import TlsSource
from gateway.lifecycle import ServiceManager, Signals
from gateway.simulators.control_line import HOST
from gateway.simulators.koha.control import open_control
from gateway.simulators.koha.session import BASE
from gateway.simulators.koha.simulator import KohaSimulator


@dataclass(frozen=True, slots=True, kw_only=True)
class Ports:
    """Where to listen; `control` is None for no such port, `tls` for a plain line."""

    host: str
    port: int
    control: int | None = None
    tls: TlsSource | None = None


def run(simulator: KohaSimulator, ports: Ports, tell: Callable[[str], None]) -> None:
    """Serve until SIGTERM or SIGINT; `tell` gets a line once ready. Raises `OSError` when a port cannot be had."""
    reactor: Any = our_reactor.install()
    failures: list[BaseException] = []

    async def serve() -> None:
        try:
            await _serve(simulator, ports, tell)
        finally:
            reactor.stop()

    reactor.callLater(0, lambda: spawn(serve(), failures.append))
    reactor.run(installSignalHandlers=False)
    if failures:
        raise failures[0]


async def _serve(simulator: KohaSimulator, ports: Ports, tell: Callable[[str], None]) -> None:
    stopping = asyncio.Event()
    Signals(stop=stopping.set, stop_now=stopping.set, reload=lambda: None).obey(asyncio.get_running_loop())
    try:
        port = await simulator.start(ports.host, ports.port, tls=ports.tls)
        words = f"ready: {'https' if ports.tls else 'http'}://{ports.host}:{port}{BASE}"
        control = None if ports.control is None else await open_control(simulator, ports.control)
        if control is not None:
            words += f", control on {HOST}:{control.addresses[0].port}"
        tell(words)
        ServiceManager.from_environment().ready(words)
        await stopping.wait()
        if control is not None:
            await control.close()
    finally:
        await simulator.stop()
