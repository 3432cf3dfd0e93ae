"""Invoices, their lines and documents. What is left of an invoice is never here: the ledger knows."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Date,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    String,
    UniqueConstraint,
)
from sqlalchemy.orm import Mapped, mapped_column

from portal.models.base import Base, Keyed, Public, UtcDateTime


class Invoice(Public, Base):
    """One receivable of a business against a debtor."""

    __tablename__ = "invoice"

    business_id: Mapped[int] = mapped_column(BigInteger)
    debtor_id: Mapped[int] = mapped_column(BigInteger)
    number: Mapped[str] = mapped_column(String(64))
    title: Mapped[str] = mapped_column(String(200), default="")
    issued_on: Mapped[date] = mapped_column(Date)
    due_on: Mapped[date] = mapped_column(Date)
    currency: Mapped[str] = mapped_column(String(3))
    # Lines plus tax, minor units; fees and interest come later, on the ledger.
    total_minor: Mapped[int] = mapped_column(BigInteger)
    terms: Mapped[str] = mapped_column(String(60), default="")
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)

    __table_args__ = (
        ForeignKeyConstraint(["business_id", "debtor_id"], ["debtor.business_id", "debtor.id"]),
        UniqueConstraint("business_id", "number"),
        UniqueConstraint("business_id", "id"),
        UniqueConstraint("business_id", "debtor_id", "currency", "id"),
        Index("ix_invoice_business_id_due_on", "business_id", "due_on", "id"),
        Index("ix_invoice_business_id_total", "business_id", "total_minor", "id"),
        Index("ix_invoice_debtor_id", "debtor_id"),
        CheckConstraint("total_minor > 0", name="total_positive"),
        CheckConstraint("due_on >= issued_on", name="due_after_issue"),
    )


class InvoiceLine(Keyed, Base):
    """One line of an invoice as the debtor reads it; amounts include no tax, tax stands beside."""

    __tablename__ = "invoice_line"

    business_id: Mapped[int] = mapped_column(BigInteger)
    invoice_id: Mapped[int] = mapped_column(BigInteger)
    position: Mapped[int] = mapped_column(Integer)
    description: Mapped[str] = mapped_column(String(300))
    amount_minor: Mapped[int] = mapped_column(BigInteger)
    tax_minor: Mapped[int] = mapped_column(BigInteger, default=0)
    # Hundredths of a percent: 2000 is 20 %.
    tax_basis_points: Mapped[int] = mapped_column(Integer, default=0)

    __table_args__ = (
        ForeignKeyConstraint(["business_id", "invoice_id"], ["invoice.business_id", "invoice.id"]),
        UniqueConstraint("invoice_id", "position"),
        UniqueConstraint("business_id", "id"),
        CheckConstraint("tax_basis_points >= 0", name="tax_rate_not_negative"),
    )


class StoredFile(Public, Base):
    """A file kept outside the web root; the row names it, the store holds the bytes."""

    __tablename__ = "stored_file"

    business_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("business.id"))
    storage_key: Mapped[str] = mapped_column(String(80), unique=True)
    name: Mapped[str] = mapped_column(String(160))
    media_type: Mapped[str] = mapped_column(String(80))
    size: Mapped[int] = mapped_column(BigInteger)
    sha256: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)

    __table_args__ = (UniqueConstraint("business_id", "id"),)


class InvoiceDocument(Keyed, Base):
    """A document that belongs to an invoice, such as the invoice as the business sent it."""

    __tablename__ = "invoice_document"

    business_id: Mapped[int] = mapped_column(BigInteger)
    invoice_id: Mapped[int] = mapped_column(BigInteger)
    file_id: Mapped[int] = mapped_column(BigInteger)

    __table_args__ = (
        ForeignKeyConstraint(["business_id", "invoice_id"], ["invoice.business_id", "invoice.id"]),
        ForeignKeyConstraint(["business_id", "file_id"], ["stored_file.business_id", "stored_file.id"]),
        UniqueConstraint("invoice_id", "file_id"),
    )
