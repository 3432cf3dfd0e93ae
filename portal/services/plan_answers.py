"""What staff answer to a proposed plan, plans they propose of their own accord, and plans they end; each with words.

Nothing binds before the debtor has signed. An answer names what it had read; said something newer meanwhile, it is
refused. More than four payments of a consumer are an owner's to confirm, where the business's rules allow it at all.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.domain.access import KNOWN, Access
from portal.domain.errors import Refusal
from portal.domain.plan_rules import FREE_OF_CREDIT_LAW
from portal.domain.plan_terms import Told, Wish, answer, check_law, schedule
from portal.domain.questions import told
from portal.domain.roles import StaffAccess
from portal.domain.schedules import Part
from portal.models import Arrangement, Debtor, Invoice, Plan, Staff, lock_debtor
from portal.runtime import Runtime
from portal.services import (
    arrangements,
    debtor_desk,
    plan_ending,
    plan_mail,
    plan_proposals,
    plan_scope,
    plan_signing,
    plans,
    standings,
)
from portal.services.arrangements import Step
from portal.services.audit import record, staff_actor
from portal.services.plan_scope import Scope
from portal.services.plans import PlanView

LONGEST_ANSWER = 4_000
PERMISSION = "work"
_Work = Callable[[Session, Debtor, Arrangement, Plan, datetime], str]


@dataclass(frozen=True)
class Answered:
    """What became of an answer: whether it also leaves by email, and if not, why (a reason of the message gate)."""

    emailed: bool
    reason: str


@dataclass(frozen=True)
class OnDesk:
    """A plan as one of the staff reads it: whose it is, and what the rules say to it now (None: cannot be anymore)."""

    view: PlanView
    debtor_id: int
    told: Told | None


def approve(rt: Runtime, access: StaffAccess, plan_id: str, *, seen: str, words: str = "") -> Answered:
    """Agree to what was proposed; it counts once they have signed.

    Raises Refusal: not_found, plan_decided, time_moved_on, words_too_long, plan_days_passed, plan_total_changed,
    plan_law_four, owner_only, plan_stands, settlement_stands.
    """
    def work(session: Session, debtor: Debtor, arrangement: Arrangement, plan: Plan, now: datetime) -> str:
        _guard_law(access, debtor, plan.count)
        scope = scope_of(session, debtor, arrangement, now)
        wish, parts = plans.wish_of(plan.terms), plans.parts_of(plan.terms)
        _ready(session, debtor, arrangement, plan, plan_proposals.expiry(session, debtor, scope, wish, parts, now), now)
        return "plan_accepted"

    return _answer(rt, access, plan_id, seen, words, work, "accepted")


def counter(rt: Runtime, access: StaffAccess, plan_id: str, wish: Wish | None, *, seen: str,
            words: str = "") -> Answered:
    """Offer another plan instead; without a wish the nearest one that the rules accept. Raises Refusal as approve(),
    plan_no_nearest, and what no plan can be."""
    def work(session: Session, debtor: Debtor, arrangement: Arrangement, plan: Plan, now: datetime) -> str:
        scope = scope_of(session, debtor, arrangement, now)
        if wish is None:
            said = answer(scope.rules, plans.wish_of(plan.terms), scope.owed, today=scope.today, is_open=scope.is_open)
            if said.nearest is None:
                raise Refusal("conflict", "plan_no_nearest")
            chosen, parts = said.nearest, said.nearest_parts
        else:
            # Who pays decides alone whether it is charged by itself; other days and sums do not change that.
            chosen = replace(wish, autopay=plan.autopay)
            parts = schedule(chosen, scope.owed, today=scope.today, is_open=scope.is_open)
        _guard_law(access, debtor, len(parts))
        put_terms(plan, chosen, parts)
        arrangement.amount_minor, arrangement.asked_until = plan.total_minor, parts[-1].due_on
        _ready(session, debtor, arrangement, plan, plan_proposals.expiry(session, debtor, scope, chosen, parts, now),
               now)
        return "plan_countered"

    return _answer(rt, access, plan_id, seen, words, work, "countered")


def refuse(rt: Runtime, access: StaffAccess, plan_id: str, *, seen: str, words: str) -> Answered:
    """Say no, with words; reminders go on. Raises Refusal as approve(), and words_missing."""
    told(words, longest=LONGEST_ANSWER)

    def work(session: Session, _debtor: Debtor, arrangement: Arrangement, _plan: Plan, now: datetime) -> str:
        arrangements.end(session, arrangement, "refused", now)
        return "plan_refused"

    return _answer(rt, access, plan_id, seen, words, work, "refused")


def end(rt: Runtime, access: StaffAccess, plan_id: str, *, seen: str, words: str) -> Answered:
    """End a plan, or take an offer of one back, with the reason; what was paid stays. Raises Refusal as refuse()."""
    told(words, longest=LONGEST_ANSWER)

    def work(session: Session, debtor: Debtor, arrangement: Arrangement, plan: Plan, now: datetime) -> str:
        if plan.signed_at is None:
            arrangements.end(session, arrangement, "ended", now)
        else:
            plan_ending.end(session, debtor, arrangement, plan, "ended", now)
        return "plan_ended" if plan.signed_at else "plan_refused"

    return _answer(rt, access, plan_id, seen, words, work, "ended", states=("countered", "active"))


def propose(rt: Runtime, access: StaffAccess, debtor_id: str, currency: str, wish: Wish, *, words: str = "") -> str:
    """Propose a plan over all that is open in a currency; returns its public id. Sent twice it is one.

    Raises Refusal: not_found, plan_waits, plan_nothing_fits, plan_law_four, owner_only, words_too_long, plan_stands,
    settlement_stands, and what no plan can be.
    """
    access.require(PERMISSION)
    now, body = rt.now(), told(words, longest=LONGEST_ANSWER) if words.strip() else ""

    def work(session: Session) -> str:
        debtor = debtor_desk.lock(session, access, debtor_id)
        scope = plan_scope.scope(session, _whole(debtor), debtor, now, currency)
        parts = schedule(wish, scope.owed, today=scope.today, is_open=scope.is_open)
        _guard_law(access, debtor, len(parts))
        check_law(scope.rules, len(parts), consumer=scope.owed.consumer, by_person=True)
        arrangements.check_room(session, debtor, plans.KIND, [one.id for one in scope.invoices])
        for before in _waiting(session, debtor):
            if before.state == "asked":
                # They wait for an answer to their own proposal: that is given there.
                raise Refusal("conflict", "plan_waits")
            if session.get_one(Plan, before.id).terms == plans.as_terms(wish, parts):
                return before.public_id
            arrangements.note(session, before, Step("staff", "ended", staff_id=access.staff_id), now)
            arrangements.end(session, before, "ended", now)
        arrangement = plan_proposals.put_on_table(session, debtor, scope, wish, parts, now, by="staff", words=body,
                                                  staff_id=access.staff_id)
        arrangement.state, arrangement.staff_id, arrangement.decided_at = "countered", access.staff_id, now
        name = session.get_one(Staff, access.staff_id).name
        plan_mail.tell_debtor(session, now, arrangement, "plan_offered", words=body, staff_name=name)
        _record(session, access, arrangement, "plan.offered", now, parts=len(parts))
        standings.recount_one(session, access.business_id, debtor.id, now)
        return arrangement.public_id

    return rt.db.run(work)


def on_desk(session: Session, access: StaffAccess, plan_id: str, now: datetime) -> OnDesk:
    """Give a plan as staff read it; raises Refusal not_found."""
    arrangement, plan = find(session, access, plan_id)
    debtor = session.get_one(Debtor, arrangement.debtor_id)
    said = None
    if arrangement.state in arrangements.WAITING:
        try:
            scope = scope_of(session, debtor, arrangement, now)
            said = answer(scope.rules, plans.wish_of(plan.terms), scope.owed, today=scope.today, is_open=scope.is_open)
        except Refusal:
            said = None
    return OnDesk(plans.view(session, arrangement, now, whole=True), debtor.id, said)


def find(session: Session, access: StaffAccess, plan_id: str) -> tuple[Arrangement, Plan]:
    """Find a plan of this business; raises Refusal not_found for anybody else's."""
    found = session.scalars(select(Arrangement).where(
        Arrangement.public_id == plan_id, Arrangement.business_id == access.business_id,
        Arrangement.kind == plans.KIND)).one_or_none()
    if found is None:
        raise Refusal("not_found", "unknown_page")
    return found, session.get_one(Plan, found.id)


