"""When an installment is charged by itself, and how long before it its payer is told. Pure: days and sums come in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

# Nobody's money moves while they sleep, and who has to call their bank can do so.
CHARGE_HOUR = 9
# So many days before a debit whose amount, or whose day, is not as it was allowed.
AMOUNT_DAYS = 10
DAY_DAYS = 7
# The notice leaves a little earlier than it must, so that a mail server may rest for a night.
LEAD_DAYS = 2
KEEP_YEARS = 2
FEWEST_NOTICE_DAYS = 1


@dataclass(frozen=True)
class Debit:
    """One debit as it is going to be: its day and sum, what differs from what was allowed, how early it is told."""

    due_on: date
    amount_minor: int
    changed: str
    days: int

    @property
    def tell_on(self) -> date:
        """The day from which on its payer is to be told."""
        return self.due_on - timedelta(days=self.days + LEAD_DAYS)


def debit(allowed: Sequence[Sequence[object]], position: int, due_on: date, amount_minor: int,
          notice_days: int) -> Debit:
    """Work out a debit against what was allowed: [[position, day as text, minor units], ...].

    Worked: 50.00 on the 1st was allowed, with a notice of 3 days. 50.00 on the 1st is told 3 days before, on the 4th
    7 days before, and 40.00 on either day 10 days before.
    """
    known = next((one for one in allowed if one[0] == position), None)
    if known is None or known[2] != amount_minor:
        return Debit(due_on, amount_minor, "amount", max(AMOUNT_DAYS, notice_days))
    if known[1] != due_on.isoformat():
        return Debit(due_on, amount_minor, "day", max(DAY_DAYS, notice_days))
    return Debit(due_on, amount_minor, "", max(FEWEST_NOTICE_DAYS, notice_days))


def charge_at(day: date, zone: ZoneInfo) -> datetime:
    """Tell the moment on a day at which a debit is made where its payer is."""
    return datetime.combine(day, time(CHARGE_HOUR), zone)


def earliest(sent_at: datetime, days: int, zone: ZoneInfo) -> date:
    """Tell the first day on which a debit may be made whose notice left at a moment.

    Worked: told on the 1st, however late in the evening, with 3 days, it is the 4th.
    """
    return sent_at.astimezone(zone).date() + timedelta(days=days)


def keep_until(ended_on: date) -> date:
    """Tell how long the words of a permission are kept after it ended; of February 29 it is the 28th."""
    try:
        return ended_on.replace(year=ended_on.year + KEEP_YEARS)
    except ValueError:
        return ended_on.replace(year=ended_on.year + KEEP_YEARS, day=28)
