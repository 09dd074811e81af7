"""Document ⇄ message: reading lenient, writing valid."""

from __future__ import annotations

from datetime import UTC, tzinfo
from typing import Final

from lxml import etree

from protocols.ncip import intake
from protocols.ncip.decoding import Decoder
from protocols.ncip.errors import Flaw, NotSendable
from protocols.ncip.grammar import grammar_of, schema_tree
from protocols.ncip.intake import ANSWER_LIMITS, REQUEST_LIMITS, Limits
from protocols.ncip.lookup_version import LookupVersion, LookupVersionResponse, written_version_message
from protocols.ncip.messages import BareProblem, Request, Response
from protocols.ncip.problems import Trouble, problem, verdict_on
from protocols.ncip.received import VERSION_2, Declined, Dialect, Received, Unreadable
from protocols.ncip.spec import Message
from protocols.ncip.version1 import in_version_1
from protocols.ncip.writing import Writer

__all__ = ["ANSWER_LIMITS", "REQUEST_LIMITS", "Codec", "Limits"]

_SHAPES_KEPT: Final = 1024


class Codec:
    """Reads and writes documents, whoever the peer is. One per thread: the schema behind it is not shared.

    No method raises for what a peer sent; only `encode` raises, for what we built wrong.
    """

    def __init__(self) -> None:
        schema = schema_tree()
        self._grammar = grammar_of(schema)
        self._schema = etree.XMLSchema(schema)
        self._decoder = Decoder(self._schema, self._grammar)
        self._parser = intake.parser()
        self._proved: set[str] = set()

    def decode(
        self, document: bytes, *, limits: Limits = REQUEST_LIMITS, zone: tzinfo = UTC, strict: bool = False
    ) -> Received | Unreadable:
        """The message in a document, request or answer.

        `zone` holds where an instant names none; `strict` refuses what is still invalid after mending.
        """
        return self._decoder.decode(document, limits, zone, strict=strict)

    def request(
        self, document: bytes, *, limits: Limits = REQUEST_LIMITS, zone: tzinfo = UTC, strict: bool = False
    ) -> Received | Unreadable:
        """The request in a document; an answer in its place is unreadable too. Options as for `decode`."""
        found = self.decode(document, limits=limits, zone=zone, strict=strict)
        if isinstance(found, Unreadable) or isinstance(found.message, Request | LookupVersion):
            return found
        return _out_of_turn(found.dialect)

    def answer(
        self, document: bytes, *, to: type[Message], limits: Limits = ANSWER_LIMITS, zone: tzinfo = UTC
    ) -> Received | Declined | Unreadable:
        """A peer's answer to a request of this class: performed, declined with problems, or anything else."""
        found = self.decode(document, limits=limits, zone=zone)
        if isinstance(found, Unreadable):
            return found
        problems = found.message.problems if isinstance(found.message, Response | BareProblem) else ()
        if problems:
            return Declined(problems, verdict_on(problems))
        return found if found.message.name == to.answered_by else _out_of_turn(found.dialect)

    def encode(self, message: Message, dialect: Dialect = VERSION_2) -> bytes:
        """The document that carries a message, in UTF-8 and always valid.

        Raises `NotSendable` where the message lacks what the schema demands, or holds what it forbids.
        """
        if isinstance(message, LookupVersion | LookupVersionResponse):
            return written_version_message(message, dialect.version, dialect.root)
        writer = Writer(VERSION_2.version if dialect.first else dialect.version)
        writer.message(message)
        document = writer.text().encode()
        self._prove(writer.shape, document, message)
        if dialect.first:
            return in_version_1(document, dialect.version, dialect.agency_scheme, self._grammar)
        return document

    def _prove(self, shape: str, document: bytes, message: Message) -> None:
        """Validity depends on markup alone, so that each shape is validated once."""
        if shape in self._proved:
            return
        if not self._schema.validate(etree.fromstring(document, self._parser)):
            raise NotSendable(f"{message.name} would not be valid")
        if len(self._proved) >= _SHAPES_KEPT:
            self._proved.clear()
        self._proved.add(shape)


def _out_of_turn(dialect: Dialect) -> Unreadable:
    return Unreadable(Flaw.UNKNOWN, problem(Trouble.PROTOCOL_ERROR, about="NCIPMessage"), dialect)
