"""What is known of a request's card, and where the request goes: the values that forwarding is decided over."""

from __future__ import annotations

from dataclasses import dataclass, field

from gateway.sip2.answers import Denied, Outage, Stand
from gateway.sip2.forward_pins import PinProof
from registry.domain.card import CardNumber
from registry.domain.decisions import Decision
from registry.domain.institution import PinAuthority
from registry.domain.standing import Standing, StandingState


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What a terminal and its lending unit say about sending requests on."""

    pin_required: bool = True
    pin_authority: PinAuthority = PinAuthority.REGISTER
    ils_wants_pin: bool = False
    has_kiosk_channel: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What is known of the card in a request.

    ``card`` is the national number that it shows, or that belongs to the local id it shows; ``None`` is a local card.
    ``decision`` is the register's, or that it is out; ``state`` is the patron's standing here, ``None`` where nobody
    knows it yet. With the register out these are the last known ones. ``protected`` stays true where nobody knows.
    Raises ``ValueError`` for a card about which nothing was decided.
    """

    card: CardNumber | None = field(default=None, repr=False)
    decision: Decision | Outage | None = None
    state: StandingState | None = None
    local_id: str | None = field(default=None, repr=False)
    protected: bool = True

    def __post_init__(self) -> None:
        if self.card is not None and self.decision is None:
            raise ValueError("a national card needs a decision")

    @classmethod
    def by(
        cls, card: CardNumber, decision: Decision | Outage, standing: Standing | None, *, protected: bool = True
    ) -> Seen:
        """Return what is known of a national card by the register's decision and the patron's standing."""
        state, local_id = (standing.state, standing.local_id) if standing else (None, None)
        return cls(card=card, decision=decision, state=state, local_id=local_id, protected=protected)


@dataclass(frozen=True, slots=True)
class ForwardUnchanged:
    """The library system gets the same message, and the kiosk the same answer."""

    withholds_pin: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ForwardAs:
    """The library system is asked for its own patron; the answer is the patron's, and their card's, again."""

    local_id: str = field(repr=False)
    card: CardNumber = field(repr=False)
    proof: PinProof
    protected: bool = True
    denied: Denied = Denied.NOTHING


@dataclass(frozen=True, slots=True)
class Recognise:
    """Nobody knows yet whether this patron is local here: ask the library system for the card, then route again."""

    card: CardNumber = field(repr=False)


@dataclass(frozen=True, slots=True)
class AnswerHere:
    """The answer is by the table of answers, as at a terminal without a library system; nothing is sent on."""

    decision: Decision | Outage


@dataclass(frozen=True, slots=True)
class Refuse:
    """The answer is no, in the words of ``told``; nothing is sent on or stored. ``alarm``: staff must learn of it."""

    told: Stand
    alarm: bool = False


@dataclass(frozen=True, slots=True)
class Consult(Refuse):
    """A guest's loan: a refusal, unless the terminal can offer the loan rules or take the yes to them.

    ``is_proved`` tells whether the PIN came with it, so that the words may tell how far the patron has come.
    """

    is_proved: bool = False


@dataclass(frozen=True, slots=True)
class Await(Refuse):
    """The loan of a patron who has accepted the rules: a refusal, unless they become local in time."""

    is_proved: bool = False


Forward = ForwardUnchanged | ForwardAs
Route = ForwardUnchanged | ForwardAs | Recognise | AnswerHere | Refuse
