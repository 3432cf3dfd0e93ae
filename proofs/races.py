"""Two at once, thousands of times: whoever is faster, every balance is in the end what Stripe's own objects say.

Money captured twice is allowed; it must then be seen as the debtor's credit.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from sqlalchemy import func, select

from portal.db import Database, NetworkInsideTransaction
from portal.domain.errors import Refusal
from portal.domain.imports import ImportOptions
from portal.domain.quotes import Choice
from portal.models import AuditEvent, Business, Message, Payment, PortalLink, Refund
from portal.services import asking, bookkeeping, imports, inbox, ledger, ledger_verify, links, refunds
from portal.services.audit import COMMAND_LINE, Actor
from portal.services.refunds import RefundOrder
from proofs import compare
from proofs.counter import Counter, Gathered
from proofs.harness import Databases, Figures, Steps, at_once, say
from sandbox.stripe.server import StripeStandIn
from tests.cast import make_business

# A stand-in looks through all its events at each question, so it is changed for a fresh one now and then.
PER_STAND_IN = 40
# How often a race is run when it is chosen alone.
ALONE = 30
ENDS = {"payment_in_the_way", "stripe_unreachable", "payment_processing", "quote_changed", "nothing_open", "link_ended",
        "refund_too_large", "refund_under_chargeback", "refund_no_credit", "refund_refused", "checkout_closed"}
Race = Callable[[Counter, Business, int], list[str]]


def run(database: str, quick: bool, only: str = "") -> Figures:
    """Run every kind of race (or only one) on one database, then hold all books against Stripe."""
    with Databases(database) as made, made.opened(pool_size=20) as db:
        gathered, wrong, run_ = Gathered(), [], 0
        for race, count in RACES.items():
            if only not in ("", race.__name__):
                continue
            count = ALONE if only else max(10, count // 12) if quick else count
            wrong += many(db, made, race, count, gathered)
            run_ += count
        twice = compare.twice_captured(gathered) + _paid_beyond(db)
        differences = [f"{w.where}: {w.found}, not {w.wanted}" for w in (
            *compare.against_stripe(db, gathered), *compare.clearing_against_balance(db, gathered))]
        differences += [f"verify: {d}" for d in ledger_verify.verify(runtime(db, made))[0]]
        differences += _receipts(db)
        for line in (wrong + differences)[:20]:
            say(f"WRONG: {line}")
        return {"races_run": run_, "races_wrong": len(wrong) + len(differences), "races_captured_beyond_debt": twice}


def runtime(db: Database, made: Databases) -> Any:
    from tests.cast import make_runtime

    return make_runtime(db, made.folder)


def many(db: Database, made: Databases, race: Race, count: int, gathered: Gathered) -> list[str]:
    """Run one kind of race many times, each batch beside a fresh Stripe; gives what was wrong."""
    name = race.__name__
    steps, wrong, done, began = Steps(name, count), [], 0, time.monotonic()
    with db.transaction() as session:
        business = make_business(session)
    while done < count:
        with StripeStandIn(record=False) as stripe:
            counter = Counter.open(db, stripe, made.folder)
            for number in range(done, min(count, done + PER_STAND_IN)):
                wrong += [f"{name}: {what}" for what in race(counter, business, number)]
                counter.hear()
                steps.step()
            gathered.add(stripe)
        done += PER_STAND_IN
    say(f"{name}: {count} races in {time.monotonic() - began:.0f} s, {len(wrong)} wrong")
    return wrong


def _unexpected(outcomes: list[Any]) -> list[str]:
    """Whatever ended otherwise than well or with a refusal a person can read."""
    return [repr(outcome) for outcome in outcomes
            if isinstance(outcome, Exception) and not (isinstance(outcome, Refusal) and outcome.code in ENDS)]


def two_tabs(counter: Counter, business: Business, number: int) -> list[str]:
    """Two tabs press pay at once, for the same sum or for different ones; never can two pages be paid."""
    owed = counter.owes(business, 60_00, 40_00)
    other = Choice("USD") if number % 2 else Choice("USD", amount_minor=30_00)
    outcomes = at_once(lambda: counter.start(owed, 100_00),
                       lambda: counter.start(owed, 100_00 if number % 2 else 30_00, other))
    wrong = _unexpected(outcomes)
    pages = [page for page in counter.stripe.control.objects("checkout.session") if page["status"] == "open"
             and page["client_reference_id"] in payments_of(counter, owed.debtor.id)]
    if len(pages) > 1:
        wrong.append(f"{len(pages)} pages could be paid")
    if number % 2 and not all(isinstance(outcome, str) for outcome in outcomes):
        wrong.append(f"the same sum twice: {outcomes}")
    for page in pages:
        counter.stripe.control.press(page["id"], "pay")
    return wrong


def paid_while_replaced(counter: Counter, business: Business, number: int) -> list[str]:
    """One tab pays while the other starts anew and while staff take cash: what came twice is credit."""
    owed = counter.owes(business, 100_00)
    page = counter.start(owed, 100_00)
    acts: list[Callable[[], object]] = [
        lambda: press(counter, page),
        lambda: counter.start(owed, 70_00, Choice("USD", amount_minor=70_00))]
    if number % 2:
        acts.append(lambda: counter.cash(owed, 100_00))
    return _unexpected(at_once(*acts))


def asked_and_told(counter: Counter, business: Business, number: int) -> list[str]:
    """The job that asks Stripe and the webhook learn of a payment at once."""
    owed = counter.owes(business, 100_00)
    payment = counter.paid(owed, 100_00)
    events = counter.news()
    acts: list[Callable[[], object]] = [lambda: asking.ask(counter.rt, payment.id)]
    acts += [lambda event=event: inbox.receive_event(counter.rt, event) for event in events]  # type: ignore[misc]
    return _unexpected(at_once(*acts))


def told_twice(counter: Counter, business: Business, number: int) -> list[str]:
    """Every event of a payment is delivered twice, all at once."""
    owed = counter.owes(business, 60_00, 40_00)
    counter.paid(owed, 100_00)
    return _unexpected(at_once(*(
        lambda event=event: inbox.receive_event(counter.rt, event) for event in counter.news() for _ in range(2))))


def told_while_cash_is_taken(counter: Counter, business: Business, number: int) -> list[str]:
    """Stripe tells of a payment at the very moment staff take the same sum in cash: what came twice is credit."""
    owed = counter.owes(business, 100_00)
    press(counter, counter.start(owed, 100_00))
    acts: list[Callable[[], object]] = [
        lambda event=event: inbox.receive_event(counter.rt, event) for event in counter.news()]  # type: ignore[misc]
    return _unexpected(at_once(*acts, lambda: counter.cash(owed, 100_00)))


def refund_before_payment(counter: Counter, business: Business, number: int) -> list[str]:
    """A refund made at Stripe's own pages is told at the very moment its payment is."""
    owed = counter.owes(business, 60_00, 40_00)
    payment = counter.paid(owed, 100_00)
    page = next(page for page in counter.stripe.control.objects("checkout.session")
                if page["id"] == payment.checkout_session)
    counter.rt.stripe.refund(intent=page["payment_intent"], amount=50_00, refund="", key=f"own-{payment.public_id}",
                             account=None)
    events = {event["type"]: event for event in counter.news()}
    refund, received = events.pop("refund.created"), events.pop("payment_intent.succeeded")
    # The page's own event would tell of the payment once more; a payment without a page has none.
    del events["checkout.session.completed"]

    first, second = (refund, received) if number % 3 else (received, refund)

    def slowly() -> None:
        """As inbox.receive_event() does, on a machine that takes its time to commit."""
        with counter.rt.db.transaction() as session:
            inbox._receive(session, first, counter.rt.now())
            time.sleep(0.06)

    def soon_after() -> str:
        time.sleep(0.03)
        return inbox.receive_event(counter.rt, second)
    outcomes = at_once(slowly, soon_after)
    counter.tell(list(events.values()))
    return _unexpected(outcomes)


