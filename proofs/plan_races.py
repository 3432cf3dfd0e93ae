"""Two at once around a plan, thousands of times: two sign or one pays; what is charged is paid, skipped or taken back.

Whoever is faster: nobody is charged twice, nothing is charged that was taken away before, and every cent is known.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select

from portal.db import Database
from portal.domain.agreements import ELECTRONIC_RECORDS
from portal.domain.plan_terms import Wish
from portal.domain.quotes import Choice
from portal.models import (
    Agreement,
    Arrangement,
    AuditEvent,
    AutopayCharge,
    Business,
    DebitNotice,
    Debtor,
    Hold,
    Installment,
    Message,
    SavedMethod,
    lock_debtor,
)
from portal.services import (
    audit,
    autopay_charges,
    installment_checkout,
    ledger,
    ledger_verify,
    mandates,
    plan_proposals,
    saved_methods,
    signing_step,
)
from portal.services.agreements import Signature
from portal.services.plan_proposals import Asked
from proofs import compare, races
from proofs.counter import Counter, Gathered
from proofs.harness import Databases, Figures, at_once, say
from tests.agreements.signing import proven
from tests.autopay.house import sign_plan
from tests.cast import Owed, make_link

STAFF = audit.Actor("cli")
REFUSED = {*races.ENDS, "installment_paid", "plan_changed", "plan_decided", "agreement_moved_on",
           "plan_total_changed"}


def run(database: str, quick: bool, only: str = "") -> Figures:
    """Run every kind of race (or only one) on one database, then hold all books against Stripe."""
    with Databases(database) as made, made.opened(pool_size=20) as db:
        gathered, wrong, run_ = Gathered(), [], 0
        for race, count in RACES.items():
            if only not in ("", race.__name__):
                continue
            count = races.ALONE if only else 8 if quick else count
            wrong += races.many(db, made, race, count, gathered)
            run_ += count
        differences = [f"{w.where}: {w.found}, not {w.wanted}" for w in (
            *compare.against_stripe(db, gathered), *compare.clearing_against_balance(db, gathered))]
        differences += [f"verify: {d}" for d in ledger_verify.verify(races.runtime(db, made))[0]]
        for line in (wrong + differences)[:20]:
            say(f"WRONG: {line}")
        return {"plan_races_run": run_, "plan_races_wrong": len(wrong) + len(differences),
                "plan_races_charged": _charged(db)}


@dataclass
class Running:
    """One plan of two installments; the first is due today and told long ago, its card saved."""

    owed: Owed
    customer: str
    method: SavedMethod
    first: Installment

    @property
    def debtor(self) -> Debtor:
        return self.owed.debtor


def sign_and_sign(counter: Counter, business: Business, number: int) -> list[str]:
    """Two devices sign the same plan at once: one agreement, one set of installments, one permission."""
    rt = counter.rt
    owed = counter.owes(business, 80_00)
    with rt.db.transaction() as session:
        second = make_link(session, owed.debtor, expires_at=rt.now() + timedelta(days=9))
    wish = Wish("monthly", (rt.now() + timedelta(days=3)).date(), 2, autopay=bool(number % 2))
    plan = plan_proposals.propose(rt, owed.access, Asked("USD", wish), total_minor=80_00)
    doors = [proven(rt, owed.link), proven(rt, second)]
    shown = signing_step.review(rt, doors[0], plan)
    boxes = frozenset({ELECTRONIC_RECORDS, "autopay"})
    signature = Signature(shown.version, shown.seen, "Helen Okafor", boxes, "203.0.113.9", "Browser")
    outcomes = at_once(*(lambda door=door: signing_step.sign(rt, door, plan, signature) for door in doors))
    wrong = _unexpected(outcomes)
    with rt.db.reading() as session:
        arrangement = session.scalars(select(Arrangement).where(Arrangement.public_id == plan)).one()
        signed = session.scalar(select(func.count()).select_from(Agreement).where(
            Agreement.arrangement_id == arrangement.id)) or 0
        parts = session.scalars(select(Installment.amount_minor).where(
            Installment.arrangement_id == arrangement.id)).all()
        allowed = mandates.of_plan(session, business.id, arrangement.id)
    if (signed, sum(parts), len(parts), arrangement.state) != (1, 80_00, 2, "active"):
        wrong.append(f"signed {signed} times, {parts}, {arrangement.state}")
    return wrong + ([] if (allowed is not None) == bool(number % 2) else ["the permission is not as it was chosen"])


def pay_and_sign(counter: Counter, business: Business, number: int) -> list[str]:
    """Some or all of it is paid while a plan over it is signed: what the plan still asks for is what is owed."""
    rt = counter.rt
    owed, paid = counter.owes(business, 80_00), 80_00 if number % 2 else 30_00
    wish = Wish("monthly", (rt.now() + timedelta(days=3)).date(), 2)
    plan = plan_proposals.propose(rt, owed.access, Asked("USD", wish), total_minor=80_00)
    door = proven(rt, owed.link)

    def read() -> Signature:
        shown = signing_step.review(rt, door, plan)
        return Signature(shown.version, shown.seen, "Helen Okafor", frozenset({ELECTRONIC_RECORDS}), "203.0.113.9",
                         "Browser")

    def pay() -> None:
        races.press(counter, counter.start(owed, paid, Choice("USD", amount_minor=paid)))
        counter.hear()
    if number % 4 == 2:
        # Paid before it is read: the text then shows what is left, and only its sum tells that the days are older.
        pay()
        wrong = _unexpected(at_once(*[lambda: signing_step.sign(rt, door, plan, read())] * 2))
    else:
        signature = read()
        wrong = _unexpected(at_once(pay, lambda: signing_step.sign(rt, door, plan, signature)))
    counter.hear()
    with rt.db.reading() as session:
        state = session.scalars(select(Arrangement.state).where(Arrangement.public_id == plan)).one()
        asked = session.scalar(select(func.sum(Installment.amount_minor - Installment.paid_minor)).where(
            Installment.debtor_id == owed.debtor.id)) or 0
        left = sum(ledger.left_by_invoice(session, business.id, owed.debtor.id).values())
    if asked != (left if state == "active" else 0):
        wrong.append(f"{state}: {asked} is asked for, {left} is owed")
    return wrong


def pay_and_autopay(counter: Counter, business: Business, number: int) -> list[str]:
    """A debtor pays an installment (or all of it) by hand while two workers charge it: it is paid once."""
    running = _run_plan(counter, business)
    pages: list[str] = []

    def pay() -> None:
        if number % 2:
            pages.append(_page(installment_checkout.pay(counter.rt, running.owed.access, running.first.public_id)))
        else:
            pages.append(counter.start(running.owed, 100_00))
        races.press(counter, pages[-1])
    wrong = _unexpected(at_once(pay, *_workers(counter, running)))
    counter.hear()
    again = counter.rt.now() + timedelta(minutes=40)
    _later(counter, running, again)
    counter.hear()
    taken = _taken(counter, running)
    # By hand and by itself are two ways to pay the same fifty; all at once by hand is the whole hundred.
    if taken not in ([50_00], [100_00]):
        wrong.append(f"taken {taken}")
    return wrong


def skip_and_autopay(counter: Counter, business: Business, number: int) -> list[str]:
    """An installment is put off while two workers charge it: put off first, it is not charged that day."""
    running = _run_plan(counter, business)
    rt = counter.rt

    def skip() -> None:
        with rt.db.transaction() as session:
            lock_debtor(session, business.id, running.debtor.id)
            row = session.get_one(Installment, running.first.id, populate_existing=True)
            row.due_on, row.try_at, row.tries = row.due_on + timedelta(days=30), None, 0
            _note(session, counter, running, "plan.moved")
    wrong = _unexpected(at_once(skip, *_workers(counter, running)))
    _later(counter, running, rt.now())
    counter.hear()
    return wrong + _in_order(counter, running, "plan.moved")


def hold_and_autopay(counter: Counter, business: Business, number: int) -> list[str]:
    """What a plan covers is put on hold while two workers charge it: held first, it is not charged."""
    running = _run_plan(counter, business)
    rt = counter.rt

    def hold() -> None:
        with rt.db.transaction() as session:
            lock_debtor(session, business.id, running.debtor.id)
            session.add(Hold(
                business_id=business.id, debtor_id=running.debtor.id, reminders=True, autopay=True, cause="dispute",
                invoice_id=running.owed.invoices[0].id if number % 2 else None,
                cause_id=f"d{running.debtor.id}", starts_at=rt.now() - timedelta(seconds=1)))
            _note(session, counter, running, "hold.made")
    wrong = _unexpected(at_once(hold, *_workers(counter, running)))
    _later(counter, running, rt.now())
    counter.hear()
    return wrong + _in_order(counter, running, "hold.made")


def remove_and_autopay(counter: Counter, business: Business, number: int) -> list[str]:
    """A saved card is removed while two workers charge it: removed first, it is charged no more."""
    running = _run_plan(counter, business)
    remove = lambda: saved_methods.remove(counter.rt, running.owed.access, running.method.public_id)  # noqa: E731
    wrong = _unexpected(at_once(remove, *_workers(counter, running)))
    _later(counter, running, counter.rt.now())
    counter.hear()
    return wrong + _in_order(counter, running, "method.removed")


def _run_plan(counter: Counter, business: Business) -> Running:
    rt, now = counter.rt, counter.rt.now()
    owed = counter.owes(business, 100_00)
    today = now.astimezone(_zone(business)).date()
    plan = sign_plan(rt.db, owed, now, (today, 50_00), (today + timedelta(days=30), 50_00))
    row = saved_methods.ensure_customer(rt, business.id, owed.debtor.id)
    assert row.customer is not None
    made = rt.stripe._client.v1.payment_methods.attach("pm_card_visa", {"customer": row.customer})
    with rt.db.transaction() as session:
        lock_debtor(session, business.id, owed.debtor.id)
        method = SavedMethod(
            business_id=business.id, debtor_id=owed.debtor.id, customer_id=row.id, method=made.id, kind="card",
            brand="visa", last4="4242", state="active", saved_at=now, told_at=now)
        session.add(method)
        session.flush()
        arrangement = session.scalars(select(Arrangement).where(Arrangement.public_id == plan)).one()
        mandate = mandates.of_plan(session, business.id, arrangement.id)
        assert mandate is not None
        mandates.use(session, mandate, method, now)
        first = session.scalars(select(Installment).where(
            Installment.arrangement_id == arrangement.id, Installment.position == 1)).one()
        message = session.scalars(select(Message).where(Message.debtor_id == owed.debtor.id).limit(1)).one()
        message.state, message.sent_at = "sent", now - timedelta(days=5)
        session.add(DebitNotice(
            business_id=business.id, debtor_id=owed.debtor.id, installment_id=first.id, due_on=today,
            amount_minor=50_00, days=3, message_id=message.id, made_at=now - timedelta(days=5)))
        first.try_at = now - timedelta(minutes=1)
    return Running(owed, row.customer, method, first)


def _zone(business: Business) -> Any:
    from zoneinfo import ZoneInfo

    return ZoneInfo(business.timezone)


def _workers(counter: Counter, running: Running) -> tuple[Callable[[], object], ...]:
    return tuple(lambda: autopay_charges.charge_one(counter.rt, running.first.id) for _ in range(2))


def _later(counter: Counter, running: Running, at: datetime) -> None:
    """Whatever was put off is looked at once more, as if its time had come."""
    with counter.rt.db.transaction() as session:
        row = session.get_one(Installment, running.first.id)
        if row.state == "open" and row.try_at is not None:
            row.try_at = counter.rt.now() - timedelta(minutes=1)
    autopay_charges.charge_one(counter.rt, running.first.id)


def _note(session: Any, counter: Counter, running: Running, act: str) -> None:
    audit.record(session, at=counter.rt.now(), actor=STAFF, act=act, business_id=running.debtor.business_id,
                 debtor_id=running.debtor.id)


def _in_order(counter: Counter, running: Running, act: str) -> list[str]:
    """Both write their line under the debtor's lock, so that the lines stand in the order in which they happened."""
    with counter.rt.db.reading() as session:
        lines = session.execute(select(AuditEvent.id, AuditEvent.act).where(
            AuditEvent.debtor_id == running.debtor.id, AuditEvent.act.in_((act, "payment.started")))
            .order_by(AuditEvent.id)).all()
    acts = [line.act for line in lines]
    charged = acts.count("payment.started")
    wrong = [] if len(_taken(counter, running)) == charged <= 1 else [f"charged {charged}, {_taken(counter, running)}"]
    return wrong + (["charged after " + act] if act in acts and "payment.started" in acts[acts.index(act):] else [])


def _taken(counter: Counter, running: Running) -> list[int]:
    own = races.payments_of(counter, running.debtor.id)
    return [intent["amount"] for intent in counter.stripe.control.objects("payment_intent")
            if intent["status"] in ("succeeded", "processing")
            and (intent["customer"] == running.customer or intent["metadata"].get("payment") in own)]


def _page(url: str) -> str:
    return url.rstrip("/").split("/")[-1].split("?")[0].split("#")[0]


def _unexpected(outcomes: list[Any]) -> list[str]:
    return [line for line, outcome in ((repr(outcome), outcome) for outcome in outcomes)
            if isinstance(outcome, Exception) and getattr(outcome, "code", "") not in REFUSED]


def _charged(db: Database) -> int:
    with db.reading() as session:
        return session.scalar(select(func.count()).select_from(AutopayCharge)) or 0


RACES: dict[races.Race, int] = {
    sign_and_sign: 120, pay_and_sign: 200, pay_and_autopay: 600, skip_and_autopay: 600, hold_and_autopay: 600,
    remove_and_autopay: 600}
