"""The change feed: a library system asks what has changed, fetches who it is about, and tells its own id.

    GET  /feed/v1/changes?after=41&limit=100&wait=25
    GET  /feed/v1/patrons/N001000001
    POST /feed/v1/patrons/N001000001/local   {"local_id": "S200001"}

It asks for its own lending unit and for nobody else. The changes hold no values; a patron's record is given by the
release table, to the library whose rules the patron has accepted.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from http import HTTPStatus

from gateway.delivery.feed_callers import Caller, FeedCallers
from gateway.delivery.feed_rules import Allowance, Answer, Asked, FeedRules, RefusedError, refusal
from gateway.delivery.records import entry_of, record_of
from gateway.delivery.routes import Carriers
from registry.activating import FeedRegister
from registry.domain.activating import Hindered, Hindrance
from registry.domain.card import CardNumber, national
from registry.domain.delivery import FeedEntry
from registry.domain.local_id import EXPECTED, is_local_id
from registry.services.ports import Clock

_PATRON = re.compile(r"/feed/v1/patrons/([A-Za-z0-9]{1,32})(/local)?")
_CHANGES = "/feed/v1/changes"
_HIGHEST = 2**63 - 1

HINDRANCES: Mapping[Hindrance, tuple[HTTPStatus, str]] = {
    **dict.fromkeys(Hindrance, (HTTPStatus.NOT_FOUND, "no_such_patron")),
    Hindrance.CARD_BLOCKED: (HTTPStatus.CONFLICT, "card_blocked"),
    Hindrance.NEEDS_STAFF: (HTTPStatus.CONFLICT, "needs_staff"),
    Hindrance.ALREADY_LOCAL: (HTTPStatus.CONFLICT, "another_local_id"),
}
"""Whom a library may not have is nobody to it: it is not told whether there is such a patron (A23)."""


class Feed:
    """Answers requests; one for all library systems that ask."""

    def __init__(
        self, register: FeedRegister, callers: FeedCallers, carriers: Carriers, *, clock: Clock, rules: FeedRules
    ) -> None:
        self._register = register
        self._callers = callers
        self._carriers = carriers
        self._clock = clock
        self._rules = rules
        self._allowance = Allowance(rules, clock.monotonic)
        self._waiting: Counter[str] = Counter()
        self._changed = asyncio.Event()
        self._closing = False

    def take(self, carriers: Carriers) -> None:
        """Use these carriers from now on, which tell whose library systems fetch."""
        self._carriers = carriers

    def wake(self) -> None:
        """Let those who wait look again: something may have changed."""
        self._changed.set()
        self._changed = asyncio.Event()

    def close(self) -> None:
        """Let nobody wait any more."""
        self._closing = True
        self.wake()

    async def answer(self, asked: Asked) -> Answer:
        """Return the answer to a request; raises ``RegisterUnavailable``."""
        try:
            caller = await self._callers.caller(asked)
            if not self._allowance.spend(caller.id):
                raise refusal(HTTPStatus.TOO_MANY_REQUESTS, "too_many_requests", retry_after="1")
            return await self._routed(asked)(caller, asked)
        except RefusedError as refused:
            return refused.answer

    def _routed(self, asked: Asked) -> Callable[[Caller, Asked], Awaitable[Answer]]:
        patron = _PATRON.fullmatch(asked.path)
        if asked.path == _CHANGES:
            allowed, route = "GET", self._changes
        elif patron is None:
            raise refusal(HTTPStatus.NOT_FOUND, "no_such_path")
        elif patron[2]:
            allowed, route = "POST", self._local
        else:
            allowed, route = "GET", self._patron
        if asked.method != allowed:
            raise refusal(HTTPStatus.METHOD_NOT_ALLOWED, "method", allow=allowed)
        return route

    # What has changed.

    async def _changes(self, caller: Caller, asked: Asked) -> Answer:
        told = _numbers(asked.query, after=(0, 0, _HIGHEST), limit=(100, 1, self._rules.entries), wait=(0, 0, 25))
        # One more than is told, which says whether there are more.
        entries = await self._entries(caller, told["after"], told["limit"] + 1, float(told["wait"]))
        shown = entries[: told["limit"]]
        body = {
            "changes": [entry_of(one) for one in shown],
            "next": shown[-1].sequence if shown else told["after"],
            "more": len(entries) > len(shown),
        }
        return Answer(HTTPStatus.OK, body)

    async def _entries(self, caller: Caller, after: int, limit: int, wait: float) -> Sequence[FeedEntry]:
        changed = self._changed
        entries = await self._register.changes(caller.unit, after, limit)
        if entries or not wait:
            return entries
        if self._waiting[caller.id] >= self._rules.waiting:
            raise refusal(HTTPStatus.TOO_MANY_REQUESTS, "too_many_waiting", retry_after="5")
        until = self._clock.monotonic() + min(wait, self._rules.longest_wait)
        self._waiting[caller.id] += 1
        try:
            while not entries and not self._closing and (left := until - self._clock.monotonic()) > 0:
                await _told(changed, min(left, self._rules.look_again))
                changed = self._changed
                entries = await self._register.changes(caller.unit, after, limit)
        finally:
            self._waiting[caller.id] -= 1
        return entries

    # Whom it is about.

    async def _patron(self, caller: Caller, asked: Asked) -> Answer:
        parcel = await self._register.take(caller.unit, self._card(caller, asked), _actor(caller))
        if isinstance(parcel, Hindered):
            raise _hindered(parcel)
        return Answer(HTTPStatus.OK, record_of(parcel))

    async def _local(self, caller: Caller, asked: Asked) -> Answer:
        card, local_id = self._card(caller, asked), _local_id_in(asked.body)
        hindered = await self._register.acknowledge(caller.unit, card, local_id, _actor(caller))
        if hindered is not None:
            raise _hindered(hindered)
        return Answer(HTTPStatus.OK, {"card": card, "local_id": local_id})

    def _card(self, caller: Caller, asked: Asked) -> CardNumber:
        if not self._carriers.fetches(caller.unit):
            # Somebody else brings patrons there: a courier, or staff. Two would get in each other's way.
            raise refusal(HTTPStatus.CONFLICT, "another_carrier", 'carrier = "feed" in the partner file')
        found = _PATRON.fullmatch(asked.path)
        card = national(found[1]) if found else None
        if card is None:
            raise refusal(HTTPStatus.NOT_FOUND, "no_such_patron")
        if asked.query:
            raise refusal(HTTPStatus.BAD_REQUEST, "query", "no query")
        return card


def _actor(caller: Caller) -> str:
    return f"initiator {caller.id}"


def _hindered(hindered: Hindered) -> RefusedError:
    status, error = HINDRANCES[hindered.why]
    return refusal(status, error)


async def _told(changed: asyncio.Event, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await changed.wait()
    except TimeoutError:
        return


def _numbers(query: Mapping[str, list[str]], **known: tuple[int, int, int]) -> dict[str, int]:
    """Return each known number, or its default; raises the refusal of any other query."""
    if not query.keys() <= known.keys():
        raise refusal(HTTPStatus.BAD_REQUEST, "query", f"only {', '.join(known)}")
    return {name: _number(name, query.get(name), *bounds) for name, bounds in known.items()}


def _number(name: str, told: list[str] | None, default: int, low: int, high: int) -> int:
    if told is None:
        return default
    text = told[0] if len(told) == 1 else ""
    if not (text.isascii() and text.isdecimal() and len(text) <= 19 and low <= int(text) <= high):
        raise refusal(HTTPStatus.BAD_REQUEST, name, f"one whole number from {low} to {high}")
    return int(text)


def _local_id_in(body: bytes) -> str:
    try:
        told = json.loads(body)
    except (ValueError, RecursionError):
        raise refusal(HTTPStatus.BAD_REQUEST, "body", 'JSON such as {"local_id": "S200001"}') from None
    local_id = told.get("local_id") if isinstance(told, dict) and len(told) == 1 else None
    if not isinstance(local_id, str) or not is_local_id(local_id):
        raise refusal(HTTPStatus.BAD_REQUEST, "local_id", f"a text of {EXPECTED}")
    return local_id
