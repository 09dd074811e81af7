"""Any bytes at the NCIP parser: understood, or answered by a valid message, and nothing raised (F22)."""

from __future__ import annotations

from collections.abc import Iterator

from gateway.ncip.http_bodies import document_in
from protocols.ncip import (
    Codec,
    CreateUser,
    DeleteUser,
    Framer,
    LookupUser,
    LookupVersion,
    LookupVersionResponse,
    MessageTooLong,
    NotSendable,
    Received,
    UpdateUser,
    claim_of,
)
from protocols.ncip.grammar import grammar_of, schema_tree
from tests.protocols.ncip import documents as d
from tests.protocols.ncip.oracle import SAMPLES, is_valid
from tests.torture.target import Target

CODEC = Codec()
LIMIT = 16 * 1024
"""The longest input, in bytes; what is longer is refused by its length, which is no work for a fuzzer."""

_PROVED_BY_CARD = LookupUser | CreateUser | UpdateUser | DeleteUser
_CREATION = f"<CreateUser>{d.HEADER}{d.USER_ID}{d.NO_NAME}<DateOfBirth>1990-05-17</DateOfBirth></CreateUser>"
_UPDATE = (
    f"<UpdateUser>{d.USER_ID}<DeleteUserFields>{d.credential('PIN', d.PIN)}</DeleteUserFields>"
    "<AddUserFields><UserLanguage>nno</UserLanguage></AddUserFields></UpdateUser>"
)
_RECEIPT = f"<ItemReceived>{d.HEADER}{d.ITEM_ID}{d.REQUEST_ID}</ItemReceived>"


def one_input(data: bytes) -> None:
    """Read bytes every way that the door reads them; raises where that is not answered as it must be."""
    document = document_in(data)
    _read(document)
    _framed(data)


def _read(document: bytes) -> None:
    found = CODEC.request(document)
    if not isinstance(found, Received):
        answer = CODEC.encode(found.answer(), found.dialect)
        if not is_valid(answer):
            raise ValueError("an answer that is not valid")
        return
    if isinstance(found.message, _PROVED_BY_CARD):
        claim_of(found.message)
    if set(repr(found.message)) & set("\"'&\r\n"):
        raise ValueError("a value is shown")
    if isinstance(found.message, LookupVersion | LookupVersionResponse):
        return  # which no schema of 2.02 describes
    try:
        again = CODEC.encode(found.message)
    except NotSendable:
        return  # what was read leniently need not be good enough to send
    if not is_valid(again):
        raise ValueError("a message that was read is written so that it is not valid")


def _framed(data: bytes) -> None:
    """A message is the same one however it is cut, but for the NUL that UTF-16 has behind its last sign."""
    whole = _fed([data])
    cut = data[0] * len(data) // 256 if data else 0
    if _fed([data[:cut], data[cut:]]) != whole:
        raise ValueError("a message depends on where it is cut")


def _fed(pieces: list[bytes]) -> bytes | None:
    framer = Framer(LIMIT)
    try:
        for piece in pieces:
            message = framer.feed(piece)
            if message is not None:
                return message.removesuffix(b"\0")
    except MessageTooLong:
        return b"too long"
    return None


def _seeds() -> Iterator[bytes]:
    for body in (d.LOOKUP, d.LOOKUP_BY_ID, d.LOOKUP_ANSWER, _CREATION, _UPDATE, _RECEIPT):
        yield d.message(body)
        yield d.message(body, prefix="")
        yield d.bare(body)
        yield d.first(body)
    yield b"xml=" + d.message(d.LOOKUP).replace(b" ", b"+")
    yield b'--b\r\nContent-Disposition: form-data; name="xml"\r\n\r\n' + d.message(d.LOOKUP) + b"\r\n--b--\r\n"
    yield d.message(d.LOOKUP).decode().encode("utf-16")
    yield b"<!DOCTYPE NCIPMessage []>" + d.message(d.LOOKUP)
    for sample in SAMPLES:
        yield sample.read_bytes()


def _words() -> Iterator[bytes]:
    for name in sorted(grammar_of(schema_tree()).declared):
        yield name.encode()
    yield from b"<!DOCTYPE <![CDATA[ ]]> <!-- --> &#0; &x; xmlns UniqueUserId Value".split()


TARGET = Target(one_input, tuple(_seeds()), tuple(_words()), LIMIT)
