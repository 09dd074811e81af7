"""What settings say of mail, and what is wrong with each; what partners may do only where there is mail."""

from __future__ import annotations

from pathlib import Path

import pytest

from config.errors import ConfigurationError
from config.load import load_partners
from config.secret_files import file_problems, mail_authorities, mail_password
from tests.config.files import LIBRARY, partners_problems, settings_of, settings_problems
from tests.config.test_ncip import SERVICE, initiator

MAIL = '[mail]\nsender = "kort@example.no"\n'
SMTP = MAIL + 'host = "smtp.example.no"\n'


def test_mail_goes_out_with_tls_unless_it_stays_on_this_machine(tmp_path: Path) -> None:
    told = settings_of(tmp_path, SMTP).mail
    assert told is not None
    assert (told.host, told.port, told.security, told.login) == ("smtp.example.no", 587, "starttls", None)
    local = settings_of(tmp_path, MAIL + 'host = "127.0.0.1"\nsecurity = "none"\n').mail
    assert local is not None
    assert settings_of(tmp_path, "").mail is None


@pytest.mark.parametrize(
    ("text", "expected"),
    {
        "nowhere": (MAIL, "a host for smtp, and none for maildir"),
        "to two places": (SMTP + 'transport = "maildir"\n', "a host for smtp, and none for maildir"),
        "from nobody": ('[mail]\nhost = "smtp.example.no"\n', "mail.sender"),
        "from two": (SMTP.replace("kort@example.no", "a@example.no, b@example.no"), "an address such as"),
        "in plain text": (SMTP + 'security = "none"\n', "starttls or tls, as the mail server is on another machine"),
        "login without password": (SMTP + 'login = "portvakt"\n', "login and password_file together"),
        "password without login": (SMTP + 'password_file = "mail-password"\n', "login and password_file together"),
        "unknown key": (SMTP + 'tls = "yes"\n', "a known key"),
    }.values(),
    ids=lambda value: None if "\n" in value else value,
)
def test_mail_that_cannot_go_out_is_told_with_its_line(text: str, expected: str, tmp_path: Path) -> None:
    problems = settings_problems(tmp_path, text)
    assert any(expected in problem for problem in problems), problems


def test_the_password_is_read_from_a_file_that_only_we_can_read(tmp_path: Path) -> None:
    settings = settings_of(tmp_path, SMTP + 'login = "portvakt"\npassword_file = "mail-password"\n')
    file = tmp_path / "credentials" / "mail-password"
    file.parent.mkdir()
    assert any(problem.file == str(file) for problem in file_problems(settings))
    file.write_text("synthetic\n")
    file.chmod(0o644)
    assert any(problem.file == str(file) for problem in file_problems(settings))
    file.chmod(0o600)
    assert mail_password(settings) == "synthetic"


def test_an_authority_that_is_missing_is_told_by_check(tmp_path: Path) -> None:
    settings = settings_of(tmp_path, SMTP + 'ca = "tls/none.pem"\n')
    assert any(problem.file.endswith("tls/none.pem") for problem in file_problems(settings))


def test_a_right_that_needs_mail_is_refused_without(tmp_path: Path) -> None:
    (tmp_path / "partners.d").mkdir()
    (tmp_path / "partners.d" / "a.toml").write_text(LIBRARY + initiator(activations_without_pin="5"))
    with pytest.raises(ConfigurationError, match=r"initiators\[ils\].activations_without_pin.*have no \[mail\]"):
        load_partners(settings_of(tmp_path, ""))
    assert load_partners(settings_of(tmp_path, SMTP)).initiators["ils"].activations_without_pin == 5


def test_a_service_takes_nobody_in(tmp_path: Path) -> None:
    text = SERVICE + initiator(institution=None, service='"film"', activations_without_pin="5")
    assert any("none for a service" in problem for problem in partners_problems(tmp_path, LIBRARY + text))


@pytest.mark.parametrize("host", ['""', '"smtp x"', '"smtp.example.no:25"', '"127.0.0.1:25"', '"-x"', '"smtp..no"'])
def test_a_host_is_a_name_or_an_address_and_nothing_else(host: str, tmp_path: Path) -> None:
    problems = settings_problems(tmp_path, MAIL + f"host = {host}\n")
    assert any("a host name or an IP address, without a port" in problem for problem in problems), problems


@pytest.mark.parametrize("host", ["smtp.example.no", "192.0.2.7", "2001:db8::7", "localhost"])
def test_a_host_may_be_any_name_or_address(host: str, tmp_path: Path) -> None:
    told = settings_of(tmp_path, MAIL + f'host = "{host}"\n').mail
    assert told is not None
    assert told.host == host


def test_authorities_that_are_none_are_told_by_check_and_stop_the_daemon(tmp_path: Path) -> None:
    settings = settings_of(tmp_path, SMTP + 'ca = "none.pem"\n')
    for content in ("x\n", "", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"):
        (tmp_path / "none.pem").write_text(content)
        told = [problem for problem in file_problems(settings) if problem.file.endswith("none.pem")]
        assert [problem.expected for problem in told] == ["certificates in PEM"]
        with pytest.raises(ConfigurationError):
            mail_authorities(settings)
