"""Automatic payments from the debtor's side: what stands, allowing them for a running plan, and turning them off."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.domain.access import Access
from portal.domain.agreements import Statement
from portal.domain.errors import Refusal
from portal.domain.plan_rules import Living
from portal.domain.schedules import Part
from portal.models import (
    Arrangement,
    AutopayCharge,
    Business,
    Debtor,
    Installment,
    Payment,
    Plan,
    SavedMethod,
)
from portal.runtime import Runtime
from portal.services import (
    agreements,
    arrangements,
    audit,
    letters,
    mandates,
    more_time,
    policies,
    saved_methods,
    signing_consents,
)
from portal.services.saved_methods import MethodView
from portal.words import autopay_statements
from portal.words.core import for_reader


@dataclass(frozen=True)
class PlanState:
    """How one plan is paid: by itself (`on`), allowed but without a method (`waiting`), or by hand (`off`).

    `next_*` is what comes next, `charged` whether it is charged by itself; `trouble` names an installment whose
    charge did not work and waits for its payer, with the bank's reason in `code` ("" when there is none).
    """

    public_id: str
    state: str
    currency: str
    left_minor: int
    next_on: date | None
    next_minor: int
    charged: bool
    method: MethodView | None
    allowed_at: datetime | None
    trouble: str = ""
    trouble_minor: int = 0
    code: str = ""
    confirm: bool = False
    # The next installment is due today or was before: saving a method pays it at once.
    due_now: bool = False


@dataclass(frozen=True)
class Autopay:
    """All that the page shows."""

    methods: tuple[MethodView, ...]
    plans: tuple[PlanState, ...]


@dataclass(frozen=True)
class ToAllow:
    """What is about to be allowed: the words, and the mark that says they were these."""

    plan: PlanState
    statement: Statement


def standing(rt: Runtime, access: Access) -> Autopay:
    """Give what a reader has saved and how their running plans are paid. Raises Refusal unknown_page."""
    _require_whole_page(access)
    now = rt.now()
    with rt.db.reading() as session:
        methods = saved_methods.of_debtor(session, access.business_id, access.debtor_id, now)
        return Autopay(methods, tuple(_state(session, plan, now) for plan in _running(session, access)))


def to_allow(rt: Runtime, access: Access, plan_id: str) -> ToAllow:
    """Word what allowing automatic payments of a running plan means. Raises Refusal: unknown_page, installment_paid."""
    _require_whole_page(access)
    now = rt.now()
    with rt.db.reading() as session:
        _, plan = _own(session, access, plan_id)
        statement, _ = _statement(session, plan, now)
        return ToAllow(_state(session, plan, now), statement)


def allow(rt: Runtime, access: Access, plan_id: str, *, agreed: bool, seen: str) -> None:
    """Allow automatic payments of a running plan; sent twice it is allowed once.

    `seen` is the fingerprint of the words that were read. Raises Refusal: unknown_page, link_ended,
    autopay_consent_missing, agreement_moved_on, installment_paid.
    """
    _require_whole_page(access)
    now = rt.now()

    def work(session: Session) -> None:
        more_time.locked(session, access, now)
        arrangement, plan = _own(session, access, plan_id)
        if mandates.of_plan(session, access.business_id, arrangement.id) is not None:
            return
        statement, locale = _statement(session, plan, now)
        if not agreed:
            raise Refusal("invalid", "autopay_consent_missing")
        if statement.sha256 != seen:
            raise Refusal("conflict", "agreement_moved_on")
        signed = agreements.newest_of(session, arrangement)
        signing_consents.give(session, access, statement, locale, now, signed.id if signed else None)
        mandate = mandates.give(session, access, plan, statement, locale, now)
        audit.record(session, at=now, actor=audit.Actor("debtor", access.link_public_id), act="autopay.allowed",
                     business_id=plan.business_id, debtor_id=plan.debtor_id, target=f"mandate:{mandate.public_id}",
                     arrangement=arrangement.public_id)

    rt.db.run(work)


def turn_off(rt: Runtime, access: Access, plan_id: str) -> None:
    """Turn automatic payments of a plan off; works always, at once, and pressed twice they are off.

    Raises Refusal: unknown_page, link_ended.
    """
    _require_whole_page(access)
    now = rt.now()

    def work(session: Session) -> None:
        more_time.locked(session, access, now)
        arrangement = arrangements.own(session, access, plan_id)
        mandate = mandates.of_plan(session, access.business_id, arrangement.id)
        if mandate is None:
            return
        mandates.end(session, mandate, "debtor", now)
        audit.record(session, at=now, actor=audit.Actor("debtor", access.link_public_id), act="autopay.off",
                     business_id=mandate.business_id, debtor_id=mandate.debtor_id,
                     target=f"mandate:{mandate.public_id}", arrangement=arrangement.public_id)

    rt.db.run(work)


def _running(session: Session, access: Access) -> list[Plan]:
    return list(session.scalars(
        select(Plan).join(Arrangement, Arrangement.id == Plan.arrangement_id)
        .where(Plan.business_id == access.business_id, Plan.debtor_id == access.debtor_id,
               Plan.signed_at.is_not(None), Arrangement.state == "active").order_by(Plan.arrangement_id)))


def _state(session: Session, plan: Plan, now: datetime) -> PlanState:
    arrangement = session.get_one(Arrangement, plan.arrangement_id)
    mandate = mandates.of_plan(session, plan.business_id, plan.arrangement_id)
    rows = session.scalars(select(Installment).where(
        Installment.arrangement_id == plan.arrangement_id, Installment.state == "open")
        .order_by(Installment.due_on, Installment.position)).all()
    coming = rows[0] if rows else None
    refused = _refused(session, [row.id for row in rows if row.try_at is None and row.tries])
    trouble = next((row for row in rows if refused is not None and row.id == refused.installment_id), None)
    method = session.get(SavedMethod, mandate.saved_method_id) if mandate and mandate.saved_method_id else None
    return PlanState(
        arrangement.public_id, {"active": "on", "waiting": "waiting"}.get(mandate.state if mandate else "", "off"),
        plan.currency, sum(row.amount_minor - row.paid_minor for row in rows),
        coming.due_on if coming else None, coming.amount_minor - coming.paid_minor if coming else 0,
        coming is not None and coming.try_at is not None, saved_methods.view(method, now) if method else None,
        mandate.given_at if mandate else None, trouble.public_id if trouble else "",
        trouble.amount_minor - trouble.paid_minor if trouble else 0, refused.code if refused and trouble else "",
        refused is not None and refused.outcome == "confirm",
        coming is not None and coming.due_on <= arrangements.today(
            session, session.get_one(Debtor, plan.debtor_id), now))


def _refused(session: Session, installment_ids: list[int]) -> AutopayCharge | None:
    """The last charge of these that a bank refused for good."""
    return session.scalars(
        select(AutopayCharge).join(Payment, Payment.id == AutopayCharge.payment_id)
        .where(AutopayCharge.installment_id.in_(installment_ids), Payment.state == "failed")
        .order_by(AutopayCharge.payment_id.desc()).limit(1)).one_or_none()


def _statement(session: Session, plan: Plan, now: datetime) -> tuple[Statement, str]:
    """Word the permission for what is still to come, in its reader's language."""
    business, debtor = session.get_one(Business, plan.business_id), session.get_one(Debtor, plan.debtor_id)
    words = for_reader(debtor, business)
    parts = [Part(row.due_on, row.amount_minor - row.paid_minor) for row in session.scalars(
        select(Installment).where(Installment.arrangement_id == plan.arrangement_id, Installment.state == "open")
        .order_by(Installment.due_on, Installment.position))]
    if not parts:
        raise Refusal("conflict", "installment_paid")
    return autopay_statements.charges(
        words, letters.sender_of(business, words), parts, plan.currency,
        today=arrangements.today(session, debtor, now),
        notice_days=policies.in_force(session, business.id).autopay_notice_days,
        retry_days=Living.from_data(plan.rules).retry_days), words.locale


def _own(session: Session, access: Access, plan_id: str) -> tuple[Arrangement, Plan]:
    arrangement = arrangements.own(session, access, plan_id)
    plan = session.get(Plan, arrangement.id)
    if plan is None or plan.signed_at is None or arrangement.state != "active":
        raise Refusal("not_found", "unknown_page")
    return arrangement, plan


def _require_whole_page(access: Access) -> None:
    if access.pay_only or access.invoice_ids is not None:
        raise Refusal("not_found", "unknown_page")
