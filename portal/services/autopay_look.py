"""The last look before a saved method is charged: whether this installment, by this method, may be charged right now.

Asked under the debtor's lock, in the transaction that writes the payment. What is not in order waits or stops.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Select, SQLColumnExpression, and_, func, or_, select
from sqlalchemy.orm import Session

from portal.domain import autopay
from portal.domain.currencies import minimum_charge
from portal.models import (
    Arrangement,
    ArrangementInvoice,
    AutopayCharge,
    AutopayMandate,
    AutopayStop,
    Business,
    DebitNotice,
    Debtor,
    Hold,
    Installment,
    InstallmentPayment,
    Invoice,
    InvoiceLine,
    Message,
    Payment,
    PaymentInvoice,
    Plan,
    SavedMethod,
    StripeCustomer,
)
from portal.services import arrangements, ledger, mandates, saved_methods

SOON, HOUR = timedelta(minutes=15), timedelta(hours=1)
# A notice speaks of one debit and the tries that follow it, not of a charge a month later.
NOTICE_LASTS = timedelta(days=21)
# Holds of these causes mean that money is coming another way, whatever else they hold.
MONEY_COMES = ("payment", "transfer", "already_paid")


@dataclass(frozen=True)
class Charge:
    """All that one charge is made of; sums in minor units by invoice, the oldest due first."""

    amount_minor: int
    lines: tuple[tuple[int, int], ...]
    mandate: AutopayMandate
    method: SavedMethod
    customer: StripeCustomer
    notice: DebitNotice


@dataclass(frozen=True)
class Look:
    """What the last look came to: a charge, or why there is none, and until when to wait (None: not by ourselves)."""

    reason: str
    until: datetime | None = None
    charge: Charge | None = None


def look(session: Session, installment: Installment, debtor: Debtor, now: datetime, *,
         but_payment: int | None = None) -> Look:
    """Look once more whether an installment may be charged; `but_payment` is a try of our own that stands already.

    Reasons: paid, not_active, stopped, safe_mode, no_method, expired, other_account, held, being_paid, paid_today,
    not_told, too_early, not_covered, too_small.
    """
    arrangement = session.get_one(Arrangement, installment.arrangement_id)
    plan = session.get_one(Plan, installment.arrangement_id)
    business = session.get_one(Business, installment.business_id)
    amount = installment.amount_minor - installment.paid_minor
    if installment.state != "open" or amount <= 0:
        return Look("paid")
    if arrangement.state != "active" or plan.signed_at is None or not plan.autopay:
        return Look("not_active")
    if stopped(session):
        return Look("stopped", now + HOUR)
    if business.safe_mode_at is not None:
        return Look("safe_mode", now + HOUR)
    found = _by_what(session, installment, business, now)
    if isinstance(found, Look):
        return found
    zone = arrangements.zone_of(session, debtor)
    refusal = (_held(session, installment, debtor, now) or _being_paid(session, installment, now, but_payment)
               or _paid_today(session, installment, debtor, now, zone))
    if refusal is not None:
        return refusal
    told = _told(session, installment, amount, now, zone)
    if isinstance(told, Look):
        return told
    lines = lines_of(session, installment, debtor, amount, now)
    if not lines:
        return Look("not_covered", now + timedelta(days=1))
    if amount < minimum_charge(installment.currency):
        return Look("too_small")
    mandate, method, customer = found
    return Look("", charge=Charge(amount, lines, mandate, method, customer, told))


def stopped(session: Session) -> bool:
    """Say whether automatic charging is stopped for the whole installation."""
    return session.scalar(select(AutopayStop.id).where(AutopayStop.released_at.is_(None)).limit(1)) is not None


def valid_notice(session: Session, installment: Installment, amount: int, today: date) -> DebitNotice | None:
    """Find the notice that speaks of an installment as it stands: of its sum, and of no earlier day than its own."""
    return session.scalars(select(DebitNotice).where(
        DebitNotice.installment_id == installment.id, DebitNotice.amount_minor == amount,
        DebitNotice.due_on >= installment.due_on, DebitNotice.due_on >= today - NOTICE_LASTS)
        .order_by(DebitNotice.id.desc()).limit(1)).one_or_none()


def tries_since(session: Session, installment: Installment, since: datetime) -> Sequence[datetime]:
    """List when an installment was tried since its notice, the first one first; unheard of at Stripe is no try."""
    return session.scalars(select(AutopayCharge.created_at).where(
        AutopayCharge.installment_id == installment.id, AutopayCharge.created_at >= since,
        AutopayCharge.outcome != "untried").order_by(AutopayCharge.payment_id)).all()


def _by_what(session: Session, installment: Installment, business: Business,
             now: datetime) -> tuple[AutopayMandate, SavedMethod, StripeCustomer] | Look:
    mandate = mandates.of_plan(session, installment.business_id, installment.arrangement_id)
    if mandate is None or mandate.state != "active" or mandate.saved_method_id is None:
        return Look("no_method")
    method = session.get_one(SavedMethod, mandate.saved_method_id)
    if method.state != "active":
        return Look("no_method")
    if saved_methods.has_expired(method, now):
        return Look("expired")
    customer = session.get_one(StripeCustomer, method.customer_id)
    if customer.account != (business.stripe_account or "") or customer.forgotten_at is not None:
        return Look("other_account")
    return mandate, method, customer


def _covered(installment: Installment) -> tuple[ColumnElement[bool], ...]:
    return (ArrangementInvoice.arrangement_id == installment.arrangement_id,
            ArrangementInvoice.business_id == installment.business_id)


def _held(session: Session, installment: Installment, debtor: Debtor, now: datetime) -> Look | None:
    """A hold on the whole account or on a whole invoice of the plan; one on a part only makes that part smaller."""
    held = session.execute(
        select(Hold.until).where(
            *_standing_holds(debtor, now), *whole(_invoice_ids(installment)))).all()
    if not held:
        return None
    ends = [until for (until,) in held if until is not None]
    tomorrow = now + timedelta(days=1)
    return Look("held", min([tomorrow, *ends]) if len(ends) == len(held) else tomorrow)


def _standing_holds(debtor: Debtor, now: datetime) -> tuple[ColumnElement[bool], ...]:
    return (Hold.business_id == debtor.business_id, Hold.debtor_id == debtor.id, *holding(now))


def holding(now: datetime | SQLColumnExpression[datetime]) -> tuple[ColumnElement[bool], ...]:
    """Say of a hold that nothing it rests on is charged at a moment."""
    return (Hold.released_at.is_(None), or_(Hold.autopay, Hold.cause.in_(MONEY_COMES)), Hold.starts_at <= now,
            or_(Hold.until.is_(None), Hold.until > now))


def whole(invoice_ids: Select[int]) -> tuple[ColumnElement[bool], ...]:
    """Say of a hold that it rests on a whole account, or on one of these invoices as a whole."""
    return (Hold.amount_minor.is_(None), Hold.line_id.is_(None),
            or_(Hold.invoice_id.is_(None), Hold.invoice_id.in_(invoice_ids)))


def _invoice_ids(installment: Installment) -> Select[int]:
    return select(ArrangementInvoice.invoice_id).where(*_covered(installment))


def _being_paid(session: Session, installment: Installment, now: datetime, but_payment: int | None) -> Look | None:
    """Another payment that may still bring in money for the same invoices, or for this very installment."""
    other = session.scalar(
        select(PaymentInvoice.payment_id)
        .where(PaymentInvoice.invoice_id.in_(_invoice_ids(installment)), PaymentInvoice.open,
               PaymentInvoice.payment_id != (but_payment or 0)).limit(1))
    mine = session.scalar(select(InstallmentPayment.payment_id).where(
        InstallmentPayment.installment_id == installment.id, InstallmentPayment.open,
        InstallmentPayment.payment_id != (but_payment or 0)).limit(1))
    return Look("being_paid", now + SOON) if other is not None or mine is not None else None


def _paid_today(session: Session, installment: Installment, debtor: Debtor, now: datetime,
                zone: ZoneInfo) -> Look | None:
    """After a refusal nobody is charged on a day on which they have paid by themselves."""
    if not installment.tries:
        return None
    today = now.astimezone(zone).date()
    midnight = datetime.combine(today, datetime.min.time(), zone)
    paid = session.scalar(select(Payment.id).where(
        Payment.business_id == debtor.business_id, Payment.debtor_id == debtor.id, Payment.channel != "off_session",
        Payment.received_at >= midnight).limit(1))
    return Look("paid_today", autopay.charge_at(today + timedelta(days=1), zone)) if paid is not None else None


def _told(session: Session, installment: Installment, amount: int, now: datetime,
          zone: ZoneInfo) -> DebitNotice | Look:
    today = now.astimezone(zone).date()
    notice = valid_notice(session, installment, amount, today)
    if notice is None:
        return Look("not_told")
    message = session.get_one(Message, notice.message_id)
    if message.state in ("failed", "skipped"):
        return Look("not_told")
    if message.sent_at is None:
        return Look("not_told", now + HOUR)
    day = max(notice.due_on, autopay.earliest(message.sent_at, notice.days, zone))
    return Look("too_early", autopay.charge_at(day, zone)) if today < day else notice


def lines_of(session: Session, installment: Installment, debtor: Debtor, amount: int,
           now: datetime) -> tuple[tuple[int, int], ...]:
    """Lay a sum on what the plan covers and is open and unquestioned, the oldest due first; () if it has no room."""
    left = ledger.left_by_invoice(session, debtor.business_id, debtor.id)
    parts = _held_parts(session, debtor, now)
    rows = session.execute(
        select(ArrangementInvoice.invoice_id, ArrangementInvoice.outside_minor)
        .join(Invoice, Invoice.id == ArrangementInvoice.invoice_id)
        .where(*_covered(installment)).order_by(Invoice.due_on, Invoice.id))
    lines, rest = [], amount
    for invoice_id, outside in rows:
        room = left.get(invoice_id, 0) - max(outside or 0, parts.get(invoice_id, 0))
        if room > 0 and rest > 0:
            lines.append((invoice_id, min(room, rest)))
            rest -= min(room, rest)
    return tuple(lines) if rest == 0 else ()


def _held_parts(session: Session, debtor: Debtor, now: datetime) -> dict[int, int]:
    """How much of each invoice is on hold by line or by amount, minor units."""
    worth = func.coalesce(Hold.amount_minor, InvoiceLine.amount_minor + InvoiceLine.tax_minor)
    rows = session.execute(
        select(Hold.invoice_id, func.sum(worth)).outerjoin(InvoiceLine, InvoiceLine.id == Hold.line_id)
        .where(*_standing_holds(debtor, now),
               and_(Hold.invoice_id.is_not(None), or_(Hold.amount_minor.is_not(None), Hold.line_id.is_not(None))))
        .group_by(Hold.invoice_id))
    return {invoice_id: int(minor) for invoice_id, minor in rows if invoice_id is not None}
