"""A Koha without a network: a request in, an answer out, the books changed."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date
from typing import Any, Protocol

from gateway.simulators.koha import passwords
from gateway.simulators.koha.books import Books, StoredPatron, first_books
from gateway.simulators.koha.habits import Habits
from gateway.simulators.koha.keys import Keys
from gateway.simulators.koha.schema import fields
from gateway.simulators.koha.searching import page_of, search
from gateway.simulators.koha.wire import EMPTY, KohaAnswer, KohaRequest, RefusedError, error, refuse
from gateway.simulators.koha.world import KohaWorld
from gateway.simulators.koha.writing import change, create


class Clock(Protocol):
    """What a Koha must know of time."""

    def today(self) -> date:
        """Return the date."""

    def monotonic(self) -> float:
        """Return seconds that only grow."""


_PATRON = re.compile(r"/patrons/([0-9]{1,9})")
_PASSWORD = re.compile(r"/patrons/([0-9]{1,9})/password")

ROUTES: Mapping[str, tuple[str, re.Pattern[str]]] = {
    "token": ("POST", re.compile("/oauth/token")),
    "list": ("GET", re.compile("/patrons")),
    "add": ("POST", re.compile("/patrons")),
    "get": ("GET", _PATRON),
    "update": ("PUT", _PATRON),
    "delete": ("DELETE", _PATRON),
    "set-password": ("POST", _PASSWORD),
    "validate": ("POST", re.compile("/auth/password/validation")),
}
"""The name of a request → how it is asked; by these names faults wait for it."""

CHANGING = frozenset({"add", "update", "delete", "set-password"})
"""The requests that may change the books."""


def asked_for(request: KohaRequest) -> str | None:
    """Return the name of a request, or None for what the interface does not have."""
    for name, (method, path) in ROUTES.items():
        if request.method == method and path.fullmatch(request.path):
            return name
    return None


class KohaLibrary:
    """The patrons of one Koha, and what its interface answers."""

    def __init__(self, world: KohaWorld, clock: Clock, habits: Habits | None = None, books: Books | None = None):
        """Open it, with books that were kept or as in the world."""
        self.world = world
        self.habits = habits or Habits()
        self.books = first_books(world) if books is None else books
        self.keys = Keys(world.key, self.habits, clock.monotonic)
        self._clock = clock

    def answer(self, request: KohaRequest) -> KohaAnswer:
        """Answer a request."""
        asked = asked_for(request)
        try:
            if asked is None:
                return KohaAnswer(404, {"errors": [{"message": "Not Found.", "path": "/"}], "status": 404})
            if asked == "token":
                return self.keys.token(request)
            if self.habits.maintenance:
                raise refuse(503, "System is under maintenance.")
            self.keys.admit(request, asked)
            return _ANSWERS[asked](self, request)
        except RefusedError as refused:
            return refused.answer

    def shown(self, patron: StoredPatron, request: KohaRequest | None = None) -> dict[str, Any]:
        """Return a patron as they are answered; attributes only where they are asked for."""
        told: dict[str, Any] = dict.fromkeys(fields(is_new=self.habits.is_new))
        told |= {"lang": "default", "patron_card_lost": False, "incorrect_address": False}
        told |= {name: value for name, value in patron.fields.items() if name in told}
        told |= {"patron_id": patron.id, "restricted": False, "anonymized": False}
        if self.habits.is_new:
            expiry = patron.fields.get("expiry_date") or ""
            told["expired"] = "" < expiry < self._clock.today().isoformat()
            told["protected"] = bool(told["protected"])
        if request is not None and "extended_attributes" in request.headers.get("x-koha-embed", ""):
            told["extended_attributes"] = [
                {"extended_attribute_id": place, "type": code, "value": value}
                for place, (code, value) in enumerate(patron.attributes, start=patron.id * 100)
            ]
        return told

    # One method for each request.

    def list(self, request: KohaRequest) -> KohaAnswer:
        """Answer who is meant."""
        visible = [one for one in self.books if self._sees(one)]
        found = search(visible, request)
        page = page_of(found, request, is_new=self.habits.is_new)
        counts = {"X-Total-Count": str(len(found)), "X-Base-Total-Count": str(len(visible))}
        return KohaAnswer(200, [self.shown(one, request) for one in page], counts if self.habits.is_new else {})

    def get(self, request: KohaRequest) -> KohaAnswer:
        """Answer one patron."""
        return KohaAnswer(200, self.shown(self._meant(request), request))

    def add(self, request: KohaRequest) -> KohaAnswer:
        """Create a patron."""
        patron = create(self.books, self.world, self.habits, request, self._clock.today())
        return KohaAnswer(201, self.shown(patron), {"Location": f"/api/v1/patrons/{patron.id}"})

    def update(self, request: KohaRequest) -> KohaAnswer:
        """Change a patron; older versions say nothing where nothing changes."""
        patron = self._meant(request)
        differs = change(self.books, self.world, self.habits, request, patron)
        if differs or self.habits.is_new:
            return KohaAnswer(200, self.shown(patron, request))
        return KohaAnswer(204, EMPTY)

    def delete(self, request: KohaRequest) -> KohaAnswer:
        """Delete a patron, where nothing hinders it."""
        patron = self._meant(request)
        if patron.hindrances:
            return error(409, _HINDERED[patron.hindrances[0]], error_code=patron.hindrances[0])
        del self.books.patrons[patron.id]
        return KohaAnswer(204, EMPTY) if self.habits.is_new else KohaAnswer(200, {})

    def set_password(self, request: KohaRequest) -> KohaAnswer:
        """Set a patron's password."""
        return passwords.set_password(self._meant(request), request)

    def validate(self, request: KohaRequest) -> KohaAnswer:
        """Tell whether a password is right."""
        return passwords.validate(self.books, self.habits, request)

    def _meant(self, request: KohaRequest) -> StoredPatron:
        patron = self.books.patrons.get(int(request.path.split("/")[2]))
        if patron is None or not self._sees(patron):
            raise refuse(404, "Patron not found.")
        return patron

    def _sees(self, patron: StoredPatron) -> bool:
        return self.habits.sees_only in ("", patron.fields.get("library_id"))


_ANSWERS: Mapping[str, Callable[[KohaLibrary, KohaRequest], KohaAnswer]] = {
    "list": KohaLibrary.list,
    "get": KohaLibrary.get,
    "add": KohaLibrary.add,
    "update": KohaLibrary.update,
    "delete": KohaLibrary.delete,
    "set-password": KohaLibrary.set_password,
    "validate": KohaLibrary.validate,
}

_HINDERED: Mapping[str, str] = {
    "has_checkouts": "Pending checkouts prevent deletion",
    "has_debt": "Pending debts prevent deletion",
    "has_guarantees": "Patron is a guarantor and it prevents deletion",
    "is_anonymous_patron": "Anonymous patron cannot be deleted",
    "is_protected": "Protected patrons cannot be deleted",
}
