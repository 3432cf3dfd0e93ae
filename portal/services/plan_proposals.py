"""Proposals of plans from the debtor's side: looking what the rules say, proposing, taking back; and when they expire.

The rules are in domain/plan_terms.py, answers of staff in plan_answers.py, signing in plan_signing.py.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.domain.access import Access
from portal.domain.errors import Refusal
from portal.domain.patience import LONGEST_WORDS
from portal.domain.plan_rules import Band
from portal.domain.plan_terms import USUAL_DAYS, Told, Wish, answer, usual
from portal.domain.questions import told
from portal.domain.quotes import OpenInvoice
from portal.domain.schedules import Part
from portal.models import Arrangement, Business, Debtor, Plan, lock_debtor
from portal.runtime import Runtime
from portal.services import arrangements, calendars, more_time, plan_mail, plan_scope, plans, standings
from portal.services.arrangements import Step
from portal.services.audit import Actor, record
from portal.services.plan_scope import Scope

BATCH = 200
# So long before a proposal is over, who has not signed it yet is told.
LAST_CALL = timedelta(days=2)
WORKER = Actor("job", "end_plan_proposals")


@dataclass(frozen=True)
class Asked:
    """What a debtor chose: which invoices of which currency, the wish, and words to whoever decides."""

    currency: str
    wish: Wish
    invoices: tuple[str, ...] = ()
    words: str = ""
    # Ask a person for what goes beyond the bounds.
    person: bool = False


@dataclass(frozen=True)
class Offered:
    """What can be put into a plan in each currency; the bounds for all of one of them, and the plan to begin with."""

    invoices: dict[str, tuple[OpenInvoice, ...]]
    currency: str = ""
    first_on: date | None = None
    latest_first: date | None = None
    offered: bool = True
    usual: Wish | None = None


@dataclass(frozen=True)
class Looked:
    """What the rules say to a choice right now, and what it would cover."""

    told: Told
    invoices: tuple[OpenInvoice, ...]
    total_minor: int
    currency: str
    answer_by: datetime
    chosen: tuple[str, ...] = field(default=())


def offered(rt: Runtime, access: Access, currency: str = "") -> Offered:
    """Give what a debtor can pay over time, by currency, with the bounds for one of them, by default the first."""
    now = rt.now()
    with rt.db.reading() as session:
        debtor = session.get_one(Debtor, access.debtor_id)
        by_currency: dict[str, list[OpenInvoice]] = {}
        for invoice in plan_scope.choosable(session, access):
            by_currency.setdefault(invoice.currency, []).append(invoice)
        if not by_currency:
            return Offered({})
        chosen = currency if currency in by_currency else next(iter(by_currency))
        scope = plan_scope.scope(session, access, debtor, now, chosen)
        within = _band(scope).first_within_days
        return Offered(
            {one: tuple(found) for one, found in by_currency.items()}, chosen,
            first_on=scope.today + timedelta(days=min(USUAL_DAYS, within)),
            latest_first=scope.today + timedelta(days=within), offered=scope.rules.offered,
            usual=usual(scope.rules, scope.owed, today=scope.today, is_open=scope.is_open))


def look(rt: Runtime, access: Access, asked: Asked) -> Looked:
    """Say what the rules answer to a choice; nothing is kept. Raises Refusal as propose()."""
    now = rt.now()
    with rt.db.reading() as session:
        debtor = session.get_one(Debtor, access.debtor_id)
        scope = plan_scope.scope(session, access, debtor, now, asked.currency, asked.invoices)
        business = session.get_one(Business, access.business_id)
        return Looked(_answer(scope, asked.wish), scope.invoices, scope.owed.total_minor, asked.currency,
                      calendars.answer_by(session, business, now), tuple(one.public_id for one in scope.invoices))


def propose(rt: Runtime, access: Access, asked: Asked, *, total_minor: int) -> str:
    """Propose a plan over what was shown as `total_minor`; returns its public id.

    What fits waits for the signature at once, the rest for a person. The same proposal twice is one; another one for
    the same invoices takes the place of what nobody has signed. Raises Refusal: plan_total_changed, plan_not_fitting,
    plan_law_four, plan_nothing_fits, plan_stands, settlement_stands, link_ended, and what no plan can be.
    """
    now = rt.now()
    words = told(asked.words, longest=LONGEST_WORDS) if asked.words.strip() else ""

    def work(session: Session) -> str:
        debtor = more_time.locked(session, access, now)
        scope = plan_scope.scope(session, access, debtor, now, asked.currency, asked.invoices)
        if scope.owed.total_minor != total_minor:
            raise Refusal("conflict", "plan_total_changed")
        found = _answer(scope, asked.wish)
        if found.answer == "stopped":
            raise Refusal("invalid", "plan_law_four")
        if found.answer == "nearest" and not asked.person:
            raise Refusal("invalid", "plan_not_fitting")
        ids = [one.id for one in scope.invoices]
        arrangements.check_room(session, debtor, plans.KIND, ids)
        known = _the_same(session, access, ids, asked.wish, found.parts)
        if known is not None:
            return known.public_id
        _take_back_older(session, access, ids, now)
        fits = found.answer == "accepted"
        arrangement = put_on_table(session, debtor, scope, asked.wish, found.parts, now, by="debtor", words=words)
        arrangements.note(session, arrangement, Step("rules", found.answer if fits else "referred"), now)
        if fits:
            arrangement.state, arrangement.decided_at = "countered", now
        else:
            refer(session, arrangement, now)
        record(session, at=now, actor=Actor("debtor", access.link_public_id), act="plan.proposed",
               business_id=debtor.business_id, debtor_id=debtor.id, target=f"arrangement:{arrangement.public_id}",
               answer="accepted" if fits else "referred", parts=len(found.parts), amount=total_minor,
               currency=asked.currency)
        standings.recount_one(session, debtor.business_id, debtor.id, now)
        return arrangement.public_id

    return rt.db.run(work)


def withdraw(rt: Runtime, access: Access, plan_id: str, *, seen: str) -> None:
    """Take back a proposal that nobody has signed. Raises Refusal: not_found, plan_decided, time_moved_on."""
    now = rt.now()

    def work(session: Session) -> None:
        debtor = more_time.locked(session, access, now)
        arrangement, _ = plans.own(session, access, plan_id)
        check_open(arrangement, seen)
        _end(session, arrangement, "withdrawn", now)
        record(session, at=now, actor=Actor("debtor", access.link_public_id), act="plan.withdrawn",
               business_id=debtor.business_id, debtor_id=debtor.id, target=f"arrangement:{arrangement.public_id}")
        standings.recount_one(session, debtor.business_id, debtor.id, now)

    rt.db.run(work)


def choose_how(rt: Runtime, access: Access, plan_id: str, *, autopay: bool, seen: str) -> None:
    """Choose, before signing, whether payments are charged by themselves; who pays decides that alone.

    Raises Refusal: not_found, plan_decided, time_moved_on.
    """
    now = rt.now()

    def work(session: Session) -> None:
        debtor = more_time.locked(session, access, now)
        arrangement, plan = plans.own(session, access, plan_id)
        if arrangement.state == "countered" and plan.autopay == autopay:
            return
        check_open(arrangement, seen)
        plan.autopay = autopay
        plan.terms = {**plan.terms, "wish": {**plan.terms["wish"], "autopay": autopay}}
        arrangements.note(session, arrangement, Step("debtor", "changed", terms=plan.terms), now)
        plan.version = arrangement.version
        record(session, at=now, actor=Actor("debtor", access.link_public_id), act="plan.how_chosen",
               business_id=debtor.business_id, debtor_id=debtor.id, target=f"arrangement:{arrangement.public_id}",
               autopay=autopay)

    rt.db.run(work)


def end_due(rt: Runtime, limit: int = BATCH) -> int:
    """End proposals whose time is over, and tell who has not signed yet shortly before; returns how many."""
    now = rt.now()
    with rt.db.reading() as session:
        due = session.execute(
            select(Plan.arrangement_id, Plan.business_id, Plan.debtor_id)
            .join(Arrangement, Arrangement.id == Plan.arrangement_id)
            .where(Plan.signed_at.is_(None), Arrangement.state.in_(arrangements.WAITING),
                   (Plan.expires_at <= now) | ((Plan.expires_at <= now + LAST_CALL) & Plan.reminded_at.is_(None)
                                               & (Arrangement.state == "countered")))
            .order_by(Plan.expires_at, Plan.arrangement_id).limit(limit)).all()
    return sum(_end_one(rt, *row, now) for row in due)


def put_on_table(session: Session, debtor: Debtor, scope: Scope, wish: Wish, parts: tuple[Part, ...], now: datetime, *,
                 by: str, words: str = "", staff_id: int | None = None) -> Arrangement:
    """Write a proposal down: the arrangement, its terms and its first round. The caller holds the debtor's lock."""
    arrangement = arrangements.open_one(
        session, debtor, plans.KIND, [one.id for one in scope.invoices], now, asked_until=parts[-1].due_on,
        words=words if by == "debtor" else "", currency=scope.owed.currency, amount_minor=scope.owed.total_minor)
    terms = plans.as_terms(wish, parts)
    arrangements.note(session, arrangement, Step(by, "asked" if by == "debtor" else "countered", parts[-1].due_on,
                                                 scope.owed.total_minor, words, staff_id, terms), now)
    living = scope.rules.living
    session.add(Plan(
        arrangement_id=arrangement.id, business_id=debtor.business_id, debtor_id=debtor.id,
        currency=scope.owed.currency, kind=wish.kind, frequency=wish.frequency or "", count=len(parts),
        total_minor=scope.owed.total_minor, down_minor=wish.down_minor, first_on=parts[0].due_on,
        last_on=parts[-1].due_on, autopay=wish.autopay, terms=terms, rules=living.as_data(),
        grace_days=living.grace_days, cure_days=living.cure_days, proposed_by=by, version=arrangement.version,
        expires_at=expiry(session, debtor, scope, wish, parts, now)))
    session.flush()
    return arrangement


