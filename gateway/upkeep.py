"""The chores of every daemon, as a table: what, how often, and what it measures."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

from config.settings import Settings
from gateway.application import Register, write_ahead_log_of
from gateway.chores import Chore
from gateway.clock import SystemClock
from gateway.metering import DatabaseMeter
from gateway.observability.logs import EventLog
from gateway.observability.metrics import Metrics

# No limit counts an attempt for longer than this, but an unbroken row of failures, which is never forgotten.
_ATTEMPTS_KEPT = timedelta(days=8)
# A kiosk's yes that comes later than its offer holds must still be told from one without any offer.
_OFFERS_KEPT = timedelta(hours=12)
# A library system that has not fetched for longer begins anew with a list (portvakt standings list).
_FEED_KEPT = timedelta(days=90)
# That somebody was told is in the audit trail; what failed is looked at within this time, or never.
_NOTICES_KEPT = timedelta(days=30)
# The sealer comes by twice a second; a row that waits longer is not being sealed.
_LONGEST_UNSEALED = timedelta(seconds=10)


class DiskFailedError(Exception):
    """The disk did not sync what was written: the daemon must end and be started again."""


def upkeep(
    settings: Settings,
    register: Register,
    metrics: Metrics,
    log: EventLog,
    clock: SystemClock,
    end: Callable[[Exception], object],
) -> tuple[Chore, ...]:
    """Return what a daemon does by itself; ``end`` is called with what makes going on impossible."""
    database, hashing, meter = register.database, register.hashing, DatabaseMeter(metrics)
    write_ahead_log = write_ahead_log_of(settings)
    metrics.threadpool_in_use.of("pin").follow(lambda: hashing.pool.in_use)
    metrics.threadpool_queue_length.of("pin").follow(lambda: hashing.pool.waiting)

    async def seal() -> None:
        with meter.measured("seal"):
            rows = await database.chain.seal()
        await watch_seals()
        if rows:
            sequence, _ = await database.chain.head()
            metrics.audit_chain_length.set(sequence)
            log.event("sealed", rows=rows, sequence=sequence)

    async def watch_seals() -> None:
        oldest = await database.chain.oldest_unsealed()
        if oldest is not None and clock.now() - oldest > _LONGEST_UNSEALED:
            metrics.invariant_violations.of("I7").inc()

    async def anchor() -> None:
        sequence, mac = await database.chain.head()
        metrics.audit_last_anchor.set(time.time())
        log.event("anchor", sequence=sequence, mac=mac.hex())

    async def forget() -> None:
        steady = clock.steady()
        async with database.unit_of_work() as work:
            await work.attempts.forget(steady - _ATTEMPTS_KEPT)
            await work.encounters.forget(steady - _OFFERS_KEPT)
            await work.tokens.forget(steady)
            await work.feed.forget(clock.now() - _FEED_KEPT)
            await work.notices.forget(clock.now() - _NOTICES_KEPT)

    async def end_waiting() -> None:
        lapsed, given_up = await register.guests.let_lapse(), await register.courier.give_up()
        if lapsed or given_up:
            log.event("waiting_ended", lapsed=lapsed, given_up=given_up)

    async def measure_disk() -> None:
        usage = shutil.disk_usage(settings.state.directory)
        metrics.state_disk_free.set(usage.free)
        metrics.state_disk_size.set(usage.total)
        metrics.db_wal_size.set(_size(write_ahead_log))

    async def watch_disk() -> None:
        # A sync that failed is reported once; what follows would be written on sand. A new process recovers.
        if database.must_restart:
            end(DiskFailedError())

    return (
        Chore("restart", 1, watch_disk),
        Chore("seal", 0.5, seal),
        Chore("anchor", 900, anchor),
        Chore("forget", 3600, forget),
        Chore("waiting", 600, end_waiting),
        Chore("commissions", 5, register.commissions.load),
        Chore("disk", 15, measure_disk),
    )


def _size(path: Path | None) -> int:
    try:
        return path.stat().st_size if path else 0
    except OSError:
        return 0
