"""What a Koha is shown with every request: a token that the API key buys, or an account."""

from __future__ import annotations

import asyncio
import base64
from dataclasses import dataclass, field

from gateway.delivery.carriers import NotSent
from gateway.delivery.koha_answers import Reply, Step, ending
from gateway.delivery.koha_client import Ask, KohaClient, Unanswered
from gateway.delivery.koha_system import Clock, KohaSystem
from registry.domain.secret import Secret

_SPARE_SECONDS = 60.0
"""A token is renewed so long before it ends."""
_USUAL_SECONDS = 3600


@dataclass(frozen=True, slots=True)
class _Token:
    text: str = field(repr=False)
    until: float


class KohaKey:
    """The right to ask one Koha."""

    def __init__(self, system: KohaSystem, client: KohaClient, clock: Clock) -> None:
        """Ask for nothing yet."""
        self._system = system
        self._client = client
        self._clock = clock
        self._token: _Token | None = None
        self._buying = asyncio.Lock()

    @property
    def is_renewable(self) -> bool:
        """Whether another try with a new token may help where a request was refused."""
        return self._system.client_id is not None

    async def header(self, until: float) -> str | NotSent:
        """Return the Authorization header; ``until`` is a time of the loop's clock."""
        user, password = self._system.user, self._system.password
        if user is not None and password is not None:
            return "Basic " + base64.b64encode(f"{user}:{password.reveal()}".encode()).decode()
        async with self._buying:
            if self._token is None or self._token.until <= self._clock.monotonic():
                bought = await self._bought(until)
                if isinstance(bought, NotSent):
                    return bought
                self._token = bought
            return f"Bearer {self._token.text}"

    def forget(self, header: str) -> None:
        """Forget the token of a header that was refused; a newer one is kept."""
        if self._token is not None and header == f"Bearer {self._token.text}":
            self._token = None

    async def _bought(self, until: float) -> _Token | NotSent:
        secret = self._system.client_secret or Secret("")
        form = {
            "grant_type": "client_credentials",
            "client_id": self._system.client_id or "",
            "client_secret": secret.reveal(),
        }
        reply = await self._client.ask(Ask(method="POST", path="/oauth/token", form=form), until)
        if isinstance(reply, Unanswered):
            return NotSent(reply.trouble.value)
        return self._read(reply) or _refused(reply)

    def _read(self, reply: Reply) -> _Token | None:
        body = reply.body if reply.status == 200 and isinstance(reply.body, dict) else {}
        text, seconds = body.get("access_token"), body.get("expires_in", _USUAL_SECONDS)
        if not isinstance(text, str) or not _is_plain(text) or not isinstance(seconds, int):
            return None
        return _Token(text, self._clock.monotonic() + max(seconds - _SPARE_SECONDS, 0.0))


def _refused(reply: Reply) -> NotSent:
    refused = ending(reply, Step.LOOK_UP)  # nothing is done by asking for a token, either
    return refused if isinstance(refused, NotSent) else NotSent(refused.reason)


def _is_plain(text: str) -> bool:
    """Whether a text may stand in a header."""
    return bool(text) and text.isascii() and text.isprintable() and " " not in text
