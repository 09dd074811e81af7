"""How a simulated Koha behaves: its version, and what its library has switched on; all changeable while it runs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from typing import Any

from gateway.simulators.koha.world import Profile


@dataclass(slots=True, kw_only=True)
class Habits:
    """`profile` is the version; the others are system preferences, or stand for them."""

    profile: Profile = "new"
    oauth: bool = True
    basic: bool = False
    token_seconds: int = 3600
    maintenance: bool = False
    uppercase_surnames: bool = False
    duplicate_match: bool = False
    sees_only: str = ""

    @property
    def is_new(self) -> bool:
        """Whether it is one of the newer versions."""
        return self.profile == "new"

    def set(self, name: str, value: str) -> None:
        """Change one; raises `ValueError`, which says what is wrong."""
        if name not in SAYS:
            raise ValueError(f"no such habit: {name}; one of {', '.join(SAYS)} is meant")
        setattr(self, name, _READ[str(_TYPES[name])](value))

    def __str__(self) -> str:
        """As they are set."""
        return " ".join(f"{one.name}={_word(getattr(self, one.name))}" for one in fields(self))


def _word(value: object) -> str:
    return {True: "on", False: "off"}[value] if isinstance(value, bool) else str(value)


def _switch(text: str) -> bool:
    if text not in ("on", "off"):
        raise ValueError("on or off is meant")
    return text == "on"


def _profile(text: str) -> str:
    if text not in ("old", "new"):
        raise ValueError("old or new is meant")
    return text


def _seconds(text: str) -> int:
    if not text.isdecimal():
        raise ValueError("a number of seconds is meant")
    return int(text)


_READ: Mapping[str, Callable[[str], Any]] = {"bool": _switch, "int": _seconds, "str": str.strip, "Profile": _profile}
_TYPES = {one.name: one.type for one in fields(Habits)}

SAYS: Mapping[str, str] = {
    "profile": "old or new: fields, permissions, statuses and texts of older or newer versions",
    "oauth": "RESTOAuth2ClientCredentials: on, or no token is given",
    "basic": "RESTBasicAuth: off, or user and password are taken",
    "token_seconds": "how long a token lasts (3600)",
    "maintenance": "everything is answered 503, but for tokens",
    "uppercase_surnames": "uppercasesurnames: surnames are stored in capitals",
    "duplicate_match": "PatronDuplicateMatchingAddFields: the same name and birth date are refused (new only)",
    "sees_only": "the library whose patrons alone the key's account sees; empty: all",
}
"""What each habit is, in a line."""
