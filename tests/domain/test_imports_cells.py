"""Dates, amounts and what is already paid, in the formats of the world."""

from collections.abc import Sequence
from datetime import date

import pytest

from portal.domain.imports import ImportOptions, parse_invoices
from tests.domain.invoice_files import HEADER, USD, faults, note_codes, one, rows, table


@pytest.mark.parametrize(
    ("issued", "due"),
    [
        ("1/15/2026", "2/14/2026"),
        ("15/1/2026", "14/2/2026"),
        ("15.01.2026", "14.02.2026"),
        ("15. 1. 2026", "14. 2. 2026"),
        ("15-01-26", "14-02-26"),
        ("2026-01-15", "2026-02-14"),
        ("2026/1/15", "2026/2/14"),
        ("20260115", "20260214"),
        ("2026-01-15T00:00:00Z", "2026-02-14 23:59:59"),
        ("1/15/2026 12:00:00 AM", "2/14/2026 12:00:00 AM"),
        ("15 Jan 2026", "Feb 14 2026"),
        ('"January 15, 2026"', "14-Feb-26"),
        ("15 de enero de 2026", "14 feb. 2026"),
        ("15. Januar 2026", "14. Februar 2026"),
        ("15 janvier 2026", "14 février 2026"),
    ],
)
def test_dates_as_exports_write_them(issued: str, due: str) -> None:
    invoice = one(rows(f"1,A1,{issued},{due},10"))
    assert (invoice.issued_on, invoice.due_on) == (date(2026, 1, 15), date(2026, 2, 14))


def test_a_day_above_twelve_decides_for_the_whole_column_and_its_neighbours() -> None:
    parsed = parse_invoices(rows("1,A1,03/04/2026,05/06/2026,10", "1,A2,13/04/2026,05/06/2026,10"), USD)
    assert [invoice.issued_on for invoice in parsed.invoices] == [date(2026, 4, 3), date(2026, 4, 13)]
    assert parsed.invoices[0].due_on == date(2026, 6, 5)
    assert parsed.notes == []


@pytest.mark.parametrize(("order", "issued"), [("mdy", date(2026, 3, 4)), ("dmy", date(2026, 4, 3))])
def test_dates_that_show_nothing_take_the_default_and_it_is_said(order: str, issued: date) -> None:
    options = ImportOptions(currency="USD", default_date_order="dmy" if order == "dmy" else "mdy")
    parsed = parse_invoices(rows("1,A1,3/4/2026,2026-12-31,10"), options)
    assert parsed.invoices[0].issued_on == issued
    assert note_codes(parsed) == ["date_order_assumed"]


def test_a_stated_order_settles_it_without_a_note() -> None:
    parsed = parse_invoices(
        rows("1,A1,3/4/2026,5/6/2026,10"), ImportOptions(currency="USD", date_order="dmy")
    )
    assert (parsed.invoices[0].issued_on, parsed.notes) == (date(2026, 4, 3), [])


def test_dotted_dates_are_day_first() -> None:
    parsed = parse_invoices(rows("1,A1,03.04.2026,05.06.2026,10"), USD)
    assert parsed.invoices[0].issued_on == date(2026, 4, 3)
    assert note_codes(parsed) == ["date_order_assumed", "date_order_assumed"]


def test_a_column_that_contradicts_itself_is_an_error() -> None:
    data = rows("1,A1,1/15/2026,2/20/2026,10", "1,A2,1/16/2026,2/20/2026,10", "1,A3,17/1/2026,2/20/2026,10")
    assert faults(data) == [(4, "Invoice date", "date_unreadable")]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("2026-02-30", "date_unreadable"),
        ("13/13/2026", "date_unreadable"),
        ("soon", "date_unreadable"),
        ("46037", "date_unreadable"),
        ("２026-01-15", "date_unreadable"),
        ("0001-01-01", "date_out_of_range"),
        ("9999-12-31", "date_out_of_range"),
        ("", "cell_missing"),
    ],
)
def test_what_is_no_date_is_an_error(text: str, code: str) -> None:
    assert faults(rows(f"1,A1,2026-01-15,{text},10")) == [(2, "Due date", code)]


def test_due_before_issued_is_an_error_and_the_same_day_is_not() -> None:
    data = rows("1,A1,2026-01-15,2026-01-14,10", "1,A2,2026-01-15,2026-01-15,10")
    assert faults(data) == [(2, "Due date", "due_before_issued")]


def amounts(*texts: str, options: ImportOptions = USD) -> list[int]:
    lines = [f"1;A{n};2026-01-15;2026-02-14;{text}" for n, text in enumerate(texts)]
    parsed = parse_invoices("\n".join([HEADER.replace(",", ";"), *lines]).encode(), options)
    assert parsed.errors == []
    return [invoice.amount for invoice in parsed.invoices]


@pytest.mark.parametrize(
    "texts",
    [
        ("1,234.56", "1,000"),
        ("1.234,56", "1.000"),
        ("1 234,56", "1 000"),
        ("1'234.56", "1'000"),
        ("$1,234.56", "$1,000.00"),
        ("1234.56 USD", "USD 1000"),
        ("1\u00a0234,56", "1\u202f000,00"),
        ("1234.5600", "1000.0000"),
    ],
)
def test_number_formats_of_the_world(texts: Sequence[str]) -> None:
    assert amounts(*texts) == [123456, 100000]


