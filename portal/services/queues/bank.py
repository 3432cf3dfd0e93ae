"""The queue of money a bank statement shows and nobody has said anything about: whose it is, or that it is nobody's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from portal.domain.bank_matching import Suggestion
from portal.domain.roles import StaffAccess
from portal.models import BankLine, Payment
from portal.runtime import Runtime
from portal.services import bank_candidates, bank_lines, suspense
from portal.services.queues.frame import Act, Case, Fact, Finder, Line, Option, Queue, Typed
from portal.words.bank import LEVELS, REASONS
from portal.words.refusals import N_
from portal.words.said import On, Plain, Said, Sayable, Sum

WHAT = {
    "invoice": N_("invoice %(number)s of %(name)s"), "debtor": N_("%(name)s, the oldest invoice first"),
    "announced": N_("the transfer %(name)s announced"), "claim": N_("what %(name)s says was paid"),
    "recorded": N_("already written down for %(name)s"), "payout": N_("a payout of Stripe"),
}
CLOSED = {
    "matched": N_("Matched on %(day)s."), "ignored": N_("Set aside on %(day)s."), "out": N_("Money that left."),
}


def _waiting(business_id: int, _now: datetime) -> Select[str, datetime, datetime]:
    return select(
        BankLine.public_id.label("item"), BankLine.added_at.label("since"), BankLine.added_at.label("due_from"),
    ).where(BankLine.business_id == business_id, BankLine.state == "waiting")


def _lines(session: Session, business_id: int, items: Sequence[str]) -> Mapping[str, Line]:
    rows = session.scalars(select(BankLine).where(
        BankLine.business_id == business_id, BankLine.public_id.in_(items)))
    return {row.public_id: Line(row.payer, Plain(row.reference or "–"), Sum(row.amount_minor, row.currency))
            for row in rows}


def _view(session: Session, access: StaffAccess, item: str, _now: datetime, find: str) -> Case:
    line = bank_lines.find(session, access, item)
    waits = line.state == "waiting"
    return Case(
        item=item, title=Sum(line.amount_minor, line.currency),
        about=Said(N_("on the bank’s statement of %(day)s"), {"day": line.booked_on}),
        facts=_facts(session, line), finder=_finder(session, access, line, find) if waits else None,
        acts=("confirm", "ignore") if waits else (),
        closed=None if waits else Said(CLOSED[line.state], {"day": line.decided_at or line.added_at}),
        words_label=N_("Why it is set aside"),
        words_hint=N_("Only for “Set aside”: a transfer of your own, interest, somebody else’s money."),
        advice=N_("Read the reasons before you say yes: a sum alone may be anybody’s. A wrong yes can be taken back on "
                  "the bank page; what it paid is then owed again."))


def _facts(session: Session, line: BankLine) -> tuple[Fact, ...]:
    found = [Fact(N_("Who paid"), Plain(line.payer or "–")), Fact(N_("Reference"), Plain(line.reference or "–")),
             Fact(N_("Booked by the bank"), On(line.booked_on))]
    payment = session.get(Payment, line.payment_id) if line.payment_id else None
    if payment is not None:
        found.append(Fact(N_("Payment"), Plain(payment.number), ("office.payment", {"payment_id": payment.public_id})))
    if line.reason:
        found.append(Fact(N_("Set aside because"), Plain(line.reason)))
    return tuple(found)


def _finder(session: Session, access: StaffAccess, line: BankLine, find: str) -> Finder:
    found = tuple(_option(session, one) for one in bank_candidates.suggestions(
        session, access.business_id, [line]).get(line.id, []))
    typed = tuple(
        Option(f"i.{one.public_id}", Said(N_("invoice %(number)s of %(name)s"), {
            "number": one.number, "name": one.debtor}),
            Said(N_("%(sum)s left, due %(day)s"), {"sum": Sum(one.left_minor, one.currency), "day": one.due_on}))
        for one in suspense.candidates(session, access, line.currency, find)) if find.strip() else ()
    known = {one.value for one in found}
    return Finder(
        N_("Find another invoice"), N_("Its number, or the name, number or email of who owes it."), find,
        (*found, *(one for one in typed if one.value not in known)), N_("What is it?"),
        N_("Nothing fits it. Search for a name or a number, or set it aside."))


def _option(session: Session, one: Suggestion) -> Option:
    candidate = one.candidate
    name = next(iter(candidate.names), "")
    number = next(iter(candidate.invoice_numbers), "")
    hint = Said(N_("%(level)s (%(confidence)s %%): %(reasons)s"), {
        "level": Said(LEVELS[one.level][0]), "confidence": one.confidence,
        "reasons": _joined([Said(REASONS[code]) for code in one.reasons])})
    return Option(candidate.pick, Said(WHAT[candidate.kind], {"name": name, "number": number}), hint)


def _joined(reasons: Sequence[Said]) -> Said:
    if len(reasons) == 1:
        return reasons[0]
    return Said("%(first)s, %(rest)s", {"first": reasons[0], "rest": _joined(reasons[1:])})


def _confirm(rt: Runtime, access: StaffAccess, item: str, typed: Typed) -> Sayable:
    told = bank_lines.confirm(rt, access, item, typed.pick)
    said = {"sum": Sum(told.amount_minor, told.currency)}
    return Said(N_("%(sum)s booked."), said) if told.booked else Said(
        N_("%(sum)s was in the books already; the line is tied to it."), said)


def _ignore(rt: Runtime, access: StaffAccess, item: str, typed: Typed) -> Sayable:
    bank_lines.ignore(rt, access, item, typed.words)
    return Said(N_("Set aside. It is kept, with your reason."))


QUEUE = Queue(
    name="bank", label=N_("Money at the bank"), none_left=N_("All money of your bank statements is accounted for."),
    permission="record_money", place=18, waiting=_waiting, lines=_lines, view=_view, marks_close=False,
    acts=(
        Act("confirm", N_("Yes, that is it"), _confirm, key="y", look="primary", takes=frozenset({"pick"})),
        Act("ignore", N_("Set aside, with a reason"), _ignore, key="n", takes=frozenset({"words"})),
    ))
