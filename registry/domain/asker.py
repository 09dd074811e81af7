"""Who asks the register: a terminal or an initiator, with the rights of its class."""

from __future__ import annotations

import enum
from dataclasses import dataclass

from registry.domain.institution import InstitutionId, LendingUnitId


class AskerClass(enum.StrEnum):
    """What kind of thing asks; both doors use the same classes."""

    KIOSK = "kiosk"
    DOOR = "door"
    PC = "pc"
    SORTER = "sorter"
    STAFF = "staff"
    SERVICE = "service"
    INITIATOR = "initiator"
    PAGE = "page"
    """A library's page on the patron's own device: an online service, and the way to accept rules."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asker:
    """A party that has shown who it is at a door.

    ``terminal`` is what attempts are counted by: the login with the location code it gave, or a certificate.
    ``kiosks`` tells how many machines share that login: limits are multiplied by it. ``unit`` is ``None`` for a
    national service.
    """

    terminal: str
    kind: AskerClass
    institution: InstitutionId
    unit: LendingUnitId | None
    kiosks: int = 1
