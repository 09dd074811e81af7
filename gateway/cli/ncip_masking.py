"""What of an NCIP document may be shown to the person at the terminal: all but PINs, passwords and agency secrets."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from lxml import etree

from protocols.ncip import ANSWER_LIMITS, Flaw, intake
from protocols.ncip.normalising import local
from protocols.ncip.schemes import CARD_INPUT_TYPES, folded
from protocols.ncip.writing import escaped

HIDDEN: Final = "***"

_SECRETS: Final = frozenset({"FromSystemAuthentication", "FromAgencyAuthentication", "AuthenticationInputData"})
_CARD_TYPES: Final = frozenset(map(folded, CARD_INPUT_TYPES))
# Where there is no tree: from a secret's opening tag to the next closing one, or to the end.
_SECRET_TEXT: Final = re.compile(
    rf"(<(?!/)[^<>]*(?:{'|'.join(_SECRETS)})\b[^<>]*(?<!/)>).*?(?=</[^<>]*(?:{'|'.join(_SECRETS)})|\Z)", re.DOTALL
)
_SHORTEST: Final = 3


def shown(document: bytes, secrets: Iterable[str] = ()) -> str:
    """The document with indented lines, or as it came where it is no XML; every secret as stars."""
    root = tree(document)
    if root is None:
        return as_sent(document, secrets)
    for node in root.iter():
        if local(node) in _SECRETS and not _is_card(node):
            for part in node.iter():
                part.text = HIDDEN if part.text and part.text.strip() else part.text
                part.tail = None
    etree.indent(root)
    return _printable(starred(etree.tostring(root, encoding="unicode"), secrets))


def as_sent(document: bytes, secrets: Iterable[str] = ()) -> str:
    """The document as it came, but for its secrets and for what might steer a terminal."""
    return _printable(starred(_SECRET_TEXT.sub(rf"\1{HIDDEN}", _text(document)), secrets))


def tree(document: bytes) -> etree._Element | None:
    """The document's tree, read as every stranger's is; None where it has none."""
    found = intake.tree_of(document, ANSWER_LIMITS, intake.parser())
    return None if isinstance(found, Flaw) else found


def _is_card(node: etree._Element) -> bool:
    """Whether a credential is but the number of a card, going by what stands beside it."""
    parent = node.getparent()
    beside = [] if parent is None else list(parent)
    kinds = ["".join(str(text) for text in one.itertext()) for one in beside if local(one) == "AuthenticationInputType"]
    return bool(kinds) and all(folded(kind) in _CARD_TYPES for kind in kinds)


def _text(document: bytes) -> str:
    if b"\0" in document[:200]:
        return document.decode("utf-16", "replace")
    try:
        return document.decode("utf-8-sig")
    except UnicodeDecodeError:
        return document.decode("cp1252", "replace")


def starred(text: str, secrets: Iterable[str]) -> str:
    """Without the secrets that we sent ourselves: some systems tell in a problem what they were sent."""
    for secret in (form for one in secrets for form in (one, escaped(one))):
        if len(secret) >= _SHORTEST:
            text = re.sub(rf"(?<!\w){re.escape(secret)}(?!\w)", HIDDEN, text)
    return text


def _printable(text: str) -> str:
    return "\n".join("".join(map(_letter, line)) for line in text.splitlines())


def _letter(letter: str) -> str:
    return letter if letter.isprintable() or letter == "\t" else letter.encode("unicode_escape").decode("ascii")
