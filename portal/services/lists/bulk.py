"""One act for many: first a preview that says who gets what and who is left out, then the act itself, once.

Whatever the preview said is decided again under each debtor's lock; one act is one audit event with all its ids.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.domain.errors import Refusal
from portal.domain.listing import BULK_MOST
from portal.domain.offers import MOST_POINTS
from portal.domain.roles import PERMISSIONS, StaffAccess
from portal.models import Assignment, AuditEvent, Business, Debtor, Invoice, Membership, Staff, lock_debtor
from portal.runtime import Runtime
from portal.services import audit, debtor_desk, nonces, offers
from portal.services.audit import staff_actor
from portal.services.debtor_holds import REASONS
from portal.services.fact_lookup import lock_business
from portal.services.lists import asking, bulk_outlook, shown
from portal.services.lists.bulk_outlook import Outlook, Target
from portal.services.lists.frame import Context, ListOf
from portal.services.offers import Wanted
from portal.words.core import Words
from portal.words.said import Sum

ACTS = ("link", "hold", "assign", "offer")
# What an act needs beyond working with debtors.
NEEDS = {"offer": offers.PERMISSION}
FURTHEST = timedelta(days=366)


@dataclass(frozen=True)
class Plan:
    """What one act would do: to whom, and who is left out with the reason's code."""

    wanted: ListOf
    context: Context
    act: str
    outlook: Outlook
    # What was picked, to travel with the form: public ids of the list's rows.
    picks: tuple[str, ...]
    # How many rows that is; debtors of several invoices are asked once.
    rows: int
    # Of discounts that were looked at with their share: how many invoices get one, and what is given up.
    count: int = 0
    gives_up: tuple[Sum, ...] = ()


@dataclass(frozen=True)
class Order:
    """The act as it was pressed: on which rows, and what goes with it."""

    act: str
    picks: Sequence[str]
    nonce: str
    until: date | None = None
    reason: str = ""
    words: str = ""
    person: str = ""
    # Of a discount: hundredths of a percent.
    points: int = 0


@dataclass(frozen=True)
class Result:
    """What one act has done, as its audit event tells it; names are looked up anew."""

    act: str
    list_name: str
    done: Sequence[tuple[str, str, str]]
    left_out: Mapping[str, Sequence[tuple[str, str, str]]]
    details: Mapping[str, str] = field(default_factory=dict)

    @property
    def until(self) -> date | None:
        """The last day of a hold, included."""
        told = self.details.get("until")
        return date.fromisoformat(told) if told else None


def preview(rt: Runtime, access: StaffAccess, currency: str, words: Words, wanted: ListOf, act: str,
            raw: Mapping[str, str], picked: Sequence[str]) -> Plan:
    """Say who would get what. `raw` are the filters when everything that matches is meant, `picked` the rows else.

    Raises Refusal: unknown_act, nothing_chosen_rows, list_too_many, and not_found for rows of anybody else.
    """
    access.require("work")
    _check_act(access, wanted, act)
    with rt.db.reading() as session:
        context = shown.context_of(session, access, currency, words, rt.now())
        ids = _meant(session, context, wanted, raw, picked)
        rows = wanted.load(session, context, ids)
        outlook = bulk_outlook.look(rt, session, context, wanted.name, act, rows)
    return Plan(wanted, context, act, outlook, tuple(row.public_id for row in rows), len(rows))


def foresee(rt: Runtime, access: StaffAccess, words: Words, currency: str, wanted: ListOf, order: Order) -> Plan:
    """Say what discounts of a share would give up, and who gets none with the reason; raises Refusal as do()."""
    plan = preview(rt, access, currency, words, wanted, order.act, {}, order.picks)
    with rt.db.reading() as session:
        _details(session, access, order, rt.now(), session.get_one(Business, access.business_id))
        assert order.until is not None
        giving = bulk_outlook.discounts(session, access, plan.context, plan.outlook, Wanted(order.until, order.points))
    return replace(plan, outlook=giving.outlook, count=giving.count, gives_up=giving.sums)


