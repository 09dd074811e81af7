"""init, check, hash-secret, migrate: from an empty folder to a daemon that may start."""

from __future__ import annotations

import sqlite3
import stat
from pathlib import Path

import click
import pytest
from argon2 import PasswordHasher

from gateway.cli.main import COMMANDS, main
from tests.cli.commands import portvakt

KEYS = {"pin-pepper", "index-key", "identity-key", "audit-key", "log-key"}


async def test_init_makes_keys_that_only_their_owner_can_read_and_files_that_check_accepts(tmp_path: Path) -> None:
    folder = tmp_path / "etc"
    made = await portvakt("init", folder)
    assert made.exit_code == 0
    credentials = folder / "credentials"
    assert {path.name for path in credentials.iterdir()} == KEYS
    assert stat.S_IMODE(credentials.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in credentials.iterdir()} == {0o600}
    assert len({path.read_text() for path in credentials.iterdir()}) == len(KEYS)
    judged = await portvakt("check", "--config", folder / "portvakt.toml")
    assert (judged.exit_code, "all is well" in judged.output) == (0, True)


async def test_init_never_touches_what_is_there(tmp_path: Path) -> None:
    await portvakt("init", tmp_path)
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    again = await portvakt("init", tmp_path)
    assert again.exit_code == 0
    assert "made" not in again.output
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before


async def test_check_tells_every_fault_with_file_key_and_what_was_expected(tmp_path: Path) -> None:
    await portvakt("init", tmp_path)
    settings = tmp_path / "portvakt.toml"
    settings.write_text('[budgets]\nanswer = "soon"\n[limits]\nconections = 4\n')
    judged = await portvakt("check", "--config", settings)
    assert judged.exit_code == 3
    assert f"{settings}:2: budgets.answer: expected a number of seconds" in judged.output
    assert f"{settings}:4: limits.conections: expected" in judged.output


async def test_check_finds_a_key_that_others_can_read(tmp_path: Path) -> None:
    await portvakt("init", tmp_path)
    (tmp_path / "credentials" / "pin-pepper").chmod(0o644)
    judged = await portvakt("check", "--config", tmp_path / "portvakt.toml")
    assert judged.exit_code == 3
    assert "pin-pepper" in judged.output


async def test_check_refuses_the_demos_passwords_outside_a_demo(config: Path) -> None:
    config.write_text(config.read_text().replace("demo = true", "demo = false"))
    judged = await portvakt("check", "--config", config)
    assert judged.exit_code == 3
    assert judged.output.count("secret") >= 5


@pytest.mark.parametrize("command", [["check"], ["serve"], ["migrate"], ["patron", "show", "N001000001"]])
async def test_a_missing_settings_file_is_said_with_the_way_out(command: list[str], tmp_path: Path) -> None:
    result = await portvakt(*command, "--config", tmp_path / "nothing.toml")
    assert result.exit_code == 3
    assert "portvakt init" in result.output


async def test_a_secret_is_read_from_standard_input_and_its_hash_proves_it() -> None:
    result = await portvakt("hash-secret", given="kiosk-passord-7\n")
    assert result.exit_code == 0
    assert PasswordHasher().verify(result.output.strip(), "kiosk-passord-7")
    assert "kiosk-passord-7" not in result.output


@pytest.mark.parametrize("given", ["", "\n", "a|b\n", "a\x07b\n"])
async def test_a_secret_that_sip2_cannot_carry_is_refused(given: str) -> None:
    assert (await portvakt("hash-secret", given=given)).exit_code == 1


async def test_migrate_makes_a_new_register_and_then_has_nothing_to_do(tmp_path: Path) -> None:
    await portvakt("init", tmp_path)
    settings = tmp_path / "portvakt.toml"
    first, second = await portvakt("migrate", "--config", settings), await portvakt("migrate", "--config", settings)
    assert (first.exit_code, second.exit_code) == (0, 0)
    assert "from nothing" in first.output
    assert "up to date" in second.output


async def test_a_register_of_a_newer_program_is_refused_and_not_touched(config: Path, state: Path) -> None:
    file = next(state.glob("*.db"))
    with sqlite3.connect(file) as database:
        database.execute("UPDATE alembic_version SET version_num = '9999'")
    database.close()
    result = await portvakt("card", "lost", "N001000001", config=config)
    assert result.exit_code == 1
    assert "newer than this program" in result.output


def test_every_command_has_help_with_an_example() -> None:
    context = click.Context(main)
    commands = [found for name in main.list_commands(context) if (found := main.get_command(context, name))]
    assert len(commands) == len(COMMANDS)
    while commands:
        command = commands.pop()
        if hasattr(command, "commands"):
            commands += command.commands.values()
            continue
        assert "Example" in (command.help or ""), command.name
        assert not any(
            word in str(parameter.opts) for parameter in command.params for word in ("--pin=", "--password=")
        )
