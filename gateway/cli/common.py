"""What the commands share: the settings option, exit statuses, errors as one clear line."""

from __future__ import annotations

import asyncio
import contextlib
import getpass
import os
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any, TypeVar

import click

from config.errors import ConfigurationError
from config.load import load_settings
from config.settings import Settings
from gateway.application import Register, UnfitDatabaseError, open_register
from gateway.clock import SystemClock
from registry.domain.card import CardNumber, national
from registry.domain.decisions import RegisterUnavailable
from registry.register import NotDoneError

NOT_DONE, CONFIGURATION, UNAVAILABLE = 1, 3, 4
"""Exit statuses: what was asked cannot be done; the files are wrong; the database does not answer. 2 is usage."""

T = TypeVar("T")
F = TypeVar("F", bound=Callable[..., Any])

_PLACES = ("portvakt.toml", "/etc/portvakt/portvakt.toml")


class Failure(click.ClickException):
    """An error of a command: one line, and an exit status of its own."""

    def __init__(self, message: str, status: int = NOT_DONE) -> None:
        super().__init__(message)
        # The attribute is click's, which reads it from the class or the instance alike.
        vars(self)["exit_code"] = status


def config_option(command: F) -> F:
    """Give a command the option ``--config``."""
    return click.option(
        "--config",
        "config_path",
        type=click.Path(path_type=Path, dir_okay=False),
        envvar="PORTVAKT_CONFIG",
        show_envvar=True,
        help="The settings file; by default portvakt.toml here, else in /etc/portvakt.",
    )(command)


def settings_path(given: Path | None) -> Path:
    """Return the settings file to read; raises :class:`Failure` where there is none."""
    places = [given] if given else [Path(place) for place in _PLACES]
    for place in places:
        if place.is_file():
            return place
    raise Failure(
        f"no settings file: {' or '.join(map(str, places))} does not exist; name one with --config, or make a first "
        "one with `portvakt init`",
        CONFIGURATION,
    )


@contextlib.contextmanager
def clear_errors() -> Iterator[None]:
    """Turn what can go wrong in any command into one line and its exit status."""
    try:
        yield
    except ConfigurationError as wrong:
        raise Failure(str(wrong), CONFIGURATION) from wrong
    except (NotDoneError, UnfitDatabaseError) as refused:
        raise Failure(str(refused)) from refused
    except RegisterUnavailable as outage:
        raise Failure(f"the register's database does not answer: {outage}", UNAVAILABLE) from outage


def settings_of(given: Path | None) -> Settings:
    """Return the settings of a command; raises :class:`Failure`."""
    with clear_errors():
        return load_settings(settings_path(given))


@contextlib.asynccontextmanager
async def register_of(settings: Settings) -> AsyncIterator[Register]:
    """Open the register for a command, with what the partner files have put into force."""
    async with open_register(settings, SystemClock(), command=True) as register:
        await register.libraries.load()
        yield register


def run(coroutine: Coroutine[Any, Any, T]) -> T:
    """Return what ``coroutine`` returns; errors end the command in one line."""
    with clear_errors():
        return asyncio.run(coroutine)


def actor() -> str:
    """Return who is at the keyboard, for the audit trail."""
    try:
        return f"operator {getpass.getuser()}"
    except (KeyError, OSError):
        return f"operator uid {os.getuid()}"


def masked(card: str) -> str:
    """Return a card number as lists and notes show it; ``no card`` for an empty one."""
    return f"{card[:1]}***{card[-2:]}" if card else "no card"


def one_line(text: str) -> str:
    """Return a text from the register as it may stand on a line of a list: what cannot be printed is a blank."""
    return "".join(sign if sign.isprintable() else " " for sign in text)


def tries(count: int, of_kind: str = "") -> str:
    """Return so many tries in words."""
    return f"{count} {of_kind}{'try' if count == 1 else 'tries'}"


class CardNumberType(click.ParamType[CardNumber]):
    """A national card number on the command line."""

    name = "CARD"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> CardNumber:
        """Return the number in its one written form; fails on a local one."""
        number = national(str(value))
        if number is None:
            self.fail("a national card number is N and nine digits, such as N001000001", param, ctx)
        return number


CARD = CardNumberType()


class ReasonType(click.ParamType[str]):
    """Why something is done, for the audit trail: one line, which can pass for nothing else where it is shown."""

    name = "REASON"
    longest = 200

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the reason without blanks around it; fails on none, on a long one and on line breaks."""
        reason = str(value).strip()
        if not reason or len(reason) > self.longest or not reason.isprintable():
            self.fail(f"a reason is one line of 1 to {self.longest} printable signs", param, ctx)
        return reason


REASON = ReasonType()
