"""Mail servers to send to: aiosmtpd's, told how to behave."""

from __future__ import annotations

import asyncio
import ssl
import warnings
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

LOGIN, PASSWORD = "portvakt", "synthetic-mail-password"


@dataclass
class Mailbox:
    """What a server has taken, and what it says to whom."""

    refusals: dict[str, str] = field(default_factory=dict)
    answer: str = "250 OK"
    sender_answer: str = "250 OK"
    envelopes: list[Envelope] = field(default_factory=list)

    @property
    def messages(self) -> list[EmailMessage]:
        """The messages, read."""
        return [message_from_bytes(one.original_content or b"", policy=policy.default) for one in self.envelopes]

    async def handle_MAIL(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Take a sender, or not."""
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return self.sender_answer

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Take a recipient, or not."""
        if address in self.refusals:
            return self.refusals[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        """Take a message, or not."""
        if self.answer.startswith("250"):
            self.envelopes.append(envelope)
        return self.answer


class _Authenticator:
    def __call__(
        self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: LoginPassword
    ) -> AuthResult:
        right = (data.login, data.password) == (LOGIN.encode(), PASSWORD.encode())
        return AuthResult(success=right, handled=False)


@asynccontextmanager
async def mail_server(
    mailbox: Mailbox, *, tls: ssl.SSLContext | None = None, at_once: bool = False, login: bool = False
) -> AsyncIterator[int]:
    """Run a server on loopback; return its port. ``tls`` by STARTTLS, or ``at_once`` from the first byte."""
    options: dict[str, Any] = {"hostname": "mail.example"}
    if tls is not None and not at_once:
        options |= {"tls_context": tls, "require_starttls": True}
    if login:
        options |= {"authenticator": _Authenticator(), "auth_required": True, "auth_require_tls": not at_once}

    def line() -> SMTP:
        with warnings.catch_warnings():
            # It does not know of TLS from the first byte, and warns of a login without.
            warnings.simplefilter("ignore", UserWarning)
            return SMTP(mailbox, **options)

    loop = asyncio.get_running_loop()
    server = await loop.create_server(line, "127.0.0.1", 0, ssl=tls if at_once else None)
    async with server:
        yield server.sockets[0].getsockname()[1]
