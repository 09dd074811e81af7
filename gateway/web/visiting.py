"""The pages behind the PIN: the loan rules and the yes, how things stand, and the patron's libraries."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from http import HTTPStatus

from gateway.delivery.waiting import AT_ONCE, WaitingWords
from gateway.web.answering import Desk, chosen, institution_in, language_before, language_behind, path_of, plain_notice
from gateway.web.asked import Asked
from gateway.web.entering import Problem
from gateway.web.rendering import GoTo, Page, notice_page
from gateway.web.rows import (
    AWAITING,
    EXPIRED,
    FOREIGN,
    HINDRANCES,
    LEFT,
    NOT_WITHDRAWN,
    SETUP,
    STATES,
    WITHDRAWN,
    Line,
    Notice,
    waiting_line,
)
from gateway.words.languages import Language
from gateway.words.page_keys import Text
from registry.activating import Ticket
from registry.domain.activating import Accepted, Hindered, Hindrance, Offer, Visit, Waiting, offer_of
from registry.domain.institution import InstitutionId, LendingUnitId
from registry.domain.patron import Language as Spoken
from registry.domain.standing import StandingState

Answer = Page | GoTo
_WITHDRAWABLE = frozenset({StandingState.AWAITING_DESK, StandingState.CONSENTED})


class Visiting:
    """Answers whoever has a ticket, and sends everybody else to the page where card and PIN are asked."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def rules(self, asked: Asked, institution: str) -> Answer:
        """Show the loan rules to whom they can be offered, and to others how things stand."""
        ticket, visit = await self._visit(asked)
        here = institution_in(institution)
        if ticket is None or visit is None:
            return self._expired(asked, here)
        if visit.institution != here:
            return GoTo(path=path_of(visit.institution, "rules", language=chosen(asked)))
        return self._standing(asked, ticket, visit)

    async def accept(self, asked: Asked, institution: str) -> Answer:
        """Take the yes to the rules that were shown."""
        return await self._act(asked, institution, self._accept, "accept", *_shown(asked))

    async def desk(self, asked: Asked, institution: str) -> Answer:
        """Tell the library's desk that the patron is coming."""
        return await self._act(asked, institution, self._ask_for_desk, "desk")

    async def withdraw(self, asked: Asked, institution: str) -> Answer:
        """Take the patron's wish back."""
        return await self._act(asked, institution, self._withdraw, "withdraw")

    async def leave(self, asked: Asked, institution: str) -> Answer:
        """End the visit; whoever has none any more is told the same."""
        ticket = self._desk.ticket(asked)
        if ticket is not None:
            if not self._is_ours(asked, ticket, "leave"):
                return plain_notice(asked, FOREIGN)
            await self._desk.portal.leave(ticket, self._desk.deadline())
        cookies = self._desk.cookies
        return notice_page(LEFT, language_before(asked), {}).with_cookies(cookies.forget(cookies.ticket))

    async def libraries(self, asked: Asked, institution: str) -> Answer:
        """List the patron's libraries, and what was accepted there."""
        ticket, visit = await self._visit(asked)
        found = await self._desk.portal.libraries(ticket, self._desk.deadline()) if ticket and visit else None
        if ticket is None or visit is None or found is None:
            return self._expired(asked, institution_in(institution))
        return Page(
            template="libraries.html",
            title=Text.LIBRARIES,
            language=language_behind(asked, visit),
            here=path_of(visit.institution, "libraries"),
            shows={
                "rows": found,
                "answers": {one.unit: self._rules_of(one.unit, asked, visit) for one in found},
                **self._ways(asked, ticket, visit),
            },
        )

    async def back(self, asked: Asked, institution: str) -> Answer:
        """Lead whoever reads the address of a form anew to the page where it stands."""
        return GoTo(path=path_of(institution_in(institution), "rules", language=chosen(asked)))

    # What forms do, once they are proved.

    async def _act(
        self,
        asked: Asked,
        institution: str,
        act: Callable[[Asked, Ticket, Visit], Awaitable[Answer | None]],
        *purpose: str,
    ) -> Answer:
        ticket, visit = await self._visit(asked)
        if ticket is None or visit is None:
            return self._expired(asked, institution_in(institution))
        if not self._is_ours(asked, ticket, *purpose):
            return plain_notice(asked, FOREIGN)
        return await act(asked, ticket, visit) or self._expired(asked, visit.institution)

    async def _accept(self, asked: Asked, ticket: Ticket, visit: Visit) -> Answer | None:
        if asked.form.get("agree") != "yes":
            problem = Problem("agree", Line(Text.AGREE_MISSING))
            return self._standing(asked, ticket, visit, problem, status=HTTPStatus.UNPROCESSABLE_ENTITY)
        version, language = _shown(asked)
        match await self._desk.portal.accept(ticket, version, Spoken(language), self._desk.deadline()):
            case Accepted(state=state):
                return await self._accepted(asked, ticket, visit, state)
            case Hindered(why=why):
                return await self._hindered(asked, ticket, why)
            case None:
                return None

    async def _accepted(self, asked: Asked, ticket: Ticket, visit: Visit, state: StandingState) -> Answer:
        since = await self._desk.portal.visit(ticket, self._desk.deadline())
        if since is not None and since.hindrance is not None:
            return GoTo(path=path_of(visit.institution, "rules", language=chosen(asked)))
        # The yes has used the ticket up: what is said now is said once.
        return self._notice(asked, None, visit, STATES[state])

    async def _ask_for_desk(self, asked: Asked, ticket: Ticket, visit: Visit) -> Answer | None:
        match await self._desk.portal.ask_for_desk(ticket, self._desk.deadline()):
            case Waiting():
                since = await self._desk.portal.visit(ticket, self._desk.deadline())
                return self._notice(asked, ticket if since else None, since or visit, AWAITING)
            case Hindered(why=why):
                return await self._hindered(asked, ticket, why)
            case None:
                return None

    async def _withdraw(self, asked: Asked, ticket: Ticket, visit: Visit) -> Answer | None:
        done = await self._desk.portal.withdraw(ticket, self._desk.deadline())
        since = await self._desk.portal.visit(ticket, self._desk.deadline())
        notice = WITHDRAWN if done else NOT_WITHDRAWN
        return self._notice(asked, ticket if since else None, since or visit, notice)

    async def _hindered(self, asked: Asked, ticket: Ticket, why: Hindrance) -> Answer | None:
        """Say why not; where the rules can be read once more, show them as they are now."""
        visit = await self._desk.portal.visit(ticket, self._desk.deadline())
        if visit is None:
            return None
        notice = HINDRANCES[why]
        if notice.rules is not None and visit.offer is not None and visit.hindrance is None:
            problem = Problem("rules", Line(notice.rules))
            return self._standing(asked, ticket, visit, problem, status=notice.status)
        return self._notice(asked, ticket, visit, notice)

    # Pages.

    def _standing(
        self,
        asked: Asked,
        ticket: Ticket,
        visit: Visit,
        *problems: Problem,
        status: HTTPStatus = HTTPStatus.OK,
    ) -> Page:
        language = language_behind(asked, visit)
        offer = self._offer(visit, language)
        if visit.hindrance is not None or offer is None:
            return self._notice(asked, ticket, visit, HINDRANCES[visit.hindrance or Hindrance.NO_RULES])
        return Page(
            template="rules.html",
            title=Text.RULES_TITLE,
            language=language,
            status=status,
            values={"library": visit.library},
            here=path_of(visit.institution, "rules"),
            shows={
                "problems": problems,
                "given_name": visit.given_name,
                "offer": offer,
                "offered": Language(offer.language.value),
                "anew": visit.state is StandingState.LOCAL,
                "proof": self._proof(ticket, "accept", offer.version, offer.language.value),
                **self._ways(asked, ticket, visit),
            },
        )

    def _rules_of(self, unit: LendingUnitId, asked: Asked, visit: Visit) -> str:
        """Return where a library's rules are answered: a ticket is good for the library of the visit alone."""
        here = self._desk.portal.library(visit.institution)
        if here is not None and here[1].id == unit:
            return path_of(visit.institution, "rules", language=chosen(asked))
        return path_of(InstitutionId(unit), language=chosen(asked))

    def _offer(self, visit: Visit, language: Language) -> Offer | None:
        """Return the rules in the page's language, where the library has them in it."""
        found = self._desk.portal.library(visit.institution)
        shown = offer_of(found[1], Spoken(language.value)) if found else None
        # The register may have learnt of new rules between the two questions; then the visit's own are the ones.
        return shown if shown and visit.offer and shown.version == visit.offer.version else visit.offer

    def _notice(self, asked: Asked, ticket: Ticket | None, visit: Visit, notice: Notice) -> Page:
        language = language_behind(asked, visit)
        page = notice_page(
            notice,
            language,
            {"library": visit.library},
            lines=(waiting_line(self._waiting(visit)),) if notice.waits else (),
            again=path_of(visit.institution, language=chosen(asked)) if notice.again or ticket is None else None,
        )
        if ticket is None:
            return page
        withdraw = notice.withdraw and (notice is not SETUP or visit.state in _WITHDRAWABLE)
        return page.behind(
            here=path_of(visit.institution, "rules"),
            desk=self._proof(ticket, "desk") if notice.desk else None,
            withdraw=self._proof(ticket, "withdraw") if withdraw else None,
            **self._ways(asked, ticket, visit),
        )

    def _ways(self, asked: Asked, ticket: Ticket, visit: Visit) -> dict[str, object]:
        """Return what every page behind the PIN offers below: the libraries, and to log out."""
        return {
            "base": path_of(visit.institution),
            "chosen": chosen(asked),
            "library": visit.library,
            "leave": self._proof(ticket, "leave"),
        }

    def _expired(self, asked: Asked, institution: InstitutionId) -> Page:
        found = self._desk.portal.library(institution)
        again = path_of(institution, language=chosen(asked)) if found else "/"
        return notice_page(EXPIRED, language_before(asked), {}, again=again)

    # The rest.

    async def _visit(self, asked: Asked) -> tuple[Ticket | None, Visit | None]:
        ticket = self._desk.ticket(asked)
        return ticket, await self._desk.portal.visit(ticket, self._desk.deadline()) if ticket else None

    def _is_ours(self, asked: Asked, ticket: Ticket | None, *purpose: str) -> bool:
        own = asked.is_from(self._desk.rules.public_url)
        return own and self._desk.is_proved(asked, ticket.text if ticket else None, *purpose)

    def _proof(self, ticket: Ticket, *purpose: str) -> str:
        return self._desk.proofs.of_form(ticket.text, *purpose)

    def _waiting(self, visit: Visit) -> WaitingWords:
        found = self._desk.portal.library(visit.institution)
        return self._desk.waiting(found[1].id) if found else AT_ONCE


def _shown(asked: Asked) -> tuple[str, str]:
    """Return version and language of the rules that the form was shown with, which its proof is bound to."""
    return asked.form.get("version", ""), asked.form.get("language", "")
