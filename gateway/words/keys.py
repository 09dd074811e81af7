"""The situations that a patron meets at a terminal: one key each, in the order of a visit."""

from __future__ import annotations

from enum import Enum
from typing import NewType

Situation = NewType("Situation", str)
"""When a sentence is shown, in words for translators and operators."""


class Screen(Enum):
    """What a screen message is about; the value says when it is shown."""

    # The card and the PIN.
    WRONG_PIN = Situation("The PIN is wrong.")
    PIN_NEEDED = Situation("The request needs a PIN, and none was given.")
    TOO_MANY_TRIES_WAIT_SECONDS = Situation("Too many wrong PINs; the next try is allowed within a minute and a half.")
    TOO_MANY_TRIES_WAIT = Situation("Too many wrong PINs; the next try is allowed later than that.")
    TOO_MANY_TRIES_STAFF = Situation("Too many wrong PINs: locked for the day, or until staff unlock.")
    CARD_LOST = Situation("The card is reported lost.")
    CARD_WITHDRAWN = Situation("The card has been withdrawn.")
    CARD_REPLACED = Situation("The patron has a newer card.")
    UNKNOWN_CARD = Situation("The register does not know the card, and no library system stands behind the terminal.")
    USE_PASSWORD = Situation("A PIN was given at a service although the patron has set a password.")
    LEVEL_TOO_LOW = Situation("The patron demands a stronger log-in than this terminal has.")
    NATIONAL_CARD_NEEDED = Situation("A local card was used at a national service.")

    # The way from guest to patron.
    RULES_FIRST = Situation("A guest at a kiosk that cannot take the acceptance of the loan rules itself.")
    ACCEPT_AT_KIOSK = Situation("A guest at a kiosk that takes the acceptance of the loan rules itself, before a loan.")
    ACCEPT_ON_PHONE = Situation("A guest who can accept the loan rules on a phone; with the link where it fits.")
    YES_ACCEPTS = Situation("Beside the loan rules on the screen of a kiosk that asks for a yes: what it means.")
    OFFER_AGAIN = Situation("A yes to loan rules that were shown too long ago, or that have changed since.")
    TRIAL_OVER = Situation("The end of the trial by which staff set a kiosk up to take the acceptance.")
    ACTIVATE_FIRST = Situation("A guest at a door, a PC, a printer or a sorter.")
    ACTIVATE_AT_DESK = Situation("A guest at a library that wants every guest at the desk.")
    TOO_YOUNG = Situation("A guest too young to accept the loan rules alone.")
    AWAITING_DESK = Situation("The activation waits for staff to approve it.")
    BEING_SET_UP = Situation("The rules are accepted; the library system does not have the patron yet.")
    BEING_SET_UP_PLACE_AGAIN = Situation("The same, during a loan: ready in a moment.")
    BEING_SET_UP_MINUTES = Situation("The same, where the library system is told every few minutes.")
    BEING_SET_UP_TOMORROW = Situation("The same, where it is told once a day or by hand.")
    SEE_STAFF = Situation("The activation or the recognition of the card needs staff.")
    NOT_A_PATRON_HERE = Situation("A hold, renewal or payment by a guest.")
    OFFLINE_REFUSED = Situation("A loan stored while off-line, or a cancelled return, by a guest.")

    # What this terminal cannot do.
    NO_LIBRARY_SYSTEM = Situation("A loan and the like at a terminal without a library system behind it.")
    BLOCK_IS_LOCAL = Situation("A terminal asked to block a national card.")
    CANNOT_ENABLE = Situation("A terminal asked to unlock a card.")
    PAYMENT_NOT_BOOKED = Situation("A payment was reported, and there is no library system to book it.")
    UNSUPPORTED = Situation("A request that this terminal does not offer.")
    BAD_MESSAGE = Situation("A request that could not be read.")
    NOT_LOGGED_IN = Situation("The terminal asks before it has logged in.")
    LOGIN_REFUSED = Situation("The terminal's log-in was refused.")
    NO_AGREEMENT = Situation("The library has no valid agreement with the register.")

    # Outages.
    TRY_LATER = Situation("The register does not answer.")
    SYSTEM_DOWN = Situation("The library system does not answer.")
    UNCERTAIN = Situation("A request was sent on, and nobody knows whether it took effect.")
