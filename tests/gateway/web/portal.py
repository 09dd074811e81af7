"""A small real portal: libraries and patrons in memory, with the limits, tickets and codes that the register has."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from registry.activating import OpenedCode, Ticket
from registry.domain.activating import (
    Accepted,
    AcceptedRulesRecord,
    Hindered,
    Hindrance,
    LibraryOfPatron,
    Visit,
    Waiting,
    is_acceptance_due,
    offer_of,
)
from registry.domain.card import CardNumber
from registry.domain.consent import Channel
from registry.domain.decisions import Refusal, Refused, RegisterUnavailable
from registry.domain.institution import (
    Acceptance,
    Institution,
    InstitutionId,
    LendingUnit,
    LendingUnitId,
    LoanRules,
    RulesText,
)
from registry.domain.patron import Language
from registry.domain.secret import Secret
from registry.domain.standing import StandingEvent, StandingState, step
from tests.clocks import HandClock

STORBYEN, FJORDBY, SOLGATA = (InstitutionId(f"NO-{number}") for number in ("2030000", "2120100", "2030001"))
KARI, NILS, LITEN, MARIT, PER = (CardNumber(f"N00000{number}") for number in ("1001", "1002", "1003", "1004", "1005"))
PIN = "4817"

RULES = LoanRules(
    version="3",
    texts={
        "nb": RulesText(
            short="Lånetid 28 dager.",
            full="Lånetiden er 28 dager. Det som blir borte eller ødelagt, må erstattes.\n\nKortet er personlig.\n"
            "Meld fra til biblioteket med en gang hvis du mister det.",
        ),
        "nn": RulesText(short="Lånetid 28 dagar.", full="Lånetida er 28 dagar.\n\nKortet er personleg."),
        "en": RulesText(short="Loans last 28 days.", full="Loans last 28 days.\n\nThe card is personal."),
    },
)

_BY_STATE = {
    StandingState.LOCAL: Hindrance.ALREADY_LOCAL,
    StandingState.AWAITING_DESK: Hindrance.AWAITING_DESK,
    StandingState.CONSENTED: Hindrance.BEING_SET_UP,
    StandingState.DELIVERING: Hindrance.BEING_SET_UP,
    StandingState.UNKNOWN: Hindrance.BEING_SET_UP,
    StandingState.NEEDS_STAFF: Hindrance.NEEDS_STAFF,
}
_GOOD_FOR = 900.0


@dataclass
class Person:
    """A patron of the portal."""

    given_name: str | None
    pin: str = PIN
    language: Language = Language.NB
    age: int = 40
    blocked: Refusal | None = None
    states: dict[LendingUnitId, StandingState] = field(default_factory=dict)
    accepted: list[tuple[LendingUnitId, AcceptedRulesRecord]] = field(default_factory=list)
    wrong: int = 0


@dataclass
class _Pass:
    card: CardNumber
    institution: InstitutionId
    until: float


class BookPortal:
    """Implements :class:`registry.activating.Portal`; ``down`` makes every question an outage."""

    def __init__(self, clock: HandClock) -> None:
        self.clock = clock
        self.places = {
            STORBYEN: Institution(id=STORBYEN, name="Storbyen folkebibliotek", unit=LendingUnitId(STORBYEN)),
            SOLGATA: Institution(
                id=SOLGATA, name="Storbyen, Solgata", parent=STORBYEN, unit=LendingUnitId(STORBYEN)
            ),
            FJORDBY: Institution(id=FJORDBY, name="Fjordby bibliotek", unit=LendingUnitId(FJORDBY)),
        }  # fmt: skip
        self.units = {
            LendingUnitId(STORBYEN): LendingUnit(
                id=LendingUnitId(STORBYEN), agreement=None, rules=RULES, acceptance=Acceptance.DIGITAL
            ),
            LendingUnitId(FJORDBY): LendingUnit(id=LendingUnitId(FJORDBY), agreement=None, rules=RULES),
        }
        self.people = {
            KARI: Person("Kari"),
            NILS: Person("Nils", language=Language.SE),
            LITEN: Person("Liten", age=11),
            MARIT: Person("Marit", blocked=Refusal.CARD_LOST),
            PER: Person("Per", language=Language.EN),
        }
        self.codes: dict[str, _Pass] = {}
        self.tickets: dict[str, _Pass] = {}
        self.origins: list[str] = []
        self.asked_pins = 0
        self.down = False
        self.delay = 0.0
        self.used_up_by_a_yes = False
        self.refuses: Refused | None = None
        self.hinders: Hindrance | None = None
        self.broken = False

    # What tests do.

    def code(self, card: CardNumber, institution: InstitutionId = STORBYEN) -> str:
        """Give a code out, as a kiosk does."""
        code = f"kode{len(self.codes)}bcdfgh"
        self.codes[code] = _Pass(card, institution, self.clock.monotonic() + _GOOD_FOR)
        return code

    def stands(self, card: CardNumber, state: StandingState | None, unit: InstitutionId = STORBYEN) -> None:
        """Let a patron stand so at a library."""
        states = self.people[card].states
        if state is None:
            states.pop(LendingUnitId(unit), None)
        else:
            states[LendingUnitId(unit)] = state

    def state(self, card: CardNumber, unit: InstitutionId = STORBYEN) -> StandingState | None:
        """How a patron stands at a library."""
        return self.people[card].states.get(LendingUnitId(unit))

    def publish(self, rules: LoanRules | None, unit: InstitutionId = STORBYEN) -> None:
        """Put other rules into force."""
        self.units[LendingUnitId(unit)] = dataclasses.replace(self.units[LendingUnitId(unit)], rules=rules)

    def rename(self, name: str, institution: InstitutionId = STORBYEN) -> None:
        """Give a library another name."""
        self.places[institution] = dataclasses.replace(self.places[institution], name=name)

    # The portal.

    def library(self, institution: InstitutionId) -> tuple[Institution, LendingUnit] | None:
        """A library with rules."""
        place = self.places.get(institution)
        unit = self.units.get(place.unit) if place and place.unit else None
        return None if place is None or unit is None or unit.rules is None else (place, unit)

    async def open_code(self, code: str, deadline: float) -> OpenedCode | None:
        """Where a code leads."""
        self._up()
        found = self._good(self.codes, code)
        return None if found is None else OpenedCode(found.institution)

    async def enter(
        self,
        institution: InstitutionId,
        card: CardNumber | None,
        code: str | None,
        pin: Secret,
        origin: str,
        deadline: float,
    ) -> Ticket | Refused | Hindered:
        """Check card and PIN."""
        self._up()
        self.origins.append(origin)
        if self.hinders is not None:
            return Hindered(self.hinders)
        if self.refuses is not None:
            return self.refuses
        if code is not None:
            found = self._good(self.codes, code)
            if found is None or found.institution != institution:
                return Hindered(Hindrance.CODE_UNFIT)
            card = found.card
        self.asked_pins += 1
        person = self.people.get(card) if card else None
        if person is None or card is None:
            return Refused(Refusal.UNKNOWN_CARD, delay=self.delay)
        if person.wrong >= 5:
            return Refused(Refusal.LOCKED)
        if person.wrong >= 3:
            return Refused(Refusal.WAIT, wait=30.0)
        if pin.reveal() != person.pin:
            person.wrong += 1
            return Refused(Refusal.WRONG_PIN, delay=self.delay)
        person.wrong = 0
        if person.blocked is not None:
            return Refused(person.blocked, pin_proved=True)
        if code is not None:
            del self.codes[code]
        ticket = f"ticket-{len(self.tickets)}-{origin}"
        self.tickets[ticket] = _Pass(card, institution, self.clock.monotonic() + _GOOD_FOR)
        return Ticket(ticket, delay=self.delay)

    async def visit(self, ticket: Ticket, deadline: float) -> Visit | None:
        """What may be shown."""
        self._up()
        if self.broken:
            raise ZeroDivisionError(f"with {ticket.text} in its text")
        found = self._good(self.tickets, ticket.text)
        if found is None:
            return None
        person, (place, unit) = self.people[found.card], self._place(found)
        return Visit(
            institution=place.id,
            library=place.name,
            given_name=person.given_name,
            language=person.language,
            state=person.states.get(unit.id),
            offer=offer_of(unit, person.language),
            hindrance=self._why_not(person, unit),
        )

    async def accept(
        self, ticket: Ticket, version: str, language: Language, deadline: float
    ) -> Accepted | Hindered | None:
        """Keep a yes."""
        self._up()
        found = self._good(self.tickets, ticket.text)
        if found is None:
            return None
        person, (place, unit) = self.people[found.card], self._place(found)
        why = self._why_not(person, unit)
        offered = offer_of(unit, language)
        if why is not None or offered is None:
            return Hindered(why or Hindrance.NO_RULES)
        if (offered.version, offered.language) != (version, language):
            return Hindered(Hindrance.RULES_CHANGED)
        if person.states.get(unit.id) is not StandingState.LOCAL:
            person.states[unit.id] = step(person.states.get(unit.id), StandingEvent.RULES_ACCEPTED)
        record = AcceptedRulesRecord(
            library=place.name,
            version=version,
            language=language,
            channel=Channel.PHONE,
            at=self.clock.now(),
            text=offered.full,
        )
        person.accepted.append((unit.id, record))
        if self.used_up_by_a_yes:
            del self.tickets[ticket.text]
        return Accepted(person.states[unit.id])

    async def ask_for_desk(self, ticket: Ticket, deadline: float) -> Waiting | Hindered | None:
        """Put into the queue."""
        self._up()
        found = self._good(self.tickets, ticket.text)
        if found is None:
            return None
        person, (_, unit) = self.people[found.card], self._place(found)
        why = self._why_not(person, unit)
        if why in (None, Hindrance.IN_PERSON, Hindrance.TOO_YOUNG):
            person.states[unit.id] = step(person.states.get(unit.id), StandingEvent.DESK_ASKED)
            return Waiting()
        return Waiting() if why is Hindrance.AWAITING_DESK else Hindered(why)

    async def withdraw(self, ticket: Ticket, deadline: float) -> bool:
        """Take a wish back."""
        self._up()
        found = self._good(self.tickets, ticket.text)
        if found is None:
            return False
        person, (_, unit) = self.people[found.card], self._place(found)
        if person.states.get(unit.id) not in (StandingState.AWAITING_DESK, StandingState.CONSENTED):
            return False
        person.states[unit.id] = step(person.states[unit.id], StandingEvent.WITHDRAWN)
        return True

    async def libraries(self, ticket: Ticket, deadline: float) -> Sequence[LibraryOfPatron] | None:
        """The libraries of a patron."""
        self._up()
        found = self._good(self.tickets, ticket.text)
        if found is None:
            return None
        person = self.people[found.card]
        return [
            LibraryOfPatron(
                unit=unit,
                library=self.places[InstitutionId(unit)].name,
                state=state,
                since=self.clock.now() - timedelta(days=400),
                is_home=unit == LendingUnitId(STORBYEN),
                accepted=[record for at, record in person.accepted if at == unit],
                rules_wait=self._is_asked_anew(person, self.units[unit]),
            )
            for unit, state in person.states.items()
        ]

    async def leave(self, ticket: Ticket, deadline: float) -> None:
        """End a ticket."""
        self._up()
        self.tickets.pop(ticket.text, None)

    def _up(self) -> None:
        if self.down:
            raise RegisterUnavailable("the database at 192.0.2.7 does not answer")

    def _good(self, passes: dict[str, _Pass], text: str) -> _Pass | None:
        found = passes.get(text)
        return found if found is not None and self.clock.monotonic() < found.until else None

    def _place(self, found: _Pass) -> tuple[Institution, LendingUnit]:
        place = self.places[found.institution]
        assert place.unit is not None
        return place, self.units[place.unit]

    def _is_asked_anew(self, person: Person, unit: LendingUnit) -> bool:
        state = person.states.get(unit.id)
        newest = next((record.version for at, record in reversed(person.accepted) if at == unit.id), None)
        return state is StandingState.LOCAL and is_acceptance_due(unit, state, newest)

    def _why_not(self, person: Person, unit: LendingUnit) -> Hindrance | None:
        state = person.states.get(unit.id)
        if self._is_asked_anew(person, unit):
            return None
        if state in _BY_STATE:
            return _BY_STATE[state]
        if unit.rules is None:
            return Hindrance.NO_RULES
        if unit.acceptance is Acceptance.IN_PERSON:
            return Hindrance.IN_PERSON
        return Hindrance.TOO_YOUNG if person.age < unit.minimum_age else None
