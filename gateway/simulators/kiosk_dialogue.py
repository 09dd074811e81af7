"""The conversation of a kiosk with the person in front of it: card, PIN, answer, and the next one."""

from __future__ import annotations

from typing import Protocol

from gateway.simulators.kiosk import Kiosk
from gateway.simulators.kiosk_requests import Requests


class Person(Protocol):
    """Who stands at the kiosk; None from any method means that they have walked away."""

    def card(self) -> str | None:
        """A card number; empty to leave."""

    def pin(self) -> str | None:
        """A PIN; empty for none."""

    def ends_session(self) -> bool | None:
        """Whether the patron says goodbye, so that a 35 is sent; else the next card follows at once."""


def converse(kiosk: Kiosk, requests: Requests, person: Person) -> None:
    """Shows cards until the person leaves, then ends the last session and says that the kiosk shuts down.

    Raises what `Kiosk.ask` raises.
    """
    shown: tuple[str, str | None] | None = None
    while card := person.card():
        typed = person.pin()
        if typed is None:
            break
        pin = typed or None
        kiosk.ask(requests.patron_information(card, pin))
        shown = card, pin
        ends = person.ends_session()
        if ends is None:
            break
        if ends:
            kiosk.ask(requests.end(*shown))
            shown = None
    if shown:
        kiosk.ask(requests.end(*shown))
    kiosk.ask(requests.status("2"))
