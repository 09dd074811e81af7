"""The demo's NCIP door is where, and for whom, everybody was told."""

from __future__ import annotations

from config.settings import NcipListener
from gateway.cli.demo import demo
from gateway.demo_world import AGENCY, FJORDBY, INITIATORS, STORBYEN
from tests.gateway.worlds import Served


def test_the_demo_listens_where_everybody_was_told() -> None:
    ports = {option.name: option.default for option in demo.params}
    assert ports["ncip_port"] == 6080
    assert NcipListener.model_fields["path"].default == "/ncip"
    assert AGENCY == "NO-0030100"


async def test_the_demos_initiators_are_those_that_everybody_was_told_of(shared: Served) -> None:
    assert INITIATORS == {
        "storbyen-ils": "demo-storbyen-ils",
        "fjordby-ils": "demo-fjordby-ils",
        "film": "demo-film",
        "storbyen-desk": "demo-storbyen-desk",
    }
    known = {one.id: one for one in shared.daemon._ncip.initiators._all}
    assert known.keys() == INITIATORS.keys()
    assert {id_ for id_, one in known.items() if one.lookup_without_pin} == {"storbyen-ils"}
    assert {id_ for id_, one in known.items() if one.is_service} == {"film"}
    assert {id_ for id_, one in known.items() if one.activations_without_pin} == {"storbyen-desk"}
    agencies = {id_: next(iter(one.askers.values())).institution for id_, one in known.items()}
    assert agencies == {
        "storbyen-ils": STORBYEN,
        "storbyen-desk": STORBYEN,
        "fjordby-ils": FJORDBY,
        "film": "film",
    }
    assert shared.daemon.addresses["ncip"][0] == "127.0.0.1"
