"""Plans as pages read them: what is proposed, what runs, every installment, and every step of how it came about."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.domain.access import Access
from portal.domain.errors import Refusal
from portal.domain.plan_rules import Living
from portal.domain.plan_terms import Wish
from portal.domain.schedules import FREQUENCIES, Part
from portal.models import (
    Agreement,
    Arrangement,
    ArrangementInvoice,
    ArrangementRound,
    Debtor,
    Installment,
    InstallmentPayment,
    Invoice,
    Payment,
    Plan,
    Staff,
)
from portal.runtime import Runtime
from portal.services import arrangements, mandates, plan_beside

KIND = "plan"
MOST_SHOWN = 20
MOVING = ("created", "unknown", "processing")


@dataclass(frozen=True)
class Row:
    """One payment of a schedule as a page lists it; `left_minor` is what remains of the plan after it.

    `state` is planned, paid, late, moving (a bank moves the money) or due; before a plan is signed all are planned.
    """

    due_on: date
    amount_minor: int
    left_minor: int
    paid_minor: int = 0
    state: str = "planned"
    original_on: date | None = None
    public_id: str = ""


@dataclass(frozen=True)
class PlanStep:
    """One step of a negotiation; `parts` is what was on the table then, where terms were named."""

    said_by: str
    what: str
    words: str
    at: datetime
    who: str = ""
    parts: tuple[Part, ...] = ()


@dataclass(frozen=True)
class CoveredInvoice:
    """One invoice a plan covers, and how much of it."""

    public_id: str
    number: str
    title: str
    covered_minor: int | None = None


@dataclass(frozen=True)
class PlanView:
    """One plan. `seen` goes back with an answer, so that nobody answers or signs what has changed."""

    public_id: str
    state: str
    currency: str
    kind: str
    frequency: str
    total_minor: int
    down_minor: int
    paid_minor: int
    autopay: bool
    rows: tuple[Row, ...]
    living: Living
    proposed_by: str
    asked_at: datetime
    expires_at: datetime
    answer_by: datetime | None
    signed_at: datetime | None
    ended_at: datetime | None
    standing: str
    cure_until: date | None
    moves_left: int
    skips_left: int
    seen: str
    invoices: tuple[CoveredInvoice, ...] = ()
    steps: tuple[PlanStep, ...] = ()
    # The plan a changed one takes the place of, and the other way round the change that waits or was signed.
    replaces: str = ""
    change: str = ""
    # What came on top of the plan that was signed, minor units.
    added_minor: int = 0
    # It is to be charged by itself, and no card or account is saved for it.
    lacks_method: bool = False

    @property
    def left_minor(self) -> int:
        """What is still to come."""
        return self.total_minor - self.paid_minor

    @property
    def next_row(self) -> Row | None:
        """The next payment that is not done."""
        return next((row for row in self.rows if row.state not in ("paid", "void")), None)

    @property
    def by_person(self) -> bool:
        """Whether one of the staff has spoken."""
        return any(step.said_by == "staff" for step in self.steps)


def all_of(rt: Runtime, access: Access) -> tuple[PlanView, ...]:
    """Give a reader's plans and proposals, the newest first."""
    now = rt.now()
    with rt.db.reading() as session:
        found = session.scalars(select(Arrangement).where(
            Arrangement.business_id == access.business_id, Arrangement.debtor_id == access.debtor_id,
            Arrangement.kind == KIND).order_by(Arrangement.id.desc()).limit(MOST_SHOWN)).all()
        return tuple(view(session, one, now) for one in found if arrangements.visible(session, access, one))


def one(rt: Runtime, access: Access, plan_id: str) -> PlanView:
    """Give one plan with its invoices and every step; raises Refusal not_found."""
    now = rt.now()
    with rt.db.reading() as session:
        arrangement, _ = own(session, access, plan_id)
        return view(session, arrangement, now, whole=True)


