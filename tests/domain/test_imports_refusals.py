"""Dirty, broken and hostile invoice files: every fault named, nothing guessed, nothing breaks."""

import io
import zipfile

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from portal.domain.errors import Refusal
from portal.domain.imports import ImportOptions, Limits, parse_invoices
from tests.domain.invoice_files import HEADER, USD, faults, one, refusal, rows, table


def test_all_errors_of_all_rows_are_named_at_once() -> None:
    data = table(
        HEADER + ",Email,Currency",
        ",A1,soon,2026-02-14,x,nobody,USD",
        "2,A2,2026-01-15,2026-02-14,10,bo@example.org,USD",
        "3,A2,2026-01-15,,1,bo@example.org,ZZZ",
    )
    assert sorted(faults(data)) == [
        (2, "Amount", "amount_not_a_number"),
        (2, "Customer ID", "cell_missing"),
        (2, "Email", "email_expected"),
        (2, "Invoice date", "date_unreadable"),
        (4, "Currency", "currency_unknown"),
        (4, "Due date", "cell_missing"),
        (4, "Invoice no.", "invoice_duplicate"),
    ]


def test_an_error_shows_what_was_read_and_where_the_first_of_a_pair_stands() -> None:
    parsed = parse_invoices(rows("1,A1,2026-01-15,2026-02-14,10", "1,A1,2026-01-15,2026-02-14,abc"), USD)
    unreadable, duplicate = parsed.errors
    assert (unreadable.row, unreadable.column, unreadable.read) == (3, "Amount", "abc")
    assert (duplicate.read, duplicate.params) == ("A1", {"first_row": 2})


def test_leading_zeros_make_different_invoices() -> None:
    assert faults(rows("1,01,2026-01-15,2026-02-14,10", "1,001,2026-01-15,2026-02-14,10")) == []


def test_one_customer_with_two_addresses_is_an_error() -> None:
    data = table(
        HEADER + ",Email",
        "1,A1,2026-01-15,2026-02-14,10,bo@example.org",
        "1,A2,2026-01-15,2026-02-14,10,BO@example.org",
        "1,A3,2026-01-15,2026-02-14,10,al@example.org",
    )
    assert faults(data) == [(4, "Email", "email_differs")]


@pytest.mark.parametrize(
    "email",
    ["nobody", "a@b", "a b@example.org", "a@example.org;b@example.org", "a@@example.org", "<a@example.org>"],
)
def test_what_is_no_single_email_address_is_an_error(email: str) -> None:
    data = table(HEADER + ",Email", f'1,A1,2026-01-15,2026-02-14,10,"{email}"')
    assert faults(data) == [(2, "Email", "email_expected")]


@pytest.mark.parametrize("row", ["1,A1,2026-01-15,2026-02-14", "1,A1,2026-01-15,2026-02-14,10,extra"])
def test_a_row_of_another_length_is_never_guessed_at(row: str) -> None:
    assert faults(rows(row)) == [(2, "", "row_length")]


@pytest.mark.parametrize("bad", ["\x00", "\x07", "\x1b", "\x7f", "\x85", "\u202e", "\u200b", "\ufeff"])
def test_control_characters_are_refused_in_read_and_unread_columns(bad: str) -> None:
    data = table(HEADER + ",Colour", f"1{bad}1,A1,2026-01-15,2026-02-14,10,re{bad}d")
    assert faults(data) == [
        (2, "Colour", "cell_control_character"),
        (2, "Customer ID", "cell_control_character"),
    ]
    assert all(error.read.isprintable() for error in parse_invoices(data, USD).errors)


def test_numbers_a_spreadsheet_destroyed_are_errors() -> None:
    assert faults(rows("1,9.85564E+09,2026-01-15,2026-02-14,10")) == [(2, "Invoice no.", "number_damaged")]


def test_excels_text_wrapping_is_undone_and_other_formulas_are_refused() -> None:
    assert one(rows('1,"=""0012""",2026-01-15,2026-02-14,10')).invoice_number == "0012"
    for formula in ["=1+1", "@SUM(A1)", '"=HYPERLINK(""http://x"")"', '"=""=1+1"""']:
        assert faults(rows(f"{formula},A1,2026-01-15,2026-02-14,10")) == [(2, "Customer ID", "cell_formula")]


