"""What settings and partners say of NCIP: initiators, endpoints and listeners, and what is wrong with each."""

from __future__ import annotations

from pathlib import Path

import pytest

from config.known_passwords import default_passwords
from gateway.partners.secrets import hash_secret
from registry.domain.secret import Secret
from tests.config.files import (
    LIBRARY,
    SECRET,
    partners_of,
    partners_problems,
    settings_of,
    settings_problems,
    terminal,
)

SERVICE = '[[services]]\nid = "film"\nname = "Film"\n'
AGENCY = '[ncip]\nagency = "NO-0030100"\n'


def initiator(**changes: str | None) -> str:
    """The text of a library system of the library; each change is TOML, and None leaves a key out."""
    keys: dict[str, str | None] = {
        "id": '"ils"',
        "institution": '"NO-0000001"',
        "secret": f"'{SECRET}'",
        "networks": '["192.0.2.16/28"]',
    }
    told = (f"{name} = {value}" for name, value in (keys | changes).items() if value is not None)
    return "\n".join(("\n[[initiators]]", *told, ""))


def endpoint(url: str, more: str = "") -> str:
    """The text of the library with an endpoint."""
    return LIBRARY + f'ncip = {{ url = "{url}"{more} }}\n'


def test_an_initiator_is_bound_to_everything_that_it_is_told_with(tmp_path: Path) -> None:
    one = partners_of(tmp_path, LIBRARY + initiator()).initiators["ils"]
    assert (one.institution, one.service, one.agencies) == ("NO-0000001", None, ())
    assert (one.lookup_without_pin, one.guests_per_day, one.kiosks) == (False, 20, 10)


@pytest.mark.parametrize(
    ("text", "expected"),
    {
        "nobody's": (initiator(institution=None), "either institution or service"),
        "of two": (initiator(service='"film"'), "either institution or service"),
        "of no library": (initiator(institution='"NO-0000009"'), "one of the institutions"),
        "of no service": (initiator(institution=None, service='"music"'), "one of the services"),
        "for an unknown agency": (initiator(agencies='["NO-0000009"]'), "one of the institutions"),
        "unproved": (initiator(secret=None), "a secret, a certificate or both"),
        "with a plain secret": (initiator(secret='"hemmelig"'), "a hash made by `portvakt hash-secret`"),
        "from nowhere": (initiator(networks="[]"), "networks"),
        "from anywhere": (initiator(networks='["0.0.0.0/0"]'), "narrower networks, or a certificate"),
        "with a terminal's name": (initiator(id='"hall-1"') + terminal(), "another id than terminals"),
        "twice": (initiator() + initiator(), "another id than other initiators"),
        "a service with branches": (
            SERVICE + initiator(institution=None, service='"film"', agencies='["NO-0000001"]'),
            "none for a service",
        ),
        "a service without PIN": (
            SERVICE + initiator(institution=None, service='"film"', lookup_without_pin="true"),
            "none for a service",
        ),
        "of an office that lends nothing": (
            '[[institutions]]\nid = "NO-0000003"\nname = "Fylket"\n' + initiator(institution='"NO-0000003"'),
            "an institution that is or belongs to one of the lending_units",
        ),
    }.values(),
    ids=lambda value: None if "\n" in value else value,
)
def test_an_initiator_that_cannot_be_is_told_with_its_line(text: str, expected: str, tmp_path: Path) -> None:
    problems = partners_problems(tmp_path, LIBRARY + text)
    assert any(expected in problem and problem.startswith("a.toml:") for problem in problems), problems


def test_a_certificate_is_proof_enough_from_anywhere(tmp_path: Path) -> None:
    text = initiator(secret=None, certificate=f'"{"ab" * 32}"', networks='["0.0.0.0/0"]')
    assert partners_of(tmp_path, LIBRARY + text).initiators["ils"].secret is None


@pytest.mark.parametrize("secret", ["ils", "demo-ils", "hemmelig"])
def test_a_well_known_secret_is_found(secret: str, tmp_path: Path) -> None:
    hashed = hash_secret(Secret(secret), memory_kib=8)
    partners = partners_of(tmp_path, LIBRARY + initiator(secret=f"'{hashed}'"))
    (problem,) = default_passwords(partners, "partners.d")
    assert problem.key == "initiators[ils].secret"


@pytest.mark.parametrize(
    ("url", "more", "expected"),
    [
        ("https://ils.example.org/ncip", "", ""),
        ("https://ils.example.org:8443/ncip?library=1", "", ""),
        ("tcps://ils.example.org:6443", "", ""),
        ("http://127.0.0.1:6012/ncip", "", ""),
        ("http://ils.example.org/ncip", ", plaintext = true", ""),
        ("http://ils.example.org/ncip", "", "a loopback host, or plaintext = true"),
        ("tcp://ils.example.org:6001", "", "a loopback host, or plaintext = true"),
        ("tcps://ils.example.org", "", "a host and a port alone"),
        ("tcps://ils.example.org:6443/ncip", "", "a host and a port alone"),
        ("https://user:secret@ils.example.org/", "", "an address such as"),
        ("file:///etc/passwd", "", "an address such as"),
        ("https://", "", "an address such as"),
        ("https://ils.example.org:99999/", "", "a port between"),
    ],
)
def test_an_endpoint_is_an_address_that_is_safe_to_ask(url: str, more: str, expected: str, tmp_path: Path) -> None:
    if not expected:
        unit = partners_of(tmp_path, endpoint(url, more)).lending_units["NO-0000001"]
        assert unit.ncip is not None
        assert unit.ncip.url == url
        return
    problems = partners_problems(tmp_path, endpoint(url, more))
    assert any(expected in problem for problem in problems), problems
    assert not any("secret" in problem for problem in problems)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[[listeners.ncip]]\n", "our own agency id"),
        (AGENCY + '[[listeners.ncip]]\nhost = "0.0.0.0"\n', 'plaintext = "allowed"'),
        (AGENCY + '[[listeners.ncip]]\nhost = "0.0.0.0"\nplaintext = "allowed"\n', "the networks of the initiators"),
        (AGENCY + '[[listeners.ncip]]\nname = "sip2"\n', "listeners with different names"),
        (AGENCY + "[[listeners.ncip]]\nport = 6001\n", "listeners with different addresses"),
        (AGENCY + '[[listeners.ncip]]\npath = "ncip"\n', "a path such as /ncip"),
        (AGENCY + '[[listeners.ncip]]\ntransport = "udp"\n', "transport"),
        ('[ncip]\nagency = "0030100"\n', "NO- and seven digits"),
    ],
)
def test_a_listener_that_cannot_be_is_told(text: str, expected: str, tmp_path: Path) -> None:
    problems = settings_problems(tmp_path, text)
    assert any(expected in problem for problem in problems), problems


def test_there_is_no_ncip_listener_unless_it_is_asked_for(tmp_path: Path) -> None:
    assert settings_of(tmp_path, "").listeners.ncip == ()
    (one,) = settings_of(tmp_path, AGENCY + "[[listeners.ncip]]\n").listeners.ncip
    assert (one.host, one.port, one.transport, one.path) == ("127.0.0.1", 6080, "http", "/ncip")
