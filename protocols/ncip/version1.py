"""NCIP version 1: its names turned into version 2's on the way in, and back on the way out.

Version 1 has no namespace, no prefix, and writes a value of a vocabulary as `<Scheme/>` and `<Value/>`.
"""

from __future__ import annotations

import re
from typing import Final

from lxml import etree

from protocols.ncip.grammar import CODED, Grammar
from protocols.ncip.normalising import attribute, local
from protocols.ncip.schemes import MESSAGING_ERROR, NAMESPACE
from protocols.ncip.writing import DECLARATION

_GENERATION: Final = re.compile(r"v([0-9]{1,2})_[0-9]", re.IGNORECASE)
_NUMBER: Final = re.compile(r"v?([0-9]{1,2})(?:[._][0-9]{1,3}){0,3}", re.IGNORECASE)

_NAMES: Final = {
    "UniqueAgencyId": "AgencyId",
    "UniqueItemId": "ItemId",
    "VisibleItemId": "ItemId",
    "VisibleItemIdentifierType": "ItemIdentifierType",
    "VisibleItemIdentifier": "ItemIdentifierValue",
    "UniqueRequestId": "RequestId",
    "UniqueBibliographicId": "BibliographicId",
    "UniqueUserId": "UserId",
    "VisibleUserId": "UserId",
    "VisibleUserIdentifierType": "UserIdentifierType",
    "VisibleUserIdentifier": "UserIdentifierValue",
    "ProcessingErrorType": "ProblemType",
    "MessagingErrorType": "ProblemType",
    "ElementName": "ProblemElement",
    "ProcessingErrorValue": "ProblemValue",
    "MessagingErrorValue": "ProblemValue",
}
"""Version 1's name to version 2's."""

_UNWRAPPED: Final = frozenset(
    {"UserTransaction", "ProcessingError", "MessagingError", "ProcessingErrorElement", "MessagingErrorElement"}
)
"""Elements whose children stand in their parent in version 2."""

_VALUES: Final = {"Visible User Id": "User Id"}

_FIRST_NAMES: Final = {
    "AgencyId": "UniqueAgencyId",
    "ItemId": "UniqueItemId",
    "RequestId": "UniqueRequestId",
    "BibliographicId": "UniqueBibliographicId",
    "UserId": "UniqueUserId",
}
"""Version 2's name to version 1's, but for what depends on where it stands."""

_NOT_IN_FIRST: Final = frozenset({"Ext", "PreviousUserId", "ApplicationProfileType"})


def generation(version: str) -> int | None:
    """1 or 2 (or what else is claimed) out of a version string; nothing where it tells none."""
    told = _GENERATION.findall(version[:500])
    if told:
        return int(told[-1])
    match = _NUMBER.fullmatch(version.strip())
    return int(match[1]) if match else None


def is_version_1(root: etree._Element) -> bool:
    """Whether a document is version 1: never with a namespace, else by its version or, without one, its names."""
    if root.tag != local(root):
        return False
    claimed = generation(attribute(root, "version"))
    return claimed == 1 or (claimed is None and any(local(one) in _NAMES for one in root.iter()))


def in_version_2(old: etree._Element) -> etree._Element:
    """The same document under version 2's names, in no namespace; what has no other name is unchanged."""
    name = local(old)
    new = etree.Element(_NAMES.get(name, name))
    new.text = _VALUES.get((old.text or "").strip(), old.text)
    for called in ("version", "Scheme"):
        if value := attribute(old, called):
            new.set(called, value)
    _take_children(old, new)
    return new


def _take_children(old: etree._Element, new: etree._Element) -> None:
    for child in old:
        if local(child) in _UNWRAPPED:
            _take_children(child, new)
        elif local(child) != "ElementName" or new.find("ProblemElement") is None:
            new.append(in_version_2(child))


