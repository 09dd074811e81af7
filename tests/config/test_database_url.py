"""A database's address is accepted as people write it, and never with a password."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.config.files import settings_of, settings_problems


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("sqlite:////var/lib/p.db", "sqlite+aiosqlite:////var/lib/p.db"),
        ("sqlite+aiosqlite:////var/lib/p.db", "sqlite+aiosqlite:////var/lib/p.db"),
        ("postgresql://p@db.example.org/portvakt", "postgresql+asyncpg://p@db.example.org/portvakt"),
        ("postgres://p@db.example.org:5433/portvakt", "postgresql+asyncpg://p@db.example.org:5433/portvakt"),
        ("postgresql+asyncpg:///portvakt?host=/run/pg", "postgresql+asyncpg:///portvakt?host=/run/pg"),
    ],
)
def test_an_address_gets_its_driver(tmp_path: Path, written: str, read: str) -> None:
    assert settings_of(tmp_path, f'database.url = "{written}"').database.url == read


@pytest.mark.parametrize(
    "written",
    [
        "mysql://p@db/portvakt",
        "portvakt.db",
        "sqlite:portvakt.db",
        "sqlite://",
        "sqlite:///",
        "sqlite:///:memory:",
        "postgresql://p@db",
        "postgresql://p@db:many/portvakt",
        "postgresql://p:canary471104711@db/portvakt",
        "postgresql://db/portvakt?user=p&password=canary471104711",
    ],
)
def test_another_address_is_refused_and_not_repeated(tmp_path: Path, written: str) -> None:
    (told,) = settings_problems(tmp_path, f'database.url = "{written}"')
    assert told.startswith("portvakt.toml:1: database.url: expected ")
    assert "canary" not in told


@pytest.mark.parametrize(
    ("keys", "verified"),
    [
        ("url = 'sqlite:///p.db'", False),
        ("url = 'postgresql://p@localhost/p'", False),
        ("url = 'postgresql://p@127.0.0.1/p'", False),
        ("url = 'postgresql:///p?host=/run/postgresql'", False),
        ("url = 'postgresql://p@[::1]/p'", False),
        ("url = 'postgresql://p@db.example.org/p'", True),
        ("url = 'postgresql:///p?host=localhost:5432&host=db.example.org:5432'", True),
        ("url = 'postgresql://p@db.example.org/p'\nplaintext = 'allowed'", False),
    ],
)
def test_tls_is_verified_unless_the_database_is_on_this_machine(tmp_path: Path, keys: str, verified: bool) -> None:
    assert settings_of(tmp_path, f"[database]\n{keys}").database.verify_tls is verified
