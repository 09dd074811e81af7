"""`portvakt kiosk` as it is typed: options, scripts, exit statuses, TLS and a real terminal."""

from __future__ import annotations

import json
import os
import ssl
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import trustme
from click.testing import CliRunner, Result

from gateway.cli.kiosk import kiosk
from tests.cli.kiosk_peer import CARD, LOGIN, PASSWORD, PIN, answering, library_system, served, silent

WELL, NOT_AS_EXPECTED, WRONG, NO_ANSWER = range(4)


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    with served(library_system()) as port:
        yield port


def run(port: int, *options: str, script: str = "", **environment: str) -> Result:
    """What the command does with this script on its standard input."""
    arguments = [f"127.0.0.1:{port}", *options]
    result = CliRunner().invoke(kiosk, arguments, input=script.encode(), env={"NO_COLOR": None, **environment})
    assert isinstance(result.exception, SystemExit | None), result.exception
    assert PIN not in result.output
    assert PASSWORD not in result.output
    assert "Traceback" not in result.output
    return result


def test_a_script_that_finds_what_it_expects_exits_0(port: int) -> None:
    script = f"""
        login {LOGIN} '{PASSWORD}'
        expect ok 1
        status                        # as kiosks do
        expect message 98
        information {CARD} {PIN} summary=charged start=1 end=5
        expect CQ Y
        expect AU ~^0301
        expect AF 'Velkommen, Åse'
        expect no BV
        checkout {CARD} 301 {PIN} fee=N
        expect ok 0
        checkout {CARD} 301 {PIN} fee=Y
        expect ok 1
        again
        resend
        expect AJ "Vinter i Lærdal"
        reconnect
        raw 9900802.00
        expect AM Storbyen
        wait 0
        echo done
    """
    result = run(port, script=script)
    assert (result.exit_code, result.output) == (WELL, result.output)
    assert result.stdout.endswith("done\n")
    assert "CQ  valid patron password" in result.stdout


def test_expectations_that_fail_are_told_with_file_and_line_and_exit_1(port: int, tmp_path: Path) -> None:
    path = tmp_path / "morning.sip2"
    path.write_text(f"patron {CARD} {PIN}\nexpect CQ Y\nexpect AD {PIN}\nstatus\nexpect message 98\n")
    result = run(port, "--script", str(path), "--quiet")
    assert result.exit_code == NOT_AS_EXPECTED
    assert result.stdout == ""
    assert result.stderr.splitlines() == [
        f'{path}:2: expected CQ "Y"; found "N"',
        f"{path}:3: expected AD ***; found no AD",
    ]


@pytest.mark.parametrize(
    ("script", "status"),
    [
        (f"login {LOGIN} wrong", NOT_AS_EXPECTED),
        (f"login {LOGIN} wrong\nstatus\nexpect message 98", NOT_AS_EXPECTED),
        (f"login {LOGIN} wrong\nexpect message 94\nexpect ok 0\nstatus", WELL),
        (f"login {LOGIN} wrong\nexpect ok 1", NOT_AS_EXPECTED),
        (f"login {LOGIN} {PASSWORD}", WELL),
        ("", WELL),
    ],
)
def test_a_refused_login_is_a_failure_unless_it_is_expected(port: int, script: str, status: int) -> None:
    assert run(port, script=script).exit_code == status


def test_a_script_with_faults_sends_nothing_and_exits_2() -> None:
    with silent() as port:
        result = run(port, script=f"status\npatorn {CARD}\npatron {CARD} 1 {PIN}\n")
    assert result.exit_code == WRONG
    assert "stdin:2: word 1: 'patorn'" in result.stderr
    assert "stdin:3: word 4: expected nothing more" in result.stderr
    assert result.stdout == ""


@pytest.mark.parametrize(
    "options",
    [
        ["--delimiter", "x"],
        ["--delimiter", "||"],
        ["--delimiter", "ŋ"],
        ["--encoding", "utf-16"],
        ["--terminator", "nul"],
        ["--timeout", "0"],
        ["--language", "sami"],
        ["--key", __file__],
        ["--ca", __file__],
        ["--certificate", __file__],
        ["--script", "/no/such/file"],
        ["--login", LOGIN],
        ["--login", LOGIN, "--password-file", os.devnull],
        ["--pin", "4711"],
        ["--password", "x"],
        ["another"],
    ],
    ids=" ".join,
)
def test_wrong_usage_exits_2(options: list[str]) -> None:
    with silent() as port:
        assert run(port, *options).exit_code == WRONG


