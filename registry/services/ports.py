"""What the use cases need from outside: a clock, look-ups, a unit of work, keys. Storage implements them by SQL.

Implementations raise :class:`~registry.domain.decisions.RegisterUnavailable` for every outage of the database (no
connection, a timeout, a lock not got in time, a full disk) and :class:`AlreadyThereError` for a broken uniqueness;
nothing of SQLAlchemy passes this line.
"""

from __future__ import annotations

import enum
from collections.abc import AsyncIterator, Callable, Collection, Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import date, datetime
from typing import NewType, Protocol

from registry.domain.asker import Asker
from registry.domain.attempts import CardLog, Limits, Reservation, Tally
from registry.domain.card import Card, CardNumber
from registry.domain.consent import Consent, Encounter
from registry.domain.delivery import ChangeKind, Delivery, DeliveryId, DeliveryKind, FeedEntry
from registry.domain.events import Event, Recorded
from registry.domain.identification import CardHolder
from registry.domain.institution import InstitutionId, LendingUnitId, Publication
from registry.domain.notice import Notice, NoticeId, NoticeKind
from registry.domain.patron import Credentials, Patron, PatronId, StoredSecret
from registry.domain.standing import Standing, StandingState
from registry.domain.token import Token, TokenPurpose

AttemptId = NewType("AttemptId", int)


class AlreadyThereError(Exception):
    """Something that must be unique exists already; ``what`` is the name of the broken constraint."""

    def __init__(self, what: str) -> None:
        super().__init__(what)
        self.what = what


class RulesTextChangedError(Exception):
    """A published rules text was changed without a new version: ``what`` names unit, version and language."""

    def __init__(self, what: str) -> None:
        super().__init__(what)
        self.what = what


class Clock(Protocol):
    """The time, handed down; nobody below the composition root looks at a clock of their own."""

    def now(self) -> datetime:
        """Return the wall clock's time, aware, in UTC."""

    def steady(self) -> datetime:
        """Return an aware UTC time that no setting of the wall clock moves while the process lives."""

    def monotonic(self) -> float:
        """Return seconds for deadlines, the same clock as the event loop's ``time()``."""

    def today(self) -> date:
        """Return the date in Oslo."""


class Lookups(Protocol):
    """Reads of the hot path; implementations coalesce what is asked at the same time."""

    async def find(self, card: CardNumber) -> CardHolder | None:
        """Return who holds ``card``, or ``None`` for a number that nobody has (a deleted patron's included)."""


class ChangeSignal(Protocol):
    """Tells of committed changes, also those of other processes, so that caches can let go."""

    def is_trustworthy(self) -> bool:
        """Tell whether changes of other processes would be noticed now; if not, caches are bypassed."""

    def listen(self, listener: Callable[[PatronId | None], None]) -> None:
        """Call ``listener`` with each changed patron, or with ``None`` when anything may have changed."""


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class SealedIdentity:
    """An identity number as stored: the keyed look-up hash, the encrypted number, and the ids of both keys."""

    index: bytes
    index_key: str
    encrypted: bytes
    identity_key: str


class Patrons(Protocol):
    """The patrons of one unit of work."""

    async def add(self, patron: Patron, credentials: Credentials, identity: SealedIdentity | None) -> None:
        """Add a patron whose id the caller has made; raises ``AlreadyThereError`` for a known identity number."""

    async def find(self, patron: PatronId) -> tuple[Patron, Credentials] | None:
        """Return a patron with credentials, or ``None``."""

    async def identity_of(self, patron: PatronId) -> SealedIdentity | None:
        """Return a patron's identity number as it is stored, or ``None`` where nobody has proved one."""

    async def with_identity(self, index: bytes) -> PatronId | None:
        """Return whose identity number has this look-up hash, or ``None``."""

    async def candidates(self, family_name: str, given_name: str, birth_date: date) -> Sequence[PatronId]:
        """Return who has this name (letter case aside) and birth date; for patrons without an identity number."""

    async def set_pin(self, patron: PatronId, pin: StoredSecret) -> None:
        """Replace the stored PIN."""

    async def change(self, patron: Patron) -> None:
        """Store the temporary address, telephones, e-mail, language and home library of a patron who exists."""

    async def seen_on(self, patron: PatronId, day: date) -> None:
        """Move the date of last activity forward to ``day``; never backward."""

    async def delete(self, patron: PatronId) -> None:
        """Erase the patron with cards, standings, consents, encounters and attempts; the audit trail loses the salt."""


