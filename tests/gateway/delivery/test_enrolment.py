"""Carriers as the partner files tell of them: which, how many at once, what patrons are told, and what is kept."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from config.errors import ConfigurationError
from config.partner_set import Partners
from config.settings import Settings
from gateway.clock import SystemClock
from gateway.delivery.carriers import Carrier
from gateway.delivery.enrolment import Workshop, carriers_of, mapping_of, peers_of
from gateway.delivery.koha import KohaCarrier
from gateway.delivery.mapping import AgeGroup, RecordMapping
from gateway.delivery.ncip import NcipCarrier
from gateway.delivery.routes import Carriers, Route
from gateway.delivery.waiting import AT_ONCE, TOMORROW, Pace, WaitingWords
from gateway.observability.metrics import Metrics
from gateway.partners.publication import publication_of
from registry.domain.institution import CarrierKind, InstitutionId, LendingUnitId
from registry.domain.patron import Language
from tests.config.files import partners_of, settings_of
from tests.gateway.sip2.ils_world import Noted

UNIT = LendingUnitId("NO-0000001")
AGENCY = '[ncip]\nagency = "NO-0030100"\n'
MAPPING = 'mapping = { default_branch = "HOVED", categories = [{ category = "LANER" }] }\n'
KOHA = f'carrier = "koha"\nurl = "http://127.0.0.1:1/api/v1"\nclient_id = "p"\nsecret_file = "key"\n{MAPPING}'
NCIP = 'carrier = "ncip"\nurl = "http://127.0.0.1:1/ncip"\n'


def told(delivery: str) -> str:
    """A library with a delivery."""
    table = f"[lending_units.delivery]\n{delivery}" if delivery else ""
    return f'[[institutions]]\nid = "{UNIT}"\nname = "Bodø"\n[[lending_units]]\nid = "{UNIT}"\n{table}'


@dataclass
class Files:
    """Settings and partners of a test, and what carriers are made with."""

    directory: Path
    settings: Settings
    workshop: Workshop

    def partners(self, delivery: str) -> Partners:
        """The partners with this delivery."""
        return partners_of(self.directory, told(delivery))

    def carriers(self, delivery: str, before: Carriers | None = None) -> Carriers:
        """The carriers with this delivery."""
        return carriers_of(self.partners(delivery), self.settings, self.workshop, before)

    def route(self, delivery: str, before: Carriers | None = None) -> Route:
        """The one route."""
        route = self.carriers(delivery, before).route(UNIT)
        assert route is not None
        return route


def files(directory: Path, agency: str = AGENCY) -> Files:
    settings = settings_of(directory, agency)
    settings.credentials.directory.mkdir()
    (settings.credentials.directory / "key").write_text("hemmelig")
    (settings.credentials.directory / "key").chmod(0o600)
    partners = directory / "partners"
    partners.mkdir()
    metrics = Metrics(version="test", listeners=(), peers=(f"delivery-{UNIT}",))
    return Files(partners, settings, Workshop(clock=SystemClock(), log=Noted(), meter=metrics.upstream))


@asynccontextmanager
async def closing(*routes: Route) -> AsyncIterator[None]:
    try:
        yield
    finally:
        for route in routes:
            if route.carrier is not None:
                await route.carrier.close()


@pytest.mark.parametrize(
    ("delivery", "kind", "carrier", "at_once", "words"),
    [
        ("", CarrierKind.MANUAL, None, 1, TOMORROW),
        (MAPPING, CarrierKind.MANUAL, None, 1, TOMORROW),
        (NCIP, CarrierKind.NCIP, NcipCarrier, 4, AT_ONCE),
        (KOHA, CarrierKind.KOHA, KohaCarrier, 1, AT_ONCE),
        ('carrier = "feed"\n', CarrierKind.FEED, None, 1, WaitingWords(Pace.MINUTES, 10)),
        ('carrier = "feed"\nfeed_minutes = 60\n', CarrierKind.FEED, None, 1, WaitingWords(Pace.MINUTES, 60)),
    ],
)
async def test_each_kind_has_its_carrier_and_its_words(
    delivery: str,
    kind: CarrierKind,
    carrier: type[Carrier] | None,
    at_once: int,
    words: WaitingWords,
    tmp_path: Path,
) -> None:
    made = files(tmp_path)
    carriers = made.carriers(delivery)
    route = carriers.route(UNIT)
    assert route is not None
    async with closing(route):
        assert (route.kind, route.at_once, carriers.words_for(UNIT)) == (kind, at_once, words)
        assert type(route.carrier) is (carrier or type(None))
        assert set(carriers.active()) == ({UNIT} if carrier else set())
        assert carriers.fetches(UNIT) == (kind is CarrierKind.FEED)
        assert peers_of(made.partners(delivery)) == ((f"delivery-{UNIT}",) if carrier else ())
        assert publication_of(made.partners(delivery)).units[0].carrier is kind


def test_a_unit_that_nobody_tells_of_is_staffs() -> None:
    carriers = Carriers()
    nobody = LendingUnitId("NO-0000009")
    assert carriers.words_for(nobody) == TOMORROW
    assert carriers.route(nobody) is None
    assert not carriers.fetches(nobody)


async def test_what_is_told_alike_is_kept_with_its_connections(tmp_path: Path) -> None:
    made = files(tmp_path)
    first = made.carriers(NCIP)
    again = made.route(NCIP, first)
    kept = first.route(UNIT)
    assert again is kept
    (made.settings.credentials.directory / "key").write_text("hemmelig")
    other = made.route(NCIP + 'secret_file = "key"\n', first)
    assert other.carrier is not again.carrier
    before = Carriers([other])
    (made.settings.credentials.directory / "key").write_text("en annen")
    changed = made.route(NCIP + 'secret_file = "key"\n', before)
    assert changed.carrier is not other.carrier
    async with closing(again, other, changed):
        for route in (again, other, changed):
            assert "hemmelig" not in repr(route)
            assert "hemmelig" not in repr(route.told)


async def test_a_library_system_is_asked_in_our_name_and_its_own(tmp_path: Path) -> None:
    made = files(tmp_path)
    route = made.route(NCIP + 'agency = "WEST"\nsystem = "portvakt"\nsecret_file = "key"\n')
    async with closing(route):
        assert isinstance(route.carrier, NcipCarrier)
        endpoint = route.carrier._client.endpoint
        assert (endpoint.from_agency, endpoint.to_agency) == ("NO-0030100", "WEST")
        assert (endpoint.system, endpoint.authentication) == ("portvakt", "hemmelig")
        assert endpoint.id == route.peer == f"delivery-{UNIT}"


@pytest.mark.parametrize(
    ("delivery", "agency", "expected"),
    [
        (KOHA.replace('"key"', '"nowhere"'), AGENCY, "nowhere"),
        (KOHA + 'ca = "nowhere.pem"\n', AGENCY, "a file of PEM authorities"),
        (
            KOHA.replace("http://127.0.0.1", "https://127.0.0.1") + 'ca = "bad.pem"\n',
            AGENCY,
            "a file of PEM authorities",
        ),
        (NCIP, "", "ncip.agency in the settings"),
    ],
)
def test_what_cannot_be_made_is_told_as_the_files_are(
    delivery: str, agency: str, expected: str, tmp_path: Path
) -> None:
    made = files(tmp_path, agency)
    if "nowhere.pem" in delivery:
        delivery = delivery.replace("http://", "https://")
    made.settings.partners.directory.mkdir()
    (made.settings.partners.directory / "bad.pem").write_text("no certificate")
    with pytest.raises(ConfigurationError) as wrong:
        made.carriers(delivery)
    assert expected in str(wrong.value)


def test_a_mapping_is_made_of_its_table(tmp_path: Path) -> None:
    more = f'branches = {{ {UNIT} = "OST" }}, expiry_years = 3, languages = {{ nb = "nb-NO" }}, text_messages = true'
    partners = files(tmp_path).partners(MAPPING.replace(" }\n", f", {more} }}\n"))
    delivery = partners.lending_units[UNIT].delivery
    assert delivery is not None
    assert delivery.mapping is not None
    assert mapping_of(delivery.mapping) == RecordMapping(
        categories=(AgeGroup(0, "LANER"),),
        default_branch="HOVED",
        branches={InstitutionId(UNIT): "OST"},
        expiry_years=3,
        languages={Language.NB: "nb-NO"},
        text_messages=True,
    )
