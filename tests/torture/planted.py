"""A target that fails at one sign, to see that a fuzzer finds it."""

from __future__ import annotations

from tests.torture.target import Target


def one_input(data: bytes) -> None:
    """Fail at a 7."""
    if b"7" in data:
        raise ValueError("a seven")


TARGET = Target(one_input, (b"1234", b"<one/>"), (b"one", b"77"), 64)
