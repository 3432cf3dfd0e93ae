"""The ledger's two tables: one row of ledger_transfer moves one amount from one account to another.

Rows are only ever added; the database refuses the rest (see triggers.py). Only services/ledger.py writes here.
"""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Date,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    String,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from portal.models.base import Base, Keyed, UtcDateTime


class LedgerAccount(Keyed, Base):
    """One account of a business in one currency.

    debits and credits are kept for the debtor's accounts only: a total on a shared account such as
    Stripe clearing would make every payment of the business wait for every other.
    """

    __tablename__ = "ledger_account"

    business_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("business.id"))
    kind: Mapped[str] = mapped_column(String(30))
    currency: Mapped[str] = mapped_column(String(3))
    # "invoice:7", "debtor:3" or "" for the business's own; makes the natural key total.
    owner: Mapped[str] = mapped_column(String(40), default="")
    debtor_id: Mapped[int | None] = mapped_column(BigInteger)
    invoice_id: Mapped[int | None] = mapped_column(BigInteger)
    # The invoice's due date beside what is left of it, so that "open, oldest first" is one walk along an index.
    due_on: Mapped[date | None] = mapped_column(Date)
    debits: Mapped[int] = mapped_column(BigInteger, default=0)
    credits: Mapped[int] = mapped_column(BigInteger, default=0)

    __table_args__ = (
        UniqueConstraint("business_id", "kind", "currency", "owner"),
        UniqueConstraint("business_id", "currency", "id"),
        ForeignKeyConstraint(["business_id", "debtor_id"], ["debtor.business_id", "debtor.id"]),
        ForeignKeyConstraint(
            ["business_id", "debtor_id", "currency", "invoice_id"],
            ["invoice.business_id", "invoice.debtor_id", "invoice.currency", "invoice.id"]),
        Index("ix_ledger_account_invoice_id", "invoice_id"),
        Index("ix_ledger_account_debtor_id", "debtor_id"),
        Index("ix_ledger_account_open", "business_id", "debtor_id",
              postgresql_where=text("kind = 'receivable' AND credits < debits"),
              sqlite_where=text("kind = 'receivable' AND credits < debits")),
        Index("ix_ledger_account_open_due", "business_id", "due_on", "invoice_id",
              postgresql_where=text("kind = 'receivable' AND credits < debits"),
              sqlite_where=text("kind = 'receivable' AND credits < debits")),
        Index("ix_ledger_account_open_left", "business_id", text("(debits - credits)"), "invoice_id",
              postgresql_where=text("kind = 'receivable' AND credits < debits"),
              sqlite_where=text("kind = 'receivable' AND credits < debits")),
        CheckConstraint("debits >= 0 AND credits >= 0", name="totals_not_negative"),
        CheckConstraint("kind <> 'receivable' OR credits <= debits", name="receivable_not_overpaid"),
        CheckConstraint("kind <> 'debtor_credit' OR debits <= credits", name="credit_not_overdrawn"),
        CheckConstraint("kind <> 'receivable' OR (invoice_id IS NOT NULL AND debtor_id IS NOT NULL)",
                        name="receivable_owner"),
        CheckConstraint("kind <> 'debtor_credit' OR (invoice_id IS NULL AND debtor_id IS NOT NULL)",
                        name="credit_owner"),
    )


class LedgerTransfer(Keyed, Base):
    """One movement of money between two accounts of one business in one currency."""

    __tablename__ = "ledger_transfer"

    business_id: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[str] = mapped_column(String(3))
    debit_account_id: Mapped[int] = mapped_column(BigInteger)
    credit_account_id: Mapped[int] = mapped_column(BigInteger)
    amount: Mapped[int] = mapped_column(BigInteger)
    kind: Mapped[str] = mapped_column(String(40))
    # cause + account + leg: the same cause can never count twice.
    key: Mapped[str] = mapped_column(String(200))
    cause_type: Mapped[str] = mapped_column(String(30))
    cause_id: Mapped[str] = mapped_column(String(80))
    happened_at: Mapped[datetime] = mapped_column(UtcDateTime)
    recorded_at: Mapped[datetime] = mapped_column(UtcDateTime)
    # A code that words/ turns into a sentence in the debtor's language, with its parameters as
    # comma-separated key=value pairs of ids, numbers and dates; never a name.
    memo: Mapped[str] = mapped_column(String(200), default="")
    corrects_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("ledger_transfer.id"))

    __table_args__ = (
        UniqueConstraint("business_id", "key"),
        ForeignKeyConstraint(
            ["business_id", "currency", "debit_account_id"],
            ["ledger_account.business_id", "ledger_account.currency", "ledger_account.id"],
            name="fk_ledger_transfer_debit"),
        ForeignKeyConstraint(
            ["business_id", "currency", "credit_account_id"],
            ["ledger_account.business_id", "ledger_account.currency", "ledger_account.id"],
            name="fk_ledger_transfer_credit"),
        Index("ix_ledger_transfer_debit_account_id", "debit_account_id", "id"),
        Index("ix_ledger_transfer_credit_account_id", "credit_account_id", "id"),
        Index("ix_ledger_transfer_business_id_happened_at", "business_id", "happened_at", "id"),
        Index("ix_ledger_transfer_cause", "cause_type", "cause_id"),
        CheckConstraint("amount > 0", name="amount_positive"),
        CheckConstraint("debit_account_id <> credit_account_id", name="two_accounts"),
    )
