"""The clocks: the only place that looks at one."""

from __future__ import annotations

import time
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

LIBRARY_TIME = ZoneInfo("Europe/Oslo")
"""The time zone in which libraries open, kiosks show the hour and agreements end."""


class SystemClock:
    """The system's clocks, as the register's services and the doors want them."""

    def __init__(self) -> None:
        """Anchor the steady clock: whoever sets the wall clock later does not move it."""
        self._anchor = datetime.now(UTC)
        self._started = time.monotonic()
        self._today = (0.0, date.min)

    def now(self) -> datetime:
        """Return the wall clock's time, aware, in UTC."""
        return datetime.now(UTC)

    def steady(self) -> datetime:
        """Return an aware UTC time that no setting of the wall clock moves while the process lives."""
        return self._anchor + timedelta(seconds=time.monotonic() - self._started)

    # Seconds for deadlines, the same clock as the event loop's ``time()``. The function itself, not one around it:
    # it is asked a dozen times with every message.
    monotonic = staticmethod(time.monotonic)

    def local(self) -> datetime:
        """Return the wall clock's time in the libraries' zone."""
        return datetime.now(LIBRARY_TIME)

    def today(self) -> date:
        """Return the date in the libraries' zone; a second old at most, for it is asked with every message."""
        until, day = self._today
        now = time.monotonic()
        if now >= until:
            day = self.local().date()
            self._today = (now + 1.0, day)
        return day
