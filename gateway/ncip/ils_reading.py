"""What a library system's reply says: performed, declined, or nothing that can be relied on."""

from __future__ import annotations

from collections.abc import Iterator

from gateway.ncip.ils_exchange import Reply, meaning, was_performed
from gateway.ncip.ils_outcomes import Answered, Declined, Failed, Outcome, may_change
from gateway.upstream.failures import FailureKind
from protocols import ncip
from protocols.ncip import Codec, Flaw, LookupUser, LookupUserResponse, Message
from protocols.ncip.schemes import CARD_INPUT_TYPES
from registry.domain.card import national

_NO_NCIP = frozenset({Flaw.PARSE, Flaw.CHARSET, Flaw.DOCTYPE})


def outcome_of(reply: Reply, asked: Message, codec: Codec) -> Outcome:
    """How a request ended, going by its reply; a status that says no is never taken for a yes."""
    read = codec.answer(reply.body, to=type(asked))
    match read:
        case ncip.Declined(problems=problems, verdict=verdict):
            return Declined(problems, verdict)
        case ncip.Received(message=message) if reply.is_well:
            return _proved(message, asked)
        case ncip.Received():
            return failed(FailureKind.UNEXPECTED_ANSWER, asked, reply)
        case ncip.Unreadable(flaw=Flaw.OVERSIZE):
            return failed(FailureKind.TOO_LARGE, asked, reply)
        case ncip.Unreadable(flaw=flaw):
            return failed(meaning(reply.status) if flaw in _NO_NCIP else FailureKind.UNEXPECTED_ANSWER, asked, reply)


def failed(kind: FailureKind, asked: Message, reply: Reply) -> Failed:
    """A failure, uncertain where the status leaves it open whether the request was executed."""
    return Failed(kind, may_change(asked) and was_performed(reply.status))


def _proved(message: Message, asked: Message) -> Answered | Failed:
    """An answer that is about the user who was asked for."""
    if not (isinstance(asked, LookupUser) and isinstance(message, LookupUserResponse)):
        return Answered(message)
    told = set(_numbers_in(message))
    if not told:
        return Failed(FailureKind.UNEXPECTED_ANSWER)
    return Answered(message) if told & set(_numbers_of(asked)) else Failed(FailureKind.OTHER_PATRON)


def _numbers_of(asked: LookupUser) -> Iterator[str]:
    if asked.user_id is not None:
        yield _plain(asked.user_id.user_identifier_value)
    for one in asked.authentication_inputs:
        if one.authentication_input_type.says(*CARD_INPUT_TYPES):
            yield _plain(one.authentication_input_data)


def _numbers_in(answer: LookupUserResponse) -> Iterator[str]:
    """The number that is answered for, and the others that the system knows the same user by."""
    if answer.user_id is None:
        return
    yield _plain(answer.user_id.user_identifier_value)
    if answer.user_optional_fields is not None:
        yield from (_plain(one.user_identifier_value) for one in answer.user_optional_fields.user_ids)


def _plain(number: str) -> str:
    """A number as it is compared: systems write a national one in more ways than one."""
    return national(number) or number.strip().upper()
