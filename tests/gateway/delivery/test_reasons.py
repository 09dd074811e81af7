"""Whether staff are told in words why a delivery is stuck, whatever said so."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from gateway.delivery import koha_reasons, ncip
from gateway.delivery.reasons import COURIER, NCIP, in_words
from gateway.upstream.failures import FailureKind
from registry.domain.institution import CarrierKind

ROOT = Path(__file__).resolve().parents[3]
SOURCES = ("gateway/delivery/ncip.py", "gateway/delivery/errand.py", "gateway/delivery/steps.py")
OF_THE_REGISTER = {"local_id_taken", "nobody_came"}
OF_SIP2 = {FailureKind.WRONG_CHECKSUM, FailureKind.WRONG_SEQUENCE}


def said_in(*paths: str) -> set[str]:
    """Return the words that stand in the sources themselves."""
    text = "".join((ROOT / path).read_text("utf-8") for path in paths)
    values = r'(?:NotSent|Lost|Rejected|SomebodyElse|Duplicate)\("(\w+)"'
    return {
        word
        for found in re.findall(rf'{values}|_says\(_R\.\w+, "(\w+)"|, "(declined)"', text)
        for word in found
        if word
    }


def test_every_reason_is_explained_and_none_that_nobody_gives() -> None:
    troubles = {*(word[:40] for word in ncip._OUR_FAULT.values()), *ncip._OF_THE_PARCEL.values()}
    failures = {kind.value for kind in set(FailureKind) - OF_SIP2}
    assert said_in(*SOURCES) | troubles | failures | OF_THE_REGISTER == COURIER.keys() | NCIP.keys()


def test_the_words_of_the_register_are_those_that_it_writes() -> None:
    text = (ROOT / "registry/services/deliveries.py").read_text("utf-8")
    assert set(re.findall(r'"([a-z]+_[a-z_]+)"', text)) == OF_THE_REGISTER


@pytest.mark.parametrize(
    ("reason", "carrier", "says"),
    [
        ("refused", CarrierKind.KOHA, koha_reasons.SAYS["refused"]),
        ("refused", CarrierKind.NCIP, NCIP["refused"]),
        ("several_found", CarrierKind.NCIP, koha_reasons.SAYS["several_found"]),
        ("nobody_came", CarrierKind.FEED, COURIER["nobody_came"]),
        ("zebra", CarrierKind.MANUAL, "a word that this program does not know"),
    ],
)
def test_a_word_that_two_carriers_use_is_explained_by_the_one_at_hand(
    reason: str, carrier: CarrierKind, says: str
) -> None:
    assert in_words(reason, carrier) == says
