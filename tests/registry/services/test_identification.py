"""Who is this? – through memory, database and hash, on both engines."""

from __future__ import annotations

import asyncio
import dataclasses
from datetime import date, timedelta
from pathlib import Path

import pytest

from registry.domain.asker import AskerClass
from registry.domain.attempts import Limits, Scope
from registry.domain.card import CardNumber
from registry.domain.decisions import Granted, Question, Refusal, Refused, RegisterUnavailable, Situation
from registry.domain.institution import Agreement, Publication
from registry.domain.secret import Secret
from registry.domain.standing import StandingState
from registry.services.witness import PinResult
from tests.registry.placing import put
from tests.registry.services.houses import (
    CARD,
    OTHER,
    PIN,
    PUBLICATION,
    UNIT,
    House,
    house,
    kiosk,
    new_patron,
    second_process,
)
from tests.registry.storage.databases import ENGINES

UNKNOWN = "N009999999"


def reason(decision: object) -> Refusal | None:
    return decision.reason if isinstance(decision, Refused) else None


async def test_the_right_pin_is_granted_and_the_wrong_one_is_not(register: House) -> None:
    granted = await register.ask()
    assert isinstance(granted, Granted)
    assert granted.situation is Situation.GUEST
    assert reason(await register.ask("9999")) is Refusal.WRONG_PIN


@pytest.mark.parametrize("pin", [None, ""])
async def test_no_pin_is_no_attempt_and_never_a_yes(register: House, pin: str | None) -> None:
    for _ in range(20):
        assert reason(await register.ask(pin)) is Refusal.NO_PIN
    assert register.hasher.checks == 0
    assert isinstance(await register.ask(), Granted)


async def test_a_right_pin_is_remembered_and_answered_at_once_the_next_time(register: House) -> None:
    await register.ask()
    await register.ask()
    question = Question(card=CARD, pin=Secret(PIN), asker=kiosk())
    assert isinstance(register.door.at_once(question), Granted)
    assert register.hasher.checks == 1


async def test_a_remembered_pin_is_forgotten_after_minutes(register: House) -> None:
    await register.ask()
    register.clock.turn(301)
    await register.ask()
    assert register.hasher.checks == 2


async def test_a_remembered_pin_opens_nothing_once_the_card_is_lost(register: House) -> None:
    await register.ask()
    await register.ask()
    await register.cards.report_lost(CARD, "test")
    assert await register.ask() == Refused(Refusal.CARD_LOST, pin_proved=True)


async def test_three_wrong_pins_make_the_card_wait_at_that_terminal_only(register: House) -> None:
    for _ in range(3):
        await register.ask("9999")
    held_off = await register.ask()
    assert reason(held_off) is Refusal.WAIT
    assert isinstance(held_off, Refused)
    assert 29 <= held_off.wait <= 30
    assert isinstance(await register.ask(asker=kiosk("kiosk-2")), Granted)
    assert register.hasher.checks == 4


async def test_a_success_ends_the_row_of_failures_but_not_the_count_of_the_day(register: House) -> None:
    for wrong in ("9991", "9992"):
        await register.ask(wrong)
    await register.ask()
    for wrong in ("9993", "9994"):
        assert reason(await register.ask(wrong)) is Refusal.WRONG_PIN
    await register.ask()
    assert reason(await register.ask("9995")) is Refusal.WRONG_PIN
    register.clock.turn(400)
    assert reason(await register.ask()) is Refusal.LOCKED
    register.clock.turn(days=1)
    assert isinstance(await register.ask(), Granted)


async def test_five_wrong_pins_lock_the_card_at_every_terminal_and_the_right_pin_is_not_even_hashed(
    register: House,
) -> None:
    for number in range(5):
        await register.ask("9999", asker=kiosk(f"kiosk-{number}"))
    hashed = register.hasher.checks
    assert reason(await register.ask(asker=kiosk("kiosk-9"))) is Refusal.LOCKED
    assert register.hasher.checks == hashed == 5
    assert register.counts.pins[PinResult.LOCKED] == 1


