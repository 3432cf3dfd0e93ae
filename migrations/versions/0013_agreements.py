"""Signed agreements with their papers and prints, consents to sign this way, and the code that opened a session."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

APPEND_ONLY = {
    "agreement": "id = NEW.id OR public_id = NEW.public_id OR fingerprint = NEW.fingerprint "
                 "OR (arrangement_id = NEW.arrangement_id AND arrangement_version = NEW.arrangement_version)",
    "agreement_print": "agreement_id = NEW.agreement_id OR sha256 = NEW.sha256",
    "signing_consent": "id = NEW.id",
    "agreement_paper": "agreement_id = NEW.agreement_id AND what = NEW.what",
}
# An erasure removes its rows; nothing ever changes one.
ERASABLE = "agreement_paper"


def BigKey() -> sa.types.TypeEngine[int]:
    return sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _create_triggers() -> None:
    postgres = op.get_bind().dialect.name == "postgresql"
    for table, unique_match in APPEND_ONLY.items():
        if postgres:
            acts = "UPDATE" if table == ERASABLE else "UPDATE OR DELETE"
            op.execute(f"CREATE TRIGGER {table}_no_change BEFORE {acts} ON {table} "
                       "FOR EACH ROW EXECUTE FUNCTION refuse_change()")
            op.execute(f"CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table} "
                       "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()")
            continue
        refuse = f"SELECT RAISE(ABORT, '{table} is append-only')"
        op.execute(f"CREATE TRIGGER {table}_no_update BEFORE UPDATE ON {table} BEGIN {refuse}; END")
        if table != ERASABLE:
            op.execute(f"CREATE TRIGGER {table}_no_delete BEFORE DELETE ON {table} BEGIN {refuse}; END")
        op.execute(f"CREATE TRIGGER {table}_no_replace BEFORE INSERT ON {table} "
                   f"WHEN EXISTS (SELECT 1 FROM {table} WHERE {unique_match}) BEGIN {refuse}; END")


def upgrade() -> None:
    op.add_column("debtor_session", sa.Column("code_id", sa.BigInteger(), nullable=True))
    op.create_table(
        "agreement",
        sa.Column("business_id", sa.BigInteger(), nullable=False),
        sa.Column("debtor_id", sa.BigInteger(), nullable=False),
        sa.Column("arrangement_id", sa.BigInteger(), nullable=False),
        sa.Column("arrangement_version", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("text_version", sa.String(length=40), nullable=False),
        sa.Column("locale", sa.String(length=20), nullable=False),
        sa.Column("policy_version", sa.Integer(), nullable=False),
        sa.Column("link_id", sa.BigInteger(), nullable=False),
        sa.Column("code_id", sa.BigInteger(), nullable=False),
        sa.Column("signed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("text_sha256", sa.String(length=64), nullable=False),
        sa.Column("fingerprint", sa.String(length=64), nullable=False),
        sa.Column("previous", sa.String(length=64), nullable=False),
        sa.Column("seal", sa.String(length=64), nullable=False),
        sa.Column("public_id", sa.String(length=32), nullable=False),
        sa.Column("id", BigKey(), autoincrement=True, nullable=False),
        sa.CheckConstraint("kind IN ('settlement', 'plan')", name=op.f("ck_agreement_kind")),
        sa.ForeignKeyConstraint(["business_id", "arrangement_id"], ["arrangement.business_id", "arrangement.id"],
                                name=op.f("fk_agreement_business_id_arrangement_id")),
        sa.ForeignKeyConstraint(["business_id", "debtor_id"], ["debtor.business_id", "debtor.id"],
                                name=op.f("fk_agreement_business_id_debtor_id")),
        sa.ForeignKeyConstraint(
            ["business_id", "debtor_id", "link_id"],
            ["portal_link.business_id", "portal_link.debtor_id", "portal_link.id"],
            name=op.f("fk_agreement_business_id_debtor_id_link_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_agreement")),
        sa.UniqueConstraint("arrangement_id", "arrangement_version",
                            name=op.f("uq_agreement_arrangement_id_arrangement_version")),
        sa.UniqueConstraint("business_id", "id", name=op.f("uq_agreement_business_id_id")),
        sa.UniqueConstraint("fingerprint", name=op.f("uq_agreement_fingerprint")),
        sa.UniqueConstraint("public_id", name=op.f("uq_agreement_public_id")),
    )
    op.create_index("ix_agreement_debtor_id", "agreement", ["debtor_id", "id"])
    op.create_index("ix_agreement_text_sha256", "agreement", ["text_sha256"])
    op.create_table(
        "agreement_paper",
        sa.Column("agreement_id", sa.BigInteger(), nullable=False),
        sa.Column("what", sa.String(length=8), nullable=False),
        sa.Column("business_id", sa.BigInteger(), nullable=False),
        sa.Column("debtor_id", sa.BigInteger(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint("what IN ('text', 'evidence', 'pdf')", name=op.f("ck_agreement_paper_what")),
        sa.ForeignKeyConstraint(["business_id", "agreement_id"], ["agreement.business_id", "agreement.id"],
                                name=op.f("fk_agreement_paper_business_id_agreement_id")),
        sa.PrimaryKeyConstraint("agreement_id", "what", name=op.f("pk_agreement_paper")),
    )
    op.create_index("ix_agreement_paper_debtor_id", "agreement_paper", ["debtor_id"])
    op.create_table(
        "agreement_print",
        sa.Column("agreement_id", sa.BigInteger(), nullable=False),
        sa.Column("business_id", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("seal", sa.String(length=64), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["business_id", "agreement_id"], ["agreement.business_id", "agreement.id"],
                                name=op.f("fk_agreement_print_business_id_agreement_id")),
        sa.PrimaryKeyConstraint("agreement_id", name=op.f("pk_agreement_print")),
        sa.UniqueConstraint("sha256", name=op.f("uq_agreement_print_sha256")),
    )
    op.create_table(
        "signing_consent",
        sa.Column("business_id", sa.BigInteger(), nullable=False),
        sa.Column("debtor_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("given", sa.Boolean(), nullable=False),
        sa.Column("version", sa.String(length=20), nullable=False),
        sa.Column("locale", sa.String(length=20), nullable=False),
        sa.Column("text_sha256", sa.String(length=64), nullable=False),
        sa.Column("link_id", sa.BigInteger(), nullable=False),
        sa.Column("agreement_id", sa.BigInteger(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", BigKey(), autoincrement=True, nullable=False),
        sa.CheckConstraint("kind IN ('electronic_records', 'autopay')", name=op.f("ck_signing_consent_kind")),
        sa.ForeignKeyConstraint(["business_id", "agreement_id"], ["agreement.business_id", "agreement.id"],
                                name=op.f("fk_signing_consent_business_id_agreement_id")),
        sa.ForeignKeyConstraint(["business_id", "debtor_id"], ["debtor.business_id", "debtor.id"],
                                name=op.f("fk_signing_consent_business_id_debtor_id")),
        sa.ForeignKeyConstraint(
            ["business_id", "debtor_id", "link_id"],
            ["portal_link.business_id", "portal_link.debtor_id", "portal_link.id"],
            name=op.f("fk_signing_consent_business_id_debtor_id_link_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_signing_consent")),
    )
    op.create_index("ix_signing_consent_debtor_id", "signing_consent", ["debtor_id", "kind", "id"])
    _create_triggers()


def downgrade() -> None:
    for table in ("signing_consent", "agreement_print", "agreement_paper", "agreement"):
        op.drop_table(table)
    op.drop_column("debtor_session", "code_id")
