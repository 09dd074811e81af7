"""Whatever arrives gets a valid answer or the protocol's silence, and costs no other kiosk anything."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator
from contextlib import ExitStack
from datetime import date

import pytest

from protocols import sip2
from registry.domain.card import CardNumber
from registry.domain.institution import LendingUnitId
from registry.domain.secret import Secret
from registry.register import NewPatron
from tests.gateway.answers import valid_answers
from tests.gateway.kiosks import NOW, Kiosk, information, status
from tests.gateway.memory import Line, line_to
from tests.gateway.worlds import PATIENT, Served, World, demo, running, until
from tests.protocols.sip2.samples import SAMPLES, Sample

LOGIN = b"9300CNstorbyen-1|COdemo-storbyen|\r"
KEEP_ALIVE = b"9900802.00\r"
UTF8 = sip2.Codec("utf-8")
ASK = UTF8.encode(status("N001000001")) + b"\r"
REQUESTS = [
    sample for sample in SAMPLES if type(sample.says).answered_by is not None and sample.says.number not in {"93", "97"}
]
DATE = NOW.encode()


@pytest.fixture(scope="module")
async def target(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Served]:
    """A daemon to throw things at: it bears many wrong PINs, and its hands stand still."""
    world = await demo(tmp_path_factory.mktemp("target") / "world")
    async with running(world, settings=PATIENT) as daemon:
        daemon.clock.stop_the_hands()
        yield daemon


def as_a_known_patron(sample: Sample) -> bytes:
    """A sample's frame, but asked for a patron whose PIN is right, which costs no hash after the first time."""
    message, layout = sample.says, type(sample.says).layout
    known = {"patron_identifier": "N001000002", "patron_password": "5926"}
    attributes = {place.attribute for place in layout.variable}
    changes = {name: value for name, value in known.items() if name in attributes}
    return sip2.seal(UTF8.encode(sip2.changed(message, **changes)), sample.sequence, True, b"\r")


async def logged_in(line: Line) -> None:
    assert await line.hear(LOGIN) == b"941\r"


async def is_well(line: Line) -> bool:
    """Tell whether a connection still answers as it should."""
    raw = await line.hear(UTF8.encode(information("N001000002", "5926")) + b"\r")
    (answer,) = valid_answers(raw)
    return isinstance(answer, sip2.PatronInformationResponse) and answer.valid_patron_password == "Y"