async def test_ten_in_a_row_disable_the_card_until_staff_unlock_it(register: House) -> None:
    for _ in range(10):
        assert reason(await register.ask("9999")) is Refusal.WRONG_PIN
        register.clock.turn(days=2)
    assert reason(await register.ask()) is Refusal.LOCKED
    register.clock.turn(days=300)
    assert reason(await register.ask()) is Refusal.LOCKED
    await register.cards.unlock(CARD, "test")
    assert isinstance(await register.ask(), Granted)


async def test_a_clock_set_forward_a_day_unlocks_nothing_early(register: House) -> None:
    for number in range(5):
        await register.ask("9999", asker=kiosk(f"kiosk-{number}"))
    register.clock.set_wall(86_400)
    assert reason(await register.ask(asker=kiosk("kiosk-9"))) is Refusal.LOCKED


async def test_attempts_survive_a_restart(register: House) -> None:
    for number in range(5):
        await register.ask("9999", asker=kiosk(f"kiosk-{number}"))
    restarted = second_process(register, register.database)
    assert reason(await restarted.ask()) is Refusal.LOCKED


async def test_parallel_guesses_are_hashed_no_more_often_than_the_limit_allows(register: House) -> None:
    guesses = [register.ask(f"{guess:04d}", asker=kiosk(f"kiosk-{guess % 40}")) for guess in range(200)]
    reasons = {reason(decision) for decision in await asyncio.gather(*guesses)}
    assert reasons <= {Refusal.WRONG_PIN, Refusal.LOCKED, Refusal.WAIT}
    assert register.hasher.checks <= 5


async def test_equal_honest_checks_at_the_same_time_are_one_check(register: House) -> None:
    asked = [register.ask(asker=kiosk(f"kiosk-{number}")) for number in range(30)]
    assert all(isinstance(decision, Granted) for decision in await asyncio.gather(*asked))
    assert register.hasher.checks == 1


async def test_an_unknown_card_is_hashed_and_counted_like_a_wrong_pin(register: House) -> None:
    for _ in range(5):
        assert reason(await register.ask("9999", card=UNKNOWN)) is Refusal.UNKNOWN_CARD
    assert register.hasher.checks == 3
    assert register.counts.pins[PinResult.REJECTED] == 3


async def test_a_deleted_patrons_number_is_known_to_nobody(register: House) -> None:
    await register.ask()
    await register.patrons.delete_patron(CARD, "test")
    assert reason(await register.ask()) is Refusal.UNKNOWN_CARD


async def test_a_terminal_with_many_failures_is_slowed_and_then_refused(register: House) -> None:
    asker = kiosk("kiosk-1")
    decisions = [await register.ask("9999", card=f"N00900{number:04d}", asker=asker) for number in range(30)]
    delays = [decision.delay for decision in decisions]
    assert delays[:8] == [0.0] * 8
    assert set(delays[8:24]) == {2.0}
    hashed = register.hasher.checks
    assert hashed == 24
    assert reason(await register.ask(asker=asker)) is Refusal.WAIT
    assert isinstance(await register.ask(asker=kiosk("kiosk-2")), Granted)
    register.clock.turn(600)
    assert isinstance(await register.ask(asker=asker), Granted)
    assert register.counts.throttles[Scope.TERMINAL] > 0


async def test_walking_through_the_numbers_is_slowed_and_then_refused_and_locals_are_not_touched(
    engine_name: str, tmp_path: Path
) -> None:
    async with house(engine_name, tmp_path, Limits(strangers=4)) as register:
        await register.patrons.add_patron(new_patron(local_at={UNIT: "S1"}), "test")
        looks = [await register.ask(None, card=f"N00900{number:04d}") for number in range(14)]
        assert [look.delay for look in looks[:12]] == [0.0] * 4 + [2.0] * 8
        assert [reason(look) for look in looks[12:]] == [Refusal.WAIT] * 2
        assert reason(await register.ask(None)) is Refusal.NO_PIN
        assert isinstance(await register.ask(), Granted)


async def test_looking_at_the_same_stranger_again_costs_no_budget(engine_name: str, tmp_path: Path) -> None:
    async with house(engine_name, tmp_path, Limits(strangers=1)) as register:
        await register.patrons.add_patron(new_patron(), "test")
        assert {(await register.ask(None)).delay for _ in range(9)} == {0.0}


