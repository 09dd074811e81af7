"""A vendor's library system: it sends documents as vendors do, and holds every answer to the schemas."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from gateway.demo_world import AGENCY, FJORDBY, INITIATORS, STORBYEN
from protocols.ncip import Codec, LookupUserResponse, Message, Received, Response
from tests.gateway.worlds import Served
from tests.protocols.ncip.documents import NO_NAME, credential, message
from tests.protocols.ncip.oracle import is_valid

PATIENCE = 10.0
CODEC = Codec()

AGENCIES = {"storbyen-ils": STORBYEN, "storbyen-desk": STORBYEN, "fjordby-ils": FJORDBY, "film": "film"}


def header(
    initiator: str = "storbyen-ils", *, secret: str | None = "", agency: str | None = None, to: str = AGENCY
) -> str:
    """The header of an initiator of the demo; an empty secret is the right one."""
    secret = INITIATORS[initiator] if secret == "" else secret
    proof = f"<FromAgencyAuthentication>{secret}</FromAgencyAuthentication>" if secret is not None else ""
    return (
        f"<InitiationHeader><FromAgencyId><AgencyId>{agency or AGENCIES[initiator]}</AgencyId></FromAgencyId>{proof}"
        f"<ToAgencyId><AgencyId>{to}</AgencyId></ToAgencyId></InitiationHeader>"
    )


def user(number: str) -> str:
    """A UserId."""
    return f"<UserId><UserIdentifierValue>{number}</UserIdentifierValue></UserId>"


def card_and_pin(card: str, pin: str) -> str:
    """The two credentials."""
    return credential("Barcode Id", card) + credential("PIN", pin)


def look_up(who: str, *wanted: str, by: str = "storbyen-ils", head: str | None = None) -> bytes:
    """A LookupUser; ``who`` is a UserId, credentials, or both."""
    elements = "".join(f"<UserElementType>{one}</UserElementType>" for one in wanted)
    return message(f"<LookupUser>{header(by) if head is None else head}{who}{elements}</LookupUser>")


def accepted(agency: str = STORBYEN, version: str = "3", status: str = "Accepted") -> str:
    """The row that tells that loan rules were accepted."""
    return (
        f"<UserPrivilege><AgencyId>{agency}</AgencyId><AgencyUserPrivilegeType>Loan Rules</AgencyUserPrivilegeType>"
        f"<UserPrivilegeStatus><UserPrivilegeStatusType>{status}</UserPrivilegeStatusType>"
        "<DateOfUserPrivilegeStatus>2026-01-15T09:30:00Z</DateOfUserPrivilegeStatus></UserPrivilegeStatus>"
        f"<UserPrivilegeDescription>{version}</UserPrivilegeDescription></UserPrivilege>"
    )


def named(family: str, given: str) -> str:
    """A person's name in parts."""
    return (
        "<NameInformation><PersonalNameInformation><StructuredPersonalUserName>"
        f"<GivenName>{given}</GivenName><Surname>{family}</Surname>"
        "</StructuredPersonalUserName></PersonalNameInformation></NameInformation>"
    )


def create(
    who: str = "",
    name: str = NO_NAME,
    *,
    born: str = "",
    rows: str | None = None,
    more: str = "",
    by: str = "storbyen-ils",
) -> bytes:
    """A CreateUser; rules accepted unless ``rows`` says otherwise."""
    date = f"<DateOfBirth>{born}</DateOfBirth>" if born else ""
    told = accepted(AGENCIES[by], "3" if AGENCIES[by] == STORBYEN else "1") if rows is None else rows
    return message(f"<CreateUser>{header(by)}{who}{name}{more}{date}{told}</CreateUser>")


def update(who: str, taken: str = "", added: str = "", *, by: str = "storbyen-ils") -> bytes:
    """An UpdateUser."""
    taken = f"<DeleteUserFields>{taken}</DeleteUserFields>" if taken else ""
    added = f"<AddUserFields>{added}</AddUserFields>" if added else ""
    return message(f"<UpdateUser>{header(by)}{who}{taken}{added}</UpdateUser>")


def delete(who: str, *, by: str = "storbyen-ils") -> bytes:
    """A DeleteUser."""
    return message(f"<DeleteUser>{header(by)}{who}</DeleteUser>")


def electronic(kind: str, data: str, role: str = "Notice") -> str:
    """An e-mail address or a telephone number."""
    return (
        f"<UserAddressInformation><UserAddressRoleType>{role}</UserAddressRoleType><ElectronicAddress>"
        f"<ElectronicAddressType>{kind}</ElectronicAddressType><ElectronicAddressData>{data}</ElectronicAddressData>"
        "</ElectronicAddress></UserAddressInformation>"
    )


