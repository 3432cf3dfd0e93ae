"""What is kept so that pages of the office stay fast: summaries that tell their time, words to search by, queue marks.

Everything here can be made anew from the books; nothing decides about money.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

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
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from portal.models.base import Base, JsonData, Keyed, UtcDateTime

# Sorted by its bytes, so that a prefix is a range of the index in every database.
Word = String(80).with_variant(String(80, collation="C"), "postgresql")


class DashboardSummary(Base):
    """The figures of a business's dashboard, as a job last reckoned them."""

    __tablename__ = "dashboard_summary"

    business_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("business.id"), primary_key=True)
    figures: Mapped[dict[str, Any]] = mapped_column(JsonData)
    # The newest ledger row it knows of: while there is none newer and the day is the same, it need not be made anew.
    up_to_transfer: Mapped[int] = mapped_column(BigInteger)
    local_day: Mapped[date] = mapped_column(Date)
    made_at: Mapped[datetime] = mapped_column(UtcDateTime)


class DebtorStanding(Base):
    """Where one debtor stands in one currency: what lists are sorted by and what calls are ranked by."""

    __tablename__ = "debtor_standing"

    debtor_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    currency: Mapped[str] = mapped_column(String(3), primary_key=True)
    business_id: Mapped[int] = mapped_column(BigInteger)
    balance_minor: Mapped[int] = mapped_column(BigInteger)
    overdue_minor: Mapped[int] = mapped_column(BigInteger)
    oldest_due_on: Mapped[date | None] = mapped_column(Date)
    open_invoices: Mapped[int] = mapped_column(Integer)
    # How many invoices were paid after their due date, of how many that were paid: the repeated late payer.
    paid_late: Mapped[int] = mapped_column(Integer, default=0)
    paid_invoices: Mapped[int] = mapped_column(Integer, default=0)
    last_paid_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    # 0: no call today. The reasons explain the score, as codes with their numbers.
    call_score: Mapped[int] = mapped_column(Integer, default=0)
    call_reasons: Mapped[list[Any]] = mapped_column(JsonData, default=list)
    made_at: Mapped[datetime] = mapped_column(UtcDateTime)

    __table_args__ = (
        ForeignKeyConstraint(["business_id", "debtor_id"], ["debtor.business_id", "debtor.id"]),
        Index("ix_debtor_standing_call", "business_id", "call_score", "debtor_id",
              postgresql_where=text("call_score > 0"), sqlite_where=text("call_score > 0")),
        Index("ix_debtor_standing_balance", "business_id", "currency", "balance_minor", "debtor_id"),
        Index("ix_debtor_standing_overdue", "business_id", "currency", "overdue_minor", "debtor_id"),
    )


class SearchWord(Base):
    """A word by which a debtor or an invoice is found: folded to small letters without accents."""

    __tablename__ = "search_word"

    business_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    word: Mapped[str] = mapped_column(Word, primary_key=True)
    debtor_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    # 0 for the debtor's own words: their name, number and email.
    invoice_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, default=0)

    __table_args__ = (
        ForeignKeyConstraint(["business_id", "debtor_id"], ["debtor.business_id", "debtor.id"]),
        Index("ix_search_word_debtor_id", "debtor_id"),
    )


class QueueMark(Keyed, Base):
    """Staff have dealt with an item of a queue, or put it off until a day."""

    __tablename__ = "queue_mark"

    business_id: Mapped[int] = mapped_column(BigInteger)
    queue: Mapped[str] = mapped_column(String(20))
    item: Mapped[str] = mapped_column(String(40))
    state: Mapped[str] = mapped_column(String(8))
    until: Mapped[date | None] = mapped_column(Date)
    staff_id: Mapped[int] = mapped_column(BigInteger)
    at: Mapped[datetime] = mapped_column(UtcDateTime)

    __table_args__ = (
        ForeignKeyConstraint(["business_id", "staff_id"], ["membership.business_id", "membership.staff_id"]),
        UniqueConstraint("business_id", "queue", "item"),
        CheckConstraint("state IN ('done', 'later')", name="state"),
        CheckConstraint("(state = 'later') = (until IS NOT NULL)", name="later_has_day"),
    )
