"""What staff decide about something a file implied: money that came elsewhere, a credit note, what is gone or redated.

Each answer is one commit under the debtor's lock, and ends the hold that kept reminders away meanwhile.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time
from zoneinfo import ZoneInfo

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from portal.domain.errors import Refusal
from portal.domain.ledger import CREDIT_NOTES, Entry, debtor_credit, own
from portal.domain.roles import StaffAccess
from portal.models import Business, Debtor, Hold, ImportFinding, Invoice, ReminderTrack, lock_debtor
from portal.runtime import Runtime
from portal.services import bookkeeping, ledger, nonces, settle, standings
from portal.services.audit import record, staff_actor
from portal.services.bookkeeping import Part
from portal.services.import_known import OF_A_FINDING

PERMISSION = "import"
NOON = time(12)
# What can be said to each kind; the first is what the file implies, "decline" leaves the books as they are.
ANSWERS = {
    "paid": ("confirm", "decline"), "gone": ("paid", "credited", "decline"), "credit": ("confirm", "decline"),
    "due": ("confirm", "decline"), "disputed": ("keep", "release"), "undisputed": ("confirm", "decline"),
}
# After these nothing of the finding came true.
DECLINES = ("decline", "release")
MOST_AT_ONCE = 100


@dataclass(frozen=True)
class Answered:
    """What came of one answer: done, or `void` because nothing was left to do; amounts in minor units."""

    void: bool
    amount: int = 0
    currency: str = ""


@dataclass(frozen=True)
class Open:
    """One open finding, as the list of them shows it."""

    public_id: str
    kind: str
    row: int
    debtor_public_id: str
    debtor_name: str
    invoice_number: str
    reference: str
    amount: int
    currency: str
    day: object
    created_at: datetime


def find(session: Session, access: StaffAccess, finding_id: str) -> ImportFinding:
    """Give one finding of this business; raises Refusal not_found for another's and for what is still going in."""
    finding = session.scalars(select(ImportFinding).where(
        ImportFinding.public_id == finding_id, ImportFinding.business_id == access.business_id,
        ImportFinding.state != "staged")).one_or_none()
    if finding is None:
        raise Refusal("not_found", "unknown_page")
    return finding


def open_ones(rt: Runtime, access: StaffAccess, kind: str = "", most: int = MOST_AT_ONCE) -> list[Open]:
    """List what waits to be confirmed, the oldest first; of one kind, if one is named."""
    access.require(PERMISSION)
    query = (
        select(ImportFinding, Debtor.public_id, Debtor.name, Invoice.number)
        .join(Debtor, Debtor.id == ImportFinding.debtor_id)
        .outerjoin(Invoice, Invoice.id == ImportFinding.invoice_id)
        .where(ImportFinding.business_id == access.business_id, ImportFinding.state == "open")
        .order_by(ImportFinding.created_at, ImportFinding.id).limit(most))
    if kind:
        query = query.where(ImportFinding.kind == kind)
    with rt.db.reading() as session:
        return [Open(one.public_id, one.kind, one.row, debtor_id, name, number or "", one.reference, one.amount_minor,
                     one.currency, one.day, one.created_at) for one, debtor_id, name, number in session.execute(query)]


def answer(rt: Runtime, access: StaffAccess, finding_id: str, code: str) -> Answered:
    """Decide about one finding. Raises Refusal: role_may_not, not_found, unknown_act, finding_answered."""
    access.require(PERMISSION)
    now = rt.now()
    return rt.db.run(lambda session: _answer(session, access, finding_id, code, now))


def answer_many(rt: Runtime, access: StaffAccess, finding_ids: Sequence[str], code: str) -> tuple[int, int]:
    """Decide the same about several, each in a commit of its own; says how many were done and how many were not.

    What somebody else has answered meanwhile, or what this answer does not fit, is left out.
    """
    access.require(PERMISSION)
    done = 0
    chosen = list(dict.fromkeys(finding_ids))[:MOST_AT_ONCE]
    for finding_id in chosen:
        try:
            answer(rt, access, finding_id, code)
            done += 1
        except Refusal as refusal:
            if refusal.code not in ("finding_answered", "unknown_act", "unknown_page", "due_before_issue"):
                raise
    return done, len(chosen) - done


def _answer(session: Session, access: StaffAccess, finding_id: str, code: str, now: datetime) -> Answered:
    finding = find(session, access, finding_id)
    assert finding.debtor_id is not None
    debtor = lock_debtor(session, access.business_id, finding.debtor_id)
    session.refresh(finding)
    if code not in ANSWERS[finding.kind]:
        raise Refusal("invalid", "unknown_act")
    if finding.state != "open" or debtor is None:
        raise Refusal("conflict", "finding_answered")
    told = Answered(void=False)
    if code not in DECLINES:
        told = _ACTS[finding.kind, code](session, access, debtor, finding, now)
    elif code == "release":
        _release_dispute(session, finding, now)
    finding.state = "void" if told.void else "declined" if code == "decline" else "confirmed"
    finding.decision, finding.staff_id, finding.decided_at = code, access.staff_id, now
    session.execute(
        update(Hold).where(Hold.business_id == access.business_id, Hold.cause == "import",
                           Hold.cause_id == f"{OF_A_FINDING}{finding.public_id}", Hold.released_at.is_(None))
        .values(released_at=now).execution_options(synchronize_session=False))
    record(session, at=now, actor=staff_actor(access), act="import.answered", business_id=access.business_id,
           debtor_id=debtor.id, target=f"debtor:{debtor.public_id}", finding=finding.public_id, kind=finding.kind,
           answer=code, amount=told.amount, currency=finding.currency, void=told.void)
    standings.recount_one(session, access.business_id, debtor.id, now)
    return told


