"""Two at once around offers: whoever is faster, there is one clear outcome, and each side is told the same.

accept-accept, accept-withdraw, pay-accept and pay-expire, for settlements and for discounts, thousands of times.
"""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import timedelta
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from portal.db import Database
from portal.domain.access import Access
from portal.domain.agreements import ELECTRONIC_RECORDS
from portal.domain.errors import Refusal
from portal.domain.policy import Policy
from portal.domain.quotes import Choice
from portal.domain.roles import StaffAccess
from portal.domain.settlements import Band, SettlementRules
from portal.models import (
    Agreement,
    Arrangement,
    ArrangementInvoice,
    Offer,
    Payment,
    PaymentInvoice,
    SettlementOffer,
)
from portal.runtime import Runtime
from portal.services import (
    ledger,
    ledger_verify,
    offers,
    payments,
    settlement_answers,
    settlement_ends,
    settlements,
    signing_step,
)
from portal.services.agreements import Signature
from proofs.harness import Databases, Figures, Steps, at_once, say
from tests.cast import NOON, Owed, make_business, make_debtor, make_invoice, make_link, make_runtime
from tests.ledger.stories import received, tell
from tests.offers.people import proven
from tests.office.people import make_staff

EACH = {"accept_accept": 560, "accept_withdraw": 560, "pay_accept": 560, "pay_expire": 560}
RULES = SettlementRules(True, (Band(0, 8_000, 5_000),), {}, 14)
# What may be said to whoever was slower.
SLOWER = {"settlement_decided", "settlement_moved_on", "agreement_moved_on", "offer_withdrawn", "offer_expired",
          "quote_changed", "settlement_over", "payment_processing", "settlement_stands", "stripe_unreachable",
          "settlement_not_needed"}


class Stage:
    """One business whose people and debtors meet."""

    def __init__(self, db: Database, made: Databases) -> None:
        self.now = NOON
        self.rt: Runtime = make_runtime(db, made.folder, lambda: self.now)
        with db.transaction() as session:
            self.business = make_business(session, policy=Policy().with_settlements(RULES))
            person = make_staff(session, self.business, "owner", name="Priya Marsh")
        self.staff = StaffAccess(self.business.id, person.id, person.public_id, "owner", 0, NOON)

    def owes(self, *totals: int) -> Owed:
        """Somebody who owes these sums."""
        with self.rt.db.transaction() as session:
            debtor = make_debtor(session, self.business)
            link = make_link(session, debtor, expires_at=NOON + timedelta(days=400))
            invoices = [make_invoice(session, debtor, total) for total in totals]
        return Owed(self.business, debtor, link, invoices)

    def signature(self, access: Access, settlement_id: str) -> Signature:
        """What somebody who has read it sends back."""
        shown = signing_step.review(self.rt, access, settlement_id)
        return Signature(shown.version, shown.seen, "Helen Okafor", frozenset({ELECTRONIC_RECORDS}))

    def one(self, model: Any, *where: Any) -> Any:
        """Read one row."""
        with self.rt.db.reading() as session:
            return session.scalars(select(model).where(*where)).one()

    def count(self, model: Any, *where: Any) -> int:
        """Count rows."""
        with self.rt.db.reading() as session:
            return session.scalar(select(func.count()).select_from(model).where(*where)) or 0