def postal(street: str, code: str, place: str, role: str = "Notice") -> str:
    """A postal address."""
    return (
        f"<UserAddressInformation><UserAddressRoleType>{role}</UserAddressRoleType><PhysicalAddress>"
        f"<StructuredAddress><Street>{street}</Street><Locality>{place}</Locality><PostalCode>{code}</PostalCode>"
        "</StructuredAddress><PhysicalAddressType>Postal Address</PhysicalAddressType></PhysicalAddress>"
        "</UserAddressInformation>"
    )


def home_library(agency: str) -> str:
    """The row that makes a library the home library."""
    return (
        f"<UserPrivilege><AgencyId>{agency}</AgencyId><AgencyUserPrivilegeType>Home Library</AgencyUserPrivilegeType>"
        "<UserPrivilegeStatus><UserPrivilegeStatusType>Active</UserPrivilegeStatusType></UserPrivilegeStatus>"
        "</UserPrivilege>"
    )


def read(document: bytes) -> Message:
    """The message in an answer; fails on what neither schema takes."""
    assert is_valid(document), document[:300]
    found = CODEC.decode(document)
    assert isinstance(found, Received)
    return found.message


def problem_of(answer: Message) -> str:
    """The one problem's type in an answer, or nothing where it is none."""
    problems = getattr(answer, "problems", ())
    assert len(problems) <= 1
    return problems[0].problem_type.value if problems else ""


def standing_of(answer: Message) -> str:
    """The word of the Standing row in a LookupUserResponse."""
    assert isinstance(answer, LookupUserResponse)
    assert answer.user_optional_fields is not None
    rows = answer.user_optional_fields.user_privileges
    return next(
        row.user_privilege_status.user_privilege_status_type.value
        for row in rows
        if row.agency_user_privilege_type.says("Standing") and row.user_privilege_status
    )


@dataclass(frozen=True, slots=True)
class Page:
    """An answer over HTTP."""

    status: int
    headers: dict[str, str]
    body: bytes = field(repr=False)

    @property
    def message(self) -> Message:
        """The message in its body."""
        return read(self.body)


class HttpVendor:
    """One HTTP connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self.writer = writer

    async def post(self, document: bytes, *, content_type: str = "application/xml", path: str = "/ncip") -> Page:
        """Send a document as it should be sent; return the answer."""
        head = f"POST {path} HTTP/1.1\r\nHost: gateway\r\nContent-Type: {content_type}\r\n"
        return await self.send(head.encode() + b"Content-Length: %d\r\n\r\n" % len(document) + document)

    async def ask(self, document: bytes) -> Message:
        """Send a document; return the message that answers it."""
        page = await self.post(document)
        assert page.status == 200
        return page.message

    async def answer(self, document: bytes) -> Response:
        """Send a request; return the response of its own service."""
        answer = await self.ask(document)
        assert isinstance(answer, Response), answer
        return answer

    async def problem(self, document: bytes) -> str:
        """Send a document; return the problem that it gets, or nothing."""
        return problem_of(await self.ask(document))

    async def send(self, raw: bytes) -> Page:
        """Send bytes; return the answer to them, its body held to the schemas."""
        self.writer.write(raw)
        return await self.page()

    async def page(self) -> Page:
        """Return the next answer."""
        async with asyncio.timeout(PATIENCE):
            head = (await self._reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
            told = dict(line.lower().split(": ", 1) for line in head[1:] if line)
            body = await self._reader.readexactly(int(told.get("content-length", 0)))
        page = Page(int(head[0].split()[1]), told, body)
        assert page.status == 100 or is_valid(body)
        return page

    async def is_closed(self) -> bool:
        """Whether the gateway closes now, having sent nothing more."""
        async with asyncio.timeout(PATIENCE):
            return await self._reader.read() == b""


@asynccontextmanager
async def http(
    served: Served, *, listener: str = "ncip", tls: ssl.SSLContext | None = None
) -> AsyncIterator[HttpVendor]:
    """Connect to a daemon's NCIP door over HTTP."""
    host, port = served.daemon.addresses[listener]
    name = "localhost" if tls else None
    reader, writer = await asyncio.open_connection(host, port, ssl=tls, server_hostname=name)
    try:
        yield HttpVendor(reader, writer)
    finally:
        writer.transport.abort()


async def asks(served: Served, documents: Iterable[bytes]) -> list[Message]:
    """The answers to documents, one after the other on one connection."""
    async with http(served) as vendor:
        return [await vendor.ask(document) for document in documents]


async def over_tcp(served: Served, raw: bytes, *, listener: str = "raw", tls: ssl.SSLContext | None = None) -> bytes:
    """Everything that is answered to bytes on a raw connection, until it is closed."""
    host, port = served.daemon.addresses[listener]
    reader, writer = await asyncio.open_connection(host, port, ssl=tls, server_hostname="localhost" if tls else None)
    try:
        writer.write(raw)
        async with asyncio.timeout(PATIENCE):
            return await reader.read()
    finally:
        writer.transport.abort()
