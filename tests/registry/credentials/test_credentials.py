from __future__ import annotations

import asyncio
import threading

import pytest
from cryptography.exceptions import InvalidTag

from registry.credentials.cache import ProvedPins
from registry.credentials.identity import IdentityVault
from registry.credentials.keys import Key, Keyring
from registry.credentials.pins import Cost, PepperedHasher
from registry.credentials.pool import HashPool, PoolFullError
from registry.domain.card import CardNumber
from registry.domain.patron import PatronId, StoredSecret
from registry.domain.secret import Secret
from tests.clocks import HandClock

OLD, NEW = Key(b"the first pepper"), Key(b"the second pepper")
CHEAP = Cost(memory=8)
PATRON = PatronId(4711)


def test_a_stored_pin_proves_its_own_patron_and_nobody_else() -> None:
    hasher = PepperedHasher(Keyring(OLD), CHEAP)
    stored = hasher.hash(PATRON, Secret("4817"))
    assert hasher.check(stored, PATRON, Secret("4817"))
    assert not hasher.check(stored, PATRON, Secret("4818"))
    assert not hasher.check(stored, PatronId(4712), Secret("4817"))
    assert not hasher.check(None, PATRON, Secret("4817"))


def test_equal_pins_are_stored_differently_and_hold_nothing_of_the_pin() -> None:
    hasher = PepperedHasher(Keyring(OLD), CHEAP)
    first, second = (hasher.hash(PATRON, Secret("4817")) for _ in range(2))
    assert first.hashed != second.hashed
    assert "4817" not in repr(first)


def test_a_stolen_database_without_its_pepper_gives_no_pin_away() -> None:
    stored = PepperedHasher(Keyring(OLD), CHEAP).hash(PATRON, Secret("0042"))
    thief = PepperedHasher(Keyring(NEW), CHEAP)
    found = [
        pin
        for pin in range(100)
        if thief.check(StoredSecret(hashed=stored.hashed, pepper=NEW.id), PATRON, Secret(f"{pin:04d}"))
    ]
    assert found == []
    owner = PepperedHasher(Keyring(OLD), CHEAP)
    assert [pin for pin in range(100) if owner.check(stored, PATRON, Secret(f"{pin:04d}"))] == [42]


def test_a_pepper_can_be_changed_while_pins_of_the_former_one_still_work() -> None:
    stored = PepperedHasher(Keyring(OLD), CHEAP).hash(PATRON, Secret("4817"))
    later = PepperedHasher(Keyring(NEW, [OLD]), CHEAP)
    assert later.check(stored, PATRON, Secret("4817"))
    assert later.hash(PATRON, Secret("4817")).pepper == NEW.id
    assert not PepperedHasher(Keyring(NEW), CHEAP).check(stored, PATRON, Secret("4817"))


@pytest.mark.parametrize("hashed", ["", "not argon2", "$argon2id$v=19$m=8,t=1,p=1$AAAA$"])
def test_a_damaged_hash_is_a_no_and_no_crash(hashed: str) -> None:
    hasher = PepperedHasher(Keyring(OLD), CHEAP)
    assert not hasher.check(StoredSecret(hashed=hashed, pepper=OLD.id), PATRON, Secret("4817"))


def test_a_key_is_named_without_being_told() -> None:
    assert OLD.id != NEW.id
    assert "pepper" not in repr(OLD)
    with pytest.raises(ValueError, match="16 bytes"):
        Key(b"short")


def test_parts_of_a_mac_do_not_run_into_one_another() -> None:
    assert OLD.mac(b"ab", b"c") != OLD.mac(b"a", b"bc")


def test_an_identity_number_is_found_by_its_hash_and_read_by_its_owner_alone() -> None:
    vault = IdentityVault(OLD, NEW)
    sealed = vault.seal(Secret("17858610044"), PATRON)
    assert sealed.index == vault.index(Secret("17858610044"))
    assert b"17858610044" not in sealed.encrypted
    assert vault.unseal(sealed, PATRON).reveal() == "17858610044"
    with pytest.raises(InvalidTag):
        vault.unseal(sealed, PatronId(4712))


def test_tombstones_are_keyed() -> None:
    number = CardNumber("N001000009")
    assert IdentityVault(OLD, NEW).tombstone(number)[0] != IdentityVault(NEW, OLD).tombstone(number)[0]


def test_a_proved_pin_is_remembered_for_minutes_and_only_for_its_hash() -> None:
    clock = HandClock()
    proved = ProvedPins(clock.monotonic, seconds=300)
    stored = StoredSecret(hashed="a", pepper="p")
    mark = proved.mark("N001000001", Secret("4817"), stored)
    assert not proved.is_proved(mark)
    proved.remember(mark)
    assert proved.is_proved(proved.mark("N001000001", Secret("4817"), stored))
    for other in (
        proved.mark("N001000002", Secret("4817"), stored),
        proved.mark("N001000001", Secret("4818"), stored),
        proved.mark("N001000001", Secret("4817"), StoredSecret(hashed="b", pepper="p")),
        ProvedPins(clock.monotonic).mark("N001000001", Secret("4817"), stored),
    ):
        assert not proved.is_proved(other)
    clock.turn(300)
    assert not proved.is_proved(mark)


def test_the_cache_of_proved_pins_is_bounded() -> None:
    proved = ProvedPins(HandClock().monotonic, entries=10)
    for number in range(100):
        proved.remember(str(number).encode())
    assert len(proved) == 10
    assert proved.is_proved(b"99")


async def test_the_pool_refuses_what_it_cannot_hold_and_recovers() -> None:
    pool, gate = HashPool(threads=1, queue=1), threading.Event()
    first, second = (asyncio.ensure_future(pool.run(gate.wait, 5)) for _ in range(2))
    await asyncio.sleep(0)
    assert (pool.in_use, pool.waiting) == (1, 1)
    with pytest.raises(PoolFullError):
        await pool.run(gate.wait, 5)
    second.cancel()
    gate.set()
    assert await first
    async with asyncio.timeout(5):
        while pool.in_use:
            await asyncio.sleep(0.001)
    assert await pool.run(lambda: 42) == 42
    pool.close()
