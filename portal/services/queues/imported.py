"""The queue of what files implied: money that came elsewhere, credit notes, and what a file no longer has."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from portal.domain.roles import StaffAccess
from portal.models import Debtor, ImportFinding, Invoice
from portal.runtime import Runtime
from portal.services import import_answers
from portal.services.queues.debtor_facts import facts_of
from portal.services.queues.frame import Act, Case, Fact, Line, Queue, Typed
from portal.words.refusals import N_
from portal.words.said import On, Plain, Said, Sayable, Sum

GISTS = {
    "paid": N_("The file says: paid elsewhere"), "gone": N_("No longer in the file"),
    "credit": N_("Credit note in the file"), "due": N_("Another due date in the file"),
    "disputed": N_("Disputed in the file, on hold"), "undisputed": N_("No longer disputed in the file"),
}
ADVICE = {
    "paid": N_("Nobody is reminded of it until you have answered. Confirm, and the payment stands in the books on the "
               "day the file tells."),
    "gone": N_("The last file of this kind had this invoice and the newest has not. Look it up where the file comes "
               "from: was it paid, was it cancelled, or is it only left out?"),
    "credit": N_("Confirm, and the sum is taken off the invoice it belongs to, or else is credit that pays what is due "
                 "first."),
    "due": N_("Confirm, and reminders and fees go by the new date."),
    "disputed": N_("The file calls it disputed, so nobody is reminded of it. Keep the hold while it is looked into, or "
                   "end it."),
    "undisputed": N_("It was held because a file called it disputed; the newest does not. Confirm, and the hold "
                     "ends."),
}
CLOSED = {
    "confirmed": N_("This was confirmed on %(day)s."), "declined": N_("The books were left as they are on %(day)s."),
    "void": N_("Since %(day)s there is nothing left to confirm."),
}


def _waiting(business_id: int, _now: datetime) -> Select[str, datetime, datetime]:
    return select(
        ImportFinding.public_id.label("item"), ImportFinding.created_at.label("since"),
        ImportFinding.created_at.label("due_from"),
    ).where(ImportFinding.business_id == business_id, ImportFinding.state == "open")


def _lines(session: Session, business_id: int, items: Sequence[str]) -> Mapping[str, Line]:
    rows = session.execute(
        select(ImportFinding, Debtor.name).join(Debtor, Debtor.id == ImportFinding.debtor_id)
        .where(ImportFinding.business_id == business_id, ImportFinding.public_id.in_(items)))
    return {one.public_id: Line(name, Said(GISTS[one.kind]), _sum(one)) for one, name in rows}


def _sum(finding: ImportFinding) -> Sum | None:
    return Sum(finding.amount_minor, finding.currency) if finding.amount_minor else None


def _view(session: Session, access: StaffAccess, item: str, _now: datetime, _find: str) -> Case:
    finding = import_answers.find(session, access, item)
    debtor = session.get_one(Debtor, finding.debtor_id)
    waits = finding.state == "open"
    return Case(
        item=item, title=Plain(debtor.name), about=Said(GISTS[finding.kind]), debtor_id=debtor.public_id,
        facts=(*_facts(session, finding), *facts_of(session, debtor)),
        acts=_codes(finding.kind) if waits and access.may(import_answers.PERMISSION) else (),
        closed=None if waits else Said(CLOSED[finding.state], {"day": finding.decided_at or finding.created_at}),
        advice=ADVICE[finding.kind])


def _facts(session: Session, finding: ImportFinding) -> tuple[Fact, ...]:
    found = []
    if finding.invoice_id is not None:
        invoice = session.get_one(Invoice, finding.invoice_id)
        found += [Fact(N_("Invoice"), Plain(invoice.number), ("office.invoice", {"invoice_id": invoice.public_id})),
                  Fact(N_("Due"), On(invoice.due_on))]
    if finding.reference:
        found.append(Fact(N_("Credit note"), Plain(finding.reference)))
    if finding.amount_minor:
        found.append(Fact(N_("Amount"), Sum(finding.amount_minor, finding.currency)))
    if finding.day is not None:
        found.append(Fact(N_("The file says"), On(finding.day)))
    return tuple(found)


def _codes(kind: str) -> tuple[str, ...]:
    """The queue's names of the answers: each act stands once, whatever it is called in the services."""
    return tuple(f"{kind}_{code}" for code in import_answers.ANSWERS[kind])


def _act(kind: str, code: str, label: str, said: str, look: str = "") -> Act:
    def do(rt: Runtime, access: StaffAccess, item: str, _typed: Typed) -> Sayable:
        done = import_answers.answer(rt, access, item, code)
        return Said(N_("Nothing was left to confirm: it was paid here meanwhile.")) if done.void else Said(said)

    return Act(f"{kind}_{code}", label, do, look=look)


LEFT = N_("The books stay as they are.")
QUEUE = Queue(
    name="imported", label=N_("From imports"), none_left=N_("No file waits for a word of yours."),
    permission=import_answers.PERMISSION, place=19, waiting=_waiting, lines=_lines, view=_view, marks_close=False,
    within=timedelta(days=3),
    acts=(
        _act("paid", "confirm", N_("It was paid"), N_("The payment is in the books."), "primary"),
        _act("paid", "decline", N_("Leave the books as they are"), LEFT, "refuse"),
        _act("gone", "paid", N_("It was paid"), N_("The payment is in the books."), "primary"),
        _act("gone", "credited", N_("It was cancelled"), N_("What was left is credited."), ""),
        _act("gone", "decline", N_("It is still owed"), LEFT, "refuse"),
        _act("credit", "confirm", N_("Book the credit note"), N_("The credit note is in the books."), "primary"),
        _act("credit", "decline", N_("Leave the books as they are"), LEFT, "refuse"),
        _act("due", "confirm", N_("Take the new date"), N_("The new due date counts from now on."), "primary"),
        _act("due", "decline", N_("Leave the books as they are"), LEFT, "refuse"),
        _act("disputed", "keep", N_("Keep the hold"), N_("It stays on hold."), "primary"),
        _act("disputed", "release", N_("End the hold"), N_("The hold is ended."), "refuse"),
        _act("undisputed", "confirm", N_("End the hold"), N_("The hold is ended."), "primary"),
        _act("undisputed", "decline", N_("Keep the hold"), LEFT, "refuse"),
    ))
