"""What may be handed in as a proof of payment: one PDF or picture of bounded size, told apart by its bytes. Pure.

Whether a picture can be drawn and a PDF be opened is found out in gateways/proof_files.py.
"""

from __future__ import annotations

from typing import Literal

from portal.domain.errors import Refusal

Kind = Literal["pdf", "jpeg", "png"]

LARGEST = 10 * 1024 * 1024
# A picture unpacks to four bytes a point: more than a sheet scanned at 600 dots an inch is a bomb, or no proof.
MOST_POINTS = 50_000_000
MEDIA_TYPES: dict[Kind, str] = {"pdf": "application/pdf", "jpeg": "image/jpeg", "png": "image/png"}
ENDINGS: dict[Kind, str] = {"pdf": "pdf", "jpeg": "jpg", "png": "png"}
_BEGINNINGS: tuple[tuple[bytes, Kind], ...] = (
    (b"%PDF-", "pdf"), (b"\xff\xd8\xff", "jpeg"), (b"\x89PNG\r\n\x1a\n", "png"))
# Readers of PDF look for the end this far back; what follows it farther away is another file behind the first.
_LAST_PART = 1024


def kind_of(content: bytes) -> Kind:
    """Tell what a file is by its bytes alone, whatever it is called.

    Raises Refusal: slip_empty, slip_too_large, slip_unknown, slip_broken.
    """
    if not content:
        raise Refusal("invalid", "slip_empty")
    if len(content) > LARGEST:
        raise Refusal("too_large", "slip_too_large")
    kind = next((kind for beginning, kind in _BEGINNINGS if content.startswith(beginning)), None)
    if kind is None:
        raise Refusal("invalid", "slip_unknown")
    if kind == "pdf" and b"%%EOF" not in content[-_LAST_PART:]:
        raise Refusal("invalid", "slip_broken")
    return kind


def check_sides(width: int, height: int) -> None:
    """Refuse a picture with more points than anybody can need. Raises Refusal slip_too_detailed."""
    if width * height > MOST_POINTS:
        raise Refusal("invalid", "slip_too_detailed")


def named(name: str, kind: Kind) -> str:
    """Give a file the ending of what it is: "slip.pdf.exe" that is a picture becomes "slip.jpg"."""
    stem = name.replace("\\", "/").rpartition("/")[2].partition(".")[0].strip()
    return f"{stem or 'proof'}.{ENDINGS[kind]}"
