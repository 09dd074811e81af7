"""What others hold of the register: one small Protocol for each role, never the services or the SQL behind it.

Nothing here says that the register is a database in the same process: a gateway that a library runs itself can ask a
central register over the wire by another implementation of the same Protocols.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Protocol

from registry.domain.asker import Asker
from registry.domain.card import Card, CardKind, CardNumber
from registry.domain.decisions import Decision, Question, Refusal
from registry.domain.initiating import Change, Objected, Order, Outcome
from registry.domain.institution import (
    CarrierKind,
    Institution,
    InstitutionId,
    LendingUnit,
    LendingUnitId,
    Publication,
)
from registry.domain.patron import Address, Language, Level, Sex
from registry.domain.recognition import Recognition, Sighting
from registry.domain.release import View
from registry.domain.secret import Secret
from registry.domain.standing import Standing, StandingState


class DoorRegister(Protocol):
    """What a door asks, in two steps: at once where the answer is at hand, else awaited within a deadline."""

    def admits(self, asker: Asker) -> Refusal | None:
        """Return why ``asker`` may not speak to the register now (no valid agreement), or ``None``."""

    async def turned_away(self, asker: Asker, deadline: float) -> None:
        """Audit that ``asker`` was refused at login for want of an agreement (A22); raises ``RegisterUnavailable``."""

    def at_once(self, question: Question) -> Decision | None:
        """Return the decision if it needs neither a database nor a hash, else ``None``."""

    async def answer(self, question: Question, deadline: float) -> Decision:
        """Return the decision before ``deadline`` (the clock's monotonic seconds).

        Raises ``RegisterUnavailable`` where it cannot be had in time.
        """

    async def judged_by_ils(self, asker: Asker, card: CardNumber, deadline: float, *, right: bool) -> None:
        """Count what the library system said of a PIN that it judged; raises ``RegisterUnavailable``."""

    async def card_of(self, unit: LendingUnitId, local_id: str, deadline: float) -> CardNumber | None:
        """Return the national card of the local patron whom a library system knows as ``local_id``, or ``None``.

        Raises ``RegisterUnavailable``.
        """

    async def sighted(self, asker: Asker, card: CardNumber, sighting: Sighting, deadline: float) -> Recognition:
        """Judge and record what the library system behind ``asker`` says of the card's holder.

        Raises ``RegisterUnavailable``.
        """

    async def forgotten(self, asker: Asker, card: CardNumber, deadline: float) -> None:
        """Record that the library system no longer knows a local patron; raises ``RegisterUnavailable``."""

    async def end_encounter(self, asker: Asker, card: CardNumber, deadline: float) -> None:
        """Forget that this card's PIN was proved at this terminal; raises ``RegisterUnavailable``."""


class InitiatorRegister(Protocol):
    """What the NCIP door asks in the name of library systems and services; each raises ``RegisterUnavailable``.

    Every method refuses an asker without a valid agreement, and every act is audited.
    """

    def admits(self, asker: Asker) -> Refusal | None:
        """Return why ``asker`` may not speak to the register now (no valid agreement), or ``None``."""

    def institution(self, institution: InstitutionId) -> Institution | None:
        """Return an institution or a service in force, or ``None``."""

    def unit(self, unit: LendingUnitId | None) -> LendingUnit | None:
        """Return a lending unit in force with the loan rules that hold there, or ``None``."""

    def at_once(self, question: Question) -> Decision | None:
        """Return the decision on card and PIN if it needs neither a database nor a hash, else ``None``."""

    async def answer(self, question: Question, deadline: float) -> Decision:
        """Return the decision on card and PIN before ``deadline`` (the clock's monotonic seconds)."""

    async def pretend(self, pin: Secret, deadline: float) -> None:
        """Take as long as a wrong PIN takes, and count nothing: for numbers that mean nobody, or two people."""

    def look_up_at_once(self, asker: Asker, card: CardNumber) -> Decision | None:
        """Return what a granted look-up without PIN tells of a local patron at hand, else ``None``."""

    async def look_up(
        self, asker: Asker, card: CardNumber | None, guests_per_day: int, deadline: float
    ) -> Decision | Objected:
        """Return what a granted look-up without PIN tells; cards that are not local here cost the day's budget."""

    async def card_of(self, unit: LendingUnitId, local_id: str, deadline: float) -> CardNumber | None:
        """Return the national card of the local patron whom a library system knows as ``local_id``, or ``None``."""

    async def create(self, asker: Asker, order: Order, deadline: float, by_right: int = 0) -> Outcome:
        """Make a patron a local one at the asker's lending unit: a guest who has accepted its rules, or a new one.

        ``by_right`` is how many guests the asker may take in within 24 hours without a PIN, each told by mail.
        """

    async def change(self, asker: Asker, change: Change, deadline: float) -> Outcome:
        """Change the entry of a patron who is local at the asker's lending unit."""

    async def end(self, asker: Asker, card: CardNumber, pin: Secret | None, deadline: float) -> Outcome:
        """End a patron's standing at the asker's lending unit, and nothing else."""

    async def reported(self, asker: Asker, what: str, deadline: float) -> None:
        """Write down that ``asker`` has reported something; it changes nothing here."""

    async def home_of(self, card: CardNumber, deadline: float) -> InstitutionId | Refusal | None:
        """Return the home library of a card's patron, ``None`` where they have none, a refusal for an unknown card."""


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class NewPatron:
    """What an operator or an import gives for a patron; ``repr`` shows nothing.

    ``card`` is the number to issue, or ``None`` for the next free one. ``local_at`` makes the patron a local one at
    these lending units, with the local ids given (the card number where empty).
    """

    family_name: str
    given_name: str
    birth_date: date
    sex: Sex = Sex.UNKNOWN
    identity_number: Secret | None = None
    card: CardNumber | None = None
    card_kind: CardKind = CardKind.DIGITAL
    pin: Secret | None = None
    password: Secret | None = None
    minimum_level: Level = Level.LOW
    registered_address: Address | None = None
    temporary_address: Address | None = None
    mobile: str | None = None
    phone: str | None = None
    email: str | None = None
    language: Language = Language.NB
    home_library: InstitutionId | None = None
    protected: bool = False
    local_at: dict[LendingUnitId, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PatronSheet:
    """What ``patron show`` prints: the released view, the cards and the standings."""

    view: View
    cards: tuple[Card, ...]
    standings: tuple[Standing, ...]
    attempts_against: int
    locked: bool


class NotDoneError(Exception):
    """An operator's wish that cannot be met; the text says why and holds no personal data."""


class RowRefusedError(NotDoneError):
    """One of many patrons cannot be added; ``position`` counts from 0."""

    def __init__(self, position: int, why: str) -> None:
        super().__init__(why)
        self.position = position


class PatronDesk(Protocol):
    """What an operator does with patrons at the command line; each act is audited under ``actor``."""

    async def add_patron(self, patron: NewPatron, actor: str) -> CardNumber:
        """Add a patron and return the card number; raises ``NotDoneError`` with what was wrong."""

    def find_fault(self, patron: NewPatron) -> str | None:
        """Return why ``patron`` would be refused whatever the register holds, or ``None``; holds no personal data."""

    async def add_patrons(
        self, patrons: Sequence[NewPatron], actor: str, progress: Callable[[int], None]
    ) -> Sequence[CardNumber]:
        """Add many patrons in one transaction, all or none, telling ``progress`` of each one's number.

        Raises ``RowRefusedError`` with the position of the patron that cannot be added.
        """

    async def show(self, card: CardNumber, actor: str, reason: str | None = None) -> PatronSheet:
        """Return a patron's sheet, masked unless an audited ``reason`` is given; raises ``NotDoneError``."""

    async def delete_patron(self, card: CardNumber, actor: str) -> None:
        """Erase a patron nationally (A29): the number becomes a tombstone (D5); raises ``NotDoneError``."""


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class StandingRow:
    """One patron of a library's list: the national card, the library system's own id, and since when."""

    card: CardNumber
    local_id: str
    since: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportRules:
    """How a list is imported.

    ``force`` also ends states that are the courier's or staff's; a patron who is local keeps the id all the same.
    """

    skip_refused: bool = False
    dry_run: bool = False
    force: bool = False

    def keeps(self, refused: Sequence[object]) -> bool:
        """Tell whether anything is kept, where these rows are refused."""
        return not self.dry_run and (self.skip_refused or not refused)


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportReport:
    """What became of a list: rows that made somebody local, rows that were so already, and refused ones with why.

    Refused rows are told by place, counted from 0; nothing of what they held is repeated.
    """

    kept: bool
    made: int
    unchanged: int
    refused: tuple[tuple[int, str], ...]


@dataclass(frozen=True, slots=True, repr=False)
class ListedStanding:
    """A standing with the patron's card in use, empty where there is none."""

    card: str
    standing: Standing


class StandingDesk(Protocol):
    """What an operator does with who is local where; each act is audited under ``actor``."""

    async def import_standings(
        self,
        unit: LendingUnitId,
        rows: Sequence[StandingRow],
        actor: str,
        rules: ImportRules,
        progress: Callable[[int], None],
    ) -> ImportReport:
        """Make the patrons of ``rows`` local at ``unit``, all in one transaction, and report of every row.

        ``progress`` is told how many more rows are done. Nothing is kept in a dry run, nor where a row was refused,
        unless the rules let refused rows be skipped. Raises ``NotDoneError``.
        """

    async def standings_at(self, unit: LendingUnitId, actor: str) -> Sequence[ListedStanding]:
        """Return everybody's standing at ``unit``; raises ``NotDoneError`` for an unknown one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """What came of ending a standing.

    ``state`` is ``ENDED`` where a local patron's came to its end, and ``GUEST`` where a wish to become one was called
    off. ``carrier`` is how the unit's library system learns of things, ``None`` where the unit is in no partner file.
    ``lost_home`` is the home library that was taken away with it (A16), if any.
    """

    before: StandingState
    state: StandingState
    carrier: CarrierKind | None
    lost_home: InstitutionId | None


class EndingDesk(Protocol):
    """What an operator does to end a standing; audited under ``actor`` with the reason."""

    async def end_standing(self, unit: LendingUnitId, card: CardNumber, actor: str, reason: str) -> Ending:
        """End how a card's patron stands at ``unit``, and have its library system told; raises ``NotDoneError``."""


class CardDesk(Protocol):
    """What an operator does with cards at the command line; each act is audited under ``actor``."""

    async def report_lost(self, card: CardNumber, actor: str) -> None:
        """Block a card that its patron has lost; raises ``NotDoneError``."""

    async def withdraw(self, card: CardNumber, actor: str) -> None:
        """Withdraw a card; raises ``NotDoneError``."""

    async def replace(self, card: CardNumber, new: CardNumber | None, kind: CardKind, actor: str) -> CardNumber:
        """Replace a card by ``new`` or the next free number, which is returned; raises ``NotDoneError``."""

    async def unlock(self, card: CardNumber, actor: str) -> None:
        """Clear the attempts against a card whose patron staff have identified; raises ``NotDoneError``."""


class Publisher(Protocol):
    """What puts the partner files into force."""

    async def publish(self, publication: Publication) -> int:
        """Put a publication into force in one transaction and return its generation."""
