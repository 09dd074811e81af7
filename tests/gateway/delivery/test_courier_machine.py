"""Couriers against library systems that do their worst, in any order: nobody is lost, and nobody is there twice.

The library systems here are careless: asked twice, they create twice. That nobody is there twice is the courier's
doing.
"""

from __future__ import annotations

from collections.abc import Sequence

import hypothesis
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from registry.domain.card import CardNumber
from registry.domain.delivery import DeliveryId, DeliveryState
from registry.domain.institution import LendingUnitId
from registry.domain.standing import StandingState
from tests.clocks import HandClock
from tests.gateway.delivery.couriers import Round
from tests.gateway.delivery.libraries import MOODS, Library
from tests.gateway.delivery.outbox import OTHER, UNIT, card_of
from tests.running import run

# Beside anything at all, what befalls a creation after a look-up that went well.
_WAYS = st.one_of(
    st.sampled_from(
        [("well", mood) for mood in ("late", "swallowed", "drop_reply", "duplicate", "dead")]
        + [("well", "drop_reply", "dead"), ("well", "late", "late"), ("dead", "well", "late")]
    ),
    st.lists(st.sampled_from((*MOODS, "swallowed")), max_size=4),
)
_ENDS = {StandingState.LOCAL, StandingState.NEEDS_STAFF}


class Couriers(RuleBasedStateMachine):
    """Two couriers, two library systems, and a clock."""

    @initialize()
    def begin(self) -> None:
        clock = HandClock()
        libraries = {unit: Library(is_careless=True, clock=clock) for unit in (UNIT, OTHER)}
        first = Round(libraries, clock=clock)
        self.rounds = [first, Round(first.libraries, clock=first.clock, outbox=first.outbox)]
        self.clock, self.outbox, self.libraries = first.clock, first.outbox, first.libraries
        self.wanted: dict[DeliveryId, LendingUnitId] = {}
        self.set_by = self.set_by_at_most = 0.0

    @rule(unit=st.sampled_from((UNIT, OTHER)))
    def accept(self, unit: LendingUnitId) -> None:
        """Somebody has accepted the rules."""
        row = self.outbox.want(len(self.wanted) + 1, unit)
        self.wanted[row] = unit

    @rule(unit=st.sampled_from((UNIT, OTHER)), moods=_WAYS)
    def misbehave(self, unit: LendingUnitId, moods: Sequence[str]) -> None:
        """The next requests to a library system will go so."""
        self.libraries[unit].will(*moods)

    @rule(who=st.integers(0, 1))
    def look(self, who: int) -> None:
        """A courier looks at the queue."""
        run(self.rounds[who].look())

    @rule(seconds=st.sampled_from((0.5, 5.0, 12.0, 31.0, 400.0)))
    def wait(self, seconds: float) -> None:
        """Time passes; who still waits for a library system by the end of its lease has been killed."""
        self.clock.turn(seconds)
        for library in self.libraries.values():
            library.catch_up()
        if seconds > 30:
            self.kill(0)
            self.kill(1)

    @rule(seconds=st.sampled_from((3_600.0, -3_600.0, 90_000.0, -90_000.0)))
    def set_the_clock(self, seconds: float) -> None:
        """Somebody sets the wall clock, the database's too; whatever a library system was late with is done by now."""
        self.wait(21.0)
        self.clock.set_wall(seconds)
        self.set_by += seconds
        self.set_by_at_most = max(self.set_by, self.set_by_at_most)

    @rule(who=st.integers(0, 1))
    def kill(self, who: int) -> None:
        """A courier dies in the middle of everything, and another is started."""
        run(self.rounds[who].courier.stop(0.0))
        for library in self.libraries.values():
            library.is_closed = False
        self.rounds[who] = Round(self.libraries, clock=self.clock, outbox=self.outbox)

    @invariant()
    def nobody_is_there_twice(self) -> None:
        for library in self.libraries.values():
            assert all(count == 1 for count in library.created.values())

    @invariant()
    def nobody_is_created_but_after_a_look_up(self) -> None:
        for library in self.libraries.values():
            last: dict[CardNumber, str] = {}
            for what, card in library.sent:
                assert what != "create" or last.get(card) == "look_up"
                last[card] = what

    @invariant()
    def who_is_local_is_there_under_that_id(self) -> None:
        for row, unit in self.wanted.items():
            if self.outbox.states[row] is StandingState.LOCAL:
                assert self.libraries[unit].patrons[card_of(int(row))] == self.outbox.local_ids[row]

    @invariant()
    def what_was_accepted_is_on_its_way_or_at_its_end(self) -> None:
        for row in self.wanted:
            is_over = self.outbox.rows[row].state is not DeliveryState.PENDING
            assert is_over == (self.outbox.states[row] in _ENDS)

    def teardown(self) -> None:
        """In the end all is well again: everybody is local, or visible to staff."""
        for library in self.libraries.values():
            library.moods.clear()
        # What was due by a clock that was set back waits until then.
        self.clock.set_wall(self.set_by_at_most - self.set_by)
        self.kill(0)
        self.kill(1)
        self.clock.turn(60)
        run(self.rounds[0].until_done())
        self.clock.turn(60)
        for library in self.libraries.values():
            library.catch_up()
        self.nobody_is_there_twice()
        assert {self.outbox.states[row] for row in self.wanted} <= _ENDS
        for who in (0, 1):
            run(self.rounds[who].courier.stop(0.0))


TestCouriers = Couriers.TestCase
TestCouriers.settings = hypothesis.settings(max_examples=150, stateful_step_count=25, deadline=None)
