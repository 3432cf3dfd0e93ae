"""Words by email keep whether a mail server of ours has checked their sender; of those before nobody knows."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("question_entry", sa.Column("sender_checked", sa.Boolean(), nullable=False, server_default=sa.true()))
    op.execute("UPDATE question_entry SET sender_checked = false WHERE channel = 'email' AND said_by <> 'staff'")


def downgrade() -> None:
    op.drop_column("question_entry", "sender_checked")
