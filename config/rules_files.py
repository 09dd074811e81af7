"""Brings in the rules texts that a partners file keeps in files of their own."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from config.document import Document, read_text
from config.errors import ConfigurationError, Problem
from config.lines import Place


def with_full_texts(document: Document) -> tuple[Mapping[str, Any], tuple[Problem, ...]]:
    """The document's tables with `full` read from each `full_file`, and what could not be read."""
    tables = copy.deepcopy(dict(document.tables))
    problems: list[Problem] = []
    for place, text in _texts_in_files(tables):
        if "full" in text:
            problems.append(document.problem((*place, "full"), "either full or full_file", "both"))
            continue
        # So that the model, which judges the rest, does not miss the text a second time.
        text["full"] = "unread"
        try:
            text["full"] = read_text(Path(document.name).parent / text["full_file"])
        except ConfigurationError as wrong:
            why = wrong.problems[0]
            problems.append(document.problem((*place, "full_file"), why.expected, why.found))
    return tables, tuple(problems)


def _texts_in_files(tables: Mapping[str, Any]) -> Iterator[tuple[Place, dict[str, Any]]]:
    """Each text with a file's name; what has another shape is left for the model to judge."""
    units = tables.get("lending_units")
    for position, unit in enumerate(units if isinstance(units, list) else ()):
        languages = _table(_table(unit, "rules"), "languages")
        for language, text in languages.items():
            if isinstance(text, dict) and isinstance(text.get("full_file"), str):
                yield ("lending_units", position, "rules", "languages", language), text


def _table(within: object, key: str) -> dict[str, Any]:
    inner = within.get(key) if isinstance(within, dict) else None
    return inner if isinstance(inner, dict) else {}
