"""Activation: the outbox, the change feed, one-time codes, commissioned terminals, and one patron's audit trail."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_INSTANT = sa.BigInteger().with_variant(postgresql.TIMESTAMP(timezone=True), "postgresql")
_KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make the tables and their indexes."""
    op.create_table(
        "delivery",
        sa.Column("id", _KEY, nullable=False),
        sa.Column("patron", _KEY, nullable=False),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("state", sa.String(32), nullable=False),
        sa.Column("not_before", _INSTANT, nullable=False),
        sa.Column("since", _INSTANT, nullable=False),
        sa.Column("lease_until", _INSTANT, nullable=True),
        sa.Column("fence", sa.Integer(), nullable=False),
        sa.Column("wanted", sa.Integer(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("sent", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.CheckConstraint("kind IN ('activate', 'update', 'end')", name=op.f("ck_delivery_kind")),
        sa.CheckConstraint("state IN ('pending', 'done', 'stuck')", name=op.f("ck_delivery_state")),
        sa.ForeignKeyConstraint(["patron"], ["patron.id"], name=op.f("fk_delivery_patron")),
        sa.ForeignKeyConstraint(["unit"], ["lending_unit.id"], name=op.f("fk_delivery_unit")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_delivery")),
        sa.UniqueConstraint("patron", "unit", "kind", name=op.f("uq_delivery_patron_unit_kind")),
    )
    op.create_index(
        "ix_delivery_pending",
        "delivery",
        ["unit", "not_before"],
        sqlite_where=sa.text("state = 'pending'"),
        postgresql_where=sa.text("state = 'pending'"),
    )
    op.create_table(
        "change_entry",
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("sequence", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("card", sa.Text(), nullable=False),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("at", _INSTANT, nullable=False),
        sa.CheckConstraint(
            "kind IN ('activated', 'updated', 'card_replaced', 'ended', 'deleted')", name=op.f("ck_change_entry_kind")
        ),
        sa.PrimaryKeyConstraint("unit", "sequence", name=op.f("pk_change_entry")),
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_change_entry_at"), "change_entry", ["at"])
    op.create_table(
        "token",
        sa.Column("mark", sa.LargeBinary(), nullable=False),
        sa.Column("purpose", sa.String(32), nullable=False),
        sa.Column("card", sa.Text(), nullable=False),
        sa.Column("institution", sa.Text(), nullable=False),
        sa.Column("until", _INSTANT, nullable=False),
        sa.CheckConstraint("purpose IN ('code', 'ticket')", name=op.f("ck_token_purpose")),
        sa.PrimaryKeyConstraint("mark", name=op.f("pk_token")),
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_token_card"), "token", ["card"])
    op.create_index(op.f("ix_token_until"), "token", ["until"])
    op.create_table(
        "commission",
        sa.Column("terminal", sa.Text(), nullable=False),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("is_on", sa.Boolean(), nullable=False),
        sa.Column("since", _INSTANT, nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("terminal", name=op.f("pk_commission")),
        sqlite_with_rowid=False,
    )
    op.create_index(
        "ix_audit_subject_ref",
        "audit",
        ["subject_ref"],
        sqlite_where=sa.text("subject_ref IS NOT NULL"),
        postgresql_where=sa.text("subject_ref IS NOT NULL"),
    )
