"""One payment as the office sees it: what became of the money, for what it was, and what went back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.domain.errors import Refusal
from portal.domain.roles import StaffAccess
from portal.models import Approval, Chargeback, Invoice, LedgerTransfer, Payment, PaymentInvoice, Refund
from portal.runtime import Runtime
from portal.services import ledger, policies
from portal.services.lists.cells import Cell
from portal.services.lists.frame import Context
from portal.services.lists.payments import PAYMENTS, PaymentRow, state_of
from portal.words.core import Words

OPEN_REFUNDS = ("requested", "unknown", "pending")
MOST_MOVES = 100


@dataclass(frozen=True)
class Part:
    """What of the payment is for one invoice, minor units."""

    invoice_id: str
    number: str
    title: str
    amount: int
    discount: int
    returned: int


@dataclass(frozen=True)
class Back:
    """Money on its way back, or a chargeback; `state` is its row's."""

    public_id: str
    state: str
    amount: int
    at: datetime
    at_stripe: str
    reason: str = ""
    mode: str = ""


@dataclass(frozen=True)
class Moved:
    """One transfer it made, by its id in the books."""

    transfer_id: int
    kind: str
    amount: int
    currency: str
    at: datetime


@dataclass(frozen=True)
class PaymentPage:
    """All that the page of a payment shows; minor units of its currency."""

    row: PaymentRow
    state: Cell
    amount: int
    captured: int
    returned: int
    failure_code: str
    reference: str
    expires_at: datetime | None
    payment_intent: str
    checkout_session: str
    charge: str
    stripe_account: str
    parts: Sequence[Part]
    refunds: Sequence[Back]
    chargebacks: Sequence[Back]
    moves: Sequence[Moved]
    waiting_approval: str
    # What could be paid back now, and the debtor's credit it may come out of.
    free: int
    credit: int
    second_above: int

    @property
    def discount(self) -> int:
        """The discount it earns or would earn."""
        return sum(part.discount for part in self.parts)

    @property
    def by_stripe(self) -> bool:
        """Whether Stripe has the money, so that it can be sent back from here."""
        return bool(self.payment_intent) and self.captured > 0


def page(rt: Runtime, access: StaffAccess, currency: str, words: Words, payment_id: str) -> PaymentPage:
    """Give one payment of this business; raises Refusal not_found for anybody else's."""
    access.require("see")
    context = Context(access.business_id, access.staff_id, currency, (currency,), (), words, rt.now())
    with rt.db.reading() as session:
        found = PAYMENTS.id_of(session, context, payment_id)
        if found is None:
            raise Refusal("not_found", "unknown_page")
        row: PaymentRow = PAYMENTS.load(session, context, [found])[0]
        return _page(session, access, session.get_one(Payment, found), row)


def _page(session: Session, access: StaffAccess, payment: Payment, row: PaymentRow) -> PaymentPage:
    refunds = session.scalars(select(Refund).where(Refund.payment_id == payment.id).order_by(Refund.id)).all()
    asked = sum(one.amount_minor for one in refunds if one.state in OPEN_REFUNDS and one.booked_at is None)
    chargebacks = session.scalars(
        select(Chargeback).where(Chargeback.payment_id == payment.id).order_by(Chargeback.id)).all()
    return PaymentPage(
        row=row, state=state_of(row), amount=payment.amount_minor, captured=payment.captured_minor,
        returned=payment.returned_minor, failure_code=payment.failure_code or "", reference=payment.reference or "",
        expires_at=payment.expires_at, payment_intent=payment.payment_intent or "",
        checkout_session=payment.checkout_session or "", charge=payment.charge or "",
        stripe_account=payment.stripe_account or "", parts=_parts(session, payment.id),
        refunds=[Back(one.public_id, one.state, one.amount_minor, one.created_at, one.stripe_refund or "",
                      one.failure_code or "", one.mode) for one in refunds],
        chargebacks=[Back(one.public_id, one.state, one.amount_minor, one.created_at, one.stripe_dispute, one.reason)
                     for one in chargebacks],
        moves=_moves(session, payment), waiting_approval=_waiting(session, payment),
        free=max(0, payment.captured_minor - payment.returned_minor - asked),
        credit=ledger.credit_of(session, payment.business_id, payment.debtor_id, payment.currency),
        second_above=policies.in_force(session, access.business_id).second_person_above(payment.currency))


def _parts(session: Session, payment_id: int) -> list[Part]:
    query = (
        select(PaymentInvoice, Invoice).join(Invoice, Invoice.id == PaymentInvoice.invoice_id)
        .where(PaymentInvoice.payment_id == payment_id).order_by(PaymentInvoice.position))
    return [Part(invoice.public_id, invoice.number, invoice.title, part.amount_minor, part.discount_minor,
                 part.returned_minor) for part, invoice in session.execute(query)]


def _moves(session: Session, payment: Payment) -> list[Moved]:
    rows = session.scalars(
        select(LedgerTransfer).where(
            LedgerTransfer.cause_type == "payment", LedgerTransfer.cause_id == payment.public_id,
            LedgerTransfer.business_id == payment.business_id).order_by(LedgerTransfer.id).limit(MOST_MOVES))
    return [Moved(one.id, one.kind, one.amount, one.currency, one.happened_at) for one in rows]


def _waiting(session: Session, payment: Payment) -> str:
    return session.scalar(select(Approval.public_id).where(
        Approval.business_id == payment.business_id, Approval.act == "refund", Approval.target == payment.public_id,
        Approval.state == "waiting")) or ""
