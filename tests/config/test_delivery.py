"""How a lending unit's patrons are brought: each carrier with what it needs, and nothing that was meant for another."""

from __future__ import annotations

from pathlib import Path

import pytest

from config.errors import ConfigurationError
from config.partners import LendingUnit
from config.secret_files import delivery_secret, system_problems
from config.settings import Settings
from tests.config.files import LIBRARY, partners_of, partners_problems, settings_of, settings_problems

MAPPING = 'mapping = { default_branch = "HOVED", categories = [{ category = "LANER" }] }\n'
KEY = 'client_id = "portvakt"\nsecret_file = "koha"\n'
KOHA = f'carrier = "koha"\nurl = "https://koha.example.org/api/v1"\n{KEY}{MAPPING}'
NCIP = 'carrier = "ncip"\nurl = "https://ils.example.org/ncip"\n'
FEED = 'carrier = "feed"\n'


def told(text: str) -> str:
    """The text of the library with a delivery."""
    return f"{LIBRARY}\n[lending_units.delivery]\n{text}"


def unit_of(directory: Path, text: str) -> LendingUnit:
    return partners_of(directory, told(text)).lending_units["NO-0000001"]


def test_without_a_word_staff_type_in(tmp_path: Path) -> None:
    assert partners_of(tmp_path, LIBRARY).lending_units["NO-0000001"].delivery is None
    delivery = unit_of(tmp_path, "").delivery
    assert delivery is not None
    assert (delivery.carrier, delivery.feed_minutes, delivery.plaintext) == ("manual", 10, False)


@pytest.mark.parametrize(
    "text",
    [
        "",
        MAPPING,
        NCIP,
        NCIP + 'agency = "WEST"\nsystem = "portvakt"\nsecret_file = "west"\nserver_name = "ils"\nca = "ca.pem"\n',
        'carrier = "ncip"\nurl = "tcps://ils.example.org:6443"\n',
        'carrier = "ncip"\nurl = "http://ils.example.org/ncip"\nplaintext = true\n',
        'carrier = "ncip"\nurl = "http://127.0.0.1:6012/ncip"\n',
        KOHA,
        KOHA + 'attribute = "NLNR"\nca = "ca.pem"\n',
        KOHA.replace(KEY, 'user = "portvakt"\npassword_file = "koha"\n'),
        KOHA.replace("https://koha.example.org", "http://localhost:8081"),
        FEED,
        FEED + "feed_minutes = 60\n",
    ],
)
def test_each_carrier_is_accepted_with_what_it_takes(text: str, tmp_path: Path) -> None:
    assert unit_of(tmp_path, text).delivery is not None


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ('carrier = "post"\n', 'delivery.carrier: expected manual, ncip, koha or feed, found "post"'),
        ('carrier = "ncip"\n', 'delivery.url: expected a value, as the carrier is "ncip", found nothing'),
        ('carrier = "koha"\n', 'delivery.url: expected a value, as the carrier is "koha", found nothing'),
        (KOHA.replace(MAPPING, ""), 'delivery.mapping: expected a value, as the carrier is "koha", found nothing'),
        (KOHA.replace(KEY, ""), "delivery.client_id: expected client_id and secret_file, or user and password_file"),
        (
            KOHA + 'user = "a"\npassword_file = "b"\n',
            "delivery.client_id: expected client_id and secret_file, or user and password_file, found neither or both",
        ),
        (
            KOHA.replace('secret_file = "koha"\n', ""),
            "delivery.client_id: expected client_id and secret_file, or user and password_file",
        ),
        (
            KOHA.replace(KEY, 'user = "a:b"\npassword_file = "koha"\n'),
            "delivery.user: expected a user without a colon",
        ),
        (KOHA.replace("https", "http"), "delivery.url: expected https:// or tcps://, a loopback host"),
        (KOHA.replace("https", "tcps"), "delivery.url: expected an address such as"),
        (KOHA.replace("/api/v1", "/api/v1?x=1"), "delivery.url: expected an address that ends with its path"),
        (KOHA + "plaintext = true\n", 'delivery.plaintext: expected nothing, as the carrier is "koha", found a value'),
        (KOHA + 'agency = "WEST"\n', 'delivery.agency: expected nothing, as the carrier is "koha", found a value'),
        (NCIP + KEY, 'delivery.client_id: expected nothing, as the carrier is "ncip", found a value'),
        (NCIP + MAPPING, 'delivery.mapping: expected nothing, as the carrier is "ncip", found a value'),
        (NCIP + "feed_minutes = 5\n", 'delivery.feed_minutes: expected nothing, as the carrier is "ncip"'),
        (NCIP.replace("https", "http"), "delivery.url: expected https:// or tcps://, a loopback host, or plaintext"),
        (NCIP.replace("https://", "https://a:b@"), "delivery.url: expected an address such as"),
        (FEED + 'url = "https://ils.example.org"\n', 'delivery.url: expected nothing, as the carrier is "feed"'),
        (FEED + "feed_minutes = 0\n", "delivery.feed_minutes: expected a whole number of minutes between 1 and 1440"),
        ('url = "https://ils.example.org"\n', 'delivery.url: expected nothing, as the carrier is "manual"'),
        ('secret_file = "../x"\ncarrier = "ncip"\n', "delivery.secret_file: expected a plain file name"),
        ('carier = "ncip"\n', "delivery.carier: expected a known key, such as carrier"),
        (
            'mapping = { default_branch = "A", categories = [] }\n',
            "delivery.mapping.categories: expected at least 1 in the list",
        ),
        (
            'mapping = { default_branch = "A", categories = [{ from_age = 3, category = "B" }] }\n',
            "delivery.mapping.categories: expected categories from age 0 on, each from a higher age",
        ),
        (
            'mapping = { default_branch = "A", categories = [{ category = "B" }, { category = "C" }] }\n',
            "delivery.mapping.categories: expected categories from age 0 on, each from a higher age",
        ),
        ('mapping = { categories = [{ category = "B" }] }\n', "delivery.mapping.default_branch: expected a value"),
        (MAPPING.replace("HOVED", " HOVED"), "delivery.mapping.default_branch: expected a code without blanks"),
        (MAPPING.replace(" }\n", ", expiry_years = 0 }\n"), "expected a whole number of years between 1 and 100"),
        (MAPPING.replace(" }\n", ', languages = { fr = "x" } }\n'), "expected nb, nn, se or en"),
        (
            MAPPING.replace(" }\n", ', branches = { NO-0000009 = "X" } }\n'),
            "expected one of the institutions, found",
        ),
        (MAPPING.replace(" }\n", ', branches = { ost = "X" } }\n'), "expected NO- and seven digits"),
    ],
)
def test_what_cannot_be_is_told_with_file_line_key_and_what_was_expected(
    text: str, problem: str, tmp_path: Path
) -> None:
    problems = partners_problems(tmp_path, told(text))
    assert any(problem in one and one.startswith("a.toml:") for one in problems), problems
    assert not any("a:b@" in one for one in problems)


