from __future__ import annotations

import pytest

from registry.domain.card import national


@pytest.mark.parametrize(
    "written",
    [
        "N001234567",
        "n001234567",
        " N001234567 ",
        "N01234567",
        "n01234567",
        "*N001234567*",
        "AN001234567A",
        "bn01234567b",
    ],
)
def test_what_scanners_send_is_the_same_card(written: str) -> None:
    assert national(written) == "N001234567"


@pytest.mark.parametrize(
    "written",
    [
        "",
        "N",
        "001234567",
        "1234567",
        "N1234567",
        "N0012345678",
        "N00123456A",
        "NN00123456",
        "AN001234567B",
        "S100001",
        "N٠٠١٢٣٤٥٦٧",
        "N001 234567",
        "N001234567\n1",
    ],
)
def test_anything_else_is_a_local_card(written: str) -> None:
    assert national(written) is None


def test_zeros_are_kept() -> None:
    assert national("N000000001") == "N000000001"
