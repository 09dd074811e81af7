"""A library system's answer as the kiosk gets it.

To a request about a local card it is the same answer. To one about a local patron's national card the patron's own
id is their card again, BL, CQ and flags are the register's and the library system's together, and a protected
patron's address is gone; every other field is as it came.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from gateway.sip2.forward_patrons import with_their_card
from gateway.sip2.forward_privacy import unprotected
from gateway.sip2.forward_routes import Forward, ForwardAs
from gateway.sip2.forward_standing import PatronAnswer, filled, merged
from gateway.words.screen import Screen
from protocols import sip2
from protocols.sip2 import Message, changed
from registry.domain.asker import AskerClass


@dataclass(frozen=True, slots=True, kw_only=True)
class KioskSide:
    """What the terminal wants of answers: its class, and whether BL and CQ are added to a local card's answers.

    Without ``fills_validity`` a local card's answer lacks what the library system left out, as it did before.
    """

    kind: AskerClass = AskerClass.DOOR
    fills_validity: bool = False


def to_kiosk(
    answer: Message,
    asked: Message,
    way: Forward,
    *,
    kiosk: KioskSide,
    said: Callable[[Screen], str],
) -> Message:
    """Return the answer for the kiosk that sent ``asked``; ``said`` puts a screen message into its language.

    Ask ``forgets`` first: a patron whom the library system forgot must not read that they do not exist.
    """
    if isinstance(way, ForwardAs):
        return _about_local_patron(answer, asked, way, kiosk, said)
    if kiosk.fills_validity and isinstance(answer, PatronAnswer) and (missing := filled(answer)):
        return changed(answer, **missing)
    return answer


def _about_local_patron(
    answer: Message, asked: Message, way: ForwardAs, kiosk: KioskSide, said: Callable[[Screen], str]
) -> Message:
    if isinstance(answer, PatronAnswer):
        answer = merged(answer, asked, way, said(Screen.WRONG_PIN))
    answer = with_their_card(answer, sip2.first(asked, "AA") or "", way)
    if way.protected:
        answer = unprotected(answer, contact=kiosk.kind is AskerClass.STAFF)
    if hasattr(answer, "institution_id") and (institution := sip2.first(asked, "AO")):
        answer = changed(answer, institution_id=institution)
    return answer
