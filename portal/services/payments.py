"""What a debtor does to pay: see a quote, start a checkout, announce a transfer, ask how a payment stands."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.domain.access import Access
from portal.domain.errors import Refusal
from portal.domain.quotes import NO_GRACE, Choice, Quote, quote
from portal.gateways.stripe import StripeRefused, StripeUnknown
from portal.models import Business, Debtor, Hold, Payment, PaymentInvoice, PortalLink, lock_debtor
from portal.models.payments import OPEN_STATES
from portal.runtime import Runtime
from portal.services import announced, attempts, audit, debts, limitation, offer_changes, policies

ALPHABET = "23456789ABCDEFGHJKMNPQRSTVWXYZ"
REUSE_MARGIN = timedelta(minutes=10)
ROUNDS = 3


def new_number(prefix: str = "P") -> str:
    """Make a number people can read out; it tells nobody how many payments there are."""
    letters = "".join(secrets.choice(ALPHABET) for _ in range(8))
    return f"{prefix}-{letters[:4]}-{letters[4:]}"


def quote_for(rt: Runtime, access: Access, choice: Choice) -> Quote:
    """Work out what a choice costs this reader now."""
    with rt.db.reading() as session:
        return _quote(session, access, choice, rt.now())


def _quote(session: Session, access: Access, choice: Choice, now: datetime, grace: timedelta = NO_GRACE) -> Quote:
    policy = policies.in_force(session, access.business_id)
    smallest = debts.minimum_part(policy, choice.currency)
    if access.pay_only:
        smallest = 0
    return quote(debts.open_invoices(session, access), choice, now=now, minimum_part=smallest, grace=grace)


@dataclass(frozen=True)
class _Way:
    """What starting a payment came to: a page to reuse, attempts to close first, or a new attempt."""

    url: str | None = None
    close: tuple[Payment, ...] = ()
    payment_id: int | None = None


def start_checkout(rt: Runtime, access: Access, choice: Choice, *, expected_total_minor: int,
                   notice: str = "") -> str:
    """Start paying by Stripe and give the address of its hosted page.

    `expected_total_minor` is what the debtor was shown, `notice` the fingerprint of the notice beside it, if there was
    one; should the price have changed since, nothing starts. Raises Refusal: quote_changed, notice_first,
    payment_processing, stripe_unreachable, stripe_refused and those of a quote.
    """
    for _ in range(ROUNDS):
        now = rt.now()
        way = rt.db.run(lambda session: _prepare(
            rt, session, access, choice, expected_total_minor, notice, now))  # noqa: B023
        if way.url:
            return way.url
        if way.payment_id is not None:
            url = open_checkout(rt, way.payment_id)
            if url:
                return url
        for old in way.close:
            close_attempt(rt, old)
    raise Refusal("conflict", "payment_in_the_way")


def _prepare(rt: Runtime, session: Session, access: Access, choice: Choice, expected: int, notice: str,
             now: datetime) -> _Way:
    lock_debtor(session, access.business_id, access.debtor_id)
    _refuse_revoked(session, access, now)
    price = _quote(session, access, choice, now)
    if price.total_minor != expected:
        price = _shown_price(session, access, choice, price, expected, now)
    if _beyond_link(session, access, price):
        raise Refusal("conflict", "quote_changed", currency=price.currency, total=price.total_minor)
    standing = _open_attempts(session, price)
    # A charge of the job has no page that could be closed: it is decided within moments, and then asked again.
    if any(payment.state == "processing" or payment.channel == "off_session" for payment, _ in standing):
        raise Refusal("conflict", "payment_processing")
    for payment, lines in standing:
        lasting = payment.expires_at is not None and payment.expires_at - now > REUSE_MARGIN
        if lasting and _same(payment, lines, price, access):
            # A second press before Stripe's answer joins the first: the same key gives both the same page.
            return _Way(url=payment.checkout_url, payment_id=payment.id)
    if standing:
        return _Way(close=tuple(payment for payment, _ in standing))
    shown = limitation.check_payment(session, access, price, notice, now)
    made = _create(rt, session, access, price, now)
    limitation.keep(session, access, shown, limitation.PAYMENT, made.public_id, now)
    return _Way(payment_id=made.id)


def _shown_price(session: Session, access: Access, choice: Choice, price: Quote, expected: int, now: datetime) -> Quote:
    """Give the price somebody was shown, if a discount in it ended only moments ago; else say why it is another."""
    late = _quote(session, access, choice, now, grace=policies.in_force(session, access.business_id).discount_grace)
    if late.total_minor == expected:
        return late
    ids = [line.invoice.id for line in price.lines]
    raise offer_changes.why_changed(session, ids, now, currency=price.currency, total=price.total_minor)


def _refuse_revoked(session: Session, access: Access, now: datetime) -> None:
    """A link revoked while its page was open starts nothing any more."""
    link = session.get(PortalLink, access.link_id)
    if link is None or link.revoked_at is not None or link.expires_at <= now:
        raise Refusal("gone", "link_ended")


def _beyond_link(session: Session, access: Access, price: Quote) -> bool:
    """Whether a link for a fixed sum would bring in more than that sum, counting what it has brought in already."""
    link = session.get_one(PortalLink, access.link_id)
    return access.pay_only and price.total_minor > (link.amount_minor or 0) - paid_by(session, link)


def paid_by(session: Session, link: PortalLink) -> int:
    """Tell how much has come in by a link and stayed, in minor units."""
    rows = session.execute(select(Payment.captured_minor, Payment.returned_minor).where(
        Payment.business_id == link.business_id, Payment.link_id == link.id, Payment.captured_minor > 0))
    return sum(max(0, captured - returned) for captured, returned in rows)


def _open_attempts(session: Session, price: Quote) -> list[tuple[Payment, list[PaymentInvoice]]]:
    wanted = [line.invoice.id for line in price.lines]
    ids = select(PaymentInvoice.payment_id).where(PaymentInvoice.invoice_id.in_(wanted), PaymentInvoice.open)
    payments = session.scalars(select(Payment).where(Payment.id.in_(ids), Payment.state.in_(OPEN_STATES))
                               .order_by(Payment.id)).all()
    if not payments:
        return []
    lines = session.scalars(select(PaymentInvoice).where(
        PaymentInvoice.payment_id.in_([payment.id for payment in payments]))).all()
    return [(payment, [line for line in lines if line.payment_id == payment.id]) for payment in payments]


def _same(payment: Payment, lines: list[PaymentInvoice], price: Quote, access: Access) -> bool:
    # A link for somebody else never leads to a page the debtor opened, nor the other way round.
    return (_same_lines(lines, price) and payment.currency == price.currency
            and payment.link_id == access.link_id)


def _same_lines(lines: list[PaymentInvoice], price: Quote) -> bool:
    mine = {(line.invoice_id, line.amount_minor, line.discount_minor, line.offer_id) for line in lines}
    return mine == {(line.invoice.id, line.pay_minor, line.discount_minor, line.offer_id) for line in price.lines}


def _create(rt: Runtime, session: Session, access: Access, price: Quote, now: datetime) -> Payment:
    business = session.get_one(Business, access.business_id)
    policy = policies.in_force(session, access.business_id)
    payment = Payment(
        business_id=access.business_id, debtor_id=access.debtor_id, number=new_number(), channel="checkout",
        state="created", currency=price.currency, amount_minor=price.total_minor, link_id=access.link_id,
        stripe_account=business.stripe_account, created_at=now, ask_at=now + attempts.UNKNOWN_ASK,
        expires_at=attempts.page_closes_at(now, price.earliest_deadline, policy.discount_grace))
    session.add(payment)
    session.flush()
    payment.request = request_of(rt, payment, business, session.get_one(Debtor, access.debtor_id).locale)
    for position, line in enumerate(price.lines):
        session.add(PaymentInvoice(
            payment_id=payment.id, invoice_id=line.invoice.id, business_id=access.business_id,
            debtor_id=access.debtor_id, position=position, amount_minor=line.pay_minor,
            discount_minor=line.discount_minor, offer_id=line.offer_id, open=True))
    audit.record(session, at=now, actor=audit.Actor("debtor", access.link_public_id), act="payment.started",
                 business_id=access.business_id, debtor_id=access.debtor_id,
                 target=f"payment:{payment.public_id}", amount=payment.amount_minor)
    session.flush()
    return payment


def request_of(rt: Runtime, payment: Payment, business: Business, locale: str) -> dict[str, Any]:
    """The exact words to Stripe. Metadata holds ids only; the price is the server's."""
    assert payment.expires_at is not None
    back = f"{rt.settings.base_url}/payments/{payment.public_id}"
    metadata = {"payment": payment.public_id}
    return {
        "mode": "payment", "client_reference_id": payment.public_id, "metadata": metadata,
        "payment_intent_data": {"metadata": metadata},
        "line_items": [{"quantity": 1, "price_data": {
            "currency": payment.currency.lower(), "unit_amount": payment.amount_minor,
            "product_data": {"name": f"{business.name}, {payment.number}"}}}],
        "adaptive_pricing": {"enabled": False}, "locale": "es" if locale.startswith("es") else "en",
        "expires_at": int(payment.expires_at.timestamp()), "success_url": f"{back}?returned=paid",
        "cancel_url": back,
    }


