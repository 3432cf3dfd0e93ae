"""Agreements: what a debtor signed, sealed; the papers of it, which an erasure may remove; consents to sign that way.

The sealed rows hold ids, codes and fingerprints only, never a name: they are never changed and never erased. Names,
words and addresses lie in `agreement_paper`, whose rows are never changed either, but go when a person is erased.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    String,
    UniqueConstraint,
)
from sqlalchemy.orm import Mapped, mapped_column

from portal.models.base import Base, Keyed, Public, UtcDateTime


class Agreement(Public, Base):
    """One text a debtor signed, with the fingerprint of all its evidence and our seal over both; only ever added."""

    __tablename__ = "agreement"

    business_id: Mapped[int] = mapped_column(BigInteger)
    debtor_id: Mapped[int] = mapped_column(BigInteger)
    arrangement_id: Mapped[int] = mapped_column(BigInteger)
    # The version of the arrangement that was shown and signed: one version is signed once.
    arrangement_version: Mapped[int] = mapped_column(Integer)
    kind: Mapped[str] = mapped_column(String(12))
    text_version: Mapped[str] = mapped_column(String(40))
    locale: Mapped[str] = mapped_column(String(20))
    policy_version: Mapped[int] = mapped_column(Integer)
    link_id: Mapped[int] = mapped_column(BigInteger)
    # The emailed (or read out) code that opened the signing.
    code_id: Mapped[int] = mapped_column(BigInteger)
    signed_at: Mapped[datetime] = mapped_column(UtcDateTime)
    # SHA-256 of the exact bytes that were shown, and of the evidence, which names the first.
    text_sha256: Mapped[str] = mapped_column(String(64))
    fingerprint: Mapped[str] = mapped_column(String(64))
    # The fingerprint of this debtor's agreement before this one; empty for the first.
    previous: Mapped[str] = mapped_column(String(64), default="")
    # Keyed hash over all of this row: whoever can write into the database cannot make it.
    seal: Mapped[str] = mapped_column(String(64))

    __table_args__ = (
        ForeignKeyConstraint(["business_id", "debtor_id"], ["debtor.business_id", "debtor.id"]),
        ForeignKeyConstraint(["business_id", "arrangement_id"], ["arrangement.business_id", "arrangement.id"]),
        ForeignKeyConstraint(["business_id", "debtor_id", "link_id"],
                             ["portal_link.business_id", "portal_link.debtor_id", "portal_link.id"]),
        UniqueConstraint("business_id", "id"),
        UniqueConstraint("arrangement_id", "arrangement_version"),
        UniqueConstraint("fingerprint"),
        Index("ix_agreement_debtor_id", "debtor_id", "id"),
        Index("ix_agreement_text_sha256", "text_sha256"),
        CheckConstraint("kind IN ('settlement', 'plan')", name="kind"),
    )


class AgreementPaper(Base):
    """What an agreement said and how it was signed, byte for byte: personal, never changed, erasable."""

    __tablename__ = "agreement_paper"

    agreement_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    # text: the bytes that were shown.  evidence: who, when, how, as canonical JSON.  pdf: both, printed once.
    what: Mapped[str] = mapped_column(String(8), primary_key=True)
    business_id: Mapped[int] = mapped_column(BigInteger)
    debtor_id: Mapped[int] = mapped_column(BigInteger)
    content: Mapped[bytes] = mapped_column(LargeBinary)

    __table_args__ = (
        ForeignKeyConstraint(["business_id", "agreement_id"], ["agreement.business_id", "agreement.id"]),
        Index("ix_agreement_paper_debtor_id", "debtor_id"),
        CheckConstraint("what IN ('text', 'evidence', 'pdf')", name="what"),
    )


class AgreementPrint(Base):
    """The fingerprint of an agreement's PDF, sealed as the agreement is; only ever added."""

    __tablename__ = "agreement_print"

    agreement_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    business_id: Mapped[int] = mapped_column(BigInteger)
    sha256: Mapped[str] = mapped_column(String(64))
    seal: Mapped[str] = mapped_column(String(64))
    made_at: Mapped[datetime] = mapped_column(UtcDateTime)

    __table_args__ = (
        ForeignKeyConstraint(["business_id", "agreement_id"], ["agreement.business_id", "agreement.id"]),
        UniqueConstraint("sha256"),
    )


class ShownNotice(Keyed, Base):
    """That a debtor was shown a notice before they acted, such as the one about old debts; only ever added."""

    __tablename__ = "shown_notice"

    business_id: Mapped[int] = mapped_column(BigInteger)
    debtor_id: Mapped[int] = mapped_column(BigInteger)
    kind: Mapped[str] = mapped_column(String(20))
    version: Mapped[str] = mapped_column(String(20))
    locale: Mapped[str] = mapped_column(String(20))
    text_sha256: Mapped[str] = mapped_column(String(64))
    # What it stood before: payment or arrangement, and its public id. A signature keeps its own in its evidence.
    cause: Mapped[str] = mapped_column(String(12))
    cause_id: Mapped[str] = mapped_column(String(32))
    link_id: Mapped[int] = mapped_column(BigInteger)
    at: Mapped[datetime] = mapped_column(UtcDateTime)

    __table_args__ = (
        ForeignKeyConstraint(["business_id", "debtor_id"], ["debtor.business_id", "debtor.id"]),
        ForeignKeyConstraint(["business_id", "debtor_id", "link_id"],
                             ["portal_link.business_id", "portal_link.debtor_id", "portal_link.id"]),
        Index("ix_shown_notice_debtor_id", "debtor_id", "id"),
        Index("ix_shown_notice_cause_id", "cause_id"),
        CheckConstraint("cause IN ('payment', 'arrangement')", name="cause"),
    )


class SigningConsent(Keyed, Base):
    """That a debtor allowed or took back one way of agreeing; the newest word counts, none is ever changed."""

    __tablename__ = "signing_consent"

    business_id: Mapped[int] = mapped_column(BigInteger)
    debtor_id: Mapped[int] = mapped_column(BigInteger)
    # electronic_records, or autopay for one agreement.
    kind: Mapped[str] = mapped_column(String(20))
    given: Mapped[bool]
    version: Mapped[str] = mapped_column(String(20))
    locale: Mapped[str] = mapped_column(String(20))
    # Of the statement as it was shown.
    text_sha256: Mapped[str] = mapped_column(String(64))
    link_id: Mapped[int] = mapped_column(BigInteger)
    agreement_id: Mapped[int | None] = mapped_column(BigInteger)
    at: Mapped[datetime] = mapped_column(UtcDateTime)

    __table_args__ = (
        ForeignKeyConstraint(["business_id", "debtor_id"], ["debtor.business_id", "debtor.id"]),
        ForeignKeyConstraint(["business_id", "agreement_id"], ["agreement.business_id", "agreement.id"]),
        ForeignKeyConstraint(["business_id", "debtor_id", "link_id"],
                             ["portal_link.business_id", "portal_link.debtor_id", "portal_link.id"]),
        Index("ix_signing_consent_debtor_id", "debtor_id", "kind", "id"),
        CheckConstraint("kind IN ('electronic_records', 'autopay')", name="kind"),
    )
