"""Files and names that mean harm, sent with a dispute: each gets a clear answer, and nothing is kept by half."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from pypdf import PdfWriter
from sqlalchemy import func, select

from portal.db import Database
from portal.models import Dispute, Hold, StoredFile
from portal.services.dispute_choices import Chosen
from portal.services.disputes import Said, open_one
from tests.access.visitor import Browser, House
from tests.account.conftest import inside
from tests.cast import Owed, make_debtor, make_invoice, make_link
from tests.gateways.proofs import a_pdf, a_picture
from tests.help.test_disputes import code_of
from tests.office.books import Desk, open_desk

SCRIPT = "<script>alert(1)</script>"


@pytest.fixture
def desk(db: Database, tmp_path: Path) -> Desk:
    return open_desk(db, tmp_path, 100_00, 60_00)


def proven(desk: Desk) -> Browser:
    """A debtor's browser after the emailed code."""
    house = House(desk.app, desk.rt, desk.rt.db, desk.rt.clock)  # type: ignore[arg-type]
    browser = inside(house, desk.owed.link)
    browser.get("/something-wrong")
    part = desk.owed.invoices[0].public_id
    browser.send("/something-wrong", do="code", words="Half of it is missing.", reason="quality", part=part)
    for code in ("000000", house.newest_code()):
        browser.send("/something-wrong", do="enter", code=code)
        assert "Half of it is missing." in browser.text and f'value="{part}" checked' in browser.text
        assert ("That code did not match." in browser.words) is (code == "000000")
    return browser


def told(desk: Desk, browser: Browser, *files: tuple[str, bytes], words: str = "It broke.", **more: str) -> None:
    sent: dict[str, Any] = {"files": [(io.BytesIO(content), name) for name, content in files]} if files else {}
    about: dict[str, Any] = dict(more) or {"part": desk.owed.invoices[0].public_id}
    browser.send("/something-wrong", reason="quality", wants="credit", words=words, **about, **sent)


def kept(desk: Desk, folder: Path) -> tuple[int, int, int, int]:
    """How many disputes, holds, rows of files, and files there are."""
    with desk.rt.db.reading() as session:
        rows = [session.scalar(select(func.count()).select_from(table)) or 0 for table in (Dispute, Hold, StoredFile)]
    return rows[0], rows[1], rows[2], sum(path.is_file() for path in (folder / "files").rglob("*"))


def locked() -> bytes:
    writer, made = PdfWriter(), io.BytesIO()
    writer.add_blank_page(200, 300)
    writer.encrypt("secret", "secret")
    writer.write(made)
    return made.getvalue()


def zip_bomb() -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("zeros", b"\0" * 5_000_000)
    return made.getvalue()


def giant() -> bytes:
    made = io.BytesIO()
    Image.new("1", (20_000, 20_000)).save(made, "PNG")
    return made.getvalue()


BAD = {
    "polyglot": ("both.pdf", a_pdf() + b"PK\x03\x04" + SCRIPT.encode() + b"\0" * 5_000),
    "page-in-front": ("page.pdf", SCRIPT.encode() + a_pdf()),
    "huge": ("huge.jpg", b"\xff\xd8\xff" + b"\0" * (10 * 1024 * 1024 + 1)),
    "empty": ("empty.png", b""),
    "encrypted": ("locked.pdf", locked()),
    "misnamed": ("photo.png", b"MZ" + b"\x90" * 900),
    "zip-bomb": ("bomb.pdf", zip_bomb()),
    "giant-picture": ("bomb.png", giant()),
    "cut": ("half.jpg", a_picture()[:400]),
}


def test_a_bad_file_beside_a_good_one_keeps_neither(desk: Desk, tmp_path: Path) -> None:
    browser = proven(desk)
    for kind, bad in BAD.items():
        told(desk, browser, ("good.png", a_picture("PNG")), bad, words="Look at both.")
        assert browser.page is not None and browser.page.status_code in (413, 422), kind
        assert kept(desk, tmp_path) == (0, 0, 0, 0), kind
        browser.get("/something-wrong")


def test_names_and_words_are_text_and_lead_nowhere(desk: Desk, tmp_path: Path) -> None:
    browser = proven(desk)
    told(desk, browser, (f"../../{SCRIPT}.png", a_picture("PNG")), words=f"{SCRIPT} {{{{7*7}}}}")
    assert browser.path.startswith("/disputes/") and kept(desk, tmp_path) == (1, 1, 1, 1)
    assert browser.page is not None
    theirs = browser.page.get_data(as_text=True)
    ours = desk.as_("manager").get(f"/office/requests{browser.path}").get_data(as_text=True)
    for page in (theirs, ours):
        assert SCRIPT not in page and "&lt;script&gt;" in page and "{{7*7}}" in page
    with desk.rt.db.reading() as session:
        row = session.scalars(select(StoredFile)).one()
    assert ".." not in row.name and "/" not in row.name and "<" not in row.name


def test_a_sum_that_cannot_be_is_answered_in_words(desk: Desk, tmp_path: Path) -> None:
    browser = proven(desk)
    for typed in ("100.01", "-1", "0", "1e9", "9" * 20, "1,2,3"):
        told(desk, browser, amount=typed, amount_of=desk.owed.invoices[0].public_id)
        assert browser.page is not None and browser.page.status_code in (409, 422), typed
        assert 'role="alert"' in browser.page.get_data(as_text=True), typed
        assert kept(desk, tmp_path) == (0, 0, 0, 0), typed


def test_an_invoice_of_somebody_else_is_none(desk: Desk, tmp_path: Path) -> None:
    with desk.rt.db.transaction() as session:
        other = make_debtor(session, desk.owed.business)
        theirs = Owed(desk.owed.business, other, make_link(session, other), [make_invoice(session, other, 70_00)])
    foreign = theirs.invoices[0].public_id
    said = Said((Chosen(foreign),), "not_mine", "credit", "Not mine.")
    assert code_of(open_one, desk.rt, desk.owed.access, said) == "unknown_invoice"
    browser = proven(desk)
    told(desk, browser, part=foreign)
    assert browser.page is not None and browser.page.status_code in (404, 422)
    told(desk, browser, amount="5.00", amount_of=foreign)
    assert browser.page.status_code in (404, 422)
    assert kept(desk, tmp_path) == (0, 0, 0, 0)
