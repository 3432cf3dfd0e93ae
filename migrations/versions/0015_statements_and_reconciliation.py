"""Bank statements that are handed in, and what Stripe holds beside the books: the copy, its runs, the differences."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def BigKey() -> sa.types.TypeEngine[int]:
    return sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table('reconciliation',
    sa.Column('account', sa.String(length=64), nullable=False),
    sa.Column('since', sa.DateTime(timezone=True), nullable=False),
    sa.Column('until', sa.DateTime(timezone=True), nullable=False),
    sa.Column('stage', sa.String(length=12), nullable=False),
    sa.Column('cursor', sa.String(length=80), nullable=False),
    sa.Column('objects', sa.Integer(), nullable=False),
    sa.Column('found', sa.Integer(), nullable=False),
    sa.Column('repaired', sa.Integer(), nullable=False),
    sa.Column('gone', sa.Integer(), nullable=False),
    sa.Column('still_open', sa.Integer(), nullable=False),
    sa.Column('started_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('finished_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('claim_token', sa.String(length=32), nullable=True),
    sa.Column('leased_until', sa.DateTime(timezone=True), nullable=True),
    sa.Column('id', BigKey(), autoincrement=True, nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_reconciliation'))
    )
    op.create_index('ix_reconciliation_account_finished_at', 'reconciliation', ['account', 'finished_at'])
    op.create_index('uq_reconciliation_one_under_way', 'reconciliation', ['account'], unique=True,
                    postgresql_where=sa.text('finished_at IS NULL'), sqlite_where=sa.text('finished_at IS NULL'))
    op.create_table('stripe_record',
    sa.Column('account', sa.String(length=64), nullable=False),
    sa.Column('kind', sa.String(length=8), nullable=False),
    sa.Column('object_id', sa.String(length=80), nullable=False),
    sa.Column('amount', sa.BigInteger(), nullable=False),
    sa.Column('fee', sa.BigInteger(), nullable=False),
    sa.Column('currency', sa.String(length=3), nullable=False),
    sa.Column('status', sa.String(length=40), nullable=False),
    sa.Column('source', sa.String(length=80), nullable=False),
    sa.Column('intent', sa.String(length=80), nullable=False),
    sa.Column('payout', sa.String(length=80), nullable=False),
    sa.Column('parts', sa.String(length=6), nullable=False),
    sa.Column('made_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('run_id', sa.BigInteger(), nullable=False),
    sa.Column('id', BigKey(), autoincrement=True, nullable=False),
    sa.CheckConstraint("kind IN ('intent', 'refund', 'dispute', 'payout', 'line')", name=op.f('ck_stripe_record_kind')),
    sa.CheckConstraint("parts IN ('none', 'asked', 'known')", name=op.f('ck_stripe_record_parts')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_stripe_record')),
    sa.UniqueConstraint('account', 'object_id', name=op.f('uq_stripe_record_account_object_id'))
    )
    op.create_index('ix_stripe_record_account_kind_made_at', 'stripe_record', ['account', 'kind', 'made_at'])
    op.create_index('ix_stripe_record_payout', 'stripe_record', ['payout'],
                    postgresql_where=sa.text("payout <> ''"), sqlite_where=sa.text("payout <> ''"))
    op.create_table('bank_mapping',
    sa.Column('business_id', sa.BigInteger(), nullable=False),
    sa.Column('headers', sa.String(length=64), nullable=False),
    sa.Column('reading', sa.JSON().with_variant(postgresql.JSONB(), 'postgresql'), nullable=False),
    sa.Column('used_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('id', BigKey(), autoincrement=True, nullable=False),
    sa.ForeignKeyConstraint(['business_id'], ['business.id'], name=op.f('fk_bank_mapping_business_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_bank_mapping')),
    sa.UniqueConstraint('business_id', 'headers', name=op.f('uq_bank_mapping_business_id_headers'))
    )
    op.create_table('drift',
    sa.Column('business_id', sa.BigInteger(), nullable=False),
    sa.Column('account', sa.String(length=64), nullable=False),
    sa.Column('kind', sa.String(length=30), nullable=False),
    sa.Column('object_id', sa.String(length=80), nullable=False),
    sa.Column('currency', sa.String(length=3), nullable=False),
    sa.Column('at_stripe', sa.BigInteger(), nullable=False),
    sa.Column('in_books', sa.BigInteger(), nullable=False),
    sa.Column('state', sa.String(length=8), nullable=False),
    sa.Column('found_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('ended_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('id', BigKey(), autoincrement=True, nullable=False),
    sa.CheckConstraint("(state = 'open') = (ended_at IS NULL)", name=op.f('ck_drift_open_has_no_end')),
    sa.CheckConstraint("state IN ('open', 'repaired', 'gone')", name=op.f('ck_drift_state')),
    sa.ForeignKeyConstraint(['business_id'], ['business.id'], name=op.f('fk_drift_business_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_drift')),
    sa.UniqueConstraint('account', 'kind', 'object_id', name=op.f('uq_drift_account_kind_object_id'))
    )
    op.create_index('ix_drift_business_id_found_at', 'drift', ['business_id', 'found_at', 'id'])
    op.create_index('ix_drift_open', 'drift', ['business_id', 'found_at', 'id'],
                    postgresql_where=sa.text("state = 'open'"), sqlite_where=sa.text("state = 'open'"))
    op.create_table('bank_statement',
    sa.Column('business_id', sa.BigInteger(), nullable=False),
    sa.Column('staff_id', sa.BigInteger(), nullable=False),
    sa.Column('first_on', sa.Date(), nullable=False),
    sa.Column('last_on', sa.Date(), nullable=False),
    sa.Column('lines_new', sa.Integer(), nullable=False),
    sa.Column('lines_known', sa.Integer(), nullable=False),
    sa.Column('taken_in_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('public_id', sa.String(length=32), nullable=False),
    sa.Column('id', BigKey(), autoincrement=True, nullable=False),
    sa.ForeignKeyConstraint(['business_id', 'staff_id'], ['membership.business_id', 'membership.staff_id'],
                    name=op.f('fk_bank_statement_business_id_staff_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_bank_statement')),
    sa.UniqueConstraint('business_id', 'id', name=op.f('uq_bank_statement_business_id_id')),
    sa.UniqueConstraint('public_id', name=op.f('uq_bank_statement_public_id'))
    )
    op.create_index('ix_bank_statement_business_id_taken_in_at', 'bank_statement', ['business_id', 'taken_in_at'])
    op.create_table('bank_line',
    sa.Column('business_id', sa.BigInteger(), nullable=False),
    sa.Column('statement_id', sa.BigInteger(), nullable=False),
    sa.Column('fingerprint', sa.String(length=64), nullable=False),
    sa.Column('booked_on', sa.Date(), nullable=False),
    sa.Column('amount_minor', sa.BigInteger(), nullable=False),
    sa.Column('currency', sa.String(length=3), nullable=False),
    sa.Column('payer', sa.String(length=140), nullable=False),
    sa.Column('reference', sa.String(length=500), nullable=False),
    sa.Column('state', sa.String(length=8), nullable=False),
    sa.Column('payment_id', sa.BigInteger(), nullable=True),
    sa.Column('payout_id', sa.BigInteger(), nullable=True),
    sa.Column('recorded', sa.Boolean(), nullable=False),
    sa.Column('reason', sa.String(length=200), nullable=False),
    sa.Column('undone', sa.Integer(), nullable=False),
    sa.Column('staff_id', sa.BigInteger(), nullable=True),
    sa.Column('added_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('decided_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('public_id', sa.String(length=32), nullable=False),
    sa.Column('id', BigKey(), autoincrement=True, nullable=False),
    sa.CheckConstraint("(state = 'ignored') = (reason <> '')", name=op.f('ck_bank_line_ignored_has_reason')),
    sa.CheckConstraint("(state = 'matched') = (payment_id IS NOT NULL OR payout_id IS NOT NULL)",
                    name=op.f('ck_bank_line_matched_names_what')),
    sa.CheckConstraint("(state = 'out') = (amount_minor < 0)", name=op.f('ck_bank_line_out_is_negative')),
    sa.CheckConstraint("state IN ('waiting', 'matched', 'ignored', 'out')", name=op.f('ck_bank_line_state')),
    sa.CheckConstraint('amount_minor <> 0', name=op.f('ck_bank_line_amount_not_zero')),
    sa.ForeignKeyConstraint(['business_id', 'payment_id'], ['payment.business_id', 'payment.id'],
                    name=op.f('fk_bank_line_business_id_payment_id')),
    sa.ForeignKeyConstraint(['business_id', 'staff_id'], ['membership.business_id', 'membership.staff_id'],
                    name=op.f('fk_bank_line_business_id_staff_id')),
    sa.ForeignKeyConstraint(['business_id', 'statement_id'], ['bank_statement.business_id', 'bank_statement.id'],
                    name=op.f('fk_bank_line_business_id_statement_id')),
    sa.ForeignKeyConstraint(['payout_id'], ['payout.id'], name=op.f('fk_bank_line_payout_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_bank_line')),
    sa.UniqueConstraint('business_id', 'fingerprint', name=op.f('uq_bank_line_business_id_fingerprint')),
    sa.UniqueConstraint('public_id', name=op.f('uq_bank_line_public_id'))
    )
    op.create_index('ix_bank_line_business_id_booked_on', 'bank_line', ['business_id', 'booked_on', 'id'])
    op.create_index('ix_bank_line_waiting', 'bank_line', ['business_id', 'added_at'],
                    postgresql_where=sa.text("state = 'waiting'"), sqlite_where=sa.text("state = 'waiting'"))
    op.create_index('uq_bank_line_payment_id', 'bank_line', ['payment_id'], unique=True,
                    postgresql_where=sa.text('payment_id IS NOT NULL'), sqlite_where=sa.text('payment_id IS NOT NULL'))
    op.create_index('uq_bank_line_payout_id', 'bank_line', ['payout_id'], unique=True,
                    postgresql_where=sa.text('payout_id IS NOT NULL'), sqlite_where=sa.text('payout_id IS NOT NULL'))


def downgrade() -> None:
    op.drop_index('uq_bank_line_payout_id', table_name='bank_line')
    op.drop_index('uq_bank_line_payment_id', table_name='bank_line')
    op.drop_index('ix_bank_line_waiting', table_name='bank_line')
    op.drop_index('ix_bank_line_business_id_booked_on', table_name='bank_line')
    op.drop_table('bank_line')
    op.drop_index('ix_bank_statement_business_id_taken_in_at', table_name='bank_statement')
    op.drop_table('bank_statement')
    op.drop_index('ix_drift_open', table_name='drift')
    op.drop_index('ix_drift_business_id_found_at', table_name='drift')
    op.drop_table('drift')
    op.drop_table('bank_mapping')
    op.drop_index('ix_stripe_record_payout', table_name='stripe_record')
    op.drop_index('ix_stripe_record_account_kind_made_at', table_name='stripe_record')
    op.drop_table('stripe_record')
    op.drop_index('uq_reconciliation_one_under_way', table_name='reconciliation')
    op.drop_index('ix_reconciliation_account_finished_at', table_name='reconciliation')
    op.drop_table('reconciliation')
