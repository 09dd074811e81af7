"""A password that anybody would try first is found behind its hash."""

from __future__ import annotations

from pathlib import Path

import pytest
from argon2 import PasswordHasher

from config.known_passwords import default_passwords
from tests.config.files import LIBRARY, partners_of, terminal

HASHER = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


@pytest.mark.parametrize(
    ("password", "known"),
    [
        ("demo-automat-1", True),
        ("demo-hall-1", True),
        ("automat-1", True),
        ("passord", True),
        ("changeme", True),
        ("fire stille ender krysser elva", False),
    ],
)
def test_a_well_known_password_is_told(tmp_path: Path, password: str, known: bool) -> None:
    partners = partners_of(tmp_path, LIBRARY + terminal(secret=f"'{HASHER.hash(password)}'"))
    told = [str(problem) for problem in default_passwords(partners, "partners.d")]
    wrong = "partners.d: terminals[hall-1].secret: expected a password of its own, found a well-known one"
    assert told == ([wrong] if known else [])