def scope_of(session: Session, debtor: Debtor, arrangement: Arrangement, now: datetime) -> Scope:
    """Gather what a proposal would cover now. Raises Refusal as plan_scope.scope()."""
    ids = session.scalars(select(Invoice.public_id).where(
        Invoice.business_id == debtor.business_id, Invoice.id.in_(arrangements.covered(session, arrangement)))).all()
    return plan_scope.scope(session, _whole(debtor), debtor, now, arrangement.currency, ids)


def put_terms(plan: Plan, wish: Wish, parts: tuple[Part, ...]) -> None:
    """Put other terms on the table of a proposal."""
    plan.kind, plan.frequency, plan.count = wish.kind, wish.frequency or "", len(parts)
    plan.total_minor, plan.down_minor = sum(part.amount_minor for part in parts), wish.down_minor
    plan.first_on, plan.last_on = parts[0].due_on, parts[-1].due_on
    plan.autopay, plan.terms = wish.autopay, plans.as_terms(wish, parts)


def _ready(session: Session, debtor: Debtor, arrangement: Arrangement, plan: Plan, expires_at: datetime,
           now: datetime) -> None:
    """Let terms wait for the signature; refuses what could not be signed."""
    arrangement.state, arrangement.answer_by, arrangement.decided_at = "countered", None, now
    plan.expires_at, plan.reminded_at = expires_at, None
    plan_signing.effective(session, debtor, arrangement, plan, now)


