"""What a fuzzer is pointed at."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Target:
    """Something that takes bytes: ``one_input`` raises where it fails at them.

    ``seeds`` are inputs to begin with, ``words`` what inputs are made of; ``longest`` is in bytes.
    """

    one_input: Callable[[bytes], None]
    seeds: tuple[bytes, ...]
    words: tuple[bytes, ...]
    longest: int
