"""Every setting of the daemon with its default, its unit and its bounds: the one home of a default.

Times are seconds unless the name says otherwise. The file is the only source: the environment overrides nothing,
so that what `portvakt check` has judged is what runs.
"""

from __future__ import annotations

from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from config.database_url import plain_hosts_only, with_driver
from config.fields import (
    Cidr,
    ListenHost,
    Section,
    ServerHost,
    flag,
    is_loopback,
    is_wide,
    matching,
    seconds,
    share,
    text_that,
    unfit,
    whole,
)
from config.public_url import is_public_url

FileName = Annotated[str, matching(r"[A-Za-z0-9][A-Za-z0-9._-]*", "a plain file name")]


class Tls(Section):
    """The certificate of a listener, and whose certificates it accepts."""

    certificate: Path = Field(
        description="PEM chain of the listener; a relative path is beside this file",
        examples=["tls/certificate.pem"],
    )
    key: Path = Field(description="PEM key; a relative path is inside the credentials directory", examples=["tls.key"])
    client_ca: Path | None = Field(
        default=None,
        description="PEM authorities; when set, every kiosk must show a certificate from one",
        examples=["tls/kiosks-ca.pem"],
    )
    minimum_version: Literal["1.2", "1.3"] = Field(
        default="1.2", description="The oldest TLS version accepted: 1.2 or 1.3"
    )


class Sip2Listener(Section):
    """One address on which kiosks are answered."""

    name: Annotated[str, matching(r"[a-z][a-z0-9-]{0,30}", "a name of small letters, digits and hyphens")] = Field(
        default="sip2", description="The listener's name in logs and metrics"
    )
    host: ListenHost = Field(default="127.0.0.1", description="The address to listen on")
    port: int = whole(6001, 0, 65535, "The TCP port; 0 takes any free one")
    plaintext: Literal["loopback", "allowed"] = Field(
        default="loopback",
        description="Without tls: loopback refuses any other host; allowed needs explicit networks",
    )
    networks: tuple[Cidr, ...] = Field(default=(), description="Networks that may connect; an empty list means all")
    dialect: str = Field(default="default", description="The dialect spoken until a terminal has logged in")
    tls: Tls | None = Field(default=None, description="Without this table the listener speaks plain TCP")

    @model_validator(mode="after")
    def _plain_tcp_stays_at_home(self) -> Self:
        if self.tls is not None or is_loopback(self.host):
            return self
        if self.plaintext != "allowed":
            raise unfit('a loopback host, or tls, or plaintext = "allowed"', "plain TCP open to others", "host")
        if not self.networks or any(map(is_wide, self.networks)):
            raise unfit("the networks of the kiosks, as plain TCP is allowed", "networks open to all", "networks")
        return self


class NcipListener(Section):
    """One address on which library systems and services are answered."""

    name: Annotated[str, matching(r"[a-z][a-z0-9-]{0,30}", "a name of small letters, digits and hyphens")] = Field(
        default="ncip", description="The listener's name in logs and metrics"
    )
    host: ListenHost = Field(default="127.0.0.1", description="The address to listen on")
    port: int = whole(6080, 0, 65535, "The TCP port; 0 takes any free one")
    transport: Literal["http", "tcp"] = Field(default="http", description="http, or tcp for one message a connection")
    path: Annotated[str, matching(r"/[A-Za-z0-9._~/-]{0,100}", "a path such as /ncip")] = Field(
        default="/ncip", description="The path of http"
    )
    plaintext: Literal["loopback", "allowed"] = Field(
        default="loopback",
        description="Without tls: loopback refuses any other host; allowed needs explicit networks",
    )
    networks: tuple[Cidr, ...] = Field(default=(), description="Networks that may connect; an empty list means all")
    tls: Tls | None = Field(default=None, description="Without this table the listener speaks plain text")

    @model_validator(mode="after")
    def _plain_text_stays_at_home(self) -> Self:
        if self.tls is not None or is_loopback(self.host):
            return self
        if self.plaintext != "allowed":
            raise unfit('a loopback host, or tls, or plaintext = "allowed"', "plain text open to others", "host")
        if not self.networks or any(map(is_wide, self.networks)):
            raise unfit("the networks of the initiators, as plain text is allowed", "networks open to all", "networks")
        return self


