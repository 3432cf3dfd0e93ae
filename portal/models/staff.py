"""Staff: who may sign in to the office, for which businesses and in which role, and how they proved who they are."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    String,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from portal.models.base import Base, Keyed, Public, UtcDateTime


class Staff(Public, Base):
    """A person who works in the office; one account for all businesses they work for."""

    __tablename__ = "staff"

    # In small letters, so that one person cannot have two accounts by accident.
    email: Mapped[str] = mapped_column(String(254), unique=True)
    name: Mapped[str] = mapped_column(String(120))
    password_hash: Mapped[str] = mapped_column(String(200))
    # Encrypted at rest; empty until the second factor is set up, without which nothing of a business is shown.
    totp_secret: Mapped[str] = mapped_column(String(300), default="")
    # The newest time step a code was accepted for: the same code never works twice.
    totp_last_step: Mapped[int] = mapped_column(BigInteger, default=0)
    locale: Mapped[str] = mapped_column(String(10), default="en")
    theme: Mapped[str] = mapped_column(String(6), default="system")
    # Keyboard shortcuts can be turned off (WCAG 2.1.4).
    shortcuts: Mapped[bool] = mapped_column(default=True)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    disabled_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    __table_args__ = (
        CheckConstraint("email = lower(email)", name="email_in_small_letters"),
        CheckConstraint("theme IN ('system', 'light', 'dark')", name="theme"),
    )


class Membership(Base):
    """What one person may do for one business."""

    __tablename__ = "membership"

    business_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("business.id"), primary_key=True)
    staff_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("staff.id"), primary_key=True)
    role: Mapped[str] = mapped_column(String(8))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    __table_args__ = (
        Index("ix_membership_staff_id", "staff_id"),
        CheckConstraint("role IN ('owner', 'manager', 'agent', 'viewer')", name="role"),
    )


class RecoveryCode(Keyed, Base):
    """A code on paper for the day the phone is lost; works once, and only its hash is kept."""

    __tablename__ = "recovery_code"

    staff_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("staff.id"))
    code_hash: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    used_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    __table_args__ = (UniqueConstraint("staff_id", "code_hash"),)


class StaffSession(Public, Base):
    """One signed-in browser; its person can see and end it."""

    __tablename__ = "staff_session"

    # SHA-256 of the key in the cookie, so that a stolen table signs nobody in.
    key_hash: Mapped[str] = mapped_column(String(64), unique=True)
    staff_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("staff.id"))
    # The business worked for in this browser.
    business_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("business.id"))
    # "Firefox on Linux": enough to recognize one's own device.
    device: Mapped[str] = mapped_column(String(80), default="")
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    seen_at: Mapped[datetime] = mapped_column(UtcDateTime)
    # Empty after the password alone; such a session opens the second step and nothing else.
    second_factor_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    # When the person last proved themselves again for something weighty.
    stepped_up_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    __table_args__ = (
        Index("ix_staff_session_staff_id", "staff_id",
              postgresql_where=text("ended_at IS NULL"), sqlite_where=text("ended_at IS NULL")),
    )


class Invitation(Public, Base):
    """An invitation by email to work for a business in a role."""

    __tablename__ = "invitation"

    business_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("business.id"))
    email: Mapped[str] = mapped_column(String(254))
    role: Mapped[str] = mapped_column(String(8))
    invited_by: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("staff.id"))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)
    accepted_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    revoked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    __table_args__ = (
        Index("uq_invitation_one_open", "business_id", "email", unique=True,
              postgresql_where=text("accepted_at IS NULL AND revoked_at IS NULL"),
              sqlite_where=text("accepted_at IS NULL AND revoked_at IS NULL")),
        CheckConstraint("role IN ('owner', 'manager', 'agent', 'viewer')", name="role"),
        CheckConstraint("email = lower(email)", name="email_in_small_letters"),
    )


class SignInAttempt(Keyed, Base):
    """One try to sign in or to prove oneself again, written before anything is compared or hashed."""

    __tablename__ = "sign_in_attempt"

    # A keyed hash of the address typed in, whether or not anyone has it; and of the network address it came from.
    email_hash: Mapped[str] = mapped_column(String(64))
    network_hash: Mapped[str] = mapped_column(String(64))
    kind: Mapped[str] = mapped_column(String(10))
    passed: Mapped[bool] = mapped_column(default=False)
    at: Mapped[datetime] = mapped_column(UtcDateTime)

    __table_args__ = (
        Index("ix_sign_in_attempt_email_hash_at", "email_hash", "at"),
        Index("ix_sign_in_attempt_network_hash_at", "network_hash", "at"),
        CheckConstraint("kind IN ('password', 'totp', 'recovery', 'step_up')", name="kind"),
    )


class Assignment(Base):
    """Who of the staff looks after a debtor."""

    __tablename__ = "assignment"

    debtor_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    business_id: Mapped[int] = mapped_column(BigInteger)
    staff_id: Mapped[int] = mapped_column(BigInteger)
    at: Mapped[datetime] = mapped_column(UtcDateTime)

    __table_args__ = (
        ForeignKeyConstraint(["business_id", "debtor_id"], ["debtor.business_id", "debtor.id"]),
        ForeignKeyConstraint(["business_id", "staff_id"], ["membership.business_id", "membership.staff_id"]),
        Index("ix_assignment_business_id_staff_id", "business_id", "staff_id"),
    )


class Approval(Public, Base):
    """A weighty act one person asked for and a second one decides on; nothing happens before that."""

    __tablename__ = "approval"

    business_id: Mapped[int] = mapped_column(BigInteger)
    debtor_id: Mapped[int | None] = mapped_column(BigInteger)
    act: Mapped[str] = mapped_column(String(20))
    # The public id of what it is about: a payment, an invoice.
    target: Mapped[str] = mapped_column(String(32))
    currency: Mapped[str] = mapped_column(String(3))
    amount_minor: Mapped[int] = mapped_column(BigInteger)
    # A code of the reason chosen; own words go into a note of the debtor, which can be erased.
    reason: Mapped[str] = mapped_column(String(40), default="")
    state: Mapped[str] = mapped_column(String(10), default="waiting")
    asked_by: Mapped[int] = mapped_column(BigInteger)
    asked_at: Mapped[datetime] = mapped_column(UtcDateTime)
    decided_by: Mapped[int | None] = mapped_column(BigInteger)
    decided_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    version: Mapped[int] = mapped_column(Integer, default=1)

    __table_args__ = (
        ForeignKeyConstraint(["business_id", "asked_by"], ["membership.business_id", "membership.staff_id"]),
        ForeignKeyConstraint(["business_id", "decided_by"], ["membership.business_id", "membership.staff_id"]),
        ForeignKeyConstraint(["business_id", "debtor_id"], ["debtor.business_id", "debtor.id"]),
        Index("uq_approval_one_waiting", "business_id", "act", "target", unique=True,
              postgresql_where=text("state = 'waiting'"), sqlite_where=text("state = 'waiting'")),
        Index("ix_approval_business_id_state", "business_id", "state", "asked_at"),
        CheckConstraint("act IN ('refund', 'write_off')", name="act"),
        CheckConstraint("state IN ('waiting', 'approved', 'refused', 'withdrawn')", name="state"),
        CheckConstraint("amount_minor > 0", name="amount_positive"),
        # The database knows it too: nobody approves what they asked for themselves.
        CheckConstraint("state <> 'approved' OR (decided_by IS NOT NULL AND decided_by <> asked_by)",
                        name="second_person"),
    )
