"""Bytes → tree, hardened: nothing is fetched, no entity is known, and everything has a limit.

The text is decoded here by one of few encodings and given to the parser as UTF-8, so that what a document says
about itself decides nothing.
"""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass
from typing import Any

from lxml import etree

from protocols.ncip.errors import Flaw


@dataclass(frozen=True, slots=True)
class Limits:
    """How large a document may be.

    `children` and `attributes` are counted per element, `signs` are equal signs in the whole document (no
    attribute without one), and `gap` is the longest way in bytes from one `<` to the next. `mended` elements at
    most may a document have that is not valid as it came, for mending costs ten times as much as reading.
    """

    size: int
    children: int
    mended: int
    elements: int = 2000
    depth: int = 64
    attributes: int = 16
    signs: int = 8000
    gap: int = 32 * 1024


REQUEST_LIMITS = Limits(256 * 1024, children=200, mended=400)
"""For what initiators send us."""
ANSWER_LIMITS = Limits(1024 * 1024, children=2000, mended=2000)
"""For what library systems answer us."""

_DECLARED = re.compile(rb"\s{0,64}<\?xml[^>]{0,128}?encoding\s{0,8}=\s{0,8}[\"']([A-Za-z0-9._:-]{1,40})")
_DECLARATION = re.compile(rb"<\?xml\s[^<>]{0,256}\?>")
_HARMLESS_DOCTYPE = re.compile(rb"<!DOCTYPE\s+NCIP(?:Version)?Message\b[^\[\]<>]*>")
_CONTROLS = bytes(set(range(0x20)) - set(b"\t\r\n"))
_BLANKS = b" \t\r\n"

# Looked up here and not by Python, whose own table remembers every name that it was ever asked for. `None`: UTF-8,
# and Windows-1252 where it is not; systems that count characters instead of bytes send Latin-1 without a word, and
# some declare UTF-16 and send UTF-8.
_ENCODINGS = {
    **dict.fromkeys(("utf-8", "utf8", "us-ascii", "ascii", "utf-16", "utf16", "utf-16le", "utf-16be")),
    **dict.fromkeys(("iso-8859-1", "iso8859-1", "latin-1", "latin1"), "iso8859-1"),
    **dict.fromkeys(("windows-1252", "cp1252"), "cp1252"),
}
_UTF_16 = (
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
    (b"<\0", "utf-16-le"),
    (b"\0<", "utf-16-be"),
)


def parser() -> etree.XMLParser:
    """A parser that fetches nothing and expands nothing; comments and processing instructions are left out."""
    return etree.XMLParser(
        encoding="utf-8",
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        attribute_defaults=False,
        huge_tree=False,
        recover=False,
        remove_comments=True,
        remove_pis=True,
    )


def tree_of(document: bytes, limits: Limits, parse: etree.XMLParser) -> etree._Element | Flaw:
    """The root element of a document, or why there is none; never raises."""
    if len(document) > limits.size:
        return Flaw.OVERSIZE
    plain = plain_text(document)
    if plain is None:
        return Flaw.CHARSET
    plain = _HARMLESS_DOCTYPE.sub(b"", plain, count=1)
    if b"<!DOCTYPE" in plain:
        return Flaw.DOCTYPE
    if _crowded(plain, limits):
        return Flaw.OVERSIZE
    try:
        root = etree.fromstring(plain, parse)
    except (etree.XMLSyntaxError, ValueError):
        return Flaw.PARSE
    if _has_doctype(root):
        return Flaw.DOCTYPE
    return Flaw.OVERSIZE if _too_deep_or_wide(root, limits) else root


def plain_text(document: bytes) -> bytes | None:
    """The document in UTF-8, without declaration, margins and control characters; nothing where it cannot be
    decoded."""
    encoding = _encoding_of(document)
    if encoding == "":
        return None
    try:
        plain = _text(document, encoding).encode()
    except UnicodeError:
        return None
    plain = plain.translate(None, _CONTROLS).strip(_BLANKS).removeprefix(codecs.BOM_UTF8).lstrip(_BLANKS)
    return _DECLARATION.sub(b"", plain, count=1).lstrip(_BLANKS) if plain.startswith(b"<?xml") else plain


def _encoding_of(document: bytes) -> str | None:
    """The encoding to decode by; `None` for UTF-8 or what resembles it, empty for one that is not accepted."""
    for mark, name in _UTF_16:
        if document.startswith(mark):
            return name
    declared = _DECLARED.match(document[:320].removeprefix(codecs.BOM_UTF8).translate(None, _CONTROLS))
    if declared is None:
        return None
    return _ENCODINGS.get(declared[1].decode("ascii").lower().replace("_", "-"), "")


def _text(document: bytes, encoding: str | None) -> str:
    if encoding is None:
        try:
            return document.decode()
        except UnicodeDecodeError:
            # The five bytes that Windows-1252 does not know are controls in Latin-1: let neither stop us.
            return document.decode("cp1252", "replace")
    if encoding.startswith("utf-16") and len(document) % 2:
        # A stream was cut within a character: the last one, or the one behind it.
        document = document + b"\0" if encoding == "utf-16-le" else document[:-1]
    return document.decode(encoding, "replace" if encoding == "cp1252" else "strict")


def _has_doctype(root: etree._Element) -> bool:
    docinfo: Any = root.getroottree().docinfo
    return bool(docinfo.doctype) or docinfo.internalDTD is not None


def _crowded(plain: bytes, limits: Limits) -> bool:
    """Whether there are more tags than allowed, or one that could hold thousands of attributes."""
    if plain.count(b"<") > 4 * limits.elements or plain.count(b"=") > limits.signs:
        return True
    return len(plain) > limits.gap and max(map(len, plain.split(b"<"))) > limits.gap


def _too_deep_or_wide(root: etree._Element, limits: Limits) -> bool:
    level, elements = [root], 0
    for _ in range(limits.depth):
        elements += len(level)
        if elements > limits.elements or any(_crowds(one, limits) for one in level):
            return True
        level = [child for one in level for child in one]
        if not level:
            return False
    return True


def _crowds(element: etree._Element, limits: Limits) -> bool:
    return len(element.attrib) > limits.attributes or len(element) > limits.children
