"""The courier: everything due is brought, once, and a library system that fails holds up nobody but itself."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import timedelta

import pytest

from gateway.delivery.errand import CourierRules
from registry.activating import StaleClaimError
from registry.domain.decisions import RegisterUnavailable
from registry.domain.delivery import Claim, DeliveryKind, DeliveryState, Result, Settled
from registry.domain.standing import StandingState
from tests.gateway.delivery.couriers import Round
from tests.gateway.delivery.libraries import Library, cards
from tests.gateway.delivery.outbox import OTHER, UNIT, Outbox, card_of
from tests.gateway.worlds import until

R = Result


def results(world: Round) -> list[Result]:
    return [settled.result for _, settled in world.outbox.settled]


async def test_a_patron_is_looked_up_created_and_local_under_the_systems_own_id() -> None:
    world = Round()
    row = world.outbox.want(1)
    await world.look()
    assert world.library.sent == [("look_up", card_of(1)), ("create", card_of(1))]
    assert world.outbox.states[row] is StandingState.LOCAL
    assert world.outbox.local_ids[row] == "S000000001"
    (line,) = world.logged("delivery_settled")
    assert (line["outcome"], line["unit"], line["kind"], line["tries"]) == ("brought", UNIT, "activate", 1)
    assert world.counted("upstream_requests_total", peer=f"delivery-{UNIT}", outcome="ok") == 2


async def test_who_is_there_already_is_not_created_again() -> None:
    world = Round()
    world.library.patrons[card_of(1)] = "S77"
    row = world.outbox.want(1)
    await world.look()
    assert world.outbox.local_ids[row] == "S77"
    assert not world.library.created


@pytest.mark.parametrize(
    ("moods", "expected", "state"),
    [
        (("well", "well"), [R.BROUGHT], StandingState.LOCAL),
        (("dead",), [R.NOT_SENT], StandingState.CONSENTED),
        (("well", "dead"), [R.NOT_SENT], StandingState.CONSENTED),
        (("well", "whole_unit"), [R.NOT_SENT], StandingState.CONSENTED),
        (("well", "refuse"), [R.REJECTED], StandingState.NEEDS_STAFF),
        # The answer was lost, and the patron is there: seen at once.
        (("well", "drop_reply"), [R.BROUGHT], StandingState.LOCAL),
        (("well", "drop_reply", "blind"), [R.ANSWER_LOST], StandingState.UNKNOWN),
        (("well", "drop_reply", "dead"), [R.ANSWER_LOST], StandingState.UNKNOWN),
        (("well", "late", "somebody_else"), [R.REJECTED], StandingState.NEEDS_STAFF),
        (("well", "duplicate"), [R.REJECTED], StandingState.NEEDS_STAFF),
        (("well", "duplicate", "somebody_else"), [R.REJECTED], StandingState.NEEDS_STAFF),
        (("well", "duplicate", "dead"), [R.NOT_SENT], StandingState.CONSENTED),
        (("somebody_else",), [R.REJECTED], StandingState.NEEDS_STAFF),
    ],
)
async def test_whatever_befalls_a_first_try_the_standing_tells(
    moods: tuple[str, ...], expected: list[Result], state: StandingState
) -> None:
    world = Round()
    world.library.will(*moods)
    row = world.outbox.want(1)
    await world.look()
    assert (results(world), world.outbox.states[row]) == (expected, state)


async def test_a_duplicate_that_is_the_same_person_is_found_and_local() -> None:
    """Another worker was quicker between our look-up and our creation."""
    world = Round()
    world.library.patrons[card_of(1)] = "S9"
    world.library.will("blind")
    row = world.outbox.want(1)
    await world.look()
    assert [what for what, _ in world.library.sent] == ["look_up", "create", "look_up"]
    assert world.outbox.local_ids[row] == "S9"
    assert not world.library.created


async def test_after_a_lost_answer_nothing_is_created_before_a_look_up_and_never_twice() -> None:
    world = Round()
    world.library.will("well", "drop_reply", "dead")
    row = world.outbox.want(1)
    await world.look()
    assert world.outbox.states[row] is StandingState.UNKNOWN
    await world.look()
    assert len(world.library.sent) == 3, "not before its time"
    world.clock.turn(30)
    await world.look()
    assert [what for what, _ in world.library.sent][3:] == ["look_up"]
    assert world.outbox.states[row] is StandingState.LOCAL
    assert world.library.created[card_of(1)] == 1


async def test_what_died_in_the_middle_is_taken_up_when_its_lease_has_run_out() -> None:
    world = Round()
    row = world.outbox.want(1)
    # Another process: claimed, created, and killed before it could record it.
    await world.outbox.claim([UNIT], 1, timedelta(seconds=60))
    world.library.patrons[card_of(1)] = "S5"
    await world.look()
    assert world.library.sent == []
    world.clock.turn(60)
    await world.look()
    assert cards(world.library.sent, "create") == []
    assert (world.outbox.states[row], world.outbox.local_ids[row]) == (StandingState.LOCAL, "S5")


@pytest.mark.parametrize(("kind", "asked"), [(DeliveryKind.UPDATE, ["update"]), (DeliveryKind.END, ["end"])])
@pytest.mark.parametrize("moods", [(), ("dead",), ("drop_reply",), ("late", "dead")])
async def test_changes_and_ends_are_brought_until_they_are_confirmed(
    kind: DeliveryKind, asked: list[str], moods: tuple[str, ...]
) -> None:
    world = Round()
    world.library.will(*moods)
    row = world.outbox.want(1, kind=kind)
    await world.until_done()
    assert world.outbox.rows[row].state is DeliveryState.DONE
    assert [what for what, _ in world.library.sent] == asked * (1 + len(moods))


async def test_a_change_that_is_refused_is_left_to_staff() -> None:
    world = Round()
    world.library.will("refuse")
    row = world.outbox.want(1, kind=DeliveryKind.UPDATE)
    await world.until_done()
    assert world.outbox.rows[row].state is DeliveryState.STUCK
    (line,) = world.logged("delivery_stuck")
    assert line["reason"] == "element_rule_violated"


async def test_after_three_days_of_failing_staff_are_told() -> None:
    world = Round(rules=CourierRules(poll=600.0))
    world.library.always = "dead"
    row = world.outbox.want(1)
    await world.until_done()
    assert world.outbox.states[row] is StandingState.NEEDS_STAFF
    assert results(world)[-1] is R.OUT_OF_TRIES
    assert timedelta(hours=72) <= world.clock.now() - world.outbox.rows[row].since < timedelta(hours=72, minutes=25)
    assert not world.library.created


async def test_a_library_system_that_is_down_for_an_hour_loses_and_doubles_nothing() -> None:
    world = Round()
    world.library.always = "dead"
    rows = [world.outbox.want(number) for number in range(1, 41)]
    began = world.clock.now()
    while world.clock.now() - began < timedelta(hours=1):
        wait = await world.look()
        world.clock.turn(max(wait, 0.05))
    world.library.always = "well"
    await world.until_done()
    assert {world.outbox.states[row] for row in rows} == {StandingState.LOCAL}
    assert set(world.library.created.values()) == {1}


# One unit and another.


async def test_ten_thousand_due_at_a_dead_library_system_leave_the_others_unaffected() -> None:
    world = Round()
    world.library.always = "dead"
    for number in range(1, 10_001):
        world.outbox.want(number, UNIT)
    others = [world.outbox.want(number, OTHER) for number in range(20_001, 20_021)]
    for _ in range(8):
        await world.look()
    assert {world.outbox.states[row] for row in others} == {StandingState.LOCAL}
    # Four at a time until the breaker opens, and then nobody.
    assert world.outbox.claims == {UNIT: 8, OTHER: 20}
    assert [one["reason"] for one in world.logged("upstream_breaker")] == ["open"]


async def test_a_library_system_that_hangs_holds_up_no_other_and_no_more_than_its_own_share() -> None:
    world = Round()
    world.library.gate = asyncio.Event()
    world.library.always = "held"
    for number in range(1, 21):
        world.outbox.want(number, UNIT)
        world.outbox.want(100 + number, OTHER)
    for _ in range(8):
        await world.look()
    assert (world.library.most_at_once, world.outbox.claims[UNIT]) == (4, 4)
    assert len(world.libraries[OTHER].created) == 20
    world.library.always = "well"
    world.library.gate.set()
    await world.until_done()
    assert len(world.library.created) == 20
    assert world.library.most_at_once == 4


async def test_a_carrier_that_takes_one_at_a_time_is_given_one_at_a_time() -> None:
    world = Round(at_once=1)
    world.library.gate = asyncio.Event()
    world.library.always = "held"
    for number in range(1, 4):
        world.outbox.want(number)
    await world.look()
    await world.look()
    assert len(world.library.sent) == 1
    world.library.gate.set()
    await world.until_done()
    assert world.library.most_at_once == 1


async def test_an_open_breaker_lets_one_try_after_ten_seconds_and_closes_when_it_succeeds() -> None:
    world = Round()
    world.library.always = "dead"
    for number in range(1, 31):
        world.outbox.want(number)
    await world.look()
    await world.look()
    assert world.outbox.claims[UNIT] == 8
    world.clock.turn(9.9)
    await world.look()
    assert world.outbox.claims[UNIT] == 8
    world.clock.turn(0.2)
    await world.look()
    assert world.outbox.claims[UNIT] == 9
    await world.look()
    assert world.outbox.claims[UNIT] == 9
    world.library.always = "well"
    world.clock.turn(20)
    await world.look()
    assert [one["reason"] for one in world.logged("upstream_breaker")] == [
        *("open", "half_open", "open"),
        *("half_open", "closed"),
    ]
    await world.until_done()
    assert len(world.library.created) == 30


async def test_while_nothing_is_due_a_breaker_that_may_close_keeps_nobody_awake() -> None:
    world = Round(at_once=1)
    world.library.will("whole_unit")
    world.outbox.want(1)
    await world.look()
    world.clock.turn(10)
    await world.until_done()
    world.library.will("whole_unit")
    world.outbox.want(2, kind=DeliveryKind.UPDATE)
    await world.look()
    world.outbox.rows.clear()
    world.clock.turn(400)
    assert await world.look() > 1


async def test_what_no_parcel_can_pass_stops_the_unit_at_once_and_alarms() -> None:
    world = Round(at_once=1)
    world.library.will("whole_unit")
    for number in range(1, 6):
        world.outbox.want(number)
    for _ in range(5):
        await world.look()
    assert len(world.library.sent) == 1
    (line,) = world.logged("deliveries_halted")
    assert (line["unit"], line["reason"]) == (UNIT, "login_refused")
    await world.until_done()
    assert len(world.library.created) == 5


async def test_a_card_that_was_blocked_meanwhile_neither_goes_nor_keeps_the_courier_busy() -> None:
    world = Round()
    row = world.outbox.want(1)
    real = world.outbox.next_due

    async def still_due(units: object) -> object:
        world.outbox.blocked.clear()
        try:
            return await real(units)  # type: ignore[arg-type]
        finally:
            world.outbox.blocked.add(row)

    world.outbox.next_due = still_due  # type: ignore[method-assign, assignment]
    world.outbox.blocked.add(row)
    waits = [await world.look() for _ in range(3)]
    assert world.library.sent == []
    assert world.outbox.claims == {}
    assert min(waits) > 0


async def test_what_somebody_holds_for_a_moment_is_taken_a_moment_later_and_what_is_held_for_long_less_often() -> None:
    world = Round()
    row = world.outbox.want(1)
    real = world.outbox.claim

    async def held(*_: object) -> Sequence[Claim]:
        return ()

    world.outbox.claim = held  # type: ignore[method-assign, assignment]
    waits = []
    for _ in range(9):
        waits.append(await world.look())
        world.clock.turn(waits[-1])
    assert waits[:3] == pytest.approx([0.05, 0.1, 0.2])
    assert waits[-2:] == pytest.approx([3.0, 3.0])
    world.outbox.claim = real  # type: ignore[method-assign]
    await world.look()
    assert world.outbox.states[row] is StandingState.LOCAL


# Leases.


async def test_a_step_that_could_outlast_the_lease_is_not_begun() -> None:
    world = Round(rules=CourierRules(lease=35.0))
    world.library.gate = asyncio.Event()
    world.library.will("held")
    row = world.outbox.want(1)
    await world.look()
    # The look-up took nine seconds: a creation that may take twenty would end after second 25.
    world.clock.turn(9)
    world.library.gate.set()
    await world.settle()
    assert cards(world.library.sent, "create") == []
    assert (results(world), world.outbox.states[row]) == ([R.NOT_SENT], StandingState.CONSENTED)
    assert world.outbox.settled[0][1].reason == "no_time"


async def test_who_was_paused_past_the_lease_records_nothing_and_says_so() -> None:
    clock_round = Round()
    world, library = clock_round, clock_round.library
    library.gate = asyncio.Event()
    library.will("held")
    row = world.outbox.want(1)
    await world.look()
    world.clock.turn(61)
    other = Round({UNIT: library}, clock=world.clock, outbox=world.outbox)
    await other.look()
    assert world.outbox.states[row] is StandingState.LOCAL
    library.gate.set()
    await world.settle()
    assert len(world.outbox.settled) == 1
    assert world.counted("stale_claims_total") == 1
    assert len(world.logged("delivery_stale")) == 1
    assert library.created[card_of(1)] == 1


async def test_two_couriers_share_the_queue_and_nobody_is_brought_twice() -> None:
    first = Round()
    second = Round(first.libraries, clock=first.clock, outbox=first.outbox)
    for number in range(1, 51):
        first.outbox.want(number)
    for _ in range(200):
        await asyncio.gather(first.look(), second.look())
    assert set(first.library.created.values()) == {1}
    assert len(first.library.created) == 50
    assert len(cards(first.library.sent, "create")) == 50


# Outages and defects.


class Restarting(Outbox):
    """An outbox whose database goes away now and then."""

    outages = 0

    async def claim(self, units, limit, lease):  # type: ignore[no-untyped-def]
        self._fail()
        return await super().claim(units, limit, lease)

    async def settle(self, claim: Claim, settled: Settled) -> None:
        self._fail()
        await super().settle(claim, settled)

    def _fail(self) -> None:
        if self.outages:
            self.outages -= 1
            raise RegisterUnavailable("restarting")


async def test_what_cannot_be_recorded_at_once_is_recorded_later(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.delivery.errand._RECORDING_TRIES", (0.0, 0.0, 0.0))
    base = Round()
    outbox = Restarting(base.clock)
    world = Round({UNIT: Library()}, clock=base.clock, outbox=outbox)
    row = outbox.want(1)
    await world.courier.look()
    outbox.outages = 3
    await until(lambda: outbox.states[row] is StandingState.LOCAL)
    assert world.logged("outage") == []


async def test_what_cannot_be_recorded_at_all_is_found_by_the_next_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.delivery.errand._RECORDING_TRIES", (0.0,))
    base = Round()
    outbox = Restarting(base.clock)
    world = Round({UNIT: Library()}, clock=base.clock, outbox=outbox)
    row = outbox.want(1)
    await world.courier.look()
    outbox.outages = 2
    await until(lambda: len(world.logged("outage")) == 1)
    assert outbox.states[row] is StandingState.DELIVERING
    world.clock.turn(60)
    await world.look()
    assert outbox.states[row] is StandingState.LOCAL
    assert world.library.created[card_of(1)] == 1


async def test_a_defect_of_a_carrier_is_logged_and_the_delivery_tried_again() -> None:
    world = Round()
    row = world.outbox.want(1)
    real = world.library.create

    async def broken(parcel: object, seconds: float) -> object:
        world.library.create = real  # type: ignore[method-assign]
        raise ZeroDivisionError

    world.library.create = broken  # type: ignore[method-assign, assignment]
    await world.look()
    assert [type(failure) for failure in world.log.failures] == [ZeroDivisionError]
    assert world.outbox.states[row] is StandingState.UNKNOWN
    await world.until_done()
    assert world.library.created[card_of(1)] == 1


# Running by itself.


async def test_it_brings_by_itself_what_it_is_woken_for_and_stops_when_told() -> None:
    world = Round(rules=CourierRules(poll=3600.0))
    world.courier.start()
    row = world.outbox.want(1)
    world.courier.wake()
    await until(lambda: world.outbox.states[row] is StandingState.LOCAL)
    await world.courier.stop(1.0)
    assert [library.is_closed for library in world.libraries.values()] == [True, True]
    late = world.outbox.want(2)
    world.courier.wake()
    await world.settle()
    assert world.outbox.states[late] is StandingState.CONSENTED


async def test_an_idle_courier_asks_once_and_sleeps() -> None:
    world = Round(rules=CourierRules(poll=3600.0))
    world.courier.start()
    await world.settle()
    asked = world.outbox.asked
    await world.settle()
    assert world.outbox.asked == asked <= 2
    await world.courier.stop(1.0)


async def test_stopping_lets_what_is_under_way_end() -> None:
    world = Round()
    world.library.gate = asyncio.Event()
    world.library.will("held")
    row = world.outbox.want(1)
    world.courier.start()
    await until(lambda: bool(world.library.sent))
    stopping = asyncio.ensure_future(world.courier.stop(30.0))
    await world.settle()
    assert not stopping.done()
    world.library.gate.set()
    await stopping
    assert world.outbox.states[row] is StandingState.LOCAL


async def test_stopping_leaves_what_does_not_end_to_its_lease() -> None:
    world = Round()
    world.library.gate = asyncio.Event()
    world.library.will("held")
    row = world.outbox.want(1)
    world.courier.start()
    await until(lambda: bool(world.library.sent))
    await world.courier.stop(0.01)
    assert world.courier.under_way == 0
    assert world.outbox.states[row] is StandingState.DELIVERING
    assert world.outbox.settled == []


async def test_an_outage_of_the_database_is_told_once_and_borne() -> None:
    base = Round()
    outbox = Restarting(base.clock)
    outbox.outages = 3
    world = Round({UNIT: Library()}, clock=base.clock, outbox=outbox, rules=CourierRules(poll=0.001))
    row = outbox.want(1)
    world.courier.start()
    await until(lambda: outbox.states[row] is StandingState.LOCAL)
    await world.courier.stop(1.0)
    assert len(world.logged("outage")) == 1


# Other carriers.


async def test_a_reload_keeps_what_is_alike_and_closes_what_has_gone_when_it_has_ended() -> None:
    world = Round()
    old, kept = world.library, world.libraries[OTHER]
    old.gate = asyncio.Event()
    old.will("held")
    row = world.outbox.want(1)
    await world.look()
    world.libraries[UNIT] = Library()
    world.courier.take(world.carriers())
    await world.settle()
    assert (old.is_closed, kept.is_closed) == (False, False)
    old.gate.set()
    await world.settle()
    assert (old.is_closed, kept.is_closed) == (True, False)
    assert world.outbox.states[row] is StandingState.LOCAL
    new = world.outbox.want(2)
    await world.look()
    assert (world.outbox.states[new], list(world.library.created)) == (StandingState.LOCAL, [card_of(2)])


async def test_a_unit_that_has_no_carrier_any_more_is_left_alone() -> None:
    world = Round()
    del world.libraries[UNIT]
    world.courier.take(world.carriers())
    row = world.outbox.want(1)
    await world.look()
    assert world.outbox.claims == {}
    assert world.outbox.states[row] is StandingState.CONSENTED


def test_a_stale_claim_is_no_outage() -> None:
    assert not issubclass(StaleClaimError, RegisterUnavailable)
