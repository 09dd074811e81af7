"""The change feed over HTTP: a library system sees its own changes, fetches who they are about, and says its own id."""

from __future__ import annotations

import asyncio
import hashlib
import ssl
from ipaddress import ip_network

import pytest
import trustme

from gateway.delivery.feed import HINDRANCES
from gateway.delivery.feed_rules import Allowance, FeedRules
from gateway.delivery.feed_site import OUTCOMES
from gateway.ncip.initiators import Initiators
from gateway.observability.metrics import FEED_OUTCOMES
from registry.domain.activating import Hindrance
from registry.domain.decisions import Refusal
from tests.clocks import HandClock
from tests.gateway.delivery.fetching import SECRET, Fetching, fetching, initiator
from tests.gateway.delivery.outbox import OTHER, UNIT, card_of
from tests.gateway.worlds import until

CHANGES = "/feed/v1/changes"
ONE = f"/feed/v1/patrons/{card_of(1)}"


async def test_a_library_system_hears_fetches_and_acknowledges() -> None:
    async with fetching() as world:
        world.shelf.accept(1)
        heard = await world.ask(CHANGES)
        assert heard.status == 200
        assert heard.body == {
            "changes": [{"sequence": 1, "card": card_of(1), "kind": "activated", "at": "2026-11-23T09:15:00+00:00"}],
            "next": 1,
            "more": False,
        }
        fetched = await world.ask(ONE)
        assert fetched.body == {
            "card": card_of(1),
            "family_name": "Fugl1",
            "given_name": "Kanari",
            "birth_date": "1990-01-31",
            "email": "kanari1@example.org",
            "language": "nb",
            "welcomed_at": UNIT,
            "rules": {"version": "2026-1", "accepted": "2026-11-23T09:15:00+00:00"},
        }
        assert world.shelf.taken == [(card_of(1), "initiator ils")]
        told = await world.ask(ONE + "/local", {"local_id": "S200001"})
        assert (told.status, told.body) == (200, {"card": card_of(1), "local_id": "S200001"})
        again = await world.ask(ONE + "/local", {"local_id": "S200001"})
        assert again.status == 200
        other = await world.ask(ONE + "/local", {"local_id": "S200002"})
        assert (other.status, other.body) == (409, {"error": "another_local_id"})
        assert world.shelf.local == {card_of(1): "S200001"}
        assert (world.counted("ok"), world.counted("refused")) == (4, 1)


async def test_every_answer_is_json_that_nobody_keeps_and_tells_nothing_of_what_serves() -> None:
    async with fetching() as world:
        for answer in (await world.ask(CHANGES), await world.ask("/nowhere"), await world.ask(CHANGES, who=None)):
            assert answer.headers["content-type"] == "application/json; charset=utf-8"
            assert answer.headers["cache-control"] == "no-store"
            assert "server" not in answer.headers


async def test_changes_are_read_page_by_page() -> None:
    async with fetching() as world:
        for number in range(1, 6):
            world.shelf.accept(number)
        seen: list[int] = []
        after, more = 0, True
        while more:
            page = (await world.ask(f"{CHANGES}?after={after}&limit=2")).body
            seen += [one["sequence"] for one in page["changes"]]
            after, more = page["next"], page["more"]
        assert seen == [1, 2, 3, 4, 5]
        assert (await world.ask(f"{CHANGES}?after=5")).body == {"changes": [], "next": 5, "more": False}


async def test_a_library_system_sees_nothing_of_another_library() -> None:
    async with fetching() as world:
        world.shelf.accept(1, UNIT)
        assert (await world.ask(CHANGES, who="other")).body["changes"] == []
        assert (await world.ask(ONE, who="other")).status == 404
        assert (await world.ask(ONE + "/local", {"local_id": "S1"}, who="other")).status == 404
        assert world.shelf.local == {}


@pytest.mark.parametrize("why", Hindrance)
async def test_whom_a_library_may_not_have_is_nobody_but_where_staff_must_look(why: Hindrance) -> None:
    async with fetching() as world:
        world.shelf.hindered[card_of(1)] = why
        unknown, hindered = await world.ask("/feed/v1/patrons/N999999999"), await world.ask(ONE)
    status, error = HINDRANCES[why]
    assert (hindered.status, hindered.body) == (status, {"error": error})
    if why not in {Hindrance.CARD_BLOCKED, Hindrance.NEEDS_STAFF, Hindrance.ALREADY_LOCAL}:
        assert (hindered.status, hindered.body) == (unknown.status, unknown.body)


