"""The newest reminder steps of a business are found along an index, to see what followed them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

TAKEN = "outcome = 'taken'"


def upgrade() -> None:
    op.create_index("ix_step_outcome_taken", "step_outcome", ["business_id", "at"], postgresql_where=sa.text(TAKEN),
                    sqlite_where=sa.text(TAKEN))


def downgrade() -> None:
    op.drop_index("ix_step_outcome_taken", table_name="step_outcome")