def _book_payment(session: Session, access: StaffAccess, debtor: Debtor, finding: ImportFinding,
                  now: datetime) -> Answered:
    """Book money that came elsewhere: what the file said, and never more than is still owed."""
    invoice = session.get_one(Invoice, finding.invoice_id)
    left = ledger.left_by_invoice(session, debtor.business_id, debtor.id).get(invoice.id, 0)
    amount = min(finding.amount_minor, left)
    if amount <= 0:
        return Answered(void=True)
    bookkeeping.receive_outside(
        session, debtor, [Part(invoice, amount)], channel="transfer", amount=amount, reference="",
        received_at=_noon(session, finding, now), now=now, number=nonces.number(access, "finding", finding.public_id))
    return Answered(False, amount, finding.currency)


def _book_gone(session: Session, access: StaffAccess, debtor: Debtor, finding: ImportFinding,
               now: datetime) -> Answered:
    finding.amount_minor = max(finding.amount_minor, _left(session, debtor, finding))
    return _book_payment(session, access, debtor, finding, now)


def _cancel_gone(session: Session, access: StaffAccess, debtor: Debtor, finding: ImportFinding,
                 now: datetime) -> Answered:
    """Credit what is left of an invoice that is in the business's own list no more."""
    invoice, left = session.get_one(Invoice, finding.invoice_id), _left(session, debtor, finding)
    if left <= 0:
        return Answered(void=True)
    bookkeeping.credit_note(session, invoice, left, tax=0, cause=f"import:{finding.public_id}", now=now)
    return Answered(False, left, finding.currency)


def _book_credit(session: Session, access: StaffAccess, debtor: Debtor, finding: ImportFinding,
                 now: datetime) -> Answered:
    """Book a credit note: on its invoice if it names one, else as the debtor's credit, which pays what is oldest."""
    cause = f"import:{finding.public_id}"
    if finding.invoice_id is not None:
        invoice = session.get_one(Invoice, finding.invoice_id)
        bookkeeping.credit_note(session, invoice, finding.amount_minor, tax=0, cause=cause, now=now)
    else:
        entry = Entry(own(CREDIT_NOTES, finding.currency), debtor_credit(debtor.id, finding.currency),
                      finding.amount_minor, "credit", f"{cause}:credit", "import", finding.public_id, now,
                      memo="credit")
        ledger.post(session, debtor.business_id, [entry], now=now)
        settle.settle(session, debtor.business_id, debtor.id, finding.currency, cause=cause, now=now)
    return Answered(False, finding.amount_minor, finding.currency)


def _redate(session: Session, access: StaffAccess, debtor: Debtor, finding: ImportFinding,
            now: datetime) -> Answered:
    """Take the file's due date over; the reminders of this invoice are looked at anew."""
    invoice = session.get_one(Invoice, finding.invoice_id)
    assert finding.day is not None
    if finding.day < invoice.issued_on:
        raise Refusal("conflict", "due_before_issue")
    invoice.due_on = finding.day
    session.flush()
    ledger.redate(session, invoice)
    session.execute(
        update(ReminderTrack).where(ReminderTrack.invoice_id == invoice.id, ReminderTrack.look_at.is_not(None))
        .values(look_at=now).execution_options(synchronize_session=False))
    return Answered(void=False)


def _keep_held(session: Session, access: StaffAccess, debtor: Debtor, finding: ImportFinding,
               now: datetime) -> Answered:
    """The dispute is real: the hold stays until it is settled."""
    return Answered(void=False)


def _end_dispute(session: Session, access: StaffAccess, debtor: Debtor, finding: ImportFinding,
                 now: datetime) -> Answered:
    _release_dispute(session, finding, now)
    return Answered(void=False)


def _release_dispute(session: Session, finding: ImportFinding, now: datetime) -> None:
    session.execute(
        update(Hold).where(Hold.business_id == finding.business_id, Hold.invoice_id == finding.invoice_id,
                           Hold.cause == "import", ~Hold.cause_id.startswith(OF_A_FINDING),
                           Hold.released_at.is_(None))
        .values(released_at=now).execution_options(synchronize_session=False))


def _left(session: Session, debtor: Debtor, finding: ImportFinding) -> int:
    left = ledger.left_by_invoice(session, debtor.business_id, debtor.id)
    return left.get(finding.invoice_id or 0, 0)


def _noon(session: Session, finding: ImportFinding, now: datetime) -> datetime:
    if finding.day is None:
        return now
    zone = ZoneInfo(session.get_one(Business, finding.business_id).timezone)
    return min(datetime.combine(finding.day, NOON, zone).astimezone(UTC), now)


Act = Callable[[Session, StaffAccess, Debtor, ImportFinding, datetime], Answered]
_ACTS: dict[tuple[str, str], Act] = {
    ("paid", "confirm"): _book_payment, ("gone", "paid"): _book_gone, ("gone", "credited"): _cancel_gone,
    ("credit", "confirm"): _book_credit, ("due", "confirm"): _redate, ("disputed", "keep"): _keep_held,
    ("undisputed", "confirm"): _end_dispute,
}
