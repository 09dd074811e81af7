"""How a key is declared: unit and bounds stand beside the default, and the words of an error come from there."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable
from typing import Annotated, Any, Final

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, PlainSerializer, PlainValidator
from pydantic_core import PydanticCustomError

UNFIT: Final = "unfit"
"""The type of every error that our own checks raise."""

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class Section(BaseModel):
    """A frozen table of a settings or partners file that refuses keys it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


def unfit(expected: str, found: str | None = None, key: str = "") -> PydanticCustomError:
    """The error for a value that breaks a rule of ours, told as what was expected there.

    `found` replaces the description of the value, `key` names the key inside the table that was judged.
    """
    return PydanticCustomError(UNFIT, "unfit", {"expected": expected, "found": found, "key": key})


def _number(default: float, low: float, high: float, kind: str, unit: str, description: str) -> Any:
    bounds = f"{low} to {high}"
    return Field(
        default=default,
        ge=low,
        le=high,
        strict=True,
        allow_inf_nan=False,
        description=f"{description} ({unit}, {bounds})" if unit else f"{description} ({bounds})",
        json_schema_extra={"expected": f"{kind}{f' of {unit}' if unit else ''} between {low} and {high}"},
    )


def seconds(default: float, low: float, high: float, description: str) -> Any:
    """A time in seconds, fractions allowed."""
    return _number(float(default), low, high, "a number", "seconds", description)


def share(default: float, description: str) -> Any:
    """A part of a whole between 0 and 1."""
    return _number(float(default), 0, 1, "a number", "", description)


def whole(default: int, low: int, high: int, description: str, unit: str = "") -> Any:
    """A whole number, of `unit` where it has one."""
    return _number(default, low, high, "a whole number", unit, description)


def flag(default: bool, description: str) -> Any:
    """True or false, and nothing that merely looks like it."""
    return Field(default=default, strict=True, description=description)


def _as_network(value: object) -> Network:
    try:
        return ipaddress.ip_network(value if isinstance(value, str) else "")
    except ValueError:
        raise unfit("a network such as 192.0.2.0/24 or 2001:db8::/32, with no host bits set") from None


Cidr = Annotated[Network, PlainValidator(_as_network), PlainSerializer(str, return_type=str)]
"""A network in CIDR notation."""


def text_that(fits: Callable[[str], bool], expected: str) -> AfterValidator:
    """A check of a text, with the words for the error when it does not fit."""

    def check(value: str) -> str:
        if not fits(value):
            raise unfit(expected)
        return value

    return AfterValidator(check)


def matching(pattern: str, expected: str) -> AfterValidator:
    """A check that a whole text matches `pattern`."""
    compiled = re.compile(pattern)
    return text_that(lambda value: compiled.fullmatch(value) is not None, expected)


# A line ends up in a variable-length field of SIP2, which holds 255 octets and no control characters.
Line = Annotated[
    str,
    text_that(
        lambda value: bool(value.strip()) and value.isprintable() and len(value.encode()) <= 255,
        "one line of text, at most 255 octets",
    ),
]


def is_loopback(host: str) -> bool:
    """Whether an address or `localhost` means this machine alone; any other name does not."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def is_wide(network: Network) -> bool:
    """Whether a network is too wide to tell anything about who speaks from it."""
    return network.prefixlen < (8 if network.version == 4 else 16)


def _is_own_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return host == "localhost"
    return True


ListenHost = Annotated[str, text_that(_is_own_address, "an IP address or localhost")]
"""An address to listen on: a name could mean another address tomorrow."""


_NAMES = re.compile(
    r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,62}[A-Za-z0-9])?(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]{0,62}[A-Za-z0-9])?)*"
)


def _is_server(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return len(host) <= _LONGEST_NAME and _NAMES.fullmatch(host) is not None
    return True


_LONGEST_NAME: Final = 253

ServerHost = Annotated[str, text_that(_is_server, "a host name or an IP address, without a port")]
"""Where a server is that we connect to."""
