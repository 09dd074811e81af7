"""Nothing personal leaves an activation where it must not: canaries in every field, then a search (A23, F20).

Three patrons with canaries of their own: one who never says yes, one who says yes at Storbyen, whose Koha is brought
them, and one whom Fjordby's desk approves, and whose record its library system fetches. Storbyen's kiosk is
commissioned, all doors are open, and everything that can fail in an activation does.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import date
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path

import pytest

from gateway.demo_world import FJORDBY, STORBYEN
from gateway.simulators.ils import Patron
from gateway.simulators.koha import Fault, Kind, KohaAnswer, KohaRequest, KohaSimulator, built_in_koha
from gateway.web.poster import poster
from registry.domain.card import CardNumber
from registry.domain.decisions import RegisterUnavailable
from registry.domain.delivery import DeliveryState
from registry.domain.institution import InstitutionId, LendingUnitId
from registry.domain.patron import Address, Sex
from registry.domain.secret import Secret
from registry.domain.standing import StandingState
from registry.register import NewPatron
from tests.gateway.delivery.test_delivering_daemon import ask as ask_feed
from tests.gateway.delivery.test_delivering_daemon import have_delivered, stands, until_local
from tests.gateway.libraries import AT_LEISURE, WatchedIls, port_of, put_behind, simulated
from tests.gateway.memory import line_to
from tests.gateway.ncip.vendors import card_and_pin, create, delete, http, look_up, user
from tests.gateway.web.browser import Answer, Browser
from tests.gateway.web.visits import try_card
from tests.gateway.worlds import PATIENT, Served, World, demo, running, until
from tests.operations.activating.people import people
from tests.operations.test_canaries import HEADS, Failing, everywhere_captured, found, login, metrics_page, odd

UNIT, OTHER = LendingUnitId(STORBYEN), LendingUnitId(FJORDBY)
WRONG_PIN = "660193847251"
KOHA_SECRET = "demo-storbyen-koha"
LISTENERS = '[listeners.feed]\nport = 0\n[listeners.pages]\nport = 0\npublic_url = "http://127.0.0.1"\n'
KOHA = (
    'carrier = "koha", url = "http://127.0.0.1:{port}/api/v1", client_id = "portvakt", secret_file = "koha", '
    'mapping = {{ default_branch = "HOVED", categories = [{{ from_age = 0, category = "VOKSEN" }}] }}'
)
FAULTS = (
    *(Kind.CLOSE_BEFORE, Kind.CLOSE_AFTER, Kind.CLOSE_IN_THE_MIDDLE, Kind.FAIL_BEFORE, Kind.FAIL_AFTER, Kind.PAGE),
    *(Kind.PAGE_AFTER, Kind.REDIRECT, Kind.GARBAGE, Kind.TOO_LARGE, Kind.OTHER_PATRON, Kind.EXPIRE_TOKENS),
)
_IDENTITIES = tuple(one.identity for one in people(3 + len(FAULTS)))


@dataclass(frozen=True, slots=True)
class Canary:
    """A patron of whom every field is found again by searching for it."""

    word: str
    number: int
    pin: str

    @property
    def card(self) -> CardNumber:
        """Their card."""
        return CardNumber(f"N00100{self.number:04}")

    @property
    def identity(self) -> str:
        """Their identity number."""
        return _IDENTITIES[self.number - 501]

    @property
    def given(self) -> str:
        """What greets them."""
        return f"Ærling{self.word}"

    @property
    def family(self) -> str:
        """Their family name."""
        return f"{self.word.capitalize()}øysund"

    @property
    def private(self) -> tuple[str, ...]:
        """What no library may have before it has their consent, and no kiosk, page, log or metric ever."""
        digits = f"{self.number:04}"
        return (
            *(f"{self.word}gata {digits}1", f"{self.word}vågen", f"{self.word}-{digits}@patron.example"),
            *(f"47400{digits}7", f"47755{digits}8"),
        )

    def as_told(self) -> NewPatron:
        """What the register is told of them."""
        street, place, email, mobile, phone = self.private
        return NewPatron(
            family_name=self.family,
            given_name=self.given,
            birth_date=date(1961, 7, 23),
            sex=Sex.FEMALE,
            identity_number=Secret(self.identity),
            card=self.card,
            pin=Secret(self.pin),
            registered_address=Address(lines=(street,), postal_code="6199", place=place),
            mobile=f"+{mobile}",
            phone=f"+{phone}",
            email=email,
        )


SILENT = Canary("stillekanari", 501, "583920174655")
WILLING = Canary("viljekanari", 502, "294017385561")
AT_DESK = Canary("skrankekanari", 503, "771029384756")
UNLUCKY = tuple(Canary(f"uhell{chr(97 + number)}kanari", 504 + number, "902837465110") for number in range(len(FAULTS)))
EVERYBODY = (SILENT, WILLING, AT_DESK, *UNLUCKY)
SECRETS = (*{one.pin for one in EVERYBODY}, WRONG_PIN, KOHA_SECRET, *(one.identity for one in EVERYBODY))


@dataclass(slots=True)
class Heard:
    """Everything that left, by who got it; ``secret`` are the codes and tickets that were given out."""

    kiosks: dict[str, bytes] = field(default_factory=dict)
    pages: bytes = b""
    vendors: dict[str, bytes] = field(default_factory=dict)
    feeds: dict[str, bytes] = field(default_factory=dict)
    koha: bytes = b""
    staff: str = ""
    secret: set[str] = field(default_factory=set)


class Watched(Browser):
    """A browser that keeps every byte that it gets."""

    heard: Heard

    async def raw(self, sent: bytes, method: str = "GET") -> Answer:
        """Send bytes and read one answer."""
        answer = await super().raw(sent, method)
        self.heard.pages += answer.body + repr(answer.headers).encode()
        return answer


@dataclass(slots=True)
class House:
    """A daemon, both faces of Storbyen's library system, and what everybody has heard."""

    served: Served
    ils: WatchedIls
    koha: KohaSimulator
    heard: Heard

    # Who asks.

    @asynccontextmanager
    async def browser(self) -> AsyncIterator[Watched]:
        """A browser at the pages; its tickets are known."""
        browser = Watched(self.served.daemon.addresses["pages"][1])
        browser.heard = self.heard
        async with browser:
            yield browser
            self.heard.secret |= set(browser.cookies.values())

    async def says(self, terminal: str, *frames: bytes) -> bytes:
        """Say so at a kiosk; return what it heard."""
        with line_to(self.served.door) as kiosk:
            assert await kiosk.hear(login(terminal, f"demo-{terminal.removesuffix('-1')}") + self._end(terminal))
            told = b""
            for frame in frames:
                told += await kiosk.hear(frame + self._end(terminal))
            told += await kiosk.settle()
        self.heard.kiosks[terminal] = self.heard.kiosks.get(terminal, b"") + told
        for link in told.split(b"/k/")[1:]:
            self.heard.secret.add(link[:12].decode())
        return told

    async def vendor(self, name: str, *documents: bytes) -> bytes:
        """Ask over NCIP; return what is answered."""
        told = b""
        async with http(self.served) as vendor:
            for document in documents:
                told += (await vendor.post(document)).body
        self.heard.vendors[name] = self.heard.vendors.get(name, b"") + told
        return told

    async def feed(self, name: str, path: str, body: object = None) -> int:
        """Ask the feed; return the status."""
        status, told = await ask_feed(self.served, path, body, initiator=name)
        shown = json.dumps(told, ensure_ascii=False).encode()
        self.heard.feeds[name] = self.heard.feeds.get(name, b"") + shown
        return status

    async def state(self, one: Canary, unit: LendingUnitId = UNIT) -> StandingState | None:
        """How somebody stands."""
        return (await stands(self.served, unit, one.card))[0]

    def at_the_ils(self) -> bytes:
        """Every value that the SIP2 side of the library system has got."""
        return "\n".join(value for asked in self.ils.requests for _, value in asked.fields()).encode()

    @staticmethod
    def _end(terminal: str) -> bytes:
        return b"\r\n" if terminal == "fjordby-1" else b"\r"


