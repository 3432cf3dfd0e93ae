"""Invoice files as programs and people write them: headers, separators, encodings, real files."""

from datetime import date
from pathlib import Path

import pytest

from portal.domain.imports import ImportOptions, ParsedInvoice, parse_invoices
from tests.domain.invoice_files import HEADER, USD, faults, note_codes, one, refusal, rows, table

SHARED = Path(__file__).resolve().parents[2].parent / "shared" / "data"


def test_a_row_becomes_an_invoice_and_numbers_keep_their_leading_zeros() -> None:
    invoice = one(rows("0042,0000611365,1/15/2026,2/14/2026,55.94"))
    assert invoice == ParsedInvoice(
        row=2,
        customer_number="0042",
        invoice_number="0000611365",
        issued_on=date(2026, 1, 15),
        due_on=date(2026, 2, 14),
        amount=5594,
        currency="USD",
    )


def test_all_optional_columns_are_read() -> None:
    header = (
        HEADER + ",Currency,Customer name,Email,Phone,ZIP,Country,Language,Description,Customer type,Disputed"
    )
    row = "7,A1,2026-01-15,2026-02-14,10,eur,Ana Ruiz,ana@example.org,+34 600,08001,es,es-mx,Roof,Person,sí"
    invoice = one(table(header, row))
    assert (invoice.currency, invoice.amount, invoice.customer_name) == ("EUR", 1000, "Ana Ruiz")
    assert (invoice.email, invoice.phone, invoice.postal_code) == (
        "ana@example.org",
        "+34 600",
        "08001",
    )
    assert (invoice.country, invoice.locale, invoice.line_description) == ("ES", "es_MX", "Roof")
    assert (invoice.kind, invoice.disputed) == ("consumer", True)


def test_a_customer_without_email_is_fine() -> None:
    assert one(table(HEADER + ",Email", "1,A1,2026-01-15,2026-02-14,10,")).email is None


@pytest.mark.parametrize(
    ("currency", "text", "minor"),
    [("JPY", "1200", 1200), ("KWD", "1.250", 1250), ("EUR", "12.5", 1250), ("ISK", "500", 50000)],
)
def test_currencies_with_no_two_and_three_decimals(currency: str, text: str, minor: int) -> None:
    assert one(rows(f"1,A1,2026-01-15,2026-02-14,{text}"), ImportOptions(currency=currency)).amount == minor


def test_a_blank_currency_cell_takes_the_stated_default() -> None:
    data = table(HEADER + ",Currency", "1,A1,2026-01-15,2026-02-14,10,", "1,A2,2026-01-15,2026-02-14,10,JPY")
    parsed = parse_invoices(data, ImportOptions(currency="eur"))
    assert [(invoice.currency, invoice.amount) for invoice in parsed.invoices] == [("EUR", 1000), ("JPY", 10)]


def test_a_currency_in_the_amounts_header_beats_the_default() -> None:
    data = table(HEADER + " (EUR)", "1,A1,2026-01-15,2026-02-14,10")
    assert one(data).currency == "EUR"


