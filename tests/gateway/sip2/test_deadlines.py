"""Who is overdue is closed, and who is too many is refused: by a clock turned by hand and the door's own sweep."""

from __future__ import annotations

import pytest

from protocols import sip2
from tests.gateway.kiosks import status
from tests.gateway.memory import Line, line_to
from tests.gateway.worlds import Served, World, running, until

LOGIN = b"9300CNstorbyen-1|COdemo-storbyen|\r"
KEEP_ALIVE = b"9900802.00\r"
ASK = sip2.Codec("utf-8").encode(status("N001000001")) + b"\r"


async def logged_in(line: Line) -> None:
    assert await line.hear(LOGIN) == b"941\r"


def closing_after(served: Served, line: Line, seconds: float) -> str | None:
    """Why the connection is being closed after this time, or ``None`` where it stays."""
    served.clock.turn(seconds)
    served.door.sweep()
    assert line.stream.closing == (line.session.closing is not None)
    return line.session.closing


@pytest.mark.parametrize("said", [b"", KEEP_ALIVE, b"97\r", b"9300CNnobody|COx|\r", ASK, b"\r\n\0 \r"])
async def test_who_does_not_log_in_within_thirty_seconds_is_closed(shared: Served, said: bytes) -> None:
    with line_to(shared.door) as line:
        for _ in range(2):
            line.feed(said)
            await line.settle()
            assert closing_after(shared, line, 14) is None
        assert closing_after(shared, line, 3) == "login"


async def test_a_frame_must_end_within_ten_seconds_however_it_drips(shared: Served) -> None:
    with line_to(shared.door) as line:
        await logged_in(line)
        errors = shared.rise("frame_errors_total", protocol="sip2", reason="deadline")
        for letter in b"23":
            line.feed(bytes([letter]))
            assert closing_after(shared, line, 4) is None
        line.feed(b"0")
        assert closing_after(shared, line, 3) == "deadline"
        assert errors() == 1


async def test_each_frame_has_its_own_ten_seconds(shared: Served) -> None:
    with line_to(shared.door) as line:
        await logged_in(line)
        for _ in range(4):
            line.feed(b"\r" + KEEP_ALIVE[:4])
            assert closing_after(shared, line, 6) is None
            line.feed(KEEP_ALIVE[4:])
        assert closing_after(shared, line, 20) is None


async def test_a_whole_frame_before_it_buys_a_drip_no_more_time(shared: Served) -> None:
    with line_to(shared.door) as line:
        await logged_in(line)
        line.feed(KEEP_ALIVE + b"99")
        assert closing_after(shared, line, 9) is None
        line.feed(b"0")
        assert closing_after(shared, line, 2) == "deadline"


async def test_what_is_left_of_a_burst_has_ten_seconds_too(shared: Served) -> None:
    # More than may queue, and the beginning of a frame behind it, which is first looked at when the rest is answered.
    with line_to(shared.door) as line:
        await logged_in(line)
        line.feed(ASK * 6)
        line.feed(ASK * 6 + b"23")
        await line.settle()
        assert line.stream.written.count(b"\r24") == 12
        assert closing_after(shared, line, 5) is None
        assert closing_after(shared, line, 6) == "deadline"


@pytest.mark.parametrize("junk", [b"", b"\r", b"\n\n", b" \0"])
async def test_a_silent_kiosk_is_closed_after_fifteen_minutes_and_a_keep_alive_keeps_it(
    shared: Served, junk: bytes
) -> None:
    with line_to(shared.door) as line:
        await logged_in(line)
        for _ in range(3):
            line.feed(junk + KEEP_ALIVE)
            assert closing_after(shared, line, 890) is None
        assert closing_after(shared, line, 11) == "idle"


