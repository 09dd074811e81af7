"""Who may log in: the login, the password, the network, the certificate and the agreement must all be right."""

from __future__ import annotations

import enum
from collections.abc import Callable
from dataclasses import dataclass, field

from gateway.partners.secrets import MachineSecrets
from gateway.sip2.ils_system import IlsLogin
from gateway.sip2.terminals import Terminal, Terminals
from protocols.sip2 import Login
from registry.credentials.pool import PoolFullError
from registry.domain.secret import Secret
from registry.register import DoorRegister

_PLAIN_TEXT = frozenset("0 ")


class LoginRefusal(enum.Enum):
    """Why a login is refused; told to the log and to nobody else."""

    ALGORITHM = "algorithm"
    CREDENTIALS = "credentials"
    PLACE = "place"
    LOCATION = "location"
    AGREEMENT = "agreement"
    BUSY = "busy"
    CROWDED = "crowded"


@dataclass(frozen=True, slots=True)
class Claim:
    """Somebody at ``host`` says that they are a terminal."""

    login: str = field(repr=False)
    password: Secret
    location: str
    host: str
    certificate: bytes | None = field(repr=False)
    plain: bool = True

    @classmethod
    def of(cls, asked: Login, host: str, certificate: bytes | None) -> Claim:
        """Return what a 93 claims; an algorithm other than plain text is a private agreement, and we have none."""
        plain = {asked.uid_algorithm, asked.pwd_algorithm} <= _PLAIN_TEXT
        return cls(
            asked.login_user_id, Secret(asked.login_password), asked.location_code or "", host, certificate, plain
        )

    def for_ils(self) -> IlsLogin:
        """Return the same claim as a login to a library system that knows its kiosks itself."""
        return IlsLogin(self.login, self.password.reveal(), self.location or None)


class Logins:
    """Checks logins against the terminals in force."""

    def __init__(self, terminals: Callable[[], Terminals], secrets: MachineSecrets, register: DoorRegister) -> None:
        self._terminals = terminals
        self._secrets = secrets
        self._register = register

    def at_once(self, claim: Claim) -> Terminal | LoginRefusal | None:
        """Return the terminal if its password was right before, a refusal that needs no check, or ``None``."""
        if not claim.plain:
            return LoginRefusal.ALGORITHM
        terminal = self._terminals().by_login(claim.login)
        if terminal is None or not self._secrets.is_known(terminal.secret, claim.password):
            return None
        found = self._judged(terminal, claim)
        # A refusal for want of an agreement is audited, which takes a database.
        return None if found is LoginRefusal.AGREEMENT else found

    async def check(self, claim: Claim, deadline: float) -> Terminal | LoginRefusal:
        """Return the terminal, or why not; an unknown login takes as long as a wrong password.

        Raises ``RegisterUnavailable`` where a refusal could not be audited.
        """
        terminal = self._terminals().by_login(claim.login)
        try:
            right = await self._secrets.check(terminal.secret if terminal else None, claim.password)
        except PoolFullError:
            return LoginRefusal.BUSY
        # The partner files may have been read again meanwhile: what was proved is no proof for another entry.
        if terminal is None or not right or self._terminals().by_login(claim.login) != terminal:
            return LoginRefusal.CREDENTIALS
        found = self._judged(terminal, claim)
        if found is LoginRefusal.AGREEMENT:
            await self._register.turned_away(terminal.asker, deadline)
        return found

    def _judged(self, terminal: Terminal, claim: Claim) -> Terminal | LoginRefusal:
        if not terminal.may_come_from(claim.host, claim.certificate):
            return LoginRefusal.PLACE
        if not terminal.may_stand_at(claim.location):
            return LoginRefusal.LOCATION
        # A library's own cards at its own system are no exchange with the register, and need no agreement.
        if terminal.system is None and self._register.admits(terminal.asker) is not None:
            return LoginRefusal.AGREEMENT
        return terminal
