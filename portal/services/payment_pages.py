"""One payment as its page tells it, in every state, from our own records alone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from portal.domain.access import Access
from portal.domain.errors import Refusal
from portal.domain.ledger import RECEIVABLE
from portal.domain.payment_stories import BY_HAND
from portal.models import Chargeback, Invoice, LedgerAccount, Payment, PaymentInvoice, Refund
from portal.runtime import Runtime
from portal.services import credit_back, ledger

# Four business days are at most six days on the calendar.
DEBIT_DAYS = timedelta(days=6)


@dataclass(frozen=True)
class PaidLine:
    """What a payment was for, minor units."""

    number: str
    title: str
    amount_minor: int
    discount_minor: int


@dataclass(frozen=True)
class RefundView:
    """Money going back, minor units; `state` as the refund has it."""

    amount_minor: int
    state: str
    at: datetime


@dataclass(frozen=True)
class PaymentView:
    """All that a payment's page shows; minor units of `currency`."""

    public_id: str
    number: str
    channel: str
    state: str
    currency: str
    amount_minor: int
    captured_minor: int
    returned_minor: int
    lines: tuple[PaidLine, ...]
    refunds: tuple[RefundView, ...]
    chargeback: str
    failure_code: str
    method_brand: str
    method_last4: str
    reference: str
    started_at: datetime
    received_at: datetime | None
    expected_at: datetime
    page_url: str
    page_open: bool
    left_minor: int
    # Whether something is open in another currency, so that nobody reads "everything is paid" too early.
    other_left: bool
    credit_minor: int
    # Whether the reader may send that credit back to themselves.
    may_take_back: bool

    @property
    def only_day(self) -> bool:
        """Say whether only the day it came is known, because staff wrote it down."""
        return self.channel in BY_HAND

    @property
    def discount_minor(self) -> int:
        return sum(line.discount_minor for line in self.lines)

    @property
    def story(self) -> str:
        """Which of its stories the page tells: what became of the money last."""
        if self.state == "succeeded":
            if self.chargeback not in ("", "won", "warning_closed"):
                return "charged_back"
            if self.returned_minor >= self.captured_minor:
                return "refunded"
            return "received"
        if self.channel == "transfer" and self.state in ("canceled", "expired"):
            # An announcement: canceled once its money is here, which is a payment of its own.
            return "come" if self.state == "canceled" else "missed"
        if self.state == "open" and not self.page_open:
            # Its page has closed. What happened in its last minutes is Stripe's to say.
            return "asking"
        if self.state == "open" and self.failure_code:
            return "declined"
        return {"created": "asking", "unknown": "asking", "open": "waiting", "canceled": "expired",
                "failed": "failed"}.get(self.state, self.state)


def payment_page(rt: Runtime, access: Access, public_id: str) -> PaymentView:
    """Give one of the reader's own payments; anybody else's does not exist for them (Refusal unknown_payment)."""
    now = rt.now()
    with rt.db.reading() as session:
        payment = session.scalars(select(Payment).where(
            Payment.public_id == public_id, Payment.business_id == access.business_id,
            Payment.debtor_id == access.debtor_id)).one_or_none()
        if payment is None:
            raise Refusal("not_found", "unknown_payment")
        rows = session.execute(
            select(PaymentInvoice, Invoice).join(Invoice, Invoice.id == PaymentInvoice.invoice_id)
            .where(PaymentInvoice.payment_id == payment.id).order_by(PaymentInvoice.position)).all()
        if access.invoice_ids is not None and not {invoice.id for _, invoice in rows} <= access.invoice_ids:
            raise Refusal("not_found", "unknown_payment")
        return _view(session, access, payment, [(row, invoice) for row, invoice in rows], now)


def _view(session: Session, access: Access, payment: Payment, rows: list[tuple[PaymentInvoice, Invoice]],
          now: datetime) -> PaymentView:
    refunds = session.scalars(
        select(Refund).where(Refund.payment_id == payment.id).order_by(Refund.id)).all()
    chargeback = session.scalar(
        select(Chargeback.state).where(Chargeback.payment_id == payment.id, Chargeback.withdrawn_at.is_not(None))
        .order_by(Chargeback.id.desc()).limit(1))
    left = _left(session, access)
    credit = ledger.credit_of(
        session, access.business_id, access.debtor_id, payment.currency) if access.invoice_ids is None else 0
    payable = payment.state == "open" and payment.expires_at is not None and payment.expires_at > now
    return PaymentView(
        public_id=payment.public_id, number=payment.number, channel=payment.channel, state=payment.state,
        currency=payment.currency, amount_minor=payment.amount_minor, captured_minor=payment.captured_minor,
        returned_minor=payment.returned_minor,
        lines=tuple(PaidLine(invoice.number, invoice.title or invoice.number, row.amount_minor, row.discount_minor)
                    for row, invoice in rows),
        refunds=tuple(RefundView(row.amount_minor, row.state, row.created_at) for row in refunds),
        chargeback=chargeback or "", failure_code=payment.failure_code or "",
        method_brand=payment.method_brand or "", method_last4=payment.method_last4 or "",
        reference=payment.reference or "", started_at=payment.created_at, received_at=payment.received_at,
        expected_at=payment.created_at + DEBIT_DAYS, page_url=(payment.checkout_url or "") if payable else "",
        page_open=payable,
        left_minor=left.get(payment.currency, 0), other_left=any(n for c, n in left.items() if c != payment.currency),
        credit_minor=credit,
        may_take_back=credit > 0 and credit_back.may_take_back(session, access, payment.currency, credit))


def _left(session: Session, access: Access) -> dict[str, int]:
    """What is left on the invoices this reader may see, per currency; currencies are never added."""
    query = select(LedgerAccount.currency, func.sum(LedgerAccount.debits - LedgerAccount.credits)).where(
        LedgerAccount.business_id == access.business_id, LedgerAccount.debtor_id == access.debtor_id,
        LedgerAccount.kind == RECEIVABLE).group_by(LedgerAccount.currency)
    if access.invoice_ids is not None:
        query = query.where(LedgerAccount.invoice_id.in_(access.invoice_ids))
    return {currency: int(left) for currency, left in session.execute(query)}
