"""A library system of ``pysip2``, with handlers of its own: what it answers depends on every field that it got."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from random import Random
from typing import Any

import anyio
import msgspec
import pysip2
from pysip2 import models, routes

NOW = "20261123    101530"

# Fields of a fixed shape; all others are texts.
SHAPED: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(("ok", "item_properties_ok"), ("0", "1")),
    **dict.fromkeys(
        ("renewal_ok", "magnetic_media", "desensitize", "resensitize", "alert", "end_session", "available"), ("Y", "N")
    ),
    **dict.fromkeys(("payment_accepted", "valid_patron", "valid_patron_password", "security_inhibit"), ("Y", "N")),
    **dict.fromkeys(("renewed_count", "unrenewed_count"), ("0000", "0002")),
    "patron_status": (" " * 14, "YY  Y         "),
    "language": ("000", "012"),
    "circulation_status": ("03", "04"),
    "security_marker": ("00", "02"),
    "fee_type": ("01", "06"),
    "currency_type": ("NOK", "EUR"),
    "media_type": ("001", "006"),
    "transaction_date": (NOW,),
}
DATES = ("hold_pickup_date", "recall_date", "expiration_date")
WORDS = ("Æsops fabler", "Øya innerst i fjorden", "på hylla", "Bjørnen å", "", "50 kr", "21.12.2026")

SERVED: list[Any] = [
    routes.PATRON_STATUS,
    routes.PATRON_INFORMATION,
    routes.CHECKOUT,
    routes.CHECKIN,
    routes.BLOCK_PATRON,
    routes.END_PATRON_SESSION,
    routes.FEE_PAID,
    routes.ITEM_INFORMATION,
    routes.ITEM_STATUS_UPDATE,
    routes.PATRON_ENABLE,
    routes.HOLD,
    routes.RENEW,
    routes.RENEW_ALL,
]

Answered = Callable[[Any, Any], Any]


@asynccontextmanager
async def pysip2_library(*, encoding: str = "utf-8") -> AsyncIterator[tuple[int, list[Any]]]:
    """Serve the library; yields its port, and the list of requests that it gets."""
    server = pysip2.SIP2Server(encoding=encoding, login_required=True, institution_id="NO-2030000")
    asked: list[Any] = []

    @server.route(routes.LOGIN)
    async def login(_asked: object, _context: object) -> Any:
        return pysip2.LoginResponse(ok="1")

    for route in SERVED:
        server.route(route)(_handler(route.response_type, asked))
    # Its own `start` leaves the listening socket open.
    listener = await server.listen(port=0)
    async with listener, anyio.create_task_group() as serving:
        serving.start_soon(listener.serve, server._handle_connection)
        yield listener.extra_attributes[anyio.abc.SocketAttribute.local_port](), asked
        serving.cancel_scope.cancel()


def _handler(answer: type[Any], asked: list[Any]) -> Answered:
    spec = models.spec_for_type(answer)

    async def answered(request: Any, _context: object) -> Any:
        asked.append(request)
        # Everything that came decides what is answered: a lost or changed field is another answer.
        chance = Random(hashlib.sha256(msgspec.json.encode(request)).digest())
        return answer(**{name: value for name, value in _values(spec, request, chance) if value is not None})

    return answered


def _values(spec: Any, request: Any, chance: Random) -> Any:
    for field in spec.fields:
        echoed = getattr(request, field.name, None)
        if field.repeatable:
            yield field.name, tuple(chance.choices(WORDS, k=chance.randint(0, 3)))
        elif field.name in SHAPED:
            yield field.name, chance.choice(SHAPED[field.name])
        elif field.name in DATES:
            yield field.name, chance.choice((None, NOW))
        elif field.name.endswith(("_count", "_limit", "_length")):
            yield field.name, chance.choice(("0000", "0012")) if field.required or not field.field_id else None
        elif isinstance(echoed, str):
            yield field.name, echoed
        else:
            yield field.name, chance.choice(WORDS) if field.required else chance.choice((None, *WORDS))
