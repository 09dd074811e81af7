"""One connection from beginning to end: order, resends, deadlines, caps, and nothing that passes between kiosks."""

from __future__ import annotations

import asyncio

import pytest

from protocols import sip2
from registry.domain.card import CardNumber
from registry.domain.identification import CardHolder
from registry.services.ports import Lookups
from tests.gateway.kiosks import information, status
from tests.gateway.worlds import Served, World, running, until

UTF8 = sip2.Codec("utf-8")
LOGIN = b"9300CNstorbyen-1|COdemo-storbyen|\r"


def frame(message: sip2.Message, sequence: str | None = None, *, terminator: bytes = b"\r") -> bytes:
    return sip2.seal(UTF8.encode(message), sequence, sequence is not None, terminator)


class SlowLookups:
    """Look-ups that answer only when told to."""

    def __init__(self, behind: Lookups) -> None:
        self._behind = behind
        self.asked = 0
        self.go = asyncio.Event()

    async def find(self, card: CardNumber) -> CardHolder | None:
        """Wait, then ask the ones behind."""
        self.asked += 1
        await self.go.wait()
        return await self._behind.find(card)


@pytest.fixture
def slow(served: Served) -> SlowLookups:
    """The register's look-ups, made slow."""
    holders = served.holders
    slowed = SlowLookups(holders._lookups)
    holders._lookups = slowed
    return slowed


# Order.


async def test_frames_in_one_segment_are_answered_in_order(shared: Served) -> None:
    cards = [f"N00100000{digit}" for digit in "1234567"] * 6
    async with shared.kiosk("storbyen-1") as kiosk:
        kiosk.send(
            b"".join(frame(information(card, "4817" if number == 0 else None)) for number, card in enumerate(cards))
        )
        answers = [UTF8.decode(await kiosk.frame()) for _ in cards]
    heard = [answer.patron_identifier for answer in answers if isinstance(answer, sip2.PatronInformationResponse)]
    assert heard == cards


async def test_a_quick_answer_waits_for_a_slow_one_before_it(served: Served, slow: SlowLookups) -> None:
    async with served.kiosk("storbyen-1") as kiosk:
        kiosk.send(frame(status("N001000001")) + b"9900802.00\r" + frame(status("S1")))
        await until(lambda: slow.asked == 1)
        assert served.counted("requests_in_progress", protocol="sip2") == 1
        slow.go.set()
        assert [(await kiosk.frame())[:2] for _ in range(3)] == [b"24", b"98", b"24"]
        assert served.counted("requests_in_progress", protocol="sip2") == 0


async def test_one_kiosk_does_not_wait_for_another(served: Served, slow: SlowLookups) -> None:
    async with served.kiosk("storbyen-1") as waiting, served.kiosk("storbyen-1") as other:
        waiting.send(frame(status("N001000001")))
        await until(lambda: slow.asked == 1)
        assert (await other.say(b"9900802.00"))[:2] == b"98"
        slow.go.set()
        assert (await waiting.frame())[:2] == b"24"


async def test_a_half_closed_kiosk_still_gets_what_it_asked(served: Served, slow: SlowLookups) -> None:
    async with served.kiosk("storbyen-1") as kiosk:
        kiosk.send(b"".join(frame(status(f"N00100000{digit}")) for digit in "1234567"))
        kiosk.writer.write_eof()
        await until(lambda: slow.asked == 1)
        slow.go.set()
        frames = (await kiosk.rest()).split(b"\r")
    assert [one[:2] for one in frames] == [b"24"] * 7 + [b""]


async def test_a_kiosk_that_hangs_up_leaves_nothing_behind(served: Served, slow: SlowLookups) -> None:
    async with served.kiosk("storbyen-1") as kiosk:
        kiosk.send(frame(status("N001000001", "4817")))
        await until(lambda: slow.asked == 1)
    # Who hangs up looks like who has merely stopped sending until the answer is written.
    slow.go.set()
    await until(lambda: served.door.connections == 0)
    await until(lambda: served.counted("requests_in_progress", protocol="sip2") == 0)
    assert served.counted("open_connections", listener="sip2") == 0


