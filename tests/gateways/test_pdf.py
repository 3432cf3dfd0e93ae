"""Letters on paper say what they were given, in any script, and never fail because of a name or a logo."""

from __future__ import annotations

import io
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pypdf import PdfReader
from pypdf.generic import StreamObject

from portal.gateways.pdf import Column, Receipt, Row, Sender, Statement, Table, receipt, statement

LOGO = b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 40 40"><rect width="40" height="40" fill="#37603a"/></svg>'
MARSH = Sender(
    name="Marsh & Daughter",
    legal_name="Marsh & Daughter LLC",
    address=("1180 Orchard Road", "Hood River, OR 97031"),
    color="#37603a",
    logo_svg=LOGO,
)
RECEIPT = Receipt(
    sender=MARSH,
    language="en-US",
    title="Receipt R-2026-0893",
    issued_at=datetime(2026, 11, 10, 22, 31, tzinfo=UTC),
    page_label="Page {page} of {pages}",
    size="us-letter",
    eyebrow="Thank you, Helen. We have received",
    amount="$2,256",
    amount_tail=".59",
    lead="Both invoices are paid. There is nothing more to do.",
    tables=(
        Table(
            columns=(Column("For", "wide"), Column("Amount", "money")),
            rows=(
                Row(
                    ("French drain along the patio", "$608.43"),
                    "Invoice MG-1187, with the late fee of $11.93",
                ),
                Row(("Autumn planting, three beds", "$1,681.80"), "Invoice MG-1204"),
                Row(("2% for paying early", "−$33.64")),
            ),
            totals=(Row(("Paid", "$2,256.59")),),
        ),
    ),
    facts=(("Paid by", "Helen Okafor, Visa ending in 4242"), ("Left to pay", "$0.00")),
    closing_title="Talk to a person",
    closing=("Priya Marsh reads every message and has time for you.", "(503) 555-0142"),
    footer=("Marsh & Daughter collects its own invoices.",),
)
MOVEMENTS = Table(
    title="All movements",
    columns=(Column("Date"), Column("What", "wide"), Column("Amount", "money"), Column("Left", "money")),
    rows=tuple(
        Row(
            (f"Oct {1 + n % 28}, 2026", f"Invoice MG-{1000 + n}", f"${n}.10", f"${n}.20"),
            "Late fee",
            note_under=1,
        )
        for n in range(60)
    ),
    totals=(Row(("Sum", "", "$1.00", "$2.00")), Row(("Left to pay", "$2,256.59"))),
)
STATEMENT = Statement(
    sender=MARSH,
    language="es_MX",
    title="Estado de cuenta",
    issued_at=datetime(2026, 11, 10, tzinfo=UTC),
    page_label="Página {page} de {pages}",
    to=("Helen Okafor", "12 Hill Street"),
    tables=(MOVEMENTS,),
    notes=("Pague por transferencia con la referencia MG-1187.",),
)


def words(pdf: bytes) -> str:
    return "\n".join(page.extract_text() for page in PdfReader(io.BytesIO(pdf)).pages)


def is_tagged(pdf: bytes) -> bool:
    """Whether a screen reader can follow the file."""
    return "/StructTreeRoot" in PdfReader(io.BytesIO(pdf)).root_object


def keeps_standards(pdf: bytes) -> bool:
    """Whether the file claims both PDF/A and PDF/UA."""
    described = PdfReader(io.BytesIO(pdf)).root_object["/Metadata"].get_object()
    assert isinstance(described, StreamObject)
    return b"pdfaid:part" in described.get_data() and b"pdfuaid:part" in described.get_data()


def test_a_receipt_says_everything_it_was_given() -> None:
    said = " ".join(words(receipt(RECEIPT)).split())
    for text in (
        "Marsh & Daughter LLC", "1180 Orchard Road", "Thank you, Helen. We have received", "$2,256.59",
        "Receipt R-2026-0893", "French drain along the patio", "Invoice MG-1187, with the late fee of $11.93", "$608.43",
        "−$33.64", "Paid $2,256.59", "Helen Okafor, Visa ending in 4242", "Priya Marsh", "Page 1 of 1", "its own invoices",
    ):  # fmt: skip
        assert text in said


