"""What a partner file may say of how a lending unit's library system comes to know of its new patrons."""

from __future__ import annotations

from collections.abc import Mapping as MappingOf
from pathlib import Path
from typing import Annotated, Final, Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, model_validator

from config.fields import Line, Section, flag, is_loopback, text_that, unfit, whole
from config.ids import FileName, InstitutionId, Language
from config.places import is_address, judge_address

CarrierName = Literal["manual", "ncip", "koha", "feed"]

Code = Annotated[Line, text_that(lambda code: code == code.strip(), "a code without blanks around it")]


class AgeCategory(Section):
    """The category of patrons from an age on."""

    from_age: int = whole(0, 0, 120, "From this age on, up to the next category", "years")
    category: Code = Field(description="The library system's code of the category")


class Mapping(Section):
    """What a library system must be told of a patron and the register does not know."""

    categories: tuple[AgeCategory, ...] = Field(
        min_length=1, description="Categories by age, the first from age 0, each from a higher age than the one before"
    )
    default_branch: Code = Field(description="The library system's code of the branch, where branches names none")
    branches: MappingOf[InstitutionId, Code] = Field(
        default={}, description="The code of the branch by the institution where the patron was welcomed"
    )
    expiry_years: Annotated[int, Field(ge=1, le=100, strict=True)] | None = Field(
        default=None,
        description="Years until a patron expires; none: the library system's own (years, 1 to 100)",
        json_schema_extra={"expected": "a whole number of years between 1 and 100"},
    )
    languages: MappingOf[Language, Code] = Field(
        default={}, description="Its code of each language; one that is not named is left out"
    )
    text_messages: bool = flag(False, "Whether notices may go to the mobile number as text messages")

    @model_validator(mode="after")
    def _ages_ascend_from_birth(self) -> Self:
        ages = [one.from_age for one in self.categories]
        if ages[0] != 0 or ages != sorted(set(ages)):
            raise unfit(
                "categories from age 0 on, each from a higher age than the one before",
                ", ".join(map(str, ages)),
                "categories",
            )
        return self


_ADDRESSES: Final[MappingOf[str, tuple[str, ...]]] = {
    "ncip": ("http", "https", "tcp", "tcps"),
    "koha": ("http", "https"),
}
_NEEDED: Final[MappingOf[str, tuple[str, ...]]] = {
    "manual": (),
    "ncip": ("url",),
    "koha": ("url", "mapping"),
    "feed": (),
}
_TAKEN: Final[MappingOf[str, frozenset[str]]] = {
    "manual": frozenset({"mapping"}),
    "ncip": frozenset({"url", "plaintext", "ca", "server_name", "agency", "system", "secret_file"}),
    "koha": frozenset({"url", "ca", "client_id", "secret_file", "user", "password_file", "attribute", "mapping"}),
    "feed": frozenset({"feed_minutes"}),
}
"""Which keys mean something to a carrier; any other that is set was meant for another one."""


class Delivery(Section):
    """How patrons who have accepted the rules are brought to the library system."""

    carrier: CarrierName = Field(
        default="manual", description="manual (staff type in), ncip, koha, or feed (it asks for changes itself)"
    )
    url: str | None = Field(
        default=None,
        repr=False,
        description="ncip: http://, https://, tcp:// or tcps:// and the host; koha: https://… up to /api/v1",
    )
    plaintext: bool = flag(False, "ncip: whether http:// and tcp:// are allowed to other machines than this one")
    ca: Path | None = Field(
        default=None, description="PEM authorities instead of the machine's; a relative path is beside this file"
    )
    server_name: Line | None = Field(
        default=None, description="ncip: the name in its certificate, where not the host's"
    )
    agency: Line | None = Field(default=None, description="ncip: the agency id it goes by; none: the lending unit's")
    system: Line | None = Field(default=None, description="ncip: the FromSystemId that it knows us by; none: not sent")
    client_id: Line | None = Field(default=None, description="koha: the id of the API key")
    secret_file: FileName | None = Field(
        default=None,
        description="File in the credentials directory; koha: the API key's secret; ncip: our FromAgencyAuthentication",
    )
    user: Line | None = Field(default=None, description="koha: the staff account, instead of an API key")
    password_file: FileName | None = Field(
        default=None, description="koha: file in the credentials directory with the password of that account"
    )
    attribute: Code | None = Field(
        default=None, description="koha: type of the patron attribute that holds national card numbers; none: not used"
    )
    feed_minutes: int = whole(10, 1, 1440, "feed: how soon it asks; patrons are told to wait this long", "minutes")
    mapping: Mapping | None = Field(
        default=None, description="What it must be told besides; koha needs it, and staff type it in"
    )

    @model_validator(mode="after")
    def _has_what_its_carrier_needs(self) -> Self:
        for key in _NEEDED[self.carrier]:
            if getattr(self, key) is None:
                raise unfit(f'a value, as the carrier is "{self.carrier}"', "nothing", key)
        for key, field in type(self).model_fields.items():
            if key != "carrier" and getattr(self, key) != field.default and key not in _TAKEN[self.carrier]:
                raise unfit(f'nothing, as the carrier is "{self.carrier}"', "a value", key)
        return self

    @model_validator(mode="after")
    def _is_asked_at_a_safe_address(self) -> Self:
        schemes = _ADDRESSES.get(self.carrier)
        if self.url is None or schemes is None:
            return self
        if not is_address(self.url, schemes):
            raise unfit("an address such as https://ils.example.org/ncip", key="url")
        judge_address(self.url, plaintext=self.plaintext)
        if self.carrier == "koha":
            self._judge_koha()
        return self

    def _judge_koha(self) -> None:
        parts = urlsplit(self.url or "")
        if parts.query or parts.fragment:
            raise unfit("an address that ends with its path, such as https://koha.example.org/api/v1", key="url")
        if parts.scheme == "http" and not is_loopback(parts.hostname or ""):
            raise unfit("https://, or a loopback host", "plain text to others", "url")
        key = (self.client_id is not None, self.secret_file is not None)
        account = (self.user is not None, self.password_file is not None)
        if sorted((key, account)) != [(False, False), (True, True)]:
            raise unfit("client_id and secret_file, or user and password_file", "neither or both", "client_id")
        if ":" in (self.user or ""):
            raise unfit("a user without a colon", key="user")
