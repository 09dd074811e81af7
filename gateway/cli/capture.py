"""``portvakt capture``: one terminal's conversation, for a bounded time, without secrets."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from config.settings import Settings
from gateway import capture_files
from gateway.captures import LEAST_MINUTES, MOST_MINUTES
from gateway.cli.common import REASON, Failure, actor, config_option, settings_of


@click.command()
@click.argument("terminal", required=False)
@click.option(
    "--minutes",
    type=click.IntRange(LEAST_MINUTES, MOST_MINUTES),
    default=10,
    show_default=True,
    help="After so long it ends by itself; after 8 MiB, too.",
)
@click.option("--reason", type=REASON, help="Why; goes into the audit trail.")
@click.option("--list", "listing", is_flag=True, help="Show what is being captured now.")
@click.option("--stop", is_flag=True, help="End the capture of TERMINAL, or all.")
@config_option
def capture(
    terminal: str | None, minutes: int, reason: str | None, listing: bool, stop: bool, config_path: Path | None
) -> None:
    """Have the running daemon record what TERMINAL and it say to each other, and it and the library system behind.

    TERMINAL is the id in the partner files. The file is in the state directory, readable by the daemon's user alone,
    a JSON object on each line: parsed messages, never bytes. PINs and passwords are stars, personal values their
    length, cards the card_ref of the log. It is safe to hand to a vendor; delete it afterwards.

    Works on the daemon's own machine, as its user or root. A restart of the daemon ends a capture.

    \b
    Example:  portvakt capture storbyen-1 --minutes 10 --reason "vendor's case 4711: renewals fail"
              portvakt capture --list
              portvakt capture storbyen-1 --stop
    """
    if listing and stop:
        raise click.UsageError("--list or --stop, not both")
    settings = settings_of(config_path)
    if listing:
        _tell_running(_asked(settings, {"verb": "list"}))
    elif stop:
        stopped = _asked(settings, {"verb": "stop", "terminal": terminal, "actor": actor()})["stopped"]
        click.echo("\n".join(stopped) if stopped else "nothing is being captured")
    elif terminal is None or not reason:
        raise click.UsageError("name a terminal, and a --reason")
    else:
        question = {"verb": "start", "terminal": terminal, "minutes": minutes, "reason": reason, "actor": actor()}
        told = _asked(settings, question)
        click.echo(f"{told['path']}\nuntil {told['until']}, {told['connections']} connections open now")


def _tell_running(told: Mapping[str, Any]) -> None:
    for one in told["running"]:
        click.echo(f"{one['terminal']}  until {one['until']}, by {one['actor']}, into {one['path']}")
    if not told["running"]:
        click.echo("nothing is being captured")


def _asked(settings: Settings, question: dict[str, Any]) -> Mapping[str, Any]:
    directory = settings.state.directory / capture_files.DIRECTORY
    nobody = f"no daemon serves from {settings.state.directory}; this works only on the daemon's own machine"
    try:
        answer = capture_files.ask(directory, question)
    except (capture_files.NobodyAnswersError, FileNotFoundError):
        raise Failure(nobody) from None
    except OSError as refused:
        raise Failure(f"{directory}: {refused.strerror}; be the daemon's user, or root") from None
    if not answer["ok"]:
        raise Failure(str(answer["why"]))
    return answer
