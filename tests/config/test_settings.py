"""Settings are read whole: defaults where nothing is said, and every wrong line told at once."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from config.errors import ConfigurationError
from config.load import load_settings
from config.settings import Settings
from tests.config.files import settings_of, settings_problems


def test_an_empty_file_gives_every_default(tmp_path: Path) -> None:
    settings = settings_of(tmp_path, "")
    assert settings.budgets == Settings().budgets
    assert settings.attempts == Settings().attempts
    assert settings.listeners == Settings().listeners
    assert (settings.budgets.answer, settings.budgets.ils, settings.budgets.idle) == (2.5, 1.8, 900)
    assert (settings.attempts.card.failures, settings.attempts.strangers.cards) == (5, 120)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("budgets.answer = 'soon'", "budgets.answer: expected a number of seconds between 0.5 and 30, found text"),
        ("[budgets]\nanswer = 99", "budgets.answer: expected a number of seconds between 0.5 and 30, found 99"),
        ("[budgets]\nanswer = nan", "budgets.answer: expected a number of seconds between 0.5 and 30, found nan"),
        (
            "[budgets]\nanswer = true",
            "budgets.answer: expected a number of seconds between 0.5 and 30, found true",
        ),
        (
            "[limits]\nframe_bytes = 1.5",
            "limits.frame_bytes: expected a whole number of bytes between 512 and 65536, found 1.5",
        ),
        ("[budgets]\ndatabase = 3", "budgets.database: expected at most budgets.answer, found 3.0"),
        ("[budgets]\nanwser = 3", "budgets.anwser: expected a known key, such as answer, found an unknown one"),
        (
            "[encounters]\nx = 3",
            "encounters.x: expected a known key: minutes, found an unknown one",
        ),
        ("[bugdets]\n", "bugdets: expected a known key, such as budgets, found an unknown one"),
        ("_env_file = 'x'", "_env_file: expected a known key, found an unknown one"),
        ("budgets = 3", "budgets: expected a table, found 3"),
        ("demo = 'yes'", "demo: expected true or false, found text"),
        ("demo = 1", "demo: expected true or false, found 1"),
        ("[log]\nlevel = 'loud'", 'log.level: expected debug, info, warning or error, found "loud"'),
        ("[state]\ndirectory = 3", "state.directory: expected a path, found 3"),
        (
            "[credentials]\naudit_key = '../x'",
            'credentials.audit_key: expected a plain file name, found "../x"',
        ),
        ("[listeners.sip2]\n", "listeners.sip2: expected a list, found a table"),
        ("[[listeners.sip2]]\nhost = 3", "listeners.sip2[1].host: expected text, found 3"),
        (
            "[[listeners.sip2]]\nnetworks = ['192.0.2.1/24']",
            "listeners.sip2[1].networks[1]: expected a network such as 192.0.2.0/24 or 2001:db8::/32, with",
        ),
        (
            "[[listeners.sip2]]\nname = 'a'\ntls.certificate = 'x.pem'",
            "listeners.sip2[a].tls.key: expected a value, found nothing",
        ),
        (
            "[[listeners.sip2]]\nname = 'a'\n[[listeners.sip2]]\nname = 'a'\nport = 6002",
            "listeners.sip2: expected listeners with different names, found a name used twice",
        ),
        (
            "[[listeners.sip2]]\nport = 9464",
            "listeners.sip2: expected listeners with different addresses, found an address used twice",
        ),
        (
            "[listeners.http]\nhost = '0.0.0.0'",
            "listeners.http.host: expected a loopback host, or public = true, found an address open to others",
        ),
        ("[pin]\nminimum_length = 8\nmaximum_length = 6", "pin.minimum_length: expected at most pin.maximum_length"),
    ],
)
def test_a_wrong_value_is_told_in_plain_english(tmp_path: Path, text: str, problem: str) -> None:
    (told,) = settings_problems(tmp_path, text)
    assert told.partition(": ")[2].startswith(problem)


def test_a_problem_names_file_and_line(tmp_path: Path) -> None:
    text = "\n# a comment\n[budgets]\nidle = 900\n\nanswer = 'soon'\n"
    (told,) = settings_problems(tmp_path, text)
    assert told == "portvakt.toml:6: budgets.answer: expected a number of seconds between 0.5 and 30, found text"


def test_everything_wrong_is_told_at_once(tmp_path: Path) -> None:
    text = "[budgets]\nanswer = 'soon'\nidle = 1\n[pin]\nsalt = 1\n[log]\nlevel = 'loud'\n"
    assert [told.partition(": ")[0] for told in settings_problems(tmp_path, text)] == [
        "portvakt.toml:2",
        "portvakt.toml:3",
        "portvakt.toml:5",
        "portvakt.toml:7",
    ]


@pytest.mark.parametrize(
    ("octets", "place"),
    [
        (b"[budgets]\nanswer = = 3\n", "portvakt.toml:2: expected TOML"),
        (b"[budgets]\n\nanswer = [1,\n", "portvakt.toml:4: expected TOML"),
        (b"a = 1\na = 2\n", "portvakt.toml:2: expected TOML"),
        (b"[budgets]\n# Bod\xf8\n", "portvakt.toml:2: expected text in UTF-8"),
    ],
)
def test_what_is_no_toml_is_told_with_its_line(tmp_path: Path, octets: bytes, place: str) -> None:
    path = tmp_path / "portvakt.toml"
    path.write_bytes(octets)
    with pytest.raises(ConfigurationError) as caught:
        load_settings(path, {})
    assert str(caught.value).replace(f"{tmp_path}/", "").startswith(place)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError) as caught:
        load_settings(tmp_path / "none.toml", {})
    assert (
        str(caught.value) == f"{tmp_path}/none.toml: expected a file that can be read, found no such file or directory"
    )


def test_settings_cannot_be_changed(tmp_path: Path) -> None:
    settings = settings_of(tmp_path, "")
    changing = [(settings, "demo", True), (settings.budgets, "answer", 3.0), (settings.listeners.sip2[0], "port", 1)]
    for section, key, value in changing:
        with pytest.raises(ValidationError, match="frozen"):
            setattr(section, key, value)


def test_the_environment_overrides_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DEMO", "demo", "BUDGETS__ANSWER", "PORTVAKT_DEMO"):
        monkeypatch.setenv(name, "true")
    assert settings_of(tmp_path, "") == settings_of(tmp_path, "demo = false")


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ("host = '0.0.0.0'", 'a loopback host, or tls, or plaintext = "allowed"'),
        ("host = '192.0.2.1'", 'a loopback host, or tls, or plaintext = "allowed"'),
        ("host = '::'", 'a loopback host, or tls, or plaintext = "allowed"'),
        ("host = '0.0.0.0'\nplaintext = 'allowed'", "the networks of the kiosks"),
        ("host = '0.0.0.0'\nplaintext = 'allowed'\nnetworks = ['0.0.0.0/0']", "the networks of the kiosks"),
        ("host = '0.0.0.0'\nplaintext = 'allowed'\nnetworks = ['10.0.0.0/8', '0.0.0.0/1']", "the networks of"),
        ("host = '::'\nplaintext = 'allowed'\nnetworks = ['::/0']", "the networks of the kiosks"),
        ("host = 'kiosks.example.org'", "an IP address or localhost"),
    ],
)
def test_plain_tcp_is_refused_where_others_could_listen(tmp_path: Path, keys: str, expected: str) -> None:
    (told,) = settings_problems(tmp_path, f"[[listeners.sip2]]\n{keys}")
    assert f"expected {expected}" in told


@pytest.mark.parametrize(
    "keys",
    [
        "host = '127.0.0.1'",
        "host = '::1'",
        "host = 'localhost'",
        "host = '0.0.0.0'\nplaintext = 'allowed'\nnetworks = ['192.0.2.0/24']",
        "host = '0.0.0.0'\ntls = { certificate = 'c.pem', key = 'tls.key' }",
    ],
)
def test_a_listener_is_accepted_on_loopback_with_tls_or_when_plain_is_said_in_words(tmp_path: Path, keys: str) -> None:
    assert len(settings_of(tmp_path, f"[[listeners.sip2]]\n{keys}").listeners.sip2) == 1


def test_paths_are_beside_the_file_or_in_the_credentials(tmp_path: Path) -> None:
    settings = settings_of(
        tmp_path,
        """
        database.password_file = "db"
        database.ca = "ca.pem"
        partners.directory = "people"
        [[listeners.sip2]]
        tls = { certificate = "c.pem", key = "tls.key", client_ca = "/etc/ca.pem" }
        """,
    )
    tls = settings.listeners.sip2[0].tls
    assert tls is not None
    assert (tls.certificate, tls.key, tls.client_ca) == (
        tmp_path / "c.pem",
        tmp_path / "credentials/tls.key",
        Path("/etc/ca.pem"),
    )
    assert settings.database.password_file == tmp_path / "credentials/db"
    assert settings.database.ca == tmp_path / "ca.pem"
    assert settings.partners.directory == tmp_path / "people"
    assert settings.state.directory == tmp_path / "state"
    assert settings.database.url == f"sqlite+aiosqlite:///{tmp_path}/state/portvakt.db"


def test_systemds_directories_stand_in_for_what_is_unset(tmp_path: Path) -> None:
    path = tmp_path / "portvakt.toml"
    environment = {"STATE_DIRECTORY": "/var/lib/a:/var/lib/b", "CREDENTIALS_DIRECTORY": "/run/c"}
    path.write_text("")
    unset = load_settings(path, environment)
    path.write_text("state.directory = 'here'\ncredentials.directory = '/there'")
    told = load_settings(path, environment)
    assert (unset.state.directory, unset.credentials.directory) == (Path("/var/lib/a"), Path("/run/c"))
    assert unset.database.url == "sqlite+aiosqlite:////var/lib/a/portvakt.db"
    assert (told.state.directory, told.credentials.directory) == (tmp_path / "here", Path("/there"))
