"""What `partners.d/*.toml` may say of libraries, services and their terminals, with every default."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Annotated, Final, Literal, Self

from pydantic import AfterValidator, Field, SecretStr, model_validator

from config.delivery import Delivery
from config.fields import Cidr, Line, Section, flag, is_wide, matching, seconds, text_that, unfit, whole
from config.ids import FileName, InstitutionId, Language
from config.places import is_address, judge_address

TerminalClass = Literal["kiosk", "door", "pc", "sorter", "staff", "service"]
ConsentChannel = Literal["phone", "desk", "ils", "kiosk"]

Name = Annotated[str, matching(r"[a-z0-9][a-z0-9-]{0,62}", "a name of small letters, digits and hyphens, at most 63")]

_ARGON2: Final = re.compile(r"\$argon2id\$v=[0-9]+\$m=[0-9]+,t=[0-9]+,p=[0-9]+\$[A-Za-z0-9+/]{11,}\$[A-Za-z0-9+/]{22,}")


def _is_hash(secret: SecretStr) -> SecretStr:
    if not _ARGON2.fullmatch(secret.get_secret_value()):
        raise unfit("a hash made by `portvakt hash-secret`")
    return secret


def _plain_fingerprint(text: str) -> str:
    plain = text.replace(":", "").lower()
    if not re.fullmatch(r"[0-9a-f]{64}", plain):
        raise unfit("the SHA-256 fingerprint of a certificate, 64 hexadecimal digits")
    return plain


HashedSecret = Annotated[SecretStr, AfterValidator(_is_hash)]
Fingerprint = Annotated[str, AfterValidator(_plain_fingerprint)]
FieldCode = Annotated[str, matching(r"[A-Z][A-Z0-9]", "a field code such as AG")]
# Above zero, for at nothing no kiosk asks.
Amount = Annotated[str, matching(r"(?!0+\.00$)[0-9]{1,3}\.[0-9]{2}", "an amount above zero, such as 0.01")]
WholeText = Annotated[str, text_that(lambda text: bool(text.strip()), "a text that is not empty")]


class Agreement(Section):
    """The agreement without which nothing leaves the register for a library or service."""

    reference: Line = Field(description="The agreement's number in the archive")
    valid_from: date = Field(strict=True, description="The first day on which it holds")
    valid_until: date = Field(strict=True, description="The last day on which it holds")

    @model_validator(mode="after")
    def _begins_before_it_ends(self) -> Self:
        if self.valid_from > self.valid_until:
            raise unfit("a day not before valid_from", f"{self.valid_until}", "valid_until")
        return self

    def holds_on(self, day: date) -> bool:
        """Whether the agreement is valid on a day, its first and last included."""
        return self.valid_from <= day <= self.valid_until


class RulesText(Section):
    """The loan rules in one language."""

    short: Annotated[Line, text_that(lambda line: len(line) <= 160, "one line of at most 160 characters")] = Field(
        description="The rules in one line for a screen, at most 160 characters"
    )
    full: WholeText = Field(description="The whole text; or give full_file instead")
    full_file: str | None = Field(
        default=None, description="A UTF-8 file that holds the whole text; a relative path is beside this file"
    )


class Rules(Section):
    """A version of the loan rules of a lending unit; its texts never change once it is in use."""

    version: Annotated[Line, text_that(lambda line: len(line) <= 40, "a version of at most 40 characters")] = Field(
        description="The version that a patron accepts; a changed text needs a new one"
    )
    renew_acceptance: bool = flag(False, "Whether local patrons without a yes to this version are asked")
    languages: Mapping[Language, RulesText] = Field(description="The text in nb (always) and in any of nn, se, en")

    @model_validator(mode="after")
    def _bokmaal_is_there(self) -> Self:
        if "nb" not in self.languages:
            raise unfit("the rules in nb at least", "no table nb", "languages")
        return self


Port = Annotated[str, matching(r"(\[[0-9a-fA-F:]+\]|[A-Za-z0-9._-]+):[0-9]{1,5}", "an address such as 192.0.2.7:6001")]


class LibrarySystem(Section):
    """A library's own system behind the gateway, asked over SIP2."""

    id: Name = Field(description="The system's own name, in logs and metrics")
    addresses: tuple[Port, ...] = Field(
        min_length=1, description="Where its SIP2 server is, the preferred address first"
    )
    tls: bool = flag(False, "Whether it is asked over TLS, its certificate verified")
    ca: Path | None = Field(
        default=None, description="PEM authorities instead of the machine's; a relative path is beside this file"
    )
    server_name: Line | None = Field(default=None, description="The name in its certificate, where not the address")
    login: Line | None = Field(default=None, repr=False, description="The login there; none: no login is sent")
    password_file: FileName | None = Field(
        default=None, description="File in the credentials directory with the password of that login"
    )
    location: Line | None = Field(default=None, description="The location code sent at login")
    login_of_terminal: bool = flag(False, "Whether each terminal's own login and password are passed on instead")
    institution: Line | None = Field(
        default=None, description="The institution id it wants; none: as the kiosk sent it"
    )
    encoding: Literal["cp850", "iso-8859-1", "utf-8"] = Field(
        default="cp850", description="cp850 (the standard's), iso-8859-1 or utf-8"
    )
    terminator: Literal["cr", "crlf", "lf"] = Field(default="cr", description="What ends a request: cr, crlf or lf")
    delimiter: Annotated[str, matching(r"[!-/:-@\[-`{-~]", "one ASCII sign, no letter or digit")] = Field(
        default="|", description="The sign that ends a field"
    )
    error_detection: bool = flag(True, "Whether requests carry sequence numbers and checksums")
    echo: Literal["required", "optional", "ignored"] = Field(
        default="required", description="Whether its answers repeat the sequence number: required, optional, ignored"
    )
    replays: bool = flag(False, "Whether it answers a repeated request again without executing it twice")
    local_id_field: FieldCode | None = Field(
        default=None, description="Field of its answers with the patron's own id; none: the id that it answers with"
    )
    wants_terminal_password: bool = flag(False, "Whether it refuses requests without a terminal password, be it empty")
    wants_empty_pin: bool = flag(
        False, "Whether it refuses requests without a PIN field; an empty one counts as a wrong PIN at some systems"
    )
    wants_pin: bool = flag(
        False, "Whether it wants the PINs that the register has found right; by default they stay here"
    )
    birth_date_fields: tuple[FieldCode, ...] = Field(
        default=("PB",), description="Fields of its answers that may tell a birth date, the first one that does"
    )
    fills_validity: bool = flag(
        False, "Whether BL and CQ, where it leaves them out, are added to answers about local cards, too"
    )
    asks_status: bool = flag(True, "Whether it is asked for its status (99): after each login, and when idle")
    proves_patron: bool = flag(True, "Whether answers about another patron than asked for are refused")
    keep_alive: float = seconds(60, 5, 3600, "Idle links are kept alive by a status message this often")
    idle_close: float = seconds(0, 0, 86400, "Idle links are closed after so long without a request; 0: never")

    @model_validator(mode="after")
    def _logs_in_one_way(self) -> Self:
        if (self.login is None) != (self.password_file is None):
            raise unfit("login and password_file together", key="login")
        if self.login is not None and self.login_of_terminal:
            raise unfit("either login or login_of_terminal", "both", "login_of_terminal")
        return self


