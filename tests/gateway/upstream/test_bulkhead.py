"""Who gets in, who waits and who is turned away."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from gateway.upstream.bulkhead import Bulkhead


class Crowd:
    """Requests by name at a bulkhead, and what they were told."""

    def __init__(self, in_flight: int, queued: int) -> None:
        self.bulkhead = Bulkhead(in_flight, queued)
        self.told: dict[str, str] = {}
        self.wakes: dict[str, Callable[[bool], None]] = {}

    def comes(self, name: str) -> None:
        def wake(inside: bool) -> None:
            assert self.told[name] == "waits"
            self.told[name] = "in" if inside else "away"

        self.wakes[name] = wake
        self.told[name] = "in" if self.bulkhead.enter() else "waits" if self.bulkhead.wait(wake) else "full"


@pytest.mark.parametrize(
    ("steps", "told"),
    [
        ("a", "in"),
        ("a b", "in in"),
        ("a b c d", "in in waits waits"),
        ("a b c d e", "in in waits waits full"),
        ("a b c d leave", "in in in waits"),
        ("a b c d leave leave leave e", "in in in in in"),
        ("a b c d leave e", "in in in waits waits"),
        ("a b c d turn-away", "in in away away"),
        ("a b c turn-away leave c", "in in in"),
        ("a b c d -c leave", "in in waits in"),
    ],
)
def test_two_are_in_two_wait_in_order_and_no_more(steps: str, told: str) -> None:
    crowd = Crowd(2, 2)
    for step in steps.split():
        if step == "leave":
            crowd.bulkhead.leave()
        elif step == "turn-away":
            crowd.bulkhead.turn_away()
        elif step.startswith("-"):
            assert crowd.bulkhead.withdraw(crowd.wakes[step[1:]])
        else:
            crowd.comes(step)
    assert list(crowd.told.values()) == told.split()


def test_without_seats_nobody_waits() -> None:
    crowd = Crowd(1, 0)
    crowd.comes("a")
    crowd.comes("b")
    assert crowd.told == {"a": "in", "b": "full"}


def test_one_who_was_woken_cannot_withdraw() -> None:
    crowd = Crowd(1, 1)
    crowd.comes("a")
    crowd.comes("b")
    crowd.bulkhead.leave()
    assert not crowd.bulkhead.withdraw(crowd.wakes["b"])
    assert (crowd.bulkhead.in_flight, crowd.bulkhead.waiting) == (1, 0)


def test_when_all_have_left_all_room_is_free_again() -> None:
    crowd = Crowd(3, 5)
    for name in "abcdefgh":
        crowd.comes(name)
    for _ in range(8):
        crowd.bulkhead.leave()
    assert (crowd.bulkhead.in_flight, crowd.bulkhead.waiting) == (0, 0)
