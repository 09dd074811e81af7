"""HTTP as vendors speak it, and as nobody may: one connection, many requests, and no two ways to read one."""

from __future__ import annotations

import asyncio
import dataclasses
from typing import Any
from urllib.parse import quote_plus

import pytest

from gateway.ncip.routing import Routes
from tests.gateway.ncip.vendors import HttpVendor, card_and_pin, http, look_up, problem_of, read, standing_of, user
from tests.gateway.worlds import Served, until
from tests.protocols.ncip.documents import message

GUEST = look_up(card_and_pin("N001000001", "4817"))
HEAD = b"POST /ncip HTTP/1.1\r\nHost: gateway\r\n"


def with_rules(served: Served, **changes: Any) -> None:
    """Change how long and how much, from now on."""
    door = served.daemon._ncip
    door.rules = dataclasses.replace(door.rules, **changes)


async def test_many_requests_are_answered_on_one_connection(shared: Served) -> None:
    async with http(shared) as vendor:
        for _ in range(20):
            page = await vendor.post(GUEST)
            assert (page.status, standing_of(page.message)) == (200, "Guest")
            assert page.headers["content-type"] == 'application/xml; charset="utf-8"'
            assert "server" not in page.headers


async def test_pipelined_requests_are_answered_in_their_order(shared: Served) -> None:
    raw = HEAD + b"Content-Length: %d\r\n\r\n" % len(GUEST) + GUEST
    nobody = look_up(user("GRØNN-17"))
    other = HEAD + b"Content-Length: %d\r\n\r\n" % len(nobody) + nobody
    async with http(shared) as vendor:
        vendor.writer.write((raw + other) * 30)
        found = [problem_of((await vendor.page()).message) for _ in range(60)]
    assert found == ["", "Unknown User"] * 30


@pytest.mark.parametrize(
    "content_type",
    [
        "application/xml",
        'text/xml; charset="iso-8859-1"',
        "application/octet-stream",
        "application/x-www-form-urlencoded",
        "text/plain",
        "",
    ],
)
async def test_any_content_type_will_do(content_type: str, shared: Served) -> None:
    async with http(shared) as vendor:
        assert standing_of((await vendor.post(GUEST, content_type=content_type)).message) == "Guest"


@pytest.mark.parametrize("field", ["xml", "XForms:Model", "XForms%3AModel"])
@pytest.mark.parametrize("before", ["", "action=ask&"])
async def test_a_form_may_carry_the_document_in_a_field(field: str, before: str, shared: Served) -> None:
    body = f"{before}{field}={quote_plus(GUEST)}&last=1".encode()
    async with http(shared) as vendor:
        page = await vendor.post(body, content_type="application/x-www-form-urlencoded")
    assert standing_of(page.message) == "Guest"


@pytest.mark.parametrize("field", ["xml", "XForms:Model"])
@pytest.mark.parametrize(
    "head",
    [
        'Content-Disposition: form-data; name="{}"',
        'Content-Type: text/xml\r\ncontent-disposition: form-data; filename="a.xml"; name={}',
    ],
    ids=["a field", "a file"],
)
async def test_a_form_of_several_parts_may_carry_it_too(head: str, field: str, shared: Served) -> None:
    parts = (
        b'Content-Disposition: form-data; name="action"\r\n\r\nask',
        head.format(field).encode() + b"\r\n\r\n" + GUEST,
    )
    body = b"".join(b"--a-boundary\r\n" + part + b"\r\n" for part in parts) + b"--a-boundary--\r\n"
    async with http(shared) as vendor:
        page = await vendor.post(body, content_type="multipart/form-data; boundary=a-boundary")
        assert standing_of(page.message) == "Guest"
        for harm in (body[:150], body.replace(field.encode(), b"other"), b"--", b"--\r\n" * 5000, b"--a=" * 9000):
            page = await vendor.post(harm)
            assert (page.status, problem_of(page.message)) == (200, "Invalid Message Syntax Error")


