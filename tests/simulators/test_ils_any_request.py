"""Whatever a request holds, the simulated library answers it, and its books still fit together."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as some

from gateway.simulators.ils import QUIRKS
from gateway.simulators.ils.quirks import in_message, on_wire
from protocols import sip2
from protocols.sip2 import Codec, Message
from tests.simulators.ils_library import Library

CODEC = Codec("utf-8")

# Values that mean something here, and values that mean nothing anywhere.
MEANT = [
    *("S1", "S2", "N001234567", "S4", "i1", "i2", "i5", "i7", "4711", "Y", "N", "+", "-", "*", "3", "1", "0"),
    *("NOK", "50.00", "F1001", "HOVED", "NORD", "Ute"),
]
ODD = ["20261201    120000", "", " ", "-1", "NaN", "1e9", "99999999999999999999", "å|\r"]
WORDS = some.sampled_from([*MEANT, *ODD])


@some.composite
def requests(draw: some.DrawFn) -> Message:
    cls = draw(some.sampled_from([cls for cls in sip2.MESSAGES.values() if cls.answered_by]))
    values: dict[str, Any] = {name: draw(WORDS) for name, _ in cls.layout.fixed}
    for place in cls.layout.variable:
        if place.required or draw(some.booleans()):
            values[place.attribute] = draw(WORDS)
    read = CODEC.decode(CODEC.encode(cls(**values)))
    assert isinstance(read, Message)
    return read


@settings(max_examples=60)
@given(some.lists(requests(), max_size=12), some.sets(some.sampled_from(sorted(QUIRKS))))
def test_every_request_gets_its_own_answer_and_the_books_fit_together(asked: list[Message], quirks: set[str]) -> None:
    library = Library(quirks=tuple(sorted(quirks)))
    for one in asked:
        answer = library.system.answer(one)
        assert answer.number == one.answered_by
        assert on_wire(quirks, CODEC.encode(in_message(quirks, answer)) + b"\r").endswith(b"\r")
    ledger = library.ledger
    assert all(barcode == loan.item for barcode, loan in ledger.loans.items())
    assert all(fee.amount > 0 for fee in ledger.fees)
    shelved = [hold.shelved for hold in ledger.holds if hold.shelved]
    assert len(shelved) == len(set(shelved))
    assert ledger.fit(library.system.world) == 0
