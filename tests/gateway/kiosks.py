"""A kiosk for tests: raw bytes where a test means the wire, typed messages where it means the answer."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import TypeVar, cast

from gateway.demo_world import PASSWORDS
from protocols import sip2
from protocols.sip2 import Message, ScConnection, ScProfile

PATIENCE = 20.0
"""How long a test waits for what should come at once, in seconds: on a machine with other things to do, too."""

NOW = "20261123    101500"

UTF8 = ScProfile(encoding="utf-8", error_detection=False)
CP850 = ScProfile(error_detection=False)
SEALED = ScProfile(error_detection=True)

PROFILES: Mapping[str, ScProfile] = {
    "storbyen-1": UTF8,
    "storbyen-door": UTF8,
    "film-1": UTF8,
    "vidda-1": CP850,
    "fjordby-1": SEALED,
}
"""How each terminal of the demo speaks."""

M = TypeVar("M", bound=Message)


class Kiosk:
    """One connection to a daemon."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, profile: ScProfile) -> None:
        self.reader = reader
        self.writer = writer
        self.profile = profile
        self._asking = ScConnection(profile)

    def send(self, raw: bytes) -> None:
        """Write bytes as they are."""
        self.writer.write(raw)

    async def frame(self) -> bytes:
        """The next frame that arrives, without its terminator."""
        async with asyncio.timeout(PATIENCE):
            return (await self.reader.readuntil(b"\r")).strip(b"\r\n")

    async def say(self, raw: bytes) -> bytes:
        """Write a frame and return the next one that arrives."""
        self.send(raw + b"\r")
        return await self.frame()

    async def rest(self) -> bytes:
        """Everything until the daemon closes the connection."""
        async with asyncio.timeout(PATIENCE):
            return await self.reader.read()

    async def is_closed(self) -> bool:
        """Wait until the daemon has closed the connection without another word."""
        try:
            return await self.rest() == b""
        except ConnectionError:
            return True

    async def ask(self, message: Message) -> Message:
        """Ask, and return the answer."""
        self.send(self._asking.ask(message))
        self._asking.receive(await self.frame() + b"\r")
        outcome = self._asking.next_event()
        assert isinstance(outcome, sip2.Answered), outcome
        return outcome.message

    async def asked(self, message: Message, kind: type[M]) -> M:
        """Ask, and return the answer, which must be of this kind."""
        answer = await self.ask(message)
        assert isinstance(answer, kind)
        return answer

    def stop_reading(self) -> None:
        """Take nothing more of what the daemon writes."""
        # uvloop's transports do not inherit from asyncio's.
        cast(asyncio.Transport, self.writer.transport).pause_reading()

    async def log_in(self, login: str, password: str | None = None, **more: str) -> str:
        """Log in; return the OK of the answer."""
        answer = await self.asked(
            sip2.Login(
                uid_algorithm=more.get("uid", "0"),
                pwd_algorithm=more.get("pwd", "0"),
                login_user_id=login,
                login_password=PASSWORDS.get(login, "") if password is None else password,
                location_code=more.get("location"),
            ),
            sip2.LoginResponse,
        )
        return answer.ok

    async def status(self, card: str, pin: str | None = None, language: str = "012") -> sip2.PatronStatusResponse:
        """Ask 23."""
        return await self.asked(status(card, pin, language), sip2.PatronStatusResponse)

    async def information(self, card: str, pin: str | None = None) -> sip2.PatronInformationResponse:
        """Ask 63."""
        return await self.asked(information(card, pin), sip2.PatronInformationResponse)

    async def works(self) -> bool:
        """Tell whether this kiosk is answered properly: it asks for a patron who is local in Storbyen."""
        answer = await self.status("N001000002", "5926")
        return (answer.valid_patron, answer.valid_patron_password) == ("Y", "Y")


def status(card: str, pin: str | None = None, language: str = "012") -> sip2.PatronStatusRequest:
    """A 23; a kiosk without a PIN sends an empty one."""
    return sip2.PatronStatusRequest(
        language=language,
        transaction_date=NOW,
        institution_id="NO-2030000",
        patron_identifier=card,
        terminal_password="",
        patron_password=pin or "",
    )


def information(card: str, pin: str | None = None, language: str = "012") -> sip2.PatronInformation:
    """A 63; without a PIN the field is absent."""
    return sip2.PatronInformation(
        language=language,
        transaction_date=NOW,
        summary=" " * 10,
        institution_id="NO-2030000",
        patron_identifier=card,
        patron_password=pin,
    )


def enable(card: str, pin: str | None = None) -> sip2.PatronEnable:
    """A 25."""
    return sip2.PatronEnable(
        transaction_date=NOW, institution_id="NO-2030000", patron_identifier=card, patron_password=pin
    )


def block(card: str) -> sip2.BlockPatron:
    """A 01, which has no place for a PIN."""
    return sip2.BlockPatron(
        card_retained="N",
        transaction_date=NOW,
        institution_id="NO-2030000",
        blocked_card_message="glemt",
        patron_identifier=card,
        terminal_password="",
    )


@asynccontextmanager
async def connected(
    address: tuple[str, int],
    login: str | None = None,
    *,
    profile: ScProfile | None = None,
    tls: ssl.SSLContext | None = None,
) -> AsyncIterator[Kiosk]:
    """Connect a kiosk; it hangs up when the block ends."""
    host, port = address
    reader, writer = await asyncio.open_connection(
        host, port, ssl=tls, server_hostname="localhost" if tls else None, limit=1 << 22
    )
    kiosk = Kiosk(reader, writer, profile or PROFILES.get(login or "storbyen-1", UTF8))
    try:
        if login is not None:
            assert await kiosk.log_in(login) == "1"
        yield kiosk
    finally:
        writer.close()
