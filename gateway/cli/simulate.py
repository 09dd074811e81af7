"""``portvakt simulate``: the other ends of our wires, for whoever connects a library."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from gateway.cli.common import CONFIGURATION, Failure
from gateway.cli.simulate_koha import koha
from gateway.simulators.ils import (
    QUIRKS,
    SAYS,
    IlsSimulator,
    StoreError,
    World,
    WorldFileError,
    built_in_world,
    read_fault,
    read_world,
)
from gateway.simulators.ils.running import Ports, run
from gateway.tls import CertificateRefusedError, ServerTls


@click.group()
def simulate() -> None:
    """Simulated systems to connect to."""


simulate.add_command(koha)


def _print_table(wanted: str) -> None:
    tables: dict[str, dict[str, str]] = {
        "quirks": {name: quirk.says for name, quirk in QUIRKS.items()},
        "faults": {kind.value: says for kind, says in SAYS.items()},
    }
    for name, says in tables[wanted].items():
        click.echo(f"{name:26} {says}")


def _listed(ctx: click.Context, param: click.Parameter, wanted: bool) -> None:
    if wanted and param.name is not None:
        _print_table(param.name.removeprefix("list_"))
        ctx.exit()


def _faults(ctx: click.Context, param: click.Parameter, given: tuple[str, ...]) -> tuple[str, ...]:
    for text in given:
        try:
            read_fault(text)
        except ValueError as error:
            raise click.BadParameter(str(error)) from None
    return given


@simulate.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Where to listen.")
@click.option("--port", type=click.IntRange(0, 65535), default=6011, show_default=True, help="0: any that is free.")
@click.option("--world", "world_path", type=click.Path(path_type=Path), help="A world file; by default Storbyen.")
@click.option("--state", type=click.Path(path_type=Path), help="Keep loans and the like in this folder.")
@click.option("--fresh", is_flag=True, help="Forget what the state folder holds.")
@click.option("--control-port", type=click.IntRange(0, 65535), help="Take commands on this port of 127.0.0.1.")
@click.option("--ncip-port", type=click.IntRange(0, 65535), help="Answer NCIP over HTTP(S), too, at any path.")
@click.option("--ncip-tcp-port", type=click.IntRange(0, 65535), help="Answer NCIP over raw TCP (or TLS), too.")
@click.option("--fault", "faults", multiple=True, callback=_faults, help="A fault from the start; may be repeated.")
@click.option("--seed", type=int, default=0, help="For faults that have a chance; the same seed, the same faults.")
@click.option("--quirk", "quirks", multiple=True, type=click.Choice(list(QUIRKS)), metavar="NAME", help="A habit.")
@click.option("--encoding", help="The charset, such as cp850 or latin-1; by default the world's.")
@click.option("--terminator", type=click.Choice(["CR", "LF", "CRLF"]), help="What ends an answer.")
@click.option("--login/--no-login", "login", default=None, help="Whether an SC must log in.")
@click.option("--certificate", type=click.Path(path_type=Path), help="Speak TLS, with this certificate.")
@click.option("--key", type=click.Path(path_type=Path), help="The certificate's key.")
@click.option("--list-faults", is_flag=True, is_eager=True, expose_value=False, callback=_listed, help="Show faults.")
@click.option("--list-quirks", is_flag=True, is_eager=True, expose_value=False, callback=_listed, help="Show quirks.")
def ils(
    host: str,
    port: int,
    world_path: Path | None,
    state: Path | None,
    fresh: bool,
    control_port: int | None,
    ncip_port: int | None,
    ncip_tcp_port: int | None,
    faults: tuple[str, ...],
    seed: int,
    quirks: tuple[str, ...],
    encoding: str | None,
    terminator: str | None,
    login: bool | None,
    certificate: Path | None,
    key: Path | None,
) -> None:
    """A library system that speaks SIP2 and NCIP: patrons, items, loans, holds, fees, and faults as told.

    \b
    Examples:
    Storbyen on port 6011, its loans kept in ./ils:
        portvakt simulate ils --state ./ils
    Hold back three patron information answers, and lose a checkout's answer:
        portvakt simulate ils --fault "delay messages=63 seconds=3 times=3" --fault "drop-after messages=11 times=1"
    Break it while it runs:
        portvakt simulate ils --control-port 6012
        echo "fault close-in-the-middle messages=11,63 times=1" | nc -N 127.0.0.1 6012
    Answer NCIP, too, and lose the answer to the first CreateUser:
        portvakt simulate ils --ncip-port 6081 --fault "close-after messages=CreateUser times=1"
    A system with habits:
        portvakt simulate ils --quirk no-cq --quirk always-az --encoding cp850 --terminator CRLF

    It prints "ready" with its addresses once it answers, and runs until SIGTERM or Ctrl-C. PINs are never printed.

    Exit statuses: 0 stopped as told, 1 cannot start, 2 wrong usage, 3 wrong world file or certificate.
    """
    if (certificate is None) != (key is None):
        raise click.UsageError("--certificate and --key belong together")
    simulator = _opened(_world(world_path, encoding, terminator, login, quirks, faults), state, fresh, seed)
    if simulator.dropped:
        click.echo(f"{simulator.dropped} entries of {state} are about nobody in this world and were dropped", err=True)
    tls = _tls(certificate, key).current if certificate and key else None
    ports = Ports(host=host, port=port, control=control_port, ncip=ncip_port, ncip_tcp=ncip_tcp_port, tls=tls)
    try:
        run(simulator, ports, click.echo)
    except OSError as error:
        raise Failure(f"cannot listen: {error.strerror}") from None


def _world(
    path: Path | None,
    encoding: str | None,
    terminator: str | None,
    login: bool | None,
    quirks: tuple[str, ...],
    faults: tuple[str, ...],
) -> World:
    try:
        world = read_world(path) if path else built_in_world()
    except WorldFileError as error:
        raise Failure(str(error), CONFIGURATION) from None
    told: dict[str, Any] = {"encoding": encoding, "terminator": terminator, "login_required": login}
    line = replace(world.line, **{name: value for name, value in told.items() if value is not None})
    rules = replace(world.rules, quirks=(*world.rules.quirks, *quirks))
    return replace(world, line=line, rules=rules, faults=(*world.faults, *faults))


def _opened(world: World, state: Path | None, fresh: bool, seed: int) -> IlsSimulator:
    try:
        return IlsSimulator.open(world, state=state, fresh=fresh, seed=seed)
    except StoreError as error:
        raise Failure(str(error)) from None
    except ValueError as error:
        raise Failure(str(error), CONFIGURATION) from None


def _tls(certificate: Path, key: Path) -> ServerTls:
    try:
        return ServerTls(certificate, key)
    except CertificateRefusedError as error:
        raise Failure(f"{certificate}: {error.reason}", CONFIGURATION) from None
