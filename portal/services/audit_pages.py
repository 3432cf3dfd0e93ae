"""The audit as staff read it: who did what, when, with what was before and what is now. Only reads, newest first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import select, tuple_
from sqlalchemy.orm import Session

from portal.domain.errors import Refusal
from portal.domain.listing import PAGE, Edge, read_edge, write_edge
from portal.domain.roles import StaffAccess
from portal.models import AuditEvent, Business, Debtor, Membership, Payment, Refund, Staff
from portal.runtime import Runtime
from portal.services.trial_balance import day_start

KINDS = ("debtor", "stripe", "job", "cli")


@dataclass(frozen=True)
class Asked:
    """What of the audit is asked for; `who` is the public id of one of the staff, or what else acts."""

    who: str = ""
    act: str = ""
    debtor: str = ""
    first: date | None = None
    last: date | None = None


@dataclass(frozen=True)
class Change:
    """One field of a change: what it was and what it is; both None where only its name may be told."""

    field: str
    before: Any = None
    after: Any = None


@dataclass(frozen=True)
class Event:
    """One act. `details` are the ids, codes and numbers noted with it."""

    at: datetime
    act: str
    actor_kind: str
    actor_name: str
    target_kind: str
    target_id: str
    debtor_name: str
    debtor_public_id: str
    changes: tuple[Change, ...]
    details: Mapping[str, Any]


@dataclass(frozen=True)
class AuditPage:
    """A page of the audit, and who there is to ask for."""

    events: tuple[Event, ...]
    people: tuple[tuple[str, str], ...]
    next: str


def page(rt: Runtime, access: StaffAccess, asked: Asked, after: str = "") -> AuditPage:
    """Show what was done; raises Refusal role_may_not, list_edge, unknown_debtor_here."""
    access.require("see_audit")
    with rt.db.reading() as session:
        business = session.get_one(Business, access.business_id)
        rows = _rows(session, business, asked, after)
        last = rows[PAGE - 1] if len(rows) > PAGE else None
        return AuditPage(
            tuple(_events(session, business.id, rows[:PAGE])), _people(session, business.id),
            write_edge(Edge("audit", last.at, str(last.id))) if last else "")


def _rows(session: Session, business: Business, asked: Asked, after: str) -> list[AuditEvent]:
    query = select(AuditEvent).where(AuditEvent.business_id == business.id)
    if asked.who in KINDS:
        query = query.where(AuditEvent.actor_kind == asked.who)
    elif asked.who:
        query = query.where(AuditEvent.actor_kind == "staff", AuditEvent.actor_id == asked.who[:40])
    if asked.act:
        query = query.where(AuditEvent.act == asked.act[:60])
    if asked.debtor:
        query = query.where(AuditEvent.debtor_id == _debtor(session, business.id, asked.debtor))
    if asked.first is not None:
        query = query.where(AuditEvent.at >= day_start(business, asked.first))
    if asked.last is not None:
        query = query.where(AuditEvent.at < day_start(business, asked.last, 1))
    if after:
        edge = read_edge(after, "audit", "moment")
        number = int(edge.public_id) if edge.public_id.isdigit() and len(edge.public_id) < 19 else 0
        query = query.where(tuple_(AuditEvent.at, AuditEvent.id) < (edge.key, number))
    return list(session.scalars(query.order_by(AuditEvent.at.desc(), AuditEvent.id.desc()).limit(PAGE + 1)))


def _debtor(session: Session, business_id: int, typed: str) -> int:
    """Find a debtor by public id or number."""
    for column in (Debtor.public_id, Debtor.number):
        found = session.scalar(select(Debtor.id).where(Debtor.business_id == business_id, column == typed.strip()[:64]))
        if found is not None:
            return found
    raise Refusal("invalid", "unknown_debtor_here")


def _people(session: Session, business_id: int) -> tuple[tuple[str, str], ...]:
    return tuple((public_id, name) for public_id, name in session.execute(
        select(Staff.public_id, Staff.name).join(Membership, Membership.staff_id == Staff.id)
        .where(Membership.business_id == business_id).order_by(Staff.name)))


def _events(session: Session, business_id: int, rows: Sequence[AuditEvent]) -> list[Event]:
    names = {public_id: name for public_id, name in session.execute(
        select(Staff.public_id, Staff.name).where(Staff.public_id.in_({row.actor_id for row in rows})))}
    debtors = {id: (name, public_id) for id, name, public_id in session.execute(
        select(Debtor.id, Debtor.name, Debtor.public_id).where(
            Debtor.business_id == business_id, Debtor.id.in_({row.debtor_id for row in rows if row.debtor_id})))}
    currencies = _currencies(session, business_id, rows)
    return [_event(row, names, debtors, currencies) for row in rows]


def _currencies(session: Session, business_id: int, rows: Sequence[AuditEvent]) -> dict[str, str]:
    """In which currency a sum was noted, where the act leaves that to what it is about."""
    wanted = {row.target for row in rows if "amount" in row.details and "currency" not in row.details}
    found: dict[str, str] = {}
    for kind, table in (("payment", Payment), ("refund", Refund)):
        ids = [target.partition(":")[2] for target in wanted if target.startswith(f"{kind}:")]
        found |= {f"{kind}:{public_id}": currency for public_id, currency in session.execute(
            select(table.public_id, table.currency).where(
                table.public_id.in_(ids), table.business_id == business_id))}
    return found


def _event(row: AuditEvent, names: Mapping[str, str], debtors: Mapping[int, tuple[str, str]],
           currencies: Mapping[str, str]) -> Event:
    name, public_id = debtors.get(row.debtor_id or 0, ("", ""))
    kind, _, target = row.target.partition(":")
    details = {**({"currency": currencies[row.target]} if row.target in currencies else {}), **row.details}
    before, after = details.pop("before", None), details.pop("after", None)
    fields = details.pop("fields", None)
    return Event(row.at, row.act, row.actor_kind, names.get(row.actor_id, ""), kind, target, name, public_id,
                 _changes(before, after, fields), details)


def _changes(before: Any, after: Any, fields: Any) -> tuple[Change, ...]:
    if isinstance(before, dict) and isinstance(after, dict):
        told = [Change(name, before.get(name), after.get(name)) for name in sorted({*before, *after})]
        silent = sorted(set(fields or ()) - {*before, *after}) if isinstance(fields, list) else []
        return (*told, *(Change(str(name)) for name in silent))
    if before is not None or after is not None:
        return (Change("", before, after),)
    return tuple(Change(str(name)) for name in fields) if isinstance(fields, list) else ()
