"""What comes of a document: a message and how well it was made, a peer's no, or the reason why it is unreadable."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum, auto

from protocols.ncip.elements import InitiationHeader, Problem
from protocols.ncip.errors import Flaw
from protocols.ncip.messages import BareProblem, Response
from protocols.ncip.problems import Verdict
from protocols.ncip.schemes import VERSION_2_02
from protocols.ncip.spec import MESSAGES, Message
from protocols.ncip.unoffered import UNOFFERED


@dataclass(frozen=True, slots=True)
class Dialect:
    """How a peer wants to be written to: the version string, and for version 1 the root element and the scheme
    that it gives agencies."""

    version: str = field(default=VERSION_2_02, repr=False)
    first: bool = False
    root: str = "NCIPMessage"
    agency_scheme: str = field(default="", repr=False)


VERSION_2 = Dialect()
"""Version 2.02, as we write unless a peer asks otherwise."""
VERSION_QUERY = Dialect(
    "http://www.niso.org/ncip/v1_0/imp1/xsd/ncip_version.xsd", first=True, root="NCIPVersionMessage"
)
"""For LookupVersion, which has an envelope of its own."""


class Conformance(Enum):
    """How well a document that could be read was made."""

    VALID = auto()
    """Valid as it came."""
    MENDED = auto()
    """Valid after the usual deviations were mended."""
    INVALID = auto()
    """Not valid, but it holds what is needed."""


@dataclass(frozen=True, slots=True)
class Received:
    """A message that was read, and the dialect in which its sender wants the answer."""

    message: Message
    dialect: Dialect
    conformance: Conformance


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A document that holds no usable message, with the problem that it is to be answered with.

    `service` is told where the document named one; `header` where that could be read.
    """

    flaw: Flaw
    problem: Problem
    dialect: Dialect = VERSION_2
    service: str | None = None
    header: InitiationHeader | None = None

    def answer(self) -> Message:
        """The answer to be sent: inside the service's response where there is one, else a bare problem."""
        return refusal(self.service, self.problem, self.header)


@dataclass(frozen=True, slots=True)
class Declined:
    """A peer's no to our request."""

    problems: tuple[Problem, ...]
    verdict: Verdict


def refusal(service: str | None, problem: Problem, header: InitiationHeader | None = None) -> Message:
    """The answer that refuses a request to a service; a bare problem where the service has no response.

    Nothing of the request but its agencies comes back.
    """
    response = response_to(service)
    if response is None:
        return BareProblem(problems=(problem,))
    return response(response_header=header.reply() if header else None, problems=(problem,))


def response_to(service: str | None) -> type[Response] | None:
    """The class of the answers to a service, offered or not; nothing where it is none."""
    asked = MESSAGES.get(service or "")
    answered_by = asked.answered_by if asked else None
    found = MESSAGES.get(answered_by) if answered_by else UNOFFERED.get(service or "")
    return found if found is not None and issubclass(found, Response) else None
