"""What the demo's story is played on: a kiosk, phones, the commands of staff, and a door to close a library system."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import click

from gateway.simulators.kiosk import Kiosk
from gateway.simulators.kiosk_requests import Requests
from gateway.simulators.kiosk_running import ScriptRun
from gateway.simulators.kiosk_script import read_script
from gateway.simulators.phone import Form, Page, Phone

PATIENCE = 20.0
"""Seconds that a condition is waited for, at most."""
_COMMAND_SECONDS = 30.0
_PAUSE = 0.4


class LibrarySystem(Protocol):
    """Storbyen's library system, as far as the story touches it."""

    def close(self) -> None:
        """Have it be down for everybody."""

    def open(self) -> None:
        """Have it be there again."""


@dataclass(slots=True)
class Stage:
    """Shows what is said and done, and keeps in ``faults`` what was not as it should be."""

    config: Path
    kiosk: Kiosk
    pages: str
    library_system: LibrarySystem
    faults: list[str] = field(default_factory=list)

    def scene(self, title: str) -> None:
        """Begin a new part of the story."""
        click.echo(f"\n== {title}")

    def tell(self, words: str) -> None:
        """Say in one line what happens next."""
        click.echo(f"-- {words}")

    def expect(self, told: bool, otherwise: str) -> None:
        """Take note of ``otherwise`` unless all was as told."""
        if not told:
            self.faults.append(otherwise)
            click.echo(f"!! {otherwise}")

    def at_kiosk(self, words: str, script: str) -> None:
        """Have the kiosk say and expect what a script says."""
        self.tell(words)
        steps = read_script(script, words, self.kiosk.profile.codec, logged_in=True)
        ScriptRun(words, self.kiosk, Requests("", "", "012"), self.tell, self._failed, time.sleep).run(steps)

    def _failed(self, fault: str) -> None:
        self.expect(told=False, otherwise=fault)

    def phone(self) -> Phone:
        """Return a phone that knows the address of the pages."""
        return Phone(self.pages, timeout=PATIENCE)

    def opens(self, words: str, phone: Phone, path: str) -> Page:
        """Have a phone open a page, and show it."""
        self.tell(words)
        return self._shown(f"GET {path}", phone.open(path))

    def sends(self, words: str, phone: Phone, form: Form, **fields: str) -> Page:
        """Have a phone fill a form in, and show what follows."""
        self.tell(words)
        return self._shown(f"POST {form.action}", phone.send(form, **fields))

    def _shown(self, asked: str, page: Page) -> Page:
        click.echo(f"> {asked}\n< {page.status}, {page.path}, in {page.language}")
        for line in page.lines:
            click.echo(f"      {line}")
        return page

    def says(self, page: Page, sentence: str) -> None:
        """Expect a sentence on a page."""
        self.expect(sentence in page.lines, f"{page.path} does not say: {sentence}")

    def command(self, words: str, arguments: Sequence[str]) -> str:
        """Run a command of staff in a process of its own, show it, and return what it says."""
        self.tell(words)
        return self._told(arguments, *self._run(arguments))

    def command_until(self, words: str, arguments: Sequence[str], wanted: str) -> None:
        """Run a command until it says what is wanted, for as long as patience lasts; show the last time."""
        self.tell(words)
        until = time.monotonic() + PATIENCE
        status, said = self._run(arguments)
        while wanted not in said and time.monotonic() < until:
            # A command costs the daemon's machine more than the wait does.
            time.sleep(_PAUSE)
            status, said = self._run(arguments)
        self._told(arguments, status, said)
        self.expect(wanted in said, f"{' '.join(arguments[:2])} does not say: {wanted}")

    def _told(self, arguments: Sequence[str], status: int, said: str) -> str:
        click.echo(f"$ portvakt {' '.join(arguments)}")
        click.echo("".join(f"      {line}\n" for line in said.splitlines()), nl=False)
        self.expect(status == 0, f"{' '.join(arguments[:2])} ended with status {status}")
        return said

    def _run(self, arguments: Sequence[str]) -> tuple[int, str]:
        command = [sys.executable, "-m", "gateway.cli", *arguments, "--config", str(self.config)]
        done = subprocess.run(  # noqa: S603 - our own commands
            command, capture_output=True, text=True, encoding="utf-8", timeout=_COMMAND_SECONDS, check=False
        )
        return done.returncode, done.stdout + done.stderr
