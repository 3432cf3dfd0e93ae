"""Sentences for refusals about automatic payments and about paying an installment."""

from __future__ import annotations


def N_(message: str) -> str:
    """Mark a text for translation without saying it yet."""
    return message


AUTOPAY: dict[str, str] = {
    "autopay_not_allowed": N_("Automatic payments are off for this plan. Please turn them on first."),
    "method_unusable": N_("This card or account can no longer be charged. Please save another one."),
    "installment_paid": N_("There is nothing left to pay here."),
    "plan_changed": N_("The plan has changed since you looked. Please look again; nothing was charged."),
    "autopay_reconcile_first": N_("The books have not been held against Stripe since automatic payments were stopped. "
                                  "Run reconcile --all first."),
    "autopay_suspense": N_("Money that the books had forgotten waits in suspense: %(n)s payments. Say whose it is "
                           "first; until then nothing is charged by itself."),
}
