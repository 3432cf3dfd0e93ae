"""kill -9 at every step between our commit and Stripe's answer, at random under load, and the database as well.

Afterwards the jobs run, as they would, and every balance must be what Stripe's own objects say.
"""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import select

from portal.domain.errors import Refusal
from portal.domain.quotes import Choice
from portal.models import Payment
from portal.runtime import Runtime
from portal.services import asking, attempts, fetching, inbox, payments, refunds
from portal.services.audit import Actor
from portal.services.refunds import RefundOrder
from proofs.harness import Databases, Figures, ProofError, add_up, say, stripe_process
from proofs.killing import DONE, KILLED, Steps, in_child
from proofs.load import under_load
from proofs.mended import Bench, judge

LONGEST_ACT = 40


def run(database: str, quick: bool, only: str = "") -> Figures:
    """All kills on one database, or only those of one act."""
    with Databases(database) as made:
        if only:
            return _at_every_step(made, rounds=1, scenes=tuple(scene for scene in SCENES if scene.__name__ == only))
        figures = [_at_every_step(made, rounds=1 if quick else 3), under_load(made, seconds=10 if quick else 75)]
        if database == "postgresql":
            figures.append(under_load(made, seconds=10 if quick else 60, own_server=True))
        return add_up(*figures)


Act = Callable[[Runtime], object]
Scene = Callable[[Bench, Runtime], Act]


def start(bench: Bench, rt: Runtime) -> Act:
    """A debtor starts to pay."""
    owed = bench.owes(rt)
    return lambda portal: payments.start_checkout(portal, owed.access, Choice("USD"), expected_total_minor=100_00)


def start_anew(bench: Bench, rt: Runtime) -> Act:
    """A debtor chooses another sum while a page is open, so that the old one is closed first."""
    owed = bench.owes(rt)
    payments.start_checkout(rt, owed.access, Choice("USD"), expected_total_minor=100_00)
    choice = Choice("USD", amount_minor=70_00)
    return lambda portal: payments.start_checkout(portal, owed.access, choice, expected_total_minor=70_00)


def ask(bench: Bench, rt: Runtime) -> Act:
    """The job asks about a payment that was made."""
    payment = _paid(bench, rt)
    return lambda portal: asking.ask(portal, payment.id)


def hear(bench: Bench, rt: Runtime) -> Act:
    """The events of a payment are booked."""
    _paid(bench, rt)
    events = bench.stripe.do("events")[-6:]
    return lambda portal: [inbox.receive_event(portal, event) for event in events]


def hear_of_a_chargeback(bench: Bench, rt: Runtime) -> Act:
    """The events of a chargeback are booked; nothing but they will ever tell of it."""
    payment = _paid(bench, rt)
    asking.ask(rt, payment.id)
    with rt.db.reading() as session:
        charge = session.get_one(Payment, payment.id).charge
    bench.stripe.do("open_dispute", charge=charge)
    events = [event for event in bench.stripe.do("events")[-3:] if event["type"].startswith("charge.dispute")]
    return lambda portal: [inbox.receive_event(portal, event) for event in events]


def fetch(bench: Bench, rt: Runtime) -> Act:
    """The worker fetches fees and closes pages that ask for an old sum."""
    _paid(bench, rt)
    for event in bench.stripe.do("events")[-6:]:
        inbox.receive_event(rt, event)
    return fetching.fetch_due


def refund(bench: Bench, rt: Runtime) -> Act:
    """Staff send money back."""
    payment = _paid(bench, rt)
    asking.ask(rt, payment.id)
    order = RefundOrder(bench.business.id, payment.public_id, 30_00, "reopen", Actor("cli"))
    return lambda portal: refunds.refund(portal, order)


def refund_again(bench: Bench, rt: Runtime) -> Act:
    """The worker asks for a refund whose first answer was lost."""
    payment = _paid(bench, rt)
    asking.ask(rt, payment.id)
    bench.stripe.do("fail_next", kind="drop_after", path="/v1/refunds", times=3)
    refunds.refund(rt, RefundOrder(bench.business.id, payment.public_id, 30_00, "reopen", Actor("cli")))
    return refunds.send_due


def close(bench: Bench, rt: Runtime) -> Act:
    """A page is closed that has just been paid."""
    payment = _paid(bench, rt)
    return lambda portal: attempts.close_page(portal, payment.checkout_session or "", None)


def catch_up(bench: Bench, rt: Runtime) -> Act:
    """The job asks for events that never came."""
    _paid(bench, rt)
    return inbox.catch_up


SCENES: tuple[Scene, ...] = (
    start, start_anew, ask, hear, hear_of_a_chargeback, fetch, refund, refund_again, close, catch_up)


def _paid(bench: Bench, rt: Runtime) -> Payment:
    owed = bench.owes(rt)
    payments.start_checkout(rt, owed.access, Choice("USD"), expected_total_minor=100_00)
    with rt.db.reading() as session:
        payment = session.scalars(select(Payment).where(Payment.debtor_id == owed.debtor.id)).one()
    bench.stripe.do("press", session=payment.checkout_session, outcome="pay")
    return payment


def _at_every_step(made: Databases, rounds: int, scenes: tuple[Scene, ...] = SCENES) -> Figures:
    """Kill each act at its first step, its second, … until it ends alive; then let the jobs mend it."""
    kills, found = 0, []
    for round_ in range(rounds):
        with made.fresh() as url, stripe_process(log=made.folder / "stripe.log") as stripe:
            bench = Bench(url, made.folder, stripe)
            for scene in scenes:
                killed = _kill_each_step(bench, scene, lost=round_ % 2 == 1)
                say(f"round {round_ + 1}: {scene.__name__} killed at {killed} steps")
                kills += killed
            found.append(judge(bench))
    return add_up({"kills": kills, "kills_at_chosen_steps": kills}, *found)


def _kill_each_step(bench: Bench, scene: Scene, *, lost: bool) -> int:
    """Each step in turn, on a debtor of its own. With `lost`, Stripe's next answer gets lost as well."""
    for last in range(1, LONGEST_ACT):
        with bench.portal() as rt:
            act = scene(bench, rt)
        if lost and scene in (start, refund):
            bench.stripe.do("fail_next", kind="drop_after", path="/v1/", times=1)

        def child(last: int = last, act: Act = act) -> None:
            with bench.portal(Steps(last)) as portal:
                try:
                    act(portal)
                except Refusal:
                    return
        ended = in_child(child)
        bench.stripe.do("clear_faults")
        if ended == DONE:
            return last - 1
        if ended != KILLED:
            raise ProofError(f"{scene.__name__}, step {last}: ended with {ended}")
    raise ProofError(f"{scene.__name__} has no end")