class FeedListener(Section):
    """The address on which library systems ask for changes, and for the patrons that these are about."""

    host: ListenHost = Field(default="127.0.0.1", description="The address to listen on")
    port: int = whole(6091, 0, 65535, "The TCP port; 0 takes any free one")
    plaintext: Literal["loopback", "allowed"] = Field(
        default="loopback",
        description="Without tls: loopback refuses any other host; allowed needs explicit networks",
    )
    networks: tuple[Cidr, ...] = Field(default=(), description="Networks that may connect; an empty list means all")
    tls: Tls | None = Field(default=None, description="Without this table the listener speaks plain text")

    @property
    def name(self) -> str:
        """The listener's name in logs and metrics: there is one."""
        return "feed"

    @model_validator(mode="after")
    def _plain_text_stays_at_home(self) -> Self:
        if self.tls is not None or is_loopback(self.host):
            return self
        if self.plaintext != "allowed":
            raise unfit('a loopback host, or tls, or plaintext = "allowed"', "plain text open to others", "host")
        if not self.networks or any(map(is_wide, self.networks)):
            raise unfit("the networks of the initiators, as plain text is allowed", "networks open to all", "networks")
        return self


class PagesListener(Section):
    """The address of the pages for patrons."""

    host: ListenHost = Field(default="127.0.0.1", description="The address to listen on")
    port: int = whole(6088, 0, 65535, "The TCP port; 0 takes any free one")
    public_url: Annotated[str, text_that(is_public_url, "https and a host, such as https://kort.example.no")] = Field(
        description="The address that patrons use, on posters and in links; http on this machine alone",
        examples=["https://kort.example.no"],
    )
    proxies: tuple[Cidr, ...] = Field(
        default=(),
        description="Proxies whose X-Forwarded-For is believed; plain text to other machines is for them alone",
    )
    tls: Tls | None = Field(default=None, description="Without this table the listener speaks plain text")

    @property
    def name(self) -> str:
        """The listener's name in logs and metrics: there is one."""
        return "pages"

    @property
    def plaintext(self) -> Literal["loopback", "allowed"]:
        """Whether plain text is spoken to other machines: to proxies alone."""
        return "loopback" if self.tls is not None or is_loopback(self.host) else "allowed"

    @property
    def networks(self) -> tuple[IPv4Network | IPv6Network, ...]:
        """Networks that may connect; an empty list means all."""
        return self.proxies if self.plaintext == "allowed" else ()

    @model_validator(mode="after")
    def _plain_text_stays_at_home(self) -> Self:
        if self.plaintext == "allowed" and (not self.proxies or any(map(is_wide, self.proxies))):
            raise unfit("a loopback host, or tls, or the proxies before it", "plain text open to others", "host")
        return self


class HttpListener(Section):
    """The address of metrics and health."""

    host: ListenHost = Field(default="127.0.0.1", description="The address to listen on")
    port: int = whole(9464, 0, 65535, "The TCP port; 0 takes any free one")
    public: bool = flag(False, "Whether host may be other than loopback")

    @model_validator(mode="after")
    def _public_is_said_in_words(self) -> Self:
        if not (self.public or is_loopback(self.host)):
            raise unfit("a loopback host, or public = true", "an address open to others", "host")
        return self


class Listeners(Section):
    """Where the daemon listens."""

    http: HttpListener = Field(default_factory=HttpListener, description="Metrics and health")
    sip2: tuple[Sip2Listener, ...] = Field(
        default=(Sip2Listener(),), description="Where kiosks connect; repeat the table for each address"
    )
    ncip: tuple[NcipListener, ...] = Field(
        default=(), description="Where library systems connect; repeat the table for each address"
    )
    feed: FeedListener | None = Field(
        default=None, description="Where library systems ask for changes; without this table none can"
    )

    pages: PagesListener | None = Field(
        default=None, description="Pages for patrons; without this table there are none"
    )

    @property
    def named(self) -> tuple[Sip2Listener | NcipListener | FeedListener | PagesListener, ...]:
        """Every listener but that of metrics and health, each with a name of its own."""
        single = (one for one in (self.feed, self.pages) if one is not None)
        return (*self.sip2, *self.ncip, *single)

    @property
    def names(self) -> tuple[str, ...]:
        """The name of every listener, in logs and metrics."""
        return ("http", *(one.name for one in self.named))

    @model_validator(mode="after")
    def _each_is_its_own(self) -> Self:
        listeners, names = self.named, self.names
        if len(set(names)) < len(names):
            raise unfit("listeners with different names", "a name used twice", "sip2")
        ends = [(one.host, one.port) for one in listeners if one.port]
        ends += [(self.http.host, self.http.port)] if self.http.port else []
        if len(set(ends)) < len(ends):
            raise unfit("listeners with different addresses", "an address used twice", "sip2")
        return self


