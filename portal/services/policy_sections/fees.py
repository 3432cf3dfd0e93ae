"""Late fees and interest: what late invoices of people and of businesses are charged, and whether by itself."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from functools import partial

from portal.domain.base_rates import CURRENCIES, half_year
from portal.domain.errors import Refusal
from portal.domain.fees import FeeRule
from portal.domain.policy import Policy
from portal.models import Business
from portal.services.policy_sections import Edit, Field, Reading, Section, Wrong, whole
from portal.services.setup_sums import percent, sum_of, written, written_percent
from portal.words.refusals import N_

KINDS = ("consumer", "business")
MOST_PERCENT, MOST_INTEREST, MOST_CAP = 2_500, 3_000, 10_000
MOST_GRACE, MOST_RATES = 120, 40
LAWS = {"": N_("None: the rules above"), "eu": N_("European law (2011/7/EU), in euros"),
        "uk": N_("British law (1998), in pounds")}


def _read(business: Business, policy: Policy) -> dict[str, str]:
    values: dict[str, str] = {}
    for kind in KINDS:
        rule = policy.fee_rule(kind)
        flat = rule.flat_minor if rule.currency == business.currency else 0
        values |= {
            f"{kind}_on": "y" if rule.by_itself else "", f"{kind}_flat": written(flat or None, business.currency),
            f"{kind}_percent": written_percent(rule.percent_points), f"{kind}_grace": str(rule.grace_days),
            f"{kind}_interest": written_percent(rule.interest_points),
            f"{kind}_cap": written_percent(rule.cap_points)}
    ours = policy.fee_rule("business")
    rates = "\n".join(f"{day}: {written_percent(points)}" for day, points in sorted(ours.rates.items()))
    return values | {"law": ours.statutory, "rates": rates}


def _write(typed: Mapping[str, str], _files: Mapping[str, bytes], business: Business, policy: Policy) -> Edit:
    reading, wanted = Reading(typed), policy
    law, rates = reading.take("law", _law), reading.take("rates", _rates)
    rules = {kind: _rule(reading, kind, business.currency, typed) for kind in KINDS}
    reading.done()
    own = rules["business"]
    rules["business"] = FeeRule(**{**own.as_data(), "statutory": law, "rates": rates})
    _refuse(rules, business.currency)
    for kind in KINDS:
        if rules[kind] != policy.fee_rule(kind):
            wanted = wanted.with_fees(kind, rules[kind])
    return Edit(policy=wanted)


def _rule(reading: Reading, kind: str, currency: str, typed: Mapping[str, str]) -> FeeRule:
    flat = reading.take(f"{kind}_flat", lambda text: sum_of(text, currency, 0))
    shares = {name: reading.take(f"{kind}_{name}", partial(percent, most=most))
              for name, most in (("percent", MOST_PERCENT), ("interest", MOST_INTEREST), ("cap", MOST_CAP))}
    grace = reading.take(f"{kind}_grace", whole(0, MOST_GRACE))
    return FeeRule(
        by_itself=bool(typed.get(f"{kind}_on")), flat_minor=flat or 0, currency=currency if flat else "",
        percent_points=shares["percent"] or 0, interest_points=shares["interest"] or 0, grace_days=grace or 0,
        cap_points=shares["cap"] or 0)


def _refuse(rules: Mapping[str, FeeRule], currency: str) -> None:
    ours = rules["business"]
    if ours.statutory and (ours.flat_minor or ours.percent_points or ours.interest_points):
        raise Wrong({"law": Refusal("invalid", "law_or_own_rule")})
    if ours.statutory and CURRENCIES[ours.statutory] != currency:
        raise Wrong({"law": Refusal("invalid", "law_other_currency", currency=CURRENCIES[ours.statutory])})
    empty = [kind for kind, rule in rules.items() if rule.by_itself and not rule.charges]
    if empty:
        raise Wrong({f"{kind}_on": Refusal("invalid", "fees_without_rule") for kind in empty})


def _weighty(edit: Edit, _business: Business, policy: Policy) -> tuple[str, ...]:
    """From the moment it is switched on, debtors owe more without anybody having looked."""
    wanted = edit.policy or policy
    return tuple(f"{kind}_on" for kind in KINDS
                 if wanted.fee_rule(kind).by_itself and not policy.fee_rule(kind).by_itself)


def _law(text: str) -> str:
    if text not in LAWS:
        raise Refusal("invalid", "setting_missing")
    return text


def _rates(text: str) -> dict[str, int]:
    """Read "2026-01-01: 2.15" line by line: half-years and their base rates."""
    found = {}
    for line in filter(None, (line.strip() for line in text.splitlines())):
        day, sign, rate = (part.strip() for part in line.partition(":"))
        try:
            first = date.fromisoformat(day)
        except ValueError:
            raise Refusal("invalid", "rate_line_malformed") from None
        if not sign or first != half_year(first) or first.isoformat() != day:
            raise Refusal("invalid", "rate_line_malformed")
        found[day] = percent(rate, most=MOST_INTEREST)
    if len(found) > MOST_RATES:
        raise Refusal("invalid", "rate_line_malformed")
    return found


SECTION = Section(
    "fees", N_("Late fees and interest"),
    N_("What late invoices are charged. Nothing is added unless you switch it on, and a new rule counts from the next "
       "day on, never backward."), 32,
    fields=(
        Field("consumer_on", N_("Add this to people's late invoices by itself"), "yes"),
        Field("consumer_flat", N_("People: late fee, a plain amount"), hint=N_("In your own currency; empty: none."),
              longest=16),
        Field("consumer_percent", N_("People: late fee, percent of what is unpaid"), hint=N_("0: none."), longest=6),
        Field("consumer_interest", N_("People: interest, percent a year"),
              hint=N_("Simple interest on the invoice itself, never on fees. 0: none."), longest=6),
        Field("consumer_grace", N_("People: late days before anything is added"), "whole", longest=3),
        Field("consumer_cap", N_("People: never more than so many percent of the invoice"), hint=N_("0: no limit."),
              longest=6),
        Field("business_on", N_("Add this to businesses' late invoices by itself"), "yes"),
        Field("business_flat", N_("Businesses: late fee, a plain amount"),
              hint=N_("In your own currency; empty: none."), longest=16),
        Field("business_percent", N_("Businesses: late fee, percent of what is unpaid"), hint=N_("0: none."),
              longest=6),
        Field("business_interest", N_("Businesses: interest, percent a year"),
              hint=N_("Simple interest on the invoice itself, never on fees. 0: none."), longest=6),
        Field("business_grace", N_("Businesses: late days before anything is added"), "whole", longest=3),
        Field("business_cap", N_("Businesses: never more than so many percent of the invoice"),
              hint=N_("0: no limit."), longest=6),
        Field("law", N_("Businesses: what the law sets instead"), "choice", options=tuple(LAWS.items()),
              hint=N_("Eight percentage points above the base rate, and a fixed sum once. Ask whether it applies to "
                      "you.")),
        Field("rates", N_("Base rates you have looked up"), "area",
              N_("One line for each half-year: “2026-01-01: 2.15”. Half-years we do not know and that do not stand "
                 "here bear no interest until you enter them."), 2000),
    ),
    read=_read, write=_write, weighty=_weighty,
    help=(N_("Whether fees help"), N_(
        "A fee that everybody knows of beforehand reminds; one that surprises ends a friendship. Most businesses do "
        "better with a small discount for paying early. What may be added to people's debts differs by country: ask "
        "first.")))
