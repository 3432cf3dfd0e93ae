"""What a question about an invoice does to the settlement that covers it: its time stands still, and goes on after.

Everything here joins its caller's transaction, under the debtor's lock.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from portal.models import Arrangement, ArrangementInvoice, Debtor, Dispute, Hold, Offer, SettlementOffer
from portal.services import arrangements, settlement_ends, settlement_mail, settlement_terms
from portal.services.audit import Actor, record

WORKER = Actor("job", "settlement_clock")
A_DAY = timedelta(days=1)


def stop(session: Session, debtor_id: int, invoice_ids: Iterable[int]) -> None:
    """Let what rests because of a settlement rest until the question is answered, whatever its day was."""
    for arrangement in _signed(session, debtor_id, invoice_ids):
        _rest_until(session, arrangement, None)


def go_on(session: Session, dispute: Dispute, now: datetime) -> None:
    """Give each settlement that a dispute has just let go the days back for which it stood still, rounded up.

    What it still forgives lies on what is left of it from now on; where nothing is left it is kept. Worked: 100.00 for
    80.00, 40.00 questioned, 48.00 paid: 12.00 are forgiven. Rejected, the 40.00 are closed by 32.00.
    """
    since = {invoice_id: at for invoice_id, at in session.execute(
        select(Hold.invoice_id, Hold.starts_at).where(
            Hold.business_id == dispute.business_id, Hold.cause == "dispute", Hold.cause_id == dispute.public_id,
            Hold.released_at == now)) if invoice_id is not None}
    debtor = session.get_one(Debtor, dispute.debtor_id)
    for arrangement in _signed(session, dispute.debtor_id, since):
        covered = arrangements.covered(session, arrangement)
        still = _questioned_since(session, dispute.debtor_id, covered)
        stood = (still or now) - min(since[invoice_id] for invoice_id in covered if invoice_id in since)
        days = max(0, -(-stood // A_DAY))
        _date_anew(session, debtor, arrangement, days, now)
        if still is None and arrangement.until is not None:
            _rest_until(session, arrangement, arrangements.end_of(session, debtor, arrangement.until))
        settlement_ends.keep_if_met(session, arrangement, now)
        if days and arrangement.state == "active":
            _tell_moved(session, arrangement, now)


def _tell_moved(session: Session, arrangement: Arrangement, now: datetime) -> None:
    # What is to be paid by then may be less while another part is still questioned: the email names the day alone.
    assert arrangement.until is not None
    record(session, at=now, actor=WORKER, act="settlement.day_moved", business_id=arrangement.business_id,
           debtor_id=arrangement.debtor_id, target=f"arrangement:{arrangement.public_id}",
           until=arrangement.until.isoformat())
    settlement_mail.tell_debtor(session, now, arrangement, "settlement_moved", once=f":{arrangement.until}")


def _date_anew(session: Session, debtor: Debtor, arrangement: Arrangement, days: int, now: datetime) -> None:
    assert arrangement.until is not None
    arrangement.until += timedelta(days=days)
    standing = session.scalars(
        select(Offer).join(SettlementOffer, SettlementOffer.offer_id == Offer.id)
        .where(SettlementOffer.arrangement_id == arrangement.id, Offer.withdrawn_at.is_(None))).all()
    forgives = sum(one.discount_minor for one in standing)
    forgives -= settlement_ends.forgiven(session, arrangement, [one.id for one in standing])
    for one in standing:
        one.withdrawn_at, one.ended_as = now, "superseded"
    session.flush()
    invoices = settlement_terms.of_arrangement(session, debtor, arrangement)
    if 0 < forgives < sum(one.left_minor for one in invoices):
        settlement_terms.make_offers(session, debtor, arrangement, invoices, forgives, now)
    settlement_terms.close_pages(session, debtor, [one.id for one in invoices], now)


def _signed(session: Session, debtor_id: int, invoice_ids: Iterable[int]) -> list[Arrangement]:
    return list(session.scalars(
        select(Arrangement).distinct().join(ArrangementInvoice, ArrangementInvoice.arrangement_id == Arrangement.id)
        .where(ArrangementInvoice.debtor_id == debtor_id, ArrangementInvoice.binding,
               ArrangementInvoice.invoice_id.in_(list(invoice_ids)), Arrangement.kind == settlement_terms.KIND)))


def _questioned_since(session: Session, debtor_id: int, invoice_ids: Sequence[int]) -> datetime | None:
    return session.scalar(select(func.min(Hold.starts_at)).where(
        Hold.debtor_id == debtor_id, Hold.cause == "dispute", Hold.released_at.is_(None),
        Hold.invoice_id.in_(invoice_ids)))


def _rest_until(session: Session, arrangement: Arrangement, until: datetime | None) -> None:
    session.execute(update(Hold).where(
        Hold.business_id == arrangement.business_id, Hold.cause == arrangements.HOLD_CAUSE[arrangement.kind],
        Hold.cause_id == arrangement.public_id, Hold.released_at.is_(None))
        .values(until=until).execution_options(synchronize_session=False))
