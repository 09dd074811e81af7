"""Each key of a TOML text is found on the line where it stands."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from config.lines import Place, key_lines, line_of

TEXT = '''\
top = 1            # line 1
[a]
b.c = "x = [ # no comment"
text = """
[not.a.table]
no = "key"
"""
list = [
  "one", # ]
  { inner = 1 },
]
after = true

[[many]]
id = "first"
[many.inner]
deep = 1
[[many]]
id = 'se"cond'
[[many.more]]
x = 1
[["quoted.key"]]
y = 1
"z\\u0061" = 2
[[dots]]
'''


@pytest.mark.parametrize(
    ("place", "line"),
    [
        (("top",), 1),
        (("a",), 2),
        (("a", "b", "c"), 3),
        (("a", "text"), 4),
        (("a", "list"), 8),
        (("a", "list", 1, "inner"), 8),
        (("a", "after"), 12),
        (("a", "missing"), 2),
        (("many", 0), 14),
        (("many", 0, "id"), 15),
        (("many", 0, "inner", "deep"), 17),
        (("many", 1), 18),
        (("many", 1, "id"), 19),
        (("many", 1, "more", 0, "x"), 21),
        (("quoted.key", 0, "y"), 23),
        (("quoted.key", 0, "za"), 24),
        (("dots", 0), 25),
        (("nowhere",), None),
    ],
)
def test_a_key_stands_on_its_line(place: Place, line: int | None) -> None:
    tomllib.loads(TEXT)
    assert line_of(place, key_lines(TEXT)) == line


@pytest.mark.parametrize("name", ["portvakt.example.toml", "partners.example.toml"])
def test_every_key_of_the_examples_is_found_on_a_line_that_names_it(name: str) -> None:
    text = (Path(__file__).parents[2] / "config" / name).read_text()
    written = text.splitlines()
    found = key_lines(text)
    assert found
    for place, line in found.items():
        key = [part for part in place if isinstance(part, str)][-1]
        assert key in written[line - 1]


def test_a_text_without_a_last_line_end_is_read_to_its_end() -> None:
    assert key_lines("a = 1\nb = 2") == {("a",): 1, ("b",): 2}
