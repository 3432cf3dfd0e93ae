"""Which invoice a credit note of a file names, where that invoice is new in the same file."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("import_finding", sa.Column("invoice_number", sa.String(length=64), server_default="", nullable=False))


def downgrade() -> None:
    op.drop_column("import_finding", "invoice_number")
