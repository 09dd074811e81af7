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
    """One variable field in one message: the attribute that holds it and what the message demands of it."""

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
    # The values of the fixed fields; and what gets all that is required of a dictionary, or raises `KeyError`.
    fixed_values: Callable[[Any], tuple[str, ...]]
    required: Callable[[dict[str, Any]], tuple[Any, ...]]
    # Attributes: all of them, with their tags in wire order, by tag where they stand once or repeat, and of flags.
    attributes: frozenset[str]
    tags: tuple[tuple[str, str], ...]
    singles: dict[str, str]
    repeatables: dict[str, str]
    folded: tuple[str, ...]


class _Store:
    """Where a message keeps what it says: the dictionary of an instance, which is set whole and shown to nobody.

    To call a setter for each of thirty fields, as a frozen dataclass does, takes two and a half times as long.
    """


_keep = vars(_Store)["__dict__"].__set__
_kept = vars(_Store)["__dict__"].__get__


@dataclass(frozen=True, kw_only=True, repr=False, init=False)
class Message(_Store):
    """Base of the 31 messages: the fields that are common to all of them.

    A message holds what it says; for what it does not say its class has the defaults.

    `others` are variable fields that the message does not declare, or declares once and got again, in the order
    of arrival. `order` are all tags in the order of arrival (empty: wire order of the declaration); it decides
    where a field is written and nothing else, so two messages that differ in it alone are equal.
    """

    number: ClassVar[str]
    answered_by: ClassVar[str | None]
    layout: ClassVar[Layout]

    others: tuple[tuple[str, str], ...] = ()
    order: tuple[str, ...] = field(default=(), compare=False)

    def __init__(self, **said: Any) -> None:
        """Say this, by attribute; raises `TypeError` for a field that is missing, or is none of this message."""
        layout = self.layout
        try:
            layout.required(said)
        except KeyError as missing:
            raise TypeError(f"{type(self).__name__} lacks {missing}") from None
        if not layout.attributes.issuperset(said):
            raise TypeError(f"{type(self).__name__} has no {', '.join(sorted(said.keys() - layout.attributes))}")
        _keep(self, said)

    @property
    def __dict__(self) -> dict[str, Any]:  # type: ignore[override]
        """Nothing, for a message cannot be changed in place."""
        raise AttributeError("__dict__")

    def __reduce__(self) -> tuple[Any, ...]:
        """Be copied as what it says."""
        return made_of, (type(self), said_by(self))

    def fields(self) -> list[tuple[str, str]]:
        """Every variable field as (tag, value), in the order in which they will be written."""
        fields: list[tuple[str, str]] = []
        said = said_by(self)
        for attribute, tag in self.layout.tags:
            value = said.get(attribute)
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


AnyMessage = TypeVar("AnyMessage", bound=Message)


def said_by(message: Message) -> dict[str, Any]:
    """What the message says, by attribute: its own dictionary, to be read and never changed."""
    said: dict[str, Any] = _kept(message)
    return said


def made_of(cls: type[AnyMessage], said: dict[str, Any]) -> AnyMessage:
    """The message that says this, by attribute, unchecked: only what the class has, and all that it requires."""
    message = object.__new__(cls)
    _keep(message, said)
    return message


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
        made = dataclass(frozen=True, kw_only=True, repr=False, init=False)(cls)
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
            variable.append(Place(declared.name, told, declared.default is MISSING, repeatable))
        elif variable:
            raise DeclarationError(f"{where}: a fixed field after a variable one")
        else:
            fixed.append((declared.name, told))
    return _layout(number, tuple(fixed), tuple(variable))


def _told(hint: Any, where: str) -> tuple[Fixed | Variable, bool]:
    """What the table of fields says of an annotation, and whether it is repeatable."""
    repeatable = get_origin(hint) is tuple
    for candidate in (hint, *get_args(hint)):
        if get_origin(candidate) is Annotated:
            for told in candidate.__metadata__:
                if isinstance(told, Fixed | Variable):
                    return told, repeatable
    raise DeclarationError(f"{where}: not in the table of fields")


def _layout(number: str, fixed: tuple[tuple[str, Fixed], ...], variable: tuple[Place, ...]) -> Layout:
    read = "".join(f"(?P<{name}>{told.kind.read})" for name, told in fixed)
    singles = [place for place in variable if not place.repeatable]
    names = [name for name, _ in fixed]
    return Layout(
        fixed=fixed,
        variable=variable,
        width=sum(told.width for _, told in fixed),
        # A tag or the end must follow: a short fixed part may otherwise look whole.
        well_formed=re.compile(number + read + r"(?=[A-Z][A-Z0-9]|\Z)"),
        sendable=re.compile(SEPARATOR.join(told.kind.written for _, told in fixed)),
        own_tag=re.compile("|".join(place.told.tag for place in variable) or "(?!)"),
        fixed_values=_several(attrgetter, names),
        required=_several(itemgetter, [*names, *(place.attribute for place in variable if place.required)]),
        attributes=frozenset([*names, *(place.attribute for place in variable), *_COMMON]),
        tags=tuple((place.attribute, place.told.tag) for place in variable),
        singles={place.told.tag: place.attribute for place in singles},
        repeatables={place.told.tag: place.attribute for place in variable if place.repeatable},
        folded=tuple(place.attribute for place in singles if place.told.kind.folds),
    )


def _several(getter: Callable[..., Any], wanted: Sequence[Any]) -> Callable[[Any], tuple[Any, ...]]:
    """What gets these as a tuple; the standard library's getters give one only from two on."""
    if not wanted:
        return lambda _: ()
    get: Callable[[Any], Any] = getter(*wanted)
    return get if len(wanted) > 1 else lambda one: (get(one),)
