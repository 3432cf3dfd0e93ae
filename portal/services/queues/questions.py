"""The queue of questions and wishes to be called back; an answer is promised to each by a day."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from portal.domain.errors import Refusal
from portal.domain.roles import StaffAccess
from portal.models import Business, Debtor, Question, QuestionEntry
from portal.runtime import Runtime
from portal.services import answers, questions
from portal.services.questions import EntryView, ThreadView
from portal.services.queues.debtor_facts import facts_of
from portal.services.queues.frame import Act, Case, Fact, Line, Queue, Quote, Typed
from portal.words.phones import shown
from portal.words.refusals import N_
from portal.words.said import On, Plain, Said, Sayable

GIST = 140
NOT_EMAILED = {
    "no_address": N_("Your answer stands on their page. It did not leave by email: they have no email address."),
    "bounced": N_("Your answer stands on their page. It did not leave by email: emails to them bounced."),
    "wrong_person": N_(
        "Your answer stands on their page. It did not leave by email: their address is somebody else’s."),
}
CHANNELS = {"page": N_("%(who)s, on the page"), "email": N_("%(who)s, by email"), "phone": N_("%(who)s, on the phone")}


def _waiting(business_id: int, _now: datetime) -> Select[str, datetime, datetime]:
    return select(
        Question.public_id.label("item"), Question.moved_at.label("since"),
        func.coalesce(Question.answer_by, Question.moved_at, type_=Question.moved_at.type).label("due_from"),
    ).where(Question.business_id == business_id, Question.state == "business", Question.of_dispute.is_(False))


def _lines(session: Session, business_id: int, items: Sequence[str]) -> Mapping[str, Line]:
    newest = (
        select(func.max(QuestionEntry.id)).where(
            QuestionEntry.question_id == Question.id, QuestionEntry.said_by != "staff")
        .correlate(Question).scalar_subquery())
    rows = session.execute(
        select(Question, Debtor.name, QuestionEntry.body)
        .join(Debtor, Debtor.id == Question.debtor_id)
        .outerjoin(QuestionEntry, QuestionEntry.id == newest)
        .where(Question.business_id == business_id, Question.public_id.in_(items)))
    return {question.public_id: Line(name, _gist(question, body or "")) for question, name, body in rows}


def _gist(question: Question, body: str) -> Sayable:
    words = " ".join(body.split())
    short = words if len(words) <= GIST else words[:GIST].rsplit(" ", 1)[0] + "…"
    if question.kind == "question":
        return Plain(short)
    when = question.call_when or short
    return Said(N_("Call back: %(when)s"), {"when": when}) if when else Said(N_("Please call back"))


def _view(session: Session, access: StaffAccess, item: str, now: datetime, _find: str) -> Case:
    thread, debtor_id = questions.thread_for_staff(session, access, item)
    debtor = session.get_one(Debtor, debtor_id)
    call = thread.kind == "call_back"
    return Case(
        item=item, title=Plain(debtor.name), debtor_id=debtor.public_id,
        about=Said(N_("wants to be called back, asked on %(day)s") if call else N_("asked on %(day)s"),
                   {"day": thread.opened_at}),
        quotes=tuple(quote_of(entry, debtor.name) for entry in thread.entries),
        facts=(*_call(session, thread, debtor), *_about(thread), *facts_of(session, debtor)),
        acts=_open(thread), seen=thread.seen, closed=_closed(thread),
        words_label=N_("What was said, for your colleagues") if call and thread.state == "business"
        else N_("Your words"),
        words_hint=N_("An answer goes to their page and by email. A note is only for colleagues."),
        advice=N_("Say what you found out, what happens next and by when. If you need something from them, ask for one "
                  "thing. Nobody has to apologize for asking."))


def _open(thread: ThreadView) -> tuple[str, ...]:
    if thread.state == "closed":
        return ()
    if thread.state == "debtor":
        return ("answer", "note", "close")
    return ("called", "answer", "note", "close") if thread.kind == "call_back" else ("answer", "note", "close")


def _call(session: Session, thread: ThreadView, debtor: Debtor) -> tuple[Fact, ...]:
    if thread.kind != "call_back":
        return ()
    found = []
    if thread.call_number:
        business = session.get_one(Business, debtor.business_id)
        found.append(Fact(N_("Call"), Plain(shown(thread.call_number, debtor.country or business.country)),
                          dial=thread.call_number))
    if thread.call_when:
        found.append(Fact(N_("When"), Plain(thread.call_when)))
    return tuple(found)


def _about(thread: ThreadView) -> tuple[Fact, ...]:
    found = []
    if thread.invoice_number:
        found.append(Fact(N_("About invoice"), Plain(thread.invoice_number)))
    if thread.answer_by is not None and thread.state == "business":
        found.append(Fact(N_("Promised by"), On(thread.answer_by)))
    return tuple(found)


def quote_of(entry: EntryView, debtor: str) -> Quote:
    """Show one thing that was said, with what is known of who said it."""
    by = "internal" if entry.internal else {"debtor": "theirs", "staff": "ours"}.get(entry.said_by, "unproven")
    name: Sayable = Plain(entry.name or debtor)
    if by == "unproven":
        name = Said(N_("From an address we could not check"))
    elif by == "theirs" and not entry.checked:
        by = "unchecked"
    if by == "internal":
        return Quote(by, Said(N_("Note by %(who)s"), {"who": name}), entry.body, entry.at)
    return Quote(by, Said(CHANNELS[entry.channel], {"who": name}), entry.body, entry.at)


def _closed(thread: ThreadView) -> Sayable | None:
    if thread.state == "business":
        return None
    last = next((entry for entry in reversed(thread.entries) if entry.said_by == "staff" and not entry.internal), None)
    if thread.state == "debtor" and last is not None:
        return Said(N_("%(name)s answered this on %(day)s. It is their turn now."), {"name": last.name, "day": last.at})
    return Said(N_("This was closed on %(day)s. A new word of theirs opens it again."),
                {"day": thread.closed_at or thread.moved_at})


def _answer(rt: Runtime, access: StaffAccess, item: str, typed: Typed) -> Sayable:
    done = answers.answer(rt, access, item, typed.words, seen=typed.seen)
    if done.emailed:
        return Said(N_("Answered. It stands on their page and leaves by email now."))
    return Said(NOT_EMAILED.get(done.reason, N_("Your answer stands on their page. It did not leave by email.")))


def _note(rt: Runtime, access: StaffAccess, item: str, typed: Typed) -> Sayable:
    answers.note(rt, access, item, typed.words)
    return Said(N_("Noted. Only colleagues see it."))


def _called(rt: Runtime, access: StaffAccess, item: str, typed: Typed) -> Sayable:
    answers.called(rt, access, item, typed.words, seen=typed.seen)
    return Said(N_("Called back. The request is closed."))


def _close(rt: Runtime, access: StaffAccess, item: str, typed: Typed) -> Sayable:
    if typed.words.strip():
        # Words that were typed would be lost without a sign.
        raise Refusal("invalid", "words_unsent")
    answers.close(rt, access, item, seen=typed.seen)
    return Said(N_("Closed without an answer."))


QUEUE = Queue(
    name="questions", label=N_("Questions"), none_left=N_("Nobody waits for an answer."), permission="work", place=10,
    waiting=_waiting, lines=_lines, view=_view, marks_close=False,
    acts=(
        Act("called", N_("I called them"), _called, key="c", look="primary", takes=frozenset({"words"})),
        Act("answer", N_("Send the answer"), _answer, key="a", look="primary", takes=frozenset({"words"})),
        Act("note", N_("Note for colleagues"), _note, key="n", takes=frozenset({"words"}), stays=True),
        Act("close", N_("Close without an answer"), _close, key="x", look="refuse", takes=frozenset({"words"})),
    ))
