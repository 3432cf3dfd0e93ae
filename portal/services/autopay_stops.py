"""When nothing may be charged by itself anywhere: after a restored backup, or by hand, until the books are whole again.

A backup that was restored has forgotten charges. Stripe has not: before each charge it is asked what it took from this
customer of late, and a single payment we do not know stops all automatic charging until somebody has looked.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from portal.domain.errors import Refusal
from portal.models import AutopayMandate, AutopayStop, Payment, StripeCustomer, SuspenseItem
from portal.runtime import Runtime
from portal.services import audit, inbox, reconciliation

# Longer than any backup should be old.
LOOK_BACK = timedelta(days=35)
REASONS = ("restored", "forgotten", "by_hand")


def forgot(rt: Runtime, customer: StripeCustomer) -> bool:
    """Ask whether Stripe took money from a customer by a payment that is not in our books; if so, stop everywhere.

    Raises StripeUnknown, StripeRefused.
    """
    assert customer.customer is not None
    told = rt.stripe.charged_for(customer=customer.customer, since=rt.now() - LOOK_BACK,
                                 account=customer.account or None)
    with rt.db.reading() as session:
        if not _unknown(session, told):
            return False
    stop(rt, "forgotten")
    return True


def _unknown(session: Session, payment_ids: Iterable[str]) -> set[str]:
    wanted = set(payment_ids)
    known = set(session.scalars(select(Payment.public_id).where(Payment.public_id.in_(wanted)))) if wanted else set()
    return wanted - known


def stop(rt: Runtime, reason: str, actor: audit.Actor = audit.COMMAND_LINE) -> None:
    """Stop all automatic charging; stopped twice for one reason it is stopped."""
    now = rt.now()

    def work(session: Session) -> None:
        if session.scalar(select(AutopayStop.id).where(
                AutopayStop.reason == reason, AutopayStop.released_at.is_(None))) is not None:
            return
        session.add(AutopayStop(reason=reason, at=now))
        session.flush()
        audit.record(session, at=now, actor=actor, act="autopay.stopped", business_id=None, reason=reason)

    rt.db.run(work)


def standing(rt: Runtime) -> list[tuple[str, datetime]]:
    """List why automatic charging is stopped, and since when; none when it runs."""
    with rt.db.reading() as session:
        return [(reason, at) for reason, at in session.execute(
            select(AutopayStop.reason, AutopayStop.at).where(AutopayStop.released_at.is_(None))
            .order_by(AutopayStop.id))]


def resume(rt: Runtime) -> int:
    """Let automatic charging go on once the books are whole: every event Stripe still keeps is booked first.

    Returns how many were new. Raises Refusal autopay_reconcile_first while a business has not been held against Stripe
    since charging was stopped (`flask reconcile --all`), and autopay_suspense while money that our books had forgotten
    waits for somebody to say whose it is: until then an installment may look unpaid that is paid.
    """
    caught = inbox.catch_up_wide(rt)
    now = rt.now()
    rt.db.run(lambda session: _resume(session, now))
    return caught


def _resume(session: Session, now: datetime) -> None:
    since = session.scalar(select(func.max(AutopayStop.at)).where(
        AutopayStop.released_at.is_(None), AutopayStop.reason != "by_hand"))
    charging = session.scalars(select(AutopayMandate.business_id).where(
        AutopayMandate.state != "ended").distinct()).all()
    for business_id in charging if since is not None else ():
        looked = reconciliation.reconciled_since(session, business_id)
        if looked is None or (since is not None and looked < since):
            raise Refusal("conflict", "autopay_reconcile_first")
    waiting = session.scalar(select(func.count()).select_from(SuspenseItem).where(
        SuspenseItem.resolved_at.is_(None), SuspenseItem.reason == "unknown_payment")) or 0
    if waiting:
        raise Refusal("conflict", "autopay_suspense", n=waiting)
    freed = session.execute(update(AutopayStop).where(AutopayStop.released_at.is_(None)).values(released_at=now)
                            .execution_options(synchronize_session=False))
    if freed.rowcount:  # type: ignore[attr-defined]
        audit.record(session, at=now, actor=audit.COMMAND_LINE, act="autopay.resumed", business_id=None)
