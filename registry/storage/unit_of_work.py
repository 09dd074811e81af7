"""Units of work: one transaction with everything that a use case may ask of it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import datetime

from registry.domain.patron import PatronId
from registry.services import ports
from registry.storage.attempts import SqlAttempts
from registry.storage.audit import AuditMacs, SqlAudit
from registry.storage.cards import SqlCards
from registry.storage.changes import Changes
from registry.storage.deliveries import SqlDeliveries
from registry.storage.feed import SqlFeed
from registry.storage.libraries import SqlLibraries
from registry.storage.notices import SqlNotices
from registry.storage.patrons import SqlPatrons
from registry.storage.performed import SqlPerformedRequests
from registry.storage.standings import SqlConsents, SqlEncounters, SqlStandings
from registry.storage.tokens import SqlCommissions, SqlTokens
from registry.storage.transaction import Transaction, Transactions


class SqlUnitOfWork:
    """Implements :class:`registry.services.ports.UnitOfWork`."""

    def __init__(self, transaction: Transaction, macs: AuditMacs, clock: Callable[[], datetime] | None = None) -> None:
        patrons, libraries = SqlPatrons(transaction), SqlLibraries(transaction)
        self.patrons: ports.Patrons = patrons
        self.cards: ports.Cards = SqlCards(transaction)
        self.libraries: ports.Libraries = libraries
        self.standings: ports.Standings = SqlStandings(transaction)
        self.consents: ports.Consents = SqlConsents(transaction)
        self.encounters: ports.Encounters = SqlEncounters(transaction)
        self.deliveries: ports.Deliveries = SqlDeliveries(transaction, clock)
        self.notices: ports.Notices = SqlNotices(transaction)
        self.feed: ports.Feed = SqlFeed(transaction)
        self.tokens: ports.Tokens = SqlTokens(transaction)
        self.commissions: ports.Commissions = SqlCommissions(transaction)
        self.attempts: ports.Attempts = SqlAttempts(transaction)
        self.performed: ports.PerformedRequests = SqlPerformedRequests(transaction)
        self.audit: ports.Audit = SqlAudit(transaction, patrons, macs)
        self._libraries = libraries
        self._changed: set[PatronId] = set()

    def changed(self, patron: PatronId) -> None:
        """Have the change signal tell of ``patron`` once this is committed."""
        self._changed.add(patron)

    def to_tell(self) -> frozenset[PatronId | None]:
        """Return what the change signal has to tell of: ``None`` for everything."""
        return frozenset({None}) if self._libraries.has_published else frozenset(self._changed)


class SqlWork:
    """Implements :class:`registry.services.ports.OpenUnitOfWork`."""

    def __init__(
        self,
        transactions: Transactions,
        macs: AuditMacs,
        changes: Changes,
        clock: Callable[[], datetime] | None = None,
    ) -> None:
        self._transactions = transactions
        self._clock = clock
        self._macs = macs
        self._changes = changes

    def __call__(self) -> AbstractAsyncContextManager[ports.UnitOfWork]:
        """Return the context manager; leaving it well means that the change is durable."""
        return self._open()

    @asynccontextmanager
    async def _open(self) -> AsyncIterator[ports.UnitOfWork]:
        async with self._transactions.open() as transaction:
            work = SqlUnitOfWork(transaction, self._macs, self._clock)
            yield work
            told = work.to_tell()
            await self._changes.announce(transaction, told)
            await transaction.commit(then=lambda: self._changes.tell(told))
