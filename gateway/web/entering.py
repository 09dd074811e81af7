"""The pages before the PIN: the front page, a library's own page, and the one that a kiosk's code leads to."""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus

from gateway.web.answering import Desk, chosen, institution_in, language_before, path_of, plain_notice
from gateway.web.asked import Asked
from gateway.web.cookies import new_visitor
from gateway.web.rendering import GoTo, Page
from gateway.web.rows import CODE, DENIED, FOREIGN, HINDRANCES, NO_LIBRARY, Line, denial
from gateway.web.speech import clean
from gateway.words.page_keys import Text
from registry.activating import Ticket
from registry.domain.activating import Hindered
from registry.domain.card import CardNumber, national
from registry.domain.decisions import Refusal, Refused
from registry.domain.institution import Institution, InstitutionId
from registry.domain.secret import Secret

_MOST_CARD, _MOST_PIN = 40, 128
_ENTER = "enter"
_THROTTLED = frozenset({Refusal.WAIT, Refusal.LOCKED})


@dataclass(frozen=True, slots=True)
class Problem:
    """What must be corrected, and in which field of the form."""

    field: str
    line: Line


@dataclass(frozen=True, slots=True)
class _Door:
    """Where card and PIN are asked: a library's own page, or with a code, where the card is known."""

    library: Institution
    code: str | None = None

    @property
    def path(self) -> str:
        return path_of(self.library.id) if self.code is None else f"/k/{self.code}"


class Entering:
    """Answers what is asked before the PIN; nothing of any patron is known here, and so nothing can be told."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def front(self, asked: Asked) -> Page:
        """Say what this is."""
        return Page(template="front.html", title=Text.FRONT_TITLE, language=language_before(asked), here="/")

    async def library(self, asked: Asked, institution: str) -> Page:
        """Ask for card and PIN at a library's fixed address."""
        library = self._library(institution_in(institution))
        return plain_notice(asked, NO_LIBRARY) if library is None else self._form(asked, _Door(library))

    async def code(self, asked: Asked, code: str) -> Page:
        """Ask for the PIN of the card that a code stands for; the code can still be used."""
        door = await self._door_of(code)
        return plain_notice(asked, CODE) if door is None else self._form(asked, door)

    async def enter_library(self, asked: Asked, institution: str) -> Page | GoTo:
        """Check card and PIN."""
        library = self._library(institution_in(institution))
        return plain_notice(asked, NO_LIBRARY) if library is None else await self._enter(asked, _Door(library))

    async def enter_code(self, asked: Asked, code: str) -> Page | GoTo:
        """Check the PIN of the card that a code stands for."""
        door = await self._door_of(code)
        return plain_notice(asked, CODE) if door is None else await self._enter(asked, door)

    async def _enter(self, asked: Asked, door: _Door) -> Page | GoTo:
        if not asked.is_from(self._desk.rules.public_url):
            return plain_notice(asked, FOREIGN)
        if not self._desk.is_proved(asked, self._desk.visitor(asked), _ENTER):
            return self._form(asked, door, [_to_pin(Text.STALE_FORM)], DENIED)
        card, problems = _read(asked, card_asked=door.code is None)
        if problems:
            return self._form(asked, door, problems, HTTPStatus.UNPROCESSABLE_ENTITY)
        return self._answer(asked, door, await self._ask(asked, door, card))

    async def _ask(self, asked: Asked, door: _Door, card: CardNumber | None) -> Ticket | Refused | Hindered:
        desk = self._desk
        origin = desk.proofs.of_origin(asked.address)
        answer = await desk.portal.enter(
            door.library.id, card, door.code, Secret(_pin(asked)), origin, desk.deadline()
        )  # fmt: skip
        if isinstance(answer, Refused):
            self._log_refusal(door, card, answer)
        if isinstance(answer, Refused | Ticket) and answer.delay > 0:
            await desk.pause(answer.delay)
        return answer

    def _log_refusal(self, door: _Door, card: CardNumber | None, refused: Refused) -> None:
        """Log as kiosks' refusals are; with a code the card is known to the register alone."""
        log = self._desk.log
        log.event(
            "pin_check",
            protocol="http",
            institution=door.library.id,
            terminal="page",
            outcome="throttled" if refused.reason in _THROTTLED else "refused",
            reason=refused.reason.value,
            card_ref=None if card is None else log.card_reference(card),
        )

    def _answer(self, asked: Asked, door: _Door, answer: Ticket | Refused | Hindered) -> Page | GoTo:
        match answer:
            case Ticket(text=text):
                cookies = self._desk.cookies
                return GoTo(
                    path=path_of(door.library.id, "rules", language=chosen(asked)),
                    cookies=(cookies.set(cookies.ticket, text), cookies.forget(cookies.visitor)),
                )
            case Refused():
                line = denial(answer, card_asked=door.code is None)
                return self._form(asked, door, [Problem("card" if door.code is None else "pin", line)], DENIED)
            case Hindered(why=why):
                return plain_notice(asked, HINDRANCES[why], library=door.library.name)

    def _form(
        self, asked: Asked, door: _Door, problems: list[Problem] | None = None, status: HTTPStatus = HTTPStatus.OK
    ) -> Page:
        cookies, visitor = self._desk.cookies, self._desk.visitor(asked)
        fresh = () if visitor else (cookies.set(cookies.visitor, visitor := new_visitor()),)
        return Page(
            template="entry.html",
            title=Text.ENTRY_TITLE,
            language=language_before(asked),
            status=status,
            values={"library": door.library.name},
            here=door.path,
            shows={
                "problems": tuple(problems or ()),
                "card_asked": door.code is None,
                "card": clean(asked.form.get("card", ""))[:_MOST_CARD],
                "password": "password" in asked.query,
                "chosen": chosen(asked),
                "proof": self._desk.proofs.of_form(visitor or "", _ENTER),
            },
            cookies=fresh,
        )

    def _library(self, institution: InstitutionId) -> Institution | None:
        found = self._desk.portal.library(institution)
        return None if found is None else found[0]

    async def _door_of(self, code: str) -> _Door | None:
        opened = await self._desk.portal.open_code(code, self._desk.deadline()) if _is_code(code) else None
        library = self._library(opened.institution) if opened else None
        return None if library is None else _Door(library, code)


def _is_code(text: str) -> bool:
    return text.isascii() and text.isalnum() and len(text) <= 64


def _pin(asked: Asked) -> str:
    return asked.form.get("pin", "").strip()


def _read(asked: Asked, *, card_asked: bool) -> tuple[CardNumber | None, list[Problem]]:
    problems: list[Problem] = []
    card = None
    if card_asked:
        # As it is printed and as phones write it: in groups, with blanks around, hyphens for blanks.
        written = "".join(sign for sign in asked.form.get("card", "") if not sign.isspace() and sign not in "-\u00a0")
        card = national(written) if len(written) <= _MOST_CARD else None
        if card is None:
            problems.append(Problem("card", Line(Text.CARD_MALFORMED if written else Text.CARD_MISSING)))
    if not _pin(asked) or len(_pin(asked)) > _MOST_PIN:
        problems.append(_to_pin(Text.PIN_MISSING))
    return card, problems


def _to_pin(text: Text) -> Problem:
    return Problem("pin", Line(text))