@pytest.mark.parametrize("content", ["", "\nsecond"])
def test_an_empty_password_file_is_wrong_usage(tmp_path: Path, content: str) -> None:
    path = tmp_path / "password"
    path.write_text(content)
    with silent() as port:
        assert run(port, "--login", LOGIN, "--password-file", str(path)).exit_code == WRONG


def test_no_option_takes_a_pin_or_a_password() -> None:
    taking = [name for option in kiosk.params for name in option.opts if "pin" in name or "password" in name]
    assert taking == ["--password-file"]


def test_nobody_there_exits_3_in_one_line() -> None:
    with silent() as port:
        pass
    result = run(port, script="status")
    assert result.exit_code == NO_ANSWER
    assert result.stderr.splitlines()[-1] == f"Error: cannot connect to 127.0.0.1:{port}: Connection refused"


@pytest.mark.parametrize("line", ["status", "raw 55", f"patron {CARD} {PIN}"])
def test_silence_exits_3_and_names_the_line(line: str) -> None:
    with silent() as port:
        result = run(port, "--timeout", "0.05", script=f"echo hello\n{line}")
    assert result.exit_code == NO_ANSWER
    assert result.stderr.splitlines()[-1].startswith("Error: stdin:2: no answer in")


def test_a_connection_that_is_lost_exits_3() -> None:
    with answering(b"941\r") as port:
        result = run(port, script="login a b\nstatus")
    assert result.exit_code == NO_ANSWER
    assert result.stderr.splitlines()[-1].startswith("Error: stdin:2: the ")


@pytest.mark.parametrize("given", ["file", "variable"])
def test_the_password_comes_from_a_file_or_the_environment(port: int, tmp_path: Path, given: str) -> None:
    path = tmp_path / "password"
    path.write_text(f"{PASSWORD}\n")
    # A file that is named comes before the environment.
    options, variable = (["--password-file", str(path)], "x") if given == "file" else ([], PASSWORD)
    result = run(port, "--login", LOGIN, *options, script="expect ok 1", PORTVAKT_KIOSK_PASSWORD=variable)
    assert result.exit_code == WELL


def test_a_refused_login_by_option_ends_the_session_with_1(port: int) -> None:
    result = run(port, "--login", LOGIN, script="status", PORTVAKT_KIOSK_PASSWORD="wrong")
    assert result.exit_code == NOT_AS_EXPECTED
    assert "the login was refused" in result.stderr
    assert "ACS Status" not in result.stdout


def test_raw_shows_frames_as_sent_with_secrets_as_stars(port: int) -> None:
    script = f"login {LOGIN} {PASSWORD}\ninformation {CARD} {PIN}\nraw 2300020261123    101512AOx|AAN1|AC|AD{PIN}|"
    result = run(port, "--raw", "--location", "HOVED", "--institution", "NO-1", "--language", "english", script=script)
    assert result.exit_code == WELL
    assert f"as sent: 9300CN{LOGIN}|CO***|CPHOVED|AY0AZ" in result.stdout
    assert f"AONO-1|AA{CARD}|AC|AD***|AY1AZ" in result.stdout
    assert "as sent: 63001" in result.stdout
    assert "as sent: 2300020261123    101512AOx|AAN1|AC|AD***|" in result.stdout


def test_json_is_one_object_for_each_message_and_nothing_else_on_standard_output(port: int) -> None:
    result = run(port, "--json", script=f"patron {CARD} {PIN}\nexpect CQ Y\necho hello\nstatus")
    assert result.exit_code == NOT_AS_EXPECTED
    told = [json.loads(line) for line in result.stdout.splitlines()]
    assert [(one["direction"], one["number"]) for one in told] == [
        ("sent", "23"),
        ("received", "24"),
        ("sent", "99"),
        ("received", "98"),
    ]
    assert "hello" in result.stderr


def test_no_colour_is_written_where_there_is_no_terminal(port: int) -> None:
    assert "\x1b" not in run(port, script="status").output


