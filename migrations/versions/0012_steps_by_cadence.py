"""The steps of a cadence are found without reading those of all others, also the ones that were taken out."""

from __future__ import annotations

from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_cadence_step_cadence_id", "cadence_step", ["cadence_id"])


def downgrade() -> None:
    op.drop_index("ix_cadence_step_cadence_id", table_name="cadence_step")
