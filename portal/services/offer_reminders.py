"""Discounts made by hand that end soon: whoever has one is told once, while it can still be taken."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import Row, exists, select
from sqlalchemy.orm import Session

from portal.domain.access import Access
from portal.models import Debtor, Message, Offer, lock_debtor
from portal.runtime import Runtime
from portal.services import debts, offer_mail

# Told this long before the last moment; what was given for less than twice that has just been told of.
SOON = timedelta(days=2)
BATCH = 200


def tell_soon(rt: Runtime) -> int:
    """Email everybody whose discount made by hand ends within two days and still counts; returns how many were told."""
    now, told, after = rt.now(), 0, 0
    while True:
        with rt.db.reading() as session:
            found = _ending(session, now, after)
        for _, business_id, debtor_id in found:
            told += rt.db.run(lambda session, business=business_id, whose=debtor_id: _tell(  # type: ignore[misc]
                session, business, whose, now))
        if len(found) < BATCH:
            return told
        after = found[-1][0]


def _ending(session: Session, now: datetime, after: int) -> Sequence[Row[int, int, int]]:
    # Discounts of an invoice's own terms are on every email about it anyway, and have no base of their own.
    known = exists().where(Message.debtor_id == Offer.debtor_id, Message.kind == "ends_soon",
                           Message.created_at > now - 2 * SOON)
    return session.execute(
        select(Offer.id, Offer.business_id, Offer.debtor_id)
        .where(Offer.id > after, Offer.withdrawn_at.is_(None), Offer.kind.in_(("early_pay", "prompt_pay")),
               Offer.base_minor.is_not(None), Offer.deadline > now, Offer.deadline <= now + SOON,
               Offer.created_at <= now - SOON, ~known)
        .order_by(Offer.id).limit(BATCH)).all()


def _tell(session: Session, business_id: int, debtor_id: int, now: datetime) -> int:
    debtor = lock_debtor(session, business_id, debtor_id)
    if debtor is None or debtor.erased_at is not None:
        return 0
    ending = _still_counting(session, debtor, now)
    if not ending:
        return 0
    offer_mail.tell_soon(session, now, debtor, ending)
    return 1


def _still_counting(session: Session, debtor: Debtor, now: datetime) -> list[Offer]:
    """The discounts that a payment begun now would have: not those of what is paid, questioned or on its way."""
    takes = [one.offer.id for one in debts.open_invoices(session, Access(debtor.business_id, debtor.id, 0, "", 0))
             if one.offer is not None and not one.on_its_way and not one.held_minor]
    return list(session.scalars(
        select(Offer).where(Offer.id.in_(takes), Offer.kind != "settlement", Offer.base_minor.is_not(None),
                            Offer.deadline > now, Offer.deadline <= now + SOON).order_by(Offer.id)))