class Database(Section):
    """Where the register is kept."""

    url: Annotated[str, AfterValidator(with_driver)] = Field(
        default="sqlite:///portvakt.db",
        validate_default=True,
        repr=False,
        description="sqlite:///path (relative to the state directory) or postgresql://user@host/name",
    )
    password_file: Path | None = Field(
        default=None,
        description="File with the database password; a relative path is inside the credentials directory",
        examples=["database-password"],
    )
    plaintext: Literal["loopback", "allowed"] = Field(
        default="loopback",
        description="PostgreSQL without TLS: loopback and sockets only, or allowed; else verified in full",
    )
    ca: Path | None = Field(
        default=None,
        description="PEM authorities for PostgreSQL instead of the system's; a relative path is beside this file",
        examples=["tls/database-ca.pem"],
    )
    pool_size: int = whole(8, 1, 200, "Connections kept for the doors")
    connect_timeout: float = seconds(1, 0.1, 60, "Time to connect")
    background_timeout: float = seconds(2, 0.1, 600, "Time for a statement that no kiosk waits for")
    cli_timeout: float = seconds(5, 0.1, 600, "Time for a statement of a command")
    idle_in_transaction: float = seconds(5, 1, 600, "PostgreSQL ends a transaction that is idle this long")

    @property
    def verify_tls(self) -> bool:
        """Whether a PostgreSQL connection must be TLS with the host verified."""
        return self.plaintext != "allowed" and not plain_hosts_only(self.url)


class State(Section):
    """Where the daemon may write."""

    directory: Path = Field(
        default=Path("state"),
        description="When unset: $STATE_DIRECTORY of systemd, else `state` beside this file",
        json_schema_extra={"unset": True},
    )


class Credentials(Section):
    """Where the keys are, each in a file of its own, at least 32 random bytes as hex, base64 or raw."""

    directory: Path = Field(
        default=Path("credentials"),
        description="When unset: $CREDENTIALS_DIRECTORY of systemd, else `credentials` beside this file",
        json_schema_extra={"unset": True},
    )
    pin_pepper: FileName = Field(default="pin-pepper", description="File of the key mixed into PIN hashes")
    index_key: FileName = Field(default="index-key", description="File of the key of look-up hashes")
    identity_key: FileName = Field(default="identity-key", description="File of the key that encrypts identity numbers")
    audit_key: FileName = Field(default="audit-key", description="File of the key of the audit chain")
    log_key: FileName = Field(default="log-key", description="File of the key of card references in logs")


class Budgets(Section):
    """How long a thing may take."""

    answer: float = seconds(2.5, 0.5, 30, "A kiosk's answer in all; many kiosks give up at 3")
    database: float = seconds(0.5, 0.05, 10, "The database's share of an answer")
    ils: float = seconds(1.8, 0.1, 25, "The library system's share of an answer")
    ils_connect: float = seconds(0.8, 0.05, 10, "Connecting to a library system")
    ils_least_for_loan: float = seconds(0.8, 0.1, 10, "A loan is not sent on with less time left than this")
    login: float = seconds(30, 1, 300, "From accepting a connection to its login")
    login_tries: int = whole(3, 1, 20, "Logins tried on one connection before it is closed")
    frame: float = seconds(10, 1, 120, "From a frame's first byte to its terminator")
    idle: float = seconds(900, 60, 3600, "Silence after which a kiosk's connection is closed")
    tls_handshake: float = seconds(10, 1, 60, "A TLS handshake")
    drain: float = seconds(10, 0, 300, "At a stop, answers under way are waited for this long")
    drain_hard: float = seconds(15, 0, 600, "At a stop, everything is over after this long")

    @model_validator(mode="after")
    def _shares_fit_the_whole(self) -> Self:
        for part, of in (("database", "answer"), ("ils", "answer"), ("ils_connect", "ils"), ("drain", "drain_hard")):
            if getattr(self, part) > getattr(self, of):
                raise unfit(f"at most budgets.{of}", f"{getattr(self, part)}", part)
        return self


