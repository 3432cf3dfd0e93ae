"""Files on their way into the books: runs, the rows they are staged in, and what a person must confirm."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def BigKey() -> sa.types.TypeEngine[int]:
    return sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def Json() -> sa.types.TypeEngine[object]:
    return sa.JSON().with_variant(postgresql.JSONB(), "postgresql")


def upgrade() -> None:
    op.create_table('import_run',
    sa.Column('business_id', sa.BigInteger(), nullable=False),
    sa.Column('state', sa.String(length=12), nullable=False),
    sa.Column('actor_kind', sa.String(length=10), nullable=False),
    sa.Column('actor_id', sa.String(length=40), nullable=False),
    sa.Column('file_key', sa.String(length=40), nullable=False),
    sa.Column('file_name', sa.String(length=120), nullable=False),
    sa.Column('sha256', sa.String(length=64), nullable=False),
    sa.Column('source', sa.String(length=64), nullable=False),
    sa.Column('reading', Json(), nullable=False),
    sa.Column('report', Json(), nullable=False),
    sa.Column('step', sa.String(length=12), nullable=False),
    sa.Column('done', sa.Integer(), nullable=False),
    sa.Column('total', sa.Integer(), nullable=False),
    sa.Column('chunks', sa.Integer(), nullable=True),
    sa.Column('published', sa.Integer(), nullable=False),
    sa.Column('token', sa.String(length=32), nullable=True),
    sa.Column('lease_until', sa.DateTime(timezone=True), nullable=True),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('finished_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('public_id', sa.String(length=32), nullable=False),
    sa.Column('id', BigKey(), autoincrement=True, nullable=False),
    sa.CheckConstraint("state IN ('reading', 'checked', 'publishing', 'done')", name=op.f('ck_import_run_state')),
    sa.ForeignKeyConstraint(['business_id'], ['business.id'], name=op.f('fk_import_run_business_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_import_run')),
    sa.UniqueConstraint('business_id', 'id', name=op.f('uq_import_run_business_id_id')),
    sa.UniqueConstraint('public_id', name=op.f('uq_import_run_public_id'))
    )
    op.create_index('ix_import_run_source', 'import_run', ['business_id', 'source', 'id'])
    op.create_index('ix_import_run_under_way', 'import_run', ['id'], postgresql_where=sa.text("state IN ('reading', 'publishing')"),
                    sqlite_where=sa.text("state IN ('reading', 'publishing')"))
    op.create_index('uq_import_run_one_publishing', 'import_run', ['business_id'], unique=True, postgresql_where=sa.text("state = 'publishing'"),
                    sqlite_where=sa.text("state = 'publishing'"))
    op.create_table('import_customer',
    sa.Column('run_id', sa.BigInteger(), nullable=False),
    sa.Column('number', sa.String(length=64), nullable=False),
    sa.Column('chunk', sa.Integer(), nullable=False),
    sa.Column('public_id', sa.String(length=32), nullable=False),
    sa.Column('kind', sa.String(length=10), nullable=False),
    sa.Column('name', sa.String(length=160), nullable=False),
    sa.Column('email', sa.String(length=254), nullable=True),
    sa.Column('phone', sa.String(length=32), nullable=True),
    sa.Column('postal_address', sa.String(length=300), nullable=False),
    sa.Column('postal_code', sa.String(length=16), nullable=True),
    sa.Column('country', sa.String(length=2), nullable=True),
    sa.Column('locale', sa.String(length=10), nullable=False),
    sa.Column('identity_fact', sa.String(length=12), nullable=False),
    sa.Column('words', Json(), nullable=False),
    sa.ForeignKeyConstraint(['run_id'], ['import_run.id'], name=op.f('fk_import_customer_run_id')),
    sa.PrimaryKeyConstraint('run_id', 'number', name=op.f('pk_import_customer'))
    )
    op.create_index('ix_import_customer_chunk', 'import_customer', ['run_id', 'chunk'])
    op.create_table('import_row',
    sa.Column('run_id', sa.BigInteger(), nullable=False),
    sa.Column('chunk', sa.Integer(), nullable=False),
    sa.Column('position', sa.Integer(), nullable=False),
    sa.Column('invoice_id', sa.BigInteger(), nullable=True),
    sa.Column('customer_number', sa.String(length=64), nullable=False),
    sa.Column('number', sa.String(length=64), nullable=False),
    sa.Column('currency', sa.String(length=3), nullable=False),
    sa.Column('total_minor', sa.BigInteger(), nullable=False),
    sa.Column('change_minor', sa.BigInteger(), nullable=False),
    sa.Column('public_id', sa.String(length=32), nullable=False),
    sa.Column('title', sa.String(length=200), nullable=False),
    sa.Column('issued_on', sa.Date(), nullable=False),
    sa.Column('due_on', sa.Date(), nullable=False),
    sa.Column('issued_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('paid_minor', sa.BigInteger(), nullable=False),
    sa.Column('received_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('payment_public_id', sa.String(length=32), nullable=True),
    sa.Column('payment_number', sa.String(length=24), nullable=True),
    sa.Column('hold_public_id', sa.String(length=32), nullable=True),
    sa.Column('words', Json(), nullable=False),
    sa.ForeignKeyConstraint(['run_id'], ['import_run.id'], name=op.f('fk_import_row_run_id')),
    sa.PrimaryKeyConstraint('run_id', 'chunk', 'position', name=op.f('pk_import_row'))
    )
    op.create_table('import_line',
    sa.Column('run_id', sa.BigInteger(), nullable=False),
    sa.Column('chunk', sa.Integer(), nullable=False),
    sa.Column('position', sa.Integer(), nullable=False),
    sa.Column('line', sa.Integer(), nullable=False),
    sa.Column('description', sa.String(length=300), nullable=False),
    sa.Column('amount_minor', sa.BigInteger(), nullable=False),
    sa.Column('tax_minor', sa.BigInteger(), nullable=False),
    sa.Column('tax_basis_points', sa.Integer(), nullable=False),
    sa.ForeignKeyConstraint(['run_id'], ['import_run.id'], name=op.f('fk_import_line_run_id')),
    sa.PrimaryKeyConstraint('run_id', 'chunk', 'position', 'line', name=op.f('pk_import_line'))
    )
    op.create_table('imported_invoice',
    sa.Column('invoice_id', sa.BigInteger(), autoincrement=False, nullable=False),
    sa.Column('business_id', sa.BigInteger(), nullable=False),
    sa.Column('source', sa.String(length=64), nullable=False),
    sa.Column('run_id', sa.BigInteger(), nullable=False),
    sa.Column('total_minor', sa.BigInteger(), nullable=False),
    sa.ForeignKeyConstraint(['business_id', 'invoice_id'], ['invoice.business_id', 'invoice.id'], name=op.f('fk_imported_invoice_business_id_invoice_id')),
    sa.ForeignKeyConstraint(['business_id', 'run_id'], ['import_run.business_id', 'import_run.id'], name=op.f('fk_imported_invoice_business_id_run_id')),
    sa.PrimaryKeyConstraint('invoice_id', name=op.f('pk_imported_invoice'))
    )
    op.create_index('ix_imported_invoice_run', 'imported_invoice', ['business_id', 'source', 'run_id'])
    op.create_table('import_finding',
    sa.Column('business_id', sa.BigInteger(), nullable=False),
    sa.Column('run_id', sa.BigInteger(), nullable=False),
    sa.Column('chunk', sa.Integer(), nullable=False),
    sa.Column('row', sa.Integer(), nullable=False),
    sa.Column('kind', sa.String(length=12), nullable=False),
    sa.Column('state', sa.String(length=10), nullable=False),
    sa.Column('debtor_id', sa.BigInteger(), nullable=True),
    sa.Column('customer_number', sa.String(length=64), nullable=False),
    sa.Column('invoice_id', sa.BigInteger(), nullable=True),
    sa.Column('reference', sa.String(length=64), nullable=False),
    sa.Column('currency', sa.String(length=3), nullable=False),
    sa.Column('amount_minor', sa.BigInteger(), nullable=False),
    sa.Column('day', sa.Date(), nullable=True),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('decision', sa.String(length=12), nullable=False),
    sa.Column('staff_id', sa.BigInteger(), nullable=True),
    sa.Column('decided_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('public_id', sa.String(length=32), nullable=False),
    sa.Column('id', BigKey(), autoincrement=True, nullable=False),
    sa.CheckConstraint("kind IN ('paid', 'gone', 'credit', 'due', 'disputed', 'undisputed')", name=op.f('ck_import_finding_kind')),
    sa.CheckConstraint("state <> 'open' OR debtor_id IS NOT NULL", name=op.f('ck_import_finding_open_has_debtor')),
    sa.CheckConstraint("state IN ('staged', 'open', 'confirmed', 'declined', 'void')", name=op.f('ck_import_finding_state')),
    sa.CheckConstraint('amount_minor >= 0', name=op.f('ck_import_finding_amount_not_negative')),
    sa.ForeignKeyConstraint(['business_id', 'debtor_id'], ['debtor.business_id', 'debtor.id'], name=op.f('fk_import_finding_business_id_debtor_id')),
    sa.ForeignKeyConstraint(['business_id', 'invoice_id'], ['invoice.business_id', 'invoice.id'], name=op.f('fk_import_finding_business_id_invoice_id')),
    sa.ForeignKeyConstraint(['business_id', 'run_id'], ['import_run.business_id', 'import_run.id'], name=op.f('fk_import_finding_business_id_run_id')),
    sa.ForeignKeyConstraint(['business_id', 'staff_id'], ['membership.business_id', 'membership.staff_id'], name=op.f('fk_import_finding_business_id_staff_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_import_finding')),
    sa.UniqueConstraint('public_id', name=op.f('uq_import_finding_public_id'))
    )
    op.create_index('ix_import_finding_credit', 'import_finding', ['business_id', 'reference'], postgresql_where=sa.text("kind = 'credit'"),
                    sqlite_where=sa.text("kind = 'credit'"))
    op.create_index('ix_import_finding_debtor_id', 'import_finding', ['debtor_id'])
    op.create_index('ix_import_finding_invoice_id', 'import_finding', ['invoice_id'])
    op.create_index('ix_import_finding_open', 'import_finding', ['business_id', 'created_at', 'id'], postgresql_where=sa.text("state = 'open'"),
                    sqlite_where=sa.text("state = 'open'"))
    op.create_index('ix_import_finding_run', 'import_finding', ['run_id', 'chunk'])
    op.create_index('uq_import_finding_open', 'import_finding', ['business_id', 'kind', 'invoice_id', 'reference'], unique=True, postgresql_where=sa.text("state = 'open'"),
                    sqlite_where=sa.text("state = 'open'"))
    op.create_table('import_mapping',
    sa.Column('business_id', sa.BigInteger(), nullable=False),
    sa.Column('source', sa.String(length=64), nullable=False),
    sa.Column('reading', Json(), nullable=False),
    sa.Column('kept_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['business_id'], ['business.id'], name=op.f('fk_import_mapping_business_id')),
    sa.PrimaryKeyConstraint('business_id', 'source', name=op.f('pk_import_mapping'))
    )


def downgrade() -> None:
    for table in ("import_mapping", 'import_finding', 'imported_invoice', 'import_line', 'import_row', 'import_customer', 'import_run'):
        op.drop_table(table)
