"""What operators do with patrons and cards, on both engines."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from registry.domain.card import CardKind, CardNumber, CardState
from registry.domain.decisions import Granted, Refusal, Refused
from registry.domain.patron import Address
from registry.domain.secret import Secret
from registry.domain.standing import StandingState
from registry.register import NewPatron, NotDoneError, RowRefusedError
from tests.registry.services.houses import CARD, UNIT, House, new_patron

IDENTITY = Secret("17858610044")
NEW = CardNumber("N001000002")


async def test_a_card_number_is_drawn_where_none_is_given(empty: House) -> None:
    first = await empty.patrons.add_patron(new_patron(card=None), "test")
    second = await empty.patrons.add_patron(new_patron(card=None, mobile="+47 400 55 222"), "test")
    assert first != second
    assert all(len(number) == 10 and number.startswith("N") for number in (first, second))


async def test_one_person_has_one_entry(empty: House) -> None:
    await empty.patrons.add_patron(new_patron(identity_number=IDENTITY), "test")
    with pytest.raises(NotDoneError, match="registered already"):
        await empty.patrons.add_patron(new_patron(card=NEW, identity_number=IDENTITY), "test")
    assert isinstance(await empty.ask(), Granted)


async def test_a_number_in_use_is_refused(register: House) -> None:
    with pytest.raises(NotDoneError, match="in use"):
        await register.patrons.add_patron(new_patron(), "test")


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"family_name": " "}, "family name"),
        ({"birth_date": date(2030, 1, 1)}, "future"),
        ({"identity_number": Secret("17858610045")}, "identity number"),
        ({"identity_number": Secret("02013299997")}, "identity number"),
        ({"pin": Secret("1234")}, "easy to guess"),
        ({"pin": Secret("1705")}, "easy to guess"),
        ({"password": Secret("short")}, "password"),
        ({"password": Secret("123456789012345")}, "password"),
    ],
)
async def test_a_faulty_patron_is_refused_with_the_reason_and_without_the_value(
    empty: House, changes: dict[str, Any], why: str
) -> None:
    with pytest.raises(NotDoneError, match=why) as refused:
        await empty.patrons.add_patron(new_patron(**changes), "test")
    for value in changes.values():
        if isinstance(value, Secret):
            assert value.reveal() not in str(refused.value)


async def test_a_weak_pin_is_counted(empty: House) -> None:
    with pytest.raises(NotDoneError):
        await empty.patrons.add_patron(new_patron(pin=Secret("1234")), "test")
    assert empty.counts.weak == 1


async def test_many_patrons_are_added_together_or_not_at_all(register: House) -> None:
    batch = [new_patron(card=NEW), new_patron(card="N001000003"), new_patron(card=CARD)]
    with pytest.raises(RowRefusedError) as refused:
        await register.patrons.add_patrons(batch, "test", lambda _: None)
    assert refused.value.position == 2
    assert (await register.ask(card=NEW)) == Refused(Refusal.UNKNOWN_CARD)
    told: list[int] = []
    await register.patrons.add_patrons(batch[:2], "test", told.append)
    assert told == [0, 1]
    assert isinstance(await register.ask(card=NEW), Granted)


async def test_a_replaced_card_points_to_the_new_one_and_the_pin_stays(register: House) -> None:
    await register.ask()
    assert await register.cards.replace(CARD, NEW, CardKind.PRINTED, "test") == NEW
    old, new = await register.ask(), await register.ask(card=NEW)
    assert old == Refused(Refusal.CARD_REPLACED, pin_proved=True)
    assert isinstance(new, Granted)
    sheet = await register.patrons.show(NEW, "test")
    assert [(card.number, card.state, card.replaced_by) for card in sheet.cards] == [
        (NEW, CardState.ISSUED, None),
        (CARD, CardState.REPLACED, NEW),
    ]


async def test_a_lost_card_can_be_replaced_and_a_replaced_one_cannot(register: House) -> None:
    await register.cards.report_lost(CARD, "test")
    drawn = await register.cards.replace(CARD, None, CardKind.DIGITAL, "test")
    assert isinstance(await register.ask(card=drawn), Granted)
    with pytest.raises(NotDoneError, match="replaced already"):
        await register.cards.replace(CARD, NEW, CardKind.DIGITAL, "test")
    with pytest.raises(NotDoneError, match="name that one"):
        await register.cards.report_lost(CARD, "test")


async def test_a_card_is_not_replaced_by_one_that_is_in_use(register: House) -> None:
    await register.patrons.add_patron(new_patron(card=NEW), "test")
    with pytest.raises(NotDoneError, match="in use"):
        await register.cards.replace(CARD, NEW, CardKind.DIGITAL, "test")
    assert isinstance(await register.ask(), Granted)


async def test_what_is_lost_already_or_unknown_is_said_so(register: House) -> None:
    await register.cards.withdraw(CARD, "test")
    with pytest.raises(NotDoneError, match="already"):
        await register.cards.withdraw(CARD, "test")
    for act in (register.cards.report_lost, register.cards.withdraw, register.cards.unlock):
        with pytest.raises(NotDoneError, match="no card"):
            await act(CardNumber("N009999999"), "test")


async def test_a_deleted_number_is_never_issued_again(register: House) -> None:
    await register.patrons.delete_patron(CARD, "test")
    with pytest.raises(NotDoneError):
        await register.patrons.add_patron(new_patron(), "test")
    other = await register.patrons.add_patron(new_patron(card=NEW), "test")
    with pytest.raises(NotDoneError):
        await register.cards.replace(other, CARD, CardKind.DIGITAL, "test")


async def test_a_deleted_person_may_come_back_with_a_new_number(empty: House) -> None:
    await empty.patrons.add_patron(new_patron(identity_number=IDENTITY), "test")
    await empty.patrons.delete_patron(CARD, "test")
    await empty.patrons.add_patron(new_patron(card=NEW, identity_number=IDENTITY), "test")
    assert isinstance(await empty.ask(card=NEW), Granted)


async def test_an_operator_sees_a_masked_sheet_unless_a_reason_is_given(empty: House) -> None:
    address = Address(lines=("Lia 1",), postal_code="8003", place="Bodø")
    await empty.patrons.add_patron(new_patron(registered_address=address, local_at={UNIT: "S7"}), "test")
    masked, whole = await empty.patrons.show(CARD, "test"), await empty.patrons.show(CARD, "test", "case 4711")
    assert masked.view.registered_address is None
    assert masked.view.name not in {None, "Ødegård, Kjærsti"}
    assert (whole.view.registered_address, whole.view.name) == (address, "Ødegård, Kjærsti")
    assert [(one.unit, one.state, one.local_id) for one in whole.standings] == [(UNIT, StandingState.LOCAL, "S7")]


async def test_the_local_id_is_stored_even_where_it_is_the_card_number(empty: House) -> None:
    await empty.patrons.add_patron(new_patron(local_at={UNIT: ""}), "test")
    assert (await empty.patrons.show(CARD, "test")).standings[0].local_id == CARD


async def test_every_act_is_audited_and_the_chain_verifies(register: House) -> None:
    chain = register.database.chain
    await register.cards.report_lost(CARD, "test")
    await register.cards.replace(CARD, NEW, CardKind.DIGITAL, "test")
    await register.patrons.show(NEW, "test")
    await register.patrons.delete_patron(NEW, "test")
    assert await chain.seal() >= 6
    assert await chain.verify() is None


async def test_a_locked_card_is_shown_as_locked(register: House) -> None:
    for _ in range(5):
        await register.ask("9999")
        register.clock.turn(600)
    sheet = await register.patrons.show(CARD, "test")
    assert (sheet.attempts_against, sheet.locked) == (5, True)


def test_a_new_patron_shows_nothing_in_its_repr() -> None:
    assert "Kjærsti" not in repr(NewPatron(family_name="Ødegård", given_name="Kjærsti", birth_date=date(1986, 5, 17)))