def asked_under_a_lock(counter: Counter, business: Business, number: int) -> list[str]:
    """Somebody asks Stripe while holding a lock: that is refused, for all others would wait with them."""
    def ask() -> None:
        with counter.rt.db.transaction():
            counter.rt.stripe.events(account=None, since=counter.rt.now())
    return [] if isinstance(at_once(ask)[0], NetworkInsideTransaction) else ["the network was asked under a lock"]


def refund_and_chargeback(counter: Counter, business: Business, number: int) -> list[str]:
    """Staff refund a payment while its payer's bank takes it back."""
    owed = counter.owes(business, 60_00, 40_00)
    payment = counter.paid(owed, 100_00)
    counter.hear()
    order = RefundOrder(business.id, payment.public_id, 40_00, "reopen", Actor("cli"))
    with counter.rt.db.reading() as session:
        charge = session.get_one(Payment, payment.id).charge or ""

    def bank() -> None:
        counter.stripe.control.open_dispute(charge)
        counter.tell([event for event in counter.stripe.control.events("charge.dispute.funds_withdrawn")
                      if event["data"]["object"]["charge"] == charge])
    return _unexpected(at_once(lambda: refunds.refund(counter.rt, order), bank))


def two_refunds(counter: Counter, business: Business, number: int) -> list[str]:
    """Two people refund the same payment at once: never more goes back than came."""
    owed = counter.owes(business, 100_00)
    payment = counter.paid(owed, 100_00)
    counter.hear()
    order = RefundOrder(business.id, payment.public_id, 60_00, "reopen", Actor("cli"))
    outcomes = at_once(lambda: refunds.refund(counter.rt, order), lambda: refunds.refund(counter.rt, order))
    wrong = _unexpected(outcomes)
    refused = [outcome.code for outcome in outcomes if isinstance(outcome, Refusal)]
    if refused != ["refund_too_large"]:
        # That Stripe would refuse the second is no answer of ours.
        wrong.append(f"both were asked for: {outcomes}")
    return wrong


