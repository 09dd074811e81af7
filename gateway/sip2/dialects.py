"""How one terminal's SIP2 differs from the standard's: told once, as data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from gateway.words.languages import Language
from protocols.sip2 import AcsProfile


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """A terminal's charset, frame, login and screen, and the fields it wants added to or hidden from answers.

    With ``off_line_in_outage`` it is told of an outage of its library system by a 98 that is not on-line.
    """

    profile: AcsProfile = field(default_factory=AcsProfile)
    language: Language = Language.NB
    timeout_tenths: int = 30
    retries: int = 3
    hide: frozenset[str] = frozenset()
    add: Mapping[str, str] = field(default_factory=dict)
    off_line_in_outage: bool = False

    @property
    def charset(self) -> str:
        """The charset, by the name that Python knows."""
        return self.profile.encoding