def test_one_amount_shows_the_mark_for_all() -> None:
    assert amounts("1.250", "12,5") == [125000, 1250]


def test_a_stated_mark_settles_it() -> None:
    assert amounts("1.250", options=ImportOptions(currency="USD", decimal=",")) == [125000]


def test_a_grouped_amount_alone_is_assumed_and_said() -> None:
    parsed = parse_invoices(rows('1,A1,2026-01-15,2026-02-14,"1,250"'), USD)
    assert (parsed.invoices[0].amount, note_codes(parsed)) == (125000, ["decimal_assumed"])


def test_an_amount_that_could_be_one_or_a_thousand_is_never_guessed() -> None:
    assert faults(rows("1,A1,2026-01-15,2026-02-14,1.000")) == [(2, "Amount", "amount_ambiguous")]
    mixed = rows("1,A1,2026-01-15,2026-02-14,1.000", "1,A2,2026-01-15,2026-02-14,12.50")
    assert faults(mixed) == [(2, "Amount", "amount_ambiguous")]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "cell_missing"),
        ("ten", "amount_not_a_number"),
        ("NaN", "amount_not_a_number"),
        ("1e3", "amount_not_a_number"),
        ("12.3456", "amount_too_precise"),
        ("99999999999999", "amount_too_large"),
        ("0", "amount_zero"),
        ("0.00", "amount_zero"),
        ("€5", "amount_other_currency"),
        ("=A1+B1", "cell_formula"),
    ],
)
def test_amounts_that_cannot_be_booked_are_errors(text: str, code: str) -> None:
    assert faults(rows(f"1,A1,2026-01-15,2026-02-14,{text}")) == [(2, "Amount", code)]


def paid(extra_header: str, extra: str, options: ImportOptions = USD) -> tuple[date | None, int]:
    invoice = one(table(f"{HEADER},{extra_header}", f"1,A1,2026-01-15,2026-02-14,100,{extra}"), options)
    return invoice.settled_on, invoice.paid_minor


@pytest.mark.parametrize(
    ("header", "cells", "expected"),
    [
        ("Settled", "2026-02-01", (date(2026, 2, 1), 10000)),
        ("Settled", "", (None, 0)),
        ("Paid", "2026-02-01", (date(2026, 2, 1), 10000)),
        ("Paid", "30.00", (None, 3000)),
        ("Paid", "yes", (None, 10000)),
        ("Paid", "no", (None, 0)),
        ("Bezahlt am", "1.2.2026", (date(2026, 2, 1), 10000)),
        ("Amount paid", "25.50", (None, 2550)),
        ("Balance", "40", (None, 6000)),
        ("Balance", "0", (None, 10000)),
        ("Amount paid,Balance", "60,40", (None, 6000)),
        ("Amount paid,Balance,Paid on", "100,0,2026-02-01", (date(2026, 2, 1), 10000)),
        ("Status", "Paid", (None, 10000)),
        ("Status", "Overdue", (None, 0)),
        ("Status,Paid date", "Paid,2026-02-01", (date(2026, 2, 1), 10000)),
    ],
)
def test_what_the_file_says_is_paid(header: str, cells: str, expected: tuple[date | None, int]) -> None:
    assert paid(header, cells) == expected


@pytest.mark.parametrize(
    ("header", "cells", "column", "code"),
    [
        ("Amount paid", "100.01", "Amount paid", "paid_more_than_amount"),
        ("Amount paid", "-1", "Amount paid", "amount_negative"),
        ("Balance", "100.01", "Balance", "open_more_than_amount"),
        ("Amount paid,Balance", "60,50", "Balance", "amounts_disagree"),
        ("Settled,Balance", "2026-02-01,10", "Balance", "settled_but_open"),
        ("Settled,Amount paid", "2026-02-01,10", "Amount paid", "settled_but_open"),
        ("Status,Balance", "Paid,10", "Balance", "settled_but_open"),
        ("Status", "Purple", "Status", "status_unknown"),
        ("Disputed", "maybe", "Disputed", "yes_no_expected"),
        ("Settled date", "yesterday", "Settled date", "date_unreadable"),
    ],
)
def test_statements_that_disagree_are_errors(header: str, cells: str, column: str, code: str) -> None:
    data = table(f"{HEADER},{header}", f"1,A1,2026-01-15,2026-02-14,100,{cells}")
    assert faults(data) == [(2, column, code)]


def test_a_settled_date_that_lies_ahead_is_an_error_where_today_is_known() -> None:
    data = table(HEADER + ",Settled", "1,A1,2026-01-15,2026-02-14,100,2026-02-02")
    assert faults(data, ImportOptions(currency="USD", today=date(2026, 2, 1))) == [
        (2, "Settled", "settled_in_future")
    ]
    assert faults(data, ImportOptions(currency="USD", today=date(2026, 2, 2))) == []


@pytest.mark.parametrize(
    ("word", "disputed"), [("Yes", True), ("nein", False), ("oui", True), ("", False), ("0", False)]
)
def test_disputed_flags(word: str, disputed: bool) -> None:
    assert one(table(HEADER + ",Disputed", f"1,A1,2026-01-15,2026-02-14,100,{word}")).disputed is disputed
