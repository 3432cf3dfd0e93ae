"""The office: staff, their roles and sessions, approvals, notes, questions, and what is kept to be fast."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def Json() -> sa.types.TypeEngine[object]:
    return sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), "postgresql")


def BigKey() -> sa.types.TypeEngine[int]:
    return sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table('sign_in_attempt',
    sa.Column('email_hash', sa.String(length=64), nullable=False),
    sa.Column('network_hash', sa.String(length=64), nullable=False),
    sa.Column('kind', sa.String(length=10), nullable=False),
    sa.Column('passed', sa.Boolean(), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('id', BigKey(), autoincrement=True, nullable=False),
    sa.CheckConstraint("kind IN ('password', 'totp', 'recovery', 'step_up')", name=op.f('ck_sign_in_attempt_kind')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_sign_in_attempt'))
    )
    op.create_index('ix_sign_in_attempt_email_hash_at', 'sign_in_attempt', ['email_hash', 'at'], unique=False)
    op.create_index('ix_sign_in_attempt_network_hash_at', 'sign_in_attempt', ['network_hash', 'at'], unique=False)
    op.create_table('staff',
    sa.Column('email', sa.String(length=254), nullable=False),
    sa.Column('name', sa.String(length=120), nullable=False),
    sa.Column('password_hash', sa.String(length=200), nullable=False),
    sa.Column('totp_secret', sa.String(length=300), nullable=False),
    sa.Column('totp_last_step', sa.BigInteger(), nullable=False),
    sa.Column('locale', sa.String(length=10), nullable=False),
    sa.Column('theme', sa.String(length=6), nullable=False),
    sa.Column('shortcuts', sa.Boolean(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('disabled_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('public_id', sa.String(length=32), nullable=False),
    sa.Column('id', BigKey(), autoincrement=True, nullable=False),
    sa.CheckConstraint("theme IN ('system', 'light', 'dark')", name=op.f('ck_staff_theme')),
    sa.CheckConstraint('email = lower(email)', name=op.f('ck_staff_email_in_small_letters')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_staff')),
    sa.UniqueConstraint('email', name=op.f('uq_staff_email')),
    sa.UniqueConstraint('public_id', name=op.f('uq_staff_public_id'))
    )
    op.create_table('dashboard_summary',
    sa.Column('business_id', sa.BigInteger(), nullable=False),
    sa.Column('figures', Json(), nullable=False),
    sa.Column('up_to_transfer', sa.BigInteger(), nullable=False),
    sa.Column('local_day', sa.Date(), nullable=False),
    sa.Column('made_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['business_id'], ['business.id'], name=op.f('fk_dashboard_summary_business_id')),
    sa.PrimaryKeyConstraint('business_id', name=op.f('pk_dashboard_summary'))
    )
    op.create_table('inbound_email',
    sa.Column('message_id', sa.String(length=250), nullable=False),
    sa.Column('business_id', sa.BigInteger(), nullable=True),
    sa.Column('outcome', sa.String(length=20), nullable=False),
    sa.Column('received_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('id', BigKey(), autoincrement=True, nullable=False),
    sa.ForeignKeyConstraint(['business_id'], ['business.id'], name=op.f('fk_inbound_email_business_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_inbound_email')),
    sa.UniqueConstraint('message_id', name=op.f('uq_inbound_email_message_id'))
    )
    op.create_table('invitation',
    sa.Column('business_id', sa.BigInteger(), nullable=False),
    sa.Column('email', sa.String(length=254), nullable=False),
    sa.Column('role', sa.String(length=8), nullable=False),
    sa.Column('invited_by', sa.BigInteger(), nullable=True),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('expires_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('accepted_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('revoked_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('public_id', sa.String(length=32), nullable=False),
    sa.Column('id', BigKey(), autoincrement=True, nullable=False),
    sa.CheckConstraint("role IN ('owner', 'manager', 'agent', 'viewer')", name=op.f('ck_invitation_role')),
    sa.CheckConstraint('email = lower(email)', name=op.f('ck_invitation_email_in_small_letters')),
    sa.ForeignKeyConstraint(['business_id'], ['business.id'], name=op.f('fk_invitation_business_id')),
    sa.ForeignKeyConstraint(['invited_by'], ['staff.id'], name=op.f('fk_invitation_invited_by')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_invitation')),
    sa.UniqueConstraint('public_id', name=op.f('uq_invitation_public_id'))
    )
    op.create_index('uq_invitation_one_open', 'invitation', ['business_id', 'email'], unique=True, postgresql_where=sa.text('accepted_at IS NULL AND revoked_at IS NULL'), sqlite_where=sa.text('accepted_at IS NULL AND revoked_at IS NULL'))
    op.create_table('membership',
    sa.Column('business_id', sa.BigInteger(), nullable=False),
    sa.Column('staff_id', sa.BigInteger(), nullable=False),
    sa.Column('role', sa.String(length=8), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('ended_at', sa.DateTime(timezone=True), nullable=True),
    sa.CheckConstraint("role IN ('owner', 'manager', 'agent', 'viewer')", name=op.f('ck_membership_role')),
    sa.ForeignKeyConstraint(['business_id'], ['business.id'], name=op.f('fk_membership_business_id')),
    sa.ForeignKeyConstraint(['staff_id'], ['staff.id'], name=op.f('fk_membership_staff_id')),
    sa.PrimaryKeyConstraint('business_id', 'staff_id', name=op.f('pk_membership'))
    )
    op.create_index('ix_membership_staff_id', 'membership', ['staff_id'], unique=False)
    op.create_table('recovery_code',
    sa.Column('staff_id', sa.BigInteger(), nullable=False),
    sa.Column('code_hash', sa.String(length=64), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('used_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('id', BigKey(), autoincrement=True, nullable=False),
    sa.ForeignKeyConstraint(['staff_id'], ['staff.id'], name=op.f('fk_recovery_code_staff_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_recovery_code')),
    sa.UniqueConstraint('staff_id', 'code_hash', name=op.f('uq_recovery_code_staff_id_code_hash'))
    )
    op.create_table('staff_session',
    sa.Column('key_hash', sa.String(length=64), nullable=False),
    sa.Column('staff_id', sa.BigInteger(), nullable=False),
    sa.Column('business_id', sa.BigInteger(), nullable=True),
    sa.Column('device', sa.String(length=80), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('seen_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('second_factor_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('stepped_up_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('ended_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('public_id', sa.String(length=32), nullable=False),
    sa.Column('id', BigKey(), autoincrement=True, nullable=False),
    sa.ForeignKeyConstraint(['business_id'], ['business.id'], name=op.f('fk_staff_session_business_id')),
    sa.ForeignKeyConstraint(['staff_id'], ['staff.id'], name=op.f('fk_staff_session_staff_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_staff_session')),
    sa.UniqueConstraint('key_hash', name=op.f('uq_staff_session_key_hash')),
    sa.UniqueConstraint('public_id', name=op.f('uq_staff_session_public_id'))
    )
    op.create_index('ix_staff_session_staff_id', 'staff_session', ['staff_id'], unique=False, postgresql_where=sa.text('ended_at IS NULL'), sqlite_where=sa.text('ended_at IS NULL'))
    op.create_table('approval',
    sa.Column('business_id', sa.BigInteger(), nullable=False),
    sa.Column('debtor_id', sa.BigInteger(), nullable=True),
    sa.Column('act', sa.String(length=20), nullable=False),
    sa.Column('target', sa.String(length=32), nullable=False),
    sa.Column('currency', sa.String(length=3), nullable=False),
    sa.Column('amount_minor', sa.BigInteger(), nullable=False),
    sa.Column('reason', sa.String(length=40), nullable=False),
    sa.Column('state', sa.String(length=10), nullable=False),
    sa.Column('asked_by', sa.BigInteger(), nullable=False),
    sa.Column('asked_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('decided_by', sa.BigInteger(), nullable=True),
    sa.Column('decided_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('public_id', sa.String(length=32), nullable=False),
    sa.Column('id', BigKey(), autoincrement=True, nullable=False),
    sa.CheckConstraint("act IN ('refund', 'write_off')", name=op.f('ck_approval_act')),
    sa.CheckConstraint("state <> 'approved' OR (decided_by IS NOT NULL AND decided_by <> asked_by)", name=op.f('ck_approval_second_person')),
    sa.CheckConstraint("state IN ('waiting', 'approved', 'refused', 'withdrawn')", name=op.f('ck_approval_state')),
    sa.CheckConstraint('amount_minor > 0', name=op.f('ck_approval_amount_positive')),
    sa.ForeignKeyConstraint(['business_id', 'asked_by'], ['membership.business_id', 'membership.staff_id'], name=op.f('fk_approval_business_id_asked_by')),
    sa.ForeignKeyConstraint(['business_id', 'debtor_id'], ['debtor.business_id', 'debtor.id'], name=op.f('fk_approval_business_id_debtor_id')),
    sa.ForeignKeyConstraint(['business_id', 'decided_by'], ['membership.business_id', 'membership.staff_id'], name=op.f('fk_approval_business_id_decided_by')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_approval')),
    sa.UniqueConstraint('public_id', name=op.f('uq_approval_public_id'))
    )
    op.create_index('ix_approval_business_id_state', 'approval', ['business_id', 'state', 'asked_at'], unique=False)
    op.create_index('uq_approval_one_waiting', 'approval', ['business_id', 'act', 'target'], unique=True, postgresql_where=sa.text("state = 'waiting'"), sqlite_where=sa.text("state = 'waiting'"))
    op.create_table('assignment',
    sa.Column('debtor_id', sa.BigInteger(), nullable=False),
    sa.Column('business_id', sa.BigInteger(), nullable=False),
    sa.Column('staff_id', sa.BigInteger(), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['business_id', 'debtor_id'], ['debtor.business_id', 'debtor.id'], name=op.f('fk_assignment_business_id_debtor_id')),
    sa.ForeignKeyConstraint(['business_id', 'staff_id'], ['membership.business_id', 'membership.staff_id'], name=op.f('fk_assignment_business_id_staff_id')),
    sa.PrimaryKeyConstraint('debtor_id', name=op.f('pk_assignment'))
    )
    op.create_index('ix_assignment_business_id_staff_id', 'assignment', ['business_id', 'staff_id'], unique=False)
    op.create_table('debtor_standing',
    sa.Column('debtor_id', sa.BigInteger(), nullable=False),
    sa.Column('currency', sa.String(length=3), nullable=False),
    sa.Column('business_id', sa.BigInteger(), nullable=False),
    sa.Column('balance_minor', sa.BigInteger(), nullable=False),
    sa.Column('overdue_minor', sa.BigInteger(), nullable=False),
    sa.Column('oldest_due_on', sa.Date(), nullable=True),
    sa.Column('open_invoices', sa.Integer(), nullable=False),
    sa.Column('paid_late', sa.Integer(), nullable=False),
    sa.Column('paid_invoices', sa.Integer(), nullable=False),
    sa.Column('last_paid_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('call_score', sa.Integer(), nullable=False),
    sa.Column('call_reasons', Json(), nullable=False),
    sa.Column('made_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['business_id', 'debtor_id'], ['debtor.business_id', 'debtor.id'], name=op.f('fk_debtor_standing_business_id_debtor_id')),
    sa.PrimaryKeyConstraint('debtor_id', 'currency', name=op.f('pk_debtor_standing'))
    )
    op.create_index('ix_debtor_standing_balance', 'debtor_standing', ['business_id', 'currency', 'balance_minor', 'debtor_id'], unique=False)
    op.create_index('ix_debtor_standing_call', 'debtor_standing', ['business_id', 'call_score', 'debtor_id'], unique=False, postgresql_where=sa.text('call_score > 0'), sqlite_where=sa.text('call_score > 0'))
    op.create_index('ix_debtor_standing_overdue', 'debtor_standing', ['business_id', 'currency', 'overdue_minor', 'debtor_id'], unique=False)
    op.create_table('note',
    sa.Column('business_id', sa.BigInteger(), nullable=False),
    sa.Column('debtor_id', sa.BigInteger(), nullable=False),
    sa.Column('staff_id', sa.BigInteger(), nullable=False),
    sa.Column('kind', sa.String(length=10), nullable=False),
    sa.Column('result', sa.String(length=20), nullable=False),
    sa.Column('promised_on', sa.Date(), nullable=True),
    sa.Column('about', sa.String(length=60), nullable=False),
    sa.Column('body', sa.Text(), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('public_id', sa.String(length=32), nullable=False),
    sa.Column('id', BigKey(), autoincrement=True, nullable=False),
    sa.CheckConstraint("(result = 'promised') = (promised_on IS NOT NULL)", name=op.f('ck_note_promise_has_day')),
    sa.CheckConstraint("kind IN ('call', 'note', 'reason')", name=op.f('ck_note_kind')),
    sa.CheckConstraint("result IN ('', 'reached', 'promised', 'no_answer', 'voicemail', 'wrong_number', 'call_back')", name=op.f('ck_note_result')),
    sa.ForeignKeyConstraint(['business_id', 'debtor_id'], ['debtor.business_id', 'debtor.id'], name=op.f('fk_note_business_id_debtor_id')),
    sa.ForeignKeyConstraint(['business_id', 'staff_id'], ['membership.business_id', 'membership.staff_id'], name=op.f('fk_note_business_id_staff_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_note')),
    sa.UniqueConstraint('public_id', name=op.f('uq_note_public_id'))
    )
    op.create_index('ix_note_debtor_id_at', 'note', ['debtor_id', 'at'], unique=False)
    op.create_table('queue_mark',
    sa.Column('business_id', sa.BigInteger(), nullable=False),
    sa.Column('queue', sa.String(length=20), nullable=False),
    sa.Column('item', sa.String(length=40), nullable=False),
    sa.Column('state', sa.String(length=8), nullable=False),
    sa.Column('until', sa.Date(), nullable=True),
    sa.Column('staff_id', sa.BigInteger(), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('id', BigKey(), autoincrement=True, nullable=False),
    sa.CheckConstraint("(state = 'later') = (until IS NOT NULL)", name=op.f('ck_queue_mark_later_has_day')),
    sa.CheckConstraint("state IN ('done', 'later')", name=op.f('ck_queue_mark_state')),
    sa.ForeignKeyConstraint(['business_id', 'staff_id'], ['membership.business_id', 'membership.staff_id'], name=op.f('fk_queue_mark_business_id_staff_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_queue_mark')),
    sa.UniqueConstraint('business_id', 'queue', 'item', name=op.f('uq_queue_mark_business_id_queue_item'))
    )
    op.create_table('search_word',
    sa.Column('business_id', sa.BigInteger(), nullable=False),
    sa.Column('word', sa.String(length=80).with_variant(sa.String(length=80, collation='C'), 'postgresql'), nullable=False),
    sa.Column('debtor_id', sa.BigInteger(), nullable=False),
    sa.Column('invoice_id', sa.BigInteger(), nullable=False),
    sa.ForeignKeyConstraint(['business_id', 'debtor_id'], ['debtor.business_id', 'debtor.id'], name=op.f('fk_search_word_business_id_debtor_id')),
    sa.PrimaryKeyConstraint('business_id', 'word', 'debtor_id', 'invoice_id', name=op.f('pk_search_word'))
    )
    op.create_index('ix_search_word_debtor_id', 'search_word', ['debtor_id'], unique=False)
    op.create_table('question',
    sa.Column('business_id', sa.BigInteger(), nullable=False),
    sa.Column('debtor_id', sa.BigInteger(), nullable=False),
    sa.Column('invoice_id', sa.BigInteger(), nullable=True),
    sa.Column('kind', sa.String(length=10), nullable=False),
    sa.Column('state', sa.String(length=10), nullable=False),
    sa.Column('reply_key', sa.String(length=32), nullable=False),
    sa.Column('call_when', sa.String(length=120), nullable=False),
    sa.Column('call_number', sa.String(length=32), nullable=False),
    sa.Column('opened_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('moved_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('answer_by', sa.DateTime(timezone=True), nullable=True),
    sa.Column('closed_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('public_id', sa.String(length=32), nullable=False),
    sa.Column('id', BigKey(), autoincrement=True, nullable=False),
    sa.CheckConstraint("(state = 'closed') = (closed_at IS NOT NULL)", name=op.f('ck_question_closed_has_time')),
    sa.CheckConstraint("kind IN ('question', 'call_back')", name=op.f('ck_question_kind')),
    sa.CheckConstraint("state IN ('business', 'debtor', 'closed')", name=op.f('ck_question_state')),
    sa.ForeignKeyConstraint(['business_id', 'debtor_id'], ['debtor.business_id', 'debtor.id'], name=op.f('fk_question_business_id_debtor_id')),
    sa.ForeignKeyConstraint(['business_id', 'invoice_id'], ['invoice.business_id', 'invoice.id'], name=op.f('fk_question_business_id_invoice_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_question')),
    sa.UniqueConstraint('business_id', 'id', name=op.f('uq_question_business_id_id')),
    sa.UniqueConstraint('public_id', name=op.f('uq_question_public_id')),
    sa.UniqueConstraint('reply_key', name=op.f('uq_question_reply_key'))
    )
    op.create_index('ix_question_debtor_id', 'question', ['debtor_id'], unique=False)
    op.create_index('ix_question_waiting', 'question', ['business_id', 'moved_at'], unique=False, postgresql_where=sa.text("state = 'business'"), sqlite_where=sa.text("state = 'business'"))
    op.create_table('question_entry',
    sa.Column('business_id', sa.BigInteger(), nullable=False),
    sa.Column('question_id', sa.BigInteger(), nullable=False),
    sa.Column('said_by', sa.String(length=10), nullable=False),
    sa.Column('staff_id', sa.BigInteger(), nullable=True),
    sa.Column('channel', sa.String(length=6), nullable=False),
    sa.Column('body', sa.Text(), nullable=False),
    sa.Column('internal', sa.Boolean(), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('public_id', sa.String(length=32), nullable=False),
    sa.Column('id', BigKey(), autoincrement=True, nullable=False),
    sa.CheckConstraint("(said_by = 'staff') = (staff_id IS NOT NULL)", name=op.f('ck_question_entry_staff_named')),
    sa.CheckConstraint("NOT internal OR said_by = 'staff'", name=op.f('ck_question_entry_internal_by_staff')),
    sa.CheckConstraint("channel IN ('page', 'email', 'phone')", name=op.f('ck_question_entry_channel')),
    sa.CheckConstraint("said_by IN ('debtor', 'staff', 'unproven')", name=op.f('ck_question_entry_said_by')),
    sa.ForeignKeyConstraint(['business_id', 'question_id'], ['question.business_id', 'question.id'], name=op.f('fk_question_entry_business_id_question_id')),
    sa.ForeignKeyConstraint(['business_id', 'staff_id'], ['membership.business_id', 'membership.staff_id'], name=op.f('fk_question_entry_business_id_staff_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_question_entry')),
    sa.UniqueConstraint('public_id', name=op.f('uq_question_entry_public_id'))
    )
    op.create_index('ix_question_entry_question_id', 'question_entry', ['question_id', 'id'], unique=False)


def downgrade() -> None:
    op.drop_index('ix_question_entry_question_id', table_name='question_entry')
    op.drop_table('question_entry')
    op.drop_index('ix_question_waiting', table_name='question', postgresql_where=sa.text("state = 'business'"), sqlite_where=sa.text("state = 'business'"))
    op.drop_index('ix_question_debtor_id', table_name='question')
    op.drop_table('question')
    op.drop_index('ix_search_word_debtor_id', table_name='search_word')
    op.drop_table('search_word')
    op.drop_table('queue_mark')
    op.drop_index('ix_note_debtor_id_at', table_name='note')
    op.drop_table('note')
    op.drop_index('ix_debtor_standing_overdue', table_name='debtor_standing')
    op.drop_index('ix_debtor_standing_call', table_name='debtor_standing', postgresql_where=sa.text('call_score > 0'), sqlite_where=sa.text('call_score > 0'))
    op.drop_index('ix_debtor_standing_balance', table_name='debtor_standing')
    op.drop_table('debtor_standing')
    op.drop_index('ix_assignment_business_id_staff_id', table_name='assignment')
    op.drop_table('assignment')
    op.drop_index('uq_approval_one_waiting', table_name='approval', postgresql_where=sa.text("state = 'waiting'"), sqlite_where=sa.text("state = 'waiting'"))
    op.drop_index('ix_approval_business_id_state', table_name='approval')
    op.drop_table('approval')
    op.drop_index('ix_staff_session_staff_id', table_name='staff_session', postgresql_where=sa.text('ended_at IS NULL'), sqlite_where=sa.text('ended_at IS NULL'))
    op.drop_table('staff_session')
    op.drop_table('recovery_code')
    op.drop_index('ix_membership_staff_id', table_name='membership')
    op.drop_table('membership')
    op.drop_index('uq_invitation_one_open', table_name='invitation', postgresql_where=sa.text('accepted_at IS NULL AND revoked_at IS NULL'), sqlite_where=sa.text('accepted_at IS NULL AND revoked_at IS NULL'))
    op.drop_table('invitation')
    op.drop_table('inbound_email')
    op.drop_table('dashboard_summary')
    op.drop_table('staff')
    op.drop_index('ix_sign_in_attempt_network_hash_at', table_name='sign_in_attempt')
    op.drop_index('ix_sign_in_attempt_email_hash_at', table_name='sign_in_attempt')
    op.drop_table('sign_in_attempt')
