"""Turns stored rows into the views that emails are worded from, in the debtor's language and timezone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.models import Business, Debtor, Invoice, LedgerAccount, LedgerTransfer, Payment, PaymentInvoice
from portal.services import ledger, policies, reminder_sums
from portal.services.askable import Askable, has_fees
from portal.words import email_kinds
from portal.words.core import Words, for_reader, speaking
from portal.words.email_kinds import PaidInvoice, PaidSum
from portal.words.emails import Letter, Reader, Rendered, Sender, plain, render
from portal.words.own_words import NONE, OwnWords


@dataclass(frozen=True)
class Voice:
    """Who writes to whom, in which words; what every kind of letter is made with."""

    words: Words
    sender: Sender
    reader: Reader


def write(session: Session, now: datetime, business: Business, debtor: Debtor,
          wording: Callable[[Voice], Letter]) -> Rendered:
    """Word and lay out one letter from a business to a debtor."""
    words = for_reader(debtor, business)
    with speaking(words, now):
        voice = Voice(words, sender_of(business, words), _reader(session, debtor))
        return render(words, voice.sender, voice.reader, wording(voice))


def sender_of(business: Business, words: Words) -> Sender:
    """Show a business as its letters do; whatever its owner typed becomes one safe line."""
    return Sender(
        name=plain(business.name), color=business.brand_color, contact_name=plain(business.contact_name),
        contact_phone=plain(words.phone(business.contact_phone, business.country)),
        hours=plain(words.own(business.contact_hours)), where_to_check=plain(words.own(business.where_to_check)),
        postal_address=", ".join(plain(line) for line in business.postal_address.splitlines()),
    )


def reminder(session: Session, now: datetime, business: Business, debtor: Debtor, askable: Askable, *,
             tone: str = "friendly", own: OwnWords = NONE) -> Rendered:
    """Write the reminder about what may be asked for now, in the tone and the words of its step; one invoice at least.

    `own` are the business's words for the step, by language; where there are none, ours are said.
    """
    invoices = reminder_sums.owed(session, now, business, debtor, askable)
    no_fees = not has_fees(session, debtor)
    return write(session, now, business, debtor, lambda voice: email_kinds.reminder(
        voice.words, voice.sender, voice.reader, invoices, today=voice.words.local_date(now), no_fees=no_fees,
        tone=tone, own=own))


def filled_in(session: Session, now: datetime, business: Business, debtor: Debtor, askable: Askable, *,
              tone: str) -> tuple[Words, dict[str, str]]:
    """Give a debtor's words, and what the placeholders of a step become for them; at least one invoice."""
    words = for_reader(debtor, business)
    with speaking(words, now):
        return words, email_kinds.filled_in(
            words, sender_of(business, words), _reader(session, debtor),
            reminder_sums.owed(session, now, business, debtor, askable), words.local_date(now), tone)


def paid_sum(session: Session, payment: Payment) -> PaidSum:
    """Tell a payment as its letters do: what the ledger says it went to, and what is left afterwards."""
    business_id, debtor_id, currency = payment.business_id, payment.debtor_id, payment.currency
    left = ledger.left_by_invoice(session, business_id, debtor_id)
    in_currency = select(Invoice.id).where(
        Invoice.business_id == business_id, Invoice.id.in_(left), Invoice.currency == currency)
    return PaidSum(
        number=payment.number, amount_minor=payment.captured_minor or payment.amount_minor, currency=currency,
        method_brand=payment.method_brand or "", method_last4=payment.method_last4 or "",
        at=payment.received_at or payment.created_at,
        left_minor=sum(left[id] for id in session.scalars(in_currency)),
        invoices=_paid_invoices(session, payment),
        credit_minor=ledger.credit_of(session, business_id, debtor_id, currency),
        automatic=payment.channel == "off_session",
    )


def _paid_invoices(session: Session, payment: Payment) -> tuple[PaidInvoice, ...]:
    query = (
        select(Invoice.number, LedgerTransfer.amount, PaymentInvoice.discount_minor, Invoice.title)
        .join(LedgerAccount, LedgerAccount.id == LedgerTransfer.credit_account_id)
        .join(Invoice, Invoice.id == LedgerAccount.invoice_id)
        .outerjoin(PaymentInvoice, (PaymentInvoice.invoice_id == Invoice.id)
                   & (PaymentInvoice.payment_id == payment.id))
        .where(LedgerTransfer.business_id == payment.business_id, LedgerTransfer.cause_type == "payment",
               LedgerTransfer.cause_id == payment.public_id,
               LedgerTransfer.kind.in_(("payment", "manual_payment")))
        .order_by(LedgerTransfer.id))
    return tuple(PaidInvoice(plain(number), amount, discount or 0, plain(title))
                 for number, amount, discount, title in session.execute(query))


def _reader(session: Session, debtor: Debtor) -> Reader:
    skips = debtor.kind == "business" and policies.in_force(session, debtor.business_id).business_debtors_skip_check
    return Reader(plain(debtor.greeting_name), "none" if skips else debtor.identity_fact, plain(debtor.name))