def open_checkout(rt: Runtime, payment_id: int) -> str | None:
    """Give the address of a payment's hosted page; None when it is open no more. Raises Refusal as start_checkout()."""
    try:
        page = attempts.open_page(rt, payment_id)
    except StripeRefused as refusal:
        raise Refusal("conflict", "stripe_refused") from refusal
    except StripeUnknown as silence:
        raise Refusal("conflict", "stripe_unreachable") from silence
    return page.url or None if page is not None and page.status == "open" else None


def close_attempt(rt: Runtime, old: Payment) -> None:
    """Make an earlier attempt unpayable before a new one starts, or book it if it was paid meanwhile."""
    try:
        page = attempts.open_page(rt, old.id)
        if page is not None and page.session:
            attempts.close_page(rt, page.session, old.stripe_account)
    except StripeUnknown as silence:
        raise Refusal("conflict", "stripe_unreachable") from silence
    except StripeRefused:
        # The attempt never came to be at Stripe, and open_page has closed our row.
        return


def transfer_reference(business: Business, debtor: Debtor) -> str:
    """Give the words by which a transfer is recognized; the same for every transfer of a debtor."""
    letters = "".join(word[0] for word in business.name.upper().replace("&", " ").split() if word[0].isalnum())
    return f"{letters[:3]} {debtor.number} {debtor.public_id[:4].upper().replace('-', 'X').replace('_', 'Y')}"[:40]


