"""Brings patrons to a Koha through its REST interface.

The local id is the card number that Koha has for the patron (else the login name): by these kiosks and NCIP find a
patron there, and not by Koha's own key. It stays when a card is replaced: the new card becomes the login name.
"""

from __future__ import annotations

import asyncio

from gateway.delivery.carriers import Brought, LookedUp, Lost, NotSent, NotThere, Rejected, SomebodyElse, There, Tried
from gateway.delivery.koha_answers import Meaning, Reply, Step, ending
from gateway.delivery.koha_client import Ask, KohaClient, Trouble, Unanswered
from gateway.delivery.koha_finding import Doubt, find
from gateway.delivery.koha_key import KohaKey
from gateway.delivery.koha_records import (
    KohaPatron,
    Record,
    changed_record,
    ended_record,
    fits,
    is_still,
    new_record,
    read_patron,
)
from gateway.delivery.koha_system import Clock, KohaSystem
from gateway.delivery.mapping import RecordMapping
from registry.domain.delivery import Parcel


class KohaCarrier:
    """A `Carrier` to one lending unit's Koha. A look-up that has no answer is `NotSent`: nothing has been done."""

    def __init__(self, system: KohaSystem, mapping: RecordMapping, clock: Clock) -> None:
        """Connect to nothing yet; raises `OSError` where the file of issuers is of no use."""
        self._system = system
        self._mapping = mapping
        self._clock = clock
        self._client = KohaClient(system)
        self._key = KohaKey(system, self._client, clock)
        # Koha checks for duplicates and then writes; two writers at once would pass each other.
        self._writing = asyncio.Lock()

    async def look_up(self, parcel: Parcel, seconds: float) -> LookedUp:
        """Return whether the patron is there, by card number, login name and attribute, and is the same person."""
        found = await self._find(parcel, _deadline(seconds))
        if found is None:
            return NotThere()
        if not isinstance(found, KohaPatron):
            return found
        if not fits(found, parcel.view) or found.local_id is None:
            return SomebodyElse(Doubt.OTHER_PERSON.value)
        return There(found.local_id)

    async def create(self, parcel: Parcel, seconds: float) -> Tried:
        """Create the patron, who was looked up and not there, with a password that nobody has."""
        record = new_record(parcel, self._mapping, self._clock.today(), self._system.attribute_type)
        if record is None:
            return Rejected(Doubt.NO_NAME.value)
        reply = await self._write("POST", "/patrons", record, _deadline(seconds))
        if not isinstance(reply, Reply):
            return reply
        created = read_patron(reply.body) if reply.status in (200, 201) else None
        if created is None:
            return ending(reply, Step.CREATE)
        # A plugin may have given another card number; somebody else's patron is no answer to this.
        ours = created.is_under(parcel.card)
        return Brought(created.local_id) if ours else Lost(Meaning.UNREADABLE.value)

    async def update(self, parcel: Parcel, seconds: float) -> Tried:
        """Bring changed data of a patron who is there; their branch and category stay as the library has them."""
        until = _deadline(seconds)
        found = await self._there(parcel, until)
        if not isinstance(found, KohaPatron):
            return found or Rejected(Doubt.GONE.value)
        record = changed_record(found, parcel, self._mapping)
        if record is None:
            return Rejected(Doubt.NO_NAME.value)
        return await self._change(found, record, until)

    async def end(self, parcel: Parcel, seconds: float) -> Tried:
        """Let the patron expire; who is not there, or has expired, is left alone."""
        until = _deadline(seconds)
        found = await self._there(parcel, until)
        if not isinstance(found, KohaPatron):
            return found or Brought()
        record = ended_record(found, parcel.view, self._clock.today())
        return Brought(found.local_id) if record is None else await self._change(found, record, until)

    async def close(self) -> None:
        """Close every connection."""
        await self._client.close()

    async def _find(self, parcel: Parcel, until: float) -> KohaPatron | SomebodyElse | NotSent | None:
        async def ask(request: Ask) -> Reply | NotSent:
            reply = await self._ask(request, until)
            return NotSent(reply.trouble.value) if isinstance(reply, Unanswered) else reply

        return await find(parcel, self._system.attribute_type, ask)

    async def _there(self, parcel: Parcel, until: float) -> KohaPatron | NotSent | Rejected | None:
        """Return the patron who was adopted or created once, as Koha has them now."""
        found = await self._find(parcel, until)
        if isinstance(found, SomebodyElse):
            return Rejected(found.reason)
        if isinstance(found, KohaPatron) and not is_still(found, parcel.view):
            return Rejected(Doubt.OTHER_PERSON.value)
        return found

    async def _change(self, found: KohaPatron, record: Record, until: float) -> Tried:
        reply = await self._write("PUT", f"/patrons/{found.id}", record, until)
        if not isinstance(reply, Reply):
            return reply
        if reply.status == 204:
            return Brought(found.local_id)
        changed = read_patron(reply.body) if reply.status == 200 else None
        if changed is None:
            return ending(reply, Step.CHANGE)
        return Brought(changed.local_id) if changed.id == found.id else Lost(Meaning.UNREADABLE.value)

    async def _write(self, method: str, path: str, record: Record, until: float) -> Reply | NotSent | Lost:
        try:
            async with asyncio.timeout_at(until):
                await self._writing.acquire()
        except TimeoutError:
            return NotSent(Trouble.NO_TIME.value)
        try:
            headers = {"Content-Type": "application/json"}
            reply = await self._ask(Ask(method=method, path=path, headers=headers, record=record), until)
        finally:
            self._writing.release()
        if isinstance(reply, Unanswered):
            return (Lost if reply.sent else NotSent)(reply.trouble.value)
        return reply

    async def _ask(self, request: Ask, until: float) -> Reply | Unanswered | NotSent:
        """Return an answer; a token that is refused is renewed, once."""
        header = await self._key.header(until)
        reply = header if isinstance(header, NotSent) else await self._shown(request, header, until)
        if not (isinstance(header, str) and isinstance(reply, Reply) and reply.status == 401):
            return reply
        if not self._key.is_renewable:
            return reply
        self._key.forget(header)
        renewed = await self._key.header(until)
        return renewed if isinstance(renewed, NotSent) else await self._shown(request, renewed, until)

    async def _shown(self, request: Ask, header: str, until: float) -> Reply | Unanswered:
        shown = Ask(
            method=request.method,
            path=request.path,
            query=request.query,
            headers={**request.headers, "Authorization": header},
            record=request.record,
        )
        return await self._client.ask(shown, until)


def _deadline(seconds: float) -> float:
    return asyncio.get_running_loop().time() + seconds
