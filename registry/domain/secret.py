"""A text that must never be shown: a PIN, a password, an identity number on its way to a check."""

from __future__ import annotations

from typing import final


@final
class Secret:
    """A secret text whose ``repr`` and ``str`` are always ``***``; :meth:`reveal` is the only way to the text.

    Not hashable and not comparable, so that it cannot become a dictionary key or leak through timing; compare
    with :func:`hmac.compare_digest` over :meth:`reveal` where a comparison is really meant.
    """

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """Return the text itself; call it only where the text is checked, hashed or encrypted."""
        return self._text

    def __bool__(self) -> bool:
        """Tell whether there is any text: an empty PIN is an absent one."""
        return bool(self._text)

    def __eq__(self, other: object) -> bool:
        return NotImplemented

    def __hash__(self) -> int:
        raise TypeError("a Secret is no dictionary key")

    def __repr__(self) -> str:
        return "Secret(***)"

    __str__ = __repr__

    def __reduce__(self) -> str | tuple[object, ...]:
        raise TypeError("a Secret is not to be copied into files or other processes")
