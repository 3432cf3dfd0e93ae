"""Fast lists: what they are sorted and searched by, with what is in the books already filled in."""

from __future__ import annotations

import re
import unicodedata

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

BATCH = 5_000


def upgrade() -> None:
    op.create_index('ix_audit_event_business_id_act', 'audit_event', ['business_id', 'act', 'id'], unique=False)
    op.create_index('ix_audit_event_business_id_actor', 'audit_event', ['business_id', 'actor_kind', 'actor_id', 'id'], unique=False)
    op.add_column('business', sa.Column('paused_at', sa.DateTime(timezone=True), nullable=True))
    op.add_column('business', sa.Column('version', sa.Integer(), server_default='1', nullable=False))
    op.add_column('debtor', sa.Column('prefers', sa.String(length=8), server_default='email', nullable=False))
    op.add_column('debtor', sa.Column('screening_note', sa.Text(), server_default='', nullable=False))
    op.add_column('debtor', sa.Column('terms_days', sa.Integer(), nullable=True))
    op.add_column('debtor', sa.Column('call_from', sa.Date(), nullable=True))
    op.add_column('debtor', sa.Column('version', sa.Integer(), server_default='1', nullable=False))
    op.add_column('debtor', sa.Column('erased_at', sa.DateTime(timezone=True), nullable=True))
    op.create_index('ix_debtor_business_id_name', 'debtor', ['business_id', 'name', 'id'], unique=False)
    op.drop_index(op.f('ix_invoice_business_id_due_on'), table_name='invoice')
    op.create_index('ix_invoice_business_id_due_on', 'invoice', ['business_id', 'due_on', 'id'], unique=False)
    op.create_index('ix_invoice_business_id_total', 'invoice', ['business_id', 'total_minor', 'id'], unique=False)
    op.create_index('ix_invoice_debtor_id', 'invoice', ['debtor_id'], unique=False)
    op.add_column('ledger_account', sa.Column('due_on', sa.Date(), nullable=True))
    op.create_index('ix_ledger_account_open_due', 'ledger_account', ['business_id', 'due_on', 'invoice_id'], unique=False, postgresql_where=sa.text("kind = 'receivable' AND credits < debits"), sqlite_where=sa.text("kind = 'receivable' AND credits < debits"))
    op.create_index('ix_ledger_account_open_left', 'ledger_account', ['business_id', sa.text('(debits - credits)'), 'invoice_id'], unique=False, postgresql_where=sa.text("kind = 'receivable' AND credits < debits"), sqlite_where=sa.text("kind = 'receivable' AND credits < debits"))
    op.drop_index(op.f('ix_ledger_transfer_credit_account_id'), table_name='ledger_transfer')
    op.create_index('ix_ledger_transfer_credit_account_id', 'ledger_transfer', ['credit_account_id', 'id'], unique=False)
    op.drop_index(op.f('ix_ledger_transfer_debit_account_id'), table_name='ledger_transfer')
    op.create_index('ix_ledger_transfer_debit_account_id', 'ledger_transfer', ['debit_account_id', 'id'], unique=False)
    op.create_index('ix_ledger_transfer_business_id_happened_at', 'ledger_transfer', ['business_id', 'happened_at', 'id'], unique=False)
    op.add_column('message', sa.Column('reply_to', sa.String(length=254), server_default='', nullable=False))
    op.create_index('ix_message_business_id_created_at', 'message', ['business_id', 'created_at', 'id'], unique=False)
    op.create_index('ix_message_business_id_state', 'message', ['business_id', 'state', 'created_at', 'id'], unique=False)
    op.create_index('ix_payment_business_id_amount', 'payment', ['business_id', 'amount_minor', 'id'], unique=False)
    op.create_index('ix_payment_business_id_created_at', 'payment', ['business_id', 'created_at', 'id'], unique=False)
    op.create_index('ix_payment_business_id_state', 'payment', ['business_id', 'state', 'created_at', 'id'], unique=False)
    _fill_due_dates()
    _fill_search_words()


def _fill_due_dates() -> None:
    op.execute(
        "UPDATE ledger_account SET due_on = (SELECT due_on FROM invoice WHERE invoice.id = ledger_account.invoice_id) "
        "WHERE kind = 'receivable'")


