"""What a bulk act would do to each of those it was asked for: an email now or in the morning, a hold, a new person.

The same look is taken for the preview and, under the locks, for the act.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from portal.domain.errors import Refusal
from portal.domain.gate import COLLECTING, local_day
from portal.domain.roles import StaffAccess
from portal.models import Assignment, Business, Debtor, Hold, Invoice, Message, Staff
from portal.runtime import Runtime
from portal.services import askable, debtor_desk, gatekeeping, messages, nonces, not_me, offers
from portal.services.lists.cells import At, Lines, Short, Text
from portal.services.lists.frame import Context
from portal.services.offers import Wanted
from portal.words.refusals import N_
from portal.words.said import Plain, Said, Sum


@dataclass(frozen=True)
class Target:
    """One debtor or invoice the act is about: what they would get, or the code of why they are left out."""

    public_id: str
    debtor: int
    name: str
    number: str
    kind: str
    gets: Text | None = None
    beside: Text | None = None
    reason: str = ""
    invoice: int | None = None


@dataclass(frozen=True)
class Outlook:
    """Who gets something, and who is left out."""

    included: tuple[Target, ...]
    left_out: tuple[Target, ...]


def look(rt: Runtime, session: Session, context: Context, list_name: str, act: str, rows: Sequence[Any]) -> Outlook:
    """Say for each row what the act would do; several invoices of one debtor are one email and one person."""
    if act in ("hold", "offer") and list_name == "invoices":
        found = [_hold_invoice(session, context, row, act) for row in rows]
    else:
        ids = list(dict.fromkeys(row.debtor_internal if list_name == "invoices" else row.id for row in rows))
        debtors = {debtor.id: debtor for debtor in session.scalars(
            select(Debtor).where(Debtor.business_id == context.business_id, Debtor.id.in_(ids)))}
        people = _people(session, ids)
        business = session.get_one(Business, context.business_id)
        rests = act in ("hold", "offer")
        idle = {row.id for row in rows if list_name == "debtors" and not row.owes} if rests else set()
        found = [_target(debtors[id_], reason="nothing_left") if id_ in idle else
                 _debtor(rt, session, context, act, business, debtors[id_], people.get(id_, "")) for id_ in ids]
        if act != "link" and list_name == "debtors":
            owed = {row.id: Lines(tuple(Sum(one.balance, one.currency) for one in row.owes)) for row in rows}
            found = [replace(one, beside=owed[one.debtor]) for one in found]
    return Outlook(tuple(one for one in found if not one.reason), tuple(one for one in found if one.reason))


@dataclass(frozen=True)
class Giving:
    """What discounts for many would come to: how many invoices, and what is given up of each currency."""

    outlook: Outlook
    count: int
    sums: tuple[Sum, ...]


def discounts(session: Session, access: StaffAccess, context: Context, outlook: Outlook, wanted: Wanted) -> Giving:
    """Say what each would be given, by the rule that gives it; who or what gets nothing is left out with why."""
    included: list[Target] = []
    left_out, sums, count = list(outlook.left_out), dict[str, int](), 0
    for target in outlook.included:
        only = frozenset({target.invoice}) if target.invoice is not None else None
        debtor = session.get_one(Debtor, target.debtor)
        try:
            found, without = offers.foresee(session, access, debtor, wanted, context.now, only=only)
        except Refusal as refusal:
            left_out.append(replace(target, gets=None, reason=refusal.code))
            continue
        mine: dict[str, int] = {}
        for invoice, off in found:
            mine[invoice.currency] = mine.get(invoice.currency, 0) + off
            sums[invoice.currency] = sums.get(invoice.currency, 0) + off
        count += len(found)
        left_out += [Target(one.public_id, debtor.id, debtor.name, one.number, "invoice",
                            beside=Sum(one.left_minor, one.currency), reason=reason) for one, reason in without]
        if found:
            off_by = ", ".join(Sum(minor, currency).by(context.words) for currency, minor in mine.items())
            included.append(replace(target, gets=Said(N_("%(sum)s less, until the day below"), {"sum": off_by})))
        elif not without:
            left_out.append(replace(target, gets=None, reason="nothing_left"))
    return Giving(Outlook(tuple(included), tuple(left_out)), count,
                  tuple(Sum(minor, currency) for currency, minor in sums.items()))


def _debtor(rt: Runtime, session: Session, context: Context, act: str, business: Business, debtor: Debtor,
            looked_after_by: str) -> Target:
    if debtor.erased_at is not None:
        return _target(debtor, reason="erased")
    if act == "link":
        return _link(rt, session, context, business, debtor)
    if act == "assign":
        now_with = Plain(looked_after_by) if looked_after_by else Said(N_("Nobody"))
        return _target(debtor, gets=Said(N_("Looked after so far by: %(who)s"), {"who": now_with.by(context.words)}))
    if act == "offer":
        return _target(debtor, gets=Said(N_("A discount on all that is open, until the day below")))
    return _target(debtor, gets=Said(N_("Reminders and fees rest on the whole account")))


def _target(debtor: Debtor, *, gets: Text | None = None, beside: Text | None = None, reason: str = "") -> Target:
    return Target(debtor.public_id, debtor.id, debtor.name, debtor.number, "debtor", gets, beside, reason)


def _link(rt: Runtime, session: Session, context: Context, business: Business, debtor: Debtor) -> Target:
    """Ask the gate, as sending will: nobody has asked for this email, so it is one that asks for money."""
    open_sums = askable.askable(session, context.now, debtor)
    decision = gatekeeping.decide_for(
        session, context.now, business, debtor, COLLECTING, askable=open_sums,
        blocked=not_me.is_blocked(session, rt.settings, debtor.business_id, debtor.email))
    if decision.verdict == "skip":
        return _target(debtor, reason=decision.reason)
    sums: dict[str, int] = {}
    for invoice in open_sums.invoices:
        sums[invoice.currency] = sums.get(invoice.currency, 0) + invoice.left_minor
    when = (Said(N_("An email to %(address)s, at once"), {"address": debtor.email}) if decision.verdict == "send" else
            Said(N_("An email to %(address)s, %(when)s"), {
                "address": debtor.email, "when": At(decision.at).by(context.words)}))
    return _target(debtor, gets=when, beside=Lines(tuple(Sum(minor, currency) for currency, minor in sums.items())))


def _hold_invoice(session: Session, context: Context, row: Any, act: str) -> Target:
    reason = "" if row.left else "nothing_left"
    text = (N_("A discount until the day below; due %(day)s") if act == "offer"
            else N_("Reminders and fees rest on it; due %(day)s"))
    gets = Said(text, {"day": Short(row.due_on).by(context.words)})
    return Target(row.public_id, row.debtor_internal, row.debtor_name, row.number, "invoice", gets,
                  Sum(row.left, row.currency), reason, row.id)


def _people(session: Session, ids: Sequence[int]) -> dict[int, str]:
    return {debtor_id: name for debtor_id, name in session.execute(
        select(Assignment.debtor_id, Staff.name).join(Staff, Staff.id == Assignment.staff_id)
        .where(Assignment.debtor_id.in_(ids)))}


def send(session: Session, now: datetime, debtor: Debtor) -> str:
    """Queue the email; gives why there is none, or ""."""
    business = session.get_one(Business, debtor.business_id)
    day = local_day(now, gatekeeping.zones_of(debtor.timezone, debtor.country, business.timezone))
    newest = session.scalar(select(func.max(Message.id)).where(Message.debtor_id == debtor.id)) or 0
    message = messages.queue_reminder(session, now, debtor, cause=f"by-hand:{day}")
    if message.state == "skipped":
        return message.reason
    return "" if message.id > newest else "one_a_day"


def hold(session: Session, access: StaffAccess, target: Target, debtor: Debtor, nonce: str, until: datetime,
         now: datetime, *, reason: str, words: str) -> str:
    """Let reminders and fees rest on a debtor's account, or on one invoice of it; gives why not, or ""."""
    if target.invoice is not None:
        invoice = session.get_one(Invoice, target.invoice)
        assert invoice.debtor_id == debtor.id
    made = nonces.public_id(access, "bulk hold", hashlib.sha256(f"{nonce}:{target.public_id}".encode()).hexdigest())
    session.add(Hold(
        public_id=made, business_id=access.business_id, debtor_id=debtor.id, invoice_id=target.invoice,
        reminders=True, fees=True, cause="staff", cause_id=made, starts_at=now, until=until))
    debtor_desk.keep_words(session, access, debtor, now, f"hold:{made}", words, code=reason)
    return ""
