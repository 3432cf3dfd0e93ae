"""The queue of money that came in and fits nothing we asked for: it is applied to an invoice or goes back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from portal.domain.roles import StaffAccess
from portal.models import Debtor, Payment, SuspenseItem
from portal.runtime import Runtime
from portal.services import suspense
from portal.services.queues import marks
from portal.services.queues.frame import Act, Case, Fact, Finder, Line, Option, Queue, Typed
from portal.words.refusals import N_
from portal.words.said import Plain, Said, Sayable, Sum

REASONS = {
    "unknown_payment": N_("It names no payment of ours."),
    "other_account": N_("It came through another Stripe account than the payment it names."),
    "other_intent": N_("The payment it names was already paid in another way."),
    "other_channel": N_("The payment it names was not to be paid at Stripe."),
    "other_currency": N_("It is in another currency than what was asked for."),
    "other_amount": N_("The amount is not the one that was asked for."),
}
UNKNOWN = N_("It fits nothing that was asked for.")


def _waiting(business_id: int, _now: datetime) -> Select[str, datetime, datetime]:
    return select(
        SuspenseItem.payment_intent.label("item"), SuspenseItem.created_at.label("since"),
        SuspenseItem.created_at.label("due_from"),
    ).where(SuspenseItem.business_id == business_id, SuspenseItem.resolved_at.is_(None))


def _lines(session: Session, business_id: int, items: Sequence[str]) -> Mapping[str, Line]:
    rows = session.execute(
        select(SuspenseItem, Debtor.name)
        .outerjoin(Payment, Payment.id == SuspenseItem.payment_id).outerjoin(Debtor, Debtor.id == Payment.debtor_id)
        .where(SuspenseItem.business_id == business_id, SuspenseItem.payment_intent.in_(items)))
    return {item.payment_intent: Line(name or "", Said(REASONS.get(item.reason, UNKNOWN)), _free(item))
            for item, name in rows}


def _view(session: Session, access: StaffAccess, item: str, now: datetime, find: str) -> Case:
    row = suspense.find(session, access, item)
    payment = session.get(Payment, row.payment_id) if row.payment_id else None
    debtor = session.get_one(Debtor, payment.debtor_id) if payment else None
    mark = marks.of(session, access.business_id, QUEUE.name, item)
    asked = mark is not None and mark.state == "done"
    return Case(
        item=item, title=_free(row), debtor_id=debtor.public_id if debtor else "",
        about=Said(N_("came in on %(day)s and waits in suspense"), {"day": row.created_at}),
        facts=_facts(row, payment, debtor, asked=asked), finder=_finder(session, access, row, find),
        acts=_open(row, asked=asked), closed=_closed(row),
        advice=N_("Whoever pays names something: a number, a name, an amount. Look for an invoice with this very sum "
                  "first. When you cannot tell whose it is, send it back; it returns the way it came."))


def _open(row: SuspenseItem, *, asked: bool) -> tuple[str, ...]:
    if row.resolved_at is not None:
        return ()
    return ("refund", "returned") if asked else ("apply", "refund", "returned")


def _facts(row: SuspenseItem, payment: Payment | None, debtor: Debtor | None, *, asked: bool) -> tuple[Fact, ...]:
    found = [Fact(N_("Why it waits"), Said(REASONS.get(row.reason, UNKNOWN))),
             Fact(N_("Came in"), Sum(row.amount_minor, row.currency))]
    if row.returned_minor:
        found.append(Fact(N_("Went back"), Sum(row.returned_minor, row.currency)))
    if payment is not None and debtor is not None:
        found.append(Fact(N_("It says it is"), Said(N_("payment %(number)s of %(name)s over %(sum)s"), {
            "number": payment.number, "name": debtor.name, "sum": Sum(payment.amount_minor, payment.currency)}),
            ("office.payment", {"payment_id": payment.public_id})))
    if asked:
        found.append(Fact(N_("Sending back"), Said(N_(
            "Stripe was asked and has not confirmed it yet. Asking again never sends it twice."))))
    found.append(Fact(N_("At Stripe"), Plain(row.payment_intent)))
    return tuple(found)


def _finder(session: Session, access: StaffAccess, row: SuspenseItem, find: str) -> Finder | None:
    if row.resolved_at is not None:
        return None
    label, hint = N_("Find the invoice"), N_("Its number, or the debtor’s number, email or name")
    pick, none_found = N_("Which invoice is it for?"), N_("No open invoice in this currency fits that.")
    if not find.strip():
        return Finder(label, hint, pick=pick, none_found=none_found)
    found = tuple(
        Option(one.public_id, Said(N_("%(number)s, %(name)s"), {"number": one.number, "name": one.debtor}),
               Said(N_("%(sum)s left, due on %(day)s"), {"sum": Sum(one.left_minor, one.currency), "day": one.due_on}))
        for one in suspense.candidates(session, access, row.currency, find))
    return Finder(label, hint, find, found, pick, none_found)


def _closed(row: SuspenseItem) -> Sayable | None:
    if row.resolved_at is None:
        return None
    if row.returned_minor == row.amount_minor:
        return Said(N_("This money went back to the sender on %(day)s."), {"day": row.resolved_at})
    return Said(N_("This was dealt with on %(day)s."), {"day": row.resolved_at})


def _free(row: SuspenseItem) -> Sum:
    return Sum(row.amount_minor - row.returned_minor, row.currency)


def _apply(rt: Runtime, access: StaffAccess, item: str, typed: Typed) -> Sayable:
    done = suspense.apply(rt, access, item, typed.pick)
    return Said(N_("%(sum)s is applied to invoice %(number)s."),
                {"sum": Sum(done.amount_minor, done.currency), "number": done.invoice_number})


def _refund(rt: Runtime, access: StaffAccess, item: str, _typed: Typed) -> Sayable:
    if suspense.send_back(rt, access, item):
        return Said(N_("It is on its way back to the sender."))
    return Said(N_("Stripe did not answer. It may be on its way; the item stays here until Stripe confirms it."))


def _returned(rt: Runtime, access: StaffAccess, item: str, _typed: Typed) -> Sayable:
    suspense.note_returned(rt, access, item)
    return Said(N_("Noted: this money has gone back."))


QUEUE = Queue(
    name="suspense", label=N_("Unmatched money"), none_left=N_("All money that came in is matched."),
    permission="move_money", place=20, waiting=_waiting, lines=_lines, view=_view, within=timedelta(days=3),
    marks_close=False,
    acts=(
        Act("apply", N_("Apply to this invoice"), _apply, key="a", look="primary", takes=frozenset({"pick"})),
        Act("refund", N_("Send it back to the sender"), _refund, key="b", proof=True),
        Act("returned", N_("It has gone back already"), _returned, key="w"),
    ))

