"""What staff answer to a wish to settle, and settlements they offer of their own accord; each with words.

Nothing binds before the debtor has signed. An answer names what it had read; said something newer meanwhile, it is
refused. A rest above the limit of one person is given up by an owner only.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.domain import settlements as rules
from portal.domain.access import KNOWN, Access
from portal.domain.errors import Refusal
from portal.domain.questions import told
from portal.domain.roles import StaffAccess
from portal.models import Arrangement, ArrangementRound, Debtor, Staff, lock_debtor
from portal.runtime import Runtime
from portal.services import (
    arrangements,
    debtor_desk,
    policies,
    settlement_mail,
    settlement_terms,
    settlements,
    standings,
)
from portal.services.arrangements import Step
from portal.services.audit import record, staff_actor
from portal.services.settlements import SettlementView

LONGEST_ANSWER = 4_000
PERMISSION = "move_money"
# Does what was answered and names the email that tells it.
_Work = Callable[[Session, Debtor, Arrangement, datetime], str]


@dataclass(frozen=True)
class Answered:
    """What became of an answer: whether it also leaves by email, and if not, why (a reason of the message gate)."""

    emailed: bool
    reason: str


def approve(rt: Runtime, access: StaffAccess, settlement_id: str, *, seen: str, words: str = "") -> Answered:
    """Agree to the sum that was asked for; it binds once they have signed.

    Raises Refusal: not_found, settlement_moved_on, settlement_decided, settlement_not_less, settlement_owner_only,
    words_too_long, payment_processing, dispute_first, plan_stands, settlement_stands.
    """
    def work(session: Session, debtor: Debtor, arrangement: Arrangement, now: datetime) -> str:
        _put(session, access, debtor, arrangement, arrangement.amount_minor, None, now)
        return "settlement_granted"

    return _answer(rt, access, settlement_id, seen, words, work, "accepted")


def counter(rt: Runtime, access: StaffAccess, settlement_id: str, amount: int, *, seen: str,
            until: date | None = None, words: str = "") -> Answered:
    """Offer another sum instead, until a day. Raises Refusal as approve(), below_minimum_charge, amount_step,
    day_passed, day_too_far."""
    def work(session: Session, debtor: Debtor, arrangement: Arrangement, now: datetime) -> str:
        _put(session, access, debtor, arrangement, amount, until, now)
        return "settlement_countered"

    return _answer(rt, access, settlement_id, seen, words, work, "countered")


def refuse(rt: Runtime, access: StaffAccess, settlement_id: str, *, seen: str, words: str) -> Answered:
    """Say no, with words; reminders go on. Raises Refusal as approve(), and words_missing."""
    told(words, longest=LONGEST_ANSWER)

    def work(session: Session, _debtor: Debtor, arrangement: Arrangement, now: datetime) -> str:
        arrangements.end(session, arrangement, "refused", now)
        return "settlement_refused"

    return _answer(rt, access, settlement_id, seen, words, work, "refused")


def take_back(rt: Runtime, access: StaffAccess, settlement_id: str, *, seen: str, words: str) -> Answered:
    """Take back what was offered and nobody has signed yet, with words; raises Refusal as refuse()."""
    told(words, longest=LONGEST_ANSWER)

    def work(session: Session, _debtor: Debtor, arrangement: Arrangement, now: datetime) -> str:
        arrangements.end(session, arrangement, "ended", now)
        return "settlement_taken_back"

    return _answer(rt, access, settlement_id, seen, words, work, "ended", state="countered")


def propose(rt: Runtime, access: StaffAccess, debtor_id: str, amount: int, currency: str, *,
            until: date | None = None, invoice_ids: Sequence[str] = (), words: str = "") -> str:
    """Offer to close what is open for less, without being asked; returns the public id. Sent twice it is one.

    Covers all that is open in a currency, or the named invoices. Raises Refusal as counter(), nothing_open,
    unknown_invoice, settlement_waits.
    """
    access.require(PERMISSION)
    now = rt.now()
    body = told(words, longest=LONGEST_ANSWER) if words.strip() else ""

    def work(session: Session) -> str:
        debtor = debtor_desk.lock(session, access, debtor_id)
        whole = Access(debtor.business_id, debtor.id, 0, "", KNOWN, _named(session, debtor, invoice_ids))
        before = settlements.waiting(session, whole)
        if before is not None and before.state == "asked":
            # They wait for an answer to their own wish: that is given there.
            raise Refusal("conflict", "settlement_waits")
        day = until or _usual_day(session, debtor, now)
        if before is not None and (before.amount_minor, before.currency, before.until) == (amount, currency, day):
            return before.public_id
        invoices = settlement_terms.coverable(session, whole, currency)
        if before is not None:
            arrangements.note(session, before, Step("staff", "ended", staff_id=access.staff_id), now)
            arrangements.end(session, before, "ended", now)
        arrangement = arrangements.open_one(
            session, debtor, settlement_terms.KIND, [one.id for one in invoices], now, asked_until=day,
            currency=currency, amount_minor=amount)
        arrangement.staff_id = access.staff_id
        _put(session, access, debtor, arrangement, amount, day, now)
        _note(session, access, arrangement, "countered", body, now)
        settlement_mail.tell_debtor(session, now, arrangement, "settlement_offered", words=body,
                                    staff_name=session.get_one(Staff, access.staff_id).name)
        _record(session, access, arrangement, "settlement.offered", now)
        standings.recount_one(session, access.business_id, debtor.id, now)
        return arrangement.public_id

    return rt.db.run(work)


def find(session: Session, access: StaffAccess, settlement_id: str) -> Arrangement:
    """Find a settlement of this business; raises Refusal not_found for anybody else's."""
    found = session.scalars(select(Arrangement).where(
        Arrangement.public_id == settlement_id, Arrangement.business_id == access.business_id,
        Arrangement.kind == settlement_terms.KIND)).one_or_none()
    if found is None:
        raise Refusal("not_found", "unknown_page")
    return found


