"""Bytes made worse: what stands in for a guided fuzzer where there is none."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence

Change = Callable[[random.Random, bytearray, Sequence[bytes]], None]


def mutated(seed: bytes, words: Sequence[bytes], chance: random.Random) -> bytes:
    """Return a seed after one to six changes."""
    made = bytearray(seed)
    for _ in range(chance.randint(1, 6)):
        chance.choice(CHANGES)(chance, made, words)
    return bytes(made)


def _place(chance: random.Random, made: bytearray) -> int:
    return chance.randint(0, len(made))


def _flip(chance: random.Random, made: bytearray, words: Sequence[bytes]) -> None:
    if made:
        made[chance.randrange(len(made))] ^= 1 << chance.randrange(8)


def _insert(chance: random.Random, made: bytearray, words: Sequence[bytes]) -> None:
    at = _place(chance, made)
    made[at:at] = chance.randbytes(chance.randint(1, 8))


def _say(chance: random.Random, made: bytearray, words: Sequence[bytes]) -> None:
    at = _place(chance, made)
    made[at:at] = chance.choice(words)


def _swap(chance: random.Random, made: bytearray, words: Sequence[bytes]) -> None:
    """Put one word where another one stands."""
    there = [word for word in chance.sample(words, min(len(words), 12)) if word in made]
    if there:
        made[:] = made.replace(chance.choice(there), chance.choice(words), chance.randint(1, 2))


def _cut(chance: random.Random, made: bytearray, words: Sequence[bytes]) -> None:
    at = _place(chance, made)
    del made[at : at + chance.randint(1, 64)]


def _end(chance: random.Random, made: bytearray, words: Sequence[bytes]) -> None:
    del made[_place(chance, made) :]


def _repeat(chance: random.Random, made: bytearray, words: Sequence[bytes]) -> None:
    at = _place(chance, made)
    made[at:at] = made[at : at + chance.randint(1, 128)] * chance.randint(1, 8)


CHANGES: tuple[Change, ...] = (_flip, _insert, _say, _swap, _cut, _end, _repeat)
