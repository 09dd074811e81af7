"""A Koha with patrons that speaks its REST interface, older or newer, and fails as told.

`KohaLibrary` is the library without a network, `KohaSimulator` puts it on a port, `FaultPlan` breaks it.
"""

from __future__ import annotations

from gateway.simulators.koha.books import Books, StoredPatron
from gateway.simulators.koha.control import open_control
from gateway.simulators.koha.faults import SAYS, Fault, FaultPlan, Kind, read_fault
from gateway.simulators.koha.habits import Habits
from gateway.simulators.koha.simulator import KohaSimulator
from gateway.simulators.koha.system import ROUTES, KohaLibrary
from gateway.simulators.koha.wire import KohaAnswer, KohaRequest
from gateway.simulators.koha.world import FirstPatron, KohaWorld, KohaWorldError, Profile, built_in_koha, read_koha

__all__ = [
    "ROUTES",
    "SAYS",
    "Books",
    "Fault",
    "FaultPlan",
    "FirstPatron",
    "Habits",
    "Kind",
    "KohaAnswer",
    "KohaLibrary",
    "KohaRequest",
    "KohaSimulator",
    "KohaWorld",
    "KohaWorldError",
    "Profile",
    "StoredPatron",
    "built_in_koha",
    "open_control",
    "read_fault",
    "read_koha",
]
