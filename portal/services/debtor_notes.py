"""Calls and notes about a debtor: what came of a call, a promised day, and what a colleague must know."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.domain.errors import Refusal
from portal.domain.roles import StaffAccess
from portal.models import Debtor, Hold, Note
from portal.runtime import Runtime
from portal.services import consents, debtor_desk, nonces, standings
from portal.services.audit import record, staff_actor

RESULTS = ("reached", "promised", "no_answer", "voicemail", "wrong_number", "call_back")
# A promise further away than this is a plan, and wants its own terms.
FURTHEST_PROMISE = timedelta(days=92)


@dataclass(frozen=True)
class Said:
    """What staff log: a call with its result, or (without one) a note; `nonce` is of the form it was written in."""

    body: str
    nonce: str
    result: str = ""
    promised_on: date | None = None


def log(rt: Runtime, access: StaffAccess, debtor_id: str, said: Said) -> str:
    """Keep a call or a note; returns its public id. A promise lets reminders wait until its day is over.

    Raises Refusal: not_found, debtor_erased, note_empty, promise_needs_day, promise_day_wrong.
    """
    access.require("work")
    now = rt.now()
    check(said)

    def work(session: Session) -> str:
        debtor = debtor_desk.lock(session, access, debtor_id)
        return keep(session, access, debtor, said, now, "call.logged" if said.result else "note.written")

    return rt.db.run(work)


def keep(session: Session, access: StaffAccess, debtor: Debtor, said: Said, now: datetime, act: str, *,
         about: str = "") -> str:
    """Keep a call or a note in the caller's transaction, which holds the debtor's lock; returns its public id.

    The same form makes one note and one line in the audit, under the name `act`. Raises Refusal promise_day_wrong.
    """
    public_id = nonces.public_id(access, "note", said.nonce)
    if session.scalar(select(Note.id).where(Note.public_id == public_id)) is not None:
        return public_id
    zone = debtor_desk.zone_of(session, access)
    if said.promised_on is not None:
        today = now.astimezone(zone).date()
        if not today <= said.promised_on <= today + FURTHEST_PROMISE:
            raise Refusal("invalid", "promise_day_wrong", days=FURTHEST_PROMISE.days)
    session.add(Note(
        public_id=public_id, business_id=access.business_id, debtor_id=debtor.id, staff_id=access.staff_id,
        kind="call" if said.result else "note", result=said.result, promised_on=said.promised_on, about=about,
        body=said.body.strip()[:debtor_desk.LONGEST_WORDS], at=now))
    if said.promised_on is not None:
        over = datetime.combine(said.promised_on + timedelta(days=1), time(), zone)
        _wait_for(session, debtor, public_id, now, over)
    if said.result == consents.WRONG_NUMBER:
        consents.wrong_number(session, now, debtor)
    record(session, at=now, actor=staff_actor(access), act=act, business_id=access.business_id, debtor_id=debtor.id,
           target=f"debtor:{debtor.public_id}", note=public_id, result=said.result,
           promised_on=str(said.promised_on or ""))
    standings.recount_one(session, access.business_id, debtor.id, now)
    return public_id


def check(said: Said) -> None:
    """Refuse what is no call and no note: raises Refusal unknown_result, note_empty, promise_needs_day."""
    if said.result and said.result not in RESULTS:
        raise Refusal("invalid", "unknown_result")
    if not said.result and not said.body.strip():
        raise Refusal("invalid", "note_empty")
    if (said.result == "promised") != (said.promised_on is not None):
        raise Refusal("invalid", "promise_needs_day")


def _wait_for(session: Session, debtor: Debtor, note_id: str, now: datetime, until: datetime) -> None:
    """Let reminders rest until a promised day is over; an earlier promise is replaced by the newer one."""
    earlier = session.scalars(select(Hold).where(
        Hold.business_id == debtor.business_id, Hold.debtor_id == debtor.id, Hold.cause == "promise",
        Hold.invoice_id.is_(None), Hold.released_at.is_(None)))
    for hold in earlier:
        hold.released_at = now
    session.add(Hold(
        business_id=debtor.business_id, debtor_id=debtor.id, reminders=True, cause="promise", cause_id=note_id,
        starts_at=now, until=until))
