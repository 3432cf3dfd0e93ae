"""Begins, changes and ends arrangements: their rounds, the invoices they bind and the holds that give them effect.

Every function here joins its caller's transaction, who holds the debtor's lock. What may be asked for is in
more_time.py and promises.py, what staff answer in time_answers.py.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import and_, func, or_, select, update
from sqlalchemy.orm import Session

from portal.domain.access import Access
from portal.domain.arrangements import Standing, gives_way
from portal.domain.errors import Refusal
from portal.models import Arrangement, ArrangementInvoice, ArrangementRound, Business, Debtor, Hold
from portal.services import debts, policies
from portal.services.gatekeeping import zones_of

# What rests while an arrangement stands: reminders, fees, autopay. Nothing of this stops a discount's clock.
RESTS = {"deferral": (True, True, True), "hardship": (True, True, True), "promise": (True, True, False),
         "plan": (True, True, False), "settlement": (True, True, True)}
HOLD_CAUSE = {"deferral": "deferral", "hardship": "deferral", "promise": "promise", "plan": "plan",
              "settlement": "settlement"}
# These last until they are over, not until a day: the holds of a plan stand as long as it is kept.
LASTING = ("plan",)
PAUSES = ("deferral", "hardship")
WAITING = ("asked", "countered")
YEAR = timedelta(days=365)


@dataclass(frozen=True)
class Step:
    """One step of a negotiation; `said_by` is debtor, staff or rules, `what` as in ArrangementRound."""

    said_by: str
    what: str
    until: date | None = None
    amount_minor: int = 0
    words: str = ""
    staff_id: int | None = None
    # What exactly was proposed, where a day and a sum do not say it.
    terms: dict[str, Any] | None = None


def own(session: Session, access: Access, arrangement_id: str) -> Arrangement:
    """Find one of a debtor's own arrangements; raises Refusal not_found for anybody else's."""
    found = session.scalars(select(Arrangement).where(
        Arrangement.public_id == arrangement_id, Arrangement.business_id == access.business_id,
        Arrangement.debtor_id == access.debtor_id)).one_or_none()
    if found is None or not visible(session, access, found):
        raise Refusal("not_found", "unknown_page")
    return found


def visible(session: Session, access: Access, arrangement: Arrangement) -> bool:
    """Say whether a reader may see an arrangement: whoever sees only some invoices sees none about others."""
    return access.invoice_ids is None or set(covered(session, arrangement)) <= access.invoice_ids


def open_ids(session: Session, access: Access) -> list[int]:
    """Name the invoices an arrangement of this reader would cover; raises Refusal nothing_open."""
    ids = [invoice.id for invoice in debts.open_invoices(session, access)]
    if not ids:
        raise Refusal("conflict", "nothing_open")
    return ids


def covered(session: Session, arrangement: Arrangement) -> Sequence[int]:
    """Name the invoices an arrangement covers."""
    return session.scalars(select(ArrangementInvoice.invoice_id).where(
        ArrangementInvoice.arrangement_id == arrangement.id).order_by(ArrangementInvoice.invoice_id)).all()


def waiting(session: Session, access: Access) -> Arrangement | None:
    """Find the time a reader has asked for and nobody has decided about yet."""
    found = session.scalars(select(Arrangement).where(
        Arrangement.business_id == access.business_id, Arrangement.debtor_id == access.debtor_id,
        Arrangement.kind.in_(PAUSES), Arrangement.state.in_(WAITING)).order_by(Arrangement.id.desc())).all()
    return next((one for one in found if visible(session, access, one)), None)


def the_same(session: Session, access: Access, kind: str, until: date) -> Arrangement | None:
    """Find what stands until that day, or waits and was asked for in the same words: a form that was sent twice."""
    found = session.scalars(select(Arrangement).where(
        Arrangement.business_id == access.business_id, Arrangement.debtor_id == access.debtor_id,
        Arrangement.kind == kind,
        or_(and_(Arrangement.state == "active", Arrangement.until == until),
            and_(Arrangement.state.in_(WAITING), Arrangement.asked_until == until)))
        .order_by(Arrangement.id.desc()).limit(1)).one_or_none()
    return found if found is not None and visible(session, access, found) else None


def given_within_a_year(session: Session, debtor: Debtor, now: datetime) -> int:
    """Count how often the rules alone gave a debtor time in the past year."""
    return session.scalar(
        select(func.count()).select_from(Arrangement)
        .where(Arrangement.business_id == debtor.business_id, Arrangement.debtor_id == debtor.id,
               Arrangement.kind.in_(PAUSES), Arrangement.staff_id.is_(None), Arrangement.decided_at > now - YEAR)) or 0


def open_one(session: Session, debtor: Debtor, kind: str, invoice_ids: Iterable[int], now: datetime, *,
             asked_until: date, words: str = "", currency: str = "", amount_minor: int = 0) -> Arrangement:
    """Write down a wish; nothing is bound before somebody or the rules accept it."""
    arrangement = Arrangement(
        business_id=debtor.business_id, debtor_id=debtor.id, kind=kind, state="asked", currency=currency,
        amount_minor=amount_minor, asked_until=asked_until, words=words, asked_at=now, version=0)
    session.add(arrangement)
    session.flush()
    session.add_all(
        ArrangementInvoice(arrangement_id=arrangement.id, invoice_id=invoice_id, business_id=debtor.business_id,
                           debtor_id=debtor.id, binding=False) for invoice_id in invoice_ids)
    session.flush()
    return arrangement


def note(session: Session, arrangement: Arrangement, step: Step, now: datetime) -> None:
    """Keep one step of a negotiation; whoever has read an older one is told when they answer it."""
    arrangement.version += 1
    session.add(ArrangementRound(
        business_id=arrangement.business_id, arrangement_id=arrangement.id, position=arrangement.version,
        said_by=step.said_by, staff_id=step.staff_id, what=step.what, until=step.until,
        amount_minor=step.amount_minor, words=step.words, terms=step.terms, at=now))
    session.flush()


def wait_for_answer(session: Session, arrangement: Arrangement, now: datetime) -> None:
    """Let reminders rest for what is asked for until somebody has answered."""
    session.add_all(
        Hold(business_id=arrangement.business_id, debtor_id=arrangement.debtor_id, invoice_id=invoice_id,
             reminders=True, cause=HOLD_CAUSE[arrangement.kind], cause_id=arrangement.public_id, starts_at=now)
        for invoice_id in covered(session, arrangement))
    session.flush()


def activate(session: Session, debtor: Debtor, arrangement: Arrangement, until: date, now: datetime) -> None:
    """Let an arrangement stand until the end of a day of the debtor's; what it takes the place of ends.

    Raises Refusal conflict with the code of what may not be pushed aside (see domain/arrangements.py).
    """
    ids = covered(session, arrangement)
    for old in gives_way(arrangement.kind, _standing(session, debtor, ids)):
        _give_way(session, session.get_one(Arrangement, old), ids, now)
    arrangement.state, arrangement.until, arrangement.decided_at = "active", until, now
    arrangement.answer_by = None
    _bind(session, arrangement, binding=True)
    _release(session, arrangement, now)
    reminders, fees, autopay = RESTS[arrangement.kind]
    over = None if arrangement.kind in LASTING else end_of(session, debtor, until)
    session.add_all(
        Hold(business_id=debtor.business_id, debtor_id=debtor.id, invoice_id=invoice_id, reminders=reminders,
             fees=fees, autopay=autopay, cause=HOLD_CAUSE[arrangement.kind], cause_id=arrangement.public_id,
             starts_at=now, until=over) for invoice_id in ids)
    session.flush()


def check_room(session: Session, debtor: Debtor, kind: str, invoice_ids: Sequence[int], *,
               but: int | None = None) -> None:
    """Refuse what could not begin on these invoices because of what stands there; nothing is changed.

    `but` is the one arrangement whose place it takes.
    """
    gives_way(kind, [one for one in _standing(session, debtor, invoice_ids) if one.id != but])


def grant(session: Session, debtor: Debtor, arrangement: Arrangement, until: date, now: datetime) -> None:
    """Give time until a day; at a pause for hard times somebody looks again as the business's rules say."""
    if arrangement.kind == "hardship":
        days = policies.in_force(session, debtor.business_id).hardship_review_days
        arrangement.review_on = min(until, today(session, debtor, now) + timedelta(days=days))
    activate(session, debtor, arrangement, until, now)


