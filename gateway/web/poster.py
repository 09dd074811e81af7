"""A poster for a library: its name, the code that leads to its page, and what to do, on A4 and in all languages.

Drawn as one SVG with nothing outside it, so that it prints from any browser and opens in any drawing program.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from itertools import groupby

import segno
from markupsafe import Markup, escape

from gateway.web.speech import clean
from gateway.words.languages import Language
from gateway.words.page_keys import Text
from gateway.words.page_texts import TEXTS

# Everything in millimetres.
_WIDTH, _HEIGHT = 210.0, 297.0
_MIDDLE = _WIDTH / 2
_CODE_TOP, _CODE_SIDE = 96.0, 100.0
_WIDEST = 194.0
_QUIET = 4  # modules of white around a code (ISO/IEC 18004)
_INK, _MAIN = "#1b1f1e", "#0b5345"

# Size of letters, letters in a line, lines: a long name is written smaller.
_NAME_SIZES = ((13.0, 22, 2), (9.0, 32, 3), (6.0, 48, 4))


def poster(library: str, address: str) -> str:
    """Return the SVG of a library's poster; ``address`` is where its code leads, and is written below it."""
    return str(
        Markup(
            '<svg xmlns="http://www.w3.org/2000/svg" width="{width}mm" height="{height}mm" '
            'viewBox="0 0 {width:g} {height:g}" font-family="Helvetica, Arial, \'Noto Sans\', sans-serif" '
            'text-anchor="middle" fill="{ink}">\n<title>{title}</title>\n'
            '<rect width="{width:g}" height="{height:g}" fill="#ffffff"/>\n'
            '<rect width="{width:g}" height="8" fill="{main}"/>\n'
            "{content}\n</svg>\n"
        ).format(
            width=_WIDTH,
            height=_HEIGHT,
            ink=_INK,
            main=_MAIN,
            title=clean(library),
            content=Markup("\n").join([*_heading(library), _code(address), *_foot(address)]),
        )
    )


def _heading(library: str) -> Iterator[Markup]:
    size, lines = _fitted(clean(library))
    top = 34.0
    for number, line in enumerate(lines):
        yield _line(line, top + number * size * 1.2, size, weight="bold", fill=_MAIN)
    for number, title in enumerate(_said(Text.POSTER_TITLE)):
        yield _line(title, 72.0 + number * 8.0, 6.5 if number == 0 else 5.5, weight="bold" if number == 0 else "normal")


def _fitted(name: str) -> tuple[float, list[str]]:
    for size, width, most in _NAME_SIZES:
        lines = textwrap.wrap(name, width)
        if len(lines) <= most and all(_breadth(line, size) <= _WIDEST for line in lines):
            return size, lines
    kept = lines if len(lines) <= most else [*lines[: most - 1], lines[most - 1] + "…"]
    return size, [_cut(line, size) for line in kept]


def _code(address: str) -> Markup:
    code = segno.make_qr(address, error="m")
    rows = [list(row) for row in code.matrix]
    module = _CODE_SIDE / (len(rows) + 2 * _QUIET)
    path = " ".join(_runs(rows))
    return Markup('<path id="code" transform="translate({x:.3f} {y:.3f}) scale({scale:.5f})" d="{path}"/>').format(
        x=_MIDDLE - _CODE_SIDE / 2 + _QUIET * module, y=_CODE_TOP + _QUIET * module, scale=module, path=path
    )


def _runs(rows: list[list[int]]) -> Iterator[str]:
    """Return each run of dark modules of a row as one rectangle, so that no hairline shows between modules."""
    for y, row in enumerate(rows):
        x = 0
        for dark, modules in groupby(row):
            length = len(list(modules))
            if dark:
                yield f"M{x} {y}h{length}v1h-{length}z"
            x += length


def _foot(address: str) -> Iterator[Markup]:
    shown = address.partition("://")[2]
    yield _line(shown, _CODE_TOP + _CODE_SIDE + 9.0, min(8.0, 260.0 / max(len(shown), 1)), weight="bold")
    for number, how in enumerate(_said(Text.POSTER_HOW)):
        yield _line(how, 224.0 + number * 10.0, 5.5)
    for number, promise in enumerate(_said(Text.PROMISE)):
        yield _line(promise, 268.0 + number * 5.5, 3.6, fill="#4d5654")


def _said(key: Text) -> list[str]:
    """Return a text in all languages, those that have the same words once."""
    return list(dict.fromkeys(TEXTS[key].in_language(language) for language in Language))


def _line(text: str, y: float, size: float, weight: str = "normal", fill: str = _INK) -> Markup:
    return Markup(
        '<text x="{x:g}" y="{y:g}" font-size="{size:g}" font-weight="{weight}" fill="{fill}">{text}</text>'
    ).format(x=_MIDDLE, y=y, size=size, weight=weight, fill=fill, text=escape(text))


def _cut(line: str, size: float) -> str:
    """Return as much of a line as the sheet is wide enough for."""
    while _breadth(line, size) > _WIDEST:
        line = line.rstrip("…")[:-1] + "…"
    return line


def _breadth(text: str, size: float) -> float:
    """Return how wide bold letters are at most, in whichever plain type they are shown; Verdana's are the widest."""
    return size * sum(1.13 if sign in "WM@%—…" else 0.85 if sign.isupper() else 0.68 for sign in text)
