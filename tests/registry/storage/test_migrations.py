"""Bringing a database to the newest schema, and refusing to work on any other."""

from __future__ import annotations

import asyncio
import stat
import sys
from pathlib import Path

import pytest
from alembic.script import ScriptDirectory

from registry.storage import migrations
from registry.storage.database import Database
from registry.storage.migrations import SchemaOutOfDateError, current_revision, is_current, migrate, newest_revision
from tests.registry.storage.databases import AUDIT_KEY, PATIENCE, empty_url
from tests.registry.storage.rows import execute


@pytest.fixture
async def empty(engine_name: str, tmp_path: Path) -> str:
    return await empty_url(engine_name, tmp_path)


async def test_an_empty_database_is_brought_to_the_newest_schema(empty: str) -> None:
    assert (await current_revision(empty), await is_current(empty)) == (None, False)
    await migrate(empty)
    assert (await current_revision(empty), await is_current(empty)) == (newest_revision(), True)


def test_the_names_of_the_scripts_tell_their_revisions() -> None:
    scripts = ScriptDirectory(str(Path(migrations.__file__).parent))
    assert scripts.get_current_head() == newest_revision()
    for script in scripts.walk_revisions():
        assert Path(script.path).name.startswith(f"{script.revision}_")


async def test_migrating_twice_does_no_harm(empty: str) -> None:
    await migrate(empty)
    await migrate(empty)
    assert await is_current(empty)


async def test_two_programs_that_migrate_at_the_same_time_wait_for_one_another(empty: str) -> None:
    program = "import asyncio, sys; from registry.storage.migrations import migrate; asyncio.run(migrate(sys.argv[1]))"
    both = [await asyncio.create_subprocess_exec(sys.executable, "-c", program, empty) for _ in range(2)]
    assert [await one.wait() for one in both] == [0, 0]
    assert await is_current(empty)


async def test_an_unmigrated_database_is_refused_with_the_command_that_helps(empty: str, tmp_path: Path) -> None:
    database = Database(empty, audit_key=AUDIT_KEY, timeout=PATIENCE)
    with pytest.raises(SchemaOutOfDateError, match="run `portvakt migrate`"):
        await database.open()
    assert not _files_under(tmp_path)
    await database.close()


async def test_a_database_of_a_newer_program_is_refused(database: Database, url: str) -> None:
    await execute(database, "UPDATE alembic_version SET version_num = '9999'")
    other = Database(url, audit_key=AUDIT_KEY, timeout=PATIENCE)
    with pytest.raises(SchemaOutOfDateError, match="newer than this program"):
        await other.open()
    await other.close()


async def test_a_demo_is_made_as_it_is_opened(empty: str) -> None:
    database = Database(empty, audit_key=AUDIT_KEY, timeout=PATIENCE)
    await database.open(create=True)
    await database.probe()
    await database.close()


async def test_the_file_is_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "new" / "register.sqlite"
    database = Database(f"sqlite:///{path}", audit_key=AUDIT_KEY)
    await database.open(create=True)
    await database.probe()
    assert _modes(path.parent) == {
        "new": 0o700,
        "register.sqlite": 0o600,
        "register.sqlite-wal": 0o600,
        "register.sqlite-shm": 0o600,
    }
    await database.close()


def _modes(directory: Path) -> dict[str, int]:
    return {each.name: stat.S_IMODE(each.stat().st_mode) for each in (directory, *directory.iterdir())}


def _files_under(directory: Path) -> list[Path]:
    return [path for path in directory.rglob("*") if path.is_file()]
