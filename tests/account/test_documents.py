"""The papers a debtor takes along: what they say, in which language, and that they speak of nobody else."""

from __future__ import annotations

import hashlib
from datetime import date, timedelta
from pathlib import Path

import pytest

from portal.db import Database
from portal.domain.errors import Refusal
from portal.models import Invoice, InvoiceDocument, InvoiceLine, StoredFile
from portal.runtime import Runtime
from portal.services import bookkeeping, documents, paid_letters
from tests.access.visitor import House
from tests.account.conftest import inside, narrowed
from tests.account.papers import words_of
from tests.cast import NOON, Owed, make_debtor, make_invoice, make_link, make_runtime, someone_owes
from tests.ledger.stories import received, refunded, start_payment, tell

PLAN = b"%PDF-1.4 a plan of the garden"


@pytest.fixture
def rt(db: Database, tmp_path: Path) -> Runtime:
    return make_runtime(db, tmp_path)


def attach(rt: Runtime, invoice: Invoice, name: str, media_type: str = "application/pdf") -> StoredFile:
    key = rt.files.put(PLAN)
    with rt.db.transaction() as session:
        file = StoredFile(business_id=invoice.business_id, storage_key=key, name=name, media_type=media_type,
                          size=len(PLAN), sha256=hashlib.sha256(PLAN).hexdigest(), created_at=NOON)
        session.add(file)
        session.flush()
        session.add(InvoiceDocument(business_id=invoice.business_id, invoice_id=invoice.id, file_id=file.id))
    return file


def test_a_statement_shows_every_line_and_change_and_what_is_left(db: Database, rt: Runtime) -> None:
    owed = someone_owes(db, 596_50, 80_00)
    first, second = owed.invoices
    tell(db, received(start_payment(db, owed, (first, 100_00), (second, 80_00))))
    with db.transaction() as session:
        bookkeeping.charge_fee(session, first, 11_93, step="late", interest=False,
                               rule="late_fee:200:59650:USD:14", now=NOON)
    said = words_of(documents.statement(rt, owed.access).content)
    for text in ("Statement of your account", "November 10, 2026", owed.debtor.number, "Helen Okafor",
                 f"Invoice {first.number}: French drain along the patio", "$596.50", "You paid, thank you", "−$100.00",
                 "Late fee", "$11.93", "2% of the $596.50 then unpaid", "$508.43",
                 f"Invoice {second.number}", "Settled", "$0.00", "Marsh & Daughter LLC", "Page 1 of"):
        assert text in said, text


def test_a_statement_speaks_the_readers_language(db: Database, rt: Runtime) -> None:
    owed = someone_owes(db, 100_00)
    with db.transaction() as session:
        reader = make_debtor(session, owed.business, locale="es", name="Elena Ruiz")
        link = make_link(session, reader)
        invoice = make_invoice(session, reader, 45_00, title="Poda de setos")
    other = Owed(owed.business, reader, link, [invoice])
    paper = documents.statement(rt, other.access)
    said = words_of(paper.content)
    assert paper.name == "extracto-2026-11-10.pdf"
    assert "Extracto de su cuenta" in said and "Queda por pagar" in said and "Poda de setos" in said
    assert "Left to pay" not in said and "Invoice" not in said


def test_currencies_on_a_statement_stand_side_by_side(db: Database, rt: Runtime) -> None:
    owed = someone_owes(db, 100_00)
    with db.transaction() as session:
        make_invoice(session, owed.debtor, 45_00, currency="EUR")
        make_invoice(session, owed.debtor, 900, currency="JPY")
        bookkeeping.thank(session, owed.debtor, "GBP", 7_00, cause="early-1", now=NOON)
    said = words_of(documents.statement(rt, owed.access).content)
    assert "Left to pay in EUR €45.00" in said and "Left to pay in JPY ¥900" in said and "£7.00" in said
    assert "$145.00" not in said


def test_what_was_settled_long_ago_is_not_on_it_and_what_is_open_always_is(db: Database, tmp_path: Path) -> None:
    owed = someone_owes(db, 100_00, 200_00)
    paid, open_ = owed.invoices
    tell(db, received(start_payment(db, owed, (paid, 100_00))))
    later = make_runtime(db, tmp_path, lambda: NOON + timedelta(days=366))
    said = words_of(documents.statement(later, owed.access).content)
    assert paid.number not in said and open_.number in said
    sooner = make_runtime(db, tmp_path, lambda: NOON + timedelta(days=364))
    assert paid.number in words_of(documents.statement(sooner, owed.access).content)


