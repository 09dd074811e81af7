"""Who may ask: network, certificate, secret and agency must all be one initiator's; and without an agreement nobody."""

from __future__ import annotations

import itertools
from datetime import date
from typing import Any

import pytest

from gateway.demo_world import AGENCY, FJORDBY, STORBYEN, VIDDA
from gateway.ncip.callers import Caller, Callers, Stranger
from gateway.ncip.initiators import Initiator, Initiators, Place
from gateway.ncip.wrong_secrets import WrongSecrets
from gateway.partners.networks import Network
from gateway.partners.secrets import MachineSecrets, hash_secret
from protocols.ncip import Coded, InitiationHeader
from registry.credentials.pool import HashPool
from registry.domain.asker import Asker, AskerClass
from registry.domain.institution import InstitutionId, LendingUnitId
from registry.domain.secret import Secret
from tests.clocks import HandClock
from tests.gateway.ncip.vendors import card_and_pin, header, http, look_up, problem_of, standing_of, user
from tests.gateway.worlds import Served, World, running
from tests.protocols.ncip.documents import message

GUEST = card_and_pin("N001000001", "4817")
FAILED = "Agency Authentication Failed"
TOO_MANY = 4


class Institutions:
    """As much of a register as recognising asks: which institutions there are."""

    def institution(self, institution: InstitutionId) -> str | None:
        return str(institution) if institution in (STORBYEN, FJORDBY, VIDDA) else None


def initiator(name: str, *agencies: str, **changes: Any) -> Initiator:
    """An initiator of one machine, proved by the secret that is its name."""
    from ipaddress import ip_network

    networks: tuple[Network, ...] = (ip_network("192.0.2.7/32"),)
    askers = {
        agency.casefold(): Asker(
            terminal=name,
            kind=AskerClass.INITIATOR,
            institution=InstitutionId(agency),
            unit=LendingUnitId(agency),
        )
        for agency in agencies
    }
    told: dict[str, Any] = {
        "id": name,
        "askers": askers,
        "networks": networks,
        "secret": hash_secret(Secret(name), memory_kib=8),
    }
    return Initiator(**{**told, **changes})


CERTIFICATE = b"a certificate"
FINGERPRINT = "9f5ad06f6f5e1ac0d41cd1ab3cc2e2ec2b7b6a4e4bd8c7a1b2f1d0f2a8e1c0ff"


def callers(*known: Initiator, clock: HandClock | None = None) -> Callers:
    """What recognises these."""
    found = Initiators(known)
    wrong = WrongSecrets((clock or HandClock()).monotonic, lambda: TOO_MANY)
    register: Any = Institutions()
    return Callers(lambda: found, MachineSecrets(HashPool()), register, wrong)


def told(agency: str | None = STORBYEN, secret: str | None = "one", system: str | None = None) -> InitiationHeader:
    """A header."""
    return InitiationHeader(
        from_system_id=Coded(system) if system else None,
        from_agency_id=Coded(agency) if agency is not None else None,
        from_agency_authentication=secret,
    )


HERE = Place("192.0.2.7")


def _fingerprint(certificate: bytes) -> str:
    import hashlib

    return hashlib.sha256(certificate).hexdigest()


@pytest.mark.parametrize(
    ("network", "certificate", "secret"), list(itertools.product((True, False), repeat=3)), ids=str
)
async def test_only_who_matches_in_everything_is_recognised(network: bool, certificate: bool, secret: bool) -> None:
    one = initiator("one", STORBYEN, certificate=_fingerprint(CERTIFICATE))
    place = Place("192.0.2.7" if network else "192.0.2.8", CERTIFICATE if certificate else b"another")
    found = await callers(one).check(told(secret="one" if secret else "two"), place)
    assert isinstance(found, Caller) == (network and certificate and secret)


@pytest.mark.parametrize(
    ("header_", "expected"),
    [
        (told(FJORDBY), Stranger.AGENCY),
        (told("NO-9999999"), Stranger.AGENCY_UNKNOWN),
        (told(secret=None), Stranger.UNPROVED),
        (told(secret=""), Stranger.UNPROVED),
        (told(secret="two"), Stranger.WRONGLY_PROVED),
        (told(secret="one "), Stranger.WRONGLY_PROVED),
    ],
    ids=str,
)
async def test_whoever_lacks_anything_is_a_stranger(header_: InitiationHeader, expected: Stranger) -> None:
    assert await callers(initiator("one", STORBYEN)).check(header_, HERE) is expected


