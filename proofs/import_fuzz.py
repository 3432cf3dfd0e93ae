"""Thousands of files from sensible to hostile, each read as an upload is: read or refused in words, and never broken.

Text tables, spreadsheets and e-invoices are made from one seed and then damaged: bytes flipped, cut, doubled, rows
without end, parts that unpack to gigabytes, entities, formulas, invisible characters, a million columns.
"""

from __future__ import annotations

import io
import random
import resource
import time
import traceback
import zipfile
from collections.abc import Callable
from pathlib import Path

from portal.db import Database
from portal.domain.errors import Refusal
from portal.domain.imports import ImportOptions
from portal.gateways.e_invoice_archives import ENDINGS, pack
from portal.models import Business
from portal.runtime import Runtime
from portal.services import import_reading
from portal.words import speak
from portal.words.imports import error_line, errors_table, refusal_line
from proofs.harness import Databases, Figures, Steps, say
from tests.cast import make_business, make_runtime
from tests.imports.sheets import CONTENT, cells_xml, parts, rows_xml, sheet

FILES, QUICKLY = 2_400, 240
SEED = 9
# Of the processor, since other work on the machine is no fault of a file.
MOST_SECONDS, MOST_MB = 20.0, 700
HEADS = ("Customer ID", "Invoice no.", "Invoice date", "Due date", "Amount", "Settled", "Disputed", "Email",
         "Line amount", "Tax", "VAT %", "Status", "Type", "Street", "City", "State", "Paid", "Balance", "Currency",
         "Country", "Rep")
CELLS = (
    "C-1", "A1", "0007", "1/15/2026", "2026-02-14", "31.12.2026", "30/2/2026", "100", "1.234,56", "1,234.56", "-5",
    "(9)", "$1", "€ 5", "19 %", "20%", "yes", "no", "Paid", "Void", "Invoice", "Credit memo", "", " ", "=1+1",
    "@SUM(A1)",
    '=HYPERLINK("http://x")', "\x00", "\u202e", "\ufeff", "x" * 2_100, "9" * 400, "9.8E+09", "NaN", "inf", "1e999", "٣",
    "²", "USD", "XXQ", "us", "ana@debtor.example", "a@b@c", "\ud7ff", "🧾", '"', "'", ";", ",", "\t", "|", "\n", "\r\n",
    "Total", "12 Fern Lane", "-0", "0", "00", "1900-01-01", "9999-12-31", "<script>alert(1)</script>", "%s%n",
    "../../x")
UBL = (
    '<?xml version="1.0"?>{doctype}<Invoice xmlns="urn:oasis:names:specification:ubl:schema:xsd:Invoice-2" xmlns:cbc='
    '"urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2"><cbc:ID>{id}</cbc:ID></Invoice>')
BOMB = "<!DOCTYPE x [<!ENTITY a 'aaaaaaaaaa'><!ENTITY b '&a;&a;&a;&a;&a;&a;&a;&a;'>]>"
OUTSIDE = '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>'


def run(quick: bool) -> Figures:
    """Read every file; gives how many were read, refused and broke."""
    chance, count = random.Random(SEED), QUICKLY if quick else FILES
    names = ("files", "crashes", "read", "refused", "too_slow", "formulas_kept")
    figures: Figures = {f"import_fuzz_{name}": 0 for name in names}
    steps = Steps("files", count)
    with Databases("sqlite") as prepared, prepared.opened() as db:
        rt, business = _office(db)
        for number in range(count):
            data = WORST[number]() if number < len(WORST) else chance.choice(MAKERS)(chance)
            for name, found in _one(rt, business, data).items():
                figures[name] = int(figures[name]) + found
            steps.step()
    peak = round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
    figures["import_fuzz_peak_mb"] = peak
    figures["import_fuzz_too_large"] = int(peak > MOST_MB)
    return figures


def _office(db: Database) -> tuple[Runtime, Business]:
    with db.transaction() as session:
        business = make_business(session)
    return make_runtime(db, Path("var")), business


def _one(rt: Runtime, business: Business, data: bytes) -> dict[str, int]:
    """Read one file as an upload is, and say all of its errors."""
    words, began = speak("en", "UTC"), time.process_time()
    found = {"import_fuzz_files": 1}
    try:
        parsed = import_reading.read(rt, business, data, ImportOptions(currency="")).parsed
        for error in parsed.errors:
            error_line(words, error)
        table = errors_table(words, parsed.errors)
        found["import_fuzz_formulas_kept"] = int(any(
            line.lstrip('"').startswith(("=", "@")) for line in table.replace(",", "\n").split("\n")))
        found["import_fuzz_formulas_kept"] += sum(
            (row.customer_number + " ").startswith(("=", "@")) for row in parsed.invoices)
        found["import_fuzz_read"] = 1
    except Refusal as refusal:
        refusal_line(words, refusal)
        found["import_fuzz_refused"] = 1
    except Exception:
        say(f"broke: {data[:80]!r} …\n{traceback.format_exc()[-1500:]}")
        found["import_fuzz_crashes"] = 1
    found["import_fuzz_too_slow"] = int(time.process_time() - began > MOST_SECONDS)
    return found


def _rows(chance: random.Random) -> list[list[str]]:
    heads = chance.sample(HEADS, chance.randrange(1, len(HEADS)))
    if chance.random() < 0.7:
        heads = list(dict.fromkeys([*HEADS[:5], *heads]))
    return [heads, *([chance.choice(CELLS) for _ in range(max(0, len(heads) + chance.choice((0, 0, 0, 0, -1, 1))))]
                     for _ in range(chance.randrange(12)))]