def credit_back_twice(counter: Counter, business: Business, number: int) -> list[str]:
    """A debtor presses "send it back" twice: their credit goes back once, though more of the payment could."""
    owed = counter.owes(business, 40_00, 60_00)
    page = counter.start(owed, 100_00)
    counter.give_up(owed)
    press(counter, page)
    counter.hear()
    outcomes = at_once(*(lambda: refunds.request_refund_of_credit(counter.rt, owed.access, "USD") for _ in range(2)))
    wrong = _unexpected(outcomes)
    with counter.rt.db.reading() as session:
        payment_ids = select(Payment.id).where(Payment.debtor_id == owed.debtor.id)
        gone = session.scalar(select(func.sum(Refund.amount_minor)).where(Refund.payment_id.in_(payment_ids))) or 0
    return wrong + ([f"{gone} went back of a credit of 4000"] if gone != 40_00 else [])


def revoked(counter: Counter, business: Business, number: int) -> list[str]:
    """A link is revoked while its reader starts to pay; afterwards it starts nothing, and what was paid is booked."""
    owed = counter.owes(business, 100_00)

    def revoke() -> None:
        with counter.rt.db.transaction() as session:
            links.revoke(session, counter.rt.now(), session.get_one(PortalLink, owed.link.id), "staff")
    outcomes = at_once(lambda: counter.start(owed, 100_00), revoke)
    wrong = _unexpected(outcomes)
    if isinstance(outcomes[0], str):
        counter.stripe.control.press(outcomes[0], "pay")
    try:
        counter.start(owed, 100_00)
        wrong.append("a revoked link started a payment")
    except Refusal:
        pass
    return wrong


