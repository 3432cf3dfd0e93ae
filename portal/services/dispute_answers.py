"""What staff do about a dispute: ask or answer, note among themselves, and decide it, part by part, with words.

Each act names the last thing it had read; said something newer meanwhile, the act is refused and nothing happens.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from portal.domain import disputes as rules
from portal.domain.credit_notes import tax_within
from portal.domain.errors import Refusal
from portal.domain.ledger import RECEIVABLE
from portal.domain.questions import told
from portal.domain.roles import StaffAccess
from portal.models import (
    Dispute,
    DisputePart,
    Invoice,
    InvoiceLine,
    LedgerAccount,
    LedgerTransfer,
    Question,
    QuestionEntry,
    Staff,
    lock_debtor,
)
from portal.runtime import Runtime
from portal.services import (
    bookkeeping,
    debtor_relief,
    dispute_holds,
    dispute_mail,
    disputes,
    ledger,
    question_mail,
    questions,
    standings,
)
from portal.services.answers import LONGEST_ANSWER, Answered
from portal.services.audit import record, staff_actor


@dataclass(frozen=True)
class Verdict:
    """How a dispute is to be decided: what is credited of each part by its number, and words for the debtor.

    `seen` is the last thing that was read; minor units, tax included.
    """

    credits: Mapping[int, int]
    words: str
    seen: str


def find(session: Session, access: StaffAccess, dispute_id: str) -> Dispute:
    """Find a dispute of this business; raises Refusal not_found for anybody else's."""
    found = session.scalars(select(Dispute).where(
        Dispute.public_id == dispute_id, Dispute.business_id == access.business_id)).one_or_none()
    if found is None:
        raise Refusal("not_found", "unknown_page")
    return found


def say(rt: Runtime, access: StaffAccess, dispute_id: str, words: str, *, seen: str) -> Answered:
    """Ask the debtor something or answer them, on their page and by email at once; it is their turn then.

    Raises Refusal: role_may_not, not_found, words_missing, words_too_long, question_moved_on.
    """
    access.require("work")
    now, body = rt.now(), told(words, longest=LONGEST_ANSWER)

    def work(session: Session) -> Answered:
        dispute, thread = _locked(session, access, dispute_id, seen)
        entry = questions.add(session, thread, now, said_by="staff", channel="page", body=body,
                              staff_id=access.staff_id)
        is_open = dispute.state == rules.OPEN
        thread.state, thread.moved_at, thread.answer_by = "debtor" if is_open else "closed", now, None
        thread.closed_at = None if is_open else now
        name = session.get_one(Staff, access.staff_id).name
        message = question_mail.send_answer(session, rt.settings, now, thread, entry, name)
        _record(session, access, dispute, "dispute.asked", now, emailed=message.state == "queued")
        return Answered(message.state == "queued", message.reason)

    return rt.db.run(work)


def note(rt: Runtime, access: StaffAccess, dispute_id: str, words: str) -> None:
    """Write something for colleagues; the debtor never sees it. Raises Refusal: not_found, words_missing, …"""
    access.require("work")
    now, body = rt.now(), told(words, longest=LONGEST_ANSWER)

    def work(session: Session) -> None:
        dispute, thread = _locked(session, access, dispute_id, None)
        questions.add(session, thread, now, said_by="staff", channel="page", body=body, staff_id=access.staff_id,
                      internal=True)
        _record(session, access, dispute, "dispute.noted", now)

    rt.db.run(work)


def close_thread(rt: Runtime, access: StaffAccess, dispute_id: str, *, seen: str) -> None:
    """Leave words that came after the decision without an answer. Raises Refusal: not_found, dispute_undecided, …"""
    access.require("work")
    now = rt.now()

    def work(session: Session) -> None:
        dispute, thread = _locked(session, access, dispute_id, seen)
        if dispute.state == rules.OPEN:
            raise Refusal("conflict", "dispute_undecided")
        if thread.state == "closed":
            raise Refusal("conflict", "question_closed")
        thread.state, thread.moved_at, thread.answer_by, thread.closed_at = "closed", now, None, now
        _record(session, access, dispute, "dispute.closed", now)

    rt.db.run(work)


