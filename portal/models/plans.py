"""Plans: the terms of paying in installments, the installments themselves, and which payments were made for them.

A plan hangs on an arrangement of kind `plan`, which says whether it is asked for, agreed on or over, and what it
covers.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Date,
    ForeignKeyConstraint,
    Index,
    Integer,
    String,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from portal.models.base import Base, JsonData, Public, UtcDateTime


class Plan(Base):
    """The terms of one plan. Until it is signed they lie in `terms`; signing makes installments of them."""

    __tablename__ = "plan"

    arrangement_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    business_id: Mapped[int] = mapped_column(BigInteger)
    debtor_id: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[str] = mapped_column(String(3))
    # equal: sums split exactly.   custom: any days and amounts, with no frequency.
    kind: Mapped[str] = mapped_column(String(6))
    frequency: Mapped[str] = mapped_column(String(12), default="")
    count: Mapped[int] = mapped_column(Integer)
    total_minor: Mapped[int] = mapped_column(BigInteger)
    # What of the total is the down payment, the first installment then; 0: there is none.
    down_minor: Mapped[int] = mapped_column(BigInteger, default=0)
    first_on: Mapped[date] = mapped_column(Date)
    last_on: Mapped[date] = mapped_column(Date)
    # Whether installments are charged by themselves now; what was signed stands in the agreement.
    autopay: Mapped[bool] = mapped_column(default=False)
    # What lies on the table: the days and amounts, and how they were chosen.
    terms: Mapped[dict[str, Any]] = mapped_column(JsonData)
    # The business's rules for living with a plan, as they stood when it was proposed.
    rules: Mapped[dict[str, Any]] = mapped_column(JsonData)
    # So many days after its day an installment is still in time, and so long the last notice leaves to mend it.
    grace_days: Mapped[int] = mapped_column(Integer)
    cure_days: Mapped[int] = mapped_column(Integer)
    proposed_by: Mapped[str] = mapped_column(String(6))
    # Raised by every change of the terms: who signs an older version is told.
    version: Mapped[int] = mapped_column(Integer, default=1)
    # When a proposal that nobody signed or answered is over.
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)
    reminded_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    signed_version: Mapped[int | None] = mapped_column(Integer)
    signed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    # good, late (beyond the grace), cure (told that it has to be mended), ended by default; empty until signed.
    standing: Mapped[str] = mapped_column(String(8), default="")
    cure_until: Mapped[date | None] = mapped_column(Date)
    moves_used: Mapped[int] = mapped_column(Integer, default=0)
    skips_used: Mapped[int] = mapped_column(Integer, default=0)
    # A changed plan, proposed because the running one no longer covers all that is owed: which one it takes the place
    # of once it is signed, and how much came on top.
    replaces_id: Mapped[int | None] = mapped_column(BigInteger)
    added_minor: Mapped[int | None] = mapped_column(BigInteger)

    __table_args__ = (
        ForeignKeyConstraint(["business_id", "arrangement_id"], ["arrangement.business_id", "arrangement.id"]),
        ForeignKeyConstraint(["business_id", "debtor_id"], ["debtor.business_id", "debtor.id"]),
        UniqueConstraint("business_id", "debtor_id", "currency", "arrangement_id"),
        Index("ix_plan_expires_at", "expires_at", "arrangement_id",
              postgresql_where=text("signed_at IS NULL"), sqlite_where=text("signed_at IS NULL")),
        Index("ix_plan_standing", "business_id", "standing", "arrangement_id"),
        Index("ix_plan_replaces_id", "replaces_id", "arrangement_id",
              postgresql_where=text("replaces_id IS NOT NULL"), sqlite_where=text("replaces_id IS NOT NULL")),
        # A plan has one successor, whoever signs twice.
        Index("uq_plan_one_successor", "replaces_id", unique=True,
              postgresql_where=text("replaces_id IS NOT NULL AND signed_at IS NOT NULL"),
              sqlite_where=text("replaces_id IS NOT NULL AND signed_at IS NOT NULL")),
        CheckConstraint("kind IN ('equal', 'custom')", name="kind"),
        CheckConstraint("frequency IN ('', 'weekly', 'two_weeks', 'twice_a_month', 'monthly')", name="frequency"),
        CheckConstraint("(kind = 'equal') = (frequency <> '')", name="equal_has_frequency"),
        CheckConstraint("count >= 1 AND total_minor > 0 AND down_minor >= 0 AND down_minor <= total_minor",
                        name="sums"),
        CheckConstraint("first_on <= last_on", name="days_in_order"),
        CheckConstraint("grace_days >= 0 AND cure_days >= 0 AND moves_used >= 0 AND skips_used >= 0", name="days"),
        CheckConstraint("proposed_by IN ('debtor', 'staff')", name="proposed_by"),
        CheckConstraint("standing IN ('', 'good', 'late', 'cure', 'ended')", name="standing"),
        CheckConstraint("(signed_at IS NULL) = (signed_version IS NULL) AND (signed_at IS NULL) = (standing = '')",
                        name="signed_whole"),
    )


class Installment(Public, Base):
    """One part of a signed plan: until when, how much, and how much of it has come.

    Together the parts of a plan that still count are exactly its total. `paid_minor` follows the ledger.
    """

    __tablename__ = "installment"

    business_id: Mapped[int] = mapped_column(BigInteger)
    debtor_id: Mapped[int] = mapped_column(BigInteger)
    arrangement_id: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[str] = mapped_column(String(3))
    position: Mapped[int] = mapped_column(Integer)
    due_on: Mapped[date] = mapped_column(Date)
    # The day that was signed: moving it once more counts from there.
    original_on: Mapped[date] = mapped_column(Date)
    amount_minor: Mapped[int] = mapped_column(BigInteger)
    paid_minor: Mapped[int] = mapped_column(BigInteger, default=0)
    # open: something of it is still to come.   paid.   void: its plan is over, or its amount went to the others.
    state: Mapped[str] = mapped_column(String(5))
    # The charging job: when it tries next (empty: it does not), how often it did, and who holds it until when.
    try_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    tries: Mapped[int] = mapped_column(Integer, default=0)
    claim_token: Mapped[str | None] = mapped_column(String(32))
    claimed_until: Mapped[datetime | None] = mapped_column(UtcDateTime)

    __table_args__ = (
        ForeignKeyConstraint(
            ["business_id", "debtor_id", "currency", "arrangement_id"],
            ["plan.business_id", "plan.debtor_id", "plan.currency", "plan.arrangement_id"]),
        UniqueConstraint("business_id", "debtor_id", "id"),
        UniqueConstraint("arrangement_id", "position"),
        Index("ix_installment_debtor_id", "debtor_id", "due_on"),
        Index("ix_installment_due_on", "due_on", "id",
              postgresql_where=text("state = 'open'"), sqlite_where=text("state = 'open'")),
        Index("ix_installment_try_at", "try_at", "id",
              postgresql_where=text("state = 'open' AND try_at IS NOT NULL"),
              sqlite_where=text("state = 'open' AND try_at IS NOT NULL")),
        CheckConstraint("state IN ('open', 'paid', 'void')", name="state"),
        CheckConstraint("amount_minor >= 0 AND paid_minor >= 0 AND paid_minor <= amount_minor", name="sums"),
        CheckConstraint("(state <> 'open' OR paid_minor < amount_minor) "
                        "AND (state <> 'paid' OR (paid_minor = amount_minor AND amount_minor > 0))", name="state_fits"),
        CheckConstraint("tries >= 0", name="tries"),
        CheckConstraint("(claim_token IS NULL) = (claimed_until IS NULL)", name="claimed_whole"),
    )


class InstallmentPayment(Base):
    """A payment that was started for an installment, by hand (try 0) or by the charging job.

    At most one of an installment is under way at a time, and each try charges at most once.
    """

    __tablename__ = "installment_payment"

    installment_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    payment_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    business_id: Mapped[int] = mapped_column(BigInteger)
    debtor_id: Mapped[int] = mapped_column(BigInteger)
    amount_minor: Mapped[int] = mapped_column(BigInteger)
    try_no: Mapped[int] = mapped_column(Integer, default=0)
    open: Mapped[bool] = mapped_column(default=True)

    __table_args__ = (
        ForeignKeyConstraint(["business_id", "debtor_id", "installment_id"],
                             ["installment.business_id", "installment.debtor_id", "installment.id"]),
        ForeignKeyConstraint(["business_id", "debtor_id", "payment_id"],
                             ["payment.business_id", "payment.debtor_id", "payment.id"]),
        Index("ix_installment_payment_payment_id", "payment_id"),
        Index("uq_installment_payment_one_open", "installment_id", unique=True,
              postgresql_where=text("open"), sqlite_where=text("open")),
        Index("uq_installment_payment_one_try", "installment_id", "try_no", unique=True,
              postgresql_where=text("try_no > 0"), sqlite_where=text("try_no > 0")),
        CheckConstraint("amount_minor > 0 AND try_no >= 0", name="amounts"),
    )
