"""From a letter to a mail: words by the table, headers that no value can break out of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime

from gateway.clock import LIBRARY_TIME
from gateway.words.dates import in_words
from gateway.words.languages import Language
from gateway.words.mail_keys import Mail
from gateway.words.mail_texts import MAILS
from gateway.words.page_keys import Text
from gateway.words.page_texts import TEXTS
from registry.domain.notice import Letter, NoticeKind


class UnfitAddressError(ValueError):
    """An address that no mail can be sent to; the text does not repeat it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stationery:
    """What stands on every mail: whom it is from and where answers go."""

    sender: str
    reply_to: str | None = None


@dataclass(frozen=True, slots=True)
class Content:
    """What one kind of mail says: the key of its subject, and those of its paragraphs."""

    subject: Mail
    paragraphs: tuple[Mail, ...]


CONTENTS: Mapping[NoticeKind, Content] = {
    NoticeKind.TAKEN_IN: Content(Mail.TAKEN_IN_SUBJECT, (Mail.TAKEN_IN, Mail.NOT_ASKED_FOR, Mail.SEE)),
    NoticeKind.APPROVED: Content(Mail.APPROVED_SUBJECT, (Mail.APPROVED, Mail.SEE)),
    NoticeKind.DENIED: Content(Mail.DENIED_SUBJECT, (Mail.DENIED,)),
}
"""Every kind of notice, and what is said of it."""

TRIAL = Content(Mail.TRIAL_SUBJECT, (Mail.TRIAL,))
"""What an operator sends to see whether mail goes out."""


def mail_of(
    letter: Letter, stationery: Stationery, *, library: str, link: str | None, now: datetime
) -> tuple[EmailMessage, str]:
    """Return a letter as a mail, and the address; raises :class:`UnfitAddressError`.

    The same letter always has the same message id: a mail server that is given it twice can tell.
    """
    language = Language.of_tag(letter.view.language.value if letter.view.language else "") or Language.NB
    values = {"library": _plain(library), "date": in_words(letter.since.astimezone(LIBRARY_TIME).date(), language)}
    id_ = f"notice-{letter.notice}-{int(letter.since.timestamp())}"
    content = CONTENTS[letter.kind]
    return composed(content, letter.view.email or "", stationery, language, values, link=link, id_=id_, now=now)


def composed(
    content: Content,
    recipient: str,
    stationery: Stationery,
    language: Language,
    values: Mapping[str, str],
    *,
    link: str | None,
    id_: str,
    now: datetime,
) -> tuple[EmailMessage, str]:
    """Return a mail in ``language``, and the address; raises :class:`UnfitAddressError`."""
    message = EmailMessage()
    to, sender = _address(recipient), _address(stationery.sender, TEXTS[Text.SERVICE].in_language(language))
    message["From"], message["To"] = sender, to
    if stationery.reply_to is not None:
        message["Reply-To"] = _address(stationery.reply_to)
    message["Subject"] = MAILS[content.subject].in_language(language).format(**values)
    message["Date"] = format_datetime(now.astimezone(UTC))
    message["Message-ID"] = f"<{id_}@{sender.domain}>"
    # RFC 3834: nobody's holiday message answers it.
    message["Auto-Submitted"] = "auto-generated"
    told = values if link is None else {**values, "link": link}
    paragraphs = (*content.paragraphs, Mail.FOOT)
    said = [MAILS[key].in_language(language).format(**told) for key in paragraphs if link or key is not Mail.SEE]
    message.set_content("\n\n".join(said) + "\n")
    message["Content-Language"] = language.value
    return message, to.addr_spec


def _address(text: str, name: str = "") -> Address:
    # An address comes from a form or from a library system: a second one, or a header, must not be smuggled in by it.
    try:
        found = Address(name, addr_spec=text)
    except (MessageError, ValueError, IndexError):
        raise UnfitAddressError from None
    if not found.username or "." not in found.domain or not text.isprintable():
        raise UnfitAddressError
    return found


def _plain(text: str) -> str:
    return "".join(sign if sign.isprintable() else " " for sign in text)
