"""The permission to charge a plan's installments by themselves: given, taken up by a saved method, changed, ended.

Every function joins its caller's transaction, who holds the debtor's lock. The words of a permission are in
words/autopay_statements.py; when something is charged by it, in autopay_*.py.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from portal.domain import autopay
from portal.domain.access import Access
from portal.domain.agreements import Statement
from portal.models import Arrangement, AutopayMandate, Debtor, Installment, Plan, SavedMethod
from portal.runtime import Runtime
from portal.services import arrangements, autopay_mail, policies

STANDING = ("waiting", "active")


def give(session: Session, access: Access, plan: Plan, statement: Statement, locale: str,
         now: datetime) -> AutopayMandate:
    """Keep that a debtor allowed a plan's installments to be charged; what was allowed before for it is over.

    Call it once the installments are written: their days and sums are what was allowed. No method is charged before
    one is saved for it, or chosen by use().
    """
    for earlier in _standing(session, plan):
        close(session, earlier, "plan", now)
    mandate = AutopayMandate(
        business_id=plan.business_id, debtor_id=plan.debtor_id, arrangement_id=plan.arrangement_id,
        currency=plan.currency, state="waiting", wording=statement.text, text_version=statement.version,
        locale=locale, schedule=_schedule(session, plan), link_id=access.link_id, given_at=now,
        notice_days=policies.in_force(session, plan.business_id).autopay_notice_days)
    session.add(mandate)
    session.flush()
    return mandate


def of_plan(session: Session, business_id: int, arrangement_id: int) -> AutopayMandate | None:
    """Find the permission that stands for a plan, with or without a method; None when there is none."""
    return session.scalars(select(AutopayMandate).where(
        AutopayMandate.business_id == business_id, AutopayMandate.arrangement_id == arrangement_id,
        AutopayMandate.state.in_(STANDING))).one_or_none()


def waits(session: Session, arrangement: Arrangement) -> bool:
    """Say whether a plan is to be charged while no card or account is saved for it."""
    mandate = of_plan(session, arrangement.business_id, arrangement.id)
    return mandate is not None and mandate.state == "waiting"


def method_of(session: Session, business_id: int, arrangement_id: int) -> SavedMethod | None:
    """Find the method a plan is charged to now; None when it is charged to none."""
    mandate = of_plan(session, business_id, arrangement_id)
    if mandate is None or mandate.state != "active" or mandate.saved_method_id is None:
        return None
    return session.get_one(SavedMethod, mandate.saved_method_id)


def charging(session: Session, method: SavedMethod) -> Sequence[AutopayMandate]:
    """List the permissions by which a method is charged now."""
    return session.scalars(select(AutopayMandate).where(
        AutopayMandate.business_id == method.business_id, AutopayMandate.debtor_id == method.debtor_id,
        AutopayMandate.saved_method_id == method.id, AutopayMandate.state == "active")
        .order_by(AutopayMandate.id)).all()


def plans_paid_by(session: Session, business_id: int, debtor_id: int) -> dict[int, tuple[str, ...]]:
    """Tell by saved method which plans it pays, as public ids of their arrangements."""
    rows = session.execute(
        select(AutopayMandate.saved_method_id, Arrangement.public_id)
        .join(Arrangement, Arrangement.id == AutopayMandate.arrangement_id)
        .where(AutopayMandate.business_id == business_id, AutopayMandate.debtor_id == debtor_id,
               AutopayMandate.state == "active").order_by(AutopayMandate.id))
    found: dict[int, list[str]] = defaultdict(list)
    for method_id, arrangement in rows:
        if method_id is not None:
            found[method_id].append(arrangement)
    return {method: tuple(plans) for method, plans in found.items()}


def take_method(session: Session, method: SavedMethod, arrangement_id: int | None, now: datetime) -> None:
    """Have a newly saved method pay the plan it was saved for; saved for none, it pays all that are allowed."""
    query = select(AutopayMandate).where(
        AutopayMandate.business_id == method.business_id, AutopayMandate.debtor_id == method.debtor_id,
        AutopayMandate.state.in_(STANDING))
    if arrangement_id is not None:
        query = query.where(AutopayMandate.arrangement_id == arrangement_id)
    for mandate in session.scalars(query.order_by(AutopayMandate.id)).all():
        use(session, mandate, method, now)


def use(session: Session, mandate: AutopayMandate, method: SavedMethod, now: datetime) -> None:
    """Charge this method from now on; its owner gets a copy of what they allowed."""
    if (mandate.state, mandate.saved_method_id) == ("active", method.id):
        return
    mandate.state, mandate.saved_method_id = "active", method.id
    _switch(session, mandate, on=True)
    session.flush()
    autopay_mail.tell_on(session, now, mandate, method)


def without_method(session: Session, mandate: AutopayMandate, now: datetime) -> None:
    """Charge nothing until another method is saved: the permission stands, its method is lost."""
    method = session.get_one(SavedMethod, mandate.saved_method_id)
    mandate.state, mandate.saved_method_id = "waiting", None
    _switch(session, mandate, on=False)
    session.flush()
    autopay_mail.tell_lost(session, now, mandate, method)


def end(session: Session, mandate: AutopayMandate, by: str, now: datetime) -> None:
    """End a permission at once; a debit that is in the bank's hands already is not called back."""
    if mandate.state == "ended":
        return
    close(session, mandate, by, now)
    if by != "plan":
        # A plan that is over says so itself.
        autopay_mail.tell_off(session, now, mandate)