def test_a_receipt_is_readable_aloud_and_archivable() -> None:
    reader = PdfReader(io.BytesIO(receipt(RECEIPT)))
    root: Any = reader.root_object
    assert root["/MarkInfo"]["/Marked"]
    assert root["/Lang"] == "en-US"
    assert reader.metadata is not None
    assert reader.metadata.title == "Receipt R-2026-0893"
    assert keeps_standards(receipt(RECEIPT))
    assert reader.pages[0].mediabox.width == 612


def test_a_long_statement_repeats_its_labels_and_numbers_its_pages() -> None:
    pdf = statement(STATEMENT)
    reader = PdfReader(io.BytesIO(pdf))
    pages = [page.extract_text() for page in reader.pages]
    assert len(pages) >= 3
    assert all(f"Página {n} de {len(pages)}" in text for n, text in enumerate(pages, 1))
    assert all("What" in text for text in pages[:3])
    assert all(f"MG-{1000 + n}" in "".join(pages) for n in range(60))
    assert str(reader.root_object["/Lang"]) == "es-MX"
    assert round(float(reader.pages[0].mediabox.width)) == 595
    assert is_tagged(pdf)


def test_the_same_letter_twice_is_the_same_file() -> None:
    assert receipt(RECEIPT) == receipt(RECEIPT)
    assert receipt(RECEIPT) != receipt(replace(RECEIPT, title="Receipt R-2026-0894"))


@pytest.mark.parametrize(
    "name",
    [
        "Łukasz Şahin Đỗ Ñúñez",
        "Ελένη Παπαδοπούλου",
        "Надія Жукова",
        "日本太郎 ひらがな",
        "王小明",
        "김철수",
        "שלום",
        "Σ́ ½ № €₺₦",
    ],
)
def test_names_in_many_scripts_are_printed_and_the_file_stays_accessible(name: str) -> None:
    pdf = receipt(replace(RECEIPT, lead=name))
    assert keeps_standards(pdf)
    assert name.split()[0] in words(pdf)


def test_arabic_is_printed_with_our_own_font() -> None:
    pdf = receipt(replace(RECEIPT, lead="محمد"))
    assert keeps_standards(pdf)
    assert b"NotoSansArabic" in pdf


@pytest.mark.parametrize("name", ["🦊", "ᚠᚢᚦ", "𓀀𓂀", "\ue000", "ภาษาไทย"])
def test_a_letter_form_we_lack_gives_a_plainer_file_and_never_an_error(name: str) -> None:
    pdf = receipt(replace(RECEIPT, lead=f"for {name}"))
    assert is_tagged(pdf)
    assert not keeps_standards(pdf)
    assert "$2,256.59" in words(pdf)


@pytest.mark.parametrize(
    "text",
    [
        '#read("/etc/hostname")',
        '#import "@preview/x:1.0.0": *',
        "$ sum $ *bold* _it_ `raw` <label> @ref",
        '") #panic("out',
        "\\u{41} // comment /* c */",
        "{page}",
    ],
)
def test_what_looks_like_typst_is_printed_as_it_is(text: str) -> None:
    pdf = receipt(replace(RECEIPT, lead=text, to=(text,), notes=(text,)))
    assert keeps_standards(pdf)
    assert "".join(words(pdf).split()).count("".join(text.split())) == 3


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("a\0b\x07c", "abc"),
        ("one\r\ntwo", "one two"),
        ("half \ud83d char", "half ? char"),
        ("pay \u202e95.65$", "pay 95.65$"),
    ],
)
def test_what_cannot_be_printed_is_left_out(text: str, seen: str) -> None:
    pdf = receipt(replace(RECEIPT, lead=text))
    assert keeps_standards(pdf)
    assert seen in " ".join(words(pdf).split())


