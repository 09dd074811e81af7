"""Document → message: parse, mend where needed, read; what cannot be read becomes a problem to answer with."""

from __future__ import annotations

from datetime import tzinfo
from typing import Final

from lxml import etree

from protocols.ncip import intake, lookup_version, normalising, version1
from protocols.ncip.elements import InitiationHeader
from protocols.ncip.errors import Flaw
from protocols.ncip.grammar import Grammar
from protocols.ncip.intake import Limits
from protocols.ncip.messages import BareProblem, Response
from protocols.ncip.normalising import attribute, local
from protocols.ncip.problems import Trouble, problem
from protocols.ncip.reading import Reader, Unfit
from protocols.ncip.received import VERSION_2, Conformance, Dialect, Received, Unreadable, response_to
from protocols.ncip.schemes import NAMESPACE, VERSION_1_0, is_uri
from protocols.ncip.spec import MESSAGES, Message
from protocols.ncip.unoffered import UNOFFERED

_HEADER: Final = f"{{{NAMESPACE}}}InitiationHeader"
_LENIENT: Final = Reader(lenient=True)
_VERSIONS_SPOKEN: Final = (1, 2, None)

_DETAILS: Final = {
    Flaw.OVERSIZE: "Message exceeds a limit",
    Flaw.CHARSET: "Encoding not accepted",
    Flaw.DOCTYPE: "Document type declaration not accepted",
    Flaw.PARSE: "XML could not be parsed",
}


class Decoder:
    """Reads documents, requests and answers alike."""

    def __init__(self, schema: etree.XMLSchema, grammar: Grammar) -> None:
        self._schema = schema
        self._grammar = grammar
        self._parser = intake.parser()

    def decode(self, document: bytes, limits: Limits, zone: tzinfo, *, strict: bool) -> Received | Unreadable:
        """The message in a document; never raises."""
        root = intake.tree_of(document, limits, self._parser)
        if isinstance(root, Flaw):
            return _bare(root)
        if local(root) not in ("NCIPMessage", lookup_version.VERSION_ROOT):
            return _bare(Flaw.PARSE)
        version = attribute(root, "version")
        if version1.generation(version) not in _VERSIONS_SPOKEN:
            return Unreadable(Flaw.UNKNOWN, problem(Trouble.PROTOCOL_ERROR, about="version"))
        if len(root) and local(root[0]) in lookup_version.VERSION_MESSAGES:
            return _version_message(root, version)
        if self._schema.validate(root):
            return _message(root, VERSION_2, Conformance.VALID, [], zone)
        if sum(1 for _ in root.iter()) > limits.mended:
            return _bare(Flaw.OVERSIZE)
        return self._mended(root, version, zone, strict=strict)

    def _mended(self, root: etree._Element, version: str, zone: tzinfo, *, strict: bool) -> Received | Unreadable:
        first = version1.is_version_1(root)
        renamed = version1.in_version_2(root) if root.tag == local(root) else root
        made = normalising.normalised(renamed, self._grammar, zone)
        valid = self._schema.validate(made.root)
        if made.aside is not None:
            made.root[0].append(made.aside)
        dialect = _version_1(version, made.root) if first else VERSION_2
        if strict and not valid:
            return _refused(made.root[0], dialect, Trouble.INVALID_MESSAGE_SYNTAX, None)
        return _message(made.root, dialect, Conformance.MENDED if valid else Conformance.INVALID, made.unknown, zone)


def _bare(flaw: Flaw) -> Unreadable:
    return Unreadable(flaw, problem(Trouble.INVALID_MESSAGE_SYNTAX, detail=_DETAILS[flaw]))


def _version_1(version: str, root: etree._Element) -> Dialect:
    header = _header(root[0]) if len(root) else None
    agency = header.from_agency_id if header else None
    return Dialect(_repeatable(version), first=True, agency_scheme=(agency and agency.scheme) or "")


def _repeatable(version: str) -> str:
    """A version string as an answer may repeat it."""
    return version if is_uri(version) else VERSION_1_0


def _header(service: etree._Element) -> InitiationHeader | None:
    node = service.find(_HEADER)
    return None if node is None else _LENIENT.read(node, InitiationHeader)


def _refused(service: etree._Element, dialect: Dialect, trouble: Trouble, about: str | None) -> Unreadable:
    """Unreadable, though its service is known: the problem goes into the service's own response."""
    name = local(service)
    known = name if response_to(name) else None
    flaw = Flaw.UNKNOWN if trouble is Trouble.UNSUPPORTED_SERVICE else Flaw.CONTENT
    return Unreadable(flaw, problem(trouble, known or "", about=about), dialect, known, _header(service))


def _message(
    root: etree._Element, dialect: Dialect, conformance: Conformance, unknown: list[str], zone: tzinfo
) -> Received | Unreadable:
    if not len(root):
        return Unreadable(Flaw.UNKNOWN, problem(Trouble.PROTOCOL_ERROR, about="NCIPMessage"), dialect)
    service, name = root[0], local(root[0])
    if name == BareProblem.name:
        return Received(_LENIENT.read(root, BareProblem), dialect, conformance)
    if len(root) > 1:
        return _bare(Flaw.PARSE)
    if name in UNOFFERED:
        return _refused(service, dialect, Trouble.UNSUPPORTED_SERVICE, name)
    cls = MESSAGES.get(name) or UNOFFERED.get(name.removesuffix("Response"))
    if cls is None:
        return Unreadable(Flaw.UNKNOWN, problem(Trouble.UNKNOWN_SERVICE, about="NCIPMessage"), dialect)
    return _read(service, cls, dialect, conformance, unknown, zone)


def _read(
    service: etree._Element,
    cls: type[Message],
    dialect: Dialect,
    conformance: Conformance,
    unknown: list[str],
    zone: tzinfo,
) -> Received | Unreadable:
    # A request is acted on, so it must be understood whole; an answer or a message to be sent on need not be.
    lenient = cls.routed or issubclass(cls, Response)
    if unknown and not lenient:
        return _refused(service, dialect, Trouble.UNKNOWN_ELEMENT, unknown[0])
    try:
        return Received(Reader(lenient, zone).read(service, cls), dialect, conformance)
    except Unfit as unfit:
        return _refused(service, dialect, unfit.trouble, unfit.about)


def _version_message(root: etree._Element, version: str) -> Received | Unreadable:
    found = lookup_version.read_version_message(root[0])
    if found is None or len(root) > 1:
        return _bare(Flaw.PARSE)
    return Received(found, Dialect(_repeatable(version), first=True, root=local(root)), Conformance.VALID)
