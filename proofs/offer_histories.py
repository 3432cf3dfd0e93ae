"""Histories of offers, thousands of them: after each step the judge asks whether anybody lost what they were promised.

No history lets a debtor pay less than an offer allowed, be asked for more than is owed, or lose an offer they met; the
lines of the statement add up to the balance. Told to the real services, on the real database.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import case, func, select
from sqlalchemy.orm import Session

from portal.db import Database
from portal.domain.errors import Refusal
from portal.domain.quotes import Choice, OpenInvoice
from portal.models import LedgerTransfer, Offer, Payment, PaymentInvoice
from portal.services.offers import Wanted
from proofs import offer_world
from proofs.harness import Figures, Steps, say
from proofs.offer_world import CURRENCIES, FIRST_DAYS, MICRO, ZONES, Deal, World

# A server answers each question by itself, and so takes longer than a file.
HISTORIES = {"sqlite": 6_000, "postgresql": 4_200}
FEWEST = 60
STEPS_EACH = (4, 9)
# Chance seldom comes by what is left of a discount of 8.630 dinars for 77.750 of 123.400: a sum no bank could move.
UNEVEN = ("Asia/Kathmandu", "KWD", "shares", 0, FIRST_DAYS[0], [1_234], [
    ("offer", 700, 9, 0), ("part", 37, 0, 0), ("arrives", 0, 0, 0), ("pay", 0, 0, 0)])
shares, picks, days = st.integers(1, 99), st.integers(0, 7), st.integers(0, 12)
STEP = st.one_of(
    st.tuples(st.just("offer"), st.integers(50, 4_000), days, picks),
    st.tuples(st.just("offer"), st.integers(50, 4_000), days, picks),
    st.tuples(st.just("settle"), st.integers(2_000, 9_500), days, picks),
    st.tuples(st.just("withdraw"), st.just(0), st.just(0), picks),
    st.tuples(st.just("wait"), st.integers(0, 72), st.just(0), picks),
    st.tuples(st.just("edge"), st.integers(-2, 2), st.just(0), picks),
    st.tuples(st.just("pay"), st.just(0), st.just(0), picks),
    st.tuples(st.just("pay"), st.just(0), st.just(0), picks),
    st.tuples(st.just("pay_late"), st.just(0), st.just(0), picks),
    st.tuples(st.just("part"), shares, st.just(0), picks),
    st.tuples(st.just("cash"), st.integers(1, 130), st.just(0), picks),
    st.tuples(st.just("arrives"), st.just(0), st.just(0), picks),
    st.tuples(st.just("arrives"), st.just(0), st.just(0), picks),
    st.tuples(st.sampled_from(("processing", "failed", "charged", "won")), st.just(0), st.just(0), picks),
    st.tuples(st.just("refund"), shares, st.just(0), picks),
    st.tuples(st.just("fee"), st.integers(1, 9), st.just(0), picks))


@dataclass
class Court:
    """What the judge has found so far."""

    db: Database
    progress: Steps
    histories: int = 0
    steps: int = 0
    checks: int = 0
    violations: int = 0

    def wrong(self, what: str) -> None:
        """Note something that nobody was promised."""
        self.violations += 1
        if self.violations <= 10:
            say(f"WRONG: {what}")


def run(db: Database, quick: bool) -> Figures:
    """Tell histories to the services and judge each step."""
    count = FEWEST if quick else HISTORIES[db.engine.dialect.name]
    court = Court(db, Steps("histories", count))

    @settings(max_examples=count, deadline=None, derandomize=True, database=None,
              phases=(Phase.explicit, Phase.generate), suppress_health_check=list(HealthCheck))
    @example(*UNEVEN)
    @given(st.sampled_from(ZONES), st.sampled_from(tuple(CURRENCIES)), st.sampled_from(("ends", "keeps", "shares")),
           st.sampled_from((0, 5, 45)), st.sampled_from(FIRST_DAYS),
           st.lists(st.integers(400, 90_000), min_size=1, max_size=2),
           st.lists(STEP, min_size=STEPS_EACH[0], max_size=STEPS_EACH[1]))
    def tell(zone: str, currency: str, effect: str, grace: int, first: Any, totals: list[int],
             steps: list[tuple[str, int, int, int]]) -> None:
        _history(court, offer_world.begin(court.db, zone, currency, effect, grace, first, [
            total * 10 * CURRENCIES[currency] for total in totals]), steps)

    while court.histories < count:
        # Hypothesis ends early once it has seen all it can think of; none of these runs is that small.
        tell()
    return {"offer_histories": court.histories, "offer_steps": court.steps, "offer_checks": court.checks,
            "offer_violations": court.violations}


def _history(court: Court, world: World, steps: list[tuple[str, int, int, int]]) -> None:
    court.histories += 1
    court.progress.step()
    told = []
    for step in steps:
        court.steps += 1
        told.append(step)
        try:
            _do(world, *step)
        except Refusal:
            pass
        except Exception as error:
            court.wrong(f"{error!r} in {told} {world.zone.key} {world.currency} {world.effect}")
            return
        for what in _judge(court, world):
            court.wrong(f"{what} after {told} {world.zone.key} {world.currency} {world.effect}")
            return


def _do(world: World, what: str, number: int, ahead: int, pick: int) -> None:
    unit = CURRENCIES[world.currency]
    if what == "offer":
        offer_world.offer(world, Wanted(world.today() + timedelta(days=ahead), basis_points=number), pick)
    elif what == "settle":
        offer_world.settle(world, number, ahead)
    elif what == "withdraw":
        offer_world.withdraw(world, pick)
    elif what == "wait":
        world.now += timedelta(hours=number, minutes=7 * pick)
    elif what == "edge":
        _to_the_edge(world, number, pick)
    elif what in ("pay", "pay_late"):
        offer_world.start(world, _choice(world, pick), grace=what == "pay_late")
    elif what == "part":
        owed = sum(one.payable_minor for one in world.opened())
        offer_world.start(world, Choice(world.currency, amount_minor=max(unit, owed * number // 100 // unit * unit)))
    elif what == "cash":
        owed = sum(world.lefts().values())
        offer_world.cash(world, max(unit, owed * number // 100))
    elif what == "fee":
        offer_world.fee(world, pick, number * 10 * unit)
    elif world.payments:
        offer_world.happens(world, world.payments[pick % len(world.payments)], what, number)


def _choice(world: World, pick: int) -> Choice:
    one = world.owed.invoices[pick % len(world.owed.invoices)]
    return Choice(world.currency, (one.public_id,)) if pick % 3 == 0 else Choice(world.currency)


def _to_the_edge(world: World, number: int, pick: int) -> None:
    """Go to the last moment of an offer, or one millionth of a second beside it, or beside the end of the grace."""
    ahead = sorted({deal.deadline for deal in world.deals if deal.deadline > world.now})
    if ahead:
        moment = ahead[pick % len(ahead)]
        world.now = moment + number * MICRO if abs(number) < 2 else moment + world.grace + (number // 2) * MICRO


def _judge(court: Court, world: World) -> list[str]:
    court.checks += 1
    lefts, sums = world.lefts(), offer_world.statement_sums(world)
    totals = {one.id: one.total_minor for one in world.owed.invoices}
    wrong = [f"the statement says {totals[one] + sums[one]}, the balance is {left}"
             for one, left in lefts.items() if totals[one] + sums[one] != left]
    wrong += [f"{left} is left" for left in lefts.values() if left < 0]
    kept, opened = world.now, world.opened()
    for moment in (kept, *(deal.deadline + shift for deal in world.deals[-2:] if not deal.gone
                           for shift in (-MICRO, timedelta(), MICRO))):
        world.now = moment
        wrong += [f"{what} at {moment.isoformat()}"
                  for what in (*_asked(world, lefts, opened), *_foretold(world, lefts, opened))]
    world.now = kept
    return wrong + _booked(world)


def _asked(world: World, lefts: dict[int, int], opened: list[OpenInvoice]) -> list[str]:
    """What is asked for now is owed, and takes off exactly what was promised."""
    try:
        price = world.price(Choice(world.currency), opened)
    except Refusal:
        return []
    wrong = [f"{line.pay_minor} is asked for of {lefts[line.invoice.id]}" for line in price.lines
             if line.pay_minor + line.discount_minor > lefts[line.invoice.id]]
    named = {line.invoice.id for line in price.lines}
    promised = _promised(world, {one: left for one, left in lefts.items() if one in named})
    if price.discount_minor != promised:
        wrong.append(f"{price.discount_minor} is taken off, {promised} was promised")
    return wrong


def _foretold(world: World, lefts: dict[int, int], opened: list[OpenInvoice]) -> list[str]:
    """Before a part is paid, exactly what will stay of each discount is told."""
    unit, owed = CURRENCIES[world.currency], sum(one.payable_minor for one in opened)
    try:
        price = world.price(Choice(world.currency, amount_minor=max(unit, owed * 2 // 5 // unit * unit)), opened)
    except Refusal:
        return []
    deals = {deal.invoice_id: deal for deal in world.deals if not deal.gone and not deal.settled}
    wrong = []
    for line in (line for line in price.lines if line.missed_minor):
        stays = _of_one(deals[line.invoice.id], lefts[line.invoice.id] - line.pay_minor, unit)
        if line.stays_minor != stays:
            wrong.append(f"{line.stays_minor} is said to stay, {stays} will")
    return wrong


def _promised(world: World, lefts: dict[int, int]) -> int:
    """What should come off now, reckoned from the promises alone."""
    with world.db.reading() as session:
        earned = {offer for offer, sum_ in _taken_off(session, world).items() if sum_}
    standing = [deal for deal in world.deals
                if not deal.gone and world.now <= deal.deadline and lefts.get(deal.invoice_id)]
    off = sum(_of_one(deal, lefts[deal.invoice_id], CURRENCIES[world.currency])
              for deal in standing if not deal.settled and deal.offer_id not in earned)
    groups = {deal.settled for deal in standing if deal.settled}
    for group in groups:
        mine = [deal for deal in standing if deal.settled == group]
        whole = sum(lefts[deal.invoice_id] for deal in mine)
        forgiven = sum(deal.off for deal in world.deals if deal.settled == group)
        if forgiven < whole:
            off += min(forgiven, whole - len(mine))
    return off


def _of_one(deal: Deal, left: int, unit: int) -> int:
    if left >= deal.base or deal.effect == "keeps":
        found = deal.off
    elif deal.effect == "shares":
        found = deal.off * left // deal.base
        found -= found % unit
    else:
        found = 0
    return found if found < left else 0


def _booked(world: World) -> list[str]:
    """What the books have taken off is what was met, all of it, and nothing else."""
    debtor, wrong = world.owed.debtor.id, []
    with world.db.reading() as session:
        rows = session.execute(
            select(PaymentInvoice.payment_id, PaymentInvoice.invoice_id, PaymentInvoice.returned_minor,
                   PaymentInvoice.amount_minor, Payment.created_at, Payment.captured_minor, Offer.id, Offer.kind)
            .join(Payment, Payment.id == PaymentInvoice.payment_id).join(Offer, Offer.id == PaymentInvoice.offer_id)
            .where(PaymentInvoice.debtor_id == debtor)).all()
        booked = _taken_off(session, world)
    deals = {deal.offer_id: deal for deal in world.deals}
    met: dict[int, int] = {}
    for payment, invoice, returned, _amount, created, captured, offer, kind in rows:
        deal, (taken_offer, sum_) = deals[offer], world.taken[payment, invoice]
        if created > deal.deadline + world.grace or taken_offer != offer:
            wrong.append(f"offer {offer} was taken at {created}, after {deal.deadline}")
        beside = any(row.returned_minor for row in rows if row.payment_id == payment) and kind == "settlement"
        if captured and not returned and not beside:
            met[offer] = max(met.get(offer, 0), sum_)
    for offer, sum_ in met.items():
        others = sum(other for key, other in booked.items() if key != offer and key in deals
                     and deals[key].invoice_id == deals[offer].invoice_id)
        if booked.get(offer, 0) != sum_ and not others:
            wrong.append(f"offer {offer} was met for {sum_}, the books say {booked.get(offer, 0)}")
    for offer, sum_ in booked.items():
        allowed = max((found for (_, _), (which, found) in world.taken.items() if which == offer), default=0)
        if not 0 <= sum_ <= allowed:
            wrong.append(f"{sum_} was taken off, {allowed} was allowed")
    return wrong


def _taken_off(session: Session, world: World) -> dict[int, int]:
    """What the books say each offer has taken off and not given back."""
    return {int(cause): int(total) for cause, total in session.execute(
        select(LedgerTransfer.cause_id, func.sum(_signed())).where(
            LedgerTransfer.business_id == world.owed.business.id, LedgerTransfer.cause_type == "offer",
            ~LedgerTransfer.key.endswith(":excess")).group_by(LedgerTransfer.cause_id))}


def _signed() -> Any:
    return case((LedgerTransfer.kind.in_(("discount", "settled")), LedgerTransfer.amount), else_=-LedgerTransfer.amount)
