"""Partners are judged file by file, and then as the set that they make."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from config.errors import ConfigurationError
from config.load import load_partners
from config.partners import Agreement
from tests.config.files import LIBRARY, SECRET, partners_of, partners_problems, settings_of, terminal

AGREEMENT = 'agreement = { reference = "A", valid_from = 2026-01-01, valid_until = 2026-12-31 }\n'


def test_a_terminal_that_says_little_is_as_strict_as_can_be(tmp_path: Path) -> None:
    one = partners_of(tmp_path, LIBRARY + terminal(class_=None)).terminals["hall-1"]
    assert (one.terminal_class, one.pin_required, one.consent_channels, one.kiosks) == ("door", True, ("desk",), 1)


def test_files_make_one_set(tmp_path: Path) -> None:
    partners = partners_of(tmp_path, LIBRARY, terminal(), '[dialects.old]\nterminator = "crlf"\n')
    assert partners.terminal_by_login("automat-1") is partners.terminals["hall-1"]
    assert partners.terminal_by_login("AUTOMAT-1") is None
    assert partners.dialect("old").terminator == "crlf"
    assert partners.dialect("default").terminator == "cr"


def test_a_file_may_replace_the_default_dialect(tmp_path: Path) -> None:
    assert partners_of(tmp_path, '[dialects.default]\nencoding = "utf-8"\n').dialect("default").encoding == "utf-8"


@pytest.mark.parametrize(
    ("keys", "problem"),
    [
        ({"secret": "'hemmelig-canary'"}, ".secret: expected a hash made by `portvakt hash-secret`, found text"),
        ({"secret": "471147114711"}, ".secret: expected text, found a number"),
        ({"secret": "['x']"}, ".secret: expected text, found a list"),
        ({"login": "471147114711"}, ".login: expected text, found a number"),
        ({"login": '"auto\\nmat-canary"'}, ".login: expected one line of text, at most 255 octets, found text"),
        ({"password": "'canary'"}, ".password: expected a known key: id, institution"),
        ({"secretary": "'canary'"}, ".secretary: expected a known key, such as secret, found an unknown one"),
        ({"secret": None}, ".secret: expected a value, found nothing"),
        ({"class_": "'kiosks'"}, '.class: expected kiosk, door, pc, sorter, staff or service, found "kiosks"'),
        ({"class_": "'service'"}, '.class: expected "service" for a terminal of a service, and for no other'),
        ({"institution": None}, ": expected either institution or service, found both or neither"),
        ({"institution": "2030000"}, ".institution: expected text, found 2030000"),
        ({"institution": "'2030000'"}, ".institution: expected NO- and seven digits, such as NO-2030000"),
        ({"networks": "[]"}, ".networks: expected at least 1 in the list, found a list"),
        ({"networks": "['0.0.0.0/0']"}, ".networks: expected narrower networks, or a certificate"),
        ({"networks": "['::/0']"}, ".networks: expected narrower networks, or a certificate"),
        ({"networks": "['128.0.0.0/1']"}, ".networks: expected narrower networks, or a certificate"),
        ({"networks": "[5]"}, ".networks[1]: expected a network such as"),
        ({"certificate": "'AB:CD'"}, ".certificate: expected the SHA-256 fingerprint of a certificate"),
        ({"kiosks": "0"}, ".kiosks: expected a whole number between 1 and 1000, found 0"),
        ({"class_": "'pc'", "consent_channels": "['kiosk']"}, ".consent_channels: expected the kiosk channel at"),
        ({"consent_channels": "['fax']"}, ".consent_channels[1]: expected phone, desk, ils or kiosk, found"),
        ({"language": "'sv'"}, '.language: expected nb, nn, se or en, found "sv"'),
        ({"pin_required": "'no'"}, ".pin_required: expected true or false, found text"),
    ],
)
def test_a_wrong_terminal_is_told_without_its_secrets(
    tmp_path: Path, keys: dict[str, str | None], problem: str
) -> None:
    (told,) = partners_problems(tmp_path, LIBRARY + terminal(**keys))
    assert told.partition("terminals[hall-1]")[2].startswith(problem)
    assert "canary" not in told
    assert "4711" not in told


def test_a_certificate_binds_where_networks_cannot(tmp_path: Path) -> None:
    text = LIBRARY + terminal(networks='["0.0.0.0/0"]', certificate=f'"{"AB:" * 31}CD"')
    assert partners_of(tmp_path, text).terminals["hall-1"].certificate == "ab" * 31 + "cd"


def test_neither_login_nor_secret_is_in_a_representation(tmp_path: Path) -> None:
    partners = partners_of(tmp_path, LIBRARY + terminal())
    for shown in (repr(partners), repr(partners.terminals["hall-1"]), str(partners.terminals["hall-1"])):
        assert "automat-1" not in shown
        assert SECRET not in shown


def test_every_file_is_judged_before_any_is_refused(tmp_path: Path) -> None:
    told = partners_problems(tmp_path, "[[institutions]]\nid = 3\n", "oops", '[dialects."Old one"]\n')
    assert [line.partition(": expected")[0] for line in told] == [
        "a.toml:2: institutions[1].id",
        "a.toml:1: institutions[1].name",
        "b.toml:1",
        "c.toml:1: dialects.Old one",
    ]


@pytest.mark.parametrize(
    ("texts", "problem"),
    [
        (
            (LIBRARY, '[[institutions]]\nname = "B"\nid = "NO-0000001"\n'),
            "b.toml:3: institutions[NO-0000001].id: expected another id than other institutions, found that of",
        ),
        (
            (LIBRARY, '[[lending_units]]\nid = "NO-0000001"\n'),
            "b.toml:2: lending_units[NO-0000001].id: expected another id than other lending_units",
        ),
        (
            (LIBRARY + terminal(), terminal(login='"other"')),
            "b.toml:3: terminals[hall-1].id: expected another id than other terminals",
        ),
        (
            (LIBRARY + terminal(), terminal(id='"hall-2"')),
            "b.toml:6: terminals[hall-2].login: expected another login than other terminals, found that of hall-1",
        ),
        (
            ("[dialects.old]\n", "\n[dialects.old]\n"),
            "b.toml:2: dialects.old: expected another id than other dialects",
        ),
        (
            (LIBRARY + '[[institutions]]\nid = "NO-0000002"\nname = "B"\nparent = "NO-0000009"\n',),
            'institutions[NO-0000002].parent: expected one of the institutions, found "NO-0000009"',
        ),
        (
            (LIBRARY + '[[institutions]]\nid = "NO-0000002"\nname = "B"\nlending_unit = "NO-0000002"\n',),
            'institutions[NO-0000002].lending_unit: expected one of the lending_units, found "NO-0000002"',
        ),
        (
            ('[[lending_units]]\nid = "NO-0000001"\n',),
            "lending_units[NO-0000001].id: expected one of the institutions",
        ),
        (
            (LIBRARY, terminal(institution='"NO-0000009"')),
            "terminals[hall-1].institution: expected one of the institutions",
        ),
        (
            (LIBRARY, terminal(institution=None, service='"film"', class_='"service"')),
            'terminals[hall-1].service: expected one of the services, found "film"',
        ),
        (
            (LIBRARY + terminal(dialect='"old"'),),
            'terminals[hall-1].dialect: expected one of the dialects, found "old"',
        ),
        (
            ('[[institutions]]\nid = "NO-0000001"\nname = "A"\n' + terminal(),),
            "terminals[hall-1].institution: expected an institution that is or belongs to one of the lending_units",
        ),
        (
            (LIBRARY + terminal(login='"demo-hall"'),),
            "terminals[hall-1].login: expected a login that is not a demo's, or demo = true in the settings, found one",
        ),
    ],
)
def test_what_does_not_hold_between_partners_is_told(tmp_path: Path, texts: tuple[str, ...], problem: str) -> None:
    (told,) = partners_problems(tmp_path, *texts)
    assert problem in told


@pytest.mark.parametrize("parents", [("NO-0000001",), ("NO-0000002", "NO-0000001")])
def test_parents_in_a_circle_are_told_of_each_in_it(tmp_path: Path, parents: tuple[str, ...]) -> None:
    text = "".join(
        f'[[institutions]]\nid = "NO-000000{number}"\nname = "A"\nparent = "{parent}"\n'
        for number, parent in enumerate(parents, 1)
    )
    told = partners_problems(tmp_path, text)
    assert len(told) == len(parents)
    assert all("expected parents that end somewhere, found a circle of parents" in line for line in told)


def test_a_demo_may_have_the_logins_of_a_demo(tmp_path: Path) -> None:
    assert partners_of(tmp_path, LIBRARY + terminal(login='"demo-hall"'), demo=True).terminals


def test_a_listener_needs_its_dialect(tmp_path: Path) -> None:
    settings = settings_of(tmp_path, "[[listeners.sip2]]\ndialect = 'old'")
    settings.partners.directory.mkdir()
    (settings.partners.directory / "a.toml").write_text(LIBRARY)
    with pytest.raises(ConfigurationError, match='expected a dialect named "old", for the listener sip2, found none'):
        load_partners(settings)
    (settings.partners.directory / "b.toml").write_text("[dialects.old]\n")
    assert load_partners(settings).institutions


def test_a_directory_without_files_is_refused(tmp_path: Path) -> None:
    assert partners_problems(tmp_path) == [f"{tmp_path}: expected a directory with files named *.toml, found none"]
    with pytest.raises(ConfigurationError, match="found no such file or directory"):
        load_partners(tmp_path / "none")


FAMILY = """
[[institutions]]
id = "NO-0000001"
name = "County"
[[institutions]]
id = "NO-0000002"
name = "Town"
parent = "NO-0000001"
[[institutions]]
id = "NO-0000003"
name = "Branch"
parent = "NO-0000002"
[[institutions]]
id = "NO-0000004"
name = "Guest of another"
parent = "NO-0000002"
lending_unit = "NO-0000005"
[[institutions]]
id = "NO-0000005"
name = "Alone"
[[institutions]]
id = "NO-0000006"
name = "Nobody's"
"""


@pytest.mark.parametrize(
    ("units", "institution", "unit"),
    [
        ((2, 5), 3, 2),
        ((1, 2, 5), 3, 1),
        ((1, 2, 3, 5), 3, 3),
        ((2, 5), 4, 5),
        ((1, 2, 4, 5), 4, 5),
        ((2, 5), 5, 5),
        ((2, 5), 6, None),
        ((2, 5), 9, None),
    ],
)
def test_a_lending_unit_is_the_named_one_else_itself_else_the_topmost_parent(
    tmp_path: Path, units: tuple[int, ...], institution: int, unit: int | None
) -> None:
    text = FAMILY + "".join(f'[[lending_units]]\nid = "NO-000000{number}"\n' for number in units)
    found = partners_of(tmp_path, text).unit_of(f"NO-000000{institution}")
    assert (found and found.id) == (unit and f"NO-000000{unit}")


@pytest.mark.parametrize(
    ("day", "holds"),
    [
        (date(2025, 12, 31), False),
        (date(2026, 1, 1), True),
        (date(2026, 12, 31), True),
        (date(2027, 1, 1), False),
    ],
)
def test_an_agreement_holds_on_its_first_and_its_last_day(tmp_path: Path, day: date, holds: bool) -> None:
    service = f'\n[[services]]\nid = "film"\nname = "Film"\n{AGREEMENT}'
    text = LIBRARY + AGREEMENT + service + terminal()
    text += terminal(id='"film-1"', login='"film"', institution=None, service='"film"', class_='"service"')
    partners = partners_of(tmp_path, text)
    assert partners.may_speak(partners.terminals["hall-1"], day) is holds
    assert partners.may_speak(partners.terminals["film-1"], day) is holds


def test_without_an_agreement_nobody_may_speak(tmp_path: Path) -> None:
    partners = partners_of(tmp_path, LIBRARY + terminal())
    assert not partners.may_speak(partners.terminals["hall-1"], date(2026, 6, 1))


@pytest.mark.parametrize(
    ("keys", "problem"),
    [
        ("valid_from = 2026-02-01\nvalid_until = 2026-01-31", "valid_until: expected a day not before valid_from"),
        ("valid_from = 2026-01-01\nvalid_until = 1798675200", "valid_until: expected a date such as 2026-01-31"),
        ("valid_from = 2026-01-01\nvalid_until = '2026-12-31'", "valid_until: expected a date such as 2026-01-31"),
    ],
)
def test_an_agreement_needs_two_dates_in_order(tmp_path: Path, keys: str, problem: str) -> None:
    (told,) = partners_problems(tmp_path, f'{LIBRARY}[lending_units.agreement]\nreference = "A"\n{keys}\n')
    assert f"lending_units[NO-0000001].agreement.{problem}" in told


def test_an_agreement_is_a_value() -> None:
    dates = {"valid_from": date(2026, 1, 1), "valid_until": date(2026, 1, 2)}
    assert Agreement(reference="A", **dates) == Agreement(reference="A", **dates)


@pytest.mark.parametrize(
    ("keys", "problem"),
    [
        ("hide = ['AG', 'BL']", "hide: expected codes other than AA, AD,"),
        ("add = { AZ = 'x' }", "add: expected codes other than AA, AD,"),
        ("add = { ag = 'x' }", "add.ag: expected a field code such as AG"),
        ("hide = ['phone']", 'hide[1]: expected a field code such as AG, found "phone"'),
        ("delimiter = 'A'", 'delimiter: expected one ASCII sign, no letter or digit, found "A"'),
        ("language = 'se'", "encoding: expected utf-8 with se"),
        ("timeout_tenths = 2.5", "timeout_tenths: expected a whole number of tenths of a second between 0 and 999"),
        ("enconding = 'utf-8'", "enconding: expected a known key, such as encoding"),
    ],
)
def test_a_dialect_that_would_break_answers_is_refused(tmp_path: Path, keys: str, problem: str) -> None:
    (told,) = partners_problems(tmp_path, f"[dialects.old]\n{keys}")
    assert f"dialects.old.{problem}" in told


@pytest.mark.parametrize(
    ("own", "dialects", "language"), [(None, "nn", "nn"), ('"en"', "nn", "en"), (None, "nb", "nb")]
)
def test_a_screen_speaks_its_own_language_or_its_dialects(
    tmp_path: Path, own: str | None, dialects: str, language: str
) -> None:
    dialect = f'[dialects.old]\nlanguage = "{dialects}"\n'
    partners = partners_of(tmp_path, LIBRARY + terminal(dialect='"old"', language=own) + dialect)
    assert partners.language_of(partners.terminals["hall-1"]) == language
