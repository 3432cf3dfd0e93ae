"""Reads the first page of the office: the kept figures, the first of the calls, and what waits. Nothing is added up."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from portal.domain.errors import Refusal
from portal.domain.roles import StaffAccess
from portal.models import Approval, Business, DashboardSummary, Debtor, DebtorStanding, lock_debtor
from portal.runtime import Runtime
from portal.services import approvals, audit, first_run, policies, queues, standings
from portal.services.dashboard_figures import days_of_sales, together
from portal.services.gatekeeping import zones_of
from portal.services.queues.frame import Count

FIRST_CALLS = 5
MOST_CALLS = 50
MOST_COUNTED = 99
MOST_OTHERS = 4


@dataclass(frozen=True)
class CallView:
    """One person to call: who, how much is overdue, why, and what time it is there."""

    public_id: str
    name: str
    kind: str
    phone: str
    country: str
    currency: str
    overdue_minor: int
    balance_minor: int
    reasons: tuple[tuple[str, Mapping[str, Any]], ...]
    # The time of day where they probably are, and whether it is an hour in which one calls.
    local: datetime
    quiet: bool

    @property
    def minor(self) -> int:
        """What the call is about."""
        return self.overdue_minor or self.balance_minor


@dataclass(frozen=True)
class Calls:
    """The first people to call, and how many there are in all (`more`: than were counted)."""

    people: tuple[CallView, ...]
    number: int
    more: bool


@dataclass(frozen=True)
class Figures:
    """The kept figures as of a moment; None while none were ever counted."""

    made_at: datetime
    local_day: date
    values: Mapping[str, Any]

    @property
    def currencies(self) -> tuple[str, ...]:
        """Every currency there is, the business's own first."""
        return tuple(self.values["currencies"])

    @property
    def outstanding(self) -> Mapping[str, int]:
        """What is left, by currency."""
        found: Mapping[str, int] = self.values["outstanding"]
        return found

    @property
    def mondays(self) -> list[date]:
        """The first days of the weeks shown."""
        return [date.fromisoformat(week["from"]) for week in self.values["weeks"]]

    @property
    def overdue(self) -> dict[str, int]:
        """What is past its due date, by currency."""
        return together(age["sums"] for age in self.values["ages"][1:])

    @property
    def held(self) -> dict[str, int]:
        """What is overdue and on hold, by currency."""
        return together(age["held"] for age in self.values["ages"][1:])

    @property
    def together(self) -> dict[str, int]:
        """What is expected within thirty days, by currency."""
        return together(part["sums"] for part in self.values["expected"].values())

    @property
    def invoices(self) -> int:
        """How many invoices are open."""
        return sum(age["invoices"] for age in self.values["ages"])

    @property
    def late_invoices(self) -> int:
        """How many of them are past their due date."""
        return self.invoices - int(self.values["ages"][0]["invoices"])

    def dso(self, currency: str) -> int | None:
        """What is owed as days of sales; None when nothing was sold lately."""
        return days_of_sales(self.outstanding.get(currency, 0), self.values["sold"].get(currency, 0))


@dataclass(frozen=True)
class Today:
    """All the first page shows."""

    figures: Figures | None
    calls: Calls
    waiting: tuple[Count, ...]
    # What waits for this person as the second one.
    approvals: int
    # What of the beginning is done; () once there is something on the books.
    steps: tuple[first_run.Step, ...]


def today(rt: Runtime, access: StaffAccess) -> Today:
    """Give what there is to do and how things stand, by a handful of looks along indexes."""
    now = rt.now()
    with rt.db.reading() as session:
        row = session.get(DashboardSummary, access.business_id)
        figures = None if row is None else Figures(row.made_at, row.local_day, row.figures)
        waiting = tuple(queues.open_counts(session, access.business_id, now))
        calls = _calls(session, access.business_id, now, FIRST_CALLS)
        second = _approvals(session, access, now)
    begins = access.may("set_up") and (figures is None or not figures.currencies)
    steps = first_run.steps(rt, access) if begins else ()
    return Today(figures, calls, waiting, second, () if all(step.done for step in steps) else steps)


def waiting(rt: Runtime, access: StaffAccess) -> tuple[Count, ...]:
    """Give what waits in each queue, for the menu."""
    with rt.db.reading() as session:
        return tuple(queues.open_counts(session, access.business_id, rt.now()))


