"""Setting up: first files and keys, checking them, hashed passwords, the database's schema."""

from __future__ import annotations

import os
import secrets
import sys
from pathlib import Path

import click

from config.errors import ConfigurationError
from config.first import first_files
from config.known_passwords import default_passwords
from config.load import load_partners, load_settings
from config.secret_files import KEY_NAMES, file_problems, key_path, system_problems
from gateway.application import migrate_register
from gateway.cli.common import CONFIGURATION, Failure, clear_errors, config_option, run, settings_of, settings_path
from gateway.partners.secrets import hash_secret as hash_machine_secret
from registry.domain.secret import Secret

_KEY_BYTES = 32


@click.command()
@click.argument("directory", type=click.Path(path_type=Path, file_okay=False), default=Path())
def init(directory: Path) -> None:
    """Make keys and a first pair of files in DIRECTORY (default: here).

    Writes portvakt.toml, partners.d/first.toml and credentials/ with five keys that only you can read. What is
    there already is left as it is, keys above all: without them no PIN can be checked any more.

    \b
    Example:  portvakt init /etc/portvakt && portvakt check --config /etc/portvakt/portvakt.toml
    """
    settings_text, partners_text = first_files(directory.absolute())
    try:
        directory.mkdir(parents=True, exist_ok=True)
        for path, text in (
            (directory / "portvakt.toml", settings_text),
            (directory / "partners.d" / "first.toml", partners_text),
        ):
            _tell(path, written=_write_new(path, text.encode(), mode=0o640))
        for path, made in make_keys(directory / "portvakt.toml"):
            _tell(path, written=made)
    except OSError as wrong:
        raise Failure(f"{wrong.filename}: {wrong.strerror}") from wrong


def make_keys(settings_file: Path) -> list[tuple[Path, bool]]:
    """Make each key of these settings that is not there yet, readable by its owner alone; tell which were made."""
    with clear_errors():
        credentials = load_settings(settings_file, {}).credentials
    credentials.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    paths = [key_path(credentials, name) for name in KEY_NAMES]
    return [(path, _write_new(path, secrets.token_hex(_KEY_BYTES).encode() + b"\n", mode=0o600)) for path in paths]


def _write_new(path: Path, content: bytes, *, mode: int) -> bool:
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        # The mode from the first moment on: a key must at no time be readable by others.
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    except FileExistsError:
        return False
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
    return True


def _tell(path: Path, *, written: bool) -> None:
    click.echo(f"{'made' if written else 'kept'}  {path}")


@click.command()
@config_option
def check(config_path: Path | None) -> None:
    """Judge the settings, partners, keys and certificates without starting anything.

    Every problem is told at once, with file, line, key and what was expected. Exit status 3 where there is one.

    \b
    Example:  portvakt check --config /etc/portvakt/portvakt.toml
    """
    path = settings_path(config_path)
    settings = settings_of(path)
    problems = list(file_problems(settings))
    try:
        partners = load_partners(settings)
    except ConfigurationError as wrong:
        problems += wrong.problems
    else:
        problems += system_problems(settings, partners)
        if not settings.demo:
            problems += default_passwords(partners, str(settings.partners.directory))
        if not problems:
            click.echo(
                f"{path}: all is well: {len(partners.institutions)} institutions, "
                f"{len(partners.lending_units)} lending units, {len(partners.services)} services, "
                f"{len(partners.terminals)} terminals"
            )
    if problems:
        raise Failure(str(ConfigurationError(problems)), CONFIGURATION)


@click.command("hash-secret")
def hash_secret() -> None:
    """Print the hash of a terminal's password, for `secret` in a partner file.

    The password is asked for, or read from standard input when that is not a terminal; it is never an argument,
    because arguments are seen by everybody on the machine.

    \b
    Example:  portvakt hash-secret
              pwgen 24 1 | tee kiosk-7.txt | portvakt hash-secret
    """
    if sys.stdin.isatty():
        text = click.prompt("Password", hide_input=True, confirmation_prompt="The same again", err=True)
    else:
        text = sys.stdin.readline().rstrip("\r\n")
    if not text:
        raise Failure("the password is empty")
    if not text.isprintable() or "|" in text:
        raise Failure("the password has signs that SIP2 cannot carry: control characters or |")
    click.echo(hash_machine_secret(Secret(text)))


@click.command()
@config_option
def migrate(config_path: Path | None) -> None:
    """Bring the database's schema up to this version; harmless when it is.

    Stop the daemon first. The first start of a new SQLite register does this by itself.

    \b
    Example:  portvakt migrate --config /etc/portvakt/portvakt.toml
    """
    before, after = run(migrate_register(settings_of(config_path)))
    if before == after:
        click.echo(f"the schema is up to date ({after})")
    else:
        click.echo(f"the schema was brought from {before or 'nothing'} to {after}")
