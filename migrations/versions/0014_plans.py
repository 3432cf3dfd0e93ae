"""Plans to pay in installments, which payments were made for them, and what a plan covers of an invoice."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def BigKey() -> sa.types.TypeEngine[int]:
    return sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def JsonData() -> sa.types.TypeEngine[object]:
    return sa.JSON().with_variant(JSONB(), "postgresql")


def upgrade() -> None:
    op.add_column("arrangement_invoice", sa.Column("covered_minor", sa.BigInteger(), nullable=True))
    op.add_column("arrangement_invoice", sa.Column("outside_minor", sa.BigInteger(), nullable=True))
    op.add_column("arrangement_round", sa.Column("terms", JsonData(), nullable=True))
    op.create_table(
        "plan",
        sa.Column("arrangement_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("business_id", sa.BigInteger(), nullable=False),
        sa.Column("debtor_id", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("kind", sa.String(length=6), nullable=False),
        sa.Column("frequency", sa.String(length=12), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("total_minor", sa.BigInteger(), nullable=False),
        sa.Column("down_minor", sa.BigInteger(), nullable=False),
        sa.Column("first_on", sa.Date(), nullable=False),
        sa.Column("last_on", sa.Date(), nullable=False),
        sa.Column("autopay", sa.Boolean(), nullable=False),
        sa.Column("terms", JsonData(), nullable=False),
        sa.Column("rules", JsonData(), nullable=False),
        sa.Column("grace_days", sa.Integer(), nullable=False),
        sa.Column("cure_days", sa.Integer(), nullable=False),
        sa.Column("proposed_by", sa.String(length=6), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reminded_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("signed_version", sa.Integer(), nullable=True),
        sa.Column("signed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("standing", sa.String(length=8), nullable=False),
        sa.Column("cure_until", sa.Date(), nullable=True),
        sa.Column("moves_used", sa.Integer(), nullable=False),
        sa.Column("skips_used", sa.Integer(), nullable=False),
        sa.CheckConstraint("kind IN ('equal', 'custom')", name=op.f("ck_plan_kind")),
        sa.CheckConstraint("frequency IN ('', 'weekly', 'two_weeks', 'twice_a_month', 'monthly')",
                           name=op.f("ck_plan_frequency")),
        sa.CheckConstraint("(kind = 'equal') = (frequency <> '')", name=op.f("ck_plan_equal_has_frequency")),
        sa.CheckConstraint("count >= 1 AND total_minor > 0 AND down_minor >= 0 AND down_minor <= total_minor",
                           name=op.f("ck_plan_sums")),
        sa.CheckConstraint("first_on <= last_on", name=op.f("ck_plan_days_in_order")),
        sa.CheckConstraint("grace_days >= 0 AND cure_days >= 0 AND moves_used >= 0 AND skips_used >= 0",
                           name=op.f("ck_plan_days")),
        sa.CheckConstraint("proposed_by IN ('debtor', 'staff')", name=op.f("ck_plan_proposed_by")),
        sa.CheckConstraint("standing IN ('', 'good', 'late', 'cure', 'ended')", name=op.f("ck_plan_standing")),
        sa.CheckConstraint("(signed_at IS NULL) = (signed_version IS NULL) AND (signed_at IS NULL) = (standing = '')",
                           name=op.f("ck_plan_signed_whole")),
        sa.ForeignKeyConstraint(["business_id", "arrangement_id"], ["arrangement.business_id", "arrangement.id"],
                                name=op.f("fk_plan_business_id_arrangement_id")),
        sa.ForeignKeyConstraint(["business_id", "debtor_id"], ["debtor.business_id", "debtor.id"],
                                name=op.f("fk_plan_business_id_debtor_id")),
        sa.PrimaryKeyConstraint("arrangement_id", name=op.f("pk_plan")),
        sa.UniqueConstraint("business_id", "debtor_id", "currency", "arrangement_id",
                            name=op.f("uq_plan_business_id_debtor_id_currency_arrangement_id")))
    op.create_index("ix_plan_expires_at", "plan", ["expires_at", "arrangement_id"],
                    postgresql_where=sa.text("signed_at IS NULL"), sqlite_where=sa.text("signed_at IS NULL"))
    op.create_index("ix_plan_standing", "plan", ["business_id", "standing", "arrangement_id"])
    op.create_table(
        "installment",
        sa.Column("business_id", sa.BigInteger(), nullable=False),
        sa.Column("debtor_id", sa.BigInteger(), nullable=False),
        sa.Column("arrangement_id", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("original_on", sa.Date(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("paid_minor", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(length=5), nullable=False),
        sa.Column("try_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("claim_token", sa.String(length=32), nullable=True),
        sa.Column("claimed_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("public_id", sa.String(length=32), nullable=False),
        sa.Column("id", BigKey(), autoincrement=True, nullable=False),
        sa.CheckConstraint("state IN ('open', 'paid', 'void')", name=op.f("ck_installment_state")),
        sa.CheckConstraint("amount_minor >= 0 AND paid_minor >= 0 AND paid_minor <= amount_minor",
                           name=op.f("ck_installment_sums")),
        sa.CheckConstraint("(state <> 'open' OR paid_minor < amount_minor) "
                           "AND (state <> 'paid' OR (paid_minor = amount_minor AND amount_minor > 0))",
                           name=op.f("ck_installment_state_fits")),
        sa.CheckConstraint("tries >= 0", name=op.f("ck_installment_tries")),
        sa.CheckConstraint("(claim_token IS NULL) = (claimed_until IS NULL)",
                           name=op.f("ck_installment_claimed_whole")),
        sa.ForeignKeyConstraint(
            ["business_id", "debtor_id", "currency", "arrangement_id"],
            ["plan.business_id", "plan.debtor_id", "plan.currency", "plan.arrangement_id"],
            name=op.f("fk_installment_business_id_debtor_id_currency_arrangement_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_installment")),
        sa.UniqueConstraint("business_id", "debtor_id", "id", name=op.f("uq_installment_business_id_debtor_id_id")),
        sa.UniqueConstraint("arrangement_id", "position", name=op.f("uq_installment_arrangement_id_position")),
        sa.UniqueConstraint("public_id", name=op.f("uq_installment_public_id")))
    op.create_index("ix_installment_debtor_id", "installment", ["debtor_id", "due_on"])
    op.create_index("ix_installment_due_on", "installment", ["due_on", "id"],
                    postgresql_where=sa.text("state = 'open'"), sqlite_where=sa.text("state = 'open'"))
    op.create_index("ix_installment_try_at", "installment", ["try_at", "id"],
                    postgresql_where=sa.text("state = 'open' AND try_at IS NOT NULL"),
                    sqlite_where=sa.text("state = 'open' AND try_at IS NOT NULL"))
    op.create_table(
        "installment_payment",
        sa.Column("installment_id", sa.BigInteger(), nullable=False),
        sa.Column("payment_id", sa.BigInteger(), nullable=False),
        sa.Column("business_id", sa.BigInteger(), nullable=False),
        sa.Column("debtor_id", sa.BigInteger(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("try_no", sa.Integer(), nullable=False),
        sa.Column("open", sa.Boolean(), nullable=False),
        sa.CheckConstraint("amount_minor > 0 AND try_no >= 0", name=op.f("ck_installment_payment_amounts")),
        sa.ForeignKeyConstraint(["business_id", "debtor_id", "installment_id"],
                                ["installment.business_id", "installment.debtor_id", "installment.id"],
                                name=op.f("fk_installment_payment_business_id_debtor_id_installment_id")),
        sa.ForeignKeyConstraint(["business_id", "debtor_id", "payment_id"],
                                ["payment.business_id", "payment.debtor_id", "payment.id"],
                                name=op.f("fk_installment_payment_business_id_debtor_id_payment_id")),
        sa.PrimaryKeyConstraint("installment_id", "payment_id", name=op.f("pk_installment_payment")))
    op.create_index("ix_installment_payment_payment_id", "installment_payment", ["payment_id"])
    op.create_index("uq_installment_payment_one_open", "installment_payment", ["installment_id"], unique=True,
                    postgresql_where=sa.text("open"), sqlite_where=sa.text("open"))
    op.create_index("uq_installment_payment_one_try", "installment_payment", ["installment_id", "try_no"], unique=True,
                    postgresql_where=sa.text("try_no > 0"), sqlite_where=sa.text("try_no > 0"))


def downgrade() -> None:
    op.drop_table("installment_payment")
    op.drop_table("installment")
    op.drop_table("plan")
    op.drop_column("arrangement_round", "terms")
    op.drop_column("arrangement_invoice", "outside_minor")
    op.drop_column("arrangement_invoice", "covered_minor")
