"""The queue of "I already paid": somebody looks for the money, says which payment it is, or that it is not there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from portal.domain.roles import StaffAccess
from portal.models import Debtor, PaymentClaim
from portal.runtime import Runtime
from portal.services import claim_answers, claim_findings, claim_proofs
from portal.services.queues.debtor_facts import facts_of
from portal.services.queues.frame import Act, Case, Fact, Finder, Line, Option, Queue, Quote, Typed
from portal.services.queues.questions import NOT_EMAILED
from portal.words.refusals import N_
from portal.words.said import On, Plain, Said, Sayable, Sum

WAYS = {
    "transfer": N_("by bank transfer"), "card": N_("by card"), "cash": N_("in cash"), "check": N_("by check"),
    "other": N_("in another way"),
}
CLOSED = {
    "matched": N_("This was found on %(day)s."),
    "rejected": N_("This was not found; they were told on %(day)s."),
    "withdrawn": N_("They took this back on %(day)s."),
}


def _waiting(business_id: int, _now: datetime) -> Select[str, datetime, datetime]:
    return select(
        PaymentClaim.public_id.label("item"), PaymentClaim.claimed_at.label("since"),
        PaymentClaim.answer_by.label("due_from"),
    ).where(PaymentClaim.business_id == business_id, PaymentClaim.state == "waiting")


def _lines(session: Session, business_id: int, items: Sequence[str]) -> Mapping[str, Line]:
    rows = session.execute(
        select(PaymentClaim, Debtor.name).join(Debtor, Debtor.id == PaymentClaim.debtor_id)
        .where(PaymentClaim.business_id == business_id, PaymentClaim.public_id.in_(items)))
    return {claim.public_id: Line(name, Said(N_("Says: paid on %(day)s"), {"day": claim.paid_on}),
                                  Sum(claim.amount_minor, claim.currency)) for claim, name in rows}


def _view(session: Session, access: StaffAccess, item: str, _now: datetime, _find: str) -> Case:
    claim = claim_answers.find(session, access, item)
    debtor = session.get_one(Debtor, claim.debtor_id)
    waits = claim.state == "waiting"
    quotes = (Quote("theirs", Plain(debtor.name), claim.words, claim.claimed_at),) if claim.words else ()
    return Case(
        item=item, title=Said(N_("%(name)s, %(sum)s"), {
            "name": debtor.name, "sum": Sum(claim.amount_minor, claim.currency)}),
        about=Said(N_("says it was paid on %(day)s"), {"day": claim.paid_on}), debtor_id=debtor.public_id,
        quotes=quotes, facts=(*_facts(claim), *_proof(session, access, claim), *facts_of(session, debtor)),
        finder=_finder(session, claim) if waits else None, acts=("found", "not_found") if waits else (),
        closed=None if waits else Said(CLOSED[claim.state], {"day": claim.decided_at or claim.claimed_at}),
        words_label=N_("Your words to them"),
        words_hint=N_("They stand on their page and in the email. “Not found” needs them."),
        advice=N_("Look in the bank’s statement for the sum, then for the name. Was it another sum or day, record the "
                  "money on the debtor’s page, and it can be chosen here. Not found does not mean not paid: ask for "
                  "the day and the account it left from."))


def _facts(claim: PaymentClaim) -> tuple[Fact, ...]:
    found = [Fact(N_("Paid"), Said(WAYS[claim.way])), Fact(N_("On"), On(claim.paid_on))]
    if claim.reference:
        found.append(Fact(N_("Reference"), Plain(claim.reference)))
    if claim.state == "waiting":
        found.append(Fact(N_("Promised by"), On(claim.answer_by)))
    return tuple(found)


def _proof(session: Session, access: StaffAccess, claim: PaymentClaim) -> tuple[Fact, ...]:
    name = claim_proofs.name_of(session, claim)
    if not name:
        return ()
    if not access.may("work"):
        return (Fact(N_("Proof"), Said(N_("A file came with it."))),)
    return (Fact(N_("Proof"), Plain(name), ("office.claim_proof", {"claim_id": claim.public_id})),)


def _finder(session: Session, claim: PaymentClaim) -> Finder:
    booked = tuple(
        Option(one.public_id, Said(N_("%(number)s, %(sum)s"), {
            "number": one.number, "sum": Sum(one.amount_minor, one.currency)}),
            Said(N_("received on %(day)s, the same sum") if one.same else N_("received on %(day)s"),
                 {"day": one.received_at}))
        for one in claim_answers.candidates(session, claim))
    on_statement = tuple(
        Option(f"{claim_findings.LINE}{one.public_id}", Said(N_("%(sum)s on the bank statement, from %(payer)s"), {
            "sum": Sum(one.amount_minor, one.currency), "payer": one.payer or "?"}),
            Said(N_("booked on %(day)s; nobody has said whose it is"), {"day": one.booked_on}))
        for one in claim_findings.lines(session, claim))
    return Finder("", "", "", (*booked, *on_statement, *_to_record(claim)), N_("Which payment is it?"),
                  N_("Nothing has come in from them yet."), searches=False)


def _to_record(claim: PaymentClaim) -> tuple[Option, ...]:
    if claim.way not in claim_findings.CHANNELS:
        return ()
    return (Option(
        claim_findings.RECORD, Said(N_("Record %(sum)s now"), {"sum": Sum(claim.amount_minor, claim.currency)}),
        Said(N_("as received on %(day)s, if you saw it arrive and it stands nowhere above"), {"day": claim.paid_on})),)


def _found(rt: Runtime, access: StaffAccess, item: str, typed: Typed) -> Sayable:
    done = claim_findings.found(rt, access, item, typed.pick, words=typed.words)
    return _told(done, N_("Found. They are told by email."))


def _not_found(rt: Runtime, access: StaffAccess, item: str, typed: Typed) -> Sayable:
    done = claim_answers.reject(rt, access, item, words=typed.words)
    return _told(done, N_("They are told by email, with your words. Reminders go on."))


def _told(done: claim_answers.Answered, said: str) -> Sayable:
    return Said(said) if done.emailed else Said(
        NOT_EMAILED.get(done.reason, N_("Your answer stands on their page. It did not leave by email.")))


QUEUE = Queue(
    name="claims", label=N_("Already paid"), none_left=N_("Nobody waits for a payment to be found."),
    permission="work", place=14, waiting=_waiting, lines=_lines, view=_view, marks_close=False,
    acts=(
        Act("found", N_("This is the payment"), _found, key="f", look="primary", takes=frozenset({"pick", "words"})),
        Act("not_found", N_("Not found, with words"), _not_found, key="n", look="refuse", takes=frozenset({"words"})),
    ))