class Limits(Section):
    """How much of a thing there may be."""

    connections: int = whole(2000, 1, 10000, "Connections in all")
    descriptors: float = share(0.9, "Accepting stops when this much of the file descriptors is used")
    per_address: int = whole(64, 1, 10000, "Connections from one address")
    exempt_networks: tuple[Cidr, ...] = Field(
        default=(IPv4Network("127.0.0.0/8"), IPv6Network("::1/128")),
        description="Balancers and the like, to which per_address does not apply",
    )
    per_login: int = whole(64, 1, 10000, "Connections of one login")
    tls_handshakes: int = whole(64, 1, 10000, "TLS handshakes at once")
    frame_bytes: int = whole(8192, 512, 65536, "A frame from a kiosk", "bytes")
    ils_frame_bytes: int = whole(262144, 8192, 4194304, "A frame from a library system", "bytes")
    repeated_fields: int = whole(32, 1, 1000, "Fields with one code in a kiosk's frame")
    queued_frames: int = whole(4, 1, 64, "Frames that wait on one connection before reading is paused")
    unsent_bytes: int = whole(262144, 8192, 16777216, "Unsent answers after which a connection is closed", "bytes")
    stalled: float = seconds(15, 1, 300, "Time without taking any of its answers, then a connection is closed")
    keepalive_idle: int = whole(60, 1, 7200, "Silence before the first TCP keep-alive probe", "seconds")
    keepalive_interval: int = whole(15, 1, 600, "Between TCP keep-alive probes", "seconds")
    keepalive_probes: int = whole(4, 1, 20, "TCP keep-alive probes unanswered before a connection is dead")
    user_timeout: float = seconds(30, 1, 600, "Sent bytes unacknowledged this long end a connection")
    ils_in_flight: int = whole(8, 1, 256, "Questions to one library system at once")
    ils_queued: int = whole(32, 0, 1024, "Questions waiting for one library system before more are turned away")


class Pin(Section):
    """How PINs are chosen and checked."""

    minimum_length: int = whole(4, 4, 12, "The shortest PIN that may be chosen", "digits")
    maximum_length: int = whole(12, 4, 64, "The longest PIN that may be chosen", "digits")
    refuse_all_dates: bool = flag(True, "Whether every day and month is refused as a new PIN, not only one's own")
    cache_seconds: float = seconds(300, 0, 3600, "A right PIN is remembered this long; 0 turns the cache off")
    cache_entries: int = whole(20000, 1, 1000000, "Right PINs remembered")
    hash_threads: int = whole(2, 1, 64, "Threads that hash")
    hash_queue: int = whole(64, 1, 10000, "Hashes that wait before more checks are turned away")
    argon2_memory_kib: int = whole(8192, 8192, 1048576, "Memory of one PIN hash", "KiB")
    argon2_passes: int = whole(1, 1, 20, "Passes of one PIN hash")
    argon2_lanes: int = whole(1, 1, 16, "Lanes of one PIN hash")
    secret_memory_kib: int = whole(47104, 8192, 1048576, "Memory of one hash of a password or secret", "KiB")
    secret_cache_entries: int = whole(4096, 1, 1000000, "Right secrets of terminals remembered")

    @model_validator(mode="after")
    def _shortest_before_longest(self) -> Self:
        if self.minimum_length > self.maximum_length:
            raise unfit("at most pin.maximum_length", f"{self.minimum_length}", "minimum_length")
        return self


class CardAtTerminal(Section):
    """Wrong PINs for one card at one terminal, one after another."""

    failures: int = whole(3, 1, 100, "Wrong PINs before the card must wait at this terminal")
    wait: float = seconds(30, 1, 3600, "The first wait; it doubles with each further wrong PIN")
    longest_wait: float = seconds(3600, 1, 86400, "No wait is longer than this")


class CardAttempts(Section):
    """Wrong PINs for one card at all terminals."""

    failures: int = whole(5, 1, 100, "Wrong PINs within the window that lock the card until it clears")
    window: float = seconds(86400, 60, 604800, "The sliding window; staff may unlock earlier")
    consecutive: int = whole(10, 1, 100, "Wrong PINs in a row that disable the PIN until staff know the patron")


