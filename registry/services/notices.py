"""Telling patrons by mail: wanted in the transaction of what they are told of, claimed and settled like deliveries."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from registry.domain.institution import LendingUnitId
from registry.domain.notice import Letter, Notice, NoticeKind, NoticeState, Posting
from registry.domain.patron import Patron, PatronId
from registry.domain.release import Audience, release
from registry.services.ports import OpenUnitOfWork, UnitOfWork

GIVEN_UP_AFTER = timedelta(hours=72)
"""How long a notice is tried; what comes later would rather confuse than tell."""


class Notifier:
    """Has patrons told, where there is any mail to tell them by."""

    def __init__(self, *, by_mail: bool) -> None:
        self._by_mail = by_mail

    def reaches(self, patron: Patron) -> bool:
        """Tell whether a patron can be told: there is mail, and they have an address."""
        return self._by_mail and bool(patron.email)

    async def want(self, work: UnitOfWork, patron: PatronId, unit: LendingUnitId, kind: NoticeKind) -> bool:
        """Have a patron told once this is committed; return whether they will be."""
        found = await work.patrons.find(patron) if self._by_mail else None
        if found is None or not self.reaches(found[0]):
            return False
        await work.notices.add(patron, unit, kind, await work.deliveries.now())
        return True


NOBODY_IS_TOLD = Notifier(by_mail=False)


class Notices:
    """Implements :class:`registry.notifying.NoticeRegister`."""

    def __init__(self, work: OpenUnitOfWork) -> None:
        self._work = work

    async def claim(self, limit: int, lease: timedelta) -> Sequence[Letter]:
        """Take what is due; what has no address any more has failed."""
        async with self._work() as work:
            now = await work.deliveries.now()
            letters = [await _claimed(work, notice, now + lease) for notice in await work.notices.ready(now, limit)]
        return [letter for letter in letters if letter is not None]

    async def settle(self, letter: Letter, posting: Posting, reason: str, retry_after: timedelta) -> bool:
        """Record what came of a try; return whether it was this claim's to record."""
        async with self._work() as work:
            notice = await work.notices.find(letter.notice)
            if notice is None or notice.fence != letter.fence or notice.state is not NoticeState.PENDING:
                return False
            now = await work.deliveries.now()
            await work.notices.change(_after(notice, posting, reason, now, now + retry_after))
        return True

    async def backlog(self) -> tuple[int, datetime | None]:
        """Return how many notices wait, and since when the oldest does."""
        async with self._work() as work:
            return await work.notices.backlog()

    async def open(self) -> Sequence[Notice]:
        """Return what waits, and what will not be sent, the oldest first."""
        async with self._work() as work:
            return await work.notices.open()


async def _claimed(work: UnitOfWork, notice: Notice, lease_until: datetime) -> Letter | None:
    found, cards = await work.patrons.find(notice.patron), await work.cards.of(notice.patron)
    if found is None or not cards or not found[0].email:
        await work.notices.change(replace(notice, state=NoticeState.FAILED, lease_until=None, reason="no_address"))
        return None
    taken = replace(notice, fence=notice.fence + 1, tries=notice.tries + 1, lease_until=lease_until)
    await work.notices.change(taken)
    return Letter(
        notice=notice.id,
        kind=notice.kind,
        unit=notice.unit,
        since=notice.since,
        fence=taken.fence,
        tries=notice.tries,
        view=release(found[0], cards[0], Audience.MAIL),
    )


def _after(notice: Notice, posting: Posting, reason: str, now: datetime, again: datetime) -> Notice:
    """Return a notice after a try: sent, failed, or due again."""
    common = replace(notice, lease_until=None, reason=reason)
    match posting:
        case Posting.SENT:
            return replace(common, state=NoticeState.SENT)
        case Posting.REFUSED:
            return replace(common, state=NoticeState.FAILED)
        case Posting.LATER if now - notice.since > GIVEN_UP_AFTER:
            return replace(common, state=NoticeState.FAILED)
        case Posting.LATER:
            return replace(common, due=again)
