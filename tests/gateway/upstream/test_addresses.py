"""Which address of an ILS is tried first."""

from __future__ import annotations

import pytest

from gateway.upstream.addresses import Address, Addresses
from gateway.upstream.backoff import BackoffRules
from tests.clocks import HandClock

ONE, TWO, THREE = Address("one", 6001), Address("two", 6001), Address("three", 6001)


def known(clock: HandClock) -> Addresses:
    return Addresses((ONE, TWO, THREE), clock.monotonic, lambda: 1.0, BackoffRules(first=5.0, longest=20.0))


def test_the_order_told_is_the_order_tried() -> None:
    assert known(HandClock()).in_order() == (ONE, TWO, THREE)


def test_one_that_failed_is_tried_last_until_it_has_rested() -> None:
    clock = HandClock()
    addresses = known(clock)
    addresses.failed(ONE)
    assert addresses.in_order() == (TWO, THREE, ONE)
    clock.turn(5.0)
    assert addresses.in_order() == (ONE, TWO, THREE)


def test_where_all_have_failed_all_are_tried_the_longest_rested_first() -> None:
    clock = HandClock()
    addresses = known(clock)
    for address in (TWO, ONE, THREE):
        addresses.failed(address)
        clock.turn(1.0)
    assert addresses.in_order() == (TWO, ONE, THREE)


def test_one_that_keeps_failing_rests_longer_and_one_that_works_again_is_first_at_once() -> None:
    clock = HandClock()
    addresses = known(clock)
    addresses.failed(ONE)
    addresses.failed(ONE)
    clock.turn(5.0)
    assert addresses.in_order()[0] == TWO
    addresses.succeeded(ONE)
    assert addresses.in_order()[0] == ONE
    addresses.failed(ONE)
    clock.turn(5.0)
    assert addresses.in_order()[0] == ONE


def test_an_ils_without_an_address_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="address"):
        Addresses((), HandClock().monotonic, lambda: 0.0)