# Who asks.


@pytest.mark.parametrize(
    ("who", "secret"), [(None, ""), ("ils", "wrong"), ("ils", ""), ("nobody", SECRET), ("other", "wrong"), ("", SECRET)]
)
async def test_who_does_not_prove_who_it_is_is_told_nothing_else(who: str | None, secret: str) -> None:
    async with fetching() as world:
        world.shelf.accept(1)
        answer = await world.ask(CHANGES, who=who, secret=secret)
        assert (answer.status, answer.body) == (401, {"error": "unproved"})
        assert answer.headers["www-authenticate"] == 'Basic realm="portvakt", charset="UTF-8"'
        (line,) = [fields for event, fields in world.log.events if event == "feed_refused"]
        assert line["reason"] == "unproved"
        assert world.counted("unproved") == 1


@pytest.mark.parametrize("authorization", ["Basic", "Basic !!!", "Bearer abc", "Basic aWxz", "Basic /////w=="])
async def test_an_authorization_that_is_none_proves_nobody(authorization: str) -> None:
    async with fetching() as world:
        assert (await world.ask(CHANGES, who=None, Authorization=authorization)).status == 401


async def test_an_initiator_is_bound_to_its_network() -> None:
    async with fetching() as world:
        world.callers.take(Initiators([initiator(network="192.0.2.0/24")]))
        answer = await world.ask(CHANGES)
        assert (answer.status, answer.body) == (403, {"error": "address"})
        world.callers.take(Initiators([initiator(network="192.0.2.0/24"), initiator("other", OTHER)]))
        assert (await world.ask(CHANGES)).status == 401


async def test_without_a_valid_agreement_nobody_hears_anything() -> None:
    async with fetching() as world:
        world.shelf.accept(1)
        world.refusals["ils"] = Refusal.NO_AGREEMENT
        for answer in (await world.ask(CHANGES), await world.ask(ONE)):
            assert (answer.status, answer.body) == (403, {"error": "no_agreement"})
        assert world.shelf.taken == []


async def test_wrong_secrets_from_one_address_are_borne_for_a_while() -> None:
    async with fetching(FeedRules(wrong_secrets=3)) as world:
        assert (await world.ask(CHANGES)).status == 200
        statuses = [(await world.ask(CHANGES, secret=f"guess-{number}")).status for number in range(5)]
        assert statuses == [401, 401, 401, 429, 429]
        # One that was right before needs no hash, and is not kept out by who guesses beside it.
        assert (await world.ask(CHANGES)).status == 200
        world.clock.turn(61)
        assert (await world.ask(CHANGES, secret="guess")).status == 401


async def test_who_asks_too_often_must_wait() -> None:
    async with fetching(FeedRules(rate=1.0, burst=3)) as world:
        assert [(await world.ask(CHANGES)).status for _ in range(5)] == [200, 200, 200, 429, 429]
        assert (await world.ask(CHANGES, who="other")).status == 200
        world.clock.turn(2)
        assert [(await world.ask(CHANGES)).status for _ in range(3)] == [200, 200, 429]


def test_an_allowance_fills_up_to_its_burst_and_no_further() -> None:
    clock = HandClock()
    allowance = Allowance(FeedRules(rate=10.0, burst=5), clock.monotonic)
    assert [allowance.spend("ils") for _ in range(7)] == [True] * 5 + [False] * 2
    clock.turn(3600)
    assert sum(allowance.spend("ils") for _ in range(20)) == 5


async def test_a_listener_takes_only_who_comes_from_its_networks() -> None:
    async with fetching(networks=(ip_network("192.0.2.0/24"),)) as world:
        with pytest.raises((ConnectionError, IndexError)):
            await world.ask(CHANGES)