def test_an_invoice_is_printed_with_lines_and_tax(db: Database, rt: Runtime) -> None:
    owed = someone_owes(db, 10_00)
    with db.transaction() as session:
        invoice = Invoice(business_id=owed.business.id, debtor_id=owed.debtor.id, number="MG/7*", title="Planting",
                          issued_on=date(2026, 11, 1), due_on=date(2026, 12, 6), currency="USD", total_minor=240_00,
                          terms="30 days", created_at=NOON)
        session.add(invoice)
        session.flush()
        session.add(InvoiceLine(business_id=owed.business.id, invoice_id=invoice.id, position=0, amount_minor=200_00,
                                description="Forty bulbs", tax_minor=40_00, tax_basis_points=2000))
        bookkeeping.issue(session, [invoice], now=NOON)
    paper = documents.invoice(rt, owed.access, invoice.public_id)
    said = words_of(paper.content)
    assert paper.name == "invoice-MG-7.pdf"
    for text in ("Invoice MG/7*", "Forty bulbs", "$200.00", "Tax, 20%", "$40.00", "Total billed $240.00", "30 days",
                 "December 6, 2026", "On November 10, 2026, $240.00 of it is left to pay"):
        assert text in said, text


def test_lines_that_do_not_add_up_give_way_to_the_total(db: Database, rt: Runtime) -> None:
    owed = someone_owes(db, 100_00)
    with db.transaction() as session:
        session.add(InvoiceLine(business_id=owed.business.id, invoice_id=owed.invoices[0].id, position=1,
                                description="Stray", amount_minor=1_00))
    said = words_of(documents.invoice(rt, owed.access, owed.invoices[0].public_id).content)
    assert "As billed" in said and "Stray" not in said


def test_a_receipt_of_a_narrowed_link_speaks_of_its_own_invoices_only(db: Database, rt: Runtime) -> None:
    owed = someone_owes(db, 60_00, 40_00)
    first, second = owed.invoices
    both = start_payment(db, owed, (first, 30_00), (second, 40_00))
    tell(db, received(both))
    alone = start_payment(db, owed, (first, 30_00))
    tell(db, received(alone))
    assert "$70.00" in words_of(documents.receipt(rt, owed.access, both.public_id).content)
    narrow = narrowed(owed, first.id)
    assert "$30.00" in words_of(documents.receipt(rt, narrow, alone.public_id).content)
    with pytest.raises(Refusal, match="unknown_page"):
        documents.receipt(rt, narrow, both.public_id)


def test_a_letter_says_what_is_paid_in_full_and_nothing_else(house: House) -> None:
    owed = someone_owes(house.db, 60_00, 40_00, 20_00)
    paid_one, written_off, still_open = owed.invoices
    browser = inside(house, owed.link)
    assert browser.get("/paid-in-full.pdf").status_code == 404
    assert "/paid-in-full.pdf" not in browser.get("/history").text
    paid = start_payment(house.db, owed, (paid_one, 60_00))
    tell(house.db, received(paid))
    with house.db.transaction() as session:
        bookkeeping.write_off(session, written_off, cause="given-up", now=NOON)
    assert "/paid-in-full.pdf" in browser.get("/history").text
    answer = browser.get("/paid-in-full.pdf")
    said = words_of(answer.data)
    assert "Paid in full" in said and paid_one.number in said and "$60.00" in said
    assert written_off.number not in said and still_open.number not in said
    with pytest.raises(Refusal, match="unknown_page"):
        paid_letters.paid_in_full(house.rt, narrowed(owed, still_open.id))


def test_a_narrowed_link_gets_papers_of_its_own_invoices_only(db: Database, rt: Runtime) -> None:
    owed = someone_owes(db, 60_00, 4411_22)
    first, second = owed.invoices
    with db.transaction() as session:
        bookkeeping.thank(session, owed.debtor, "GBP", 7_00, cause="early-1", now=NOON)
    narrow = narrowed(owed, first.id)
    said = words_of(documents.statement(rt, narrow).content)
    assert first.number in said and second.number not in said and "4,411.22" not in said and "£7.00" not in said
    file = attach(rt, second, "plan.pdf")
    for ask in (lambda: documents.invoice(rt, narrow, second.public_id),
                lambda: documents.stored(rt, narrow, second.public_id, file.public_id)):
        with pytest.raises(Refusal, match="unknown_page"):
            ask()
    assert documents.stored(rt, owed.access, second.public_id, file.public_id).content == PLAN


