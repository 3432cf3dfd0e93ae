"""Questions of debtors and wishes to be called back: asked on their page, read by both sides, answered by people.

A thread is the debtor's own: it is changed under the debtor's lock. What staff say is in answers.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, func, literal, select
from sqlalchemy.orm import Session

from portal.domain import questions as rules
from portal.domain.access import Access
from portal.domain.errors import Refusal
from portal.domain.roles import StaffAccess
from portal.models import Business, Debtor, Dispute, Invoice, Question, QuestionEntry, QueueMark, Staff, lock_debtor
from portal.runtime import Runtime
from portal.services import calendars, question_mail
from portal.services.audit import Actor, record

MOST_SHOWN = 50
MOST_ENTRIES = 200


@dataclass(frozen=True)
class Asked:
    """What a debtor typed: their words, what it is about, and for a call back the number and the time."""

    words: str = ""
    invoice_id: str = ""
    call: bool = False
    call_when: str = ""
    call_number: str = ""


@dataclass(frozen=True)
class EntryView:
    """One thing said. `said_by` is debtor, staff or unproven; `name` is the person's, for the office only.

    `checked` is False for an email whose sender no mail server of ours has checked.
    """

    id: int
    said_by: str
    name: str
    channel: str
    body: str
    internal: bool
    at: datetime
    checked: bool = True


@dataclass(frozen=True)
class ThreadView:
    """One thread with everything its reader may see, the oldest entry first."""

    id: int
    public_id: str
    kind: str
    state: str
    invoice_number: str
    invoice_public_id: str
    opened_at: datetime
    moved_at: datetime
    answer_by: datetime | None
    closed_at: datetime | None
    call_when: str
    call_number: str
    entries: tuple[EntryView, ...] = ()

    @property
    def seen(self) -> str:
        """Name the last thing said aloud, so that whoever answers it is told when something newer was said."""
        return str(max((entry.id for entry in self.entries if not entry.internal), default=0))


@dataclass(frozen=True)
class Askables:
    """What the page for asking offers: the invoices a question can be about, and how the number on file ends."""

    invoices: tuple[tuple[str, str], ...]
    narrowed: bool
    phone_ends: str


def ask(rt: Runtime, access: Access, asked: Asked) -> str:
    """Open a thread with a question or a wish to be called; returns its public id.

    Raises Refusal: words_missing, words_too_long, number_malformed, number_missing, unknown_invoice, questions_wait.
    """
    _require_whole_page(access)
    now = rt.now()
    body = rules.told(asked.words) if asked.words.strip() or not asked.call else ""
    number = rules.number_to_call(asked.call_number) if asked.call_number.strip() else ""
    when = rules.told(asked.call_when, longest=rules.LONGEST_WHEN) if asked.call_when.strip() else ""

    def work(session: Session) -> str:
        debtor = _locked(session, access)
        check_flood(session, debtor)
        if asked.call and not number and not debtor.phone:
            raise Refusal("invalid", "number_missing")
        business = session.get_one(Business, access.business_id)
        question = Question(
            business_id=business.id, debtor_id=debtor.id, invoice_id=_invoice(session, access, asked.invoice_id),
            kind="call_back" if asked.call else "question", state="business", reply_key=question_mail.new_reply_key(),
            call_when=when, call_number=number, opened_at=now, moved_at=now,
            answer_by=calendars.answer_by(session, business, now))
        session.add(question)
        session.flush()
        if body:
            add(session, question, now, said_by="debtor", channel="page", body=body)
        record(session, at=now, actor=Actor("debtor", access.link_public_id), act="question.asked",
               business_id=business.id, debtor_id=debtor.id, target=f"question:{question.public_id}",
               kind=question.kind)
        question_mail.tell_staff(session, now, business, question, "opened")
        return question.public_id

    return rt.db.run(work)


def reply(rt: Runtime, access: Access, question_id: str, words: str) -> None:
    """Say something more in a thread of one's own; a closed one opens again.

    Raises Refusal: not_found, words_missing, words_too_long, answer_first, questions_wait.
    """
    _require_whole_page(access)
    now = rt.now()
    body = rules.told(words)

    def work(session: Session) -> None:
        debtor = _locked(session, access)
        question = _own(session, access, question_id)
        if question.state == "closed":
            check_flood(session, debtor)
        speak_up(session, now, question, body, said_by="debtor", channel="page")
        record(session, at=now, actor=Actor("debtor", access.link_public_id), act="question.replied",
               business_id=question.business_id, debtor_id=debtor.id, target=f"question:{question.public_id}")

    rt.db.run(work)


def speak_up(session: Session, now: datetime, question: Question, body: str, *, said_by: str, channel: str,
             checked: bool = True) -> None:
    """Add a debtor's words to a thread, which makes it the business's turn. The caller holds the debtor's lock.

    Raises Refusal too_many/answer_first when too much waits in it already.
    """
    if _unanswered(session, question) >= rules.MOST_UNANSWERED:
        raise Refusal("too_many", "answer_first")
    entry = add(session, question, now, said_by=said_by, channel=channel, body=body, checked=checked)
    business = session.get_one(Business, question.business_id)
    was_waiting = question.state == "business"
    question.state, question.closed_at = "business", None
    # What staff put off until a day comes up again: something new was said.
    queue, item = ("disputes", select(Dispute.public_id).where(Dispute.question_id == question.id).scalar_subquery(),
                   ) if question.of_dispute else ("questions", literal(question.public_id))
    session.execute(delete(QueueMark).where(
        QueueMark.business_id == question.business_id, QueueMark.queue == queue, QueueMark.item == item)
        .execution_options(synchronize_session=False))
    if not was_waiting:
        # The promise counts from the first word that waits; more words do not push it away.
        question.moved_at = now
        question.answer_by = calendars.answer_by(session, business, now)
        question_mail.tell_staff(session, now, business, question, entry.public_id)


def check_flood(session: Session, debtor: Debtor) -> None:
    """Refuse one more thread of a debtor while too many wait; raises Refusal too_many/questions_wait."""
    waiting = session.scalar(select(func.count()).select_from(Question).where(
        Question.debtor_id == debtor.id, Question.state == "business", Question.of_dispute.is_(False))) or 0
    if waiting >= rules.MOST_OPEN:
        raise Refusal("too_many", "questions_wait", count=rules.MOST_OPEN)


def add(session: Session, question: Question, now: datetime, *, said_by: str, channel: str, body: str,
        staff_id: int | None = None, internal: bool = False, checked: bool = True) -> QuestionEntry:
    """Put one entry into a thread; `checked` says whether we know that it came from whom it says."""
    entry = QuestionEntry(
        business_id=question.business_id, question_id=question.id, said_by=said_by, staff_id=staff_id,
        channel=channel, body=body, internal=internal, sender_checked=checked, at=now)
    session.add(entry)
    session.flush()
    return entry


def own_threads(rt: Runtime, access: Access) -> list[ThreadView]:
    """List a debtor's threads for their page, the newest first; internal and unproven words are left out."""
    with rt.db.reading() as session:
        query = select(Question, Invoice.number, Invoice.public_id).outerjoin(
            Invoice, Invoice.id == Question.invoice_id).where(
            Question.business_id == access.business_id, Question.debtor_id == access.debtor_id, ~_OF_A_STRANGER,
            Question.of_dispute.is_(False))
        if access.invoice_ids is not None:
            query = query.where(Question.invoice_id.in_(sorted(access.invoice_ids)))
        rows = session.execute(query.order_by(Question.id.desc()).limit(MOST_SHOWN)).all()
        return [_thread(question, number, invoice, ()) for question, number, invoice in rows]


