"""Which plan a changed one takes the place of, and how much came on top of it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

PROPOSED, SIGNED = sa.text("replaces_id IS NOT NULL"), sa.text("replaces_id IS NOT NULL AND signed_at IS NOT NULL")


def upgrade() -> None:
    op.add_column("plan", sa.Column("replaces_id", sa.BigInteger(), nullable=True))
    op.add_column("plan", sa.Column("added_minor", sa.BigInteger(), nullable=True))
    op.create_index("ix_plan_replaces_id", "plan", ["replaces_id", "arrangement_id"], postgresql_where=PROPOSED,
                    sqlite_where=PROPOSED)
    op.create_index("uq_plan_one_successor", "plan", ["replaces_id"], unique=True, postgresql_where=SIGNED,
                    sqlite_where=SIGNED)


def downgrade() -> None:
    op.drop_index("uq_plan_one_successor", table_name="plan")
    op.drop_index("ix_plan_replaces_id", table_name="plan")
    op.drop_column("plan", "added_minor")
    op.drop_column("plan", "replaces_id")
