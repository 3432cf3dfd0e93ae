"""Makes files that strangers hand in harmless: pictures are drawn anew, PDFs are opened once to see that they are some.

Pillow and pypdf are loaded when the first file comes: most requests bring none.
"""

from __future__ import annotations

import io

from portal.domain.errors import Refusal
from portal.domain.proof_files import Kind, check_sides

QUALITY = 88
# Whatever a bank's slip says can be read at this size.
LONGEST_SIDE = 4000


def cleaned(content: bytes, kind: Kind) -> bytes:
    """Give a file as it may be kept: of a picture its points alone, upright and without what a camera adds.

    Raises Refusal: slip_broken, slip_locked, slip_too_detailed.
    """
    if kind == "pdf":
        _open_pdf(content)
        return content
    return _draw_anew(content, kind)


def _draw_anew(content: bytes, kind: Kind) -> bytes:
    from PIL import Image, ImageOps

    try:
        with Image.open(io.BytesIO(content), formats=(kind,)) as found:
            # Before anything is unpacked: the sides stand in the first bytes.
            check_sides(*found.size)
            found.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
            upright = ImageOps.exif_transpose(found)
            plain = upright.convert("RGBA" if kind == "png" and _sees_through(upright) else "RGB")
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as bomb:
        raise Refusal("invalid", "slip_too_detailed") from bomb
    except (OSError, ValueError, SyntaxError, MemoryError) as error:
        raise Refusal("invalid", "slip_broken") from error
    # Else a comment of the old file would stand in the new one.
    plain.info = {}
    made = io.BytesIO()
    if kind == "jpeg":
        plain.save(made, "JPEG", quality=QUALITY)
    else:
        plain.save(made, "PNG")
    return made.getvalue()


def _sees_through(picture: object) -> bool:
    return "transparency" in getattr(picture, "info", {}) or getattr(picture, "mode", "") in ("RGBA", "LA", "PA")


def _open_pdf(content: bytes) -> None:
    from pypdf import PdfReader
    from pypdf.errors import FileNotDecryptedError, PyPdfError

    try:
        reader = PdfReader(io.BytesIO(content))
        root = reader.trailer["/Root"].get_object()
        pages = root["/Pages"].get_object()  # type: ignore[index]
        count = int(pages["/Count"])
    except FileNotDecryptedError as locked:
        raise Refusal("invalid", "slip_locked") from locked
    except (PyPdfError, OSError, ValueError, TypeError, KeyError, AttributeError, IndexError, RecursionError) as error:
        raise Refusal("invalid", "slip_broken") from error
    if count < 1:
        raise Refusal("invalid", "slip_broken")
