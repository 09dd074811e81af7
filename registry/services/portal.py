"""What the pages for patrons ask: who is this, what may they accept here, and their yes.

A page is an online service: who has set a password must give it there (D2), and whoever demands a stronger log-in than
the page has is sent to the desk.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from registry.activating import OpenedCode, Ticket
from registry.credentials.identity import IdentityVault
from registry.domain.activating import (
    Accepted,
    AcceptedRulesRecord,
    Hindered,
    Hindrance,
    LibraryOfPatron,
    Visit,
    Waiting,
    hindrance,
    may_renew,
    offer_of,
)
from registry.domain.asker import Asker, AskerClass
from registry.domain.card import CardNumber
from registry.domain.consent import Channel, Consent
from registry.domain.decisions import Question, Refusal, Refused
from registry.domain.identification import card_refusal
from registry.domain.institution import Institution, InstitutionId, LendingUnit, LendingUnitId
from registry.domain.patron import Language, Patron
from registry.domain.release import Audience, release
from registry.domain.secret import Secret
from registry.domain.standing import NotAllowedError, Standing, StandingEvent, StandingState
from registry.domain.token import Token, TokenPurpose
from registry.register import DoorRegister
from registry.services.consents import keep_consent
from registry.services.deadlines import until
from registry.services.libraries import PublishedLibraries
from registry.services.people import CardHolding, holding
from registry.services.ports import Clock, OpenUnitOfWork, UnitOfWork
from registry.services.recent import Recently
from registry.services.standing_moves import StandingMoves
from registry.services.tokens import TICKET_GOOD_FOR, mark_of_code, mark_of_ticket, new_ticket
from registry.services.witness import Witness

_ACTOR = "the patron's page"
_AT_THE_DESK = frozenset({Hindrance.IN_PERSON, Hindrance.TOO_YOUNG})


@dataclass(frozen=True, slots=True)
class _Holder:
    """Whom a good ticket speaks for, and where."""

    token: Token
    unit: LendingUnit
    place: Institution


class PatronPortal:
    """Implements :class:`registry.activating.Portal`."""

    def __init__(
        self,
        door: DoorRegister,
        libraries: PublishedLibraries,
        moves: StandingMoves,
        work: OpenUnitOfWork,
        clock: Clock,
        vault: IdentityVault,
        witness: Witness,
    ) -> None:
        self._door = door
        self._libraries = libraries
        self._moves = moves
        self._work = work
        self._clock = clock
        self._vault = vault
        self._witness = witness
        # A page asks again before each of its forms is taken: the rules are shown once to one ticket.
        self._shown = Recently[bytes](clock.monotonic, TICKET_GOOD_FOR.total_seconds())

    def library(self, institution: InstitutionId) -> tuple[Institution, LendingUnit] | None:
        """Return a library with a valid agreement and loan rules, by its own id or a branch's; ``None`` for others."""
        place = self._libraries.institution(institution)
        unit = self._libraries.unit(place.unit) if place else None
        if place is None or unit is None or unit.rules is None or unit.agreement is None:
            return None
        return (place, unit) if unit.agreement.is_valid_on(self._clock.today()) else None

    async def open_code(self, code: str, deadline: float) -> OpenedCode | None:
        """Return where a code leads, without using it up; ``None`` for one that is unknown, used or too old."""
        async with until(self._clock, deadline), self._work() as work:
            found = await work.tokens.find(mark_of_code(self._vault, code), TokenPurpose.CODE, self._clock.steady())
        if found is None or self.library(found.institution) is None:
            return None
        return OpenedCode(found.institution)

    async def enter(
        self,
        institution: InstitutionId,
        card: CardNumber | None,
        code: str | None,
        pin: Secret,
        origin: str,
        deadline: float,
    ) -> Ticket | Refused | Hindered:
        """Check card and PIN under the same limits as everywhere, and return a ticket for the pages behind."""
        found = self.library(institution)
        if found is None:
            return Hindered(Hindrance.NO_AGREEMENT)
        mark = None if code is None else mark_of_code(self._vault, code)
        if mark is not None:
            card = await self._card_of(mark, institution, deadline)
            if card is None:
                return Hindered(Hindrance.CODE_UNFIT)
        asker = _asker(found[1].id, institution, origin)
        decision = await self._door.answer(Question(card=card, pin=pin, asker=asker), deadline)
        if isinstance(decision, Refused) or card is None:
            return decision if isinstance(decision, Refused) else Refused(Refusal.UNKNOWN_CARD)
        answer = await self._let_in(institution, card, mark, deadline)
        return replace(answer, delay=decision.delay) if isinstance(answer, Ticket) else answer

    async def visit(self, ticket: Ticket, deadline: float) -> Visit | None:
        """Return what the page may show to the holder of a ticket; ``None`` for one that is unknown or too old."""
        async with until(self._clock, deadline), self._work() as work:
            found = await self._holder(work, ticket)
            held = None if found is None else await holding(work, found.token.card, found.unit.id)
            if found is None or held is None:
                return None
            hindered = await self._why_not_here(work, found.unit, held)
        view = release(held.patron, held.card, Audience.PAGE)
        language = view.language or Language.NB
        visit = Visit(
            institution=found.place.id,
            library=found.place.name,
            given_name=view.given_name,
            language=language,
            state=held.standing.state if held.standing else None,
            offer=offer_of(found.unit, language),
            hindrance=hindered,
        )
        self._count(found.token, visit)
        return visit

    async def accept(
        self, ticket: Ticket, version: str, language: Language, deadline: float
    ) -> Accepted | Hindered | None:
        """Keep the holder's yes to this version in this language; ``None`` for a ticket that is unknown or too old."""
        async with until(self._clock, deadline), self._work() as work:
            found = await self._holder(work, ticket)
            held = None if found is None else await holding(work, found.token.card, found.unit.id)
            if found is None or held is None:
                return None
            hindered = await self._why_not_here(work, found.unit, held)
            if hindered is not None:
                return Hindered(hindered)
            offered = offer_of(found.unit, language)
            if offered is None or (offered.version, offered.language) != (version, language):
                return Hindered(Hindrance.RULES_CHANGED)
            await keep_consent(
                work,
                held.patron.id,
                found.unit.id,
                offered,
                channel=Channel.PHONE,
                at=self._clock.now(),
                actor=_ACTOR,
                place=found.place.id,
                evidence="card and PIN on the patron's own device, full text shown, box ticked",
            )
            if held.standing is not None and held.standing.is_local:
                # Nothing moves and nothing is delivered: the library has this patron.
                work.changed(held.patron.id)
                return Accepted(StandingState.LOCAL)
            await self._move(work, found, held, StandingEvent.RULES_ACCEPTED)
        return Accepted(StandingState.CONSENTED)

    async def ask_for_desk(self, ticket: Ticket, deadline: float) -> Waiting | Hindered | None:
        """Put the holder into the queue of the library's desk."""
        async with until(self._clock, deadline), self._work() as work:
            found = await self._holder(work, ticket)
            held = None if found is None else await holding(work, found.token.card, found.unit.id)
            if found is None or held is None:
                return None
            hindered = self._why_not(found.unit, held)
            if hindered is Hindrance.AWAITING_DESK:
                return Waiting()
            if hindered is not None and hindered not in _AT_THE_DESK:
                return Hindered(hindered)
            await self._move(work, found, held, StandingEvent.DESK_ASKED)
        return Waiting()

    async def withdraw(self, ticket: Ticket, deadline: float) -> bool:
        """Take the holder's wish back, where no library system was told yet; return whether that was so."""
        async with until(self._clock, deadline), self._work() as work:
            found = await self._holder(work, ticket)
            held = None if found is None else await holding(work, found.token.card, found.unit.id)
            if found is None or held is None:
                return False
            try:
                await self._move(work, found, held, StandingEvent.WITHDRAWN)
            except NotAllowedError:
                return False
        return True

    async def libraries(self, ticket: Ticket, deadline: float) -> Sequence[LibraryOfPatron] | None:
        """Return the holder's libraries and what was accepted there (A15, A18)."""
        async with until(self._clock, deadline), self._work() as work:
            found = await self._holder(work, ticket)
            held = None if found is None else await holding(work, found.token.card, found.unit.id)
            if held is None:
                return None
            standings = await work.standings.of(held.patron.id)
            consents = await work.consents.of(held.patron.id)
        home = held.patron.home_library and self._libraries.institution(held.patron.home_library)
        return [
            self._listed(held.patron, standing, consents, home.unit if home else None)
            for standing in standings
            if standing.state is not StandingState.GUEST
        ]

    async def leave(self, ticket: Ticket, deadline: float) -> None:
        """End a ticket."""
        async with until(self._clock, deadline), self._work() as work:
            await work.tokens.use_up(mark_of_ticket(self._vault, ticket.text))

    # What the methods above have in common.

    async def _card_of(self, mark: bytes, institution: InstitutionId, deadline: float) -> CardNumber | None:
        async with until(self._clock, deadline), self._work() as work:
            found = await work.tokens.find(mark, TokenPurpose.CODE, self._clock.steady())
        return found.card if found is not None and found.institution == institution else None

    async def _let_in(
        self, institution: InstitutionId, card: CardNumber, code: bytes | None, deadline: float
    ) -> Ticket | Hindered:
        ticket, mark = new_ticket(self._vault)
        good_until = self._clock.steady() + TICKET_GOOD_FOR
        async with until(self._clock, deadline), self._work() as work:
            # Of two who come with the same code at the same time, one alone is let in.
            if code is not None and not await work.tokens.use_up(code):
                return Hindered(Hindrance.CODE_UNFIT)
            await work.tokens.put(
                Token(mark=mark, purpose=TokenPurpose.TICKET, card=card, institution=institution, until=good_until)
            )
        return Ticket(ticket)

    async def _holder(self, work: UnitOfWork, ticket: Ticket) -> _Holder | None:
        mark = mark_of_ticket(self._vault, ticket.text)
        token = await work.tokens.find(mark, TokenPurpose.TICKET, self._clock.steady())
        found = self.library(token.institution) if token else None
        return None if token is None or found is None else _Holder(token, found[1], found[0])

    def _count(self, token: Token, visit: Visit) -> None:
        # Local patrons who are asked anew are none of the funnel's.
        if visit.offer is None or visit.hindrance is not None or visit.state is StandingState.LOCAL:
            return
        if self._shown.has(token.mark):
            return
        self._shown.note(token.mark)
        self._witness.offered(Channel.PHONE)

    def _why_not(self, unit: LendingUnit, held: CardHolding) -> Hindrance | None:
        if card_refusal(held.card) is not None:
            return Hindrance.CARD_BLOCKED
        state = held.standing.state if held.standing else None
        return hindrance(unit, held.patron, state, Channel.PHONE, self._clock.today())

    async def _why_not_here(self, work: UnitOfWork, unit: LendingUnit, held: CardHolding) -> Hindrance | None:
        """Return why the rules cannot be accepted on the page, where a local patron may be asked anew."""
        why = self._why_not(unit, held)
        if why is not Hindrance.ALREADY_LOCAL or held.standing is None:
            return why
        newest = _newest(await work.consents.of(held.patron.id), unit.id)
        today = self._clock.today()
        return None if may_renew(unit, held.patron, held.standing.state, newest, today) else why

    async def _move(self, work: UnitOfWork, found: _Holder, held: CardHolding, event: StandingEvent) -> None:
        await self._moves.move(
            work, held.patron.id, found.unit.id, held.standing, event, actor=_ACTOR, place=found.place.id
        )

    def _listed(
        self, patron: Patron, standing: Standing, consents: Sequence[Consent], home: LendingUnitId | None
    ) -> LibraryOfPatron:
        name = self._name(standing.unit)
        found = self.library(InstitutionId(standing.unit))
        newest, today = _newest(consents, standing.unit), self._clock.today()
        return LibraryOfPatron(
            unit=standing.unit,
            library=name,
            state=standing.state,
            since=standing.since,
            is_home=standing.unit == home,
            accepted=[
                AcceptedRulesRecord(
                    library=name,
                    version=one.rules_version,
                    language=one.language,
                    channel=one.channel,
                    at=one.at,
                    text=one.text,
                )
                for one in consents
                if one.unit == standing.unit
            ],
            rules_wait=found is not None and may_renew(found[1], patron, standing.state, newest, today),
        )

    def _name(self, unit: LendingUnitId) -> str:
        place = self._libraries.institution(InstitutionId(unit))
        return place.name if place else unit


def _newest(consents: Sequence[Consent], unit: LendingUnitId) -> str | None:
    return next((one.rules_version for one in consents if one.unit == unit), None)


def _asker(unit: LendingUnitId, institution: InstitutionId, origin: str) -> Asker:
    # Counted apart from the library's own terminals: whoever tries PINs on a page must not stop its kiosks.
    return Asker(
        terminal=f"page:{origin}", kind=AskerClass.PAGE, institution=InstitutionId(f"{institution}/page"), unit=unit
    )
