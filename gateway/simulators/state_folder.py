"""Keeps a simulator's books in a folder, so that killing it loses nothing that it has answered."""

from __future__ import annotations

import fcntl
from io import BufferedWriter
from pathlib import Path
from typing import Generic, TypeVar

from pydantic import TypeAdapter, ValidationError

Books = TypeVar("Books")


class StoreError(Exception):
    """The state folder cannot be used; the text says why."""


class StateFolder(Generic[Books]):
    """One state folder, held by one simulator at a time."""

    def __init__(self, folder: Path, name: str, adapter: TypeAdapter[Books]) -> None:
        """Take the folder for the books of this name, making it where it is missing.

        Raises `StoreError`, also when another has it.
        """
        self._path = folder / f"{name}.json"
        self._adapter = adapter
        self._kept = b""
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._lock = _locked(folder / f"{name}.lock")
        except BlockingIOError:
            raise StoreError(f"{folder} is in use by another simulator") from None
        except OSError as error:
            raise StoreError(f"{folder}: {error.strerror}") from None

    def load(self) -> Books | None:
        """Return the books that were kept, or None where there are none; raises `StoreError`."""
        try:
            self._kept = self._path.read_bytes()
            return self._adapter.validate_json(self._kept)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise StoreError(f"{self._path}: {error.strerror}") from None
        except ValidationError:
            raise StoreError(f"{self._path} cannot be read; begin anew with --fresh") from None

    def keep(self, books: Books) -> None:
        """Write the books where they have changed: whole or not at all, whenever the process is killed."""
        raw = self._adapter.dump_json(books)
        if raw != self._kept:
            beside = self._path.with_suffix(".new")
            beside.write_bytes(raw)
            beside.replace(self._path)
            self._kept = raw

    def close(self) -> None:
        """Give the folder back."""
        self._lock.close()


def _locked(path: Path) -> BufferedWriter:
    lock = path.open("wb")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        lock.close()
        raise
    return lock
