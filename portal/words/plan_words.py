"""What pages say about plans: why a wish does not fit, how often is paid, and how a plan stands."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from portal.words.core import Words


def N_(message: str) -> str:
    """Mark a text for translation without saying it yet."""
    return message


OFTEN = {"weekly": N_("Every week"), "two_weeks": N_("Every two weeks"), "twice_a_month": N_("Twice a month"),
         "monthly": N_("Every month")}
# Each bound a wish may go beyond, with the bound in the sentence.
WHY = {
    "most": N_("Our plans have up to %(bound)s payments."),
    "smallest": N_("Each payment is at least %(bound)s."),
    "first": N_("The first payment is on %(bound)s at the latest."),
    "last": N_("The last payment is on %(bound)s at the latest."),
    "down": N_("At least %(bound)s is paid at once."),
    "frequency": N_("This rhythm is not offered here."),
    "law_four": N_("For private persons we agree on up to %(bound)s payments: for more, the law asks for a loan "
                   "contract with its own papers."),
}
SUMS = frozenset({"smallest", "down"})


def often(words: Words, frequency: str) -> str:
    """Say how often is paid; "" for days of one's own."""
    return words.text(OFTEN[frequency]) if frequency in OFTEN else ""


def reasons(words: Words, why: Sequence[tuple[str, int | date | str]], currency: str) -> list[str]:
    """Say which bounds a wish goes beyond, one sentence each."""
    return [words.text(WHY[code], bound=_bound(words, code, bound, currency)) if "%(" in WHY[code]
            else words.text(WHY[code]) for code, bound in why]


def _bound(words: Words, code: str, bound: int | date | str, currency: str) -> str:
    if isinstance(bound, date):
        return words.day(bound)
    if isinstance(bound, int):
        return words.money(bound, currency) if code in SUMS else words.number(bound)
    return bound
