"""Which part of an HTTP body is the document: all of it, or a field of a form."""

from __future__ import annotations

import re
from urllib.parse import unquote_to_bytes

_FIELDS = (b"xml", b"XForms:Model")
_MOST_FIELDS = 16
_MARKS = b" \t\r\n\0\xef\xbb\xbf\xff\xfe"
_CLOSED = re.compile(rb"</(?:[A-Za-z_][\w.-]*:)?NCIP(?:Version)?Message\s*>")


def document_in(body: bytes) -> bytes:
    """Return the document in a body.

    The bytes say what they are, not the content type: many systems send XML under a form's.
    """
    if body.lstrip(_MARKS)[:1] == b"<" or b"=" not in body[:64]:
        return body
    for field in body.split(b"&", _MOST_FIELDS)[:_MOST_FIELDS]:
        name, _, value = field.partition(b"=")
        if unquote_to_bytes(name) in _FIELDS:
            return unquote_to_bytes(value.replace(b"+", b" "))
    return body


def is_whole(body: bytes) -> bool:
    """Tell whether a document has come to its end."""
    return _CLOSED.search(body[-4096:]) is not None
