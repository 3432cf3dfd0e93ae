"""What a signature does to a plan: its installments stand, it binds its invoices, and reminders and fees rest."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

from sqlalchemy import update
from sqlalchemy.orm import Session

from portal.domain.access import Access
from portal.domain.errors import Refusal
from portal.domain.plan_terms import Wish, check_law
from portal.domain.quotes import OpenInvoice
from portal.domain.schedules import Part
from portal.models import Arrangement, ArrangementInvoice, Debtor, Installment, Plan
from portal.services import arrangements, debts, offers, plan_ending, plans, policies, standings
from portal.services.arrangements import Step


def effective(session: Session, debtor: Debtor, arrangement: Arrangement, plan: Plan,
              now: datetime) -> tuple[Part, ...]:
    """Give the days and sums as they would be signed now: a down payment is due on the day of the signature.

    Raises Refusal: plan_decided, plan_over, plan_part_moving, plan_days_passed, plan_total_changed, plan_law_four,
    plan_stands, settlement_stands.
    """
    if arrangement.state != "countered":
        raise Refusal("conflict", "plan_decided")
    if plan.expires_at <= now:
        raise Refusal("conflict", "plan_over")
    if plan.replaces_id is not None:
        _check_old(session, plan.replaces_id)
    today = arrangements.today(session, debtor, now)
    parts = signed_parts(plans.wish_of(plan.terms), plans.parts_of(plan.terms), today)
    if parts[0].due_on < today:
        raise Refusal("conflict", "plan_days_passed")
    covered = invoices_of(session, debtor, arrangement)
    if sum(one.payable_minor for one in covered) != plan.total_minor:
        raise Refusal("conflict", "plan_total_changed")
    rules = policies.in_force(session, debtor.business_id).plan_rules
    check_law(rules, len(parts), consumer=debtor.kind == "consumer", by_person=arrangement.staff_id is not None)
    arrangements.check_room(session, debtor, plans.KIND, [one.id for one in covered], but=plan.replaces_id)
    return parts


def signed_parts(wish: Wish, parts: tuple[Part, ...], today: date) -> tuple[Part, ...]:
    """Move a down payment to the day of the signature; all else stays as it was agreed on."""
    if not wish.down_minor:
        return parts
    if len(parts) > 1 and parts[1].due_on <= today:
        raise Refusal("conflict", "plan_days_passed")
    return (Part(today, parts[0].amount_minor), *parts[1:])


def invoices_of(session: Session, debtor: Debtor, arrangement: Arrangement) -> Sequence[OpenInvoice]:
    """Give what is open on the invoices of a proposal; what is on its way or elsewhere changes its sum."""
    ids = frozenset(arrangements.covered(session, arrangement))
    whole = Access(debtor.business_id, debtor.id, 0, "", 0, ids)
    return [one for one in debts.open_invoices(session, whole) if not one.on_its_way and one.handed_to is None]


def begin(session: Session, debtor: Debtor, arrangement: Arrangement, now: datetime) -> Plan:
    """Let a plan that was just signed begin. The caller holds the debtor's lock and has kept the agreement."""
    plan = session.get_one(Plan, arrangement.id)
    parts = effective(session, debtor, arrangement, plan, now)
    invoices = invoices_of(session, debtor, arrangement)
    signed = arrangement.version
    arrangements.note(session, arrangement, Step("debtor", "accepted", parts[-1].due_on, plan.total_minor,
                                                 terms={"parts": _stored(parts)}), now)
    if plan.replaces_id is not None:
        _replace(session, debtor, plan.replaces_id, now)
    arrangements.activate(session, debtor, arrangement, parts[-1].due_on, now)
    for invoice in invoices:
        session.execute(update(ArrangementInvoice).where(
            ArrangementInvoice.arrangement_id == arrangement.id, ArrangementInvoice.invoice_id == invoice.id)
            .values(covered_minor=invoice.payable_minor, outside_minor=invoice.held_minor)
            .execution_options(synchronize_session=False))
        # A discount is no part of a plan; one that was being paid when this was signed stays earned.
        offers.supersede(session, invoice.id, now)
    plan.signed_at, plan.signed_version, plan.standing = now, signed, "good"
    plan.first_on, plan.last_on = parts[0].due_on, parts[-1].due_on
    session.add_all(
        Installment(business_id=debtor.business_id, debtor_id=debtor.id, arrangement_id=arrangement.id,
                    currency=plan.currency, position=position, due_on=part.due_on, original_on=part.due_on,
                    amount_minor=part.amount_minor, state="open")
        for position, part in enumerate(parts, 1))
    session.flush()
    standings.recount_one(session, debtor.business_id, debtor.id, now)
    return plan


def _check_old(session: Session, old_id: int) -> None:
    """A changed plan takes the place of one that runs, and of which nothing is at the bank."""
    if session.get_one(Arrangement, old_id, populate_existing=True).state != "active":
        raise Refusal("conflict", "plan_over")
    if plans.under_way(session, old_id):
        raise Refusal("conflict", "plan_part_moving")


def _replace(session: Session, debtor: Debtor, old_id: int, now: datetime) -> None:
    old = session.get_one(Arrangement, old_id)
    arrangements.note(session, old, Step("debtor", "replaced"), now)
    plan_ending.end(session, debtor, old, session.get_one(Plan, old_id, populate_existing=True), "ended", now)


def _stored(parts: Sequence[Part]) -> list[list[object]]:
    return [[part.due_on.isoformat(), part.amount_minor] for part in parts]
