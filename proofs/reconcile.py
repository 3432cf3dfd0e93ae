"""A Stripe whose objects vanish, change and come from nowhere: everything that differs is found, and nothing else.

Thousands of objects of every kind are made by people who pay, get money back and dispute. Held against the books they
agree. Then one in a hundred is dropped, altered or added behind everybody's back, some events are never told, and one
run is broken off in the middle. Whatever was planted must be named, nothing else may be, and the same run again must
change nothing.
"""

from __future__ import annotations

import random
import time
from collections import Counter as Counted
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any

from sqlalchemy import func, select

from portal.db import Database
from portal.domain.reconciling import kind_of
from portal.gateways.stripe import StripeUnknown
from portal.models import AuditEvent, Drift, LedgerTransfer, Payment, Reconciliation
from portal.services import ledger_verify, reconciliation
from portal.services.audit import COMMAND_LINE
from proofs import compare
from proofs.counter import Counter
from proofs.harness import Databases, Figures, ProofError, Steps, say
from sandbox.stripe.server import StripeStandIn
from tests.cast import make_business

PAYMENTS, QUICK_PAYMENTS = 800, 60
SEED = 9
DAYS, DAY = 36, 24 * 3600
FIRST_DAY = int(datetime(2027, 3, 1, 15, tzinfo=UTC).timestamp())
# One in so many objects is touched; the short version touches more, for it has few.
ONE_IN, QUICK_ONE_IN = 100, 12
UNTOLD_ONE_IN = 100
KINDS = {"intent": "payment_intent", "refund": "refund", "dispute": "dispute", "payout": "payout",
         "line": "balance_transaction"}
SUM_OF = {"intent": "amount_received", "refund": "amount", "dispute": "amount", "payout": "amount", "line": "amount"}
ACTS = ("drop", "alter", "add")


@dataclass
class World:
    """What was planted, and which objects may be named for it."""

    objects: dict[str, dict[str, dict[str, Any]]]
    planted: dict[str, set[str]] = field(default_factory=dict)
    touched: set[str] = field(default_factory=set)
    done: Counted[str] = field(default_factory=Counted)

    @cached_property
    def _charges(self) -> dict[str, str]:
        return {each["latest_charge"]: name for name, each in self.objects["intent"].items()}

    def owner(self, one: dict[str, Any]) -> str:
        """The payment, refund, chargeback or payout an object is about."""
        source = str(one.get("source") or one["id"])
        return self._charges.get(source, source)

    def family(self, one: dict[str, Any]) -> str:
        """Whatever hangs together: a payment with all that became of it, or a payout."""
        owner = self.owner(one)
        found = next((self.objects[kind][owner] for kind in ("refund", "dispute") if owner in self.objects[kind]), None)
        return str(found["payment_intent"]) if found else owner


def run(database: str, quick: bool) -> Figures:
    """One world for each database; both are the same by their seed."""
    began = time.monotonic()
    with Databases(database) as made, made.opened() as db, StripeStandIn(record=False) as stripe:
        control = stripe.control
        control.set_clock(FIRST_DAY, frozen=True)
        counter = Counter.open(db, stripe, made.folder, lambda: datetime.fromtimestamp(control.now(), UTC))
        untold = _live(counter, QUICK_PAYMENTS if quick else PAYMENTS, random.Random(SEED))
        first = _reconcile(counter)
        before = _rows(db)
        alarms = [row for row in before if row[2] == "open" or row[1] not in untold]
        apart = [*compare.against_stripe(db, control.objects), *compare.clearing_against_balance(db, control.objects)]
        _shown("FALSE ALARM", alarms)
        _shown("NOT BOOKED", apart)
        world = _plant(stripe, QUICK_ONE_IN if quick else ONE_IN, random.Random(SEED + 1))
        resumed = _broken_off(counter)
        _reconcile(counter)
        rows, state = [row for row in _rows(db) if row not in before], _state(db)
        _reconcile(counter)
        changed = int(_state(db) != state)
        differences = ledger_verify.verify(counter.rt)[0]
    said = f"{first.objects} objects, planted {sorted(world.done.items())}"
    say(f"{said}, {time.monotonic() - began:.0f} s")
    named = {object_id for _, object_id, _ in rows}
    missed = [(name, may) for name, may in world.planted.items() if not may & named]
    alarms += (false := [row for row in rows if row[1] not in world.touched])
    _shown("MISSED", missed)
    _shown("FALSE ALARM", false)
    return {"drift_objects": first.objects, "drift_planted": len(world.planted), "drift_missed": len(missed),
            "drift_false_alarms": len(alarms), "drift_second_run_changes": changed,
            "drift_untold_names": len(untold), "drift_untold_not_booked": len(apart), "drift_runs_resumed": resumed,
            "drift_ledger_differences": len(differences)}


def _shown(what: str, some: Sequence[object]) -> None:
    for one in some[:10]:
        say(f"{what}: {one}")