def of_agreement(rt: Runtime, access: Access, agreement_id: str) -> str:
    """Name the plan a reader signed with an agreement of theirs; raises Refusal not_found."""
    with rt.db.reading() as session:
        found = session.scalars(
            select(Arrangement).join(Agreement, Agreement.arrangement_id == Arrangement.id)
            .where(Agreement.public_id == agreement_id, Agreement.business_id == access.business_id,
                   Agreement.debtor_id == access.debtor_id, Arrangement.kind == KIND)).one_or_none()
        if found is None or not arrangements.visible(session, access, found):
            raise Refusal("not_found", "unknown_page")
        return found.public_id


def own(session: Session, access: Access, plan_id: str) -> tuple[Arrangement, Plan]:
    """Find one of a debtor's own plans; raises Refusal not_found for anybody else's."""
    found = arrangements.own(session, access, plan_id)
    if found.kind != KIND:
        raise Refusal("not_found", "unknown_page")
    return found, session.get_one(Plan, found.id)


def view(session: Session, arrangement: Arrangement, now: datetime, *, whole: bool = False) -> PlanView:
    """Show a plan; `whole` adds what it covers and how it came about."""
    plan = session.get_one(Plan, arrangement.id)
    living = Living.from_data(plan.rules)
    rows = _installment_rows(session, arrangement, plan, now) if plan.signed_at else as_rows(parts_of(plan.terms))
    return PlanView(
        public_id=arrangement.public_id, state=arrangement.state, currency=plan.currency, kind=plan.kind,
        frequency=plan.frequency, total_minor=plan.total_minor, down_minor=plan.down_minor,
        paid_minor=sum(row.paid_minor for row in rows), autopay=plan.autopay, rows=rows, living=living,
        proposed_by=plan.proposed_by, asked_at=arrangement.asked_at, expires_at=plan.expires_at,
        answer_by=arrangement.answer_by, signed_at=plan.signed_at, ended_at=arrangement.ended_at,
        standing=plan.standing, cure_until=plan.cure_until, moves_left=max(living.moves - plan.moves_used, 0),
        skips_left=max(living.skips - plan.skips_used, 0), seen=str(arrangement.version),
        lacks_method=arrangement.state == "active" and mandates.waits(session, arrangement),
        invoices=covered(session, arrangement) if whole else (), steps=_steps(session, arrangement) if whole else (),
        **(_changed(session, arrangement, plan) if whole else {}))


def _changed(session: Session, arrangement: Arrangement, plan: Plan) -> dict[str, Any]:
    """Tell what a plan takes the place of, or what waits or came in its own place, and what came on top."""
    if plan.replaces_id is not None:
        old = session.get_one(Arrangement, plan.replaces_id)
        return {"replaces": old.public_id, "added_minor": plan.added_minor or 0}
    newest = session.execute(
        select(Arrangement.public_id, Arrangement.state, Plan.added_minor, Plan.signed_at)
        .join(Plan, Plan.arrangement_id == Arrangement.id)
        .where(Plan.business_id == plan.business_id, Plan.replaces_id == arrangement.id)
        .order_by(Arrangement.id.desc()).limit(1)).one_or_none()
    if newest is None:
        return {}
    if newest.signed_at is not None or newest.state in arrangements.WAITING:
        return {"change": newest.public_id, "added_minor": newest.added_minor or 0}
    found = plan_beside.beside(session, plan) if arrangement.state == "active" else None
    return {"added_minor": sum(more for _, more in (found or {}).values())}


def covered(session: Session, arrangement: Arrangement) -> tuple[CoveredInvoice, ...]:
    """List the invoices a plan covers, the oldest due first."""
    rows = session.execute(
        select(Invoice.public_id, Invoice.number, Invoice.title, ArrangementInvoice.covered_minor)
        .join(ArrangementInvoice, ArrangementInvoice.invoice_id == Invoice.id)
        .where(ArrangementInvoice.arrangement_id == arrangement.id).order_by(Invoice.due_on, Invoice.id))
    return tuple(CoveredInvoice(*row) for row in rows)


