"""Lines, taxes, credit notes, addresses and the exports of common programs, read for what they are."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date
from pathlib import Path

import pytest

from portal.domain.imports import ImportOptions, ParsedLine, parse_invoices
from portal.domain.imports.headers import SYNONYMS
from portal.services import import_presets
from tests.domain.invoice_files import HEADER, USD, faults, note_codes, one, table

LINES = "Customer ID,Invoice no.,Invoice date,Due date,Description,Line amount"


def lines(header: str, *rows: str) -> Sequence[ParsedLine]:
    return one(table(header, *rows)).lines


def test_several_rows_of_one_invoice_are_its_lines() -> None:
    invoice = one(table(LINES + ",Tax,VAT %", "7,A1,2026-01-15,2026-02-14,Roof,100,20,20 %",
                        "7,A1,,,Gutter,50.05,10.01,", ",,,,Discount,-10,-2,20%"))
    assert (invoice.amount, invoice.line_description) == (16806, "Roof")
    assert invoice.lines == (ParsedLine("Roof", 10000, 2000, 2000), ParsedLine("Gutter", 5005, 1001, 2000),
                             ParsedLine("Discount", -1000, -200, 2000))


def test_the_stated_total_says_whether_lines_include_their_tax() -> None:
    rows = ("7,A1,2026-01-15,2026-02-14,Roof,100,20,120", "7,A1,2026-01-15,2026-02-14,Gutter,0,0,120")
    assert [line.amount for line in lines(LINES + ",Tax,Total", *rows)] == [10000, 0]
    gross = [row.replace(",120", ",100") for row in rows]
    assert [(line.amount, line.tax) for line in lines(LINES + ",Tax,Total", *gross)] == [(8000, 2000), (0, 0)]
    wrong = [row.replace(",120", ",110") for row in rows]
    assert faults(table(LINES + ",Tax,Total", *wrong)) == [(2, "Total", "lines_disagree")]


def test_taxes_reckoned_by_line_end_in_the_stated_total() -> None:
    rows = [f"7,A1,2026-01-15,2026-02-14,Part {n},0.33,19 %,1.18" for n in range(3)]
    found = lines(LINES + ",VAT rate,Total", *rows)
    assert sum(line.amount + line.tax for line in found) == 118


def test_rows_of_one_invoice_must_agree() -> None:
    data = table(LINES, "7,A1,2026-01-15,2026-02-14,Roof,100", "8,A1,2026-01-15,2026-02-15,Gutter,5")
    assert sorted(faults(data)) == [(3, "Customer ID", "rows_disagree"), (3, "Due date", "rows_disagree")]


@pytest.mark.parametrize(("header", "cells", "expected"), [
    ("Net amount,VAT", "100,20", (12000, 2000)), ("Net amount,VAT rate", "100,\"19,5 %\"", (11950, 1950)),
    ("Total,VAT", "120,20", (12000, 2000)), ("Total,Tax rate", "119,19%", (11900, 1900)),
    ("Net,Tax,Total", "100,20,120", (12000, 2000)), ("Net,Tax rate", "100,0.2", (12000, 2000)),
    ("Netto,MwSt,Brutto", "100,19,119", (11900, 1900)), ("Base imponible,Cuota IVA", "100,21", (12100, 2100)),
    ("Montant HT,TVA,Montant TTC", "100,20,120", (12000, 2000)),
])
def test_taxes_beside_and_within_the_amount(header: str, cells: str, expected: tuple[int, int]) -> None:
    head = "Customer ID,Invoice no.,Invoice date,Due date," + header
    invoice = one(table(head, f"7,A1,2026-01-15,2026-02-14,{cells}"))
    assert (invoice.amount, sum(line.tax for line in invoice.lines)) == expected


@pytest.mark.parametrize(("header", "cells", "fault"), [
    ("Net,Tax,Total", "100,20,125", "tax_disagrees"), ("Total,Tax", "10,11", "tax_above_amount"),
    ("Net,Tax rate", "100,lots", "percent_expected"), ("Net,Tax rate", "100,120 %", "percent_expected")])
def test_taxes_that_cannot_be_are_errors(header: str, cells: str, fault: str) -> None:
    head = "Customer ID,Invoice no.,Invoice date,Due date," + header
    assert [code for _, _, code in faults(table(head, f"7,A1,2026-01-15,2026-02-14,{cells}"))] == [fault]


def test_credit_notes_are_told_apart_and_need_no_due_date() -> None:
    data = table(HEADER + ",Document type,Applies to", "7,A1,2026-01-15,2026-02-14,100,Invoice,",
                 "7,C1,2026-01-16,,-30,Credit note,A1", "7,C2,2026-01-16,,(5),Credit memo,",
                 "7,P1,2026-01-17,,5,Payment,")
    parsed = parse_invoices(data, USD)
    assert parsed.errors == [] and len(parsed.invoices) == 1 and note_codes(parsed) == ["rows_not_collectable"]
    assert [(credit.number, credit.amount, credit.invoice_number) for credit in parsed.credits] == [
        ("C1", 3000, "A1"), ("C2", 500, None)]


def test_what_is_void_and_what_adds_up_the_others_is_left_out() -> None:
    data = table(HEADER + ",Status", "7,A1,2026-01-15,2026-02-14,100,Open", "7,A2,2026-01-15,2026-02-14,100,Void",
                 "Total,,,,200,")
    parsed = parse_invoices(data, USD)
    assert ([void.number for void in parsed.voids], len(parsed.invoices)) == (["A2"], 1)
    assert note_codes(parsed) == ["rows_not_collectable", "rows_of_totals"]


@pytest.mark.parametrize(("cells", "expected"), [
    ("12 Fern Lane,Unit 4,Salem,OR,97301,US", "12 Fern Lane\nUnit 4\nSalem, OR 97301"),
    ("Calle Mayor 3,,Barcelona,,08001,ES", "Calle Mayor 3\n08001 Barcelona"),
    ("\"Fern Lane\nSalem\",,,,97301,US", "Fern Lane Salem"), (",,Salem,OR,97301,US", None)])
def test_addresses_stand_as_on_an_envelope(cells: str, expected: str | None) -> None:
    data = table(HEADER + ",Street,Address line 2,City,State,ZIP,Country", f"7,A1,2026-01-15,2026-02-14,10,{cells}")
    assert one(data).postal_address == expected


MORE_STYLES = [
    "Client No,Invoice Ref,Issue Date,Payment due date,Amount (USD)", "Debtor ID,Doc No,Document date,Pay by,Gross",
    "Customer code,INV NO,Date issued,Date due,Total incl VAT", "Account,Reference,Inv Date,Due,Original amount",
    "Contact ID;Invoice Number;Issued on;Due Date;Invoice Total", "cust_no,bill_number,bill_date,due_date,total_amount",
    "Código cliente;Factura nº;Fecha emisión;Fecha límite;Total factura",
    "Nº de cliente;Nº de factura;Fecha factura;Vence;Importe factura",
    "Cliente;Número;Fecha;Vencimiento;Monto total", "Debitorennummer;Rechnung Nr.;Ausstellungsdatum;Fälligkeit;Summe",
    "Kunde;Nummer;Datum;Fällig;Rechnungssumme", "Debitor;Belegnummer;Belegdatum;Fälligkeitsdatum;Endbetrag",
    "Réf. client;Facture n°;Date facture;Date limite;Montant total",
    "Client;Num facture;Date d'émission;Date d'échéance;Montant de la facture",
    "N° de client|Numéro de facture|Date de facturation|À payer avant le|Montant facture",
    "Customer\tInvoice\tCreated\tDue On\tGrand Total",
]


@pytest.mark.parametrize("header", MORE_STYLES)
def test_headers_of_still_more_programs_are_understood(header: str) -> None:
    sign = next(sign for sign in ";\t|," if sign in header)
    invoice = one(table(header, sign.join(("C9", "F7", "2026-01-15", "2026-02-14", "12.50"))))
    assert (invoice.customer_number, invoice.invoice_number, invoice.amount) == ("C9", "F7", 1250)
    assert (invoice.issued_on, invoice.due_on) == (date(2026, 1, 15), date(2026, 2, 14))


EXPORTS = {
    "Xero": ("ContactName,EmailAddress,POAddressLine1,POAddressLine2,POCity,PORegion,POPostalCode,POCountry,"
             "InvoiceNumber,Reference,InvoiceDate,DueDate,Total,TaxTotal,InvoiceAmountPaid,InvoiceAmountDue,Description,"
             "Quantity,UnitAmount,LineAmount,AccountCode,TaxType,TaxAmount,Currency,Type,Sent,Status",
             ("Blue Door Ltd,pay@door.example,1 High St,,Leeds,,LS1 1AA,United Kingdom,INV-1,,15/01/2026,14/02/2026,"
              "120.00,20.00,20.00,100.00,Roof,1,100.00,100.00,200,20% (VAT on Income),20.00,GBP,Sales invoice,Sent,"
              "Awaiting Payment",), ("Blue Door Ltd", "INV-1", 12000, 2000, "GBP")),
    "Stripe": ("id,Amount Due,Amount Paid,Billing,Currency,Customer,Customer Email,Customer Name,Date (UTC),"
               "Due Date (UTC),Number,Subtotal,Tax,Tax Percent,Total,Status",
               ("in_1,120.00,0.00,send_invoice,usd,cus_9,ana@debtor.example,Ana Ruiz,2026-01-15 10:20,2026-02-14 10:20,"
                "B7-0001,100.00,20.00,20,120.00,open",), ("cus_9", "B7-0001", 12000, 0, "USD")),
    "QuickBooks Online": ("Date,Transaction Type,Num,Name,Memo/Description,Due Date,Amount,Open Balance",
                          ("01/15/2026,Invoice,1001,Ana Ruiz,Roof,02/14/2026,\"1,200.00\",200.00",
                           "01/16/2026,Payment,77,Ana Ruiz,,,\"-1,000.00\",0"),
                          ("Ana Ruiz", "1001", 120000, 100000, "USD")),
    "QuickBooks Desktop": (",Type,Date,Num,P. O. #,Name,Terms,Due Date,Aging,Open Balance",
                           (",Invoice,01/15/2026,1001,,Ana Ruiz,Net 30,02/14/2026,12,200.00", "Total,,,,,,,,,200.00"),
                           ("Ana Ruiz", "1001", 20000, 0, "USD")),
    "QuickBooks Online, by line": ("*InvoiceNo,*Customer,*InvoiceDate,*DueDate,Item(Product/Service),ItemDescription,"
                                   "*ItemAmount,TaxRate",
                                   ("1001,Ana Ruiz,01/15/2026,02/14/2026,Roof,Roof,100.00,20%",
                                    "1001,,,,Gutter,Gutter,50.00,20%"), ("Ana Ruiz", "1001", 18000, 0, "USD")),
}


@pytest.mark.parametrize("label", list(EXPORTS))
def test_exports_of_common_programs_are_known_by_their_columns(label: str) -> None:
    header, rows, (customer, number, amount, paid, currency) = EXPORTS[label]
    data = table(header, *rows)
    preset = import_presets.fitting(header.split(","))
    assert preset is not None and preset.label == label
    parsed = parse_invoices(data, ImportOptions(currency="USD", mapping=preset.mapping_of(header.split(","))))
    assert parsed.errors == []
    (invoice,) = parsed.invoices
    assert (invoice.customer_number, invoice.invoice_number, invoice.amount, invoice.paid_minor, invoice.currency) == (
        customer, number, amount, paid, currency)
    assert (invoice.issued_on, invoice.due_on) == (date(2026, 1, 15), date(2026, 2, 14))


def test_every_ready_made_mapping_names_fields_that_are() -> None:
    assert len(import_presets.all_presets()) == len(list(Path(import_presets.FOLDER).glob("*.toml"))) == len(EXPORTS)
    for preset in import_presets.all_presets():
        assert set(preset.mapping) <= set(SYNONYMS)
        assert all(re.fullmatch(r"[a-z0-9]+", word) for word in preset.signature)