# Begun from an address we do not know, with nothing in it that the debtor may see.
_OF_A_STRANGER = (
    select(QuestionEntry.id).where(
        QuestionEntry.question_id == Question.id, QuestionEntry.said_by == "unproven").exists()
    & ~select(QuestionEntry.id).where(
        QuestionEntry.question_id == Question.id, QuestionEntry.said_by != "unproven",
        QuestionEntry.internal.is_(False)).exists() & (Question.kind == "question"))


def own_thread(rt: Runtime, access: Access, question_id: str) -> ThreadView:
    """Give one of a debtor's threads with what was said; raises Refusal not_found."""
    with rt.db.reading() as session:
        question = _own(session, access, question_id)
        invoice = session.get(Invoice, question.invoice_id) if question.invoice_id else None
        said = session.scalars(
            select(QuestionEntry).where(
                QuestionEntry.question_id == question.id, QuestionEntry.internal.is_(False),
                QuestionEntry.said_by != "unproven")
            .order_by(QuestionEntry.id.desc()).limit(MOST_ENTRIES)).all()
        entries = tuple(_entry(entry, "") for entry in reversed(said))
    return _thread(question, invoice.number if invoice else None, invoice.public_id if invoice else None, entries)


def askables(rt: Runtime, access: Access) -> Askables:
    """Give what a question can be about, and the end of the number on file for a call."""
    with rt.db.reading() as session:
        query = select(Invoice.public_id, Invoice.number).where(
            Invoice.business_id == access.business_id, Invoice.debtor_id == access.debtor_id)
        if access.invoice_ids is not None:
            query = query.where(Invoice.id.in_(sorted(access.invoice_ids)))
        invoices = session.execute(query.order_by(Invoice.due_on.desc(), Invoice.id.desc()).limit(MOST_SHOWN)).all()
        phone = session.scalar(select(Debtor.phone).where(
            Debtor.business_id == access.business_id, Debtor.id == access.debtor_id)) or ""
    digits = "".join(character for character in phone if character.isdigit())
    return Askables(tuple((one, number) for one, number in invoices), access.invoice_ids is not None, digits[-2:])