# Frame → the numbers of the answers that it gets, before which and after which the connection works.
ODD: list[tuple[str, bytes, list[str]]] = [
    ("nothing but ends", b"\r\n\r\r\n\n", []),
    ("blanks and NULs", b" \0 \0\r\0\r", []),
    ("NULs before a frame", b"\0\0" + KEEP_ALIVE, ["98"]),
    ("an end of LF", b"9900802.00\n", ["98"]),
    ("an end of CRLF", b"9900802.00\r\n", ["98"]),
    ("NULs in the fixed part", b"99\0\0\0\0\0\0\0\0\r", ["98"]),
    ("a number of no message", b"44abc|\r", []),
    ("no number", b"hello\r", []),
    ("one digit", b"9\r", []),
    ("letters that are digits elsewhere", "²³012".encode() + b"\r", []),
    ("an answer instead of a question", b"24" + b" " * 14 + b"012" + DATE + b"AO|AA|AE|\r", []),
    ("a resend request from the wrong side", b"96AZFEF6\r", []),
    ("a wrong checksum", b"9900802.00AY1AZ0000\r", ["96"]),
    ("a checksum of no hex", b"9900802.00|AY1AZZZZZ\r", ["96"]),
    ("a wrong checksum on an unknown message", b"44AY1AZ0000\r", ["96"]),
    ("a checksum cut short", b"9900802.00|AY1AZF\r", ["96"]),
    ("a bare number", b"63\r", ["64"]),
    ("half a fixed part", b"6301220261123\r", ["64"]),
    ("tags where the fixed part should be", b"63AAN001000001|\r", ["64"]),
    ("a required field missing", b"63012" + DATE + b" " * 10 + b"AONO-2030000|\r", ["64"]),
    ("every field missing", b"23012" + DATE + b"\r", ["24"]),
    ("a date of letters", b"23012" + b"yesterday at noon!" + b"AO|AAN001000001|AC|AD|\r", ["24"]),
    ("a date of blanks", b"23012" + b" " * 18 + b"AO|AAN001000001|AC|AD|\r", ["24"]),
    ("a language of no number", b"23xyz" + DATE + b"AO|AAN001000001|AC|AD|\r", ["24"]),
    ("an unknown field", b"23012" + DATE + b"AO|AAN001000001|AC|AD|ZZtop|Q|\r", ["24"]),
    ("a field without a tag", b"23012" + DATE + b"AO|AAN001000001||||x|AC|AD|\r", ["24"]),
    ("a field twice", b"23012" + DATE + b"AO|AAN001000001|AAN001000002|AC|AD|AD1|\r", ["24"]),
    ("more fields of a kind than allowed", b"23012" + DATE + b"AO|AAN001000001|AC|AD|" + b"ZZ|" * 40 + b"\r", ["24"]),
    ("bad bytes for the charset", b"23012" + DATE + b"AO\xff\xfe|AA\xc3\x28N001|AC\x80|AD\xe2\x82|\r", ["24"]),
    ("bad bytes in the fixed part", b"23\xff\xff\xff" + DATE + b"AO|AAN001000001|AC|AD|\r", ["24"]),
    ("a value longer than allowed", b"23012" + DATE + b"AO" + b"x" * 4000 + b"|AAN001000001|AC|AD|\r", ["24"]),
    ("a PIN of 5000 signs", b"23012" + DATE + b"AO|AAN001000001|AC|AD" + b"1" * 5000 + b"|\r", ["24"]),
    ("a PIN of odd signs", b"23012" + DATE + "AO|AAN001000001|AC|AD\x01\ud7ff😀|\r".encode(), ["24"]),
    ("a card of odd signs", b"23012" + DATE + "AO|AA\x1b[2J😀\u202e|AC|AD|\r".encode(), ["24"]),
    ("SQL", b"23012" + DATE + b"AO'; DROP TABLE patron; --|AAN001000001' OR 1=1 --|AC|AD' OR ''='|\r", ["24"]),
    ("a summary of every list", b"63012" + DATE + b"YYYYYYYYYYAO|AAN001000002|AD5926|BP-1|BQ99999999999|\r", ["64"]),
    ("a login of nothing", b"93\r", ["94"]),
    ("a status of nothing", b"99\r", ["98"]),
    ("a checkout of nothing", b"11\r", ["12"]),
    ("a resend of nothing said", b"97\r", ["94"]),
    ("two in one", KEEP_ALIVE + ASK, ["98", "24"]),
]


@pytest.mark.parametrize(("raw", "numbers"), [odd[1:] for odd in ODD], ids=[odd[0] for odd in ODD])
async def test_odd_frames_get_a_valid_answer_or_silence(target: Served, raw: bytes, numbers: list[str]) -> None:
    with line_to(target.door) as line, line_to(target.door) as other:
        await logged_in(line)
        await logged_in(other)
        assert [answer.number for answer in valid_answers(await line.hear(raw))] == numbers
        assert line.session.closing is None
        if numbers == ["94"] and raw != b"97\r":
            await logged_in(line)
        assert await is_well(line)
        assert await is_well(other)


@pytest.mark.parametrize("sample", REQUESTS, ids=lambda sample: f"{sample.says.number} {sample.label}")
async def test_a_frame_cut_at_any_byte_gets_the_same_answer(target: Served, sample: Sample) -> None:
    raw = as_a_known_patron(sample)
    with line_to(target.door) as line:
        await logged_in(line)
        whole = await line.hear(raw)
        for cut in range(1, len(raw)):
            # Another request in between, so that this one is no retry.
            await line.hear(KEEP_ALIVE)
            assert await line.hear(raw[:cut]) == b""
            assert await line.hear(raw[cut:]) == whole