@dataclass(frozen=True)
class TransferDetails:
    """What a debtor needs to send a bank transfer, and how long reminders will wait for it."""

    quote: Quote
    reference: str
    wait_days: int


def transfer_details(rt: Runtime, access: Access, choice: Choice) -> TransferDetails:
    """Give the sum and the reference for a bank transfer."""
    with rt.db.reading() as session:
        policy = policies.in_force(session, access.business_id)
        if not policy.bank_transfer:
            raise Refusal("not_found", "unknown_page")
        price = _quote(session, access, choice, rt.now())
        business = session.get_one(Business, access.business_id)
        reference = transfer_reference(business, session.get_one(Debtor, access.debtor_id))
    return TransferDetails(price, reference, policy.transfer_wait_days)


def announce_transfer(rt: Runtime, access: Access, choice: Choice, *, notice: str = "") -> str:
    """Note that the debtor says a bank transfer is sent; reminders wait. Pressed twice, it is one transfer.

    Raises Refusal notice_first for who was not shown the notice about old debts, and those of a quote.
    """
    now = rt.now()
    return rt.db.run(lambda session: _announce(session, access, choice, notice, now))


def _announce(session: Session, access: Access, choice: Choice, notice: str, now: datetime) -> str:
    debtor = lock_debtor(session, access.business_id, access.debtor_id)
    assert debtor is not None
    _refuse_revoked(session, access, now)
    price = _quote(session, access, choice, now)
    policy = policies.in_force(session, access.business_id)
    wait = timedelta(days=policy.transfer_wait_days)
    known = _told_before(session, access, price, now - wait)
    if known is not None:
        return known.public_id
    shown = limitation.check_payment(session, access, price, notice, now)
    business = session.get_one(Business, access.business_id)
    payment = Payment(
        business_id=access.business_id, debtor_id=access.debtor_id, number=new_number(), channel="transfer",
        state="announced", currency=price.currency, amount_minor=price.total_minor, link_id=access.link_id,
        reference=transfer_reference(business, debtor), created_at=now)
    session.add(payment)
    session.flush()
    for position, line in enumerate(price.lines):
        session.add(PaymentInvoice(
            payment_id=payment.id, invoice_id=line.invoice.id, business_id=access.business_id,
            debtor_id=access.debtor_id, position=position, amount_minor=line.pay_minor,
            discount_minor=line.discount_minor, offer_id=line.offer_id))
        session.add(Hold(
            business_id=access.business_id, debtor_id=access.debtor_id, invoice_id=line.invoice.id, reminders=True,
            fees=True, cause="transfer", cause_id=payment.public_id, starts_at=now,
            until=now + wait))
    audit.record(session, at=now, actor=audit.Actor("debtor", access.link_public_id), act="transfer.announced",
                 business_id=access.business_id, debtor_id=access.debtor_id,
                 target=f"payment:{payment.public_id}", amount=payment.amount_minor)
    limitation.keep(session, access, shown, limitation.PAYMENT, payment.public_id, now)
    return payment.public_id


def _told_before(session: Session, access: Access, price: Quote, since: datetime) -> Payment | None:
    """Find the announcement of this same money for the same invoices that is still waited for."""
    waiting = session.scalars(select(Payment).where(
        Payment.debtor_id == access.debtor_id, Payment.channel == "transfer", Payment.state == "announced",
        Payment.currency == price.currency, Payment.amount_minor == price.total_minor, Payment.created_at > since)
        .order_by(Payment.id)).all()
    lines = announced.lines_of(session, waiting)
    return next((one for one in waiting if _same_lines(lines[one.id], price)), None)


def ask_stripe(rt: Runtime, access: Access, payment_public_id: str) -> None:
    """Ask Stripe how one of the reader's own payments stands, and book the answer."""
    with rt.db.reading() as session:
        payment = session.scalars(select(Payment).where(
            Payment.public_id == payment_public_id, Payment.business_id == access.business_id,
            Payment.debtor_id == access.debtor_id)).one_or_none()
    if payment is None or (access.pay_only and payment.link_id != access.link_id):
        raise Refusal("not_found", "unknown_payment")
    try:
        if payment.state in ("created", "unknown"):
            attempts.open_page(rt, payment.id)
        elif payment.checkout_session:
            attempts.look_up(rt, payment.checkout_session, payment.stripe_account)
    except StripeUnknown as silence:
        raise Refusal("conflict", "stripe_unreachable") from silence
    except StripeRefused:
        return
