"""A card payment's webhook, beside a bare one that checks the signature and writes an event and two ledger rows."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from sqlalchemy import func, select

from bench import load, turns, yardsticks
from portal.db import Database
from portal.models import LedgerTransfer, Payment, PaymentInvoice, StripeEvent
from proofs.harness import Databases, Figures, say
from tests.cast import WEBHOOK_SECRET, make_business, make_debtor, make_invoice
from tests.stripe.signing import body_of, intent, sign

EACH = int(os.environ.get("BENCH_WEBHOOKS", "150"))
SUFFIXES = {"sqlite": "sqlite", "postgresql": "postgres"}


def against_bare(kind: str, rounds: int) -> Figures:
    """Money arrives for an invoice: the event is stored, the payment booked, its receipt queued, all in one commit."""
    suffix, fewer = SUFFIXES[kind], min(rounds, turns.FEWER)
    beside = ((f"webhook_vs_bare_flask_{suffix}", "webhook", rounds),
              (f"webhook_vs_plain_driver_{suffix}", "plain_webhook", fewer))
    with Databases(kind) as prepared, prepared.opened() as db, prepared.fresh() as other:
        total = EACH * (rounds + fewer + 2)
        say(f"webhooks: preparing {total} payments")
        bodies = _payments(db, total)
        yardsticks.prepare(other)
        figures: Figures = {}
        with turns.portal(_url(db)) as portal:
            for name, yardstick, times in beside:
                mine, bodies = bodies[:EACH * (times + 1)], bodies[EACH * (times + 1):]
                with turns.yardstick(yardstick, other, "/", BENCH_SECRET=WEBHOOK_SECRET) as bare:
                    figures |= _in_turn(name, turns.Side(portal, _sender(portal, mine)),
                                        turns.Side(bare, _sender(bare, mine)), times)
        booked = _booked(db)
    if booked != (total, total):
        raise AssertionError(f"of {total} webhooks {booked} were stored and booked")
    return {**figures, f"webhooks_sent_{suffix}": total, f"webhook_errors_{suffix}": 0}


def _in_turn(name: str, ours: turns.Side, theirs: turns.Side, rounds: int) -> Figures:
    # The first share only warms both.
    ours.send(-1), theirs.send(-1)
    return turns.in_turn(name, ours, theirs, rounds)


def _sender(url: str, bodies: list[bytes]) -> Callable[[int], load.Measured]:
    """Send one round's share of the bodies, signed just before; the round before the first warms up."""

    def send(number: int) -> load.Measured:
        share = bodies[(number + 1) * EACH:(number + 2) * EACH]
        requests = [load.post(url, "/webhooks/stripe", {
            "Content-Type": "application/json", "Stripe-Signature": sign(body), **turns.visitor(number)}, body)
            for body in share]
        return load.all_of(url, requests, connections=turns.CONNECTIONS)

    return send


def _payments(db: Database, count: int) -> list[bytes]:
    """Many debtors who each have one invoice and one open checkout for it."""
    now = datetime.now(UTC)
    bodies = []
    with db.transaction() as session:
        business = make_business(session, created_at=now)
    for start in range(0, count, 100):
        with db.transaction() as session:
            for number in range(start, min(start + 100, count)):
                debtor = make_debtor(session, business, created_at=now)
                invoice = make_invoice(session, debtor, 100_00, now=now)
                payment = Payment(
                    business_id=business.id, debtor_id=debtor.id, number=f"P-BENCH-{number}", channel="checkout",
                    state="open", currency="USD", amount_minor=100_00, created_at=now,
                    expires_at=now + timedelta(hours=1))
                session.add(payment)
                session.flush()
                session.add(PaymentInvoice(
                    payment_id=payment.id, invoice_id=invoice.id, business_id=business.id, debtor_id=debtor.id,
                    position=0, amount_minor=100_00, discount_minor=0, open=True))
                bodies.append(body_of("payment_intent.succeeded", _as_stripe_sends_it(payment)))
    return bodies


def _as_stripe_sends_it(payment: Payment) -> dict[str, object]:
    """A payment intent of the size Stripe's are."""
    return intent(
        payment, application=None, amount_capturable=0, amount_details={"tip": {}}, automatic_payment_methods=None,
        capture_method="automatic_async", client_secret=f"pi_{payment.public_id}_secret",
        confirmation_method="automatic",
        created=int(payment.created_at.timestamp()), customer=None, description=None, livemode=False,
        next_action=None, payment_method=f"pm_{payment.public_id}", payment_method_types=["card", "link"],
        payment_method_options={"card": {"installments": None, "request_three_d_secure": "automatic"}},
        receipt_email=None, setup_future_usage=None, shipping=None, source=None, statement_descriptor=None,
        transfer_data=None, transfer_group=None)


def _booked(db: Database) -> tuple[int, int]:
    with db.reading() as session:
        events = session.scalar(select(func.count()).select_from(StripeEvent)) or 0
        money = session.scalar(
            select(func.count()).select_from(LedgerTransfer).where(LedgerTransfer.kind == "payment")) or 0
    return events, money


def _url(db: Database) -> str:
    return db.engine.url.render_as_string(hide_password=False)