async def test_a_reader_that_stands_still_for_fifteen_seconds_is_cut(shared: Served) -> None:
    with line_to(shared.door) as line:
        await logged_in(line)
        line.stream.unsent = 5000
        assert closing_after(shared, line, 0) is None
        assert closing_after(shared, line, 14) is None
        # One that takes a little is slow, not gone.
        line.stream.unsent = 4999
        assert closing_after(shared, line, 14) is None
        assert closing_after(shared, line, 14) is None
        assert closing_after(shared, line, 2) == "stalled"
        assert line.stream.cut


async def test_a_reader_that_has_caught_up_is_no_longer_stalled(shared: Served) -> None:
    with line_to(shared.door) as line:
        await logged_in(line)
        for _ in range(3):
            line.stream.unsent = 5000
            assert closing_after(shared, line, 10) is None
            line.stream.unsent = 0
            assert closing_after(shared, line, 10) is None


async def test_who_leaves_too_much_unread_is_cut_at_once(shared: Served) -> None:
    with line_to(shared.door) as line:
        await logged_in(line)
        line.stream.unsent = 262_145
        line.feed(ASK)
        await line.settle()
        assert (line.session.closing, line.stream.cut) == ("stalled", True)


async def test_a_connection_that_does_not_close_is_cut(shared: Served) -> None:
    with line_to(shared.door) as line:
        assert closing_after(shared, line, 31) == "login"
        assert not line.stream.cut
        shared.clock.turn(6)
        shared.door.sweep()
        assert line.stream.cut


async def test_nothing_is_answered_on_a_connection_that_is_being_closed(shared: Served) -> None:
    with line_to(shared.door) as line:
        await logged_in(line)
        assert closing_after(shared, line, 901) == "idle"
        assert await line.hear(ASK + KEEP_ALIVE) == b""


# Caps.


async def test_more_connections_than_the_limit_are_refused_and_the_others_served(shared: Served) -> None:
    refused = shared.rise("connections_rejected_total", listener="sip2", reason="cap")
    shared.with_rules(connections=2)
    async with shared.kiosk("storbyen-1") as first, shared.kiosk("storbyen-1"):
        async with shared.kiosk() as third:
            assert await third.is_closed()
        assert refused() == 1
        assert await first.works()
    await until(lambda: shared.door.connections == 0)
    async with shared.kiosk("storbyen-1") as again:
        assert await again.works()


async def test_one_address_has_only_so_many_connections_unless_it_is_a_balancers(shared: Served) -> None:
    refused = shared.rise("connections_rejected_total", listener="sip2", reason="ip_cap")
    shared.with_rules(per_address=2)
    async with shared.kiosk(), shared.kiosk(), shared.kiosk("storbyen-1") as balanced:
        assert await balanced.works()
    await until(lambda: shared.door.connections == 0)
    shared.with_rules(exempt=())
    async with shared.kiosk("storbyen-1"), shared.kiosk("storbyen-1") as second:
        async with shared.kiosk() as third:
            assert await third.is_closed()
        with line_to(shared.door, host="10.0.0.7") as elsewhere:
            assert (await elsewhere.hear(b"9300CNfilm-1|COwrong|\r")) == b"940\r"
        assert await second.works()
    assert refused() == 1


async def test_a_listener_refuses_who_comes_from_elsewhere(world: World) -> None:
    world.say('networks = ["10.0.0.0/8"]\n')
    async with running(world) as served, served.kiosk() as kiosk:
        assert await kiosk.is_closed()
        assert served.counted("connections_rejected_total", listener="sip2", reason="acl") == 1


async def test_while_it_drains_the_daemon_takes_nobody_and_finishes_what_it_began(served: Served) -> None:
    async with served.kiosk("storbyen-1") as kiosk:
        kiosk.send(sip2.Codec("utf-8").encode(status("N001000001", "4817")) + b"\r")
        await until(lambda: served.counted("requests_in_progress", protocol="sip2") == 1)
        await served.daemon.stop()
        assert (await kiosk.frame())[:2] == b"24"
        assert await kiosk.rest() == b""
        with pytest.raises(OSError, match="refused"):
            async with served.kiosk():
                pass
    assert served.counted("connections_closed_total", listener="sip2", reason="draining") == 1