def threads_of(session: Session, access: StaffAccess, debtor_id: int) -> list[ThreadView]:
    """List the threads of a debtor for the office, the newest first, with internal notes and who of the staff spoke."""
    rows = session.execute(
        select(Question, Invoice.number, Invoice.public_id)
        .outerjoin(Invoice, Invoice.id == Question.invoice_id)
        .where(Question.business_id == access.business_id, Question.debtor_id == debtor_id,
               Question.of_dispute.is_(False))
        .order_by(Question.id.desc()).limit(MOST_SHOWN)).all()
    said = entries_of(session, [question.id for question, _, _ in rows])
    return [_thread(question, number, invoice, tuple(said.get(question.id, ()))) for question, number, invoice in rows]


def thread_for_staff(session: Session, access: StaffAccess, question_id: str) -> tuple[ThreadView, int]:
    """Give one thread of a business with everything in it, and whose it is; raises Refusal not_found."""
    question = find(session, access, question_id)
    invoice = session.get(Invoice, question.invoice_id) if question.invoice_id else None
    entries = tuple(entries_of(session, [question.id]).get(question.id, ()))
    number, public_id = (invoice.number, invoice.public_id) if invoice else (None, None)
    return _thread(question, number, public_id, entries), question.debtor_id


def find(session: Session, access: StaffAccess, question_id: str) -> Question:
    """Find a thread of this business; raises Refusal not_found for anybody else's."""
    question = session.scalars(select(Question).where(
        Question.public_id == question_id, Question.business_id == access.business_id,
        Question.of_dispute.is_(False))).one_or_none()
    if question is None:
        raise Refusal("not_found", "unknown_page")
    return question


def entries_of(session: Session, question_ids: Sequence[int]) -> dict[int, list[EntryView]]:
    """Give everything that was said in threads, with internal notes and who of the staff spoke, for the office."""
    if not question_ids:
        return {}
    rows = session.execute(
        select(QuestionEntry, Staff.name).outerjoin(Staff, Staff.id == QuestionEntry.staff_id)
        .where(QuestionEntry.question_id.in_(question_ids))
        .order_by(QuestionEntry.id.desc()).limit(MOST_ENTRIES)).all()
    found: dict[int, list[EntryView]] = {}
    for entry, name in reversed(rows):
        found.setdefault(entry.question_id, []).append(_entry(entry, name or ""))
    return found


def _entry(entry: QuestionEntry, name: str) -> EntryView:
    return EntryView(entry.id, entry.said_by, name, entry.channel, entry.body, entry.internal, entry.at,
                     entry.sender_checked)


def _thread(question: Question, number: str | None, invoice: str | None, entries: tuple[EntryView, ...]) -> ThreadView:
    return ThreadView(
        id=question.id, public_id=question.public_id, kind=question.kind, state=question.state,
        invoice_number=number or "", invoice_public_id=invoice or "", opened_at=question.opened_at,
        moved_at=question.moved_at, answer_by=question.answer_by, closed_at=question.closed_at,
        call_when=question.call_when, call_number=question.call_number, entries=entries)


def _require_whole_page(access: Access) -> None:
    # The door lets no such link in; should one ever come through, it may not speak for the debtor.
    if access.pay_only:
        raise Refusal("not_found", "unknown_page")


def _locked(session: Session, access: Access) -> Debtor:
    debtor = lock_debtor(session, access.business_id, access.debtor_id)
    if debtor is None:
        raise Refusal("not_found", "unknown_page")
    return debtor


def _own(session: Session, access: Access, question_id: str) -> Question:
    query = select(Question).where(
        Question.public_id == question_id, Question.business_id == access.business_id,
        Question.debtor_id == access.debtor_id, Question.of_dispute.is_(False))
    if access.invoice_ids is not None:
        query = query.where(Question.invoice_id.in_(sorted(access.invoice_ids)))
    question = session.scalars(query).one_or_none()
    if question is None:
        raise Refusal("not_found", "unknown_page")
    return question


def _invoice(session: Session, access: Access, public_id: str) -> int | None:
    if not public_id:
        # Whoever sees only some invoices asks about those, or could never read the answer.
        return None if access.invoice_ids is None else min(access.invoice_ids)
    found = session.scalar(select(Invoice.id).where(
        Invoice.public_id == public_id, Invoice.business_id == access.business_id,
        Invoice.debtor_id == access.debtor_id))
    if found is None or (access.invoice_ids is not None and found not in access.invoice_ids):
        raise Refusal("not_found", "unknown_invoice")
    return found


def _unanswered(session: Session, question: Question) -> int:
    answered = select(func.max(QuestionEntry.id)).where(
        QuestionEntry.question_id == question.id, QuestionEntry.said_by == "staff",
        QuestionEntry.internal.is_(False)).scalar_subquery()
    return session.scalar(select(func.count()).select_from(QuestionEntry).where(
        QuestionEntry.question_id == question.id, QuestionEntry.said_by != "staff",
        QuestionEntry.id > func.coalesce(answered, 0))) or 0
