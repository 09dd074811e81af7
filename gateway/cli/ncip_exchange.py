"""One exchange with an NCIP responder as a person looks at it: what went, what came, how well it was made."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from typing import Any, Final

from lxml import etree

from gateway.cli.ncip_masking import as_sent, shown, starred, tree
from gateway.ncip.endpoint import Endpoint
from gateway.ncip.ils_exchange import Lost, Reply
from gateway.ncip.ils_wire import IlsWire
from protocols.ncip import (
    ANSWER_LIMITS,
    MESSAGES,
    BareProblem,
    Codec,
    Conformance,
    Message,
    Problem,
    Received,
    Response,
    Unreadable,
    verdict_on,
)
from protocols.ncip.grammar import schema_tree

PERFORMED, DECLINED, UNUSABLE = 0, 1, 3
"""Exit statuses: the service was performed, it was refused with a problem, or there is no usable answer."""

_FAULTS_SHOWN: Final = 10
_CONFORMANCE: Final = {
    Conformance.VALID: "valid",
    Conformance.MENDED: "not valid as it stands, readable after the usual repairs",
    Conformance.INVALID: "not valid, but readable",
}


@dataclass(frozen=True, slots=True)
class Judged:
    """A document, what it is, and what the schema says of it: lines and kinds of faults, never values."""

    raw: bytes = field(repr=False)
    name: str | None
    verdict: str
    faults: tuple[str, ...] = ()
    problems: tuple[Problem, ...] = ()
    message: Message | None = None


@dataclass(frozen=True, slots=True)
class Exchange:
    """A request and what became of it, after `seconds`."""

    request: Judged
    answer: Judged | None
    seconds: float
    http_status: int | None = None
    failure: str | None = None

    @property
    def status(self) -> int:
        """How the command ends."""
        if self.answer is None or self.answer.message is None:
            return UNUSABLE
        if self.answer.problems:
            return DECLINED
        return PERFORMED if self._answers() else UNUSABLE

    def _answers(self) -> bool:
        asked = MESSAGES.get(self.request.name or "")
        return asked is None or asked.answered_by == self.answer_name

    @property
    def answer_name(self) -> str | None:
        """The message that came."""
        return None if self.answer is None else self.answer.name

    @property
    def outcome(self) -> str:
        """How it ended, in words."""
        if self.failure is not None:
            return f"no answer: {self.failure}"
        if self.status == UNUSABLE:
            return "no usable answer"
        if self.answer is not None and self.answer.problems:
            return f"declined ({verdict_on(self.answer.problems).name.lower()})"
        return "performed"


def exchange(endpoint: Endpoint, body: bytes) -> Exchange:
    """Send a document as it stands, and judge it and its answer. Raises `OSError` for TLS files of no use."""
    wire = IlsWire(endpoint, clock=time.monotonic)
    began = time.monotonic()
    reply = asyncio.run(_once(wire, body, began + endpoint.budgets.total))
    seconds = time.monotonic() - began
    codec = Codec()
    request = judged(codec, body)
    if isinstance(reply, Lost):
        return Exchange(request, None, seconds, failure=reply.kind.value.replace("_", " "))
    return Exchange(request, judged(codec, reply.body), seconds, reply.status)


async def _once(wire: IlsWire, body: bytes, deadline: float) -> Reply | Lost:
    try:
        return await wire.exchange(body, deadline, changes=True)
    finally:
        wire.close()


def judged(codec: Codec, document: bytes) -> Judged:
    """What a document is, and how well it was made."""
    read = codec.decode(document, limits=ANSWER_LIMITS)
    if isinstance(read, Unreadable):
        return Judged(document, read.service, f"not readable: {read.flaw.value}", _faults(document))
    verdict = _CONFORMANCE[read.conformance]
    faults = () if read.conformance is Conformance.VALID else _faults(document)
    return Judged(document, read.message.name, verdict, faults, _problems(read), read.message)


def _problems(read: Received) -> tuple[Problem, ...]:
    return read.message.problems if isinstance(read.message, Response | BareProblem) else ()


def _faults(document: bytes) -> tuple[str, ...]:
    root = tree(document)
    if root is None:
        return ()
    schema = etree.XMLSchema(schema_tree())
    schema.validate(root)
    log: Any = schema.error_log
    # Not the text of a fault: it quotes values.
    return tuple(f"line {one.line}: {one.path or '/'}: {one.type_name}" for one in log)[:_FAULTS_SHOWN]


def as_lines(done: Exchange, secrets: tuple[str, ...], *, raw: bool) -> list[str]:
    """The exchange for a person to read."""
    show = as_sent if raw else shown
    lines = [_headline("→", done.request, ""), show(done.request.raw, secrets)]
    if done.answer is not None:
        transport = f", HTTP {done.http_status}" if done.http_status is not None else ""
        lines += ["", _headline("←", done.answer, transport), show(done.answer.raw, secrets)]
    lines.append("")
    if done.answer is not None:
        lines += [f"problem: {starred(text, secrets)}" for text in map(_problem, done.answer.problems)]
    return [*lines, f"{done.outcome}, after {done.seconds * 1000:.1f} ms"]


def _headline(arrow: str, one: Judged, transport: str) -> str:
    told = [f"{arrow} {one.name or 'no message'}: {len(one.raw)} bytes{transport}, {one.verdict}"]
    return "\n".join([*told, *(f"  {fault}" for fault in one.faults)])


def _problem(one: Problem) -> str:
    said = [
        one.problem_type.value or "(no word)",
        *(text for text in (one.problem_element, one.problem_detail) if text),
    ]
    return "; ".join("".join(letter if letter.isprintable() else "?" for letter in text) for text in said)


def as_object(done: Exchange, secrets: tuple[str, ...]) -> dict[str, Any]:
    """The exchange for a program to read."""
    return {
        "outcome": done.outcome,
        "milliseconds": round(done.seconds * 1000, 1),
        "http_status": done.http_status,
        "failure": done.failure,
        "request": _object(done.request, secrets),
        "answer": None if done.answer is None else _object(done.answer, secrets),
    }


def _object(one: Judged, secrets: tuple[str, ...]) -> dict[str, Any]:
    return {
        "message": one.name,
        "bytes": len(one.raw),
        "valid": one.verdict == _CONFORMANCE[Conformance.VALID],
        "verdict": one.verdict,
        "faults": list(one.faults),
        "problems": [starred(_problem(problem), secrets) for problem in one.problems],
        "document": shown(one.raw, secrets),
    }
