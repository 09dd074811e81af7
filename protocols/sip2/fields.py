"""Every field of SIP2, told once: its tag or width, its name, how it is written, and who may see it.

Messages use the aliases as annotations (`institution_id: InstitutionId`); logs, captures and the reference page
use `VARIABLE`. Basis: 3M Standard Interchange Protocol 2.00, rev. 2.12.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum, auto
from typing import Annotated

VALUE_LIMIT = 255
"""The longest value in bytes."""


class Privacy(Enum):
    """Who may see a field's value outside the two parties of a connection."""

    OPEN = auto()
    PERSONAL = auto()
    SECRET = auto()


def folded(flag: str) -> str:
    """A flag in capitals; what is no letter of ASCII is left alone, for its capital may not exist in the charset."""
    return flag.upper() if flag.isascii() else flag


@dataclass(frozen=True, slots=True)
class Kind:
    """How a field's value is read and written.

    `read` is what a well-formed value looks like, `written` what may leave us, both as patterns of the whole
    field; a fixed field that does not match `written` is mended, with `spare` as the last resort.
    """

    name: str
    read: str = r"[^\r\n]*"
    written: str = r"[ -~]*"
    spare: str = " "
    folds: bool = False
    counts: bool = False

    def mended(self, value: str, width: int) -> str:
        """The value as it may be sent: exactly `width` characters, always of this kind."""
        if self.folds:
            value = folded(value)
        if len(value) == width and re.fullmatch(self.written, value):
            return value
        last_resort = (self.spare * width)[:width]
        if self.counts:
            digits = value.strip()
            plain = digits.isascii() and digits.isdigit() and len(digits) < 19
            return str(min(int(digits), 10**width - 1)).zfill(width) if plain else last_resort
        value = value[:width].ljust(width)
        return value if re.fullmatch(self.written, value) else last_resort


def _code(name: str, pattern: str, spare: str, *, folds: bool = False, counts: bool = False) -> Kind:
    return Kind(name, pattern, pattern, spare, folds, counts)


# A date's text is kept as it came (kiosks send anything as a time zone), so only its width is ours to keep.
DATE18 = Kind("date of 18", r"[0-9 ]{8}[0-9A-Za-z +:.-]{4}[0-9 ]{6}", r"[ -~]{18}")
YES_NO = _code("Y or N", "[YN]", "N", folds=True)
YES_NO_OBSOLETE = _code("Y, N or U", "[YNU]", "N", folds=True)
YES_NO_UNKNOWN = _code("Y, N or U", "[YNU]", "U", folds=True)
DONE = _code("1 or 0", "[01]", "0")
STATUS_CODE = _code("0 to 2", "[0-2]", "0")
COUNT4 = _code("count of 4", "(?:[0-9]{4}| {4})", "0", counts=True)
NUMBER3 = _code("number of 3", "[0-9 ]{3}", "0", counts=True)
CODE2 = _code("code of 2", "[0-9 ]{2}", "0", counts=True)
OTHER2 = _code("code of 2", "[0-9 ]{2}", "01", counts=True)
LANGUAGE = _code("code of 3", "[0-9 ]{3}", "0", counts=True)
CURRENCY = _code("ISO 4217", "[A-Z ]{3}", " ", folds=True)
VERSION = Kind("version", "[0-9A-Z. ]{4}", "[0-9A-Z. ]{4}", "2.00")
ALGORITHM = Kind("0 = plain", "[0-9 ]", "[ -~]", "0")
HOLD_MODE = Kind("+, - or *", "[-+*]", "[ -~]")
STATUS14 = _code("14 of Y or blank", "[Y ]{14}", " ", folds=True)
SUMMARY10 = _code("10 of Y or blank", "[Y ]{10}", " ", folds=True)

TEXT = Kind("text")
FLAG = Kind("Y or N", folds=True)
NUMBER = Kind("number")
AMOUNT = Kind("amount")
CODE = Kind("code")
DATE = Kind("date of 18")
LIMIT4 = Kind("number of 4")
SERVICES16 = Kind("16 of Y or N", folds=True)


@dataclass(frozen=True, slots=True)
class Fixed:
    """A field without a tag, known by its place after the message number."""

    name: str
    width: int
    kind: Kind


@dataclass(frozen=True, slots=True)
class Variable:
    """A field with a two-character tag, ended by the delimiter.

    `may_lack` marks what kiosks leave out though it is required: it is then read as empty.
    """

    tag: str
    name: str
    kind: Kind
    privacy: Privacy = Privacy.OPEN
    may_lack: bool = False


_PERSONAL, _SECRET = Privacy.PERSONAL, Privacy.SECRET

