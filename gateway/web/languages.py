"""Which language a page speaks: the patron's choice on the page, then their own, then the browser's."""

from __future__ import annotations

from gateway.words.languages import Language

_MOST = 20


def choice(code: str | None) -> Language | None:
    """Return the language that a link on the page names; ``None`` for none, and for anything else."""
    return next((language for language in Language if language.value == code), None)


def of_browser(accept_language: str) -> Language | None:
    """Return the browser's first choice among the languages spoken here (RFC 9110 section 12.5.4), or ``None``."""
    ranked = [_weighed(part) for part in accept_language.split(",")[:_MOST]]
    wanted = sorted((one for one in ranked if one[0] > 0), key=lambda one: -one[0])
    return next((language for _, tag in wanted if (language := Language.of_tag(tag)) is not None), None)


def spoken(chosen: Language | None, patron: Language | None, browser: Language | None) -> Language:
    """Return the language of a page; ``patron`` is given only once the PIN is right."""
    return chosen or patron or browser or Language.NB


def _weighed(part: str) -> tuple[float, str]:
    tag, *parameters = (piece.strip() for piece in part.split(";"))
    weight = next((one[2:] for one in parameters if one.startswith("q=")), "1")
    try:
        return float(weight), tag
    except ValueError:
        return 0.0, tag
