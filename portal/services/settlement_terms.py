"""What a settlement covers and what accepting it does: its offers stand, it binds its invoices, and reminders rest.

Every function joins its caller's transaction. Asking is in settlements.py, answering in settlement_answers.py, how one
ends in settlement_ends.py, what is signed in signables/settlement.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from portal.domain.access import Access
from portal.domain.errors import Refusal
from portal.domain.offers import spread_off
from portal.domain.quotes import OpenInvoice
from portal.models import Arrangement, ArrangementInvoice, Debtor, Hold, Offer, Payment, PaymentInvoice, SettlementOffer
from portal.services import arrangements, debts, fact_lookup, standings
from portal.services.arrangements import Step

KIND = "settlement"
A_MOMENT = timedelta(microseconds=1)


def coverable(session: Session, access: Access, currency: str) -> Sequence[OpenInvoice]:
    """List what a settlement of this reader would cover: all that is open in one currency.

    Raises Refusal: nothing_open, payment_processing, dispute_first.
    """
    found = [one for one in debts.open_invoices(session, access)
             if one.currency == currency and one.handed_to is None]
    if not found:
        raise Refusal("conflict", "nothing_open")
    refuse_moving(session, access.business_id, access.debtor_id, found)
    return found


def refuse_moving(session: Session, business_id: int, debtor_id: int, invoices: Sequence[OpenInvoice]) -> None:
    """Refuse what cannot be settled now: a bank moves money for it, or a part of it is questioned.

    Raises Refusal: payment_processing, dispute_first.
    """
    if any(one.on_its_way for one in invoices):
        raise Refusal("conflict", "payment_processing")
    disputed = session.scalars(select(Hold.invoice_id).where(
        Hold.business_id == business_id, Hold.debtor_id == debtor_id, Hold.cause == "dispute",
        Hold.released_at.is_(None))).all()
    if any(invoice_id is None or invoice_id in {one.id for one in invoices} for invoice_id in disputed):
        raise Refusal("conflict", "dispute_first")


def refuse_signed(session: Session, debtor_id: int, invoices: Sequence[OpenInvoice]) -> None:
    """Refuse what a signed settlement covers, also one of which this reader sees a part: raises settlement_stands."""
    if session.scalar(
            select(Arrangement.id).join(ArrangementInvoice, ArrangementInvoice.arrangement_id == Arrangement.id)
            .where(ArrangementInvoice.debtor_id == debtor_id, ArrangementInvoice.binding, Arrangement.kind == KIND,
                   ArrangementInvoice.invoice_id.in_([one.id for one in invoices])).limit(1)) is not None:
        raise Refusal("conflict", "settlement_stands")


def of_arrangement(session: Session, debtor: Debtor, arrangement: Arrangement) -> Sequence[OpenInvoice]:
    """List what is still open of what a settlement covers."""
    ids = frozenset(arrangements.covered(session, arrangement))
    whole = Access(debtor.business_id, debtor.id, 0, "", 0, ids)
    return [one for one in debts.open_invoices(session, whole) if one.handed_to is None]


def days_late(invoices: Sequence[OpenInvoice], today: date) -> int:
    """Tell for how many days the oldest of these has been due; negative while it is not."""
    return (today - min(one.due_on for one in invoices)).days


def acceptable(session: Session, debtor: Debtor, arrangement: Arrangement, now: datetime) -> Sequence[OpenInvoice]:
    """Give what would be settled by accepting now.

    Raises Refusal: settlement_decided, settlement_over, settlement_not_needed, payment_processing, dispute_first,
    settlement_stands, and what stands in the way (see domain/arrangements.py).
    """
    if arrangement.kind != KIND or arrangement.state != "countered" or arrangement.until is None:
        raise Refusal("conflict", "settlement_decided")
    if now >= arrangements.end_of(session, debtor, arrangement.until):
        raise Refusal("conflict", "settlement_over", day=arrangement.until)
    invoices = of_arrangement(session, debtor, arrangement)
    if sum(one.left_minor for one in invoices) <= arrangement.amount_minor:
        # So much was paid or credited meanwhile that the plain rest costs no more.
        raise Refusal("conflict", "settlement_not_needed")
    refuse_moving(session, debtor.business_id, debtor.id, invoices)
    if arrangement.staff_id is None:
        # What was signed gives way to the business's word only: not to another wish that the rules have answered.
        refuse_signed(session, debtor.id, invoices)
    arrangements.check_room(session, debtor, KIND, [one.id for one in invoices])
    return invoices


def deadline_of(session: Session, debtor: Debtor, day: date) -> datetime:
    """Tell the last moment of a day where the debtor is; it still counts."""
    return arrangements.end_of(session, debtor, day) - A_MOMENT


def begin(session: Session, debtor: Debtor, arrangement: Arrangement, now: datetime) -> None:
    """Let a settlement that was just accepted stand. The caller holds the debtor's lock and has kept the agreement."""
    invoices = acceptable(session, debtor, arrangement, now)
    assert arrangement.until is not None
    accepted = Step("debtor", "accepted", arrangement.until, arrangement.amount_minor)
    arrangements.note(session, arrangement, accepted, now)
    arrangements.activate(session, debtor, arrangement, arrangement.until, now)
    off = sum(one.left_minor for one in invoices) - arrangement.amount_minor
    make_offers(session, debtor, arrangement, invoices, off, now)
    close_pages(session, debtor, [one.id for one in invoices], now)
    standings.recount_one(session, debtor.business_id, debtor.id, now)


