"""``portvakt``: the command and its groups."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module

import click

from gateway.version import VERSION

COMMANDS: Mapping[str, str] = {
    "activations": "gateway.cli.activations",
    "audit": "gateway.cli.audit",
    "capture": "gateway.cli.capture",
    "card": "gateway.cli.card",
    "check": "gateway.cli.setup",
    "demo": "gateway.cli.demo",
    "guests": "gateway.cli.guests",
    "hash-secret": "gateway.cli.setup",
    "init": "gateway.cli.setup",
    "kiosk": "gateway.cli.kiosk",
    "mail": "gateway.cli.mail",
    "migrate": "gateway.cli.setup",
    "ncip": "gateway.cli.ncip",
    "patron": "gateway.cli.patron",
    "poster": "gateway.cli.poster",
    "serve": "gateway.cli.serve",
    "simulate": "gateway.cli.simulate",
    "standings": "gateway.cli.standings",
    "terminal": "gateway.cli.terminal",
}
"""Command → the module where it stands under its own name, with ``_`` for ``-``."""


class Commands(click.Group):
    """The commands, each imported when it is asked for: the daemon starts without what other commands need."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of all commands."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return a command, or ``None``."""
        module = COMMANDS.get(cmd_name)
        if module is None:
            return None
        command: click.Command = vars(import_module(module))[cmd_name.replace("-", "_")]
        return command


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(VERSION, prog_name="portvakt")
def main() -> None:
    """Gateway between self-check kiosks, library systems and the shared patron register.

    \b
    Try it:      portvakt demo          and, in another window,   portvakt kiosk
    Set it up:   portvakt init DIRECTORY, portvakt check, portvakt serve

    Exit statuses: 0 done, 1 not done, 2 wrong usage, 3 wrong settings, 4 no database.
    """
