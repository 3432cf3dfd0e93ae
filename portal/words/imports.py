"""What an import, a check of the books and a new business say on the command line: counts, notes, and each error.

An error names the row as a spreadsheet counts it, the column, what was read, and what was expected.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING, Protocol

from portal.domain.errors import Refusal
from portal.domain.imports import Note, RowError
from portal.domain.listing import neutralized

if TYPE_CHECKING:
    from portal.words.core import Words


def N_(message: str) -> str:
    """Mark a text for translation without saying it yet."""
    return message


class Change(Protocol):
    """An invoice whose total is another now, minor units."""

    @property
    def number(self) -> str: ...
    @property
    def currency(self) -> str: ...
    @property
    def before(self) -> int: ...
    @property
    def now(self) -> int: ...


class Report(Protocol):
    """What an import tells of itself."""

    @property
    def rows(self) -> int: ...
    @property
    def new(self) -> int: ...
    @property
    def changed(self) -> int: ...
    @property
    def unchanged(self) -> int: ...
    @property
    def gone(self) -> int: ...
    @property
    def gone_open(self) -> int: ...
    @property
    def settled_since(self) -> int: ...
    @property
    def part_paid_since(self) -> int: ...
    @property
    def credits(self) -> int: ...
    @property
    def other_dates(self) -> int: ...
    @property
    def no_longer_disputed(self) -> int: ...
    @property
    def findings(self) -> int: ...
    @property
    def tells_something(self) -> bool: ...
    @property
    def preset(self) -> str: ...
    @property
    def remembered(self) -> bool: ...
    @property
    def settled(self) -> int: ...
    @property
    def partly_paid(self) -> int: ...
    @property
    def holds(self) -> int: ...
    @property
    def new_debtors(self) -> int: ...
    @property
    def new_consumers(self) -> int: ...
    @property
    def new_businesses(self) -> int: ...
    @property
    def kinds_assumed(self) -> int: ...
    @property
    def errors(self) -> Sequence[RowError]: ...
    @property
    def notes(self) -> Sequence[Note]: ...
    @property
    def unmapped(self) -> Sequence[str]: ...
    @property
    def changes(self) -> Sequence[Change]: ...


ORDERS = {"dmy": N_("day, month, year"), "mdy": N_("month, day, year"), "ymd": N_("year, month, day")}

EXPECTED: dict[str, str] = {
    # Cells
    "cell_missing": N_("A value is needed here."),
    "cell_too_long": N_("At most %(maximum)s characters fit here."),
    "cell_control_character": N_("An invisible character (%(codepoint)s) has to be taken out."),
    "cell_formula": N_("A value is expected, not a formula."),
    "number_damaged": N_("A spreadsheet has rounded this number; export it again as text."),
    "yes_no_expected": N_("Yes or no is expected."),
    "status_unknown": N_("A status such as open, paid or disputed is expected."),
    "locale_expected": N_("A language code such as en or es is expected."),
    "email_expected": N_("One email address is expected."),
    "kind_expected": N_("Consumer or business is expected."),
    "date_unreadable": N_("A date is expected, in the order %(order)s."),
    "date_out_of_range": N_("A date between %(earliest)s and %(latest)s is expected."),
    "amount_empty": N_("An amount is expected."),
    "amount_too_long": N_("That is too long for an amount."),
    "amount_control_character": N_("An amount is expected."),
    "amount_not_a_number": N_("An amount is expected."),
    "amount_other_currency": N_("An amount in %(currency)s is expected."),
    "amount_ambiguous": N_("This amount can be read in two ways; state the decimal mark with --decimal."),
    "amount_too_precise": N_("%(currency)s has only %(decimals)s decimals."),
    "amount_too_large": N_("An amount of at most %(maximum)s is expected."),
    "amount_step": N_("%(currency)s can only be charged in steps of %(step)s."),
    "amount_zero": N_("An amount above zero is expected."),
    "amount_negative": N_("An amount that is not below zero is expected."),
    "percent_expected": N_("A rate such as 20 % is expected."),
    "document_expected": N_("Invoice or credit note is expected."),
    "address_too_long": N_("The address has more than %(maximum)s characters."),
    "currency_unknown": N_("A currency that can be charged is expected."),
    # Rows
    "row_length": N_("%(expected)s cells are expected, %(found)s are there."),
    "due_before_issued": N_("A due date on or after the invoice's own, %(issued_on)s, is expected."),
    "settled_in_future": N_("A day up to today, %(today)s, is expected."),
    "paid_more_than_amount": N_("At most the invoice's amount, %(amount)s, can have been paid."),
    "open_more_than_amount": N_("At most the invoice's amount, %(amount)s, can be open."),
    "settled_but_open": N_("The row says settled, so nothing can be open."),
    "amounts_disagree": N_("What is paid and open has to add up: %(expected)s is expected."),
    "tax_disagrees": N_("With the net amount and the total, a tax of %(expected)s is expected."),
    "tax_above_amount": N_("A tax within the amount is expected."),
    "lines_disagree": N_("The lines of this invoice come to %(expected)s; the same total is expected."),
    "rows_disagree": N_("The same is expected here as in the first row of this invoice."),
    "invoice_duplicate": N_("This invoice number was already in row %(first_row)s. If rows are lines of one invoice, "
                            "their sum is the “amount of the line”."),
    "email_differs": N_("This customer has another address in row %(first_row)s."),
    "invoice_differs": N_("Invoice %(invoice)s exists and differs: the books have %(known)s."),
    # Whole files
    "file_empty": N_("The file is empty."),
    "file_too_large": N_("The file is too large."),
    "file_not_text": N_("This is neither a CSV nor an XLSX file; save it as one of them."),
    "file_damaged": N_("The file is damaged and cannot be opened; save it again."),
    "file_protected": N_("The file is locked with a password; save it without one."),
    "file_xml_unsafe": N_("The file declares things that no invoice needs, and was not opened."),
    "file_no_e_invoice": N_("There is no e-invoice in this file."),
    "e_invoice_invalid": N_("The e-invoice does not keep to its standard: %(problem)s."),
    "e_invoice_incomplete": N_("The e-invoice does not say: %(fields)s."),
    "archive_in_archive": N_("An archive inside an archive is not opened; put all files into one."),
    "archive_too_many_files": N_("There are more than %(maximum)s files in the archive; divide it."),
    "invoice_in_two_files": N_("This invoice is in the file %(first)s already."),
    "files_not_together": N_("Only e-invoices (PDF or XML) can be sent several at once; send a list by itself."),
    "import_under_way": N_("Another file is being taken in. Please try again when it is done."),
    "file_encoding_unknown": N_("The file's characters cannot be read; save it as CSV in UTF-8."),
    "file_csv_broken": N_("Row %(row)s cannot be read; a quotation mark is missing there."),
    "file_no_rows": N_("There are no rows below the headers."),
    "file_too_many_rows": N_("The file has more than %(maximum)s rows; divide it."),
    "file_too_many_columns": N_("Row %(row)s has more than %(maximum)s columns."),
    "columns_missing": N_("No column was found for: %(fields)s. Name it with --map. The file has: %(found)s."),
    "header_duplicate": N_("The header “%(header)s” stands there twice; rename one."),
    "mapping_unknown_field": N_("There is no field %(fields)s. The fields are: %(known)s."),
    "mapping_unknown_header": N_("There is no header %(headers)s. The file has: %(found)s."),
    # Businesses
    "unknown_business": N_("There is no business “%(slug)s”."),
    "slug_malformed": N_("The short name takes small letters, digits and dashes only."),
    "slug_taken": N_("There is a business “%(slug)s” already."),
    "business_text_missing": N_("A value is needed for %(name)s."),
    "business_text_too_long": N_("At most %(longest)s characters fit into %(name)s."),
    "timezone_unknown": N_("A time zone such as America/New_York is expected, not “%(timezone)s”."),
    "language_unknown": N_("One of these languages is expected: %(known)s."),
    "country_unknown": N_("A country's two letters such as US are expected, not “%(country)s”."),
    "color_malformed": N_("A color written like #2f5d3a is expected."),
    "color_hard_to_read": N_("Text in this color would be hard to read; choose another."),
}

NOTES: dict[str, str] = {
    "date_order_assumed": N_("The dates of “%(column)s” could be read in two ways; they were read as %(order)s. "
                             "State it with --date-order."),
    "decimal_assumed": N_("“%(mark)s” was read as the decimal mark. State it with --decimal."),
    "encoding_assumed": N_("The file is not in UTF-8; it was read as %(encoding)s. Look at names with accents."),
    "country_ignored": N_("Rows whose country was left out, as it is no two-letter code: %(rows)s."),
    "rows_not_collectable": N_("Rows left out, as nothing is owed on them (drafts, void or written off, payments): "
                               "%(rows)s."),
    "rows_of_totals": N_("Rows left out, as they add up the others: %(rows)s."),
    "paid_before_kept": N_("Invoices that came as paid and are open in this file; the books stay: %(rows)s."),
    "issue_date_kept": N_("Invoices with another issue date in this file; the books stay: %(rows)s."),
    "credits_of_strangers": N_("Credit notes left out, as nothing else is known of their customer: %(rows)s."),
    "addresses_added": N_("Debtors whose postal address is added: %(debtors)s."),
    "debtor_details_kept": N_("Debtors whose name or contact differs in the file, kept as they are: %(debtors)s."),
    "descriptions_cut": N_("Descriptions cut to 200 characters: %(rows)s."),
}

STEPS: dict[str, str] = {
    "reading": N_("Reading the file"), "staging": N_("Getting ready"), "publishing": N_("Into the books"),
}
ERROR_HEADS = (N_("Row"), N_("Column"), N_("What we read"), N_("What we expected"))

DIFFERENCES: dict[str, str] = {
    "kept debits": N_("total of debits"),
    "kept credits": N_("total of credits"),
    "transfer across a border": N_("transfer between two businesses or currencies"),
    "invoice not as issued": N_("invoice and its posting"),
    "payment in the ledger": N_("payment and its postings"),
    "returned in the ledger": N_("money returned and its postings"),
    "payment and its invoices": N_("payment and its invoices"),
}


def report_lines(words: Words, report: Report, *, dry_run: bool) -> list[str]:
    """Tell what an import did, or would do, one sentence a line; errors are apart (`error_line`)."""
    counts = (
        (N_("New invoices: %(n)s"), report.new), (N_("Changed: %(n)s"), report.changed),
        (N_("Unchanged: %(n)s"), report.unchanged), (N_("Gone from the file: %(n)s"), report.gone),
        (N_("Settled: %(n)s"), report.settled), (N_("Partly paid: %(n)s"), report.partly_paid),
        (N_("Held as disputed: %(n)s"), report.holds), (N_("New debtors: %(n)s"), report.new_debtors))
    implied = (
        (N_("Settled elsewhere since, to be confirmed: %(n)s"), report.settled_since),
        (N_("Paid in part elsewhere since, to be confirmed: %(n)s"), report.part_paid_since),
        (N_("Gone but open in the books, to be looked at: %(n)s"), report.gone_open),
        (N_("Credit notes, to be confirmed: %(n)s"), report.credits),
        (N_("Other due dates, to be confirmed: %(n)s"), report.other_dates),
        (N_("No longer disputed, to be confirmed: %(n)s"), report.no_longer_disputed))
    lines = [words.text(N_("Rows read: %(n)s"), n=words.number(report.rows))]
    if report.preset:
        lines.append(words.text(N_("Read as an export of %(program)s."), program=report.preset))
    if report.remembered:
        lines.append(words.text(N_("Read as the last file of this kind was.")))
    lines += [words.text(message, n=words.number(count)) for message, count in counts]
    lines += [words.text(N_("Invoice %(number)s: %(before)s before, %(now)s now"), number=one.number,
                         before=words.money(one.before, one.currency), now=words.money(one.now, one.currency))
              for one in report.changes]
    lines += [words.text(message, n=words.number(count)) for message, count in implied if count]
    if report.new_debtors:
        kinds = ((N_("Of these, consumers: %(n)s"), report.new_consumers),
                 (N_("Of these, businesses: %(n)s"), report.new_businesses),
                 (N_("Taken as consumers, as the file does not say: %(n)s"), report.kinds_assumed))
        lines += [words.text(message, n=words.number(count)) for message, count in kinds]
    lines += [words.text(NOTES[note.code], **shown(words, note.params)) for note in report.notes]
    if report.unmapped:
        lines.append(words.text(N_("Columns not used: %(names)s"), names=", ".join(report.unmapped)))
    lines.append(words.text(_outcome(report, dry_run)))
    return lines


def _outcome(report: Report, dry_run: bool) -> str:
    if report.errors:
        return N_("There are errors: nothing was written.")
    if dry_run:
        return N_("Only tried: nothing was written.")
    return N_("All rows are in the books.") if report.tells_something else N_("Nothing new: nothing was written.")


def error_line(words: Words, error: RowError) -> str:
    """Tell one error: row, column, what was read, what was expected."""
    expected = words.text(EXPECTED[error.code], **shown(words, error.params))
    if not error.column:
        return words.text(N_("Row %(row)s: %(expected)s"), row=error.row, expected=expected)
    return words.text(N_("Row %(row)s, column “%(column)s”, read “%(read)s”: %(expected)s"), row=error.row,
                      column=error.column, read=error.read, expected=expected)


def errors_table(words: Words, errors: Sequence[RowError]) -> str:
    """Write all errors as a CSV file for whoever mends them; no cell of it can act as a formula."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow([words.text(head) for head in ERROR_HEADS])
    for error in errors:
        expected = words.text(EXPECTED[error.code], **shown(words, error.params))
        writer.writerow([error.row, *map(neutralized, (error.column, error.read, expected))])
    return out.getvalue()


