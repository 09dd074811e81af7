"""The poster: a code that leads where it says, a name whatever its length, all languages."""

from __future__ import annotations

import re

import pytest
import segno
from lxml import etree

from gateway.web.poster import poster
from gateway.words.languages import Language
from gateway.words.page_keys import Text
from gateway.words.page_texts import TEXTS

ADDRESS = "https://kort.example.no/NO-2030000"
SVG = "{http://www.w3.org/2000/svg}"


def drawn(name: str = "Storbyen folkebibliotek", address: str = ADDRESS) -> etree._Element:
    return etree.fromstring(poster(name, address).encode())


def texts(root: etree._Element) -> list[str]:
    return [one.text or "" for one in root.iter(SVG + "text")]


@pytest.mark.parametrize("address", [ADDRESS, "http://127.0.0.1:6088/NO-2030000", "https://" + "a" * 120 + "/NO-1"])
def test_the_code_is_that_of_the_address(address: str) -> None:
    (code,) = list(drawn(address=address).iter(SVG + "path"))
    dark = set()
    for x, y, length, back in re.findall(r"M(\d+) (\d+)h(\d+)v1h-(\d+)z", code.get("d") or ""):
        assert length == back
        dark |= {(int(x) + step, int(y)) for step in range(int(length))}
    matrix = segno.make_qr(address, error="m").matrix
    assert dark == {(x, y) for y, row in enumerate(matrix) for x, module in enumerate(row) if module}


def test_the_code_has_white_around_it_and_is_large() -> None:
    (code,) = list(drawn().iter(SVG + "path"))
    numbers = [float(one) for one in re.findall(r"[\d.]+", code.get("transform") or "")]
    x, y, module = numbers
    side = len(segno.make_qr(ADDRESS, error="m").matrix) * module
    assert 70 < side < 100
    below = min(float(one.get("y") or 0) - float(one.get("font-size") or 0) for one in drawn().iter(SVG + "text")
                if float(one.get("y") or 0) > y)  # fmt: skip
    above = max(float(one.get("y") or 0) for one in drawn().iter(SVG + "text") if float(one.get("y") or 0) < y)
    assert y - above >= 4 * module
    assert below - (y + side) >= 4 * module
    assert x >= 4 * module


def test_name_address_and_words_of_all_languages_are_on_it() -> None:
    shown = texts(drawn())
    assert "Storbyen folkebibliotek" in " ".join(shown)
    assert "kort.example.no/NO-2030000" in shown
    for key in (Text.POSTER_TITLE, Text.POSTER_HOW, Text.PROMISE):
        assert {TEXTS[key].in_language(language) for language in Language} <= set(shown)


@pytest.mark.parametrize(
    "name", ["A", "Kárášjoga girjerádju", "<script>&\"'", "B" * 500, "Ord " * 100, "\u202ex\x00y", " "]
)
def test_any_name_fits_the_sheet_and_stays_a_name(name: str) -> None:
    root = drawn(name)
    heads = [one for one in root.iter(SVG + "text") if float(one.get("y") or 0) < 66]
    assert len(heads) <= 4
    for one in heads:
        # Letters of bold type are hardly ever wider than three quarters of their size.
        assert len(one.text or "") * float(one.get("font-size") or 0) * 0.6 <= 200
    assert not list(root.iter(SVG + "script"))


def test_nothing_is_fetched() -> None:
    told = poster("Storbyen", ADDRESS)
    assert re.findall(r"https?://[^\s\"<]+", told) == ["http://www.w3.org/2000/svg"]
    assert "href" not in told
