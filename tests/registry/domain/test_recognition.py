"""Is the patron that a library system has the one that the register has?"""

from __future__ import annotations

import random
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.domain.recognition import Recognition, Sighting, is_same_name, recognise

BORN = date(1987, 3, 9)

SAME = [
    # family name, given name, as the library system writes it
    ("Hætta", "Jonas Lie", "Hætta, Jonas Lie"),
    ("Hætta", "Jonas Lie", "Jonas Lie Hætta"),
    ("Hætta", "Jonas Lie", "HAETTA JONAS"),
    ("Hætta", "Jonas Lie", "H?tta, Jonas"),
    ("Hætta", "Jonas Lie", "H\ufffd\ufffdtta, Jonas Lie"),
    ("Hætta", "Jonas Lie", "Hætta, J."),
    ("Hætta", "Jonas Lie", "J.L. Hætta"),
    ("Hætta", "Jonas Lie", "Hætta"),
    ("Bjørnstad", "Ågot", "Bjoernstad, Aagot"),
    ("Bjørnstad", "Ågot", "Bjornstad, Agot"),
    ("Bjørnstad", "Ågot", "ÅGOT BJØRNSTAD"),
    ("Bjørnstad", "Ågot", "Bjo\u0308rnstad, A\u030agot"),
    ("Bjørnstad", "Ågot", "Bj?rnstad, ?got"),
    ("Ødegård", "Kjærsti", "Odegaard, Kjaersti"),
    ("Aas", "Per", "Ås, Per"),
    ("Sjøli", "Anne-Marie", "Anne Marie Sjøli"),
    ("Sjøli", "Anne-Marie", "Annemarie Sjøli"),
    ("Sjøli", "Annemarie", "Sjøli, Anne-Marie"),
    ("Sjøli", "Anne Marie", "Sjøli, Marie"),
    ("Sjøli", "Anne", "Sjøli, Anne Marie Olsen"),
    ("Berg-Hansen", "Ola", "Hansen, Ola Berg"),
    ("Berg Hansen", "Ola", "Ola Hansen"),
    ("Gaup", "Máret Áile", "Gaup, Maret Aile"),
    ("Gaup", "Máret Áile", "Gaup, M?ret ?ile"),
    ("Čálliid", "Biret Ánne", "Calliid, Biret Anne"),
    ("Đorvvesjávri", "Niillas", "Niillas Dorvvesjavri"),
    ("Ŋuovttes", "Ŧora", "Nuovttes, Tora"),
    ("Š", "Ž", "S, Z"),
    ("O'Brien", "Siân", "OBrien, Sian"),
    ("O’Brien", "Siân", "O'Brien, Sian"),
    ("Müller", "José", "Muller, Jose"),
    ("Lindström", "Pär", "Lindstrøm, Pær"),
    ("Þórsdóttir", "Björk", "Thorsdottir, Bjork"),
    ("Madonna", "", "Madonna"),
    ("Hætta", "Jonas Lie", ""),
    ("Hætta", "Jonas Lie", " , "),
    ("Hætta", "Jonas Lie", "???"),
]

OTHERS = [
    ("Hætta", "Jonas Lie", "Hætta, Kari"),
    ("Hætta", "Jonas Lie", "Hætta, K."),
    ("Hætta", "Jonas Lie", "Jonas Lie"),
    ("Hætta", "Jonas Lie", "Jonas"),
    ("Hætta", "Jonas Lie", "Gaup, Jonas Lie"),
    ("Hætta", "Jonas Lie", "J. L."),
    ("Bjørnstad", "Ågot", "Bjørnstad, Ågnes"),
    ("Bjørnstad", "Ågot", "Bjørnestad, Ågot"),
    ("Bjørnstad", "Ågot", "B?stad, Ågot"),
    ("Sjøli", "Anne Marie", "Sjøli, Anne Lise"),
    ("Nordmann", "Kari", "N"),
    ("Nordmann", "Kari", "S200010"),
    ("Nordmann", "Kari", "Konto slettet"),
    ("Aaaaaaaaaaaaaaaaaaaaaa", "A", "?b" * 100),
]


