"""The ways out that are open now, side by side: what each costs in all, until when, what it saves, what missing loses.

Pure. Every way asks the very rules that enforce it (quotes, plan terms, patience, precedence), so that the page can
offer nothing that would be refused. A new way is one function in WAYS.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from portal.domain import patience, plan_terms
from portal.domain.arrangements import Standing, gives_way
from portal.domain.errors import Refusal
from portal.domain.offers import ENDS
from portal.domain.plan_rules import FREE_OF_CREDIT_LAW, PlanRules
from portal.domain.quotes import Choice, OpenInvoice, Quote, open_offer, quote
from portal.domain.schedules import IsOpen

A_MONTH = timedelta(days=28)


@dataclass(frozen=True)
class Bound:
    """One arrangement that covers invoices now, or waits; `until` its last day, sums in minor units."""

    id: int
    kind: str
    state: str
    currency: str
    amount_minor: int
    until: date | None
    public_id: str
    invoice_ids: frozenset[int]
    binding: bool


@dataclass(frozen=True)
class Facts:
    """All that the rules are asked with, in one currency."""

    currency: str
    invoices: tuple[OpenInvoice, ...]
    arranged: tuple[Bound, ...]
    now: datetime
    today: date
    minimum_part: int
    patience: patience.Patience
    granted: int
    plans: PlanRules
    consumer: bool
    is_open: IsOpen

    @property
    def standing(self) -> tuple[Standing, ...]:
        """What stands on these invoices."""
        mine = {invoice.id for invoice in self.invoices}
        return tuple(Standing(one.id, one.kind) for one in self.arranged if one.binding and one.invoice_ids & mine)


@dataclass(frozen=True)
class Way:
    """One way out: all it costs, the smallest first step, its last day or moment, what it saves, what missing loses.

    `kind` is pay_now, pay_part, plan, later, promise or settle; `lost` names what is lost: discount, part_discount,
    plan, quiet, settlement or "" for nothing. `by_person`: somebody decides first. Sums in minor units.
    """

    kind: str
    total_minor: int
    first_minor: int = 0
    last: date | datetime | None = None
    saving_minor: int = 0
    lost: str = ""
    by_person: bool = False
    count: int = 0
    public_id: str = ""


def open_ways(facts: Facts) -> tuple[Way, ...]:
    """List every way that is open now, the quickest first; a way whose rules refuse is not there.

    Worked: 608.43 and 1,681.80 with 33.64 off until Friday: paying now costs 2,256.59 until Friday and saves 33.64;
    four payments cost 2,290.23 until February and save nothing.
    """
    found = []
    for way in WAYS:
        try:
            one = way(facts)
        except Refusal:
            continue
        if one is not None:
            found.append(one)
    return tuple(found)


def _pay_now(facts: Facts) -> Way | None:
    price = _all(facts)
    lost = ""
    if price.discount_minor:
        lost = "settlement" if any(line.invoice.offer and line.invoice.offer.kind == "settlement"
                                   for line in price.lines if line.offer_id) else "discount"
    return Way("pay_now", price.total_minor, last=price.earliest_deadline, saving_minor=price.discount_minor, lost=lost)


def _pay_part(facts: Facts) -> Way | None:
    owed = sum(line.pay_minor + line.discount_minor for line in _all(facts).lines)
    if owed <= facts.minimum_part:
        return None
    # The rules say themselves whether this part can be paid.
    quote(facts.invoices, Choice(facts.currency, (), facts.minimum_part), now=facts.now,
          minimum_part=facts.minimum_part)
    offers = [open_offer(invoice.offer, facts.now) for invoice in _payable(facts)]
    ends = any(offer is not None and offer.part_effect == ENDS for offer in offers)
    return Way("pay_part", owed, first_minor=facts.minimum_part, lost="part_discount" if ends else "")


def _plan(facts: Facts) -> Way | None:
    gives_way("plan", facts.standing)
    covered = _payable(facts)
    if not covered:
        return None
    owed = plan_terms.Owed(sum(one.payable_minor for one in covered), facts.currency,
                           min(one.due_on for one in covered), facts.consumer)
    wish = plan_terms.Wish("monthly", facts.today + A_MONTH, count=FREE_OF_CREDIT_LAW)
    told = plan_terms.answer(facts.plans, wish, owed, today=facts.today, is_open=facts.is_open)
    parts = told.parts if told.answer == "accepted" else told.nearest_parts
    if not parts and not told.may_ask:
        return None
    if not parts:
        return Way("plan", owed.total_minor, lost="plan", by_person=True)
    return Way("plan", owed.total_minor, first_minor=parts[0].amount_minor, last=parts[-1].due_on, lost="plan",
               count=len(parts))


def _later(facts: Facts) -> Way | None:
    gives_way("deferral", facts.standing)
    at_once = patience.latest_at_once(facts.patience, facts.today, facts.granted)
    furthest = facts.today + timedelta(days=facts.patience.longest_days)
    return Way("later", _owed(facts), last=at_once or furthest, lost="quiet", by_person=at_once is None)


def _promise(facts: Facts) -> Way | None:
    gives_way("promise", facts.standing)
    last = facts.today + timedelta(days=facts.patience.promise_days)
    patience.promise(facts.patience, last, today=facts.today)
    return Way("promise", _owed(facts), last=last, lost="quiet")


def _settle(facts: Facts) -> Way | None:
    """Only what was asked for or offered: nobody is told unprompted that less might do."""
    waiting = next((one for one in facts.arranged if one.kind == "settlement" and one.currency == facts.currency
                    and one.state in ("asked", "countered")), None)
    if waiting is None:
        return None
    gives_way("settlement", facts.standing)
    owed = sum(one.left_minor for one in facts.invoices if one.id in waiting.invoice_ids)
    if waiting.state == "asked" or waiting.until is None:
        return Way("settle", waiting.amount_minor, by_person=True, public_id=waiting.public_id)
    if waiting.until < facts.today or waiting.amount_minor >= owed:
        return None
    return Way("settle", waiting.amount_minor, last=waiting.until, saving_minor=owed - waiting.amount_minor,
               lost="settlement", public_id=waiting.public_id)


def _all(facts: Facts) -> Quote:
    return quote(facts.invoices, Choice(facts.currency), now=facts.now, minimum_part=facts.minimum_part)


def _payable(facts: Facts) -> Sequence[OpenInvoice]:
    return [one for one in facts.invoices
            if one.payable_minor > 0 and not one.on_its_way and one.handed_to is None]


def _owed(facts: Facts) -> int:
    owed = sum(one.payable_minor for one in _payable(facts))
    if not owed:
        raise Refusal("conflict", "nothing_open")
    return owed


WAYS: tuple[Callable[[Facts], Way | None], ...] = (_pay_now, _pay_part, _plan, _later, _promise, _settle)
