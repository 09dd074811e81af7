"""What others hold of the register for activation: one small Protocol for each role, as in :mod:`registry.register`.

Each method that talks to the database raises ``RegisterUnavailable`` where it cannot be done in time; deadlines are the
clock's monotonic seconds.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

from registry.domain.activating import (
    Accepted,
    Hindered,
    LibraryOfPatron,
    Offer,
    Visit,
    Waiting,
    WaitingGuest,
)
from registry.domain.asker import Asker
from registry.domain.card import Card, CardNumber
from registry.domain.consent import Consent
from registry.domain.decisions import Refused
from registry.domain.delivery import Claim, Delivery, DeliveryId, FeedEntry, Parcel, Settled
from registry.domain.events import Recorded
from registry.domain.institution import Institution, InstitutionId, LendingUnit, LendingUnitId
from registry.domain.patron import Language
from registry.domain.secret import Secret
from registry.domain.standing import Standing


class ConsentDoor(Protocol):
    """What the SIP2 door asks for a guest at a kiosk whose PIN was proved there minutes ago."""

    def takes_consent(self, terminal: str) -> bool:
        """Tell whether this terminal is commissioned for consent by fee acknowledgement, and not switched off since."""

    async def offer(self, asker: Asker, card: CardNumber, language: Language, deadline: float) -> Offer | Hindered:
        """Note that the loan rules in force are shown to this patron at this terminal now, and return them."""

    async def accept(self, asker: Asker, card: CardNumber, evidence: str, deadline: float) -> Accepted | Hindered:
        """Keep the patron's yes to what was offered, durably, before this returns."""

    async def turn_down(self, asker: Asker, other_than: CardNumber, deadline: float) -> None:
        """Forget what was offered at this terminal to any other card: somebody else stands there now."""

    async def misused(self, asker: Asker, deadline: float) -> None:
        """Switch the terminal's channel off: it said yes for a patron to whom nothing was shown; audited."""

    async def link_code(self, asker: Asker, card: CardNumber, deadline: float) -> str | None:
        """Return a new one-time code that opens the page of the asker's library for this card, or ``None`` where the
        patron could accept nothing there. Only for a card whose PIN was proved here."""

    async def settled(self, asker: Asker, card: CardNumber, deadline: float) -> Standing | None:
        """Return how the patron stands here once the delivery has ended, or at ``deadline`` as it then is."""


@dataclass(frozen=True, slots=True)
class OpenedCode:
    """Where a one-time code leads: a library, and a card whose PIN is still to be asked."""

    institution: InstitutionId


@dataclass(frozen=True, slots=True)
class Ticket:
    """A proof, for some minutes, that somebody gave the right PIN on a page: unguessable, and ended by leaving.

    ``delay`` is seconds to wait before it is given: a right PIN must not be told by its quickness from a wrong one.
    """

    text: str
    delay: float = field(default=0.0, compare=False)


class Portal(Protocol):
    """What the pages for patrons ask."""

    def library(self, institution: InstitutionId) -> tuple[Institution, LendingUnit] | None:
        """Return a library with a valid agreement and loan rules, by its own id or a branch's; ``None`` for others."""

    async def open_code(self, code: str, deadline: float) -> OpenedCode | None:
        """Return where a code leads, without using it up; ``None`` for one that is unknown, used or too old."""

    async def enter(
        self,
        institution: InstitutionId,
        card: CardNumber | None,
        code: str | None,
        pin: Secret,
        origin: str,
        deadline: float,
    ) -> Ticket | Refused | Hindered:
        """Check card and PIN under the same limits as everywhere, and return a ticket for the pages behind.

        The card is given, or told by a ``code``, which is used up by the right PIN. ``origin`` stands for the address
        that asks, in the limits: a keyed hash of it, never the address.
        """

    async def visit(self, ticket: Ticket, deadline: float) -> Visit | None:
        """Return what the page may show to the holder of a ticket; ``None`` for one that is unknown or too old."""

    async def accept(
        self, ticket: Ticket, version: str, language: Language, deadline: float
    ) -> Accepted | Hindered | None:
        """Keep the holder's yes to this version in this language; ``None`` for a ticket that is unknown or too old.

        A local patron who is asked anew stays local, and nothing is delivered.
        """

    async def ask_for_desk(self, ticket: Ticket, deadline: float) -> Waiting | Hindered | None:
        """Put the holder into the queue of the library's desk."""

    async def withdraw(self, ticket: Ticket, deadline: float) -> bool:
        """Take the holder's wish back, where no library system was told yet; return whether that was so."""

    async def libraries(self, ticket: Ticket, deadline: float) -> Sequence[LibraryOfPatron] | None:
        """Return the holder's libraries and what was accepted there (A15, A18)."""

    async def leave(self, ticket: Ticket, deadline: float) -> None:
        """End a ticket."""


