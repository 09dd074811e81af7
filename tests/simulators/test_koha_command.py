"""``portvakt simulate koha`` as a process, its control port, and its faults."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from gateway.cli.simulate import simulate
from gateway.simulators.koha import SAYS, Fault, FaultPlan, Habits, Kind, habits, read_fault
from gateway.simulators.koha.spoiling import SPOILS
from tests.simulators.koha_asking import KEY, NEW

COMMAND = [sys.executable, "-c", "from gateway.cli.simulate import simulate; simulate()", "koha"]


@contextmanager
def started(*options: str) -> Iterator[tuple[subprocess.Popen[str], int, int]]:
    process = subprocess.Popen(
        [*COMMAND, "--port", "0", "--control-port", "0", *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        ready = process.stdout.readline()
        address, _, control = ready.partition("/api/v1, control on ")
        yield process, int(address.rpartition(":")[2]), int(control.rpartition(":")[2])
    finally:
        process.kill()
        process.communicate()


def ask(port: int, method: str, path: str, body: Any = None, token: str = "") -> tuple[int, Any]:
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    raw = None if body is None else json.dumps(body).encode()
    url = f"http://127.0.0.1:{port}/api/v1{path}"
    request = urllib.request.Request(url, data=raw, headers=headers, method=method)
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=10) as answer:
            return answer.status, json.loads(answer.read() or b"null")
    except urllib.error.HTTPError as refused:
        with refused:
            return refused.code, json.loads(refused.read())


def token(port: int) -> str:
    form = "&".join(f"{name}={value}" for name, value in KEY.items()).encode()
    url = f"http://127.0.0.1:{port}/api/v1/oauth/token"
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(urllib.request.Request(url, data=form), timeout=10) as answer:
        told: str = json.loads(answer.read())["access_token"]
    return told


def tell(port: int, *lines: str) -> list[str]:
    with socket.create_connection(("127.0.0.1", port), timeout=10) as line, line.makefile("rw") as stream:
        answers = []
        for one in lines:
            stream.write(f"{one}\n")
            stream.flush()
            answers.append(stream.readline().strip())
        return answers


def test_a_killed_koha_still_knows_its_patrons_and_ends_cleanly_when_told(tmp_path: Path) -> None:
    with started("--state", str(tmp_path)) as (process, port, _):
        assert ask(port, "POST", "/patrons", NEW, token(port))[0] == 201
        process.send_signal(signal.SIGKILL)
        process.wait(10)
    with started("--state", str(tmp_path)) as (process, port, _):
        status, found = ask(port, "GET", "/patrons?cardnumber=N000123456&_match=exact", token=token(port))
        assert (status, [one["patron_id"] for one in found]) == (200, [4713])
        process.send_signal(signal.SIGTERM)
        said, errors = process.communicate(timeout=10)
        assert (process.returncode, said, errors) == (0, "", "")
    with started("--state", str(tmp_path), "--fresh", "--profile", "old") as (_, port, _):
        assert ask(port, "GET", "/patrons?cardnumber=N000123456", token=token(port)) == (200, [])


def test_faults_and_habits_are_changed_while_it_runs() -> None:
    with started("--fault", "fail-before requests=list times=1") as (_, port, control):
        key = token(port)
        assert ask(port, "GET", "/patrons", token=key)[0] == 500
        assert ask(port, "GET", "/patrons", token=key)[0] == 200
        assert (
            tell(control, "fault fail-after requests=add status=503 times=1", "faults")
            == ["ok fail-after requests=add times=1 status=503"] * 2
        )
        assert ask(port, "POST", "/patrons", NEW, key)[0] == 503
        assert "; 4713 N000123456 2" in tell(control, "patrons")[0]
        assert ask(port, "POST", "/patrons", NEW, key)[0] == 400  # stored, though the answer told otherwise
        assert tell(control, "set profile old", "set oauth off", "set sings on", "set basic maybe")[2:] == [
            f"error: no such habit: sings; one of {', '.join(habits.SAYS)} is meant",
            "error: on or off is meant",
        ]
        assert ask(port, "POST", "/patrons", NEW, key)[0] == 409
        assert tell(control, "expire", "habits", "what") == [
            "ok expired",
            f"ok {Habits(profile='old', oauth=False)}".strip(),
            "error: no command what; try help",
        ]
        assert ask(port, "GET", "/patrons", token=key)[0] == 401
        assert tell(control, "down", "up", "cut", "clear", "counts")[:2] == ["ok down", "ok up"]
        assert ask(port, "GET", "/patrons")[0] == 401
        assert "requests=add" in tell(control, "help")[0]
        assert "close-after: executed" in tell(control, "kinds")[0]


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
        (["--fault", "page status=99"], 2, "status is between 200 and 599"),
        (["--fault", "page requests=sing"], 2, "no such request: sing"),
        (["--fault", "page times=0"], 2, "times is not 0"),
        (["--fault", "page often"], 2, "often: one of"),
        (["--habit", "sings=on"], 2, "no such habit: sings"),
        (["--habit", "token_seconds=x"], 2, "a number of seconds is meant"),
        (["--habit", "profile=oldest"], 2, "old or new is meant"),
        (["--profile", "oldest"], 2, "oldest"),
        (["--certificate", "x.pem"], 2, "--certificate and --key belong together"),
        (["--certificate", "x.pem", "--key", "x.key"], 3, "x.pem: unreadable"),
        (["--world", "nowhere.toml"], 3, "nowhere.toml: No such file or directory"),
        (["--state", "/dev/null/x"], 1, "/dev/null/x: Not a directory"),
    ],
)
def test_what_cannot_be_is_refused_with_a_reason_and_a_status(options: list[str], status: int, said: str) -> None:
    done = CliRunner().invoke(simulate, ["koha", *options])
    assert done.exit_code == status
    assert said in done.output
    assert "Traceback" not in done.output


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("libraries = [", "world.toml: "),
        ("libraries = ['A']\ncategories = {A = 1}", "world.toml: key: Field required"),
        ("libraries = ['A']\nsings = 1\ncategories = {A = 1}\n[key]\nclient_id='a'\nclient_secret='b'", "sings: Unex"),
        ("libraries = ['A']\ncategories = {A = 1}\nfaults = ['x']\n[key]\nclient_id='a'\nclient_secret='b'", "no such"),
    ],
)
def test_a_world_file_of_no_use_is_refused_with_its_place_and_none_of_its_values(
    tmp_path: Path, text: str, said: str
) -> None:
    path = tmp_path / "world.toml"
    path.write_text(text)
    done = CliRunner().invoke(simulate, ["koha", "--world", str(path)])
    assert (done.exit_code, said in done.output) == (3, True), done.output


def test_help_has_examples_and_the_lists_are_whole() -> None:
    assert "portvakt simulate koha --state ./koha" in CliRunner().invoke(simulate, ["koha", "--help"]).output
    faults = CliRunner().invoke(simulate, ["koha", "--list-faults"]).output
    assert [line.split()[0] for line in faults.splitlines()] == [kind.value for kind in Kind] == list(SAYS)
    listed = CliRunner().invoke(simulate, ["koha", "--list-habits"]).output
    assert [line.split()[0] for line in listed.splitlines()] == list(habits.SAYS)
    assert SPOILS.keys() == set(Kind)


def test_a_fault_strikes_the_requests_that_it_waits_for_and_no_longer_than_told() -> None:
    plan = FaultPlan([read_fault("page requests=add after=1 times=2"), Fault(kind=Kind.REFUSE_CONNECTIONS, times=1)])
    assert [bool(plan.due(name)) for name in ("list", "add", "add", "add", "add")] == [False, False, True, True, False]
    assert [bool(plan.due("connect")) for _ in range(2)] == [True, False]
    plan.add(read_fault("delay seconds=2"))
    plan.clear(Kind.PAGE)
    assert [str(one) for one in plan.faults] == ["delay seconds=2.0"]
    plan.clear()
    assert plan.due("list") == ()


def test_every_habit_is_read_as_it_is_written() -> None:
    chosen = Habits()
    for name, value in (("profile", "old"), ("basic", "on"), ("token_seconds", "60"), ("sees_only", "NORD")):
        chosen.set(name, value)
        assert f"{name}={value}" in str(chosen)