def _is_ncip_address(text: str) -> bool:
    return is_address(text, ("http", "https", "tcp", "tcps"))


class NcipEndpoint(Section):
    """Where a lending unit's own system takes the messages of loans between libraries."""

    url: Annotated[str, text_that(_is_ncip_address, "an address such as https://ils.example.org/ncip")] = Field(
        repr=False, description="http://, https://, tcp:// or tcps:// and the host; the last two with a port"
    )
    plaintext: bool = flag(False, "Whether http:// and tcp:// are allowed to other machines than this one")
    ca: Path | None = Field(
        default=None, description="PEM authorities instead of the machine's; a relative path is beside this file"
    )
    server_name: Line | None = Field(default=None, description="The name in its certificate, where not the host's")

    @model_validator(mode="after")
    def _says_where_it_is(self) -> Self:
        judge_address(self.url, plaintext=self.plaintext)
        return self


class LendingUnit(Section):
    """What has rules, an agreement and patrons of its own."""

    id: InstitutionId = Field(description="The institution that is this lending unit")
    acceptance: Literal["digital", "in_person"] = Field(
        default="in_person", description="Whether accepting the rules is enough, or a desk must approve"
    )
    minimum_age: int = whole(15, 0, 120, "The age from which a patron may accept alone", "years")
    pin_authority: Literal["register", "ils", "register_then_ils"] = Field(
        default="register", description="Who judges a PIN: register, ils or register_then_ils"
    )
    agreement: Agreement | None = Field(
        default=None, description="The agreement; without one nobody here gets anything from the register"
    )
    rules: Rules | None = Field(default=None, description="The loan rules; without them nobody can accept")
    library_system: Name | None = Field(
        default=None, description="The library system behind its terminals; none: only the register answers"
    )
    ncip: NcipEndpoint | None = Field(
        default=None, description="Where loans between libraries are sent on to; none: they are not taken for it"
    )
    delivery: Delivery | None = Field(
        default=None, description="How its new patrons are brought to its library system; none: staff type them in"
    )