@settings(max_examples=150, deadline=None)
@given(text=st.text(max_size=60), name=st.text(max_size=20))
def test_no_text_at_all_can_stop_a_letter(text: str, name: str) -> None:
    row = Row((text, name, text, "$1"), text, note_under=1)
    letter = replace(
        STATEMENT, sender=replace(MARSH, name=name, logo_svg=None), title=text, to=(name, text), lead=text, notes=(text,),
        page_label=text, facts=((text, name),), tables=(replace(MOVEMENTS, title=text, rows=(row,)),), footer=(text,),
    )  # fmt: skip
    assert statement(letter).startswith(b"%PDF-")


def test_an_endless_word_breaks_instead_of_running_off_the_page() -> None:
    long = "ABCDEFGHIJ" * 40
    pdf = statement(
        replace(STATEMENT, to=(long,), tables=(replace(MOVEMENTS, rows=(Row(("1", long, "$1", "$2")),)),))
    )
    assert max(len(line) for line in words(pdf).splitlines()) < 100
    assert words(pdf).replace("\u200b", "").replace("\n", "").count(long) == 2


@pytest.mark.parametrize(
    "logo",
    [
        b"",
        b"not svg",
        b"<svg",
        b"\xff\xfe\x00",
        b'<svg xmlns="http://www.w3.org/2000/svg"/>',
        b"<svg>" + b" " * 300_000,
    ],
)
def test_a_broken_logo_is_left_out(logo: bytes) -> None:
    pdf = receipt(replace(RECEIPT, sender=replace(MARSH, logo_svg=logo)))
    assert "$2,256.59" in words(pdf)
    assert keeps_standards(pdf)


def test_a_logo_cannot_bring_a_file_of_the_server_into_a_letter() -> None:
    curious = (
        b'<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" viewBox="0 0 9 9">'
        b'<image xlink:href="/etc/hostname" width="9" height="9"/><image href="base.typ" width="9" height="9"/></svg>'
    )
    pdf = receipt(replace(RECEIPT, sender=replace(MARSH, logo_svg=curious)))
    assert "$2,256.59" in words(pdf)
    assert not any(page.images for page in PdfReader(io.BytesIO(pdf)).pages)


@pytest.mark.parametrize("color", ["#ffffff", "#000000", "#ffff00", "red", "", "#12345", '#fff") #panic("'])
def test_any_brand_colour_prints(color: str) -> None:
    assert keeps_standards(receipt(replace(RECEIPT, sender=replace(MARSH, color=color, logo_svg=None))))


@pytest.mark.parametrize("language", ["", "en", "es-419", "zh-Hant-TW", "xx_XX", "pseudo-language"])
def test_any_language_tag_prints(language: str) -> None:
    assert keeps_standards(receipt(replace(RECEIPT, language=language)))


def test_the_barest_letter_prints() -> None:
    bare = Receipt(
        sender=Sender("—"),
        language="en",
        title="Receipt",
        issued_at=datetime(2026, 1, 1, tzinfo=UTC),
        page_label="",
    )
    assert "Receipt" in words(receipt(bare))


def test_a_row_with_a_missing_cell_is_refused() -> None:
    with pytest.raises(ValueError, match="one cell for each"):
        Table(columns=(Column("A"), Column("B")), rows=(Row(("only one",)),))
    with pytest.raises(ValueError, match="total"):
        Table(columns=(Column("A"), Column("B"), Column("C")), rows=(), totals=(Row(("1",)),))


def test_many_people_can_print_at_once() -> None:
    alone = receipt(RECEIPT)
    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(lambda _: receipt(RECEIPT), range(40))) == {alone}


def test_a_letter_is_printed_while_the_debtor_waits() -> None:
    receipt(RECEIPT)
    started = time.perf_counter()
    statement(STATEMENT)
    assert time.perf_counter() - started < 3
