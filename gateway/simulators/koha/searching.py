"""Which patrons a list holds: by parameters, by a query in JSON, a page of them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from gateway.simulators.koha.books import StoredPatron, folded
from gateway.simulators.koha.schema import TEXTS
from gateway.simulators.koha.wire import KohaAnswer, KohaRequest, RefusedError, refuse

USUAL_PAGE = 20
_STEERING = frozenset({"_match", "_page", "_per_page", "_order_by", "q"})
_SEARCHABLE = TEXTS | {"date_of_birth", "expiry_date"}
_ATTRIBUTES = {"extended_attributes.code": 0, "extended_attributes.attribute": 1}

_MATCHES: Mapping[str, Callable[[str, str], bool]] = {
    "contains": lambda value, wanted: wanted in value,
    "exact": lambda value, wanted: wanted == value,
    "starts_with": lambda value, wanted: value.startswith(wanted),
    "ends_with": lambda value, wanted: value.endswith(wanted),
}


def search(patrons: Iterable[StoredPatron], request: KohaRequest) -> list[StoredPatron]:
    """Return all patrons that are meant; raises the refusal of a query that is none."""
    asked = dict(request.query)
    strange = sorted(set(asked) - _STEERING - _SEARCHABLE)
    if strange:
        told = [{"path": f"/query/{name}", "message": "Malformed query string"} for name in strange]
        raise RefusedError(KohaAnswer(400, told))
    match = _MATCHES.get(asked.get("_match", "contains"))
    if match is None:
        raise refuse(400, "Not in enum list: " + ", ".join(_MATCHES))
    wanted = {name: value for name, value in asked.items() if name not in _STEERING}
    query = _query(request, asked)
    return [one for one in patrons if _is_meant(one, wanted, match) and _fits(one, query)]


def page_of(found: list[StoredPatron], request: KohaRequest, *, is_new: bool) -> list[StoredPatron]:
    """Return a page; older versions have pages only where one is asked for."""
    asked = dict(request.query)
    size = _number(asked.get("_per_page"), USUAL_PAGE if is_new else -1)
    if size < 0:
        return found
    start = (_number(asked.get("_page"), 1) - 1) * size
    return found[start : start + size]


def _number(text: str | None, usual: int) -> int:
    try:
        return usual if text is None else int(text)
    except ValueError:
        raise refuse(400, "Expected integer - got string.") from None


def _is_meant(one: StoredPatron, wanted: Mapping[str, str], match: Callable[[str, str], bool]) -> bool:
    return all(match(folded(one.fields.get(name)) or "", value.casefold()) for name, value in wanted.items())


def _query(request: KohaRequest, asked: Mapping[str, str]) -> Any:
    if "q" not in asked:
        return {}
    try:
        query = json.loads(asked["q"])
    except ValueError:
        raise refuse(400, "Malformed query string") from None
    embeds = "extended_attributes" in request.headers.get("x-koha-embed", "")
    if any(name.startswith("extended_attributes.") for name in _names(query)) and not embeds:
        raise refuse(400, "Malformed query string")
    return query


def _names(query: Any) -> Iterable[str]:
    parts = query if isinstance(query, list) else [query]
    return (name for part in parts if isinstance(part, dict) for name in part)


def _fits(one: StoredPatron, query: Any) -> bool:
    """Keys AND, lists OR."""
    if isinstance(query, list):
        return any(_fits(one, part) for part in query)
    own = {name: value for name, value in query.items() if name in _ATTRIBUTES}
    others = {name: value for name, value in query.items() if name not in _ATTRIBUTES}
    return _has_attribute(one, own) and all(_is(one.fields.get(name), value) for name, value in others.items())


def _has_attribute(one: StoredPatron, wanted: Mapping[str, Any]) -> bool:
    if not wanted:
        return True
    return any(all(_is(pair[_ATTRIBUTES[name]], value) for name, value in wanted.items()) for pair in one.attributes)


def _is(value: object, wanted: Any) -> bool:
    if isinstance(wanted, dict) and "-like" in wanted:
        return str(wanted["-like"]).strip("%").casefold() in (folded(value) or "")
    return folded(value) == folded(wanted)
