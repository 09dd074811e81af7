"""What normalising needs of the schema: which children an element has, in which order, and what a leaf holds.

It is read out of the schema file of this package, so that order and kinds are told in one place.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib.resources import files

from lxml import etree

SCHEMA = "ncip_portvakt.xsd"
_XS = "{http://www.w3.org/2001/XMLSchema}"
_ELEMENT, _GROUP, _TYPE = f"{_XS}element", f"{_XS}group", f"{_XS}complexType"

CODED, INSTANT, FLAG, OPAQUE = "Coded", "xs:dateTime", "Flag", "Opaque"


@dataclass(frozen=True, slots=True)
class Grammar:
    """`leaves` has the type of every element without children; `children` the places of the children of the others.

    `declared` is all of them. A child that the schema names twice has its last place.
    """

    leaves: dict[str, str]
    children: dict[str, dict[str, int]]
    declared: frozenset[str]


def schema_tree() -> etree._ElementTree:
    """The schema of what we accept and send, parsed."""
    with files(__package__).joinpath(SCHEMA).open("rb") as file:
        return etree.parse(file)


def grammar_of(schema: etree._ElementTree) -> Grammar:
    """The grammar that a schema tells, written in the manner of ours: global elements, references, groups."""
    root = schema.getroot()
    groups = {str(one.get("name")): one for one in root.iterchildren(_GROUP)}
    types = {str(one.get("name")): one for one in root.iterchildren(_TYPE)}
    leaves: dict[str, str] = {}
    children: dict[str, dict[str, int]] = {}
    for one in root.iterchildren(_ELEMENT):
        name, kind = str(one.get("name")), one.get("type")
        content = types[kind] if kind == "Declined" else one
        if kind is None or content is not one:
            children[name] = {child: place for place, child in enumerate(_references(content, groups))}
        else:
            leaves[name] = kind
    return Grammar(leaves, children, frozenset(leaves) | frozenset(children))


def _references(content: etree._Element, groups: dict[str, etree._Element]) -> list[str]:
    found: list[str] = []
    for one in content.iter(_ELEMENT, _GROUP):
        reference = one.get("ref")
        if reference is not None and one.tag == _GROUP:
            found += _references(groups[reference], groups)
        elif reference is not None:
            found.append(reference)
    return found
