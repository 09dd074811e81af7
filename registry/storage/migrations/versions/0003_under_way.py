"""Attempts whose PIN is still being checked are told apart from those that failed."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the mark; whatever is there has failed."""
    op.add_column("attempt", sa.Column("under_way", sa.Boolean(), nullable=False, server_default=sa.false()))