class TerminalAttempts(Section):
    """Wrong PINs at one terminal; each number counts once for each kiosk declared for it."""

    failures: int = whole(10, 1, 10000, "Wrong PINs within the window that slow the terminal and alert")
    cards: int = whole(8, 1, 10000, "Different failing cards within the window that slow it and alert")
    window: float = seconds(600, 60, 86400, "The sliding window")
    delay: float = seconds(2, 0, 2.4, "How long a slowed terminal's answers are held back")
    factor: int = whole(3, 2, 100, "At this many times the number, PIN checks of national cards are refused")
    refusal: float = seconds(600, 60, 86400, "How long they are refused")


class InstitutionAttempts(Section):
    """Wrong PINs at all terminals of one institution."""

    alert: int = whole(60, 1, 100000, "Wrong PINs within the window that alert")
    refuse: int = whole(200, 1, 100000, "Wrong PINs within the window after which PIN checks are refused")
    window: float = seconds(3600, 60, 86400, "The sliding window")
    refusal: float = seconds(600, 60, 86400, "How long PIN checks are refused")


class AllAttempts(Section):
    """Wrong PINs everywhere."""

    failures: int = whole(30, 1, 1000000, "More wrong PINs than this within the window, and more than share, page")
    share: float = share(0.5, "More of the checks failing than this")
    window: float = seconds(600, 60, 86400, "The sliding window")


class GuestAttempts(Section):
    """Wrong PINs for cards of guests, everywhere."""

    failures: int = whole(2000, 1, 1000000, "Wrong PINs within the window that page")
    window: float = seconds(86400, 3600, 604800, "The sliding window")
    refuse: bool = flag(False, "Whether PIN checks of guests are then refused, everywhere")


class StrangerLookups(Section):
    """Cards without standing looked at by one terminal, against walking through the numbers."""

    cards: int = whole(120, 1, 100000, "Different cards within the window for each kiosk declared")
    window: float = seconds(3600, 60, 86400, "The sliding window")
    factor: int = whole(3, 2, 100, "At this many times the number, strangers are refused; before that, delayed")


class Attempts(Section):
    """How many wrong PINs are borne, and where."""

    card_at_terminal: CardAtTerminal = Field(default_factory=CardAtTerminal, description="One card, one terminal")
    card: CardAttempts = Field(default_factory=CardAttempts, description="One card, all terminals")
    terminal: TerminalAttempts = Field(default_factory=TerminalAttempts, description="One terminal")
    institution: InstitutionAttempts = Field(default_factory=InstitutionAttempts, description="One institution")
    everywhere: AllAttempts = Field(default_factory=AllAttempts, description="All checks")
    guests: GuestAttempts = Field(default_factory=GuestAttempts, description="All checks of guests")
    strangers: StrangerLookups = Field(default_factory=StrangerLookups, description="Cards without standing")


class Encounters(Section):
    """How long a card is remembered at a terminal."""

    minutes: int = whole(5, 1, 60, "How long a proved PIN and offered rules hold at one terminal", "minutes")


class Log(Section):
    """What is logged."""

    level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="The least severe level logged: debug, info, warning or error"
    )
    queue: int = whole(10000, 100, 1000000, "Log lines that wait for a slow reader before more are dropped")
    card_reference: bool = flag(True, "Whether lines carry a keyed reference of the card, never the card itself")


class Identity(Section):
    """Which identity numbers exist here."""

    mode: Literal["production", "test"] = Field(
        default="production", description="production takes real numbers only, test synthetic ones only"
    )


class Ncip(Section):
    """How library systems are answered."""

    agency: Annotated[str, matching(r"NO-[0-9]{7}", "NO- and seven digits, such as NO-0030100")] | None = Field(
        default=None,
        description="Our own agency id, which listeners.ncip need",
        examples=["NO-0030100"],
    )
    answer: float = seconds(3, 0.5, 25, "An answer in all")
    forward: float = seconds(8, 0.5, 25, "The answer to a message that is sent on to another library")
    request: float = seconds(10, 1, 120, "From a request's first byte to its last")
    idle: float = seconds(60, 5, 3600, "Silence between two requests after which a connection is closed")
    request_bytes: int = whole(262144, 4096, 1048576, "A request", "bytes")
    reply_bytes: int = whole(1048576, 4096, 8388608, "The answer of a library system to what is sent on", "bytes")
    in_flight: int = whole(256, 1, 10000, "Requests answered at once before more are turned away")
    in_flight_per_address: int = whole(64, 1, 10000, "Of these, from one address")
    wrong_secrets: int = whole(10, 1, 1000, "Wrong secrets from one address in a minute, then it must wait")


