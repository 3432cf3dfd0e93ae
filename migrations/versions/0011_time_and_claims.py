"""Time that is asked for and given, promises, and payments that debtors tell of."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def BigKey() -> sa.types.TypeEngine[int]:
    return sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table('arrangement',
    sa.Column('business_id', sa.BigInteger(), nullable=False),
    sa.Column('debtor_id', sa.BigInteger(), nullable=False),
    sa.Column('kind', sa.String(length=12), nullable=False),
    sa.Column('state', sa.String(length=10), nullable=False),
    sa.Column('currency', sa.String(length=3), nullable=False),
    sa.Column('amount_minor', sa.BigInteger(), nullable=False),
    sa.Column('asked_until', sa.Date(), nullable=True),
    sa.Column('until', sa.Date(), nullable=True),
    sa.Column('review_on', sa.Date(), nullable=True),
    sa.Column('reviewed_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('words', sa.Text(), nullable=False),
    sa.Column('asked_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('staff_id', sa.BigInteger(), nullable=True),
    sa.Column('answer_by', sa.DateTime(timezone=True), nullable=True),
    sa.Column('decided_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('ended_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('public_id', sa.String(length=32), nullable=False),
    sa.Column('id', BigKey(), autoincrement=True, nullable=False),
    sa.CheckConstraint("(kind IN ('deferral', 'hardship')) = (amount_minor = 0)",
                       name=op.f('ck_arrangement_pause_has_no_sum')),
    sa.CheckConstraint("(state = 'active') <= (until IS NOT NULL)", name=op.f('ck_arrangement_active_has_end')),
    sa.CheckConstraint("kind IN ('deferral', 'hardship', 'promise', 'settlement', 'plan')",
                       name=op.f('ck_arrangement_kind')),
    sa.CheckConstraint("state IN ('asked', 'countered', 'active', 'kept', 'broken', 'refused', 'withdrawn', 'ended')",
                       name=op.f('ck_arrangement_state')),
    sa.CheckConstraint('amount_minor >= 0', name=op.f('ck_arrangement_amount_not_negative')),
    sa.ForeignKeyConstraint(['business_id', 'debtor_id'], ['debtor.business_id', 'debtor.id'],
                       name=op.f('fk_arrangement_business_id_debtor_id')),
    sa.ForeignKeyConstraint(['business_id', 'staff_id'], ['membership.business_id', 'membership.staff_id'],
                       name=op.f('fk_arrangement_business_id_staff_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_arrangement')),
    sa.UniqueConstraint('business_id', 'id', name=op.f('uq_arrangement_business_id_id')),
    sa.UniqueConstraint('public_id', name=op.f('uq_arrangement_public_id'))
    )
    op.create_index('ix_arrangement_debtor_id', 'arrangement', ['debtor_id', 'id'])
    op.create_index('ix_arrangement_ends', 'arrangement', ['until', 'id'],
                    postgresql_where=sa.text("state = 'active'"),
                    sqlite_where=sa.text("state = 'active'"))
    op.create_index('ix_arrangement_review', 'arrangement', ['business_id', 'review_on'],
                    postgresql_where=sa.text("review_on IS NOT NULL AND reviewed_at IS NULL AND state = 'active'"),
                    sqlite_where=sa.text("review_on IS NOT NULL AND reviewed_at IS NULL AND state = 'active'"))
    op.create_index('ix_arrangement_waiting', 'arrangement', ['business_id', 'asked_at'],
                    postgresql_where=sa.text("state = 'asked'"),
                    sqlite_where=sa.text("state = 'asked'"))
    op.create_table('arrangement_invoice',
    sa.Column('arrangement_id', sa.BigInteger(), nullable=False),
    sa.Column('invoice_id', sa.BigInteger(), nullable=False),
    sa.Column('business_id', sa.BigInteger(), nullable=False),
    sa.Column('debtor_id', sa.BigInteger(), nullable=False),
    sa.Column('binding', sa.Boolean(), nullable=False),
    sa.ForeignKeyConstraint(['business_id', 'arrangement_id'], ['arrangement.business_id', 'arrangement.id'],
                       name=op.f('fk_arrangement_invoice_business_id_arrangement_id')),
    sa.ForeignKeyConstraint(['business_id', 'invoice_id'], ['invoice.business_id', 'invoice.id'],
                       name=op.f('fk_arrangement_invoice_business_id_invoice_id')),
    sa.PrimaryKeyConstraint('arrangement_id', 'invoice_id', name=op.f('pk_arrangement_invoice'))
    )
    op.create_index('ix_arrangement_invoice_debtor_id', 'arrangement_invoice', ['debtor_id', 'arrangement_id'])
    op.create_index('uq_arrangement_invoice_one_binding', 'arrangement_invoice', ['invoice_id'], unique=True,
                    postgresql_where=sa.text('binding'),
                    sqlite_where=sa.text('binding'))
    op.create_table('arrangement_round',
    sa.Column('business_id', sa.BigInteger(), nullable=False),
    sa.Column('arrangement_id', sa.BigInteger(), nullable=False),
    sa.Column('position', sa.Integer(), nullable=False),
    sa.Column('said_by', sa.String(length=6), nullable=False),
    sa.Column('staff_id', sa.BigInteger(), nullable=True),
    sa.Column('what', sa.String(length=10), nullable=False),
    sa.Column('until', sa.Date(), nullable=True),
    sa.Column('amount_minor', sa.BigInteger(), nullable=False),
    sa.Column('words', sa.Text(), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('id', BigKey(), autoincrement=True, nullable=False),
    sa.CheckConstraint("(said_by = 'staff') = (staff_id IS NOT NULL)", name=op.f('ck_arrangement_round_staff_named')),
    sa.CheckConstraint("said_by IN ('debtor', 'staff', 'rules')", name=op.f('ck_arrangement_round_said_by')),
    sa.ForeignKeyConstraint(['business_id', 'arrangement_id'], ['arrangement.business_id', 'arrangement.id'],
                       name=op.f('fk_arrangement_round_business_id_arrangement_id')),
    sa.ForeignKeyConstraint(['business_id', 'staff_id'], ['membership.business_id', 'membership.staff_id'],
                       name=op.f('fk_arrangement_round_business_id_staff_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_arrangement_round')),
    sa.UniqueConstraint('arrangement_id', 'position', name=op.f('uq_arrangement_round_arrangement_id_position'))
    )
    op.create_table('payment_claim',
    sa.Column('business_id', sa.BigInteger(), nullable=False),
    sa.Column('debtor_id', sa.BigInteger(), nullable=False),
    sa.Column('state', sa.String(length=10), nullable=False),
    sa.Column('currency', sa.String(length=3), nullable=False),
    sa.Column('amount_minor', sa.BigInteger(), nullable=False),
    sa.Column('paid_on', sa.Date(), nullable=False),
    sa.Column('way', sa.String(length=10), nullable=False),
    sa.Column('reference', sa.String(length=80), nullable=False),
    sa.Column('words', sa.Text(), nullable=False),
    sa.Column('answer', sa.Text(), nullable=False),
    sa.Column('file_id', sa.BigInteger(), nullable=True),
    sa.Column('payment_id', sa.BigInteger(), nullable=True),
    sa.Column('staff_id', sa.BigInteger(), nullable=True),
    sa.Column('claimed_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('answer_by', sa.DateTime(timezone=True), nullable=False),
    sa.Column('decided_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('public_id', sa.String(length=32), nullable=False),
    sa.Column('id', BigKey(), autoincrement=True, nullable=False),
    sa.CheckConstraint("(state = 'matched') >= (payment_id IS NOT NULL)",
                       name=op.f('ck_payment_claim_payment_when_matched')),
    sa.CheckConstraint("state IN ('waiting', 'matched', 'rejected', 'withdrawn')", name=op.f('ck_payment_claim_state')),
    sa.CheckConstraint("way IN ('transfer', 'card', 'cash', 'check', 'other')", name=op.f('ck_payment_claim_way')),
    sa.CheckConstraint('amount_minor > 0', name=op.f('ck_payment_claim_amount_positive')),
    sa.ForeignKeyConstraint(['business_id', 'debtor_id', 'payment_id'], ['payment.business_id', 'payment.debtor_id', 'payment.id'],
                       name=op.f('fk_payment_claim_business_id_debtor_id_payment_id')),
    sa.ForeignKeyConstraint(['business_id', 'debtor_id'], ['debtor.business_id', 'debtor.id'],
                       name=op.f('fk_payment_claim_business_id_debtor_id')),
    sa.ForeignKeyConstraint(['business_id', 'file_id'], ['stored_file.business_id', 'stored_file.id'],
                       name=op.f('fk_payment_claim_business_id_file_id')),
    sa.ForeignKeyConstraint(['business_id', 'staff_id'], ['membership.business_id', 'membership.staff_id'],
                       name=op.f('fk_payment_claim_business_id_staff_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_payment_claim')),
    sa.UniqueConstraint('business_id', 'id', name=op.f('uq_payment_claim_business_id_id')),
    sa.UniqueConstraint('public_id', name=op.f('uq_payment_claim_public_id'))
    )
    op.create_index('ix_payment_claim_debtor_id', 'payment_claim', ['debtor_id', 'id'])
    op.create_index('ix_payment_claim_waiting', 'payment_claim', ['business_id', 'claimed_at'],
                    postgresql_where=sa.text("state = 'waiting'"),
                    sqlite_where=sa.text("state = 'waiting'"))


def downgrade() -> None:
    op.drop_index('ix_payment_claim_waiting', table_name='payment_claim')
    op.drop_index('ix_payment_claim_debtor_id', table_name='payment_claim')
    op.drop_table('payment_claim')
    op.drop_table('arrangement_round')
    op.drop_index('uq_arrangement_invoice_one_binding', table_name='arrangement_invoice')
    op.drop_index('ix_arrangement_invoice_debtor_id', table_name='arrangement_invoice')
    op.drop_table('arrangement_invoice')
    op.drop_index('ix_arrangement_waiting', table_name='arrangement')
    op.drop_index('ix_arrangement_review', table_name='arrangement')
    op.drop_index('ix_arrangement_ends', table_name='arrangement')
    op.drop_index('ix_arrangement_debtor_id', table_name='arrangement')
    op.drop_table('arrangement')
