"""The postman: what is due goes out, what cannot waits, and what never can is told; in numbers and log lines."""

from __future__ import annotations

import io
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage

import pytest

from gateway.observability.logs import Logs
from gateway.observability.metrics import Metrics
from gateway.post.composing import Stationery
from gateway.post.postman import Postman
from gateway.post.server import Line, MailUnavailableError, Posted
from registry.domain.institution import LendingUnitId
from registry.domain.notice import Letter, Notice, NoticeId, NoticeKind, Posting
from registry.domain.patron import Language
from registry.domain.release import View

NOW = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
ADDRESS = "kjaersti@patron.example"


def letter(number: int, tries: int = 0, to: str = ADDRESS) -> Letter:
    view = View(email=to, language=Language.NB)
    unit = LendingUnitId("NO-2030000")
    return Letter(
        notice=NoticeId(number), kind=NoticeKind.TAKEN_IN, unit=unit, since=NOW, fence=1, tries=tries, view=view
    )


@dataclass
class Queue:
    """A register with these letters; it keeps what it is told of them."""

    letters: list[Letter]
    told: list[tuple[int, Posting, str, timedelta]] = field(default_factory=list)
    is_stale: bool = False

    async def claim(self, limit: int, lease: timedelta) -> Sequence[Letter]:
        taken, self.letters = self.letters[:limit], self.letters[limit:]
        return taken

    async def settle(self, letter: Letter, posting: Posting, reason: str, retry_after: timedelta) -> bool:
        self.told.append((letter.notice, posting, reason, retry_after))
        return not self.is_stale

    async def backlog(self) -> tuple[int, datetime | None]:
        waiting = [one for one in self.told if one[1] is Posting.LATER]
        return len(waiting), NOW if waiting else None

    async def open(self) -> Sequence[Notice]:
        return ()


@dataclass
class Server:
    """A mail server that gives these answers, an outage among them perhaps; then it takes everything."""

    answers: list[Posted | MailUnavailableError] = field(default_factory=list)
    sent: list[EmailMessage] = field(default_factory=list)
    is_down: bool = False

    @asynccontextmanager
    async def line(self) -> AsyncIterator[Line]:
        if self.is_down:
            raise MailUnavailableError("unreachable")
        yield self

    async def send(self, message: EmailMessage, recipient: str) -> Posted:
        answer = self.answers.pop(0) if self.answers else Posted(Posting.SENT)
        if isinstance(answer, MailUnavailableError):
            raise answer
        self.sent.append(message)
        return answer


@dataclass
class Office:
    """A postman at work, and what is seen of it."""

    queue: Queue
    server: Server
    metrics: Metrics = field(default_factory=lambda: Metrics(version="test", listeners=()))

    async def look(self) -> list[dict[str, object]]:
        """Have it look once; return what it has logged."""
        stream = io.StringIO()
        logs = Logs(stream, level="info", key=b"log key of the tests", metrics=self.metrics, strict=True)
        logs.start()
        postman = Postman(
            self.queue,
            self.server,
            Stationery(sender="kort@library.example"),
            name_of=lambda _: "Ål bibliotek",
            link_of=lambda library: f"https://kort.example/{library}",
            now=lambda: NOW,
            metrics=self.metrics,
            log=logs.log,
        )
        try:
            await postman.look()
        finally:
            logs.stop()
        assert ADDRESS not in stream.getvalue()
        return [json.loads(line) for line in stream.getvalue().splitlines()]

    def counted(self, outcome: str) -> float:
        labels = {"kind": "taken_in", "outcome": outcome}
        return self.metrics.registry.get_sample_value("portvakt_mails_total", labels) or 0.0


async def test_everything_that_is_due_goes_out_however_much_it_is() -> None:
    office = Office(Queue([letter(number) for number in range(45)]), Server())
    lines = await office.look()
    assert len(office.server.sent) == office.counted("sent") == len(lines) == 45
    assert "https://kort.example/NO-2030000" in office.server.sent[0].get_content()


async def test_a_server_that_is_down_is_told_once_and_every_letter_waits() -> None:
    office = Office(Queue([letter(1), letter(2)]), Server(is_down=True))
    lines = await office.look()
    assert [line["event"] for line in lines] == ["mail_unavailable", "mail_posted", "mail_posted"]
    assert [(number, posting, why) for number, posting, why, _ in office.queue.told] == [
        (1, Posting.LATER, "unreachable"),
        (2, Posting.LATER, "unreachable"),
    ]
    assert office.metrics.registry.get_sample_value("portvakt_mails_pending") == 2
    assert office.metrics.registry.get_sample_value("portvakt_mails_oldest_pending_timestamp_seconds") == (
        NOW.timestamp()
    )


async def test_what_was_sent_before_the_line_broke_is_not_sent_again() -> None:
    answers: list[Posted | MailUnavailableError] = [Posted(Posting.SENT), MailUnavailableError("cut")]
    office = Office(Queue([letter(1), letter(2), letter(3)]), Server(answers))
    await office.look()
    assert [posting for _, posting, _, _ in office.queue.told] == [Posting.SENT, Posting.LATER, Posting.LATER]


async def test_what_will_never_be_taken_is_told_and_keeps_nothing_else_waiting() -> None:
    answers: list[Posted | MailUnavailableError] = [Posted(Posting.REFUSED, "recipient_refused")]
    office = Office(Queue([letter(1), letter(2, to="nobody"), letter(3)]), Server(answers))
    lines = await office.look()
    assert [(line["event"], line.get("reason")) for line in lines] == [
        ("mail_refused", "recipient_refused"),
        ("mail_refused", "address_unfit"),
        ("mail_posted", None),
    ]
    assert (office.counted("refused"), office.counted("sent")) == (2, 1)


@pytest.mark.parametrize(("tries", "least", "most"), [(0, 48, 72), (1, 96, 144), (20, 2880, 4320)])
async def test_waits_grow_to_an_hour_and_are_never_quite_the_same(tries: int, least: int, most: int) -> None:
    office = Office(Queue([letter(1, tries)]), Server(is_down=True))
    await office.look()
    ((_, _, _, wait),) = office.queue.told
    assert least <= wait.total_seconds() <= most


async def test_what_another_postman_has_taken_over_is_not_counted() -> None:
    office = Office(Queue([letter(1)], is_stale=True), Server())
    assert await office.look() == []
    assert office.counted("sent") == 0
