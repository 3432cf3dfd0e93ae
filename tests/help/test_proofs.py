"""The file that comes with "I already paid": kept whole or not at all, read by those who look for the money."""

from __future__ import annotations

import io
import os
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from portal.db import Database
from portal.domain.errors import Refusal
from portal.gateways.files import UnknownFile
from portal.models import Debtor, PaymentClaim, StoredFile, lock_debtor
from portal.services import claim_proofs, debtor_data, payment_claims, sent_files
from portal.services.sent_files import Sent
from tests.access.visitor import Browser, House
from tests.account.conftest import inside
from tests.cast import NOON, Clock
from tests.gateways.proofs import a_pdf, a_picture
from tests.help.test_claims import AT_THE_DOOR, TOLD
from tests.office.books import Desk, open_desk

SLIP = {"amount": "100.00", "paid_on": "2026-11-05", "way": "transfer"}


@pytest.fixture
def desk(db: Database, tmp_path: Path) -> Desk:
    return open_desk(db, tmp_path, 100_00, 60_00)


def page(desk: Desk) -> Browser:
    browser = inside(House(desk.app, desk.rt, desk.rt.db, Clock()), desk.owed.link)
    browser.get("/already-paid")
    return browser


def send(browser: Browser, content: bytes, name: str, **typed: Any) -> None:
    browser.send("/already-paid", **{**SLIP, **typed}, proof=(io.BytesIO(content), name))


def rows(desk: Desk) -> list[StoredFile]:
    with desk.rt.db.reading() as session:
        return list(session.scalars(select(StoredFile)))


def test_a_file_whose_row_was_never_written_is_swept_and_no_other(desk: Desk, tmp_path: Path) -> None:
    payment_claims.claim(desk.rt, desk.owed.access, replace(TOLD, proof=Sent("slip.pdf", a_pdf())))
    # As if the process had ended between the file and its row, and between the row and its mark.
    lost = sent_files.keep(desk.rt, Sent("lost.pdf", a_pdf()))
    desk.rt.files.room("arriving").put(rows(desk)[0].storage_key.encode())
    assert sent_files.sweep(desk.rt) == 0, "what came just now may still get its row"
    for path in on_disk(tmp_path):
        os.utime(path, (NOON.timestamp() - 90_000,) * 2)
    assert sent_files.sweep(desk.rt) == 1 and sent_files.sweep(desk.rt) == 0
    assert [path.name for path in on_disk(tmp_path)] == [rows(desk)[0].storage_key]
    with pytest.raises(UnknownFile):
        desk.rt.files.get(lost.key)


def on_disk(folder: Path) -> list[Path]:
    return [path for path in (folder / "files").rglob("*") if path.is_file()]


def test_staff_save_the_picture_that_came_with_it(desk: Desk) -> None:
    browser = page(desk)
    send(browser, a_picture(note="12 Secret Lane"), "../my slip.png")
    assert "We are looking for your payment." in browser.words and "my slip.jpg" in browser.words
    claim_id = browser.path.rsplit("/", 1)[1]
    [file] = rows(desk)
    assert (file.name, file.media_type) == ("my slip.jpg", "image/jpeg")
    assert file.storage_key not in browser.text and file.public_id not in browser.text

    shown = desk.as_("agent").get(f"/office/requests/claims/{claim_id}").get_data(as_text=True)
    assert f"/office/claims/{claim_id}/proof" in shown
    saved = desk.as_("agent").get(f"/office/claims/{claim_id}/proof")
    assert saved.data.startswith(b"\xff\xd8\xff") and b"Secret" not in saved.data
    assert saved.headers["Content-Disposition"] == 'attachment; filename="my slip.jpg"'
    assert saved.headers["Content-Type"] == "image/jpeg" and saved.headers["X-Content-Type-Options"] == "nosniff"
    assert saved.headers["Content-Security-Policy"].endswith("sandbox")
    assert desk.acts(*AT_THE_DOOR) == ["claim.made"]


def test_who_only_looks_is_not_shown_the_file(desk: Desk) -> None:
    claim_id = payment_claims.claim(desk.rt, desk.owed.access, replace(TOLD, proof=Sent("slip.pdf", a_pdf())))
    viewer = desk.as_("viewer")
    shown = viewer.get(f"/office/requests/claims/{claim_id}").get_data(as_text=True)
    assert "A file came with it." in shown and "slip.pdf" not in shown and "/proof" not in shown
    assert viewer.get(f"/office/claims/{claim_id}/proof").status_code == 403
    assert desk.as_("agent").get("/office/claims/none/proof").status_code == 404