def test_foreign_papers_do_not_exist(db: Database, rt: Runtime) -> None:
    owed, other = someone_owes(db, 60_00), someone_owes(db, 70_00)
    paid = start_payment(db, other, (other.invoices[0], 70_00))
    tell(db, received(paid))
    theirs, mine = attach(rt, other.invoices[0], "theirs.pdf"), attach(rt, owed.invoices[0], "mine.pdf")
    with db.transaction() as session:
        beside = make_debtor(session, owed.business)
        third = make_invoice(session, beside, 80_00)
    for ask in (lambda: documents.receipt(rt, owed.access, paid.public_id),
                lambda: documents.receipt(rt, owed.access, "unknown"),
                lambda: documents.invoice(rt, owed.access, other.invoices[0].public_id),
                lambda: documents.invoice(rt, owed.access, third.public_id),
                lambda: documents.stored(rt, owed.access, other.invoices[0].public_id, theirs.public_id),
                lambda: documents.stored(rt, owed.access, owed.invoices[0].public_id, theirs.public_id),
                lambda: documents.stored(rt, owed.access, third.public_id, mine.public_id)):
        with pytest.raises(Refusal, match="unknown_page"):
            ask()
    assert other.invoices[0].number not in words_of(documents.statement(rt, owed.access).content)


def test_a_file_that_is_gone_from_the_store_is_not_there(db: Database, rt: Runtime) -> None:
    owed = someone_owes(db, 60_00)
    file = attach(rt, owed.invoices[0], "plan.pdf")
    rt.files.delete(file.storage_key)
    with pytest.raises(Refusal, match="unknown_page"):
        documents.stored(rt, owed.access, owed.invoices[0].public_id, file.public_id)


@pytest.mark.parametrize(("given", "kept"), [
    ("plan.pdf", "plan.pdf"), ("../../etc/passwd", "etc-passwd"), ('a"b\r\nX: y.pdf', "a-bX- y.pdf"),
    ("\u202efdp.exe", "fdp.exe"), ("", "document"), (".pdf", "pdf"), ("Plano año.pdf", "Plano año.pdf"),
    ("x" * 300 + ".pdf", "x" * 100 + ".pdf"),
])
def test_names_are_safe_to_save_under(given: str, kept: str) -> None:
    assert documents.safe_name(given) == kept


def test_papers_come_as_files_that_run_nothing(house: House) -> None:
    owed = someone_owes(house.db, 100_00)
    invoice = owed.invoices[0]
    paid = start_payment(house.db, owed, (invoice, 30_00))
    tell(house.db, received(paid), refunded(paid, 10_00))
    page = attach(house.rt, invoice, "Plan der Gärten.html", "text/html")
    browser = inside(house, owed.link)
    before = house.digest()
    for path, media_type, name in (
            (f"/payments/{paid.public_id}/receipt.pdf", "application/pdf", f"receipt-{paid.number}.pdf"),
            ("/statement.pdf", "application/pdf", "statement-2026-11-10.pdf"),
            (f"/invoices/{invoice.public_id}.pdf", "application/pdf", f"invoice-{invoice.number}.pdf"),
            (f"/invoices/{invoice.public_id}/documents/{page.public_id}", "application/octet-stream", "filename*=")):
        answer = browser.get(path)
        assert answer.status_code == 200 and answer.mimetype == media_type, path
        disposition = answer.headers["Content-Disposition"]
        assert disposition.startswith("attachment") and name in disposition, disposition
        assert "sandbox" in answer.headers["Content-Security-Policy"]
        assert answer.headers["X-Content-Type-Options"] == "nosniff" and answer.headers["Cache-Control"] == "no-store"
    assert house.digest() == before
    assert browser.get("/invoices/unknown.pdf").status_code == 404
    assert house.browser().get("/statement.pdf", follow=False).status_code == 303