def run(db: Database, made: Databases, quick: bool) -> Figures:
    """Run every kind of race, then hold the books against themselves."""
    stage, done = Stage(db, made), 0
    wrong: list[str] = []
    for race in (accept_accept, accept_withdraw, pay_accept, pay_expire):
        count = max(12, EACH[race.__name__] // 40) if quick else EACH[race.__name__]
        steps, began = Steps(race.__name__, count), time.monotonic()
        found: list[str] = []
        for number in range(count):
            stage.now = NOON
            found += [f"{race.__name__}: {what}" for what in race(stage, number)]
            steps.step()
        say(f"{race.__name__}: {count} races in {time.monotonic() - began:.0f} s, {len(found)} wrong")
        wrong, done = wrong + found, done + count
    wrong += [f"verify: {difference}" for difference in ledger_verify.verify(stage.rt)[0]]
    for what in wrong[:10]:
        say(f"WRONG: {what}")
    return {"offer_races_run": done, "offer_races_wrong": len(wrong)}


def accept_accept(stage: Stage, number: int) -> list[str]:
    """Two devices sign the same settlement, or two different ones; one binds, and is signed once."""
    owed = stage.owes(100_00, 50_00)
    access, other = proven(stage.rt, owed), proven(stage.rt, owed)
    first = settlements.ask(stage.rt, owed.access, 120_00, "USD")
    signed = stage.signature(access, first)
    outcomes = at_once(lambda: signing_step.sign(stage.rt, access, first, signed),
                       lambda: signing_step.sign(stage.rt, other, first, signed))
    wrong = _unexpected(outcomes)
    if not any(isinstance(outcome, str) for outcome in outcomes):
        wrong.append(f"nobody could sign: {outcomes}")
    return wrong + _one_binds(stage, owed, signed=1)


def accept_withdraw(stage: Stage, number: int) -> list[str]:
    """The debtor signs while staff take the offer back: it binds and is signed, or neither; both are told the same."""
    owed = stage.owes(100_00, 50_00)
    access = proven(stage.rt, owed)
    made = settlement_answers.propose(stage.rt, stage.staff, owed.debtor.public_id, 110_00, "USD")
    signed = stage.signature(access, made)
    outcomes = at_once(
        lambda: signing_step.sign(stage.rt, access, made, signed),
        lambda: settlement_answers.take_back(stage.rt, stage.staff, made, seen=str(signed.version), words="Sorry."))
    wrong = _unexpected(outcomes)
    state = stage.one(Arrangement, Arrangement.public_id == made).state
    refused = [isinstance(outcome, Exception) for outcome in outcomes]
    if refused not in ([False, True], [True, False]):
        wrong.append(f"both or neither: {outcomes}")
    if state != ("ended" if refused[0] else "active"):
        wrong.append(f"it is {state} after {outcomes}")
    return wrong + _one_binds(stage, owed, signed=0 if refused[0] else 1)


def pay_accept(stage: Stage, number: int) -> list[str]:
    """A payment at the full price is started, and its money comes, while the settlement is signed."""
    owed = stage.owes(100_00)
    access = proven(stage.rt, owed)
    made = settlements.ask(stage.rt, owed.access, 80_00, "USD")
    signed = stage.signature(access, made)
    late = number % 2 == 0

    def pay() -> int:
        payment_id = _started(stage, owed, Choice("USD"), 100_00)
        if late:
            tell(stage.rt.db, received(stage.one(Payment, Payment.id == payment_id)), now=stage.now)
        return payment_id
    outcomes = at_once(pay, lambda: signing_step.sign(stage.rt, access, made, signed))
    wrong = _unexpected(outcomes)
    with stage.rt.db.reading() as session:
        left = sum(ledger.left_by_invoice(session, owed.business.id, owed.debtor.id).values())
        captured = session.scalar(select(func.sum(Payment.captured_minor)).where(
            Payment.debtor_id == owed.debtor.id)) or 0
        price = session.scalars(select(PaymentInvoice).where(PaymentInvoice.debtor_id == owed.debtor.id)).all()
    state = stage.one(Arrangement, Arrangement.public_id == made).state
    if captured and left:
        wrong.append(f"{captured} came and {left} is left")
    if any(line.amount_minor + line.discount_minor > 100_00 for line in price):
        wrong.append("more was asked for than is owed")
    if not captured and left != 100_00:
        wrong.append(f"nothing came and {left} is left")
    stage.now = NOON + timedelta(days=20)
    settlement_ends.note_ended(stage.rt)
    after = stage.one(Arrangement, Arrangement.public_id == made).state
    # Only a payment of the agreed sum is waited for; one at the old price closes all if it comes.
    waits = any(line.offer_id for line in price)
    if state == "active" and after != ("kept" if captured else "active" if waits else "broken"):
        wrong.append(f"it was active, {captured} came, and it is {after}")
    return wrong


def pay_expire(stage: Stage, number: int) -> list[str]:
    """A payment is started at the very end of an offer while the job ends it, or staff take it back."""
    owed = stage.owes(100_00)
    if number % 2:
        offers.make(stage.rt, stage.staff, owed.debtor.public_id, offers.Order(
            offers.Wanted(NOON.date(), basis_points=1_000), f"race-{owed.debtor.public_id}"))
        offer = stage.one(Offer, Offer.debtor_id == owed.debtor.id)

        def end() -> None:
            offers.withdraw(stage.rt, stage.staff, offer.public_id)
        price, closed = 90_00, "withdrawn"
    else:
        access = proven(stage.rt, owed)
        made = settlements.ask(stage.rt, owed.access, 90_00, "USD")
        signing_step.sign(stage.rt, access, made, stage.signature(access, made))
        offer = stage.one(Offer, Offer.debtor_id == owed.debtor.id)
        after = replace(stage.rt, clock=lambda: offer.deadline + timedelta(microseconds=1))

        def end() -> None:
            settlement_ends.note_ended(after)
        price, closed = 90_00, "broken"
    stage.now = offer.deadline if number % 4 < 2 else offer.deadline - timedelta(seconds=1)
    outcomes = at_once(lambda: _started(stage, owed, Choice("USD"), price), end)
    wrong = _unexpected(outcomes)
    if isinstance(outcomes[0], int):
        # Started in time: it is met, whoever was faster elsewhere.
        tell(stage.rt.db, received(stage.one(Payment, Payment.id == outcomes[0])), now=stage.now + timedelta(days=4))
        with stage.rt.db.reading() as session:
            left = ledger.left_by_invoice(session, owed.business.id, owed.debtor.id)
        wrong += [f"it was met in time and {left} is left"] if sum(left.values()) else []
    elif _states(stage, owed) != {closed}:
        wrong.append(f"refused and {_states(stage, owed)}")
    return wrong


def _states(stage: Stage, owed: Owed) -> set[str]:
    with stage.rt.db.reading() as session:
        settled = set(session.scalars(select(Arrangement.state).where(Arrangement.debtor_id == owed.debtor.id)))
        return settled or set(session.scalars(select(Offer.ended_as).where(Offer.debtor_id == owed.debtor.id)))


def _started(stage: Stage, owed: Owed, choice: Choice, expected: int) -> int:
    """Start a payment as its page does, up to the moment Stripe would be asked; gives its number."""
    way = stage.rt.db.run(lambda session: _prepared(stage, session, owed, choice, expected))
    if way.payment_id is None:
        raise Refusal("conflict", "payment_processing")
    return int(way.payment_id)


def _prepared(stage: Stage, session: Session, owed: Owed, choice: Choice, expected: int) -> Any:
    return payments._prepare(stage.rt, session, owed.access, choice, expected, "", stage.now)


def _one_binds(stage: Stage, owed: Owed, *, signed: int) -> list[str]:
    """At most one settlement binds; its offers are there once, and so is what was signed."""
    debtor = owed.debtor.id
    bound = stage.count(ArrangementInvoice, ArrangementInvoice.debtor_id == debtor, ArrangementInvoice.binding)
    standing = stage.count(Offer, Offer.debtor_id == debtor, Offer.withdrawn_at.is_(None))
    mine = select(Offer.id).where(Offer.debtor_id == debtor)
    named = stage.count(SettlementOffer, SettlementOffer.offer_id.in_(mine))
    kept = stage.count(Agreement, Agreement.debtor_id == debtor)
    expected = len(owed.invoices) if signed else 0
    if (bound, standing, named, kept) != (expected, expected, expected, signed):
        return [f"bound {bound}, offers {standing} and {named}, agreements {kept}"]
    return []


def _unexpected(outcomes: list[Any]) -> list[str]:
    """Whatever ended otherwise than well or with a refusal a person can read."""
    return [repr(outcome) for outcome in outcomes
            if isinstance(outcome, Exception) and not (isinstance(outcome, Refusal) and outcome.code in SLOWER)]


