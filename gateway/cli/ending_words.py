"""What an operator reads of a standing that was ended: what it is now, who is told and how, and what else went."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from registry.domain.institution import CarrierKind, LendingUnitId
from registry.domain.standing import StandingState
from registry.register import Ending

_CALLED = "The library's system is called by the daemon and told; until then it stands in {list}."
_TOLD_BY: Mapping[CarrierKind | None, str] = {
    CarrierKind.NCIP: _CALLED,
    CarrierKind.KOHA: _CALLED,
    CarrierKind.FEED: "The library's system reads it in its change feed.",
    CarrierKind.MANUAL: "No system of the library's is told: its staff close the record by hand. It stands in {list}.",
    None: "Nobody is told: the lending unit is in no partner file.",
}
_NOTHING_SENT = "Nothing had reached the library's system, and it is told nothing."
_CALLED_OFF: Mapping[StandingState, str] = {
    StandingState.AWAITING_DESK: "The patron waits for its desk no more. " + _NOTHING_SENT,
    StandingState.CONSENTED: "The patron is brought there no more. " + _NOTHING_SENT,
    StandingState.NEEDS_STAFF: (
        "The case is closed. The library's system is told nothing: look there for what an earlier try may have left."
    ),
}


def in_words(ending: Ending, card: str, unit: LendingUnitId) -> Iterator[str]:
    """Yield the lines; ``card`` is shown as it is given."""
    if ending.state is StandingState.GUEST:
        yield f"{card} is a guest at {unit} again."
        yield _CALLED_OFF[ending.before]
        return
    yield f"{card} is a local patron of {unit} no more."
    yield _TOLD_BY[ending.carrier].format(list=f"`portvakt activations list --unit {unit}`")
    if ending.lost_home is not None:
        yield f"The home library was {ending.lost_home}: the patron has none until one is chosen where they are local."
    yield (
        "Whoever comes there again is recognised anew: local where the library's system still has the record open, "
        "else a guest."
    )
