"""What real library systems do otherwise than the protocol says, by name. A row changes the rules of the library, its
messages or the bytes that it sends, and nothing else.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from gateway.simulators.ils import extensions
from gateway.simulators.ils.world import World
from protocols import sip2
from protocols.sip2 import Checksum, Message, changed, read_frame, seal


@dataclass(frozen=True, slots=True, kw_only=True)
class Quirk:
    """One habit: what it is, and where it shows; `repeats` executes a retransmitted request again."""

    says: str
    rules: Mapping[str, Any] = field(default_factory=dict)
    message: Callable[[Message], Message] | None = None
    wire: Callable[[bytes], bytes] | None = None
    repeats: bool = False


_PATRON = (sip2.PatronStatusResponse, sip2.PatronInformationResponse, sip2.PatronEnableResponse)
_LOAN = (sip2.CheckoutResponse, sip2.RenewResponse)

_COUNTS = (
    "hold_items_count",
    "overdue_items_count",
    "charged_items_count",
    "fine_items_count",
    "recall_items_count",
    "unavailable_holds_count",
)


def _where(classes: type[Message] | tuple[type[Message], ...], **values: Any) -> Callable[[Message], Message]:
    """Sets these attributes in these messages; a function makes the value of what stood there."""

    def change(message: Message) -> Message:
        if not isinstance(message, classes):
            return message
        made = {
            name: value(getattr(message, name)) if callable(value) else value
            for name, value in values.items()
            if not callable(value) or getattr(message, name) is not None
        }
        return changed(message, **made)

    return change


def _everywhere(attribute: str, value: Callable[[str], str]) -> Callable[[Message], Message]:
    def change(message: Message) -> Message:
        has = any(place.attribute == attribute for place in message.layout.variable)
        return _where(type(message), **{attribute: value})(message) if has else message

    return change


def resealed(raw: bytes, change: Callable[[bytes], bytes] = bytes) -> bytes:
    """The frame with its body changed and, where it had one, a checksum that is right again."""
    bare = raw.rstrip(b"\r\n")
    frame = read_frame(bare)
    return seal(change(frame.body), frame.sequence, frame.checksum is not Checksum.ABSENT, raw[len(bare) :])


def _with_trailer(raw: bytes, sequence: Callable[[str | None], str | None], *, always: bool = False) -> bytes:
    bare = raw.rstrip(b"\r\n")
    frame = read_frame(bare)
    has = frame.checksum is not Checksum.ABSENT
    digit = sequence(frame.sequence) if frame.sequence is not None else None
    return seal(frame.body, digit, always or has, raw[len(bare) :])


def _lower_hex(raw: bytes) -> bytes:
    return re.sub(rb"(AZ)([0-9A-F]{4})(?=[\r\n]*\Z)", lambda found: found[1] + found[2].lower(), raw)


def _summed_letters(raw: bytes) -> bytes:
    """The checksum as programs compute it that sum characters instead of bytes."""
    bare = raw.rstrip(b"\r\n")
    if read_frame(bare).checksum is Checksum.ABSENT:
        return raw
    letters = sum(map(ord, bare[:-4].decode("utf-8", "replace")))
    return bare[:-4] + b"%04X" % (-letters & 0xFFFF) + raw[len(bare) :]


def _decomposed(raw: bytes) -> bytes:
    def apart(body: bytes) -> bytes:
        try:
            return unicodedata.normalize("NFD", body.decode("utf-8")).encode("utf-8")
        except UnicodeDecodeError:
            return body

    return resealed(raw, apart)


def _bar_in_mail(raw: bytes) -> bytes:
    return resealed(raw, lambda body: re.sub(rb"(\|BE[^|@]*)@", rb"\1|x@", body))


def _decimal_comma(amount: str) -> str:
    return amount.replace(".", ",")


QUIRKS: Mapping[str, Quirk] = {
    "no-cq": Quirk(says="CQ is missing", message=_where(_PATRON, valid_patron_password=None)),
    "blank-cq": Quirk(says="CQ is empty", message=_where(_PATRON, valid_patron_password="")),
    "no-bl": Quirk(says="BL is missing", message=_where(_PATRON, valid_patron=None)),
    "blank-bl": Quirk(says="BL is empty", message=_where(_PATRON, valid_patron="")),
    "cqy-for-no-pin": Quirk(says="no PIN or an empty one is CQ Y", rules={"yes_to_no_pin": True}),
    "full-record-for-wrong-pin": Quirk(
        says="a wrong PIN is CQ N, yet everything is told", rules={"full_record_for_wrong_pin": True}
    ),
    "all-flags": Quirk(says="all 14 flags of a patron are Y", message=_where(_PATRON, patron_status="Y" * 14)),
    "only-flag-0": Quirk(
        says="a patron who may not borrow has the first flag and no other",
        message=_where(_PATRON, patron_status=lambda flags: flags[0].ljust(14)),
    ),
    "local-id-in-aa": Quirk(
        says="a 24, 26 and 64 tell the patron's own number, whatever was asked", rules={"answers_with": "local id"}
    ),
    "silent-checkin": Quirk(says="a 10 does not tell who had the item", rules={"tells_borrower": False}),
    "no-bx": Quirk(
        says="BX is empty, for a version of 1.00",
        message=_where(sip2.AcsStatus, supported_messages="", protocol_version="1.00"),
    ),
    "short-bx": Quirk(
        says="BX has 12 letters", message=_where(sip2.AcsStatus, supported_messages=lambda flags: flags[:12])
    ),
    "padded-bx": Quirk(
        says="BX is padded to 160 with blanks",
        message=_where(sip2.AcsStatus, supported_messages=lambda flags: flags.ljust(160)),
    ),
    "version-2.0E": Quirk(says="the version is 2.0E", rules={"version": "2.0E"}),
    "timeout-in-seconds": Quirk(says="the timeout is in seconds: 003", rules={"timeout_tenths": 3}),
    "blank-language": Quirk(says="the language is blank", message=_where(_PATRON, language="   ")),
    "blank-counts": Quirk(
        says="the counts of a 64 are blank",
        message=_where(sip2.PatronInformationResponse, **dict.fromkeys(_COUNTS, "    ")),
    ),
    "padded-ao": Quirk(says="AO ends in a blank", message=_everywhere("institution_id", lambda value: value + " ")),
    "none-values": Quirk(
        says="what is empty is told as None",
        message=_where((*_LOAN, sip2.CheckinResponse), title_identifier=lambda value: value or "None"),
    ),
    "entity-for-bar": Quirk(
        says="a bar in a value is &#124;",
        message=_where(
            sip2.PatronInformationResponse,
            email_address=lambda value: value.replace("@", "&#124;x@"),
        ),
    ),
    "bar-in-value": Quirk(says="a bar stands in an e-mail address", wire=_bar_in_mail),
    "decimal-comma": Quirk(says="amounts have a decimal comma", message=_everywhere("fee_amount", _decimal_comma)),
    "iso-due-dates": Quirk(says="due dates are 2026-12-21 23:59:00", rules={"due_date_format": "%Y-%m-%d 23:59:00"}),
    "insists-on-ac-and-ad": Quirk(
        says="a request without AC or AD, be they empty, is refused", rules={"insists_on": frozenset({"AC", "AD"})}
    ),
    "runs-twice": Quirk(says="a retransmitted request is executed again", repeats=True),
    "always-az": Quirk(says="there is always a checksum", wire=lambda raw: _with_trailer(raw, str, always=True)),
    "az-without-ay": Quirk(
        says="the sequence digit is left out, the checksum is not",
        wire=lambda raw: _with_trailer(raw, lambda digit: None),
    ),
    "stuck-sequence": Quirk(
        says="the sequence digit is always 0", wire=lambda raw: _with_trailer(raw, lambda digit: "0")
    ),
    "lower-case-az": Quirk(says="the checksum is in small letters", wire=_lower_hex),
    "sum-of-letters": Quirk(says="the checksum is over characters, in UTF-8", wire=_summed_letters),
    "decomposed-letters": Quirk(says="å is a and a ring, in UTF-8", wire=_decomposed),
}
"""Every quirk by its name, as in the world file and on the command line."""


def mended(world: World) -> World:
    """The world with the rules that its quirks change; raises `ValueError` for an unknown quirk or extension."""
    rules = world.rules
    if strange := sorted(set(rules.quirks) - QUIRKS.keys()):
        raise ValueError(f"no such quirk: {', '.join(strange)}")
    if strange := sorted(rules.extensions - extensions.KNOWN):
        raise ValueError(f"no such extension: {', '.join(strange)}")
    for name in rules.quirks:
        rules = replace(rules, **QUIRKS[name].rules)
    return replace(world, rules=rules)


def in_message(names: Iterable[str], answer: Message) -> Message:
    """The answer as a system with these quirks makes it."""
    for name in names:
        if (change := QUIRKS[name].message) is not None:
            answer = change(answer)
    return answer


def on_wire(names: Iterable[str], raw: bytes) -> bytes:
    """The bytes as a system with these quirks sends them."""
    for name in names:
        if (change := QUIRKS[name].wire) is not None:
            raw = change(raw)
    return raw


def repeats(names: Iterable[str]) -> bool:
    """Whether a retransmitted request is executed again."""
    return any(QUIRKS[name].repeats for name in names)