class Cards(Protocol):
    """The cards of one unit of work."""

    async def add(self, card: Card) -> None:
        """Add a card; raises ``AlreadyThereError`` for a number in use or once used by a deleted patron."""

    async def find(self, number: CardNumber) -> Card | None:
        """Return the card with this number, or ``None``."""

    async def with_numbers(self, numbers: Collection[CardNumber]) -> Mapping[CardNumber, Card]:
        """Return the cards that have one of these numbers, a thousand or so at a time."""

    async def in_use_by(self, patrons: Collection[PatronId]) -> Mapping[PatronId, CardNumber]:
        """Return which card each of these patrons uses, a thousand or so at a time; who has none is left out."""

    async def of(self, patron: PatronId) -> Sequence[Card]:
        """Return all cards of a patron, the newest first."""

    async def change(self, card: Card) -> None:
        """Store the state and the successor of a card that exists."""

    async def bury(self, tombstone: bytes, index_key: str) -> None:
        """Keep the keyed hash of a deleted number, never to be issued again (D5)."""

    async def is_buried(self, tombstone: bytes) -> bool:
        """Tell whether a number with this keyed hash was once deleted."""


class Libraries(Protocol):
    """What the partner files have put into force."""

    async def generation(self) -> int:
        """Return the generation in force; 0 before anything was published."""

    async def published(self) -> Publication:
        """Return what is in force."""

    async def publish(self, publication: Publication) -> int:
        """Put a whole publication in force and return its generation; the same content keeps the generation.

        Institutions and units that are gone are kept for history and no longer in force. Raises
        ``RulesTextChangedError`` where a text of a published (unit, version, language) differs.
        """


class Standings(Protocol):
    """The standings of one unit of work."""

    async def of(self, patron: PatronId) -> Sequence[Standing]:
        """Return all standings of a patron."""

    async def add(self, standing: Standing) -> None:
        """Add a standing; raises ``AlreadyThereError`` for a second one of the same patron and unit or local id."""

    async def change(self, standing: Standing) -> None:
        """Store the state, since, origin and local id of a standing that exists."""

    async def hold(self, patron: PatronId, unit: LendingUnitId) -> None:
        """Hold off every other unit of work that holds the same standing, until the commit."""

    async def try_to_hold(self, patron: PatronId, unit: LendingUnitId) -> bool:
        """Do what :meth:`hold` does, unless somebody else holds it now; return whether it is held.

        For who has something else locked already, which the other one may wait for.
        """

    async def at(self, unit: LendingUnitId) -> Sequence[Standing]:
        """Return all standings at a unit, in no order."""

    async def in_state(
        self, state: StandingState, *, unit: LendingUnitId | None = None, before: datetime | None = None
    ) -> Sequence[Standing]:
        """Return the standings in a state, the oldest first: of one unit, or of those that are so since ``before``."""

    async def change_all(self, standings: Sequence[Standing]) -> None:
        """Store many standings that exist, in this order, a thousand or so at a time.

        Raises ``AlreadyThereError``, which ends the work.
        """

    async def add_all(self, standings: Sequence[Standing]) -> None:
        """Add many standings, a thousand or so at a time; raises ``AlreadyThereError``, which ends the work."""


class Consents(Protocol):
    """The accepted rules of one unit of work."""

    async def add(self, consent: Consent) -> None:
        """Keep an acceptance."""

    async def of(self, patron: PatronId) -> Sequence[Consent]:
        """Return all acceptances of a patron, the newest first."""


