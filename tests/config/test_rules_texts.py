"""Loan rules are there in bokmål at least, in the file or beside it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.config.files import LIBRARY, partners_of, partners_problems

RULES = LIBRARY + '[lending_units.rules]\nversion = "1"\n'
BOKMAAL = '[lending_units.rules.languages.nb]\nshort = "Lånetid 28 dager."\n'


def test_a_text_may_stand_in_a_file_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "nb.txt").write_text("Hele teksten.\n")
    text = RULES + BOKMAAL + 'full_file = "nb.txt"\n[lending_units.rules.languages.en]\nshort = "S"\nfull = "F"\n'
    rules = partners_of(tmp_path, text).lending_units["NO-0000001"].rules
    assert rules is not None
    assert {language: one.full for language, one in rules.languages.items()} == {"nb": "Hele teksten.\n", "en": "F"}
    assert (rules.version, rules.renew_acceptance) == ("1", False)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (RULES, "rules.languages: expected a value, found nothing"),
        (
            RULES + '[lending_units.rules.languages.en]\nshort = "S"\nfull = "F"\n',
            "rules.languages: expected the rules in nb at least, found no table nb",
        ),
        (
            RULES + BOKMAAL + 'full = "F"\n[lending_units.rules.languages.sv]\nshort = "S"\nfull = "F"\n',
            'rules.languages.sv: expected nb, nn, se or en, found "sv"',
        ),
        (RULES + BOKMAAL, "rules.languages.nb.full: expected a value, found nothing"),
        (RULES + BOKMAAL + 'full = " "\n', "rules.languages.nb.full: expected a text that is not empty"),
        (
            RULES + BOKMAAL + 'full = "F"\nfull_file = "nb.txt"\n',
            "rules.languages.nb.full: expected either full or full_file, found both",
        ),
        (
            RULES + BOKMAAL + 'full_file = "none.txt"\n',
            "rules.languages.nb.full_file: expected a file that can be read, found no such file or directory",
        ),
        (RULES + BOKMAAL + "full_file = 3\n", "rules.languages.nb.full"),
        (LIBRARY + "rules = 3\n", "rules: expected a table, found 3"),
        (
            RULES + f'[lending_units.rules.languages.nb]\nshort = "{"x" * 161}"\nfull = "F"\n',
            "rules.languages.nb.short: expected one line of at most 160 characters, found another text",
        ),
    ],
)
def test_rules_that_cannot_be_shown_are_refused(tmp_path: Path, text: str, problem: str) -> None:
    assert f"lending_units[NO-0000001].{problem}" in partners_problems(tmp_path, text)[0]


def test_a_missing_text_does_not_hide_what_else_is_wrong(tmp_path: Path) -> None:
    text = RULES + "renew_acceptance = 1\n" + BOKMAAL + 'full_file = "none.txt"\n'
    assert [line.partition(": expected")[0] for line in partners_problems(tmp_path, text)] == [
        "a.toml:13: lending_units[NO-0000001].rules.languages.nb.full_file",
        "a.toml:10: lending_units[NO-0000001].rules.renew_acceptance",
    ]
