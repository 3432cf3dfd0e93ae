"""The help a business gives without asking anybody: more time, promised days, and money that is said to be paid."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from portal.domain.policy import Policy
from portal.models import Business
from portal.services.policy_sections import Edit, Field, Reading, Section, refuse_clashes, whole
from portal.words.refusals import N_

BOUNDS = {
    "deferral_days": (0, 180), "deferral_longest_days": (1, 365), "deferrals_a_year": (0, 12),
    "promise_days": (0, 92), "hardship_review_days": (7, 365), "claim_wait_days": (1, 60),
    "dispute_answer_days": (3, 90),
}


def _read(_business: Business, policy: Policy) -> dict[str, str]:
    return {name: str(getattr(policy, name)) for name in BOUNDS}


def _write(typed: Mapping[str, str], _files: Mapping[str, bytes], business: Business, policy: Policy) -> Edit:
    reading = Reading(typed)
    values: dict[str, Any] = {name: reading.take(name, whole(*bounds)) for name, bounds in BOUNDS.items()}
    reading.done()
    wanted = replace(policy, **values)
    refuse_clashes(wanted, BOUNDS, has_bank_details=bool(business.bank_details))
    return Edit(policy=wanted)


SECTION = Section(
    "help", N_("Help"), N_("What debtors get at once when they ask, and what waits for one of you."), 35,
    fields=(
        Field("deferral_days", N_("Days of time given at once"), "whole",
              N_("Without fees and reminders. 0: one of you decides each time."), 3),
        Field("deferrals_a_year", N_("How often within a year"), "whole",
              N_("After that one of you decides."), 2),
        Field("deferral_longest_days", N_("The furthest day somebody can ask for, in days"), "whole", longest=3),
        Field("promise_days", N_("The furthest day somebody can promise, in days"), "whole",
              N_("0: promised days are not taken."), 2),
        Field("hardship_review_days", N_("Days until you look again at hard times"), "whole", longest=3),
        Field("claim_wait_days", N_("Days reminders wait for money somebody says is paid"), "whole", longest=2),
        Field("dispute_answer_days", N_("Days until a dispute is decided"), "whole",
              N_("Debtors are promised this day. What they dispute rests until then."), 2),
    ),
    read=_read, write=_write,
    help=(N_("Why time is cheap"), N_(
        "Most people who ask for time pay on the day they name. Who has to ask a person first often does not ask at "
        "all, and stays away.")))