def import_and_payment(counter: Counter, business: Business, number: int) -> list[str]:
    """A new invoice is imported while a payment arrives that was too much: the surplus finds it, or is credit."""
    owed = counter.owes(business, 100_00)
    page = counter.start(owed, 100_00)
    counter.cash(owed, 80_00)
    press(counter, page)
    rows = "Invoice no,Customer no,Customer name,Invoice date,Due date,Amount\n"
    rows += f"I-{owed.debtor.id},{owed.debtor.number},H,2026-10-01,2026-10-31,50.00\n"
    events = counter.news()
    outcomes = at_once(
        lambda: imports.import_invoices(counter.rt, business.slug, rows.encode(), ImportOptions(currency="USD"),
                                        dry_run=False, actor=COMMAND_LINE).new,
        lambda: counter.tell(events))
    wrong = _unexpected(outcomes)
    with counter.rt.db.reading() as session:
        left = ledger.left_by_invoice(session, business.id, owed.debtor.id)
    return wrong + ([f"left {left}"] if sum(left.values()) or len(left) != 2 else [])


def fee_and_payment(counter: Counter, business: Business, number: int) -> list[str]:
    """A job adds the same late fee twice while a payment arrives."""
    owed = counter.owes(business, 100_00)
    counter.paid(owed, 100_00)
    events = counter.news()

    def fee() -> None:
        counter.rt.db.run(lambda session: bookkeeping.charge_fee(
            session, owed.invoices[0], 5_00, step="1", interest=False, rule="late_fee", now=counter.rt.now()))
    wrong = _unexpected(at_once(fee, fee, lambda: counter.tell(events)))
    with counter.rt.db.reading() as session:
        left = sum(ledger.left_by_invoice(session, business.id, owed.debtor.id).values())
    return wrong + ([f"left {left}"] if left != 5_00 else [])


def press(counter: Counter, page: str) -> None:
    """Pay on a hosted page, if it can still be paid on."""
    from sandbox.stripe.errors import StripeError

    try:
        counter.stripe.control.press(page, "pay")
    except StripeError:
        return  # The page was closed first: its payer is told so.


def payments_of(counter: Counter, debtor_id: int) -> set[str]:
    """Name the payments of a debtor by their public ids."""
    with counter.rt.db.reading() as session:
        return set(session.scalars(select(Payment.public_id).where(Payment.debtor_id == debtor_id)))


def _paid_beyond(db: Database) -> int:
    """How many debtors paid more than they owed: what was captured twice and is seen as credit."""
    from portal.models import LedgerAccount

    with db.reading() as session:
        return session.scalar(select(func.count()).select_from(LedgerAccount).where(
            LedgerAccount.kind == "debtor_credit", LedgerAccount.credits > 0)) or 0


def _receipts(db: Database) -> list[str]:
    with db.reading() as session:
        sent = session.scalar(select(func.count()).select_from(Message).where(Message.kind == "receipt")) or 0
        paid = session.scalar(select(func.count()).select_from(Payment).where(
            Payment.captured_minor > 0, Payment.channel == "checkout")) or 0
        noted = session.scalar(select(func.count()).select_from(AuditEvent).where(
            AuditEvent.act == "payment.received")) or 0
    wrong = [] if sent == paid else [f"{sent} receipts for {paid} payments"]
    return wrong + ([] if noted == paid else [f"{noted} times received for {paid} payments"])


RACES: dict[Race, int] = {
    two_tabs: 400, paid_while_replaced: 300, asked_and_told: 300, told_twice: 300, refund_before_payment: 300,
    told_while_cash_is_taken: 200, refund_and_chargeback: 200, two_refunds: 150, credit_back_twice: 150, revoked: 200,
    import_and_payment: 200, fee_and_payment: 100, asked_under_a_lock: 10}