def end_of_plan(session: Session, arrangement: Arrangement, now: datetime) -> None:
    """End the permission of a plan that is over."""
    mandate = of_plan(session, arrangement.business_id, arrangement.id)
    if mandate is not None:
        end(session, mandate, "plan", now)


def forget_old(rt: Runtime) -> int:
    """Remove permissions that ended longer ago than they must be kept; returns how many."""
    today = rt.now().date()

    def work(session: Session) -> int:
        gone = session.execute(
            update(AutopayMandate).where(AutopayMandate.keep_until < today, AutopayMandate.wording != "")
            .values(wording="", schedule=[]).execution_options(synchronize_session=False))
        return int(gone.rowcount)  # type: ignore[attr-defined]

    return rt.db.run(work)


def close(session: Session, mandate: AutopayMandate, by: str, now: datetime) -> None:
    """End a permission without a word to anybody; end() tells its giver."""
    debtor = session.get_one(Debtor, mandate.debtor_id)
    mandate.state, mandate.ended_at, mandate.ended_by = "ended", now, by
    mandate.keep_until = autopay.keep_until(arrangements.today(session, debtor, now))
    _switch(session, mandate, on=False)
    session.flush()


def _switch(session: Session, mandate: AutopayMandate, *, on: bool) -> None:
    """Let the plan know whether its installments are charged; none is tried before its notice was sent."""
    session.execute(update(Plan).where(
        Plan.business_id == mandate.business_id, Plan.arrangement_id == mandate.arrangement_id)
        .values(autopay=on).execution_options(synchronize_session="fetch"))
    if not on:
        session.execute(update(Installment).where(
            Installment.business_id == mandate.business_id, Installment.arrangement_id == mandate.arrangement_id,
            Installment.try_at.is_not(None)).values(try_at=None).execution_options(synchronize_session="fetch"))


def _standing(session: Session, plan: Plan) -> Sequence[AutopayMandate]:
    return session.scalars(select(AutopayMandate).where(
        AutopayMandate.business_id == plan.business_id, AutopayMandate.arrangement_id == plan.arrangement_id,
        AutopayMandate.state.in_(STANDING))).all()


def _schedule(session: Session, plan: Plan) -> list[list[Any]]:
    rows = session.execute(
        select(Installment.position, Installment.due_on, Installment.amount_minor)
        .where(Installment.business_id == plan.business_id, Installment.arrangement_id == plan.arrangement_id,
               Installment.state != "void").order_by(Installment.position))
    return [[position, due_on.isoformat(), amount] for position, due_on, amount in rows]
