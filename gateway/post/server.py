"""Where mail goes: an SMTP server, or a folder on this machine for a demo and for trials.

SMTP is aiosmtplib's. A server that takes a message is believed; what it says when it does not is never logged, for it
may repeat the address: every reason is a word of ours.
"""

from __future__ import annotations

import asyncio
import mailbox
import ssl
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage
from pathlib import Path
from typing import Literal, Protocol

import aiosmtplib

from registry.domain.notice import Posting

_LASTING = 500
"""From here on an SMTP reply says that the same will never be taken."""


@dataclass(frozen=True, slots=True)
class Posted:
    """What came of one message, and why in a word of ours."""

    posting: Posting
    reason: str = ""


class MailUnavailableError(Exception):
    """Nothing can be sent now, whatever it is; ``reason`` is a word of ours."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Line(Protocol):
    """A way on which one message after another can be sent."""

    async def send(self, message: EmailMessage, recipient: str) -> Posted:
        """Send a message to one address; raises :class:`MailUnavailableError`."""


class MailServer(Protocol):
    """What takes mail."""

    def line(self) -> AbstractAsyncContextManager[Line]:
        """Return a line for the length of a block; entering raises :class:`MailUnavailableError`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SmtpAddress:
    """Where an SMTP server is, and how we are known there; ``timeout`` in seconds, for each exchange."""

    host: str
    port: int
    security: Literal["starttls", "tls", "none"]
    login: str | None = None
    password: str | None = field(default=None, repr=False)
    timeout: float = 30.0


class SmtpServer:
    """An SMTP server; its certificate is always proved by ``context``, which is ``None`` without TLS."""

    def __init__(self, address: SmtpAddress, context: Callable[[], ssl.SSLContext]) -> None:
        self._address = address
        self._context = context

    @asynccontextmanager
    async def line(self) -> AsyncIterator[Line]:
        """Connect, prove both sides, and close in the end."""
        told = self._address
        try:
            client = aiosmtplib.SMTP(
                hostname=told.host,
                port=told.port,
                timeout=told.timeout,
                use_tls=told.security == "tls",
                start_tls=told.security == "starttls",
                tls_context=None if told.security == "none" else self._context(),
                username=told.login,
                password=told.password,
                # Without it the library would ask the resolver who we are, in the loop.
                local_hostname="localhost",
            )
        except OSError:
            # A file of authorities that was good when the daemon began.
            raise MailUnavailableError("tls_failed") from None
        try:
            await client.connect()
        except (aiosmtplib.SMTPException, OSError) as wrong:
            client.close()
            raise MailUnavailableError(_why_not(wrong)) from None
        try:
            yield _SmtpLine(client)
        finally:
            await _leave(client)


class _SmtpLine:
    def __init__(self, client: aiosmtplib.SMTP) -> None:
        self._client = client

    async def send(self, message: EmailMessage, recipient: str) -> Posted:
        """Send a message to one address."""
        try:
            await self._client.send_message(message, recipients=[recipient])
        except aiosmtplib.SMTPRecipientsRefused as refused:
            codes = [one.code for one in refused.recipients]
            return _refused(max(codes, default=0), "recipient_refused")
        except aiosmtplib.SMTPSenderRefused:
            # Ours to mend, and nothing that is wrong with this message.
            raise MailUnavailableError("sender_refused") from None
        except aiosmtplib.SMTPNotSupported:
            return Posted(Posting.REFUSED, "address_unfit")
        except aiosmtplib.SMTPDataError as refused:
            return _refused(refused.code, "message_refused")
        except (aiosmtplib.SMTPException, OSError) as wrong:
            raise MailUnavailableError(_why_not(wrong)) from None
        return Posted(Posting.SENT)


def _refused(code: int, reason: str) -> Posted:
    return Posted(Posting.REFUSED if code >= _LASTING else Posting.LATER, reason)


_REASONS: Mapping[type[Exception], str] = {
    aiosmtplib.SMTPAuthenticationError: "login_refused",
    aiosmtplib.SMTPTimeoutError: "timeout",
    ssl.SSLError: "tls_failed",
    aiosmtplib.SMTPConnectError: "unreachable",
    aiosmtplib.SMTPServerDisconnected: "cut",
    aiosmtplib.SMTPException: "refused",
    OSError: "unreachable",
}


def _why_not(wrong: BaseException) -> str:
    """Return a word for what went wrong; the library wraps what came from TLS."""
    for each in (wrong.__cause__, wrong):
        if isinstance(each, ssl.SSLError):
            return _REASONS[ssl.SSLError]
    return next(reason for kind, reason in _REASONS.items() if isinstance(wrong, kind))


async def _leave(client: aiosmtplib.SMTP) -> None:
    try:
        await client.quit()
    except (aiosmtplib.SMTPException, OSError):
        # It was cut, or is being stopped: what it has taken it has taken.
        client.close()


class MailFolder:
    """A maildir on this machine, for whoever tries things out: every mail program can open it."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    @asynccontextmanager
    async def line(self) -> AsyncIterator[Line]:
        """Make the folder where it is missing."""
        yield self

    async def send(self, message: EmailMessage, recipient: str) -> Posted:
        """Put a message into the folder."""
        try:
            await asyncio.to_thread(self._put, message)
        except OSError:
            raise MailUnavailableError("unreachable") from None
        return Posted(Posting.SENT)

    def _put(self, message: EmailMessage) -> None:
        mailbox.Maildir(self._directory, create=True).add(message.as_bytes())
