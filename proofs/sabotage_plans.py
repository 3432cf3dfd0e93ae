"""The guards of plans: where each stands, how it is taken away, and which figure must notice."""

from __future__ import annotations

from proofs.guards import Guard
from proofs.sabotage_autopay import AUTOPAY

SCHEDULES, WRONG = ("schedules", "", ""), "schedule_wrong"

PLANS = (
    *AUTOPAY,
    Guard("months are added to the first day itself", "portal/domain/schedules.py",
          "        return [add_months(first, place) for place in range(count)]\n",
          "        found = [first]\n        for _ in range(count - 1):\n"
          "            found.append(add_months(found[-1], 1))\n        return found\n", SCHEDULES, WRONG),
    Guard("no part falls on a day of rest", "portal/domain/schedules.py",
          "        if is_open(day):\n            return day\n", "        if day:\n            return day\n", SCHEDULES,
          WRONG),
    Guard("two parts never fall on the same day", "portal/domain/schedules.py",
          "        earliest = day if not found or day > found[-1] else found[-1] + timedelta(days=1)\n",
          "        earliest = day\n", SCHEDULES, WRONG),
    Guard("no part is below what can be charged", "portal/domain/schedules.py",
          "    if min(part.amount_minor for part in parts) < smallest_part(currency):\n",
          "    if min(part.amount_minor for part in parts) < 1:\n", SCHEDULES, WRONG),
    Guard("what was chosen is all of it", "portal/domain/schedules.py", "    if chosen != total:\n",
          "    if chosen < 0:\n", SCHEDULES, WRONG),
    Guard("equal parts keep to the steps of their currency", "portal/domain/schedules.py",
          "    amounts = split_evenly(total - down, count, step(currency))\n",
          "    amounts = split_evenly(total - down, count)\n", SCHEDULES, WRONG),
)
