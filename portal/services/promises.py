"""A promise to pay by a day: reminders wait for it, and whether it was kept is noted when its day is over."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from portal.domain import patience
from portal.domain.access import Access
from portal.domain.errors import Refusal
from portal.domain.ledger import RECEIVABLE
from portal.models import Arrangement, ArrangementInvoice, Debtor, LedgerAccount, Payment, lock_debtor
from portal.runtime import Runtime
from portal.services import arrangement_mail, arrangements, debts, limitation, more_time, policies, standings
from portal.services.arrangements import Step
from portal.services.audit import Actor, record
from portal.services.more_time import TimeView

BATCH = 200
WORKER = Actor("job", "note_ended_arrangements")
# What is over with its last day; a plan or a settlement is over when it is paid, or by its own rules.
ENDING = ("deferral", "hardship", "promise")


@dataclass(frozen=True)
class Promisable:
    """What may be promised now: the furthest day (None: promises are not taken), the sum left by currency."""

    furthest: date | None
    left: dict[str, int]
    standing: TimeView | None


def offered(rt: Runtime, access: Access) -> Promisable:
    """Give what may be promised, and the promise that stands."""
    now = rt.now()
    with rt.db.reading() as session:
        debtor = session.get_one(Debtor, access.debtor_id)
        days = policies.in_force(session, access.business_id).promise_days
        furthest = arrangements.today(session, debtor, now) + timedelta(days=days) if days else None
        promised = session.scalars(select(Arrangement).where(
            Arrangement.business_id == access.business_id, Arrangement.debtor_id == access.debtor_id,
            Arrangement.kind == "promise", Arrangement.state == "active").order_by(Arrangement.id.desc())).all()
        standing = next((one for one in promised if arrangements.visible(session, access, one)), None)
        return Promisable(furthest, _left(session, access), more_time.view(standing) if standing else None)


def make(rt: Runtime, access: Access, day: date, currency: str, *, notice: str = "") -> str:
    """Promise to pay what is left in one currency by a day; another day takes the place of an older one.

    Sent twice it is one. `notice` is the fingerprint of the notice that stood beside the form. Raises Refusal:
    promises_off, day_passed, day_too_far, notice_first, nothing_open, link_ended, and what stands in the way (see
    domain/arrangements.py).
    """
    now = rt.now()

    def work(session: Session) -> str:
        debtor = more_time.locked(session, access, now)
        rules = policies.in_force(session, access.business_id).patience
        until = patience.promise(rules, day, today=arrangements.today(session, debtor, now))
        left = _left(session, access).get(currency, 0)
        if not left:
            raise Refusal("conflict", "nothing_open")
        known = arrangements.the_same(session, access, "promise", until)
        if known is not None and known.currency == currency:
            return known.public_id
        shown = limitation.check_promise(session, access, notice, now)
        ids = [invoice.id for invoice in debts.open_invoices(session, access) if invoice.currency == currency]
        arrangement = arrangements.open_one(
            session, debtor, "promise", ids, now, asked_until=until, currency=currency, amount_minor=left)
        limitation.keep(session, access, shown, limitation.ARRANGEMENT, arrangement.public_id, now)
        arrangements.note(session, arrangement, Step("debtor", "asked", until, left), now)
        arrangements.activate(session, debtor, arrangement, until, now)
        arrangement_mail.tell_debtor(session, now, arrangement, "promise_taken")
        record(session, at=now, actor=Actor("debtor", access.link_public_id), act="promise.made",
               business_id=debtor.business_id, debtor_id=debtor.id, target=f"arrangement:{arrangement.public_id}",
               until=until.isoformat(), amount=left, currency=currency)
        return arrangement.public_id

    return rt.db.run(work)


def note_ended(rt: Runtime, limit: int = BATCH) -> int:
    """Note of every arrangement whose last day is over how it ended; returns how many there were.

    A promise was kept when what it covered is paid; time that was given has simply ended.
    """
    now = rt.now()
    with rt.db.reading() as session:
        # A day is over everywhere two days later at the latest; the debtor's own zone decides below.
        due = session.execute(
            select(Arrangement.id, Arrangement.business_id, Arrangement.debtor_id)
            .where(Arrangement.state == "active", Arrangement.kind.in_(ENDING),
                   Arrangement.until < (now + timedelta(days=1)).date())
            .order_by(Arrangement.until, Arrangement.id).limit(limit)).all()
    return sum(_end_one(rt, row.id, row.business_id, row.debtor_id, now) for row in due)


def _end_one(rt: Runtime, arrangement_id: int, business_id: int, debtor_id: int, now: datetime) -> int:
    def work(session: Session) -> int:
        debtor = lock_debtor(session, business_id, debtor_id)
        arrangement = session.get_one(Arrangement, arrangement_id, populate_existing=True)
        if debtor is None or arrangement.state != "active" or arrangement.until is None:
            return 0
        if now < arrangements.end_of(session, debtor, arrangement.until):
            return 0
        state = "ended"
        if arrangement.kind == "promise":
            state = "kept" if _is_kept(session, arrangement) else "broken"
        arrangements.end(session, arrangement, state, now)
        record(session, at=now, actor=WORKER, act=f"{_word(arrangement)}.{state}", business_id=business_id,
               debtor_id=debtor_id, target=f"arrangement:{arrangement.public_id}")
        standings.recount_one(session, business_id, debtor_id, now)
        return 1

    return rt.db.run(work)


def _word(arrangement: Arrangement) -> str:
    return "promise" if arrangement.kind == "promise" else "time"


def _is_kept(session: Session, arrangement: Arrangement) -> bool:
    """Nothing is left of what was covered, or a bank is moving the rest."""
    left = session.scalar(
        select(func.sum(LedgerAccount.debits - LedgerAccount.credits))
        .join(ArrangementInvoice, ArrangementInvoice.invoice_id == LedgerAccount.invoice_id)
        .where(ArrangementInvoice.arrangement_id == arrangement.id, ArrangementInvoice.binding,
               LedgerAccount.kind == RECEIVABLE)) or 0
    moving = session.scalar(select(func.sum(Payment.amount_minor)).where(
        Payment.business_id == arrangement.business_id, Payment.debtor_id == arrangement.debtor_id,
        Payment.currency == arrangement.currency, Payment.state == "processing")) or 0
    return int(left) <= int(moving)


def _left(session: Session, access: Access) -> dict[str, int]:
    sums: dict[str, int] = {}
    for invoice in debts.open_invoices(session, access):
        sums[invoice.currency] = sums.get(invoice.currency, 0) + invoice.left_minor
    return sums
