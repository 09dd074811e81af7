"""A kiosk's working day from connecting to leaving, with a person or by a script."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from gateway.simulators.kiosk import Kiosk, Peer
from gateway.simulators.kiosk_dialogue import Person, converse
from gateway.simulators.kiosk_requests import Requests
from gateway.simulators.kiosk_running import REFUSED_LOGIN, ScriptRun, accepts
from gateway.simulators.kiosk_screen import Screen
from gateway.simulators.kiosk_script import Step
from protocols.sip2 import ScProfile


@dataclass(frozen=True, slots=True)
class Script:
    """Steps to run, and the name that failures are reported under."""

    name: str
    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class Session:
    """Whom to talk to, how, and where to show it; `login` is a name and a password."""

    peer: Peer
    profile: ScProfile
    requests: Requests
    screen: Screen
    timeout: float
    login: tuple[str, str] | None = field(default=None, repr=False)

    def run(self, work: Script | Person, wait: Callable[[float], None]) -> bool:
        """Whether the login was accepted and every expectation came true; raises `KioskFailure`."""
        with Kiosk(self.peer, self.profile, timeout=self.timeout, heard=self.screen.heard) as kiosk:
            kiosk.connect()
            self.screen.note(f"connected to {self.peer}")
            if self.login and not accepts(kiosk.ask(self.requests.login(*self.login))):
                self.screen.failed(REFUSED_LOGIN)
                return False
            if isinstance(work, Script):
                run = ScriptRun(work.name, kiosk, self.requests, self.screen.say, self.screen.failed, wait)
                return run.run(work.steps)
            kiosk.ask(self.requests.status())
            converse(kiosk, self.requests, work)
            return True
