"""What a simulated Koha is made of before anything has happened in it, read from a world file."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from importlib import resources
from pathlib import Path
from typing import ClassVar, Literal

from pydantic import ConfigDict, TypeAdapter, ValidationError

_STRICT = ConfigDict(extra="forbid")

Profile = Literal["old", "new"]
Hindrance = Literal["has_checkouts", "has_debt", "has_guarantees", "is_anonymous_patron", "is_protected"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """A staff account of the Koha: its API key, its login, and what it may do."""

    __pydantic_config__: ClassVar[ConfigDict] = _STRICT

    client_id: str
    client_secret: str = field(repr=False)
    user: str = ""
    password: str = field(default="", repr=False)
    permissions: frozenset[str] = frozenset({"borrowers"})


@dataclass(frozen=True, slots=True, kw_only=True)
class AttributeType:
    """A kind of patron attribute."""

    __pydantic_config__: ClassVar[ConfigDict] = _STRICT

    code: str
    unique: bool = False
    mandatory: bool = False
    repeatable: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class FirstPatron:
    """A patron who is there when the Koha is opened; `hindrances` are in the way of deleting them."""

    __pydantic_config__: ClassVar[ConfigDict] = _STRICT

    cardnumber: str
    surname: str = field(repr=False)
    library_id: str
    category_id: str
    userid: str | None = None
    firstname: str | None = field(default=None, repr=False)
    date_of_birth: date | None = field(default=None, repr=False)
    email: str | None = field(default=None, repr=False)
    expiry_date: date | None = None
    attributes: Mapping[str, str] = field(default_factory=dict, repr=False)
    hindrances: tuple[Hindrance, ...] = ()
    superlibrarian: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class KohaWorld:
    """The libraries, patron categories (with the months until a patron expires), keys and first patrons of a Koha."""

    __pydantic_config__: ClassVar[ConfigDict] = _STRICT

    libraries: tuple[str, ...]
    categories: Mapping[str, int]
    key: Key
    attribute_types: tuple[AttributeType, ...] = ()
    patrons: tuple[FirstPatron, ...] = ()
    faults: tuple[str, ...] = ()


_WORLD = TypeAdapter(KohaWorld)


class KohaWorldError(ValueError):
    """A world file cannot be used; the text says where and why, and shows no value of the file."""


def built_in_koha() -> KohaWorld:
    """Return Storbyen's Koha."""
    return _parsed(resources.files(__package__).joinpath("storbyen.toml").read_text("utf-8"), "storbyen.toml")


def read_koha(path: Path) -> KohaWorld:
    """Return the world in a file; raises `KohaWorldError`, also when the file cannot be read."""
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not UTF-8"
        raise KohaWorldError(f"{path}: {reason}") from None
    return _parsed(text, str(path))


def _parsed(text: str, name: str) -> KohaWorld:
    try:
        return _WORLD.validate_python(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise KohaWorldError(f"{name}: {error}") from None
    except ValidationError as error:
        told = error.errors(include_input=False, include_url=False)
        lines = [f"{name}: {'.'.join(map(str, one['loc'])) or 'file'}: {one['msg']}" for one in told]
        raise KohaWorldError("\n".join(lines)) from None
