"""What the office's import page says: names of fields, and the errors of a file without the switches of a command."""

from __future__ import annotations

from collections.abc import Mapping
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
    "line_description": N_("Description"), "net_amount": N_("Amount without tax"), "tax_amount": N_("Tax"),
    "tax_percent": N_("Tax rate"), "line_amount": N_("Amount of the line"), "document": N_("Kind of document"),
    "credit_for": N_("Invoice that is credited"), "address": N_("Street"), "address2": N_("Second line of the address"),
    "city": N_("Town"), "region": N_("State or province"),
}
# What a file implied: what it is called, what the list says of it, and the answers (code, label, look).
FINDINGS: dict[str, tuple[str, str, tuple[tuple[str, str, str], ...]]] = {
    "paid": (N_("Paid elsewhere"), N_("The file says these were paid. Confirm, and the payments stand in the books."),
             (("confirm", N_("They were paid"), "primary"), ("decline", N_("Leave the books as they are"), "quiet"))),
    "gone": (N_("No longer in the file"),
             N_("The last file had these and they are open here. Look them up where the file comes from."),
             (("paid", N_("They were paid"), ""), ("credited", N_("They were cancelled"), ""),
              ("decline", N_("They are still owed"), "quiet"))),
    "credit": (N_("Credit notes"), N_("Confirm, and the sums are taken off what these debtors owe."),
               (("confirm", N_("Book the credit notes"), "primary"),
                ("decline", N_("Leave the books as they are"), "quiet"))),
    "due": (N_("Other due dates"), N_("The file has another due date for these."),
            (("confirm", N_("Take the new dates"), "primary"),
             ("decline", N_("Leave the books as they are"), "quiet"))),
    "disputed": (N_("Disputed"), N_("The file calls these disputed. They are on hold until the hold is ended."),
                 (("keep", N_("Keep the holds"), "primary"), ("release", N_("End the holds"), "quiet"))),
    "undisputed": (N_("No longer disputed"), N_("A file called these disputed, and the newest does not."),
                   (("confirm", N_("End the holds"), "primary"), ("decline", N_("Keep the holds"), "quiet"))),
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
    return words.text(message, **_shown(words, error.params))


def note(words: Words, found: Note) -> str:
    """Say what was assumed or left out."""
    return words.text(HERE.get(found.code) or imports.NOTES[found.code], **imports.shown(words, found.params))


def refused(words: Words, refusal: Refusal) -> str:
    """Say why a file as a whole could not be read."""
    message = HERE.get(refusal.code) or imports.EXPECTED.get(refusal.code)
    return words.refusal(refusal) if message is None else words.text(message, **_shown(words, refusal.params))


def _shown(words: Words, params: Mapping[str, object]) -> dict[str, object]:
    fields = params.get("fields")
    named = {"fields": [field_name(words, str(name)) for name in fields]} if isinstance(fields, list) else {}
    return imports.shown(words, {**params, **named})
