"""Paying over time: which plans are agreed on at once, which wait for a person, and how one lives with a plan."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from portal.domain.errors import Refusal
from portal.domain.plan_rules import Band, Living, PlanRules
from portal.domain.policy import Policy
from portal.domain.schedules import FREQUENCIES, MOST_PARTS
from portal.models import Business
from portal.services.policy_sections import Edit, Field, Reading, Section, Wrong, refuse_clashes, whole
from portal.services.setup_sums import percent, sum_of, written, written_percent
from portal.words.plan_words import OFTEN
from portal.words.refusals import N_

BOUNDS = {
    "most": (1, MOST_PARTS), "longest_days": (7, 1_830), "first_within_days": (1, 366), "proposal_days": (1, 60),
    "older_than_days": (0, 3_650), "grace_days": (0, 30), "cure_days": (3, 60), "moves": (0, 12),
    "move_days": (1, 60), "skips": (0, 6), "autopay_notice_days": (1, 30),
}
MOST_DOWN = 9_000
# Which field a contradiction between the rules about plans is shown at.
AT = {"plan_no_frequency": f"often_{FREQUENCIES[-1]}", "plan_count_wrong": "most",
      "plan_first_after_last": "first_within_days", "plan_down_wrong": "large_down"}


def _read(business: Business, policy: Policy) -> dict[str, str]:
    rules, currency = policy.plan_rules, business.currency
    usual, large, old = _bands(rules.bands)
    living = rules.living
    return {
        "plans_offered": "y" if rules.offered else "",
        **{f"often_{one}": "y" if one in usual.frequencies else "" for one in FREQUENCIES},
        "most": str(usual.most), "longest_days": str(usual.longest_days),
        "first_within_days": str(usual.first_within_days),
        "smallest": written(usual.smallest_in(currency) if usual.smallest else None, currency),
        "automatic": "y" if usual.automatic else "",
        "large_from": written(large.begins_at(currency) if large else None, currency),
        "large_down": written_percent(large.down_points if large else 0),
        "large_automatic": "y" if large and large.automatic else "",
        "older_than_days": str(old.older_than_days if old else 0),
        "old_down": written_percent(old.down_points if old else 0),
        "old_automatic": "y" if old and old.automatic else "",
        "beyond_four": rules.beyond_four, "proposal_days": str(rules.proposal_days),
        "grace_days": str(living.grace_days), "cure_days": str(living.cure_days), "moves": str(living.moves),
        "move_days": str(living.move_days), "skips": str(living.skips), "extra": living.extra,
        "autopay_notice_days": str(policy.autopay_notice_days)}


def _write(typed: Mapping[str, str], _files: Mapping[str, bytes], business: Business, policy: Policy) -> Edit:
    known = _read(business, policy)
    if all(typed.get(name, "").strip() == value for name, value in known.items()):
        # What nobody touched stays to the letter, also where it says more than these fields can.
        return Edit(policy=policy)
    reading, currency = Reading(typed), business.currency
    number: dict[str, Any] = {name: reading.take(name, whole(*bounds)) for name, bounds in BOUNDS.items()}
    smallest = reading.take("smallest", lambda text: sum_of(text, currency, 1))
    large_from = reading.take("large_from", lambda text: sum_of(text, currency, 1))
    downs = {name: reading.take(name, lambda text: percent(text, most=MOST_DOWN)) for name in ("large_down",
                                                                                            "old_down")}
    for name, offered in (("beyond_four", ("stop", "owner")), ("extra", ("next", "last"))):
        if typed.get(name) not in offered:
            reading.errors[name] = Refusal("invalid", "nothing_chosen")
    reading.done()
    often = tuple(one for one in FREQUENCIES if typed.get(f"often_{one}"))
    if not often:
        raise Wrong({f"often_{FREQUENCIES[-1]}": Refusal("invalid", "plan_no_frequency")})
    usual = Band(most=number["most"], longest_days=number["longest_days"],
                 first_within_days=number["first_within_days"], frequencies=often,
                 smallest={} if smallest is None else {currency: smallest}, automatic=bool(typed.get("automatic")))
    bands = [usual]
    if large_from is not None:
        bands.append(replace(usual, from_minor={currency: large_from}, down_points=downs["large_down"],
                             automatic=bool(typed.get("large_automatic"))))
    if number["older_than_days"]:
        bands.append(replace(usual, older_than_days=number["older_than_days"], down_points=downs["old_down"],
                             automatic=bool(typed.get("old_automatic"))))
    living = Living(number["grace_days"], number["cure_days"], number["moves"], number["move_days"], number["skips"],
                    typed["extra"], policy.plan_rules.living.retry_days)
    told = replace(policy, autopay_notice_days=number["autopay_notice_days"])
    wanted = told.with_plans(PlanRules(bool(typed.get("plans_offered")), tuple(bands), typed["beyond_four"],
                                       number["proposal_days"], living))
    refuse_clashes(wanted, ("plans",), has_bank_details=bool(business.bank_details), at=AT)
    return Edit(policy=wanted)


def _bands(bands: Sequence[Band]) -> tuple[Band, Band | None, Band | None]:
    """Take the bounds apart: the usual ones, those for large sums, those for old debts."""
    usual = next((band for band in bands if not band.from_minor and not band.older_than_days), bands[0])
    large = next((band for band in bands if band.from_minor and not band.older_than_days), None)
    return usual, large, next((band for band in bands if band.older_than_days), None)


SECTION = Section(
    "plans", N_("Plans"), N_("Which plans to pay over time are agreed on at once, and which wait for one of you."), 37,
    fields=(
        Field("plans_offered", N_("Let people choose a plan on their page"), "yes"),
        *(Field(f"often_{one}", OFTEN[one], "yes") for one in FREQUENCIES),
        Field("most", N_("The most payments"), "whole",
              N_("More than four for a private person can fall under the law on consumer credit."), 3),
        Field("longest_days", N_("The last payment is within so many days"), "whole", longest=4),
        Field("first_within_days", N_("The first payment is within so many days"), "whole", longest=3),
        Field("smallest", N_("The smallest payment"), hint=N_("In your own currency; empty: what can be charged."),
              longest=16),
        Field("automatic", N_("Agree at once to what fits"), "yes", N_("Else one of you decides about each.")),
        Field("large_from", N_("Large sums begin at"), hint=N_("In your own currency; empty: none are large."),
              longest=16),
        Field("large_down", N_("Of a large sum, percent at once"), longest=6),
        Field("large_automatic", N_("Agree at once to large ones"), "yes"),
        Field("older_than_days", N_("Old debts are more than so many days late"), "whole", N_("0: none are old."), 4),
        Field("old_down", N_("Of an old debt, percent at once"), longest=6),
        Field("old_automatic", N_("Agree at once to old ones"), "yes"),
        Field("beyond_four", N_("When a private person wishes for more than four payments"), "choice",
              options=(("stop", N_("Say that it cannot be agreed on here")),
                       ("owner", N_("Let an owner look at it and confirm it")))),
        Field("proposal_days", N_("A proposed plan can be signed for so many days"), "whole", longest=2),
        Field("grace_days", N_("A payment is in time until so many days after its day"), "whole", longest=2),
        Field("cure_days", N_("Days to mend it after the last notice"), "whole", longest=2),
        Field("moves", N_("How often a day may be moved"), "whole", longest=2),
        Field("move_days", N_("How far a day may be moved, in days"), "whole", longest=2),
        Field("skips", N_("How often a payment may be put to the end or spread"), "whole", longest=1),
        Field("extra", N_("Money beyond the payment of the day"), "choice",
              options=(("next", N_("counts for the next one")), ("last", N_("counts for the last one")))),
        Field("autopay_notice_days", N_("People are told of an automatic charge so many days before"), "whole",
              N_("More where its day (7) or its amount (10) has changed."), 2),
    ),
    read=_read, write=_write,
    help=(N_("Plans that are kept"), N_(
        "People keep a plan they have chosen themselves. Small, regular payments soon after the first reminder bring "
        "in more than a large sum that is promised and never comes.")))
