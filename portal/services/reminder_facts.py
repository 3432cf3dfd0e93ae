"""Reads what the reminder rules must know of many debtors at once: a fixed number of queries, however many they are."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Case, Select, case, func, or_, select
from sqlalchemy.orm import Session

from portal.domain.cadences import Series, Step, choose, counterpart
from portal.domain.gate import COLLECTING, QuietHours, Situation
from portal.domain.ledger import RECEIVABLE
from portal.domain.policy import Policy
from portal.domain.reminding import Debt, Pause
from portal.models import (
    BlockedAddress,
    Business,
    CadenceStep,
    CallTask,
    Debtor,
    DebtorStanding,
    Hold,
    Invoice,
    InvoiceLine,
    LedgerAccount,
    Message,
    ReminderTrack,
)
from portal.runtime import Runtime
from portal.services import calendars, consents, not_me, paper_letters, policies
from portal.services.askable import MONEY_MOVES
from portal.services.gatekeeping import WINDOW_DAYS, zones_of
from portal.services.reachable import Reachable, Sending


@dataclass(frozen=True)
class Someone:
    """One debtor with everything a day's decision needs, and the tracks it will move."""

    debtor: Debtor
    business: Business
    debts: Sequence[Debt]
    situation: Situation
    may_call: bool
    has_address: bool
    # The public id of a call that staff are asked to make already; "" for none.
    open_call: str
    is_open: Callable[[date], bool]
    tracks: Mapping[int, ReminderTrack]


def gather(rt: Runtime, session: Session, now: datetime, debtors: Sequence[Debtor], *,
           only_due: bool = True) -> list[Someone]:
    """Read the tracks that are due (or all that are not at rest) with what the rules ask about their debtors."""
    ids = [debtor.id for debtor in debtors]
    tracks = _tracks(session, now, ids, only_due=only_due)
    steps = _steps(session, {track.cadence_id for of_debtor in tracks.values() for track, _, _ in of_debtor})
    pauses = _pauses(session, now, ids)
    debts = {id: [_debt(track, due_on, left, steps, pauses[id]) for track, due_on, left in tracks[id]] for id in ids}
    return _around(rt, session, now, debtors, debts, {
        id: {track.invoice_id: track for track, _, _ in tracks[id]} for id in ids})


def as_if(rt: Runtime, session: Session, now: datetime, debtors: Sequence[Debtor],
          series: Mapping[int, Sequence[Series]]) -> list[Someone]:
    """Read everything that is owed as if these cadences, by business and rank, had been switched on this moment."""
    ids = [debtor.id for debtor in debtors]
    people, pauses = {debtor.id: debtor for debtor in debtors}, _pauses(session, now, ids)
    debts: dict[int, list[Debt]] = {id: [] for id in ids}
    for debtor_id, invoice_id, due_on, left, weight, late, step_on, old in session.execute(_owed(ids)):
        debtor = people[debtor_id]
        chosen = choose(series.get(debtor.business_id, ()), kind=debtor.kind, repeat=late > 0, amount_minor=weight)
        if chosen is not None:
            last = counterpart(chosen.steps, step_of(old)) if old is not None else None
            debts[debtor_id].append(Debt(invoice_id, due_on, left, chosen.steps, last, step_on, pauses[debtor_id]))
    return _around(rt, session, now, debtors, debts, {id: {} for id in ids})


def _around(rt: Runtime, session: Session, now: datetime, debtors: Sequence[Debtor], debts: Mapping[int, list[Debt]],
            tracks: Mapping[int, Mapping[int, ReminderTrack]]) -> list[Someone]:
    ids = [debtor.id for debtor in debtors]
    businesses = {row.id: row for row in session.scalars(
        select(Business).where(Business.id.in_({debtor.business_id for debtor in debtors})))}
    rules = {id: policies.in_force(session, id) for id in businesses}
    calendar = calendars.open_days(session, ((id, business.country) for id, business in businesses.items()))
    blocked, days = _blocked(rt, session, debtors), _taken_days(session, now, ids)
    refused, calls = consents.refused(session, ids), _open_calls(session, ids)
    found = []
    for debtor in debtors:
        business, said_no = businesses[debtor.business_id], refused.get(debtor.id, consents.NONE)
        is_open = calendar[business.id]
        found.append(Someone(
            debtor, business, debts[debtor.id],
            situation_of(debtor, business, rules[business.id], debtor.id in blocked, frozenset(days[debtor.id]),
                         is_open),
            consents.may_call(debtor, said_no),
            paper_letters.has_address(debtor) and consents.may_write(debtor, said_no),
            calls.get(debtor.id, ""), is_open, tracks[debtor.id]))
    return found


def _owed(ids: Sequence[int]) -> Select[*tuple[Any, ...]]:
    """Ask for every invoice with something left: its weight for a cadence, how its debtor pays, and the step taken."""
    late = func.coalesce(
        select(func.max(DebtorStanding.paid_late)).where(DebtorStanding.debtor_id == LedgerAccount.debtor_id)
        .scalar_subquery(), 0)
    return (
        select(LedgerAccount.debtor_id, LedgerAccount.invoice_id, LedgerAccount.due_on,
               LedgerAccount.debits - LedgerAccount.credits, weight(), late, ReminderTrack.step_on, CadenceStep)
        .join(Invoice, Invoice.id == LedgerAccount.invoice_id).join(Business, Business.id == Invoice.business_id)
        .outerjoin(ReminderTrack, ReminderTrack.invoice_id == Invoice.id)
        .outerjoin(CadenceStep, CadenceStep.id == ReminderTrack.step_id)
        .where(LedgerAccount.debtor_id.in_(ids), LedgerAccount.kind == RECEIVABLE,
               LedgerAccount.credits < LedgerAccount.debits)
        .order_by(LedgerAccount.invoice_id))


