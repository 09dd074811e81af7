"""A library's own list of patrons becomes standings: who is local there already, before anybody has been sighted."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from registry.domain.events import Action, Event
from registry.domain.institution import LendingUnitId
from registry.register import ImportReport, ImportRules, ListedStanding, NotDoneError, StandingRow
from registry.services.libraries import PublishedLibraries
from registry.services.ports import AlreadyThereError, Clock, OpenUnitOfWork, UnitOfWork
from registry.services.standing_ledger import Ledger, Made

_AT_ONCE = 1000
_CHANGED_MEANWHILE = "the register was changed while the rows were imported; nothing was kept, so begin again"


class StandingImport:
    """Implements :class:`registry.register.StandingDesk`."""

    def __init__(self, work: OpenUnitOfWork, clock: Clock, libraries: PublishedLibraries) -> None:
        self._work = work
        self._clock = clock
        self._libraries = libraries

    async def import_standings(
        self,
        unit: LendingUnitId,
        rows: Sequence[StandingRow],
        actor: str,
        rules: ImportRules,
        progress: Callable[[int], None],
    ) -> ImportReport:
        """Make the patrons of ``rows`` local at ``unit`` in one transaction and report of every row.

        Nothing is kept in a dry run, nor where a row was refused, unless the rules let refused rows be skipped. Raises
        ``NotDoneError``.
        """
        if self._libraries.unit(unit) is None:
            raise NotDoneError(f"{unit} is no lending unit of the partner files")
        ledger = Ledger(unit=unit, now=self._clock.now(), today=self._clock.today(), force=rules.force)
        try:
            async with self._work() as work:
                await ledger.read(work)
                for first in range(0, len(rows), _AT_ONCE):
                    some = rows[first : first + _AT_ONCE]
                    await ledger.judge(work, first, some)
                    if rules.keeps(ledger.refused):
                        await self._store(work, ledger, actor)
                    progress(len(some))
                if not rules.keeps(ledger.refused):
                    raise _NothingKeptError
                await work.audit.append(self._summary(ledger, actor))
        except _NothingKeptError:
            return ledger.report(kept=False)
        except AlreadyThereError as there:
            raise NotDoneError(_CHANGED_MEANWHILE) from there
        return ledger.report(kept=True)

    async def standings_at(self, unit: LendingUnitId, actor: str) -> Sequence[ListedStanding]:
        """Return everybody's standing at ``unit``; raises ``NotDoneError`` for an unknown one."""
        if self._libraries.unit(unit) is None:
            raise NotDoneError(f"{unit} is no lending unit of the partner files")
        listed: list[ListedStanding] = []
        async with self._work() as work:
            standings = await work.standings.at(unit)
            for first in range(0, len(standings), _AT_ONCE):
                some = standings[first : first + _AT_ONCE]
                cards = await work.cards.in_use_by([standing.patron for standing in some])
                listed += (ListedStanding(cards.get(standing.patron, ""), standing) for standing in some)
            facts = {"unit": unit, "rows": str(len(listed))}
            await work.audit.append(
                Event(action=Action.STANDINGS_LISTED, actor=actor, at=self._clock.now(), facts=facts)
            )
        return listed

    async def _store(self, work: UnitOfWork, ledger: Ledger, actor: str) -> None:
        made = ledger.to_store()
        await work.standings.change_all([one.after for one in made if one.before is not None])
        await work.standings.add_all([one.after for one in made if one.before is None])
        await work.audit.append_all([_event(one, actor, ledger.now) for one in made])
        for one in made:
            work.changed(one.after.patron)

    def _summary(self, ledger: Ledger, actor: str) -> Event:
        report = ledger.report(kept=True)
        facts = {
            "unit": ledger.unit,
            "made": str(report.made),
            "unchanged": str(report.unchanged),
            "refused": str(len(report.refused)),
        }
        return Event(action=Action.STANDINGS_IMPORTED, actor=actor, at=ledger.now, facts=facts)


class _NothingKeptError(Exception):
    """Ends a unit of work without keeping anything of it."""


def _event(made: Made, actor: str, at: datetime) -> Event:
    facts = {
        "before": made.before.state.value if made.before else "none",
        "after": made.after.state.value,
        "unit": made.after.unit,
        "origin": made.after.origin.value,
    }
    return Event(action=Action.STANDING_CHANGED, actor=actor, at=at, patron=made.after.patron, facts=facts)
