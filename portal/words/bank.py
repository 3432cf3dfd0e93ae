"""Words for bank statements: what a column can become, why a line may be somebody's, and what is wrong with a file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from portal.domain.errors import Refusal
from portal.domain.imports.results import RowError
from portal.words import office_imports
from portal.words.refusals import N_

if TYPE_CHECKING:
    from portal.words.core import Words

FIELDS: Mapping[str, str] = {
    "booked_on": N_("Day"), "amount": N_("Amount, in and out"), "credit": N_("Money in"), "debit": N_("Money out"),
    "direction": N_("In or out"), "currency": N_("Currency"), "payer": N_("Who paid"), "reference": N_("Reference"),
    "line_id": N_("The bank's own number"),
}
REASONS: Mapping[str, str] = {
    "announced": N_("the reference of a transfer they announced"), "invoice_number": N_("the invoice’s number"),
    "customer_number": N_("their debtor number"), "claim": N_("they told you of this sum"), "name": N_("their name"),
    "amount": N_("the very sum"), "amount_of_all": N_("the sum of all that is open"),
    "recorded": N_("written down by hand already"), "payout": N_("a payout of Stripe over this sum"),
    "day": N_("about that day"),
}
LEVELS: Mapping[str, tuple[str, str]] = {
    "sure": (N_("almost certain"), "in"), "likely": (N_("likely"), "wait"), "maybe": (N_("perhaps"), ""),
}
STATES: Mapping[str, str] = {
    "waiting": N_("Not matched"), "matched": N_("Matched"), "ignored": N_("Set aside"), "out": N_("Money out"),
}
NOT_CSV = N_("This is not a CSV file. Most banks let you download one where they list your statements.")
MISSING = N_("No column was found for: %(fields)s. Choose below which column it is.")


def reasons(words: Words, codes: Sequence[str]) -> str:
    """Say why a line may be somebody's: "the invoice's number, their name"."""
    return ", ".join(words.text(REASONS[code]) for code in codes)


def field_name(words: Words, field: str) -> str:
    """Name what a column can become."""
    return words.text(FIELDS[field])


def expected(words: Words, error: RowError) -> str:
    """Say what was expected in a cell."""
    return office_imports.expected(words, error)


def refused(words: Words, refusal: Refusal) -> str:
    """Say why a file as a whole could not be read."""
    if refusal.code == "bank_columns_missing":
        fields = refusal.params.get("fields")
        names = [field_name(words, str(name)) for name in fields] if isinstance(fields, list) else []
        return words.text(MISSING, fields=", ".join(names))
    if refusal.code == "file_not_text":
        return words.text(NOT_CSV)
    return office_imports.refused(words, refusal)