def expiry(session: Session, debtor: Debtor, scope: Scope, wish: Wish, parts: tuple[Part, ...],
           now: datetime) -> datetime:
    """Tell when a proposal is over: after the days of the rules, and never later than its first day."""
    later = parts[1:] if wish.down_minor and len(parts) > 1 else parts
    return min(now + timedelta(days=scope.rules.proposal_days), arrangements.end_of(session, debtor, later[0].due_on))


def refer(session: Session, arrangement: Arrangement, now: datetime) -> None:
    """Let a person decide: the page promises by when, reminders wait, and the business is told."""
    business = session.get_one(Business, arrangement.business_id)
    arrangement.state = "asked"
    arrangement.answer_by = calendars.answer_by(session, business, now)
    arrangements.wait_for_answer(session, arrangement, now)
    plan_mail.tell_staff(session, now, business, arrangement)
    plan_mail.tell_debtor(session, now, arrangement, "plan_sent")


def check_open(arrangement: Arrangement, seen: str) -> None:
    """Refuse an answer to what is decided already, or to an older version of it."""
    if arrangement.kind != plans.KIND or arrangement.state not in arrangements.WAITING:
        raise Refusal("conflict", "plan_decided")
    if str(arrangement.version) != seen:
        raise Refusal("conflict", "time_moved_on")


