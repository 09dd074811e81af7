"""No wrong kind of value anywhere gets an answer that is not in plain English, or one that repeats a secret."""

from __future__ import annotations

import copy
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from config.document import Document
from config.errors import ConfigurationError
from config.lines import Place
from config.partners import PartnersFile
from config.settings import Settings
from tests.config.test_examples import PARTNERS, SETTINGS, _uncommented

WRONG: tuple[Any, ...] = (None, True, 4711471147114711, -1.5, "canary4711", [], ["canary4711"], {"canary4711": 1})


def _leaves(value: Any, place: Place = ()) -> Iterator[Place]:
    yield from [place] if place else []
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, one in inner:
        yield from _leaves(one, (*place, key))


def _changed(tables: dict[str, Any], place: Place, wrong: Any) -> dict[str, Any]:
    """The tables with another value at a place, or without it where that is None."""
    changed = copy.deepcopy(tables)
    *way, last = place
    within: Any = changed
    for part in way:
        within = within[part]
    if wrong is None:
        del within[last]
    else:
        within[last] = wrong
    return changed


@pytest.mark.parametrize(
    ("model", "text"), [(Settings, SETTINGS), (PartnersFile, PARTNERS)], ids=["settings", "partners"]
)
def test_every_wrong_kind_of_every_key_is_told_in_plain_english(
    model: type[Settings] | type[PartnersFile], text: str
) -> None:
    tables = tomllib.loads(_uncommented(text))
    told = 0
    for place in _leaves(tables):
        for wrong in WRONG:
            document = Document("file", _changed(tables, place, wrong), {})
            try:
                document.judged_by(model)
            except ConfigurationError as refused:
                told += 1
                for problem in refused.problems:
                    assert problem.expected != "another value", (place, wrong)
                    assert "{" not in problem.expected
                    assert problem.found != "something else", (place, wrong)
                    if {"secret", "login", "url"} & {str(part) for part in place}:
                        assert "4711" not in problem.found
    assert told > 100


def test_what_is_told_is_a_line_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text('[log]\nlevel = "two\\nlines"\n')
    with pytest.raises(ConfigurationError) as caught:
        Document.read(tmp_path / "a.toml").judged_by(Settings)
    assert len(str(caught.value).splitlines()) == 1