@pytest.mark.parametrize("shows", ["the right one", "another one", "none"])
async def test_an_initiator_with_a_certificate_must_show_it(shows: str) -> None:
    authority = trustme.CA()
    server, client, stranger = (authority.issue_cert(name) for name in ("localhost", "ils.example", "b.example"))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.configure_cert(context)
    authority.configure_trust(context)
    context.verify_mode = ssl.CERT_OPTIONAL
    asking = ssl.create_default_context()
    authority.configure_trust(asking)
    if shows != "none":
        (client if shows == "the right one" else stranger).configure_cert(asking)
    pem = client.cert_chain_pems[0].bytes().decode()
    fingerprint = hashlib.sha256(ssl.PEM_cert_to_DER_cert(pem)).hexdigest()
    async with fetching(tls=context) as world:
        world.callers.take(Initiators([initiator(secret=None, certificate=fingerprint)]))
        answer = await world.ask(CHANGES, secret="", tls=asking)
    assert answer.status == (200 if shows == "the right one" else 401)


# What is asked.


@pytest.mark.parametrize(
    ("path", "status", "error"),
    [
        ("/", 404, "no_such_path"),
        ("/feed/v1/changes/", 404, "no_such_path"),
        ("/feed/v2/changes", 404, "no_such_path"),
        ("/feed/v1/patrons/", 404, "no_such_path"),
        ("/feed/v1/patrons/../changes", 404, "no_such_path"),
        ("/feed/v1/patrons/4711", 404, "no_such_patron"),
        (f"{ONE}?why=1", 400, "query"),
        (f"{CHANGES}?after=-1", 400, "after"),
        (f"{CHANGES}?after=", 400, "after"),
        (f"{CHANGES}?after=1&after=2", 400, "after"),
        (f"{CHANGES}?after=9223372036854775808", 400, "after"),
        (f"{CHANGES}?after=1%20OR%201", 400, "after"),
        (f"{CHANGES}?limit=0", 400, "limit"),
        (f"{CHANGES}?limit=1001", 400, "limit"),
        (f"{CHANGES}?wait=26", 400, "wait"),
        (f"{CHANGES}?since=2026", 400, "query"),
        (f"{CHANGES}?" + "&".join(f"a{number}=1" for number in range(9)), 400, "query"),
        (f"{CHANGES}?a=%ff", 400, "query"),
        (ONE + "/local", 405, "method"),
    ],
)
async def test_what_cannot_be_asked_is_told_in_a_word(path: str, status: int, error: str) -> None:
    async with fetching() as world:
        world.shelf.accept(1)
        answer = await world.ask(path)
        assert (answer.status, answer.body["error"]) == (status, error)
        assert world.shelf.taken == []


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400),
        (b"{", 400),
        (b"[" * 2000, 400),
        (b"\xff", 400),
        ([], 400),
        ({}, 400),
        ({"local_id": 4711}, 400),
        ({"local_id": ""}, 400),
        ({"local_id": " S1"}, 400),
        ({"local_id": "S1\n"}, 400),
        ({"local_id": "S|1"}, 400),
        ({"local_id": "S" * 65}, 400),
        ({"local_id": "S1", "name": "Kanari"}, 400),
        ({"local_id": "S" * 5000}, 413),
        ({"local_id": "S" * 64}, 200),
        ({"local_id": "Å 1"}, 200),
    ],
)
async def test_an_acknowledgement_is_one_local_id(body: object, status: int) -> None:
    async with fetching() as world:
        world.shelf.accept(1)
        answer = await world.ask(ONE + "/local", body)
        assert (answer.status, len(world.shelf.local)) == (status, int(status == 200))
        assert "Kanari" not in str(answer.body)


async def test_an_acknowledgement_is_posted_as_json() -> None:
    async with fetching() as world:
        world.shelf.accept(1)
        form = await world.ask(ONE + "/local", b"local_id=S1", Content_Type="application/x-www-form-urlencoded")
        assert form.status == 415
        put = await world.ask(ONE + "/local", {"local_id": "S1"}, method="PUT")
        assert (put.status, put.headers["allow"]) == (405, "POST")
        assert world.shelf.local == {}


async def test_who_is_brought_by_another_carrier_is_not_to_be_fetched_as_well() -> None:
    async with fetching() as world:
        world.shelf.accept(1)
        world.carry(feed=(OTHER,))
        assert (await world.ask(CHANGES)).status == 200
        for answer in (await world.ask(ONE), await world.ask(ONE + "/local", {"local_id": "S1"})):
            assert (answer.status, answer.body["error"]) == (409, "another_carrier")
        assert (world.shelf.taken, world.shelf.local) == ([], {})


