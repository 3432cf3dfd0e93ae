"""Three sets of rules to begin from, each a file of data beside this one: gentle, standard and firm.

A file names fields of domain/policy.py. `minimum_part_charges` says the smallest part in smallest charges of a
currency, which know what it is worth. What a file does not name stays as the business has it.
"""

from __future__ import annotations

import json
from dataclasses import fields, replace
from functools import cache
from importlib.resources import files
from typing import Any

from portal.domain.currencies import minimum_charge
from portal.domain.errors import Refusal
from portal.domain.policy import Policy

NAMES = ("gentle", "standard", "firm")
_CHARGES = "minimum_part_charges"
# What of it can contradict something else.
TOUCHED = ("deferral_days", "deferral_longest_days", "promise_days", "plans", "settlements")


def applied(policy: Policy, name: str, currency: str) -> Policy:
    """Give a policy with the rules of a preset in place of its own.

    Worked: "standard" lets debtors in US dollars pay parts from 10.00 on, 20 times the smallest charge. Raises Refusal
    setting_missing for a preset there is not.
    """
    if name not in NAMES:
        raise Refusal("invalid", "setting_missing")
    data = dict(_read(name))
    least = int(data.pop(_CHARGES)) * minimum_charge(currency)
    return replace(policy, **data, minimum_part={**(policy.minimum_part or {}), currency: least})


def in_use(policy: Policy, currency: str) -> str:
    """Name the preset whose rules a policy has, or "" when it has its own."""
    return next((name for name in NAMES if applied(policy, name, currency) == policy), "")


@cache
def _read(name: str) -> dict[str, Any]:
    data: dict[str, Any] = json.loads(files(__name__).joinpath(f"{name}.json").read_text("utf-8"))
    known = {field.name for field in fields(Policy)} | {_CHARGES}
    if not set(data) <= known:
        raise ValueError(f"the preset {name} names rules there are not")
    return data
