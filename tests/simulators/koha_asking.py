"""Asking a simulated Koha without a network, every answer held against the contract where that is at hand."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

from gateway.simulators.koha import Habits, KohaAnswer, KohaLibrary, KohaRequest, KohaWorld, Profile, built_in_koha
from tests.clocks import HandClock
from tests.simulators.koha_contract import check_answer

KEY = {"grant_type": "client_credentials", "client_id": "portvakt", "client_secret": "demo-storbyen-koha"}
NEW = {
    "cardnumber": "N000123456",
    "userid": "N000123456",
    "surname": "Ødegård",
    "firstname": "Åse Marie",
    "date_of_birth": "1991-03-14",
    "library_id": "HOVED",
    "category_id": "VOKSEN",
}
MARTE = 4711


class Asking:
    """One library, and a key that opens it."""

    def __init__(self, profile: Profile = "new", world: KohaWorld | None = None, **habits: Any) -> None:
        self.clock = HandClock()
        self.library = KohaLibrary(world or built_in_koha(), self.clock, Habits(profile=profile, **habits))
        self.authorization = ""

    def ask(self, method: str, path: str, body: Any = None, **query: str) -> KohaAnswer:
        """Ask with a key."""
        return self.say(method, path, body, query, {"authorization": self.authorization or self._bought()})

    def say(
        self, method: str, path: str, body: Any, query: Mapping[str, str], headers: Mapping[str, str]
    ) -> KohaAnswer:
        """Ask as it is written."""
        raw = b"" if body is None else json.dumps(body).encode()
        request = KohaRequest(
            method=method,
            path=path,
            query=tuple(query.items()),
            headers={"content-type": "application/json", **headers},
            body=raw,
        )
        answer = self.library.answer(request)
        check_answer(_plain(request), answer)
        return answer

    def token(self, **changes: str | None) -> KohaAnswer:
        """Ask for a token; None leaves a part out."""
        form = {name: value for name, value in {**KEY, **changes}.items() if value is not None}
        request = KohaRequest(
            method="POST",
            path="/oauth/token",
            headers={"content-type": "application/x-www-form-urlencoded"},
            body=urlencode(form).encode(),
        )
        answer = self.library.answer(request)
        check_answer(request, answer)
        return answer

    def found(self, *, embed: bool = False, **query: Any) -> list[int]:
        """The keys of the patrons who are found."""
        headers = {"authorization": self.authorization or self._bought()}
        headers |= {"x-koha-embed": "extended_attributes"} if embed else {}
        answer = self.say("GET", "/patrons", None, query, headers)
        assert answer.status == 200, answer
        return [one["patron_id"] for one in answer.body]

    def _bought(self) -> str:
        answer = self.token()
        if answer.status != 200:
            return ""
        self.authorization = f"Bearer {answer.body['access_token']}"
        return self.authorization


def _plain(request: KohaRequest) -> KohaRequest:
    """The request by which the contract finds the answers: what is wrong with it is the test's own doing."""
    return replace(request, query=())
