"""Reminders: cadences and their steps, letters and hand-overs, consent, delivery reports, feedback, job states."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def Json() -> sa.types.TypeEngine[object]:
    return sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), "postgresql")


def BigKey() -> sa.types.TypeEngine[int]:
    return sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table('delivery_report',
    sa.Column('source', sa.String(length=20), nullable=False),
    sa.Column('report', sa.String(length=120), nullable=False),
    sa.Column('message_id', sa.String(length=120), nullable=False),
    sa.Column('kind', sa.String(length=12), nullable=False),
    sa.Column('outcome', sa.String(length=20), nullable=False),
    sa.Column('received_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('id', BigKey(), autoincrement=True, nullable=False),
    sa.CheckConstraint("kind IN ('bounce', 'soft_bounce', 'complaint', 'other')", name=op.f('ck_delivery_report_kind')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_delivery_report')),
    sa.UniqueConstraint('source', 'report', name=op.f('uq_delivery_report_source_report'))
    )
    op.create_index('ix_delivery_report_message_id', 'delivery_report', ['message_id'], unique=False)
    op.create_table('job_state',
    sa.Column('name', sa.String(length=40), nullable=False),
    sa.Column('started_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('finished_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('handled', sa.Integer(), nullable=False),
    sa.Column('failures', sa.Integer(), nullable=False),
    sa.Column('error', sa.String(length=80), nullable=False),
    sa.PrimaryKeyConstraint('name', name=op.f('pk_job_state'))
    )
    op.create_table('sending_window',
    sa.Column('sender', sa.String(length=80), nullable=False),
    sa.Column('starts_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('sent', sa.Integer(), nullable=False),
    sa.PrimaryKeyConstraint('sender', 'starts_at', name=op.f('pk_sending_window'))
    )
    op.create_table('cadence',
    sa.Column('business_id', sa.BigInteger(), nullable=False),
    sa.Column('name', sa.String(length=80), nullable=False),
    sa.Column('preset', sa.String(length=10), nullable=False),
    sa.Column('audience', sa.String(length=10), nullable=False),
    sa.Column('history', sa.String(length=10), nullable=False),
    sa.Column('least_minor', sa.BigInteger(), nullable=False),
    sa.Column('rank', sa.Integer(), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('switched_on_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('ended_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('public_id', sa.String(length=32), nullable=False),
    sa.Column('id', BigKey(), autoincrement=True, nullable=False),
    sa.CheckConstraint("audience IN ('any', 'consumer', 'business')", name=op.f('ck_cadence_audience')),
    sa.CheckConstraint("history IN ('any', 'first_time', 'repeat')", name=op.f('ck_cadence_history')),
    sa.CheckConstraint("preset IN ('gentle', 'standard', 'firm', 'own')", name=op.f('ck_cadence_preset')),
    sa.CheckConstraint('least_minor >= 0', name=op.f('ck_cadence_least_not_negative')),
    sa.ForeignKeyConstraint(['business_id'], ['business.id'], name=op.f('fk_cadence_business_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_cadence')),
    sa.UniqueConstraint('business_id', 'id', name=op.f('uq_cadence_business_id_id')),
    sa.UniqueConstraint('public_id', name=op.f('uq_cadence_public_id'))
    )
    op.create_index('ix_cadence_business_id_rank', 'cadence', ['business_id', 'rank'], unique=False)
    op.create_table('holiday',
    sa.Column('business_id', sa.BigInteger(), nullable=False),
    sa.Column('day', sa.Date(), nullable=False),
    sa.Column('name', sa.String(length=80), nullable=False),
    sa.Column('id', BigKey(), autoincrement=True, nullable=False),
    sa.ForeignKeyConstraint(['business_id'], ['business.id'], name=op.f('fk_holiday_business_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_holiday')),
    sa.UniqueConstraint('business_id', 'day', name=op.f('uq_holiday_business_id_day'))
    )
    op.create_table('cadence_step',
    sa.Column('business_id', sa.BigInteger(), nullable=False),
    sa.Column('cadence_id', sa.BigInteger(), nullable=False),
    sa.Column('day', sa.Integer(), nullable=False),
    sa.Column('tone', sa.String(length=10), nullable=False),
    sa.Column('channel', sa.String(length=8), nullable=False),
    sa.Column('own_words', Json(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('removed_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('public_id', sa.String(length=32), nullable=False),
    sa.Column('id', BigKey(), autoincrement=True, nullable=False),
    sa.CheckConstraint("channel IN ('email', 'letter', 'call')", name=op.f('ck_cadence_step_channel')),
    sa.CheckConstraint("tone IN ('note', 'friendly', 'firm', 'formal', 'final')", name=op.f('ck_cadence_step_tone')),
    sa.CheckConstraint('day BETWEEN -60 AND 400', name=op.f('ck_cadence_step_day')),
    sa.ForeignKeyConstraint(['business_id', 'cadence_id'], ['cadence.business_id', 'cadence.id'], name=op.f('fk_cadence_step_business_id_cadence_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_cadence_step')),
    sa.UniqueConstraint('business_id', 'id', name=op.f('uq_cadence_step_business_id_id')),
    sa.UniqueConstraint('public_id', name=op.f('uq_cadence_step_public_id'))
    )
    op.create_index('uq_cadence_step_one_a_day', 'cadence_step', ['cadence_id', 'day'], unique=True, postgresql_where=sa.text('removed_at IS NULL'), sqlite_where=sa.text('removed_at IS NULL'))
    op.create_table('consent',
    sa.Column('business_id', sa.BigInteger(), nullable=False),
    sa.Column('debtor_id', sa.BigInteger(), nullable=False),
    sa.Column('channel', sa.String(length=8), nullable=False),
    sa.Column('given', sa.Boolean(), nullable=False),
    sa.Column('source', sa.String(length=20), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('id', BigKey(), autoincrement=True, nullable=False),
    sa.CheckConstraint("channel IN ('email', 'letter', 'phone')", name=op.f('ck_consent_channel')),
    sa.ForeignKeyConstraint(['business_id', 'debtor_id'], ['debtor.business_id', 'debtor.id'], name=op.f('fk_consent_business_id_debtor_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_consent'))
    )
    op.create_index('ix_consent_debtor_id', 'consent', ['debtor_id', 'channel', 'id'], unique=False)
    op.create_table('hand_over',
    sa.Column('business_id', sa.BigInteger(), nullable=False),
    sa.Column('debtor_id', sa.BigInteger(), nullable=False),
    sa.Column('to_kind', sa.String(length=10), nullable=False),
    sa.Column('to_name', sa.String(length=160), nullable=False),
    sa.Column('to_contact', sa.String(length=300), nullable=False),
    sa.Column('reference', sa.String(length=80), nullable=False),
    sa.Column('status', sa.String(length=20), nullable=False),
    sa.Column('started_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('ended_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('public_id', sa.String(length=32), nullable=False),
    sa.Column('id', BigKey(), autoincrement=True, nullable=False),
    sa.CheckConstraint("to_kind IN ('agency', 'lawyer', 'court')", name=op.f('ck_hand_over_to_kind')),
    sa.ForeignKeyConstraint(['business_id', 'debtor_id'], ['debtor.business_id', 'debtor.id'], name=op.f('fk_hand_over_business_id_debtor_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_hand_over')),
    sa.UniqueConstraint('business_id', 'id', name=op.f('uq_hand_over_business_id_id')),
    sa.UniqueConstraint('public_id', name=op.f('uq_hand_over_public_id'))
    )
    op.create_index('ix_hand_over_debtor_id', 'hand_over', ['debtor_id'], unique=False)
    op.create_table('paper_letter',
    sa.Column('business_id', sa.BigInteger(), nullable=False),
    sa.Column('debtor_id', sa.BigInteger(), nullable=False),
    sa.Column('kind', sa.String(length=20), nullable=False),
    sa.Column('key', sa.String(length=120), nullable=False),
    sa.Column('contents', Json(), nullable=False),
    sa.Column('file_id', sa.BigInteger(), nullable=True),
    sa.Column('state', sa.String(length=10), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('printed_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('public_id', sa.String(length=32), nullable=False),
    sa.Column('id', BigKey(), autoincrement=True, nullable=False),
    sa.CheckConstraint("state IN ('waiting', 'printed', 'dropped')", name=op.f('ck_paper_letter_state')),
    sa.ForeignKeyConstraint(['business_id', 'debtor_id'], ['debtor.business_id', 'debtor.id'], name=op.f('fk_paper_letter_business_id_debtor_id')),
    sa.ForeignKeyConstraint(['business_id', 'file_id'], ['stored_file.business_id', 'stored_file.id'], name=op.f('fk_paper_letter_business_id_file_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_paper_letter')),
    sa.UniqueConstraint('business_id', 'key', name=op.f('uq_paper_letter_business_id_key')),
    sa.UniqueConstraint('public_id', name=op.f('uq_paper_letter_public_id'))
    )
    op.create_index('ix_paper_letter_debtor_id', 'paper_letter', ['debtor_id', 'created_at'], unique=False)
    op.create_index('ix_paper_letter_waiting', 'paper_letter', ['business_id', 'created_at'], unique=False, postgresql_where=sa.text("state = 'waiting'"), sqlite_where=sa.text("state = 'waiting'"))
    op.create_table('call_task',
    sa.Column('business_id', sa.BigInteger(), nullable=False),
    sa.Column('debtor_id', sa.BigInteger(), nullable=False),
    sa.Column('step_id', sa.BigInteger(), nullable=False),
    sa.Column('due_on', sa.Date(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('done_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('public_id', sa.String(length=32), nullable=False),
    sa.Column('id', BigKey(), autoincrement=True, nullable=False),
    sa.ForeignKeyConstraint(['business_id', 'debtor_id'], ['debtor.business_id', 'debtor.id'], name=op.f('fk_call_task_business_id_debtor_id')),
    sa.ForeignKeyConstraint(['business_id', 'step_id'], ['cadence_step.business_id', 'cadence_step.id'], name=op.f('fk_call_task_business_id_step_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_call_task')),
    sa.UniqueConstraint('public_id', name=op.f('uq_call_task_public_id'))
    )
    op.create_index('ix_call_task_open', 'call_task', ['business_id', 'due_on'], unique=False, postgresql_where=sa.text('done_at IS NULL'), sqlite_where=sa.text('done_at IS NULL'))
    op.create_index('uq_call_task_one_open', 'call_task', ['debtor_id'], unique=True, postgresql_where=sa.text('done_at IS NULL'), sqlite_where=sa.text('done_at IS NULL'))
    op.create_table('fee_track',
    sa.Column('invoice_id', sa.BigInteger(), nullable=False),
    sa.Column('business_id', sa.BigInteger(), nullable=False),
    sa.Column('look_on', sa.Date(), nullable=True),
    sa.ForeignKeyConstraint(['business_id', 'invoice_id'], ['invoice.business_id', 'invoice.id'], name=op.f('fk_fee_track_business_id_invoice_id')),
    sa.PrimaryKeyConstraint('invoice_id', name=op.f('pk_fee_track'))
    )
    op.create_index('ix_fee_track_look_on', 'fee_track', ['look_on', 'invoice_id'], unique=False, postgresql_where=sa.text('look_on IS NOT NULL'), sqlite_where=sa.text('look_on IS NOT NULL'))
    op.create_table('hand_over_invoice',
    sa.Column('hand_over_id', sa.BigInteger(), nullable=False),
    sa.Column('invoice_id', sa.BigInteger(), nullable=False),
    sa.Column('business_id', sa.BigInteger(), nullable=False),
    sa.Column('open', sa.Boolean(), nullable=False),
    sa.ForeignKeyConstraint(['business_id', 'hand_over_id'], ['hand_over.business_id', 'hand_over.id'], name=op.f('fk_hand_over_invoice_business_id_hand_over_id')),
    sa.ForeignKeyConstraint(['business_id', 'invoice_id'], ['invoice.business_id', 'invoice.id'], name=op.f('fk_hand_over_invoice_business_id_invoice_id')),
    sa.PrimaryKeyConstraint('hand_over_id', 'invoice_id', name=op.f('pk_hand_over_invoice'))
    )
    op.create_index('uq_hand_over_invoice_one_open', 'hand_over_invoice', ['invoice_id'], unique=True, postgresql_where=sa.text('open'), sqlite_where=sa.text('open'))
    op.create_table('reminder_track',
    sa.Column('invoice_id', sa.BigInteger(), nullable=False),
    sa.Column('business_id', sa.BigInteger(), nullable=False),
    sa.Column('debtor_id', sa.BigInteger(), nullable=False),
    sa.Column('cadence_id', sa.BigInteger(), nullable=True),
    sa.Column('step_id', sa.BigInteger(), nullable=True),
    sa.Column('step_on', sa.Date(), nullable=True),
    sa.Column('look_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('reason', sa.String(length=40), nullable=False),
    sa.ForeignKeyConstraint(['business_id', 'cadence_id'], ['cadence.business_id', 'cadence.id'], name=op.f('fk_reminder_track_business_id_cadence_id')),
    sa.ForeignKeyConstraint(['business_id', 'debtor_id'], ['debtor.business_id', 'debtor.id'], name=op.f('fk_reminder_track_business_id_debtor_id')),
    sa.ForeignKeyConstraint(['business_id', 'invoice_id'], ['invoice.business_id', 'invoice.id'], name=op.f('fk_reminder_track_business_id_invoice_id')),
    sa.ForeignKeyConstraint(['business_id', 'step_id'], ['cadence_step.business_id', 'cadence_step.id'], name=op.f('fk_reminder_track_business_id_step_id')),
    sa.PrimaryKeyConstraint('invoice_id', name=op.f('pk_reminder_track'))
    )
    op.create_index('ix_reminder_track_debtor_id', 'reminder_track', ['debtor_id'], unique=False)
    op.create_index('ix_reminder_track_look_at', 'reminder_track', ['look_at', 'debtor_id'], unique=False, postgresql_where=sa.text('look_at IS NOT NULL'), sqlite_where=sa.text('look_at IS NOT NULL'))
    op.create_index('ix_reminder_track_resting', 'reminder_track', ['business_id', 'reason', 'invoice_id'], unique=False, postgresql_where=sa.text('look_at IS NULL'), sqlite_where=sa.text('look_at IS NULL'))
    op.create_table('step_outcome',
    sa.Column('business_id', sa.BigInteger(), nullable=False),
    sa.Column('debtor_id', sa.BigInteger(), nullable=False),
    sa.Column('invoice_id', sa.BigInteger(), nullable=False),
    sa.Column('step_id', sa.BigInteger(), nullable=False),
    sa.Column('outcome', sa.String(length=8), nullable=False),
    sa.Column('reason', sa.String(length=40), nullable=False),
    sa.Column('made', sa.String(length=60), nullable=False),
    sa.Column('local_day', sa.Date(), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('id', BigKey(), autoincrement=True, nullable=False),
    sa.CheckConstraint("outcome IN ('taken', 'held', 'skipped')", name=op.f('ck_step_outcome_outcome')),
    sa.ForeignKeyConstraint(['business_id', 'debtor_id'], ['debtor.business_id', 'debtor.id'], name=op.f('fk_step_outcome_business_id_debtor_id')),
    sa.ForeignKeyConstraint(['business_id', 'invoice_id'], ['invoice.business_id', 'invoice.id'], name=op.f('fk_step_outcome_business_id_invoice_id')),
    sa.ForeignKeyConstraint(['business_id', 'step_id'], ['cadence_step.business_id', 'cadence_step.id'], name=op.f('fk_step_outcome_business_id_step_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_step_outcome'))
    )
    op.create_index('ix_step_outcome_debtor_id_at', 'step_outcome', ['debtor_id', 'at'], unique=False)
    op.create_index('ix_step_outcome_step_id', 'step_outcome', ['step_id', 'outcome'], unique=False)
    op.create_index('uq_step_outcome_taken_once', 'step_outcome', ['invoice_id', 'step_id'], unique=True, postgresql_where=sa.text("outcome = 'taken'"), sqlite_where=sa.text("outcome = 'taken'"))
    op.create_table('feedback',
    sa.Column('business_id', sa.BigInteger(), nullable=False),
    sa.Column('debtor_id', sa.BigInteger(), nullable=False),
    sa.Column('payment_id', sa.BigInteger(), nullable=False),
    sa.Column('score', sa.Integer(), nullable=False),
    sa.Column('body', sa.Text(), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('public_id', sa.String(length=32), nullable=False),
    sa.Column('id', BigKey(), autoincrement=True, nullable=False),
    sa.CheckConstraint('score BETWEEN 1 AND 3', name=op.f('ck_feedback_score')),
    sa.ForeignKeyConstraint(['business_id', 'debtor_id', 'payment_id'], ['payment.business_id', 'payment.debtor_id', 'payment.id'], name=op.f('fk_feedback_business_id_debtor_id_payment_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_feedback')),
    sa.UniqueConstraint('payment_id', name=op.f('uq_feedback_payment_id')),
    sa.UniqueConstraint('public_id', name=op.f('uq_feedback_public_id'))
    )
    op.create_index('ix_feedback_business_id_at', 'feedback', ['business_id', 'at'], unique=False)
    op.add_column('debtor', sa.Column('postal_address', sa.String(length=300), server_default='', nullable=False))


def downgrade() -> None:
    op.drop_column('debtor', 'postal_address')
    op.drop_index('ix_feedback_business_id_at', table_name='feedback')
    op.drop_table('feedback')
    op.drop_index('uq_step_outcome_taken_once', table_name='step_outcome', postgresql_where=sa.text("outcome = 'taken'"), sqlite_where=sa.text("outcome = 'taken'"))
    op.drop_index('ix_step_outcome_step_id', table_name='step_outcome')
    op.drop_index('ix_step_outcome_debtor_id_at', table_name='step_outcome')
    op.drop_table('step_outcome')
    op.drop_index('ix_reminder_track_resting', table_name='reminder_track', postgresql_where=sa.text('look_at IS NULL'), sqlite_where=sa.text('look_at IS NULL'))
    op.drop_index('ix_reminder_track_look_at', table_name='reminder_track', postgresql_where=sa.text('look_at IS NOT NULL'), sqlite_where=sa.text('look_at IS NOT NULL'))
    op.drop_index('ix_reminder_track_debtor_id', table_name='reminder_track')
    op.drop_table('reminder_track')
    op.drop_index('uq_hand_over_invoice_one_open', table_name='hand_over_invoice', postgresql_where=sa.text('open'), sqlite_where=sa.text('open'))
    op.drop_table('hand_over_invoice')
    op.drop_index('ix_fee_track_look_on', table_name='fee_track', postgresql_where=sa.text('look_on IS NOT NULL'), sqlite_where=sa.text('look_on IS NOT NULL'))
    op.drop_table('fee_track')
    op.drop_index('uq_call_task_one_open', table_name='call_task', postgresql_where=sa.text('done_at IS NULL'), sqlite_where=sa.text('done_at IS NULL'))
    op.drop_index('ix_call_task_open', table_name='call_task', postgresql_where=sa.text('done_at IS NULL'), sqlite_where=sa.text('done_at IS NULL'))
    op.drop_table('call_task')
    op.drop_index('ix_paper_letter_waiting', table_name='paper_letter', postgresql_where=sa.text("state = 'waiting'"), sqlite_where=sa.text("state = 'waiting'"))
    op.drop_index('ix_paper_letter_debtor_id', table_name='paper_letter')
    op.drop_table('paper_letter')
    op.drop_index('ix_hand_over_debtor_id', table_name='hand_over')
    op.drop_table('hand_over')
    op.drop_index('ix_consent_debtor_id', table_name='consent')
    op.drop_table('consent')
    op.drop_index('uq_cadence_step_one_a_day', table_name='cadence_step', postgresql_where=sa.text('removed_at IS NULL'), sqlite_where=sa.text('removed_at IS NULL'))
    op.drop_table('cadence_step')
    op.drop_table('holiday')
    op.drop_index('ix_cadence_business_id_rank', table_name='cadence')
    op.drop_table('cadence')
    op.drop_table('sending_window')
    op.drop_table('job_state')
    op.drop_index('ix_delivery_report_message_id', table_name='delivery_report')
    op.drop_table('delivery_report')
