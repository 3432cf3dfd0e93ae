"""What the office's import page says: names of fields, and the errors of a file without the switches of a command."""

from __future__ import annotations

from typing import TYPE_CHECKING

from portal.domain.errors import Refusal
from portal.domain.imports import Note, RowError
from portal.words import imports

if TYPE_CHECKING:
    from portal.words.core import Words


def N_(message: str) -> str:
    """Mark a text for translation without saying it yet."""
    return message


FIELDS: dict[str, str] = {
    "invoice_number": N_("Invoice number"), "customer_number": N_("Debtor's number"), "issued_on": N_("Issue date"),
    "due_on": N_("Due date"), "amount": N_("Amount"), "currency": N_("Currency"), "disputed": N_("Disputed"),
    "settled_on": N_("Day it was paid"), "paid_amount": N_("Paid so far"), "open_amount": N_("Open amount"),
    "paid": N_("Paid or not"), "status": N_("State"), "customer_name": N_("Debtor's name"), "email": N_("Email"),
    "phone": N_("Phone"), "postal_code": N_("Postal code"), "country": N_("Country"), "locale": N_("Language"),
    "kind": N_("Consumer or business"),
    "line_description": N_("Description"),
}
# The command line names its switches; here the choice is on the page.
HERE: dict[str, str] = {
    "amount_ambiguous": N_("This amount can be read in two ways; choose the decimal mark below."),
    "columns_missing": N_("No column was found for: %(fields)s. Choose below which column it is."),
    "date_order_assumed": N_("The dates of “%(column)s” could be read in two ways; they were read as %(order)s. "
                             "If that is wrong, choose the order below."),
    "decimal_assumed": N_("“%(mark)s” was read as the decimal mark. If that is wrong, choose it below."),
}


def field_name(words: Words, field: str) -> str:
    """Name what a column can become."""
    return words.text(FIELDS[field]) if field in FIELDS else field


def expected(words: Words, error: RowError) -> str:
    """Say what was expected in a cell."""
    message = HERE.get(error.code) or imports.EXPECTED[error.code]
    return words.text(message, **imports.shown(words, error.params))


def note(words: Words, found: Note) -> str:
    """Say what was assumed or left out."""
    return words.text(HERE.get(found.code) or imports.NOTES[found.code], **imports.shown(words, found.params))


def refused(words: Words, refusal: Refusal) -> str:
    """Say why a file as a whole could not be read."""
    message = HERE.get(refusal.code)
    if message is None:
        return imports.refusal_line(words, refusal)
    params, fields = dict(refusal.params), refusal.params.get("fields")
    if isinstance(fields, list):
        params["fields"] = [field_name(words, name) for name in fields]
    return words.text(message, **imports.shown(words, params))