class Encounters(Protocol):
    """What is known of cards at terminals for minutes."""

    async def record(self, encounter: Encounter) -> None:
        """Keep or renew an encounter of (unit, terminal, card); one without an offer leaves an earlier one as it is."""

    async def find(self, unit: LendingUnitId, terminal: str, card: CardNumber, now: datetime) -> Encounter | None:
        """Return the encounter that is still running at ``now``, or ``None``."""

    async def last(self, unit: LendingUnitId, terminal: str, card: CardNumber) -> Encounter | None:
        """Return the last encounter that was kept, be it over by now, or ``None``."""

    async def turn_down(self, unit: LendingUnitId, terminal: str, other_than: CardNumber) -> None:
        """End what was offered at a terminal to any other card; that it was offered is still known."""

    async def withdraw_offers(self, unit: LendingUnitId, card: CardNumber) -> None:
        """End what was offered to a card anywhere at a unit; that it was offered, and the proved PIN, are kept."""

    async def forget(self, before: datetime) -> int:
        """Delete encounters that were over by then; return how many."""

    async def end(self, unit: LendingUnitId, terminal: str, card: CardNumber) -> None:
        """End the encounter, if there is one."""

    async def end_all(self, card: CardNumber) -> None:
        """End every encounter of a card: it was blocked, or its PIN changed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ready:
    """A delivery that may be claimed, and how its patron stands at its unit."""

    delivery: Delivery
    standing: Standing


class Deliveries(Protocol):
    """The outbox of one unit of work. Times are the database's own, so that couriers on several machines agree."""

    async def now(self) -> datetime:
        """Return the database's time."""

    async def want(self, patron: PatronId, unit: LendingUnitId, kind: DeliveryKind, place: InstitutionId) -> None:
        """Have something brought from now on: a new row, or the one that there is once more."""

    async def ready(self, units: Collection[LendingUnitId], now: datetime, limit: int) -> Sequence[Ready]:
        """Return what is due and under no lease, the longest due first; other couriers are held off what is returned.

        Of a patron who has no card in use nothing but an end is returned.
        """

    async def whose(self, delivery: DeliveryId) -> tuple[PatronId, LendingUnitId] | None:
        """Return whose standing a delivery is about, to be held before the delivery itself; ``None`` for no such."""

    async def find(self, delivery: DeliveryId) -> Delivery | None:
        """Return a delivery, holding off everybody else until the commit; ``None`` where there is none."""

    async def of(self, patron: PatronId, unit: LendingUnitId, kind: DeliveryKind) -> Delivery | None:
        """Return the delivery of this kind, holding off everybody else until the commit; ``None`` for none."""

    async def change(self, delivery: Delivery) -> None:
        """Store everything but whose it is of a delivery that exists."""

    async def change_all(self, deliveries: Sequence[Delivery]) -> None:
        """Store many, as :meth:`change` does."""

    async def open(self, unit: LendingUnitId | None) -> Sequence[Delivery]:
        """Return what is pending or stuck, at one unit or at all, the oldest first."""

    async def overdue(self, before: datetime) -> Sequence[Delivery]:
        """Return the activations that are pending, under no lease, since before then."""

    async def next_due(self, units: Collection[LendingUnitId]) -> datetime | None:
        """Return when the next of these units' is due, or its lease ends; ``None`` where nothing is pending."""

    async def backlog(self, units: Collection[LendingUnitId] | None = None) -> tuple[int, datetime | None]:
        """Return how many are pending, and since when the oldest is: of these units, or of all."""


class Notices(Protocol):
    """The notices to patrons of one unit of work."""

    async def add(self, patron: PatronId, unit: LendingUnitId, kind: NoticeKind, now: datetime) -> None:
        """Have a patron told of something that happened at ``unit``."""

    async def ready(self, now: datetime, limit: int) -> Sequence[Notice]:
        """Return what is due and under no lease, the longest due first; others are held off what is returned."""

    async def find(self, notice: NoticeId) -> Notice | None:
        """Return a notice, holding off everybody else until the commit; ``None`` where there is none."""

    async def change(self, notice: Notice) -> None:
        """Store everything but what it is about of a notice that exists."""

    async def open(self) -> Sequence[Notice]:
        """Return what waits, and what will not be sent, the oldest first."""

    async def backlog(self) -> tuple[int, datetime | None]:
        """Return how many wait, and since when the oldest does."""

    async def forget(self, before: datetime) -> int:
        """Delete what was sent, or was not to be sent, and happened before then; return how many."""


