"""A library system for the kiosk to talk to: pysip2's server, which is nobody's of us, on a free port."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import anyio
import pysip2
from anyio.abc import Listener, SocketListener
from anyio.from_thread import start_blocking_portal
from anyio.streams.tls import TLSListener
from pysip2 import routes

CARD, PIN = "N000000017", "8642971"
LOGIN, PASSWORD = "storbyen-1", "kanari-passord"
SAID = "Velkommen, Åse"

Context = routes.RequestContext[Any, Any]


def library_system(**settings: Any) -> pysip2.SIP2Server:
    """A server that knows one login, one card and its PIN, and lends whatever it is asked for, for a fee."""
    settings = {"encoding": "utf-8", **settings}
    server = pysip2.SIP2Server(institution_id="NO-2030000", library_name="Storbyen", **settings)

    @server.route(routes.LOGIN)
    def login(asked: pysip2.LoginRequest, _: Context) -> pysip2.LoginResponse:
        return pysip2.LoginResponse(ok="1" if (asked.login_user_id, asked.login_password) == (LOGIN, PASSWORD) else "0")

    @server.route(routes.PATRON_INFORMATION)
    def information(asked: pysip2.PatronInformationRequest, context: Context) -> pysip2.PatronInformationResponse:
        known, right = asked.patron_identifier == CARD, asked.patron_password == PIN
        return pysip2.PatronInformationResponse(
            patron_status=" " * 14 if known else "YYYY".ljust(14),
            language=asked.language,
            transaction_date=context.now_18(),
            hold_items_count="0000",
            overdue_items_count="0000",
            charged_items_count="0002",
            fine_items_count="0000",
            recall_items_count="0000",
            unavailable_holds_count="0000",
            institution_id=asked.institution_id,
            patron_identifier=asked.patron_identifier,
            personal_name="Ødegård, Åse" if known and right else "",
            valid_patron="Y" if known else "N",
            valid_patron_password="Y" if known and right else "N",
            charged_items=("03010012345678",) if asked.summary[2] == "Y" else (),
            screen_message=(SAID,) if known and right else ("Feil PIN",),
        )

    @server.route(routes.CHECKOUT)
    def checkout(asked: pysip2.CheckoutRequest, context: Context) -> pysip2.CheckoutResponse:
        paid = asked.fee_acknowledged == "Y"
        return pysip2.CheckoutResponse(
            ok="1" if paid else "0",
            renewal_ok="N",
            magnetic_media="N",
            desensitize="Y" if paid else "N",
            transaction_date=context.now_18(),
            institution_id=asked.institution_id,
            patron_identifier=asked.patron_identifier,
            item_identifier=asked.item_identifier,
            title_identifier="Vinter i Lærdal",
            due_date="21.12.2026" if paid else "",
            currency_type="NOK",
            fee_amount="20.00",
        )

    return server


@contextmanager
def served(server: pysip2.SIP2Server, tls: ssl.SSLContext | None = None) -> Iterator[int]:
    """The port where the server answers for the length of the block."""
    with start_blocking_portal() as portal, portal.wrap_async_context_manager(_serving(server, tls)) as port:
        yield port


@asynccontextmanager
async def _serving(server: pysip2.SIP2Server, tls: ssl.SSLContext | None) -> AsyncIterator[int]:
    """As the server's own `start`, which leaves its socket open and knows no TLS."""
    plain = socket.create_server(("127.0.0.1", 0))
    port: int = plain.getsockname()[1]
    plain.setblocking(False)
    listener: Listener[Any] = await SocketListener.from_socket(plain)
    if tls:
        listener = TLSListener(listener, tls, standard_compatible=False)

    async def serve() -> None:
        await listener.serve(server._handle_connection)

    async with listener, anyio.create_task_group() as group:
        group.start_soon(serve)
        yield port
        group.cancel_scope.cancel()


@contextmanager
def answering(*answers: bytes) -> Iterator[int]:
    """The port of a peer that gives these answers in turn, one to each frame, and then hangs up."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def answer() -> None:
            connection = listener.accept()[0]
            # The kiosk may hang up first.
            with contextlib.suppress(OSError), connection, connection.makefile("rwb", buffering=0) as stream:
                for raw in answers:
                    while stream.read(1) not in (b"\r", b""):
                        pass
                    stream.write(raw)

        thread = threading.Thread(target=answer)
        thread.start()
        try:
            yield listener.getsockname()[1]
        finally:
            thread.join()


@contextmanager
def silent() -> Iterator[int]:
    """The port of a peer that never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]