def do(rt: Runtime, access: StaffAccess, words: Words, currency: str, wanted: ListOf, order: Order) -> str:
    """Do it, once for each form; returns the id under which its result is found.

    Raises Refusal: role_may_not, unknown_act, nothing_chosen_rows, list_too_many, not_found, hold_day_wrong,
    unknown_reason, person_unknown, form_without_id.
    """
    access.require("work")
    _check_act(access, wanted, order.act)
    made = nonces.public_id(access, "bulk", order.nonce)
    now = rt.now()

    def work(session: Session) -> str:
        # Pressed twice, the second press waits here and then finds what the first has done.
        business = lock_business(session, access.business_id)
        if _event(session, access, made) is not None:
            return made
        context = shown.context_of(session, access, currency, words, now)
        rows = wanted.load(session, context, _picked(session, context, wanted, order.picks))
        details = _details(session, access, order, now, business)
        outlook = bulk_outlook.look(rt, session, context, wanted.name, order.act, rows)
        done, left = _all(session, access, outlook, order, details, now)
        audit.record(
            session, at=now, actor=staff_actor(access), act=f"bulk.{order.act}", business_id=access.business_id,
            target=f"bulk:{made}", list=wanted.name, count=len(done), done=done, left_out=left, rows=len(rows),
            until=details.get("until", ""), reason=details.get("reason", ""), person=details.get("person", ""),
            points=details.get("points", ""))
        return made

    return rt.db.run(work)


def result(rt: Runtime, access: StaffAccess, made: str) -> Result:
    """Tell what an act has done; raises Refusal not_found."""
    access.require("work")
    with rt.db.reading() as session:
        event = _event(session, access, made)
        if event is None:
            raise Refusal("not_found", "unknown_page")
        ids = [*event.details["done"], *(one for many in event.details["left_out"].values() for one in many)]
        names = _names(session, access, event.details["list"], event.act.partition(".")[2], ids)
        kept = {name: str(event.details[name]) for name in ("until", "reason") if event.details.get(name)}
        person = session.scalar(select(Staff.name).where(Staff.public_id == event.details.get("person", "")))
        return Result(
            event.act.partition(".")[2], event.details["list"], [names[one] for one in event.details["done"]],
            {code: [names[one] for one in many] for code, many in event.details["left_out"].items()},
            {**kept, **({"person": person} if person else {})})


def _check_act(access: StaffAccess, wanted: ListOf, act: str) -> None:
    if act not in wanted.bulk:
        raise Refusal("invalid", "unknown_act")
    access.require(NEEDS.get(act, "work"))


def _meant(session: Session, context: Context, wanted: ListOf, raw: Mapping[str, str],
           picked: Sequence[str]) -> list[int]:
    if not raw.get("everything"):
        return _picked(session, context, wanted, picked)
    asked = asking.read(wanted, context, asking.whole(raw))
    if asked.errors:
        raise next(iter(asked.errors.values()))
    ids = shown.matching(session, context, wanted, asked.ask)
    if ids is None:
        raise Refusal("too_large", "list_too_many", rows=BULK_MOST)
    if not ids:
        raise Refusal("invalid", "nothing_chosen_rows")
    return ids


def _picked(session: Session, context: Context, wanted: ListOf, picked: Sequence[str]) -> list[int]:
    once = list(dict.fromkeys(picked))
    if not once:
        raise Refusal("invalid", "nothing_chosen_rows")
    if len(once) > BULK_MOST:
        raise Refusal("too_large", "list_too_many", rows=BULK_MOST)
    ids = wanted.ids_of(session, context, once)
    if len(ids) != len(once):
        raise Refusal("not_found", "unknown_page")
    return [ids[public_id] for public_id in once]


def _details(session: Session, access: StaffAccess, order: Order, now: datetime, business: Business) -> dict[str, str]:
    if order.act == "hold":
        today = now.astimezone(ZoneInfo(business.timezone)).date()
        if order.until is None or not today <= order.until <= today + FURTHEST:
            raise Refusal("invalid", "hold_day_wrong")
        if order.reason not in REASONS:
            raise Refusal("invalid", "unknown_reason")
        return {"until": order.until.isoformat(), "reason": order.reason}
    if order.act == "offer":
        if order.until is None:
            raise Refusal("invalid", "day_missing")
        today = now.astimezone(ZoneInfo(business.timezone)).date()
        if order.until < today:
            raise Refusal("invalid", "day_passed")
        if order.until >= today + offers.FURTHEST:
            raise Refusal("invalid", "day_too_far", day=today + offers.FURTHEST - timedelta(days=1))
        if not 0 < order.points <= MOST_POINTS:
            raise Refusal("invalid", "discount_too_large", points=MOST_POINTS)
        return {"until": order.until.isoformat(), "points": str(order.points)}
    if order.act == "assign":
        found = session.scalar(
            select(Staff.id).join(Membership, Membership.staff_id == Staff.id)
            .where(Staff.public_id == order.person, Membership.business_id == access.business_id,
                   Membership.ended_at.is_(None), Staff.disabled_at.is_(None),
                   Membership.role.in_(sorted(PERMISSIONS["work"]))))
        if found is None:
            raise Refusal("invalid", "person_unknown")
        return {"person": order.person, "staff": str(found)}
    return {}


