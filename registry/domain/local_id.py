"""A library system's own id of a patron: which texts can be one, wherever it is told."""

from __future__ import annotations

LONGEST = 64
EXPECTED = f"1 to {LONGEST} printable signs, no |, no blanks around"


def is_local_id(text: str) -> bool:
    """Tell whether ``text`` can be a local id: it must pass through SIP2, where ``|`` ends a value, and come back."""
    return 0 < len(text) <= LONGEST and text == text.strip() and text.isprintable() and "|" not in text
