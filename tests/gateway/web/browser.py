"""A browser without a screen: keeps cookies, sends forms as they stand, and judges every answer that it gets."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlencode, urlsplit

import html5lib

from gateway.web.headers import ALWAYS, ENCRYPTED

PATIENCE = 10.0
_XHTML = "{http://www.w3.org/1999/xhtml}"


@dataclass
class Answer:
    """What came back; every header with all its values."""

    status: int
    headers: Mapping[str, list[str]]
    body: bytes
    path: str = ""
    trail: list[Answer] = field(default_factory=list)

    @property
    def text(self) -> str:
        """The page's source."""
        return self.body.decode()

    def header(self, name: str) -> str:
        """A header that is there once."""
        (value,) = self.headers[name.lower()]
        return value

    @cached_property
    def document(self) -> Any:
        """The page, parsed by the letter of HTML; what is not valid raises."""
        return html5lib.HTMLParser(strict=True).parse(self.text)

    def elements(self, name: str) -> list[Any]:
        """All elements of a name."""
        return list(self.document.iter(_XHTML + name))

    def words(self, name: str = "body") -> str:
        """What stands in the first element of a name, as it is read."""
        return " ".join("".join(self.elements(name)[0].itertext()).split())

    @property
    def heading(self) -> str:
        """The page's heading."""
        return self.words("h1")

    def forms(self) -> dict[str, dict[str, str]]:
        """Each form's fields, by its action; ticks are not ticked."""
        return {
            form.get("action"): {
                one.get("name"): one.get("value") or ""
                for one in form.iter(_XHTML + "input")
                if one.get("type") != "checkbox"
            }
            for form in self.elements("form")
        }

    def form(self, ending: str) -> tuple[str, dict[str, str]]:
        """Action and fields of the form whose action ends so, its language aside."""
        (found,) = [(a, f) for a, f in self.forms().items() if a.partition("?")[0].endswith(ending)]
        return found

    def links(self) -> list[str]:
        """Where the page's links lead."""
        return [one.get("href") for one in self.elements("a")]


class Browser:
    """One browser at one address; ``encrypted`` is what its pages' address says."""

    def __init__(
        self, port: int, *, encrypted: bool = False, languages: str = "nb", tls: ssl.SSLContext | None = None
    ) -> None:
        self.port = port
        self.tls = tls
        self.encrypted = encrypted
        self.headers: dict[str, str] = {"Accept-Language": languages, "Sec-Fetch-Site": "same-origin"}
        self.cookies: dict[str, str] = {}

    async def __aenter__(self) -> Self:
        self.reader, self.writer = await asyncio.open_connection(
            "127.0.0.1", self.port, ssl=self.tls, server_hostname="localhost" if self.tls else None
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        self.writer.close()

    async def get(self, path: str, **headers: str) -> Answer:
        """Read a page."""
        return await self.ask("GET", path, headers=headers)

    async def post(self, path: str, fields: Mapping[str, str], **headers: str) -> Answer:
        """Send a form."""
        body = urlencode(fields).encode()
        kind = {"Content-Type": "application/x-www-form-urlencoded"}
        return await self.ask("POST", path, body, headers=kind | headers)

    async def send(self, page: Answer, ending: str, *, follow: bool = True, **fields: str) -> Answer:
        """Fill a form of a page in, press its button, and go where the answer leads."""
        action, hidden = page.form(ending)
        answer = await self.post(action, hidden | fields)
        while follow and answer.status == 303:
            answer = await self.get(answer.header("location"))
        return answer

    async def ask(
        self, method: str, path: str, body: bytes | None = None, headers: Mapping[str, str] | None = None
    ) -> Answer:
        """Send a request and judge its answer."""
        told = self.headers | {name.replace("_", "-"): value for name, value in (headers or {}).items()}
        if self.cookies:
            told["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        if body is not None:
            told["Content-Length"] = str(len(body))
        head = "".join(f"{name}: {value}\r\n" for name, value in ({"Host": "pages.test"} | told).items() if value)
        answer = await self.raw(f"{method} {path} HTTP/1.1\r\n{head}\r\n".encode() + (body or b""), method)
        answer.path = urlsplit(path).path
        self._judge(answer, method)
        self._keep(answer)
        return answer

    async def raw(self, sent: bytes, method: str = "GET") -> Answer:
        """Send bytes and read one answer."""
        async with asyncio.timeout(PATIENCE):
            self.writer.write(sent)
            await self.writer.drain()
            head = (await self.reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            status, *lines = head.rstrip().split("\r\n")
            headers: dict[str, list[str]] = {}
            for line in lines:
                name, _, value = line.partition(": ")
                headers.setdefault(name.lower(), []).append(value)
            length = int(headers.get("content-length", ["0"])[0])
            body = await self.reader.readexactly(length) if method != "HEAD" else b""
        return Answer(int(status.split()[1]), headers, body)

    def _judge(self, answer: Answer, method: str) -> None:
        wanted = {**ALWAYS, **(ENCRYPTED if self.encrypted else {})}
        if answer.path.startswith("/assets/") and answer.status == 200:
            wanted["Cache-Control"] = "public, max-age=31536000, immutable"
        for name, value in wanted.items():
            assert answer.headers.get(name.lower()) == [value], name
        assert self.encrypted or "strict-transport-security" not in answer.headers
        assert "server" not in answer.headers
        if answer.status == 303:
            assert answer.header("location").startswith("/")
            assert not answer.header("location").startswith("//")
        elif not answer.path.startswith("/assets/") or answer.status != 200:
            assert answer.header("content-type") == "text/html; charset=utf-8"
            if method != "HEAD":
                _judge_page(answer)

    def _keep(self, answer: Answer) -> None:
        for line in answer.headers.get("set-cookie", []):
            name, _, value = line.partition(";")[0].partition("=")
            assert "; HttpOnly; SameSite=Strict" in line
            assert "; Path=/;" in line
            assert ("; Secure" in line, name.startswith("__Host-")) == (self.encrypted, self.encrypted)
            assert "Domain" not in line
            self.cookies.pop(name, None)
            if "Max-Age=0" not in line:
                self.cookies[name] = value


def _judge_page(answer: Answer) -> None:
    """Judge what holds for every page."""
    (root,) = answer.elements("html")
    assert root.get("lang") == answer.header("content-language")
    assert len(answer.elements("h1")) == len(answer.elements("main")) == len(answer.elements("title")) == 1
    for name in ("script", "style", "iframe", "object", "img"):
        assert not answer.elements(name), name
    ids = [one.get("id") for one in answer.document.iter() if one.get("id")]
    assert len(ids) == len(set(ids))
    for one in answer.document.iter():
        if not isinstance(one.tag, str):
            continue
        assert not [name for name in one.attrib if name.startswith("on") or name == "style"]
        for name in ("href", "src", "action"):
            told = one.get(name)
            assert told is None or told.startswith(("/", "#")), told
            assert told is None or not told.startswith("//"), told
            assert told is None or not told.startswith("#") or told[1:] in ids, told
        for name in ("aria-describedby", "aria-labelledby", "for"):
            assert set((one.get(name) or "").split()) <= set(ids), (name, one.get(name))
    labelled = {one.get("for") for one in answer.elements("label")}
    shown = {one.get("id") for one in answer.elements("input") if one.get("type") != "hidden"}
    assert shown == labelled