def frame(number: str, one: Canary, pin: str | None, at: str = STORBYEN, fee: str = "") -> bytes:
    """A message about somebody, with a fee acknowledgement where one is named."""
    proof = f"AD{pin}|" if pin is not None else ""
    acknowledged = f"BO{fee}|" if fee else ""
    head = HEADS[number] if number != "11" else b"11NN" + HEADS["11"][4:]
    return head + f"AO{at}|AA{one.card}|AB30101000001|AJ0301|AC|{proof}{acknowledged}".encode()


def everything(one: Canary, *pins: str | None, at: str = STORBYEN) -> list[bytes]:
    """Every message, with each of the PINs."""
    return [frame(number, one, pin, at) for number in HEADS for pin in pins]


@asynccontextmanager
async def everybody_at(directory: Path) -> AsyncIterator[House]:
    """The demo's world with the canaries, all doors open."""
    world, heard = await demo(directory / "world"), Heard()
    secret = world.directory / "credentials" / "koha"
    secret.touch(mode=0o600)
    secret.write_text(KOHA_SECRET + "\n", "utf-8")

    def listen(asked: KohaRequest, _: KohaAnswer | None) -> None:
        body = asked.body
        plain = body.decode("unicode_escape").encode("utf-8", "replace") if b"\\u" in body else body
        if asked.path != "/oauth/token":
            heard.koha += repr((asked.path, asked.query)).encode() + plain

    koha = KohaSimulator.open(built_in_koha(), observer=listen)
    port = await koha.start()
    try:
        async with simulated() as ils:
            put_behind(world, port_of(ils))
            have_delivered(world, STORBYEN, KOHA.format(port=port))
            have_delivered(world, FJORDBY, 'carrier = "feed"')
            await _populate(world)
            async with running(
                world, settings=AT_LEISURE + LISTENERS + PATIENT, level="debug", expected=("unexpected",)
            ) as served:
                yield House(served, ils, koha, heard)
    finally:
        await koha.stop()


