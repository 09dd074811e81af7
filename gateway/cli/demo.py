"""``portvakt demo``: a whole world to try, in one folder, with one command."""

from __future__ import annotations

import contextlib
import re
import shutil
import socket
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import click
from click.core import ParameterSource

from config.load import load_partners, load_settings
from config.secret_files import credential
from gateway import demo_world
from gateway.application import migrate_register, open_register
from gateway.cli.common import Failure, clear_errors
from gateway.cli.common import run as run_coroutine
from gateway.cli.serve import failure_of
from gateway.cli.setup import make_keys
from gateway.clock import SystemClock
from gateway.partners.publication import publication_of
from gateway.partners.secrets import hash_secret
from gateway.running import NotStartedError, log_stream, run
from gateway.simulators.ils import IlsSimulator, built_in_world
from gateway.simulators.ils.store import Store, StoreError
from registry.domain.institution import LendingUnitId
from registry.domain.secret import Secret

# What --fresh may remove: a folder that bears this mark was made by the demo and holds nothing else.
_MARK = "this-is-a-portvakt-demo"
_WELL_MADE = "populated"
_DELIVERY = re.compile(r"^delivery = .*# written anew at each start$", re.MULTILINE)


@click.command()
@click.option("--state", type=click.Path(path_type=Path, file_okay=False), default=Path("var"), show_default=True)
@click.option("--fresh", is_flag=True, help="Begin anew: whatever an earlier demo left in the folder is removed.")
@click.option("--port", type=click.IntRange(0, 65535), default=6001, show_default=True, help="SIP2; 0 takes any.")
@click.option(
    "--http-port", type=click.IntRange(0, 65535), default=9464, show_default=True, help="Metrics; 0 takes any."
)
@click.option("--ncip-port", type=click.IntRange(0, 65535), default=6080, show_default=True, help="NCIP; 0 takes any.")
@click.option(
    "--ils-port",
    type=click.IntRange(0, 65535),
    default=6011,
    show_default=True,
    help="Storbyen's simulated library system; 0 takes any.",
)
@click.option(
    "--ils-ncip-port",
    type=click.IntRange(0, 65535),
    default=6012,
    show_default=True,
    help="The same by NCIP, which is how it is told of new patrons; 0 takes any.",
)
@click.option(
    "--pages-port", type=click.IntRange(0, 65535), default=6088, show_default=True, help="Patrons' pages; 0 takes any."
)
@click.option("--story", is_flag=True, help="Play a day at the libraries instead, unattended, and end.")
@click.pass_context
def demo(
    ctx: click.Context,
    /,
    state: Path,
    fresh: bool,
    port: int,
    http_port: int,
    ncip_port: int,
    ils_port: int,
    ils_ncip_port: int,
    pages_port: int,
    story: bool,
) -> None:
    """Run a demo world: three libraries, a door, a film service, and patrons with every kind of card.

    Behind Storbyen's terminals stands a simulated library system, so that books can be borrowed there: by its own
    patrons, and by guests who accept its loan rules on the kiosk's screen or on its page.

    Everything it needs is kept in the folder --state. Logs go to standard error.

    With --story the demo plays itself and prints what is said: a kiosk, a phone, a desk, a child, and a library system
    that is down. It takes free ports, and a folder that it removes again, unless --state names one. Exit status 1, and
    what was different, where something was not as told.

    \b
    Example:  portvakt demo --story
              portvakt demo
              portvakt kiosk --login storbyen-1      (in another window; the password is demo-storbyen)
              card N001000001, PIN 4817
    """
    if story:
        # Imported when it is asked for: it stands on this module.
        from gateway.cli.demo_story import tell_story

        named = ctx.get_parameter_source("state") is not ParameterSource.DEFAULT
        tell_story(state if named else None, fresh=fresh)
        return
    path = state / "portvakt.toml"
    ils_port, ils_ncip_port = ils_port or free_port(), ils_ncip_port or free_port()
    try:
        found = prepare(
            state,
            fresh=fresh,
            sip2_port=port,
            http_port=http_port,
            ncip_port=ncip_port,
            pages_port=pages_port or free_port(),
        )
        tell_of_ils(state, ils_port, ils_ncip_port)
    except OSError as refused:
        raise Failure(f"{refused.filename or state}: {refused.strerror}") from refused
    click.echo(f"demo world {'found' if found else 'made'} in {state.absolute()}", err=True)
    with clear_errors():
        settings = load_settings(path, {})
        partners = load_partners(settings)
        key = credential(settings, "log_key")
    try:
        run(
            path,
            settings,
            partners,
            stream=log_stream(),
            log_key=key,
            pretty=True,
            beside=lambda: library_system(state, ils_port, ils_ncip_port),
            when_ready=_welcome,
        )
    except NotStartedError as failed:
        raise failure_of(failed.__cause__) from failed


