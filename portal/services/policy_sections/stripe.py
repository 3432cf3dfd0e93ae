"""The Stripe account money goes to; only an owner changes it, and Stripe itself is asked before it is kept."""

from __future__ import annotations

from portal.services.policy_sections import Field, Section
from portal.words.refusals import N_

SECTION = Section(
    "stripe", N_("Stripe account"),
    N_("Where card and bank debit payments go. Stripe is asked before a change is kept."), 40, permission="stripe",
    fields=(Field("stripe_account", N_("Connected account"),
                  hint=N_("It looks like acct_ and letters and digits. Empty: this installation's own account."),
                  longest=64),),
    read=lambda business, _policy: {"stripe_account": business.stripe_account or ""},
    help=(N_("What changes with it"), N_(
        "Payments that began at the old account end there; refunds of them go out from there. New ones go to the new "
        "account, once its webhook endpoint is set up.")))