def _live(counter: Counter, payments: int, dice: random.Random) -> set[str]:
    """Many people pay; some get money back, some dispute, Stripe pays out. Gives the names of what was never told."""
    with counter.rt.db.transaction() as session:
        business = make_business(session, created_at=counter.rt.now() - timedelta(hours=1))
    steps, untold = Steps("payments", payments), set[str]()
    for number in range(payments):
        total = 20_00 + number
        payment = counter.paid(counter.owes(business, total), total)
        # The third is never told either: it is older than the events Stripe keeps when somebody asks.
        silent = number == 2 or dice.randrange(UNTOLD_ONE_IN) == 0
        if not silent:
            counter.hear()
            silent = _afterwards(counter, payment.id, total, dice) and dice.randrange(UNTOLD_ONE_IN // 10) == 0
        if (number + 1) % max(1, payments // DAYS) == 0:
            counter.stripe.control.advance(DAY)
            _pay_out(counter)
        if silent:
            _names(counter.news(), untold)
        counter.hear()
        steps.step()
    counter.stripe.control.advance(3 * DAY)
    _pay_out(counter)
    counter.hear()
    counter.stripe.control.advance(3 * DAY)
    return untold


def _names(found: Any, names: set[str]) -> None:
    """Gather every name of Stripe's in what was never told."""
    if isinstance(found, str) and "_" in found:
        names.add(found)
    for one in found.values() if isinstance(found, dict) else found if isinstance(found, list) else ():
        _names(one, names)


def _afterwards(counter: Counter, payment_id: int, total: int, dice: random.Random) -> bool:
    """Let money go back now and then; says whether it did."""
    with counter.rt.db.reading() as session:
        intent = session.get_one(Payment, payment_id).payment_intent
    assert intent is not None
    what = dice.random()
    if what < 0.15:
        counter.rt.stripe.refund(intent=intent, amount=total // 2, refund=f"r{payment_id}", key=f"r{payment_id}",
                                 account=None)
    elif what < 0.25:
        dispute = counter.stripe.control.open_dispute(intent)["id"]
        if dice.random() < 0.4:
            counter.stripe.control.win_dispute(dispute)
    return what < 0.25


def _pay_out(counter: Counter) -> None:
    payout = counter.stripe.control.make_payout()
    if payout is not None:
        counter.stripe.control.pay_payout(payout["id"])


def _reconcile(counter: Counter) -> reconciliation.Outcome:
    # What is asked of Stripe goes to all there is, as after a restored backup.
    with counter.rt.db.reading() as session:
        since = reconciliation.beginning(session, [1])
    return reconciliation.reconcile(counter.rt, "", since=since, actor=COMMAND_LINE)


def _broken_off(counter: Counter) -> int:
    """Let a run break off in the middle; whoever comes later goes on with it."""
    counter.stripe.control.fail_next("error_before", "/v1/disputes", "GET", times=3)
    try:
        _reconcile(counter)
    except StripeUnknown:
        counter.stripe.control.clear_faults()
        counter.stripe.control.advance(int(reconciliation.LEASE.total_seconds()) + 1)
    with counter.rt.db.reading() as session:
        left = session.scalars(select(Reconciliation).where(Reconciliation.finished_at.is_(None))).all()
    return sum(run.stage == "dispute" and run.objects > 0 for run in left)


def _plant(stripe: StripeStandIn, one_in: int, dice: random.Random) -> World:
    objects = {kind: {one["id"]: one for one in stripe.control.objects(name)} for kind, name in KINDS.items()}
    objects["intent"] = {name: one for name, one in objects["intent"].items() if one["status"] == "succeeded"}
    world = World(objects)
    wanted = max(15, sum(map(len, objects.values())) // one_in)
    taken: set[str] = set()
    turn = [(act, kind) for act in ACTS for kind in KINDS]
    free = {kind: dice.sample(sorted(some), len(some)) for kind, some in objects.items()}
    while sum(world.done.values()) < wanted:
        act, kind = turn[sum(world.done.values()) % len(turn)]
        victim = next((objects[kind][name] for name in free[kind] if world.family(objects[kind][name]) not in taken
                       and _moved(kind, objects[kind][name])), None)
        if victim is None:
            turn = [one for one in turn if one != (act, kind)]
            if not turn:
                raise ProofError("too few objects to plant in")
            continue
        taken.add(world.family(victim))
        _touch(stripe, world, act, kind, victim, dice)
        world.done[f"{act} {kind}"] += 1
    return world


def _moved(kind: str, one: dict[str, Any]) -> bool:
    """Say whether an object stands for money that is still away: what was won back sums to nothing either way."""
    if kind == "dispute":
        return len(one["balance_transactions"]) == 1
    return kind != "line" or kind_of(one["source"]) != "dispute"


def _touch(stripe: StripeStandIn, world: World, act: str, kind: str, victim: dict[str, Any],
           dice: random.Random) -> None:
    name, owner = victim["id"], world.owner(victim)
    more = dice.randrange(1, 900)
    if act == "drop":
        stripe.control.drop(name)
    elif act == "alter":
        field_ = "fee" if kind == "line" and victim["fee"] and dice.random() < 0.5 else SUM_OF[kind]
        stripe.control.alter(name, **{field_: victim[field_] + more})
    elif kind == "intent":
        name = stripe.control.duplicate(name, latest_charge=None, metadata={}, amount_received=more)["id"]
    elif kind == "line":
        name = stripe.control.duplicate(name, source=dice.choice((victim["source"], "ch_nobodys")))["id"]
    else:
        name = stripe.control.duplicate(name)["id"]
    world.planted[name] = {name, owner}
    world.touched |= {name, owner}


def _rows(db: Database) -> list[tuple[str, str, str]]:
    """Every difference by its type, the object it names, and its state."""
    with db.reading() as session:
        return [(row.kind, row.object_id, row.state) for row in session.scalars(select(Drift).order_by(Drift.id))]


def _state(db: Database) -> tuple[object, ...]:
    with db.reading() as session:
        written = [(row.id, row.state, row.at_stripe, row.in_books, row.found_at, row.ended_at)
                   for row in session.scalars(select(Drift).order_by(Drift.id))]
        return (written, session.scalar(select(func.count()).select_from(LedgerTransfer)),
                session.scalar(select(func.count()).select_from(AuditEvent)))
