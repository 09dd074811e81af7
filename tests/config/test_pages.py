"""What settings say of the pages for patrons, and what is wrong with it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.config.files import settings_of, settings_problems

URL = 'public_url = "https://kort.example.no"\n'
TLS = '[listeners.pages.tls]\ncertificate = "tls/pages.pem"\nkey = "pages.key"\n'


def pages(text: str = URL) -> str:
    return f"[listeners.pages]\n{text}"


def test_there_are_no_pages_unless_they_are_asked_for(tmp_path: Path) -> None:
    listeners = settings_of(tmp_path, "").listeners
    assert listeners.pages is None
    assert listeners.names == ("http", "sip2")


def test_pages_need_nothing_but_their_address(tmp_path: Path) -> None:
    listeners = settings_of(tmp_path, pages()).listeners
    assert listeners.pages is not None
    assert (listeners.pages.host, listeners.pages.port) == ("127.0.0.1", 6088)
    assert (listeners.pages.plaintext, listeners.pages.networks) == ("loopback", ())
    assert listeners.names == ("http", "sip2", "pages")


def test_certificates_are_found_beside_the_file_and_keys_among_the_credentials(tmp_path: Path) -> None:
    told = settings_of(tmp_path, pages('host = "0.0.0.0"\n' + URL) + TLS).listeners.pages
    assert told is not None
    assert told.tls is not None
    assert told.tls.certificate == tmp_path / "tls/pages.pem"
    assert told.tls.key == tmp_path / "credentials/pages.key"


def test_behind_a_proxy_on_another_machine_only_the_proxy_may_connect(tmp_path: Path) -> None:
    told = settings_of(tmp_path, pages('host = "0.0.0.0"\nproxies = ["192.0.2.7/32"]\n' + URL)).listeners.pages
    assert told is not None
    assert (told.plaintext, [str(one) for one in told.networks]) == ("allowed", ["192.0.2.7/32"])


@pytest.mark.parametrize(
    "url",
    [
        "https://kort.example.no",
        "https://kort.example.no:8443",
        "http://127.0.0.1:6088",
        "http://localhost",
        "http://[::1]:1",
    ],
)
def test_an_address_that_patrons_can_use(url: str, tmp_path: Path) -> None:
    told = settings_of(tmp_path, pages(f'public_url = "{url}"\n')).listeners.pages
    assert told is not None
    assert told.public_url == url


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "public_url"),
        ('public_url = "http://kort.example.no"\n', "https and a host"),
        ('public_url = "https://kort.example.no/"\n', "https and a host"),
        ('public_url = "https://kort.example.no/kort"\n', "https and a host"),
        ('public_url = "https://kort.example.no?x"\n', "https and a host"),
        ('public_url = "https://user@kort.example.no"\n', "https and a host"),
        ('public_url = "https://kort.example.no:99999"\n', "https and a host"),
        ('public_url = "kort.example.no"\n', "https and a host"),
        ('public_url = "javascript://kort"\n', "https and a host"),
        ('public_url = "https://kørt.example.no"\n', "https and a host"),
        ('host = "0.0.0.0"\n' + URL, "a loopback host, or tls, or the proxies"),
        ('host = "0.0.0.0"\nproxies = ["0.0.0.0/0"]\n' + URL, "a loopback host, or tls, or the proxies"),
        ("port = 6001\n" + URL, "listeners with different addresses"),
        ("port = 9464\n" + URL, "listeners with different addresses"),
        (URL + '[[listeners.sip2]]\nname = "pages"\n', "listeners with different names"),
        (URL + "colour = 1\n", "known key"),
    ],
)
def test_pages_that_cannot_be_are_told(text: str, expected: str, tmp_path: Path) -> None:
    problems = settings_problems(tmp_path, pages(text))
    assert any(expected in problem for problem in problems), problems
