"""The schema, told once. Columns for loans, reminders, fees or claims do not exist and may not be added (A24).

A patron's row holds the groups of A11 and what proves who they are; a test compares the columns with that list.
Constraints are named, by the convention or by hand: both engines report a broken uniqueness under the same name.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    false,
    text,
)

from registry.domain.card import CardKind, CardState
from registry.domain.consent import Channel
from registry.domain.delivery import ChangeKind, DeliveryKind, DeliveryState
from registry.domain.institution import Acceptance, CarrierKind, PinAuthority
from registry.domain.notice import NoticeKind, NoticeState
from registry.domain.patron import Language, Level, Sex
from registry.domain.standing import Origin, StandingState
from registry.domain.token import TokenPurpose
from registry.storage.columns import KEY, Instant, Named, one_of

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    }
)

patron = Table(
    "patron",
    metadata,
    Column("id", KEY, primary_key=True, autoincrement=False),
    Column("family_name", Text, nullable=False),
    Column("given_name", Text, nullable=False),
    Column("birth_date", Date, nullable=False, index=True),
    *one_of("sex", Sex),
    # The lines of an address are one text with line breaks; an address is there when its country is.
    Column("registered_lines", Text),
    Column("registered_postal_code", Text),
    Column("registered_place", Text),
    Column("registered_country", Text),
    Column("temporary_lines", Text),
    Column("temporary_postal_code", Text),
    Column("temporary_place", Text),
    Column("temporary_country", Text),
    Column("mobile", Text),
    Column("phone", Text),
    Column("email", Text),
    *one_of("language", Language),
    Column("home_library", Text),
    Column("protected", Boolean, nullable=False),
    *one_of("minimum_level", Level),
    Column("identity_proved", Boolean, nullable=False),
    Column("created_at", Instant, nullable=False),
    # A date and never more (A34, D7).
    Column("last_activity", Date),
    Column("pin_hash", Text),
    Column("pin_pepper", Text),
    Column("password_hash", Text),
    Column("password_pepper", Text),
    Column("identity_index", LargeBinary, unique=True),
    Column("identity_index_key", Text),
    Column("identity_encrypted", LargeBinary),
    Column("identity_key", Text),
    # With it goes every tie between the audit trail and the patron.
    Column("audit_salt", LargeBinary, nullable=False),
    CheckConstraint("(pin_hash IS NULL) = (pin_pepper IS NULL)", name="pin_whole"),
    CheckConstraint("(password_hash IS NULL) = (password_pepper IS NULL)", name="password_whole"),
    CheckConstraint(
        "(identity_index IS NULL) = (identity_encrypted IS NULL)"
        " AND (identity_index IS NULL) = (identity_index_key IS NULL)"
        " AND (identity_index IS NULL) = (identity_key IS NULL)",
        name="identity_whole",
    ),
)

card = Table(
    "card",
    metadata,
    Column("number", String(10), primary_key=True),
    Column("patron", ForeignKey("patron.id"), nullable=False, index=True),
    *one_of("state", CardState),
    *one_of("kind", CardKind),
    # Deferred, so that the old card may name its successor before that one is added.
    Column("replaced_by", ForeignKey("card.number", deferrable=True, initially="DEFERRED")),
    Column("issued_at", Instant, nullable=False),
    CheckConstraint("number LIKE 'N_________'", name="number"),
    CheckConstraint("replaced_by IS NULL OR state = 'replaced'", name="replaced_by"),
    sqlite_with_rowid=False,
)
Index(
    "uq_card_one_issued",
    card.c.patron,
    unique=True,
    sqlite_where=text("state = 'issued'"),
    postgresql_where=text("state = 'issued'"),
)

card_tombstone = Table(
    "card_tombstone",
    metadata,
    Column("tombstone", LargeBinary, primary_key=True),
    Column("index_key", Text, nullable=False),
    sqlite_with_rowid=False,
)

lending_unit = Table(
    "lending_unit",
    metadata,
    Column("id", Text, primary_key=True),
    Column("in_force", Boolean, nullable=False),
    Column("agreement_reference", Text),
    Column("agreement_from", Date),
    Column("agreement_until", Date),
    *one_of("acceptance", Acceptance),
    Column("minimum_age", Integer, nullable=False),
    *one_of("pin_authority", PinAuthority),
    *one_of("carrier", CarrierKind),
    Column("rules_version", Text),
    CheckConstraint("(agreement_reference IS NULL) = (agreement_from IS NULL)", name="agreement_from"),
    CheckConstraint("(agreement_reference IS NULL) = (agreement_until IS NULL)", name="agreement_until"),
)

institution = Table(
    "institution",
    metadata,
    Column("id", Text, primary_key=True),
    Column("in_force", Boolean, nullable=False),
    Column("name", Text, nullable=False),
    Column("parent", ForeignKey("institution.id", deferrable=True, initially="DEFERRED")),
    Column("unit", ForeignKey("lending_unit.id")),
    Column("agreement_reference", Text),
    Column("agreement_from", Date),
    Column("agreement_until", Date),
    CheckConstraint("(agreement_reference IS NULL) = (agreement_from IS NULL)", name="agreement_from"),
    CheckConstraint("(agreement_reference IS NULL) = (agreement_until IS NULL)", name="agreement_until"),
)

loan_rules = Table(
    "loan_rules",
    metadata,
    Column("unit", ForeignKey("lending_unit.id"), primary_key=True),
    Column("version", Text, primary_key=True),
    Column("renew_acceptance", Boolean, nullable=False),
)

rules_text = Table(
    "rules_text",
    metadata,
    Column("unit", ForeignKey("lending_unit.id"), primary_key=True),
    Column("version", Text, primary_key=True),
    Column("language", Text, primary_key=True),
    Column("in_force", Boolean, nullable=False),
    Column("short", Text, nullable=False),
    Column("full", Text, nullable=False),
)

publication = Table(
    "publication",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("generation", Integer, nullable=False),
    CheckConstraint("id = 1", name="one_row"),
)

standing = Table(
    "standing",
    metadata,
    Column("patron", ForeignKey("patron.id"), primary_key=True),
    Column("unit", ForeignKey("lending_unit.id"), primary_key=True),
    *one_of("state", StandingState),
    Column("since", Instant, nullable=False),
    *one_of("origin", Origin),
    Column("local_id", Text),
    UniqueConstraint("unit", "local_id", name="uq_standing_local_id"),
    sqlite_with_rowid=False,
)

consent = Table(
    "consent",
    metadata,
    Column("id", KEY, primary_key=True),
    Column("patron", ForeignKey("patron.id"), nullable=False, index=True),
    Column("unit", ForeignKey("lending_unit.id"), nullable=False),
    Column("rules_version", Text, nullable=False),
    *one_of("language", Language),
    *one_of("channel", Channel),
    Column("at", Instant, nullable=False),
    Column("text", Text, nullable=False),
    Column("evidence", Text, nullable=False),
)

encounter = Table(
    "encounter",
    metadata,
    Column("unit", Text, primary_key=True),
    Column("terminal", Text, primary_key=True),
    Column("card", Text, primary_key=True, index=True),
    Column("pin_proved_at", Instant, nullable=False),
    Column("until", Instant, nullable=False, index=True),
    Column("rules_offered", Text),
    Column("offered_language", Named(Language)),
    Column("offered_until", Instant),
    sqlite_with_rowid=False,
)

attempt = Table(
    "attempt",
    metadata,
    Column("id", KEY, primary_key=True),
    Column("card", Text, nullable=False, index=True),
    Column("terminal", Text, nullable=False),
    Column("institution", Text, nullable=False),
    Column("guest", Boolean, nullable=False),
    Column("at", Instant, nullable=False),
    # A success ends the row of failures; staff who have seen the patron clear the day as well.
    Column("in_a_row", Boolean, nullable=False),
    Column("of_the_day", Boolean, nullable=False),
    # The PIN is being checked: this will have been a failure, or be gone.
    Column("under_way", Boolean, nullable=False, server_default=false()),
    Index(None, "terminal", "at", "card"),
    Index(None, "institution", "at"),
    Index(None, "at", "guest"),
    # A number once given to an attempt never means another one, however late it is taken back.
    sqlite_autoincrement=True,
)

stranger_look = Table(
    "stranger_look",
    metadata,
    Column("terminal", Text, primary_key=True),
    Column("card", Text, primary_key=True, index=True),
    Column("at", Instant, nullable=False, index=True),
    Index(None, "terminal", "at"),
    sqlite_with_rowid=False,
)

# The last request of each kind that an initiator had performed for a card: keyed hashes, and whose it was.
performed = Table(
    "performed",
    metadata,
    Column("key", LargeBinary, primary_key=True),
    Column("fingerprint", LargeBinary, nullable=False),
    Column("patron", ForeignKey("patron.id"), nullable=False, index=True),
    Column("card", Text, nullable=False),
    Column("at", Instant, nullable=False),
    sqlite_with_rowid=False,
)

# The outbox: what is to be brought to a library system, one row for each patron, lending unit and kind.
delivery = Table(
    "delivery",
    metadata,
    Column("id", KEY, primary_key=True),
    Column("patron", ForeignKey("patron.id"), nullable=False),
    Column("unit", ForeignKey("lending_unit.id"), nullable=False),
    *one_of("kind", DeliveryKind),
    Column("place", Text, nullable=False),
    *one_of("state", DeliveryState),
    # Nothing in this schema is named like what a patron owes (A24).
    Column("not_before", Instant, key="due", nullable=False),
    Column("since", Instant, nullable=False),
    Column("lease_until", Instant),
    Column("fence", Integer, nullable=False),
    Column("wanted", Integer, nullable=False),
    Column("tries", Integer, nullable=False),
    Column("sent", Boolean, nullable=False),
    Column("reason", Text, nullable=False),
    UniqueConstraint("patron", "unit", "kind"),
)
Index(
    "ix_delivery_pending",
    delivery.c.unit,
    delivery.c.due,
    sqlite_where=text("state = 'pending'"),
    postgresql_where=text("state = 'pending'"),
)

# What patrons are told by mail; the address is looked up when it is sent.
notice = Table(
    "notice",
    metadata,
    Column("id", KEY, primary_key=True),
    Column("patron", ForeignKey("patron.id"), nullable=False, index=True),
    Column("unit", ForeignKey("lending_unit.id"), nullable=False),
    *one_of("kind", NoticeKind),
    *one_of("state", NoticeState),
    Column("since", Instant, nullable=False),
    Column("not_before", Instant, key="due", nullable=False),
    Column("lease_until", Instant),
    Column("fence", Integer, nullable=False),
    Column("tries", Integer, nullable=False),
    Column("reason", Text, nullable=False),
)
Index(
    "ix_notice_pending",
    notice.c.due,
    sqlite_where=text("state = 'pending'"),
    postgresql_where=text("state = 'pending'"),
)

# What library systems fetch: never values (D8). The sequence is the unit's own and has no gaps.
change_entry = Table(
    "change_entry",
    metadata,
    Column("unit", Text, primary_key=True),
    Column("sequence", BigInteger, primary_key=True, autoincrement=False),
    Column("card", Text, nullable=False),
    *one_of("kind", ChangeKind),
    Column("at", Instant, nullable=False, index=True),
    sqlite_with_rowid=False,
)

# One-time codes and the tickets of pages, by keyed hash.
token = Table(
    "token",
    metadata,
    Column("mark", LargeBinary, primary_key=True),
    *one_of("purpose", TokenPurpose),
    Column("card", Text, nullable=False, index=True),
    Column("institution", Text, nullable=False),
    Column("until", Instant, nullable=False, index=True),
    sqlite_with_rowid=False,
)

commission = Table(
    "commission",
    metadata,
    Column("terminal", Text, primary_key=True),
    Column("unit", Text, nullable=False),
    Column("is_on", Boolean, nullable=False),
    Column("since", Instant, nullable=False),
    Column("actor", Text, nullable=False),
    Column("reason", Text, nullable=False),
    sqlite_with_rowid=False,
)

audit = Table(
    "audit",
    metadata,
    Column("id", KEY, primary_key=True),
    Column("at", Instant, nullable=False),
    # No list of actions here: what an older program wrote stays, and a newer one needs no migration to write more.
    Column("action", Text, nullable=False),
    Column("actor", Text, nullable=False),
    Column("subject_ref", LargeBinary),
    Column("institution", Text),
    Column("facts", Text, nullable=False),
    # Over the row alone, made with it; the chain's place and MAC follow when the sealer comes by.
    Column("row_mac", LargeBinary, nullable=False),
    Column("seq", BigInteger, unique=True),
    Column("mac", LargeBinary),
    CheckConstraint("(seq IS NULL) = (mac IS NULL)", name="sealed_whole"),
    sqlite_autoincrement=True,
)
Index(
    "ix_audit_unsealed",
    audit.c.id,
    sqlite_where=text("seq IS NULL"),
    postgresql_where=text("seq IS NULL"),
)

# For the trail of one patron; rows about nobody have no place in it.
Index(
    "ix_audit_subject_ref",
    audit.c.subject_ref,
    sqlite_where=text("subject_ref IS NOT NULL"),
    postgresql_where=text("subject_ref IS NOT NULL"),
)

write_probe = Table(
    "write_probe",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("turn", BigInteger, nullable=False),
    CheckConstraint("id = 1", name="one_row"),
)
