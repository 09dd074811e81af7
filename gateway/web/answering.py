"""What the pages before and behind the PIN share: the portal, who asks, in which language, and proved forms."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Protocol
from urllib.parse import quote

from gateway.delivery.waiting import AT_ONCE, WaitingWords
from gateway.observability.logs import EventLog
from gateway.web import languages
from gateway.web.asked import Asked
from gateway.web.cookies import Cookies, fitting
from gateway.web.proofs import Proofs
from gateway.web.rendering import Page, notice_page
from gateway.web.rows import Notice
from gateway.web.rules import PagesRules
from gateway.words.languages import Language
from registry.activating import Portal, Ticket
from registry.domain.activating import Visit
from registry.domain.institution import InstitutionId, LendingUnitId


class Monotonic(Protocol):
    """What the pages want of a clock."""

    def monotonic(self) -> float:
        """Return seconds for deadlines."""


def at_once(unit: LendingUnitId) -> WaitingWords:
    """Say that every library system is told at once."""
    return AT_ONCE


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """What every page needs; ``waiting`` tells how long a lending unit's patrons wait for its library system.

    ``pause`` holds an answer back."""

    portal: Portal
    log: EventLog
    proofs: Proofs
    cookies: Cookies
    clock: Monotonic
    rules: PagesRules
    waiting: Callable[[LendingUnitId], WaitingWords] = at_once
    pause: Callable[[float], Awaitable[object]] = asyncio.sleep

    def deadline(self) -> float:
        """Return when the answer that is begun now must be there."""
        return self.clock.monotonic() + self.rules.answer

    def ticket(self, asked: Asked) -> Ticket | None:
        """Return the ticket that comes with a request, good or not; ``None`` without one."""
        text = fitting(asked.cookies.get(self.cookies.ticket))
        return None if text is None else Ticket(text)

    def visitor(self, asked: Asked) -> str | None:
        """Return the cookie from before the PIN, or ``None``."""
        return fitting(asked.cookies.get(self.cookies.visitor))

    def is_proved(self, asked: Asked, cookie: str | None, *purpose: str) -> bool:
        """Tell whether a form is one of ours, made for this cookie and purpose."""
        return cookie is not None and self.proofs.holds(asked.form.get("proof", ""), cookie, *purpose)


def language_before(asked: Asked) -> Language:
    """Return the language of a page before the PIN."""
    return languages.spoken(chosen(asked), None, languages.of_browser(asked.accept_language))


def language_behind(asked: Asked, visit: Visit) -> Language:
    """Return the language of a page behind the PIN."""
    own = Language(visit.language.value)
    return languages.spoken(chosen(asked), own, languages.of_browser(asked.accept_language))


def chosen(asked: Asked) -> Language | None:
    """Return the language that was chosen on the page, or ``None``."""
    return languages.choice(asked.query.get("lang"))


def path_of(institution: InstitutionId, *page: str, language: Language | None = None) -> str:
    """Return the path of a library's page, with the language where one was chosen."""
    path = "/".join(("", quote(institution, safe=""), *page))
    return f"{path}?lang={language.value}" if language else path


def institution_in(segment: str) -> InstitutionId:
    """Return the library that an address names, typed in capitals or not."""
    return InstitutionId(segment.upper())


def plain_notice(asked: Asked, notice: Notice, **values: str) -> Page:
    """Return a notice before the PIN, with nothing to press."""
    return notice_page(notice, language_before(asked), values)
