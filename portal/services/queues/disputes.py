"""The queue of disputes: what somebody says is wrong is asked about, answered, and decided by a promised day."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from sqlalchemy import Select, and_, func, or_, select
from sqlalchemy.orm import Session

from portal.domain.errors import Refusal
from portal.domain.roles import StaffAccess
from portal.models import Debtor, Dispute, DisputePart, Question
from portal.runtime import Runtime
from portal.services import dispute_answers, dispute_deadlines, dispute_views
from portal.services.answers import Answered
from portal.services.dispute_views import DisputeView, PartView
from portal.services.queues.debtor_facts import facts_of
from portal.services.queues.frame import Act, Case, Fact, Line, Queue, Typed
from portal.services.queues.questions import NOT_EMAILED, quote_of
from portal.words.disputes import OFFICE_REASONS, OFFICE_WANTS
from portal.words.refusals import N_
from portal.words.said import On, Plain, Said, Sayable, Sum

DECIDED = {
    "upheld": N_("They were right: %(sum)s was credited on %(day)s."),
    "partly_upheld": N_("A part was credited on %(day)s: %(sum)s."),
    "rejected": N_("The invoice stays as it is; they were told on %(day)s."),
    "withdrawn": N_("They took this back on %(day)s."),
}


def _waiting(business_id: int, now: datetime) -> Select[str, datetime, datetime]:
    ours = Question.state == "business"
    # Whoever had the last word: before the promised day somebody has to decide.
    soon = and_(Dispute.state == "open", Dispute.answer_by <= now + dispute_deadlines.WARNING)
    return select(
        Dispute.public_id.label("item"), Question.moved_at.label("since"),
        func.coalesce(Question.answer_by, Dispute.answer_by, type_=Question.moved_at.type).label("due_from"),
    ).join(Question, Question.id == Dispute.question_id).where(Dispute.business_id == business_id, or_(ours, soon))


def _lines(session: Session, business_id: int, items: Sequence[str]) -> Mapping[str, Line]:
    asked = (select(func.sum(DisputePart.asked_minor)).where(DisputePart.dispute_id == Dispute.id)
             .correlate(Dispute).scalar_subquery())
    rows = session.execute(
        select(Dispute, Debtor.name, asked).join(Debtor, Debtor.id == Dispute.debtor_id)
        .where(Dispute.business_id == business_id, Dispute.public_id.in_(items)))
    return {dispute.public_id: Line(name, Said(OFFICE_REASONS[dispute.reason]), Sum(int(minor or 0), dispute.currency))
            for dispute, name, minor in rows}


def _view(session: Session, access: StaffAccess, item: str, _now: datetime, _find: str) -> Case:
    dispute = dispute_answers.find(session, access, item)
    debtor = session.get_one(Debtor, dispute.debtor_id)
    shown = dispute_views.view(session, dispute, internal=True)
    return Case(
        item=item, title=Plain(debtor.name), debtor_id=debtor.public_id,
        about=Said(N_("says that something is wrong, on %(day)s") if dispute.looks == 1
                   else N_("asks for a second look; first told on %(day)s"), {"day": shown.opened_at}),
        quotes=tuple(quote_of(entry, debtor.name) for entry in shown.entries),
        facts=(*_facts(access, shown), *facts_of(session, debtor)), acts=_open(access, shown), seen=shown.seen,
        closed=_closed(shown), words_label=N_("Your words"),
        words_hint=N_("They stand on their page and leave by email. Whatever is not credited needs them."),
        advice=N_("Ask for one thing at a time. Look at the line, the delivery and what was agreed before you look at "
                  "the debtor. If you credit a part only, open it part by part."))


def _open(access: StaffAccess, shown: DisputeView) -> tuple[str, ...]:
    if shown.state != "open":
        return ("answer", "note", "close") if shown.turn == "business" else ()
    return ("answer", "uphold", "reject", "note") if access.may("move_money") else ("answer", "reject", "note")


def _facts(access: StaffAccess, shown: DisputeView) -> tuple[Fact, ...]:
    decide = ("office.dispute", {"dispute_id": shown.public_id})
    found = [Fact(N_("What is wrong"), Said(OFFICE_REASONS[shown.reason])),
             Fact(N_("They want"), Said(OFFICE_WANTS[shown.wants]))]
    found += [Fact(N_("They question"), _part(part, shown.currency), decide) for part in shown.parts]
    if access.may("work"):
        found += [Fact(N_("File"), Plain(file.name), ("office.dispute_file", {
            "dispute_id": shown.public_id, "file_id": file.public_id})) for file in shown.files]
    elif shown.files:
        found.append(Fact(N_("File"), Said(N_("A file came with it."))))
    if shown.state == "open":
        found.append(Fact(N_("Decide by"), On(shown.answer_by)))
    if access.may("export"):
        found.append(Fact(N_("Evidence"), Said(N_("Make the evidence pack")), (
            "office.debtor_evidence", {"debtor_id": shown.debtor_id, "about": f"dispute:{shown.public_id}"})))
    return tuple(found)


def _part(part: PartView, currency: str) -> Sayable:
    values = {"number": part.number, "line": part.line, "sum": Sum(part.asked_minor, currency)}
    if part.line:
        return Said(N_("%(number)s, %(line)s: %(sum)s"), values)
    return Said(N_("%(number)s, all of it: %(sum)s") if part.whole else N_("%(number)s, a part: %(sum)s"), values)


def _closed(shown: DisputeView) -> Sayable | None:
    if shown.state == "open" or shown.turn == "business":
        return None
    return Said(DECIDED[shown.state], {
        "day": shown.decided_at or shown.opened_at, "sum": Sum(shown.credited_minor, shown.currency)})


def _answer(rt: Runtime, access: StaffAccess, item: str, typed: Typed) -> Sayable:
    return _told(dispute_answers.say(rt, access, item, typed.words, seen=typed.seen),
                 N_("Sent. It is their turn now; what they question rests."))


def _note(rt: Runtime, access: StaffAccess, item: str, typed: Typed) -> Sayable:
    dispute_answers.note(rt, access, item, typed.words)
    return Said(N_("Noted. Only colleagues see it."))


def _uphold(rt: Runtime, access: StaffAccess, item: str, typed: Typed) -> Sayable:
    return _told(dispute_answers.uphold(rt, access, item, typed.words, seen=typed.seen),
                 N_("Credited. They are told by email."))


def _reject(rt: Runtime, access: StaffAccess, item: str, typed: Typed) -> Sayable:
    verdict = dispute_answers.Verdict({}, typed.words, typed.seen)
    return _told(dispute_answers.decide(rt, access, item, verdict),
                 N_("They are told by email, with your words. Reminders rest for a week and then go on."))


def _close(rt: Runtime, access: StaffAccess, item: str, typed: Typed) -> Sayable:
    if typed.words.strip():
        # Words that were typed would be lost without a sign.
        raise Refusal("invalid", "words_unsent")
    dispute_answers.close_thread(rt, access, item, seen=typed.seen)
    return Said(N_("Closed without an answer."))


def _told(done: Answered, said: str) -> Sayable:
    return Said(said) if done.emailed else Said(
        NOT_EMAILED.get(done.reason, N_("Your answer stands on their page. It did not leave by email.")))


QUEUE = Queue(
    name="disputes", label=N_("Disputes"), none_left=N_("Nothing is questioned."), permission="work", place=12,
    waiting=_waiting, lines=_lines, view=_view, marks_close=False, within=timedelta(),
    acts=(
        Act("answer", N_("Send these words"), _answer, key="a", look="primary", takes=frozenset({"words"})),
        Act("uphold", N_("They are right: credit all of it"), _uphold, key="u", takes=frozenset({"words"})),
        Act("reject", N_("It stays as it is, with words"), _reject, key="r", look="refuse",
            takes=frozenset({"words"})),
        Act("note", N_("Note for colleagues"), _note, key="n", takes=frozenset({"words"}), stays=True),
        Act("close", N_("Close without an answer"), _close, key="x", look="refuse", takes=frozenset({"words"})),
    ))
