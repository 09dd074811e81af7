"""From nothing to a line on which requests may be asked: connect, log in, ask the ILS what it can do."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from gateway.sip2.capture import Track
from gateway.sip2.ils_line import IlsLine
from gateway.sip2.ils_outcomes import Answered, Failed
from gateway.sip2.ils_system import IlsLogin
from gateway.upstream.failures import FailureKind
from gateway.upstream.turns import take
from protocols import sip2
from protocols.sip2 import Message

if TYPE_CHECKING:
    from gateway.sip2.ils_peer import IlsPeer

SC_STATUS = sip2.ScStatus(status_code="0", max_print_width="080", protocol_version="2.00")
"""The 99 after a login and on an idle line: all is well here."""

_PLAIN = "0"
"""The only algorithm that the standard knows for login and password: none."""

Lost = Callable[[IlsLine], object]


async def open_line(
    peer: IlsPeer, login: IlsLogin | None, lost: Lost, deadline: float, track: Track | None = None
) -> IlsLine | Failed:
    """Return a line that is logged in, or why there is none by `deadline`; nothing has been asked then.

    `track` records what is said on it.
    """
    turn = None if login is None else peer.strikes.turn(login)
    if turn is None:
        return await _open(peer, login, lost, deadline, track)
    if not await take(turn, deadline, peer.clock):
        return Failed(FailureKind.HUNG_BEFORE)
    try:
        return await _open(peer, login, lost, deadline, track)
    finally:
        turn.release()


async def _open(
    peer: IlsPeer, login: IlsLogin | None, lost: Lost, deadline: float, track: Track | None
) -> IlsLine | Failed:
    if login is not None and peer.strikes.is_held(login):
        return Failed(FailureKind.LOGIN_REFUSED)
    until = min(deadline, peer.clock() + peer.system.budgets.connect)
    line = await peer.connector.connect(lambda address: IlsLine(peer, address, lost, track), until)
    if isinstance(line, FailureKind):
        if track is not None:
            track.noted(f"not connected: {line.value}")
        return Failed(line)
    try:
        failure = await _introduce(peer, login, line, deadline)
    except BaseException:  # cancelled: nobody will ever use this line
        line.abort()
        raise
    if failure is None:
        return line
    line.end()
    if failure is not FailureKind.LOGIN_REFUSED:
        peer.connector.addresses.failed(line.address)
    return Failed(failure)


async def _introduce(peer: IlsPeer, login: IlsLogin | None, line: IlsLine, deadline: float) -> FailureKind | None:
    """Log in and learn what the ILS can do; None when all went well."""
    if login is not None:
        answer = await _told(line, _login(login), deadline)
        if isinstance(answer, FailureKind):
            return answer
        if not isinstance(answer, sip2.LoginResponse) or answer.ok != "1":
            peer.login_refused(login)
            return FailureKind.LOGIN_REFUSED
        peer.strikes.accepted(login)
    if peer.system.asks_status:
        status = await _told(line, SC_STATUS, deadline)
        if isinstance(status, FailureKind):
            return status
    return None


async def _told(line: IlsLine, message: Message, deadline: float) -> Message | FailureKind:
    outcome = await line.ask(message, deadline)
    if isinstance(outcome, Answered):
        return outcome.message
    return FailureKind.HUNG_BEFORE if outcome.kind is FailureKind.HUNG else outcome.kind


def _login(login: IlsLogin) -> Message:
    return sip2.Login(
        uid_algorithm=_PLAIN,
        pwd_algorithm=_PLAIN,
        login_user_id=login.user,
        login_password=login.password,
        location_code=login.location,
    )