# Fixed fields.
TransactionDate = Annotated[str, Fixed("transaction date", 18, DATE18)]
NbDueDate = Annotated[str, Fixed("nb due date", 18, DATE18)]
ReturnDate = Annotated[str, Fixed("return date", 18, DATE18)]
DateTimeSync = Annotated[str, Fixed("date/time sync", 18, DATE18)]
Language = Annotated[str, Fixed("language", 3, LANGUAGE)]
PatronStatusFlags = Annotated[str, Fixed("patron status", 14, STATUS14)]
SummaryFlags = Annotated[str, Fixed("summary", 10, SUMMARY10)]
Ok = Annotated[str, Fixed("ok", 1, DONE)]
ItemPropertiesOk = Annotated[str, Fixed("item properties ok", 1, DONE)]
RenewalOk = Annotated[str, Fixed("renewal ok", 1, YES_NO)]
MagneticMedia = Annotated[str, Fixed("magnetic media", 1, YES_NO_UNKNOWN)]
Desensitize = Annotated[str, Fixed("desensitize", 1, YES_NO_OBSOLETE)]
Resensitize = Annotated[str, Fixed("resensitize", 1, YES_NO_OBSOLETE)]
Alert = Annotated[str, Fixed("alert", 1, YES_NO)]
ScRenewalPolicy = Annotated[str, Fixed("SC renewal policy", 1, YES_NO)]
NoBlock = Annotated[str, Fixed("no block", 1, YES_NO)]
ThirdPartyAllowed = Annotated[str, Fixed("third party allowed", 1, YES_NO)]
CardRetained = Annotated[str, Fixed("card retained", 1, YES_NO)]
HoldMode = Annotated[str, Fixed("hold mode", 1, HOLD_MODE)]
Available = Annotated[str, Fixed("available", 1, YES_NO)]
EndSession = Annotated[str, Fixed("end session", 1, YES_NO)]
PaymentAccepted = Annotated[str, Fixed("payment accepted", 1, YES_NO)]
StatusCode = Annotated[str, Fixed("status code", 1, STATUS_CODE)]
MaxPrintWidth = Annotated[str, Fixed("max print width", 3, NUMBER3)]
ProtocolVersion = Annotated[str, Fixed("protocol version", 4, VERSION)]
OnlineStatus = Annotated[str, Fixed("on-line status", 1, YES_NO)]
CheckinOk = Annotated[str, Fixed("checkin ok", 1, YES_NO)]
CheckoutOk = Annotated[str, Fixed("checkout ok", 1, YES_NO)]
AcsRenewalPolicy = Annotated[str, Fixed("ACS renewal policy", 1, YES_NO)]
StatusUpdateOk = Annotated[str, Fixed("status update ok", 1, YES_NO)]
OfflineOk = Annotated[str, Fixed("off-line ok", 1, YES_NO)]
TimeoutPeriod = Annotated[str, Fixed("timeout period", 3, NUMBER3)]
RetriesAllowed = Annotated[str, Fixed("retries allowed", 3, NUMBER3)]
UidAlgorithm = Annotated[str, Fixed("UID algorithm", 1, ALGORITHM)]
PwdAlgorithm = Annotated[str, Fixed("PWD algorithm", 1, ALGORITHM)]
HoldItemsCount = Annotated[str, Fixed("hold items count", 4, COUNT4)]
OverdueItemsCount = Annotated[str, Fixed("overdue items count", 4, COUNT4)]
ChargedItemsCount = Annotated[str, Fixed("charged items count", 4, COUNT4)]
FineItemsCount = Annotated[str, Fixed("fine items count", 4, COUNT4)]
RecallItemsCount = Annotated[str, Fixed("recall items count", 4, COUNT4)]
UnavailableHoldsCount = Annotated[str, Fixed("unavailable holds count", 4, COUNT4)]
RenewedCount = Annotated[str, Fixed("renewed count", 4, COUNT4)]
UnrenewedCount = Annotated[str, Fixed("unrenewed count", 4, COUNT4)]
PaidFeeType = Annotated[str, Fixed("fee type", 2, OTHER2)]
PaymentType = Annotated[str, Fixed("payment type", 2, CODE2)]
PaidCurrency = Annotated[str, Fixed("currency type", 3, CURRENCY)]
CirculationStatus = Annotated[str, Fixed("circulation status", 2, OTHER2)]
SecurityMarker = Annotated[str, Fixed("security marker", 2, CODE2)]

