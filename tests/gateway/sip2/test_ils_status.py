"""One 98 of the library system's and ours."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.sip2.ils_status import OF_THE_CONNECTION, OF_THE_REGISTER, merged_status
from protocols.sip2 import AcsStatus, SupportedMessages
from tests.protocols.sip2.strategies import messages

OURS = OF_THE_CONNECTION | OF_THE_REGISTER
EVERYTHING = "Y" * 16
SWITCHES = ("checkin_ok", "checkout_ok", "acs_renewal_policy", "status_update_ok")


def status(**values: Any) -> AcsStatus:
    """A 98 that says yes to everything."""
    told: dict[str, Any] = {
        "online_status": "Y",
        **dict.fromkeys(SWITCHES, "Y"),
        "offline_ok": "Y",
        "timeout_period": "030",
        "retries_allowed": "003",
        "date_time_sync": "20261123    101512",
        "protocol_version": "2.00",
        "institution_id": "NO-2030000",
        "supported_messages": EVERYTHING,
    }
    return AcsStatus(**(told | values))


OWN = status(**dict.fromkeys(SWITCHES, "N"), library_name="Storbyen")


def abilities(answer: AcsStatus) -> frozenset[str]:
    """The requests that a 98 says are answered."""
    return SupportedMessages(answer.supported_messages).numbers


@pytest.mark.parametrize("name", SWITCHES)
@pytest.mark.parametrize("theirs", ["Y", "N"])
def test_circulation_is_what_the_library_system_says(name: str, theirs: str) -> None:
    assert getattr(merged_status(OWN, status(**{name: theirs})), name) == theirs


@pytest.mark.parametrize("name", SWITCHES)
def test_nothing_circulates_without_a_library_system_or_while_it_is_off_line(name: str) -> None:
    assert getattr(merged_status(OWN, None), name) == "N"
    assert getattr(merged_status(OWN, status(online_status="N")), name) == "N"


@pytest.mark.parametrize(
    ("theirs", "numbers"),
    [
        (EVERYTHING, SupportedMessages(EVERYTHING).numbers),
        ("N" * 16, OURS),
        ("YYY", OURS | {"23", "11", "09"}),
        ("YYYYYYYYYNYYNYYY".ljust(160), SupportedMessages("YYYYYYYYYNYYNYYY").numbers | OURS),
        ("", OURS | {"23", "11", "09", "01"}),
        (" " * 16, OURS | {"23", "11", "09", "01"}),
    ],
)
def test_bx_says_what_either_can(theirs: str, numbers: frozenset[str]) -> None:
    answer = merged_status(OWN, status(supported_messages=theirs))
    assert abilities(answer) == numbers
    assert len(answer.supported_messages) == 16


def test_without_a_library_system_bx_is_what_the_register_can() -> None:
    assert abilities(merged_status(OWN, None)) == OURS


def test_without_the_register_bx_is_what_the_library_system_can() -> None:
    theirs = status(supported_messages="NYYNNNNNNNNNNNNN")
    assert abilities(merged_status(OWN, theirs, serves_register=False)) == OF_THE_CONNECTION | {"11", "09"}


@pytest.mark.parametrize(
    ("guests", "theirs", "ours"), [(True, "Y", "N"), (True, "N", "N"), (False, "Y", "Y"), (False, "N", "N")]
)
def test_stored_loans_are_not_welcome_where_guests_are_served(guests: bool, theirs: str, ours: str) -> None:
    assert merged_status(OWN, status(offline_ok=theirs), serves_guests=guests).offline_ok == ours


@pytest.mark.parametrize(
    ("own", "off_line", "says"), [("Y", False, "Y"), ("Y", True, "N"), ("N", False, "N"), ("N", True, "N")]
)
def test_on_line_is_ours_unless_the_dialect_tells_of_the_outage(own: str, off_line: bool, says: str) -> None:
    answer = merged_status(status(online_status=own), None, off_line=off_line)
    assert (answer.online_status, answer.timeout_period) == (says, "000" if off_line else "030")


@given(messages(("98",)), st.booleans())
def test_the_connections_own_fields_never_come_from_the_library_system(theirs: AcsStatus, guests: bool) -> None:
    answer = merged_status(OWN, theirs, serves_guests=guests)
    for name in (
        "institution_id",
        "date_time_sync",
        "timeout_period",
        "retries_allowed",
        "protocol_version",
        "library_name",
    ):
        assert getattr(answer, name) == getattr(OWN, name)
    assert answer.others == ()


def test_what_the_library_system_says_to_patrons_is_shown() -> None:
    theirs = status(screen_messages=("Stengt fredag",), print_lines=("x",), terminal_location="2. etasje")
    answer = merged_status(OWN, theirs)
    assert (answer.screen_messages, answer.print_lines) == (("Stengt fredag",), ("x",))
    assert answer.terminal_location == "2. etasje"
