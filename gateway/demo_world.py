"""The demo's libraries, terminals and patrons: invented, with synthetic identity numbers, and stable across versions.

People and tests rely on every number and PIN here; what is added later leaves the rest as it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from registry.domain.card import CardKind, CardNumber
from registry.domain.institution import InstitutionId, LendingUnitId
from registry.domain.patron import Address, Language, Level, Sex
from registry.domain.secret import Secret
from registry.register import CardDesk, NewPatron, PatronDesk

STORBYEN: Final = "NO-2030000"
FJORDBY: Final = "NO-2120100"
VIDDA: Final = "NO-2110300"

ACTOR: Final = "demo"

STORBYEN_ILS: Final = "storbyen-ils"
ILS_LOGIN: Final = "portvakt"
ILS_PASSWORD: Final = "demo-storbyen-sip2"  # noqa: S105 - a demo's, told to everybody

PASSWORDS: Mapping[str, str] = {
    login: f"demo-{login.removesuffix('-1')}"
    for login in ("storbyen-1", "fjordby-1", "vidda-1", "storbyen-door", "film-1")
}
"""Login → password of every terminal of the demo; known to everybody, which is why only a demo accepts them."""

AGENCY: Final = "NO-0030100"
"""The gateway's own agency id in the demo."""

INITIATORS: Mapping[str, str] = {
    "storbyen-ils": "demo-storbyen-ils",
    "fjordby-ils": "demo-fjordby-ils",
    "film": "demo-film",
    "storbyen-desk": "demo-storbyen-desk",
}
"""Id → secret of every NCIP initiator of the demo."""

# Long enough that no demo expires, and one that has: Vidda's agreement ended, so nobody there gets anything.
_HOLDS = "valid_from = 2026-01-01\nvalid_until = 2099-12-31"
_ENDED = "valid_from = 2020-01-01\nvalid_until = 2025-12-31"


def settings_text(*, sip2_port: int, http_port: int, ncip_port: int = 0, pages_port: int | None = None) -> str:
    """Return ``portvakt.toml`` of the demo; without ``pages_port`` there are no pages for patrons."""
    pages = "" if pages_port is None else _PAGES.format(port=pages_port)
    return f"""\
# Settings of the demo, written anew at each start of `portvakt demo`.
demo = true

[identity]
mode = "test"

[state]
directory = "."

[listeners.http]
port = {http_port}

[[listeners.ncip]]
name = "ncip"
host = "127.0.0.1"
port = {ncip_port}

[mail]
sender = "kort@portvakt.example"
transport = "maildir"

[ncip]
agency = "{AGENCY}"

[[listeners.sip2]]
name = "sip2"
host = "127.0.0.1"
port = {sip2_port}
{pages}"""


_PAGES = """
[listeners.pages]
port = {port}
public_url = "http://127.0.0.1:{port}"
"""


def initiators_text(secrets: Mapping[str, str]) -> str:
    """Return the demo's partner file of NCIP initiators; ``secrets`` are hashed, by id."""
    return "\n".join(
        [
            "# Who may ask over NCIP in the demo.",
            _initiator(
                "storbyen-ils",
                f'institution = "{STORBYEN}"',
                secrets,
                "lookup_without_pin = true\n",
            ),
            _initiator("storbyen-desk", f'institution = "{STORBYEN}"', secrets, "activations_without_pin = 3\n"),
            _initiator("fjordby-ils", f'institution = "{FJORDBY}"', secrets),
            _initiator("film", 'service = "film"', secrets),
        ]
    )


def _initiator(id_: str, place: str, secrets: Mapping[str, str], grant: str = "") -> str:
    return f"""\
[[initiators]]
id = "{id_}"
{place}
secret = "{secrets[id_]}"
networks = ["127.0.0.0/8", "::1/128"]
{grant}"""


def library_system_text(port: int) -> str:
    """Return the partner file of Storbyen's simulated library system, written anew at each start."""
    return f"""\
# Storbyen's library system, simulated by the demo. Written anew at each start.
[[library_systems]]
id = "{STORBYEN_ILS}"
addresses = ["127.0.0.1:{port}"]
encoding = "utf-8"
login = "{ILS_LOGIN}"
password_file = "{STORBYEN_ILS}"
local_id_field = "XI"
"""


