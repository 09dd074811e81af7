"""Whether an answer is the one that was asked for: an ILS may mix up its connections, or be off-line."""

from __future__ import annotations

from gateway.sip2.ils_outcomes import Answered, Failed, Outcome, may_change
from gateway.sip2.ils_system import LibrarySystem
from gateway.upstream.failures import FailureKind
from protocols import sip2
from protocols.sip2 import Codec, Message

_STATUS = "98"


def judged(asked: Message, answer: Message, system: LibrarySystem) -> Outcome:
    """Return the answer, or the failure that it is."""
    if answer.number == _STATUS and asked.answered_by != _STATUS:
        # A 98 says that the request was not executed; without a sequence digit it may as well have come unasked.
        return Failed(FailureKind.NOT_ONLINE, may_change(asked) and not system.tells_late_answers)
    if system.proves_patron and not is_for_the_same_patron(asked, answer, system.profile.codec):
        return Failed(FailureKind.OTHER_PATRON, may_change(asked))
    return Answered(answer)


def is_for_the_same_patron(asked: Message, answer: Message, codec: Codec) -> bool:
    """Tell whether an answer is for the patron that was asked about.

    True where either of them names nobody: an answer that leaves AA empty is no other patron's. Case and blanks do not
    count, and neither does what the ILS's charset made of the number on the way.
    """
    wanted, got = _patron(asked), _patron(answer)
    if wanted == got or not wanted or not got or _plain(wanted) == _plain(got):
        return True
    arrived = codec.decode(codec.encode(asked))
    return isinstance(arrived, Message) and _plain(_patron(arrived) or "") == _plain(got)


# The AA of a 10 is whoever had the item, and a 09 asks about nobody: it has no AA to compare.
def _patron(message: Message) -> str | None:
    patron: str | None = getattr(message, "patron_identifier", None)
    return patron


def _plain(card: str) -> str:
    return "".join(card.split()).casefold()


def with_institution(message: Message, institution: str | None) -> Message:
    """Return the message with the AO that the ILS wants; unchanged where it wants none or the message has none."""
    if institution is None or getattr(message, "institution_id", institution) == institution:
        return message
    return sip2.changed(message, institution_id=institution)


def as_asked(answer: Message, asked: Message, institution: str | None) -> Message:
    """Return the answer with the AO of the asker in place of the ILS's; an AO of somebody else's stays."""
    sent: str | None = getattr(asked, "institution_id", None)
    if institution is None or sent is None or getattr(answer, "institution_id", None) != institution:
        return answer
    return with_institution(answer, sent)
