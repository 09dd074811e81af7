"""Documents that mean harm: each is refused for its own reason, before it costs anything."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from protocols.ncip import ANSWER_LIMITS, Codec, Flaw, Limits, Received, Unreadable
from protocols.ncip.intake import REQUEST_LIMITS, parser, tree_of
from tests.protocols.ncip import documents as d
from tests.protocols.ncip.oracle import is_valid

CODEC = Codec()
LOOKUP = d.message(d.LOOKUP)


def inside(body: str) -> bytes:
    return d.message(f"<LookupUser>{d.USER_ID}{body}</LookupUser>")


def attributes(form: str, count: int) -> str:
    return f"<Ext {' '.join(form % number for number in range(count))}/>"


def with_subset(subset: str) -> bytes:
    return f"<!DOCTYPE NCIPMessage [{subset}]>".encode() + LOOKUP.replace(b"N001234567", b"&a;")


BOMB = "<!ENTITY a 'x'>" + "".join(f"<!ENTITY b{n} '{f'&b{n - 1};' * 10 if n else '&a;'}'>" for n in range(9))
HOSTILE: dict[str, tuple[Callable[[], bytes], Flaw]] = {
    "an internal entity": (lambda: with_subset("<!ENTITY a 'N001234567'>"), Flaw.DOCTYPE),
    "an external entity": (lambda: with_subset("<!ENTITY a SYSTEM 'file:///etc/hostname'>"), Flaw.DOCTYPE),
    "a parameter entity": (lambda: with_subset("<!ENTITY % p SYSTEM 'http://127.0.0.1:9/'>%p;"), Flaw.DOCTYPE),
    "an entity bomb": (lambda: with_subset(BOMB).replace(b"&a;", b"&b8;"), Flaw.DOCTYPE),
    "an entity in an attribute": (
        lambda: b"<!DOCTYPE NCIPMessage [<!ENTITY a 'x'>]>" + LOOKUP.replace(b"v2_02/", b"&a;/"),
        Flaw.DOCTYPE,
    ),
    "an empty internal subset": (lambda: b"<!DOCTYPE NCIPMessage []>" + LOOKUP, Flaw.DOCTYPE),
    "another root's DOCTYPE": (lambda: b"<!DOCTYPE html>" + LOOKUP, Flaw.DOCTYPE),
    "two DOCTYPEs": (lambda: b"<!DOCTYPE NCIPMessage>" * 2 + LOOKUP, Flaw.DOCTYPE),
    "a DOCTYPE in two pieces": (
        lambda: b"<!DOC<!DOCTYPE NCIPMessage>TYPE NCIPMessage [<!ENTITY a 'x'>]>" + LOOKUP,
        Flaw.DOCTYPE,
    ),
    "a DOCTYPE behind control bytes": (lambda: b"<!DOC\x01TYPE x []>" + LOOKUP, Flaw.DOCTYPE),
    "a DOCTYPE in UTF-16": (lambda: with_subset("<!ENTITY a 'x'>").decode().encode("utf-16"), Flaw.DOCTYPE),
    "an entity that nobody declared": (lambda: LOOKUP.replace(b"N001234567", b"&nbsp;"), Flaw.PARSE),
    "no XML": (lambda: b"GET / HTTP/1.1\r\n\r\n", Flaw.PARSE),
    "nothing": (lambda: b"", Flaw.PARSE),
    "blanks alone": (lambda: b" \n" * 1000, Flaw.PARSE),
    "half a document": (lambda: LOOKUP[:-20], Flaw.PARSE),
    "two documents": (lambda: LOOKUP * 2, Flaw.PARSE),
    "text behind the document": (lambda: LOOKUP + b"x", Flaw.PARSE),
    "a control character by reference": (lambda: LOOKUP.replace(b"N001234567", b"&#4;"), Flaw.PARSE),
    "an undeclared prefix": (lambda: LOOKUP.replace(b"xmlns:ns1", b"xmlns:ns2"), Flaw.PARSE),
    "another namespace": (lambda: LOOKUP.replace(b"/2008/ncip", b"/2009/ncip"), Flaw.PARSE),
    "another root": (lambda: LOOKUP.replace(b"NCIPMessage", b"Message"), Flaw.PARSE),
    "half a character in UTF-16": (lambda: b"\xff\xfe" + b"\x00\xd8" * 8, Flaw.CHARSET),
    "too many bytes": (lambda: LOOKUP + b" " * 256 * 1024, Flaw.OVERSIZE),
    "a deep document": (lambda: inside("<Ext>" * 64 + "</Ext>" * 64), Flaw.OVERSIZE),
    "a bottomless document": (lambda: b"<NCIPMessage>" * 15_000, Flaw.OVERSIZE),
    "a wide document": (lambda: inside("<Ext/>" * 201), Flaw.OVERSIZE),
    "many elements": (lambda: inside(("<Ext>" + "<Ext/>" * 190 + "</Ext>") * 11), Flaw.OVERSIZE),
    "very many elements": (lambda: b"<a>" + b"<b/>" * 60_000 + b"</a>", Flaw.OVERSIZE),
    "many comments": (lambda: inside("").replace(b"N001234567", b"<!---->" * 9000), Flaw.OVERSIZE),
    "many attributes": (lambda: inside(attributes("a%d='1'", 17)), Flaw.OVERSIZE),
    "very many attributes": (
        lambda: inside(attributes("a%d='1'", 20_000)),
        Flaw.OVERSIZE,
    ),
    "very many namespaces": (
        lambda: inside(attributes("xmlns:a%d='u'", 9000)),
        Flaw.OVERSIZE,
    ),
    "many elements to be mended": (
        lambda: d.bare(f"<LookupUser>{d.USER_ID}<Ext>{'<UserId><UserId/></UserId>' * 199}</Ext></LookupUser>"),
        Flaw.OVERSIZE,
    ),
    "a text without end": (lambda: inside("x" * 200_000), Flaw.OVERSIZE),
    "an attribute without end": (lambda: LOOKUP.replace(b"v2_02/", b"x" * 200_000), Flaw.OVERSIZE),
}  # fmt: skip


@pytest.mark.parametrize(("document", "flaw"), HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_document_is_refused_with_a_bare_problem(document: Callable[[], bytes], flaw: Flaw) -> None:
    found = CODEC.request(document())
    assert isinstance(found, Unreadable)
    assert found.flaw is flaw
    answer = CODEC.encode(found.answer(), found.dialect)
    assert is_valid(answer)
    assert answer.count(b"<ns1:Problem>") == 1
    assert b">Invalid Message Syntax Error<" in answer


COSTLY = [name for name, (_, flaw) in HOSTILE.items() if name.startswith("very many") or name.endswith("without end")]
WITH_ENTITIES = [name for name, (_, flaw) in HOSTILE.items() if flaw is Flaw.DOCTYPE]


@pytest.mark.parametrize("name", [*COSTLY, *WITH_ENTITIES, "many comments", "too many bytes"])
def test_what_is_costly_or_dangerous_to_parse_is_refused_before_it_is_parsed(name: str) -> None:
    document, flaw = HOSTILE[name]
    no_parser: Any = object()
    assert tree_of(document(), REQUEST_LIMITS, no_parser) is flaw


def test_a_library_system_may_answer_at_length() -> None:
    loans = "<LoanedItem>x</LoanedItem>" * 1500
    document = d.message(d.LOOKUP_ANSWER.replace("<UserOptionalFields>", loans + "<UserOptionalFields>"))
    assert isinstance(CODEC.decode(document), Unreadable)
    assert isinstance(CODEC.decode(document, limits=ANSWER_LIMITS), Received)


def test_limits_hold_to_the_byte_and_to_the_element() -> None:
    document = d.message(d.LOOKUP_BY_ID)
    elements = document.count(b"</")
    exact = Limits(len(document), children=2, mended=0, elements=elements, depth=5)
    assert not isinstance(tree_of(document, exact, parser()), Flaw)
    for tighter in (
        Limits(len(document) - 1, children=2, mended=0, elements=elements, depth=5),
        Limits(len(document), children=1, mended=0, elements=elements, depth=5),
        Limits(len(document), children=2, mended=0, elements=elements - 1, depth=5),
        Limits(len(document), children=2, mended=0, elements=elements, depth=4),
    ):
        assert tree_of(document, tighter, parser()) is Flaw.OVERSIZE


CANARY = "zQx7KanariGul"
PLACES = {
    "a credential": d.LOOKUP.replace(d.PIN, CANARY),
    "a number": d.LOOKUP.replace(d.CARD, CANARY),
    "an element's content": d.LOOKUP.replace("<UserElementType>Name", f"<Shoe>{CANARY}</Shoe><UserElementType>Name"),
    "an endless credential": d.LOOKUP.replace(d.PIN, CANARY * 40),
    "a secret of the agency": d.LOOKUP.replace(
        "<ToAgencyId>", f"<FromAgencyAuthentication>{CANARY}</FromAgencyAuthentication><ToAgencyId>"
    ).replace("</LookupUser>", "<Shoe/></LookupUser>"),
    "a birth date": f"<CreateUser>{d.NO_NAME}<DateOfBirth>{CANARY}</DateOfBirth></CreateUser>",
    "a service that is not offered": f"<CheckOutItem>{d.HEADER}<UserId>{CANARY}</UserId></CheckOutItem>",
    "an unclosed element": d.LOOKUP.replace(d.PIN, f"{CANARY}<"),
}


@pytest.mark.parametrize("body", PLACES.values(), ids=PLACES)
@pytest.mark.parametrize("made", [d.message, d.bare, d.first])
def test_nothing_secret_is_shown_or_echoed(body: str, made: Callable[[str], bytes]) -> None:
    found = CODEC.request(made(body))
    assert CANARY not in repr(found)
    if isinstance(found, Unreadable):
        assert CANARY.encode() not in CODEC.encode(found.answer(), found.dialect)