class Feed(Protocol):
    """The change feeds of lending units."""

    async def append(self, unit: LendingUnitId, card: str, kind: ChangeKind, at: datetime) -> None:
        """Write an entry behind all that there are; whoever reads never misses one that is committed later."""

    async def after(self, unit: LendingUnitId, sequence: int, limit: int) -> Sequence[FeedEntry]:
        """Return the entries behind a cursor, in order."""

    async def forget(self, before: datetime) -> int:
        """Delete entries older than that, but for each unit's last, by which the cursor goes on; return how many."""


class Tokens(Protocol):
    """One-time codes and tickets."""

    async def put(self, token: Token) -> None:
        """Keep a token; of its purpose, card and institution it is the only one from now on (B16)."""

    async def find(self, mark: bytes, purpose: TokenPurpose, now: datetime) -> Token | None:
        """Return the token with this mark, if it is still good at ``now``."""

    async def use_up(self, mark: bytes) -> bool:
        """Delete a token; return whether it was there: of two who use the same one, one alone succeeds."""

    async def end_all(self, card: CardNumber) -> None:
        """Delete every token of a card: it was blocked, or its PIN changed."""

    async def forget(self, before: datetime) -> int:
        """Delete tokens that were no longer good by then; return how many."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Commissioned:
    """A terminal that was commissioned for consent by fee acknowledgement, and whether it still may."""

    terminal: str
    unit: LendingUnitId
    is_on: bool
    since: datetime
    actor: str
    reason: str = ""


class Commissions(Protocol):
    """The terminals that may take consent by fee acknowledgement."""

    async def put(self, commissioned: Commissioned) -> None:
        """Keep how it is with a terminal now."""

    async def all(self) -> Sequence[Commissioned]:
        """Return every terminal that was ever commissioned, in the order of names."""


class Look(enum.Enum):
    """What became of a look that is limited by a budget."""

    NEW = enum.auto()
    AGAIN = enum.auto()
    """This card was looked at within the window: it costs nothing."""
    REFUSED = enum.auto()


class Attempts(Protocol):
    """Wrong PINs and checks under way."""

    async def hold(self, cards: Collection[CardNumber], terminals: Collection[str]) -> None:
        """Hold off others who hold or judge any of these, until the commit; the first thing that a work does."""

    async def log_of(self, card: CardNumber, now: datetime, limits: Limits) -> CardLog:
        """Return what counts against ``card``, holding off every other reservation for it until the commit."""

    async def tally(self, asker: Asker, now: datetime, limits: Limits, *, failed_only: bool = False) -> Tally:
        """Return what counts against the asker's terminal, its institution and everybody; if ``failed_only``, without
        the checks that are still under way."""

    async def reserve(self, reservation: Reservation) -> AttemptId:
        """Write an attempt down before its PIN is hashed."""

    async def take_back(self, attempt: AttemptId) -> None:
        """Delete a reservation: the PIN was right, or never reached the check."""

    async def has_failed(self, attempt: AttemptId) -> None:
        """Note that the PIN was wrong: what was reserved is a failure from now on."""

    async def start_anew(self, card: CardNumber, at: datetime) -> None:
        """Note a success: the card's attempts up to ``at`` are no longer consecutive."""

    async def unlock(self, card: CardNumber, at: datetime) -> None:
        """Staff saw the patron: the card's attempts up to ``at`` count neither in a row nor for the day."""

    async def forgive(self, card: CardNumber, institution: str, at: datetime) -> None:
        """Another judge than the register found the PIN right: the card's attempts there, up to ``at``, no longer count
        in a row or for the day."""

    async def look_at_stranger(self, terminal: str, card: CardNumber, now: datetime, window: float) -> int:
        """Note that ``terminal`` looked at a card without standing there; return how many different ones it looked
        at in the last ``window`` seconds, this one included."""

    async def look_within_budget(
        self, terminal: str, card: CardNumber, now: datetime, window: float, budget: int
    ) -> Look:
        """Note that ``terminal`` looks at ``card``, unless it has looked at ``budget`` others in ``window`` seconds."""

    async def forget(self, before: datetime) -> int:
        """Delete attempts and looks that no limit counts any more, but never an unbroken row of failures."""


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Performed:
    """The last request of one kind that an initiator had performed for one card: known again by its fingerprint."""

    key: bytes
    fingerprint: bytes
    patron: PatronId
    card: CardNumber
    at: datetime


