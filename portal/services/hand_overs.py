"""Hands invoices over to an agency, a lawyer or a court, and takes them back: the portal then asks for them no longer.

A hold of its own keeps reminders, fees and autopay away from what was handed over; checkout is refused by the quote.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from portal.domain.errors import Refusal
from portal.domain.hand_overs import HANDED_OVER, KINDS, RECOVERED, STANDING, STATUSES, may_become
from portal.domain.roles import StaffAccess
from portal.models import (
    Debtor,
    HandOver,
    HandOverInvoice,
    Hold,
    Invoice,
    LedgerAccount,
    Payment,
    PaymentInvoice,
)
from portal.runtime import Runtime
from portal.services import attempts, debtor_desk, ledger, nonces, standings
from portal.services.audit import record, staff_actor

CAUSE = "hand_over"
LONGEST_NAME, LONGEST_CONTACT, LONGEST_REFERENCE = 160, 300, 80


@dataclass(frozen=True)
class Wanted:
    """Which invoices go to whom: public ids, the kind of office, its name, how to reach it, and its reference."""

    invoice_ids: Sequence[str]
    to_kind: str
    to_name: str
    to_contact: str
    reference: str
    nonce: str
    words: str = ""


@dataclass(frozen=True)
class Handed:
    """One invoice of a hand-over: what was open then and what is now; minor units."""

    public_id: str
    number: str
    title: str
    currency: str
    then_minor: int
    left_minor: int


@dataclass(frozen=True)
class Case:
    """One hand-over as the office shows it."""

    public_id: str
    to_kind: str
    to_name: str
    to_contact: str
    reference: str
    status: str
    started_at: datetime
    ended_at: datetime | None
    invoices: tuple[Handed, ...]

    @property
    def stands(self) -> bool:
        return self.status in STANDING


def hand_over(rt: Runtime, access: StaffAccess, debtor_id: str, wanted: Wanted) -> str:
    """Hand open invoices over; returns the public id of the case. The same form sent twice is one case.

    Payment pages that are open for them are closed; money that was paid there all the same is booked as ever.
    Raises Refusal: not_found, unknown_invoice, debtor_erased, prove_first, nothing_chosen, unknown_reason,
    hand_over_words_missing, hand_over_nothing_open, hand_over_stands, hand_over_on_its_way, note_too_long.
    """
    access.require("hand_over")
    now = rt.now()
    access.require_proof(now)
    _check(wanted)

    def work(session: Session) -> str:
        debtor = debtor_desk.lock(session, access, debtor_id)
        public_id = nonces.public_id(access, "hand over", wanted.nonce)
        if session.scalar(select(HandOver.id).where(HandOver.public_id == public_id)) is not None:
            return public_id
        invoices = [debtor_desk.invoice_of(session, debtor, id) for id in dict.fromkeys(wanted.invoice_ids)]
        left = ledger.left_by_invoice(session, access.business_id, debtor.id)
        _refuse(session, invoices, left)
        case = HandOver(
            public_id=public_id, business_id=access.business_id, debtor_id=debtor.id, to_kind=wanted.to_kind,
            to_name=wanted.to_name.strip(), to_contact=wanted.to_contact.strip(), reference=wanted.reference.strip(),
            status=HANDED_OVER, started_at=now)
        session.add(case)
        session.flush()
        for invoice in invoices:
            session.add(HandOverInvoice(hand_over_id=case.id, invoice_id=invoice.id, open=True,
                                        business_id=access.business_id, left_minor=left[invoice.id]))
            session.add(Hold(
                business_id=access.business_id, debtor_id=debtor.id, invoice_id=invoice.id, reminders=True, fees=True,
                autopay=True, discount_clock=True, cause=CAUSE, cause_id=public_id, starts_at=now))
        attempts.close_later(session, {invoice.id for invoice in invoices}, now)
        debtor_desk.keep_words(session, access, debtor, now, f"hand_over:{public_id}", wanted.words)
        record(session, at=now, actor=staff_actor(access), act="hand_over.made", business_id=access.business_id,
               debtor_id=debtor.id, target=f"hand_over:{public_id}", to_kind=wanted.to_kind,
               invoices=[invoice.public_id for invoice in invoices], count=len(invoices))
        standings.recount_one(session, access.business_id, debtor.id, now)
        return public_id

    return rt.db.run(work)


def change(rt: Runtime, access: StaffAccess, debtor_id: str, case_id: str, status: str, *, reference: str = "") -> None:
    """Note how a case goes on. Recovered and returned end it: its invoices are the business's to ask for again.

    Raises Refusal: not_found, hand_over_ended, unknown_reason, hand_over_still_open for "recovered" while something
    is left, note_too_long.
    """
    access.require("hand_over")
    now = rt.now()
    if status not in STATUSES:
        raise Refusal("invalid", "unknown_reason")
    if len(reference) > LONGEST_REFERENCE:
        raise Refusal("invalid", "note_too_long", longest=LONGEST_REFERENCE)

    def work(session: Session) -> None:
        debtor = debtor_desk.lock(session, access, debtor_id, erased_too=True)
        case = session.scalars(select(HandOver).where(
            HandOver.public_id == case_id, HandOver.business_id == access.business_id,
            HandOver.debtor_id == debtor.id)).one_or_none()
        if case is None:
            raise Refusal("not_found", "unknown_page")
        if (case.status, case.reference) == (status, reference.strip()):
            return
        if not may_become(case.status, status):
            raise Refusal("conflict", "hand_over_ended")
        if status == RECOVERED:
            _refuse_open(session, debtor, case)
        before, case.status, case.reference = case.status, status, reference.strip()
        if status not in STANDING:
            _end(session, case, now)
        record(session, at=now, actor=staff_actor(access), act=f"hand_over.{status}", business_id=access.business_id,
               debtor_id=debtor.id, target=f"hand_over:{case.public_id}", before=before)
        standings.recount_one(session, access.business_id, debtor.id, now)

    rt.db.run(work)


def cases(session: Session, debtor: Debtor) -> list[Case]:
    """List the hand-overs of a debtor, the newest first."""
    query = (
        select(HandOver, HandOverInvoice.left_minor, Invoice, LedgerAccount.debits - LedgerAccount.credits)
        .join(HandOverInvoice, HandOverInvoice.hand_over_id == HandOver.id)
        .join(Invoice, Invoice.id == HandOverInvoice.invoice_id)
        .join(LedgerAccount, LedgerAccount.invoice_id == Invoice.id)
        .where(HandOver.business_id == debtor.business_id, HandOver.debtor_id == debtor.id)
        .order_by(HandOver.id.desc(), Invoice.due_on, Invoice.id))
    found: dict[int, tuple[HandOver, list[Handed]]] = {}
    for case, then, invoice, left in session.execute(query):
        found.setdefault(case.id, (case, []))[1].append(
            Handed(invoice.public_id, invoice.number, invoice.title, invoice.currency, then, left))
    return [Case(case.public_id, case.to_kind, case.to_name, case.to_contact, case.reference, case.status,
                 case.started_at, case.ended_at, tuple(invoices)) for case, invoices in found.values()]


def page(rt: Runtime, access: StaffAccess, debtor_id: str) -> list[Case]:
    """Read all hand-overs of a debtor; raises Refusal not_found."""
    access.require("see")
    with rt.db.reading() as session:
        return cases(session, debtor_desk.find(session, access, debtor_id))


def standing(rt: Runtime, access: StaffAccess, debtor_id: str) -> list[Case]:
    """Read the hand-overs of a debtor that stand; raises Refusal not_found."""
    return [case for case in page(rt, access, debtor_id) if case.stands]


def _check(wanted: Wanted) -> None:
    if wanted.to_kind not in KINDS:
        raise Refusal("invalid", "unknown_reason")
    if not wanted.invoice_ids:
        raise Refusal("invalid", "nothing_chosen")
    if not wanted.to_name.strip() or not wanted.to_contact.strip():
        raise Refusal("invalid", "hand_over_words_missing")
    for text, longest in ((wanted.to_name, LONGEST_NAME), (wanted.to_contact, LONGEST_CONTACT),
                          (wanted.reference, LONGEST_REFERENCE)):
        if len(text) > longest:
            raise Refusal("invalid", "note_too_long", longest=longest)


def _refuse(session: Session, invoices: Sequence[Invoice], left: dict[int, int]) -> None:
    ids = [invoice.id for invoice in invoices]
    for invoice in invoices:
        if left.get(invoice.id, 0) <= 0:
            raise Refusal("conflict", "hand_over_nothing_open", number=invoice.number)
    stands = session.scalar(select(Invoice.number).join(HandOverInvoice, HandOverInvoice.invoice_id == Invoice.id)
                            .where(Invoice.id.in_(ids), HandOverInvoice.open).limit(1))
    if stands is not None:
        raise Refusal("conflict", "hand_over_stands", number=stands)
    moving = session.scalar(
        select(Invoice.number).join(PaymentInvoice, PaymentInvoice.invoice_id == Invoice.id)
        .join(Payment, Payment.id == PaymentInvoice.payment_id)
        .where(Invoice.id.in_(ids), PaymentInvoice.open, Payment.state == "processing").limit(1))
    if moving is not None:
        raise Refusal("conflict", "hand_over_on_its_way", number=moving)


def _refuse_open(session: Session, debtor: Debtor, case: HandOver) -> None:
    left = ledger.left_by_invoice(session, debtor.business_id, debtor.id)
    mine = session.scalars(select(HandOverInvoice.invoice_id).where(HandOverInvoice.hand_over_id == case.id))
    if any(left.get(id, 0) for id in mine):
        raise Refusal("conflict", "hand_over_still_open")


def _end(session: Session, case: HandOver, now: datetime) -> None:
    case.ended_at = now
    session.execute(update(HandOverInvoice).where(HandOverInvoice.hand_over_id == case.id).values(open=False))
    session.execute(update(Hold).where(
        Hold.business_id == case.business_id, Hold.cause == CAUSE, Hold.cause_id == case.public_id,
        Hold.released_at.is_(None)).values(released_at=now).execution_options(synchronize_session=False))
