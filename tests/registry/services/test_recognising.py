"""Who is local already: from what a library system says to a standing, on both engines."""

from __future__ import annotations

from datetime import date

from registry.domain.card import CardKind, CardNumber
from registry.domain.decisions import Granted, Situation
from registry.domain.recognition import Recognition, Sighting
from registry.domain.standing import Origin, StandingState
from tests.registry.placing import put
from tests.registry.services.houses import CARD, OTHER, UNIT, House, kiosk, new_patron

BORN = date(1986, 5, 17)


async def sighted(register: House, sighting: Sighting, card: str = CARD) -> Recognition:
    return await register.door.sighted(kiosk(), CardNumber(card), sighting, register.clock.monotonic() + 5)


async def standing(register: House, card: str = CARD) -> tuple[StandingState, str | None, Origin] | None:
    sheet = await register.patrons.show(CardNumber(card), "test")
    here = [one for one in sheet.standings if one.unit == UNIT]
    return (here[0].state, here[0].local_id, here[0].origin) if here else None


async def state(register: House, card: str = CARD) -> StandingState | None:
    found = await standing(register, card)
    return found[0] if found else None


async def test_a_patron_whom_the_library_knows_is_local_and_was_discovered(register: House) -> None:
    await register.ask()
    seen = Sighting(known=True, name="Ødegård, Kjærsti", birth_date=BORN, local_id="S7")
    assert await sighted(register, seen) is Recognition.KNOWN
    assert await standing(register) == (StandingState.LOCAL, "S7", Origin.DISCOVERED)
    decision = await register.ask()
    assert isinstance(decision, Granted)
    assert decision.situation is Situation.LOCAL
    assert decision.standing is not None
    assert decision.standing.local_id == "S7"


async def test_a_doubtful_match_is_a_case_for_staff_and_never_local(register: House) -> None:
    seen = Sighting(known=True, name="Ødegård, Kjærsti", birth_date=date(1987, 5, 17), local_id="S7")
    assert await sighted(register, seen) is Recognition.DOUBTFUL
    assert await standing(register) == (StandingState.NEEDS_STAFF, None, Origin.DISCOVERED)
    assert await sighted(register, Sighting(known=True, local_id="S7")) is Recognition.KNOWN
    assert await state(register) is StandingState.NEEDS_STAFF


async def test_where_a_guest_has_merely_been_is_recorded_nowhere(register: House) -> None:
    assert await sighted(register, Sighting(known=False)) is Recognition.UNKNOWN
    assert await standing(register) is None


async def test_a_local_id_that_somebody_else_has_is_a_case_for_staff(register: House) -> None:
    await register.patrons.add_patron(new_patron(card="N001000002", local_at={UNIT: "S7"}), "test")
    seen = Sighting(known=True, name="Ødegård, Kjærsti", birth_date=BORN, local_id="S7")
    assert await sighted(register, seen) is Recognition.DOUBTFUL
    assert await state(register) is StandingState.NEEDS_STAFF
    assert await state(register, "N001000002") is StandingState.LOCAL


async def test_a_patron_whom_the_library_forgot_is_recognised_anew(register: House) -> None:
    await put(register.database, CARD, UNIT, StandingState.LOCAL, "S7")
    await put(register.database, CARD, OTHER, StandingState.LOCAL, "F7")
    await register.door.forgotten(kiosk(), CARD, register.clock.monotonic() + 5)
    assert await state(register) is StandingState.ENDED
    await sighted(register, Sighting(known=True, local_id="S8"))
    assert await standing(register) == (StandingState.LOCAL, "S8", Origin.DISCOVERED)
    others = [one for one in (await register.patrons.show(CARD, "test")).standings if one.unit == OTHER]
    assert others[0].is_local


async def test_an_unknown_card_is_sighted_by_nobody(register: House) -> None:
    assert await sighted(register, Sighting(known=True, local_id="S7"), "N009999999") is Recognition.UNKNOWN


async def test_a_local_id_leads_to_the_card_in_use_and_heeds_changes(register: House) -> None:
    async def card_of(local_id: str) -> str | None:
        return await register.door.card_of(UNIT, local_id, register.clock.monotonic() + 5)

    assert await card_of("S7") is None
    await put(register.database, CARD, UNIT, StandingState.LOCAL, "S7")
    assert await card_of("S7") is None  # what was not found is believed for a while
    register.clock.turn(31)
    assert await card_of("S7") == CARD
    assert await card_of("s7") is None
    await register.cards.replace(CARD, CardNumber("N001000002"), CardKind.PRINTED, "test")
    assert await card_of("S7") == "N001000002"
    await put(register.database, CardNumber("N001000002"), UNIT, StandingState.ENDED)
    assert await card_of("S7") is None
