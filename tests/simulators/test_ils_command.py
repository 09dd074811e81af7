"""``portvakt simulate ils`` as a process: ready, killed, stopped, and refused."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from click.testing import CliRunner

from gateway.cli.simulate import simulate
from gateway.simulators.ils import QUIRKS, Kind

COMMAND = [sys.executable, "-c", "from gateway.cli.simulate import simulate; simulate()", "ils"]
LOGIN = b"9300CNportvakt|COdemo-storbyen-sip2|\r"
LEND = b"11YN20261123    10160020261123    101600AO|AAS100001|AB30101000001|AC|AD6417|\r"
LOOK = b"1720261123    101930AO|AB30101000001|AC|\r"


@contextmanager
def started(*options: str) -> Iterator[tuple[subprocess.Popen[str], int]]:
    process = subprocess.Popen(
        [*COMMAND, "--port", "0", *options], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        ready = process.stdout.readline()
        yield process, int(ready.partition("127.0.0.1:")[2].partition(",")[0])
    finally:
        process.kill()
        process.communicate()


def talk(port: int, *frames: bytes) -> list[bytes]:
    with socket.create_connection(("127.0.0.1", port), timeout=10) as line, line.makefile("rwb", 0) as stream:
        answers = []
        for frame in frames:
            stream.write(frame)
            answer = b""
            while not answer.endswith(b"\r"):
                answer += stream.read(1)
            answers.append(answer)
        return answers


def test_a_killed_library_still_knows_its_loans_and_ends_cleanly_when_told(tmp_path: Path) -> None:
    with started("--state", str(tmp_path)) as (process, port):
        assert [answer[:3] for answer in talk(port, LOGIN, LEND)] == [b"941", b"121"]
        process.send_signal(signal.SIGKILL)
        process.wait(10)
    with started("--state", str(tmp_path), "--control-port", "0") as (process, port):
        assert talk(port, LOGIN, LOOK)[1].startswith(b"1804")
        process.send_signal(signal.SIGTERM)
        said, errors = process.communicate(timeout=10)
        assert (process.returncode, said, errors) == (0, "", "")
    with started("--state", str(tmp_path), "--fresh", "--no-login", "--quirk", "always-az") as (_, port):
        (answer,) = talk(port, LOOK)
        assert answer.startswith(b"1803")
        assert b"AZ" in answer


def test_a_port_that_is_taken_ends_the_command_in_one_line() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = subprocess.run([*COMMAND, "--port", str(port)], capture_output=True, text=True, timeout=30, check=False)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1)
    assert done.stderr.startswith("Error: cannot listen: ")


@pytest.mark.parametrize(
    ("options", "status", "said"),
    [
        (["--fault", "explode"], 2, "no such fault: explode"),
        (["--fault", "delay seconds=x"], 2, "seconds=x: not a number"),
        (["--quirk", "sings"], 2, "'sings'"),
        (["--port", "70000"], 2, "70000"),
        (["--certificate", "x.pem"], 2, "--certificate and --key belong together"),
        (["--certificate", "x.pem", "--key", "x.key"], 3, "x.pem: unreadable"),
        (["--world", "nowhere.toml"], 3, "nowhere.toml: No such file or directory"),
        (["--encoding", "klingon"], 3, "no charset klingon"),
        (["--state", "/dev/null/x"], 1, "/dev/null/x: Not a directory"),
    ],
)
def test_what_cannot_be_is_refused_with_a_reason_and_a_status(options: list[str], status: int, said: str) -> None:
    done = CliRunner().invoke(simulate, ["ils", *options])
    assert done.exit_code == status
    assert said in done.output
    assert "Traceback" not in done.output


def test_help_has_examples_and_the_lists_are_whole() -> None:
    help_text = CliRunner().invoke(simulate, ["ils", "--help"]).output
    assert "portvakt simulate ils --state ./ils" in help_text
    faults = CliRunner().invoke(simulate, ["ils", "--list-faults"]).output
    assert [line.split()[0] for line in faults.splitlines()] == [kind.value for kind in Kind]
    quirks = CliRunner().invoke(simulate, ["ils", "--list-quirks"]).output
    assert [line.split()[0] for line in quirks.splitlines()] == list(QUIRKS)
