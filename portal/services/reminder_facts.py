"""Reads what the reminder rules must know of many debtors at once: a fixed number of queries, however many they are."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from portal.domain.cadences import Step
from portal.domain.gate import COLLECTING, QuietHours, Situation
from portal.domain.ledger import RECEIVABLE
from portal.domain.policy import Policy
from portal.domain.reminding import Standing
from portal.models import (
    BlockedAddress,
    Business,
    CadenceStep,
    Debtor,
    Hold,
    InvoiceLine,
    LedgerAccount,
    Message,
    ReminderTrack,
)
from portal.runtime import Runtime
from portal.services import calendars, not_me, policies
from portal.services.askable import MONEY_MOVES
from portal.services.gatekeeping import WINDOW_DAYS, zones_of


@dataclass(frozen=True)
class Someone:
    """One debtor with everything a day's decision needs, and the tracks it will move."""

    debtor: Debtor
    business: Business
    standings: Sequence[Standing]
    situation: Situation
    may_call: bool
    is_open: Callable[[date], bool]
    tracks: Mapping[int, ReminderTrack]


@dataclass(frozen=True)
class _Held:
    invoice_id: int | None
    cause: str
    part_minor: int | None
    until: datetime | None


def gather(rt: Runtime, session: Session, now: datetime, debtors: Sequence[Debtor], *,
           only_due: bool = True) -> list[Someone]:
    """Read the tracks that are due (or all that are not at rest) with what the rules ask about their debtors."""
    ids = [debtor.id for debtor in debtors]
    businesses = {row.id: row for row in session.scalars(
        select(Business).where(Business.id.in_({debtor.business_id for debtor in debtors})))}
    tracks = _tracks(session, now, ids, only_due=only_due)
    steps = _steps(session, {track.cadence_id for of_debtor in tracks.values() for track, _, _ in of_debtor})
    holds, days = _holds(session, now, ids), _taken_days(session, now, ids)
    blocked, rules = _blocked(rt, session, debtors), {id: policies.in_force(session, id) for id in businesses}
    calendar = calendars.open_days(session, ((id, business.country) for id, business in businesses.items()))
    found = []
    for debtor in debtors:
        business = businesses[debtor.business_id]
        standings = [_standing(track, due_on, left, steps, holds[debtor.id])
                     for track, due_on, left in tracks[debtor.id]]
        found.append(Someone(
            debtor, business, standings,
            _situation(debtor, business, rules[business.id], debtor.id in blocked, frozenset(days[debtor.id])),
            bool(debtor.phone) and debtor.erased_at is None, calendar[business.id],
            {track.invoice_id: track for track, _, _ in tracks[debtor.id]}))
    return found


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


def _standing(track: ReminderTrack, due_on: date, left: int, steps: Mapping[int, list[CadenceStep]],
              holds: list[_Held]) -> Standing:
    mine = [held for held in holds if held.invoice_id in (None, track.invoice_id)]
    whole = [held for held in mine if held.part_minor is None]
    free = 0 if whole else left - sum(held.part_minor or 0 for held in mine)
    known = steps.get(track.cadence_id or 0, [])
    # A step that was removed since counts as taken all the same, or the series would begin again.
    last = next((step_of(row) for row in known if row.id == track.step_id), None)
    series = [step_of(row) for row in known if row.removed_at is None]
    ends = [held.until for held in whole]
    until = max(end for end in ends if end) if ends and all(ends) else None
    reason = "on_its_way" if mine and all(held.cause in MONEY_MOVES for held in mine) else "held"
    return Standing(track.invoice_id, due_on, left, free, series, last, track.step_on, until, reason)


def _situation(debtor: Debtor, business: Business, policy: Policy, blocked: bool,
               days: frozenset[date]) -> Situation:
    return Situation(
        message_class=COLLECTING, address=debtor.email, address_state=debtor.email_state, blocked=blocked,
        zones=zones_of(debtor.timezone, debtor.country, business.timezone),
        quiet=QuietHours(policy.quiet_from_hour, policy.quiet_until_hour), taken_days=days,
        opted_out=debtor.opted_out_at is not None, paused=business.paused_at is not None)


def _holds(session: Session, now: datetime, ids: Sequence[int]) -> dict[int, list[_Held]]:
    query = (
        select(Hold.debtor_id, Hold.invoice_id, Hold.cause, Hold.amount_minor,
               InvoiceLine.amount_minor + InvoiceLine.tax_minor, Hold.until)
        .outerjoin(InvoiceLine, InvoiceLine.id == Hold.line_id)
        .where(Hold.debtor_id.in_(ids), Hold.reminders, Hold.released_at.is_(None), Hold.starts_at <= now,
               or_(Hold.until.is_(None), Hold.until > now)))
    found: dict[int, list[_Held]] = defaultdict(list)
    for debtor_id, invoice_id, cause, amount, line, until in session.execute(query):
        found[debtor_id].append(_Held(invoice_id, cause, amount if amount is not None else line, until))
    return found


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