HEADER_STYLES = [
    "customerID,invoiceNumber,InvoiceDate,DueDate,InvoiceAmount",
    "CUSTOMER_ID,INVOICE_NO,INVOICE_DATE,DUE_DATE,AMOUNT",
    "Customer #,Invoice #,Date,Due,Total",
    "Customer,Num,Date,Due Date,Amount",
    "Client,Invoice,Issued,Due on,Grand total",
    "Account No,Bill No.,Bill date,Payment due,Gross amount",
    "Nº cliente,Nº factura,Fecha de factura,Fecha de vencimiento,Importe total",
    "ID de cliente,Número de factura,Fecha de emisión,Vencimiento,Total",
    "Cliente,Factura,Fecha,Vence,Importe",
    "Kundennummer,Rechnungsnummer,Rechnungsdatum,Fälligkeitsdatum,Bruttobetrag",
    "Kunden-Nr.,Rechnungs-Nr.,Datum,Fällig am,Betrag",
    "Kunde,Belegnr.,Belegdatum,zahlbar bis,Summe",
    "N° client,N° de facture,Date de facture,Date d'échéance,Montant TTC",
    "Code client,Numéro facture,Date d’émission,Échéance,Total TTC",
    "\ufeffcustomer id , invoice no ,invoice date,due date,amount",
    "*ContactName,*InvoiceNumber,*InvoiceDate,*DueDate,Total",
    "Customer ID,Invoice Number,Invoice Date,Due Date,Total",
    "Client ID,ID,Issue Date,Due Date,Invoice Amount",
    "Client Name,Invoice #,Date Issued,Date Due,Amount",
    "Account Ref,Invoice No,Date,Due Date,Gross Amount",
    "Customer Number,Document Number,Document Date,Due Date,Amount (USD)",
    "Customer Name,Invoice No.,Invoice Date,Payment Due Date,Total Amount",
    "Bill To,Invoice Number,Date of Issue,Pay By,Grand Total",
    "Debtor No.,Inv. No.,Inv. Date,Due,Total incl. VAT",
    "Cust ID,Invoice Ref,Issued On,Due On,Original Amount",
    "Contact,Number,Created,Due date,Total",
    "Account Number,Invoice Ref.,Bill Date,Date Due,Total Gross",
    "Debitor,Rechnung Nr.,Ausstellungsdatum,Zahlbar bis,Rechnungssumme",
    "Kunden-ID,Rechnungsnr.,Datum,Fälligkeit,Gesamtbetrag",
    "Debitorennummer,Belegnummer,Belegdatum,Fällig,Brutto",
    "Kundenname,Rechnung,Rechnungsdatum,Fällig am,Endbetrag",
    "Cód. cliente,Núm. factura,Fecha emisión,Fecha vencimiento,Monto total",
    "Número de cliente,Factura Nº,Fecha factura,Fecha límite,Total factura",
    "Razón social,Nº de factura,Fecha,Vencimiento,Importe (EUR)",
    "Réf. client,N° facture,Date facture,Date limite,Montant total",
    "Numéro client,Facture,Date d'émission,À payer avant le,Montant de la facture",
    "Raison sociale,Num. facture,Date de facturation,Échéance,Montant",
    "customer_code,doc_no,doc_date,due_date,total_amount",
    "Client #,Inv #,Invoice Date,Due Date,Amount Gross",
]


@pytest.mark.parametrize("header", HEADER_STYLES)
def test_headers_of_many_programs_are_understood(header: str) -> None:
    invoice = one(table(header, "C9,F7,2026-01-15,2026-02-14,12.50"))
    assert (invoice.customer_number, invoice.invoice_number, invoice.amount) == ("C9", "F7", 1250)
    assert (invoice.issued_on, invoice.due_on) == (date(2026, 1, 15), date(2026, 2, 14))


def test_unknown_columns_are_listed_and_ignored() -> None:
    data = table(HEADER + ",PaperlessDate,DaysLate", "1,A1,2026-01-15,2026-02-14,10,4/6/2013,3")
    assert parse_invoices(data, USD).unmapped == ["PaperlessDate", "DaysLate"]


def test_a_stated_mapping_beats_the_guess() -> None:
    data = table(HEADER + ",Net,Ref", "1,A1,2026-01-15,2026-02-14,10,8,X5")
    options = ImportOptions(
        currency="USD", mapping={"amount": "Net", "invoice_number": "Ref", "customer_name": ""}
    )
    invoice = one(data, options)
    assert (invoice.amount, invoice.invoice_number) == (800, "X5")


def test_a_customer_known_by_name_only_is_numbered_by_it() -> None:
    invoice = one(
        table("Customer,Invoice no,Date,Due date,Total", "Blue Door Ltd,A1,2026-01-15,2026-02-14,10")
    )
    assert (invoice.customer_number, invoice.customer_name) == ("Blue Door Ltd", "Blue Door Ltd")


def test_all_missing_columns_are_named_at_once() -> None:
    refused = refusal(table("Invoice no,Amount,Colour", "A1,10,red"))
    assert refused.code == "columns_missing"
    assert refused.params["fields"] == ["customer_number", "issued_on", "due_on"]


@pytest.mark.parametrize(
    ("mapping", "code"),
    [
        ({"colour": "Amount"}, "mapping_unknown_field"),
        ({"amount": "Nowhere"}, "mapping_unknown_header"),
    ],
)
def test_a_mapping_that_does_not_fit_is_refused(mapping: dict[str, str], code: str) -> None:
    data = rows("1,A1,2026-01-15,2026-02-14,10")
    assert refusal(data, ImportOptions(currency="USD", mapping=mapping)).code == code


