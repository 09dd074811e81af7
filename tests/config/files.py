"""Settings and partners files written for a test."""

from __future__ import annotations

from pathlib import Path

import pytest

from config.errors import ConfigurationError
from config.load import load_partners, load_settings
from config.partner_set import Partners
from config.settings import Settings

SECRET = "$argon2id$v=19$m=47104,t=1,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"

LIBRARY = """
[[institutions]]
id = "NO-0000001"
name = "Bodø bibliotek"

[[lending_units]]
id = "NO-0000001"
"""


def terminal(**changes: str | None) -> str:
    """The text of a kiosk at the library; each change is TOML, and None leaves a key out."""
    keys: dict[str, str | None] = {
        "id": '"hall-1"',
        "institution": '"NO-0000001"',
        "class": '"kiosk"',
        "login": '"automat-1"',
        "secret": f"'{SECRET}'",
        "networks": '["192.0.2.0/28"]',
    }
    keys |= {name.rstrip("_"): value for name, value in changes.items()}
    told = (f"{name} = {value}" for name, value in keys.items() if value is not None)
    return "\n".join(("\n[[terminals]]", *told, ""))


def settings_of(directory: Path, text: str) -> Settings:
    """The settings that a text gives, read from a file in a directory."""
    path = directory / "portvakt.toml"
    path.write_text(text)
    return load_settings(path, {})


def partners_of(directory: Path, *texts: str, demo: bool = False) -> Partners:
    """The partners that files with these texts give: a.toml, b.toml and so on."""
    for name, text in zip("abcdef", texts, strict=False):
        (directory / f"{name}.toml").write_text(text)
    return load_partners(directory, demo=demo)


def settings_problems(directory: Path, text: str) -> list[str]:
    """What is said of a settings file, without the directory."""
    with pytest.raises(ConfigurationError) as caught:
        settings_of(directory, text)
    return str(caught.value).replace(f"{directory}/", "").splitlines()


def partners_problems(directory: Path, *texts: str, demo: bool = False) -> list[str]:
    """What is said of partners files, without the directory."""
    with pytest.raises(ConfigurationError) as caught:
        partners_of(directory, *texts, demo=demo)
    return str(caught.value).replace(f"{directory}/", "").splitlines()
