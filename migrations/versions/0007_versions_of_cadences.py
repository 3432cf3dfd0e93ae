"""Versions of cadences belong together by a name of their own, and a business can keep everything from leaving."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("cadence", sa.Column("series", sa.String(length=32), server_default="", nullable=False))
    op.execute("UPDATE cadence SET series = public_id")
    op.add_column("business", sa.Column("safe_mode_at", sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    op.drop_column("business", "safe_mode_at")
    op.drop_column("cadence", "series")