def _answer(rt: Runtime, access: StaffAccess, plan_id: str, seen: str, words: str, work: _Work, what: str, *,
            states: tuple[str, ...] = ("asked",)) -> Answered:
    access.require(PERMISSION)
    now = rt.now()
    body = told(words, longest=LONGEST_ANSWER) if words.strip() else ""

    def run(session: Session) -> Answered:
        found, _ = find(session, access, plan_id)
        debtor = lock_debtor(session, access.business_id, found.debtor_id)
        assert debtor is not None
        session.refresh(found)
        plan = session.get_one(Plan, found.id, populate_existing=True)
        if found.state not in states:
            raise Refusal("conflict", "plan_decided")
        if str(found.version) != seen:
            raise Refusal("conflict", "time_moved_on")
        found.staff_id = access.staff_id
        news = work(session, debtor, found, plan, now)
        arrangements.note(session, found, Step("staff", what, plan.last_on, plan.total_minor, body, access.staff_id,
                                               plan.terms if what == "countered" else None), now)
        plan.version = found.version
        name = session.get_one(Staff, access.staff_id).name
        message = plan_mail.tell_debtor(session, now, found, news, words=body, staff_name=name,
                                        amount_minor=plan_ending.left_of(session, found))
        _record(session, access, found, f"plan.{what}", now)
        standings.recount_one(session, access.business_id, debtor.id, now)
        return Answered(message.state == "queued", message.reason)

    return rt.db.run(run)


def _guard_law(access: StaffAccess, debtor: Debtor, count: int) -> None:
    """More than four payments of a consumer need an owner, who has read what the law asks for."""
    if debtor.kind == "consumer" and count > FREE_OF_CREDIT_LAW and not access.may("danger"):
        raise Refusal("not_allowed", "owner_only")


def _waiting(session: Session, debtor: Debtor) -> list[Arrangement]:
    """List what waits; a change of a running plan is about other invoices than whatever is proposed beside it."""
    return list(session.scalars(
        select(Arrangement).join(Plan, Plan.arrangement_id == Arrangement.id).where(
            Arrangement.business_id == debtor.business_id, Arrangement.debtor_id == debtor.id,
            Arrangement.kind == plans.KIND, Arrangement.state.in_(arrangements.WAITING), Plan.replaces_id.is_(None))))


def _whole(debtor: Debtor) -> Access:
    return Access(debtor.business_id, debtor.id, 0, "", KNOWN)


def _record(session: Session, access: StaffAccess, arrangement: Arrangement, act: str, now: datetime,
            **details: object) -> None:
    record(session, at=now, actor=staff_actor(access), act=act, business_id=access.business_id,
           debtor_id=arrangement.debtor_id, target=f"arrangement:{arrangement.public_id}", **details)
