"""Short queues: what waits for staff is found without reading what does not."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_chargeback_business_id_state", "chargeback", ["business_id", "state", "created_at"])
    op.create_index(
        "ix_suspense_item_open", "suspense_item", ["business_id", "created_at"],
        postgresql_where=sa.text("resolved_at IS NULL"), sqlite_where=sa.text("resolved_at IS NULL"))


def downgrade() -> None:
    op.drop_index("ix_suspense_item_open", table_name="suspense_item")
    op.drop_index("ix_chargeback_business_id_state", table_name="chargeback")
