"""How settlements end: kept when the money is there, missed when its day is over, run out when nobody signed.

What follows from money is decided in the transaction that books it. A payment that was started in time is waited for.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Row, and_, exists, func, or_, select
from sqlalchemy.orm import Session

from portal.domain.ledger import RECEIVABLE
from portal.models import (
    Arrangement,
    ArrangementInvoice,
    Business,
    Hold,
    LedgerAccount,
    LedgerTransfer,
    Message,
    Payment,
    PaymentInvoice,
    SettlementOffer,
    lock_debtor,
)
from portal.models.payments import OPEN_STATES
from portal.runtime import Runtime
from portal.services import arrangements, offer_reminders, policies, settlement_mail, settlement_terms, standings
from portal.services.arrangements import Step
from portal.services.audit import Actor, record

BATCH = 200
WORKER = Actor("job", "end_settlements")
# Whoever has accepted is reminded once, this long before the last moment.
SOON = timedelta(days=2)


def follow_money(session: Session, payment_id: int, now: datetime) -> None:
    """Note what a payment that arrived, or went back, means for the settlement it was for.

    Kept once what it forgives is booked and nothing is left; broken once that is taken back. The caller holds the
    debtor's lock and has settled the books.
    """
    met: dict[int, list[int]] = {}
    for arrangement_id, offer_id in session.execute(
            select(SettlementOffer.arrangement_id, SettlementOffer.offer_id)
            .join(PaymentInvoice, PaymentInvoice.offer_id == SettlementOffer.offer_id)
            .where(PaymentInvoice.payment_id == payment_id)):
        met.setdefault(arrangement_id, []).append(offer_id)
    for arrangement_id, offer_ids in met.items():
        arrangement = session.get_one(Arrangement, arrangement_id)
        stands = forgiven(session, arrangement, offer_ids) > 0
        if stands and arrangement.state != "kept" and _left(session, arrangement) == 0:
            _end(session, arrangement, "kept", now)
        elif not stands and arrangement.state == "kept":
            _end(session, arrangement, "broken", now)


def keep_if_met(session: Session, arrangement: Arrangement, now: datetime) -> None:
    """Note that nothing is left of a settlement that stands, such as after a question was answered."""
    if arrangement.state == "active" and _left(session, arrangement) == 0:
        _end(session, arrangement, "kept", now)


def note_ended(rt: Runtime) -> int:
    """End every settlement whose last day is over, and remind once of what ends soon; returns how many ended."""
    now = rt.now()
    for row in _all(rt, _soon(now)):
        rt.db.run(lambda session, row=row: _remind(  # type: ignore[misc]
            session, row.id, row.business_id, row.debtor_id, now))
    offer_reminders.tell_soon(rt)
    # A day is over everywhere two days later at the latest; the debtor's own zone decides below.
    over = (Arrangement.state.in_(("active", "countered")), Arrangement.until < (now + timedelta(days=1)).date())
    return sum(rt.db.run(lambda session, row=row: _over(  # type: ignore[misc]
        session, row.id, row.business_id, row.debtor_id, now)) for row in _all(rt, over))


def _soon(now: datetime) -> tuple[ColumnElement[bool], ...]:
    known = exists().where(Message.debtor_id == Arrangement.debtor_id, Message.kind == "ends_soon",
                           Message.created_at > now - 2 * SOON)
    return (Arrangement.state == "active", ~known,
            Arrangement.until.between((now - timedelta(days=1)).date(), (now + SOON).date()))


def _all(rt: Runtime, which: tuple[ColumnElement[bool], ...]) -> Iterator[Row[int, int, int]]:
    """Read them batch by batch: those that only wait must not keep the others from their turn."""
    after = 0
    while True:
        with rt.db.reading() as session:
            found = session.execute(
                select(Arrangement.id, Arrangement.business_id, Arrangement.debtor_id)
                .where(Arrangement.kind == settlement_terms.KIND, Arrangement.id > after, *which)
                .order_by(Arrangement.id).limit(BATCH)).all()
        yield from found
        if len(found) < BATCH:
            return
        after = found[-1].id


def _remind(session: Session, arrangement_id: int, business_id: int, debtor_id: int, now: datetime) -> None:
    debtor = lock_debtor(session, business_id, debtor_id)
    arrangement = session.get_one(Arrangement, arrangement_id, populate_existing=True)
    if debtor is None or debtor.erased_at or arrangement.state != "active" or arrangement.until is None:
        return
    if now < arrangements.end_of(session, debtor, arrangement.until) and _left(session, arrangement) and not (
            _awaited(session, arrangement, now) or _questioned(session, arrangement)):
        settlement_mail.tell_soon(session, now, arrangement)


def _over(session: Session, arrangement_id: int, business_id: int, debtor_id: int, now: datetime) -> int:
    debtor = lock_debtor(session, business_id, debtor_id)
    arrangement = session.get_one(Arrangement, arrangement_id, populate_existing=True)
    if debtor is None or arrangement.state not in ("active", "countered") or arrangement.until is None:
        return 0
    if now < arrangements.end_of(session, debtor, arrangement.until):
        return 0
    if arrangement.state == "countered":
        _end(session, arrangement, "ended", now)
    elif _left(session, arrangement) == 0:
        _end(session, arrangement, "kept", now)
    elif _awaited(session, arrangement, now) or _questioned(session, arrangement):
        # Its payment was started in time: whether it was met is known when that has ended. And while a part of it is
        # questioned its time stands still.
        return 0
    else:
        _end(session, arrangement, "broken", now)
    standings.recount_one(session, business_id, debtor_id, now)
    return 1


def _end(session: Session, arrangement: Arrangement, state: str, now: datetime) -> None:
    if arrangement.state in arrangements.WAITING:
        arrangements.note(session, arrangement, Step("rules", "ended"), now)
    settlement_terms.close(session, arrangement, state, now)
    record(session, at=now, actor=WORKER, act=f"settlement.{'run_out' if state == 'ended' else state}",
           business_id=arrangement.business_id, debtor_id=arrangement.debtor_id,
           target=f"arrangement:{arrangement.public_id}", amount=arrangement.amount_minor,
           currency=arrangement.currency)
    if state == "ended":
        settlement_mail.tell_debtor(session, now, arrangement, "settlement_run_out")
        return
    what = "settlement_paid" if state == "kept" and not _forgave(session, arrangement) else f"settlement_{state}"
    settlement_mail.tell_debtor(session, now, arrangement, what)
    business = session.get_one(Business, arrangement.business_id)
    settlement_mail.tell_staff(session, now, business, arrangement, what)


def forgiven(session: Session, arrangement: Arrangement, offers: Sequence[int]) -> int:
    """What the books say was forgiven by some of its offers and stands, in minor units."""
    rows = session.execute(
        select(LedgerTransfer.kind, func.sum(LedgerTransfer.amount))
        .where(LedgerTransfer.business_id == arrangement.business_id, LedgerTransfer.cause_type == "offer",
               LedgerTransfer.cause_id.in_([str(one) for one in offers])).group_by(LedgerTransfer.kind))
    return sum(int(amount) if kind == "settled" else -int(amount) for kind, amount in rows)


def _forgave(session: Session, arrangement: Arrangement) -> bool:
    offers = session.scalars(select(SettlementOffer.offer_id).where(
        SettlementOffer.arrangement_id == arrangement.id)).all()
    return forgiven(session, arrangement, offers) > 0


def _left(session: Session, arrangement: Arrangement) -> int:
    return int(session.scalar(
        select(func.sum(LedgerAccount.debits - LedgerAccount.credits))
        .join(ArrangementInvoice, ArrangementInvoice.invoice_id == LedgerAccount.invoice_id)
        .where(ArrangementInvoice.arrangement_id == arrangement.id, LedgerAccount.kind == RECEIVABLE)) or 0)


def _questioned(session: Session, arrangement: Arrangement) -> bool:
    return session.scalar(
        select(Hold.id).join(ArrangementInvoice, ArrangementInvoice.invoice_id == Hold.invoice_id)
        .where(Hold.debtor_id == arrangement.debtor_id, Hold.cause == "dispute", Hold.released_at.is_(None),
               ArrangementInvoice.arrangement_id == arrangement.id).limit(1)) is not None


def _awaited(session: Session, arrangement: Arrangement, now: datetime) -> bool:
    """Whether a payment that would meet it is still open, or on its way, or was told of as a transfer not long ago."""
    wait = timedelta(days=policies.in_force(session, arrangement.business_id).transfer_wait_days)
    return session.scalar(
        select(Payment.id).join(PaymentInvoice, PaymentInvoice.payment_id == Payment.id)
        .join(SettlementOffer, SettlementOffer.offer_id == PaymentInvoice.offer_id)
        .where(SettlementOffer.arrangement_id == arrangement.id,
               or_(Payment.state.in_(OPEN_STATES),
                   and_(Payment.state == "announced", Payment.created_at > now - wait))).limit(1)) is not None
