"""Files that strangers hand in: told apart by their bytes, pictures drawn anew, and nothing else let through."""

from __future__ import annotations

import io

import pytest
from PIL import Image
from pypdf import PdfWriter

from portal.domain import proof_files as rules
from portal.domain.errors import Refusal
from portal.gateways import proof_files
from tests.gateways.proofs import a_pdf, a_picture

EICAR = rb"X5O!P%@AP[4\PZX54(P^)7CC)7}$EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"


def clean(content: bytes) -> bytes:
    return proof_files.cleaned(content, rules.kind_of(content))


def code_of(content: bytes) -> str:
    with pytest.raises(Refusal) as caught:
        clean(content)
    return caught.value.code


@pytest.mark.parametrize("form", ["JPEG", "PNG"])
def test_a_picture_is_drawn_anew_and_nothing_but_its_points_goes_on(form: str) -> None:
    sent = a_picture(form, note="12 Secret Lane") + b"PK\x03\x04<script>alert(1)</script>"
    assert b"Secret" in sent
    kept = clean(sent)
    assert b"Secret" not in kept and b"script" not in kept
    with Image.open(io.BytesIO(kept)) as picture:
        assert (picture.format, picture.size) == (form, (300, 200))


def test_a_photo_taken_sideways_stands_upright() -> None:
    turned = Image.new("RGB", (300, 200), "white")
    exif = turned.getexif()
    exif[0x0112] = 6
    made = io.BytesIO()
    turned.save(made, "JPEG", exif=exif)
    with Image.open(io.BytesIO(clean(made.getvalue()))) as picture:
        assert picture.size == (200, 300)


@pytest.mark.parametrize("mode", ["1", "L", "P", "LA", "RGBA", "I;16"])
def test_every_kind_of_png_can_be_kept(mode: str) -> None:
    made = io.BytesIO()
    Image.new(mode, (20, 20)).save(made, "PNG")
    assert clean(made.getvalue()).startswith(b"\x89PNG")


def test_a_pdf_stays_as_it_is() -> None:
    assert clean(a_pdf()) == a_pdf()


def test_a_pdf_of_a_bank_that_opens_without_a_password_is_taken() -> None:
    assert clean(_locked("", "owner")).startswith(b"%PDF-")
    assert code_of(_locked("secret", "secret")) == "slip_locked"


@pytest.mark.parametrize(("content", "code"), [
    (b"", "slip_empty"), (b"\x00" * 4096, "slip_unknown"), (EICAR, "slip_unknown"),
    (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "slip_unknown"), (b"GIF89a" + b"\x00" * 20, "slip_unknown"),
    (b"PK\x03\x04" + b"\x00" * 20, "slip_unknown"), (b"\n%PDF-1.7\n%%EOF", "slip_unknown"),
    (b"%PDF-1.7\nhello\n%%EOF", "slip_broken"), (b"\xff\xd8\xff" + b"\x00" * 50, "slip_broken"),
    (b"\x89PNG\r\n\x1a\n" + b"\x00" * 50, "slip_broken"), (b"\xff\xd8\xff" + b"x" * rules.LARGEST, "slip_too_large"),
])
def test_what_is_none_of_the_three_is_refused(content: bytes, code: str) -> None:
    assert code_of(content) == code


@pytest.mark.parametrize("form", ["JPEG", "PNG"])
def test_half_a_picture_is_none(form: str) -> None:
    whole = a_picture(form)
    assert code_of(whole[:len(whole) // 2]) == "slip_broken"


def test_a_pdf_with_another_file_behind_it_is_refused() -> None:
    assert code_of(a_pdf() + b"PK\x03\x04" + b"\x00" * 5000) == "slip_broken"
    assert code_of(a_pdf()[:200]) == "slip_broken"


@pytest.mark.parametrize("side", [8_000, 20_000])
def test_a_small_file_that_unpacks_to_a_giant_picture_is_refused_before_it_does(side: int) -> None:
    made = io.BytesIO()
    Image.new("1", (side, side)).save(made, "PNG")
    assert len(made.getvalue()) < 200_000
    assert code_of(made.getvalue()) == "slip_too_detailed"


@pytest.mark.parametrize(("name", "kept"), [
    ("slip.pdf.exe", "slip.jpg"), ("../../etc/passwd", "passwd.jpg"), ("C:\\Temp\\slip.png", "slip.jpg"),
    (".jpg", "proof.jpg"), ("", "proof.jpg"),
])
def test_a_file_is_called_what_it_is(name: str, kept: str) -> None:
    assert rules.named(name, "jpeg") == kept


def _locked(password: str, owner: str) -> bytes:
    writer = PdfWriter()
    writer.add_blank_page(100, 100)
    writer.encrypt(password, owner, algorithm="AES-256")
    made = io.BytesIO()
    writer.write(made)
    return made.getvalue()
