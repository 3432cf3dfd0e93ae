"""One simulated year: a seed drives the clock, what debtors, staff and banks do, and all that goes wrong on the way.

Nothing here looks at an id or at the real time, so that the same seed is the same year, to the cent.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.domain.errors import Refusal
from portal.domain.quotes import Choice
from portal.models import Invoice, LedgerAccount, Payment
from portal.services import asking, bookkeeping, fetching, inbox, ledger, payments, refunds
from portal.services.audit import Actor
from portal.services.refunds import RefundOrder
from proofs.counter import Counter
from sandbox.stripe.errors import StripeError
from tests.cast import Owed, make_invoice

MOST_DEBTORS = 10
# What Stripe does to our calls: most are cured by one more try, some leave us without an answer.
API_FAULTS = (("error_before", 1), ("error_after", 1), ("drop_after", 1), ("rate_limit", 1), ("drop_after", 3))
CHANCES = ((0.34, "pay"), (0.12, "invoice"), (0.10, "refund"), (0.07, "dispute"), (0.07, "decide"), (0.06, "cash"),
           (0.04, "debit_fails"), (0.04, "refund_fails"), (0.04, "payout"), (0.03, "fee"), (0.03, "gift"),
           (0.03, "credit_back"), (0.03, "debit_returned"))


class Year:
    """A business's year at one counter."""

    def __init__(self, counter: Counter, business: Any, seed: int) -> None:
        self._counter, self._business, self._random = counter, business, random.Random(seed)
        self._owed: list[Owed] = []
        self._late: list[tuple[int, str]] = []
        self._turn = self._unswept = self.acts = 0
        self.delivered = self.dropped = self.late = self.doubled = self.shuffled = self.faults = 0
        self.diary: list[str] = []

    def live(self, days: int) -> None:
        """Let the year pass, then a quiet month in which everything catches up."""
        left = float(days)
        while left > 0:
            hours = self._random.choice((2, 9, 30, 70, 130))
            left -= hours / 24
            self._pass(hours)
            for _ in range(self._random.randrange(1, 5)):
                self._act()
            self._post()
            self._jobs()
            self._nightly(hours)
        self._quiet_month()

    def _pass(self, hours: int) -> None:
        self._turn += 1
        self._counter.stripe.control.advance(hours * 3600)

    def _act(self) -> None:
        chances, names = zip(*CHANCES, strict=True)
        name = self._random.choices(names, chances)[0]
        act: Callable[[], str] = getattr(self, f"_{name}")
        self._fault()
        try:
            said = act()
        except Refusal as refusal:
            said = f"refused {refusal.code}"
        except StripeError:
            said = "not possible"
        self._counter.stripe.control.clear_faults()
        self.acts += 1
        self.diary.append(f"{self._turn} {name} {said}")

    def _fault(self) -> None:
        if self._random.random() < 0.12:
            # Answers that get lost three times in a row cost real seconds of the library's patience.
            kind, times = self._random.choice(API_FAULTS if self._random.random() < 0.3 else API_FAULTS[:4])
            self._counter.stripe.control.fail_next(kind, "/v1/", times=times)
            self.faults += 1

    def _somebody(self) -> Owed:
        if len(self._owed) < MOST_DEBTORS and (not self._owed or self._random.random() < 0.3):
            totals = [self._random.randrange(10_00, 900_00) for _ in range(self._random.randrange(1, 4))]
            self._owed.append(self._counter.owes(self._business, *totals))
        return self._random.choice(self._owed)

    def _invoice(self) -> str:
        owed, now = self._somebody(), self._counter.rt.now()
        due = now.date() + timedelta(days=self._random.randrange(-20, 40))
        amount = self._random.randrange(10_00, 500_00)
        with self._counter.rt.db.transaction() as session:
            owed.invoices.append(make_invoice(session, owed.debtor, amount, due_on=due, now=now))
        return str(amount)

    def _pay(self) -> str:
        owed = self._somebody()
        part = self._random.randrange(5_00, 300_00) if self._random.random() < 0.4 else None
        choice = Choice("USD", amount_minor=part)
        total = payments.quote_for(self._counter.rt, owed.access, choice).total_minor
        page = self._counter.start(owed, total, choice)
        outcome = self._random.choices(("pay", "decline", "bank_debit", "leave"), (70, 8, 14, 8))[0]
        if outcome != "leave":
            self._counter.stripe.control.press(page, outcome)
        return f"{total} {outcome}"

    def _cash(self) -> str:
        owed, amount = self._somebody(), self._random.randrange(5_00, 200_00)
        self._counter.cash(owed, amount)
        return str(amount)

    def _fee(self) -> str:
        owed, turn = self._somebody(), self._turn
        self._counter.rt.db.run(lambda session: bookkeeping.charge_fee(
            session, owed.invoices[0], 7_50, step=str(turn), interest=False, rule="late_fee",
            now=self._counter.rt.now()))
        return ""

    def _gift(self) -> str:
        owed, cause = self._somebody(), f"{self._turn}-{self.acts}"
        self._counter.rt.db.run(lambda session: bookkeeping.thank(
            session, owed.debtor, "USD", 5_00, cause=cause, now=self._counter.rt.now()))
        return ""

    def _refund(self) -> str:
        payment = self._one_of(select(Payment).where(Payment.captured_minor > 0, Payment.payment_intent.is_not(None)))
        if payment is None:
            return "none"
        amount = self._random.randrange(1_00, payment.captured_minor + 1)
        refunds.refund(self._counter.rt, RefundOrder(
            self._business.id, payment.public_id, amount, "reopen", Actor("cli")))
        return str(amount)

    def _credit_back(self) -> str:
        return str(len(refunds.request_refund_of_credit(self._counter.rt, self._somebody().access, "USD")))

    def _dispute(self) -> str:
        charge = self._object("charge", "status", "succeeded")
        self._counter.stripe.control.open_dispute(charge["id"], inquiry=self._random.random() < 0.15)
        return str(charge["amount"])

    def _decide(self) -> str:
        dispute, won = self._object("dispute"), self._random.random() < 0.5
        control = self._counter.stripe.control
        (control.win_dispute if won else control.lose_dispute)(dispute["id"])
        return "won" if won else "lost"

    def _debit_fails(self) -> str:
        self._counter.stripe.control.fail_debit(self._object("payment_intent", "status", "processing")["id"])
        return ""

    def _debit_returned(self) -> str:
        self._counter.stripe.control.return_debit(self._object("charge", "status", "succeeded")["id"])
        return ""

    def _refund_fails(self) -> str:
        self._counter.stripe.control.fail_refund(self._object("refund")["id"])
        return ""

    def _payout(self) -> str:
        control = self._counter.stripe.control
        made = control.make_payout(include_pending=True)
        if made is None:
            return "none"
        control.pay_payout(made["id"])
        if self._random.random() < 0.3:
            control.fail_payout(made["id"])
        return str(made["amount"])

    def _object(self, kind: str, name: str = "", value: str = "") -> dict[str, Any]:
        found = [each for each in self._counter.stripe.control.objects(kind) if not name or each[name] == value]
        if not found:
            raise StripeError(f"no {kind}")
        return self._random.choice(found)

    def _one_of(self, query: Any) -> Payment | None:
        with self._counter.rt.db.reading() as session:
            found = session.scalars(query.where(Payment.business_id == self._business.id).order_by(Payment.id)).all()
        return self._random.choice(found) if found else None

    def _post(self) -> None:
        """Events travel: some are lost, some come twice, some late, some in another order."""
        now = [event for turn, event in self._late if turn <= self._turn]
        self._late = [(turn, event) for turn, event in self._late if turn > self._turn]
        for event in (event["id"] for event in self._counter.news()):
            dice = self._random.random()
            if dice < 0.08:
                self.dropped += 1
            elif dice < 0.20:
                self.late += 1
                self._late.append((self._turn + self._random.randrange(1, 5), event))
            else:
                now += [event] * (2 if dice < 0.32 else 1)
                self.doubled += dice < 0.32
        if self._random.random() < 0.4:
            self.shuffled += 1
            self._random.shuffle(now)
        self._deliver(now)

    def _deliver(self, events: list[str]) -> None:
        for event in events:
            answers = self._counter.stripe.control.deliver_now(event)
            if answers != ["200"]:
                self.diary.append(f"{self._turn} webhook answered {answers}")
            self.delivered += 1

    def _jobs(self) -> None:
        rt = self._counter.rt
        for job, chance in ((asking.ask_due, 0.6), (fetching.fetch_due, 0.6), (refunds.send_due, 0.6),
                            (inbox.catch_up, 0.15)):
            if self._random.random() < chance:
                self._fault()
                job(rt)
                self._counter.stripe.control.clear_faults()

    def _nightly(self, hours: int) -> None:
        """The job that looks at all events Stripe still keeps; days without it happen too."""
        self._unswept += hours
        if self._unswept > 24 * 7:
            self._unswept = 0
            inbox.catch_up_wide(self._counter.rt)

    def _quiet_month(self) -> None:
        """No more faults: what is late arrives, what waits is asked for, day after day."""
        rt = self._counter.rt
        for _ in range(6):
            self._pass(5 * 24)
            self._turn += 5
            self._post_all()
            inbox.catch_up_wide(rt)
            refunds.send_due(rt)
            for job in (fetching.fetch_due, asking.ask_due, fetching.fetch_due):
                while job(rt):
                    pass
        inbox.catch_up_wide(rt)

    def _post_all(self) -> None:
        events = [event for _, event in self._late] + [event["id"] for event in self._counter.news()]
        self._late = []
        self._deliver(events)

    def hash(self) -> str:
        """A short print of the whole year: what happened, and where the money lies in the end."""
        with self._counter.rt.db.reading() as session:
            lies = self._balances(session)
        return hashlib.sha256("\n".join((*self.diary, *lies)).encode()).hexdigest()[:16]

    def _balances(self, session: Session) -> list[str]:
        lines = []
        for place, owed in enumerate(self._owed):
            left = ledger.left_by_invoice(session, self._business.id, owed.debtor.id)
            in_order = session.scalars(
                select(Invoice.id).where(Invoice.debtor_id == owed.debtor.id).order_by(Invoice.id))
            credit = ledger.credit_of(session, self._business.id, owed.debtor.id, "USD")
            lines.append(f"{place} {[left[invoice] for invoice in in_order]} {credit}")
        kinds = session.scalars(
            select(LedgerAccount.kind).where(LedgerAccount.business_id == self._business.id).distinct())
        return [*lines, *sorted(kinds)]