MailAddress = Annotated[
    str, matching(r"[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+", "an address such as kort@example.no")
]


class Mail(Section):
    """Where mail to patrons goes, and whom it is from."""

    sender: MailAddress = Field(description="The address that mail is from", examples=["kort@example.no"])
    reply_to: MailAddress | None = Field(
        default=None, description="The address that answers go to", examples=["bibliotek@example.no"]
    )
    transport: Literal["smtp", "maildir"] = Field(
        default="smtp", description="smtp, or for trials maildir: the folder mail in the state directory"
    )
    host: ServerHost | None = Field(default=None, description="The mail server of smtp", examples=["smtp.example.no"])
    port: int = whole(587, 1, 65535, "Its TCP port")
    security: Literal["starttls", "tls", "none"] = Field(
        default="starttls", description="starttls, tls from the first byte, or none: on this machine alone"
    )
    login: str | None = Field(default=None, description="Our login there", examples=["portvakt"])
    password_file: Path | None = Field(
        default=None,
        description="File with our password; a relative path is inside the credentials directory",
        examples=["mail-password"],
    )
    ca: Path | None = Field(
        default=None,
        description="PEM authorities for it instead of the system's; a relative path is beside this file",
        examples=["tls/mail-ca.pem"],
    )
    timeout: float = seconds(30, 1, 300, "Time for each exchange with the mail server")

    @model_validator(mode="after")
    def _goes_to_one_place(self) -> Self:
        if (self.host is None) == (self.transport == "smtp"):
            raise unfit("a host for smtp, and none for maildir", "none" if self.host is None else "one", "host")
        if (self.login is None) != (self.password_file is None):
            raise unfit("login and password_file together", "one of them", "login")
        return self

    @model_validator(mode="after")
    def _plain_text_stays_at_home(self) -> Self:
        if self.host is not None and self.security == "none" and not is_loopback(self.host):
            raise unfit("starttls or tls, as the mail server is on another machine", '"none"', "security")
        return self


class PartnerFiles(Section):
    """Where the partners are written down."""

    directory: Path = Field(
        default=Path("partners.d"),
        description="Directory of *.toml with libraries and terminals; a relative path is beside this file",
    )


class Settings(BaseSettings):
    """All settings, read once."""

    model_config = SettingsConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    demo: bool = flag(False, "Whether terminals with well-known passwords are accepted; never outside a demo")
    listeners: Listeners = Field(default_factory=Listeners, description="Where the daemon listens")
    database: Database = Field(default_factory=Database, description="Where the register is kept")
    state: State = Field(default_factory=State, description="Where the daemon may write")
    credentials: Credentials = Field(default_factory=Credentials, description="Where the keys are")
    budgets: Budgets = Field(default_factory=Budgets, description="How long a thing may take")
    limits: Limits = Field(default_factory=Limits, description="How much of a thing there may be")
    pin: Pin = Field(default_factory=Pin, description="How PINs are chosen and checked")
    attempts: Attempts = Field(default_factory=Attempts, description="How many wrong PINs are borne")
    encounters: Encounters = Field(default_factory=Encounters, description="How long a card is remembered")
    log: Log = Field(default_factory=Log, description="What is logged")
    ncip: Ncip = Field(default_factory=Ncip, description="How library systems are answered")
    mail: Mail | None = Field(default=None, description="Mail to patrons; without this table there is none")
    identity: Identity = Field(default_factory=Identity, description="Which identity numbers exist here")
    partners: PartnerFiles = Field(default_factory=PartnerFiles, description="Where the partners are")

    @model_validator(mode="after")
    def _has_a_name_to_answer_in(self) -> Self:
        if self.listeners.ncip and self.ncip.agency is None:
            raise unfit("our own agency id, as there are listeners.ncip", "none", "ncip.agency")
        return self

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """The file's tables alone."""
        return (init_settings,)
