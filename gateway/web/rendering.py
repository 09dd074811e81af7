"""From a page as a value to HTML: the templates, and what every one of them may use."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from http import HTTPStatus
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from gateway.web.rows import CHANNELS, LISTED, Notice
from gateway.web.speech import Speech, isolated, paragraphs
from gateway.words.languages import Language
from gateway.words.page_keys import Text

_HERE = Path(__file__).parent

ASSETS: Mapping[str, tuple[str, bytes]] = {
    "pages.css": ("text/css; charset=utf-8", (_HERE / "assets" / "pages.css").read_bytes()),
    "icon.svg": ("image/svg+xml", (_HERE / "assets" / "icon.svg").read_bytes()),
}
"""File name → content type and content."""

_VERSION = hashlib.sha256(b"".join(content for _, content in ASSETS.values())).hexdigest()[:12]

NAMES: Mapping[Language, str] = {
    Language.NB: "Bokmål",
    Language.NN: "Nynorsk",
    Language.SE: "Sámegiella",
    Language.EN: "English",
}
"""Each language by its own name."""


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Page:
    """What is answered: a template and what it shows; ``repr`` shows nothing of it.

    ``here`` is the path under which the page can be read in another language, ``None`` where there is none. ``title``
    and ``values`` make the heading. ``cookies`` are headers.
    """

    template: str
    title: Text
    language: Language
    status: HTTPStatus = HTTPStatus.OK
    values: Mapping[str, str] = field(default_factory=dict)
    here: str | None = None
    shows: Mapping[str, object] = field(default_factory=dict)
    cookies: tuple[str, ...] = ()

    def with_cookies(self, *cookies: str) -> Page:
        """Return the page with these cookies set."""
        return replace(self, cookies=(*self.cookies, *cookies))

    def behind(self, here: str, **shows: object) -> Page:
        """Return the page as one behind the PIN, with more to press."""
        return replace(self, here=here, shows={**self.shows, **shows})


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class GoTo:
    """The answer to a form that was taken: read on at ``path``, so that a reload sends nothing twice."""

    path: str
    cookies: tuple[str, ...] = ()


def _environment() -> Environment:
    made = Environment(
        loader=FileSystemLoader(_HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.globals.update(
        T=Text, languages=NAMES, version=_VERSION, paragraphs=paragraphs, listed=LISTED, channels=CHANNELS
    )
    return made


_TEMPLATES = _environment()


def html(page: Page) -> bytes:
    """Return the page as it is sent."""
    speech = Speech(page.language)
    text = _TEMPLATES.get_template(page.template).render(
        say=speech.say,
        plain=speech.plain,
        date=speech.date,
        isolated=isolated,
        language=page.language,
        title=page.title,
        values=page.values,
        here=page.here,
        problems=page.shows.get("problems", ()),
        **{name: value for name, value in page.shows.items() if name != "problems"},
    )
    return text.encode()


def notice_page(notice: Notice, language: Language, values: Mapping[str, str], **shows: object) -> Page:
    """Return a page that says a notice and offers nothing but what ``shows`` adds."""
    return Page(
        template="notice.html",
        title=notice.title,
        status=notice.status,
        language=language,
        values=values,
        shows={"notice": notice, "lines": (), "desk": None, "withdraw": None, "leave": None, "again": None} | shows,
    )
