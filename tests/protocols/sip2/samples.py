"""One connection from login to end, frame by frame: the text, its checksums, and the message that it says.

The checksum of a frame depends on the bytes of its letters; `az` has cp850, UTF-8 and ISO-8859-1 (the same where
only ASCII occurs). `exact`: built anew from its values the message is the same bytes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypedDict

from protocols import sip2
from protocols.sip2 import Message, PatronStatus, Summary, SummaryList, SupportedMessages

D = "20261123    10"
INSTITUTION, CARD, ITEM, OTHER_ITEM = "NO-2030000", "N001234567", "03010012345678", "03010012345686"
NAME = "Ødegård, Kjærsti"


class _Where(TypedDict):
    institution_id: str


class _Who(_Where):
    patron_identifier: str


class _Counts(TypedDict):
    hold_items_count: str
    overdue_items_count: str
    charged_items_count: str
    fine_items_count: str
    recall_items_count: str
    unavailable_holds_count: str


WHERE: _Where = {"institution_id": INSTITUTION}
WHO: _Who = {**WHERE, "patron_identifier": CARD}
NO_COUNTS: _Counts = {
    "hold_items_count": "0000",
    "overdue_items_count": "0000",
    "charged_items_count": "0000",
    "fine_items_count": "0000",
    "recall_items_count": "0000",
    "unavailable_holds_count": "0000",
}
DENIED = PatronStatus("YYYY")
FREE = PatronStatus()


@dataclass(frozen=True)
class Sample:
    """One frame of the conversation."""

    label: str
    text: str
    az: tuple[str, str, str]
    says: Message
    exact: bool = True

    @property
    def sequence(self) -> str | None:
        """The digit after AY."""
        before = self.text.removesuffix("AZ")
        return before[-1] if before[-3:-1] == "AY" else None

    def wire(self, encoding: str) -> bytes:
        """The whole frame without its terminator."""
        az = dict(zip(("cp850", "utf-8", "iso8859-1"), self.az, strict=True))[encoding]
        return (self.text + az).encode(encoding)

    def body(self, encoding: str) -> bytes:
        """The frame without AY and AZ."""
        trailer = f"AY{self.sequence}AZ" if self.sequence else "AZ"
        return self.text.removesuffix(trailer).encode(encoding)


def _sample(label: str, text: str, az: str, says: Message, *, exact: bool = True) -> Sample:
    several = az.split("/")
    triple = (several[0], several[1], several[2]) if len(several) == 3 else (az, az, az)
    return Sample(label, text, triple, says, exact)


SAMPLES = [
    _sample(
        "login",
        "9300CNautomat-07|COhemmelig-07|CPHOVED|AY0AZ",
        "F1C4",
        sip2.Login(
            uid_algorithm="0",
            pwd_algorithm="0",
            login_user_id="automat-07",
            login_password="hemmelig-07",
            location_code="HOVED",
        ),
    ),
    _sample("logged in", "941AY0AZ", "FDFD", sip2.LoginResponse(ok="1")),
    _sample("login refused", "940AY0AZ", "FDFE", sip2.LoginResponse(ok="0")),
    _sample(
        "status",
        "9900802.00AY1AZ",
        "FCA0",
        sip2.ScStatus(status_code="0", max_print_width="080", protocol_version="2.00"),
    ),
    _sample(
        "status answered",
        "98YYYYYN10000320261123    1015012.00AONO-2030000|AMBodø bibliotek|BXYYYYYYYYYYYNYYYY|ANautomat-07|AY1AZ",
        "E212/E132/E1B5",
        sip2.AcsStatus(
            online_status="Y",
            checkin_ok="Y",
            checkout_ok="Y",
            acs_renewal_policy="Y",
            status_update_ok="Y",
            offline_ok="N",
            timeout_period="100",
            retries_allowed="003",
            date_time_sync=D + "1501",
            protocol_version="2.00",
            library_name="Bodø bibliotek",
            supported_messages=SupportedMessages("YYYYYYYYYYYNYYYY"),
            terminal_location="automat-07",
            **WHERE,
        ),
    ),
    _sample(
        "patron status",
        "2301220261123    101512AONO-2030000|AAN001234567|AC|AD4711|AY2AZ",
        "F155",
        sip2.PatronStatusRequest(
            language="012", transaction_date=D + "1512", terminal_password="", patron_password="4711", **WHO
        ),
    ),
    _sample(
        "patron status answered",
        "24              01220261123    101512AONO-2030000|AAN001234567|AEØdegård, Kjærsti|BLY|CQY|BHNOK|BV0.00|AY2AZ",
        "E457/E1DF/E368",
        sip2.PatronStatusResponse(
            patron_status=FREE,
            language="012",
            transaction_date=D + "1512",
            personal_name=NAME,
            valid_patron="Y",
            valid_patron_password="Y",
            currency_type="NOK",
            fee_amount="0.00",
            **WHO,
        ),
    ),
    _sample(
        "unknown card",
        "24YYYY          01220261123    101512AONO-2030000|AAN001234567|AE|BLN|CQN|AFUkjent lånekort|AY2AZ",
        "E6AD/E5CB/E64E",
        sip2.PatronStatusResponse(
            patron_status=DENIED,
            language="012",
            transaction_date=D + "1512",
            personal_name="",
            valid_patron="N",
            valid_patron_password="N",
            screen_messages=("Ukjent lånekort",),
            **WHO,
        ),
    ),
    _sample(
        "patron information",
        "6301220261123    101530  Y       AONO-2030000|AAN001234567|AC|AD4711|BP1|BQ5|AY3AZ",
        "ED54",
        sip2.PatronInformation(
            language="012",
            transaction_date=D + "1530",
            summary=Summary.asking(SummaryList.CHARGED),
            terminal_password="",
            patron_password="4711",
            start_item="1",
            end_item="5",
            **WHO,
        ),
    ),
    _sample(
        "patron information answered",
        "64              01220261123    101530000100000002000100000000AONO-2030000|AAN001234567|"
        "AEØdegård, Kjærsti|BZ0010|CA0005|CB0040|BLY|CQY|BHNOK|BV50.00|CC200.00|AU03010012345678|"
        "AU03010012345686|AY3AZ",
        "D061/CDE9/CF72",
        sip2.PatronInformationResponse(
            patron_status=FREE,
            language="012",
            transaction_date=D + "1530",
            hold_items_count="0001",
            overdue_items_count="0000",
            charged_items_count="0002",
            fine_items_count="0001",
            recall_items_count="0000",
            unavailable_holds_count="0000",
            personal_name=NAME,
            hold_items_limit="0010",
            overdue_items_limit="0005",
            charged_items_limit="0040",
            valid_patron="Y",
            valid_patron_password="Y",
            currency_type="NOK",
            fee_amount="50.00",
            fee_limit="200.00",
            charged_items=(ITEM, OTHER_ITEM),
            **WHO,
        ),
    ),
    _sample(
        "wrong PIN",
        "64YYYY          01220261123    101530000000000000000000000000AONO-2030000|AAN001234567|AE|BLY|CQN|"
        "AFFeil PIN|AY3AZ",
        "E5AC",
        sip2.PatronInformationResponse(
            patron_status=DENIED,
            language="012",
            transaction_date=D + "1530",
            personal_name="",
            valid_patron="Y",
            valid_patron_password="N",
            screen_messages=("Feil PIN",),
            **NO_COUNTS,
            **WHO,
        ),
    ),
    _sample(
        "try again later",
        "64YYYY          01220261123    101530000000000000000000000000AONO-2030000|AAN001234567|AE|BLN|CQN|"
        "AFPrøv igjen senere|AY3AZ",
        "E19C/E0BC/E13F",
        sip2.PatronInformationResponse(
            patron_status=DENIED,
            language="012",
            transaction_date=D + "1530",
            personal_name="",
            valid_patron="N",
            valid_patron_password="N",
            screen_messages=("Prøv igjen senere",),
            **NO_COUNTS,
            **WHO,
        ),
    ),
    _sample(
        "checkout",
        "11YN20261123    10160020261123    101600AONO-2030000|AAN001234567|AB03010012345678|AC|AD4711|BON|BIN|AY4AZ",
        "E794",
        sip2.Checkout(
            sc_renewal_policy="Y",
            no_block="N",
            transaction_date=D + "1600",
            nb_due_date=D + "1600",
            item_identifier=ITEM,
            terminal_password="",
            patron_password="4711",
            fee_acknowledged="N",
            cancel="N",
            **WHO,
        ),
    ),
    _sample(
        "lent",
        "121NNY20261123    101600AONO-2030000|AAN001234567|AB03010012345678|AJVinter i Lærdal|AH21.12.2026|CK001|AY4AZ",
        "E497/E3BF/E442",
        sip2.CheckoutResponse(
            ok="1",
            renewal_ok="N",
            magnetic_media="N",
            desensitize="Y",
            transaction_date=D + "1600",
            item_identifier=ITEM,
            title_identifier="Vinter i Lærdal",
            due_date="21.12.2026",
            media_type="001",
            **WHO,
        ),
    ),
    _sample(
        "fee first",
        "120NNN20261123    101600AONO-2030000|AAN001234567|AB03010012345678|AJ998877|AH|BT06|BHNOK|BV20.00|"
        "AFGebyr 20 kr|AY4AZ",
        "E296",
        sip2.CheckoutResponse(
            ok="0",
            renewal_ok="N",
            magnetic_media="N",
            desensitize="N",
            transaction_date=D + "1600",
            item_identifier=ITEM,
            title_identifier="998877",
            due_date="",
            fee_type="06",
            currency_type="NOK",
            fee_amount="20.00",
            screen_messages=("Gebyr 20 kr",),
            **WHO,
        ),
    ),
    _sample(
        "checkin",
        "09N20261123    10170020261123    101700APHOVED|AONO-2030000|AB03010012345678|AC|BIN|AY5AZ",
        "EBA1",
        sip2.Checkin(
            no_block="N",
            transaction_date=D + "1700",
            return_date=D + "1700",
            current_location="HOVED",
            item_identifier=ITEM,
            terminal_password="",
            cancel="N",
            **WHERE,
        ),
    ),
    _sample(
        "returned, with extension fields before the screen message",
        "101YNY20261123    101700AONO-2030000|AB03010012345678|AQTVERLANDET|AJ998877|CL3|AAN001234567|CK001|"
        "CTTVERLANDET|CV04|AFTil Tverlandet|AY5AZ",
        "DA9F",
        sip2.CheckinResponse(
            ok="1",
            resensitize="Y",
            magnetic_media="N",
            alert="Y",
            transaction_date=D + "1700",
            item_identifier=ITEM,
            permanent_location="TVERLANDET",
            title_identifier="998877",
            sort_bin="3",
            media_type="001",
            screen_messages=("Til Tverlandet",),
            others=(("CT", "TVERLANDET"), ("CV", "04")),
            **WHO,
        ),
        exact=False,
    ),
    _sample(
        "renew",
        "29NN20261123    10180020261123    101800AONO-2030000|AAN001234567|AD4711|AB03010012345678|AC|BON|AY6AZ",
        "E8E5",
        sip2.Renew(
            third_party_allowed="N",
            no_block="N",
            transaction_date=D + "1800",
            nb_due_date=D + "1800",
            patron_password="4711",
            item_identifier=ITEM,
            terminal_password="",
            fee_acknowledged="N",
            **WHO,
        ),
    ),
    _sample(
        "renewed",
        "301YNN20261123    101800AONO-2030000|AAN001234567|AB03010012345678|AJ998877|AH18.01.2027|AY6AZ",
        "EA7A",
        sip2.RenewResponse(
            ok="1",
            renewal_ok="Y",
            magnetic_media="N",
            desensitize="N",
            transaction_date=D + "1800",
            item_identifier=ITEM,
            title_identifier="998877",
            due_date="18.01.2027",
            **WHO,
        ),
    ),
    _sample(
        "renew all",
        "6520261123    101830AONO-2030000|AAN001234567|AD4711|AC|BON|AY7AZ",
        "F07F",
        sip2.RenewAll(
            transaction_date=D + "1830",
            patron_password="4711",
            terminal_password="",
            fee_acknowledged="N",
            **WHO,
        ),
    ),
    _sample(
        "all renewed but one",
        "6610001000120261123    101830AONO-2030000|BM03010012345678|BN03010012345686 reservert|AY7AZ",
        "EA64",
        sip2.RenewAllResponse(
            ok="1",
            renewed_count="0001",
            unrenewed_count="0001",
            transaction_date=D + "1830",
            renewed_items=(ITEM,),
            unrenewed_items=(f"{OTHER_ITEM} reservert",),
            **WHERE,
        ),
    ),
    _sample(
        "hold",
        "15+20261123    101900BW20270123    235900|BSHOVED|BY2|AONO-2030000|AAN001234567|AD4711|AJ998877|AC|BON|AY8AZ",
        "E5DA",
        sip2.Hold(
            hold_mode="+",
            transaction_date=D + "1900",
            expiration_date="20270123    235900",
            pickup_location="HOVED",
            hold_type="2",
            patron_password="4711",
            title_identifier="998877",
            terminal_password="",
            fee_acknowledged="N",
            **WHO,
        ),
    ),
    _sample(
        "held",
        "161N20261123    101900BW20270123    235900|BR4|BSHOVED|AONO-2030000|AAN001234567|AJ998877|AY8AZ",
        "E9B3",
        sip2.HoldResponse(
            ok="1",
            available="N",
            transaction_date=D + "1900",
            expiration_date="20270123    235900",
            queue_position="4",
            pickup_location="HOVED",
            title_identifier="998877",
            **WHO,
        ),
    ),
    _sample(
        "item information",
        "1720261123    101930AONO-2030000|AB03010012345678|AC|AY9AZ",
        "F2F9",
        sip2.ItemInformation(transaction_date=D + "1930", item_identifier=ITEM, terminal_password="", **WHERE),
    ),
    _sample(
        "item information answered",
        "1804000120261123    101930CF1|AH21.12.2026|AB03010012345678|AJ998877|BGNO-2030000|CK001|AQHOVED|APHOVED|AY9AZ",
        "E5BA",
        sip2.ItemInformationResponse(
            circulation_status="04",
            security_marker="00",
            fee_type="01",
            transaction_date=D + "1930",
            hold_queue_length="1",
            due_date="21.12.2026",
            item_identifier=ITEM,
            title_identifier="998877",
            owner=INSTITUTION,
            media_type="001",
            permanent_location="HOVED",
            current_location="HOVED",
        ),
    ),
    _sample(
        "fee paid",
        "3720261123    1020000400NOKBV50.00|AONO-2030000|AAN001234567|AC|AD4711|CG4411|BKT-000815|AY0AZ",
        "E9B1",
        sip2.FeePaid(
            transaction_date=D + "2000",
            fee_type="04",
            payment_type="00",
            currency_type="NOK",
            fee_amount="50.00",
            terminal_password="",
            patron_password="4711",
            fee_identifier="4411",
            transaction_id="T-000815",
            **WHO,
        ),
    ),
    _sample(
        "fee booked",
        "38Y20261123    102000AONO-2030000|AAN001234567|BKT-000815|AFTakk!|AY0AZ",
        "EEF9",
        sip2.FeePaidResponse(
            payment_accepted="Y",
            transaction_date=D + "2000",
            transaction_id="T-000815",
            screen_messages=("Takk!",),
            **WHO,
        ),
    ),
    _sample(
        "patron enable",
        "2520261123    102030AONO-2030000|AAN001234567|AC|AD4711|AY1AZ",
        "F1EB",
        sip2.PatronEnable(transaction_date=D + "2030", terminal_password="", patron_password="4711", **WHO),
    ),
    _sample(
        "patron enabled",
        "26              01220261123    102030AONO-2030000|AAN001234567|AEØdegård, Kjærsti|BLY|CQY|AY1AZ",
        "E81A/E5A2/E72B",
        sip2.PatronEnableResponse(
            patron_status=FREE,
            language="012",
            transaction_date=D + "2030",
            personal_name=NAME,
            valid_patron="Y",
            valid_patron_password="Y",
            **WHO,
        ),
    ),
    _sample(
        "block patron",
        "01N20261123    102100AONO-2030000|ALKort glemt i automaten|AAN001234567|AC|AY2AZ",
        "EA19",
        sip2.BlockPatron(
            card_retained="N",
            transaction_date=D + "2100",
            blocked_card_message="Kort glemt i automaten",
            terminal_password="",
            **WHO,
        ),
    ),
    _sample(
        "patron blocked",
        "24YYYY          01220261123    102100AONO-2030000|AAN001234567|AEØdegård, Kjærsti|BLY|CQN|"
        "AFKortet er sperret|AY2AZ",
        "DFAC/DD34/DEBD",
        sip2.PatronStatusResponse(
            patron_status=DENIED,
            language="012",
            transaction_date=D + "2100",
            personal_name=NAME,
            valid_patron="Y",
            valid_patron_password="N",
            screen_messages=("Kortet er sperret",),
            **WHO,
        ),
    ),
    _sample(
        "item status update",
        "1920261123    102130AONO-2030000|AB03010012345678|AC|CHvekt 340 g|AY3AZ",
        "EF05",
        sip2.ItemStatusUpdate(
            transaction_date=D + "2130",
            item_identifier=ITEM,
            terminal_password="",
            item_properties="vekt 340 g",
            **WHERE,
        ),
    ),
    _sample(
        "not supported",
        "20020261123    102130AB03010012345678|AY3AZ",
        "F707",
        sip2.ItemStatusUpdateResponse(item_properties_ok="0", transaction_date=D + "2130", item_identifier=ITEM),
    ),
    _sample(
        "end patron session",
        "3520261123    102200AONO-2030000|AAN001234567|AC|AD4711|AY4AZ",
        "F1E8",
        sip2.EndPatronSession(transaction_date=D + "2200", terminal_password="", patron_password="4711", **WHO),
    ),
    _sample(
        "session ended",
        "36Y20261123    102200AONO-2030000|AAN001234567|AY4AZ",
        "F45C",
        sip2.EndSessionResponse(end_session="Y", transaction_date=D + "2200", **WHO),
    ),
    _sample("resend the answer", "97AZ", "FEF5", sip2.RequestAcsResend()),
    _sample("resend the request", "96AZ", "FEF6", sip2.RequestScResend()),
]
"""Every frame of the conversation, in order."""

ENCODINGS = ("cp850", "utf-8", "iso8859-1")