def test_a_file_of_five_megabytes_comes_through_and_one_of_eleven_is_told_beside_its_field(
        desk: Desk, tmp_path: Path) -> None:
    browser = page(desk)
    send(browser, a_pdf(5 * 1024 * 1024), "big.pdf")
    assert "We are looking for your payment." in browser.words
    browser.get("/already-paid")
    send(browser, b"%PDF-" + b"x" * 11 * 1024 * 1024, "bigger.pdf", paid_on="2026-11-04")
    assert "The file is larger than 10 MB." in browser.words and "2026-11-04" in browser.text
    assert browser.page is not None and browser.page.status_code == 413
    browser.get("/already-paid")
    send(browser, b"%PDF-" + b"x" * 17 * 1024 * 1024, "huge.pdf")
    assert browser.page.status_code == 413 and "The file is larger than 10 MB." in browser.words
    assert len(rows(desk)) == len(on_disk(tmp_path)) == 1


def test_no_other_form_takes_more_than_before(desk: Desk) -> None:
    browser = page(desk)
    browser.get("/more-time")
    browser.send("/more-time", until="2026-11-30", words="x" * 3 * 1024 * 1024)
    assert browser.page is not None and browser.page.status_code == 413
    assert desk.acts(*AT_THE_DOOR) == []


@pytest.mark.parametrize(("content", "said"), [
    (b"", "The file is empty."), (b"PK\x03\x04zip", "Please choose a PDF, or a picture"),
    (b"%PDF-1.4 nothing %%EOF", "We could not open this file."),
])
def test_a_bad_file_is_told_and_leaves_nothing(desk: Desk, content: bytes, said: str, tmp_path: Path) -> None:
    browser = page(desk)
    send(browser, content, "slip.pdf", reference="Helen O")
    assert said in browser.words, browser.words
    assert "Helen O" in browser.text
    assert desk.acts(*AT_THE_DOOR) == [] and rows(desk) == [] and on_disk(tmp_path) == []


def test_a_good_file_beside_a_bad_word_leaves_nothing(desk: Desk, tmp_path: Path) -> None:
    browser = page(desk)
    send(browser, a_pdf(), "slip.pdf", paid_on="2026-12-24")
    assert "Please choose the file again." in browser.words
    assert desk.acts(*AT_THE_DOOR) == [] and rows(desk) == [] and on_disk(tmp_path) == []


def test_a_file_that_comes_later_joins_the_first_telling_and_no_second_one_does(desk: Desk, tmp_path: Path) -> None:
    first = payment_claims.claim(desk.rt, desk.owed.access, TOLD)
    for name in ("slip.pdf", "other.pdf"):
        assert payment_claims.claim(desk.rt, desk.owed.access, replace(TOLD, proof=Sent(name, a_pdf()))) == first
    assert [file.name for file in rows(desk)] == ["slip.pdf"] and len(on_disk(tmp_path)) == 1
    assert desk.acts() == ["claim.made", "claim.proof_added"]


def test_the_file_is_taken_out_and_erased_with_everything_else(desk: Desk, tmp_path: Path) -> None:
    payment_claims.claim(desk.rt, desk.owed.access, replace(TOLD, proof=Sent("slip.pdf", a_pdf())))
    made = debtor_data.take_out(desk.rt, desk.access("owner"), desk.owed.debtor.public_id)
    with zipfile.ZipFile(io.BytesIO(made.content)) as archive:
        assert archive.read("files/001-slip.pdf") == a_pdf()
    with desk.rt.db.transaction() as session:
        debtor = lock_debtor(session, desk.owed.business.id, desk.owed.debtor.id)
        assert isinstance(debtor, Debtor) and claim_proofs.erase(desk.rt, session, debtor) == 1
    assert rows(desk) == [] and on_disk(tmp_path) == []
    with desk.rt.db.reading() as session:
        assert session.scalars(select(PaymentClaim)).one().file_id is None


def test_another_business_finds_no_such_file(desk: Desk) -> None:
    claim_id = payment_claims.claim(desk.rt, desk.owed.access, replace(TOLD, proof=Sent("slip.pdf", a_pdf())))
    stranger = replace(desk.access("owner"), business_id=desk.owed.business.id + 1)
    with pytest.raises(Refusal) as caught:
        claim_proofs.for_staff(desk.rt, stranger, claim_id)
    assert caught.value.kind == "not_found"
