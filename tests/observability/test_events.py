"""The table of events against everything in the source that logs one."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.observability.events import EVENTS, LEVELS

ROOT = Path(__file__).parents[2]
METHODS = {"event", "log"}


def calls() -> Iterator[tuple[str, str, set[str]]]:
    """Yield place, event and named fields of each call in the packages that logs an event."""
    for package in ("gateway", "registry", "config"):
        for file in sorted((ROOT / package).rglob("*.py")):
            for node in ast.walk(ast.parse(file.read_text())):
                if isinstance(node, ast.Call) and (event := event_of(node)):
                    named = {keyword.arg for keyword in node.keywords if keyword.arg}
                    yield f"{file.relative_to(ROOT)}:{node.lineno}", event, named


def event_of(call: ast.Call) -> str | None:
    if not isinstance(call.func, ast.Attribute) or call.func.attr not in METHODS or not call.args:
        return None
    first = call.args[0]
    return first.value if isinstance(first, ast.Constant) and isinstance(first.value, str) else None


def test_calls_that_log_are_found() -> None:
    assert {event for _, event, _ in calls()} >= {"python_warning", "library_error"}


def test_every_event_that_is_logged_is_listed_with_its_fields() -> None:
    wrong = [
        (place, event, sorted(named - EVENTS[event].fields) if event in EVENTS else "unlisted")
        for place, event, named in calls()
        if event not in EVENTS or named - EVENTS[event].fields
    ]
    assert wrong == []


@pytest.mark.parametrize("event", sorted(EVENTS))
def test_every_level_has_a_name(event: str) -> None:
    assert EVENTS[event].level in LEVELS
