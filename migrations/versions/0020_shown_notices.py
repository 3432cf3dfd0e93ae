"""Which notice a debtor was shown before they paid a part of an old debt or put their name to it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def _create_triggers() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute("CREATE TRIGGER shown_notice_no_change BEFORE UPDATE OR DELETE ON shown_notice "
                   "FOR EACH ROW EXECUTE FUNCTION refuse_change()")
        op.execute("CREATE TRIGGER shown_notice_no_truncate BEFORE TRUNCATE ON shown_notice "
                   "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()")
        return
    refuse = "SELECT RAISE(ABORT, 'shown_notice is append-only')"
    op.execute(f"CREATE TRIGGER shown_notice_no_update BEFORE UPDATE ON shown_notice BEGIN {refuse}; END")
    op.execute(f"CREATE TRIGGER shown_notice_no_delete BEFORE DELETE ON shown_notice BEGIN {refuse}; END")
    op.execute("CREATE TRIGGER shown_notice_no_replace BEFORE INSERT ON shown_notice "
               f"WHEN EXISTS (SELECT 1 FROM shown_notice WHERE id = NEW.id) BEGIN {refuse}; END")


def upgrade() -> None:
    op.create_table(
        "shown_notice",
        sa.Column("business_id", sa.BigInteger(), nullable=False),
        sa.Column("debtor_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("version", sa.String(length=20), nullable=False),
        sa.Column("locale", sa.String(length=20), nullable=False),
        sa.Column("text_sha256", sa.String(length=64), nullable=False),
        sa.Column("cause", sa.String(length=12), nullable=False),
        sa.Column("cause_id", sa.String(length=32), nullable=False),
        sa.Column("link_id", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.CheckConstraint("cause IN ('payment', 'arrangement')", name=op.f("ck_shown_notice_cause")),
        sa.ForeignKeyConstraint(["business_id", "debtor_id"], ["debtor.business_id", "debtor.id"],
                                name=op.f("fk_shown_notice_business_id_debtor_id")),
        sa.ForeignKeyConstraint(
            ["business_id", "debtor_id", "link_id"],
            ["portal_link.business_id", "portal_link.debtor_id", "portal_link.id"],
            name=op.f("fk_shown_notice_business_id_debtor_id_link_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_shown_notice")),
    )
    op.create_index("ix_shown_notice_debtor_id", "shown_notice", ["debtor_id", "id"])
    op.create_index("ix_shown_notice_cause_id", "shown_notice", ["cause_id"])
    _create_triggers()


def downgrade() -> None:
    op.drop_table("shown_notice")
