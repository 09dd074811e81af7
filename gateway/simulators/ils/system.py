"""The library's system as a state machine without I/O: a request in, its answer out, the books changed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from gateway.simulators.ils import extensions, fees, holds, items, lending, ncip_services, patrons, returns
from gateway.simulators.ils.desk import Desk, No
from gateway.simulators.ils.ledger import Ledger, first_day
from gateway.simulators.ils.quirks import mended
from gateway.simulators.ils.world import World
from protocols import ncip, sip2
from protocols.sip2 import Message, SupportedMessages, yes_or_no

STATUS, LOGIN, RESEND = "99", "93", "97"

PLAIN = ("0", "0")
"""The algorithms of a login that is in plain text; any other is a private agreement."""


@dataclass(frozen=True, slots=True)
class Service:
    """What answers one kind of request, and what answers it in the negative; `books`: whether it may change them."""

    answer: Callable[[Desk, Any], Message]
    refuse: Callable[[Desk, Any, No], Message]
    books: bool = False


SERVICES: Mapping[type[Message], Service] = {
    sip2.PatronStatusRequest: Service(patrons.status, patrons.refuse_status),
    sip2.PatronInformation: Service(patrons.information, patrons.refuse_information),
    sip2.EndPatronSession: Service(patrons.end, patrons.refuse_end),
    sip2.BlockPatron: Service(patrons.block, patrons.refuse_block, books=True),
    sip2.PatronEnable: Service(patrons.enable, patrons.refuse_enable, books=True),
    sip2.Checkout: Service(lending.check_out, lending.refuse_checkout, books=True),
    sip2.Renew: Service(lending.renew, lending.refuse_renew, books=True),
    sip2.RenewAll: Service(lending.renew_all, lending.refuse_renew_all, books=True),
    sip2.Checkin: Service(returns.check_in, returns.refuse_checkin, books=True),
    sip2.Hold: Service(holds.hold, holds.refuse_hold, books=True),
    sip2.FeePaid: Service(fees.pay, fees.refuse_payment, books=True),
    sip2.ItemInformation: Service(items.information, items.refuse_information),
    sip2.ItemStatusUpdate: Service(items.update, items.refuse_update, books=True),
}
"""Every request but 93, 97 and 99."""


class LibrarySystem:
    """A library system. `world` is the library on its first day, `ledger` what has happened since."""

    def __init__(self, world: World, clock: Callable[[], datetime], ledger: Ledger | None = None) -> None:
        """Open the library; `clock` tells its own time, and without books it opens today."""
        self.world = mended(world)
        self.ledger = first_day(world, clock().date()) if ledger is None else ledger
        self._desk = Desk(self.world, self.ledger, clock)

    def answer(self, asked: Message, terminal: str = "") -> Message:
        """The answer to any request; `terminal` is who has logged in.

        A 93 is answered by what `admits` says, and a 97 with a 96: a last answer is the connection's to know.
        """
        if isinstance(asked, sip2.Login):
            return sip2.LoginResponse(ok="1" if self.admits(asked) else "0")
        if isinstance(asked, sip2.ScStatus):
            return self.status(terminal)
        service = SERVICES.get(type(asked))
        if service is None:
            return sip2.RequestScResend()
        self.ledger.forget_expired(self._desk.today)
        no = self._never(asked)
        return service.refuse(self._desk, asked, no) if no else service.answer(self._desk, asked)

    def answer_ncip(self, asked: ncip.Request) -> ncip.Message:
        """The answer to any request of NCIP."""
        self.ledger.forget_expired(self._desk.today)
        return ncip_services.answer(self._desk, asked)

    def refuse(self, asked: Message, why: No) -> Message | None:
        """The negative answer to a request; None for a request that has none."""
        service = SERVICES.get(type(asked))
        return service.refuse(self._desk, asked, why) if service else None

    def changes_books(self, asked: Message) -> bool:
        """Whether a request is of the kind that may change the books."""
        service = SERVICES.get(type(asked))
        return service is not None and service.books

    def admits(self, login: sip2.Login) -> bool:
        """Whether a login is right; where the world tells of none, every login is."""
        known = {(one.user, one.password) for one in self.world.logins}
        if (login.uid_algorithm, login.pwd_algorithm) != PLAIN:
            return False
        return not known or (login.login_user_id, login.login_password) in known

    def status(self, terminal: str = "", *, on_line: bool = True) -> sip2.AcsStatus:
        """The 98: what this library can do, off-line transactions included."""
        rules = self.world.rules
        supported = self.supported
        return sip2.AcsStatus(
            online_status=yes_or_no(on_line),
            checkin_ok=yes_or_no(on_line and "09" in supported),
            checkout_ok=yes_or_no(on_line and "11" in supported),
            acs_renewal_policy=yes_or_no(rules.renews),
            status_update_ok=yes_or_no("01" in supported),
            offline_ok="Y",
            timeout_period=f"{rules.timeout_tenths:03}" if on_line else "000",
            retries_allowed=f"{rules.retries:03}",
            date_time_sync=self._desk.now(),
            protocol_version=rules.version,
            institution_id=rules.institution,
            library_name=rules.name,
            supported_messages=SupportedMessages.of(supported),
            terminal_location=terminal or None,
            others=extensions.of_library(self._desk),
        )

    @property
    def supported(self) -> frozenset[str]:
        """The numbers of the requests that are answered by more than a no."""
        return frozenset({STATUS, LOGIN, RESEND, *(cls.number for cls in SERVICES)}) - self.world.rules.unsupported

    def _never(self, asked: Message) -> No | None:
        """Why this request is refused whoever sends it."""
        if asked.number in self.world.rules.unsupported:
            return No.UNSUPPORTED
        expected = {place.told.tag for place in asked.layout.variable} & self.world.rules.insists_on
        return No.INCOMPLETE if expected - set(asked.order) else None
