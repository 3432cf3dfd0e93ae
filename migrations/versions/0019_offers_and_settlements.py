"""Offers say how they ended and what a part payment does to them; settlements hold offers together and hold back."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

OLD_CAUSES = ("dispute", "deferral", "promise", "plan", "already_paid", "staff", "chargeback", "transfer", "import",
              "payment", "hand_over")
NEW_CAUSES = (*OLD_CAUSES, "settlement")
COLUMNS = ("business_id", "debtor_id", "invoice_id", "line_id", "amount_minor", "reminders", "fees", "autopay",
           "discount_clock", "cause", "cause_id", "starts_at", "until", "released_at", "public_id", "id")
STANDS = sa.text("released_at IS NULL")
HAS_CAUSE = sa.text("released_at IS NULL AND cause_id <> ''")
OFFERED = sa.text("withdrawn_at IS NULL")


def upgrade() -> None:
    op.add_column("offer", sa.Column("ended_as", sa.String(length=10), server_default="", nullable=False))
    op.add_column("offer", sa.Column("part_effect", sa.String(length=6), server_default="ends", nullable=False))
    op.execute("UPDATE offer SET ended_as = 'withdrawn' WHERE withdrawn_at IS NOT NULL")
    op.create_index("ix_offer_standing", "offer", ["business_id", "deadline", "id"], postgresql_where=OFFERED,
                    sqlite_where=OFFERED)
    op.create_table(
        "settlement_offer",
        sa.Column("offer_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("business_id", sa.BigInteger(), nullable=False),
        sa.Column("arrangement_id", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["business_id", "offer_id"], ["offer.business_id", "offer.id"],
                                name=op.f("fk_settlement_offer_business_id_offer_id")),
        sa.ForeignKeyConstraint(["business_id", "arrangement_id"], ["arrangement.business_id", "arrangement.id"],
                                name=op.f("fk_settlement_offer_business_id_arrangement_id")),
        sa.PrimaryKeyConstraint("offer_id", name=op.f("pk_settlement_offer")))
    op.create_index("ix_settlement_offer_arrangement_id", "settlement_offer", ["arrangement_id"])
    _causes(NEW_CAUSES)


def downgrade() -> None:
    op.execute("DELETE FROM hold WHERE cause = 'settlement'")
    _causes(OLD_CAUSES)
    op.drop_table("settlement_offer")
    op.drop_index("ix_offer_standing", table_name="offer")
    op.drop_column("offer", "part_effect")
    op.drop_column("offer", "ended_as")


def _causes(known: tuple[str, ...]) -> None:
    """Let a hold have these causes and no others; SQLite can only do so by building the table anew."""
    rule = f"cause IN ({', '.join(repr(cause) for cause in known)})"
    if op.get_bind().dialect.name == "postgresql":
        op.drop_constraint(op.f("ck_hold_cause"), "hold", type_="check")
        op.create_check_constraint(op.f("ck_hold_cause"), "hold", rule)
        return
    op.drop_index("ix_hold_debtor_id", table_name="hold")
    op.drop_index("uq_hold_cause", table_name="hold")
    _create("hold_next", rule)
    named = ", ".join(COLUMNS)
    op.execute(f"INSERT INTO hold_next ({named}) SELECT {named} FROM hold")
    op.drop_table("hold")
    op.rename_table("hold_next", "hold")
    op.create_index("ix_hold_debtor_id", "hold", ["debtor_id"], sqlite_where=STANDS)
    op.create_index("uq_hold_cause", "hold", ["business_id", "cause", "cause_id", "invoice_id"], unique=True,
                    sqlite_where=HAS_CAUSE)


def _create(name: str, rule: str) -> None:
    whole = [sa.Column(column, sa.BigInteger(), nullable=column not in ("business_id", "debtor_id"))
             for column in ("business_id", "debtor_id", "invoice_id", "line_id", "amount_minor")]
    kinds = [sa.Column(column, sa.Boolean(), nullable=False)
             for column in ("reminders", "fees", "autopay", "discount_clock")]
    op.create_table(
        name, *whole, *kinds,
        sa.Column("cause", sa.String(length=20), nullable=False),
        sa.Column("cause_id", sa.String(length=40), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("released_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("public_id", sa.String(length=32), nullable=False),
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.CheckConstraint(rule, name=op.f("ck_hold_cause")),
        sa.CheckConstraint("amount_minor IS NULL OR (amount_minor > 0 AND invoice_id IS NOT NULL)",
                           name=op.f("ck_hold_amount")),
        sa.CheckConstraint("reminders OR fees OR autopay OR discount_clock", name=op.f("ck_hold_holds_something")),
        sa.CheckConstraint("until IS NULL OR until > starts_at", name=op.f("ck_hold_ends_after_start")),
        sa.ForeignKeyConstraint(["business_id", "debtor_id"], ["debtor.business_id", "debtor.id"],
                                name=op.f("fk_hold_business_id_debtor_id")),
        sa.ForeignKeyConstraint(["business_id", "invoice_id"], ["invoice.business_id", "invoice.id"],
                                name=op.f("fk_hold_business_id_invoice_id")),
        sa.ForeignKeyConstraint(["business_id", "line_id"], ["invoice_line.business_id", "invoice_line.id"],
                                name=op.f("fk_hold_business_id_line_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_hold")),
        sa.UniqueConstraint("public_id", name=op.f("uq_hold_public_id")))
