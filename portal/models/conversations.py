"""What people say to each other: notes and calls of the staff, questions of debtors and the answers to them.

Own words are personal data and live here, where they can be erased, never in audit or ledger rows.
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
    Text,
    UniqueConstraint,
    false,
    text,
    true,
)
from sqlalchemy.orm import Mapped, mapped_column

from portal.models.base import Base, Keyed, Public, UtcDateTime


class Note(Public, Base):
    """A call that was made or a note that was written about a debtor, by one of the staff."""

    __tablename__ = "note"

    business_id: Mapped[int] = mapped_column(BigInteger)
    debtor_id: Mapped[int] = mapped_column(BigInteger)
    staff_id: Mapped[int] = mapped_column(BigInteger)
    kind: Mapped[str] = mapped_column(String(10))
    # What came of a call: reached, promised, no_answer, voicemail, wrong_number, call_back.
    result: Mapped[str] = mapped_column(String(20), default="")
    promised_on: Mapped[date | None] = mapped_column(Date)
    # What the note is about, such as payment:<public id>; empty: the debtor.
    about: Mapped[str] = mapped_column(String(60), default="")
    body: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime] = mapped_column(UtcDateTime)

    __table_args__ = (
        ForeignKeyConstraint(["business_id", "debtor_id"], ["debtor.business_id", "debtor.id"]),
        ForeignKeyConstraint(["business_id", "staff_id"], ["membership.business_id", "membership.staff_id"]),
        Index("ix_note_debtor_id_at", "debtor_id", "at"),
        CheckConstraint("kind IN ('call', 'note', 'reason')", name="kind"),
        CheckConstraint(
            "result IN ('', 'reached', 'promised', 'no_answer', 'voicemail', 'wrong_number', 'call_back')",
            name="result"),
        CheckConstraint("(result = 'promised') = (promised_on IS NOT NULL)", name="promise_has_day"),
    )


class Question(Public, Base):
    """A question or a wish to be called back, with everything that was said about it."""

    __tablename__ = "question"

    business_id: Mapped[int] = mapped_column(BigInteger)
    debtor_id: Mapped[int] = mapped_column(BigInteger)
    invoice_id: Mapped[int | None] = mapped_column(BigInteger)
    kind: Mapped[str] = mapped_column(String(10))
    # What is said about a dispute has its own page on both sides.
    of_dispute: Mapped[bool] = mapped_column(default=False, server_default=false())
    state: Mapped[str] = mapped_column(String(10))
    # Emails in answer to reply+<this>@… land in this thread.
    reply_key: Mapped[str] = mapped_column(String(32), unique=True)
    # When to call, in the debtor's own words; empty for a question.
    call_when: Mapped[str] = mapped_column(String(120), default="")
    call_number: Mapped[str] = mapped_column(String(32), default="")
    opened_at: Mapped[datetime] = mapped_column(UtcDateTime)
    # The last word either side said; the queue is in the order of what has waited longest.
    moved_at: Mapped[datetime] = mapped_column(UtcDateTime)
    # An answer is promised by then.
    answer_by: Mapped[datetime | None] = mapped_column(UtcDateTime)
    closed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    __table_args__ = (
        ForeignKeyConstraint(["business_id", "debtor_id"], ["debtor.business_id", "debtor.id"]),
        ForeignKeyConstraint(["business_id", "invoice_id"], ["invoice.business_id", "invoice.id"]),
        UniqueConstraint("business_id", "id"),
        Index("ix_question_debtor_id", "debtor_id"),
        Index("ix_question_waiting", "business_id", "moved_at",
              postgresql_where=text("state = 'business'"), sqlite_where=text("state = 'business'")),
        CheckConstraint("kind IN ('question', 'call_back')", name="kind"),
        # Whose turn it is: the business's, the debtor's, or nobody's any more.
        CheckConstraint("state IN ('business', 'debtor', 'closed')", name="state"),
        CheckConstraint("(state = 'closed') = (closed_at IS NOT NULL)", name="closed_has_time"),
    )


class QuestionEntry(Public, Base):
    """One thing said in a thread."""

    __tablename__ = "question_entry"

    business_id: Mapped[int] = mapped_column(BigInteger)
    question_id: Mapped[int] = mapped_column(BigInteger)
    # debtor, staff, or unproven: an email to the thread's address from an address we do not know.
    said_by: Mapped[str] = mapped_column(String(10))
    staff_id: Mapped[int | None] = mapped_column(BigInteger)
    channel: Mapped[str] = mapped_column(String(6))
    body: Mapped[str] = mapped_column(Text)
    # Staff among themselves; never shown to the debtor.
    internal: Mapped[bool] = mapped_column(default=False)
    # False for an email whose sender no mail server of ours has checked: anybody can write any From.
    sender_checked: Mapped[bool] = mapped_column(default=True, server_default=true())
    at: Mapped[datetime] = mapped_column(UtcDateTime)

    __table_args__ = (
        ForeignKeyConstraint(["business_id", "question_id"], ["question.business_id", "question.id"]),
        ForeignKeyConstraint(["business_id", "staff_id"], ["membership.business_id", "membership.staff_id"]),
        Index("ix_question_entry_question_id", "question_id", "id"),
        CheckConstraint("said_by IN ('debtor', 'staff', 'unproven')", name="said_by"),
        CheckConstraint("(said_by = 'staff') = (staff_id IS NOT NULL)", name="staff_named"),
        CheckConstraint("channel IN ('page', 'email', 'phone')", name="channel"),
        CheckConstraint("NOT internal OR said_by = 'staff'", name="internal_by_staff"),
    )


class InboundEmail(Keyed, Base):
    """An email that came to one of our reply addresses, by its Message-ID: the same one twice counts once."""

    __tablename__ = "inbound_email"

    message_id: Mapped[str] = mapped_column(String(250), unique=True)
    business_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("business.id"))
    # What became of it, as a code: answered, unknown_address, automatic, stop …
    outcome: Mapped[str] = mapped_column(String(20))
    received_at: Mapped[datetime] = mapped_column(UtcDateTime)
