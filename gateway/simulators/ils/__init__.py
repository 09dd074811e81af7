"""A library system (ILS) with patrons, items and loans that speaks SIP2, and fails as told.

`LibrarySystem` is the library without a network, `IlsSimulator` puts it on a port, `FaultPlan` breaks it.
"""

from __future__ import annotations

from gateway.simulators.ils.control import open_control
from gateway.simulators.ils.faults import SAYS, Fault, FaultPlan, Kind, read_fault
from gateway.simulators.ils.ledger import Ledger, Loan
from gateway.simulators.ils.quirks import QUIRKS
from gateway.simulators.ils.simulator import IlsSimulator
from gateway.simulators.ils.store import StoreError
from gateway.simulators.ils.system import LibrarySystem
from gateway.simulators.ils.world import Item, Line, Login, Patron, Rules, World
from gateway.simulators.ils.world_file import WorldFileError, built_in_world, read_world

__all__ = [
    "QUIRKS",
    "SAYS",
    "Fault",
    "FaultPlan",
    "IlsSimulator",
    "Item",
    "Kind",
    "Ledger",
    "LibrarySystem",
    "Line",
    "Loan",
    "Login",
    "Patron",
    "Rules",
    "StoreError",
    "World",
    "WorldFileError",
    "built_in_world",
    "open_control",
    "read_fault",
    "read_world",
]