async def _populate(world: World) -> None:
    async with world.at_the_prompt() as register:
        for one in EVERYBODY:
            await register.patrons.add_patron(one.as_told(), "test")
        await register.commissions.commission("storbyen-1", UNIT, "test")


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    """Everything open, and everybody a guest."""
    async with everybody_at(tmp_path) as made:
        yield made


# What happens.


async def a_patron_never_says_yes(house: House) -> None:
    """Everything that can be asked about a guest, and every way in which an activation ends before it begins."""
    pin = SILENT.pin
    await house.says("storbyen-1", *everything(SILENT, None, "", WRONG_PIN))
    house.served.clock.turn(120)
    await house.says("storbyen-1", *everything(SILENT, pin))
    # Offered, asked for another card, offered again, and the yes comes too late.
    offers = (frame("63", SILENT, pin), frame("11", SILENT, pin, fee="N"))
    assert b"BT01" in await house.says("storbyen-1", *offers, frame("63", WILLING, None), offers[-1])
    house.served.clock.turn(301)
    await house.says("storbyen-1", frame("11", SILENT, None, fee="Y"), frame("11", SILENT, pin, fee="Y"))
    house.served.clock.turn(3601)
    for raw in odd(frame("11", SILENT, WRONG_PIN, fee="Y")):
        await house.says("storbyen-1", raw)
    await house.says("storbyen-door", *everything(SILENT, None, pin))
    await house.says("film-1", *everything(SILENT, None, pin))
    await house.says("fjordby-1", *everything(SILENT, None, pin, at=FJORDBY))
    house.served.clock.turn(3601)
    await house.vendor("storbyen-ils", look_up(user(SILENT.card)), create(user(SILENT.card), rows=""))
    await house.vendor("storbyen-ils", create(card_and_pin(SILENT.card, pin), rows=""))
    await house.vendor("fjordby-ils", look_up(user(SILENT.card), by="fjordby-ils"))
    for name in ("storbyen-ils", "fjordby-ils"):
        await fetched_by(house, name, SILENT, 404)


