"""Passwords of patrons: set, and validated."""

from __future__ import annotations

from typing import Any

from gateway.simulators.koha.books import Books, StoredPatron
from gateway.simulators.koha.habits import Habits
from gateway.simulators.koha.wire import EMPTY, KohaAnswer, KohaRequest, error, misshapen

SHORTEST = 3


def set_password(patron: StoredPatron, request: KohaRequest) -> KohaAnswer:
    """Set a patron's password."""
    body = _body(request, {"password", "password_2"})
    first, second = body.get("password"), body.get("password_2")
    if not isinstance(first, str) or not isinstance(second, str):
        raise misshapen(("/body", "Missing property."))
    if first != second:
        return error(400, "Passwords don't match")
    if len(first) < SHORTEST:
        return error(400, f"Password length ({len(first)}) is shorter than required ({SHORTEST})")
    if first != first.strip():
        return error(400, "[Password contains leading/trailing whitespace character(s)]")
    patron.set_password(first)
    return KohaAnswer(200, "")


def validate(books: Books, habits: Habits, request: KohaRequest) -> KohaAnswer:
    """Tell whether a password is right; the older versions know the login name alone."""
    body = _body(request, {"password", "userid", *(("identifier",) if habits.is_new else ())})
    named = [name for name in ("userid", "identifier") if name in body]
    if len(named) != 1 or not isinstance(body.get("password"), str):
        return error(400, "Bad request. Only one identifier attribute can be passed.")
    wanted = body[named[0]]
    patron = books.holder("userid", wanted)
    if patron is None and named == ["identifier"]:
        patron = books.holder("cardnumber", wanted)
    if patron is None or not patron.is_password(body["password"]):
        return error(400, "Validation failed")
    if not habits.is_new:
        return KohaAnswer(204, EMPTY)
    told = {name: patron.fields.get(name) for name in ("cardnumber", "userid")}
    return KohaAnswer(201, {**told, "patron_id": patron.id})


def _body(request: KohaRequest, known: set[str]) -> dict[str, Any]:
    try:
        body = request.json
    except ValueError:
        body = None
    if not isinstance(body, dict):
        raise misshapen(("/body", "Expected object - got string."))
    strange = sorted(set(body) - known)
    if strange:
        raise misshapen(("/body", f"Properties not allowed: {', '.join(strange)}."))
    return body
