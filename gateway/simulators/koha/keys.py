"""Who may ask: tokens for API keys, accounts, and the permissions of the account behind them."""

from __future__ import annotations

import base64
import binascii
import hmac
import secrets
from collections.abc import Callable, Mapping
from urllib.parse import parse_qsl

from gateway.simulators.koha.habits import Habits
from gateway.simulators.koha.wire import KohaAnswer, KohaRequest, error, misshapen, refuse
from gateway.simulators.koha.world import Key

_WHOLE = "borrowers"
_EITHER = ("list_borrowers", "edit_borrowers")

NEEDED: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "list": ((_WHOLE,), ("list_borrowers",)),
    "get": (("edit_borrowers",), _EITHER),
    "add": (("edit_borrowers",), ("edit_borrowers",)),
    "update": ((_WHOLE,), ("edit_borrowers",)),
    "delete": (("delete_borrowers",), ("delete_borrowers",)),
    "set-password": ((_WHOLE,), (_WHOLE,)),
    "validate": ((_WHOLE,), (_WHOLE,)),
}
"""Request → the permissions of which one is needed, in older and in newer versions."""


class Keys:
    """The tokens that were given out, and who may do what."""

    def __init__(self, key: Key, habits: Habits, clock: Callable[[], float]) -> None:
        """Know one account."""
        self._key = key
        self._habits = habits
        self._clock = clock
        self._tokens: dict[str, float] = {}

    def expire(self) -> None:
        """End every token that was given out."""
        self._tokens.clear()

    def token(self, request: KohaRequest) -> KohaAnswer:
        """Answer a request for a token."""
        form = dict(parse_qsl(request.body.decode("utf-8", "replace")))
        if "grant_type" not in form:
            raise misshapen(("/grant_type", "Missing property."))
        if form["grant_type"] != "client_credentials" or not self._habits.oauth:
            return error(400, "Unimplemented grant type")
        told = (form.get("client_id", ""), form.get("client_secret", ""))
        if not _same(told, (self._key.client_id, self._key.client_secret)):
            return error(403, "unauthorized_client")
        text = secrets.token_urlsafe(24)
        self._tokens[text] = self._clock() + self._habits.token_seconds
        body = {"access_token": text, "token_type": "Bearer", "expires_in": self._habits.token_seconds}
        return KohaAnswer(200, body, {"Cache-Control": "no-store", "Pragma": "no-cache"})

    def admit(self, request: KohaRequest, asked: str) -> None:
        """Return where the request may be answered; raises its refusal."""
        kind, _, shown = request.headers.get("authorization", "").partition(" ")
        if kind == "Basic":
            self._admit_account(shown)
        elif kind != "Bearer" or self._tokens.get(shown, 0.0) <= self._clock():
            raise refuse(401, "Authentication failure.")
        needed = NEEDED[asked][self._habits.is_new]
        if not self._key.permissions.intersection({*needed, _WHOLE}):
            permission = "1" if needed == (_WHOLE,) else needed[-1]
            text = "Authorization failure. Missing required permission(s)."
            raise refuse(403, text, required_permissions={"borrowers": permission})

    def _admit_account(self, shown: str) -> None:
        if not self._habits.basic:
            raise refuse(401, "Basic authentication disabled")
        try:
            user, _, password = base64.b64decode(shown, validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            user = password = ""
        if not self._key.user or not _same((user, password), (self._key.user, self._key.password)):
            raise refuse(401, "Authentication failure.")


def _same(told: tuple[str, str], right: tuple[str, str]) -> bool:
    return all(hmac.compare_digest(one.encode(), other.encode()) for one, other in zip(told, right, strict=True))