def for_staff(session: Session, access: StaffAccess, settlement_id: str) -> tuple[SettlementView, Debtor, list[str]]:
    """Give a settlement with its steps, whose it is, and who of the staff spoke in each step ("" for others)."""
    arrangement = find(session, access, settlement_id)
    debtor = session.get_one(Debtor, arrangement.debtor_id)
    names = session.scalars(
        select(Staff.name).select_from(ArrangementRound).outerjoin(Staff, Staff.id == ArrangementRound.staff_id)
        .where(ArrangementRound.arrangement_id == arrangement.id).order_by(ArrangementRound.position)).all()
    return settlements.view_of(session, debtor, arrangement), debtor, [name or "" for name in names]


def _put(session: Session, access: StaffAccess, debtor: Debtor, arrangement: Arrangement, amount: int,
         until: date | None, now: datetime) -> None:
    """Put a sum on the table, until a day; nobody is bound by it yet."""
    invoices = settlement_terms.of_arrangement(session, debtor, arrangement)
    owed = sum(one.left_minor for one in invoices)
    rules.check_amount(amount, owed=owed, currency=arrangement.currency)
    settlement_terms.refuse_moving(session, debtor.business_id, debtor.id, invoices)
    arrangements.check_room(session, debtor, settlement_terms.KIND, [one.id for one in invoices])
    limit = policies.in_force(session, debtor.business_id).second_person_above(arrangement.currency)
    if owed - amount > limit and not access.may("danger"):
        raise Refusal("not_allowed", "settlement_owner_only", limit=limit, currency=arrangement.currency)
    day, today = until or _usual_day(session, debtor, now), arrangements.today(session, debtor, now)
    if day < today:
        raise Refusal("invalid", "day_passed")
    if day > today + timedelta(days=rules.LONGEST_DAYS):
        raise Refusal("invalid", "day_too_far", day=today + timedelta(days=rules.LONGEST_DAYS))
    arrangement.state, arrangement.until, arrangement.amount_minor, arrangement.answer_by = (
        "countered", day, amount, None)


def _usual_day(session: Session, debtor: Debtor, now: datetime) -> date:
    days = policies.in_force(session, debtor.business_id).settlement_rules.days
    return arrangements.today(session, debtor, now) + timedelta(days=days)


def _named(session: Session, debtor: Debtor, invoice_ids: Sequence[str]) -> frozenset[int] | None:
    if not invoice_ids:
        return None
    return frozenset(debtor_desk.invoice_of(session, debtor, invoice_id).id for invoice_id in invoice_ids)


def _answer(rt: Runtime, access: StaffAccess, settlement_id: str, seen: str, words: str, work: _Work, what: str, *,
            state: str = "asked") -> Answered:
    access.require(PERMISSION)
    now = rt.now()
    body = told(words, longest=LONGEST_ANSWER) if words.strip() else ""

    def run(session: Session) -> Answered:
        found = find(session, access, settlement_id)
        debtor = lock_debtor(session, access.business_id, found.debtor_id)
        assert debtor is not None
        # What was read before the lock may be old.
        session.refresh(found)
        if found.state != state:
            raise Refusal("conflict", "settlement_decided")
        if str(found.version) != seen:
            raise Refusal("conflict", "settlement_moved_on")
        found.staff_id = access.staff_id
        news = work(session, debtor, found, now)
        _note(session, access, found, what, body, now)
        name = session.get_one(Staff, access.staff_id).name
        message = settlement_mail.tell_debtor(session, now, found, news, words=body, staff_name=name)
        _record(session, access, found, f"settlement.{what}", now)
        standings.recount_one(session, access.business_id, debtor.id, now)
        return Answered(message.state == "queued", message.reason)

    return rt.db.run(run)


def _note(session: Session, access: StaffAccess, arrangement: Arrangement, what: str, words: str,
          now: datetime) -> None:
    gone = what in ("refused", "ended")
    arrangements.note(session, arrangement, Step(
        "staff", what, None if gone else arrangement.until, 0 if gone else arrangement.amount_minor, words,
        access.staff_id), now)


def _record(session: Session, access: StaffAccess, arrangement: Arrangement, act: str, now: datetime) -> None:
    record(session, at=now, actor=staff_actor(access), act=act, business_id=access.business_id,
           debtor_id=arrangement.debtor_id, target=f"arrangement:{arrangement.public_id}",
           amount=arrangement.amount_minor, currency=arrangement.currency, until=str(arrangement.until or ""))
