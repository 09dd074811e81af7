"""What is tried before the daemon says that it is ready: a fault here is found by the operator, not by a kiosk."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

from config.settings import Settings
from gateway.application import Register
from gateway.observability.events import EVENTS
from gateway.observability.logs import EventLog
from gateway.observability.metrics import Metrics
from registry.domain.patron import PatronId
from registry.domain.secret import Secret


class SelfTestError(Exception):
    """The daemon must not serve: ``check`` names what failed."""

    def __init__(self, check: str) -> None:
        super().__init__(f"the self-test failed: {check}")
        self.check = check


async def self_test(settings: Settings, register: Register, metrics: Metrics, log: EventLog) -> None:
    """Try everything once; raises :class:`SelfTestError` naming the first check that failed."""
    checks: Mapping[str, Callable[[], Awaitable[bool]]] = {
        "database": lambda: _commits(register),
        "hashing": lambda: _hashes(register),
        "metrics": lambda: _measures(metrics),
        "redaction": _redacts,
    }
    for name, check in checks.items():
        if not await _passes(check):
            log.event("self_test_failed", check=name)
            raise SelfTestError(name)


async def _passes(check: Callable[[], Awaitable[bool]]) -> bool:
    try:
        return await check()
    except Exception:  # noqa: BLE001 - whatever it was, the check failed
        return False


async def _commits(register: Register) -> bool:
    await register.database.probe()
    return True


async def _hashes(register: Register) -> bool:
    pins, nobody = register.hashing.pins, PatronId(0)
    stored = await register.hashing.pool.run(pins.hash, nobody, Secret("self-test"))
    return pins.check(stored, nobody, Secret("self-test")) and not pins.check(stored, nobody, Secret("another"))


async def _measures(metrics: Metrics) -> bool:
    # A sandbox that hides /proc makes these vanish without an error.
    return b"process_open_fds" in metrics.exposition()


async def _redacts() -> bool:
    secret = Secret("self-test")
    forbidden = {"pin", "password", "name", "card", "frame", "identity_number"}
    return "self-test" not in f"{secret!r}{secret}" and not any(forbidden & event.fields for event in EVENTS.values())