def uphold(rt: Runtime, access: StaffAccess, dispute_id: str, words: str, *, seen: str) -> Answered:
    """Decide that the debtor is right: all they question is credited. Raises Refusal as decide()."""
    with rt.db.reading() as session:
        parts = _open_parts(session, find(session, access, dispute_id))
    return decide(rt, access, dispute_id, Verdict(
        {part.id: part.asked_minor - part.credited_minor for part in parts}, words, seen))


def decide(rt: Runtime, access: StaffAccess, dispute_id: str, verdict: Verdict) -> Answered:
    """Decide a dispute: credit notes by line and tax, the rest owed again after a notice, and the answer by email.

    What had been paid of a credited part becomes the debtor's credit. Raises Refusal: role_may_not, not_found,
    dispute_decided, question_moved_on, words_missing where anything is refused, words_too_long, amount_negative,
    credit_above_line, credit_above_invoice, unknown_invoice, and prove_first and above_one_person for a sum above
    the limit of one person.
    """
    access.require("work")
    now = rt.now()
    body = told(verdict.words, longest=LONGEST_ANSWER) if verdict.words.strip() else ""

    def work(session: Session) -> Answered:
        dispute, thread = _locked(session, access, dispute_id, None)
        if dispute.state != rules.OPEN:
            raise Refusal("conflict", "dispute_decided")
        _refuse_unread(session, thread, verdict.seen)
        parts = _open_parts(session, dispute)
        given = _given(parts, verdict.credits)
        state = _state(session, dispute, parts, given)
        if state != rules.UPHELD:
            told(verdict.words, longest=LONGEST_ANSWER)
        clocks = dispute_holds.stopped(session, dispute)
        credited = _credit(session, access, dispute, parts, given, now)
        if body:
            questions.add(session, thread, now, said_by="staff", channel="page", body=body, staff_id=access.staff_id)
        dispute.staff_id = access.staff_id
        disputes.close(session, dispute, state, now, clocks, notice=True)
        name = session.get_one(Staff, access.staff_id).name
        message = dispute_mail.tell_decided(session, rt.settings, now, dispute, thread, credited, body, name)
        _record(session, access, dispute, f"dispute.{state}", now, amount=credited, currency=dispute.currency)
        standings.recount_one(session, access.business_id, dispute.debtor_id, now)
        return Answered(message.state == "queued", message.reason)

    return rt.db.run(work)


def _locked(session: Session, access: StaffAccess, dispute_id: str, seen: str | None) -> tuple[Dispute, Question]:
    found = find(session, access, dispute_id)
    lock_debtor(session, access.business_id, found.debtor_id)
    # What was read before the lock may be old.
    session.refresh(found)
    thread = session.get_one(Question, found.question_id, populate_existing=True)
    if seen is not None:
        _refuse_unread(session, thread, seen)
    return found, thread


def _refuse_unread(session: Session, thread: Question, seen: str) -> None:
    newest = session.scalar(select(func.max(QuestionEntry.id)).where(
        QuestionEntry.question_id == thread.id, QuestionEntry.internal.is_(False))) or 0
    if str(newest) != seen:
        raise Refusal("conflict", "question_moved_on")


def _open_parts(session: Session, dispute: Dispute) -> list[DisputePart]:
    return list(session.scalars(select(DisputePart).where(
        DisputePart.dispute_id == dispute.id, DisputePart.open).order_by(DisputePart.id)))


def _given(parts: Sequence[DisputePart], credits: Mapping[int, int]) -> dict[int, int]:
    if not credits.keys() <= {part.id for part in parts}:
        raise Refusal("not_found", "unknown_invoice")
    given = {part.id: credits.get(part.id, 0) for part in parts}
    rules.outcome([(part.asked_minor - part.credited_minor, given[part.id]) for part in parts])
    return given