def installments(session: Session, arrangement_id: int) -> Sequence[Installment]:
    """Give the installments of a plan that still count, in the order of their days."""
    return session.scalars(select(Installment).where(
        Installment.arrangement_id == arrangement_id, Installment.state != "void")
        .order_by(Installment.due_on, Installment.position)).all()


def under_way(session: Session, arrangement_id: int) -> set[int]:
    """Name the installments for which money may be moving now; an open page to pay on moves none yet."""
    return set(session.scalars(
        select(InstallmentPayment.installment_id)
        .join(Installment, Installment.id == InstallmentPayment.installment_id)
        .join(Payment, Payment.id == InstallmentPayment.payment_id)
        .where(Installment.arrangement_id == arrangement_id, Payment.state.in_(MOVING))))


def as_rows(parts: Sequence[Part]) -> tuple[Row, ...]:
    """List the payments of a schedule that nobody has signed yet."""
    left, rows = sum(part.amount_minor for part in parts), []
    for part in parts:
        left -= part.amount_minor
        rows.append(Row(part.due_on, part.amount_minor, left))
    return tuple(rows)


def as_terms(wish: Wish, parts: Sequence[Part]) -> dict[str, Any]:
    """Give the stored form of what lies on the table: its days and sums, and how they were chosen."""
    return {
        "parts": [[part.due_on.isoformat(), part.amount_minor] for part in parts],
        "wish": {"frequency": wish.frequency or "", "first_on": wish.first_on.isoformat() if wish.first_on else "",
                 "count": wish.count, "size_minor": wish.size_minor, "down_minor": wish.down_minor,
                 "parts": [[part.due_on.isoformat(), part.amount_minor] for part in wish.parts],
                 "autopay": wish.autopay}}


def parts_of(terms: dict[str, Any] | None) -> tuple[Part, ...]:
    """Read the days and sums of stored terms."""
    return _parts((terms or {}).get("parts", ()))


def wish_of(terms: dict[str, Any]) -> Wish:
    """Read how stored terms were chosen."""
    stored = terms["wish"]
    frequency = next((one for one in FREQUENCIES if one == stored["frequency"]), None)
    first = date.fromisoformat(stored["first_on"]) if stored["first_on"] else None
    return Wish(frequency, first, stored["count"], stored["size_minor"], stored["down_minor"],
                _parts(stored["parts"]), autopay=stored["autopay"])


def _parts(stored: Sequence[Sequence[Any]]) -> tuple[Part, ...]:
    return tuple(Part(date.fromisoformat(day), int(minor)) for day, minor in stored)


def _installment_rows(session: Session, arrangement: Arrangement, plan: Plan, now: datetime) -> tuple[Row, ...]:
    this_day = arrangements.today(session, session.get_one(Debtor, plan.debtor_id), now)
    moving = under_way(session, arrangement.id)
    left, rows = plan.total_minor, []
    for row in installments(session, arrangement.id):
        left -= row.amount_minor
        rows.append(Row(row.due_on, row.amount_minor, left, row.paid_minor,
                        _state(row, this_day, moving, over=arrangement.state != "active"), row.original_on,
                        row.public_id))
    return tuple(rows)


def _state(row: Installment, today: date, moving: set[int], *, over: bool) -> str:
    if row.state == "paid":
        return "paid"
    if row.id in moving:
        return "moving"
    if over:
        return "void"
    if row.due_on < today:
        return "late"
    return "due" if row.due_on == today else "planned"


def _steps(session: Session, arrangement: Arrangement) -> tuple[PlanStep, ...]:
    rows = session.execute(
        select(ArrangementRound, Staff.name).outerjoin(Staff, Staff.id == ArrangementRound.staff_id)
        .where(ArrangementRound.arrangement_id == arrangement.id).order_by(ArrangementRound.position))
    return tuple(PlanStep(r.said_by, r.what, r.words, r.at, name or "", parts_of(r.terms)) for r, name in rows)