class PerformedRequests(Protocol):
    """Requests that were performed, so that an equal one is answered alike and not performed twice."""

    async def hold(self, what: str) -> None:
        """Hold off every other unit of work that holds the same, until the commit."""

    async def find(self, key: bytes) -> Performed | None:
        """Return the last request with this key, or ``None``."""

    async def put(self, performed: Performed) -> None:
        """Keep a request in place of the former one with its key."""


class Audit(Protocol):
    """The audit trail of one unit of work."""

    async def append(self, event: Event) -> None:
        """Write an event down; it is committed with the change that it tells of."""

    async def append_all(self, events: Sequence[Event]) -> None:
        """Write many events down, a thousand or so at a time."""

    async def of(self, patron: PatronId) -> Sequence[Recorded]:
        """Return what was written down of a patron, the oldest first; raises ``LookupError`` for one who is gone."""


class UnitOfWork(Protocol):
    """One transaction: all of it is kept or none."""

    patrons: Patrons
    cards: Cards
    libraries: Libraries
    standings: Standings
    consents: Consents
    encounters: Encounters
    deliveries: Deliveries
    notices: Notices
    feed: Feed
    tokens: Tokens
    commissions: Commissions
    attempts: Attempts
    performed: PerformedRequests
    audit: Audit

    def changed(self, patron: PatronId) -> None:
        """Have the change signal tell of ``patron`` once this is committed."""


class OpenUnitOfWork(Protocol):
    """Opens a unit of work that commits when its block ends well and rolls back when it does not."""

    def __call__(self) -> AbstractAsyncContextManager[UnitOfWork]:
        """Return the context manager; leaving it well means that the change is durable."""


@dataclass(frozen=True, slots=True)
class ChainFault:
    """The first row of the audit trail that does not verify, and why."""

    seq: int
    what: str


class AuditChain(Protocol):
    """The keyed chain over the audit trail; one sealer writes it."""

    async def seal(self) -> int:
        """Chain the rows committed since last time; return how many."""

    async def verify(
        self, anchors: Iterable[tuple[int, bytes]] = (), *, sealed_before: datetime | None = None
    ) -> ChainFault | None:
        """Return the first fault of the chain, or ``None`` where every row verifies.

        ``anchors`` are heads kept elsewhere, which must still be there; rows written earlier than ``sealed_before``
        must be sealed.
        """

    async def head(self) -> tuple[int, bytes]:
        """Return the sequence number and MAC of the last sealed row, to be kept elsewhere as an anchor."""

    async def oldest_unsealed(self) -> datetime | None:
        """Return when the oldest row that is not sealed yet was written, or ``None``."""


class Searches(Protocol):
    """Reads for people at a prompt, one after the other."""

    def cards(self, *, after: CardNumber | None = None) -> AsyncIterator[Card]:
        """Iterate over all cards in the order of their numbers."""


class LocalIds(Protocol):
    """Reads from a library system's own patron id to the national card."""

    async def card_of(self, unit: LendingUnitId, local_id: str) -> tuple[PatronId, CardNumber] | None:
        """Return the local patron with this id at ``unit`` and the card in use, or ``None``."""


class WriteProbe(Protocol):
    """Tells health whether the database takes writes."""

    async def __call__(self) -> None:
        """Write and commit a row; raises ``RegisterUnavailable`` where that fails."""
