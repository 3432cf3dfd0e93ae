"""What Stripe says it holds, copied to compare it with the books: runs, the copy, and the differences that were found.

The copy is no second ledger: nothing is booked from it, and it can be made anew from Stripe at any time.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, Integer, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from portal.models.base import Base, Keyed, UtcDateTime


class Reconciliation(Keyed, Base):
    """One comparison of an account at Stripe with the books; one that broke off is gone on with where it was."""

    __tablename__ = "reconciliation"

    # "" is the installation's own account.
    account: Mapped[str] = mapped_column(String(64), default="")
    # What was made at Stripe from then until then is listed.
    since: Mapped[datetime] = mapped_column(UtcDateTime)
    until: Mapped[datetime] = mapped_column(UtcDateTime)
    # Which kind of object is being listed, and behind which object of it to go on.
    stage: Mapped[str] = mapped_column(String(12))
    cursor: Mapped[str] = mapped_column(String(80), default="")
    objects: Mapped[int] = mapped_column(Integer, default=0)
    # What this run came to, once it has ended.
    found: Mapped[int] = mapped_column(Integer, default=0)
    repaired: Mapped[int] = mapped_column(Integer, default=0)
    gone: Mapped[int] = mapped_column(Integer, default=0)
    still_open: Mapped[int] = mapped_column(Integer, default=0)
    started_at: Mapped[datetime] = mapped_column(UtcDateTime)
    finished_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    claim_token: Mapped[str | None] = mapped_column(String(32))
    leased_until: Mapped[datetime | None] = mapped_column(UtcDateTime)

    __table_args__ = (
        Index("uq_reconciliation_one_under_way", "account", unique=True,
              postgresql_where=text("finished_at IS NULL"), sqlite_where=text("finished_at IS NULL")),
        Index("ix_reconciliation_account_finished_at", "account", "finished_at"),
    )


class StripeRecord(Keyed, Base):
    """One object as Stripe listed it: a payment, refund, chargeback, payout, or line of its balance; minor units."""

    __tablename__ = "stripe_record"

    account: Mapped[str] = mapped_column(String(64), default="")
    kind: Mapped[str] = mapped_column(String(8))
    object_id: Mapped[str] = mapped_column(String(80))
    # Signed as Stripe signs it; of a line before its fee.
    amount: Mapped[int] = mapped_column(BigInteger)
    fee: Mapped[int] = mapped_column(BigInteger, default=0)
    currency: Mapped[str] = mapped_column(String(3))
    # Of a line its type.
    status: Mapped[str] = mapped_column(String(40))
    # Of a payment its charge, of a line the object it is about.
    source: Mapped[str] = mapped_column(String(80), default="")
    intent: Mapped[str] = mapped_column(String(80), default="")
    # Of a line, the payout that carried it to the bank.
    payout: Mapped[str] = mapped_column(String(80), default="")
    # Of a payout: whether Stripe can still say, or has said, of which lines it is made.
    parts: Mapped[str] = mapped_column(String(6), default="none")
    made_at: Mapped[datetime] = mapped_column(UtcDateTime)
    # The run that saw it last.
    run_id: Mapped[int] = mapped_column(BigInteger)

    __table_args__ = (
        UniqueConstraint("account", "object_id"),
        Index("ix_stripe_record_account_kind_made_at", "account", "kind", "made_at"),
        Index("ix_stripe_record_payout", "payout", postgresql_where=text("payout <> ''"),
              sqlite_where=text("payout <> ''")),
        CheckConstraint("kind IN ('intent', 'refund', 'dispute', 'payout', 'line')", name="kind"),
        # none: Stripe does not tell.  asked: still to be listed.  known: every line of it names it.
        CheckConstraint("parts IN ('none', 'asked', 'known')", name="parts"),
    )


class Drift(Keyed, Base):
    """One place where Stripe and the books disagreed, named by its type; minor units of `currency`."""

    __tablename__ = "drift"

    business_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("business.id"))
    account: Mapped[str] = mapped_column(String(64), default="")
    kind: Mapped[str] = mapped_column(String(30))
    object_id: Mapped[str] = mapped_column(String(80))
    currency: Mapped[str] = mapped_column(String(3))
    at_stripe: Mapped[int] = mapped_column(BigInteger)
    in_books: Mapped[int] = mapped_column(BigInteger)
    # open: a person must look.  repaired: we booked what Stripe said.  gone: a later run found both agree.
    state: Mapped[str] = mapped_column(String(8))
    found_at: Mapped[datetime] = mapped_column(UtcDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    __table_args__ = (
        UniqueConstraint("account", "kind", "object_id"),
        Index("ix_drift_open", "business_id", "found_at", "id", postgresql_where=text("state = 'open'"),
              sqlite_where=text("state = 'open'")),
        Index("ix_drift_business_id_found_at", "business_id", "found_at", "id"),
        CheckConstraint("state IN ('open', 'repaired', 'gone')", name="state"),
        CheckConstraint("(state = 'open') = (ended_at IS NULL)", name="open_has_no_end"),
    )
