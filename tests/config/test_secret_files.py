"""Keys come from files that nobody else can read, long and random enough, each its own."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest

from config.errors import ConfigurationError
from config.secret_files import KEY_NAMES, credential, database_password, file_problems, key_path
from config.settings import Settings
from tests.config.files import settings_of

KEY = bytes(range(1, 33))


def _write(path: Path, octets: bytes, mode: int = 0o600) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(octets)
    path.chmod(mode)


def _with_keys(directory: Path, text: str = "") -> Settings:
    settings = settings_of(directory, text)
    for number, name in enumerate(KEY_NAMES):
        _write(key_path(settings.credentials, name), bytes([number, *KEY[1:]]).hex().encode())
    return settings


@pytest.mark.parametrize(
    "written",
    [
        KEY.hex().encode(),
        KEY.hex().upper().encode() + b"\n",
        base64.b64encode(KEY) + b"\n",
        base64.urlsafe_b64encode(KEY),
        KEY,
    ],
)
def test_a_key_is_read_as_hex_base64_or_raw(tmp_path: Path, written: bytes) -> None:
    settings = settings_of(tmp_path, "")
    _write(tmp_path / "credentials/pin-pepper", written)
    assert credential(settings, "pin_pepper") == KEY


@pytest.mark.parametrize(
    "written",
    [b"", b"\n", KEY[:31], KEY[:31].hex().encode(), base64.b64encode(KEY[:30]), bytes(64), b"0" * 64, b"ab" * 64],
)
def test_a_short_or_plain_key_is_refused_and_not_repeated(tmp_path: Path, written: bytes) -> None:
    settings = settings_of(tmp_path, "")
    _write(tmp_path / "credentials/audit-key", written)
    with pytest.raises(ConfigurationError) as caught:
        credential(settings, "audit_key")
    assert str(caught.value) == (
        f"{tmp_path}/credentials/audit-key: expected at least 32 random octets as hex, base64 or raw, "
        "found fewer or none that are random"
    )


@pytest.mark.parametrize(
    ("mode", "accepted"),
    [(0o400, True), (0o600, True), (0o440, True), (0o640, True), (0o644, False), (0o604, False), (0o660, False)],
)
def test_a_key_that_others_can_reach_is_refused(tmp_path: Path, mode: int, accepted: bool) -> None:
    settings = settings_of(tmp_path, "")
    _write(tmp_path / "credentials/log-key", KEY.hex().encode(), mode)
    if accepted:
        assert credential(settings, "log_key") == KEY
        return
    with pytest.raises(ConfigurationError, match="found one that they can"):
        credential(settings, "log_key")


def test_files_that_are_right_have_no_problems(tmp_path: Path) -> None:
    assert file_problems(_with_keys(tmp_path)) == ()


def test_every_missing_file_is_named(tmp_path: Path) -> None:
    settings = settings_of(
        tmp_path,
        """
        database.password_file = "db"
        database.ca = "ca.pem"
        [[listeners.sip2]]
        tls = { certificate = "c.pem", key = "tls.key", client_ca = "kiosks.pem" }
        """,
    )
    assert [Path(problem.file).name for problem in file_problems(settings)] == [
        "pin-pepper",
        "index-key",
        "identity-key",
        "audit-key",
        "log-key",
        "db",
        "c.pem",
        "kiosks.pem",
        "tls.key",
        "ca.pem",
    ]


def test_one_key_in_two_files_is_refused(tmp_path: Path) -> None:
    settings = _with_keys(tmp_path)
    _write(tmp_path / "credentials/log-key", base64.b64encode(credential(settings, "audit_key")))
    (problem,) = file_problems(settings)
    assert str(problem) == f"{tmp_path}/credentials/log-key: expected a key of its own, found that of audit_key"


@pytest.mark.parametrize(("written", "read"), [(b"words and spaces\n", "words and spaces"), (b"x\r\n", "x")])
def test_a_database_password_is_one_line(tmp_path: Path, written: bytes, read: str) -> None:
    settings = settings_of(tmp_path, "database.password_file = 'db'")
    _write(tmp_path / "credentials/db", written)
    assert database_password(settings) == read


@pytest.mark.parametrize("written", [b"", b"\n", b"two\nlines", b"\xff"])
def test_another_database_password_is_refused(tmp_path: Path, written: bytes) -> None:
    settings = settings_of(tmp_path, "database.password_file = 'db'")
    _write(tmp_path / "credentials/db", written)
    with pytest.raises(ConfigurationError, match="expected a password on one line, found something else"):
        database_password(settings)


def test_no_password_file_means_no_password(tmp_path: Path) -> None:
    assert database_password(settings_of(tmp_path, "")) is None
