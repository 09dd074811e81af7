"""Keys and passwords, each in a file of its own that others cannot read."""

from __future__ import annotations

import base64
import binascii
import re
import ssl
import stat
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Final, Literal, get_args

from config.document import read_octets
from config.errors import ConfigurationError, Problem
from config.partner_set import Partners
from config.partners import LendingUnit, LibrarySystem
from config.settings import Credentials, Settings

KeyName = Literal["pin_pepper", "index_key", "identity_key", "audit_key", "log_key"]
KEY_NAMES: Final[tuple[KeyName, ...]] = get_args(KeyName)

_LEAST_OCTETS: Final = 32
# Fewer different octets than this in 32 random ones: less than once in 10 to the power of 20.
_LEAST_DIFFERENT: Final = 12


def credential(settings: Settings, name: KeyName) -> bytes:
    """The key of this name, at least 32 octets; ConfigurationError when its file is missing, open to others or weak."""
    path = key_path(settings.credentials, name)
    key = _decoded(_guarded(path))
    if len(key) < _LEAST_OCTETS or len(set(key)) < _LEAST_DIFFERENT:
        raise _wrong(path, "at least 32 random octets as hex, base64 or raw", "fewer or none that are random")
    return key


def key_path(credentials: Credentials, name: KeyName) -> Path:
    """The file of a key."""
    files: dict[KeyName, str] = {
        "pin_pepper": credentials.pin_pepper,
        "index_key": credentials.index_key,
        "identity_key": credentials.identity_key,
        "audit_key": credentials.audit_key,
        "log_key": credentials.log_key,
    }
    return credentials.directory / files[name]


def database_password(settings: Settings) -> str | None:
    """The database's password, or None where no file is named; ConfigurationError when the file is no good."""
    path = settings.database.password_file
    return None if path is None else _password_in(path)


def mail_password(settings: Settings) -> str | None:
    """The password for the mail server, or None where no file is named; ConfigurationError when the file is no good."""
    path = settings.mail.password_file if settings.mail else None
    return None if path is None else _password_in(path)


def mail_authorities(settings: Settings) -> Path | None:
    """The file of authorities for the mail server; ConfigurationError when it is no good."""
    path = settings.mail.ca if settings.mail else None
    if path is not None:
        _authorities_in(path)
    return path


def system_password(settings: Settings, system: LibrarySystem) -> str | None:
    """A library system's password, or None where no file is named; ConfigurationError when the file is no good."""
    name = system.password_file
    return None if name is None else _password_in(settings.credentials.directory / name)


def system_problems(settings: Settings, partners: Partners) -> tuple[Problem, ...]:
    """All that is wrong with the files of passwords and authorities that library systems name."""
    problems: list[Problem] = []
    for system in partners.library_systems.values():
        try:
            system_password(settings, system)
            if system.ca is not None:
                _authorities_in(settings.partners.directory / system.ca)
        except ConfigurationError as wrong:
            problems += wrong.problems
    for unit in partners.lending_units.values():
        problems += _problems_of(partial(_read_authorities, settings, unit.ncip.ca if unit.ncip else None))
        problems += _problems_of(partial(_read_authorities, settings, unit.delivery.ca if unit.delivery else None))
        problems += _problems_of(partial(delivery_secret, settings, unit))
        problems += _nameless(settings, unit)
    return tuple(problems)


def delivery_secret(settings: Settings, unit: LendingUnit) -> str | None:
    """The secret or password by which we are known where a unit's deliveries go, or None where no file is named.

    ConfigurationError when the file is no good.
    """
    told = unit.delivery
    name = (told.secret_file or told.password_file) if told else None
    return None if name is None else _password_in(settings.credentials.directory / name)


def _nameless(settings: Settings, unit: LendingUnit) -> Iterator[Problem]:
    # Library systems are told who asks; without an id of our own nothing can be sent there.
    if unit.delivery is not None and unit.delivery.carrier == "ncip" and settings.ncip.agency is None:
        key = f"lending_units[{unit.id}].delivery.carrier"
        yield Problem(str(settings.partners.directory), None, key, "ncip.agency in the settings", "none")


def _read_authorities(settings: Settings, ca: Path | None) -> None:
    if ca is not None:
        _authorities_in(settings.partners.directory / ca)


def _authorities_in(path: Path) -> None:
    """Read a file of authorities; ConfigurationError where no connection could be proved by it."""
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(
            cadata=read_octets(path).decode("ascii", "replace")
        )
    except (ssl.SSLError, ValueError):
        raise _wrong(path, "certificates in PEM", "something else") from None


def _problems_of(read: Callable[[], object]) -> tuple[Problem, ...]:
    try:
        read()
    except ConfigurationError as wrong:
        return wrong.problems
    return ()


def _password_in(path: Path) -> str:
    try:
        password = _guarded(path).decode().rstrip("\r\n")
    except UnicodeDecodeError:
        password = ""
    if not password or not password.isprintable():
        raise _wrong(path, "a password on one line", "something else")
    return password


def file_problems(settings: Settings) -> tuple[Problem, ...]:
    """All that is wrong with the files that settings name: keys, the database's password, certificates."""
    problems: list[Problem] = []
    keys = []
    for name in KEY_NAMES:
        try:
            keys.append((name, credential(settings, name)))
        except ConfigurationError as wrong:
            problems += wrong.problems
    problems += _shared_keys(settings, keys)
    for password in (database_password, mail_password):
        problems += _problems_of(partial(password, settings))
    return (*problems, *_unreadable(settings))


def _shared_keys(settings: Settings, keys: list[tuple[KeyName, bytes]]) -> Iterator[Problem]:
    owners: dict[bytes, KeyName] = {}
    for name, key in keys:
        if owners.setdefault(key, name) != name:
            path = str(key_path(settings.credentials, name))
            yield Problem(path, None, "", "a key of its own", f"that of {owners[key]}")


def _unreadable(settings: Settings) -> Iterator[Problem]:
    for listener in settings.listeners.named:
        if listener.tls is None:
            continue
        yield from _problems_of(partial(read_octets, listener.tls.certificate))
        if listener.tls.client_ca is not None:
            yield from _problems_of(partial(_authorities_in, listener.tls.client_ca))
        yield from _problems_of(partial(_guarded, listener.tls.key))
    for authorities in (settings.database.ca, settings.mail.ca if settings.mail else None):
        if authorities is not None:
            yield from _problems_of(partial(_authorities_in, authorities))


def _guarded(path: Path) -> bytes:
    """What the file holds, if nobody but its owner and group may read it and nobody but its owner write it."""
    octets = read_octets(path)
    # systemd shows the mask of an access list as the group's read bit, so that bit says nothing.
    if path.stat().st_mode & (stat.S_IRWXO | stat.S_IWGRP):
        raise _wrong(path, "a file that others can neither read nor write (chmod 600)", "one that they can")
    return octets


def _decoded(octets: bytes) -> bytes:
    text = octets.strip()
    if len(text) % 2 == 0 and re.fullmatch(rb"[0-9A-Fa-f]+", text):
        return binascii.unhexlify(text)
    if len(text) % 4 == 0 and re.fullmatch(rb"[A-Za-z0-9+/_-]+={0,2}", text):
        return base64.urlsafe_b64decode(text.replace(b"+", b"-").replace(b"/", b"_"))
    return octets


def _wrong(path: Path, expected: str, found: str) -> ConfigurationError:
    return ConfigurationError([Problem(str(path), None, "", expected, found)])
