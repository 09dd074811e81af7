"""The contract of the patrons' part of Koha's REST interface, where somebody has it.

It is looked for in the folder that `PORTVAKT_SHARED` names, else in `shared` beside the checkout. What it does not
tell is told here: parameters that it does not name are refused, and who asks must show a key.
"""

from __future__ import annotations

import json
import os
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from openapi_core import OpenAPI
from openapi_core.datatypes import RequestParameters
from werkzeug.datastructures import Headers, ImmutableMultiDict

from gateway.simulators.koha import KohaAnswer, KohaRequest
from gateway.simulators.koha.spoiling import reply_of

_BESIDE = Path(__file__).resolve().parents[3] / "shared"
_FILE = Path(os.environ.get("PORTVAKT_SHARED") or _BESIDE) / "examples" / "koha-patrons.openapi.yaml"

needs_contract = pytest.mark.skipif(not _FILE.exists(), reason="the contract of Koha's interface is not at hand")


class _Asked:
    """A request as `openapi_core` looks at one."""

    host_url = "https://koha.example.org"

    def __init__(self, request: KohaRequest) -> None:
        self.method = request.method.lower()
        self.path = f"/api/v1{request.path}"
        self.parameters = RequestParameters(
            query=ImmutableMultiDict(request.query), header=Headers(dict(request.headers)), cookie=ImmutableMultiDict()
        )
        self.body = request.body or None
        self.content_type = request.headers.get("content-type", "")


class _Told:
    """An answer as `openapi_core` looks at one."""

    def __init__(self, answer: KohaAnswer) -> None:
        self.status_code = answer.status
        self.headers = Headers(dict(answer.headers))
        self.data = reply_of(answer).body or None
        self.content_type = "application/json"


@cache
def _document() -> Any:
    return yaml.safe_load(_FILE.read_text("utf-8"))


@cache
def _contract() -> OpenAPI:
    # Its keys are left out: OAuth is not what openapi_core judges.
    document = {name: part for name, part in _document().items() if name != "security"}
    parts = {name: part for name, part in document["components"].items() if name != "securitySchemes"}
    del document["paths"]["/oauth/token"]["post"]["security"]
    return OpenAPI.from_dict({**document, "components": parts})


def check_request(request: KohaRequest) -> None:
    """Raise where a request is none of the contract; nothing happens where that is not at hand."""
    if not _FILE.exists():
        return
    _contract().validate_request(_Asked(request))
    known = _query_parameters(request)
    assert {name for name, _ in request.query} <= known, f"a parameter that {request.path} does not have"
    if request.path != "/oauth/token":
        assert request.headers.get("authorization", "").partition(" ")[0] in ("Bearer", "Basic")


def check_answer(request: KohaRequest, answer: KohaAnswer) -> None:
    """Raise where an answer to a request is none of the contract."""
    if not _FILE.exists():
        return
    _contract().validate_response(_Asked(request), _Told(answer))
    json.dumps(answer.body) if answer.status != 204 else None


def _query_parameters(request: KohaRequest) -> set[str]:
    if request.method != "GET" or request.path != "/patrons":
        return set()
    told = _document()["paths"]["/patrons"]["get"]["parameters"]
    return {one["name"] for one in told if one.get("in") == "query"}
