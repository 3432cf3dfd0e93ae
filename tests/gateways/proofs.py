"""Files somebody might hand in as a proof of payment."""

from __future__ import annotations

import io
from functools import cache

from PIL import Image
from pypdf import PdfWriter


@cache
def a_pdf(padding: int = 0) -> bytes:
    """A PDF of one page, longer by so many bytes."""
    writer = PdfWriter()
    writer.add_blank_page(200, 300)
    if padding:
        writer.add_attachment("more", b"x" * padding)
    made = io.BytesIO()
    writer.write(made)
    return made.getvalue()


def a_picture(form: str = "JPEG", note: str = "") -> bytes:
    """A picture of 300 by 200 points, with what a camera notes about it."""
    picture = Image.new("RGB", (300, 200), "#88aa66")
    exif = picture.getexif()
    if note:
        exif[0x010E] = note
    made = io.BytesIO()
    picture.save(made, form, exif=exif)
    return made.getvalue()
