"""The notice before each debit: what is charged, when, told as early as was promised; only then is a try planned.

A sweep: it looks at every installment that is charged by itself and has no try before it yet.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta

from sqlalchemy import and_, select
from sqlalchemy.orm import Session

from portal import logs
from portal.domain import autopay
from portal.domain.autopay import Debit
from portal.models import (
    Arrangement,
    AutopayMandate,
    DebitNotice,
    Installment,
    InstallmentPayment,
    Plan,
    SavedMethod,
    lock_debtor,
)
from portal.runtime import Runtime
from portal.services import arrangements, autopay_look, autopay_mail, mandates, plan_money

BATCH = 400
# No notice is sent earlier than this before its debit, whatever a business asks for.
FURTHEST_DAYS = 45


def prepare(rt: Runtime) -> int:
    """Tell every debtor of the debits to come, and plan their tries; returns how many were told or planned."""
    done, after = end_orphans(rt), 0
    while True:
        soon, after = _candidates(rt, after)
        for installment_id in soon:
            done += _prepare_alone(rt, installment_id)
        if not after:
            return done


def _candidates(rt: Runtime, after: int) -> tuple[Sequence[int], int]:
    """Give what may have to be told now, and where the next batch begins; 0 when there is none."""
    now = rt.now()
    with rt.db.reading() as session:
        found = session.execute(
            select(Installment.id, Installment.position, Installment.due_on,
                   Installment.amount_minor - Installment.paid_minor, AutopayMandate.schedule,
                   AutopayMandate.notice_days)
            .join(Plan, Plan.arrangement_id == Installment.arrangement_id)
            .join(AutopayMandate, and_(AutopayMandate.arrangement_id == Installment.arrangement_id,
                                       AutopayMandate.state == "active"))
            .where(Installment.state == "open", Installment.due_on <= (now + timedelta(days=FURTHEST_DAYS)).date(),
                   Installment.try_at.is_(None), Installment.claim_token.is_(None), Installment.id > after,
                   Plan.autopay)
            .order_by(Installment.id).limit(BATCH)).all()
    # East of us it is tomorrow already; most of what is to come is passed over here, without a lock.
    tomorrow = (now + timedelta(days=1)).date()
    soon = [id for id, position, due_on, left, schedule, days in found
            if autopay.debit(schedule, position, due_on, left, days).tell_on <= tomorrow]
    return soon, found[-1][0] if len(found) == BATCH else 0


def _prepare_alone(rt: Runtime, installment_id: int) -> int:
    now = rt.now()
    try:
        return int(rt.db.run(lambda session: _prepare(session, installment_id, now)))
    except Exception as error:
        # One that cannot be worded must not keep all others from being told.
        logs.failed(error, installment=str(installment_id))
        return 0


def _prepare(session: Session, installment_id: int, now: datetime) -> bool:
    installment = session.get_one(Installment, installment_id)
    debtor = lock_debtor(session, installment.business_id, installment.debtor_id)
    assert debtor is not None
    plan_money.follow(session, debtor.business_id, debtor.id, now)
    session.refresh(installment)
    mandate = mandates.of_plan(session, installment.business_id, installment.arrangement_id)
    amount = installment.amount_minor - installment.paid_minor
    if (mandate is None or mandate.state != "active" or mandate.saved_method_id is None or amount <= 0
            or installment.state != "open" or installment.try_at is not None or _under_way(session, installment)):
        return False
    zone = arrangements.zone_of(session, debtor)
    today = now.astimezone(zone).date()
    notice = autopay_look.valid_notice(session, installment, amount, today)
    if notice is not None:
        if autopay_look.tries_since(session, installment, notice.made_at):
            # It was tried as often as the rules let it; mending it is for its payer now.
            return False
        installment.try_at = autopay.charge_at(notice.due_on, zone)
        return True
    debit = _debit(mandate, installment, amount, today)
    if today < debit.tell_on:
        return False
    _tell(session, installment, session.get_one(SavedMethod, mandate.saved_method_id), debit, now)
    installment.try_at = autopay.charge_at(debit.due_on, zone)
    session.flush()
    return True


def _debit(mandate: AutopayMandate, installment: Installment, amount: int, today: date) -> Debit:
    """The debit that can be told now: on its own day, or as soon as its notice has been out long enough."""
    debit = autopay.debit(mandate.schedule, installment.position, installment.due_on, amount, mandate.notice_days)
    if debit.due_on >= today + timedelta(days=debit.days):
        return debit
    first = autopay.debit(mandate.schedule, installment.position, today, amount, mandate.notice_days)
    if first.changed == "day" and not debit.changed:
        # Too late for its own day by a little: it happens as soon as the usual notice lets it.
        first = debit
    return Debit(today + timedelta(days=first.days), amount, first.changed, first.days)


def _under_way(session: Session, installment: Installment) -> bool:
    return session.scalar(select(InstallmentPayment.payment_id).where(
        InstallmentPayment.installment_id == installment.id, InstallmentPayment.open).limit(1)) is not None


def _tell(session: Session, installment: Installment, method: SavedMethod, debit: Debit, now: datetime) -> None:
    message = autopay_mail.tell_before(session, now, installment, method, debit)
    session.add(DebitNotice(
        business_id=installment.business_id, debtor_id=installment.debtor_id, installment_id=installment.id,
        due_on=debit.due_on, amount_minor=debit.amount_minor, changed=debit.changed, days=debit.days,
        message_id=message.id, made_at=now))
    session.flush()


def end_orphans(rt: Runtime) -> int:
    """End the permissions of plans that are over, whoever ended them; returns how many."""
    now = rt.now()
    with rt.db.reading() as session:
        found = session.execute(
            select(AutopayMandate.id, AutopayMandate.business_id, AutopayMandate.debtor_id)
            .join(Arrangement, Arrangement.id == AutopayMandate.arrangement_id)
            .where(AutopayMandate.state != "ended", Arrangement.state.in_(("kept", "broken", "ended", "withdrawn")))
            .limit(BATCH)).all()

    def work(session: Session, mandate_id: int, business_id: int, debtor_id: int) -> None:
        lock_debtor(session, business_id, debtor_id)
        mandates.end(session, session.get_one(AutopayMandate, mandate_id, populate_existing=True), "plan", now)

    for row in found:
        rt.db.run(lambda session, row=row: work(session, *row))  # type: ignore[misc]
    return len(found)
