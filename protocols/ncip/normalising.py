"""Tree → tree: what systems send is turned into what the standard asks for, in a new tree.

Only documents that are not valid as they came go this way. Names, attributes, dates and the order of children are
mended; what is not in the schema is left out and told.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, tzinfo
from typing import Final

from lxml import etree

from protocols.ncip import dates
from protocols.ncip.grammar import CODED, FLAG, INSTANT, OPAQUE, Grammar
from protocols.ncip.schemes import NAMESPACE, is_uri

_SPACED: Final = f"{{{NAMESPACE}}}"
_SCHEME: Final = f"{_SPACED}Scheme"
_VERSION: Final = f"{_SPACED}version"
_HEADER_ALONE: Final = {"InitiationHeader": 0}
"""What is kept of a service that is not offered: enough to answer it."""
_NAME_SHOWN: Final = re.compile(r"[A-Za-z]{1,64}")

_RENAMED: Final = {
    "StructuredAddress": {"street": "Street", "city": "Region", "country": "Country", "zipcode": "PostalCode"},
    "BibliographicId": {"ItemIdentifierType": "BibliographicItemIdentifierCode"}
    | {"ItemIdentifierValue": "BibliographicItemIdentifier"},
}
"""Names that a plug-in of Koha puts where the standard has others."""


@dataclass(slots=True)
class Normalised:
    """The new tree, the names of children that had no place in it, and a UserId that stood beside inputs."""

    root: etree._Element
    unknown: list[str] = field(default_factory=list)
    aside: etree._Element | None = None


def normalised(root: etree._Element, grammar: Grammar, zone: tzinfo = UTC) -> Normalised:
    """A document with the usual deviations mended; `zone` holds where an instant names none."""
    made = Normalised(etree.Element(f"{_SPACED}NCIPMessage", nsmap={"ns1": NAMESPACE}))
    made.root.set(_VERSION, attribute(root, "version"))
    for service in root:
        _copy_children(service, etree.SubElement(made.root, _SPACED + local(service)), grammar, zone, made.unknown)
    _set_aside(made)
    return made


def local(element: etree._Element) -> str:
    """An element's name without namespace where it is in NCIP's or in none; else the whole name."""
    return str(element.tag).removeprefix(_SPACED)


def attribute(element: etree._Element, name: str) -> str:
    """An attribute, qualified as the standard wants it or plain as most send it; empty where there is none."""
    return str(element.get(_SPACED + name) or element.get(name) or "").strip()


def _copy_children(
    old: etree._Element, new: etree._Element, grammar: Grammar, zone: tzinfo, unknown: list[str]
) -> None:
    name = local(new)
    places = grammar.children.get(name, _HEADER_ALONE)
    anything = name == "Ext"
    renamed = _RENAMED.get(name, {})
    children = []
    for child in _gathered(old, name):
        called = local(child)
        called = renamed.get(called, called)
        if called not in (grammar.declared if anything else places):
            if not anything:
                unknown.append(called if _NAME_SHOWN.fullmatch(called) else name)
        elif (copied := _copied(child, called, grammar, zone, unknown)) is not None:
            children.append((places.get(called, 0), copied))
    children.sort(key=lambda one: one[0])
    new.extend([child for _, child in children])


def _gathered(old: etree._Element, name: str) -> list[etree._Element]:
    """The children; in a BibliographicId an item's id is first put into the element that it belongs in."""
    children = list(old)
    if name != "BibliographicId" or not any(local(child).startswith("ItemIdentifier") for child in children):
        return children
    wrapper = etree.Element("BibliographicItemId")
    for child in children:
        etree.SubElement(wrapper, _RENAMED[name].get(local(child), local(child))).text = child.text
    return [wrapper]


def _copied(
    old: etree._Element, name: str, grammar: Grammar, zone: tzinfo, unknown: list[str]
) -> etree._Element | None:
    """The element under its standard name; nothing for an instant that is empty."""
    new = etree.Element(_SPACED + name, nsmap={"ns1": NAMESPACE})
    kind = grammar.leaves.get(name)
    if kind is None:
        _copy_children(old, new, grammar, zone, unknown)
        return new
    if kind in (FLAG, OPAQUE):
        return new
    if kind == CODED:
        return _coded(old, new, unknown)
    if len(old):
        unknown.append(name)
    new.text = (old.text or "").strip()
    if kind == INSTANT:
        new.text = _mended(new.text, name, zone)
        return new if new.text else None
    return new


def _coded(old: etree._Element, new: etree._Element, unknown: list[str]) -> etree._Element:
    """A value with its scheme, told by an attribute or, in version 1's manner, by two children."""
    told = {local(child): (child.text or "").strip() for child in old}
    if told and not told.keys() <= {"Scheme", "Value"}:
        unknown.append(local(new))
    new.text = told.get("Value", (old.text or "").strip())
    scheme = told.get("Scheme") or attribute(old, "Scheme")
    if scheme and is_uri(scheme):
        new.set(_SCHEME, scheme)
    return new


def _mended(text: str, name: str, zone: tzinfo) -> str:
    """The instant as xs:dateTime; as it came where it is none, or where it is a birth date with an own zone."""
    if name == "DateOfBirth" and text:
        born = dates.birth_date(text)
        return dates.written_birth_date(born) if born else text
    when = dates.instant(text, zone) if text else None
    return dates.written_instant(when) if when else text


def _set_aside(made: Normalised) -> None:
    """Take a UserId beside inputs out of the tree: the standard has either, systems send both."""
    for service in made.root:
        user_id = service.find(f"{_SPACED}UserId")
        if user_id is not None and service.find(f"{_SPACED}AuthenticationInput") is not None:
            service.remove(user_id)
            made.aside = user_id