def delivery_text(port: int) -> str:
    """Return where Storbyen's library system takes new patrons: a table of its lending unit, in one line."""
    url = f"http://127.0.0.1:{port}/ncip"
    return f'delivery = {{ carrier = "ncip", url = "{url}" }}  # written anew at each start'


def partners_text(secrets: Mapping[str, str], delivery: str = "") -> str:
    """Return the demo's partner file; ``secrets`` are the hashed passwords by login, ``delivery`` Storbyen's."""
    return "\n".join(
        [
            "# The demo's libraries and terminals. Kept once it is there: try changes, and SIGHUP to the daemon.",
            _library(STORBYEN, "Storbyen folkebibliotek", "digital", "3", _HOLDS, STORBYEN_ILS, delivery),
            _library(FJORDBY, "Fjordby bibliotek", "in_person", "1", _HOLDS),
            _library(VIDDA, "Vidda bibliotek", "in_person", "1", _ENDED),
            f'[[services]]\nid = "film"\nname = "Film"\n[services.agreement]\nreference = "demo/film"\n{_HOLDS}\n',
            "[dialects.default]\nstatus_before_login = true\n",
            '[dialects.utf8]\nencoding = "utf-8"\n',
            '[dialects.strict]\nencoding = "cp850"\nterminator = "crlf"\nerror_detection = "required"\n',
            _terminal("storbyen-1", f'institution = "{STORBYEN}"', "kiosk", "utf8", secrets),
            _terminal("fjordby-1", f'institution = "{FJORDBY}"', "kiosk", "strict", secrets),
            _terminal("vidda-1", f'institution = "{VIDDA}"', "kiosk", "default", secrets),
            _terminal("storbyen-door", f'institution = "{STORBYEN}"', "door", "utf8", secrets),
            _terminal("film-1", 'service = "film"', "service", "utf8", secrets),
        ]
    )


def _library(
    id_: str, name: str, acceptance: str, version: str, agreement: str, system: str = "", delivery: str = ""
) -> str:
    behind = f'library_system = "{system}"\n' if system else ""
    behind += f"{delivery}\n" if delivery else ""
    return f"""\
[[institutions]]
id = "{id_}"
name = "{name}"

[[lending_units]]
id = "{id_}"
acceptance = "{acceptance}"
{behind}[lending_units.agreement]
reference = "demo/{id_}"
{agreement}
[lending_units.rules]
version = "{version}"
[lending_units.rules.languages.nb]
short = "Lånetid 28 dager. Du erstatter det du mister."
full = "Lånetiden er 28 dager. Det som blir borte eller ødelagt, må erstattes. Kortet er personlig."
[lending_units.rules.languages.nn]
short = "Lånetid 28 dagar. Du erstattar det du mistar."
full = "Lånetida er 28 dagar. Det som blir borte eller øydelagt, må erstattast. Kortet er personleg."
[lending_units.rules.languages.en]
short = "Loans last 28 days. You replace what you lose."
full = "Loans last 28 days. What is lost or damaged must be replaced. The card is personal."
"""


# Commissioned in the demo: rules can be accepted on its screen.
_CHANNELS = {"storbyen-1": '["kiosk", "phone", "desk"]'}