def refusal_line(words: Words, refusal: Refusal) -> str:
    """Tell why a file as a whole, or a new business, was not taken."""
    message = EXPECTED.get(refusal.code)
    return words.refusal(refusal) if message is None else words.text(message, **shown(words, refusal.params))


def difference_line(words: Words, what: str, where: str, kept: int, found: int) -> str:
    """Tell one difference in the books; amounts in minor units, as the books have them."""
    return words.text(N_("%(what)s, %(where)s: kept %(kept)s, recomputed %(found)s"),
                      what=words.text(DIFFERENCES.get(what, what)), where=where, kept=kept, found=found)


def verified_line(words: Words, transfers: int, differences: int) -> str:
    """Tell how a check of the books ended."""
    read = words.plural("%(n)s transfer read.", "%(n)s transfers read.", transfers)
    if not differences:
        return f"{read} " + words.text(N_("The books are right."))
    return f"{read} " + words.plural("%(n)s difference found.", "%(n)s differences found.", differences)


def ready_line(words: Words, slug: str) -> str:
    """Tell that a business was made."""
    return words.text(N_("Business “%(slug)s” is ready."), slug=slug)


def shown(words: Words, params: Mapping[str, object]) -> dict[str, object]:
    """Write the values of a sentence as its reader would: days, sums, lists."""
    currency = str(params.get("currency") or "")
    return {name: _value(words, name, value, currency) for name, value in params.items()}


def _value(words: Words, name: str, value: object, currency: str) -> object:
    if isinstance(value, date):
        return words.long_day(value)
    if isinstance(value, list):
        return ", ".join(map(str, value))
    if name == "order":
        return words.text(ORDERS[str(value)])
    if isinstance(value, int) and currency and name in ("amount", "expected", "maximum", "step"):
        return words.money(value, currency)
    return value