def test_another_terminator_reaches_a_peer_that_wants_it() -> None:
    with answering(b"941\r", b"") as port:
        result = run(port, "--terminator", "crlf", "--no-checksums", "--raw", script="login a b")
    assert result.exit_code == WELL
    assert "as sent: 9300CNa|CO***|\n" in result.stdout


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="module")
def files(authority: trustme.CA, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the authority, another one, and a kiosk's certificate and key."""
    folder = tmp_path_factory.mktemp("tls")
    authority.cert_pem.write_to_path(str(folder / "ca.pem"))
    trustme.CA().cert_pem.write_to_path(str(folder / "other.pem"))
    mine = authority.issue_cert("kiosk@example.org")
    mine.cert_chain_pems[0].write_to_path(str(folder / "kiosk.pem"))
    mine.private_key_pem.write_to_path(str(folder / "kiosk.key"))
    return folder


@pytest.fixture(scope="module")
def tls_port(authority: trustme.CA) -> Iterator[int]:
    """A server that demands a certificate of the kiosk."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    # With TLS 1.3 a kiosk would learn of a refused certificate only when it reads.
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    authority.issue_cert("sip.example.org", "127.0.0.1").configure_cert(context)
    authority.configure_trust(context)
    context.verify_mode = ssl.CERT_REQUIRED
    with served(library_system(), context) as port:
        yield port


MINE = ["--certificate", "kiosk.pem", "--key", "kiosk.key"]


@pytest.mark.parametrize(
    ("options", "status", "said"),
    [
        (["--ca", "ca.pem", *MINE], WELL, "SC Status"),
        (["--ca", "ca.pem", "--server-name", "sip.example.org", *MINE], WELL, "SC Status"),
        (["--ca", "ca.pem", "--server-name", "other.example.org", *MINE], NO_ANSWER, "certificate is refused"),
        (["--ca", "other.pem", *MINE], NO_ANSWER, "certificate is refused"),
        (["--tls", *MINE], NO_ANSWER, "certificate is refused"),
        (["--ca", "ca.pem"], NO_ANSWER, "no TLS with"),
        (["--ca", "ca.pem", "--certificate", "kiosk.pem"], WRONG, "the key that fits it"),
        ([], NO_ANSWER, "the "),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_tls_proves_both_sides(tls_port: int, files: Path, options: list[str], status: int, said: str) -> None:
    options = [str(files / word) if word.endswith((".pem", ".key")) else word for word in options]
    result = run(tls_port, *options, script="status")
    assert (result.exit_code, said in result.output) == (status, True), result.output


def test_tls_with_a_peer_that_does_not_speak_it_exits_3() -> None:
    with answering() as port:
        result = run(port, "--tls", script="status")
    assert result.exit_code == NO_ANSWER
    assert "Error: no TLS with" in result.stderr


class Terminal:
    """The command at a real terminal, typed at from the other end."""

    def __init__(self, *arguments: str) -> None:
        self._ours, theirs = os.openpty()
        self.shown = ""
        self._process = subprocess.Popen(
            [sys.executable, "-c", "from gateway.cli.kiosk import kiosk; kiosk()", *arguments],
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            start_new_session=True,
            env={**os.environ, "NO_COLOR": "1", "PYTHONIOENCODING": "utf-8"},
        )
        os.close(theirs)

    def wait_for(self, text: str) -> None:
        """Reads until the text has come since the last time."""
        begin = len(self.shown)
        while text not in self.shown[begin:]:
            self.shown += self._read()

    def type(self, line: str) -> None:
        """Types a line."""
        os.write(self._ours, f"{line}\n".encode())

    def end(self) -> int:
        """Reads what is left; the exit status."""
        while more := self._read():
            self.shown += more
        os.close(self._ours)
        return self._process.wait()

    def _read(self) -> str:
        try:
            return os.read(self._ours, 65536).decode()
        except OSError:
            # This is how Linux tells that the other end has gone.
            return ""


def test_a_person_at_a_terminal_logs_in_shows_a_card_and_leaves(port: int) -> None:
    terminal = Terminal(f"127.0.0.1:{port}")
    terminal.wait_for("Login (empty for none):")
    terminal.type(LOGIN)
    terminal.wait_for("Password (hidden):")
    terminal.type(PASSWORD)
    terminal.wait_for("Card (empty line ends):")
    terminal.type(CARD)
    terminal.wait_for("PIN (hidden; empty for none):")
    terminal.type(PIN)
    terminal.wait_for("takes the next card:")
    terminal.type("e")
    terminal.wait_for("Card (empty line ends):")
    terminal.type("")
    assert terminal.end() == WELL
    for text in ("Login Response", "ACS Status", "Velkommen, Åse", "the PIN is right", "as sent: 64", "End Session"):
        assert text in terminal.shown
    assert PIN not in terminal.shown
    assert PASSWORD not in terminal.shown


def test_a_person_whose_login_is_refused_is_told_so(port: int) -> None:
    terminal = Terminal(f"127.0.0.1:{port}", "--login", LOGIN)
    terminal.wait_for("Password (hidden):")
    terminal.type("wrong")
    assert terminal.end() == NOT_AS_EXPECTED
    assert "the login was refused" in terminal.shown
