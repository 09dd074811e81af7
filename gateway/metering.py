"""The register's database as the metrics see it: how often it is asked, how long it takes, how it ends."""

from __future__ import annotations

import contextlib
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractAsyncContextManager

from gateway.observability.metrics import Metrics
from registry.domain.card import CardNumber
from registry.domain.decisions import RegisterUnavailable
from registry.domain.identification import CardHolder
from registry.services.ports import Lookups, OpenUnitOfWork, UnitOfWork


class DatabaseMeter:
    """Counts and times what is asked of the database."""

    def __init__(self, metrics: Metrics) -> None:
        """Bind nothing yet: these are no hot path."""
        self._metrics = metrics

    @contextlib.contextmanager
    def measured(self, operation: str) -> Iterator[None]:
        """Count and time the block as ``operation``; an outage is counted as such and raised on."""
        began, outcome = time.perf_counter(), "ok"
        try:
            yield
        except RegisterUnavailable as outage:
            outcome = "timeout" if isinstance(outage.__cause__, TimeoutError) else "error"
            raise
        finally:
            self._metrics.db_operations.of(operation, outcome).inc()
            self._metrics.db_operation_duration.of(operation).observe(time.perf_counter() - began)


class MeteredWork:
    """Units of work, each counted and timed from opening to commit."""

    def __init__(self, work: OpenUnitOfWork, meter: DatabaseMeter) -> None:
        """Open units of work by ``work``."""
        self._work = work
        self._meter = meter

    def __call__(self) -> AbstractAsyncContextManager[UnitOfWork]:
        """Return the context manager of one unit of work."""
        return self._open()

    @contextlib.asynccontextmanager
    async def _open(self) -> AsyncIterator[UnitOfWork]:
        with self._meter.measured("write"):
            async with self._work() as work:
                yield work


class MeteredLookups:
    """Look-ups, each counted and timed."""

    def __init__(self, lookups: Lookups, meter: DatabaseMeter) -> None:
        """Look up by ``lookups``."""
        self._lookups = lookups
        self._meter = meter

    async def find(self, card: CardNumber) -> CardHolder | None:
        """Return who holds ``card``, or ``None``."""
        with self._meter.measured("lookup"):
            return await self._lookups.find(card)
