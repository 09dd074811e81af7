"""Loan rules as a fee that a kiosk asks to be acknowledged (SIP2 2.00: BT, BV, BO): nothing is charged for them."""

from __future__ import annotations

import textwrap
from decimal import Decimal, InvalidOperation
from typing import TypeVar

from gateway.words import languages
from gateway.words.screen import LINE, Screen, say
from protocols import sip2
from registry.domain.activating import Offer

AnyMessage = TypeVar("AnyMessage", bound=sip2.Message)

FEE_TYPE, CURRENCY = "01", "NOK"
"""Other or unknown; and what libraries here count in."""


def acknowledged(asked: sip2.Checkout) -> bool | None:
    """Return what a checkout says of a fee: explicitly yes, explicitly no, or ``None`` where it says neither."""
    return {"Y": True, "N": False}.get((asked.fee_acknowledged or "").strip().upper())


def unacknowledged(asked: sip2.Checkout) -> sip2.Checkout:
    """Return the checkout as the library system gets it: a yes to loan rules is none to a fee of its own."""
    return sip2.changed(asked, fee_acknowledged=sip2.NO) if acknowledged(asked) else asked


def asks_fee(answer: sip2.Message) -> bool:
    """Tell whether a library system refuses a loan for want of a fee's acknowledgement, or may."""
    if not isinstance(answer, sip2.CheckoutResponse) or answer.ok == "1":
        return False
    return amount_of(answer.fee_amount) > 0


def amount_of(text: str | None) -> Decimal:
    """Return an amount of money, 0 for what is none; with a decimal comma, too."""
    try:
        amount = Decimal((text or "").strip().replace(",", "."))
    except InvalidOperation:
        return Decimal(0)
    return amount if amount.is_finite() else Decimal(0)


def is_token(paid: sip2.FeePaid, amount: str) -> bool:
    """Tell whether a payment is of the token amount by which rules are shown."""
    return paid.fee_type == FEE_TYPE and amount_of(paid.fee_amount) == Decimal(amount)


def lines_of(offer: Offer, charset: str, library: str) -> tuple[str, ...]:
    """Return what stands on the screen: the short rules whole, and what a yes means.

    Many kiosks show the last line alone: it is the rules where they fit one line, else the meaning of a yes.
    """
    yes = say(Screen.YES_ACCEPTS, languages.Language(offer.language.value), charset, library=library)
    rules = textwrap.wrap(offer.short, LINE) or [""]
    return (yes, *rules) if len(rules) == 1 else (*rules, yes)


def with_rules(refusal: AnyMessage, lines: tuple[str, ...], amount: str) -> AnyMessage:
    """Return the negative answer to a checkout as the question to which the patron says yes or no."""
    return sip2.changed(
        refusal,
        fee_type=FEE_TYPE,
        currency_type=CURRENCY,
        fee_amount=amount,
        screen_messages=lines,
        print_lines=lines,
    )
