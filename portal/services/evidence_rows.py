"""Reads all that happened with a debtor, or with some of their invoices, in plain values and in order.

Every message, visit, offer, agreement, dispute, payment and transfer; ids are public ones, sums are minor units.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from portal.domain.evidence import Happening
from portal.models import (
    Agreement,
    Arrangement,
    ArrangementInvoice,
    ArrangementRound,
    Chargeback,
    Debtor,
    Dispute,
    DisputePart,
    IdentityAttempt,
    Invoice,
    InvoiceLine,
    LedgerAccount,
    LedgerTransfer,
    Message,
    Note,
    Offer,
    PaperLetter,
    Payment,
    PaymentClaim,
    PaymentInvoice,
    PortalLink,
    Question,
    QuestionEntry,
    Refund,
)


@dataclass(frozen=True)
class Whose:
    """Whose story is told: a debtor's, or (with invoices) what belongs to these alone."""

    debtor: Debtor
    invoice_ids: frozenset[int] | None = None

    @property
    def mine(self) -> dict[str, int]:
        return {"business_id": self.debtor.business_id, "debtor_id": self.debtor.id}


def happenings(session: Session, whose: Whose) -> list[Happening]:
    """List everything, the oldest first; what happened at the same moment in a fixed order."""
    found = [one for source in SOURCES for one in source(session, whose)]
    return sorted(found, key=lambda one: (one.at, one.kind, str(sorted(one.what.items(), key=str))))


def _invoices(session: Session, whose: Whose) -> Iterator[Happening]:
    for invoice in session.scalars(_of_invoices(select(Invoice).filter_by(**whose.mine), Invoice.id, whose)):
        lines = session.scalars(select(InvoiceLine).where(InvoiceLine.invoice_id == invoice.id)
                                .order_by(InvoiceLine.position))
        yield _told(invoice.created_at, "invoice", invoice=invoice.number, title=invoice.title,
                    issued_on=invoice.issued_on.isoformat(), due_on=invoice.due_on.isoformat(),
                    currency=invoice.currency, total_minor=invoice.total_minor,
                    lines=[{"text": line.description, "amount_minor": line.amount_minor, "tax_minor": line.tax_minor}
                           for line in lines])


def _messages(session: Session, whose: Whose) -> Iterator[Happening]:
    # Which invoices an email spoke of stands in its words; a story of one invoice tells of all emails.
    for one in session.scalars(select(Message).filter_by(**whose.mine)):
        yield _told(one.sent_at or one.created_at, "message", kind=one.kind, state=one.state, reason=one.reason,
                    to=one.to_address, subject=one.subject, words=one.body_text, message_id=one.message_id)


def _letters(session: Session, whose: Whose) -> Iterator[Happening]:
    for one in session.scalars(select(PaperLetter).filter_by(**whose.mine)):
        yield _told(one.printed_at or one.created_at, "letter", kind=one.kind, state=one.state, reason=one.reason)


def _visits(session: Session, whose: Whose) -> Iterator[Happening]:
    for link in session.scalars(select(PortalLink).filter_by(**whose.mine)):
        yield _told(link.created_at, "link_sent", link=link.public_id, purpose=link.purpose)
        if link.first_opened_at is not None:
            yield _told(link.first_opened_at, "link_opened", link=link.public_id)
    for tried in session.execute(
            select(IdentityAttempt.at, IdentityAttempt.kind, IdentityAttempt.passed, PortalLink.public_id)
            .join(PortalLink, PortalLink.id == IdentityAttempt.link_id)
            .where(PortalLink.business_id == whose.debtor.business_id, PortalLink.debtor_id == whose.debtor.id)):
        yield _told(tried.at, "identity_check", kind=tried.kind, passed=tried.passed, link=tried.public_id)


def _offers(session: Session, whose: Whose) -> Iterator[Happening]:
    rows = session.execute(_of_invoices(
        select(Offer, Invoice.number).join(Invoice, Invoice.id == Offer.invoice_id)
        .where(Offer.business_id == whose.debtor.business_id, Offer.debtor_id == whose.debtor.id),
        Offer.invoice_id, whose))
    for offer, number in rows:
        yield _told(offer.created_at, "offer", offer=offer.public_id, kind=offer.kind, invoice=number,
                    discount_minor=offer.discount_minor, currency=offer.currency, until=_iso(offer.deadline),
                    withdrawn_at=_iso(offer.withdrawn_at))


def _arrangements(session: Session, whose: Whose) -> Iterator[Happening]:
    query = select(Arrangement).filter_by(**whose.mine)
    if whose.invoice_ids is not None:
        query = query.where(Arrangement.id.in_(select(ArrangementInvoice.arrangement_id).where(
            ArrangementInvoice.invoice_id.in_(sorted(whose.invoice_ids)))))
    for one in session.scalars(query):
        for step in session.scalars(select(ArrangementRound).where(ArrangementRound.arrangement_id == one.id)):
            yield _told(step.at, "arrangement", arrangement=one.public_id, kind=one.kind, by=step.said_by,
                        what=step.what, until=step.until.isoformat() if step.until else "",
                        amount_minor=step.amount_minor, currency=one.currency)
        for signed in session.scalars(select(Agreement).where(Agreement.arrangement_id == one.id)):
            yield _told(signed.signed_at, "agreement", agreement=signed.public_id, kind=signed.kind,
                        arrangement=one.public_id, text_sha256=signed.text_sha256, fingerprint=signed.fingerprint)


