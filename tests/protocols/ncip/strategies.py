"""Hypothesis: every message that may be sent, made from the declarations themselves."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any, TypeVar

from hypothesis import strategies as st

from protocols.ncip import MESSAGES, Coded, Element
from protocols.ncip import elements as e
from protocols.ncip import messages as m
from protocols.ncip.fields import Kind, Leaf
from protocols.ncip.spec import Place

_ID, _INPUTS = ("user_id",), ("authentication_inputs",)
_WHO = (_ID, _INPUTS)
_ADDRESS = (("physical_address",), ("electronic_address",))
_ITEM = (("item_id",), ("request_id",), ("request_id", "item_id"))
_WHOSE_ITEM = tuple((*who, *item) for who in _WHO for item in _ITEM)

CHOICES: dict[type[Element], tuple[tuple[str, ...], ...]] = {
    e.InitiationHeader: (("from_agency_id", "to_agency_id"),),
    e.ResponseHeader: (("from_agency_id", "to_agency_id"),),
    e.MandatedAction: (("date_event_occurred",),),
    e.NameInformation: (("personal_name_information",), ("organization_name_informations",)),
    e.PersonalNameInformation: (
        ("unstructured_personal_user_name",),
        ("structured_personal_user_name",),
        ("structured_personal_user_name", "unstructured_personal_user_name"),
    ),
    # A building and a house are parts of a street's address, and not sent beside lines.
    e.StructuredAddress: (
        ("location_within_building", "house_name", "street"),
        ("street", "district"),
        ("line1",),
        ("line1", "line2"),
        ("post_office_box",),
        ("district",),
    ),
    e.PhysicalAddress: (("structured_address",), ("unstructured_address",)),
    e.UserAddressInformation: _ADDRESS,
    e.AgencyAddressInformation: _ADDRESS,
    e.ShippingInformation: _ADDRESS,
    e.BibliographicId: (("bibliographic_item_id",), ("bibliographic_record_id",)),
    e.BibliographicRecordId: (("agency_id",), ("bibliographic_record_identifier_code",)),
    m.LookupUser: _WHO,
    m.CreateUser: ((), *_WHO),
    m.UpdateUser: _WHO,
    m.DeleteUser: _WHO,
    m.LookupAgency: (("agency_element_types",),),
    m.LookupUserResponse: (("problems",), ("user_id",)),
    m.CreateUserResponse: (("problems",), ("user_id",)),
    m.UpdateUserResponse: (("problems",), ("user_id",)),
    m.DeleteUserResponse: (("problems",), ("user_id",)),
    m.LookupAgencyResponse: (("problems",), ("agency_id",)),
    m.ItemRequested: (
        ("user_id", "item_id", "request_type", "request_scope_type"),
        ("user_id", "bibliographic_id", "request_id", "request_type", "request_scope_type"),
    ),
    m.RequestItem: tuple(
        (*who, what, "request_type", "request_scope_type") for who in _WHO for what in ("item_ids", "bibliographic_ids")
    ),
    m.RequestItemResponse: (
        ("problems",),
        *((*item, "user_id", "request_type", "request_scope_type") for item in _ITEM),
    ),
    m.CancelRequestItem: tuple((*names, "request_type") for names in _WHOSE_ITEM),
    m.CancelRequestItemResponse: (("problems",), *((*item, "user_id") for item in _ITEM)),
    m.ItemShipped: tuple((*item, "date_shipped", "shipping_information") for item in _ITEM),
    m.ItemReceived: (("item_id", "date_received"),),
    m.RenewItem: tuple((*who, "item_id") for who in _WHO),
    m.RenewItemResponse: (("problems",), ("item_id",)),
}
"""Attributes of which one group must be there and the other groups may not, so that the element is valid."""

TEXT = st.text(st.characters(exclude_categories=("Cc", "Cs", "Cn")), max_size=20).map(str.strip)
CODED = st.builds(Coded, TEXT, st.sampled_from((None, "http://www.niso.org/ncip/v1_0/schemes/a.scm", "urn:x")))
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_VALUES: dict[Kind, st.SearchStrategy[Any]] = {
    Kind.TEXT: TEXT,
    Kind.CODED: CODED,
    Kind.INSTANT: st.integers(-62_000 * 10**12, 250_000 * 10**12).map(lambda one: _EPOCH + timedelta(microseconds=one)),
    Kind.BIRTH_DATE: st.dates(date(1850, 1, 1), date(2026, 12, 31)),
    Kind.FLAG: st.just(value=True),
}


AnyElement = TypeVar("AnyElement", bound=Element)


@st.composite
def elements(draw: st.DrawFn, cls: type[AnyElement]) -> AnyElement:
    """An element of this class that is valid as it stands."""
    groups = CHOICES.get(cls, ((),))
    chosen = draw(st.sampled_from(groups))
    named = {name for group in groups for name in group}
    values = {}
    for place in cls.layout.places:
        needed = place.required or place.attribute in chosen
        if needed or (place.attribute not in named and draw(st.booleans())):
            values[place.attribute] = draw(_values(place))
    if "problems" in values:
        values = {name: value for name, value in values.items() if name in ("response_header", "problems")}
    return cls(**values)


def _values(place: Place) -> st.SearchStrategy[Any]:
    one = _leaves(place.leaf) if place.of is None else elements(place.of)
    return st.lists(one, min_size=1, max_size=2).map(tuple) if place.repeatable else one


def _leaves(leaf: Leaf | None) -> st.SearchStrategy[Any]:
    assert leaf is not None
    return _VALUES[leaf.kind]


MESSAGES_SENT = st.sampled_from([MESSAGES[name] for name in sorted(MESSAGES)]).flatmap(elements)
