"""Finds terminals and initiators whose password anybody would try first."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from config.consistency import DEMO_PREFIX
from config.errors import Problem
from config.partner_set import Partners
from config.partners import Initiator, Terminal

_COMMON: Final = ("demo", "password", "passord", "changeme", "hemmelig", "secret", "sip2", "1234")


def default_passwords(partners: Partners, file: str) -> tuple[Problem, ...]:
    """A problem for each terminal and initiator with a well-known password; slow, some hashes for each secret.

    `file` is the name that the problems bear, since a set of partners no longer knows its files.
    """
    entries: tuple[Terminal | Initiator, ...] = (*partners.terminals.values(), *partners.initiators.values())
    return tuple(
        Problem(file, None, f"{_LISTS[type(one)]}[{one.id}].secret", "a password of its own", "a well-known one")
        for one in entries
        if one.secret is not None and _is_one_of(one.secret.get_secret_value(), _tried_first(one))
    )


_LISTS: Final[Mapping[type, str]] = {Terminal: "terminals", Initiator: "initiators"}


def _tried_first(one: Terminal | Initiator) -> tuple[str, ...]:
    # "kiosk-7" tempts people to "kiosk" as well.
    whole = (one.id, one.login) if isinstance(one, Terminal) else (one.id,)
    names = dict.fromkeys((*whole, *(name.rstrip("0123456789").rstrip("-") for name in whole)))
    return (*names, *(DEMO_PREFIX + name for name in names), *_COMMON)


def _is_one_of(hashed: str, passwords: Iterable[str]) -> bool:
    return any(_matches(hashed, password) for password in passwords)


def _matches(hashed: str, password: str) -> bool:
    try:
        return PasswordHasher().verify(hashed, password)
    except (VerificationError, InvalidHashError):
        return False
