"""LookupVersion and its answer: an envelope of their own, which version 2 does not have."""

from __future__ import annotations

from typing import Annotated, Any, Final

from lxml import etree

from protocols.ncip.fields import FromAgencyId, Leaf, ToAgencyId
from protocols.ncip.normalising import local
from protocols.ncip.schemes import VERSIONS_ANSWERED, Coded
from protocols.ncip.spec import Message, message
from protocols.ncip.writing import DECLARATION, escaped

VERSION_ROOT: Final = "NCIPVersionMessage"
_LONGEST: Final = 512

VersionSupported = Annotated[str, Leaf("VersionSupported", limit=_LONGEST)]

VERSION_MESSAGES: dict[str, type[Message]] = {}
"""Both message classes by name."""


@message("LookupVersion", answered_by="LookupVersionResponse", table=VERSION_MESSAGES)
class LookupVersion(Message):
    """Asks which versions are spoken."""

    from_agency_id: FromAgencyId | None = None
    to_agency_id: ToAgencyId | None = None

    def reply(self) -> LookupVersionResponse:
        """The answer: every version that is answered here."""
        return LookupVersionResponse(
            from_agency_id=self.to_agency_id, to_agency_id=self.from_agency_id, versions_supported=VERSIONS_ANSWERED
        )


@message("LookupVersionResponse", table=VERSION_MESSAGES)
class LookupVersionResponse(Message):
    """Answers LookupVersion."""

    from_agency_id: FromAgencyId | None = None
    to_agency_id: ToAgencyId | None = None
    versions_supported: tuple[VersionSupported, ...] = ()


def read_version_message(service: etree._Element) -> Message | None:
    """The message in a LookupVersion or its answer, whatever names and namespaces it uses; nothing where a text
    is too long to be what it should."""
    cls = VERSION_MESSAGES[local(service)]
    values: dict[str, Any] = {}
    for child in service:
        told = (one.text or "" for one in child.iter() if local(one) != "Scheme")
        text = "".join(told).strip()
        if len(text) > _LONGEST:
            return None
        match local(child):
            case "FromAgencyId":
                values["from_agency_id"] = _agency(child, text)
            case "ToAgencyId":
                values["to_agency_id"] = _agency(child, text)
            case "VersionSupported" if cls is LookupVersionResponse:
                values["versions_supported"] = (*values.get("versions_supported", ()), text)
    return cls(**values)


def _agency(node: etree._Element, value: str) -> Coded:
    return Coded(value, next((one.text for one in node.iter("{*}Scheme") if one.text), None))


def written_version_message(answer: LookupVersion | LookupVersionResponse, version: str, root: str) -> bytes:
    """LookupVersion or its answer, under the root that the asker used."""
    agencies = "".join(
        f"<{name}><UniqueAgencyId><Scheme>{escaped(agency.scheme or '')}</Scheme>"
        f"<Value>{escaped(agency.value)}</Value></UniqueAgencyId></{name}>"
        for name, agency in (
            ("FromAgencyId", answer.from_agency_id or Coded("")),
            ("ToAgencyId", answer.to_agency_id or Coded("")),
        )
    )
    versions = getattr(answer, "versions_supported", ())
    supported = "".join(f"<VersionSupported>{escaped(one)}</VersionSupported>" for one in versions)
    text = f'<{root} version="{escaped(version)}"><{answer.name}>{agencies}{supported}</{answer.name}></{root}>'
    return (DECLARATION + text).encode()
