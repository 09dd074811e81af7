"""From the rules that are shown to the local patron, in numbers, on both engines."""

from __future__ import annotations

from registry.domain.activating import Accepted, Hindered
from registry.domain.consent import Channel
from registry.domain.delivery import Result, Settled
from registry.domain.patron import Language
from registry.domain.standing import StandingState
from tests.registry.services.activations import claimed, entered, libraries, offered, soon
from tests.registry.services.houses import CARD, OTHER, House, kiosk


async def test_the_funnel_counts_what_was_offered_and_a_yes_once_however_often_it_is_tried(register: House) -> None:
    await register.libraries.publish(libraries())
    await offered(register)
    ticket = await entered(register)
    for _ in range(2):
        await register.portal.visit(ticket, soon(register))
    yes = await register.portal.accept(ticket, "3", Language.NB, soon(register))
    assert yes == Accepted(StandingState.CONSENTED)
    await register.portal.visit(ticket, soon(register))
    assert register.counts.offers == {Channel.KIOSK: 1, Channel.PHONE: 1}
    await register.courier.settle(await claimed(register), Settled(result=Result.NOT_SENT))
    await register.courier.settle(await claimed(register), Settled(result=Result.BROUGHT))
    moves = register.counts.moves
    assert (moves[StandingState.CONSENTED], moves[StandingState.LOCAL]) == (1, 1)


async def test_rules_that_cannot_be_accepted_are_offered_to_nobody(register: House) -> None:
    await register.libraries.publish(libraries())
    unproved = await register.consent.offer(kiosk(), CARD, Language.NB, soon(register))
    assert isinstance(unproved, Hindered)
    desk_only = await register.portal.visit(await entered(register, OTHER), soon(register))
    assert desk_only is not None
    assert desk_only.hindrance is not None
    assert not register.counts.offers
