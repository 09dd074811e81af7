"""The systemd unit: what an operator relies on it for, and what systemd itself says of it."""

from __future__ import annotations

import configparser
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from config.settings import FeedListener, NcipListener, PagesListener

ROOT = Path(__file__).parents[2]
UNIT = ROOT / "systemd" / "portvakt.service"
TEXT = UNIT.read_text()
ANALYZE = shutil.which("systemd-analyze")


def values(name: str) -> list[str]:
    """Return all values of a setting, in order."""
    lines = (line.partition("=") for line in TEXT.splitlines() if not line.startswith("#"))
    return [value for found, _, value in lines if found == name]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("Type", "notify"),
        ("NotifyAccess", "main"),
        ("Restart", "on-failure"),
        ("WatchdogSec", "30s"),
        ("TimeoutStopSec", "45s"),
        ("User", "portvakt"),
        ("LimitCORE", "0"),
        ("MemorySwapMax", "0"),
        ("LimitNOFILE", "65536"),
        ("StateDirectory", "portvakt"),
        ("StateDirectoryMode", "0700"),
        ("UMask", "0077"),
        ("NoNewPrivileges", "yes"),
        ("CapabilityBoundingSet", ""),
        ("ProtectSystem", "strict"),
        ("MemoryDenyWriteExecute", "yes"),
        ("RestrictAddressFamilies", "AF_INET AF_INET6 AF_UNIX"),
        ("SocketBindDeny", "any"),
    ],
)
def test_the_unit_holds_what_the_operator_relies_on(name: str, value: str) -> None:
    assert values(name) == [value]


@pytest.mark.parametrize("key", ["pin-pepper", "index-key", "identity-key", "audit-key", "log-key"])
def test_each_key_is_handed_over_as_a_credential(key: str) -> None:
    assert f"{key}:/etc/portvakt/credentials/{key}" in values("LoadCredential")


def test_the_keys_are_those_that_the_settings_name() -> None:
    settings = tomllib.loads((ROOT / "config" / "portvakt.example.toml").read_text())
    named = {value for name, value in settings["credentials"].items() if name != "directory"}
    assert {credential.partition(":")[0] for credential in values("LoadCredential")} == named


def test_the_ports_of_the_settings_may_be_bound() -> None:
    settings = tomllib.loads((ROOT / "config" / "portvakt.example.toml").read_text())
    wanted = {settings["listeners"]["http"]["port"], *(each["port"] for each in settings["listeners"]["sip2"])}
    # These have no listener unless the settings name one.
    wanted |= {each.model_fields["port"].default for each in (NcipListener, FeedListener, PagesListener)}
    allowed = {int(value.removeprefix("tcp:")) for value in values("SocketBindAllow")}
    assert wanted <= allowed
    assert allowed == {6001, 6443, 6080, 6088, 6091, 9464}


def test_no_setting_is_given_twice_by_mistake() -> None:
    lists = {"LoadCredential", "SocketBindAllow", "SystemCallFilter"}
    names = [line.partition("=")[0] for line in TEXT.splitlines() if "=" in line and not line.startswith("#")]
    assert {name for name in names if names.count(name) > 1} == lists


def test_the_account_of_the_unit_is_made() -> None:
    made = [line.split()[:2] for line in (ROOT / "systemd" / "portvakt.sysusers").read_text().splitlines()]
    assert ["u", values("User")[0]] in made


def test_the_unit_can_be_read_as_sections() -> None:
    parser = configparser.ConfigParser(strict=False, interpolation=None, delimiters=("=",), allow_no_value=True)
    parser.read_string(TEXT)
    assert parser.sections() == ["Unit", "Service", "Install"]


@pytest.mark.skipif(ANALYZE is None, reason="systemd-analyze is not installed")
def test_systemd_finds_no_mistake(tmp_path: Path) -> None:
    rendered = tmp_path / UNIT.name
    rendered.write_text(TEXT.replace("/opt/portvakt/bin/portvakt", sys.executable))
    ran = analyze("verify", str(rendered))
    # Other units of this machine may be wrong; only what is said of ours counts.
    assert [line for line in (ran.stdout + ran.stderr).splitlines() if UNIT.name in line] == []


@pytest.mark.skipif(ANALYZE is None, reason="systemd-analyze is not installed")
def test_systemd_rates_the_sandbox_as_safe() -> None:
    ran = analyze("security", "--offline=true", "--threshold=15", str(UNIT))
    assert ran.returncode == 0, ran.stdout
    assert "Overall exposure level" in ran.stdout


def analyze(*arguments: str) -> subprocess.CompletedProcess[str]:
    assert ANALYZE is not None
    return subprocess.run([ANALYZE, *arguments], capture_output=True, text=True, timeout=50, check=False)


BANNED = """
import ctypes, mmap
PR_SET_MDWE, REFUSE_EXEC_GAIN = 65, 1
banned = ctypes.CDLL(None, use_errno=True).prctl(PR_SET_MDWE, REFUSE_EXEC_GAIN, 0, 0, 0) == 0

from gateway.reactor import install
reactor = install()

import asyncio, pathlib, sqlite3, ssl, tempfile
import argon2, trustme
from tests.gateway_core.peers import Echoes, connected
from gateway.bridge import as_deferred, listen
from gateway.tls import server_context

def writable_and_executable():
    try:
        mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
    except PermissionError:
        return False
    return True

async def serve(folder):
    authority = trustme.CA()
    pair = authority.issue_cert("localhost")
    pair.private_key_pem.write_to_path(folder / "key")
    pair.cert_chain_pems[0].write_to_path(folder / "certificate")
    client = ssl.create_default_context()
    authority.configure_trust(client)
    listening = await listen(
        Echoes(), "127.0.0.1", 0, ssl_context=server_context(folder / "certificate", folder / "key").current
    )
    async with connected(listening, client) as (reader, writer):
        writer.write(b"9900302.00")
        echoed = await reader.readexactly(10)
    await listening.close()
    hasher = argon2.PasswordHasher(memory_cost=8192, time_cost=1, parallelism=1)
    hashed = await asyncio.to_thread(hasher.hash, "self-test")
    rows = sqlite3.connect(folder / "db").execute("select 1").fetchall()
    print(echoed.decode(), hasher.verify(hashed, "self-test"), rows[0][0], writable_and_executable() is not banned)

def begin():
    as_deferred(serve(pathlib.Path(tempfile.mkdtemp()))).addBoth(ended)

def ended(result):
    if result is not None:
        print(result)
    reactor.stop()

reactor.callLater(0, begin)
reactor.run(installSignalHandlers=False)
"""


def test_tls_hashing_and_storage_need_no_writable_and_executable_memory(tmp_path: Path) -> None:
    ran = subprocess.run(
        [sys.executable, "-c", BANNED],
        cwd=ROOT,
        env={"TMPDIR": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
    )
    assert ran.stdout == "9900302.00 True 1 True\n", ran.stdout + ran.stderr
