"""Builds what a kiosk asks, one method per request: what differs between kiosks is told once, when it is made."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from protocols.sip2 import (
    YES,
    BlockPatron,
    Checkin,
    Checkout,
    EndPatronSession,
    FeePaid,
    Hold,
    ItemInformation,
    ItemStatusUpdate,
    Login,
    PatronEnable,
    PatronInformation,
    PatronStatusRequest,
    Renew,
    RenewAll,
    ScStatus,
    Summary,
    SummaryList,
    write_date,
    yes_or_no,
)

PLAIN = "0"
"""Login and password as they are: every other algorithm is a private agreement."""


def wall_clock() -> datetime:
    """The local time, as kiosks tell it."""
    return datetime.now(UTC).astimezone()


@dataclass(frozen=True, slots=True)
class Requests:
    """Messages of one kiosk at one library.

    A PIN of None was not asked for: AD is left out, or empty where SIP2 demands the field; a PIN of `""` is sent
    empty. `language` is three digits, 012 Norwegian.
    """

    institution: str = ""
    location: str | None = None
    language: str = "012"
    currency: str = "NOK"
    now: Callable[[], datetime] = wall_clock

    def _date(self) -> str:
        return write_date(self.now())

    def login(self, name: str, password: str) -> Login:
        """93."""
        return Login(
            uid_algorithm=PLAIN,
            pwd_algorithm=PLAIN,
            login_user_id=name,
            login_password=password,
            location_code=self.location,
        )

    def status(self, code: str = "0") -> ScStatus:
        """99: 0 all well, 1 out of paper, 2 shutting down."""
        return ScStatus(status_code=code, max_print_width="040", protocol_version="2.00")

    def patron_status(self, card: str, pin: str | None = None) -> PatronStatusRequest:
        """23."""
        return PatronStatusRequest(
            language=self.language,
            transaction_date=self._date(),
            institution_id=self.institution,
            patron_identifier=card,
            terminal_password="",
            patron_password=pin or "",
        )

    def patron_information(
        self,
        card: str,
        pin: str | None = None,
        *,
        summary: SummaryList | None = None,
        start: str | None = None,
        end: str | None = None,
    ) -> PatronInformation:
        """63, with one list and a part of it where wanted."""
        return PatronInformation(
            language=self.language,
            transaction_date=self._date(),
            summary=Summary.asking(summary),
            institution_id=self.institution,
            patron_identifier=card,
            terminal_password="",
            patron_password=pin,
            start_item=start,
            end_item=end,
        )

    def checkout(
        self,
        card: str,
        item: str,
        pin: str | None = None,
        *,
        fee: str | None = None,
        cancel: bool = False,
        no_block: bool = False,
    ) -> Checkout:
        """11; `fee` is the fee acknowledged, Y or N, and left out when None."""
        date = self._date()
        return Checkout(
            sc_renewal_policy=YES,
            no_block=yes_or_no(no_block),
            transaction_date=date,
            nb_due_date=date,
            institution_id=self.institution,
            patron_identifier=card,
            item_identifier=item,
            terminal_password="",
            patron_password=pin,
            fee_acknowledged=fee,
            cancel=YES if cancel else None,
        )

    def checkin(self, item: str, *, cancel: bool = False, no_block: bool = False) -> Checkin:
        """09."""
        date = self._date()
        return Checkin(
            no_block=yes_or_no(no_block),
            transaction_date=date,
            return_date=date,
            current_location=self.location or "",
            institution_id=self.institution,
            item_identifier=item,
            terminal_password="",
            cancel=YES if cancel else None,
        )

    def renew(self, card: str, item: str, pin: str | None = None) -> Renew:
        """29."""
        date = self._date()
        return Renew(
            third_party_allowed="N",
            no_block="N",
            transaction_date=date,
            nb_due_date=date,
            institution_id=self.institution,
            patron_identifier=card,
            patron_password=pin,
            item_identifier=item,
        )

    def renew_all(self, card: str, pin: str | None = None) -> RenewAll:
        """65."""
        return RenewAll(
            transaction_date=self._date(),
            institution_id=self.institution,
            patron_identifier=card,
            patron_password=pin,
        )

    def hold(self, card: str, item: str, pin: str | None = None, *, mode: str = "+", pickup: str | None = None) -> Hold:
        """15; `mode` is + add, - delete or * change."""
        return Hold(
            hold_mode=mode,
            transaction_date=self._date(),
            pickup_location=pickup,
            institution_id=self.institution,
            patron_identifier=card,
            patron_password=pin,
            item_identifier=item,
        )

    def item_information(self, item: str) -> ItemInformation:
        """17."""
        return ItemInformation(transaction_date=self._date(), institution_id=self.institution, item_identifier=item)

    def item_status(self, item: str, properties: str) -> ItemStatusUpdate:
        """19."""
        return ItemStatusUpdate(
            transaction_date=self._date(),
            institution_id=self.institution,
            item_identifier=item,
            item_properties=properties,
        )

    def fee_paid(self, card: str, amount: str, pin: str | None = None, *, fee: str | None = None) -> FeePaid:
        """37: paid in cash, of a kind that is not told; `fee` is the fee identifier."""
        return FeePaid(
            transaction_date=self._date(),
            fee_type="01",
            payment_type="00",
            currency_type=self.currency,
            fee_amount=amount,
            institution_id=self.institution,
            patron_identifier=card,
            patron_password=pin,
            fee_identifier=fee,
        )

    def block(self, card: str, text: str) -> BlockPatron:
        """01, the card not kept."""
        return BlockPatron(
            card_retained="N",
            transaction_date=self._date(),
            institution_id=self.institution,
            blocked_card_message=text,
            patron_identifier=card,
            terminal_password="",
        )

    def enable(self, card: str, pin: str | None = None) -> PatronEnable:
        """25."""
        return PatronEnable(
            transaction_date=self._date(),
            institution_id=self.institution,
            patron_identifier=card,
            patron_password=pin,
        )

    def end(self, card: str, pin: str | None = None) -> EndPatronSession:
        """35."""
        return EndPatronSession(
            transaction_date=self._date(),
            institution_id=self.institution,
            patron_identifier=card,
            patron_password=pin,
        )