def weight() -> Case[int]:
    """Give what an invoice counts for a cadence with a least amount: its total, nothing in another currency."""
    return case((Invoice.currency == Business.currency, Invoice.total_minor), else_=0)


def _tracks(session: Session, now: datetime, ids: Sequence[int], *,
            only_due: bool) -> dict[int, list[tuple[ReminderTrack, date, int]]]:
    query = (
        select(ReminderTrack, LedgerAccount.due_on, LedgerAccount.debits - LedgerAccount.credits)
        .join(LedgerAccount, (LedgerAccount.invoice_id == ReminderTrack.invoice_id)
              & (LedgerAccount.kind == RECEIVABLE))
        .where(ReminderTrack.debtor_id.in_(ids), ReminderTrack.look_at.is_not(None))
        .order_by(ReminderTrack.invoice_id))
    if only_due:
        query = query.where(ReminderTrack.look_at <= now)
    found: dict[int, list[tuple[ReminderTrack, date, int]]] = defaultdict(list)
    for track, due_on, left in session.execute(query):
        assert due_on is not None  # a receivable always has one
        found[track.debtor_id].append((track, due_on, left))
    return found


def _steps(session: Session, cadence_ids: set[int | None]) -> dict[int, list[CadenceStep]]:
    query = select(CadenceStep).where(CadenceStep.cadence_id.in_(cadence_ids - {None}))
    found: dict[int, list[CadenceStep]] = defaultdict(list)
    for row in session.scalars(query):
        found[row.cadence_id].append(row)
    return found


def step_of(row: CadenceStep) -> Step:
    """Give a stored step as the rules know it."""
    return Step(row.id, row.day, row.tone, row.channel)  # type: ignore[arg-type]  # the table's own check


def _debt(track: ReminderTrack, due_on: date, left: int, steps: Mapping[int, list[CadenceStep]],
          pauses: list[Pause]) -> Debt:
    known = steps.get(track.cadence_id or 0, [])
    # A step that was removed since counts as taken all the same, or the series would begin again.
    last = next((step_of(row) for row in known if row.id == track.step_id), None)
    series = [step_of(row) for row in known if row.removed_at is None]
    return Debt(track.invoice_id, due_on, left, series, last, track.step_on, pauses)


def situation_of(debtor: Reachable, business: Sending, policy: Policy, blocked: bool, days: frozenset[date],
                 is_open: Callable[[date], bool]) -> Situation:
    """Put together what the message gate asks about an email of a step; `days` are those taken by others."""
    return Situation(
        message_class=COLLECTING, address=debtor.email, address_state=debtor.email_state, blocked=blocked,
        zones=zones_of(debtor.timezone, debtor.country, business.timezone),
        quiet=QuietHours(policy.quiet_from_hour, policy.quiet_until_hour), taken_days=days,
        gap_days=policy.reminder_gap_days, is_open=is_open,
        opted_out=debtor.opted_out_at is not None, paused=business.paused_at is not None)


def _pauses(session: Session, now: datetime, ids: Sequence[int]) -> dict[int, list[Pause]]:
    """Read the holds that stand or will begin."""
    query = (
        select(Hold.debtor_id, Hold.invoice_id, Hold.cause, Hold.amount_minor,
               InvoiceLine.amount_minor + InvoiceLine.tax_minor, Hold.starts_at, Hold.until)
        .outerjoin(InvoiceLine, InvoiceLine.id == Hold.line_id)
        .where(Hold.debtor_id.in_(ids), Hold.reminders, Hold.released_at.is_(None),
               or_(Hold.until.is_(None), Hold.until > now)))
    found: dict[int, list[Pause]] = defaultdict(list)
    for debtor_id, invoice_id, cause, amount, line, starts_at, until in session.execute(query):
        part = amount if amount is not None else line
        found[debtor_id].append(Pause(invoice_id, part, cause in MONEY_MOVES, starts_at, until))
    return found


def _open_calls(session: Session, ids: Sequence[int]) -> dict[int, str]:
    query = select(CallTask.debtor_id, CallTask.public_id).where(
        CallTask.debtor_id.in_(ids), CallTask.done_at.is_(None))
    return {debtor_id: public_id for debtor_id, public_id in session.execute(query)}


def _taken_days(session: Session, now: datetime, ids: Sequence[int]) -> dict[int, set[date]]:
    today = now.date()
    query = select(Message.debtor_id, Message.local_day).where(
        Message.debtor_id.in_(ids), Message.message_class == COLLECTING, Message.state.in_(("queued", "sent")),
        Message.local_day.between(today - timedelta(days=WINDOW_DAYS), today + timedelta(days=WINDOW_DAYS)))
    found: dict[int, set[date]] = defaultdict(set)
    for debtor_id, day in session.execute(query):
        if debtor_id is not None and day is not None:
            found[debtor_id].add(day)
    return found


def _blocked(rt: Runtime, session: Session, debtors: Sequence[Debtor]) -> set[int]:
    hashes = {(debtor.business_id, not_me.address_hash(rt.settings, debtor.business_id, debtor.email)): debtor.id
              for debtor in debtors if debtor.email}
    query = select(BlockedAddress.business_id, BlockedAddress.address_hash).where(
        BlockedAddress.address_hash.in_({hash for _, hash in hashes}))
    return {hashes[business_id, hash] for business_id, hash in session.execute(query) if (business_id, hash) in hashes}
