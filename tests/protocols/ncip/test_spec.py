"""Declarations: what is refused when a class is made, and that classes and schema tell the same."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from protocols.ncip import MESSAGES, DeclarationError, Element, Message
from protocols.ncip import fields as f
from protocols.ncip.fields import Kind
from protocols.ncip.grammar import grammar_of, schema_tree
from protocols.ncip.spec import Place, element, message
from protocols.ncip.unoffered import UNOFFERED

GRAMMAR = grammar_of(schema_tree())
TYPES = {
    Kind.TEXT: "xs:string",
    Kind.CODED: "Coded",
    Kind.INSTANT: "xs:dateTime",
    Kind.BIRTH_DATE: "xs:dateTime",
    Kind.FLAG: "Flag",
}


def declared() -> Iterator[type[Element]]:
    """Every class that stands for an element, each once."""
    waiting: list[type[Element]] = [*MESSAGES.values(), *UNOFFERED.values()]
    seen: set[type[Element]] = set()
    while waiting:
        cls = waiting.pop()
        if cls not in seen:
            seen.add(cls)
            waiting += [place.of for place in cls.layout.places if place.of is not None]
            yield cls


CLASSES = sorted(
    (cls for cls in declared() if cls.name != "Problem" or not issubclass(cls, Message)), key=lambda c: c.name
)


@pytest.mark.parametrize("cls", CLASSES, ids=lambda cls: cls.name)
def test_a_class_lists_its_children_in_the_order_of_the_schema(cls: type[Element]) -> None:
    places = GRAMMAR.children[cls.name]
    order = [place.name for place in cls.layout.places]
    if cls.name != "Ext":
        assert order == sorted(order, key=places.__getitem__)


@pytest.mark.parametrize("cls", CLASSES, ids=lambda cls: cls.name)
def test_a_leaf_holds_what_the_schema_says(cls: type[Element]) -> None:
    for place in cls.layout.places:
        assert _type(place) == GRAMMAR.leaves.get(place.name, "children")


def _type(place: Place) -> str:
    return "children" if place.leaf is None or place.leaf.inner is not None else TYPES[place.leaf.kind]


def test_every_request_is_answered_by_a_message_of_its_own() -> None:
    answers = [cls.answered_by for cls in MESSAGES.values() if cls.answered_by is not None]
    assert len(answers) == len(set(answers)) == 13
    assert all(name in MESSAGES for name in answers)


def test_all_47_services_have_a_response() -> None:
    offered = {name for name, cls in MESSAGES.items() if cls.answered_by}
    assert len(offered | UNOFFERED.keys()) == 47
    assert {name for name in GRAMMAR.declared if f"{name}Response" in GRAMMAR.declared} == offered | UNOFFERED.keys()


def test_a_message_declared_twice_is_refused() -> None:
    with pytest.raises(DeclarationError, match="LookupUser is declared twice"):
        message("LookupUser")


def test_a_child_declared_twice_is_refused() -> None:
    class Twice(Element):
        one: f.Surname
        two: f.Surname

    with pytest.raises(DeclarationError, match="a child is declared twice"):
        element("Twice")(Twice)


def test_a_child_that_nobody_has_told_is_refused() -> None:
    class Stranger(Element):
        age: int

    with pytest.raises(DeclarationError, match=r"Stranger\.age"):
        element("Stranger")(Stranger)
