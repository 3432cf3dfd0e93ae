"""The terms: how small a part may be, how long links and transfers wait, fees, quiet hours, and who decides alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from portal.domain.currencies import minimum_charge
from portal.domain.errors import Refusal
from portal.domain.limitation import WHOM, YOUNGEST_DAYS
from portal.domain.policy import MOST_GAP_DAYS, Policy
from portal.models import Business
from portal.services.policy_sections import Edit, Field, Reading, Section, refuse_clashes, whole
from portal.services.setup_sums import sum_of, with_sum, written
from portal.words.refusals import N_

BOUNDS = {
    "link_days": (1, 180), "pay_only_link_days": (1, 180), "transfer_wait_days": (1, 30),
    "discount_grace_minutes": (0, 1440), "quiet_from_hour": (0, 23), "quiet_until_hour": (0, 23),
    "reminder_gap_days": (1, MOST_GAP_DAYS), "answer_business_days": (1, 20),
    "limitation_after_days": (YOUNGEST_DAYS, 3_650),
}
# The limit of one person can be lifted to at most so many times the product's own.
MOST_LIMITS = 100


def _read(business: Business, policy: Policy) -> dict[str, str]:
    values = {name: str(getattr(policy, name)) for name in BOUNDS}
    return values | {
        "minimum_part": written((policy.minimum_part or {}).get(business.currency), business.currency),
        "second_approver_above": written((policy.second_approver_above or {}).get(business.currency),
                                         business.currency),
        "bank_transfer": "y" if policy.bank_transfer else "",
        "limitation_whom": policy.limitation.whom,
        "business_debtors_skip_check": "y" if policy.business_debtors_skip_check else "",
    }


def _write(typed: Mapping[str, str], _files: Mapping[str, bytes], business: Business, policy: Policy) -> Edit:
    reading, currency = Reading(typed), business.currency
    values: dict[str, Any] = {name: reading.take(name, whole(*bounds)) for name, bounds in BOUNDS.items()}
    least = reading.take("minimum_part", lambda text: sum_of(text, currency, minimum_charge(currency)))
    limit = reading.take("second_approver_above", lambda text: _limit(text, currency))
    whom = reading.take("limitation_whom", _whom)
    reading.done()
    wanted = replace(
        policy, **values, minimum_part=with_sum(policy.minimum_part, currency, least),
        second_approver_above=with_sum(policy.second_approver_above, currency, limit),
        bank_transfer=bool(typed.get("bank_transfer")), limitation_whom=whom,
        business_debtors_skip_check=bool(typed.get("business_debtors_skip_check")))
    refuse_clashes(wanted, (*BOUNDS, "bank_transfer"), has_bank_details=bool(business.bank_details))
    return Edit(policy=wanted)


def _whom(text: str) -> str:
    if text not in WHOM:
        raise Refusal("invalid", "setting_missing")
    return text


def _limit(text: str, currency: str) -> int | None:
    limit, most = sum_of(text, currency, 0), MOST_LIMITS * Policy().second_person_above(currency)
    if limit is not None and limit > most:
        raise Refusal("invalid", "amount_too_large", maximum=most, currency=currency)
    return limit


def _weighty(edit: Edit, business: Business, policy: Policy) -> tuple[str, ...]:
    """Lifting the limit, also by leaving it empty, lets one person do more alone; lowering it never does."""
    wanted, currency = edit.policy or policy, business.currency
    lifted = wanted.second_person_above(currency) > policy.second_person_above(currency)
    return ("second_approver_above",) if lifted else ()


SECTION = Section(
    "terms", N_("Terms"), N_("The rules your debtors and your staff work by. Every change makes a new dated version."),
    30,
    fields=(
        Field("minimum_part", N_("Smallest part payment"),
              hint=N_("In your own currency; empty: the smallest sum that can be charged at all."), longest=16),
        Field("bank_transfer", N_("Offer bank transfer"), "yes"),
        Field("transfer_wait_days", N_("Days reminders wait for an announced transfer"), "whole", longest=3),
        Field("link_days", N_("Days a link in an email works"), "whole", longest=3),
        Field("pay_only_link_days", N_("Days a link to pay only works"), "whole", longest=3),
        Field("business_debtors_skip_check", N_("Companies need no check behind their link"), "yes"),
        Field("discount_grace_minutes", N_("Minutes a discount stays open for a payment already begun"), "whole",
              longest=4),
        Field("quiet_from_hour", N_("No reminders from this hour"), "whole",
              N_("0 to 23, in the debtor's own day."), 2),
        Field("quiet_until_hour", N_("Until this hour"), "whole", N_("0 to 23, in the debtor's own day."), 2),
        Field("reminder_gap_days", N_("Days between two reminders, at least"), "whole",
              N_("1 to 14; a reminder that comes too soon waits."), 2),
        Field("answer_business_days", N_("Working days within which you answer questions"), "whole", longest=2),
        Field("limitation_whom",
              N_("Who is told, before a part payment or a signature, what the law says on old debts"), "choice",
              options=(("everyone", N_("Everyone")), ("consumers", N_("Consumers only")), ("nobody", N_("Nobody")))),
        Field("limitation_after_days", N_("From so many days after the due date"), "whole",
              N_("1,095 days are three years. Which limit holds, your lawyer knows."), 4),
        Field("second_approver_above", N_("Refunds and write-offs above this need a second person"),
              hint=N_("In your own currency; empty: the product's own limit."), longest=16),
    ),
    read=_read, write=_write, weighty=_weighty,
    help=(N_("What good terms are"), N_(
        "Short, and the same for everybody. A small smallest part lets people begin; most who begin finish.")))
