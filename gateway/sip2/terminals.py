"""The terminals that may log in: whose they are, what proves them, and what they may ask."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from gateway.partners.networks import Network, is_within
from gateway.sip2.dialects import Dialect
from gateway.sip2.ils_system import NO_HABITS, IlsHabits, LibrarySystem
from gateway.words.languages import Language
from registry.domain.asker import Asker, AskerClass
from registry.domain.consent import Channel
from registry.domain.institution import PinAuthority


@dataclass(frozen=True, slots=True, kw_only=True)
class Terminal:
    """One terminal as the partner files tell it; ``asker`` speaks for it to the register."""

    id: str
    asker: Asker
    library: str
    login: str = field(repr=False)
    secret: str = field(repr=False)
    dialect: Dialect
    language: Language
    networks: tuple[Network, ...] = ()
    certificate: str | None = None
    locations: frozenset[str] = frozenset()
    system: LibrarySystem | None = None
    passes_its_login: bool = False
    habits: IlsHabits = NO_HABITS
    pin_required: bool = True
    pin_authority: PinAuthority = PinAuthority.REGISTER
    channels: frozenset[Channel] = frozenset()
    acknowledgement_amount: str = "0.01"

    @property
    def has_kiosk_channel(self) -> bool:
        """Whether loan rules may be accepted at this terminal by fee acknowledgement, once it is commissioned.

        Without a library system there is no loan, and so no fee to acknowledge.
        """
        return Channel.KIOSK in self.channels and self.asker.kind is AskerClass.KIOSK and self.system is not None

    def may_come_from(self, host: str, certificate: bytes | None) -> bool:
        """Tell whether a connection from ``host``, with this DER certificate or none, can be this terminal's."""
        if not is_within(host, self.networks):
            return False
        return self.certificate is None or (
            certificate is not None and hashlib.sha256(certificate).hexdigest() == self.certificate
        )

    def may_stand_at(self, location: str) -> bool:
        """Tell whether the location code of a login is one of the terminal's; none given is always right."""
        return not location or not self.locations or location in self.locations


class Terminals:
    """All terminals of one set of partner files, and the dialects that listeners speak before a login."""

    def __init__(self, terminals: Iterable[Terminal] = (), dialects: Mapping[str, Dialect] | None = None) -> None:
        self._by_login = {terminal.login: terminal for terminal in terminals}
        self._dialects = dict(dialects or {})
        self._standard = Dialect()

    def __len__(self) -> int:
        return len(self._by_login)

    def by_login(self, login: str) -> Terminal | None:
        """Return the terminal with this login, or ``None``."""
        return self._by_login.get(login)

    def by_id(self, id_: str) -> Terminal | None:
        """Return the terminal with this id, or ``None``."""
        return next((terminal for terminal in self._by_login.values() if terminal.id == id_), None)

    def without_login(self, host: str, certificate: bytes | None) -> Terminal | None:
        """Return the one terminal that may work without logging in from there; ``None`` where none or several may."""
        found = [
            terminal
            for terminal in self._by_login.values()
            if not terminal.dialect.profile.login_required and terminal.may_come_from(host, certificate)
        ]
        return found[0] if len(found) == 1 else None

    def dialect(self, name: str) -> Dialect:
        """Return a dialect by name; the standard's own where no file tells of it."""
        return self._dialects.get(name, self._standard)
