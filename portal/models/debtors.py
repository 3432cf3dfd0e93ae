"""Debtors, the lock that guards all their money, and addresses that must not be written to."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Date,
    ForeignKey,
    Index,
    Integer,
    String,
    Text,
    UniqueConstraint,
    bindparam,
    select,
)
from sqlalchemy.orm import Mapped, Session, mapped_column

from portal.models.base import Base, Keyed, Public, UtcDateTime


class Debtor(Public, Base):
    """A person or company that owes a business."""

    __tablename__ = "debtor"

    business_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("business.id"))
    number: Mapped[str] = mapped_column(String(64))
    kind: Mapped[str] = mapped_column(String(10))
    name: Mapped[str] = mapped_column(String(160))
    # What a letter would call them ("Helen"); empty when nobody told us.
    greeting_name: Mapped[str] = mapped_column(String(80), default="")
    email: Mapped[str | None] = mapped_column(String(254))
    email_state: Mapped[str] = mapped_column(String(12), default="ok")
    phone: Mapped[str | None] = mapped_column(String(32))
    # Street and town as a letter needs them, in lines; empty when nobody told us.
    postal_address: Mapped[str] = mapped_column(String(300), default="", server_default="")
    postal_code: Mapped[str | None] = mapped_column(String(16))
    country: Mapped[str | None] = mapped_column(String(2))
    locale: Mapped[str] = mapped_column(String(10))
    timezone: Mapped[str | None] = mapped_column(String(60))
    # Which stored fact opens the page: postal_code, phone_last4, or none (then an emailed code does).
    identity_fact: Mapped[str] = mapped_column(String(12), default="none")
    opted_out_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    # How they would rather be reached: email, phone or letter; staff know it from talking to them.
    prefers: Mapped[str] = mapped_column(String(8), default="email", server_default="email")
    # What staff found out before giving credit, and the days to pay they grant from then on (empty: the usual ones).
    screening_note: Mapped[str] = mapped_column(Text, default="", server_default="")
    terms_days: Mapped[int | None] = mapped_column(Integer)
    # "Not today": nobody is asked to call before this day.
    call_from: Mapped[date | None] = mapped_column(Date)
    # Raised by every edit of staff, so that the second of two editors is told and not overruled.
    version: Mapped[int] = mapped_column(Integer, default=1, server_default="1")
    # Personal data was erased; the books stay, and nobody can be written to.
    erased_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)

    __table_args__ = (
        UniqueConstraint("business_id", "number"),
        UniqueConstraint("business_id", "id"),
        Index("ix_debtor_business_id_email", "business_id", "email"),
        Index("ix_debtor_business_id_name", "business_id", "name", "id"),
        CheckConstraint("kind IN ('consumer', 'business')", name="kind"),
        CheckConstraint("email_state IN ('ok', 'bounced', 'wrong_person')", name="email_state"),
        CheckConstraint("identity_fact IN ('postal_code', 'phone_last4', 'none')", name="identity_fact"),
    )


class BlockedAddress(Keyed, Base):
    """An address whose reader said "this is not me": a keyed hash, so that it blocks without naming."""

    __tablename__ = "blocked_address"

    business_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("business.id"))
    address_hash: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)

    __table_args__ = (UniqueConstraint("business_id", "address_hash"),)


def lock_debtor(session: Session, business_id: int, debtor_id: int) -> Debtor | None:
    """Take the one lock under which a debtor's money and arrangements may move; first, once, then decide.

    FOR NO KEY UPDATE leaves foreign-key checks of other rows free. SQLite's transaction is already alone. Taken
    again in the same transaction it is the same lock, and costs nothing.
    """
    held: dict[tuple[int, int], Debtor] = session.info.setdefault("locked_debtors", {})
    if (business_id, debtor_id) in held:
        return held[business_id, debtor_id]
    debtor = session.scalars(_LOCK, {"business": business_id, "debtor": debtor_id}).one_or_none()
    if debtor is not None:
        held[business_id, debtor_id] = debtor
    return debtor


_LOCK = (
    select(Debtor)
    .where(Debtor.business_id == bindparam("business"), Debtor.id == bindparam("debtor"))
    .with_for_update(key_share=True)
    .execution_options(populate_existing=True)
)
