"""``portvakt serve``: the daemon."""

from __future__ import annotations

from pathlib import Path

import click

from config.load import load_partners
from config.secret_files import credential
from gateway.cli.common import (
    CONFIGURATION,
    NOT_DONE,
    UNAVAILABLE,
    Failure,
    clear_errors,
    config_option,
    settings_of,
    settings_path,
)
from gateway.running import NotStartedError, log_stream, run
from gateway.self_test import SelfTestError
from gateway.tls import CertificateRefusedError
from registry.domain.decisions import RegisterUnavailable
from registry.services.ports import RulesTextChangedError


@click.command()
@config_option
def serve(config_path: Path | None) -> None:
    """Serve kiosks until a signal ends it.

    SIGTERM drains and stops, a second one stops at once, SIGHUP reads partners, certificates and the log level anew.
    Under systemd the daemon says when it is ready and feeds the watchdog.

    \b
    Example:  portvakt serve --config /etc/portvakt/portvakt.toml
    """
    path, settings = settings_path(config_path), settings_of(config_path)
    with clear_errors():
        partners = load_partners(settings)
        key = credential(settings, "log_key")
    try:
        run(path, settings, partners, stream=log_stream(), log_key=key)
    except NotStartedError as failed:
        raise failure_of(failed.__cause__) from failed


def failure_of(cause: BaseException | None) -> Failure:
    """Return why the daemon did not start, as a command says it."""
    match cause:
        case RegisterUnavailable():
            return Failure(f"the register's database does not answer: {cause}", UNAVAILABLE)
        case RulesTextChangedError(what=what):
            return Failure(f"the loan rules {what} were changed without a new version", CONFIGURATION)
        case CertificateRefusedError(reason=reason):
            return Failure(f"a TLS certificate cannot be used: {reason}", CONFIGURATION)
        case SelfTestError():
            return Failure(str(cause))
        case OSError():
            return Failure(f"cannot listen: {cause.strerror or cause}")
        case None:
            return Failure("the daemon did not start")
        case _:
            return Failure(f"the daemon did not start: {cause}", getattr(cause, "exit_status", NOT_DONE))
