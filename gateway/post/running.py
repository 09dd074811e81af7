"""Mail in a running daemon, or a command: the mail server that the settings name, and who sends by it."""

from __future__ import annotations

from urllib.parse import quote

from config.secret_files import mail_authorities, mail_password
from config.settings import Mail, Settings
from gateway.application import Register
from gateway.clock import SystemClock
from gateway.observability.logs import EventLog
from gateway.observability.metrics import Metrics
from gateway.post.composing import Stationery
from gateway.post.postman import Postman
from gateway.post.server import MailFolder, MailServer, SmtpAddress, SmtpServer
from gateway.upstream.tls import UpstreamTls
from registry.domain.institution import InstitutionId, LendingUnitId

LOOKED_AFTER_EVERY = 5.0
"""How often the postman looks for what is due, in seconds."""


def place_of(settings: Settings, told: Mail) -> str:
    """Return where mail goes, as an operator calls it."""
    return f"{told.host}:{told.port}" if told.host else str(settings.state.directory / "mail")


def stationery_of(told: Mail) -> Stationery:
    """Return what stands on every mail."""
    return Stationery(sender=told.sender, reply_to=told.reply_to)


def mail_server_of(settings: Settings, told: Mail) -> MailServer:
    """Return where mail goes; raises ``ConfigurationError`` for a file that is no good."""
    if told.host is None:
        return MailFolder(settings.state.directory / "mail")
    address = SmtpAddress(
        host=told.host,
        port=told.port,
        security=told.security,
        login=told.login,
        password=mail_password(settings),
        timeout=told.timeout,
    )
    return SmtpServer(address, UpstreamTls(ca=mail_authorities(settings)).context)


def link_of(settings: Settings, library: InstitutionId) -> str | None:
    """Return the address of a library's page, ``None`` where there are no pages."""
    pages = settings.listeners.pages
    return None if pages is None else f"{pages.public_url.rstrip('/')}/{quote(library, safe='')}"


def postman_of(
    settings: Settings, register: Register, *, clock: SystemClock, metrics: Metrics, log: EventLog
) -> Postman | None:
    """Return who sends mail, ``None`` where the settings have none; raises ``ConfigurationError``."""
    told = settings.mail
    if told is None:
        return None

    def name_of(unit: LendingUnitId) -> str:
        place = register.libraries.institution(InstitutionId(unit))
        return place.name if place else unit

    return Postman(
        register.notices,
        mail_server_of(settings, told),
        stationery_of(told),
        name_of=name_of,
        link_of=lambda library: link_of(settings, library),
        now=clock.now,
        metrics=metrics,
        log=log,
    )
