"""Finding a patron in a Koha: by card number, then by login name, then by the attribute that may hold the number."""

from __future__ import annotations

import enum
import json
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field

from gateway.delivery.carriers import NotSent, SomebodyElse
from gateway.delivery.koha_answers import Meaning, Reply, Step, ending
from gateway.delivery.koha_client import Ask
from gateway.delivery.koha_records import KohaPatron, read_patron
from registry.domain.delivery import Parcel


class Doubt(enum.Enum):
    """Why staff must look; the values are words for logs and for them."""

    SEVERAL = "several_found"
    OTHER_NUMBER = "other_number"
    OTHER_PERSON = "another_person"
    NO_NAME = "no_name"
    GONE = "gone"


@dataclass(frozen=True, slots=True)
class _Place:
    """One question: the parameters, and whether a patron really has the number that was asked for."""

    query: dict[str, str] = field(repr=False)
    has: Callable[[KohaPatron], bool] = field(repr=False)
    embeds: bool = False

    def ask(self) -> Ask:
        # Always exact: without it, older versions find every number that contains this one.
        query = {**self.query, "_match": "exact", "_per_page": "2"}
        headers = {"x-koha-embed": "extended_attributes"} if self.embeds else {}
        return Ask(method="GET", path="/patrons", query=query, headers=headers)


Asker = Callable[[Ask], Awaitable[Reply | NotSent]]
"""Asks something that changes nothing: without an answer nothing has been done."""

Found = KohaPatron | None | SomebodyElse | NotSent


async def find(parcel: Parcel, attribute_type: str | None, ask: Asker) -> Found:
    """Return the patron of a parcel, ``None`` where there is nobody, or why that cannot be told."""
    for place in _places(parcel, attribute_type):
        reply = await ask(place.ask())
        found = reply if isinstance(reply, NotSent) else _found(reply, place)
        if found is not None:
            return found
    return None


def _places(parcel: Parcel, attribute_type: str | None) -> Iterator[_Place]:
    """Where to look, in order: what the library itself calls the patron, the card in use, then the former ones."""
    known = [parcel.local_id] if parcel.local_id else []
    numbers = dict.fromkeys([*known, parcel.card, *parcel.former_cards])
    for number in numbers:
        yield _Place({"cardnumber": number}, lambda patron, number=number: patron.card == number)  # type: ignore[misc]
        yield _Place({"userid": number}, lambda patron, number=number: patron.user == number)  # type: ignore[misc]
    if attribute_type is not None:
        for number in (parcel.card, *parcel.former_cards):
            yield _by_attribute(attribute_type, number)


def _by_attribute(kind: str, number: str) -> _Place:
    wanted = {"extended_attributes.code": kind, "extended_attributes.attribute": number}
    return _Place(
        {"q": json.dumps(wanted, ensure_ascii=False)}, lambda patron: (kind, number) in patron.attributes, embeds=True
    )


def _found(reply: Reply, place: _Place) -> Found:
    if reply.status != 200 or not isinstance(reply.body, list):
        refused = ending(reply, Step.LOOK_UP)
        return refused if isinstance(refused, NotSent) else NotSent(refused.reason)
    if not reply.body:
        return None
    if len(reply.body) > 1:
        return SomebodyElse(Doubt.SEVERAL.value)
    patron = read_patron(reply.body[0])
    if patron is None:
        return NotSent(Meaning.UNREADABLE.value)
    return patron if place.has(patron) else SomebodyElse(Doubt.OTHER_NUMBER.value)
