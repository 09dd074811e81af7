"""Mail goes out by SMTP as a third-party server takes it: TLS proved, logged in, every answer understood."""

from __future__ import annotations

import asyncio
import mailbox
import ssl
from dataclasses import replace
from email.message import EmailMessage
from pathlib import Path

import pytest
import trustme

from gateway.post.server import MailFolder, MailUnavailableError, Posted, SmtpAddress, SmtpServer
from registry.domain.notice import Posting
from tests.gateway.post.servers import LOGIN, PASSWORD, Mailbox, mail_server

TO = "kjaersti@patron.example"
SENT = Posted(Posting.SENT)


def message(to: str = TO) -> EmailMessage:
    made = EmailMessage()
    made["From"], made["To"], made["Subject"] = "kort@library.example", to, "Lånereglene på Ål"
    made.set_content("Æ ø å\n")
    return made


def address(port: int, **changes: object) -> SmtpAddress:
    plain = SmtpAddress(host="127.0.0.1", port=port, security="none", timeout=10.0)
    return replace(plain, **changes)  # type: ignore[arg-type]


async def sent(where: SmtpAddress, *messages: EmailMessage, context: ssl.SSLContext | None = None) -> list[Posted]:
    """What came of each of the messages."""
    async with SmtpServer(where, lambda: context or ssl.create_default_context()).line() as line:
        return [await line.send(one, str(one["To"])) for one in messages]


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


def served_by(authority: trustme.CA, name: str = "127.0.0.1") -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(name).configure_cert(context)
    return context


def trusting(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.create_default_context()
    authority.configure_trust(context)
    return context


async def test_a_message_arrives_as_it_was_written() -> None:
    box = Mailbox()
    async with mail_server(box) as port:
        assert await sent(address(port), message(), message()) == [SENT, SENT]
    assert [one["Subject"] for one in box.messages] == ["Lånereglene på Ål"] * 2
    assert box.messages[0].get_content().splitlines() == ["Æ ø å"]
    assert box.envelopes[0].rcpt_tos == [TO]


@pytest.mark.parametrize("security", ["starttls", "tls"])
async def test_tls_is_proved_and_the_login_is_sent_within_it(security: str, authority: trustme.CA) -> None:
    box = Mailbox()
    async with mail_server(box, tls=served_by(authority), at_once=security == "tls", login=True) as port:
        where = address(port, security=security, login=LOGIN, password=PASSWORD)
        assert await sent(where, message(), context=trusting(authority)) == [SENT]
    assert len(box.messages) == 1


@pytest.mark.parametrize("security", ["starttls", "tls"])
@pytest.mark.parametrize("fault", ["unknown authority", "another name"])
async def test_a_server_that_cannot_prove_itself_gets_nothing(security: str, fault: str, authority: trustme.CA) -> None:
    box = Mailbox()
    name = "127.0.0.1" if fault == "unknown authority" else "elsewhere.example"
    context = ssl.create_default_context() if fault == "unknown authority" else trusting(authority)
    async with mail_server(box, tls=served_by(authority, name), at_once=security == "tls") as port:
        with pytest.raises(MailUnavailableError, match="tls_failed"):
            await sent(address(port, security=security), message(), context=context)
    assert box.envelopes == []


async def test_a_server_without_tls_is_not_spoken_to_in_plain_text(authority: trustme.CA) -> None:
    box = Mailbox()
    async with mail_server(box) as port:
        with pytest.raises(MailUnavailableError):
            await sent(address(port, security="starttls"), message(), context=trusting(authority))
    assert box.envelopes == []


async def test_a_refused_login_is_told_without_the_password(authority: trustme.CA) -> None:
    async with mail_server(Mailbox(), tls=served_by(authority), login=True) as port:
        where = address(port, security="starttls", login=LOGIN, password="wrong-one")
        with pytest.raises(MailUnavailableError) as refused:
            await sent(where, message(), context=trusting(authority))
    assert (str(refused.value), refused.value.__cause__) == ("login_refused", None)
    assert PASSWORD not in repr(where)


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (f"550 No such mailbox {TO}", Posted(Posting.REFUSED, "recipient_refused")),
        ("450 Greylisted, come again", Posted(Posting.LATER, "recipient_refused")),
    ],
)
async def test_one_refused_recipient_keeps_nobody_else_from_getting_mail(answer: str, expected: Posted) -> None:
    box = Mailbox(refusals={TO: answer})
    async with mail_server(box) as port:
        told = await sent(address(port), message(), message("other@patron.example"))
    assert told == [expected, SENT]


@pytest.mark.parametrize(("answer", "posting"), [("554 Spam", Posting.REFUSED), ("451 Later", Posting.LATER)])
async def test_a_refused_message_is_told_from_one_to_come_again(answer: str, posting: Posting) -> None:
    async with mail_server(Mailbox(answer=answer)) as port:
        assert await sent(address(port), message()) == [Posted(posting, "message_refused")]


async def test_a_refused_sender_is_the_operators_to_mend_and_no_message_is_lost() -> None:
    async with mail_server(Mailbox(sender_answer="550 Not you")) as port:
        with pytest.raises(MailUnavailableError, match="sender_refused"):
            await sent(address(port), message())


async def test_nobody_there_is_told_as_that() -> None:
    async with mail_server(Mailbox()) as port:
        pass
    with pytest.raises(MailUnavailableError, match="unreachable"):
        await sent(address(port), message())


async def test_a_server_that_says_nothing_is_not_waited_for_for_ever() -> None:
    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    server = await asyncio.start_server(silent, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        with pytest.raises(MailUnavailableError, match="timeout"):
            await sent(address(port, timeout=0.05), message())


async def test_a_folder_takes_mail_for_any_mail_program(tmp_path: Path) -> None:
    async with MailFolder(tmp_path / "mail").line() as line:
        assert await line.send(message(), TO) == SENT
    (read,) = mailbox.Maildir(tmp_path / "mail")
    assert read["To"] == TO