@pytest.mark.parametrize("size", [1, 7, 1000])
async def test_chunks_of_any_size_make_one_document(size: int, shared: Served) -> None:
    pieces = [GUEST[at : at + size] for at in range(0, len(GUEST), size)]
    chunked = b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"
    async with http(shared) as vendor:
        for _ in range(2):
            page = await vendor.send(HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + chunked)
            assert standing_of(page.message) == "Guest"


async def test_a_request_may_come_byte_by_byte(shared: Served) -> None:
    raw = HEAD + b"Content-Length: %d\r\n\r\n" % len(GUEST) + GUEST
    async with http(shared) as vendor:
        for at in range(len(raw)):
            vendor.writer.write(raw[at : at + 1])
            await asyncio.sleep(0)
        assert standing_of((await vendor.page()).message) == "Guest"


async def test_who_asks_leave_to_send_gets_it_unless_it_is_too_much(shared: Served) -> None:
    async with http(shared) as vendor:
        page = await vendor.send(HEAD + b"Expect: 100-continue\r\nContent-Length: %d\r\n\r\n" % len(GUEST))
        assert page.status == 100
        assert standing_of((await vendor.send(GUEST)).message) == "Guest"
        page = await vendor.send(HEAD + b"Expect: 100-continue\r\nContent-Length: 10737418240\r\n\r\n")
        assert page.status == 413


# HTTP/1.0.


async def test_http_1_0_needs_no_host_and_ends_with_the_answer(shared: Served) -> None:
    async with http(shared) as vendor:
        page = await vendor.send(b"POST /ncip HTTP/1.0\r\nContent-Length: %d\r\n\r\n" % len(GUEST) + GUEST)
        assert standing_of(page.message) == "Guest"
        assert await vendor.is_closed()


@pytest.mark.parametrize("together", [True, False])
async def test_a_length_counted_in_characters_is_forgiven_in_http_1_0(together: bool, shared: Served) -> None:
    document = look_up(user("GRØNN-ÆØÅ-17").replace("GRØNN", "GRØNN" + "Ø" * 40))
    head = b"POST /ncip HTTP/1.0\r\nContent-Length: %d\r\n\r\n" % len(document.decode())
    async with http(shared) as vendor:
        if together:
            vendor.writer.write(head + document)
        else:
            vendor.writer.write(head + document[:-30])
            await asyncio.sleep(0.05)
            vendor.writer.write(document[-30:])
        assert problem_of((await vendor.page()).message) == "Unknown User"
        assert await vendor.is_closed()


async def test_what_never_comes_is_not_waited_for_long(shared: Served) -> None:
    with_rules(shared, late=0.01)
    async with http(shared) as vendor:
        page = await vendor.send(b"POST /ncip HTTP/1.0\r\nContent-Length: 100\r\n\r\n" + GUEST[:100])
        assert problem_of(page.message) == "Invalid Message Syntax Error"
        assert await vendor.is_closed()


async def test_a_length_counted_in_characters_is_not_forgiven_in_http_1_1(shared: Served) -> None:
    async with http(shared) as vendor:
        page = await vendor.send(HEAD + b"Content-Length: %d\r\n\r\n" % (len(GUEST) - 5) + GUEST)
        assert problem_of(page.message) == "Invalid Message Syntax Error"
        # What was left over stands before the next request, and is no part of any.
        assert (await vendor.post(GUEST)).status == 400
        assert await vendor.is_closed()


@pytest.mark.parametrize("target", [b"http://x/ncip", b"https://kort.example:443/ncip?a=b", b"/ncip?x=http://y/"])
async def test_a_target_may_be_a_whole_address(target: bytes, shared: Served) -> None:
    async with http(shared) as vendor:
        head = HEAD.replace(b"/ncip", target, 1)
        page = await vendor.send(head + b"Content-Length: %d\r\n\r\n" % len(GUEST) + GUEST)
        assert page.status == 200
        assert problem_of(page.message) == ""
        wrong = await vendor.send(head.replace(b"/ncip", b"/other", 1) + b"Content-Length: 0\r\n\r\n")
        assert wrong.status == 404


# What is refused before a message is read.

