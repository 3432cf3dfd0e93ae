"""Words for disputes that both sides read: what can be wrong, what would put it right, and how it stands."""

from __future__ import annotations

from collections.abc import Mapping

from portal.words.refusals import N_

REASONS: Mapping[str, str] = {
    "not_received": N_("I did not receive it"), "wrong_amount": N_("The amount is wrong"),
    "duplicate": N_("It is billed twice"), "already_paid": N_("I already paid it"),
    "quality": N_("Something was not right with it"), "not_mine": N_("It is not mine"),
    "other": N_("Something else"),
}
WANTS: Mapping[str, str] = {
    "credit": N_("Take it off the invoice"), "document": N_("Send me a paper that shows it"),
    "correction": N_("Correct the invoice"), "call": N_("Call me about it"),
}
STATES: Mapping[str, str] = {
    "open": N_("We are looking at it"), "upheld": N_("Credited"), "partly_upheld": N_("Partly credited"),
    "rejected": N_("Stays as it is"), "withdrawn": N_("Taken back"),
}
# The same, as the office reads it.
OFFICE_REASONS: Mapping[str, str] = {
    "not_received": N_("Not received"), "wrong_amount": N_("Wrong amount"), "duplicate": N_("Billed twice"),
    "already_paid": N_("Already paid"), "quality": N_("Quality"), "not_mine": N_("Not theirs"),
    "other": N_("Something else"),
}
OFFICE_WANTS: Mapping[str, str] = {
    "credit": N_("A credit"), "document": N_("A document"), "correction": N_("A corrected invoice"),
    "call": N_("A call"),
}