@pytest.mark.parametrize("sample", REQUESTS, ids=lambda sample: f"{sample.says.number} {sample.label}")
async def test_a_frame_that_ends_at_any_byte_gets_a_valid_answer_or_silence(target: Served, sample: Sample) -> None:
    raw = as_a_known_patron(sample)
    with line_to(target.door) as line:
        await logged_in(line)
        for cut in range(1, len(raw)):
            answers = valid_answers(await line.hear(raw[:cut] + b"\r"))
            assert len(answers) <= 1
            assert line.session.closing is None
        assert await is_well(line)


async def test_a_frame_sent_byte_by_byte_over_tcp_is_answered(target: Served) -> None:
    raw = ASK + KEEP_ALIVE
    async with target.kiosk("storbyen-1") as kiosk:
        for byte in raw:
            kiosk.send(bytes([byte]))
            await kiosk.writer.drain()
        assert [(await kiosk.frame())[:2] for _ in range(2)] == [b"24", b"98"]


ENDLESS = [b"9" * 8193, b"23" + b"\xff" * 20_000, b"\0" * 300_000, b" " * 300_000, b"|" * 8200 + b"\r"]


@pytest.mark.parametrize("raw", ENDLESS, ids=["digits", "bytes", "NULs", "blanks", "over-long, ended"])
async def test_a_frame_without_an_end_closes_the_connection_and_keeps_no_memory(target: Served, raw: bytes) -> None:
    errors = target.rise("frame_errors_total", protocol="sip2", reason="oversize")
    closed = target.rise("connections_closed_total", listener="sip2", reason="oversize")
    async with target.kiosk("storbyen-1") as other:
        with line_to(target.door) as line:
            await logged_in(line)
            for start in range(0, len(raw), 4096):
                line.feed(raw[start : start + 4096])
                assert held(line) <= 8192 + 4096
            assert line.session.closing == "oversize"
            assert held(line) == 0
            line.feed(raw)
            assert held(line) == 0
        assert (errors(), closed()) == (1, 1)
        assert await other.works()


def held(line: Line) -> int:
    """How many bytes a session keeps of what has come."""
    wire = line.session._wire
    return len(wire._frames) + sum(map(len, wire._queue))


async def test_an_endless_frame_over_tcp_is_cut_off(target: Served) -> None:
    async with target.kiosk() as kiosk, target.kiosk("storbyen-1") as other:
        with pytest.raises(ConnectionError):
            await flood(kiosk, b"x" * 65_536)
        assert await other.works()
    await until(lambda: target.door.connections == 0)


async def flood(kiosk: Kiosk, raw: bytes) -> None:
    """Send without end, until the connection breaks."""
    while True:
        kiosk.send(raw)
        await kiosk.writer.drain()


async def test_garbage_over_tcp_disturbs_nobody(target: Served) -> None:
    chance = random.Random(20261123)
    async with target.kiosk("storbyen-1") as other:
        for _ in range(20):
            async with target.kiosk("storbyen-1") as kiosk:
                kiosk.send(chance.randbytes(chance.randrange(1, 5000)) + b"\r")
                kiosk.writer.write_eof()
                valid_answers(await kiosk.rest())
        assert await other.works()


async def test_five_hundred_slow_writers_are_closed_at_the_frame_deadline_and_others_served(target: Served) -> None:
    async with target.kiosk("storbyen-1") as other:
        with ExitStack() as lines:
            slow = [lines.enter_context(line_to(target.door)) for _ in range(500)]
            for beat in range(3):
                for line in slow:
                    line.feed(b"9")
                assert await other.works()
                target.clock.turn(4)
                target.door.sweep()
                assert [line.session.closing for line in slow] == ["deadline" if beat == 2 else None] * 500
        assert target.door.connections == 1
        assert await other.works()


# Pipelining.


