"""Disputes from the debtor's side: say that something is wrong, say more, take it back, ask for a second look.

What staff answer is in dispute_answers.py; what rests meanwhile is in dispute_holds.py.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from portal.domain import disputes as rules
from portal.domain.access import Access
from portal.domain.errors import Refusal
from portal.domain.questions import LONGEST_WORDS, told
from portal.models import Business, Dispute, DisputePart, Question, QuestionEntry
from portal.runtime import Runtime
from portal.services import (
    calendars,
    dispute_choices,
    dispute_files,
    dispute_holds,
    more_time,
    policies,
    question_mail,
    questions,
    standings,
)
from portal.services.audit import Actor, record
from portal.services.dispute_choices import Chosen, Wanted
from portal.services.dispute_holds import Clock
from portal.services.dispute_views import find_own, require_whole_page
from portal.services.sent_files import Kept, Sent


@dataclass(frozen=True)
class Said:
    """What a debtor says is wrong, why, what they want, in their words, and the files that show it."""

    parts: tuple[Chosen, ...]
    reason: str
    wants: str
    words: str
    files: tuple[Sent, ...] = ()
    # Whether whoever sends files has just entered the emailed code.
    proven: bool = False


def open_one(rt: Runtime, access: Access, said: Said) -> str:
    """Say that something is wrong; what is questioned rests at once. Returns the dispute's public id.

    Told twice it is one. Raises Refusal: words_missing, words_too_long, dispute_reason, dispute_wish, dispute_nothing,
    what dispute_choices.wanted() and refuse_again() refuse, disputes_wait, code_first, link_ended, and what
    dispute_files.keep() refuses.
    """
    require_whole_page(access)
    now, words = rt.now(), told(said.words, longest=LONGEST_WORDS)
    if said.reason not in rules.REASONS:
        raise Refusal("invalid", "dispute_reason")
    if said.wants not in rules.WANTS:
        raise Refusal("invalid", "dispute_wish")
    if not 0 < len(said.parts) <= rules.MOST_PARTS:
        raise Refusal("invalid", "dispute_nothing")
    kept = _kept(rt, said.files, proven=said.proven)

    def work(session: Session) -> tuple[str, bool]:
        debtor = more_time.locked(session, access, now)
        wanted, currency = dispute_choices.wanted(session, access, said.parts)
        same = dispute_choices.sent_before(session, access, wanted, said.reason, words)
        if same is not None:
            return same.public_id, False
        dispute_choices.refuse_again(session, access, wanted)
        _refuse_flood(session, debtor.id)
        business = session.get_one(Business, access.business_id)
        thread = _thread(session, business, debtor.id, wanted[0].invoice_id, now)
        dispute = Dispute(
            business_id=business.id, debtor_id=debtor.id, question_id=thread.id, state=rules.OPEN,
            reason=said.reason, wants=said.wants, currency=currency, opened_at=now,
            answer_by=answer_by(session, business, now), looks=1)
        session.add(dispute)
        session.flush()
        parts = [_part(session, dispute, one) for one in wanted]
        questions.add(session, thread, now, said_by="debtor", channel="page", body=words)
        dispute_files.attach(session, dispute, kept, now)
        dispute_holds.begin(session, dispute, parts, now)
        question_mail.tell_staff(session, now, business, thread, "opened")
        _record(session, access, dispute, "dispute.opened", now, why=said.reason, wants=said.wants,
                amount=sum(part.asked_minor for part in parts), currency=currency, files=len(kept))
        standings.recount_one(session, business.id, debtor.id, now)
        return dispute.public_id, True

    return _with_files(rt, kept, work)


def say_more(rt: Runtime, access: Access, dispute_id: str, words: str, files: Sequence[Sent] = (), *,
             proven: bool = False) -> None:
    """Say something more about a dispute of one's own, with files where a code was entered.

    Raises Refusal: not_found, words_missing, words_too_long, answer_first, code_first, link_ended, and what
    dispute_files.keep() refuses.
    """
    require_whole_page(access)
    now, body = rt.now(), told(words, longest=LONGEST_WORDS)
    kept = _kept(rt, files, proven=proven)

    def work(session: Session) -> tuple[str, bool]:
        more_time.locked(session, access, now)
        dispute = find_own(session, access, dispute_id)
        thread = session.get_one(Question, dispute.question_id, populate_existing=True)
        newest = session.scalars(select(QuestionEntry).where(
            QuestionEntry.question_id == thread.id).order_by(QuestionEntry.id.desc()).limit(1)).one_or_none()
        if newest is not None and newest.said_by == "debtor" and newest.body == body and not kept:
            return dispute.public_id, False
        questions.speak_up(session, now, thread, body, said_by="debtor", channel="page")
        dispute_files.attach(session, dispute, kept, now)
        _record(session, access, dispute, "dispute.replied", now, files=len(kept))
        return dispute.public_id, True

    _with_files(rt, kept, work)


def withdraw(rt: Runtime, access: Access, dispute_id: str) -> None:
    """Take a dispute back; what rested can be asked for again. Raises Refusal: not_found, dispute_decided."""
    require_whole_page(access)
    now = rt.now()

    def work(session: Session) -> None:
        more_time.locked(session, access, now)
        dispute = find_own(session, access, dispute_id)
        session.refresh(dispute)
        if dispute.state == rules.WITHDRAWN:
            return
        if dispute.state != rules.OPEN:
            raise Refusal("conflict", "dispute_decided")
        clocks = dispute_holds.stopped(session, dispute)
        close(session, dispute, _taken_back(session, dispute), now, clocks, notice=False)
        _record(session, access, dispute, "dispute.withdrawn", now)
        standings.recount_one(session, dispute.business_id, dispute.debtor_id, now)

    rt.db.run(work)


def look_again(rt: Runtime, access: Access, dispute_id: str, words: str, files: Sequence[Sent] = (), *,
               proven: bool = False) -> None:
    """Add facts to a decided dispute and ask for a second look, once; what was not credited rests again.

    Raises Refusal: not_found, words_missing, words_too_long, dispute_final, dispute_stands, code_first, link_ended.
    """
    require_whole_page(access)
    now, body = rt.now(), told(words, longest=LONGEST_WORDS)
    kept = _kept(rt, files, proven=proven)

    def work(session: Session) -> tuple[str, bool]:
        more_time.locked(session, access, now)
        dispute = find_own(session, access, dispute_id)
        session.refresh(dispute)
        if dispute.state == rules.OPEN and dispute.looks == 2:
            return dispute.public_id, False
        if dispute.state not in (rules.PARTLY, rules.REJECTED) or dispute.looks != 1:
            raise Refusal("conflict", "dispute_final")
        parts = list(session.scalars(select(DisputePart).where(
            DisputePart.dispute_id == dispute.id, DisputePart.credited_minor < DisputePart.asked_minor)))
        standing = dispute_choices.standing(session, {part.invoice_id for part in parts})
        for part in parts:
            rules.check_room(dispute_choices.as_rule(part), standing)
            part.open = True
        business = session.get_one(Business, dispute.business_id)
        dispute.state, dispute.looks, dispute.decided_at, dispute.staff_id = rules.OPEN, 2, None, None
        dispute.answer_by, dispute.warned_at, dispute.escalated_at = answer_by(session, business, now), None, None
        thread = session.get_one(Question, dispute.question_id, populate_existing=True)
        dispute_holds.end_notice(session, dispute, now)
        dispute_holds.begin(session, dispute, parts, now)
        questions.speak_up(session, now, thread, body, said_by="debtor", channel="page")
        dispute_files.attach(session, dispute, kept, now)
        _record(session, access, dispute, "dispute.second_look", now, files=len(kept))
        standings.recount_one(session, dispute.business_id, dispute.debtor_id, now)
        return dispute.public_id, True

    _with_files(rt, kept, work)


def close(session: Session, dispute: Dispute, state: str, now: datetime, clocks: Sequence[Clock], *,
          notice: bool) -> None:
    """End a dispute in one of its last states: its parts, its thread, its holds, and what discounts it stopped.

    The caller holds the debtor's lock, has asked which clocks stand still, and has booked what was credited.
    """
    dispute.state, dispute.decided_at = state, now
    for part in session.scalars(select(DisputePart).where(DisputePart.dispute_id == dispute.id, DisputePart.open)):
        part.open = False
    thread = session.get_one(Question, dispute.question_id)
    thread.state, thread.closed_at, thread.moved_at, thread.answer_by = "closed", now, now, None
    session.flush()
    dispute_holds.end(session, dispute, now, notice=notice)
    dispute_holds.date_anew(session, dispute, clocks, now)


def answer_by(session: Session, business: Business, now: datetime) -> datetime:
    """Tell by when a dispute that is opened now is decided: the last second of the day the policy names."""
    days, zone = policies.in_force(session, business.id).dispute_answer_days, ZoneInfo(business.timezone)
    return datetime.combine(now.astimezone(zone).date() + timedelta(days=days), time(23, 59, 59), tzinfo=zone)


def _taken_back(session: Session, dispute: Dispute) -> str:
    """Tell how a dispute stands once it is taken back: a second look leaves the first answer as it was."""
    if dispute.looks == 1:
        return rules.WITHDRAWN
    credited = session.scalar(select(func.sum(DisputePart.credited_minor)).where(
        DisputePart.dispute_id == dispute.id))
    return rules.PARTLY if credited else rules.REJECTED


def _refuse_flood(session: Session, debtor_id: int) -> None:
    waiting = session.scalar(select(func.count()).select_from(Dispute).where(
        Dispute.debtor_id == debtor_id, Dispute.state == rules.OPEN)) or 0
    if waiting >= rules.MOST_OPEN:
        raise Refusal("too_many", "disputes_wait", count=rules.MOST_OPEN)


def _thread(session: Session, business: Business, debtor_id: int, invoice_id: int, now: datetime) -> Question:
    thread = Question(
        business_id=business.id, debtor_id=debtor_id, invoice_id=invoice_id, kind="question", of_dispute=True,
        state="business", reply_key=question_mail.new_reply_key(), opened_at=now, moved_at=now,
        answer_by=calendars.answer_by(session, business, now))
    session.add(thread)
    session.flush()
    return thread


def _part(session: Session, dispute: Dispute, wanted: Wanted) -> DisputePart:
    part = DisputePart(
        business_id=dispute.business_id, debtor_id=dispute.debtor_id, dispute_id=dispute.id,
        invoice_id=wanted.invoice_id, line_id=wanted.line_id, whole=wanted.whole, asked_minor=wanted.amount_minor,
        credited_minor=0, tax_minor=0, open=True)
    session.add(part)
    session.flush()
    return part


def _kept(rt: Runtime, files: Sequence[Sent], *, proven: bool) -> list[Kept]:
    if files and not proven:
        raise Refusal("not_allowed", "code_first")
    return dispute_files.keep(rt, files)


def _with_files(rt: Runtime, kept: Sequence[Kept], work: Callable[[Session], tuple[str, bool]]) -> str:
    used = False
    try:
        public_id, used = rt.db.run(work)
    finally:
        # Refused, or told before: a file that no row names stays nowhere.
        (dispute_files.arrived if used else dispute_files.drop)(rt, kept)
    return public_id


def _record(session: Session, access: Access, dispute: Dispute, act: str, now: datetime, **details: object) -> None:
    record(session, at=now, actor=Actor("debtor", access.link_public_id), act=act, business_id=dispute.business_id,
           debtor_id=dispute.debtor_id, target=f"dispute:{dispute.public_id}", **details)