async def a_page_is_asked_in_every_way(house: House) -> None:
    """Wrong, forged, late and by a code; the rules are read and not accepted; the desk denies."""
    async with house.browser() as browser:
        for card, pin in ((SILENT.card, WRONG_PIN), ("N001777777", WRONG_PIN), ("kort", SILENT.pin), (SILENT.card, "")):
            assert (await try_card(browser, card, pin)).status in (403, 422)
        page = await try_card(browser, SILENT.card, SILENT.pin)
        assert page.path == "/NO-2030000/rules"
        house.heard.secret |= set(browser.cookies.values())
        await browser.post("/NO-2030000/rules", {"agree": "yes", "version": "3", "language": "nb", "proof": "x"})
        await browser.send(page, "/rules")  # without the tick
        await browser.get("/NO-2030000/libraries")
        await browser.get("/NO-2030000/rules?pin=" + SILENT.pin)
        await browser.post("/NO-2030000/rules", {"agree": "yes" * 9000})
        await browser.send(page, "/leave")
        page = await try_card(browser, SILENT.card, SILENT.pin, InstitutionId(FJORDBY))
        await browser.send(page, "/desk")
        page = await browser.get("/NO-2120100/rules")
        await browser.send(page, "/withdraw")
        await browser.send(await browser.get("/NO-2120100/rules"), "/desk")
    assert await house.state(SILENT, OTHER) is StandingState.AWAITING_DESK
    await house.vendor("fjordby-ils", delete(user(SILENT.card), by="fjordby-ils"))
    guests = await house.served.register.guests.guests(OTHER, "test")
    house.heard.staff += repr(guests)
    if await house.state(SILENT, OTHER) is StandingState.AWAITING_DESK:
        await house.served.register.guests.deny(OTHER, SILENT.card, "test")
    house.heard.pages += poster("Storbyen folkebibliotek", "http://127.0.0.1/NO-2030000").encode()


async def a_code_is_shown_at_the_kiosk(house: House) -> None:
    """A kiosk that says yes unasked is switched off, and tells of the page instead."""
    await house.says("storbyen-1", frame("63", AT_DESK, AT_DESK.pin), frame("11", AT_DESK, AT_DESK.pin, fee="Y"))
    told = await house.says("storbyen-1", frame("63", AT_DESK, AT_DESK.pin))
    assert b"/k/" in told
    code = told.split(b"/k/")[1][:12].decode()
    async with house.browser() as browser:
        page = await browser.get(f"/k/{code}")
        await browser.send(page, f"/k/{code}", pin=WRONG_PIN)
        page = await browser.send(page, f"/k/{code}", pin=AT_DESK.pin)
        assert page.path == "/NO-2030000/rules"
        assert (await browser.get(f"/k/{code}")).status == 404
        assert (await browser.get(f"/k/{code[::-1]}")).status == 404


async def fetched_by(house: House, name: str, one: Canary, status: int) -> None:
    """A library system asks the feed for somebody."""
    assert await house.feed(name, "/feed/v1/changes") == 200
    told = {
        await house.feed(name, f"/feed/v1/patrons/{one.card}"),
        await house.feed(name, f"/feed/v1/patrons/{one.card}/local", {"local_id": "S1"}),
    }
    # Storbyen's patrons are brought to it, and it is told so of whomever it asks.
    assert told == ({409} if name == "storbyen-ils" else {status})


async def a_patron_says_yes_at_storbyen(house: House) -> None:
    """On a page; Koha is told, and Fjordby asks in vain."""
    async with house.browser() as browser:
        page = await try_card(browser, WILLING.card, WILLING.pin)
        # The same library system has a SIP2 side, which will know whom the other one is told of.
        house.ils.system._desk.enrol(Patron(id=WILLING.card, name=WILLING.family))
        await browser.send(page, "/rules", agree="yes")
        await until_local(house.served, UNIT, WILLING.card)
        await browser.get("/NO-2030000/rules")
        await browser.get("/NO-2030000/libraries")
    await house.says("fjordby-1", *everything(WILLING, None, WILLING.pin, at=FJORDBY))
    await house.says("storbyen-1", *everything(WILLING, WILLING.pin))
    house.served.clock.turn(3601)
    told = look_up(card_and_pin(WILLING.card, WILLING.pin), "Name Information", "Date Of Birth", by="fjordby-ils")
    await house.vendor("fjordby-ils", told, look_up(user(WILLING.card), by="fjordby-ils"))
    await fetched_by(house, "fjordby-ils", WILLING, 404)


