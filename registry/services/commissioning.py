"""Terminals that may take consent by fee acknowledgement: commissioned by staff, switched off by misuse."""

from __future__ import annotations

from collections.abc import Sequence

from registry.activating import Commission
from registry.domain.events import Action, Event
from registry.domain.institution import LendingUnitId
from registry.services.ports import Clock, Commissioned, OpenUnitOfWork


class Commissions:
    """Implements :class:`registry.activating.Commissioning`, and keeps at hand who may."""

    def __init__(self, work: OpenUnitOfWork, clock: Clock) -> None:
        self._work = work
        self._clock = clock
        self._on: frozenset[str] = frozenset()

    def is_on(self, terminal: str) -> bool:
        """Tell whether a terminal may take consent, as far as :meth:`load` has last seen."""
        return terminal in self._on

    async def load(self) -> None:
        """Take from the register who may; to be repeated, for other processes commission and switch off too."""
        self._on = frozenset(one.terminal for one in await self.commissions() if one.on)

    async def commission(self, terminal: str, unit: LendingUnitId, actor: str) -> None:
        """Record that staff have seen the trial succeed at this terminal."""
        await self._put(terminal, unit, Action.TERMINAL_COMMISSIONED, actor, "", on=True)

    async def switch_off(self, terminal: str, unit: LendingUnitId, actor: str, reason: str) -> None:
        """Take the channel away from a terminal; audited."""
        self._on -= {terminal}
        await self._put(terminal, unit, Action.TERMINAL_SWITCHED_OFF, actor, reason, on=False)

    async def commissions(self) -> Sequence[Commission]:
        """Return every terminal that was ever commissioned."""
        async with self._work() as work:
            return [
                Commission(
                    terminal=one.terminal,
                    unit=one.unit,
                    on=one.is_on,
                    since=one.since,
                    actor=one.actor,
                    reason=one.reason,
                )
                for one in await work.commissions.all()
            ]

    async def _put(
        self, terminal: str, unit: LendingUnitId, action: Action, actor: str, reason: str, *, on: bool
    ) -> None:
        now = self._clock.now()
        async with self._work() as work:
            await work.commissions.put(
                Commissioned(terminal=terminal, unit=unit, is_on=on, since=now, actor=actor, reason=reason)
            )
            facts = {"terminal": terminal, "unit": unit} | ({"reason": reason} if reason else {})
            await work.audit.append(Event(action=action, actor=actor, at=now, facts=facts))
        await self.load()