class Institution(Section):
    """A library: one that lends by its own rules, or a branch of one."""

    id: InstitutionId = Field(description="The library's number with its country: opaque, never a number")
    name: Line = Field(description="Its name as patrons know it")
    parent: InstitutionId | None = Field(default=None, description="The institution that it is a branch of")
    lending_unit: InstitutionId | None = Field(
        default=None,
        description="Its lending unit, where that is neither itself nor the topmost parent that is one",
    )


class Service(Section):
    """A national digital service, which learns whether a patron is valid and no more."""

    id: Name = Field(description="The service's own name, such as film")
    name: Line = Field(description="Its name as patrons know it")
    agreement: Agreement | None = Field(
        default=None, description="The agreement; without one its terminals cannot log in"
    )


class Terminal(Section):
    """A kiosk or its like: who it is, what proves it, and what it may do."""

    id: Name = Field(description="Its name in logs and limits; never its login")
    institution: InstitutionId | None = Field(default=None, description="The library where it stands")
    service: Name | None = Field(default=None, description="The service that it speaks for, instead")
    # A door is answered yes for local patrons only, offers nothing and can take no consent. A sorter is answered
    # alike, but one that was left unnamed may well meet patrons, and staff and services are told more.
    terminal_class: TerminalClass = Field(
        default="door",
        alias="class",
        description="kiosk, door, pc, sorter, staff or service; the default is the strictest",
    )
    login: Line = Field(repr=False, description="The login name that it sends, unlike every other")
    secret: HashedSecret = Field(description="The hash of its password, made by `portvakt hash-secret`")
    networks: tuple[Cidr, ...] = Field(
        min_length=1, description="The networks it speaks from; wide ones need a certificate"
    )
    certificate: Fingerprint | None = Field(
        default=None, description="SHA-256 fingerprint of the certificate it must show"
    )
    kiosks: int = whole(1, 1, 1000, "How many kiosks share the login; limits grow with it")
    locations: tuple[Line, ...] = Field(
        default=(), description="Location codes it may send at login; an empty list means any"
    )
    pin_required: bool = flag(True, "False: local patrons pass with the card alone; guests never do")
    dialect: Name = Field(default="default", description="The dialect it speaks")
    consent_channels: tuple[ConsentChannel, ...] = Field(
        default=("desk",), description="Ways to accept rules that may be told here: phone, desk, ils, kiosk"
    )
    acknowledgement_amount: Amount = Field(
        default="0.01",
        description="The fee by which a kiosk is made to ask for a yes to loan rules; never charged",
    )
    language: Language | None = Field(
        default=None, description="The language of its screen: nb, nn, se or en; when unset, the dialect's"
    )

    @model_validator(mode="after")
    def _stands_in_one_place(self) -> Self:
        if (self.institution is None) == (self.service is None):
            raise unfit("either institution or service", "both or neither")
        if (self.service is not None) != (self.terminal_class == "service"):
            raise unfit('"service" for a terminal of a service, and for no other', key="class")
        if "kiosk" in self.consent_channels and self.terminal_class != "kiosk":
            raise unfit("the kiosk channel at a kiosk only", key="consent_channels")
        return self

    @model_validator(mode="after")
    def _is_bound_to_its_network(self) -> Self:
        if self.certificate is None and any(map(is_wide, self.networks)):
            raise unfit("narrower networks, or a certificate", "a network that binds nobody", "networks")
        return self


