"""What is needed leaves first: essential emails are found at once; opt-outs of before become words about a channel."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

WAITING = "state = 'queued' AND message_class = 'essential'"


def upgrade() -> None:
    op.create_index("ix_message_essential", "message", ["due_at", "id"], postgresql_where=sa.text(WAITING),
                    sqlite_where=sa.text(WAITING))
    op.execute(
        "INSERT INTO consent (business_id, debtor_id, channel, given, source, at) "
        "SELECT business_id, id, 'email', false, 'before', opted_out_at FROM debtor WHERE opted_out_at IS NOT NULL "
        "AND erased_at IS NULL AND NOT EXISTS (SELECT 1 FROM consent WHERE consent.debtor_id = debtor.id "
        "AND consent.channel = 'email')")


def downgrade() -> None:
    op.execute("DELETE FROM consent WHERE source = 'before'")
    op.drop_index("ix_message_essential", table_name="message")
