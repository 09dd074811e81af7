"""How a command asks the daemon on the same machine: files in its state directory, and answers beside them.

Who can write there is the daemon's own user or root, and nobody else is listened to. No socket, no network, nothing
that outlives a restart.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import stat
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

DIRECTORY = "captures"
"""Beneath the state directory: asks, answers, and the captures themselves."""

_ASK, _ANSWER, _PART = ".ask-", ".answer-", ".part-"
_MOST_BYTES = 16 * 1024
_MODE = 0o600
_STEP = 0.05


class NobodyAnswersError(Exception):
    """No daemon serves from this directory, or it is too busy."""


class NotTrustedError(Exception):
    """A file that somebody else wrote, may read, or that is no question."""


# The command's side.


def ask(directory: Path, question: dict[str, Any], seconds: float = 5.0) -> dict[str, Any]:
    """Return the daemon's answer to ``question``.

    Raises :class:`NobodyAnswersError`, and ``OSError`` where the directory is not ours to write into.
    """
    name = secrets.token_hex(8)
    asked, answered = directory / f"{_ASK}{name}", directory / f"{_ANSWER}{name}"
    _put(asked, question, owner=directory.stat())
    try:
        until = time.monotonic() + seconds
        while not answered.exists():
            if time.monotonic() > until:
                raise NobodyAnswersError
            time.sleep(_STEP)
        answer: dict[str, Any] = json.loads(answered.read_bytes())
        return answer
    finally:
        for left in (asked, answered):
            left.unlink(missing_ok=True)


# The daemon's side.


def make(directory: Path) -> None:
    """Make the directory, for our user alone, and forget what was asked of an earlier daemon."""
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    for kind in (_ASK, _ANSWER, _PART):
        for left in directory.glob(f"{kind}*"):
            left.unlink(missing_ok=True)


def questions(directory: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield what is asked, each by a name for :func:`answer`, and forget it; what cannot be trusted is passed over."""
    for path in sorted(directory.glob(f"{_ASK}*")):
        with contextlib.suppress(NotTrustedError, OSError, ValueError):
            yield path.name.removeprefix(_ASK), _taken(path)


def answer(directory: Path, name: str, told: dict[str, Any]) -> None:
    """Answer what was asked by ``name``."""
    _put(directory / f"{_ANSWER}{name}", told, owner=None)


def create(path: Path) -> int:
    """Return the descriptor of a new file that nobody else may read; raises ``FileExistsError``."""
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_APPEND, _MODE)


def _taken(path: Path) -> dict[str, Any]:
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    with os.fdopen(descriptor, "rb") as file:
        told = os.fstat(descriptor)
        private = stat.S_ISREG(told.st_mode) and not told.st_mode & 0o077 and told.st_nlink == 1
        path.unlink(missing_ok=True)
        if not private or told.st_uid != os.geteuid() or told.st_size > _MOST_BYTES:
            raise NotTrustedError
        question = json.loads(file.read(_MOST_BYTES))
    if not isinstance(question, dict):
        raise NotTrustedError
    return question


def _put(path: Path, told: dict[str, Any], owner: os.stat_result | None) -> None:
    # Written beside and moved: nobody reads half a file.
    beside = path.with_name(f"{_PART}{path.name}")
    descriptor = create(beside)
    try:
        with os.fdopen(descriptor, "wb") as file:
            if owner is not None and os.geteuid() == 0:
                # Root asks; the daemon reads what is its own.
                os.fchown(descriptor, owner.st_uid, owner.st_gid)
            file.write(json.dumps(told).encode())
        beside.rename(path)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise
