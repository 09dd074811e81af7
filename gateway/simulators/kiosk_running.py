"""Runs the steps of a kiosk script against a `Kiosk`, and tells whether all went as the script expects."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import assert_never

from gateway.simulators.kiosk import Kiosk
from gateway.simulators.kiosk_expectations import (
    Expectation,
    ExpectField,
    ExpectMessage,
    ExpectNo,
    unmet,
)
from gateway.simulators.kiosk_failures import KioskFailure
from gateway.simulators.kiosk_requests import Requests
from gateway.simulators.kiosk_script import Ask, AskAgain, AskAsIs, AskForResend, Reconnect, Say, Step, Wait
from protocols.sip2 import DONE, Login, LoginResponse, Message

REFUSED_LOGIN = "the login was refused"


def accepts(answer: Message | None) -> bool:
    """Whether this is the answer to a login that was accepted."""
    return isinstance(answer, LoginResponse) and answer.ok == DONE


@dataclass(slots=True)
class ScriptRun:
    """One run of a script called `name`; `say` shows texts, `failed` is told each failure in a line of its own."""

    name: str
    kiosk: Kiosk
    requests: Requests
    say: Callable[[str], None]
    failed: Callable[[str], None]
    wait: Callable[[float], None]
    all_well: bool = field(default=True, init=False)
    _answer: Message | None = field(default=None, init=False)
    _refused: Step | None = field(default=None, init=False)

    def run(self, steps: Iterable[Step]) -> bool:
        """Whether every expectation came true and every login was accepted, or expected to be refused.

        Goes on after a failed expectation; raises the `KioskFailure` of a lost connection, with file and line.
        """
        if self.kiosk.conversation:
            self._answer = self.kiosk.conversation[-1].answer
        for step in steps:
            if not isinstance(step.action, Expectation):
                self._settle_login()
            try:
                self._take(step)
            except KioskFailure as failure:
                raise type(failure)(f"{self.name}:{step.line}: {failure}") from failure
        self._settle_login()
        return self.all_well

    def _take(self, step: Step) -> None:
        match step.action:
            case Say(text):
                self.say(text)
            case Wait(seconds):
                self.wait(seconds)
            case Reconnect():
                self.kiosk.connect()
            case ExpectField() | ExpectNo() | ExpectMessage():
                self._expect(step, step.action)
            case Ask() | AskAsIs() | AskAgain() | AskForResend():
                self._ask(step, step.action)
            case never:
                assert_never(never)

    def _ask(self, step: Step, action: Ask | AskAsIs | AskAgain | AskForResend) -> None:
        match action:
            case Ask(grammar, given):
                message = grammar.build(self.requests, given)
                self._answer = self.kiosk.ask(message)
                if isinstance(message, Login) and not accepts(self._answer):
                    self._refused = step
            case AskAsIs(body):
                self._answer = self.kiosk.ask_as_is(body)
            case AskAgain():
                self._answer = self.kiosk.ask_again()
            case AskForResend():
                self._answer = self.kiosk.ask_for_resend()

    def _expect(self, step: Step, expectation: Expectation) -> None:
        if fault := unmet(expectation, self._answer):
            self._fail(step, fault)
        elif isinstance(expectation, ExpectField) and expectation.name == "ok":
            # The script wanted to see the login refused.
            self._refused = None

    def _settle_login(self) -> None:
        """A refused login is a failure unless an expectation right behind it says otherwise."""
        if self._refused:
            self._fail(self._refused, REFUSED_LOGIN)
            self._refused = None

    def _fail(self, step: Step, what: str) -> None:
        self.all_well = False
        self.failed(f"{self.name}:{step.line}: {what}")