async def test_a_patron_is_local_in_the_same_moment_as_the_standing_is_set(register: House) -> None:
    await register.ask()
    await put(register.database, CARD, UNIT, StandingState.LOCAL, "S200002")
    decision = await register.ask()
    assert isinstance(decision, Granted)
    assert (decision.situation, decision.view.name) == (Situation.LOCAL, "Ødegård, Kjærsti")
    await put(register.database, CARD, UNIT, StandingState.ENDED)
    assert isinstance(guest := await register.ask(), Granted)
    assert guest.situation is Situation.GUEST


async def test_another_process_hears_of_a_lost_card(register: House, engine_name: str) -> None:
    from tests.registry.storage.databases import opened

    await register.ask()
    await register.ask()
    other_database = await opened(register.database._url)
    try:
        await second_process(register, other_database).cards.report_lost(CARD, "test")
        async with asyncio.timeout(5):
            while isinstance(await register.ask(), Granted):
                await asyncio.sleep(0.01)
    finally:
        await other_database.close()


async def test_activity_is_a_date_and_is_written_once_a_day(register: House) -> None:
    async def last_activity() -> date | None:
        async with register.database.unit_of_work() as work:
            found = await work.cards.find(CARD)
            assert found is not None
            person = await work.patrons.find(found.patron)
            assert person is not None
            return person[0].last_activity

    await register.ask("9999")
    assert await last_activity() is None
    await register.ask()
    assert await last_activity() == register.clock.today()
    register.clock.turn(days=1)
    await register.ask()
    assert await last_activity() == register.clock.today()


async def test_a_guest_at_a_kiosk_leaves_an_encounter_that_ends_with_the_session(register: House) -> None:
    async def met() -> bool:
        async with register.database.unit_of_work() as work:
            return await work.encounters.find(UNIT, "kiosk-1", CARD, register.clock.steady()) is not None

    assert not await met()
    await register.ask()
    assert await met()
    await register.door.end_encounter(kiosk(), CARD, register.clock.monotonic() + 5)
    assert not await met()
    await register.ask()
    assert await met()
    register.clock.turn(301)
    assert not await met()


@pytest.mark.parametrize("kind", [AskerClass.DOOR, AskerClass.PC, AskerClass.SORTER, AskerClass.SERVICE])
async def test_no_other_terminal_leaves_an_encounter(register: House, kind: AskerClass) -> None:
    await register.ask(asker=kiosk("t", kind))
    async with register.database.unit_of_work() as work:
        assert await work.encounters.find(UNIT, "t", CARD, register.clock.steady()) is None


async def test_an_encounter_never_makes_a_missing_pin_right(register: House) -> None:
    await register.ask()
    assert reason(await register.ask(None)) is Refusal.NO_PIN
    assert reason(await register.ask("")) is Refusal.NO_PIN


async def test_without_a_valid_agreement_nobody_gets_anything(register: House) -> None:
    register.clock.turn(days=4 * 365)
    assert reason(await register.ask()) is Refusal.NO_AGREEMENT
    assert reason(await register.ask(asker=kiosk("film", AskerClass.SERVICE))) is Refusal.NO_AGREEMENT
    assert register.hasher.checks == 0


async def test_a_unit_that_was_taken_out_of_the_files_is_admitted_no_longer(register: House) -> None:
    units = tuple(unit for unit in PUBLICATION.units if unit.id == OTHER)
    await register.libraries.publish(Publication(institutions=PUBLICATION.institutions, units=units))
    assert reason(await register.ask()) is Refusal.NO_AGREEMENT


async def test_a_renewed_agreement_counts_from_the_publication_on(register: House) -> None:
    register.clock.turn(days=4 * 365)
    longer = Agreement(reference="a/2", valid_from=date(2026, 1, 1), valid_until=date(2032, 12, 31))
    units = tuple(dataclasses.replace(unit, agreement=longer) for unit in PUBLICATION.units)
    await register.libraries.publish(Publication(institutions=PUBLICATION.institutions, units=units))
    assert isinstance(await register.ask(), Granted)


