"""Keeps the books of a simulated library in a folder."""

from __future__ import annotations

from pathlib import Path

from pydantic import TypeAdapter

from gateway.simulators.ils.ledger import Ledger
from gateway.simulators.state_folder import StateFolder, StoreError

__all__ = ["FILE_NAME", "Store", "StoreError"]

_NAME = "ils"
_LEDGER = TypeAdapter(Ledger)

FILE_NAME = f"{_NAME}.json"


class Store(StateFolder[Ledger]):
    """One state folder, held by one simulator at a time."""

    def __init__(self, folder: Path) -> None:
        """Take the folder, making it where it is missing; raises `StoreError`, also when another has it."""
        super().__init__(folder, _NAME, _LEDGER)
