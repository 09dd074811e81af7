"""Tree → message. The tree has the standard's names and order, or is near enough."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, tzinfo
from typing import Any

from lxml import etree

from protocols.ncip import dates
from protocols.ncip.elements import Ext
from protocols.ncip.fields import Kind, Leaf
from protocols.ncip.problems import Trouble
from protocols.ncip.schemes import NAMESPACE, Coded
from protocols.ncip.spec import Element, Place

_SCHEME = f"{{{NAMESPACE}}}Scheme"
_SPACED = f"{{{NAMESPACE}}}"


class Unfit(Exception):
    """A child of a known service is missing or unusable; `about` names it, and never holds a value."""

    def __init__(self, trouble: Trouble, about: str) -> None:
        super().__init__(f"{trouble.word}: {about}")
        self.trouble = trouble
        self.about = about


@dataclass(frozen=True, slots=True)
class Reader:
    """Reads elements. A `lenient` one leaves out what is unusable below the message, instead of giving up.

    `zone` holds where an instant names none.
    """

    lenient: bool = False
    zone: tzinfo = UTC

    def read(self, node: etree._Element, cls: type[Element]) -> Any:
        """The element of this class that a node holds; raises `Unfit` where a required child is missing."""
        by_tag = cls.layout.by_tag
        values: dict[str, Any] = {}
        for child in node:
            place = by_tag.get(child.tag)  # what has no place here is nothing that we read
            if place is not None:
                self._put(values, place, child)
        for place in cls.layout.required:
            if place.attribute not in values:
                values[place.attribute] = _lacking(place)
        return cls(**values)

    def _put(self, values: dict[str, Any], place: Place, child: etree._Element) -> None:
        try:
            value = self._leaf(child, place.leaf) if place.of is None else self._within(place.of).read(child, place.of)
        except Unfit:
            if self.lenient:
                return
            raise
        if value is None:
            return
        if place.repeatable:
            values[place.attribute] = (*values.get(place.attribute, ()), value)
        elif place.attribute not in values:
            values[place.attribute] = value
        elif not self.lenient:
            raise Unfit(Trouble.INVALID_MESSAGE_SYNTAX, place.name)

    def _within(self, cls: type[Element]) -> Reader:
        return Reader(lenient=True, zone=self.zone) if cls is Ext else self

    def _leaf(self, node: etree._Element, leaf: Leaf | None) -> Any:
        if leaf is None:
            return None
        if leaf.inner is not None:
            inner = node.find(_SPACED + leaf.inner)
            if inner is None:
                return None
            node = inner
        text = (node.text or "").strip()
        if len(text) > leaf.limit:
            raise Unfit(Trouble.INVALID_MESSAGE_SYNTAX, leaf.name)
        return self._value(node, leaf, text)

    def _value(self, node: etree._Element, leaf: Leaf, text: str) -> Any:
        match leaf.kind:
            case Kind.TEXT:
                return text
            case Kind.CODED:
                return Coded(text, node.get(_SCHEME))
            case Kind.FLAG:
                return True
            case Kind.INSTANT:
                return _dated(dates.instant(text, self.zone), text, leaf)
            case Kind.BIRTH_DATE:
                return _dated(dates.birth_date(text), text, leaf)


def _dated(value: Any, text: str, leaf: Leaf) -> Any:
    if value is None and text:
        raise Unfit(Trouble.INVALID_DATE, leaf.name)
    return value


def _lacking(place: Place) -> Any:
    """What stands for a required child that did not come; raises `Unfit` where nothing can."""
    if place.leaf is not None and place.leaf.may_lack:
        return Coded("") if place.leaf.kind is Kind.CODED else ""
    if place.repeatable:
        return ()
    raise Unfit(Trouble.NEEDED_DATA_MISSING, place.name)