def _fill_search_words() -> None:
    """Make who and what is there already findable, a batch at a time."""
    debtor = sa.table("debtor", *(sa.column(name) for name in ("id", "business_id", "name", "number", "email")))
    invoice = sa.table("invoice", *(sa.column(name) for name in ("id", "business_id", "debtor_id", "number")))
    _fill(sa.select(debtor.c.id, debtor.c.business_id, debtor.c.id, sa.literal(0), debtor.c.name, debtor.c.number,
                    debtor.c.email), debtor.c.id)
    _fill(sa.select(invoice.c.id, invoice.c.business_id, invoice.c.debtor_id, invoice.c.id, invoice.c.number),
          invoice.c.id)


def _fill(query: sa.Select[tuple[object, ...]], key: sa.ColumnClause[object]) -> None:
    connection, last = op.get_bind(), 0
    words = sa.table("search_word", *(sa.column(name) for name in ("business_id", "word", "debtor_id", "invoice_id")))
    while rows := connection.execute(query.where(key > last).order_by(key).limit(BATCH)).all():
        last = rows[-1][0]
        connection.execute(sa.insert(words), [
            {"business_id": business, "word": word, "debtor_id": debtor, "invoice_id": invoice}
            for _, business, debtor, invoice, *texts in rows for word in _words(texts)])


def _words(texts: list[str | None]) -> set[str]:
    found: set[str] = set()
    for text in texts:
        plain = unicodedata.normalize("NFKD", (text or "").casefold())
        folded = "".join(char for char in plain if not unicodedata.combining(char))
        found.update(word[:80] for word in [*folded.split(), *re.findall(r"[^\W_]+", folded)])
    return found


def downgrade() -> None:
    op.drop_index('ix_payment_business_id_state', table_name='payment')
    op.drop_index('ix_payment_business_id_created_at', table_name='payment')
    op.drop_index('ix_payment_business_id_amount', table_name='payment')
    op.drop_index('ix_message_business_id_state', table_name='message')
    op.drop_index('ix_message_business_id_created_at', table_name='message')
    op.drop_column('message', 'reply_to')
    op.drop_index('ix_ledger_transfer_business_id_happened_at', table_name='ledger_transfer')
    op.drop_index('ix_ledger_transfer_debit_account_id', table_name='ledger_transfer')
    op.create_index(op.f('ix_ledger_transfer_debit_account_id'), 'ledger_transfer', ['debit_account_id'], unique=False)
    op.drop_index('ix_ledger_transfer_credit_account_id', table_name='ledger_transfer')
    op.create_index(op.f('ix_ledger_transfer_credit_account_id'), 'ledger_transfer', ['credit_account_id'], unique=False)
    op.drop_index('ix_ledger_account_open_left', table_name='ledger_account', postgresql_where=sa.text("kind = 'receivable' AND credits < debits"), sqlite_where=sa.text("kind = 'receivable' AND credits < debits"))
    op.drop_index('ix_ledger_account_open_due', table_name='ledger_account', postgresql_where=sa.text("kind = 'receivable' AND credits < debits"), sqlite_where=sa.text("kind = 'receivable' AND credits < debits"))
    op.drop_column('ledger_account', 'due_on')
    op.drop_index('ix_invoice_debtor_id', table_name='invoice')
    op.drop_index('ix_invoice_business_id_total', table_name='invoice')
    op.drop_index('ix_invoice_business_id_due_on', table_name='invoice')
    op.create_index(op.f('ix_invoice_business_id_due_on'), 'invoice', ['business_id', 'due_on'], unique=False)
    op.drop_index('ix_debtor_business_id_name', table_name='debtor')
    op.drop_column('debtor', 'erased_at')
    op.drop_column('debtor', 'version')
    op.drop_column('debtor', 'call_from')
    op.drop_column('debtor', 'terms_days')
    op.drop_column('debtor', 'screening_note')
    op.drop_column('debtor', 'prefers')
    op.drop_column('business', 'version')
    op.drop_column('business', 'paused_at')
    op.drop_index('ix_audit_event_business_id_actor', table_name='audit_event')
    op.drop_index('ix_audit_event_business_id_act', table_name='audit_event')