def _text(chance: random.Random) -> bytes:
    sign = chance.choice((",", ";", "\t", "|"))
    ends = chance.choice(("\n", "\r\n", "\r"))
    quoted = chance.random() < 0.5
    lines = [sign.join('"' + cell.replace('"', '""') + '"' if quoted else cell for cell in row)
             for row in _rows(chance)]
    encoding = chance.choice(("utf-8", "utf-8", "utf-8-sig", "utf-16", "utf-16-le", "cp1252", "utf-32", "shift_jis"))
    return (chance.choice(("", "sep=;\n", "Report of today\n\n")) + ends.join(lines)).encode(encoding, "replace")


def _damaged(chance: random.Random, data: bytes) -> bytes:
    found = bytearray(data)
    for _ in range(chance.randrange(1, 8)):
        at = chance.randrange(len(found) or 1)
        way = chance.randrange(4)
        if way == 0 and found:
            found[at % len(found)] = chance.randrange(256)
        elif way == 1:
            del found[at:at + chance.randrange(40)]
        elif way == 2:
            found[at:at] = chance.randbytes(chance.randrange(20))
        else:
            found += found[at:at + 200]
    return bytes(found)


def _damaged_text(chance: random.Random) -> bytes:
    return _damaged(chance, _text(chance))


def _sheet(chance: random.Random) -> bytes:
    printable = [["".join(c for c in cell if c.isprintable())[:300] for cell in row] for row in _rows(chance)]
    kinds: tuple[Callable[[str], object], ...] = (str, str, lambda _: 59.44, lambda _: -3, lambda _: True)
    return sheet([[chance.choice(kinds)(cell) for cell in row] for row in printable])


def _damaged_sheet(chance: random.Random) -> bytes:
    return _damaged(chance, _sheet(chance))


def _hostile_sheet(chance: random.Random) -> bytes:
    row = cells_xml("A1", "1", "2026-01-01", "2026-02-01", "10")
    head = cells_xml("Invoice no.", "Customer", "Date", "Due date", "Amount")
    way = chance.randrange(9)
    if way == 0:
        return parts(CONTENT + chance.choice((BOMB, OUTSIDE)) + rows_xml(head, row).removeprefix(CONTENT))
    if way == 1:
        return parts(rows_xml(head, '<c r="XFD2"><v>1</v></c>'))
    if way == 2:
        return parts(rows_xml(head, "<c/>" * chance.choice((300, 100_000))))
    if way == 3:
        return parts(rows_xml(head, '<c t="s"><v>99999999</v></c>' * 5))
    if way == 4:
        return parts(rows_xml(head, "<c><f>1+1</f><v>2</v></c>" * 5))
    if way == 5:
        return parts(rows_xml(head, f'<c t="inlineStr"><is><t>{"x" * 3_000_000}</t></is></c>'))
    if way == 6:
        return parts(rows_xml(head, '<c s="7"><v>1e308</v></c><c><v>NaN</v></c><c s="-1"><v>-1</v></c>'))
    if way == 7:
        return _bomb(chance.choice((1, 400)))
    return parts("<worksheet><sheetData><row><c></row>")


def _bomb(megabytes: int) -> bytes:
    """A part of nothing but blanks, which packs a thousandfold."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in ("xl/workbook.xml", "xl/_rels/workbook.xml.rels"):
            archive.writestr(name, zipfile.ZipFile(io.BytesIO(parts(rows_xml("")))).read(name))
        with archive.open("xl/sharedStrings.xml", "w", force_zip64=True) as part:
            part.write(b"<sst>")
            for _ in range(megabytes):
                part.write(b" " * 1024 * 1024)
            part.write(b"</sst>")
    return out.getvalue()


def _named_columns() -> bytes:
    """More columns than any table has, each with a name of its own to understand."""
    return b",".join(b"H%d" % number for number in range(1_500_000)) + b"\n1"


def _formula() -> bytes:
    """A faultless file but for its customer, who is a formula."""
    return b"Invoice no.,Customer ID,Date,Due date,Amount\nA1,=1+1,2026-01-01,2026-02-01,10\n"


def _wide(chance: random.Random) -> bytes:
    return chance.choice((b",", b";", b"\t")) * chance.choice((150, 1_000_000)) + b"\n1"


def _e_invoice(chance: random.Random) -> bytes:
    text = UBL.format(doctype=chance.choice(("", "", BOMB, OUTSIDE)), id=chance.choice(("INV-1", "&a;", "x" * 200)))
    data = text.encode(chance.choice(("utf-8", "utf-16")))
    return chance.choice((data, b"%PDF-1.7\n" + data, _damaged(chance, data)))


def _noise(chance: random.Random) -> bytes:
    begins = chance.choice((b"", b"PK\x03\x04", b"%PDF-1.7", b"<?xml ", b"\xff\xfe"))
    return begins + chance.randbytes(chance.randrange(600))


def _archive(chance: random.Random) -> bytes:
    """Several e-invoices at once, now and then with something else among them."""
    makers = (_e_invoice, _e_invoice, _text, _noise, _sheet)
    files = [(chance.choice(("../a", "=1+1", "b" * 900)) + chance.choice(ENDINGS), chance.choice(makers)(chance))
             for _ in range(chance.randrange(1, 5))]
    return chance.choice((pack(files), pack(files), _damaged(chance, pack(files))))


MAKERS: tuple[Callable[[random.Random], bytes], ...] = (
    _text, _text, _text, _damaged_text, _damaged_text, _sheet, _damaged_sheet, _hostile_sheet, _wide, _e_invoice,
    _archive, _noise)
# Whatever the seed draws, these come first: what costs most memory, and most time, where no limit stands before it, and
# what must not be kept as it is.
WORST: tuple[Callable[[], bytes], ...] = (lambda: _bomb(400), _named_columns, _formula)
