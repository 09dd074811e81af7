"""``portvakt demo --story``: the demo played unattended, in a process with a daemon and a library system of its own."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import tempfile
import threading
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from dataclasses import dataclass, field
from http.client import HTTPException
from pathlib import Path
from subprocess import TimeoutExpired

import click

from config.load import load_partners, load_settings
from config.secret_files import credential
from gateway.cli.common import Failure, clear_errors
from gateway.cli.demo import free_port, library_system, prepare, tell_of_ils
from gateway.cli.kiosk import writer
from gateway.cli.serve import failure_of
from gateway.cli.story_scenes import play
from gateway.cli.story_stage import PATIENCE, Stage
from gateway.running import NotStartedError, run
from gateway.simulators.ils import IlsSimulator
from gateway.simulators.kiosk import Kiosk, Peer
from gateway.simulators.kiosk_failures import KioskFailure
from gateway.simulators.kiosk_screen import Screen
from gateway.simulators.phone import NoSuchFormError
from protocols.sip2 import ScProfile

_BROKEN_OFF = (KioskFailure, NoSuchFormError, HTTPException, OSError, TimeoutExpired, TimeoutError)


def tell_story(state: Path | None, *, fresh: bool) -> None:
    """Play the story; in ``state``, which is kept, or else in a folder that is removed.

    Raises :class:`Failure` that tells what was not as it should be, and for a folder that holds a demo already unless
    it may be made ``fresh``.
    """
    began = time.monotonic()
    with _folder(state) as folder:
        if not fresh and folder.exists() and any(folder.iterdir()):
            raise Failure(f"{folder} is not empty, and the story begins with a new world; --fresh removes a demo")
        faults = _played(folder)
    if faults:
        raise Failure("\n".join(["the story did not go as told:", *faults]))
    click.echo(f"\nThe story went as told, in {time.monotonic() - began:.0f} seconds.")


@contextlib.contextmanager
def _folder(state: Path | None) -> Iterator[Path]:
    if state is not None:
        yield state
        return
    with tempfile.TemporaryDirectory(prefix="portvakt-story-") as made:
        yield Path(made)


def _played(state: Path) -> list[str]:
    try:
        prepare(state, fresh=True, sip2_port=0, http_port=0, pages_port=free_port())
        ils_port, ncip_port = free_port(), free_port()
        tell_of_ils(state, ils_port, ncip_port)
        log = (state / "story.log").open("w", encoding="utf-8")
    except OSError as refused:
        raise Failure(f"{refused.filename or state}: {refused.strerror}") from refused
    path = state / "portvakt.toml"
    with log, clear_errors():
        settings = load_settings(path, {})
        partners = load_partners(settings)
        key = credential(settings, "log_key")
        player = _Player(path)
        try:
            run(
                path,
                settings,
                partners,
                stream=log,
                log_key=key,
                pretty=True,
                beside=lambda: player.beside(library_system(state, ils_port, ncip_port)),
                when_ready=player.begin,
            )
        except NotStartedError as failed:
            raise failure_of(failed.__cause__) from failed
        finally:
            player.over = True
    return player.faults


@dataclass(slots=True)
class _Player:
    """Plays in a thread of its own, because kiosks and phones wait for their answers; the daemon has the other."""

    config: Path
    faults: list[str] = field(default_factory=lambda: ["the story was interrupted"])
    over: bool = False
    """Whether the daemon has ended already, as after Ctrl-C."""
    _system: _OnTheLoop | None = None

    @contextlib.asynccontextmanager
    async def beside(self, system: contextlib.AbstractAsyncContextManager[IlsSimulator]) -> AsyncIterator[None]:
        async with system as simulator:
            self._system = _OnTheLoop(simulator, asyncio.get_running_loop())
            yield

    def begin(self, addresses: dict[str, tuple[str, int]]) -> None:
        threading.Thread(target=self._play, args=(addresses,), name="story", daemon=True).start()

    def _play(self, addresses: dict[str, tuple[str, int]]) -> None:
        try:
            self.faults = self._story(addresses)
        finally:
            if not self.over:
                # The daemon ends as it does for an operator.
                os.kill(os.getpid(), signal.SIGTERM)

    def _story(self, addresses: dict[str, tuple[str, int]]) -> list[str]:
        assert self._system is not None  # noqa: S101 - entered before the daemon began
        host, port = addresses["pages"]
        profile = ScProfile(encoding="utf-8", echo="optional")
        screen = Screen(profile.codec, writer(err=False), writer(err=False))
        with Kiosk(Peer(*addresses["sip2"]), profile, timeout=PATIENCE, heard=screen.heard) as kiosk:
            stage = Stage(self.config, kiosk, f"http://{host}:{port}", self._system)
            try:
                kiosk.connect()
                play(stage)
            except _BROKEN_OFF as failure:
                # Said by type where the text may hold what was sent.
                stage.expect(told=False, otherwise=f"it broke off: {type(failure).__name__}")
        return stage.faults


@dataclass(frozen=True, slots=True)
class _OnTheLoop:
    """The simulated library system, closed and opened from the story's thread."""

    simulator: IlsSimulator
    loop: asyncio.AbstractEventLoop

    def close(self) -> None:
        self._do(self.simulator.close_port)

    def open(self) -> None:
        self._do(self.simulator.open_port)

    def _do(self, change: Callable[[], Coroutine[object, object, None]]) -> None:
        asyncio.run_coroutine_threadsafe(change(), self.loop).result(PATIENCE)
