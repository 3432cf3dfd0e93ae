"""What staff answer to a wish for time: given, another day instead, or not this time, each with words.

Each answer names what it had read; said something newer meanwhile, it is refused and nothing is sent.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.domain.errors import Refusal
from portal.domain.questions import told
from portal.domain.roles import StaffAccess
from portal.models import Arrangement, ArrangementRound, Debtor, Staff, lock_debtor
from portal.runtime import Runtime
from portal.services import arrangement_mail, arrangements, more_time, standings
from portal.services.arrangements import Step
from portal.services.audit import record, staff_actor
from portal.services.more_time import StepView, TimeView

LONGEST_ANSWER = 4_000
# Further away than this nobody grants time; such a debt wants a plan or an end.
FURTHEST = timedelta(days=366)
# Does what was answered and names the email that tells it.
_Work = Callable[[Session, Debtor, Arrangement, datetime], str]


@dataclass(frozen=True)
class Answered:
    """What became of an answer: whether it also leaves by email, and if not, why (a reason of the message gate)."""

    emailed: bool
    reason: str


def give(rt: Runtime, access: StaffAccess, arrangement_id: str, *, seen: str, words: str = "") -> Answered:
    """Give the time that was asked for.

    Raises Refusal: not_found, time_moved_on, time_decided, day_passed, words_too_long, plan_stands, settlement_stands.
    """
    def work(session: Session, debtor: Debtor, arrangement: Arrangement, now: datetime) -> str:
        assert arrangement.asked_until is not None
        _check(session, debtor, arrangement.asked_until, now)
        arrangements.grant(session, debtor, arrangement, arrangement.asked_until, now)
        return "time_given"

    return _answer(rt, access, arrangement_id, seen, words, work, "accepted")


def counter(rt: Runtime, access: StaffAccess, arrangement_id: str, until: date | None, *, seen: str,
            words: str = "") -> Answered:
    """Offer another day instead; it holds once the debtor takes it. Raises Refusal as give(), and day_too_far."""
    def work(session: Session, debtor: Debtor, arrangement: Arrangement, now: datetime) -> str:
        if until is None:
            raise Refusal("invalid", "day_missing")
        _check(session, debtor, until, now)
        arrangement.state, arrangement.until, arrangement.answer_by = "countered", until, None
        return "time_countered"

    return _answer(rt, access, arrangement_id, seen, words, work, "countered")


def refuse(rt: Runtime, access: StaffAccess, arrangement_id: str, *, seen: str, words: str) -> Answered:
    """Say no, with words; reminders go on. Raises Refusal as give(), and words_missing."""
    told(words, longest=LONGEST_ANSWER)

    def work(session: Session, _debtor: Debtor, arrangement: Arrangement, now: datetime) -> str:
        arrangements.end(session, arrangement, "refused", now)
        return "time_refused"

    return _answer(rt, access, arrangement_id, seen, words, work, "refused")


def looked_again(rt: Runtime, access: StaffAccess, arrangement_id: str, *, seen: str) -> None:
    """Note that somebody looked again at a pause for hard times, and that it goes on as it is.

    Raises Refusal: not_found, time_moved_on, time_decided.
    """
    access.require("work")
    now = rt.now()

    def work(session: Session) -> None:
        _, arrangement = _locked(session, access, arrangement_id, seen, "active")
        arrangement.reviewed_at = now
        _record(session, access, arrangement, "time.reviewed", now)

    rt.db.run(work)


def stop(rt: Runtime, access: StaffAccess, arrangement_id: str, *, seen: str, words: str) -> Answered:
    """End time that was given before its day, with words; the debtor is told. Raises Refusal as refuse()."""
    told(words, longest=LONGEST_ANSWER)

    def work(session: Session, _debtor: Debtor, arrangement: Arrangement, now: datetime) -> str:
        arrangements.end(session, arrangement, "ended", now)
        return "time_ended"

    return _answer(rt, access, arrangement_id, seen, words, work, "ended", state="active")


def find(session: Session, access: StaffAccess, arrangement_id: str) -> Arrangement:
    """Find an arrangement of this business; raises Refusal not_found for anybody else's."""
    found = session.scalars(select(Arrangement).where(
        Arrangement.public_id == arrangement_id, Arrangement.business_id == access.business_id)).one_or_none()
    if found is None:
        raise Refusal("not_found", "unknown_page")
    return found


def for_staff(session: Session, access: StaffAccess, arrangement_id: str) -> tuple[TimeView, int, Sequence[str]]:
    """Give an arrangement with its steps, whose it is, and who of the staff spoke in each step ("" for others)."""
    arrangement = find(session, access, arrangement_id)
    rows = session.execute(
        select(ArrangementRound, Staff.name).outerjoin(Staff, Staff.id == ArrangementRound.staff_id)
        .where(ArrangementRound.arrangement_id == arrangement.id).order_by(ArrangementRound.position)).all()
    steps = tuple(StepView(r.said_by, r.what, r.until, r.words, r.at) for r, _ in rows)
    return more_time.view(arrangement, steps), arrangement.debtor_id, [name or "" for _, name in rows]


def _answer(rt: Runtime, access: StaffAccess, arrangement_id: str, seen: str, words: str, work: _Work, what: str, *,
            state: str = "asked") -> Answered:
    access.require("work")
    now = rt.now()
    body = told(words, longest=LONGEST_ANSWER) if words.strip() else ""

    def run(session: Session) -> Answered:
        debtor, arrangement = _locked(session, access, arrangement_id, seen, state)
        arrangement.staff_id = access.staff_id
        news = work(session, debtor, arrangement, now)
        arrangements.note(session, arrangement, Step("staff", what, arrangement.until, words=body,
                                                     staff_id=access.staff_id), now)
        name = session.get_one(Staff, access.staff_id).name
        message = arrangement_mail.tell_debtor(session, now, arrangement, news, words=body, staff_name=name)
        _record(session, access, arrangement, f"time.{what}", now, until=str(arrangement.until or ""))
        standings.recount_one(session, access.business_id, debtor.id, now)
        return Answered(message.state == "queued", message.reason)

    return rt.db.run(run)


def _locked(session: Session, access: StaffAccess, arrangement_id: str, seen: str,
            state: str) -> tuple[Debtor, Arrangement]:
    found = find(session, access, arrangement_id)
    debtor = lock_debtor(session, access.business_id, found.debtor_id)
    assert debtor is not None
    # What was read before the lock may be old.
    session.refresh(found)
    if found.state != state or found.kind not in arrangements.PAUSES:
        raise Refusal("conflict", "time_decided")
    if str(found.version) != seen:
        raise Refusal("conflict", "time_moved_on")
    return debtor, found


def _check(session: Session, debtor: Debtor, until: date, now: datetime) -> None:
    today = arrangements.today(session, debtor, now)
    if until <= today:
        raise Refusal("invalid", "day_passed")
    if until > today + FURTHEST:
        raise Refusal("invalid", "day_too_far", day=today + FURTHEST)


def _record(session: Session, access: StaffAccess, arrangement: Arrangement, act: str, now: datetime,
            **details: object) -> None:
    record(session, at=now, actor=staff_actor(access), act=act, business_id=access.business_id,
           debtor_id=arrangement.debtor_id, target=f"arrangement:{arrangement.public_id}", **details)
