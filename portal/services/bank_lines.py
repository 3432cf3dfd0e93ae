"""What staff say about a bank line: whose money it is, that it is nobody's, or that the answer before was wrong.

A line is answered once: whoever comes second is told. Money is booked by the same use case as a transfer written down
by hand, with one posting for each line; what was written down before is only tied to its line.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from portal.domain.bank_matching import Suggestion
from portal.domain.errors import Refusal
from portal.domain.listing import BULK_MOST, PAGE
from portal.domain.roles import StaffAccess
from portal.models import (
    BankLine,
    Debtor,
    Invoice,
    Payment,
    PaymentClaim,
    PaymentInvoice,
    Payout,
    lock_debtor,
)
from portal.runtime import Runtime
from portal.services import announced, bank_candidates, claim_answers, debtor_money
from portal.services.audit import record, staff_actor
from portal.services.claim_answers import Answered
from portal.services.debtor_money import Seen
from portal.services.fact_lookup import lock_business

STATES = ("waiting", "matched", "ignored", "out")
LONGEST_REASON = 200


@dataclass(frozen=True)
class Shown:
    """A line as lists show it, with what it may be, or what became of it."""

    line: BankLine
    best: Suggestion | None
    person: str
    number: str
    payment_id: str


@dataclass(frozen=True)
class Sums:
    """What of one currency nobody has said anything about, minor units."""

    currency: str
    count: int
    amount: int


@dataclass(frozen=True)
class Told:
    """What an answer came to: what was booked or tied, and of it what is credit now, minor units."""

    amount_minor: int
    currency: str
    booked: bool
    credit_minor: int = 0


@dataclass(frozen=True)
class Many:
    """What saying yes to many came to: how many, and how many could not be done."""

    done: int
    left: int


def find(session: Session, access: StaffAccess, line_id: str) -> BankLine:
    """Find a line of this business; raises Refusal not_found."""
    found = session.scalars(select(BankLine).where(
        BankLine.public_id == line_id, BankLine.business_id == access.business_id)).one_or_none()
    if found is None:
        raise Refusal("not_found", "unknown_page")
    return found


def listed(session: Session, access: StaffAccess, state: str) -> list[Shown]:
    """List lines of a state, the newest first; waiting ones with what they may be."""
    lines = session.scalars(select(BankLine).where(
        BankLine.business_id == access.business_id, BankLine.state == (state if state in STATES else STATES[0]))
        .order_by(BankLine.booked_on.desc(), BankLine.id.desc()).limit(PAGE)).all()
    waiting = [line for line in lines if line.state == "waiting"]
    found = bank_candidates.suggestions(session, access.business_id, waiting)
    paid = {payment.id: (payment, name) for payment, name in session.execute(
        select(Payment, Debtor.name).join(Debtor, Debtor.id == Payment.debtor_id)
        .where(Payment.id.in_([line.payment_id for line in lines if line.payment_id])))}
    shown = []
    for line in lines:
        best = next(iter(found.get(line.id, [])), None)
        payment, name = paid.get(line.payment_id or 0, (None, ""))
        person = name or (next(iter(best.candidate.names), "") if best else "")
        shown.append(Shown(line, best, person, payment.number if payment else "",
                           payment.public_id if payment else ""))
    return shown


def waiting_sums(session: Session, access: StaffAccess) -> list[Sums]:
    """Add up the money that came in and that nobody has said anything about."""
    rows = session.execute(
        select(BankLine.currency, func.count(), func.sum(BankLine.amount_minor))
        .where(BankLine.business_id == access.business_id, BankLine.state == "waiting")
        .group_by(BankLine.currency).order_by(BankLine.currency))
    return [Sums(currency, int(count), int(total)) for currency, count, total in rows]


def confirm(rt: Runtime, access: StaffAccess, line_id: str, pick: str) -> Told:
    """Say what a line is: `pick` is what was suggested, or an invoice or debtor that somebody found.

    Raises Refusal: role_may_not, not_found, nothing_picked, bank_line_decided, and what recording money refuses.
    """
    access.require("record_money")
    now = rt.now()
    kind, _, name = pick.partition(".")
    if kind not in _CONFIRMS or not name:
        raise Refusal("invalid", "nothing_picked")
    return rt.db.run(lambda session: _CONFIRMS[kind](session, access, line_id, name, now))


def confirm_claim(rt: Runtime, access: StaffAccess, line_id: str, claim_id: str, words: str) -> Answered:
    """Say that a line is what a debtor told us they had paid, and answer them with words; refuses as confirm()."""
    access.require("record_money")
    now = rt.now()
    return rt.db.run(lambda session: _answer_claim(session, access, line_id, claim_id, now, words)[1])


def confirm_many(rt: Runtime, access: StaffAccess, picked: Sequence[tuple[str, str]]) -> Many:
    """Say yes to the suggestions of several lines, each in a commit of its own; what is refused stays where it was.

    Raises Refusal: role_may_not, nothing_picked, list_too_many.
    """
    access.require("record_money")
    if not picked:
        raise Refusal("invalid", "nothing_picked")
    if len(picked) > BULK_MOST:
        raise Refusal("too_large", "list_too_many", rows=BULK_MOST)
    done = 0
    for line_id, pick in picked:
        try:
            confirm(rt, access, line_id, pick)
        except Refusal as refusal:
            if refusal.kind == "not_allowed":
                raise
        else:
            done += 1
    return Many(done, len(picked) - done)


def ignore(rt: Runtime, access: StaffAccess, line_id: str, reason: str) -> None:
    """Set a line aside, with a reason; raises Refusal: not_found, words_missing, words_too_long, bank_line_decided."""
    access.require("record_money")
    now, words = rt.now(), " ".join(reason.split())
    if not words:
        raise Refusal("invalid", "words_missing")
    if len(words) > LONGEST_REASON:
        raise Refusal("invalid", "words_too_long", longest=LONGEST_REASON)

    def work(session: Session) -> None:
        line = find(session, access, line_id)
        _decide(session, access, line, now, state="ignored", reason=words)
        record(session, at=now, actor=staff_actor(access), act="bank.ignored", business_id=access.business_id,
               target=f"bank_line:{line.public_id}", amount=line.amount_minor, currency=line.currency)

    rt.db.run(work)


def undo(rt: Runtime, access: StaffAccess, line_id: str) -> BankLine:
    """Take the answer to a line back: what it had booked is owed again, and the line waits anew.

    Raises Refusal: role_may_not, not_found, bank_line_waits, cannot_bounce, credit_is_used.
    """
    access.require("record_money")
    now = rt.now()

    def work(session: Session) -> BankLine:
        line = find(session, access, line_id)
        payment = session.get(Payment, line.payment_id) if line.payment_id else None
        if payment is not None:
            lock_debtor(session, access.business_id, payment.debtor_id)
        session.refresh(line, with_for_update=True)
        if line.state not in ("matched", "ignored"):
            raise Refusal("conflict", "bank_line_waits")
        if payment is not None and line.recorded and payment.id == line.payment_id:
            debtor = session.get_one(Debtor, payment.debtor_id)
            claim_answers.look_again(session, access, payment, now)
            debtor_money.give_back(session, access, debtor.public_id, payment.public_id,
                                   happened_on=line.booked_on, words="", now=now, bank_line=line.public_id)
        else:
            record(session, at=now, actor=staff_actor(access), act="bank.untied", business_id=access.business_id,
                   target=f"bank_line:{line.public_id}", amount=line.amount_minor, currency=line.currency)
        line.state, line.payment_id, line.payout_id, line.recorded, line.reason = "waiting", None, None, False, ""
        line.undone, line.staff_id, line.decided_at = line.undone + 1, None, None
        session.flush()
        return line

    return rt.db.run(work)


def _decide(session: Session, access: StaffAccess, line: BankLine, now: datetime, **values: Any) -> None:
    """Answer a line, once: of two people at once the second waits here and is told."""
    done = session.execute(
        update(BankLine).where(BankLine.id == line.id, BankLine.state == "waiting")
        .values(staff_id=access.staff_id, decided_at=now, **values).execution_options(synchronize_session=False))
    if done.rowcount != 1:  # type: ignore[attr-defined]
        raise Refusal("conflict", "bank_line_decided")


def _record(session: Session, access: StaffAccess, line: BankLine, debtor: Debtor, invoices: Sequence[str],
            now: datetime) -> Told:
    """Book the line's money as a transfer somebody saw, under the debtor's lock, and tie both."""
    lock_debtor(session, access.business_id, debtor.id)
    # Another may say at this moment that it is somebody else's, under another debtor's lock.
    session.refresh(line, with_for_update=True)
    if line.state != "waiting":
        raise Refusal("conflict", "bank_line_decided")
    made = debtor_money.receive(session, access, debtor.public_id, Seen(
        channel="transfer", currency=line.currency, amount_minor=line.amount_minor, received_on=line.booked_on,
        nonce=f"{line.public_id}-{line.undone}", reference=line.reference[:debtor_money.LONGEST_REFERENCE],
        invoice_ids=tuple(invoices), not_the_same=True, send_receipt=True, bank_line=line.public_id), now)
    payment_id = session.scalars(select(Payment.id).where(Payment.public_id == made.public_id)).one()
    _decide(session, access, line, now, state="matched", payment_id=payment_id, recorded=True)
    return Told(made.amount_minor, made.currency, booked=True, credit_minor=made.credit_minor)


def _invoice(session: Session, access: StaffAccess, line_id: str, name: str, now: datetime) -> Told:
    line = find(session, access, line_id)
    row = session.execute(
        select(Invoice, Debtor).join(Debtor, Debtor.id == Invoice.debtor_id)
        .where(Invoice.public_id == name, Invoice.business_id == access.business_id)).one_or_none()
    if row is None:
        raise Refusal("not_found", "unknown_invoice")
    return _record(session, access, line, row[1], [row[0].public_id], now)


def _debtor(session: Session, access: StaffAccess, line_id: str, name: str, now: datetime) -> Told:
    line = find(session, access, line_id)
    return _record(session, access, line, _own(session, access, Debtor, name), (), now)


def _announced(session: Session, access: StaffAccess, line_id: str, name: str, now: datetime) -> Told:
    """Book a transfer that was announced; the announcement has come true and waits no longer."""
    line, transfer = find(session, access, line_id), _own(session, access, Payment, name)
    debtor = session.get_one(Debtor, transfer.debtor_id)
    lock_debtor(session, access.business_id, debtor.id)
    session.refresh(transfer)
    invoices = list(session.scalars(
        select(Invoice.public_id).join(PaymentInvoice, PaymentInvoice.invoice_id == Invoice.id)
        .where(PaymentInvoice.payment_id == transfer.id).order_by(PaymentInvoice.position)))
    told = _record(session, access, line, debtor, invoices, now)
    if transfer.state == "announced":
        announced.close(session, transfer, "canceled", now)
    return told


def _claim(session: Session, access: StaffAccess, line_id: str, name: str, now: datetime) -> Told:
    """Book what somebody told us they had paid, and answer them."""
    return _answer_claim(session, access, line_id, name, now, "")[0]


def _answer_claim(session: Session, access: StaffAccess, line_id: str, name: str, now: datetime,
                  words: str) -> tuple[Told, Answered]:
    line, claim = find(session, access, line_id), _own(session, access, PaymentClaim, name)
    debtor = session.get_one(Debtor, claim.debtor_id)
    told = _record(session, access, line, debtor, (), now)
    payment = session.scalars(
        select(Payment.public_id).join(BankLine, BankLine.payment_id == Payment.id)
        .where(BankLine.id == line.id)).one()
    return told, claim_answers.match_in(session, access, claim.public_id, payment, now=now, words=words)


def _recorded(session: Session, access: StaffAccess, line_id: str, name: str, now: datetime) -> Told:
    """Tie a line to what somebody wrote down before it came; nothing is booked."""
    line, payment = find(session, access, line_id), _own(session, access, Payment, name)
    lock_debtor(session, access.business_id, payment.debtor_id)
    session.refresh(payment)
    tied = session.scalar(select(BankLine.id).where(BankLine.payment_id == payment.id))
    fits = (payment.captured_minor, payment.currency, payment.channel) == (
        line.amount_minor, line.currency, "transfer")
    if tied is not None or payment.returned_minor or not fits:
        raise Refusal("conflict", "bank_line_other")
    return _tie(session, access, line, now, payment_id=payment.id)


def _payout(session: Session, access: StaffAccess, line_id: str, name: str, now: datetime) -> Told:
    """Tie a line to the payout it is; Stripe told of it, and the books have it already."""
    lock_business(session, access.business_id)
    line = find(session, access, line_id)
    payout = session.scalars(select(Payout).where(
        Payout.stripe_payout == name, Payout.business_id == access.business_id)).one_or_none()
    if payout is None:
        raise Refusal("not_found", "unknown_page")
    tied = session.scalar(select(BankLine.id).where(BankLine.payout_id == payout.id))
    if tied is not None or (payout.amount_minor, payout.currency) != (line.amount_minor, line.currency):
        raise Refusal("conflict", "bank_line_other")
    return _tie(session, access, line, now, payout_id=payout.id)


def _tie(session: Session, access: StaffAccess, line: BankLine, now: datetime, **what: int) -> Told:
    _decide(session, access, line, now, state="matched", **what)
    record(session, at=now, actor=staff_actor(access), act="bank.linked", business_id=access.business_id,
           target=f"bank_line:{line.public_id}", amount=line.amount_minor, currency=line.currency)
    return Told(line.amount_minor, line.currency, booked=False)


def _own(session: Session, access: StaffAccess, table: Any, name: str) -> Any:
    found = session.scalars(select(table).where(
        table.public_id == name, table.business_id == access.business_id)).one_or_none()
    if found is None:
        raise Refusal("not_found", "unknown_page")
    return found


_CONFIRMS = {"i": _invoice, "d": _debtor, "t": _announced, "c": _claim, "p": _recorded, "o": _payout}
