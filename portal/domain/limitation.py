"""Old debts: when a part payment or a signed word may begin a legal time limit anew, so that this is said before. Pure.

Facts of law differ by country and state; the age from which the notice is shown is the business's choice.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

Whom = Literal["everyone", "consumers", "nobody"]
WHOM: tuple[Whom, ...] = ("everyone", "consumers", "nobody")
KIND = "limitation"
# No rule may begin earlier; what is younger needs no look.
YOUNGEST_DAYS = 180


@dataclass(frozen=True)
class LimitationRule:
    """From which age of a debt, in days after its due date, and to whom the notice is shown."""

    after_days: int
    whom: Whom


def applies(rule: LimitationRule, debtor_kind: str, due_days: Iterable[date], today: date) -> bool:
    """Say whether the notice belongs before an act on invoices that were due on these days.

    Worked: shown after 1,095 days, an invoice due on 2023-11-10 gets it from 2026-11-09 on.
    """
    if rule.whom == "nobody" or (rule.whom == "consumers" and debtor_kind != "consumer"):
        return False
    return any(today >= due_on + timedelta(days=rule.after_days) for due_on in due_days)