async def a_desk_approves_at_fjordby(house: House) -> None:
    """Fjordby's library system fetches the patron, and Storbyen asks in vain."""
    await house.served.register.guests.approve(OTHER, AT_DESK.card, InstitutionId(FJORDBY), "test")
    assert await house.feed("fjordby-ils", "/feed/v1/changes") == 200
    assert await house.feed("fjordby-ils", f"/feed/v1/patrons/{AT_DESK.card}") == 200
    for wrong in ({"local_id": ""}, {"local_id": WRONG_PIN, "pin": WRONG_PIN}, [WRONG_PIN], {"local_id": SILENT.card}):
        assert await house.feed("fjordby-ils", f"/feed/v1/patrons/{AT_DESK.card}/local", wrong) in (400, 409)
    # Somebody else's card is a case for staff, who tell the right id.
    hands = house.served.register.deliveries
    ((case, _),) = await hands.deliveries(OTHER, "test")
    await hands.resolve(case.id, "F4711", "test")
    assert await house.feed("fjordby-ils", f"/feed/v1/patrons/{AT_DESK.card}/local", {"local_id": "F4711"}) == 200
    await fetched_by(house, "storbyen-ils", AT_DESK, 409)
    await house.vendor("storbyen-ils", look_up(user(AT_DESK.card)))


async def a_library_system_fails_in_every_way(house: House) -> None:
    """One patron for each fault; each settlement is waited for, and no fault is left behind."""
    for kind, one in zip(FAULTS, UNLUCKY, strict=True):
        before = len(house.served.events("delivery_settled"))
        house.koha.faults.add(Fault(kind=kind, requests=frozenset({"list" if kind is Kind.EXPIRE_TOKENS else "add"})))
        await house.served.register.guests.approve(UNIT, one.card, InstitutionId(STORBYEN), "test")
        await _until_more(lambda: len(house.served.events("delivery_settled")), before)
        await house.says("storbyen-1", *(frame(number, one, one.pin) for number in ("23", "63", "25", "35")))
        house.koha.faults.clear()
        house.served.clock.turn(600)  # a breaker that has opened lets the next one try
    for delivery, _ in await house.served.register.deliveries.deliveries(UNIT, "test"):
        house.heard.staff += repr(delivery)
        if delivery.state is DeliveryState.STUCK:
            house.heard.staff += repr(await house.served.register.deliveries.sheet(delivery.id, "test"))


async def what_is_mailed(house: House, directory: Path) -> list[tuple[str, bytes]]:
    """Have everything mailed; return of each mail the address, and all that is read but for it."""
    postman = house.served.daemon._postman
    assert postman is not None
    await postman.look()
    files = (directory / "world" / "mail" / "new").iterdir()
    mails = [message_from_bytes(file.read_bytes(), policy=default) for file in files]
    return [(str(mail["To"]), _read(mail)) for mail in mails]


def _read(mail: EmailMessage) -> bytes:
    headers = [str(value) for name, value in mail.items() if name != "To"]
    return "\n".join([*headers, mail.get_content()]).encode()


async def _until_more(count: Callable[[], int], than: int) -> None:
    async with asyncio.timeout(30):
        while count() <= than:
            await asyncio.sleep(0.02)


async def a_card_is_lost_and_the_register_fails(house: House) -> None:
    """A ticket of a card that was reported lost; then an outage, and a defect with everything in hand."""
    async with house.browser() as browser:
        page = await try_card(browser, SILENT.card, SILENT.pin)
        house.heard.secret |= set(browser.cookies.values())
        await house.served.register.cards.report_lost(SILENT.card, "test")
        await browser.send(page, "/rules", agree="yes")
        await try_card(browser, SILENT.card, SILENT.pin)
        assert await house.state(SILENT) is not StandingState.CONSENTED
        await house.says("storbyen-1", *everything(SILENT, None, SILENT.pin))
        personal = f"{SILENT.pin} {SILENT.family} {SILENT.identity} {SILENT.private}"
        for error in (RegisterUnavailable(personal), ValueError(personal)):
            house.served.holders._lookups = Failing(error)
            house.served.holders._known.clear()
            await house.says("fjordby-1", *everything(AT_DESK, AT_DESK.pin, at=FJORDBY))
            assert (await try_card(browser, AT_DESK.card, AT_DESK.pin)).status in (500, 503)
            await house.vendor("fjordby-ils", create(card_and_pin(WILLING.card, WILLING.pin), by="fjordby-ils"))


# What was heard.