class GuestDesk(Protocol):
    """What staff do with the queue of a lending unit, at the command line; audited under ``actor``.

    Raises ``NotDoneError`` with what stands in the way.
    """

    async def guests(self, unit: LendingUnitId, actor: str) -> Sequence[WaitingGuest]:
        """Return who waits for this desk, the longest first."""

    async def approve(self, unit: LendingUnitId, card: CardNumber, place: InstitutionId, actor: str) -> None:
        """Record that the patron has accepted the rules at the desk, and have them brought to the library system."""

    async def deny(self, unit: LendingUnitId, card: CardNumber, actor: str) -> None:
        """Take a patron out of the queue."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Commission:
    """Whether a terminal may take consent by fee acknowledgement: since when, by whom, and why not (any more)."""

    terminal: str
    unit: LendingUnitId
    on: bool
    since: datetime
    actor: str
    reason: str = ""


class Commissioning(Protocol):
    """How a terminal is commissioned for consent by fee acknowledgement."""

    async def commission(self, terminal: str, unit: LendingUnitId, actor: str) -> None:
        """Record that staff have seen the trial succeed at this terminal."""

    async def switch_off(self, terminal: str, unit: LendingUnitId, actor: str, reason: str) -> None:
        """Take the channel away from a terminal; audited."""

    async def commissions(self) -> Sequence[Commission]:
        """Return every terminal that was ever commissioned."""


class StaleClaimError(Exception):
    """The lease has run out and somebody else has claimed the delivery since: what was found out is not recorded."""


class CourierRegister(Protocol):
    """What brings patrons to library systems; many couriers share the queue."""

    async def claim(self, units: Collection[LendingUnitId], limit: int, lease: timedelta) -> Sequence[Claim]:
        """Take up to ``limit`` due deliveries of these units, the longest due first, each for the time of a lease.

        Of a patron whose card is blocked nothing but an end is claimed. A claim whose lease ran out in the middle
        may be taken again; its parcel must then be looked up first (``Claim.tries`` is above 0).
        """

    async def settle(self, claim: Claim, settled: Settled) -> None:
        """Record what came of a claim, and what becomes of the standing; raises ``StaleClaimError``."""

    async def next_due(self, units: Collection[LendingUnitId]) -> datetime | None:
        """Return when the next delivery of these units is due, or ``None`` where there is none."""

    async def backlog(self, units: Collection[LendingUnitId] | None = None) -> tuple[int, datetime | None]:
        """Return how many deliveries are pending, and since when the oldest of them is: of these units, or of all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ActivationHistory:
    """All that is known of one delivery: what an operator reads on one screen.

    ``card`` is the card in use as the release table shows it, and empty where there is none. ``standing`` is how the
    patron stands at the unit now. ``consents`` are those for this unit, the newest first, and ``events`` what the audit
    trail has of this patron there, the oldest first.
    """

    delivery: Delivery
    card: str
    standing: Standing | None
    consents: Sequence[Consent]
    events: Sequence[Recorded]


class DeliveryDesk(Protocol):
    """What staff do with deliveries, at the command line; audited under ``actor``. Raises ``NotDoneError``."""

    async def deliveries(self, unit: LendingUnitId | None, actor: str) -> Sequence[tuple[Delivery, Card | None]]:
        """Return what is pending or stuck, each with the patron's newest card, which may be lost."""

    async def history(self, delivery: DeliveryId, actor: str, reason: str | None = None) -> ActivationHistory:
        """Return what has become of a delivery, one that has ended too; the card is masked unless a reason is given."""

    async def sheet(self, delivery: DeliveryId, actor: str) -> Parcel:
        """Return what staff need to enter a patron by hand, and take the delivery: audited."""

    async def resolve(self, delivery: DeliveryId, local_id: str, actor: str) -> None:
        """Make the patron local under this id of the library system; a change or an end is done, and has none."""

    async def retry(self, delivery: DeliveryId, actor: str) -> None:
        """Have a stuck delivery tried again, from a look-up on."""

    async def drop(self, delivery: DeliveryId, actor: str) -> None:
        """Give a stuck delivery up: the patron is a guest again."""


class FeedRegister(Protocol):
    """What a library system that fetches changes itself asks, in the name of its lending unit."""

    async def changes(self, unit: LendingUnitId, after: int, limit: int) -> Sequence[FeedEntry]:
        """Return the entries behind the cursor ``after``, in order."""

    async def take(self, unit: LendingUnitId, card: CardNumber, actor: str) -> Parcel | Hindered:
        """Return the record of a patron who has accepted the rules or is local, marking an activation as taken."""

    async def acknowledge(self, unit: LendingUnitId, card: CardNumber, local_id: str, actor: str) -> Hindered | None:
        """Record that the library system has the patron under ``local_id``; the same twice is the same once."""