def _terminal(login: str, place: str, kind: str, dialect: str, secrets: Mapping[str, str]) -> str:
    channels = _CHANNELS.get(login, '["phone", "desk"]' if kind == "kiosk" else '["desk"]')
    return f"""\
[[terminals]]
id = "{login}"
{place}
class = "{kind}"
login = "{login}"
secret = "{secrets[login]}"
networks = ["127.0.0.0/8", "::1/128"]
dialect = "{dialect}"
consent_channels = {channels}
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Person:
    card: str
    pin: str
    family: str
    given: str
    born: date
    identity: str
    sex: Sex
    street: str
    place: tuple[str, str]
    local_at: Mapping[str, str]
    home: str | None = None
    language: Language = Language.NB
    password: str | None = None
    level: Level = Level.LOW
    protected: bool = False


def _people(today: date) -> tuple[_Person, ...]:
    child = today - timedelta(days=round(12.4 * 365.25))
    return (
        _Person(
            card="N001000001",
            pin="4817",
            family="Bjørnstad",
            given="Ågot",
            born=date(1986, 5, 17),
            identity="17858610044",
            sex=Sex.FEMALE,
            street="Æsops vei 3",
            place=("7490", "Øvre Årdal"),
            local_at={},
            language=Language.NN,
        ),
        _Person(
            card="N001000002",
            pin="5926",
            family="Hætta",
            given="Jonas Lie",
            born=date(1994, 11, 9),
            identity="09919410016",
            sex=Sex.MALE,
            street="Storgata 12",
            place=("0184", "Storbyen"),
            local_at={STORBYEN: "S200002"},
            home=STORBYEN,
            language=Language.SE,
        ),
        _Person(
            card="N001000003",
            pin="3704",
            family="Myhre",
            given="Solveig",
            born=date(1971, 2, 23),
            identity="23827110086",
            sex=Sex.FEMALE,
            street="Bakken 8",
            place=("9512", "Vidda"),
            local_at={},
        ),
        _Person(
            card="N001000004",
            pin="8261",
            family="Sæther",
            given="Bjørn",
            born=date(1963, 6, 30),
            identity="30866310013",
            sex=Sex.MALE,
            street="Fjordveien 41",
            place=("6006", "Fjordby"),
            local_at={},
        ),
        _Person(
            card="N001000006",
            pin="9153",
            family="Nguyen",
            given="Kim",
            born=date(1999, 8, 4),
            identity="04889910017",
            sex=Sex.UNKNOWN,
            street="Parkveien 2",
            place=("0184", "Storbyen"),
            local_at={},
            language=Language.EN,
            password="fjellrev-og-mus-46",  # noqa: S106 - a demo's, told to everybody
            level=Level.HIGH,
        ),
        _Person(
            card="N001000007",
            pin="6038",
            family="Østby",
            given="Ragnhild",
            born=date(1958, 12, 12),
            identity="12925810094",
            sex=Sex.FEMALE,
            street="Skjermet gate 1",
            place=("0184", "Storbyen"),
            local_at={STORBYEN: "S200007", FJORDBY: ""},
            home=STORBYEN,
            protected=True,
        ),
        _Person(
            card="N001000008",
            pin="7495",
            family="Lunde",
            given="Pål",
            born=child,
            identity="15811410087",
            sex=Sex.MALE,
            street="Skoleveien 7",
            place=("6006", "Fjordby"),
            local_at={},
        ),
        _Person(
            card="N001000009",
            pin="2683",
            family="Dahl",
            given="Else",
            born=date(1977, 9, 6),
            identity="06897710097",
            sex=Sex.FEMALE,
            street="Enden 99",
            place=("9512", "Vidda"),
            local_at={},
        ),
        _Person(
            card="N001000010",
            pin="5048",
            family="Myklebust",
            given="Eira",
            born=date(1996, 6, 8),
            identity="08869610020",
            sex=Sex.FEMALE,
            street="Elvegata 5",
            place=("9990", "Storbyen"),
            local_at={},
        ),
    )


def _patron(person: _Person) -> NewPatron:
    tail = person.card[-2:]
    return NewPatron(
        family_name=person.family,
        given_name=person.given,
        birth_date=person.born,
        sex=person.sex,
        identity_number=Secret(person.identity),
        card=CardNumber(person.card),
        pin=Secret(person.pin),
        password=Secret(person.password) if person.password else None,
        minimum_level=person.level,
        registered_address=Address(lines=(person.street,), postal_code=person.place[0], place=person.place[1]),
        mobile=f"+47 400 55 1{tail}",
        email=f"{person.card.lower()}@patron.example",
        language=person.language,
        home_library=InstitutionId(person.home) if person.home else None,
        protected=person.protected,
        local_at={LendingUnitId(unit): local_id for unit, local_id in person.local_at.items()},
    )


async def populate(patrons: PatronDesk, cards: CardDesk, today: date) -> None:
    """Add the demo's patrons to an empty register, and do to their cards what has been done to them."""
    await patrons.add_patrons([_patron(person) for person in _people(today)], ACTOR, lambda _: None)
    await cards.report_lost(CardNumber("N001000003"), ACTOR)
    await cards.replace(CardNumber("N001000004"), CardNumber("N001000005"), CardKind.PRINTED, ACTOR)
    await patrons.delete_patron(CardNumber("N001000009"), ACTOR)