def _talk(session: Session, whose: Whose) -> Iterator[Happening]:
    query = select(QuestionEntry, Question).join(Question, Question.id == QuestionEntry.question_id).where(
        Question.business_id == whose.debtor.business_id, Question.debtor_id == whose.debtor.id,
        QuestionEntry.internal.is_(False))
    if whose.invoice_ids is not None:
        query = query.where(or_(Question.invoice_id.in_(sorted(whose.invoice_ids)), Question.invoice_id.is_(None)))
    for entry, thread in session.execute(query):
        yield _told(entry.at, "words", thread=thread.public_id, by=entry.said_by, channel=entry.channel,
                    words=entry.body)
    for note in session.scalars(select(Note).filter_by(**whose.mine).where(Note.kind == "call")):
        yield _told(note.at, "call", result=note.result)


def _disputes(session: Session, whose: Whose) -> Iterator[Happening]:
    for one in session.scalars(select(Dispute).filter_by(**whose.mine)):
        rows = session.execute(
            select(DisputePart, Invoice.id, Invoice.number, InvoiceLine.description)
            .join(Invoice, Invoice.id == DisputePart.invoice_id)
            .outerjoin(InvoiceLine, InvoiceLine.id == DisputePart.line_id)
            .where(DisputePart.dispute_id == one.id).order_by(DisputePart.id)).all()
        if whose.invoice_ids is not None and not {row.id for row in rows} & whose.invoice_ids:
            continue
        parts = [{"invoice": row.number, "line": row.description or "", "asked_minor": row.DisputePart.asked_minor,
                  "credited_minor": row.DisputePart.credited_minor} for row in rows]
        yield _told(one.opened_at, "dispute_opened", dispute=one.public_id, reason=one.reason, wants=one.wants,
                    currency=one.currency, parts=parts)
        if one.decided_at is not None:
            yield _told(one.decided_at, "dispute_decided", dispute=one.public_id, state=one.state, parts=parts)


def _claims(session: Session, whose: Whose) -> Iterator[Happening]:
    for one in session.scalars(select(PaymentClaim).filter_by(**whose.mine)):
        yield _told(one.claimed_at, "says_paid", claim=one.public_id, state=one.state, currency=one.currency,
                    amount_minor=one.amount_minor, paid_on=one.paid_on.isoformat(), words=one.words)


def _payments(session: Session, whose: Whose) -> Iterator[Happening]:
    query = select(Payment).filter_by(**whose.mine)
    if whose.invoice_ids is not None:
        query = query.where(Payment.id.in_(select(PaymentInvoice.payment_id).where(
            PaymentInvoice.invoice_id.in_(sorted(whose.invoice_ids)))))
    for one in session.scalars(query):
        yield _told(one.created_at, "payment_started", payment=one.number, channel=one.channel,
                    currency=one.currency, amount_minor=one.amount_minor)
        if one.captured_minor:
            yield _told(one.received_at or one.created_at, "payment_received", payment=one.number,
                        currency=one.currency, amount_minor=one.captured_minor, method=one.method_brand or "",
                        last4=one.method_last4 or "")
        for back in session.scalars(select(Refund).where(Refund.payment_id == one.id)):
            yield _told(back.created_at, "refund", payment=one.number, amount_minor=back.amount_minor,
                        state=back.state)
        for taken in session.scalars(select(Chargeback).where(Chargeback.payment_id == one.id)):
            yield _told(taken.created_at, "chargeback", payment=one.number, amount_minor=taken.amount_minor,
                        reason=taken.reason, state=taken.state)


def _transfers(session: Session, whose: Whose) -> Iterator[Happening]:
    accounts = select(LedgerAccount.id).where(
        LedgerAccount.business_id == whose.debtor.business_id, LedgerAccount.debtor_id == whose.debtor.id)
    if whose.invoice_ids is not None:
        accounts = accounts.where(LedgerAccount.invoice_id.in_(sorted(whose.invoice_ids)))
    names = {account.id: f"{account.kind} {account.owner} {account.currency}".strip() for account in session.scalars(
        select(LedgerAccount).where(LedgerAccount.business_id == whose.debtor.business_id, or_(
            LedgerAccount.debtor_id == whose.debtor.id, LedgerAccount.debtor_id.is_(None))))}
    rows: Sequence[LedgerTransfer] = session.scalars(select(LedgerTransfer).where(
        LedgerTransfer.business_id == whose.debtor.business_id,
        or_(LedgerTransfer.debit_account_id.in_(accounts), LedgerTransfer.credit_account_id.in_(accounts)))).all()
    for one in rows:
        yield _told(one.happened_at, "transfer", key=one.key, kind=one.kind, amount_minor=one.amount,
                    currency=one.currency, debit=names.get(one.debit_account_id, ""),
                    credit=names.get(one.credit_account_id, ""), recorded_at=_iso(one.recorded_at))


SOURCES = (_invoices, _messages, _letters, _visits, _offers, _arrangements, _talk, _disputes, _claims, _payments,
           _transfers)


def _of_invoices(query: Any, column: Any, whose: Whose) -> Any:
    return query if whose.invoice_ids is None else query.where(column.in_(sorted(whose.invoice_ids)))


def _told(at: datetime, kind: str, /, **what: Any) -> Happening:
    return Happening(at.astimezone(UTC).isoformat(), kind, what)


def _iso(moment: datetime | None) -> str:
    return "" if moment is None else moment.astimezone(UTC).isoformat()