@pytest.mark.parametrize(("family", "given_name", "written"), SAME)
def test_the_same_name_may_be_written_like_this(family: str, given_name: str, written: str) -> None:
    assert is_same_name(written, family, given_name)


@pytest.mark.parametrize(("family", "given_name", "written"), OTHERS)
def test_this_is_another_name(family: str, given_name: str, written: str) -> None:
    assert not is_same_name(written, family, given_name)


HERS, ANOTHERS, OTHER_DAY = "Hætta, Jonas", "Gaup, Kari", date(1988, 3, 9)
KNOWN, DOUBTFUL = Recognition.KNOWN, Recognition.DOUBTFUL


@pytest.mark.parametrize(
    ("name", "born", "recognition"),
    [
        (HERS, BORN, KNOWN),
        (HERS, None, KNOWN),
        (None, BORN, KNOWN),
        (None, None, KNOWN),
        (HERS, OTHER_DAY, DOUBTFUL),
        (ANOTHERS, BORN, DOUBTFUL),
        (ANOTHERS, None, DOUBTFUL),
        (None, OTHER_DAY, DOUBTFUL),
        (ANOTHERS, OTHER_DAY, DOUBTFUL),
    ],
)
def test_name_and_birth_date_must_agree_where_they_are_told(
    name: str | None, born: date | None, recognition: Recognition
) -> None:
    sighting = Sighting(known=True, name=name, birth_date=born, local_id="S200002")
    assert recognise(sighting, family_name="Hætta", given_name="Jonas Lie", birth_date=BORN) is recognition


def test_who_is_not_known_is_unknown_whatever_else_is_told() -> None:
    sighting = Sighting(known=False, name=ANOTHERS, birth_date=OTHER_DAY)
    assert recognise(sighting, family_name="Hætta", given_name="Jonas", birth_date=BORN) is Recognition.UNKNOWN


LETTERS = "abdefghijklmnoprstuvyæøåáčđŋšŧžöäé"
one_name = st.text(LETTERS, min_size=2, max_size=9)
several = st.lists(one_name, min_size=1, max_size=3)


@given(several, several, st.randoms(use_true_random=False))
def test_order_and_letter_case_make_no_other_name(
    family: list[str], given_names: list[str], chance: random.Random
) -> None:
    told = [*family, *given_names]
    chance.shuffle(told)
    written = " ".join(chance.choice([name.upper(), name.title(), name]) for name in told)
    assert is_same_name(written, " ".join(family), " ".join(given_names))


syllable = st.tuples(st.sampled_from("bdfgjklmnrstvčđŋšŧž"), st.sampled_from("aeiouyæøåáöä")).map("".join)
spoken = st.lists(st.lists(syllable, min_size=2, max_size=4).map("".join), min_size=1, max_size=3)


@given(spoken, spoken)
def test_letters_lost_to_ascii_make_no_other_name(family: list[str], given_names: list[str]) -> None:
    def lost(name: str) -> str:
        bare = name.encode("ascii", "replace").decode()
        return bare if bare.count("?") < 4 and "??" not in bare else name

    written = ", ".join([" ".join(map(lost, family)), " ".join(map(lost, given_names))])
    assert is_same_name(written, " ".join(family), " ".join(given_names))


@given(several, several, st.text("qwxz", min_size=2, max_size=9))
def test_one_unknown_name_in_place_of_a_family_name_is_another_name(
    family: list[str], given_names: list[str], stranger: str
) -> None:
    assert not is_same_name(" ".join([*given_names, stranger]), " ".join(f"{name}k" for name in family), "qq")


@given(st.text(max_size=80), st.text(max_size=40), st.text(max_size=40))
def test_no_text_is_too_odd_to_be_compared(written: str, family: str, given_name: str) -> None:
    assert is_same_name(written, family, given_name) in {True, False}


def test_a_sighting_shows_neither_name_nor_birth_date() -> None:
    shown = repr(Sighting(known=True, name=HERS, birth_date=BORN, local_id="S200002"))
    assert shown == "Sighting(known=True)"
