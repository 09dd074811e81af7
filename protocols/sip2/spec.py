"""How a message is declared, and what the codec knows of it: `@message("23", answered_by="24")`.

A message is a class that lists its fields in wire order. The decorator makes it a frozen dataclass, compiles its
layout once and enters it in `MESSAGES`; what could not be told apart on the wire is refused there and then.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import MISSING, dataclass, field
from dataclasses import fields as dataclass_fields
from operator import attrgetter, itemgetter
from typing import Annotated, Any, ClassVar, TypeVar, dataclass_transform, get_args, get_origin, get_type_hints

from protocols.sip2.errors import DeclarationError
from protocols.sip2.fields import Fixed, Privacy, Variable, privacy_of, shown_tag

TRANSPORT_TAGS = frozenset({"AY", "AZ"})
"""Sequence number and checksum: they belong to one hop and are never part of a message."""

SEPARATOR = "\0"
"""Stands between fixed fields while they are checked; `Layout.sendable` expects it."""


@dataclass(frozen=True, slots=True)
class Place:
    """One variable field in one message: the attribute that holds it and what the message demands of it.

    `slot` is its place in the row of values that `Layout.make` takes.
    """

    slot: int
    attribute: str
    told: Variable
    required: bool
    repeatable: bool


@dataclass(frozen=True, slots=True)
class Layout:
    """What the codec knows of one message class, compiled when the class is made."""

    fixed: tuple[tuple[str, Fixed], ...]
    variable: tuple[Place, ...]
    width: int
    well_formed: re.Pattern[str]
    sendable: re.Pattern[str]
    own_tag: re.Pattern[str]
    tags: tuple[str, ...]
    fixed_values: Callable[[Any], tuple[str, ...]]
    variable_values: Callable[[Any], tuple[str | tuple[str, ...] | None, ...]]
    # For reading: a row of values by slot (fixed, variable, others, order) and the message made of it. `unsaid` are
    # those after the fixed ones, of a message that says nothing.
    unsaid: tuple[Any, ...]
    singles: dict[str, int]
    repeatables: dict[str, int]
    folded: tuple[int, ...]
    required_values: Callable[[list[Any]], tuple[Any, ...]]
    make: Callable[[list[Any]], Message]


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Message:
    """Base of the 31 messages: the fields that are common to all of them.

    `others` are variable fields that the message does not declare, or declares once and got again, in the order
    of arrival. `order` are all tags in the order of arrival (empty: wire order of the declaration); it decides
    where a field is written and nothing else, so two messages that differ in it alone are equal.
    """

    number: ClassVar[str]
    answered_by: ClassVar[str | None]
    layout: ClassVar[Layout]

    others: tuple[tuple[str, str], ...] = ()
    order: tuple[str, ...] = field(default=(), compare=False)

    def fields(self) -> list[tuple[str, str]]:
        """Every variable field as (tag, value), in the order in which they will be written."""
        fields: list[tuple[str, str]] = []
        for tag, value in zip(self.layout.tags, self.layout.variable_values(self), strict=True):
            if isinstance(value, str):
                fields.append((tag, value))
            elif value:
                fields.extend([(tag, one) for one in value])
        if self.others:
            fields.extend([other for other in self.others if other[0] not in TRANSPORT_TAGS])
        return _placed(fields, self.order) if self.order else fields

    def __repr__(self) -> str:
        """Number, name, tags and lengths: no value, and of a secret not even the length."""
        shown = [f"{shown_tag(tag)}:{_length(tag, value)}" for tag, value in self.fields()]
        return f"<{' '.join([self.number, type(self).__name__, *shown])}>"


def _placed(fields: list[tuple[str, str]], order: tuple[str, ...]) -> list[tuple[str, str]]:
    """The fields where their tags stand in `order`; those that it does not name follow as they are."""
    known = dict(fields)
    if len(known) == len(fields) == len(order) and known.keys() == set(order):
        # As nearly always: what arrived, each once.
        return [(tag, known[tag]) for tag in order]
    waiting: dict[str, list[tuple[str, str]]] = {}
    for one in reversed(fields):
        waiting.setdefault(one[0], []).append(one)
    placed = [waiting[tag].pop() for tag in order if waiting.get(tag)]
    if len(placed) == len(fields):
        return placed
    taken = Counter(tag for tag, _ in placed)
    for one in fields:
        if taken[one[0]]:
            taken[one[0]] -= 1
        else:
            placed.append(one)
    return placed


def _length(tag: str, value: str) -> str:
    return "*" if privacy_of(tag) is Privacy.SECRET else str(len(value))


MESSAGES: dict[str, type[Message]] = {}
"""Every message class by its number."""

_COMMON = ("others", "order")

AnyMessage = TypeVar("AnyMessage", bound=Message)


@dataclass_transform(kw_only_default=True, frozen_default=True)
def message(
    number: str, *, answered_by: str | None = None, table: dict[str, type[Message]] = MESSAGES
) -> Callable[[type[AnyMessage]], type[AnyMessage]]:
    """Make a class the message of this number; one with `answered_by` is a request, another an answer.

    Raises `DeclarationError` for a number used twice, a fixed field after a variable one, a tag used twice, or a
    field that the table of fields does not tell.
    """
    if number in table:
        raise DeclarationError(f"number {number} is used twice")

    def enter(cls: type[AnyMessage]) -> type[AnyMessage]:
        made = dataclass(frozen=True, slots=True, kw_only=True, repr=False)(cls)
        made.number, made.answered_by, made.layout = number, answered_by, compile_layout(number, made)
        table[number] = made
        return made

    return enter


def compile_layout(number: str, cls: type[Message]) -> Layout:
    """The layout of a message class; raises `DeclarationError` where the declaration cannot be read back."""
    fixed: list[tuple[str, Fixed]] = []
    variable: list[Place] = []
    hints = get_type_hints(cls, include_extras=True)
    for declared in dataclass_fields(cls):
        if declared.name in _COMMON:
            continue
        where = f"{number} {declared.name}"
        told, repeatable = _told(hints[declared.name], where)
        if isinstance(told, Variable):
            if told.tag in TRANSPORT_TAGS or told.tag in (place.told.tag for place in variable):
                raise DeclarationError(f"{where}: {told.tag} is taken")
            slot, required = len(fixed) + len(variable), declared.default is MISSING
            variable.append(Place(slot, declared.name, told, required, repeatable))
        elif variable:
            raise DeclarationError(f"{where}: a fixed field after a variable one")
        else:
            fixed.append((declared.name, told))
    return _layout(number, cls, tuple(fixed), tuple(variable))


def _told(hint: Any, where: str) -> tuple[Fixed | Variable, bool]:
    """What the table of fields says of an annotation, and whether it is repeatable."""
    repeatable = get_origin(hint) is tuple
    for candidate in (hint, *get_args(hint)):
        if get_origin(candidate) is Annotated:
            for told in candidate.__metadata__:
                if isinstance(told, Fixed | Variable):
                    return told, repeatable
    raise DeclarationError(f"{where}: not in the table of fields")


def _layout(
    number: str, cls: type[Message], fixed: tuple[tuple[str, Fixed], ...], variable: tuple[Place, ...]
) -> Layout:
    read = "".join(f"({told.kind.read})" for _, told in fixed)
    singles = [place for place in variable if not place.repeatable]
    repeatables = [place for place in variable if place.repeatable]
    names = [name for name, _ in fixed] + [place.attribute for place in variable]
    return Layout(
        fixed=fixed,
        variable=variable,
        width=sum(told.width for _, told in fixed),
        # A tag or the end must follow: a short fixed part may otherwise look whole.
        well_formed=re.compile(number + read + r"(?=[A-Z][A-Z0-9]|\Z)"),
        sendable=re.compile(SEPARATOR.join(told.kind.written for _, told in fixed)),
        own_tag=re.compile("|".join(place.told.tag for place in variable) or "(?!)"),
        tags=tuple(place.told.tag for place in variable),
        fixed_values=_several(attrgetter, [name for name, _ in fixed]),
        variable_values=_several(attrgetter, [place.attribute for place in variable]),
        unsaid=(*(() if place.repeatable else None for place in variable), (), ()),
        singles={place.told.tag: place.slot for place in singles},
        repeatables={place.told.tag: place.slot for place in repeatables},
        folded=tuple(place.slot for place in singles if place.told.kind.folds),
        required_values=_several(itemgetter, [place.slot for place in variable if place.required]),
        make=_maker(cls, [*names, *_COMMON]),
    )


def _several(getter: Callable[..., Any], wanted: Sequence[Any]) -> Callable[[Any], tuple[Any, ...]]:
    """What gets these as a tuple; the standard library's getters give one only from two on."""
    if not wanted:
        return lambda _: ()
    get: Callable[[Any], Any] = getter(*wanted)
    return get if len(wanted) > 1 else lambda one: (get(one),)


def _maker(cls: type[Message], names: list[str]) -> Callable[[list[Any]], Message]:
    """Makes a message of values in slot order, at two thirds of what a frozen dataclass takes to be made."""
    setters = tuple(getattr(cls, name).__set__ for name in names)
    new = object.__new__

    def make(values: list[Any]) -> Message:
        made = new(cls)
        for put, value in zip(setters, values, strict=False):  # as in writing: of one layout, and asked often
            put(made, value)
        return made

    return make
