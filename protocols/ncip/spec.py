"""How elements and messages are declared: `@element("UserId")`, `@message("LookupUser", answered_by=…)`.

A declaration lists its children in the schema's order. The decorator makes the class a frozen dataclass and
compiles what reading and writing need to know of it; a message is entered in `MESSAGES` as well.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import MISSING, dataclass
from dataclasses import fields as dataclass_fields
from typing import Annotated, Any, ClassVar, TypeVar, dataclass_transform, get_args, get_origin, get_type_hints

from protocols.ncip.errors import DeclarationError
from protocols.ncip.fields import Leaf
from protocols.ncip.schemes import NAMESPACE


@dataclass(frozen=True, slots=True)
class Place:
    """One child in one element: the attribute that holds it and what the element demands of it.

    A child is a leaf (`leaf` is told) or an element with children (`of` is told).
    """

    attribute: str
    name: str
    leaf: Leaf | None
    of: type[Element] | None
    repeatable: bool
    required: bool


@dataclass(frozen=True, slots=True)
class Layout:
    """What the codec knows of one class, compiled when the class is made; `by_tag` has every name with and
    without the namespace."""

    places: tuple[Place, ...]
    by_tag: dict[str, Place]
    required: tuple[Place, ...]


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Element:
    """Base of everything that has children."""

    name: ClassVar[str]
    layout: ClassVar[Layout]

    def sendable(self) -> Element:
        """The element as it may be sent; classes with rules that their own shape cannot hold replace it."""
        return self

    def children(self) -> Iterator[tuple[Place, Any]]:
        """Every child that is there, with its place, in the schema's order."""
        for place in self.layout.places:
            value = getattr(self, place.attribute)
            if place.repeatable:
                for one in value:
                    yield place, one
            elif value is not None and value is not False:
                yield place, value

    def __repr__(self) -> str:
        """Names and lengths: no value, and of a secret not even the length."""
        return f"<{' '.join([self.name, *(_shown(place, value) for place, value in self.children())])}>"


def _shown(place: Place, value: Any) -> str:
    if place.leaf is None:
        return repr(value)
    if place.leaf.secret:
        return f"{place.name}:*"
    text = getattr(value, "value", value)
    return f"{place.name}:{len(text)}" if isinstance(text, str) else place.name


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Message(Element):
    """Base of all messages. One with `answered_by` is a request, another an answer.

    A `routed` message is read for its ids alone: what else it holds is the receiver's to judge.
    """

    answered_by: ClassVar[str | None]
    routed: ClassVar[bool]


MESSAGES: dict[str, type[Message]] = {}
"""Every message class by the name of its element."""

AnyElement = TypeVar("AnyElement", bound=Element)
AnyMessage = TypeVar("AnyMessage", bound=Message)


@dataclass_transform(kw_only_default=True, frozen_default=True)
def element(name: str) -> Callable[[type[AnyElement]], type[AnyElement]]:
    """Make a class the element of this name; raises `DeclarationError` for a child that nobody has told."""

    def enter(cls: type[AnyElement]) -> type[AnyElement]:
        made = dataclass(frozen=True, slots=True, kw_only=True, repr=False)(cls)
        made.name, made.layout = name, compile_layout(made)
        return made

    return enter


@dataclass_transform(kw_only_default=True, frozen_default=True)
def message(
    name: str,
    *,
    answered_by: str | None = None,
    routed: bool = False,
    table: dict[str, type[Message]] = MESSAGES,
) -> Callable[[type[AnyMessage]], type[AnyMessage]]:
    """Make a class the message of this name; raises `DeclarationError` for a name used twice."""
    if name in table:
        raise DeclarationError(f"{name} is declared twice")

    def enter(cls: type[AnyMessage]) -> type[AnyMessage]:
        made = element(name)(cls)
        made.answered_by, made.routed = answered_by, routed
        table[name] = made
        return made

    return enter


def compile_layout(cls: type[Element]) -> Layout:
    """The layout of a class; `ext` goes last wherever it is declared, as the schema wants it."""
    hints = get_type_hints(cls, include_extras=True)
    declared = sorted(dataclass_fields(cls), key=lambda one: one.name == "ext")
    places = tuple(_place(cls, one.name, hints[one.name], one.default is MISSING) for one in declared)
    names = [place.name for place in places]
    if len(names) != len(set(names)):
        raise DeclarationError(f"{cls.__name__}: a child is declared twice")
    plain = {place.name: place for place in places}
    spaced = {f"{{{NAMESPACE}}}{name}": place for name, place in plain.items()}
    return Layout(places, plain | spaced, tuple(place for place in places if place.required))


def _place(cls: type[Element], attribute: str, hint: Any, required: bool) -> Place:
    repeatable = get_origin(hint) is tuple
    for candidate in (hint, *get_args(hint)):
        if get_origin(candidate) is Annotated:
            for told in candidate.__metadata__:
                if isinstance(told, Leaf):
                    return Place(attribute, told.name, told, None, repeatable, required)
        elif isinstance(candidate, type) and issubclass(candidate, Element):
            return Place(attribute, candidate.name, None, candidate, repeatable, required)
    raise DeclarationError(f"{cls.__name__}.{attribute}: neither a leaf nor an element")
