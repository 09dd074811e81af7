"""``portvakt mail``: mail to patrons: what waits, and a trial of the way."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from pathlib import Path

import click

from config.settings import Settings
from gateway.cli.common import Failure, config_option, register_of, run, settings_of, tries
from gateway.clock import SystemClock
from gateway.post.composing import TRIAL, UnfitAddressError, composed
from gateway.post.running import mail_server_of, place_of, stationery_of
from gateway.post.server import MailUnavailableError
from gateway.words.languages import Language
from registry.domain.notice import Notice, NoticeState, Posting


@click.group()
def mail() -> None:
    """Mail to patrons: what waits to be sent, what failed, and a trial of the way."""


@mail.command("list")
@config_option
def list_mails(config_path: Path | None) -> None:
    """Show the mails that wait, and those that will not be sent: when, which library, what about, and why. No address.

    \b
    Example:  portvakt mail list
    """
    notices = run(_open(settings_of(config_path)))
    for notice in notices:
        state = "waits" if notice.state is NoticeState.PENDING else "failed"
        why = f", {notice.reason.replace('_', ' ')}" if notice.reason else ""
        click.echo(
            f"{notice.id:>8}  {notice.since:%Y-%m-%d %H:%M} UTC  {notice.unit}  {notice.kind}  "
            f"{state} after {tries(notice.tries)}{why}"
        )
    if not notices:
        click.echo("no mail waits, and none has failed", err=True)


async def _open(settings: Settings) -> Sequence[Notice]:
    async with register_of(settings) as register:
        return await register.notices.open()


@mail.command("try")
@click.argument("address")
@click.option("--language", type=click.Choice([one.value for one in Language]), default="nb", show_default=True)
@config_option
def try_mail(address: str, language: str, config_path: Path | None) -> None:
    """Send a trial to ADDRESS by the mail server that the settings name, now, and tell what came of it.

    \b
    Example:  portvakt mail try drift@example.no
    """
    settings = settings_of(config_path)
    if settings.mail is None:
        raise Failure("there is no [mail] in the settings, so no mail is sent")
    where = place_of(settings, settings.mail)
    try:
        reason = run(_try(settings, address, Language(language)))
    except UnfitAddressError:
        raise click.BadParameter("no address that mail can be sent to", param_hint="ADDRESS") from None
    except MailUnavailableError as outage:
        raise Failure(f"{where}: {outage.reason.replace('_', ' ')}") from None
    if reason is not None:
        raise Failure(f"{where}: {reason.replace('_', ' ')}")
    click.echo(f"{where} has taken it")


async def _try(settings: Settings, address: str, language: Language) -> str | None:
    """Return why the mail server did not take it, or ``None``."""
    told = settings.mail
    if told is None:
        return "no mail"
    message, recipient = composed(
        TRIAL,
        address,
        stationery_of(told),
        language,
        {},
        link=None,
        id_=f"trial-{secrets.token_hex(8)}",
        now=SystemClock().now(),
    )
    async with mail_server_of(settings, told).line() as line:
        posted = await line.send(message, recipient)
    if posted.posting is Posting.SENT:
        return None
    return f"{posted.reason}, {'for now' if posted.posting is Posting.LATER else 'for good'}"
