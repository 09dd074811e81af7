"""``portvakt simulate koha``: a library's Koha, for whoever connects one."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import get_args

import click

from gateway.cli.common import CONFIGURATION, Failure
from gateway.simulators.koha import (
    SAYS,
    Habits,
    KohaSimulator,
    KohaWorld,
    KohaWorldError,
    Profile,
    built_in_koha,
    habits,
    read_fault,
    read_koha,
)
from gateway.simulators.koha.running import Ports, run
from gateway.simulators.state_folder import StoreError
from gateway.tls import CertificateRefusedError, ServerTls


def _listed(ctx: click.Context, param: click.Parameter, wanted: bool) -> None:
    if wanted:
        table = {kind.value: says for kind, says in SAYS.items()} if param.name == "list_faults" else habits.SAYS
        for name, says in table.items():
            click.echo(f"{name:22} {says}")
        ctx.exit()


def _faults(ctx: click.Context, param: click.Parameter, given: tuple[str, ...]) -> tuple[str, ...]:
    for text in given:
        try:
            read_fault(text)
        except ValueError as error:
            raise click.BadParameter(str(error)) from None
    return given


def _habits(ctx: click.Context, param: click.Parameter, given: tuple[str, ...]) -> Habits:
    chosen = Habits()
    for text in given:
        name, _, value = text.partition("=")
        try:
            chosen.set(name, value)
        except ValueError as error:
            raise click.BadParameter(f"{text}: {error}") from None
    return chosen


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Where to listen.")
@click.option("--port", type=click.IntRange(0, 65535), default=6090, show_default=True, help="0: any that is free.")
@click.option("--profile", type=click.Choice(get_args(Profile)), default="new", show_default=True, help="The version.")
@click.option("--world", "world_path", type=click.Path(path_type=Path), help="A world file; by default Storbyen.")
@click.option("--state", type=click.Path(path_type=Path), help="Keep patrons in this folder.")
@click.option("--fresh", is_flag=True, help="Forget what the state folder holds.")
@click.option("--control-port", type=click.IntRange(0, 65535), help="Take commands on this port of 127.0.0.1.")
@click.option("--habit", "chosen", multiple=True, callback=_habits, metavar="NAME=VALUE", help="May be repeated.")
@click.option("--fault", "faults", multiple=True, callback=_faults, help="A fault from the start; may be repeated.")
@click.option("--certificate", type=click.Path(path_type=Path), help="Speak TLS, with this certificate.")
@click.option("--key", type=click.Path(path_type=Path), help="The certificate's key.")
@click.option("--list-faults", is_flag=True, is_eager=True, expose_value=False, callback=_listed, help="Show faults.")
@click.option("--list-habits", is_flag=True, is_eager=True, expose_value=False, callback=_listed, help="Show habits.")
def koha(
    host: str,
    port: int,
    profile: Profile,
    world_path: Path | None,
    state: Path | None,
    fresh: bool,
    control_port: int | None,
    chosen: Habits,
    faults: tuple[str, ...],
    certificate: Path | None,
    key: Path | None,
) -> None:
    """A Koha that speaks the patrons' part of its REST interface, and fails as told.

    \b
    Examples:
    Storbyen's Koha at http://127.0.0.1:6090/api/v1, its patrons kept in ./koha:
        portvakt simulate koha --state ./koha
    An old version whose key sees one branch's patrons alone:
        portvakt simulate koha --profile old --habit sees_only=NORD
    Lose the answer to the first creation:
        portvakt simulate koha --fault "close-after requests=add times=1"
    Break it while it runs:
        portvakt simulate koha --control-port 6091
        echo "fault fail-after requests=add status=503 times=2" | nc -N 127.0.0.1 6091
        echo "set oauth off" | nc -N 127.0.0.1 6091

    It prints "ready" with its address once it answers, and runs until SIGTERM or Ctrl-C.

    Exit statuses: 0 stopped as told, 1 cannot start, 2 wrong usage, 3 wrong world file or certificate.
    """
    if (certificate is None) != (key is None):
        raise click.UsageError("--certificate and --key belong together")
    chosen.profile = profile if profile != "new" else chosen.profile
    world = _world(world_path, faults)
    try:
        simulator = KohaSimulator.open(world, state=state, fresh=fresh, habits=chosen)
    except StoreError as error:
        raise Failure(str(error)) from None
    except ValueError as error:
        raise Failure(str(error), CONFIGURATION) from None
    tls = _tls(certificate, key).current if certificate and key else None
    try:
        run(simulator, Ports(host=host, port=port, control=control_port, tls=tls), click.echo)
    except OSError as error:
        raise Failure(f"cannot listen: {error.strerror}") from None


def _world(path: Path | None, faults: tuple[str, ...]) -> KohaWorld:
    try:
        world = read_koha(path) if path else built_in_koha()
    except KohaWorldError as error:
        raise Failure(str(error), CONFIGURATION) from None
    return replace(world, faults=(*world.faults, *faults))


def _tls(certificate: Path, key: Path) -> ServerTls:
    try:
        return ServerTls(certificate, key)
    except CertificateRefusedError as error:
        raise Failure(f"{certificate}: {error.reason}", CONFIGURATION) from None