@pytest.mark.parametrize("agency", [STORBYEN, FJORDBY], ids=["its own", "another's"])
async def test_a_wrong_agency_costs_the_same_hash_as_a_wrong_secret(
    agency: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    costs: list[str] = []
    verify = MachineSecrets._verify

    def verified(self: MachineSecrets, hashed: str, given: Secret) -> bool:
        costs.append(hashed.split("$")[1])
        return verify(self, hashed, given)

    monkeypatch.setattr(MachineSecrets, "_verify", verified)
    found = await callers(initiator("one", STORBYEN), initiator("two", FJORDBY, networks=())).check(
        told(agency, "guess"), HERE
    )
    assert not isinstance(found, Caller)
    assert costs == ["argon2id"]


async def test_an_agency_is_compared_without_case_and_padding() -> None:
    found = await callers(initiator("one", STORBYEN)).check(told(f" {STORBYEN.lower()} "), HERE)
    assert isinstance(found, Caller)
    assert found.asker.institution == STORBYEN


@pytest.mark.parametrize("agency", [STORBYEN, FJORDBY])
async def test_an_initiator_speaks_for_each_of_its_agencies(agency: str) -> None:
    found = await callers(initiator("one", STORBYEN, FJORDBY)).check(told(agency), HERE)
    assert isinstance(found, Caller)
    assert found.asker.institution == agency


async def test_two_that_speak_for_one_agency_are_told_apart_by_their_secrets() -> None:
    both = callers(initiator("one", STORBYEN), initiator("two", STORBYEN))
    for name in ("one", "two"):
        found = await both.check(told(secret=name), HERE)
        assert isinstance(found, Caller)
        assert found.initiator.id == name
    assert await both.check(told(secret="two", system="one"), HERE) is Stranger.WRONGLY_PROVED


async def test_a_system_id_of_a_vendors_own_says_nothing() -> None:
    assert isinstance(await callers(initiator("one", STORBYEN)).check(told(system="ORIA_NCIP_ILL"), HERE), Caller)


@pytest.mark.parametrize("agencies", [(STORBYEN,), (STORBYEN, FJORDBY)])
async def test_who_speaks_for_one_agency_need_not_say_which(agencies: tuple[str, ...]) -> None:
    proved = initiator("one", *agencies, secret=None, certificate=_fingerprint(CERTIFICATE))
    found = await callers(proved).check(None, Place("192.0.2.7", CERTIFICATE))
    assert isinstance(found, Caller) if len(agencies) == 1 else found is Stranger.AGENCY_MISSING


async def test_a_secret_that_was_right_before_is_known_without_hashing() -> None:
    known = callers(initiator("one", STORBYEN))
    assert known.at_once(told(), HERE) is None
    await known.check(told(), HERE)
    assert isinstance(known.at_once(told(), HERE), Caller)


async def test_after_too_many_wrong_secrets_none_is_hashed_for_a_minute() -> None:
    clock = HandClock()
    known = callers(initiator("one", STORBYEN), initiator("two", FJORDBY), clock=clock)
    await known.check(told(), HERE)
    for _ in range(TOO_MANY):
        assert await known.check(told(secret="guess"), HERE) is Stranger.WRONGLY_PROVED
    assert await known.check(told(FJORDBY, "two"), HERE) is Stranger.BUSY
    assert isinstance(await known.check(told(), HERE), Caller), "who is known already goes on"
    clock.turn(61)
    assert isinstance(await known.check(told(FJORDBY, "two"), HERE), Caller)


# At the door.


@pytest.mark.parametrize(
    ("head", "expected"),
    {
        "right": (header(), ""),
        "wrong secret": (header(secret="demo-fjordby-ils"), FAILED),
        "no secret": (header(secret=None), FAILED),
        "another's agency": (header(agency=FJORDBY), FAILED),
        "an agency that nobody speaks for": (header(agency=VIDDA), FAILED),
        "unknown agency": (header(agency="NO-9999999"), "Unknown Agency"),
        "to nobody": (header(to="NO-9999999"), "Unknown Agency"),
        "to a library": (header(to=FJORDBY), ""),
        "to us in small letters": (header(to=AGENCY.lower()), ""),
        "no header": ("", "Needed Data Missing"),
    }.values(),
    ids=lambda value: None if "<" in value else value or "accepted",
)
async def test_the_door_answers_who_has_shown_who_they_are(head: str, expected: str, shared: Served) -> None:
    async with http(shared) as vendor:
        assert await vendor.problem(look_up(GUEST, head=head)) == expected


async def test_strangers_learn_nothing_and_are_told_to_the_log_without_their_secret(served: Served) -> None:
    async with http(served) as vendor:
        page = await vendor.post(look_up(GUEST, head=header(secret="a-guess-8391")))
    assert problem_of(page.message) == FAILED
    (line,) = served.events("initiator_refused")
    assert (line["reason"], line["message"]) == ("wrongly_proved", "LookupUser")
    assert "a-guess-8391" not in served.stream.getvalue()
    assert b"a-guess-8391" not in page.body


VIDDA_ILS = """
[[initiators]]
id = "vidda-ils"
institution = "NO-2110300"
secret = "{}"
networks = ["127.0.0.1/32"]
lookup_without_pin = true
"""


async def test_without_a_valid_agreement_nobody_gets_anything(world: World) -> None:
    partners = world.partners.with_name("vidda.toml")
    partners.write_text(VIDDA_ILS.format(hash_secret(Secret("vidda"), memory_kib=8)))
    documents = [
        look_up(GUEST, head=header(secret="vidda", agency=VIDDA)),
        look_up(user("N001000002"), head=header(secret="vidda", agency=VIDDA)),
        message(f"<DeleteUser>{header(secret='vidda', agency=VIDDA)}{user('N001000002')}</DeleteUser>"),
    ]
    async with running(world) as served, http(served) as vendor:
        assert [await vendor.problem(one) for one in documents] == ["Unauthorized Service For Agency"] * 3


async def test_an_agreement_that_ends_today_holds_until_midnight(served: Served) -> None:
    async with http(served) as vendor:
        assert standing_of(await vendor.ask(look_up(GUEST))) == "Guest"
        served.clock.turn((date(2100, 1, 1) - served.clock.today()).days * 86_400)
        assert await vendor.problem(look_up(GUEST)) == "Unauthorized Service For Agency"


async def test_a_reload_takes_an_initiators_right_away_at_once(world: World) -> None:
    async with running(world) as served, http(served) as vendor:
        assert standing_of(await vendor.ask(look_up(GUEST))) == "Guest"
        file = world.partners.with_name("initiators.toml")
        text = file.read_text()
        file.write_text(text.replace('id = "storbyen-ils"', 'id = "storbyen-ils"\ncertificate = "' + "0" * 64 + '"'))
        assert await served.daemon.reload()
        page = await vendor.post(look_up(GUEST))
        # Two others may still speak from this network, so the connection is taken and the agency is not.
        assert problem_of(page.message) == FAILED