REFUSED = {
    "GET": (b"GET /ncip HTTP/1.1\r\nHost: x\r\n\r\n", 405),
    "another path": (b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n", 404),
    "a path below": (b"POST /ncip/x HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n", 404),
    "compressed": (HEAD + b"Content-Encoding: gzip\r\nContent-Length: 3\r\n\r\nabc", 415),
    "too long": (HEAD + b"Content-Length: 262145\r\n\r\n", 413),
    "ten gibibytes": (HEAD + b"Content-Length: 10737418240\r\n\r\n", 413),
    "no host": (b"POST /ncip HTTP/1.1\r\nContent-Length: 0\r\n\r\n", 400),
    "no HTTP": (GUEST + b"\r\n\r\n", 400),
    "a huge head": (HEAD + b"X: " + b"y" * 20_000, 431),
    # Each of these is read in two ways by two programs in a row.
    "length and coding": (HEAD + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
    "two lengths": (HEAD + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello!", 400),
    "two lengths in one": (HEAD + b"Content-Length: 5, 6\r\n\r\nhello!", 400),
    "a signed length": (HEAD + b"Content-Length: +5\r\n\r\nhello", 400),
    "a length that is none": (HEAD + b"Content-Length: 0x5\r\n\r\nhello", 400),
    "an unknown coding": (HEAD + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n", 501),
    "two codings": (HEAD + b"Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n", 501),
    "coding twice": (HEAD + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n", 501),
    "coding in HTTP/1.0": (b"POST /ncip HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
    "a blank before the colon": (HEAD + b"Content-Length : 5\r\n\r\nhello", 400),
    "a blank in the name": (HEAD + b"Content Length: 5\r\n\r\nhello", 400),
    "a NUL in a value": (HEAD + b"X: a\0b\r\nContent-Length: 5\r\n\r\nhello", 400),
    "a bare CR in a value": (HEAD + b"X: a\rContent-Length: 500\r\nContent-Length: 5\r\n\r\nhello", 400),
    "a wrong chunk length": (HEAD + b"Transfer-Encoding: chunked\r\n\r\n-5\r\nhello\r\n0\r\n\r\n", 400),
    "a chunk longer than told": (HEAD + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello!\r\n0\r\n\r\n", 400),
    "a chunk length beyond 64 bits": (HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + b"f" * 30 + b"\r\n", 400),
}


@pytest.mark.parametrize(("raw", "status"), REFUSED.values(), ids=REFUSED)
async def test_what_is_no_request_of_ours_gets_a_problem_and_the_end(raw: bytes, status: int, shared: Served) -> None:
    smuggled = HEAD + b"Content-Length: %d\r\n\r\n" % len(GUEST) + GUEST
    async with http(shared) as vendor:
        page = await vendor.send(raw + smuggled)
        assert page.status in (status, 400)
        assert problem_of(page.message)
        assert page.headers["connection"] == "close"
        assert await vendor.is_closed(), "and what came behind it is not read"


async def test_endless_chunks_end_at_the_limit(shared: Served) -> None:
    async with http(shared) as vendor:
        vendor.writer.write(HEAD + b"Transfer-Encoding: chunked\r\n\r\n")
        for _ in range(600):
            vendor.writer.write(b"400\r\n" + b" " * 1024 + b"\r\n")
        page = await vendor.page()
    assert (page.status, problem_of(page.message)) == (413, "Invalid Message Syntax Error")


async def test_slow_bytes_do_not_renew_the_deadline(shared: Served) -> None:
    door = shared.daemon._ncip
    async with http(shared) as vendor:
        vendor.writer.write(HEAD + b"Content-Length: 1000\r\n\r\n")
        await until(lambda: door.connections == 1)
        for _ in range(3):
            shared.clock.turn(4)
            vendor.writer.write(b"x")
            await asyncio.sleep(0.02)
            door.sweep()
        assert await is_cut(vendor)


async def test_who_is_silent_for_long_is_let_go(shared: Served) -> None:
    async with http(shared) as vendor:
        await vendor.post(GUEST)
        shared.clock.turn(59)
        shared.daemon._ncip.sweep()
        await vendor.post(GUEST)
        shared.clock.turn(61)
        shared.daemon._ncip.sweep()
        assert await is_cut(vendor)


async def is_cut(vendor: HttpVendor) -> bool:
    try:
        return await vendor.is_closed()
    except ConnectionResetError:
        return True


async def test_a_body_that_is_cut_short_gets_a_problem(shared: Served) -> None:
    async with http(shared) as vendor:
        vendor.writer.write(HEAD + b"Content-Length: 1000\r\n\r\nabc")
        vendor.writer.write_eof()
        assert (await vendor.page()).status == 400
        assert await vendor.is_closed()


async def test_who_has_said_their_last_word_is_still_answered(shared: Served) -> None:
    async with http(shared) as vendor:
        vendor.writer.write(HEAD + b"Content-Length: %d\r\n\r\n" % len(GUEST) + GUEST)
        vendor.writer.write_eof()
        assert standing_of((await vendor.page()).message) == "Guest"


@pytest.mark.parametrize(("rule", "status"), [("in_flight", 503), ("in_flight_per_address", 429)])
async def test_beyond_what_is_answered_at_once_requests_are_turned_away(rule: str, status: int, shared: Served) -> None:
    with_rules(shared, **{rule: 0}, exempt=())
    async with http(shared) as vendor:
        page = await vendor.post(GUEST)
    assert (page.status, problem_of(page.message)) == (status, "Temporary Processing Failure")
    assert page.headers["retry-after"] == "5"


async def test_beyond_the_cap_nobody_is_let_in(shared: Served) -> None:
    with_rules(shared, connections=1)
    async with http(shared) as first:
        assert (await first.post(GUEST)).status == 200
        async with http(shared) as second:
            assert await is_cut(second)


async def test_every_answer_is_one_write(shared: Served) -> None:
    host, port = shared.daemon.addresses["ncip"]
    reader, writer = await asyncio.open_connection(host, port)
    writer.write(HEAD + b"Content-Length: %d\r\n\r\n" % len(GUEST) + GUEST)
    first = await reader.read(65536)
    writer.close()
    assert problem_of(read(first.partition(b"\r\n\r\n")[2])) == ""


async def test_a_register_that_does_not_answer_is_told_as_such(served: Served) -> None:
    await served.register.database.close()
    async with http(served) as vendor:
        page = await vendor.post(GUEST)
    assert (page.status, problem_of(page.message)) == (200, "Temporary Processing Failure")
    assert served.events("outage")


async def test_a_defect_is_told_as_an_outage_and_logged_by_its_place(served: Served) -> None:
    served.alarms = frozenset()

    def broken() -> Routes:
        raise KeyError("a PIN 4817 in an exception")

    served.daemon._ncip.exchange._routes = broken
    async with http(served) as vendor:
        page = await vendor.post(GUEST)
    assert (page.status, problem_of(page.message)) == (200, "Temporary Processing Failure")
    (line,) = served.events("unexpected")
    assert line["error"] == "KeyError"
    assert "4817" not in served.stream.getvalue()


async def test_metrics_count_by_service_and_outcome(served: Served) -> None:
    asked = {"protocol": "ncip", "message": "LookupUser"}
    async with http(served) as vendor:
        await vendor.post(GUEST)
        await vendor.post(look_up(card_and_pin("N001000001", "1111")))
        await vendor.post(message("<CheckOutItem/>"))
        await vendor.post(b"nonsense")
    assert served.counted("requests_total", **asked, outcome="ok") == 1
    assert served.counted("requests_total", **asked, outcome="refused") == 1
    assert served.counted("requests_total", protocol="ncip", message="other", outcome="invalid") == 2
    assert served.counted("frame_errors_total", protocol="ncip", reason="unknown") == 1
    assert served.counted("frame_errors_total", protocol="ncip", reason="parse") == 1


async def test_a_stop_lets_answers_under_way_be_given(served: Served) -> None:
    async with http(served) as vendor:
        vendor.writer.write(HEAD + b"Content-Length: %d\r\n\r\n" % len(GUEST) + GUEST)
        await until(lambda: served.daemon._ncip.in_progress.value > 0)
        await served.daemon._ncip.drain(5, lambda: 0)
        page = await vendor.page()
        assert (page.status, page.headers["connection"]) == (200, "close")
        assert await vendor.is_closed()
