"""Proposes a changed plan where a running one no longer covers all that is owed; the debtor signs it or not.

Until then the old plan runs on, and nobody asks for what came on top. Signed, the new one takes its place; left
unsigned or taken back, what came on top is owed beside the plan like any other debt.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session, aliased

from portal.domain.errors import Refusal
from portal.domain.ledger import RECEIVABLE
from portal.domain.plan_renewal import most_of, renewed
from portal.domain.plan_terms import Wish, check_law
from portal.domain.schedules import FREQUENCIES, Part
from portal.models import (
    Arrangement,
    ArrangementInvoice,
    Business,
    Debtor,
    Hold,
    Installment,
    LedgerAccount,
    Plan,
    lock_debtor,
)
from portal.models.base import fixed
from portal.runtime import Runtime
from portal.services import (
    arrangements,
    plan_answers,
    plan_beside,
    plan_mail,
    plan_money,
    plan_scope,
    plans,
    policies,
    standings,
)
from portal.services.arrangements import Step
from portal.services.audit import Actor, record

BATCH = 200
WORKER = Actor("job", "renew_plans")


def renew(rt: Runtime) -> int:
    """Look at every running plan beside which something is owed, and at what was proposed for it; returns how many
    changed."""
    now, changed, after = rt.now(), 0, 0
    while True:
        found = _due(rt, after)
        changed += sum(_look_at(rt, *row, now) for row in found)
        if len(found) < BATCH:
            return changed
        after = found[-1][0]


def _due(rt: Runtime, after: int) -> list[tuple[int, int, int]]:
    """Name the next plans to look at, in the order of their ids: (arrangement, business, debtor)."""
    owed = (
        select(func.coalesce(func.sum(LedgerAccount.debits - LedgerAccount.credits), 0))
        .join(ArrangementInvoice, ArrangementInvoice.invoice_id == LedgerAccount.invoice_id)
        .where(ArrangementInvoice.arrangement_id == Plan.arrangement_id, LedgerAccount.kind == fixed(RECEIVABLE))
        .scalar_subquery())
    asked = (
        select(func.coalesce(func.sum(Installment.amount_minor - Installment.paid_minor), 0))
        .where(Installment.arrangement_id == Plan.arrangement_id, Installment.state == "open").scalar_subquery())
    change, waits = aliased(Plan), aliased(Arrangement)
    proposed = (
        select(change.replaces_id).join(waits, waits.id == change.arrangement_id)
        .where(change.replaces_id.is_not(None), change.signed_at.is_(None), waits.state.in_(arrangements.WAITING)))
    in_part = select(Hold.cause_id).where(
        Hold.business_id == Plan.business_id, Hold.debtor_id == Plan.debtor_id, Hold.cause == plans.KIND,
        Hold.released_at.is_(None), Hold.amount_minor.is_not(None))
    with rt.db.reading() as session:
        rows = session.execute(
            select(Plan.arrangement_id, Plan.business_id, Plan.debtor_id)
            .join(Arrangement, Arrangement.id == Plan.arrangement_id)
            .where(Plan.arrangement_id > after, Plan.signed_at.is_not(None),
                   or_(Plan.arrangement_id.in_(proposed),
                       (Arrangement.state == "active") & or_(owed > asked, Arrangement.public_id.in_(in_part))))
            .order_by(Plan.arrangement_id).limit(BATCH))
        return [(row.arrangement_id, row.business_id, row.debtor_id) for row in rows]


def _look_at(rt: Runtime, arrangement_id: int, business_id: int, debtor_id: int, now: datetime) -> int:
    def work(session: Session) -> int:
        debtor = lock_debtor(session, business_id, debtor_id)
        if debtor is None:
            return 0
        old = session.get_one(Arrangement, arrangement_id, populate_existing=True)
        plan = session.get_one(Plan, arrangement_id, populate_existing=True)
        plan_money.follow(session, business_id, debtor_id, now)
        return int(look(session, debtor, old, plan, now))

    return rt.db.run(work)


def look(session: Session, debtor: Debtor, old: Arrangement, plan: Plan, now: datetime) -> bool:
    """Bring what is proposed in line with what is owed; the caller holds the lock and let the plan follow."""
    newest = newest_of(session, plan)
    waiting = newest if newest is not None and newest[0].state in arrangements.WAITING else None
    if old.state != "active":
        return _drop(session, debtor, waiting, now)
    found = plan_beside.beside(session, plan)
    if found is None or plans.under_way(session, old.id):
        return False
    extra = sum(more for _, more in found.values())
    if not extra and newest is not None and waiting is None:
        # What they once did not sign is settled: the next time it is proposed anew.
        newest[1].added_minor = 0
    terms = _terms(session, debtor, old, plan, extra, now) if extra else None
    if terms is None:
        dropped = _drop(session, debtor, waiting, now)
        return _rest(session, old, found if extra else {}, now) or dropped
    if waiting is not None:
        return _renew(session, debtor, *waiting, terms, extra, now)
    if newest is not None and (newest[1].added_minor or 0) >= extra:
        # They know it and have not signed: what came on top is asked for like any debt.
        return _rest(session, old, found, now)
    _rest(session, old, {}, now)
    _propose(session, debtor, old, plan, terms, extra, now)
    return True


def newest_of(session: Session, plan: Plan) -> tuple[Arrangement, Plan] | None:
    """Find what was proposed last in the place of a plan."""
    row = session.execute(
        select(Arrangement, Plan).join(Plan, Plan.arrangement_id == Arrangement.id)
        .where(Plan.business_id == plan.business_id, Plan.replaces_id == plan.arrangement_id)
        .order_by(Arrangement.id.desc()).limit(1).execution_options(populate_existing=True)).one_or_none()
    return None if row is None else (row[0], row[1])


def _terms(session: Session, debtor: Debtor, old: Arrangement, plan: Plan, extra: int, now: datetime) -> Wish | None:
    """Work out the changed plan; None where nothing of the old one is left, or the law asks for a person."""
    rows = plans.installments(session, old.id)
    left = [Part(row.due_on, row.amount_minor - row.paid_minor) for row in rows if row.state == "open"]
    if not left:
        return None
    business = session.get_one(Business, debtor.business_id)
    consumer = debtor.kind == "consumer"
    usual = max(row.amount_minor for row in rows if row.position > 1 or not plan.down_minor or len(rows) == 1)
    down, parts = renewed(
        left, extra, plan.currency, plan.frequency, usual=usual, most=most_of(consumer),
        today=arrangements.today(session, debtor, now), is_open=plan_scope.working_days(debtor, business))
    try:
        check_law(policies.in_force(session, business.id).plan_rules, len(parts), consumer=consumer,
                  by_person=old.staff_id is not None)
    except Refusal:
        return None
    frequency = next((one for one in FREQUENCIES if one == plan.frequency), None)
    return Wish(frequency, down_minor=down, parts=parts, autopay=plan.autopay)


def _propose(session: Session, debtor: Debtor, old: Arrangement, plan: Plan, wish: Wish, extra: int,
             now: datetime) -> None:
    total = sum(part.amount_minor for part in wish.parts)
    made = arrangements.open_one(
        session, debtor, plans.KIND, arrangements.covered(session, old), now, asked_until=wish.parts[-1].due_on,
        currency=plan.currency, amount_minor=total)
    made.state, made.staff_id, made.decided_at = "countered", old.staff_id, now
    terms = plans.as_terms(wish, wish.parts)
    arrangements.note(session, made, Step("rules", "countered", wish.parts[-1].due_on, total, terms=terms), now)
    days = policies.in_force(session, debtor.business_id).plan_rules.proposal_days
    session.add(Plan(
        arrangement_id=made.id, business_id=debtor.business_id, debtor_id=debtor.id, currency=plan.currency,
        kind=plan.kind, frequency=plan.frequency, count=len(wish.parts), total_minor=total, down_minor=wish.down_minor,
        first_on=wish.parts[0].due_on, last_on=wish.parts[-1].due_on, autopay=plan.autopay, terms=terms,
        rules=plan.rules, grace_days=plan.grace_days, cure_days=plan.cure_days, proposed_by="staff",
        version=made.version, expires_at=now + timedelta(days=days), replaces_id=old.id, added_minor=extra,
        # One email tells of it; the plan they have goes on without their answer.
        reminded_at=now, moves_used=plan.moves_used, skips_used=plan.skips_used))
    session.flush()
    plan_mail.tell_debtor(session, now, made, "plan_outgrown", until=session.get_one(Plan, made.id).expires_at,
                          amount_minor=extra)
    _record(session, debtor, made, "plan.outgrown", now, extra=extra, currency=plan.currency)


def _renew(session: Session, debtor: Debtor, made: Arrangement, plan: Plan, wish: Wish, extra: int,
           now: datetime) -> bool:
    """Let a proposal follow what came in meanwhile; whoever has read an older one is told when they sign it."""
    if (plans.parts_of(plan.terms), plan.down_minor, plan.added_minor) == (wish.parts, wish.down_minor, extra):
        return False
    plan_answers.put_terms(plan, Wish(wish.frequency, down_minor=wish.down_minor, parts=wish.parts,
                                      autopay=plan.autopay), wish.parts)
    plan.added_minor, made.amount_minor, made.asked_until = extra, plan.total_minor, plan.last_on
    arrangements.note(session, made, Step("rules", "moved", plan.last_on, plan.total_minor, terms=plan.terms), now)
    plan.version = made.version
    _record(session, debtor, made, "plan.renewed", now, extra=extra, currency=plan.currency)
    return True


def _drop(session: Session, debtor: Debtor, waiting: tuple[Arrangement, Plan] | None, now: datetime) -> bool:
    """End a proposal that nothing needs any more."""
    if waiting is None:
        return False
    arrangements.note(session, waiting[0], Step("rules", "ended"), now)
    arrangements.end(session, waiting[0], "ended", now)
    # What is proposed for the same reason later is told anew.
    waiting[1].added_minor = 0
    _record(session, debtor, waiting[0], "plan.change_dropped", now)
    return True


def _rest(session: Session, old: Arrangement, found: dict[int, tuple[int, int]], now: datetime) -> bool:
    """Let reminders and fees rest for what the plan covers of each invoice, and for all of it where nothing is
    owed beside it."""
    held = {hold.invoice_id: hold for hold in session.scalars(select(Hold).where(
        Hold.business_id == old.business_id, Hold.cause == plans.KIND, Hold.cause_id == old.public_id,
        Hold.released_at.is_(None)))}
    reminders, fees, autopay = arrangements.RESTS[plans.KIND]
    changed = False
    for invoice_id in arrangements.covered(session, old):
        still, more = found.get(invoice_id, (0, 0))
        wanted, hold = (still if more else None), held.get(invoice_id)
        if wanted == (0 if hold is None else hold.amount_minor):
            continue
        changed = True
        if hold is None:
            session.add(Hold(
                business_id=old.business_id, debtor_id=old.debtor_id, invoice_id=invoice_id, amount_minor=wanted,
                reminders=reminders, fees=fees, autopay=autopay, cause=plans.KIND, cause_id=old.public_id,
                starts_at=now))
        elif wanted == 0:
            hold.released_at = now
        else:
            hold.amount_minor = wanted
    if changed:
        session.flush()
        extra = sum(more for _, more in found.values())
        _record(session, session.get_one(Debtor, old.debtor_id), old, "plan.beside", now, extra=extra)
    return changed


def _record(session: Session, debtor: Debtor, arrangement: Arrangement, act: str, now: datetime,
            **details: object) -> None:
    record(session, at=now, actor=WORKER, act=act, business_id=debtor.business_id, debtor_id=debtor.id,
           target=f"arrangement:{arrangement.public_id}", **details)
    standings.recount_one(session, debtor.business_id, debtor.id, now)
