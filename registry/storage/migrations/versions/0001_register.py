"""The register's first schema."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

# Told here anew: what a migration did may not change with the program's column types.
_INSTANT = sa.BigInteger().with_variant(postgresql.TIMESTAMP(timezone=True), "postgresql")
_KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make every table, and the one row of the write probe."""
    op.create_table(
        "attempt",
        sa.Column("id", _KEY, nullable=False),
        sa.Column("card", sa.Text(), nullable=False),
        sa.Column("terminal", sa.Text(), nullable=False),
        sa.Column("institution", sa.Text(), nullable=False),
        sa.Column("guest", sa.Boolean(), nullable=False),
        sa.Column("at", _INSTANT, nullable=False),
        sa.Column("in_a_row", sa.Boolean(), nullable=False),
        sa.Column("of_the_day", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attempt")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_attempt_at_guest"), "attempt", ["at", "guest"], unique=False)
    op.create_index(op.f("ix_attempt_card"), "attempt", ["card"], unique=False)
    op.create_index(op.f("ix_attempt_institution_at"), "attempt", ["institution", "at"], unique=False)
    op.create_index(op.f("ix_attempt_terminal_at_card"), "attempt", ["terminal", "at", "card"], unique=False)
    op.create_table(
        "audit",
        sa.Column("id", _KEY, nullable=False),
        sa.Column("at", _INSTANT, nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("subject_ref", sa.LargeBinary(), nullable=True),
        sa.Column("institution", sa.Text(), nullable=True),
        sa.Column("facts", sa.Text(), nullable=False),
        sa.Column("row_mac", sa.LargeBinary(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=True),
        sa.Column("mac", sa.LargeBinary(), nullable=True),
        sa.CheckConstraint("(seq IS NULL) = (mac IS NULL)", name=op.f("ck_audit_sealed_whole")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit")),
        sa.UniqueConstraint("seq", name=op.f("uq_audit_seq")),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "ix_audit_unsealed",
        "audit",
        ["id"],
        unique=False,
        sqlite_where=sa.text("seq IS NULL"),
        postgresql_where=sa.text("seq IS NULL"),
    )
    op.create_table(
        "card_tombstone",
        sa.Column("tombstone", sa.LargeBinary(), nullable=False),
        sa.Column("index_key", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("tombstone", name=op.f("pk_card_tombstone")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "encounter",
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("terminal", sa.Text(), nullable=False),
        sa.Column("card", sa.Text(), nullable=False),
        sa.Column("pin_proved_at", _INSTANT, nullable=False),
        sa.Column("until", _INSTANT, nullable=False),
        sa.Column("rules_offered", sa.Text(), nullable=True),
        sa.Column("offered_language", sa.String(32), nullable=True),
        sa.Column("offered_until", _INSTANT, nullable=True),
        sa.PrimaryKeyConstraint("unit", "terminal", "card", name=op.f("pk_encounter")),
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_encounter_card"), "encounter", ["card"], unique=False)
    op.create_index(op.f("ix_encounter_until"), "encounter", ["until"], unique=False)
    op.create_table(
        "lending_unit",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("in_force", sa.Boolean(), nullable=False),
        sa.Column("agreement_reference", sa.Text(), nullable=True),
        sa.Column("agreement_from", sa.Date(), nullable=True),
        sa.Column("agreement_until", sa.Date(), nullable=True),
        sa.Column("acceptance", sa.String(32), nullable=False),
        sa.Column("minimum_age", sa.Integer(), nullable=False),
        sa.Column("pin_authority", sa.String(32), nullable=False),
        sa.Column("carrier", sa.String(32), nullable=False),
        sa.Column("rules_version", sa.Text(), nullable=True),
        sa.CheckConstraint("acceptance IN ('digital', 'in_person')", name=op.f("ck_lending_unit_acceptance")),
        sa.CheckConstraint(
            "pin_authority IN ('register', 'ils', 'register_then_ils')", name=op.f("ck_lending_unit_pin_authority")
        ),
        sa.CheckConstraint("carrier IN ('manual', 'ncip', 'koha', 'feed')", name=op.f("ck_lending_unit_carrier")),
        sa.CheckConstraint(
            "(agreement_reference IS NULL) = (agreement_from IS NULL)", name=op.f("ck_lending_unit_agreement_from")
        ),
        sa.CheckConstraint(
            "(agreement_reference IS NULL) = (agreement_until IS NULL)", name=op.f("ck_lending_unit_agreement_until")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lending_unit")),
    )
    op.create_table(
        "patron",
        sa.Column("id", _KEY, autoincrement=False, nullable=False),
        sa.Column("family_name", sa.Text(), nullable=False),
        sa.Column("given_name", sa.Text(), nullable=False),
        sa.Column("birth_date", sa.Date(), nullable=False),
        sa.Column("sex", sa.String(32), nullable=False),
        sa.Column("registered_lines", sa.Text(), nullable=True),
        sa.Column("registered_postal_code", sa.Text(), nullable=True),
        sa.Column("registered_place", sa.Text(), nullable=True),
        sa.Column("registered_country", sa.Text(), nullable=True),
        sa.Column("temporary_lines", sa.Text(), nullable=True),
        sa.Column("temporary_postal_code", sa.Text(), nullable=True),
        sa.Column("temporary_place", sa.Text(), nullable=True),
        sa.Column("temporary_country", sa.Text(), nullable=True),
        sa.Column("mobile", sa.Text(), nullable=True),
        sa.Column("phone", sa.Text(), nullable=True),
        sa.Column("email", sa.Text(), nullable=True),
        sa.Column("language", sa.String(32), nullable=False),
        sa.Column("home_library", sa.Text(), nullable=True),
        sa.Column("protected", sa.Boolean(), nullable=False),
        sa.Column("minimum_level", sa.String(32), nullable=False),
        sa.Column("identity_proved", sa.Boolean(), nullable=False),
        sa.Column("created_at", _INSTANT, nullable=False),
        sa.Column("last_activity", sa.Date(), nullable=True),
        sa.Column("pin_hash", sa.Text(), nullable=True),
        sa.Column("pin_pepper", sa.Text(), nullable=True),
        sa.Column("password_hash", sa.Text(), nullable=True),
        sa.Column("password_pepper", sa.Text(), nullable=True),
        sa.Column("identity_index", sa.LargeBinary(), nullable=True),
        sa.Column("identity_index_key", sa.Text(), nullable=True),
        sa.Column("identity_encrypted", sa.LargeBinary(), nullable=True),
        sa.Column("identity_key", sa.Text(), nullable=True),
        sa.Column("audit_salt", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint("language IN ('nb', 'nn', 'se', 'en')", name=op.f("ck_patron_language")),
        sa.CheckConstraint("minimum_level IN ('low', 'substantial', 'high')", name=op.f("ck_patron_minimum_level")),
        sa.CheckConstraint("sex IN ('F', 'M', 'X')", name=op.f("ck_patron_sex")),
        sa.CheckConstraint(
            "(identity_index IS NULL) = (identity_encrypted IS NULL)"
            " AND (identity_index IS NULL) = (identity_index_key IS NULL)"
            " AND (identity_index IS NULL) = (identity_key IS NULL)",
            name=op.f("ck_patron_identity_whole"),
        ),
        sa.CheckConstraint(
            "(password_hash IS NULL) = (password_pepper IS NULL)", name=op.f("ck_patron_password_whole")
        ),
        sa.CheckConstraint("(pin_hash IS NULL) = (pin_pepper IS NULL)", name=op.f("ck_patron_pin_whole")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_patron")),
        sa.UniqueConstraint("identity_index", name=op.f("uq_patron_identity_index")),
    )
    op.create_index(op.f("ix_patron_birth_date"), "patron", ["birth_date"], unique=False)
    op.create_table(
        "publication",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_publication_one_row")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_publication")),
    )
    op.create_table(
        "stranger_look",
        sa.Column("terminal", sa.Text(), nullable=False),
        sa.Column("card", sa.Text(), nullable=False),
        sa.Column("at", _INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("terminal", "card", name=op.f("pk_stranger_look")),
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_stranger_look_at"), "stranger_look", ["at"], unique=False)
    op.create_index(op.f("ix_stranger_look_card"), "stranger_look", ["card"], unique=False)
    op.create_index(op.f("ix_stranger_look_terminal_at"), "stranger_look", ["terminal", "at"], unique=False)
    op.create_table(
        "write_probe",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("turn", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_write_probe_one_row")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_write_probe")),
    )
    op.create_table(
        "card",
        sa.Column("number", sa.String(length=10), nullable=False),
        sa.Column("patron", _KEY, nullable=False),
        sa.Column("state", sa.String(32), nullable=False),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("replaced_by", sa.String(length=10), nullable=True),
        sa.Column("issued_at", _INSTANT, nullable=False),
        sa.CheckConstraint("kind IN ('digital', 'printed')", name=op.f("ck_card_kind")),
        sa.CheckConstraint("number LIKE 'N_________'", name=op.f("ck_card_number")),
        sa.CheckConstraint("replaced_by IS NULL OR state = 'replaced'", name=op.f("ck_card_replaced_by")),
        sa.CheckConstraint("state IN ('issued', 'replaced', 'lost', 'withdrawn')", name=op.f("ck_card_state")),
        sa.ForeignKeyConstraint(["patron"], ["patron.id"], name=op.f("fk_card_patron")),
        sa.ForeignKeyConstraint(
            ["replaced_by"], ["card.number"], name=op.f("fk_card_replaced_by"), initially="DEFERRED", deferrable=True
        ),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_card")),
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_card_patron"), "card", ["patron"], unique=False)
    op.create_index(
        "uq_card_one_issued",
        "card",
        ["patron"],
        unique=True,
        sqlite_where=sa.text("state = 'issued'"),
        postgresql_where=sa.text("state = 'issued'"),
    )
    op.create_table(
        "consent",
        sa.Column("id", _KEY, nullable=False),
        sa.Column("patron", _KEY, nullable=False),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("rules_version", sa.Text(), nullable=False),
        sa.Column("language", sa.String(32), nullable=False),
        sa.Column("channel", sa.String(32), nullable=False),
        sa.Column("at", _INSTANT, nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("evidence", sa.Text(), nullable=False),
        sa.CheckConstraint("channel IN ('kiosk', 'phone', 'desk', 'ils')", name=op.f("ck_consent_channel")),
        sa.CheckConstraint("language IN ('nb', 'nn', 'se', 'en')", name=op.f("ck_consent_language")),
        sa.ForeignKeyConstraint(["patron"], ["patron.id"], name=op.f("fk_consent_patron")),
        sa.ForeignKeyConstraint(["unit"], ["lending_unit.id"], name=op.f("fk_consent_unit")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_consent")),
    )
    op.create_index(op.f("ix_consent_patron"), "consent", ["patron"], unique=False)
    op.create_table(
        "institution",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("in_force", sa.Boolean(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("parent", sa.Text(), nullable=True),
        sa.Column("unit", sa.Text(), nullable=True),
        sa.Column("agreement_reference", sa.Text(), nullable=True),
        sa.Column("agreement_from", sa.Date(), nullable=True),
        sa.Column("agreement_until", sa.Date(), nullable=True),
        sa.CheckConstraint(
            "(agreement_reference IS NULL) = (agreement_from IS NULL)", name=op.f("ck_institution_agreement_from")
        ),
        sa.CheckConstraint(
            "(agreement_reference IS NULL) = (agreement_until IS NULL)", name=op.f("ck_institution_agreement_until")
        ),
        sa.ForeignKeyConstraint(
            ["parent"], ["institution.id"], name=op.f("fk_institution_parent"), initially="DEFERRED", deferrable=True
        ),
        sa.ForeignKeyConstraint(["unit"], ["lending_unit.id"], name=op.f("fk_institution_unit")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_institution")),
    )
    op.create_table(
        "loan_rules",
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("renew_acceptance", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["unit"], ["lending_unit.id"], name=op.f("fk_loan_rules_unit")),
        sa.PrimaryKeyConstraint("unit", "version", name=op.f("pk_loan_rules")),
    )
    op.create_table(
        "rules_text",
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("in_force", sa.Boolean(), nullable=False),
        sa.Column("short", sa.Text(), nullable=False),
        sa.Column("full", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["unit"], ["lending_unit.id"], name=op.f("fk_rules_text_unit")),
        sa.PrimaryKeyConstraint("unit", "version", "language", name=op.f("pk_rules_text")),
    )
    op.create_table(
        "standing",
        sa.Column("patron", _KEY, nullable=False),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("state", sa.String(32), nullable=False),
        sa.Column("since", _INSTANT, nullable=False),
        sa.Column("origin", sa.String(32), nullable=False),
        sa.Column("local_id", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "origin IN ('activated', 'discovered', 'imported', 'registered')", name=op.f("ck_standing_origin")
        ),
        sa.CheckConstraint(
            "state IN ('guest', 'awaiting_desk', 'consented', 'delivering', "
            "'unknown', 'needs_staff', 'local', 'ended')",
            name=op.f("ck_standing_state"),
        ),
        sa.ForeignKeyConstraint(["patron"], ["patron.id"], name=op.f("fk_standing_patron")),
        sa.ForeignKeyConstraint(["unit"], ["lending_unit.id"], name=op.f("fk_standing_unit")),
        sa.PrimaryKeyConstraint("patron", "unit", name=op.f("pk_standing")),
        sa.UniqueConstraint("unit", "local_id", name="uq_standing_local_id"),
        sqlite_with_rowid=False,
    )
    op.execute("INSERT INTO write_probe (id, turn) VALUES (1, 0)")