def test_an_attribute_or_a_mapping_is_read_as_it_stands(tmp_path: Path) -> None:
    more = 'branches = { NO-0000001 = "ØST" }, expiry_years = 3, languages = { nb = "nb-NO" }, text_messages = true'
    text = MAPPING.replace(" }\n", f", {more} }}\n")
    delivery = unit_of(tmp_path, text).delivery
    assert delivery is not None
    assert delivery.mapping is not None
    assert dict(delivery.mapping.branches) == {"NO-0000001": "ØST"}
    assert (delivery.mapping.expiry_years, delivery.mapping.text_messages) == (3, True)


# Files beside.


def settings(directory: Path, agency: str = 'ncip.agency = "NO-0030100"\n') -> Settings:
    made = settings_of(directory, agency)
    made.credentials.directory.mkdir()
    return made


def test_a_secret_is_read_from_a_file_that_others_cannot_read(tmp_path: Path) -> None:
    unit = unit_of(tmp_path, KOHA)
    read = settings(tmp_path)
    path = read.credentials.directory / "koha"
    with pytest.raises(ConfigurationError, match="no such file"):
        delivery_secret(read, unit)
    path.write_text("hemmelig\n")
    path.chmod(0o644)
    with pytest.raises(ConfigurationError, match="chmod 600"):
        delivery_secret(read, unit)
    path.chmod(0o600)
    assert delivery_secret(read, unit) == "hemmelig"


def test_a_check_tells_every_file_that_is_missing(tmp_path: Path) -> None:
    directory = tmp_path / "partners.d"
    directory.mkdir()
    partners = partners_of(directory, told(KOHA + 'ca = "ca.pem"\n'))
    problems = system_problems(settings(tmp_path), partners)
    assert sorted(Path(problem.file).name for problem in problems) == ["ca.pem", "koha"]


def test_over_ncip_we_need_a_name_to_ask_by(tmp_path: Path) -> None:
    partners = partners_of(tmp_path, told(NCIP))
    assert system_problems(settings(tmp_path), partners) == ()
    (problem,) = system_problems(settings_of(tmp_path, ""), partners)
    assert problem.expected == "ncip.agency in the settings"


# The feed's listener.


def test_there_is_no_feed_unless_it_is_asked_for(tmp_path: Path) -> None:
    assert settings_of(tmp_path, "").listeners.feed is None
    one = settings_of(tmp_path, "[listeners.feed]\n").listeners.feed
    assert one is not None
    assert (one.name, one.host, one.port, one.tls) == ("feed", "127.0.0.1", 6091, None)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ('host = "0.0.0.0"', 'listeners.feed.host: expected a loopback host, or tls, or plaintext = "allowed"'),
        ('host = "0.0.0.0"\nplaintext = "allowed"', "listeners.feed.networks: expected the networks of the initiators"),
        ("port = 6001", "listeners with different addresses"),
        ('name = "feed"', "listeners.feed.name: expected a known key"),
    ],
)
def test_a_listener_that_cannot_be_is_told(text: str, problem: str, tmp_path: Path) -> None:
    problems = settings_problems(tmp_path, f"[listeners.feed]\n{text}\n")
    assert any(problem in one for one in problems), problems
