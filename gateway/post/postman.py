"""The postman: takes the notices that are due, sends them, and records what came of each.

Mail goes out at least once. Who dies between the mail server's yes and the record sends the same message again when
the lease has run out, under the same message id.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from gateway.observability.logs import EventLog
from gateway.observability.metrics import Metrics
from gateway.post.composing import Stationery, UnfitAddressError, mail_of
from gateway.post.server import Line, MailServer, MailUnavailableError, Posted
from gateway.upstream.backoff import BackoffRules, wait_after
from registry.domain.institution import InstitutionId, LendingUnitId
from registry.domain.notice import Letter, Posting
from registry.notifying import NoticeRegister

_AT_ONCE = 20
LEASE = timedelta(minutes=15)
"""Longer than it takes to send what is taken at once, each exchange with the longest wait."""
_WAITS = BackoffRules(first=60.0, longest=3600.0, least=0.8, most=1.2)


class Postman:
    """Sends what is due, one look at a time."""

    def __init__(
        self,
        register: NoticeRegister,
        server: MailServer,
        stationery: Stationery,
        *,
        name_of: Callable[[LendingUnitId], str],
        link_of: Callable[[InstitutionId], str | None],
        now: Callable[[], datetime],
        metrics: Metrics,
        log: EventLog,
    ) -> None:
        """``link_of`` gives the address of a library's page, ``None`` where there are no pages."""
        self._register = register
        self._server = server
        self._stationery = stationery
        self._name_of = name_of
        self._link_of = link_of
        self._now = now
        self._metrics = metrics
        self._log = log

    async def look(self) -> None:
        """Send what is due, until nothing more is; raises ``RegisterUnavailable``."""
        while letters := await self._register.claim(_AT_ONCE, LEASE):
            await self._send(letters)
        await self._measure()

    async def _send(self, letters: Sequence[Letter]) -> None:
        left = list(letters)
        try:
            async with self._server.line() as line:
                while left:
                    posted = await self._post(line, left[0])
                    await self._record(left.pop(0), posted)
        except MailUnavailableError as outage:
            self._log.event("mail_unavailable", reason=outage.reason)
            for letter in left:
                await self._record(letter, Posted(Posting.LATER, outage.reason))

    async def _post(self, line: Line, letter: Letter) -> Posted:
        library, link = self._name_of(letter.unit), self._link_of(InstitutionId(letter.unit))
        try:
            message, address = mail_of(letter, self._stationery, library=library, link=link, now=self._now())
        except UnfitAddressError:
            return Posted(Posting.REFUSED, "address_unfit")
        return await line.send(message, address)

    async def _record(self, letter: Letter, posted: Posted) -> None:
        # S311: a chance that spreads load, and no secret.
        wait = timedelta(seconds=wait_after(letter.tries, _WAITS, random.random()))  # noqa: S311
        if not await self._register.settle(letter, posted.posting, posted.reason, wait):
            return
        self._metrics.mails.of(letter.kind.value, posted.posting.value).inc()
        self._log.event(
            "mail_refused" if posted.posting is Posting.REFUSED else "mail_posted",
            notice=letter.notice,
            unit=letter.unit,
            kind=letter.kind.value,
            tries=letter.tries + 1,
            outcome=posted.posting.value,
            reason=posted.reason or None,
        )

    async def _measure(self) -> None:
        pending, oldest = await self._register.backlog()
        self._metrics.mails_pending.set(pending)
        self._metrics.mails_oldest_pending.set(0.0 if oldest is None else oldest.timestamp())