def in_version_1(document: bytes, version: str, agency_scheme: str, grammar: Grammar) -> bytes:
    """A message of ours in version 1: the version string and the agencies' scheme are the asker's."""
    root = etree.fromstring(document)
    writer = _Backwards(agency_scheme, _own_agency(root), grammar)
    made = etree.Element("NCIPMessage", version=version)
    for service in root:
        made.append(writer.written(service))
    return DECLARATION.encode() + etree.tostring(made, encoding="utf-8")


def _own_agency(root: etree._Element) -> str:
    found = root.find(f".//{{{NAMESPACE}}}FromAgencyId/{{{NAMESPACE}}}AgencyId")
    return found.text or "" if found is not None else ""


class _Backwards:
    """Turns one document back; `agency` is put where version 1 demands one and version 2 does not."""

    def __init__(self, scheme: str, agency: str, grammar: Grammar) -> None:
        self._scheme = scheme
        self._agency = agency
        self._grammar = grammar

    def written(self, old: etree._Element, parent: str = "") -> etree._Element:
        name = local(old)
        if name == "Problem":
            return self._problem(old)
        if name == "UserId":
            return self._visible(old) if parent == "UserOptionalFields" else self._unique(old)
        if self._grammar.leaves.get(name) == CODED:
            return self._coded(_FIRST_NAMES.get(name, name), old.text, old.get(f"{{{NAMESPACE}}}Scheme"))
        new = etree.Element(_FIRST_NAMES.get(name, name))
        new.text = old.text
        children = [child for child in old if local(child) not in _NOT_IN_FIRST]
        if name == "UserOptionalFields":
            children.sort(key=lambda child: local(child) != "UserId")  # version 1 has the ids first
        new.extend([self.written(child, name) for child in children])
        return new

    def _coded(self, name: str, value: str | None, scheme: str | None) -> etree._Element:
        new = etree.Element(name)
        default = self._scheme if name == "UniqueAgencyId" else ""
        etree.SubElement(new, "Scheme").text = scheme or default
        etree.SubElement(new, "Value").text = value or ""
        return new

    def _unique(self, old: etree._Element) -> etree._Element:
        new = etree.Element("UniqueUserId")
        agency = old.find(f"{{{NAMESPACE}}}AgencyId")
        new.append(self._coded("UniqueAgencyId", self._agency, None) if agency is None else self.written(agency))
        etree.SubElement(new, "UserIdentifierValue").text = _text(old, "UserIdentifierValue")
        return new

    def _visible(self, old: etree._Element) -> etree._Element:
        new = etree.Element("VisibleUserId")
        agency = old.find(f"{{{NAMESPACE}}}AgencyId")
        if agency is not None:
            new.append(self.written(agency))
        kind = old.find(f"{{{NAMESPACE}}}UserIdentifierType")
        scheme = kind.get(f"{{{NAMESPACE}}}Scheme") if kind is not None else None
        new.append(self._coded("VisibleUserIdentifierType", _text(old, "UserIdentifierType") or "Barcode", scheme))
        etree.SubElement(new, "VisibleUserIdentifier").text = _text(old, "UserIdentifierValue")
        return new

    def _problem(self, old: etree._Element) -> etree._Element:
        kind = old.find(f"{{{NAMESPACE}}}ProblemType")
        scheme = kind.get(f"{{{NAMESPACE}}}Scheme") if kind is not None else None
        word = "MessagingError" if scheme == MESSAGING_ERROR else "ProcessingError"
        new = etree.Element("Problem")
        error = etree.SubElement(new, word)
        error.append(self._coded(f"{word}Type", _text(old, "ProblemType"), scheme))
        if about := _text(old, "ProblemElement"):
            where = etree.SubElement(error, f"{word}Element")
            etree.SubElement(where, "ElementName").text = _FIRST_NAMES.get(about, about)
        return new


def _text(old: etree._Element, name: str) -> str:
    return old.findtext(f"{{{NAMESPACE}}}{name}") or ""
