"""``portvakt audit``: does the audit trail still say what it said?"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TextIO

import click

from gateway.cli.common import Failure, config_option, register_of, run, settings_of
from registry.services.ports import ChainFault


@click.group()
def audit() -> None:
    """The audit trail."""


def anchors_in(lines: Iterable[str]) -> Iterator[tuple[int, bytes]]:
    """Yield sequence number and MAC of every anchor among log lines; other lines are passed over."""
    for line in lines:
        try:
            told = json.loads(line)
            if told["event"] == "anchor":
                yield int(told["sequence"]), bytes.fromhex(told["mac"])
        except (ValueError, TypeError, KeyError):
            continue


@audit.command()
@click.option("--anchors", type=click.File("r"), help="Log lines with anchors, as the journal has them.")
@config_option
def verify(anchors: TextIO | None, config_path: Path | None) -> None:
    """Prove every row of the audit trail against the chain, and the chain against its anchors.

    Exit status 1 names the first row that was changed, removed, inserted or moved.

    \b
    Example:  journalctl -u portvakt -o cat | grep '"anchor"' > anchors
              portvakt audit verify --anchors anchors
    """
    settings = settings_of(config_path)
    told = tuple(anchors_in(anchors)) if anchors else ()

    async def prove() -> tuple[ChainFault | None, int]:
        async with register_of(settings) as register:
            chain = register.database.chain
            fault = await chain.verify(told)
            sequence, _ = await chain.head()
            return fault, sequence

    fault, sequence = run(prove())
    if fault is not None:
        raise Failure(f"row {fault.seq}: {fault.what}")
    click.echo(f"{sequence} rows verify, against {len(told)} anchors")
