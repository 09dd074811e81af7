"""Which part of an HTTP body is the document: all of it, or a field of a form."""

from __future__ import annotations

import re
from urllib.parse import unquote_to_bytes

_FIELDS = (b"xml", b"XForms:Model")
_NAME = re.compile(
    rb"content-disposition:[^\r\n]{0,256}[;\s]name=(?:\"([^\"\r\n]{1,64})\"|([^\";\s]{1,64}))", re.IGNORECASE
)
_MOST_FIELDS = 16
_MARKS = b" \t\r\n\0\xef\xbb\xbf\xff\xfe"
_CLOSED = re.compile(rb"</(?:[A-Za-z_][\w.-]*:)?NCIP(?:Version)?Message\s*>")


def document_in(body: bytes) -> bytes:
    """Return the document in a body.

    The bytes say what they are, not the content type: many systems send XML under a form's.
    """
    if body.lstrip(_MARKS)[:1] == b"<":
        return body
    if body.startswith(b"--"):
        return _in_parts(body)
    if b"=" not in body[:64]:
        return body
    for field in body.split(b"&", _MOST_FIELDS)[:_MOST_FIELDS]:
        name, _, value = field.partition(b"=")
        if unquote_to_bytes(name) in _FIELDS:
            return unquote_to_bytes(value.replace(b"+", b" "))
    return body


def _in_parts(body: bytes) -> bytes:
    """Return the document in a form of several parts (RFC 7578); the first line is the boundary between them."""
    boundary = body[: body.find(b"\n", 0, 128) + 1].rstrip()
    if not boundary:
        return body
    for part in body.split(boundary, _MOST_FIELDS)[1:]:
        head, _, value = part.partition(b"\r\n\r\n")
        name = _NAME.search(head[:1024])
        if name is not None and (name[1] or name[2]) in _FIELDS:
            return value.removesuffix(b"\r\n")
    return body


def is_whole(body: bytes | bytearray) -> bool:
    """Tell whether a document has come to its end."""
    return _CLOSED.search(body[-4096:]) is not None