def end(session: Session, arrangement: Arrangement, state: str, now: datetime) -> None:
    """Let an arrangement be over, whichever way it went: it binds nothing any more and holds nothing back."""
    arrangement.state, arrangement.ended_at, arrangement.answer_by = state, now, None
    _bind(session, arrangement, binding=False)
    _release(session, arrangement, now)
    session.flush()


def end_of(session: Session, debtor: Debtor, day: date) -> datetime:
    """Tell when a day is over where the debtor most likely is."""
    return datetime.combine(day + timedelta(days=1), time(), zone_of(session, debtor))


def today(session: Session, debtor: Debtor, now: datetime) -> date:
    """Tell the day where a debtor most likely is."""
    return now.astimezone(zone_of(session, debtor)).date()


def zone_of(session: Session, debtor: Debtor) -> ZoneInfo:
    """Give the zone a debtor's days are counted in."""
    business = session.get_one(Business, debtor.business_id)
    return zones_of(debtor.timezone, debtor.country, business.timezone)[0]


def _give_way(session: Session, old: Arrangement, invoice_ids: Sequence[int], now: datetime) -> None:
    """Take these invoices out of an older arrangement; it goes on for what is left of it, or is over."""
    session.execute(update(ArrangementInvoice).where(
        ArrangementInvoice.arrangement_id == old.id, ArrangementInvoice.invoice_id.in_(invoice_ids))
        .values(binding=False).execution_options(synchronize_session=False))
    _release(session, old, now, invoice_ids)
    if session.scalar(select(func.count()).select_from(ArrangementInvoice).where(
            ArrangementInvoice.arrangement_id == old.id, ArrangementInvoice.binding)) == 0:
        end(session, old, "ended", now)


def _bind(session: Session, arrangement: Arrangement, *, binding: bool) -> None:
    session.execute(update(ArrangementInvoice).where(ArrangementInvoice.arrangement_id == arrangement.id)
                    .values(binding=binding).execution_options(synchronize_session=False))


def _release(session: Session, arrangement: Arrangement, now: datetime, only: Sequence[int] | None = None) -> None:
    held = update(Hold).where(
        Hold.business_id == arrangement.business_id, Hold.cause == HOLD_CAUSE[arrangement.kind],
        Hold.cause_id == arrangement.public_id, Hold.released_at.is_(None))
    held = held if only is None else held.where(Hold.invoice_id.in_(only))
    session.execute(held.values(released_at=now).execution_options(synchronize_session=False))


def _standing(session: Session, debtor: Debtor, invoice_ids: Sequence[int]) -> list[Standing]:
    query = (
        select(Arrangement.id, Arrangement.kind).distinct()
        .join(ArrangementInvoice, ArrangementInvoice.arrangement_id == Arrangement.id)
        .where(ArrangementInvoice.debtor_id == debtor.id, ArrangementInvoice.binding,
               ArrangementInvoice.invoice_id.in_(invoice_ids)))
    return [Standing(id, kind) for id, kind in session.execute(query)]
