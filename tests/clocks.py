"""Time as a clock turned by hand."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

START = datetime(2026, 11, 23, 9, 15, tzinfo=UTC)
_OSLO = ZoneInfo("Europe/Oslo")


class HandClock:
    """A clock that stands still until it is turned; fits wherever a clock is handed down."""

    def __init__(self) -> None:
        """Stand at a Monday morning in November 2026."""
        self._elapsed = timedelta()
        self._set = timedelta()

    def turn(self, seconds: float = 0.0, *, days: float = 0.0) -> None:
        """Let time pass."""
        self._elapsed += timedelta(days=days, seconds=seconds)

    def set_wall(self, seconds: float) -> None:
        """Set the wall clock forward or back, without time passing."""
        self._set += timedelta(seconds=seconds)

    def now(self) -> datetime:
        """The wall clock, in UTC."""
        return START + self._elapsed + self._set

    def steady(self) -> datetime:
        """What no setting of the wall clock moves."""
        return START + self._elapsed

    def monotonic(self) -> float:
        """Seconds for deadlines."""
        return 1000.0 + self._elapsed.total_seconds()

    def local(self) -> datetime:
        """The wall clock in Oslo."""
        return self.now().astimezone(_OSLO)

    def today(self) -> date:
        """The date in Oslo."""
        return self.local().date()
