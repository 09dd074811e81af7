"""One library's ILS, as its settings tell it: where it is, how it speaks, how long and how much it is asked."""

from __future__ import annotations

from dataclasses import dataclass, field

from gateway.upstream.addresses import Address
from gateway.upstream.backoff import BackoffRules
from gateway.upstream.breaker import BreakerRules
from gateway.upstream.strikes import StrikeRules
from gateway.upstream.tls import UpstreamTls
from protocols.sip2 import ScProfile


@dataclass(frozen=True, slots=True)
class IlsLogin:
    """What a 93 to the ILS carries: the terminal's own login there, or the kiosk's."""

    user: str = field(repr=False)
    password: str = field(repr=False)
    location: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Budgets:
    """How long the ILS has, in seconds.

    `total` is for all of a request, connecting and logging in included, and `connect` for connecting to any of the
    addresses. A harmless request is sent again after `resend`; one that changes something is not sent at all with
    less than `least_for_change` left.
    """

    total: float = 1.8
    connect: float = 0.8
    resend: float = 0.9
    least_for_change: float = 0.8


BIRTH_DATE_TAGS = ("PB",)
"""Where most systems that tell a birth date tell it. PA, PD and BC mean it at some and an expiry at others."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IlsHabits:
    """What one library system wants to find in requests, and where its answers say what.

    It may want an AC or an AD, be it empty, or the PIN (`wants_pin`) that the register has found right already. Its
    own id of a patron is in AA unless `local_id_tag` names another field, a birth date in one of `birth_date_tags`.
    Where it leaves BL or CQ out, `fills_validity` adds them to the answers about local cards, too.
    """

    wants_terminal_password: bool = False
    wants_empty_pin: bool = False
    wants_pin: bool = False
    local_id_tag: str | None = None
    birth_date_tags: tuple[str, ...] = BIRTH_DATE_TAGS
    fills_validity: bool = False


NO_HABITS = IlsHabits()
"""Of a library system that takes requests as kiosks send them, and answers as the protocol says."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LibrarySystem:
    """One ILS that speaks SIP2.

    `institution` is the id that it wants in AO (None: as sent). Idle links are kept alive by a 99 every `keep_alive`
    seconds, and closed after `idle_close` seconds without a request (None: never). `asks_status` off leaves out every
    99, the one after the login and those of idle links. `proves_patron` off takes answers whose AA is not the one that
    was asked for: an ILS may know a patron by two numbers. At most `openings` links connect in the background at once.
    """

    id: str
    addresses: tuple[Address, ...]
    tls: UpstreamTls | None = None
    profile: ScProfile = field(default_factory=ScProfile)
    login: IlsLogin | None = None
    institution: str | None = None
    asks_status: bool = True
    proves_patron: bool = True
    keep_alive: float = 60.0
    idle_close: float | None = None
    budgets: Budgets = field(default_factory=Budgets)
    in_flight: int = 8
    queued: int = 32
    openings: int = 4
    breaker: BreakerRules = field(default_factory=BreakerRules)
    reconnect: BackoffRules = field(default_factory=BackoffRules)
    strikes: StrikeRules = field(default_factory=StrikeRules)

    def __post_init__(self) -> None:
        if not self.addresses:
            raise ValueError("an ILS has an address")
        object.__setattr__(self, "addresses", tuple(Address(*one) for one in self.addresses))

    @property
    def tells_late_answers(self) -> bool:
        """Whether an answer proves by its sequence digit which request it belongs to."""
        return self.profile.error_detection and self.profile.echo == "required"
