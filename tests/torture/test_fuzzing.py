"""The fuzzers themselves: they find what is there to be found, and tell where it is kept."""

from __future__ import annotations

import random
import sys
from pathlib import Path

import pytest

from tests.torture import ncip_parser, planted
from tests.torture.__main__ import main
from tests.torture.fuzz_child import by_chance
from tests.torture.fuzzing import fuzzed
from tests.torture.mutating import CHANGES, mutated


def test_every_seed_of_the_parser_is_borne() -> None:
    for seed in ncip_parser.TARGET.seeds:
        ncip_parser.one_input(seed)


def test_the_same_chance_makes_the_same_inputs_and_each_change_changes_something() -> None:
    words = ncip_parser.TARGET.words
    seed = ncip_parser.TARGET.seeds[0]
    made = [[mutated(seed, words, random.Random(number)) for number in range(50)] for _ in range(2)]
    assert made[0] == made[1]
    assert len(set(made[0])) > 40
    for change in CHANGES:
        document = bytearray(seed)
        for number in range(5):
            change(random.Random(number), document, words)
        assert document != seed, change.__name__


def test_chance_finds_what_is_planted_and_keeps_it(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert by_chance(planted.TARGET, 30, tmp_path, seed=1) == 1
    (kept,) = tmp_path.glob("crash-*")
    assert b"7" in kept.read_bytes()
    assert "a seven" in capfd.readouterr().err


def test_a_target_in_its_own_process_finds_what_is_planted_and_is_told_as_failed(tmp_path: Path) -> None:
    outcome = fuzzed("planted", 20, tmp_path)
    assert not outcome.borne
    (kept,) = (tmp_path / "planted").glob("crash-*")
    assert str(kept) in outcome.told


def test_nobody_is_tortured_by_a_name_that_there_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["torture", "nothing"])
    with pytest.raises(SystemExit):
        main()
