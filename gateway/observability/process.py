"""The ``process_*`` metrics, also where systemd hides most of /proc."""

from __future__ import annotations

import time

from prometheus_client.process_collector import ProcessCollector


class ProcCollector(ProcessCollector):
    """Reads the process's figures without /proc/stat.

    ``ProcSubset=pid`` hides that file, and the stock collector then exports nothing and says nothing.
    """

    def _boot_time(self) -> float:
        return time.time() - time.clock_gettime(time.CLOCK_BOOTTIME)
