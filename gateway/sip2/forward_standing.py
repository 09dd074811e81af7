"""How a local patron stands by the register and the library system together: BL, CQ and flags of 24, 26 and 64."""

from __future__ import annotations

from typing import Any

from gateway.sip2.forward_pins import PinProof
from gateway.sip2.forward_routes import Forward, ForwardAs
from protocols import sip2
from protocols.sip2 import NO, Message, PatronFlag, PatronStatus, changed, yes, yes_or_no

PatronAnswer = sip2.PatronStatusResponse | sip2.PatronInformationResponse | sip2.PatronEnableResponse
"""24, 64 and 26."""

_COUNTS = (
    "hold_items_count",
    "overdue_items_count",
    "charged_items_count",
    "fine_items_count",
    "recall_items_count",
    "unavailable_holds_count",
)
# What a block must show even to who proved nothing: it says what the card is denied, and nothing of the person.
_OF_THE_CARD = frozenset({*sip2.ALL_DENIED, PatronFlag.CARD_LOST})


def is_known(answer: PatronAnswer) -> bool:
    """Tell whether an answer says that the patron exists: by BL, or where it is missing by flags and name."""
    if answer.valid_patron and answer.valid_patron.strip():
        return yes(answer.valid_patron)
    denied = PatronStatus(answer.patron_status).flags >= set(sip2.ALL_DENIED)
    return bool(answer.personal_name.strip()) or not denied


def forgets(answer: Message, way: Forward) -> bool:
    """Tell whether the library system does not know a patron whom the register holds local: recognise them anew."""
    return isinstance(way, ForwardAs) and isinstance(answer, PatronAnswer) and not is_known(answer)


def pin_judged(answer: Message, way: Forward) -> bool | None:
    """Return what the library system said of a PIN that it was to judge; ``None`` where it was asked or said nothing.

    The limits on tries count its no as they count the register's.
    """
    if not isinstance(way, ForwardAs) or way.proof is not PinProof.ILS or not isinstance(answer, PatronAnswer):
        return None
    return yes(answer.valid_patron_password)


def is_failing(answer: Message, asked: Message) -> bool:
    """Tell whether the library system refused the PIN of a card that it alone may know."""
    given = bool(sip2.first(asked, "AD"))
    return given and isinstance(answer, PatronAnswer) and not yes(answer.valid_patron_password)


def filled(answer: PatronAnswer) -> dict[str, Any]:
    """Return the values of BL and CQ that a library system left out; a missing CQ is no success."""
    values: dict[str, Any] = {}
    if not (answer.valid_patron or "").strip():
        values["valid_patron"] = yes_or_no(is_known(answer))
    if not (answer.valid_patron_password or "").strip():
        values["valid_patron_password"] = NO
    return values


def merged(answer: PatronAnswer, asked: Message, way: ForwardAs, wrong_pin: str) -> PatronAnswer:
    """Return the answer with BL, CQ and flags of both, and the language that was asked for.

    Who did not prove the PIN learns nothing of the person, whatever the library system told; ``wrong_pin`` is the
    line for a PIN that it refused.
    """
    proved = _is_proved(answer, way.proof)
    values: dict[str, Any] = {
        "valid_patron": yes_or_no(is_known(answer)),
        "valid_patron_password": yes_or_no(proved),
        "patron_status": PatronStatus(answer.patron_status) | way.denied.value,
    }
    if isinstance(asked, sip2.PatronStatusRequest | sip2.PatronInformation):
        values["language"] = asked.language
    if proved or way.proof is PinProof.NOT_REQUIRED:
        return changed(answer, **values)
    return _bare(answer, values, wrong_pin if way.proof.passes_pin else "")


def _is_proved(answer: PatronAnswer, proof: PinProof) -> bool:
    told = (answer.valid_patron_password or "").strip()
    match proof:
        case PinProof.REGISTER:
            return True
        case PinProof.REGISTER_AND_PASSED:
            # Nothing is no word against the register's.
            return not told or yes(told)
        case PinProof.ILS | PinProof.NOT_REQUIRED:
            return yes(told)
        case PinProof.NONE:
            return False


def _bare(answer: PatronAnswer, values: dict[str, Any], line: str) -> PatronAnswer:
    kept = PatronStatus(values["patron_status"]).flags & _OF_THE_CARD
    # A wrong PIN leaves the flags blank, as everywhere; 01 and 25 must show what the card is denied.
    values["patron_status"] = PatronStatus() if line else PatronStatus.of(*kept)
    if isinstance(answer, sip2.PatronInformationResponse):
        values |= dict.fromkeys(_COUNTS, "0000")
    bare = sip2.without(answer, *(tag for tag, _ in answer.fields() if tag not in ("AO", "AA")))
    return changed(bare, screen_messages=(line,) if line else (), **values)
