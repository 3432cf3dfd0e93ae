"""Whom to call today, and why: a ranking that explains itself. Pure; sentences for its codes are in words/calls.py.

A call is worth making when it is likely to change something this week and nothing speaks against it. What speaks first
decides the place; within the same reason the larger sum comes first, measured by what each currency is worth.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from portal.domain.currencies import minimum_charge

# The order of what a call is likely to change; the first reason of a debtor decides.
ASKED_CALL = "asked_call"
PROMISE_BROKEN = "promise_broken"
PAYMENT_FAILED = "payment_failed"
QUESTION = "question"
TURNS = "turns"
OPENED_AND_LEFT = "opened_and_left"
NO_EMAIL = "no_email"
WANTS_NO_EMAIL = "wants_no_email"
SILENT = "silent"
LATE = "late"
PAID_BEFORE = "paid_before"
NEVER_CALLED = "never_called"
ORDER = (ASKED_CALL, PROMISE_BROKEN, PAYMENT_FAILED, QUESTION, TURNS, OPENED_AND_LEFT, NO_EMAIL,
         WANTS_NO_EMAIL, SILENT, LATE)

# A reminder is given this long before a person calls, unless there is more to say than "late".
FIRST_CALL_AFTER_DAYS = 7
FAILED_LATELY = timedelta(days=14)
OPENED_LATELY = timedelta(days=7)
UNANSWERED_EMAILS = 3
# Lateness that changes what a debt is worth: a call before the day is better than one after it.
MILESTONES = (60, 90)
SOON_DAYS = 7
STEP = 100_000_000

Reason = tuple[str, Mapping[str, int | str]]


@dataclass(frozen=True)
class CallFacts:
    """What is known of one debtor today. `free_minor` is what is overdue and under no hold, in one currency."""

    currency: str
    free_minor: int
    overdue_minor: int
    days_late: int
    has_phone: bool = True
    erased: bool = False
    call_from: date | None = None
    asked_call_on: date | None = None
    question_on: date | None = None
    promised_on: date | None = None
    # What they promised last has not come.
    promise_open: bool = False
    failed_on: date | None = None
    failed_minor: int = 0
    opened_on: date | None = None
    reachable_by_email: bool = True
    # They asked for no emails that ask for money; a call is not one of them.
    wants_no_email: bool = False
    unanswered_emails: int = 0
    called_on: date | None = None
    paid_invoices: int = 0
    paid_late: int = 0


@dataclass(frozen=True)
class Call:
    """One call worth making: the higher the score the sooner, and the reasons for it, the strongest first."""

    score: int
    reasons: tuple[Reason, ...]


def rank(facts: CallFacts, today: date) -> Call | None:
    """Say whether to call somebody today and why; None when not.

    Worked: 845.00 pounds overdue for 118 days and "please call me" since this morning: the reasons are asked_call,
    then late (118 days), and no promise, failure or silence of anybody else comes before it.
    """
    if why_not(facts, today):
        return None
    found = dict(_reasons(facts, today))
    strongest = next((code for code in ORDER if code in found), None)
    if strongest is None:
        return None
    others = tuple((code, values) for code, values in found.items() if code != strongest)
    return Call(_score(strongest, facts), ((strongest, found[strongest]), *others))


def why_not(facts: CallFacts, today: date) -> str:
    """Say what speaks against a call, as a code; "" when nothing does."""
    if facts.erased:
        return "erased"
    if not facts.has_phone:
        return "no_phone"
    if facts.call_from is not None and facts.call_from > today:
        return "put_off"
    if facts.called_on is not None and facts.called_on >= today:
        return "called_today"
    if facts.asked_call_on is not None:
        # They wish to talk: no hold and no promise speaks against that.
        return ""
    if facts.overdue_minor <= 0:
        return "nothing_overdue"
    if facts.free_minor <= 0:
        return "held"
    if facts.promise_open and facts.promised_on is not None and facts.promised_on >= today:
        return "promised"
    return ""


def _reasons(facts: CallFacts, today: date) -> list[Reason]:
    found: list[Reason] = []
    if facts.asked_call_on is not None:
        found.append((ASKED_CALL, {"on": facts.asked_call_on.isoformat()}))
    if facts.promise_open and facts.promised_on is not None and facts.promised_on < today:
        found.append((PROMISE_BROKEN, {"on": facts.promised_on.isoformat()}))
    if facts.failed_on is not None and today - facts.failed_on <= FAILED_LATELY:
        found.append((PAYMENT_FAILED, {"on": facts.failed_on.isoformat(), "minor": facts.failed_minor}))
    if facts.question_on is not None:
        found.append((QUESTION, {"on": facts.question_on.isoformat()}))
    found.extend(_lateness(facts, today))
    if facts.opened_on is not None and today - facts.opened_on <= OPENED_LATELY:
        found.append((OPENED_AND_LEFT, {"on": facts.opened_on.isoformat()}))
    if not facts.reachable_by_email:
        found.append((NO_EMAIL, {}))
    elif facts.wants_no_email:
        found.append((WANTS_NO_EMAIL, {}))
    elif facts.unanswered_emails >= UNANSWERED_EMAILS:
        found.append((SILENT, {"n": facts.unanswered_emails}))
    return [*found, *_background(facts)]


def _lateness(facts: CallFacts, today: date) -> list[Reason]:
    for days in MILESTONES:
        ahead = days - facts.days_late
        if 0 <= ahead <= SOON_DAYS:
            return [(TURNS, {"days": days, "on": (today + timedelta(days=ahead)).isoformat()})]
    return [(LATE, {"days": facts.days_late})] if facts.days_late >= FIRST_CALL_AFTER_DAYS else []


def _background(facts: CallFacts) -> list[Reason]:
    """What helps the caller and moves nobody up."""
    found: list[Reason] = []
    if facts.called_on is None:
        found.append((NEVER_CALLED, {}))
    if facts.paid_invoices:
        found.append((PAID_BEFORE, {"n": facts.paid_invoices, "late": facts.paid_late}))
    return found


def _score(strongest: str, facts: CallFacts) -> int:
    # The smallest charge knows what a currency is worth, so that yen do not come before dollars by their digits.
    worth = max(facts.free_minor, facts.overdue_minor, 0) // minimum_charge(facts.currency)
    return (len(ORDER) - ORDER.index(strongest)) * STEP + min(worth, STEP - 1)
