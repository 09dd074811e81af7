"""Which texts can be a library system's own id of a patron."""

from __future__ import annotations

import pytest

from registry.domain.local_id import is_local_id


@pytest.mark.parametrize("text", ["1", "S200001", "N001000001", "barn 7/2-a", "Å-17", "x" * 64])
def test_what_comes_back_through_sip2_as_it_was_can_be_a_local_id(text: str) -> None:
    assert is_local_id(text)


@pytest.mark.parametrize("text", ["", " ", " 7", "7 ", "a|b", "a\nb", "a\rb", "a\0b", "a\u2028b", "x" * 65])
def test_what_sip2_cannot_carry_or_would_change_is_no_local_id(text: str) -> None:
    assert not is_local_id(text)
