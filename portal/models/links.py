"""Portal links, the debtor sessions they open, and the counters that stop guessing."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, ForeignKeyConstraint, Index, Integer, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from portal.models.base import Base, Keyed, Public, UtcDateTime


class PortalLink(Public, Base):
    """A signed, revocable link in an email; its token is made when the email is sent and never stored."""

    __tablename__ = "portal_link"

    business_id: Mapped[int] = mapped_column(BigInteger)
    debtor_id: Mapped[int] = mapped_column(BigInteger)
    # account: opens the debtor's page; pay_only: payee, reference and amount, nothing else.
    purpose: Mapped[str] = mapped_column(String(10))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)
    revoked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    revoked_reason: Mapped[str | None] = mapped_column(String(20))
    first_opened_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    # Only for pay_only links: what is to be paid.
    currency: Mapped[str | None] = mapped_column(String(3))
    amount_minor: Mapped[int | None] = mapped_column(BigInteger)

    __table_args__ = (
        ForeignKeyConstraint(["business_id", "debtor_id"], ["debtor.business_id", "debtor.id"]),
        UniqueConstraint("business_id", "id"),
        UniqueConstraint("business_id", "debtor_id", "id"),
        Index("ix_portal_link_debtor_id_created_at", "debtor_id", "created_at"),
        CheckConstraint("purpose IN ('account', 'pay_only')", name="purpose"),
        CheckConstraint("purpose = 'account' OR amount_minor > 0", name="pay_only_amount"),
    )


class PortalLinkInvoice(Base):
    """An invoice a link is narrowed to; a link without such rows shows the whole account."""

    __tablename__ = "portal_link_invoice"

    business_id: Mapped[int] = mapped_column(BigInteger)
    link_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    invoice_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)

    __table_args__ = (
        ForeignKeyConstraint(["business_id", "link_id"], ["portal_link.business_id", "portal_link.id"]),
        ForeignKeyConstraint(["business_id", "invoice_id"], ["invoice.business_id", "invoice.id"]),
    )


class DebtorSession(Keyed, Base):
    """One opened page of one debtor; level 1 shows the balance, level 2 signs and changes."""

    __tablename__ = "debtor_session"

    # SHA-256 of the id in the cookie, so that a stolen table opens nothing.
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    business_id: Mapped[int] = mapped_column(BigInteger)
    debtor_id: Mapped[int] = mapped_column(BigInteger)
    link_id: Mapped[int] = mapped_column(BigInteger)
    level: Mapped[int] = mapped_column(Integer)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    seen_at: Mapped[datetime] = mapped_column(UtcDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    # The code that opened level 2; it stands in the evidence of what is signed there.
    code_id: Mapped[int | None] = mapped_column(BigInteger)
    # The chain of sessions of one visit began then; two hours later it ends whatever happens.
    visit_started_at: Mapped[datetime] = mapped_column(UtcDateTime)

    __table_args__ = (
        ForeignKeyConstraint(
            ["business_id", "debtor_id", "link_id"],
            ["portal_link.business_id", "portal_link.debtor_id", "portal_link.id"]),
        Index("ix_debtor_session_link_id", "link_id"),
        CheckConstraint("level IN (1, 2)", name="level"),
    )


class IdentityAttempt(Keyed, Base):
    """One try at the fact or the code, written before anything is compared."""

    __tablename__ = "identity_attempt"

    business_id: Mapped[int] = mapped_column(BigInteger)
    debtor_id: Mapped[int] = mapped_column(BigInteger)
    link_id: Mapped[int] = mapped_column(BigInteger)
    kind: Mapped[str] = mapped_column(String(10))
    passed: Mapped[bool] = mapped_column(default=False)
    at: Mapped[datetime] = mapped_column(UtcDateTime)

    __table_args__ = (
        ForeignKeyConstraint(["business_id", "debtor_id"], ["debtor.business_id", "debtor.id"]),
        Index("ix_identity_attempt_debtor_id_at", "debtor_id", "at"),
        Index("ix_identity_attempt_link_id", "link_id"),
        CheckConstraint("kind IN ('fact', 'code', 'code_sent', 'new_link')", name="kind"),
    )


class OneTimeCode(Keyed, Base):
    """Six digits sent to the address on file: ten minutes, five tries, once, for one link and act."""

    __tablename__ = "one_time_code"

    business_id: Mapped[int] = mapped_column(BigInteger)
    debtor_id: Mapped[int] = mapped_column(BigInteger)
    link_id: Mapped[int] = mapped_column(BigInteger)
    act: Mapped[str] = mapped_column(String(30))
    code_hash: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)
    tries: Mapped[int] = mapped_column(Integer, default=0)
    used_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    __table_args__ = (
        ForeignKeyConstraint(["business_id", "link_id"], ["portal_link.business_id", "portal_link.id"]),
        ForeignKeyConstraint(["business_id", "debtor_id"], ["debtor.business_id", "debtor.id"]),
        Index("ix_one_time_code_link_id_act", "link_id", "act"),
    )
