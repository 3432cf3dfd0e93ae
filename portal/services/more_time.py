"""More time, and a pause in hard times, from the debtor's side: what is granted at once, asking, taking, taking back.

The rules are in domain/patience.py, how an arrangement begins and ends in arrangements.py, answers of staff in
time_answers.py.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.domain import patience
from portal.domain.access import Access
from portal.domain.errors import Refusal
from portal.domain.questions import told
from portal.models import Arrangement, ArrangementRound, Business, Debtor, PortalLink, lock_debtor
from portal.runtime import Runtime
from portal.services import arrangement_mail, arrangements, calendars, limitation, policies
from portal.services.arrangements import Step
from portal.services.audit import Actor, record

MOST_SHOWN = 20


@dataclass(frozen=True)
class Asked:
    """What a debtor typed: the day until which they need time, and what they want to say about it."""

    until: date
    hardship: bool = False
    words: str = ""
    # The fingerprint of the notice that stood beside the form, if there was one.
    notice: str = ""


@dataclass(frozen=True)
class StepView:
    """One step of a negotiation as its reader sees it."""

    said_by: str
    what: str
    until: date | None
    words: str
    at: datetime


@dataclass(frozen=True)
class TimeView:
    """One arrangement about time. `seen` goes back with an answer, so that nobody answers what has changed."""

    public_id: str
    kind: str
    state: str
    asked_until: date | None
    until: date | None
    review_on: date | None
    answer_by: datetime | None
    asked_at: datetime
    seen: str
    amount_minor: int = 0
    currency: str = ""
    steps: tuple[StepView, ...] = ()


@dataclass(frozen=True)
class Offered:
    """What the page offers: until when time is given at once (None: a person decides), the furthest day to ask for."""

    at_once: date | None
    furthest: date
    decide_days: int
    promises: bool
    standing: TimeView | None
    waiting: TimeView | None
    earlier: tuple[TimeView, ...]


def offered(rt: Runtime, access: Access) -> Offered:
    """Give what can be asked for now and what was asked for before."""
    _require_whole_page(access)
    now = rt.now()
    with rt.db.reading() as session:
        debtor = session.get_one(Debtor, access.debtor_id)
        policy = policies.in_force(session, access.business_id)
        this_day = arrangements.today(session, debtor, now)
        granted = arrangements.given_within_a_year(session, debtor, now)
        views = _views(session, access)
    standing = next((view for view in views if view.state == "active"), None)
    waiting = next((view for view in views if view.state in arrangements.WAITING), None)
    return Offered(
        patience.latest_at_once(policy.patience, this_day, granted),
        this_day + timedelta(days=policy.deferral_longest_days), policy.answer_business_days,
        policy.promise_days > 0, standing, waiting,
        tuple(view for view in views if view not in (standing, waiting)))


def one(rt: Runtime, access: Access, arrangement_id: str) -> TimeView:
    """Give one arrangement with every step that led to it; raises Refusal not_found."""
    _require_whole_page(access)
    with rt.db.reading() as session:
        arrangement = arrangements.own(session, access, arrangement_id)
        rounds = session.scalars(select(ArrangementRound).where(
            ArrangementRound.arrangement_id == arrangement.id).order_by(ArrangementRound.position)).all()
        return view(arrangement, tuple(StepView(r.said_by, r.what, r.until, r.words, r.at) for r in rounds))


def ask(rt: Runtime, access: Access, asked: Asked) -> str:
    """Ask for time; the rules answer at once, or a person is asked. Returns the arrangement's public id.

    Asked twice it is one wish; another one takes the place of what is undecided. Raises Refusal: day_passed,
    day_too_far, words_too_long, notice_first, nothing_open, link_ended, plan_stands, settlement_stands,
    hardship_stands.
    """
    _require_whole_page(access)
    now = rt.now()
    words = told(asked.words, longest=patience.LONGEST_WORDS) if asked.words.strip() else ""

    def work(session: Session) -> str:
        debtor = locked(session, access, now)
        known = arrangements.the_same(session, access, _kind(asked), asked.until)
        if known is not None:
            return known.public_id
        shown = limitation.check_promise(session, access, asked.notice, now)
        policy, business = policies.in_force(session, access.business_id), session.get_one(Business, access.business_id)
        this_day = arrangements.today(session, debtor, now)
        granted = arrangements.given_within_a_year(session, debtor, now)
        answer = patience.more_time(policy.patience, asked.until, today=this_day, granted=granted)
        before = arrangements.waiting(session, access)
        if before is not None:
            arrangements.note(session, before, Step("debtor", "withdrawn"), now)
            arrangements.end(session, before, "withdrawn", now)
        arrangement = arrangements.open_one(
            session, debtor, _kind(asked), arrangements.open_ids(session, access), now,
            asked_until=asked.until, words=words)
        limitation.keep(session, access, shown, limitation.ARRANGEMENT, arrangement.public_id, now)
        arrangements.note(session, arrangement, Step("debtor", "asked", asked.until, words=words), now)
        _follow(session, debtor, business, arrangement, answer, now)
        record(session, at=now, actor=Actor("debtor", access.link_public_id), act="time.asked",
               business_id=debtor.business_id, debtor_id=debtor.id, target=f"arrangement:{arrangement.public_id}",
               until=asked.until.isoformat(), answer=answer.answer)
        return arrangement.public_id

    return rt.db.run(work)


def _kind(asked: Asked) -> str:
    return "hardship" if asked.hardship else "deferral"


def _follow(session: Session, debtor: Debtor, business: Business, arrangement: Arrangement, answer: patience.Told,
            now: datetime) -> None:
    """Do what the rules said to a wish."""
    arrangements.note(session, arrangement, Step("rules", answer.answer, answer.until), now)
    if answer.answer == "accepted":
        assert answer.until is not None
        arrangements.grant(session, debtor, arrangement, answer.until, now)
        arrangement_mail.tell_debtor(session, now, arrangement, "time_given")
    elif answer.answer == "countered":
        arrangement.state, arrangement.until = "countered", answer.until
    else:
        _refer(session, business, arrangement, now)


def take(rt: Runtime, access: Access, arrangement_id: str, *, seen: str) -> None:
    """Take the day that was offered instead. Raises Refusal: not_found, time_moved_on, time_decided, and as ask()."""
    now = rt.now()

    def work(session: Session) -> None:
        debtor, arrangement = _open(session, access, arrangement_id, seen, now, "countered")
        assert arrangement.until is not None
        if arrangement.until <= arrangements.today(session, debtor, now):
            raise Refusal("invalid", "day_passed")
        arrangements.note(session, arrangement, Step("debtor", "accepted", arrangement.until), now)
        arrangements.grant(session, debtor, arrangement, arrangement.until, now)
        arrangement_mail.tell_debtor(session, now, arrangement, "time_given")
        _record(session, access, arrangement, "time.taken", now, until=arrangement.until.isoformat())

    rt.db.run(work)


def ask_person(rt: Runtime, access: Access, arrangement_id: str, *, seen: str) -> None:
    """Let a person decide about the day that was asked for first. Raises Refusal as take()."""
    now = rt.now()

    def work(session: Session) -> None:
        _, arrangement = _open(session, access, arrangement_id, seen, now, "countered")
        if arrangement.staff_id is not None:
            # A person has offered that day; asking the same person again is a new wish.
            raise Refusal("conflict", "time_decided")
        arrangement.state, arrangement.until = "asked", None
        arrangements.note(session, arrangement, Step("debtor", "referred", arrangement.asked_until), now)
        _refer(session, session.get_one(Business, access.business_id), arrangement, now)
        _record(session, access, arrangement, "time.referred", now)

    rt.db.run(work)


def withdraw(rt: Runtime, access: Access, arrangement_id: str, *, seen: str) -> None:
    """Take a wish back, or let go of time that was given. Raises Refusal: not_found, time_moved_on, time_decided."""
    now = rt.now()

    def work(session: Session) -> None:
        _, arrangement = _open(session, access, arrangement_id, seen, now, "asked", "countered", "active")
        arrangements.note(session, arrangement, Step("debtor", "withdrawn"), now)
        arrangements.end(session, arrangement, "withdrawn", now)
        _record(session, access, arrangement, "time.withdrawn", now)

    rt.db.run(work)


def view(arrangement: Arrangement, steps: tuple[StepView, ...] = ()) -> TimeView:
    """Show an arrangement as pages read it."""
    return TimeView(
        public_id=arrangement.public_id, kind=arrangement.kind, state=arrangement.state,
        asked_until=arrangement.asked_until, until=arrangement.until, review_on=arrangement.review_on,
        answer_by=arrangement.answer_by, asked_at=arrangement.asked_at, seen=str(arrangement.version),
        amount_minor=arrangement.amount_minor, currency=arrangement.currency, steps=steps)


def _views(session: Session, access: Access) -> list[TimeView]:
    found = session.scalars(select(Arrangement).where(
        Arrangement.business_id == access.business_id, Arrangement.debtor_id == access.debtor_id,
        Arrangement.kind.in_(arrangements.PAUSES)).order_by(Arrangement.id.desc()).limit(MOST_SHOWN)).all()
    return [view(one) for one in found if arrangements.visible(session, access, one)]


def _refer(session: Session, business: Business, arrangement: Arrangement, now: datetime) -> None:
    arrangement.answer_by = calendars.answer_by(session, business, now)
    # Whatever they have asked for, nobody reminds them while they wait for us.
    arrangements.wait_for_answer(session, arrangement, now)
    arrangement_mail.tell_staff(session, now, business, arrangement)


def _open(session: Session, access: Access, arrangement_id: str, seen: str, now: datetime,
          *states: str) -> tuple[Debtor, Arrangement]:
    _require_whole_page(access)
    debtor = locked(session, access, now)
    arrangement = arrangements.own(session, access, arrangement_id)
    if arrangement.kind not in arrangements.PAUSES:
        raise Refusal("not_found", "unknown_page")
    if arrangement.state not in states:
        raise Refusal("conflict", "time_decided")
    if str(arrangement.version) != seen:
        raise Refusal("conflict", "time_moved_on")
    return debtor, arrangement


def locked(session: Session, access: Access, now: datetime) -> Debtor:
    """Take a debtor's lock for an act of their own; raises Refusal not_found, gone/link_ended."""
    debtor = lock_debtor(session, access.business_id, access.debtor_id)
    if debtor is None:
        raise Refusal("not_found", "unknown_page")
    link = session.get(PortalLink, access.link_id)
    if link is None or link.revoked_at is not None or link.expires_at <= now:
        # A link revoked while its page was open begins nothing any more.
        raise Refusal("gone", "link_ended")
    return debtor


def _record(session: Session, access: Access, arrangement: Arrangement, act: str, now: datetime,
            **details: object) -> None:
    record(session, at=now, actor=Actor("debtor", access.link_public_id), act=act,
           business_id=arrangement.business_id, debtor_id=arrangement.debtor_id,
           target=f"arrangement:{arrangement.public_id}", **details)


def _require_whole_page(access: Access) -> None:
    # The door lets no such link in; should one ever come through, it may not speak for the debtor.
    if access.pay_only:
        raise Refusal("not_found", "unknown_page")
