"""Gathers what a call depends on, for many debtors at once: one query for each kind of fact, never one per debtor."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import func, literal, or_, select, union_all
from sqlalchemy.orm import Session

from portal.domain.calls import CallFacts
from portal.domain.ledger import RECEIVABLE
from portal.models import (
    Arrangement,
    Business,
    Debtor,
    DebtorSession,
    DebtorStanding,
    Hold,
    InvoiceLine,
    LedgerAccount,
    Message,
    Note,
    Payment,
    PortalLink,
    Question,
)
from portal.models.base import UtcDateTime
from portal.services import consents

# Further back nobody calls about a failed payment or a page that was opened.
LOOK_BACK = timedelta(days=90)


@dataclass
class Gathered:
    """Facts of a batch of debtors, each by debtor id."""

    held: Mapping[tuple[int, str], int]
    asked: Mapping[int, datetime]
    questions: Mapping[int, datetime]
    promises: Mapping[int, tuple[date, datetime]]
    called: Mapping[int, datetime]
    payments: Mapping[int, Any]
    opened: Mapping[int, datetime]
    emails: Mapping[int, int] = field(default_factory=dict)
    refused: Mapping[int, frozenset[str]] = field(default_factory=dict)


def gather(session: Session, business: Business, debtor_ids: Sequence[int], today: date,
           now: datetime) -> dict[int, CallFacts]:
    """Give the facts of every debtor of a batch who owes something, about the currency in which most is overdue."""
    zone = ZoneInfo(business.timezone)
    people = _people(session, business.id, debtor_ids)
    ids = sorted(people)
    if not ids:
        return {}
    known = Gathered(
        held=_held(session, business.id, ids, today, now), asked=_questions(session, ids, "call_back"),
        questions=_questions(session, ids, "question"), promises=_promises(session, ids), called=_called(session, ids),
        payments=_last_payments(session, ids, now), opened=_opened(session, ids, now),
        emails=_unanswered(session, ids, now), refused=consents.refused(session, ids))
    return {debtor.id: _facts(debtor, standings, known, today, zone) for debtor, standings in people.values()}


def _people(session: Session, business_id: int,
            debtor_ids: Sequence[int]) -> dict[int, tuple[Debtor, list[DebtorStanding]]]:
    query = (
        select(Debtor, DebtorStanding).join(DebtorStanding, DebtorStanding.debtor_id == Debtor.id)
        .where(Debtor.business_id == business_id, Debtor.id.in_(debtor_ids), DebtorStanding.balance_minor > 0,
               Debtor.phone.is_not(None), Debtor.erased_at.is_(None))
        .execution_options(populate_existing=True))
    found: dict[int, tuple[Debtor, list[DebtorStanding]]] = {}
    for debtor, standing in session.execute(query):
        found.setdefault(debtor.id, (debtor, []))[1].append(standing)
    return found


def _facts(debtor: Debtor, standings: list[DebtorStanding], known: Gathered, today: date, zone: ZoneInfo) -> CallFacts:
    first = max(standings, key=lambda one: (one.overdue_minor, one.balance_minor, one.currency))
    oldest = min((one.oldest_due_on for one in standings if one.oldest_due_on), default=None)
    last_paid = max((one.last_paid_at for one in standings if one.last_paid_at), default=None)
    payment, opened = known.payments.get(debtor.id), known.opened.get(debtor.id)
    failed = payment if payment is not None and payment.state == "failed" else None
    promise = known.promises.get(debtor.id)
    reachable = bool(debtor.email) and debtor.email_state == "ok"
    may_call = consents.may_call(debtor, known.refused.get(debtor.id, consents.NONE))
    return CallFacts(
        currency=first.currency, overdue_minor=first.overdue_minor,
        free_minor=first.overdue_minor - known.held.get((debtor.id, first.currency), 0),
        days_late=max(0, (today - oldest).days) if oldest else 0,
        # Who asks to be called may be called, whatever they said before.
        has_phone=bool(debtor.phone) and (may_call or debtor.id in known.asked),
        erased=debtor.erased_at is not None, call_from=debtor.call_from,
        asked_call_on=_day(known.asked.get(debtor.id), zone), question_on=_day(known.questions.get(debtor.id), zone),
        promised_on=promise[0] if promise else None,
        promise_open=promise is not None and (last_paid is None or last_paid < promise[1]),
        failed_on=_day(failed.created_at, zone) if failed else None,
        failed_minor=failed.amount_minor if failed else 0,
        # A page that was opened before they paid was opened well.
        opened_on=_day(opened, zone) if opened and (last_paid is None or last_paid < opened) else None,
        reachable_by_email=reachable, wants_no_email=debtor.opted_out_at is not None,
        unanswered_emails=0 if opened else known.emails.get(debtor.id, 0),
        called_on=_day(known.called.get(debtor.id), zone),
        paid_invoices=sum(one.paid_invoices for one in standings), paid_late=sum(one.paid_late for one in standings))


def _day(moment: datetime | None, zone: ZoneInfo) -> date | None:
    return None if moment is None else moment.astimezone(zone).date()


def _held(session: Session, business_id: int, ids: Sequence[int], today: date,
          now: datetime) -> dict[tuple[int, str], int]:
    """Tell how much of what is overdue is on hold, by debtor and currency."""
    part = func.coalesce(Hold.amount_minor, InvoiceLine.amount_minor + InvoiceLine.tax_minor)
    query = (
        select(LedgerAccount.id, LedgerAccount.debtor_id, LedgerAccount.currency,
               (LedgerAccount.debits - LedgerAccount.credits).label("left"), part.label("part"))
        .select_from(Hold).outerjoin(InvoiceLine, InvoiceLine.id == Hold.line_id)
        .join(LedgerAccount, (LedgerAccount.debtor_id == Hold.debtor_id)
              & or_(Hold.invoice_id.is_(None), LedgerAccount.invoice_id == Hold.invoice_id))
        .where(Hold.business_id == business_id, Hold.debtor_id.in_(ids), Hold.reminders, Hold.released_at.is_(None),
               Hold.starts_at <= now, or_(Hold.until.is_(None), Hold.until > now),
               LedgerAccount.kind == RECEIVABLE, LedgerAccount.credits < LedgerAccount.debits,
               LedgerAccount.due_on < today))
    by_account: dict[int, tuple[int, str, int, int]] = {}
    for row in session.execute(query):
        before = by_account[row.id][3] if row.id in by_account else 0
        covered = min(row.left, before + (row.left if row.part is None else row.part))
        by_account[row.id] = (row.debtor_id, row.currency, row.left, covered)
    found: dict[tuple[int, str], int] = {}
    for debtor_id, currency, _left, covered in by_account.values():
        found[debtor_id, currency] = found.get((debtor_id, currency), 0) + covered
    return found


def _questions(session: Session, ids: Sequence[int], kind: str) -> dict[int, datetime]:
    query = (
        select(Question.debtor_id, func.min(Question.moved_at, type_=Question.moved_at.type))
        .where(Question.debtor_id.in_(ids), Question.state == "business", Question.kind == kind)
        .group_by(Question.debtor_id))
    return {debtor_id: at for debtor_id, at in session.execute(query)}


def _promises(session: Session, ids: Sequence[int]) -> dict[int, tuple[date, datetime]]:
    """Give the last promise of each, with the moment since when only a payment settles it."""
    said = (
        select(Note.debtor_id.label("debtor_id"), Note.promised_on.label("day"), Note.at.label("at"),
               literal("active").label("state"))
        .where(Note.debtor_id.in_(ids), Note.kind == "call", Note.result == "promised", Note.promised_on.is_not(None)))
    # Of one that was broken it is known that it was, whatever part was paid before its day was over.
    named = (
        select(Arrangement.debtor_id, Arrangement.until,
               func.coalesce(Arrangement.ended_at, Arrangement.asked_at, type_=UtcDateTime()), Arrangement.state)
        .where(Arrangement.debtor_id.in_(ids), Arrangement.kind == "promise",
               Arrangement.state.in_(("active", "kept", "broken"))))
    both = union_all(said, named).subquery()
    found: dict[int, tuple[date, datetime]] = {}
    for debtor_id, day, at, state in session.execute(select(both).order_by(both.c.at)):
        if state == "kept":
            found.pop(debtor_id, None)
        else:
            found[debtor_id] = (day, at)
    return found


def _called(session: Session, ids: Sequence[int]) -> dict[int, datetime]:
    query = (
        select(Note.debtor_id, func.max(Note.at, type_=Note.at.type))
        .where(Note.debtor_id.in_(ids), Note.kind == "call").group_by(Note.debtor_id))
    return {debtor_id: at for debtor_id, at in session.execute(query)}


def _last_payments(session: Session, ids: Sequence[int], now: datetime) -> dict[int, Any]:
    query = (
        select(Payment.debtor_id, Payment.state, Payment.amount_minor, Payment.created_at)
        .where(Payment.debtor_id.in_(ids), Payment.created_at > now - LOOK_BACK,
               Payment.state.in_(("succeeded", "failed", "processing", "announced")))
        .order_by(Payment.created_at))
    return {row.debtor_id: row for row in session.execute(query)}


def _opened(session: Session, ids: Sequence[int], now: datetime) -> dict[int, datetime]:
    query = (
        select(PortalLink.debtor_id, func.max(DebtorSession.seen_at, type_=DebtorSession.seen_at.type))
        .join(DebtorSession, DebtorSession.link_id == PortalLink.id)
        .where(PortalLink.debtor_id.in_(ids), PortalLink.created_at > now - LOOK_BACK).group_by(PortalLink.debtor_id))
    return {debtor_id: at for debtor_id, at in session.execute(query)}


def _unanswered(session: Session, ids: Sequence[int], now: datetime) -> dict[int, int]:
    query = (
        select(Message.debtor_id, func.count())
        .where(Message.debtor_id.in_(ids), Message.created_at > now - LOOK_BACK,
               Message.message_class == "collecting", Message.state == "sent")
        .group_by(Message.debtor_id))
    return {debtor_id: n for debtor_id, n in session.execute(query) if debtor_id is not None}