# Resend and retry.


async def test_a_resend_on_a_fresh_connection_never_gets_another_kiosks_answer(shared: Served) -> None:
    async with shared.kiosk("storbyen-1") as kiosk:
        told = await kiosk.say(frame(information("N001000002", "5926"))[:-1])
        assert "Hætta".encode() in told
        for login in (None, "storbyen-1"):
            async with shared.kiosk() as fresh:
                assert await fresh.say(b"97AZFEF5") == b"96AZFEF6"
                if login:
                    assert await fresh.say(LOGIN[:-1]) == b"941"
                    assert await fresh.say(b"97") == b"941"
        assert await kiosk.say(b"97") == told


async def test_a_resend_repeats_the_last_answer_byte_for_byte_a_96_included(shared: Served) -> None:
    async with shared.kiosk("storbyen-1") as kiosk:
        told = await kiosk.say(frame(information("N001000001", "4817"), "3")[:-1])
        assert await kiosk.say(b"97AZFEF5") == told
        assert await kiosk.say(b"9900802.00AY4AZ0000") == b"96AZFEF6"
        assert await kiosk.say(b"97") == b"96AZFEF6"
        # Neither touches the stored request: its retry is still answered from memory.
        assert await kiosk.say(frame(information("N001000001", "4817"), "3")[:-1]) == told


async def test_the_same_frame_again_is_answered_from_memory_and_is_no_second_attempt(served: Served) -> None:
    async with served.kiosk("storbyen-1") as kiosk:
        wrong = frame(status("N001000001", "2468"), "2")[:-1]
        answers = {await kiosk.say(wrong) for _ in range(6)}
        assert len(answers) == 1
        assert served.hashed() == 1
        # With the next digit it is a new request.
        assert (await kiosk.say(frame(status("N001000001", "2468"), "3")[:-1]))[-9:-5] == b"AY3A"[:4]
        assert served.hashed() == 2


async def test_without_a_digit_the_same_frame_is_executed_again(served: Served) -> None:
    async with served.kiosk("storbyen-1") as kiosk:
        for _ in range(2):
            await kiosk.say(frame(status("N001000001", "2468"))[:-1])
    assert served.hashed() == 2


async def test_where_error_detection_is_required_a_frame_without_it_is_asked_for_again(shared: Served) -> None:
    async with shared.kiosk("fjordby-1") as kiosk:
        assert await kiosk.say(b"9900802.00") == b"96AZFEF6"
        assert await kiosk.say(frame(status("N001000001", "4817"))[:-1]) == b"96AZFEF6"
        assert (await kiosk.status("N001000007", "6038")).personal_name == "Østby, Ragnhild"


@pytest.mark.parametrize("sequence", [None, "0", "7"])
async def test_an_answer_has_the_askers_digit_and_a_checksum_where_the_asker_had_one(
    shared: Served, sequence: str | None
) -> None:
    async with shared.kiosk("storbyen-1") as kiosk:
        answer = sip2.read_frame(await kiosk.say(frame(information("N001000002", "5926"), sequence)[:-1]))
    assert answer.sequence == sequence
    assert answer.checksum is (sip2.Checksum.RIGHT if sequence else sip2.Checksum.ABSENT)


# The log.


async def test_every_request_has_a_line_at_the_level_for_it_and_none_above(world: World) -> None:
    async with running(world, level="debug") as served:
        async with served.kiosk("storbyen-1") as kiosk:
            await kiosk.information("N001000001", "4817")
            await kiosk.information("N001000001", "1111")
        lines = [line for line in served.events("request") if line["protocol"] == "sip2"]
        told = [(line["message"], line["outcome"], line["terminal"]) for line in lines]
        served.logs.set_level("info")
        async with served.kiosk("storbyen-1") as kiosk:
            await kiosk.status("N001000001", "4817")
        assert len([line for line in served.events("request") if line["protocol"] == "sip2"]) == len(lines)
    assert told == [("93", "ok", "storbyen-1"), ("63", "ok", "storbyen-1"), ("63", "refused", "storbyen-1")]
    assert all(line["dur_ms"] >= 0 for line in lines)