# Waiting for changes.


async def test_who_waits_is_answered_as_soon_as_something_changes() -> None:
    async with fetching() as world:
        waiting = asyncio.ensure_future(world.ask(f"{CHANGES}?wait=25"))
        await until(lambda: world.feed._waiting["ils"] == 1)
        world.shelf.accept(1)
        assert not waiting.done()
        world.feed.wake()
        answer = await waiting
        assert [one["sequence"] for one in answer.body["changes"]] == [1]
        assert world.feed._waiting["ils"] == 0


async def test_who_waits_in_vain_is_told_that_there_is_nothing() -> None:
    async with fetching(FeedRules(look_again=0.01)) as world:
        waiting = asyncio.ensure_future(world.ask(f"{CHANGES}?after=7&wait=25"))
        await until(lambda: world.feed._waiting["ils"] == 1)
        world.clock.turn(25)
        assert (await waiting).body == {"changes": [], "next": 7, "more": False}


async def test_only_a_few_may_wait_at_once() -> None:
    async with fetching(FeedRules(waiting=2)) as world:
        waiting = [asyncio.ensure_future(world.ask(f"{CHANGES}?wait=25")) for _ in range(2)]
        await until(lambda: world.feed._waiting["ils"] == 2)
        refused = await world.ask(f"{CHANGES}?wait=25")
        assert (refused.status, refused.body) == (429, {"error": "too_many_waiting"})
        assert (await world.ask(CHANGES)).status == 200
        world.shelf.accept(1)
        world.feed.wake()
        assert {answer.status for answer in await asyncio.gather(*waiting)} == {200}


async def test_a_stop_lets_nobody_wait_any_longer() -> None:
    async with fetching() as world:
        waiting = asyncio.ensure_future(world.ask(f"{CHANGES}?wait=25"))
        await until(lambda: world.feed._waiting["ils"] == 1)
        world.feed.close()
        assert (await waiting).status == 200


async def test_who_hangs_up_waits_no_longer() -> None:
    async with fetching() as world:
        waiting = asyncio.ensure_future(world.ask(f"{CHANGES}?wait=25"))
        await until(lambda: world.feed._waiting["ils"] == 1)
        waiting.cancel()
        await until(lambda: world.feed._waiting["ils"] == 0)


# What goes wrong.


async def test_an_outage_of_the_register_is_no_answer_about_anybody() -> None:
    async with fetching() as world:
        world.shelf.is_out = True
        answer = await world.ask(CHANGES)
        assert (answer.status, answer.body, answer.headers["retry-after"]) == (503, {"error": "unavailable"}, "5")
        assert world.counted("upstream") == 1


async def test_a_defect_is_an_answer_too() -> None:
    async with fetching() as world:
        real = world.shelf.changes

        async def broken(*_: object) -> object:
            raise ZeroDivisionError("Kanari")

        world.shelf.changes = broken  # type: ignore[method-assign, assignment]
        answer = await world.ask(CHANGES)
        assert (answer.status, answer.body) == (500, {"error": "defect"})
        world.shelf.changes = real  # type: ignore[method-assign]
        assert [type(failure) for failure in world.log.failures] == [ZeroDivisionError]
        world.log.failures.clear()


@pytest.mark.parametrize(
    "raw",
    [
        b"GET /feed/v1/changes HTTP/1.1\r\nHost: a\r\n" + b"X: " + b"y" * 20_000 + b"\r\n\r\n",
        b"\x16\x03\x01\x02\x00",
        b"GET\r\n\r\n",
        b"POST /feed/v1/changes HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    ],
)
async def test_what_is_no_request_ends_the_connection_and_nothing_else(raw: bytes) -> None:
    async with fetching() as world:
        _, writer = await asyncio.open_connection("127.0.0.1", world.port)
        writer.write(raw)
        writer.write_eof()
        await _gone(world)
        writer.close()
        assert (await world.ask(CHANGES)).status == 200


async def _gone(world: Fetching) -> None:
    await until(lambda: world.metrics.open_connections.of("feed").read() == 0)


def test_every_outcome_that_is_counted_is_listed() -> None:
    assert set(OUTCOMES.values()) | {"invalid"} == set(FEED_OUTCOMES)
