"""What docs/koha.md says, against what the program does."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

from config.delivery import _TAKEN, Delivery
from gateway.delivery.koha_reasons import SAYS
from gateway.simulators.koha import built_in_koha

PAGE = (Path(__file__).resolve().parents[3] / "docs" / "koha.md").read_text("utf-8")


def test_the_page_explains_every_reason_in_the_same_words() -> None:
    table = dict(re.findall(r"^\| `(\w+)` \| ([^|]*) \|$", PAGE, re.MULTILINE))
    assert {reason: table.get(reason) for reason in SAYS} == SAYS


def test_the_page_names_every_key_and_its_example_is_a_delivery() -> None:
    assert [key for key in sorted(_TAKEN["koha"]) if f"`{key}`" not in PAGE] == []
    (example,) = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)
    (unit,) = tomllib.loads(example)["lending_units"]
    delivery = Delivery.model_validate(unit["delivery"], strict=False)
    assert delivery.mapping is not None
    assert [one.from_age for one in delivery.mapping.categories] == [0, 15]


def test_the_page_tells_what_the_simulator_has() -> None:
    world = built_in_koha()
    codes = (*world.libraries, *world.categories, world.key.client_id, world.key.client_secret)
    assert [code for code in codes if f"`{code}`" not in PAGE] == []
