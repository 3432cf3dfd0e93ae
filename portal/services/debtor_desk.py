"""What every act on a debtor's page begins with: the debtor found by business, locked, and the words kept beside."""

from __future__ import annotations

from datetime import date, datetime, time
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.domain.errors import Refusal
from portal.domain.roles import StaffAccess
from portal.models import Business, Debtor, Invoice, Note, lock_debtor
from portal.runtime import Runtime

LONGEST_WORDS = 4_000
# Nobody writes down older money by hand: a day before this is a slip of the hand.
OLDEST_DAY = date(1990, 1, 1)


def find(session: Session, access: StaffAccess, debtor_id: str) -> Debtor:
    """Find a debtor of this business by the id in an address; raises Refusal not_found for anybody else's."""
    debtor = session.scalars(select(Debtor).where(
        Debtor.public_id == debtor_id, Debtor.business_id == access.business_id)).one_or_none()
    if debtor is None:
        raise Refusal("not_found", "unknown_page")
    return debtor


def id_of(rt: Runtime, access: StaffAccess, debtor_id: str) -> int:
    """Give our own number of a debtor of this business; raises Refusal not_found."""
    with rt.db.reading() as session:
        return find(session, access, debtor_id).id


def lock(session: Session, access: StaffAccess, debtor_id: str, *, erased_too: bool = False) -> Debtor:
    """Take a debtor's lock, first and once; raises Refusal not_found, conflict/debtor_erased."""
    found = find(session, access, debtor_id)
    debtor = lock_debtor(session, access.business_id, found.id)
    assert debtor is not None
    if debtor.erased_at is not None and not erased_too:
        raise Refusal("conflict", "debtor_erased")
    return debtor


def invoice_of(session: Session, debtor: Debtor, invoice_id: str) -> Invoice:
    """Find one of a debtor's invoices; raises Refusal not_found/unknown_invoice."""
    invoice = session.scalars(select(Invoice).where(
        Invoice.public_id == invoice_id, Invoice.business_id == debtor.business_id,
        Invoice.debtor_id == debtor.id)).one_or_none()
    if invoice is None:
        raise Refusal("not_found", "unknown_invoice")
    return invoice


def zone_of(session: Session, access: StaffAccess) -> ZoneInfo:
    """Give the zone in which a business counts its days."""
    return ZoneInfo(session.get_one(Business, access.business_id).timezone)


def moment_of(day: date, zone: ZoneInfo, now: datetime) -> datetime:
    """Turn a day somebody names into a moment of it: noon where the business is, and never one that is still to come.

    Raises Refusal invalid/day_to_come, invalid/day_too_old.
    """
    if day > now.astimezone(zone).date():
        raise Refusal("invalid", "day_to_come")
    if day < OLDEST_DAY:
        raise Refusal("invalid", "day_too_old", oldest=OLDEST_DAY.year)
    return min(now, datetime.combine(day, time(12), zone))


def keep_words(session: Session, access: StaffAccess, debtor: Debtor, now: datetime, about: str, words: str, *,
               code: str = "") -> None:
    """Keep why something was done: a reason's code, and staff's own words where they can be erased.

    `about` names the thing, such as "hold:<public id>". It has the moment of the act itself, by which a timeline tells
    both as one. Nothing said keeps nothing.
    """
    body = words.strip()[:LONGEST_WORDS]
    if body or code:
        session.add(Note(
            business_id=access.business_id, debtor_id=debtor.id, staff_id=access.staff_id, kind="reason",
            about=f"{about}:{code}"[:60], body=body, at=now))