def _answer(scope: Scope, wish: Wish) -> Told:
    return answer(scope.rules, wish, scope.owed, today=scope.today, is_open=scope.is_open)


def _band(scope: Scope) -> Band:
    return scope.rules.band(scope.owed.total_minor, scope.owed.currency,
                            (scope.today - scope.owed.oldest_due_on).days)


def _the_same(session: Session, access: Access, ids: list[int], wish: Wish,
              parts: tuple[Part, ...]) -> Arrangement | None:
    """Find what waits with exactly these terms: a form that was sent twice."""
    terms = plans.as_terms(wish, parts)
    return next((one for one in _waiting(session, access)
                 if session.get_one(Plan, one.id).terms == terms
                 and list(arrangements.covered(session, one)) == sorted(ids)), None)


def _take_back_older(session: Session, access: Access, ids: Iterable[int], now: datetime) -> None:
    wanted = set(ids)
    for one in _waiting(session, access):
        if wanted & set(arrangements.covered(session, one)):
            _end(session, one, "withdrawn", now)


def _waiting(session: Session, access: Access) -> list[Arrangement]:
    found = session.scalars(select(Arrangement).where(
        Arrangement.business_id == access.business_id, Arrangement.debtor_id == access.debtor_id,
        Arrangement.kind == plans.KIND, Arrangement.state.in_(arrangements.WAITING)).order_by(Arrangement.id.desc()))
    return [one for one in found if arrangements.visible(session, access, one)]


def _end(session: Session, arrangement: Arrangement, state: str, now: datetime) -> None:
    arrangements.note(session, arrangement, Step("debtor", "withdrawn"), now)
    arrangements.end(session, arrangement, state, now)


def _end_one(rt: Runtime, arrangement_id: int, business_id: int, debtor_id: int, now: datetime) -> int:
    def work(session: Session) -> int:
        debtor = lock_debtor(session, business_id, debtor_id)
        arrangement = session.get_one(Arrangement, arrangement_id, populate_existing=True)
        plan = session.get_one(Plan, arrangement_id, populate_existing=True)
        if debtor is None or arrangement.state not in arrangements.WAITING:
            return 0
        if plan.expires_at > now:
            if arrangement.state != "countered" or plan.reminded_at is not None:
                return 0
            plan.reminded_at = now
            plan_mail.tell_debtor(session, now, arrangement, "plan_expiring", until=plan.expires_at)
            return 1
        arrangements.note(session, arrangement, Step("rules", "ended"), now)
        arrangements.end(session, arrangement, "ended", now)
        record(session, at=now, actor=WORKER, act="plan.expired", business_id=business_id, debtor_id=debtor_id,
               target=f"arrangement:{arrangement.public_id}")
        standings.recount_one(session, business_id, debtor_id, now)
        return 1

    return rt.db.run(work)