# Variable fields, by tag. What ties an item or a sum to a patron is personal too.
PatronIdentifier = Annotated[str, Variable("AA", "patron identifier", TEXT, _PERSONAL)]
ItemIdentifier = Annotated[str, Variable("AB", "item identifier", TEXT, _PERSONAL)]
TerminalPassword = Annotated[str, Variable("AC", "terminal password", TEXT, _SECRET, may_lack=True)]
PatronPassword = Annotated[str, Variable("AD", "patron password", TEXT, _SECRET, may_lack=True)]
PersonalName = Annotated[str, Variable("AE", "personal name", TEXT, _PERSONAL)]
ScreenMessage = Annotated[str, Variable("AF", "screen message", TEXT, _PERSONAL)]
PrintLine = Annotated[str, Variable("AG", "print line", TEXT, _PERSONAL)]
DueDate = Annotated[str, Variable("AH", "due date", TEXT)]
TitleIdentifier = Annotated[str, Variable("AJ", "title identifier", TEXT, _PERSONAL)]
BlockedCardMessage = Annotated[str, Variable("AL", "blocked card message", TEXT, _PERSONAL)]
LibraryName = Annotated[str, Variable("AM", "library name", TEXT)]
TerminalLocation = Annotated[str, Variable("AN", "terminal location", TEXT)]
InstitutionId = Annotated[str, Variable("AO", "institution id", TEXT, may_lack=True)]
CurrentLocation = Annotated[str, Variable("AP", "current location", TEXT)]
PermanentLocation = Annotated[str, Variable("AQ", "permanent location", TEXT)]
HoldItem = Annotated[str, Variable("AS", "hold item", TEXT, _PERSONAL)]
OverdueItem = Annotated[str, Variable("AT", "overdue item", TEXT, _PERSONAL)]
ChargedItem = Annotated[str, Variable("AU", "charged item", TEXT, _PERSONAL)]
FineItem = Annotated[str, Variable("AV", "fine item", TEXT, _PERSONAL)]
HomeAddress = Annotated[str, Variable("BD", "home address", TEXT, _PERSONAL)]
EmailAddress = Annotated[str, Variable("BE", "e-mail address", TEXT, _PERSONAL)]
HomePhoneNumber = Annotated[str, Variable("BF", "home phone number", TEXT, _PERSONAL)]
Owner = Annotated[str, Variable("BG", "owner", TEXT)]
CurrencyType = Annotated[str, Variable("BH", "currency type", CODE)]
Cancel = Annotated[str, Variable("BI", "cancel", FLAG)]
TransactionId = Annotated[str, Variable("BK", "transaction id", TEXT)]
ValidPatron = Annotated[str, Variable("BL", "valid patron", FLAG)]
RenewedItem = Annotated[str, Variable("BM", "renewed item", TEXT, _PERSONAL)]
UnrenewedItem = Annotated[str, Variable("BN", "unrenewed item", TEXT, _PERSONAL)]
FeeAcknowledged = Annotated[str, Variable("BO", "fee acknowledged", FLAG)]
StartItem = Annotated[str, Variable("BP", "start item", NUMBER)]
EndItem = Annotated[str, Variable("BQ", "end item", NUMBER)]
QueuePosition = Annotated[str, Variable("BR", "queue position", NUMBER)]
PickupLocation = Annotated[str, Variable("BS", "pickup location", TEXT)]
FeeType = Annotated[str, Variable("BT", "fee type", CODE)]
RecallItem = Annotated[str, Variable("BU", "recall item", TEXT, _PERSONAL)]
FeeAmount = Annotated[str, Variable("BV", "fee amount", AMOUNT, _PERSONAL)]
ExpirationDate = Annotated[str, Variable("BW", "expiration date", DATE)]
SupportedMessagesFlags = Annotated[str, Variable("BX", "supported messages", SERVICES16)]
HoldType = Annotated[str, Variable("BY", "hold type", CODE)]
HoldItemsLimit = Annotated[str, Variable("BZ", "hold items limit", LIMIT4)]
OverdueItemsLimit = Annotated[str, Variable("CA", "overdue items limit", LIMIT4)]
ChargedItemsLimit = Annotated[str, Variable("CB", "charged items limit", LIMIT4)]
FeeLimit = Annotated[str, Variable("CC", "fee limit", AMOUNT, _PERSONAL)]
UnavailableHoldItem = Annotated[str, Variable("CD", "unavailable hold item", TEXT, _PERSONAL)]
HoldQueueLength = Annotated[str, Variable("CF", "hold queue length", NUMBER)]
FeeIdentifier = Annotated[str, Variable("CG", "fee identifier", TEXT, _PERSONAL)]
ItemProperties = Annotated[str, Variable("CH", "item properties", TEXT)]
SecurityInhibit = Annotated[str, Variable("CI", "security inhibit", FLAG)]
RecallDate = Annotated[str, Variable("CJ", "recall date", DATE)]
MediaType = Annotated[str, Variable("CK", "media type", CODE)]
SortBin = Annotated[str, Variable("CL", "sort bin", TEXT)]
HoldPickupDate = Annotated[str, Variable("CM", "hold pickup date", DATE)]
LoginUserId = Annotated[str, Variable("CN", "login user id", TEXT)]
LoginPassword = Annotated[str, Variable("CO", "login password", TEXT, _SECRET)]
LocationCode = Annotated[str, Variable("CP", "location code", TEXT)]
ValidPatronPassword = Annotated[str, Variable("CQ", "valid patron password", FLAG)]

VARIABLE: dict[str, Variable] = {
    told.tag: told
    for alias in tuple(vars().values())
    for told in getattr(alias, "__metadata__", ())
    if isinstance(told, Variable)
}
"""Every variable field by its tag."""


def privacy_of(tag: str) -> Privacy:
    """Who may see the value under this tag; an unknown tag may hold anything and counts as personal."""
    told = VARIABLE.get(tag)
    return told.privacy if told else Privacy.PERSONAL


_TAG = re.compile("[A-Z][A-Z0-9]")


def shown_tag(tag: str) -> str:
    """The tag as it may be shown: what does not look like one may be a piece of a value, and is `??`."""
    return tag if _TAG.fullmatch(tag) else "??"
