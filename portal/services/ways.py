"""The ways out for one debtor: gathers what the rules are asked with in three questions and lets them answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import and_, or_, select
from sqlalchemy.orm import Session

from portal.domain.access import Access
from portal.domain.policy import Policy
from portal.domain.quotes import OpenInvoice
from portal.domain.ways import Bound, Facts, Way, open_ways
from portal.models import Arrangement, ArrangementInvoice, Business, Debtor, PolicyVersion
from portal.runtime import Runtime
from portal.services import arrangements, calendars, debts
from portal.services.gatekeeping import zones_of


@dataclass(frozen=True)
class Ways:
    """The ways of one currency, and what is owed in it without any of them; minor units."""

    currency: str
    left_minor: int
    ways: tuple[Way, ...]


@dataclass(frozen=True)
class _Home:
    """Where a debtor lives and what rules their business has."""

    kind: str
    country: str
    timezone: str | None
    own_country: str | None
    business_timezone: str
    policy: Policy


def side_by_side(rt: Runtime, access: Access) -> tuple[Ways, ...]:
    """List the open ways of each currency, the largest sum first; nothing where nothing is left to pay."""
    now = rt.now()
    with rt.db.reading() as session:
        opened = debts.open_invoices(session, access)
        home = _home(session, access)
        arranged, granted = _arranged(session, access, opened, now)
    found = [_of(home, currency, [one for one in opened if one.currency == currency], arranged, granted, now)
             for currency in sorted({one.currency for one in opened})]
    return tuple(sorted(found, key=lambda one: -one.left_minor))


def _of(home: _Home, currency: str, invoices: Sequence[OpenInvoice], arranged: tuple[Bound, ...], granted: int,
        now: datetime) -> Ways:
    policy, zone = home.policy, zones_of(home.timezone, home.own_country, home.business_timezone)[0]
    ways = open_ways(Facts(
        currency=currency, invoices=tuple(invoices), arranged=arranged, now=now, today=now.astimezone(zone).date(),
        minimum_part=debts.minimum_part(policy, currency), patience=policy.patience, granted=granted,
        plans=policy.plan_rules, consumer=home.kind == "consumer",
        is_open=calendars.question(home.country, frozenset())))
    return Ways(currency, sum(one.left_minor for one in invoices), ways)


def _home(session: Session, access: Access) -> _Home:
    newest = (
        select(PolicyVersion.rules).where(PolicyVersion.business_id == Business.id)
        .order_by(PolicyVersion.version.desc()).limit(1).scalar_subquery())
    row = session.execute(
        select(Debtor.kind, Debtor.country, Debtor.timezone, Business.country, Business.timezone, newest)
        .join(Business, Business.id == Debtor.business_id)
        .where(Debtor.id == access.debtor_id, Debtor.business_id == access.business_id)).one()
    return _Home(row[0], row[1] or row[3], row[2], row[1], row[4], Policy.from_rules(row[5] or {}))


def _arranged(session: Session, access: Access, opened: Sequence[OpenInvoice],
              now: datetime) -> tuple[tuple[Bound, ...], int]:
    """Give what stands or waits, and how often the rules alone gave time within a year, in one question.

    What covers an invoice this reader may not see is left out, as everywhere.
    """
    rows = session.execute(
        select(Arrangement, ArrangementInvoice.invoice_id, ArrangementInvoice.binding)
        .outerjoin(ArrangementInvoice, ArrangementInvoice.arrangement_id == Arrangement.id)
        .where(Arrangement.business_id == access.business_id, Arrangement.debtor_id == access.debtor_id,
               or_(Arrangement.state.in_((*arrangements.WAITING, "active")),
                   and_(Arrangement.kind.in_(arrangements.PAUSES), Arrangement.staff_id.is_(None),
                        Arrangement.decided_at > now - arrangements.YEAR)))
        .order_by(Arrangement.id)).all()
    found: dict[int, Arrangement] = {row[0].id: row[0] for row in rows}
    covered = {id: frozenset(row[1] for row in rows if row[0].id == id and row[1] is not None) for id in found}
    bound = {row[0].id for row in rows if row[2]}
    granted = sum(one.kind in arrangements.PAUSES and one.staff_id is None and one.decided_at is not None
                  and one.decided_at > now - arrangements.YEAR for one in found.values())
    seen = [one for one in found.values() if access.invoice_ids is None or covered[one.id] <= access.invoice_ids]
    return tuple(
        Bound(one.id, one.kind, one.state, one.currency, one.amount_minor, one.until, one.public_id, covered[one.id],
              one.id in bound) for one in seen), granted
