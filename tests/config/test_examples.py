"""The example files say every key and every default, and the first files are accepted as they are."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import pytest
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from config.example import settings_example
from config.first import first_files
from config.load import load_partners, load_settings
from config.partners import Dialect, Institution, LendingUnit, LibrarySystem, PartnersFile, Terminal
from config.settings import Settings
from tests.config.files import partners_of, settings_of

CONFIG = Path(__file__).parents[2] / "config"
SETTINGS = (CONFIG / "portvakt.example.toml").read_text()
PARTNERS = (CONFIG / "partners.example.toml").read_text()


def _uncommented(text: str) -> str:
    """The text with each key that is commented out put in force; prose has a blank after its #."""
    return re.sub(r"(?m)^#(?=\S)", "", text)


def _models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for one in get_args(annotation):
        yield from _models_in(one)


def _keys_of(model: type[BaseModel]) -> Iterator[tuple[str, FieldInfo]]:
    for name, field in model.model_fields.items():
        yield field.alias or name, field
        for inner in _models_in(field.annotation):
            yield from _keys_of(inner)


def _keys_in(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield key
            yield from _keys_in(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _keys_in(inner)


def test_the_settings_example_is_what_the_settings_say() -> None:
    assert settings_example() == SETTINGS


def test_the_settings_example_gives_the_defaults_exactly(tmp_path: Path) -> None:
    assert settings_of(tmp_path, SETTINGS) == settings_of(tmp_path, "")


def test_the_partners_example_shows_every_default(tmp_path: Path) -> None:
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules/en.txt").write_text("Loans last 28 days.")
    shown = partners_of(tmp_path, _uncommented(PARTNERS).replace("[dialects.default]", "[dialects.shown]"))
    # What stands there only to show how it looks; the rest is told at its default, and so could be left out.
    entries: list[Institution | LendingUnit | LibrarySystem | Terminal] = [
        *shown.institutions.values(),
        *shown.lending_units.values(),
        *shown.library_systems.values(),
        *shown.terminals.values(),
    ]
    for one in entries:
        for name, field in type(one).model_fields.items():
            if name in one.model_fields_set and field.default is not None and not field.is_required():
                assert getattr(one, name) == field.default or (one.id, name) == ("film-1", "terminal_class"), name
    assert shown.dialects["shown"] == shown.dialects["default"]
    east = shown.terminals["east-1"]
    assert set(type(east).model_fields) - east.model_fields_set == {"service"}
    unset = set(Dialect.model_fields) - shown.dialects["shown"].model_fields_set
    assert unset == set()


@pytest.mark.parametrize(("model", "text"), [(Settings, SETTINGS), (PartnersFile, PARTNERS)])
def test_an_example_has_every_key_and_no_other(model: type[BaseModel], text: str) -> None:
    named = set(_keys_in(tomllib.loads(_uncommented(text))))
    known = {key for key, _ in _keys_of(model)}
    assert known <= named
    assert named - known <= {"default", "nb", "en", "NO-0000002"}


def test_the_partners_example_is_accepted_as_it_is_and_with_all_its_keys(tmp_path: Path) -> None:
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules/en.txt").write_text("Loans last 28 days.")
    assert not partners_of(tmp_path, PARTNERS).terminals
    assert set(partners_of(tmp_path, _uncommented(PARTNERS)).terminals) == {"east-1", "film-1"}


def test_the_settings_example_is_accepted_with_all_its_keys(tmp_path: Path) -> None:
    settings = settings_of(tmp_path, _uncommented(SETTINGS))
    assert settings.listeners.sip2[0].tls is not None


@pytest.mark.parametrize("model", [Settings, PartnersFile])
def test_every_key_says_what_it_means(model: type[BaseModel]) -> None:
    assert [key for key, field in _keys_of(model) if not field.description] == []


def test_the_first_files_are_accepted_and_hold_no_terminal(tmp_path: Path) -> None:
    settings_text, partners_text = first_files(tmp_path)
    (tmp_path / "portvakt.toml").write_text(settings_text)
    (tmp_path / "partners.d").mkdir()
    (tmp_path / "partners.d/first.toml").write_text(partners_text)
    settings = load_settings(tmp_path / "portvakt.toml", {})
    assert settings.listeners == Settings().listeners
    assert settings.identity.mode == "test"
    partners = load_partners(settings)
    assert not partners.terminals
    assert partners.lending_units["NO-0000000"].rules is not None
