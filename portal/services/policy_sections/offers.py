"""Discounts and settlements: what comes with every invoice, what a part payment does, and who may settle for less."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial

from portal.domain.errors import Refusal
from portal.domain.offers import ENDS, KEEPS, MOST_POINTS, PART_EFFECTS, SHARES
from portal.domain.policy import Policy
from portal.domain.settlements import LONGEST_DAYS, Band
from portal.models import Business
from portal.services.policy_sections import Edit, Field, Reading, Section, refuse_clashes, whole
from portal.services.setup_sums import percent, sum_of, with_sum, written, written_percent
from portal.words.refusals import N_

EFFECTS = {ENDS: N_("It ends the discount"), KEEPS: N_("The discount stays on the rest"),
           SHARES: N_("The share of the rest stays")}
BANDS = ("young", "old")
ALL = 10_000
# Which field a contradiction between the rules about settlements is shown at.
AT = {"settlement_asked_above_at_once": "young_asked", "settlement_share_wrong": "young_at_once",
      "settlement_ages_mixed": "old_days", "settlement_older_costs_more": "old_at_once"}


def _read(business: Business, policy: Policy) -> dict[str, str]:
    rules = policy.settlement_rules
    bands = (*rules.bands, *rules.bands)[:2]
    values = {
        "early_pay_basis_points": written_percent(policy.early_pay_basis_points),
        "early_pay_days": str(policy.early_pay_days), "part_payment_discount": policy.part_payment_discount,
        "offer_days": str(policy.offer_days), "settle": "y" if rules.offered else "",
        "settle_days": str(rules.days),
        "settle_up_to": written(rules.at_once_up_to.get(business.currency), business.currency)}
    for name, band in zip(BANDS, bands, strict=True):
        values |= {f"{name}_days": str(band.from_days), f"{name}_at_once": written_percent(band.at_once_points),
                   f"{name}_asked": written_percent(band.asked_points)}
    return values


def _write(typed: Mapping[str, str], _files: Mapping[str, bytes], business: Business, policy: Policy) -> Edit:
    reading, rules = Reading(typed), policy.settlement_rules
    points = reading.take("early_pay_basis_points", partial(percent, most=MOST_POINTS))
    days = reading.take("early_pay_days", whole(0, 180))
    effect = reading.take("part_payment_discount", _effect)
    offer_days, stands = reading.take("offer_days", whole(1, 366)), reading.take("settle_days", whole(1, LONGEST_DAYS))
    limit = reading.take("settle_up_to", lambda text: sum_of(text, business.currency, 0))
    bands = [_band(reading, name) for name in BANDS]
    reading.done()
    wanted = replace(
        policy, early_pay_basis_points=points, early_pay_days=days, part_payment_discount=effect,
        offer_days=offer_days).with_settlements(replace(
            rules, offered=bool(typed.get("settle")), days=stands, bands=tuple(bands),
            at_once_up_to=with_sum(rules.at_once_up_to, business.currency, limit) or {}))
    refuse_clashes(wanted, ("early_pay_days", "settlements"), has_bank_details=bool(business.bank_details), at=AT)
    return Edit(policy=wanted)


def _band(reading: Reading, name: str) -> Band:
    days = reading.take(f"{name}_days", whole(0, 3_650))
    at_once, asked = (reading.take(f"{name}_{what}", partial(percent, most=ALL)) for what in ("at_once", "asked"))
    return Band(days or 0, at_once or 0, asked or 0)


def _effect(text: str) -> str:
    if text not in PART_EFFECTS:
        raise Refusal("invalid", "setting_missing")
    return text


def _weighty(edit: Edit, _business: Business, policy: Policy) -> tuple[str, ...]:
    """From the moment it is switched on, debts can be closed for less without anybody having looked."""
    wanted = edit.policy or policy
    return ("settle",) if wanted.settlement_rules.offered and not policy.settlement_rules.offered else ()


SHARE = N_("In percent of what is owed. 100: never.")
SECTION = Section(
    "offers", N_("Discounts and settlements"),
    N_("What you take off for paying early, and whether debts can be closed for less. Settlements are off unless you "
       "switch them on, and nobody is told of them who does not ask."), 33,
    fields=(
        Field("early_pay_basis_points", N_("Percent off every new invoice"),
              hint=N_("For paying early; terms of an invoice such as 2/10 net 30 count before this. 0: none."),
              longest=6),
        Field("early_pay_days", N_("… when it is paid within so many days of its date"), "whole", longest=3),
        Field("part_payment_discount", N_("When somebody pays a part of an invoice with a discount"), "choice",
              N_("They are told before they pay."), options=tuple(EFFECTS.items())),
        Field("offer_days", N_("Days a discount made by hand lasts, unless you choose another day"), "whole",
              longest=3),
        Field("settle", N_("Debtors may ask to settle for less"), "yes"),
        Field("young_days", N_("Settled at all from so many days late on"), "whole", longest=4),
        Field("young_at_once", N_("… agreed on at once from this share on"), hint=SHARE, longest=6),
        Field("young_asked", N_("… decided by one of you from this share on"), hint=N_("Below it nobody decides."),
              longest=6),
        Field("old_days", N_("Other shares from so many days late on"), "whole", longest=4),
        Field("old_at_once", N_("… then at once from this share on"), hint=SHARE, longest=6),
        Field("old_asked", N_("… then decided by one of you from this share on"), longest=6),
        Field("settle_up_to", N_("Debts above this sum are always for one of you"),
              hint=N_("In your own currency; empty: the product's own limit."), longest=16),
        Field("settle_days", N_("Days within which a settlement is paid"), "whole", longest=2),
    ),
    read=_read, write=_write, weighty=_weighty,
    help=(N_("When a discount pays"), N_(
        "Two percent for paying three weeks earlier is a dear loan, and still cheaper than chasing. A settlement is "
        "for old debts alone: who learns that waiting pays, waits.")))