def test_two_columns_of_one_name_are_refused_where_it_matters() -> None:
    assert refusal(table(HEADER + ",Amount", "1,A1,2026-01-15,2026-02-14,10,11")).code == "header_duplicate"
    assert one(table(HEADER + ",Extra,Extra", "1,A1,2026-01-15,2026-02-14,10,x,y")).amount == 1000


def test_title_lines_above_the_headers_and_empty_lines_are_passed_over() -> None:
    data = b"Open invoices\n\nPrinted,2026-02-01\n" + rows("1,A1,2026-01-15,2026-02-14,10", "", ",,,,", "x")
    assert faults(data) == [(8, "", "row_length")]
    assert parse_invoices(data, USD).invoices[0].row == 5


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_the_separator_is_found(separator: str) -> None:
    data = rows("1,A1,2026-01-15,2026-02-14,10").replace(b",", separator.encode())
    parsed = parse_invoices(data, USD)
    assert (parsed.delimiter, len(parsed.invoices)) == (separator, 1)


def test_decimal_commas_do_not_mislead_the_separator() -> None:
    data = (
        rows(*(f"1,A{n},2026-01-15,2026-02-14,10" for n in range(5)))
        .replace(b",", b";")
        .replace(b";10", b";1,5")
    )
    parsed = parse_invoices(data, USD)
    assert (parsed.delimiter, parsed.decimal, {invoice.amount for invoice in parsed.invoices}) == (
        ";",
        ",",
        {150},
    )


def test_excels_separator_line_is_obeyed() -> None:
    data = b"sep=;\r\n" + rows("1,A1,2026-01-15,2026-02-14,10").replace(b",", b";")
    assert one(data).row == 3


@pytest.mark.parametrize(
    ("encoding", "named"),
    [
        ("utf-8", "utf-8"),
        ("utf-8-sig", "utf-8-sig"),
        ("utf-16", "utf-16"),
        ("utf-32", "utf-32"),
        ("cp1252", "cp1252"),
    ],
)
def test_encodings_of_spreadsheet_programs(encoding: str, named: str) -> None:
    text = HEADER + ",Customer name\r\n1,A1,2026-01-15,2026-02-14,10,Åsa Müñoz\r\n"
    parsed = parse_invoices(text.encode(encoding), USD)
    assert (parsed.encoding, parsed.invoices[0].customer_name) == (named, "Åsa Müñoz")
    assert ("encoding_assumed" in note_codes(parsed)) == (named == "cp1252")


def test_quoted_cells_hold_separators_quotes_and_line_breaks() -> None:
    data = rows('"Smith, ""Bo""",A1,2026-01-15,2026-02-14,"1,234.50"', "2,A2,2026-01-15,2026-02-14,x")
    parsed = parse_invoices(data, USD)
    assert (parsed.invoices[0].customer_number, parsed.invoices[0].amount) == ('Smith, "Bo"', 123450)
    wrapped = one(table(HEADER + ",Description", '1,A1,2026-01-15,2026-02-14,10,"Roof\nand gutter"'))
    assert wrapped.line_description == "Roof and gutter"


def shared_file(name: str) -> bytes:
    path = SHARED / name
    if not path.exists():
        pytest.skip(f"{name} is not beside the repository (../shared/data)")
    return path.read_bytes()


@pytest.mark.parametrize(
    ("name", "invoices", "settled", "disputed"),
    [
        ("receivables-2026-11-16.csv", 304, 222, 85),
        ("receivables-2026-11-23.csv", 291, 217, 80),
        ("receivables.csv", 2466, 2466, 561),
    ],
)
def test_real_receivables_go_in_as_they_are(name: str, invoices: int, settled: int, disputed: int) -> None:
    parsed = parse_invoices(shared_file(name), USD)
    assert parsed.errors == []
    assert len(parsed.invoices) == invoices
    assert sum(invoice.settled_on is not None for invoice in parsed.invoices) == settled
    assert sum(invoice.disputed for invoice in parsed.invoices) == disputed
    assert all(
        (invoice.paid_minor == invoice.amount) == (invoice.settled_on is not None)
        for invoice in parsed.invoices
    )
    assert all(len(invoice.invoice_number) == 10 for invoice in parsed.invoices)
    assert set(parsed.date_orders.values()) == {"mdy"}
    assert note_codes(parsed) == ["country_ignored"]
