"""A year of plans that are charged by themselves: a seed drives what debtors, banks, staff and networks do to them.

Nothing here looks at an id or at the real time, so that the same seed is the same year. Each charge is judged at the
moment it reaches Stripe, by what this world knows itself.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select

from portal.domain.errors import Refusal
from portal.domain.money_facts import Fact
from portal.gateways.stripe import StripeGateway
from portal.models import (
    AutopayCharge,
    Business,
    DebitNotice,
    Installment,
    Message,
    Payment,
)
from portal.services import (
    asking,
    autopay_charges,
    autopay_notices,
    fetching,
    inbox,
    method_setups,
)
from proofs import plan_people, plan_trials
from proofs.counter import Counter
from proofs.plan_people import ACTS, Tenant
from sandbox.stripe.errors import StripeError
from tests.autopay.house import sign_plan

PARTS = 12
API_FAULTS = ("error_before", "error_after", "drop_after", "rate_limit")


class Killed(BaseException):
    """A worker that ends in the middle of its work, without a word."""


class WatchedGateway(StripeGateway):
    """Stripe as the portal speaks with it, with somebody who looks at each charge, and workers that die around it."""

    world: PlanWorld

    def charge(self, request: Mapping[str, Any], *, key: str, account: str | None) -> list[Fact]:
        """Judge a charge, then make it; sometimes the worker dies before or after."""
        dice = self.world.dice()
        if dice < 0.04:
            self.world.kills += 1
            raise Killed
        self.world.judge(request)
        made = super().charge(request, key=key, account=account)
        if dice < 0.16:
            self.world.kills += 1
            raise Killed
        return made


class PlanWorld:
    """One business, its debtors with their plans, and all that goes wrong in a year."""

    def __init__(self, counter: Counter, business: Business, seed: int, plans: int) -> None:
        self.counter, self.business, self.random = counter, business, random.Random(seed)
        gateway = WatchedGateway(counter.rt.settings, counter.rt.clock)
        gateway.world = self
        self.rt = replace(counter.rt, stripe=gateway)
        counter.rt = self.rt
        self._late: list[tuple[int, dict[str, Any]]] = []
        self._day = 0
        self.charged = self.twice = self.while_held_or_paid = self.untold = self.kills = self.faults = 0
        self.doubled = self.delayed = self.dropped = self.acts = 0
        self.diary: list[str] = []
        self.tenants = [self._move_in(place) for place in range(plans)]
        self._by_debtor = {tenant.owed.debtor.id: tenant for tenant in self.tenants}

    def dice(self) -> float:
        """Throw the dice."""
        return self.random.random()

    def _move_in(self, place: int) -> Tenant:
        amount, now = self.random.randrange(20_00, 90_00), self.rt.now()
        owed = self.counter.owes(self.business, amount * PARTS)
        first = now.date() + timedelta(days=self.random.randrange(1, 28))
        every = self.random.choice((14, 28, 30))
        if plan_trials.is_together(place):
            first, every = now.date() + timedelta(days=6), 7
        plan = sign_plan(self.rt.db, owed, now, *((first + timedelta(days=every * n), amount) for n in range(PARTS)))
        tenant = Tenant(owed, plan)
        plan_people.save(self, tenant, "pm_usBankAccount_success" if self.random.random() < 0.2 else "pm_card_visa")
        return tenant

    def live(self, days: int) -> None:
        """Let the year pass day by day, then a quiet month in which everything catches up."""
        for _ in range(days):
            self._pass_day()
            for _ in range(max(1, len(self.tenants) // 12)):
                self._act()
            self._post()
            plan_trials.give_time(self)
            self._work()
        self.counter.stripe.control.clear_faults()
        for _ in range(8):
            self._pass_day(4)
            self._deliver([event for _, event in self._late] + self.counter.news())
            self._late = []
            self._work(quiet=True)
            inbox.catch_up_wide(self.rt)
            self.counter.hear()
        # Stripe's own balance learns of the last charge an hour later.
        self.counter.stripe.control.advance(2 * 3600)
        self.counter.hear()

    def _pass_day(self, days: int = 1) -> None:
        self._day += days
        self.counter.stripe.control.advance(days * 24 * 3600)

    # What the portal does by itself

    def _work(self, *, quiet: bool = False) -> None:
        self._job(autopay_notices.prepare)
        if quiet or self.dice() < 0.9:
            self._mail()
        if not quiet and self.dice() < 0.15:
            self.counter.stripe.control.fail_next(self.random.choice(API_FAULTS), "/v1/payment_intents")
            self.faults += 1
        self._job(autopay_charges.charge_due)
        self.counter.stripe.control.clear_faults()
        # The ways on which what a dead worker held is taken over, a while later.
        self.counter.stripe.control.advance(600)
        for job, chance in ((asking.ask_due, 0.7), (fetching.fetch_due, 0.9), (method_setups.ask_due, 0.7),
                            (autopay_charges.charge_due, 0.5)):
            if quiet or self.dice() < chance:
                self._job(job)
        if self._day % 12 == 0:
            inbox.catch_up_wide(self.rt)

    def _job(self, job: Callable[..., int]) -> None:
        for _ in range(20):
            try:
                if not job(self.rt):
                    return
            except Killed:
                self.diary.append(f"{self._day} killed")

    def _mail(self) -> None:
        """The mail server takes what waits; on some days it does not."""
        now = self.rt.now()
        with self.rt.db.transaction() as session:
            resting = plan_trials.resting(self, session)
            for message in session.scalars(select(Message).where(Message.state == "queued")):
                if message.id in resting:
                    continue
                message.state, message.sent_at = "sent", now
                tenant = self._by_debtor.get(message.debtor_id or 0)
                if tenant is not None and message.kind in ("debit_confirm", "debit_stopped", "autopay_lost"):
                    tenant.refused.append(message.kind)

    # What happens on the way

    def _post(self) -> None:
        """Events travel: some are lost, some come twice, some late, some in another order."""
        now = [event for day, event in self._late if day <= self._day]
        self._late = [(day, event) for day, event in self._late if day > self._day]
        for event in self.counter.news():
            dice = self.dice()
            if dice < 0.06:
                self.dropped += 1
            elif dice < 0.16:
                self.delayed += 1
                self._late.append((self._day + self.random.randrange(1, 6), event))
            else:
                now += [event] * (2 if dice < 0.26 else 1)
                self.doubled += dice < 0.26
        if self.dice() < 0.3:
            self.random.shuffle(now)
        self._deliver(now)

    def _deliver(self, events: list[dict[str, Any]]) -> None:
        for event in events:
            inbox.receive_event(self.rt, event)

    # What people and banks do

    def _act(self) -> None:
        tenant = self.random.choice(self.tenants)
        if tenant.refused and self.dice() < 0.7:
            name = {"debit_confirm": "pay_installment", "debit_stopped": "pay_installment",
                    "autopay_lost": "replace"}[tenant.refused.pop(0)]
        else:
            name = self.random.choices(list(ACTS), [chance for chance, _ in ACTS.values()])[0]
        _, act = ACTS[name]
        try:
            said = act(self, tenant)
        except Refusal as refusal:
            said = f"refused {refusal.code}"
        except StripeError:
            said = "not possible"
        self.acts += 1
        self.diary.append(f"{self._day} {self.tenants.index(tenant)} {name} {said}")

    # The judge

    def judge(self, request: Mapping[str, Any]) -> None:
        """Look at one charge before it reaches Stripe: nothing of it may be held, paid or untold."""
        now = self.rt.now()
        with self.rt.db.reading() as session:
            payment = session.scalars(select(Payment).where(
                Payment.public_id == request["metadata"]["payment"])).one()
            charge = session.get_one(AutopayCharge, payment.id)
            row = session.get_one(Installment, charge.installment_id)
            notice = session.scalars(select(DebitNotice).where(
                DebitNotice.installment_id == row.id, DebitNotice.amount_minor == payment.amount_minor)
                .order_by(DebitNotice.id.desc()).limit(1)).one_or_none()
            message = session.get(Message, notice.message_id) if notice is not None else None
        tenant = self._by_debtor[payment.debtor_id]
        customer = plan_people.customer_of(self, tenant)
        intents = [intent for intent in self.counter.stripe.control.objects("payment_intent")
                   if intent["customer"] == customer]
        known = {intent["metadata"].get("payment") for intent in intents
                 if intent["status"] in ("succeeded", "processing")}
        if payment.public_id in known:
            # The same charge is sent again under its key: it is answered, not made.
            return
        self.charged += 1
        self.diary.append(f"{self._day} charged {self.tenants.index(tenant)}")
        held = tenant.held_until is not None and tenant.held_until > now
        if held or self._paid_by_now(row, tenant, intents, payment):
            self.while_held_or_paid += 1
            self.diary.append(f"{self._day} WRONG held={held} {row.position}")
        zone = ZoneInfo(self.business.timezone)
        told = message.sent_at if message is not None else None
        if notice is None or told is None or (
                now.astimezone(zone).date() - told.astimezone(zone).date()).days < notice.days:
            self.untold += 1

    def _paid_by_now(self, row: Installment, tenant: Tenant, intents: list[dict[str, Any]], mine: Payment) -> bool:
        """Whether this installment is paid, or being paid, by a payment made for it, as Stripe itself knows."""
        with self.rt.db.reading() as session:
            others = session.execute(
                select(Payment.public_id, Payment.returned_minor).join(
                    AutopayCharge, AutopayCharge.payment_id == Payment.id)
                .where(AutopayCharge.installment_id == row.id, Payment.id != mine.id)).all()
        standing = {public_id for public_id, returned in others if not returned}
        gone = {dispute["payment_intent"] for dispute in self.counter.stripe.control.objects("dispute")}
        return any(intent["metadata"].get("payment") in standing and intent["id"] not in gone
                   and intent["status"] in ("succeeded", "processing") for intent in intents) or row.state == "paid"

    # Looking things up

    def charged_twice(self) -> int:
        """Count payments of ours for which Stripe took money more than once."""
        seen: dict[str, int] = {}
        for intent in self.counter.stripe.control.objects("payment_intent"):
            if intent["status"] == "succeeded":
                name = intent["metadata"].get("payment", "")
                seen[name] = seen.get(name, 0) + 1
        return sum(count > 1 for count in seen.values())

    def hash(self) -> str:
        """A short print of the whole year: what happened, and how every installment stands in the end."""
        lines = list(self.diary)
        with self.rt.db.reading() as session:
            for place, tenant in enumerate(self.tenants):
                rows = session.execute(select(
                    Installment.position, Installment.due_on, Installment.paid_minor, Installment.state)
                    .where(Installment.debtor_id == tenant.owed.debtor.id).order_by(Installment.position)).all()
                lines += [f"{place} {position} {due_on} {paid} {state}" for position, due_on, paid, state in rows]
        return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:16]
