"""Disputes with their parts and files; a discount that is dated anew knows what it is for."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

OPEN_LINE = sa.text("open AND line_id IS NOT NULL")
OPEN_INVOICE = sa.text("open AND line_id IS NULL")
IS_OPEN = sa.text("state = 'open'")


def BigKey() -> sa.types.TypeEngine[int]:
    return sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.add_column("offer", sa.Column("base_minor", sa.BigInteger(), nullable=True))
    op.add_column("question", sa.Column("of_dispute", sa.Boolean(), server_default=sa.false(), nullable=False))
    _dispute()
    _part()
    op.create_table(
        "dispute_file",
        sa.Column("business_id", sa.BigInteger(), nullable=False),
        sa.Column("dispute_id", sa.BigInteger(), nullable=False),
        sa.Column("file_id", sa.BigInteger(), nullable=False),
        sa.Column("id", BigKey(), autoincrement=True, nullable=False),
        sa.ForeignKeyConstraint(["business_id", "dispute_id"], ["dispute.business_id", "dispute.id"],
                                name=op.f("fk_dispute_file_business_id_dispute_id")),
        sa.ForeignKeyConstraint(["business_id", "file_id"], ["stored_file.business_id", "stored_file.id"],
                                name=op.f("fk_dispute_file_business_id_file_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dispute_file")),
        sa.UniqueConstraint("file_id", name=op.f("uq_dispute_file_file_id")))
    op.create_index("ix_dispute_file_dispute_id", "dispute_file", ["dispute_id"])


def _dispute() -> None:
    op.create_table(
        "dispute",
        sa.Column("business_id", sa.BigInteger(), nullable=False),
        sa.Column("debtor_id", sa.BigInteger(), nullable=False),
        sa.Column("question_id", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(length=14), nullable=False),
        sa.Column("reason", sa.String(length=14), nullable=False),
        sa.Column("wants", sa.String(length=12), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("answer_by", sa.DateTime(timezone=True), nullable=False),
        sa.Column("looks", sa.Integer(), nullable=False),
        sa.Column("warned_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("escalated_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("staff_id", sa.BigInteger(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("public_id", sa.String(length=32), nullable=False),
        sa.Column("id", BigKey(), autoincrement=True, nullable=False),
        sa.CheckConstraint("state IN ('open', 'upheld', 'partly_upheld', 'rejected', 'withdrawn')",
                           name=op.f("ck_dispute_state")),
        sa.CheckConstraint("reason IN ('not_received', 'wrong_amount', 'duplicate', 'already_paid', 'quality', "
                           "'not_mine', 'other')", name=op.f("ck_dispute_reason")),
        sa.CheckConstraint("wants IN ('credit', 'document', 'correction', 'call')", name=op.f("ck_dispute_wants")),
        sa.CheckConstraint("(state = 'open') = (decided_at IS NULL)", name=op.f("ck_dispute_decided_has_time")),
        sa.CheckConstraint("looks IN (1, 2)", name=op.f("ck_dispute_looks")),
        sa.ForeignKeyConstraint(["business_id", "debtor_id"], ["debtor.business_id", "debtor.id"],
                                name=op.f("fk_dispute_business_id_debtor_id")),
        sa.ForeignKeyConstraint(["business_id", "question_id"], ["question.business_id", "question.id"],
                                name=op.f("fk_dispute_business_id_question_id")),
        sa.ForeignKeyConstraint(["business_id", "staff_id"], ["membership.business_id", "membership.staff_id"],
                                name=op.f("fk_dispute_business_id_staff_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dispute")),
        sa.UniqueConstraint("business_id", "id", name=op.f("uq_dispute_business_id_id")),
        sa.UniqueConstraint("public_id", name=op.f("uq_dispute_public_id")),
        sa.UniqueConstraint("question_id", name=op.f("uq_dispute_question_id")))
    op.create_index("ix_dispute_debtor_id", "dispute", ["debtor_id", "id"])
    op.create_index("ix_dispute_business_id", "dispute", ["business_id", "opened_at"])
    op.create_index("ix_dispute_open", "dispute", ["answer_by"], postgresql_where=IS_OPEN, sqlite_where=IS_OPEN)


def _part() -> None:
    op.create_table(
        "dispute_part",
        sa.Column("business_id", sa.BigInteger(), nullable=False),
        sa.Column("debtor_id", sa.BigInteger(), nullable=False),
        sa.Column("dispute_id", sa.BigInteger(), nullable=False),
        sa.Column("invoice_id", sa.BigInteger(), nullable=False),
        sa.Column("line_id", sa.BigInteger(), nullable=True),
        sa.Column("whole", sa.Boolean(), nullable=False),
        sa.Column("asked_minor", sa.BigInteger(), nullable=False),
        sa.Column("credited_minor", sa.BigInteger(), nullable=False),
        sa.Column("tax_minor", sa.BigInteger(), nullable=False),
        sa.Column("open", sa.Boolean(), nullable=False),
        sa.Column("id", BigKey(), autoincrement=True, nullable=False),
        sa.CheckConstraint("asked_minor > 0", name=op.f("ck_dispute_part_asked_positive")),
        sa.CheckConstraint("credited_minor BETWEEN 0 AND asked_minor", name=op.f("ck_dispute_part_credited_within")),
        sa.CheckConstraint("tax_minor BETWEEN 0 AND credited_minor", name=op.f("ck_dispute_part_tax_within")),
        sa.CheckConstraint("NOT whole OR line_id IS NULL", name=op.f("ck_dispute_part_whole_has_no_line")),
        sa.ForeignKeyConstraint(["business_id", "dispute_id"], ["dispute.business_id", "dispute.id"],
                                name=op.f("fk_dispute_part_business_id_dispute_id")),
        sa.ForeignKeyConstraint(["business_id", "invoice_id"], ["invoice.business_id", "invoice.id"],
                                name=op.f("fk_dispute_part_business_id_invoice_id")),
        sa.ForeignKeyConstraint(["business_id", "line_id"], ["invoice_line.business_id", "invoice_line.id"],
                                name=op.f("fk_dispute_part_business_id_line_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dispute_part")))
    op.create_index("ix_dispute_part_dispute_id", "dispute_part", ["dispute_id"])
    op.create_index("ix_dispute_part_invoice_id", "dispute_part", ["invoice_id"])
    op.create_index("uq_dispute_part_one_open_line", "dispute_part", ["line_id"], unique=True,
                    postgresql_where=OPEN_LINE, sqlite_where=OPEN_LINE)
    op.create_index("uq_dispute_part_one_open_invoice", "dispute_part", ["invoice_id"], unique=True,
                    postgresql_where=OPEN_INVOICE, sqlite_where=OPEN_INVOICE)


def downgrade() -> None:
    for table in ("dispute_file", "dispute_part", "dispute"):
        op.drop_table(table)
    op.drop_column("question", "of_dispute")
    op.drop_column("offer", "base_minor")
