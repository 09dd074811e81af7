"""Message → text in NCIP 2.02, with the literal prefix `ns1:` by which several systems look for problems.

Markup and values are kept apart until the end, so that a shape that was once proved valid need not be proved again.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any, Final

from protocols.ncip import dates
from protocols.ncip.errors import NotSendable
from protocols.ncip.fields import Kind, Leaf
from protocols.ncip.messages import BareProblem, Response
from protocols.ncip.schemes import NAMESPACE, Coded, is_uri
from protocols.ncip.spec import Element, Message

DECLARATION: Final = '<?xml version="1.0" encoding="UTF-8"?>\n'

_SPECIAL = re.compile('[&<>"\r\0-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]')
_ESCAPES = {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "\r": "&#13;"}
_BESIDE_PROBLEMS = frozenset({"ResponseHeader", "Problem"})


def escaped(text: str) -> str:
    """A text as it may stand in an element or an attribute; what XML cannot hold becomes U+FFFD or, if it is a
    control character, nothing."""
    return _SPECIAL.sub(_escape, text) if _SPECIAL.search(text) else text


def _escape(match: re.Match[str]) -> str:
    special = match[0]
    return _ESCAPES.get(special, "" if special < " " else "\ufffd")


class Writer:
    """Writes one document as a row of markup and values in turn: `markup[0] values[0] markup[1] …`."""

    __slots__ = ("markup", "values")

    def __init__(self, version: str) -> None:
        self.markup = [f'{DECLARATION}<ns1:NCIPMessage xmlns:ns1="{NAMESPACE}" ns1:version="']
        self.values = [escaped(version)]
        self._add('">')

    def message(self, message: Message) -> None:
        """Write a whole message; call it once. Raises `NotSendable` for a value that cannot be written."""
        if isinstance(message, BareProblem):
            for problem in message.problems:
                self._element(problem)
        else:
            self._element(message)
        self._add("</ns1:NCIPMessage>")

    @property
    def shape(self) -> str:
        """The markup alone: whether the document is valid depends on nothing else."""
        return "".join(self.markup)

    def text(self) -> str:
        """The whole document."""
        return "".join([piece for pair in zip(self.markup, self.values, strict=True) for piece in pair])

    def _add(self, markup: str, value: str = "") -> None:
        self.markup.append(markup)
        self.values.append(value)

    def _element(self, element: Element) -> None:
        element = element.sendable()
        refused = isinstance(element, Response) and bool(element.problems)
        self._add(f"<ns1:{element.name}>")
        for place, value in element.children():
            if refused and place.name not in _BESIDE_PROBLEMS:
                continue
            if place.leaf is None:
                self._element(value)
            else:
                self._leaf(place.leaf, value)
        self._add(f"</ns1:{element.name}>")

    def _leaf(self, leaf: Leaf, value: Any) -> None:
        if leaf.inner is not None:
            self._add(f"<ns1:{leaf.name}>")
            self._valued(leaf.inner, leaf.kind, value)
            self._add(f"</ns1:{leaf.name}>")
        else:
            self._valued(leaf.name, leaf.kind, value)

    def _valued(self, name: str, kind: Kind, value: Any) -> None:
        if isinstance(value, Coded) and value.scheme and is_uri(value.scheme):
            self._add(f'<ns1:{name} ns1:Scheme="', escaped(value.scheme))
            self._add('">', escaped(value.value))
        else:
            self._add(f"<ns1:{name}>", _written(kind, value))
        self._add(f"</ns1:{name}>")


def _written(kind: Kind, value: Any) -> str:
    match kind:
        case Kind.TEXT:
            return escaped(value)
        case Kind.CODED:
            return escaped(value.value)
        case Kind.FLAG:
            return ""
        case Kind.INSTANT:
            return _instant(value)
        case Kind.BIRTH_DATE:
            return dates.written_birth_date(value)


def _instant(value: datetime) -> str:
    try:
        return dates.written_instant(value)
    except (ValueError, OverflowError):
        raise NotSendable("an instant without a zone, or beyond the calendar") from None