async def test_a_pipeline_is_read_no_further_than_the_queue_and_then_read_on(target: Served) -> None:
    with line_to(target.door) as line:
        await logged_in(line)
        wrong = b"".join(UTF8.encode(status("N001000001", f"{number:05}")) + b"\r" for number in range(12))
        line.feed(wrong[: len(wrong) // 2])
        line.feed(wrong[len(wrong) // 2 :])
        assert not line.stream.reading
        assert len(line.session._wire._queue) == 4
        answers = valid_answers((await line.settle())[4:])
        assert [answer.number for answer in answers] == ["24"] * 12
        assert line.stream.reading


async def test_a_pipeline_that_goes_on_though_nobody_reads_is_broken(target: Served) -> None:
    with line_to(target.door) as line:
        await logged_in(line)
        for _ in range(12):
            line.feed(ASK * 500)
        await line.settle()
        assert line.session.closing == "oversize"
        assert held(line) == 0


@pytest.mark.parametrize("frame", [b"97\r", b"xx\r", KEEP_ALIVE, b"63\r", b"9900802.00AY1AZ0000\r"])
async def test_a_flood_on_one_connection_is_taken_in_turns(target: Served, frame: bytes) -> None:
    with line_to(target.door) as line:
        await logged_in(line)
        before = len(line.stream.written)
        line.feed(frame * 1000)
        # No more than a turn was taken, and no more is read until the rest is done.
        assert len(valid_answers(bytes(line.stream.written[before:]))) <= 32
        assert not line.stream.reading
        answers = valid_answers((await line.settle())[before:])
        assert len(answers) == (0 if frame == b"xx\r" else 1000)
        assert line.stream.reading


async def test_a_flood_of_refused_frames_is_logged_once_and_counted_whole(target: Served) -> None:
    errors = target.rise("frame_errors_total", protocol="sip2", reason="unknown")
    with line_to(target.door) as line:
        await logged_in(line)
        number = line.session._number
        await line.hear(b"xx\r" * 500)
    assert errors() == 500
    await until(lambda: any(told["conn"] == number for told in target.events("connection_closed")))
    assert len([told for told in target.events("frame_refused") if told["conn"] == number]) == 1


async def test_a_huge_pipeline_over_tcp_is_answered_whole_while_others_are_served(target: Served) -> None:
    async with target.kiosk("storbyen-1") as kiosk, target.kiosk("storbyen-1") as other:
        kiosk.send((KEEP_ALIVE + ASK) * 1000)
        kiosk.writer.write_eof()
        assert await other.works()
        numbers = [answer.number for answer in valid_answers(await kiosk.rest())]
    assert numbers == ["98", "24"] * 1000


async def test_who_asks_for_ever_and_never_reads_is_cut(target: Served) -> None:
    closed = target.rise("connections_closed_total", listener="sip2", reason="stalled")
    async with target.kiosk("storbyen-1") as kiosk, target.kiosk("storbyen-1") as other:
        await kiosk.information("N001000002", "5926")
        kiosk.stop_reading()
        with pytest.raises(ConnectionError):
            await flood(kiosk, b"97\r" * 20_000)
        assert await other.works()
    await until(lambda: closed() == 1)


# What is in the register reaches no frame but as a value.


@pytest.mark.parametrize("name", ["O'Hara|BLN|CQN", "a\rb\n24", "x\0y", "Å" * 300, "\u2028|\x85", "😀ŋ中"])
async def test_a_name_cannot_break_out_of_its_field(world: World, name: str) -> None:
    async with world.at_the_prompt() as register:
        await register.patrons.add_patron(
            NewPatron(
                family_name=name,
                given_name="Per",
                birth_date=date(1980, 4, 2),
                card=CardNumber("N001000077"),
                pin=Secret("7316"),
                local_at={LendingUnitId("NO-2030000"): ""},
            ),
            "test",
        )
    async with running(world) as served:
        for login in ("storbyen-1", "storbyen-door"):
            async with served.kiosk(login) as kiosk:
                raw = await kiosk.say(UTF8.encode(information("N001000077", "7316")))
                (answer,) = valid_answers(raw + b"\r")
                assert isinstance(answer, sip2.PatronInformationResponse)
                assert (answer.valid_patron, answer.valid_patron_password) == ("Y", "Y")
                assert [tag for tag, _ in answer.fields()] == ["AO", "AA", "AE", "BL", "CQ"]
                assert len(answer.personal_name.encode()) <= 255
