"""What others hold of the register for telling patrons, in the manner of :mod:`registry.register`.

Each method raises ``RegisterUnavailable`` where the database does not answer in time.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Protocol

from registry.domain.notice import Letter, Notice, Posting


class NoticeRegister(Protocol):
    """What sends notices to patrons, in as many processes as there are."""

    async def claim(self, limit: int, lease: timedelta) -> Sequence[Letter]:
        """Take up to ``limit`` notices that are due, the longest due first, each for the time of a lease.

        Who dies in the middle leaves a lease that runs out, and the letter is sent again: better twice than never.
        """

    async def settle(self, letter: Letter, posting: Posting, reason: str, retry_after: timedelta) -> bool:
        """Record what came of a try; return whether it was this claim's to record, and not a later one's.

        ``reason`` is a word of our own. One that is to be tried again and has been tried for 72 hours has failed.
        """

    async def backlog(self) -> tuple[int, datetime | None]:
        """Return how many notices wait, and since when the oldest does."""

    async def open(self) -> Sequence[Notice]:
        """Return what waits, and what will not be sent, the oldest first."""