def _state(session: Session, dispute: Dispute, parts: Sequence[DisputePart], given: Mapping[int, int]) -> str:
    """Tell how the dispute ends, with what a first look had credited before."""
    rest = session.scalars(select(DisputePart).where(
        DisputePart.dispute_id == dispute.id, DisputePart.open.is_(False)))
    return rules.outcome([
        *((part.asked_minor, part.credited_minor + given[part.id]) for part in parts),
        *((part.asked_minor, part.credited_minor) for part in rest)])


def _credit(session: Session, access: StaffAccess, dispute: Dispute, parts: Sequence[DisputePart],
            given: Mapping[int, int], now: datetime) -> int:
    """Book what is credited, invoice by invoice, with the tax of each line; returns the sum, minor units."""
    total = sum(given.values())
    if not total:
        return 0
    access.require("move_money")
    debtor_relief.keep_to_limit(session, access, dispute.currency, total, now)
    by_invoice: dict[int, list[DisputePart]] = defaultdict(list)
    for part in parts:
        if given[part.id]:
            by_invoice[part.invoice_id].append(part)
    for invoice_id, mine in sorted(by_invoice.items()):
        invoice = session.get_one(Invoice, invoice_id)
        amount = sum(given[part.id] for part in mine)
        most = invoice.total_minor - debtor_relief.credited_before(session, invoice)
        if amount > most:
            raise Refusal("invalid", "credit_above_invoice", most=most, currency=invoice.currency)
        tax = sum(_take(session, invoice, part, given[part.id]) for part in mine)
        look = "" if dispute.looks == 1 else f":{dispute.looks}"
        bookkeeping.credit_note(session, invoice, amount, tax=tax, cause=f"dispute:{dispute.id}{look}", now=now)
        if amount == most:
            # All of it was wrong, whether it was questioned whole or line by line.
            _waive_fees(session, invoice, now)
    return total


def _take(session: Session, invoice: Invoice, part: DisputePart, amount: int) -> int:
    """Note what is credited of a part; returns the tax within it."""
    if part.line_id is not None:
        line = session.get_one(InvoiceLine, part.line_id)
        gross, within = line.amount_minor + line.tax_minor, line.tax_minor
    else:
        gross, within = invoice.total_minor, session.scalar(
            select(func.coalesce(func.sum(InvoiceLine.tax_minor), 0)).where(
                InvoiceLine.invoice_id == invoice.id)) or 0
    # Reckoned on all that was credited of it, so that two looks come to the same tax as one.
    part.credited_minor += amount
    tax = tax_within(part.credited_minor, total=gross, tax=within) - part.tax_minor
    part.tax_minor += tax
    return tax


def _waive_fees(session: Session, invoice: Invoice, now: datetime) -> None:
    """Take back what was added for being late with an invoice that should never have been."""
    account = select(LedgerAccount.id).where(
        LedgerAccount.invoice_id == invoice.id, LedgerAccount.kind == RECEIVABLE).scalar_subquery()
    fees = session.scalars(select(LedgerTransfer).where(
        LedgerTransfer.business_id == invoice.business_id, LedgerTransfer.debit_account_id == account,
        or_(LedgerTransfer.kind == "fee", LedgerTransfer.kind == "interest")).order_by(LedgerTransfer.id)).all()
    for fee in fees:
        if not ledger.is_posted(session, invoice.business_id, f"correction:{fee.id}"):
            bookkeeping.waive_fee(session, fee, now=now)


def _record(session: Session, access: StaffAccess, dispute: Dispute, act: str, now: datetime,
            **details: object) -> None:
    record(session, at=now, actor=staff_actor(access), act=act, business_id=access.business_id,
           debtor_id=dispute.debtor_id, target=f"dispute:{dispute.public_id}", **details)