def _all(session: Session, access: StaffAccess, outlook: Outlook, order: Order, details: Mapping[str, str],
         now: datetime) -> tuple[list[str], dict[str, list[str]]]:
    done: list[str] = []
    left: dict[str, list[str]] = {}
    for target in outlook.left_out:
        left.setdefault(target.reason, []).append(target.public_id)
    for target in sorted(outlook.included, key=lambda one: one.debtor):
        debtor = lock_debtor(session, access.business_id, target.debtor)
        assert debtor is not None
        reason = _one(session, access, target, debtor, order, details, now)
        if reason:
            left.setdefault(reason, []).append(target.public_id)
        else:
            done.append(target.public_id)
    return done, left


def _one(session: Session, access: StaffAccess, target: Target, debtor: Debtor, order: Order,
         details: Mapping[str, str], now: datetime) -> str:
    """Do it for one; gives the code of why not, or ""."""
    if debtor.erased_at is not None:
        return "erased"
    if order.act == "link":
        return bulk_outlook.send(session, now, debtor)
    if order.act == "offer":
        return _offer(session, access, target, debtor, order, now)
    if order.act == "assign":
        return _assign(session, access, debtor, int(details["staff"]), now)
    assert order.until is not None
    zone = debtor_desk.zone_of(session, access)
    until = datetime.combine(order.until + timedelta(days=1), time(), zone)
    return bulk_outlook.hold(session, access, target, debtor, order.nonce, until, now,
                             reason=order.reason, words=order.words)


def _offer(session: Session, access: StaffAccess, target: Target, debtor: Debtor, order: Order, now: datetime) -> str:
    assert order.until is not None
    only = frozenset({target.invoice}) if target.invoice is not None else None
    try:
        made = offers.put(session, access, debtor, Wanted(order.until, order.points), now, only=only)
    except Refusal as refusal:
        return refusal.code
    if made.offers:
        return ""
    return made.left_out[0][1] if made.left_out else "nothing_left"


def _assign(session: Session, access: StaffAccess, debtor: Debtor, staff_id: int, now: datetime) -> str:
    known = session.get(Assignment, debtor.id)
    if known is None:
        session.add(Assignment(debtor_id=debtor.id, business_id=access.business_id, staff_id=staff_id, at=now))
        return ""
    if known.staff_id == staff_id:
        return "theirs_already"
    known.staff_id, known.at = staff_id, now
    return ""


def _event(session: Session, access: StaffAccess, made: str) -> AuditEvent | None:
    query = (
        select(AuditEvent).where(
            AuditEvent.business_id == access.business_id, AuditEvent.act.in_([f"bulk.{act}" for act in ACTS]),
            AuditEvent.target == f"bulk:{made}").order_by(AuditEvent.id.desc()).limit(1))
    return session.scalars(query).one_or_none()


def _names(session: Session, access: StaffAccess, list_name: str, act: str,
           ids: Sequence[str]) -> dict[str, tuple[str, str, str]]:
    """Names by public id: (endpoint's kind, public id, what it is called)."""
    if list_name == "invoices" and act in ("hold", "offer"):
        return {public_id: ("invoice", public_id, number) for public_id, number in session.execute(
            select(Invoice.public_id, Invoice.number).where(
                Invoice.business_id == access.business_id, Invoice.public_id.in_(ids)))}
    return {public_id: ("debtor", public_id, name) for public_id, name in session.execute(
        select(Debtor.public_id, Debtor.name).where(
            Debtor.business_id == access.business_id, Debtor.public_id.in_(ids)))}
