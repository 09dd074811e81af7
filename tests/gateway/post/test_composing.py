"""Mails to patrons: every kind in every language, and no value that breaks out of its place."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime

import pytest

from gateway.post.composing import CONTENTS, Stationery, UnfitAddressError, mail_of
from gateway.words.mail_keys import Mail
from registry.domain.institution import LendingUnitId
from registry.domain.notice import Letter, NoticeId, NoticeKind
from registry.domain.patron import Language
from registry.domain.release import View

NOW = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
FROM = Stationery(sender="kort@library.example", reply_to="hjelp@library.example")
LINK = "https://kort.library.example/NO-2030000"


def letter(kind: NoticeKind = NoticeKind.TAKEN_IN, language: Language = Language.NB, to: str = "k@p.example") -> Letter:
    view = View(email=to, language=language)
    unit = LendingUnitId("NO-2030000")
    return Letter(notice=NoticeId(7), kind=kind, unit=unit, since=NOW, fence=1, tries=0, view=view)


@pytest.mark.parametrize(("kind", "language"), list(itertools.product(NoticeKind, Language)))
def test_every_kind_is_said_whole_in_every_language(kind: NoticeKind, language: Language) -> None:
    mail, to = mail_of(letter(kind, language), FROM, library="Ål bibliotek", link=LINK, now=NOW)
    text = mail.get_content()
    assert to == "k@p.example"
    assert "Ål bibliotek" in mail["Subject"]
    assert "2026" in text
    assert "{" not in str(mail["Subject"]) + text
    assert (LINK in text) == (Mail.SEE in CONTENTS[kind].paragraphs)
    assert mail["Content-Language"] == language.value


def test_a_mail_says_whom_it_is_from_and_that_no_machine_should_answer() -> None:
    mail, _ = mail_of(letter(), FROM, library="Ål bibliotek", link=None, now=NOW)
    assert mail["From"].addresses[0].addr_spec == "kort@library.example"
    assert mail["Reply-To"] == "hjelp@library.example"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert "://" not in mail.get_content()


def test_the_same_letter_has_the_same_message_id_and_another_another() -> None:
    twice = [mail_of(letter(), FROM, library="Ål", link=None, now=NOW)[0]["Message-ID"] for _ in range(2)]
    assert twice[0] == twice[1] == f"<notice-7-{int(NOW.timestamp())}@library.example>"


@pytest.mark.parametrize(
    "address",
    [
        "",
        "nobody",
        "nobody@",
        "@patron.example",
        "a@localhost",
        "a@p.example, b@p.example",
        "a@p.example\nBcc: b@p.example",
        "Kjærsti <a@p.example>",
        "a b@p.example",
        "a@p.example\0",
    ],
)
def test_an_address_that_is_none_or_more_than_one_is_refused_and_not_repeated(address: str) -> None:
    with pytest.raises(UnfitAddressError) as refused:
        mail_of(letter(to=address), FROM, library="Ål", link=None, now=NOW)
    assert str(refused.value) == ""


def test_a_librarys_name_breaks_out_of_no_header() -> None:
    mail, _ = mail_of(letter(), FROM, library="Ål\r\nBcc: b@p.example", link=None, now=NOW)
    assert mail["Bcc"] is None
    assert "\nBcc" not in mail.as_string()
