"""The script language of `portvakt kiosk`: text in, steps out, or every fault of the text at once.

A fault names its line and the place of the word; it shows a word only where that cannot be a PIN.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import TypeAlias

from gateway.simulators.kiosk_commands import COMMANDS, Given, Grammar
from gateway.simulators.kiosk_expectations import Expectation, read_expectation
from gateway.simulators.kiosk_lexer import BadQuoting, rest_of, words_of
from gateway.simulators.kiosk_matching import WrongWord, matched, nearest
from protocols.sip2 import Codec


@dataclass(frozen=True, slots=True)
class Ask:
    """Send a request, built when its turn comes."""

    grammar: Grammar
    given: Given = field(repr=False)


@dataclass(frozen=True, slots=True)
class AskAsIs:
    """Send these bytes as they stand."""

    body: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class AskAgain:
    """Send the last frame again, byte for byte."""


@dataclass(frozen=True, slots=True)
class AskForResend:
    """Send a 97."""


@dataclass(frozen=True, slots=True)
class Reconnect:
    """Hang up and connect anew."""


@dataclass(frozen=True, slots=True)
class Wait:
    """Do nothing for so many seconds."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Say:
    """Show a text."""

    text: str


Action: TypeAlias = Ask | AskAsIs | AskAgain | AskForResend | Reconnect | Wait | Say | Expectation


@dataclass(frozen=True, slots=True)
class Step:
    """One line of a script."""

    line: int
    action: Action


class ScriptError(Exception):
    """The script cannot be run; `faults` are its faults, one line of text each, in order."""

    def __init__(self, faults: Iterable[str]) -> None:
        self.faults = tuple(faults)
        super().__init__("\n".join(self.faults))


def read_script(text: str, name: str, codec: Codec, *, logged_in: bool = False) -> list[Step]:
    """The steps of a script; raises `ScriptError` with every fault. `logged_in`: an answer came before it begins."""
    steps: list[Step] = []
    faults: list[str] = []
    for number, line in enumerate(text.lstrip("\ufeff").splitlines(), 1):
        try:
            if action := _action(line, codec):
                # Behind a fault nobody knows what would have been asked.
                _check_turn(action, steps, asked=logged_in or bool(faults))
                steps.append(Step(number, action))
        except WrongWord as fault:
            faults.append(f"{name}:{number}: {fault}")
        except BadQuoting:
            faults.append(f"{name}:{number}: a quote is not closed; expected the same quote at the end of the word")
    if faults:
        raise ScriptError(faults)
    return steps


def _action(line: str, codec: Codec) -> Action | None:
    """What a line says; None where it says nothing."""
    first = line.strip().partition(" ")[0]
    if first in _WHOLE_LINES:
        return _WHOLE_LINES[first](rest_of(line), codec)
    words = words_of(line)
    if not words:
        return None
    command, *rest = words
    if command in _OTHERS:
        return _OTHERS[command](rest)
    if grammar := COMMANDS.get(command):
        return Ask(grammar, matched(grammar, rest))
    raise WrongWord(1, f"{command!r} is no command; expected {nearest(command, NAMES)}")


def _check_turn(action: Action, before: list[Step], *, asked: bool) -> None:
    asked = asked or any(isinstance(step.action, _ASKING) for step in before)
    if isinstance(action, AskAgain | Expectation) and not asked:
        raise WrongWord(1, "nothing has been asked yet; expected a command that asks something before it")


_ASKING = Ask | AskAsIs | AskForResend


def _as_is(text: str, codec: Codec) -> Action:
    if not text:
        raise WrongWord(2, "expected FRAME (raw FRAME)")
    try:
        return AskAsIs(codec.charset.write(text))
    except UnicodeEncodeError:
        raise WrongWord(2, f"expected a frame in letters that {codec.charset.encoding} has") from None


def _wait(words: list[str]) -> Action:
    try:
        (seconds,) = map(float, words)
    except ValueError:
        raise WrongWord(2, "expected SECONDS, a number (wait SECONDS)") from None
    if not 0 <= seconds <= LONGEST_WAIT:
        raise WrongWord(2, f"expected 0 to {LONGEST_WAIT} seconds")
    return Wait(seconds)


def _alone(name: str, action: Action) -> Callable[[list[str]], Action]:
    def read(words: list[str]) -> Action:
        if words:
            raise WrongWord(2, f"expected nothing more ({name})")
        return action

    return read


LONGEST_WAIT = 3600

_WHOLE_LINES: dict[str, Callable[[str, Codec], Action]] = {
    "raw": _as_is,
    "echo": lambda text, _: Say(text),
}

_OTHERS: dict[str, Callable[[list[str]], Action]] = {
    "again": _alone("again", AskAgain()),
    "resend": _alone("resend", AskForResend()),
    "reconnect": _alone("reconnect", Reconnect()),
    "wait": _wait,
    "expect": read_expectation,
}

NAMES = (*COMMANDS, *_OTHERS, *_WHOLE_LINES)
"""Every command of the language."""
