"""A Koha carrier and a simulated Koha, older and newer: looked up, created, brought up to date, ended."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from gateway.delivery.carriers import Brought, Duplicate, LookedUp, NotSent, NotThere, Rejected, SomebodyElse, There
from gateway.simulators.koha import FirstPatron, Profile, built_in_koha
from registry.domain.delivery import DeliveryKind
from tests.gateway.delivery.koha_world import CARD, MAPPING, NEWER_CARD, PATIENCE, changed, koha, parcel
from tests.simulators.koha_contract import needs_contract

PROFILES: tuple[Profile, ...] = ("old", "new")
both = pytest.mark.parametrize("profile", PROFILES)
UPDATE, END = DeliveryKind.UPDATE, DeliveryKind.END


@needs_contract
def test_every_request_and_answer_of_these_tests_was_held_against_the_contract() -> None:
    """`koha` does it; that the file is at hand shows here."""


@both
async def test_a_patron_who_is_not_there_is_created_once_and_then_found(profile: Profile) -> None:
    async with koha(profile) as there:
        assert await there.carrier.look_up(parcel(), PATIENCE) == NotThere()
        assert await there.carrier.create(parcel(), PATIENCE) == Brought(CARD)
        assert await there.carrier.look_up(parcel(), PATIENCE) == There(CARD)
        stored = there.stored()
        assert (stored["library_id"], stored["category_id"], stored["userid"]) == ("NORD", "VOKSEN", CARD)
        assert (stored["surname"], stored["city"], stored["lang"]) == ("Ødegård", "Båtsfjord", "se-NO")
        assert stored["expiry_date"] == "2031-11-23"  # Koha's own: sixty months of this category
        assert there.simulator.counts["token"] == 1


@both
async def test_the_account_that_is_created_opens_with_no_password(profile: Profile) -> None:
    async with koha(profile) as there:
        await there.carrier.create(parcel(), PATIENCE)
        assert [one.password for one in there.simulator.books if one.fields["cardnumber"] == CARD] == ["!"]
        assert "password" not in there.sent("POST")[0]


@both
async def test_a_second_creation_is_a_duplicate_and_makes_no_twin(profile: Profile) -> None:
    async with koha(profile) as there:
        await there.carrier.create(parcel(), PATIENCE)
        assert await there.carrier.create(parcel(), PATIENCE) == Duplicate("number_taken")
        assert sum(one.fields["surname"] == "Ødegård" for one in there.simulator.books) == 1


@both
@pytest.mark.parametrize(
    ("stored", "outcome"),
    [
        ({}, There(CARD)),
        ({"cardnumber": "S100009"}, There("S100009")),
        ({"cardnumber": None}, There(CARD)),
        ({"surname": "ØDEGÅRD", "firstname": "ÅSE MARIE"}, There(CARD)),
        ({"surname": "Berg"}, SomebodyElse("another_person")),
        ({"date_of_birth": "1950-01-01"}, SomebodyElse("another_person")),
        ({"surname": "", "firstname": None, "date_of_birth": None}, SomebodyElse("another_person")),
        # The database compares without regard to case; the number is another one all the same.
        ({"cardnumber": "n000123456", "userid": "x"}, SomebodyElse("other_number")),
    ],
)
async def test_who_has_the_number_is_the_patron_only_if_name_and_birth_date_fit(
    profile: Profile, stored: dict[str, Any], outcome: LookedUp
) -> None:
    async with koha(profile) as there:
        there.add(**stored)
        assert await there.carrier.look_up(parcel(), PATIENCE) == outcome


@both
async def test_a_number_that_merely_contains_the_card_is_not_looked_at(profile: Profile) -> None:
    async with koha(profile) as there:
        there.add(cardnumber=f"X{CARD}9", userid=f"X{CARD}9")
        assert await there.carrier.look_up(parcel(), PATIENCE) == NotThere()
        assert {asked["_match"] for asked in there.sent("GET")} == {"exact"}


@both
async def test_two_patrons_with_one_number_are_for_staff(profile: Profile) -> None:
    async with koha(profile) as there:
        there.add()
        there.add(cardnumber=CARD.lower(), userid="x")
        assert await there.carrier.look_up(parcel(), PATIENCE) == SomebodyElse("several_found")


@both
async def test_a_former_card_leads_to_the_patron(profile: Profile) -> None:
    async with koha(profile) as there:
        there.add()
        assert await there.carrier.look_up(parcel(card=NEWER_CARD), PATIENCE) == NotThere()
        replaced = parcel(card=NEWER_CARD, former_cards=(CARD,))
        assert await there.carrier.look_up(replaced, PATIENCE) == There(CARD)


async def test_an_attribute_leads_to_the_patron_and_is_set_on_a_new_one() -> None:
    async with koha(attribute_type="NLNR") as there:
        there.add(cardnumber="S100009", userid="aase", attributes=[("NLNR", CARD)])
        assert await there.carrier.look_up(parcel(), PATIENCE) == There("S100009")
        other = parcel(card=NEWER_CARD, view=changed(name="Berg, Jonas"))
        assert await there.carrier.look_up(other, PATIENCE) == NotThere()
        assert await there.carrier.create(other, PATIENCE) == Brought(NEWER_CARD)
        assert await there.carrier.create(replace(other, card=CARD), PATIENCE) == Duplicate("attribute_taken")
        assert [one.attributes for one in there.simulator.books][-1] == [("NLNR", NEWER_CARD)]


async def test_the_attribute_is_compared_exactly() -> None:
    async with koha(attribute_type="NLNR") as there:
        there.add(cardnumber="S100009", userid="aase", attributes=[("NLNR", CARD.lower())])
        assert await there.carrier.look_up(parcel(), PATIENCE) == SomebodyElse("other_number")


@both
async def test_capitals_of_a_library_that_wants_them_are_the_same_name(profile: Profile) -> None:
    async with koha(profile, uppercase_surnames=True) as there:
        await there.carrier.create(parcel(), PATIENCE)
        assert there.stored()["surname"] == "ØDEGÅRD"
        assert await there.carrier.look_up(parcel(), PATIENCE) == There(CARD)


@both
async def test_a_patron_whom_the_key_may_not_see_is_a_duplicate_that_cannot_be_found(profile: Profile) -> None:
    async with koha(profile, sees_only="NORD") as there:
        there.add(library_id="HAVN")
        assert await there.carrier.look_up(parcel(), PATIENCE) == NotThere()
        assert await there.carrier.create(parcel(), PATIENCE) == Duplicate("number_taken")


async def test_a_namesake_born_on_the_same_day_is_for_staff_where_koha_asks() -> None:
    async with koha("new", duplicate_match=True) as there:
        there.add(cardnumber="S100009", userid="aase")
        assert await there.carrier.create(parcel(), PATIENCE) == Rejected("resembles_another")


@both
async def test_a_change_is_brought_and_branch_and_category_stay(profile: Profile) -> None:
    async with koha(profile) as there:
        stored = there.add(email="old@example.org", phone="+4778000009", opac_notes="Kjenner Arne")
        brought = parcel(UPDATE, local_id=CARD, view=changed(name="Berg, Åse Marie", phone=None))
        assert await there.carrier.update(brought, PATIENCE) == Brought(CARD)
        stored = there.stored()
        assert (stored["surname"], stored["email"], stored["phone"]) == ("Berg", "aase@example.org", None)
        assert (stored["library_id"], stored["category_id"]) == ("HAVN", "SENIOR")
        assert (stored["cardnumber"], stored["opac_notes"]) == (CARD, "Kjenner Arne")


@both
async def test_the_same_change_twice_is_the_same_once(profile: Profile) -> None:
    async with koha(profile) as there:
        there.add()
        told = [await there.carrier.update(parcel(UPDATE, local_id=CARD), PATIENCE) for _ in range(2)]
        assert told == [Brought(CARD), Brought(CARD)]
        # An older Koha has nothing to say of a change that changes nothing.
        assert [answer.status for asked, answer in there.seen if asked.method == "PUT" and answer] == [
            200,
            204 if profile == "old" else 200,
        ]


@both
async def test_a_newer_card_finds_the_patron_and_kiosks_keep_the_local_id(profile: Profile) -> None:
    async with koha(profile) as there:
        there.add()
        replaced = parcel(UPDATE, card=NEWER_CARD, former_cards=(CARD,), local_id=CARD)
        assert await there.carrier.update(replaced, PATIENCE) == Brought(CARD)
        assert (there.stored()["cardnumber"], there.stored()["userid"]) == (CARD, NEWER_CARD)
        assert await there.carrier.look_up(parcel(card=NEWER_CARD), PATIENCE) == There(CARD)


@both
async def test_a_patron_with_the_librarys_own_number_is_changed_under_it(profile: Profile) -> None:
    async with koha(profile) as there:
        there.add(cardnumber="S100009", userid="aase")
        brought = parcel(UPDATE, local_id="S100009")
        assert await there.carrier.update(brought, PATIENCE) == Brought("S100009")
        assert there.stored("S100009")["email"] == "aase@example.org"
        assert there.stored("S100009")["userid"] == "aase"


@both
@pytest.mark.parametrize(
    ("stored", "reason"), [(None, "gone"), ({"date_of_birth": "1950-01-01"}, "another_person")], ids=["gone", "other"]
)
async def test_a_change_goes_to_nobody_else(profile: Profile, stored: dict[str, Any] | None, reason: str) -> None:
    async with koha(profile) as there:
        if stored is not None:
            there.add(**stored)
        for brought in (parcel(UPDATE, local_id=CARD), parcel(END, local_id=CARD)):
            ends = brought.kind is END
            told = await (there.carrier.end if ends else there.carrier.update)(brought, PATIENCE)
            assert told == (Brought() if ends and reason == "gone" else Rejected(reason))
        assert there.sent("PUT") == []


async def test_a_superlibrarian_is_not_changed_by_a_key() -> None:
    first = FirstPatron(
        cardnumber=CARD, surname="Ødegård", library_id="HOVED", category_id="VOKSEN", superlibrarian=True
    )
    async with koha(world=replace(built_in_koha(), patrons=(first,))) as there:
        assert await there.carrier.update(parcel(UPDATE, local_id=CARD), PATIENCE) == Rejected("protected_staff")


@both
async def test_an_end_lets_the_patron_expire_yesterday_once(profile: Profile) -> None:
    async with koha(profile) as there:
        there.add(email="old@example.org")
        for _ in range(2):
            assert await there.carrier.end(parcel(END, local_id=CARD), PATIENCE) == Brought(CARD)
        assert there.stored()["expiry_date"] == "2026-11-22"
        assert there.stored()["email"] == "old@example.org"  # its own record, and kept
        assert len(there.sent("PUT")) == 1
        assert there.sent("DELETE") == []


@both
@pytest.mark.parametrize("account", [False, True])
async def test_a_key_or_an_account_opens(profile: Profile, account: bool) -> None:
    async with koha(profile, account=account, basic=account, oauth=not account) as there:
        assert await there.carrier.create(parcel(), PATIENCE) == Brought(CARD)
        assert there.simulator.counts["token"] == (0 if account else 1)


@both
@pytest.mark.parametrize(
    ("account", "habits", "reason"),
    [(False, {"oauth": False}, "keys_off"), (True, {"basic": False}, "key_refused")],
)
async def test_a_preference_that_is_off_stops_the_unit(
    profile: Profile, account: bool, habits: dict[str, Any], reason: str
) -> None:
    async with koha(profile, account=account, **habits) as there:
        assert await there.carrier.look_up(parcel(), PATIENCE) == NotSent(reason, whole_unit=True)
        assert await there.carrier.create(parcel(), PATIENCE) == NotSent(reason, whole_unit=True)


@both
async def test_a_key_without_permissions_stops_the_unit(profile: Profile) -> None:
    world = built_in_koha()
    powerless = replace(world, key=replace(world.key, permissions=frozenset()))
    async with koha(profile, world=powerless) as there:
        assert await there.carrier.look_up(parcel(), PATIENCE) == NotSent("key_may_not", whole_unit=True)
        assert await there.carrier.create(parcel(), PATIENCE) == NotSent("key_may_not", whole_unit=True)


@both
async def test_a_key_that_was_revoked_stops_the_unit_and_a_new_one_works_again(profile: Profile) -> None:
    world = built_in_koha()
    other = replace(world, key=replace(world.key, client_secret="another"))
    async with koha(profile, world=other) as there:
        assert await there.carrier.create(parcel(), PATIENCE) == NotSent("key_refused", whole_unit=True)
        there.simulator.library.keys._key = world.key
        assert await there.carrier.create(parcel(), PATIENCE) == Brought(CARD)


@both
async def test_a_token_is_renewed_before_it_ends_and_once_where_koha_forgot_it(profile: Profile) -> None:
    async with koha(profile, token_seconds=600) as there:
        await there.carrier.look_up(parcel(), PATIENCE)
        there.clock.turn(530)
        await there.carrier.look_up(parcel(), PATIENCE)
        assert there.simulator.counts["token"] == 1
        there.clock.turn(20)
        await there.carrier.look_up(parcel(), PATIENCE)
        assert there.simulator.counts["token"] == 2
        there.simulator.library.keys.expire()
        assert await there.carrier.create(parcel(), PATIENCE) == Brought(CARD)
        assert (there.simulator.counts["token"], there.simulator.counts["add"]) == (3, 2)


@both
@pytest.mark.parametrize(("field", "value"), [("default_branch", "NOWHERE"), ("category", "NOBODY")])
async def test_a_mapping_that_koha_does_not_know_stops_the_unit(profile: Profile, field: str, value: str) -> None:
    world = built_in_koha()
    poorer = replace(world, libraries=("HOVED",)) if field != "category" else replace(world, categories={"BARN": 1})
    async with koha(profile, world=poorer) as there:
        assert await there.carrier.create(parcel(), PATIENCE) == NotSent("mapping_unknown", whole_unit=True)


async def test_an_attribute_that_koha_does_not_have_or_misses_stops_the_unit() -> None:
    async with koha(attribute_type="OTHER") as there:
        assert await there.carrier.create(parcel(), PATIENCE) == NotSent("attribute_unfit", whole_unit=True)
    world = built_in_koha()
    strict = replace(world, attribute_types=tuple(replace(one, mandatory=True) for one in world.attribute_types))
    async with koha(world=strict) as there:
        assert await there.carrier.create(parcel(), PATIENCE) == NotSent("attribute_unfit", whole_unit=True)


async def test_an_old_koha_refuses_an_attribute_whole() -> None:
    async with koha("old", attribute_type="NLNR") as there:
        assert await there.carrier.create(parcel(), PATIENCE) == NotSent("field_unknown", whole_unit=True)


@both
async def test_two_creations_at_once_come_one_after_the_other(profile: Profile) -> None:
    async with koha(profile) as there:
        told = await asyncio.gather(*(there.carrier.create(parcel(), PATIENCE) for _ in range(4)))
        assert sorted(map(repr, told)) == sorted(map(repr, [Brought(CARD), *[Duplicate("number_taken")] * 3]))


async def test_a_patron_of_today_gets_the_expiry_of_the_mapping() -> None:
    async with koha(mapping=replace(MAPPING, expiry_years=2)) as there:
        await there.carrier.create(parcel(), PATIENCE)
        assert there.stored()["expiry_date"] == date(2028, 11, 23).isoformat()
