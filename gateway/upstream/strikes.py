"""Logins at an ILS that were refused: after three nobody tries again for a while, lest an account be locked."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field

from gateway.upstream.backoff import Backoff, BackoffRules

HOLD = BackoffRules(first=300.0, longest=3600.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class StrikeRules:
    """So many refusals are borne one after the other; from then on one try each `hold` seconds, doubling."""

    borne: int = 3
    hold: BackoffRules = HOLD


@dataclass(slots=True)
class _Account:
    backoff: Backoff
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    proved: bool = False
    refused: int = 0
    held_until: float = 0.0


class Strikes:
    """What became of each login at one ILS, shared by all connections that use it."""

    __slots__ = ("_accounts", "_chance", "_clock", "_rules")

    def __init__(self, rules: StrikeRules, clock: Callable[[], float], chance: Callable[[], float]) -> None:
        """Know no login yet."""
        self._rules = rules
        self._clock = clock
        self._chance = chance
        self._accounts: dict[Hashable, _Account] = {}

    def is_held(self, login: Hashable) -> bool:
        """Tell whether this login must not be tried now."""
        return self._account(login).held_until > self._clock()

    def turn(self, login: Hashable) -> asyncio.Lock | None:
        """Return what to hold while trying a login that is not known to be right; None where it is.

        One at a time: a hundred kiosks with the same wrong password would otherwise use up all tries at once.
        """
        account = self._account(login)
        return None if account.proved else account.turn

    def accepted(self, login: Hashable) -> None:
        """Forget what was refused before."""
        account = self._account(login)
        account.proved, account.refused, account.held_until = True, 0, 0.0
        account.backoff.succeeded()

    def refused(self, login: Hashable) -> None:
        """Count a refusal."""
        account = self._account(login)
        account.proved = False
        account.refused += 1
        if account.refused >= self._rules.borne:
            account.held_until = self._clock() + account.backoff.failed()

    def _account(self, login: Hashable) -> _Account:
        return self._accounts.setdefault(login, _Account(Backoff(self._rules.hold, self._chance)))