def test_country_codes_of_other_systems_are_ignored_and_counted() -> None:
    data = table(HEADER + ",Country", "1,A1,2026-01-15,2026-02-14,10,391", "1,A2,2026-01-15,2026-02-14,10,uk")
    parsed = parse_invoices(data, USD)
    assert [invoice.country for invoice in parsed.invoices] == [None, "GB"]
    assert [(note.code, note.params) for note in parsed.notes] == [("country_ignored", {"rows": 1})]


def zipped() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("xl/workbook.xml", "<x/>")
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "file_empty"),
        (b" \r\n\t\n", "file_empty"),
        (b"\xef\xbb\xbf", "file_empty"),
        (HEADER.encode(), "file_no_rows"),
        (zipped(), "file_not_text"),
        (b"%PDF-1.7 ...", "file_not_text"),
        (b"\x89PNG\r\n\x1a\n", "file_not_text"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "file_not_text"),
        (b"\x1f\x8b\x08\x00", "file_not_text"),
        (bytes(range(32)) * 8, "file_not_text"),
        (b"\xff\xfe\x00\xd8\x00\x00\x01", "file_encoding_unknown"),
        (HEADER.encode() + b"\n\x81\x8d\x8f", "file_encoding_unknown"),
        (rows('1,"A1,2026-01-15,2026-02-14,10'), "file_csv_broken"),
        (rows('1,"A1"x,2026-01-15,2026-02-14,10'), "file_csv_broken"),
        (b"<html><body>Sign in</body></html>\n<p>x</p>", "columns_missing"),
    ],
)
def test_files_that_are_no_table_are_refused_with_a_reason(data: bytes, code: str) -> None:
    assert refusal(data).code == code


@pytest.mark.parametrize(
    ("limits", "code"),
    [
        (Limits(max_bytes=50), "file_too_large"),
        (Limits(max_rows=2), "file_too_many_rows"),
        (Limits(max_columns=4), "file_too_many_columns"),
    ],
)
def test_files_that_are_too_large_are_refused(limits: Limits, code: str) -> None:
    data = rows(*(f"1,A{n},2026-01-15,2026-02-14,10" for n in range(3)))
    refused = refusal(data, ImportOptions(currency="USD", limits=limits))
    assert (refused.kind, refused.code) == ("too_large", code)


def test_exactly_the_largest_number_of_rows_is_read() -> None:
    data = rows(*(f"1,A{n},2026-01-15,2026-02-14,10" for n in range(3)))
    assert len(parse_invoices(data, ImportOptions(currency="USD", limits=Limits(max_rows=3))).invoices) == 3


def test_a_million_columns_and_a_huge_cell_are_refused_cleanly() -> None:
    assert refusal(b"," * 1_000_000 + b"\n1").code == "file_too_many_columns"
    assert refusal(rows("1," + "9" * 200_000 + ",2026-01-15,2026-02-14,10")).code == "file_csv_broken"
    assert faults(rows("1," + "9" * 3_000 + ",2026-01-15,2026-02-14,10")) == [
        (2, "Invoice no.", "cell_too_long")
    ]


def test_an_unknown_default_currency_is_refused() -> None:
    assert (
        refusal(rows("1,A1,2026-01-15,2026-02-14,10"), ImportOptions(currency="XXX")).code
        == "currency_unknown"
    )


CELL = st.one_of(
    st.text(max_size=12),
    st.sampled_from(
        [
            "1/2/2026",
            "31.12.2026",
            "1.000,5",
            "1,000.5",
            "-3",
            "yes",
            "USD",
            '"',
            "=1",
            "\x00",
            "٣",
            "²/1/2026",
        ]
    ),
)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.lists(CELL, min_size=3, max_size=8), max_size=6), st.sampled_from([",", ";", "\t"]))
def test_any_table_is_read_or_refused_and_never_breaks(lines: list[list[str]], separator: str) -> None:
    text = HEADER.replace(",", separator) + f"{separator}Paid{separator}Email{separator}Status\n"
    text += "\n".join(separator.join(line) for line in lines)
    try:
        parsed = parse_invoices(text.encode("utf-8", "surrogatepass"), USD)
    except Refusal as refused:
        assert refused.code
    else:
        assert all(
            invoice.amount > 0 and 0 <= invoice.paid_minor <= invoice.amount for invoice in parsed.invoices
        )
        assert all(error.read.isprintable() for error in parsed.errors)


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=400))
def test_any_bytes_are_read_or_refused_and_never_break(data: bytes) -> None:
    for content in (data, rows("1,A1,2026-01-15,2026-02-14,10") + b"\n" + data):
        try:
            parse_invoices(content, USD)
        except Refusal as refused:
            assert refused.kind in {"invalid", "too_large"}