async def test_a_terminal_turned_away_is_audited_once_an_hour(register: House) -> None:
    async def audited() -> int:
        await register.database.chain.seal()
        return (await register.database.chain.head())[0]

    before = await audited()
    for _ in range(3):
        await register.door.turned_away(kiosk(), register.clock.monotonic() + 5)
    assert await audited() == before + 1
    register.clock.turn(3601)
    await register.door.turned_away(kiosk(), register.clock.monotonic() + 5)
    assert await audited() == before + 2


@pytest.mark.parametrize(
    ("kind", "refusal"),
    [(AskerClass.KIOSK, Refusal.UNKNOWN_CARD), (AskerClass.SERVICE, Refusal.NATIONAL_CARD_NEEDED)],
)
async def test_a_local_card_is_never_looked_up_nationally(register: House, kind: AskerClass, refusal: Refusal) -> None:
    assert reason(await register.ask(card=None, asker=kiosk("t", kind))) is refusal
    assert register.hasher.checks == 0


async def test_a_password_is_asked_for_at_a_service_and_a_pin_is_not_counted_there(empty: House) -> None:
    await empty.patrons.add_patron(new_patron(password=Secret("fjellrev-og-mus-46")), "test")
    film = kiosk("film", AskerClass.SERVICE)
    for _ in range(9):
        assert reason(await empty.ask(asker=film)) is Refusal.PIN_NOT_ENOUGH
    assert empty.hasher.checks == 0
    assert isinstance(await empty.ask("fjellrev-og-mus-46", asker=film), Granted)
    assert reason(await empty.ask("fjellrev-og-mus-47", asker=film)) is Refusal.WRONG_PIN
    assert isinstance(await empty.ask(), Granted)


async def test_a_patron_without_a_pin_can_prove_nothing(empty: House) -> None:
    await empty.patrons.add_patron(new_patron(pin=None), "test")
    assert reason(await empty.ask("0000")) is Refusal.WRONG_PIN
    assert empty.hasher.checks == 1


async def test_an_answer_that_comes_too_late_is_an_outage_and_no_decision(register: House) -> None:
    question = Question(card=CARD, pin=Secret(PIN), asker=kiosk())
    with pytest.raises(RegisterUnavailable):
        await register.door.answer(question, register.clock.monotonic() - 1)


async def test_a_check_goes_on_to_its_end_when_the_asker_has_gone(register: House) -> None:
    question = Question(card=CARD, pin=Secret("9999"), asker=kiosk())
    asked = asyncio.ensure_future(register.door.answer(question, register.clock.monotonic() + 5))
    async with asyncio.timeout(5):
        while not register.door._checks._under_way:
            await asyncio.sleep(0)
        asked.cancel()
        while register.door._checks._under_way:
            await asyncio.sleep(0.01)
    assert register.counts.pins[PinResult.REJECTED] == 1


async def test_what_never_reached_the_check_is_not_held_against_the_card(register: House) -> None:
    register.door._checks._hashing.pool._limit = 0
    for _ in range(12):
        with pytest.raises(RegisterUnavailable):
            await register.ask("9999")
    register.door._checks._hashing.pool._limit = 4
    assert isinstance(await register.ask(), Granted)
    assert register.counts.pins[PinResult.UNAVAILABLE] == 12


async def test_caches_are_bypassed_when_changes_would_go_unnoticed(register: House) -> None:
    await register.ask()
    await register.ask()
    question = Question(card=CARD, pin=Secret(PIN), asker=kiosk())
    assert register.door.at_once(question) is not None
    await register.database.signal.stop()
    register.clock.turn(2)
    async with asyncio.timeout(5):
        while register.door.at_once(question) is not None:
            await asyncio.sleep(0.05)


def test_every_engine_that_is_named_is_tested() -> None:
    assert "sqlite" in ENGINES


async def test_deadlines_and_encounters_follow_the_steady_clock(register: House) -> None:
    await register.ask()
    register.clock.set_wall(-86_400)
    async with register.database.unit_of_work() as work:
        now = register.clock.steady()
        found = await work.encounters.find(UNIT, "kiosk-1", CARD, now)
        assert found is not None
        assert found.until - found.pin_proved_at == timedelta(minutes=5)
        assert await work.encounters.find(UNIT, "kiosk-1", CardNumber("N001000099"), now) is None
