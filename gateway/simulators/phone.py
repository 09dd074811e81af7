"""A patron's phone: it opens pages, fills forms in and keeps cookies, as a browser without scripts does.

phone = Phone("http://127.0.0.1:6088")
page = phone.open("/NO-2030000")
page = phone.send(page.form("/NO-2030000"), card="N001000001", pin="4817")
"""

from __future__ import annotations

import http.client
from collections.abc import Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser
from http.cookies import SimpleCookie
from urllib.parse import urlencode, urlsplit

_BLOCKS = frozenset({"p", "h1", "h2", "li", "label", "a", "button", "div", "ul", "form", "summary"})
_FORM = "application/x-www-form-urlencoded"
_MOST_HOPS = 5


class NoSuchFormError(Exception):
    """The page has no such form."""


@dataclass(slots=True)
class Form:
    """Where a form goes, and the hidden fields that go with it; these may be secrets."""

    action: str
    hidden: dict[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class Page:
    """What came: status, path, language, the lines of text of its main part, and its forms."""

    status: int
    path: str
    language: str
    lines: tuple[str, ...]
    forms: tuple[Form, ...]

    def form(self, action: str) -> Form:
        """Return the form that goes to this path, whatever its query; raises :class:`NoSuchFormError`."""
        for form in self.forms:
            if urlsplit(form.action).path == action:
                return form
        raise NoSuchFormError(f"{self.path} has no form for {action}")


class Phone:
    """One visitor of the pages at ``base``; raises ``OSError`` and ``http.client.HTTPException`` as it meets them."""

    def __init__(self, base: str, *, timeout: float = 10.0) -> None:
        address = urlsplit(base)
        self._host, self._port = address.hostname or "", address.port
        self._timeout = timeout
        self._cookies: dict[str, str] = {}

    def open(self, path: str) -> Page:
        """Return the page at a path."""
        return self._page("GET", path, None)

    def send(self, form: Form, **fields: str) -> Page:
        """Fill a form in, send it, and return the page that follows."""
        return self._page("POST", form.action, form.hidden | fields)

    def _page(self, method: str, path: str, fields: Mapping[str, str] | None) -> Page:
        for _ in range(_MOST_HOPS):
            status, headers, text = self._exchange(method, path, fields)
            if status not in (302, 303):
                return _read(status, path, text)
            told = urlsplit(headers["Location"] or "")
            method, path, fields = "GET", f"{told.path}?{told.query}" if told.query else told.path, None
        raise http.client.HTTPException("sent on and on")

    def _exchange(
        self, method: str, path: str, fields: Mapping[str, str] | None
    ) -> tuple[int, http.client.HTTPMessage, str]:
        connection = http.client.HTTPConnection(self._host, self._port, timeout=self._timeout)
        try:
            connection.request(method, path, None if fields is None else urlencode(fields), self._headers(fields))
            answer = connection.getresponse()
            text = answer.read().decode("utf-8")
        finally:
            connection.close()
        for cookie in answer.headers.get_all("Set-Cookie", []):
            self._cookies.update({name: one.value for name, one in SimpleCookie(cookie).items()})
        return answer.status, answer.headers, text

    def _headers(self, fields: Mapping[str, str] | None) -> dict[str, str]:
        told = {} if fields is None else {"Content-Type": _FORM}
        if self._cookies:
            told["Cookie"] = "; ".join(f"{name}={value}" for name, value in self._cookies.items())
        return told


def _read(status: int, path: str, text: str) -> Page:
    reader = _Reader()
    reader.feed(text)
    reader.close()
    return Page(status, urlsplit(path).path, reader.language, tuple(reader.lines), tuple(reader.forms))


class _Reader(HTMLParser):
    """Takes the text of the main part, a line for each block, and the forms."""

    def __init__(self) -> None:
        super().__init__()
        self.language = ""
        self.lines: list[str] = []
        self.forms: list[Form] = []
        self._in_main = False
        self._words: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = {name: value or "" for name, value in attrs}
        if tag == "html":
            self.language = told.get("lang", "")
        elif tag == "main":
            self._in_main = True
        elif tag == "form":
            self.forms.append(Form(told["action"]))
        elif tag == "input" and told.get("type") == "hidden" and self.forms:
            self.forms[-1].hidden[told["name"]] = told["value"]
        self._end_line(tag)

    def handle_endtag(self, tag: str) -> None:
        self._end_line(tag)
        if tag == "main":
            self._in_main = False

    def handle_data(self, data: str) -> None:
        if self._in_main:
            self._words.append(data)

    def _end_line(self, tag: str) -> None:
        if tag in _BLOCKS:
            line = " ".join("".join(self._words).split())
            self._words.clear()
            if line:
                self.lines.append(line)