def prepare(
    state: Path, *, fresh: bool, sip2_port: int, http_port: int, ncip_port: int = 0, pages_port: int | None = None
) -> bool:
    """Make the demo's files and register in ``state`` where they are not there yet; return whether they were.

    Raises :class:`Failure` for a folder that holds something else.
    """
    mark = state / _MARK
    if fresh and mark.exists():
        _require_nobody_inside(state)
        shutil.rmtree(state)
    if state.exists() and any(state.iterdir()) and not mark.exists():
        raise Failure(f"{state} holds something that is no demo; name another folder with --state")
    state.mkdir(mode=0o700, parents=True, exist_ok=True)
    mark.touch()
    settings_file = state / "portvakt.toml"
    settings_file.write_text(
        demo_world.settings_text(sip2_port=sip2_port, http_port=http_port, ncip_port=ncip_port, pages_port=pages_port),
        encoding="utf-8",
    )
    if (state / _WELL_MADE).exists():
        # Made by an earlier version, perhaps.
        run_coroutine(migrate_register(load_settings(settings_file, {})))
        _tell_of_initiators(state)
        return True
    _make(state, settings_file)
    (state / _WELL_MADE).touch()
    return False


def _require_nobody_inside(state: Path) -> None:
    try:
        Store(state / "ils").close()
    except StoreError as taken:
        raise Failure(str(taken)) from taken


def tell_of_ils(state: Path, port: int, ncip_port: int) -> None:
    """Write down where Storbyen's library system is at this start."""
    text = demo_world.library_system_text(port)
    (state / "partners.d" / "library-system.toml").write_text(text, encoding="utf-8")
    libraries = state / "partners.d" / "demo.toml"
    told = libraries.read_text(encoding="utf-8")
    libraries.write_text(_DELIVERY.sub(demo_world.delivery_text(ncip_port), told), encoding="utf-8")


@contextlib.asynccontextmanager
async def library_system(state: Path, port: int, ncip_port: int) -> AsyncIterator[IlsSimulator]:
    """Run Storbyen's simulated library system, and give it; its loans are kept in the demo's folder."""
    simulator = IlsSimulator.open(built_in_world(), state=state / "ils")
    await simulator.start(port=port)
    await simulator.ncip.start(port=ncip_port)
    try:
        yield simulator
    finally:
        await simulator.stop()


def free_port() -> int:
    """Return a port of this machine that nobody listens on."""
    # Given back before it is used: somebody may take it meanwhile, and is then told of in one line.
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])


def _make(state: Path, settings_file: Path) -> None:
    make_keys(settings_file)
    password = state / "credentials" / demo_world.STORBYEN_ILS
    password.touch(mode=0o600)
    password.write_text(demo_world.ILS_PASSWORD + "\n", encoding="utf-8")
    partners = state / "partners.d" / "demo.toml"
    partners.parent.mkdir(exist_ok=True)
    hashed = {login: hash_secret(Secret(password)) for login, password in demo_world.PASSWORDS.items()}
    partners.write_text(demo_world.partners_text(hashed, demo_world.delivery_text(6012)), encoding="utf-8")
    _tell_of_initiators(state)
    tell_of_ils(state, 6011, 6012)
    # A demo that was interrupted while it was made has half a register: it is made anew.
    for left in state.glob("portvakt.db*"):
        left.unlink()
    run_coroutine(_populate(settings_file))


def _tell_of_initiators(state: Path) -> None:
    """Write down who may ask over NCIP, unless that is there already."""
    file = state / "partners.d" / "initiators.toml"
    if not file.exists():
        hashed = {id_: hash_secret(Secret(secret)) for id_, secret in demo_world.INITIATORS.items()}
        file.write_text(demo_world.initiators_text(hashed), encoding="utf-8")


async def _populate(settings_file: Path) -> None:
    settings, clock = load_settings(settings_file, {}), SystemClock()
    await migrate_register(settings)
    async with open_register(settings, clock, command=True) as register:
        await register.libraries.publish(publication_of(load_partners(settings)))
        await demo_world.populate(register.patrons, register.cards, clock.today())
        # Rules can be accepted on this kiosk's screen.
        await register.commissions.commission("storbyen-1", LendingUnitId(demo_world.STORBYEN), demo_world.ACTOR)


def _welcome(addresses: dict[str, tuple[str, int]]) -> None:
    for name, (host, port) in addresses.items():
        click.echo(f"{name:5} {host}:{port}", err=True)
    sys.stderr.flush()
