"""What one exchange with a library system brings, as bytes: nothing here knows a message."""

from __future__ import annotations

from dataclasses import dataclass

from gateway.upstream.failures import FailureKind


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer as it came: its body, over HTTP its status, and whether the connection may be used again."""

    body: bytes
    status: int | None = None
    reusable: bool = False

    @property
    def is_well(self) -> bool:
        """Whether the transport says that all is well."""
        return self.status is None or 200 <= self.status < 300


@dataclass(frozen=True, slots=True)
class Lost:
    """No answer. `sent`: the request had left, so that it may have been executed."""

    kind: FailureKind
    sent: bool = False


# RFC 9110: what the client did wrong (15.5) was not performed, nor what is refused for now (503, 429); a redirect by
# 302 or 303 may follow upon the deed, and any other error of the server's may come in its middle.
_NOT_PERFORMED = frozenset({300, 301, 304, 305, 307, 308, 503})
_UNWELCOME = frozenset({401, 403, 407})
_UNAVAILABLE = frozenset({429, 503})


def was_performed(status: int | None) -> bool:
    """Tell whether a request whose answer is of no use may have been executed, going by the HTTP status."""
    return status is None or not (400 <= status < 500 or status in _NOT_PERFORMED)


def meaning(status: int | None) -> FailureKind:
    """What an answer without any NCIP in it is, going by its HTTP status."""
    if status is None or 200 <= status < 300:
        return FailureKind.GARBAGE
    if status in _UNWELCOME:
        return FailureKind.LOGIN_REFUSED
    return FailureKind.NOT_ONLINE if status in _UNAVAILABLE else FailureKind.UNEXPECTED_ANSWER
