"""Saved payment methods, the permission to charge them, notices before debits, and every try of the charging job."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def BigKey() -> sa.types.TypeEngine[int]:
    return sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def JsonData() -> sa.types.TypeEngine[object]:
    return sa.JSON().with_variant(JSONB(), "postgresql")


def upgrade() -> None:
    op.create_table('stripe_customer',
    sa.Column('business_id', sa.BigInteger(), nullable=False),
    sa.Column('debtor_id', sa.BigInteger(), nullable=False),
    sa.Column('account', sa.String(length=64), nullable=False),
    sa.Column('customer', sa.String(length=80), nullable=True),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('forgotten_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('id', BigKey(), autoincrement=True, nullable=False),
    sa.ForeignKeyConstraint(['business_id', 'debtor_id'], ['debtor.business_id', 'debtor.id'], name=op.f('fk_stripe_customer_business_id_debtor_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_stripe_customer')),
    sa.UniqueConstraint('business_id', 'debtor_id', 'id', name=op.f('uq_stripe_customer_business_id_debtor_id_id')),
    sa.UniqueConstraint('customer', name=op.f('uq_stripe_customer_customer'))
    )
    op.create_index('uq_stripe_customer_one', 'stripe_customer', ['debtor_id', 'account'], unique=True, postgresql_where=sa.text('forgotten_at IS NULL'), sqlite_where=sa.text('forgotten_at IS NULL'))
    op.create_table('saved_method',
    sa.Column('business_id', sa.BigInteger(), nullable=False),
    sa.Column('debtor_id', sa.BigInteger(), nullable=False),
    sa.Column('customer_id', sa.BigInteger(), nullable=False),
    sa.Column('method', sa.String(length=80), nullable=False),
    sa.Column('kind', sa.String(length=30), nullable=False),
    sa.Column('brand', sa.String(length=40), nullable=False),
    sa.Column('last4', sa.String(length=4), nullable=False),
    sa.Column('exp_month', sa.Integer(), nullable=True),
    sa.Column('exp_year', sa.Integer(), nullable=True),
    sa.Column('mandate', sa.String(length=80), nullable=True),
    sa.Column('state', sa.String(length=8), nullable=False),
    sa.Column('saved_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('ended_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('told_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('public_id', sa.String(length=32), nullable=False),
    sa.Column('id', BigKey(), autoincrement=True, nullable=False),
    sa.CheckConstraint("(state = 'active') = (ended_at IS NULL)", name=op.f('ck_saved_method_ended_has_time')),
    sa.CheckConstraint("state IN ('active', 'unusable', 'removed', 'gone')", name=op.f('ck_saved_method_state')),
    sa.CheckConstraint('(exp_month IS NULL) = (exp_year IS NULL)', name=op.f('ck_saved_method_expiry_whole')),
    sa.ForeignKeyConstraint(['business_id', 'debtor_id', 'customer_id'], ['stripe_customer.business_id', 'stripe_customer.debtor_id', 'stripe_customer.id'], name=op.f('fk_saved_method_business_id_debtor_id_customer_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_saved_method')),
    sa.UniqueConstraint('business_id', 'debtor_id', 'id', name=op.f('uq_saved_method_business_id_debtor_id_id')),
    sa.UniqueConstraint('method', name=op.f('uq_saved_method_method')),
    sa.UniqueConstraint('public_id', name=op.f('uq_saved_method_public_id'))
    )
    op.create_index('ix_saved_method_debtor_id', 'saved_method', ['debtor_id', 'id'], unique=False)
    op.create_index('ix_saved_method_mandate', 'saved_method', ['mandate'], unique=False)
    op.create_table('autopay_mandate',
    sa.Column('business_id', sa.BigInteger(), nullable=False),
    sa.Column('debtor_id', sa.BigInteger(), nullable=False),
    sa.Column('arrangement_id', sa.BigInteger(), nullable=False),
    sa.Column('currency', sa.String(length=3), nullable=False),
    sa.Column('saved_method_id', sa.BigInteger(), nullable=True),
    sa.Column('state', sa.String(length=8), nullable=False),
    sa.Column('wording', sa.Text(), nullable=False),
    sa.Column('text_version', sa.String(length=20), nullable=False),
    sa.Column('locale', sa.String(length=20), nullable=False),
    sa.Column('schedule', JsonData(), nullable=False),
    sa.Column('notice_days', sa.Integer(), nullable=False),
    sa.Column('link_id', sa.BigInteger(), nullable=False),
    sa.Column('given_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('ended_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('ended_by', sa.String(length=8), nullable=False),
    sa.Column('keep_until', sa.Date(), nullable=True),
    sa.Column('public_id', sa.String(length=32), nullable=False),
    sa.Column('id', BigKey(), autoincrement=True, nullable=False),
    sa.CheckConstraint("(state = 'ended') = (ended_at IS NOT NULL)", name=op.f('ck_autopay_mandate_ended_has_time')),
    sa.CheckConstraint("state <> 'active' OR saved_method_id IS NOT NULL", name=op.f('ck_autopay_mandate_active_has_method')),
    sa.CheckConstraint("state IN ('waiting', 'active', 'ended')", name=op.f('ck_autopay_mandate_state')),
    sa.ForeignKeyConstraint(['business_id', 'debtor_id', 'currency', 'arrangement_id'], ['plan.business_id', 'plan.debtor_id', 'plan.currency', 'plan.arrangement_id'], name=op.f('fk_autopay_mandate_business_id_debtor_id_currency_arrangement_id')),
    sa.ForeignKeyConstraint(['business_id', 'debtor_id', 'link_id'], ['portal_link.business_id', 'portal_link.debtor_id', 'portal_link.id'], name=op.f('fk_autopay_mandate_business_id_debtor_id_link_id')),
    sa.ForeignKeyConstraint(['business_id', 'debtor_id', 'saved_method_id'], ['saved_method.business_id', 'saved_method.debtor_id', 'saved_method.id'], name=op.f('fk_autopay_mandate_business_id_debtor_id_saved_method_id')),
    sa.ForeignKeyConstraint(['business_id', 'debtor_id'], ['debtor.business_id', 'debtor.id'], name=op.f('fk_autopay_mandate_business_id_debtor_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_autopay_mandate')),
    sa.UniqueConstraint('business_id', 'debtor_id', 'id', name=op.f('uq_autopay_mandate_business_id_debtor_id_id')),
    sa.UniqueConstraint('public_id', name=op.f('uq_autopay_mandate_public_id'))
    )
    op.create_index('ix_autopay_mandate_debtor_id', 'autopay_mandate', ['debtor_id', 'id'], unique=False)
    op.create_index('ix_autopay_mandate_keep_until', 'autopay_mandate', ['keep_until'], unique=False, postgresql_where=sa.text('keep_until IS NOT NULL'), sqlite_where=sa.text('keep_until IS NOT NULL'))
    op.create_index('uq_autopay_mandate_one_standing', 'autopay_mandate', ['arrangement_id'], unique=True, postgresql_where=sa.text("state <> 'ended'"), sqlite_where=sa.text("state <> 'ended'"))
    op.create_table('method_setup',
    sa.Column('business_id', sa.BigInteger(), nullable=False),
    sa.Column('debtor_id', sa.BigInteger(), nullable=False),
    sa.Column('customer_id', sa.BigInteger(), nullable=False),
    sa.Column('link_id', sa.BigInteger(), nullable=False),
    sa.Column('arrangement_id', sa.BigInteger(), nullable=True),
    sa.Column('currency', sa.String(length=3), nullable=False),
    sa.Column('payment_id', sa.BigInteger(), nullable=True),
    sa.Column('saved_method_id', sa.BigInteger(), nullable=True),
    sa.Column('state', sa.String(length=8), nullable=False),
    sa.Column('request', JsonData(), nullable=True),
    sa.Column('checkout_session', sa.String(length=80), nullable=True),
    sa.Column('checkout_url', sa.String(length=2000), nullable=True),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('expires_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('ask_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('ask_count', sa.Integer(), nullable=False),
    sa.Column('public_id', sa.String(length=32), nullable=False),
    sa.Column('id', BigKey(), autoincrement=True, nullable=False),
    sa.CheckConstraint("state IN ('created', 'unknown', 'open', 'done', 'failed', 'expired')", name=op.f('ck_method_setup_state')),
    sa.CheckConstraint('payment_id IS NULL OR checkout_session IS NULL', name=op.f('ck_method_setup_page_is_the_payments')),
    sa.ForeignKeyConstraint(['business_id', 'debtor_id', 'currency', 'arrangement_id'], ['plan.business_id', 'plan.debtor_id', 'plan.currency', 'plan.arrangement_id'], name=op.f('fk_method_setup_business_id_debtor_id_currency_arrangement_id')),
    sa.ForeignKeyConstraint(['business_id', 'debtor_id', 'customer_id'], ['stripe_customer.business_id', 'stripe_customer.debtor_id', 'stripe_customer.id'], name=op.f('fk_method_setup_business_id_debtor_id_customer_id')),
    sa.ForeignKeyConstraint(['business_id', 'debtor_id', 'link_id'], ['portal_link.business_id', 'portal_link.debtor_id', 'portal_link.id'], name=op.f('fk_method_setup_business_id_debtor_id_link_id')),
    sa.ForeignKeyConstraint(['business_id', 'debtor_id', 'payment_id'], ['payment.business_id', 'payment.debtor_id', 'payment.id'], name=op.f('fk_method_setup_business_id_debtor_id_payment_id')),
    sa.ForeignKeyConstraint(['business_id', 'debtor_id', 'saved_method_id'], ['saved_method.business_id', 'saved_method.debtor_id', 'saved_method.id'], name=op.f('fk_method_setup_business_id_debtor_id_saved_method_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_method_setup')),
    sa.UniqueConstraint('checkout_session', name=op.f('uq_method_setup_checkout_session')),
    sa.UniqueConstraint('payment_id', name=op.f('uq_method_setup_payment_id')),
    sa.UniqueConstraint('public_id', name=op.f('uq_method_setup_public_id'))
    )
    op.create_index('ix_method_setup_ask_at', 'method_setup', ['ask_at'], unique=False, postgresql_where=sa.text('ask_at IS NOT NULL'), sqlite_where=sa.text('ask_at IS NOT NULL'))
    op.create_index('ix_method_setup_debtor_id', 'method_setup', ['debtor_id', 'id'], unique=False)
    op.create_table('debit_notice',
    sa.Column('business_id', sa.BigInteger(), nullable=False),
    sa.Column('debtor_id', sa.BigInteger(), nullable=False),
    sa.Column('installment_id', sa.BigInteger(), nullable=False),
    sa.Column('due_on', sa.Date(), nullable=False),
    sa.Column('amount_minor', sa.BigInteger(), nullable=False),
    sa.Column('changed', sa.String(length=6), nullable=False),
    sa.Column('days', sa.Integer(), nullable=False),
    sa.Column('message_id', sa.BigInteger(), nullable=False),
    sa.Column('made_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('id', BigKey(), autoincrement=True, nullable=False),
    sa.CheckConstraint("changed IN ('', 'amount', 'day')", name=op.f('ck_debit_notice_changed')),
    sa.CheckConstraint('amount_minor > 0 AND days >= 0', name=op.f('ck_debit_notice_amounts')),
    sa.ForeignKeyConstraint(['business_id', 'debtor_id', 'installment_id'], ['installment.business_id', 'installment.debtor_id', 'installment.id'], name=op.f('fk_debit_notice_business_id_debtor_id_installment_id')),
    sa.ForeignKeyConstraint(['message_id'], ['message.id'], name=op.f('fk_debit_notice_message_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_debit_notice')),
    sa.UniqueConstraint('installment_id', 'due_on', 'amount_minor', name=op.f('uq_debit_notice_installment_id_due_on_amount_minor'))
    )
    op.create_table('autopay_charge',
    sa.Column('payment_id', sa.BigInteger(), nullable=False),
    sa.Column('business_id', sa.BigInteger(), nullable=False),
    sa.Column('debtor_id', sa.BigInteger(), nullable=False),
    sa.Column('installment_id', sa.BigInteger(), nullable=False),
    sa.Column('saved_method_id', sa.BigInteger(), nullable=False),
    sa.Column('mandate_id', sa.BigInteger(), nullable=False),
    sa.Column('try_no', sa.Integer(), nullable=False),
    sa.Column('outcome', sa.String(length=8), nullable=False),
    sa.Column('code', sa.String(length=60), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.CheckConstraint("outcome IN ('', 'later', 'payer', 'confirm', 'never', 'untried')", name=op.f('ck_autopay_charge_outcome')),
    sa.CheckConstraint('try_no >= 1', name=op.f('ck_autopay_charge_try_no')),
    sa.ForeignKeyConstraint(['business_id', 'debtor_id', 'installment_id'], ['installment.business_id', 'installment.debtor_id', 'installment.id'], name=op.f('fk_autopay_charge_business_id_debtor_id_installment_id')),
    sa.ForeignKeyConstraint(['business_id', 'debtor_id', 'mandate_id'], ['autopay_mandate.business_id', 'autopay_mandate.debtor_id', 'autopay_mandate.id'], name=op.f('fk_autopay_charge_business_id_debtor_id_mandate_id')),
    sa.ForeignKeyConstraint(['business_id', 'debtor_id', 'payment_id'], ['payment.business_id', 'payment.debtor_id', 'payment.id'], name=op.f('fk_autopay_charge_business_id_debtor_id_payment_id')),
    sa.ForeignKeyConstraint(['business_id', 'debtor_id', 'saved_method_id'], ['saved_method.business_id', 'saved_method.debtor_id', 'saved_method.id'], name=op.f('fk_autopay_charge_business_id_debtor_id_saved_method_id')),
    sa.PrimaryKeyConstraint('payment_id', name=op.f('pk_autopay_charge'))
    )
    op.create_index('ix_autopay_charge_installment_id', 'autopay_charge', ['installment_id', 'payment_id'], unique=False)
    op.create_table('autopay_stop',
    sa.Column('reason', sa.String(length=12), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('released_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('id', BigKey(), autoincrement=True, nullable=False),
    sa.CheckConstraint("reason IN ('restored', 'forgotten', 'by_hand')", name=op.f('ck_autopay_stop_reason')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_autopay_stop'))
    )
    op.create_index('uq_autopay_stop_one', 'autopay_stop', ['reason'], unique=True, postgresql_where=sa.text('released_at IS NULL'), sqlite_where=sa.text('released_at IS NULL'))


def downgrade() -> None:
    op.drop_index('uq_autopay_stop_one', table_name='autopay_stop', postgresql_where=sa.text('released_at IS NULL'), sqlite_where=sa.text('released_at IS NULL'))
    op.drop_table('autopay_stop')
    op.drop_index('ix_autopay_charge_installment_id', table_name='autopay_charge')
    op.drop_table('autopay_charge')
    op.drop_table('debit_notice')
    op.drop_index('ix_method_setup_ask_at', table_name='method_setup', postgresql_where=sa.text('ask_at IS NOT NULL'), sqlite_where=sa.text('ask_at IS NOT NULL'))
    op.drop_index('ix_method_setup_debtor_id', table_name='method_setup')
    op.drop_table('method_setup')
    op.drop_index('ix_autopay_mandate_debtor_id', table_name='autopay_mandate')
    op.drop_index('ix_autopay_mandate_keep_until', table_name='autopay_mandate', postgresql_where=sa.text('keep_until IS NOT NULL'), sqlite_where=sa.text('keep_until IS NOT NULL'))
    op.drop_index('uq_autopay_mandate_one_standing', table_name='autopay_mandate', postgresql_where=sa.text("state <> 'ended'"), sqlite_where=sa.text("state <> 'ended'"))
    op.drop_table('autopay_mandate')
    op.drop_index('ix_saved_method_debtor_id', table_name='saved_method')
    op.drop_index('ix_saved_method_mandate', table_name='saved_method')
    op.drop_table('saved_method')
    op.drop_index('uq_stripe_customer_one', table_name='stripe_customer', postgresql_where=sa.text('forgotten_at IS NULL'), sqlite_where=sa.text('forgotten_at IS NULL'))
    op.drop_table('stripe_customer')