def make_offers(session: Session, debtor: Debtor, arrangement: Arrangement, invoices: Sequence[OpenInvoice],
                off: int, now: datetime) -> None:
    """Freeze what the settlement takes off each invoice, `off` in all; a discount that stood there gives way to it."""
    assert arrangement.until is not None
    session.execute(
        update(Offer).where(Offer.invoice_id.in_([one.id for one in invoices]), Offer.withdrawn_at.is_(None))
        .values(withdrawn_at=now, ended_as="superseded").execution_options(synchronize_session=False))
    lefts = [one.left_minor for one in invoices]
    deadline = deadline_of(session, debtor, arrangement.until)
    for invoice, part in zip(invoices, spread_off(lefts, off), strict=True):
        if not part:
            continue
        offer = Offer(
            business_id=debtor.business_id, debtor_id=debtor.id, invoice_id=invoice.id, currency=invoice.currency,
            kind=KIND, discount_minor=part, base_minor=invoice.left_minor, deadline=deadline, created_at=now,
            version=arrangement.version, part_effect="keeps")
        session.add(offer)
        session.flush()
        session.add(SettlementOffer(offer_id=offer.id, business_id=debtor.business_id,
                                    arrangement_id=arrangement.id))
    session.flush()


def close_pages(session: Session, debtor: Debtor, invoice_ids: Sequence[int], now: datetime) -> None:
    """Pages that ask for the old price are closed right after the commit; what is paid on one counts all the same."""
    pages = session.execute(
        select(Payment.checkout_session, Payment.stripe_account).distinct()
        .join(PaymentInvoice, PaymentInvoice.payment_id == Payment.id)
        .where(Payment.business_id == debtor.business_id, Payment.debtor_id == debtor.id,
               PaymentInvoice.invoice_id.in_(invoice_ids), PaymentInvoice.open, Payment.checkout_session.is_not(None)))
    for page, account in pages.all():
        if page:
            fact_lookup.ask_later(session, "close_page", page, account or "", now)


def close(session: Session, arrangement: Arrangement, state: str, now: datetime) -> None:
    """Let a settlement be over: it binds nothing any more, and its offers take nothing off from now on."""
    arrangements.end(session, arrangement, state, now)
    mine = select(SettlementOffer.offer_id).where(SettlementOffer.arrangement_id == arrangement.id)
    session.execute(
        update(Offer).where(Offer.id.in_(mine), Offer.withdrawn_at.is_(None))
        .values(withdrawn_at=now, ended_as="withdrawn").execution_options(synchronize_session=False))