async def test_nothing_personal_leaves_an_activation_where_it_must_not(
    house: House, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    heard, served = house.heard, house.served
    with everywhere_captured(served):
        await a_patron_never_says_yes(house)
        await a_page_is_asked_in_every_way(house)
        await a_code_is_shown_at_the_kiosk(house)
        before_consent = heard.koha + house.at_the_ils()
        await a_patron_says_yes_at_storbyen(house)
        await a_desk_approves_at_fjordby(house)
        await a_library_system_fails_in_every_way(house)
        mails = await what_is_mailed(house, tmp_path)
        await a_card_is_lost_and_the_register_fails(house)
        page = await metrics_page(served)
        await asyncio.sleep(0)
    await until(lambda: bool(served.lines()))
    log, printed = served.stream.getvalue().encode(), "".join(capfd.readouterr()).encode()
    on_disk = b"".join(path.read_bytes() for path in sorted((tmp_path / "world").glob("portvakt.db*")))
    kept = (log, page, printed)
    shown = (*heard.kiosks.values(), heard.pages, heard.staff.encode())
    told = (*heard.vendors.values(), *heard.feeds.values(), heard.koha, house.at_the_ils())

    # What was made to happen did.
    assert {line["error"] for line in served.events("unexpected")} == {"ValueError"}
    for event in ("consent_channel_misused", "delivery_settled", "pin_check", "outage"):
        assert served.events(event), event
    assert len(heard.secret) >= 5
    assert await house.state(WILLING) is StandingState.LOCAL
    assert await house.state(AT_DESK, OTHER) is StandingState.LOCAL

    _nowhere(SECRETS, *kept, *shown, *told, on_disk)
    _nowhere(heard.secret, *kept, on_disk, *told)
    for one in EVERYBODY:
        _nowhere((one.card, one.given, one.family, one.private[0]), *kept)
        # No kiosk, page or list of staff's shows more than a name; what goes on the wire to one's own library may.
        _nowhere((one.private[0], one.private[3]), *shown)
    for one in (SILENT, WILLING, AT_DESK):
        _nowhere(one.private[1:], *kept, *shown)
    _nowhere((WILLING.given, WILLING.family, *WILLING.private), before_consent)
    assert {address for address, _ in mails} == {one.private[2] for one in (AT_DESK, *UNLUCKY)}
    for one in EVERYBODY:
        _nowhere((one.card, one.given, one.family, *one.private), *(text for _, text in mails))
    _only_ones_own_library_has_the_record(house)
    _a_guest_is_a_given_name_at_most(heard)


def _nowhere(texts: Iterable[str], *places: bytes) -> None:
    for text in texts:
        # Told by its number, and not by all that was heard.
        assert [number for number, place in enumerate(places) if found(text, place)] == [], text


def _only_ones_own_library_has_the_record(house: House) -> None:
    heard, at_storbyen = house.heard, house.heard.koha + house.at_the_ils()
    _nowhere((SILENT.given, SILENT.family, *SILENT.private), at_storbyen, *heard.feeds.values())
    # The record was there to be found: once at the library whose rules were accepted, and at no other.
    assert found(WILLING.private[0], heard.koha)
    _nowhere(WILLING.private, heard.vendors["fjordby-ils"], *heard.feeds.values(), heard.kiosks["fjordby-1"])
    assert found(AT_DESK.private[0], heard.feeds["fjordby-ils"])
    _nowhere(AT_DESK.private, at_storbyen, heard.vendors["storbyen-ils"], heard.feeds["storbyen-ils"])
    _nowhere((AT_DESK.given, AT_DESK.family), at_storbyen, heard.feeds["storbyen-ils"])
    for one in UNLUCKY:
        _nowhere((one.given, one.family, *one.private), heard.vendors["fjordby-ils"], *heard.feeds.values())


def _a_guest_is_a_given_name_at_most(heard: Heard) -> None:
    for who, told in heard.kiosks.items():
        _nowhere((SILENT.family,), told)
        assert found(SILENT.given, told) == (who == "storbyen-1"), who
    _nowhere((one.family for one in EVERYBODY), heard.pages)
    assert found(SILENT.given, heard.pages)
    _nowhere((SILENT.given, SILENT.family), heard.vendors["fjordby-ils"])
