"""Thanks: the note after paying, the question how it was, the credit for paying early, and the friendly check-in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from portal.domain.errors import Refusal
from portal.domain.policy import Policy
from portal.domain.thanks import MOST_BASIS_POINTS
from portal.models import Business
from portal.services.policy_sections import Edit, Field, Reading, Section, Wrong, whole
from portal.services.setup_sums import percent, sum_of, with_sum, written, written_percent
from portal.words.refusals import N_

MOST_DAYS = 180
TICKS = ("thank_you_notes", "ask_feedback", "thank_you_credit")


def _read(business: Business, policy: Policy) -> dict[str, str]:
    currency = business.currency
    ticks = {name: "y" if getattr(policy, name) else "" for name in TICKS}
    return ticks | {
        "credit_percent": written_percent(policy.thank_you_credit_basis_points),
        "credit_amount": written((policy.thank_you_credit_amount or {}).get(currency), currency),
        "credit_cap": written((policy.thank_you_credit_cap or {}).get(currency), currency),
        "check_in_days": str(policy.check_in_days)}


def _write(typed: Mapping[str, str], _files: Mapping[str, bytes], business: Business, policy: Policy) -> Edit:
    reading, currency = Reading(typed), business.currency
    share = reading.take("credit_percent", lambda text: percent(text, most=MOST_BASIS_POINTS))
    amount = reading.take("credit_amount", lambda text: sum_of(text, currency, 1))
    cap = reading.take("credit_cap", lambda text: sum_of(text, currency, 1))
    days = reading.take("check_in_days", whole(0, MOST_DAYS))
    reading.done()
    gives = bool(typed.get("thank_you_credit"))
    if gives and bool(share) == (amount is not None):
        raise Wrong({"credit_percent": Refusal("invalid", "share_or_amount")})
    return Edit(policy=replace(
        policy, thank_you_notes=bool(typed.get("thank_you_notes")), ask_feedback=bool(typed.get("ask_feedback")),
        thank_you_credit=gives, thank_you_credit_basis_points=share, check_in_days=days,
        thank_you_credit_amount=with_sum(policy.thank_you_credit_amount, currency, amount),
        thank_you_credit_cap=with_sum(policy.thank_you_credit_cap, currency, cap)))


SECTION = Section(
    "thanks", N_("Thanks and feedback"),
    N_("What people hear from you after they have paid. Whoever stopped your emails hears nothing of this."), 35,
    fields=(
        Field("thank_you_notes", N_("Thank people the day after they have paid"), "yes",
              N_("Not while something of theirs is late: a note that thanks should not also ask.")),
        Field("ask_feedback", N_("Ask in one press how it was"), "yes",
              N_("On the page after paying, in the receipt and in the note.")),
        Field("thank_you_credit", N_("Give a credit for paying before the due date"), "yes",
              N_("It comes off their next invoice by itself. It is never paid out, and an invoice with a discount "
                 "earns none.")),
        Field("credit_percent", N_("Credit, percent of what was paid early"), hint=N_("At most 10 percent."),
              longest=6),
        Field("credit_amount", N_("Or a plain amount for each such payment"), hint=N_("In your own currency."),
              longest=16),
        Field("credit_cap", N_("At most so much for one payment"), hint=N_("In your own currency; empty: no limit."),
              longest=16),
        Field("check_in_days", N_("Days after the last payment to ask whether all is well"), "whole",
              N_("0: never. Only who owes nothing is asked, and once in half a year."), 3),
    ),
    read=_read, write=_write,
    help=(N_("Why thanks pay"), N_(
        "People who feel seen pay sooner the next time and stay. A credit is worth more than the same discount: it "
        "brings them back.")))
