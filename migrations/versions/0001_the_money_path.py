"""The money path: businesses, debtors, invoices, links, ledger, payments, inbox, holds, messages, audit."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def Json() -> sa.types.TypeEngine[object]:
    return sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), "postgresql")


def BigKey() -> sa.types.TypeEngine[int]:
    return sa.BigInteger().with_variant(sa.Integer(), "sqlite")


APPEND_ONLY = {
    "ledger_transfer": "id = NEW.id OR (business_id = NEW.business_id AND key = NEW.key)",
    "audit_event": "id = NEW.id",
}


def _create_triggers() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            "CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$ "
            "BEGIN RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'restrict_violation'; END $$"
        )
    for table, unique_match in APPEND_ONLY.items():
        refuse = f"SELECT RAISE(ABORT, '{table} is append-only')"
        if op.get_bind().dialect.name == "postgresql":
            op.execute(
                f"CREATE TRIGGER {table}_no_change BEFORE UPDATE OR DELETE ON {table} "
                "FOR EACH ROW EXECUTE FUNCTION refuse_change()"
            )
            op.execute(
                f"CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table} "
                "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
            )
            continue
        op.execute(f"CREATE TRIGGER {table}_no_update BEFORE UPDATE ON {table} BEGIN {refuse}; END")
        op.execute(f"CREATE TRIGGER {table}_no_delete BEFORE DELETE ON {table} BEGIN {refuse}; END")
        op.execute(
            f"CREATE TRIGGER {table}_no_replace BEFORE INSERT ON {table} "
            f"WHEN EXISTS (SELECT 1 FROM {table} WHERE {unique_match}) BEGIN {refuse}; END"
        )


def upgrade() -> None:
    op.create_table(
        "business",
        sa.Column("slug", sa.String(length=60), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("legal_name", sa.String(length=160), nullable=False),
        sa.Column("timezone", sa.String(length=60), nullable=False),
        sa.Column("locale", sa.String(length=10), nullable=False),
        sa.Column("country", sa.String(length=2), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("brand_color", sa.String(length=7), nullable=False),
        sa.Column("logo_svg", sa.Text(), nullable=True),
        sa.Column("contact_name", sa.String(length=120), nullable=False),
        sa.Column("contact_email", sa.String(length=254), nullable=False),
        sa.Column("contact_phone", sa.String(length=32), nullable=False),
        sa.Column("contact_hours", Json(), nullable=False),
        sa.Column("where_to_check", Json(), nullable=False),
        sa.Column("postal_address", sa.String(length=300), nullable=False),
        sa.Column("bank_details", Json(), nullable=False),
        sa.Column("stripe_account", sa.String(length=64), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("public_id", sa.String(length=32), nullable=False),
        sa.Column("id", BigKey(), autoincrement=True, nullable=False),
        sa.CheckConstraint("brand_color LIKE '#______'", name=op.f("ck_business_brand_color_hex")),
        sa.CheckConstraint("length(currency) = 3", name=op.f("ck_business_currency_code")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_business")),
        sa.UniqueConstraint("public_id", name=op.f("uq_business_public_id")),
        sa.UniqueConstraint("slug", name=op.f("uq_business_slug")),
        sa.UniqueConstraint("stripe_account", name=op.f("uq_business_stripe_account")),
    )
    op.create_table(
        "stripe_event",
        sa.Column("account", sa.String(length=64), nullable=False),
        sa.Column("event", sa.String(length=80), nullable=False),
        sa.Column("type", sa.String(length=80), nullable=False),
        sa.Column("object_id", sa.String(length=80), nullable=False),
        sa.Column("livemode", sa.Boolean(), nullable=False),
        sa.Column("happened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("payload", Json(), nullable=True),
        sa.Column("outcome", sa.String(length=12), nullable=False),
        sa.Column("note", sa.String(length=80), nullable=False),
        sa.Column("id", BigKey(), autoincrement=True, nullable=False),
        sa.CheckConstraint(
            "outcome IN ('applied', 'waiting', 'noted', 'mismatch')", name=op.f("ck_stripe_event_outcome")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stripe_event")),
        sa.UniqueConstraint("account", "event", name=op.f("uq_stripe_event_account_event")),
    )
    with op.batch_alter_table("stripe_event", schema=None) as batch_op:
        batch_op.create_index(
            "ix_stripe_event_mismatch",
            ["received_at"],
            unique=False,
            postgresql_where=sa.text("outcome = 'mismatch'"),
            sqlite_where=sa.text("outcome = 'mismatch'"),
        )
        batch_op.create_index("ix_stripe_event_object_id", ["object_id"], unique=False)
        batch_op.create_index("ix_stripe_event_received_at", ["received_at"], unique=False)

    op.create_table(
        "stripe_fetch",
        sa.Column("account", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=30), nullable=False),
        sa.Column("object_id", sa.String(length=80), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("claim_token", sa.String(length=32), nullable=True),
        sa.Column("leased_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("dead_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_error", sa.String(length=80), nullable=True),
        sa.Column("id", BigKey(), autoincrement=True, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stripe_fetch")),
        sa.UniqueConstraint("account", "kind", "object_id", name=op.f("uq_stripe_fetch_account_kind_object_id")),
    )
    with op.batch_alter_table("stripe_fetch", schema=None) as batch_op:
        batch_op.create_index(
            "ix_stripe_fetch_due_at",
            ["due_at"],
            unique=False,
            postgresql_where=sa.text("done_at IS NULL AND dead_at IS NULL"),
            sqlite_where=sa.text("done_at IS NULL AND dead_at IS NULL"),
        )

    op.create_table(
        "suspense_item",
        sa.Column("business_id", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("payment_intent", sa.String(length=80), nullable=False),
        sa.Column("payment_id", sa.BigInteger(), nullable=True),
        sa.Column("reason", sa.String(length=40), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("returned_minor", sa.BigInteger(), nullable=False),
        sa.Column("resolved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", BigKey(), autoincrement=True, nullable=False),
        sa.CheckConstraint("amount_minor > 0", name=op.f("ck_suspense_item_amount_positive")),
        sa.CheckConstraint(
            "returned_minor >= 0 AND returned_minor <= amount_minor",
            name=op.f("ck_suspense_item_returned_within_amount"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_suspense_item")),
        sa.UniqueConstraint("business_id", "payment_intent", name=op.f("uq_suspense_item_business_id_payment_intent")),
    )
    op.create_table(
        "waiting_fact",
        sa.Column("account", sa.String(length=64), nullable=False),
        sa.Column("waits_for", sa.String(length=80), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("key", sa.String(length=200), nullable=False),
        sa.Column("fact", Json(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("applied_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", BigKey(), autoincrement=True, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_waiting_fact")),
        sa.UniqueConstraint("account", "key", name=op.f("uq_waiting_fact_account_key")),
    )
    with op.batch_alter_table("waiting_fact", schema=None) as batch_op:
        batch_op.create_index("ix_waiting_fact_waits_for", ["waits_for"], unique=False)

    op.create_table(
        "audit_event",
        sa.Column("business_id", sa.BigInteger(), nullable=True),
        sa.Column("debtor_id", sa.BigInteger(), nullable=True),
        sa.Column("actor_kind", sa.String(length=10), nullable=False),
        sa.Column("actor_id", sa.String(length=40), nullable=False),
        sa.Column("act", sa.String(length=60), nullable=False),
        sa.Column("target", sa.String(length=80), nullable=False),
        sa.Column("details", Json(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", BigKey(), autoincrement=True, nullable=False),
        sa.CheckConstraint(
            "actor_kind IN ('debtor', 'staff', 'stripe', 'job', 'cli')", name=op.f("ck_audit_event_actor_kind")
        ),
        sa.ForeignKeyConstraint(["business_id"], ["business.id"], name=op.f("fk_audit_event_business_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_event")),
    )
    with op.batch_alter_table("audit_event", schema=None) as batch_op:
        batch_op.create_index("ix_audit_event_business_id_at", ["business_id", "at"], unique=False)
        batch_op.create_index("ix_audit_event_debtor_id_at", ["debtor_id", "at"], unique=False)

    op.create_table(
        "blocked_address",
        sa.Column("business_id", sa.BigInteger(), nullable=False),
        sa.Column("address_hash", sa.String(length=64), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", BigKey(), autoincrement=True, nullable=False),
        sa.ForeignKeyConstraint(["business_id"], ["business.id"], name=op.f("fk_blocked_address_business_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_blocked_address")),
        sa.UniqueConstraint("business_id", "address_hash", name=op.f("uq_blocked_address_business_id_address_hash")),
    )
    op.create_table(
        "debtor",
        sa.Column("business_id", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("name", sa.String(length=160), nullable=False),
        sa.Column("greeting_name", sa.String(length=80), nullable=False),
        sa.Column("email", sa.String(length=254), nullable=True),
        sa.Column("email_state", sa.String(length=12), nullable=False),
        sa.Column("phone", sa.String(length=32), nullable=True),
        sa.Column("postal_code", sa.String(length=16), nullable=True),
        sa.Column("country", sa.String(length=2), nullable=True),
        sa.Column("locale", sa.String(length=10), nullable=False),
        sa.Column("timezone", sa.String(length=60), nullable=True),
        sa.Column("identity_fact", sa.String(length=12), nullable=False),
        sa.Column("opted_out_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("public_id", sa.String(length=32), nullable=False),
        sa.Column("id", BigKey(), autoincrement=True, nullable=False),
        sa.CheckConstraint("email_state IN ('ok', 'bounced', 'wrong_person')", name=op.f("ck_debtor_email_state")),
        sa.CheckConstraint(
            "identity_fact IN ('postal_code', 'phone_last4', 'none')", name=op.f("ck_debtor_identity_fact")
        ),
        sa.CheckConstraint("kind IN ('consumer', 'business')", name=op.f("ck_debtor_kind")),
        sa.ForeignKeyConstraint(["business_id"], ["business.id"], name=op.f("fk_debtor_business_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_debtor")),
        sa.UniqueConstraint("business_id", "id", name=op.f("uq_debtor_business_id_id")),
        sa.UniqueConstraint("business_id", "number", name=op.f("uq_debtor_business_id_number")),
        sa.UniqueConstraint("public_id", name=op.f("uq_debtor_public_id")),
    )
    with op.batch_alter_table("debtor", schema=None) as batch_op:
        batch_op.create_index("ix_debtor_business_id_email", ["business_id", "email"], unique=False)

    op.create_table(
        "payout",
        sa.Column("business_id", sa.BigInteger(), nullable=False),
        sa.Column("stripe_payout", sa.String(length=80), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("arrives_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", BigKey(), autoincrement=True, nullable=False),
        sa.ForeignKeyConstraint(["business_id"], ["business.id"], name=op.f("fk_payout_business_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payout")),
        sa.UniqueConstraint("stripe_payout", name=op.f("uq_payout_stripe_payout")),
    )
    op.create_table(
        "policy_version",
        sa.Column("business_id", sa.BigInteger(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("rules", Json(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["business_id"], ["business.id"], name=op.f("fk_policy_version_business_id")),
        sa.PrimaryKeyConstraint("business_id", "version", name=op.f("pk_policy_version")),
    )
    op.create_table(
        "stored_file",
        sa.Column("business_id", sa.BigInteger(), nullable=False),
        sa.Column("storage_key", sa.String(length=80), nullable=False),
        sa.Column("name", sa.String(length=160), nullable=False),
        sa.Column("media_type", sa.String(length=80), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("public_id", sa.String(length=32), nullable=False),
        sa.Column("id", BigKey(), autoincrement=True, nullable=False),
        sa.ForeignKeyConstraint(["business_id"], ["business.id"], name=op.f("fk_stored_file_business_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stored_file")),
        sa.UniqueConstraint("business_id", "id", name=op.f("uq_stored_file_business_id_id")),
        sa.UniqueConstraint("public_id", name=op.f("uq_stored_file_public_id")),
        sa.UniqueConstraint("storage_key", name=op.f("uq_stored_file_storage_key")),
    )
    op.create_table(
        "identity_attempt",
        sa.Column("business_id", sa.BigInteger(), nullable=False),
        sa.Column("debtor_id", sa.BigInteger(), nullable=False),
        sa.Column("link_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("passed", sa.Boolean(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", BigKey(), autoincrement=True, nullable=False),
        sa.CheckConstraint("kind IN ('fact', 'code', 'code_sent', 'new_link')", name=op.f("ck_identity_attempt_kind")),
        sa.ForeignKeyConstraint(
            ["business_id", "debtor_id"],
            ["debtor.business_id", "debtor.id"],
            name=op.f("fk_identity_attempt_business_id_debtor_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_identity_attempt")),
    )
    with op.batch_alter_table("identity_attempt", schema=None) as batch_op:
        batch_op.create_index("ix_identity_attempt_debtor_id_at", ["debtor_id", "at"], unique=False)
        batch_op.create_index("ix_identity_attempt_link_id", ["link_id"], unique=False)

    op.create_table(
        "invoice",
        sa.Column("business_id", sa.BigInteger(), nullable=False),
        sa.Column("debtor_id", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.String(length=64), nullable=False),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("issued_on", sa.Date(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("total_minor", sa.BigInteger(), nullable=False),
        sa.Column("terms", sa.String(length=60), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("public_id", sa.String(length=32), nullable=False),
        sa.Column("id", BigKey(), autoincrement=True, nullable=False),
        sa.CheckConstraint("due_on >= issued_on", name=op.f("ck_invoice_due_after_issue")),
        sa.CheckConstraint("total_minor > 0", name=op.f("ck_invoice_total_positive")),
        sa.ForeignKeyConstraint(
            ["business_id", "debtor_id"],
            ["debtor.business_id", "debtor.id"],
            name=op.f("fk_invoice_business_id_debtor_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_invoice")),
        sa.UniqueConstraint(
            "business_id", "debtor_id", "currency", "id", name=op.f("uq_invoice_business_id_debtor_id_currency_id")
        ),
        sa.UniqueConstraint("business_id", "id", name=op.f("uq_invoice_business_id_id")),
        sa.UniqueConstraint("business_id", "number", name=op.f("uq_invoice_business_id_number")),
        sa.UniqueConstraint("public_id", name=op.f("uq_invoice_public_id")),
    )
    with op.batch_alter_table("invoice", schema=None) as batch_op:
        batch_op.create_index("ix_invoice_business_id_due_on", ["business_id", "due_on"], unique=False)

    op.create_table(
        "portal_link",
        sa.Column("business_id", sa.BigInteger(), nullable=False),
        sa.Column("debtor_id", sa.BigInteger(), nullable=False),
        sa.Column("purpose", sa.String(length=10), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_reason", sa.String(length=20), nullable=True),
        sa.Column("first_opened_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("currency", sa.String(length=3), nullable=True),
        sa.Column("amount_minor", sa.BigInteger(), nullable=True),
        sa.Column("public_id", sa.String(length=32), nullable=False),
        sa.Column("id", BigKey(), autoincrement=True, nullable=False),
        sa.CheckConstraint("purpose = 'account' OR amount_minor > 0", name=op.f("ck_portal_link_pay_only_amount")),
        sa.CheckConstraint("purpose IN ('account', 'pay_only')", name=op.f("ck_portal_link_purpose")),
        sa.ForeignKeyConstraint(
            ["business_id", "debtor_id"],
            ["debtor.business_id", "debtor.id"],
            name=op.f("fk_portal_link_business_id_debtor_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_portal_link")),
        sa.UniqueConstraint("business_id", "debtor_id", "id", name=op.f("uq_portal_link_business_id_debtor_id_id")),
        sa.UniqueConstraint("business_id", "id", name=op.f("uq_portal_link_business_id_id")),
        sa.UniqueConstraint("public_id", name=op.f("uq_portal_link_public_id")),
    )
    with op.batch_alter_table("portal_link", schema=None) as batch_op:
        batch_op.create_index("ix_portal_link_debtor_id_created_at", ["debtor_id", "created_at"], unique=False)

    op.create_table(
        "debtor_session",
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("business_id", sa.BigInteger(), nullable=False),
        sa.Column("debtor_id", sa.BigInteger(), nullable=False),
        sa.Column("link_id", sa.BigInteger(), nullable=False),
        sa.Column("level", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("visit_started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", BigKey(), autoincrement=True, nullable=False),
        sa.CheckConstraint("level IN (1, 2)", name=op.f("ck_debtor_session_level")),
        sa.ForeignKeyConstraint(
            ["business_id", "debtor_id", "link_id"],
            ["portal_link.business_id", "portal_link.debtor_id", "portal_link.id"],
            name=op.f("fk_debtor_session_business_id_debtor_id_link_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_debtor_session")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_debtor_session_token_hash")),
    )
    with op.batch_alter_table("debtor_session", schema=None) as batch_op:
        batch_op.create_index("ix_debtor_session_link_id", ["link_id"], unique=False)

    op.create_table(
        "invoice_document",
        sa.Column("business_id", sa.BigInteger(), nullable=False),
        sa.Column("invoice_id", sa.BigInteger(), nullable=False),
        sa.Column("file_id", sa.BigInteger(), nullable=False),
        sa.Column("id", BigKey(), autoincrement=True, nullable=False),
        sa.ForeignKeyConstraint(
            ["business_id", "file_id"],
            ["stored_file.business_id", "stored_file.id"],
            name=op.f("fk_invoice_document_business_id_file_id"),
        ),
        sa.ForeignKeyConstraint(
            ["business_id", "invoice_id"],
            ["invoice.business_id", "invoice.id"],
            name=op.f("fk_invoice_document_business_id_invoice_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_invoice_document")),
        sa.UniqueConstraint("invoice_id", "file_id", name=op.f("uq_invoice_document_invoice_id_file_id")),
    )
    op.create_table(
        "invoice_line",
        sa.Column("business_id", sa.BigInteger(), nullable=False),
        sa.Column("invoice_id", sa.BigInteger(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("description", sa.String(length=300), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("tax_minor", sa.BigInteger(), nullable=False),
        sa.Column("tax_basis_points", sa.Integer(), nullable=False),
        sa.Column("id", BigKey(), autoincrement=True, nullable=False),
        sa.CheckConstraint("tax_basis_points >= 0", name=op.f("ck_invoice_line_tax_rate_not_negative")),
        sa.ForeignKeyConstraint(
            ["business_id", "invoice_id"],
            ["invoice.business_id", "invoice.id"],
            name=op.f("fk_invoice_line_business_id_invoice_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_invoice_line")),
        sa.UniqueConstraint("business_id", "id", name=op.f("uq_invoice_line_business_id_id")),
        sa.UniqueConstraint("invoice_id", "position", name=op.f("uq_invoice_line_invoice_id_position")),
    )
    op.create_table(
        "ledger_account",
        sa.Column("business_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(length=30), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("owner", sa.String(length=40), nullable=False),
        sa.Column("debtor_id", sa.BigInteger(), nullable=True),
        sa.Column("invoice_id", sa.BigInteger(), nullable=True),
        sa.Column("debits", sa.BigInteger(), nullable=False),
        sa.Column("credits", sa.BigInteger(), nullable=False),
        sa.Column("id", BigKey(), autoincrement=True, nullable=False),
        sa.CheckConstraint(
            "kind <> 'debtor_credit' OR (invoice_id IS NULL AND debtor_id IS NOT NULL)",
            name=op.f("ck_ledger_account_credit_owner"),
        ),
        sa.CheckConstraint(
            "kind <> 'debtor_credit' OR debits <= credits", name=op.f("ck_ledger_account_credit_not_overdrawn")
        ),
        sa.CheckConstraint(
            "kind <> 'receivable' OR (invoice_id IS NOT NULL AND debtor_id IS NOT NULL)",
            name=op.f("ck_ledger_account_receivable_owner"),
        ),
        sa.CheckConstraint(
            "kind <> 'receivable' OR credits <= debits", name=op.f("ck_ledger_account_receivable_not_overpaid")
        ),
        sa.CheckConstraint("debits >= 0 AND credits >= 0", name=op.f("ck_ledger_account_totals_not_negative")),
        sa.ForeignKeyConstraint(
            ["business_id", "debtor_id", "currency", "invoice_id"],
            ["invoice.business_id", "invoice.debtor_id", "invoice.currency", "invoice.id"],
            name=op.f("fk_ledger_account_business_id_debtor_id_currency_invoice_id"),
        ),
        sa.ForeignKeyConstraint(
            ["business_id", "debtor_id"],
            ["debtor.business_id", "debtor.id"],
            name=op.f("fk_ledger_account_business_id_debtor_id"),
        ),
        sa.ForeignKeyConstraint(["business_id"], ["business.id"], name=op.f("fk_ledger_account_business_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ledger_account")),
        sa.UniqueConstraint("business_id", "currency", "id", name=op.f("uq_ledger_account_business_id_currency_id")),
        sa.UniqueConstraint(
            "business_id", "kind", "currency", "owner", name=op.f("uq_ledger_account_business_id_kind_currency_owner")
        ),
    )
    with op.batch_alter_table("ledger_account", schema=None) as batch_op:
        batch_op.create_index("ix_ledger_account_debtor_id", ["debtor_id"], unique=False)
        batch_op.create_index("ix_ledger_account_invoice_id", ["invoice_id"], unique=False)
        batch_op.create_index(
            "ix_ledger_account_open",
            ["business_id", "debtor_id"],
            unique=False,
            postgresql_where=sa.text("kind = 'receivable' AND credits < debits"),
            sqlite_where=sa.text("kind = 'receivable' AND credits < debits"),
        )

    op.create_table(
        "message",
        sa.Column("business_id", sa.BigInteger(), nullable=False),
        sa.Column("debtor_id", sa.BigInteger(), nullable=True),
        sa.Column("kind", sa.String(length=30), nullable=False),
        sa.Column("message_class", sa.String(length=10), nullable=False),
        sa.Column("key", sa.String(length=120), nullable=False),
        sa.Column("to_address", sa.String(length=254), nullable=False),
        sa.Column("language", sa.String(length=10), nullable=False),
        sa.Column("subject", sa.String(length=250), nullable=False),
        sa.Column("body_text", sa.Text(), nullable=False),
        sa.Column("body_html", sa.Text(), nullable=False),
        sa.Column("link_id", sa.BigInteger(), nullable=True),
        sa.Column("attachment", sa.String(length=80), nullable=False),
        sa.Column("message_id", sa.String(length=120), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("reason", sa.String(length=40), nullable=False),
        sa.Column("local_day", sa.Date(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("claim_token", sa.String(length=32), nullable=True),
        sa.Column("leased_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("public_id", sa.String(length=32), nullable=False),
        sa.Column("id", BigKey(), autoincrement=True, nullable=False),
        sa.CheckConstraint(
            "message_class <> 'collecting' OR local_day IS NOT NULL", name=op.f("ck_message_collecting_has_day")
        ),
        sa.CheckConstraint("message_class IN ('essential', 'collecting', 'courtesy')", name=op.f("ck_message_class")),
        sa.CheckConstraint("state IN ('queued', 'sent', 'skipped', 'failed')", name=op.f("ck_message_state")),
        sa.ForeignKeyConstraint(
            ["business_id", "debtor_id"],
            ["debtor.business_id", "debtor.id"],
            name=op.f("fk_message_business_id_debtor_id"),
        ),
        sa.ForeignKeyConstraint(
            ["business_id", "link_id"],
            ["portal_link.business_id", "portal_link.id"],
            name=op.f("fk_message_business_id_link_id"),
        ),
        sa.ForeignKeyConstraint(["business_id"], ["business.id"], name=op.f("fk_message_business_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_message")),
        sa.UniqueConstraint("business_id", "key", name=op.f("uq_message_business_id_key")),
        sa.UniqueConstraint("message_id", name=op.f("uq_message_message_id")),
        sa.UniqueConstraint("public_id", name=op.f("uq_message_public_id")),
    )
    with op.batch_alter_table("message", schema=None) as batch_op:
        batch_op.create_index("ix_message_debtor_id_created_at", ["debtor_id", "created_at"], unique=False)
        batch_op.create_index(
            "ix_message_due_at",
            ["due_at"],
            unique=False,
            postgresql_where=sa.text("state = 'queued'"),
            sqlite_where=sa.text("state = 'queued'"),
        )
        batch_op.create_index(
            "uq_message_one_collecting_a_day",
            ["debtor_id", "local_day"],
            unique=True,
            postgresql_where=sa.text("message_class = 'collecting' AND state IN ('queued', 'sent')"),
            sqlite_where=sa.text("message_class = 'collecting' AND state IN ('queued', 'sent')"),
        )

    op.create_table(
        "offer",
        sa.Column("business_id", sa.BigInteger(), nullable=False),
        sa.Column("debtor_id", sa.BigInteger(), nullable=False),
        sa.Column("invoice_id", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("discount_minor", sa.BigInteger(), nullable=False),
        sa.Column("basis_points", sa.Integer(), nullable=False),
        sa.Column("deadline", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("public_id", sa.String(length=32), nullable=False),
        sa.Column("id", BigKey(), autoincrement=True, nullable=False),
        sa.CheckConstraint("kind IN ('early_pay', 'prompt_pay', 'settlement')", name=op.f("ck_offer_kind")),
        sa.CheckConstraint("discount_minor > 0", name=op.f("ck_offer_discount_positive")),
        sa.ForeignKeyConstraint(
            ["business_id", "debtor_id", "currency", "invoice_id"],
            ["invoice.business_id", "invoice.debtor_id", "invoice.currency", "invoice.id"],
            name=op.f("fk_offer_business_id_debtor_id_currency_invoice_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_offer")),
        sa.UniqueConstraint("business_id", "id", name=op.f("uq_offer_business_id_id")),
        sa.UniqueConstraint("public_id", name=op.f("uq_offer_public_id")),
    )
    with op.batch_alter_table("offer", schema=None) as batch_op:
        batch_op.create_index("ix_offer_debtor_id", ["debtor_id"], unique=False)
        batch_op.create_index(
            "uq_offer_one_open",
            ["invoice_id"],
            unique=True,
            postgresql_where=sa.text("withdrawn_at IS NULL"),
            sqlite_where=sa.text("withdrawn_at IS NULL"),
        )

    op.create_table(
        "one_time_code",
        sa.Column("business_id", sa.BigInteger(), nullable=False),
        sa.Column("debtor_id", sa.BigInteger(), nullable=False),
        sa.Column("link_id", sa.BigInteger(), nullable=False),
        sa.Column("act", sa.String(length=30), nullable=False),
        sa.Column("code_hash", sa.String(length=64), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", BigKey(), autoincrement=True, nullable=False),
        sa.ForeignKeyConstraint(
            ["business_id", "debtor_id"],
            ["debtor.business_id", "debtor.id"],
            name=op.f("fk_one_time_code_business_id_debtor_id"),
        ),
        sa.ForeignKeyConstraint(
            ["business_id", "link_id"],
            ["portal_link.business_id", "portal_link.id"],
            name=op.f("fk_one_time_code_business_id_link_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_one_time_code")),
    )
    with op.batch_alter_table("one_time_code", schema=None) as batch_op:
        batch_op.create_index("ix_one_time_code_link_id_act", ["link_id", "act"], unique=False)

    op.create_table(
        "payment",
        sa.Column("business_id", sa.BigInteger(), nullable=False),
        sa.Column("debtor_id", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.String(length=24), nullable=False),
        sa.Column("channel", sa.String(length=12), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("captured_minor", sa.BigInteger(), nullable=False),
        sa.Column("returned_minor", sa.BigInteger(), nullable=False),
        sa.Column("link_id", sa.BigInteger(), nullable=True),
        sa.Column("request", Json(), nullable=True),
        sa.Column("stripe_account", sa.String(length=64), nullable=True),
        sa.Column("checkout_session", sa.String(length=80), nullable=True),
        sa.Column("checkout_url", sa.String(length=2000), nullable=True),
        sa.Column("payment_intent", sa.String(length=80), nullable=True),
        sa.Column("charge", sa.String(length=80), nullable=True),
        sa.Column("failure_code", sa.String(length=60), nullable=True),
        sa.Column("method_brand", sa.String(length=30), nullable=True),
        sa.Column("method_last4", sa.String(length=4), nullable=True),
        sa.Column("reference", sa.String(length=40), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("moved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ask_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ask_count", sa.Integer(), nullable=False),
        sa.Column("public_id", sa.String(length=32), nullable=False),
        sa.Column("id", BigKey(), autoincrement=True, nullable=False),
        sa.CheckConstraint(
            "channel IN ('checkout', 'off_session', 'transfer', 'cash', 'check')", name=op.f("ck_payment_channel")
        ),
        sa.CheckConstraint(
            "state <> 'succeeded' OR received_at IS NOT NULL", name=op.f("ck_payment_succeeded_has_time")
        ),
        sa.CheckConstraint(
            "state IN ('created', 'unknown', 'open', 'announced', 'processing', 'succeeded', 'failed', 'expired', 'canceled')",
            name=op.f("ck_payment_state"),
        ),
        sa.CheckConstraint("amount_minor > 0", name=op.f("ck_payment_amount_positive")),
        sa.CheckConstraint("returned_minor >= 0 AND captured_minor >= 0", name=op.f("ck_payment_sums_not_negative")),
        sa.ForeignKeyConstraint(
            ["business_id", "debtor_id"],
            ["debtor.business_id", "debtor.id"],
            name=op.f("fk_payment_business_id_debtor_id"),
        ),
        sa.ForeignKeyConstraint(
            ["business_id", "link_id"],
            ["portal_link.business_id", "portal_link.id"],
            name=op.f("fk_payment_business_id_link_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payment")),
        sa.UniqueConstraint("business_id", "debtor_id", "id", name=op.f("uq_payment_business_id_debtor_id_id")),
        sa.UniqueConstraint("business_id", "id", name=op.f("uq_payment_business_id_id")),
        sa.UniqueConstraint("business_id", "number", name=op.f("uq_payment_business_id_number")),
        sa.UniqueConstraint("checkout_session", name=op.f("uq_payment_checkout_session")),
        sa.UniqueConstraint("payment_intent", name=op.f("uq_payment_payment_intent")),
        sa.UniqueConstraint("public_id", name=op.f("uq_payment_public_id")),
    )
    with op.batch_alter_table("payment", schema=None) as batch_op:
        batch_op.create_index(
            "ix_payment_ask_at",
            ["ask_at"],
            unique=False,
            postgresql_where=sa.text("ask_at IS NOT NULL"),
            sqlite_where=sa.text("ask_at IS NOT NULL"),
        )
        batch_op.create_index("ix_payment_charge", ["charge"], unique=False)
        batch_op.create_index("ix_payment_debtor_id_created_at", ["debtor_id", "created_at"], unique=False)

    op.create_table(
        "portal_link_invoice",
        sa.Column("business_id", sa.BigInteger(), nullable=False),
        sa.Column("link_id", sa.BigInteger(), nullable=False),
        sa.Column("invoice_id", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["business_id", "invoice_id"],
            ["invoice.business_id", "invoice.id"],
            name=op.f("fk_portal_link_invoice_business_id_invoice_id"),
        ),
        sa.ForeignKeyConstraint(
            ["business_id", "link_id"],
            ["portal_link.business_id", "portal_link.id"],
            name=op.f("fk_portal_link_invoice_business_id_link_id"),
        ),
        sa.PrimaryKeyConstraint("link_id", "invoice_id", name=op.f("pk_portal_link_invoice")),
    )
    op.create_table(
        "chargeback",
        sa.Column("business_id", sa.BigInteger(), nullable=False),
        sa.Column("payment_id", sa.BigInteger(), nullable=False),
        sa.Column("stripe_dispute", sa.String(length=80), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("reason", sa.String(length=60), nullable=False),
        sa.Column("state", sa.String(length=30), nullable=False),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reinstated_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("public_id", sa.String(length=32), nullable=False),
        sa.Column("id", BigKey(), autoincrement=True, nullable=False),
        sa.ForeignKeyConstraint(
            ["business_id", "payment_id"],
            ["payment.business_id", "payment.id"],
            name=op.f("fk_chargeback_business_id_payment_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_chargeback")),
        sa.UniqueConstraint("public_id", name=op.f("uq_chargeback_public_id")),
        sa.UniqueConstraint("stripe_dispute", name=op.f("uq_chargeback_stripe_dispute")),
    )
    with op.batch_alter_table("chargeback", schema=None) as batch_op:
        batch_op.create_index("ix_chargeback_payment_id", ["payment_id"], unique=False)

    op.create_table(
        "hold",
        sa.Column("business_id", sa.BigInteger(), nullable=False),
        sa.Column("debtor_id", sa.BigInteger(), nullable=False),
        sa.Column("invoice_id", sa.BigInteger(), nullable=True),
        sa.Column("line_id", sa.BigInteger(), nullable=True),
        sa.Column("amount_minor", sa.BigInteger(), nullable=True),
        sa.Column("reminders", sa.Boolean(), nullable=False),
        sa.Column("fees", sa.Boolean(), nullable=False),
        sa.Column("autopay", sa.Boolean(), nullable=False),
        sa.Column("discount_clock", sa.Boolean(), nullable=False),
        sa.Column("cause", sa.String(length=20), nullable=False),
        sa.Column("cause_id", sa.String(length=40), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("released_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("public_id", sa.String(length=32), nullable=False),
        sa.Column("id", BigKey(), autoincrement=True, nullable=False),
        sa.CheckConstraint(
            "cause IN ('dispute', 'deferral', 'promise', 'plan', 'already_paid', 'staff', 'chargeback', 'transfer', 'import', 'payment')",
            name=op.f("ck_hold_cause"),
        ),
        sa.CheckConstraint(
            "amount_minor IS NULL OR (amount_minor > 0 AND invoice_id IS NOT NULL)", name=op.f("ck_hold_amount")
        ),
        sa.CheckConstraint("reminders OR fees OR autopay OR discount_clock", name=op.f("ck_hold_holds_something")),
        sa.CheckConstraint("until IS NULL OR until > starts_at", name=op.f("ck_hold_ends_after_start")),
        sa.ForeignKeyConstraint(
            ["business_id", "debtor_id"],
            ["debtor.business_id", "debtor.id"],
            name=op.f("fk_hold_business_id_debtor_id"),
        ),
        sa.ForeignKeyConstraint(
            ["business_id", "invoice_id"],
            ["invoice.business_id", "invoice.id"],
            name=op.f("fk_hold_business_id_invoice_id"),
        ),
        sa.ForeignKeyConstraint(
            ["business_id", "line_id"],
            ["invoice_line.business_id", "invoice_line.id"],
            name=op.f("fk_hold_business_id_line_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_hold")),
        sa.UniqueConstraint("public_id", name=op.f("uq_hold_public_id")),
    )
    with op.batch_alter_table("hold", schema=None) as batch_op:
        batch_op.create_index(
            "ix_hold_debtor_id",
            ["debtor_id"],
            unique=False,
            postgresql_where=sa.text("released_at IS NULL"),
            sqlite_where=sa.text("released_at IS NULL"),
        )
        batch_op.create_index(
            "uq_hold_cause",
            ["business_id", "cause", "cause_id", "invoice_id"],
            unique=True,
            postgresql_where=sa.text("released_at IS NULL AND cause_id <> ''"),
            sqlite_where=sa.text("released_at IS NULL AND cause_id <> ''"),
        )

    op.create_table(
        "ledger_transfer",
        sa.Column("business_id", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("debit_account_id", sa.BigInteger(), nullable=False),
        sa.Column("credit_account_id", sa.BigInteger(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("key", sa.String(length=200), nullable=False),
        sa.Column("cause_type", sa.String(length=30), nullable=False),
        sa.Column("cause_id", sa.String(length=80), nullable=False),
        sa.Column("happened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("memo", sa.String(length=200), nullable=False),
        sa.Column("corrects_id", sa.BigInteger(), nullable=True),
        sa.Column("id", BigKey(), autoincrement=True, nullable=False),
        sa.CheckConstraint("amount > 0", name=op.f("ck_ledger_transfer_amount_positive")),
        sa.CheckConstraint("debit_account_id <> credit_account_id", name=op.f("ck_ledger_transfer_two_accounts")),
        sa.ForeignKeyConstraint(
            ["business_id", "currency", "credit_account_id"],
            ["ledger_account.business_id", "ledger_account.currency", "ledger_account.id"],
            name="fk_ledger_transfer_credit",
        ),
        sa.ForeignKeyConstraint(
            ["business_id", "currency", "debit_account_id"],
            ["ledger_account.business_id", "ledger_account.currency", "ledger_account.id"],
            name="fk_ledger_transfer_debit",
        ),
        sa.ForeignKeyConstraint(["corrects_id"], ["ledger_transfer.id"], name=op.f("fk_ledger_transfer_corrects_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ledger_transfer")),
        sa.UniqueConstraint("business_id", "key", name=op.f("uq_ledger_transfer_business_id_key")),
    )
    with op.batch_alter_table("ledger_transfer", schema=None) as batch_op:
        batch_op.create_index("ix_ledger_transfer_cause", ["cause_type", "cause_id"], unique=False)
        batch_op.create_index("ix_ledger_transfer_credit_account_id", ["credit_account_id"], unique=False)
        batch_op.create_index("ix_ledger_transfer_debit_account_id", ["debit_account_id"], unique=False)

    op.create_table(
        "payment_invoice",
        sa.Column("payment_id", sa.BigInteger(), nullable=False),
        sa.Column("invoice_id", sa.BigInteger(), nullable=False),
        sa.Column("business_id", sa.BigInteger(), nullable=False),
        sa.Column("debtor_id", sa.BigInteger(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("discount_minor", sa.BigInteger(), nullable=False),
        sa.Column("offer_id", sa.BigInteger(), nullable=True),
        sa.Column("returned_minor", sa.BigInteger(), nullable=False),
        sa.Column("open", sa.Boolean(), nullable=False),
        sa.CheckConstraint(
            "(discount_minor = 0) = (offer_id IS NULL)", name=op.f("ck_payment_invoice_discount_has_offer")
        ),
        sa.CheckConstraint("amount_minor > 0 AND discount_minor >= 0", name=op.f("ck_payment_invoice_amounts")),
        sa.CheckConstraint(
            "returned_minor >= 0 AND returned_minor <= amount_minor",
            name=op.f("ck_payment_invoice_returned_within_amount"),
        ),
        sa.ForeignKeyConstraint(
            ["business_id", "debtor_id", "payment_id"],
            ["payment.business_id", "payment.debtor_id", "payment.id"],
            name=op.f("fk_payment_invoice_business_id_debtor_id_payment_id"),
        ),
        sa.ForeignKeyConstraint(
            ["business_id", "invoice_id"],
            ["invoice.business_id", "invoice.id"],
            name=op.f("fk_payment_invoice_business_id_invoice_id"),
        ),
        sa.ForeignKeyConstraint(
            ["business_id", "offer_id"],
            ["offer.business_id", "offer.id"],
            name=op.f("fk_payment_invoice_business_id_offer_id"),
        ),
        sa.PrimaryKeyConstraint("payment_id", "invoice_id", name=op.f("pk_payment_invoice")),
    )
    with op.batch_alter_table("payment_invoice", schema=None) as batch_op:
        batch_op.create_index("ix_payment_invoice_debtor_id", ["debtor_id"], unique=False)
        batch_op.create_index(
            "uq_payment_invoice_one_open",
            ["invoice_id"],
            unique=True,
            postgresql_where=sa.text("open"),
            sqlite_where=sa.text("open"),
        )

    op.create_table(
        "refund",
        sa.Column("business_id", sa.BigInteger(), nullable=False),
        sa.Column("payment_id", sa.BigInteger(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("mode", sa.String(length=8), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("stripe_refund", sa.String(length=80), nullable=True),
        sa.Column("failure_code", sa.String(length=60), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("booked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reversed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("public_id", sa.String(length=32), nullable=False),
        sa.Column("id", BigKey(), autoincrement=True, nullable=False),
        sa.CheckConstraint("mode IN ('reopen', 'credit')", name=op.f("ck_refund_mode")),
        sa.CheckConstraint(
            "state IN ('requested', 'unknown', 'pending', 'succeeded', 'failed', 'canceled')",
            name=op.f("ck_refund_state"),
        ),
        sa.CheckConstraint("amount_minor > 0", name=op.f("ck_refund_amount_positive")),
        sa.ForeignKeyConstraint(
            ["business_id", "payment_id"],
            ["payment.business_id", "payment.id"],
            name=op.f("fk_refund_business_id_payment_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_refund")),
        sa.UniqueConstraint("public_id", name=op.f("uq_refund_public_id")),
        sa.UniqueConstraint("stripe_refund", name=op.f("uq_refund_stripe_refund")),
    )
    with op.batch_alter_table("refund", schema=None) as batch_op:
        batch_op.create_index("ix_refund_payment_id", ["payment_id"], unique=False)

    _create_triggers()


def downgrade() -> None:
    with op.batch_alter_table("refund", schema=None) as batch_op:
        batch_op.drop_index("ix_refund_payment_id")

    op.drop_table("refund")
    with op.batch_alter_table("payment_invoice", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_payment_invoice_one_open", postgresql_where=sa.text("open"), sqlite_where=sa.text("open")
        )
        batch_op.drop_index("ix_payment_invoice_debtor_id")

    op.drop_table("payment_invoice")
    with op.batch_alter_table("ledger_transfer", schema=None) as batch_op:
        batch_op.drop_index("ix_ledger_transfer_debit_account_id")
        batch_op.drop_index("ix_ledger_transfer_credit_account_id")
        batch_op.drop_index("ix_ledger_transfer_cause")

    op.drop_table("ledger_transfer")
    with op.batch_alter_table("hold", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_hold_cause",
            postgresql_where=sa.text("released_at IS NULL AND cause_id <> ''"),
            sqlite_where=sa.text("released_at IS NULL AND cause_id <> ''"),
        )
        batch_op.drop_index(
            "ix_hold_debtor_id",
            postgresql_where=sa.text("released_at IS NULL"),
            sqlite_where=sa.text("released_at IS NULL"),
        )

    op.drop_table("hold")
    with op.batch_alter_table("chargeback", schema=None) as batch_op:
        batch_op.drop_index("ix_chargeback_payment_id")

    op.drop_table("chargeback")
    op.drop_table("portal_link_invoice")
    with op.batch_alter_table("payment", schema=None) as batch_op:
        batch_op.drop_index("ix_payment_debtor_id_created_at")
        batch_op.drop_index("ix_payment_charge")
        batch_op.drop_index(
            "ix_payment_ask_at",
            postgresql_where=sa.text("ask_at IS NOT NULL"),
            sqlite_where=sa.text("ask_at IS NOT NULL"),
        )

    op.drop_table("payment")
    with op.batch_alter_table("one_time_code", schema=None) as batch_op:
        batch_op.drop_index("ix_one_time_code_link_id_act")

    op.drop_table("one_time_code")
    with op.batch_alter_table("offer", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_offer_one_open",
            postgresql_where=sa.text("withdrawn_at IS NULL"),
            sqlite_where=sa.text("withdrawn_at IS NULL"),
        )
        batch_op.drop_index("ix_offer_debtor_id")

    op.drop_table("offer")
    with op.batch_alter_table("message", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_message_one_collecting_a_day",
            postgresql_where=sa.text("message_class = 'collecting' AND state IN ('queued', 'sent')"),
            sqlite_where=sa.text("message_class = 'collecting' AND state IN ('queued', 'sent')"),
        )
        batch_op.drop_index(
            "ix_message_due_at", postgresql_where=sa.text("state = 'queued'"), sqlite_where=sa.text("state = 'queued'")
        )
        batch_op.drop_index("ix_message_debtor_id_created_at")

    op.drop_table("message")
    with op.batch_alter_table("ledger_account", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_ledger_account_open",
            postgresql_where=sa.text("kind = 'receivable' AND credits < debits"),
            sqlite_where=sa.text("kind = 'receivable' AND credits < debits"),
        )
        batch_op.drop_index("ix_ledger_account_invoice_id")
        batch_op.drop_index("ix_ledger_account_debtor_id")

    op.drop_table("ledger_account")
    op.drop_table("invoice_line")
    op.drop_table("invoice_document")
    with op.batch_alter_table("debtor_session", schema=None) as batch_op:
        batch_op.drop_index("ix_debtor_session_link_id")

    op.drop_table("debtor_session")
    with op.batch_alter_table("portal_link", schema=None) as batch_op:
        batch_op.drop_index("ix_portal_link_debtor_id_created_at")

    op.drop_table("portal_link")
    with op.batch_alter_table("invoice", schema=None) as batch_op:
        batch_op.drop_index("ix_invoice_business_id_due_on")

    op.drop_table("invoice")
    with op.batch_alter_table("identity_attempt", schema=None) as batch_op:
        batch_op.drop_index("ix_identity_attempt_link_id")
        batch_op.drop_index("ix_identity_attempt_debtor_id_at")

    op.drop_table("identity_attempt")
    op.drop_table("stored_file")
    op.drop_table("policy_version")
    op.drop_table("payout")
    with op.batch_alter_table("debtor", schema=None) as batch_op:
        batch_op.drop_index("ix_debtor_business_id_email")

    op.drop_table("debtor")
    op.drop_table("blocked_address")
    with op.batch_alter_table("audit_event", schema=None) as batch_op:
        batch_op.drop_index("ix_audit_event_debtor_id_at")
        batch_op.drop_index("ix_audit_event_business_id_at")

    op.drop_table("audit_event")
    with op.batch_alter_table("waiting_fact", schema=None) as batch_op:
        batch_op.drop_index("ix_waiting_fact_waits_for")

    op.drop_table("waiting_fact")
    op.drop_table("suspense_item")
    with op.batch_alter_table("stripe_fetch", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_stripe_fetch_due_at",
            postgresql_where=sa.text("done_at IS NULL AND dead_at IS NULL"),
            sqlite_where=sa.text("done_at IS NULL AND dead_at IS NULL"),
        )

    op.drop_table("stripe_fetch")
    with op.batch_alter_table("stripe_event", schema=None) as batch_op:
        batch_op.drop_index("ix_stripe_event_received_at")
        batch_op.drop_index("ix_stripe_event_object_id")
        batch_op.drop_index(
            "ix_stripe_event_mismatch",
            postgresql_where=sa.text("outcome = 'mismatch'"),
            sqlite_where=sa.text("outcome = 'mismatch'"),
        )

    op.drop_table("stripe_event")
    op.drop_table("business")
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION refuse_change()")
