"""A request to the simulated interface and an answer of it, without HTTP around them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class KohaRequest:
    """What was asked: `path` is what follows `/api/v1`, header names are in small letters."""

    method: str
    path: str
    query: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: bytes = field(default=b"", repr=False)

    @property
    def json(self) -> Any:
        """What the body says; raises `ValueError` where it is no JSON."""
        return json.loads(self.body)


@dataclass(frozen=True, slots=True)
class KohaAnswer:
    """What is answered: a JSON body, or none at all where `body` is `EMPTY`."""

    status: int
    body: Any = field(repr=False)
    headers: Mapping[str, str] = field(default_factory=dict)


EMPTY: Any = object()
"""Stands for no body: of a 204."""


class RefusedError(Exception):
    """A request ends here; carries its answer."""

    def __init__(self, answer: KohaAnswer) -> None:
        super().__init__(answer.status)
        self.answer = answer


def error(status: int, text: str, **more: object) -> KohaAnswer:
    """The usual form of a refusal."""
    return KohaAnswer(status, {"error": text, **more})


def refuse(status: int, text: str, **more: object) -> RefusedError:
    """The usual form of a refusal, to be raised."""
    return RefusedError(error(status, text, **more))


def misshapen(*faults: tuple[str, str]) -> RefusedError:
    """The refusal of a body that does not fit the schema; each fault is a place and what is wrong there."""
    told = [{"message": message, "path": path} for path, message in faults]
    return RefusedError(KohaAnswer(400, {"errors": told, "status": 400}))