class Initiator(Section):
    """A library system or a service that asks over NCIP: who it is, what proves it, and what it may do."""

    id: Name = Field(description="Its name in logs and limits, unlike any terminal's; it may say it as FromSystemId")
    institution: InstitutionId | None = Field(default=None, description="The library that it speaks for")
    service: Name | None = Field(default=None, description="The service that it speaks for, instead")
    agencies: tuple[InstitutionId, ...] = Field(
        default=(), description="Other institutions that it may speak for, such as branches"
    )
    secret: HashedSecret | None = Field(
        default=None, description="The hash of its FromAgencyAuthentication, made by `portvakt hash-secret`"
    )
    networks: tuple[Cidr, ...] = Field(
        min_length=1, description="The networks it speaks from; wide ones need a certificate"
    )
    certificate: Fingerprint | None = Field(
        default=None, description="SHA-256 fingerprint of the certificate it must show"
    )
    kiosks: int = whole(10, 1, 1000, "How many desks, kiosks and pages it asks for; limits grow with it")
    lookup_without_pin: bool = flag(False, "Whether it may look patrons up by the card alone")
    guests_per_day: int = whole(20, 0, 10000, "Cards of no patron of its own that it may look up so in 24 hours")
    activations_without_pin: int = whole(
        0, 0, 1000, "Known guests that it may take in without a PIN in 24 hours, each told by mail; needs [mail]"
    )

    @model_validator(mode="after")
    def _speaks_for_one(self) -> Self:
        if (self.institution is None) == (self.service is None):
            raise unfit("either institution or service", "both or neither")
        granted = {
            "agencies": self.agencies,
            "lookup_without_pin": self.lookup_without_pin,
            "activations_without_pin": self.activations_without_pin,
        }
        key = next((key for key, value in granted.items() if value), None)
        if self.service is not None and key is not None:
            raise unfit("none for a service, which speaks for itself and always asks with a PIN", key=key)
        return self

    @model_validator(mode="after")
    def _is_proved(self) -> Self:
        if self.secret is None and self.certificate is None:
            raise unfit("a secret, a certificate or both", "neither", "secret")
        if self.certificate is None and any(map(is_wide, self.networks)):
            raise unfit("narrower networks, or a certificate", "a network that binds nobody", "networks")
        return self


# The checksum and what our answers stand on: a kiosk without these fields, or with two of them, misreads the rest.
_FIXED: Final = frozenset({"AA", "AD", "AE", "AO", "AY", "AZ", "BL", "CO", "CQ"})


class Dialect(Section):
    """How a terminal's SIP2 differs from the standard's."""

    encoding: Literal["cp850", "iso-8859-1", "utf-8"] = Field(
        default="cp850", description="cp850 (the standard's), iso-8859-1 or utf-8"
    )
    terminator: Literal["cr", "crlf", "lf"] = Field(default="cr", description="What ends an answer: cr, crlf or lf")
    error_detection: Literal["as_asked", "required"] = Field(
        default="as_asked", description="as_asked: checksums for who sends them; required: refused without"
    )
    delimiter: Annotated[str, matching(r"[!-/:-@\[-`{-~]", "one ASCII sign, no letter or digit")] = Field(
        default="|", description="The sign that ends a field"
    )
    login_required: bool = flag(True, "Whether a login comes before anything about a patron")
    status_before_login: bool = flag(False, "Whether a status message (99) is answered before the login")
    hide: tuple[FieldCode, ...] = Field(default=(), description="Codes of fields left out of every answer")
    add: Mapping[FieldCode, Line] = Field(
        default={}, description="Fields with a fixed text, added to answers to patron messages"
    )
    language: Language = Field(default="nb", description="The language of texts: nb, nn, se or en")
    timeout_tenths: int = whole(30, 0, 999, "The time-out told to the terminal in 98", "tenths of a second")
    retries: int = whole(3, 0, 999, "The number of retries told to the terminal in 98")
    off_line_in_outage: bool = flag(False, "Whether it is told off-line (98) while its library system is down")

    @model_validator(mode="after")
    def _leaves_answers_whole(self) -> Self:
        for key, codes in (("hide", set(self.hide)), ("add", set(self.add))):
            if codes & _FIXED:
                raise unfit(f"codes other than {', '.join(sorted(_FIXED))}", "one of them", key)
        return self

    @model_validator(mode="after")
    def _has_the_letters_of_its_language(self) -> Self:
        if self.language == "se" and self.encoding != "utf-8":
            raise unfit("utf-8 with se, for no other holds the letters of Northern Sámi", key="encoding")
        return self


class PartnersFile(Section):
    """One file of `partners.d`; all of them together make the set."""

    institutions: tuple[Institution, ...] = Field(default=(), description="Libraries")
    lending_units: tuple[LendingUnit, ...] = Field(default=(), description="What has rules and patrons")
    services: tuple[Service, ...] = Field(default=(), description="National digital services")
    library_systems: tuple[LibrarySystem, ...] = Field(default=(), description="Library systems behind terminals")
    terminals: tuple[Terminal, ...] = Field(default=(), description="Kiosks and their like")
    initiators: tuple[Initiator, ...] = Field(default=(), description="Library systems and services that ask over NCIP")
    dialects: Mapping[Name, Dialect] = Field(
        default={}, description="Dialects by name; one named default replaces the built-in one"
    )
