"""One fuzz target in a process of its own: ``python -m tests.torture.fuzz_child TARGET SECONDS FOLDER``.

Guided by coverage where atheris is installed, else by chance, from a seed that is printed. An input that fails is
written into the folder, and the exit status is not 0.
"""

from __future__ import annotations

import hashlib
import importlib
import random
import secrets
import sys
import time
import traceback
from pathlib import Path
from typing import Any

from tests.torture.mutating import mutated
from tests.torture.target import Target

SLOWEST = 5
"""Seconds after which an input counts as a hang."""


def main(name: str, seconds: float, folder: Path) -> int:
    """Fuzz the target of this name; return the exit status, unless the guided fuzzer ends the process itself."""
    try:
        atheris = importlib.import_module("atheris")
    except ImportError:
        return by_chance(_target(name), seconds, folder, secrets.randbits(32))
    # What is imported here is instrumented: the parser, and not what judges it.
    with atheris.instrument_imports(include=["protocols", "gateway.ncip"], enable_loader_override=False):
        target = _target(name)
    guided(atheris, target, seconds, folder)
    return 0


def guided(atheris: Any, target: Target, seconds: float, folder: Path) -> None:
    """Fuzz by coverage; ends the process."""
    corpus, dictionary = folder / "corpus", folder / "words"
    corpus.mkdir(parents=True, exist_ok=True)
    for seed in target.seeds:
        (corpus / hashlib.sha256(seed).hexdigest()[:16]).write_bytes(seed)
    dictionary.write_text("\n".join(_quoted(word) for word in target.words))
    flags = {
        "max_total_time": max(round(seconds), 1),
        "max_len": target.longest,
        "timeout": SLOWEST,
        "rss_limit_mb": 1024,
        "print_final_stats": 1,
        "artifact_prefix": f"{folder}/",
        "dict": dictionary,
    }
    atheris.Setup([sys.argv[0], *(f"-{flag}={value}" for flag, value in flags.items()), str(corpus)], target.one_input)
    atheris.Fuzz()


def by_chance(target: Target, seconds: float, folder: Path, seed: int) -> int:
    """Fuzz by chance until the time is up; return the exit status: 1 where an input failed or took too long."""
    chance, ends, tried = random.Random(seed), time.monotonic() + seconds, 0
    print(f"seed {seed}", flush=True)
    while (began := time.monotonic()) < ends:
        made = mutated(chance.choice(target.seeds), target.words, chance)[: target.longest]
        tried += 1
        try:
            target.one_input(made)
        except Exception:  # noqa: BLE001 - whatever it raises is what is looked for
            traceback.print_exc()
        else:
            if time.monotonic() - began < SLOWEST:
                continue
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"crash-{hashlib.sha256(made).hexdigest()[:16]}").write_bytes(made)
        return 1
    print(f"stat::number_of_executed_units: {tried}")
    return 0


def _quoted(word: bytes) -> str:
    return '"' + "".join(f"\\x{byte:02x}" for byte in word) + '"'


def _target(name: str) -> Target:
    target = importlib.import_module(f"tests.torture.{name}").TARGET
    assert isinstance(target, Target)
    return target


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1], float(sys.argv[2]), Path(sys.argv[3])))