def approvals_waiting(rt: Runtime, access: StaffAccess) -> int:
    """Count what waits for this person as the second one, for the menu; 0 for who may not approve."""
    with rt.db.reading() as session:
        return _approvals(session, access, rt.now())


def _approvals(session: Session, access: StaffAccess, now: datetime) -> int:
    """Count what somebody else asked for and can still be approved; at most as many as the menu shows."""
    if not access.may("approve"):
        return 0
    some = select(Approval.id).where(
        Approval.business_id == access.business_id, Approval.state == "waiting", Approval.asked_by != access.staff_id,
        Approval.asked_at > now - approvals.STANDS).limit(MOST_COUNTED).subquery()
    return session.scalar(select(func.count()).select_from(some)) or 0


def all_calls(rt: Runtime, access: StaffAccess) -> Calls:
    """Give everyone worth a call today, the most promising first."""
    with rt.db.reading() as session:
        return _calls(session, access.business_id, rt.now(), MOST_CALLS)


def _calls(session: Session, business_id: int, now: datetime, limit: int) -> Calls:
    business = session.get_one(Business, business_id)
    day = now.astimezone(ZoneInfo(business.timezone)).date()
    worth = (DebtorStanding.business_id == business_id, DebtorStanding.call_score > 0)
    # Said again here, because these change between two counts.
    still = (or_(Debtor.call_from.is_(None), Debtor.call_from <= day), Debtor.erased_at.is_(None),
             Debtor.phone.is_not(None))
    ranked = (DebtorStanding.call_score.desc(), DebtorStanding.debtor_id.desc())
    query = (
        select(DebtorStanding, Debtor).join(Debtor, Debtor.id == DebtorStanding.debtor_id).where(*worth, *still)
        .order_by(*ranked).limit(limit))
    # In the order of the index: without one, PostgreSQL would read the table until it has enough.
    some = select(DebtorStanding.debtor_id).where(*worth).order_by(*ranked).limit(MOST_COUNTED + 1).subquery()
    number = session.scalar(select(func.count()).select_from(some)) or 0
    policy = policies.in_force(session, business_id)
    people = tuple(_person(standing, debtor, business, now, policy.quiet_from_hour, policy.quiet_until_hour)
                   for standing, debtor in session.execute(query))
    return Calls(people, min(number, MOST_COUNTED), number > MOST_COUNTED)


def _person(standing: DebtorStanding, debtor: Debtor, business: Business, now: datetime, quiet_from: int,
            quiet_until: int) -> CallView:
    local = now.astimezone(zones_of(debtor.timezone, debtor.country, business.timezone)[0])
    quiet = (quiet_until > local.hour or local.hour >= quiet_from) if quiet_from > quiet_until else False
    return CallView(
        public_id=debtor.public_id, name=debtor.name, kind=debtor.kind, phone=debtor.phone or "",
        country=debtor.country or business.country, currency=standing.currency, overdue_minor=standing.overdue_minor,
        balance_minor=standing.balance_minor,
        reasons=tuple((code, values) for code, values in standing.call_reasons), local=local, quiet=quiet)


def not_today(rt: Runtime, access: StaffAccess, debtor_id: str) -> str:
    """Ask nobody to call a debtor before tomorrow; gives their name. Raises Refusal role_may_not, not_found."""
    access.require("work")
    now = rt.now()

    def work(session: Session) -> str:
        found = session.scalar(select(Debtor.id).where(
            Debtor.business_id == access.business_id, Debtor.public_id == debtor_id))
        debtor = lock_debtor(session, access.business_id, found) if found is not None else None
        if debtor is None:
            raise Refusal("not_found", "unknown_page")
        zone = ZoneInfo(session.get_one(Business, access.business_id).timezone)
        tomorrow = now.astimezone(zone).date() + timedelta(days=1)
        # Somebody may have put them off for longer already.
        debtor.call_from = max(tomorrow, debtor.call_from or tomorrow)
        standings.forget_call(session, debtor.id)
        audit.record(session, at=now, actor=audit.staff_actor(access), act="debtor.call_later",
                     business_id=access.business_id, debtor_id=debtor.id, target=f"debtor:{debtor.public_id}",
                     until=debtor.call_from.isoformat())
        return debtor.name

    return rt.db.run(work)
