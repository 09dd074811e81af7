"""What must hold after every fault, whatever died: nothing acknowledged lost, nobody doubled, nothing told too soon.

``check_invariants`` looks at the register, the library system and everything that was said, and raises
:class:`InvariantViolated` with every violation. I6 (bounded) is not among them: it is measured over time.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from protocols import sip2
from registry.domain.card import CardNumber
from registry.domain.delivery import DeliveryState
from registry.domain.standing import StandingState
from tests.operations.activating.library import LibrarySystem
from tests.operations.activating.people import EMAIL, FAMILY, PIN, STREET, WRONG_PIN, Person
from tests.operations.activating.stored import Stand, Stored
from tests.operations.activating.visits import Visits
from tests.operations.test_canaries import found

# What an activation that is on its way, or has come to its end, must have in the outbox.
_IN_THE_OUTBOX = {
    StandingState.CONSENTED: DeliveryState.PENDING,
    StandingState.DELIVERING: DeliveryState.PENDING,
    StandingState.UNKNOWN: DeliveryState.PENDING,
    StandingState.NEEDS_STAFF: DeliveryState.STUCK,
    StandingState.LOCAL: DeliveryState.DONE,
}


class InvariantViolated(AssertionError):
    """Something that must never happen has happened; the text tells what, one line for each."""


@dataclass(frozen=True, slots=True)
class Checked:
    """How much was looked at: a check of nothing proves nothing."""

    acknowledged: int
    local: int
    receipts: int
    answers: int
    said: int


async def check_invariants(register: Stored, library: LibrarySystem, visits: Visits, *said: bytes) -> Checked:
    """Check I1 to I5 and I7; ``said`` is everything that daemons wrote: logs, standard error, metrics.

    Raises :class:`InvariantViolated`.
    """
    people = visits.place.people
    stands = await register.stands([one.card for one in people])
    violations = [
        *_lost(stands, visits, library),
        *_doubled(people, library),
        *_too_soon(library),
        *_secrets(people, said, await register.everything()),
        *_open(visits),
    ]
    fault = await register.fault()
    if fault is not None:
        violations.append(f"I7: the audit trail does not verify from {fault.seq}: {fault.what}")
    if violations:
        raise InvariantViolated("\n".join(violations))
    local = sum(stand.state is StandingState.LOCAL for stand in stands.values())
    return Checked(len(visits.acknowledged), local, len(library.receipts), len(visits.heard), sum(map(len, said)))


def _lost(stands: Mapping[CardNumber, Stand], visits: Visits, library: LibrarySystem) -> Iterator[str]:
    """I1: every acknowledged yes is stored, and is local, on its way, or in the sight of staff."""
    for card in sorted(visits.acknowledged):
        if stands[card].state not in _IN_THE_OUTBOX or not stands[card].consents:
            yield f"I1: {card} was told yes, and is {stands[card]}"
    for card, stand in stands.items():
        wanted = None if stand.state is None else _IN_THE_OUTBOX.get(stand.state)
        if wanted is not None and stand.delivery is not wanted:
            yield f"I1: {card} is {stand.state}, and what is to be brought is {stand.delivery}"
        if stand.state is StandingState.LOCAL and (stand.local_id is None or not library.holds(card)):
            yield f"I1: {card} is local as {stand.local_id}, and the library system has nobody"


def _doubled(people: Sequence[Person], library: LibrarySystem) -> Iterator[str]:
    """I2: the library system has one patron for each card at most, and one of each name."""
    for person in people:
        if max(library.holds(person.card), library.namesakes(person.given)) > 1:
            yield f"I2: the library system has {person.card} more than once"


def _too_soon(library: LibrarySystem) -> Iterator[str]:
    """I3: whatever names a patron reached the library system after the consent was committed; SIP2 has no names."""
    for number, receipt in enumerate(library.receipts):
        if not receipt.after_consent:
            yield f"I3: request {number} named {', '.join(receipt.cards)} before a consent was stored"
    told = library.told_by_sip2()
    for canary in (FAMILY, STREET, EMAIL, PIN):
        if found(canary, told):
            yield f"I3: {canary[:2]}… reached the library system by SIP2"


def _secrets(people: Sequence[Person], said: tuple[bytes, ...], everything: bytes) -> Iterator[str]:
    """I4: PINs, names and identity numbers in nothing that was said; PINs and identity numbers in no column."""
    for canary in (PIN, WRONG_PIN, FAMILY, STREET, EMAIL):
        if found(canary, *said):
            yield f"I4: {canary[:2]}… was logged"
    for canary in (PIN, WRONG_PIN):
        if found(canary, everything):
            yield f"I4: {canary[:2]}… is stored as it is"
    for person in people:
        raw = person.identity.encode()
        if any(raw in one for one in (*said, everything)):
            yield f"I4: the identity number of {person.card} is in plain sight"
        if any(person.given.encode() in one for one in said):
            yield f"I4: the name of {person.card} was logged"


def _open(visits: Visits) -> Iterator[str]:
    """I5: nobody is told that the PIN is right who has not shown it."""
    for heard in visits.heard:
        told = getattr(heard.answer, "valid_patron_password", None)
        if told == "Y" and heard.pin != PIN:
            yield f"I5: {heard.card} was let in with {'a wrong' if heard.pin else 'no'} PIN"
        if isinstance(heard.answer, sip2.CheckoutResponse) and heard.answer.ok == "1" and heard.pin == WRONG_PIN:
            yield f"I5: {heard.card} borrowed with a wrong PIN"
