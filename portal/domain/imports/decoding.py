"""From bytes to text: which encoding a spreadsheet program used, and the clear refusal of what is not text.

The content of the text is not looked at here.
"""

import codecs
import re

from portal.domain.errors import Refusal
from portal.domain.imports.results import Limits

_NOT_TEXT = (
    (b"PK\x03\x04", "zip"),
    (b"PK\x05\x06", "zip"),
    (b"\xd0\xcf\x11\xe0", "xls"),
    (b"%PDF", "pdf"),
    (b"\x1f\x8b", "gzip"),
    (b"7z\xbc\xaf", "7z"),
    (b"Rar!", "rar"),
    (b"\x89PNG", "image"),
    (b"\xff\xd8\xff", "image"),
    (b"GIF8", "image"),
)
# The four-byte mark comes first: it begins with the two-byte one.
_BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
    (codecs.BOM_UTF8, "utf-8-sig"),
)
_CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")
_CONTROLS_OF_BINARY_DATA = 0.02


# What a person may state where the file does not show it; the names are Python's own.
STATED = ("utf-8", "cp1252", "cp1250", "cp1251", "mac_roman", "cp850", "shift_jis", "gb18030")


def decode(data: bytes, limits: Limits, stated: str | None = None) -> tuple[str, str]:
    """The file's text and the name of its encoding: a mark at its beginning shows it, else what is `stated` counts.

    Raises Refusal: file_too_large, file_empty, file_not_text (a zip, a PDF, an image …),
    file_encoding_unknown.
    """
    if len(data) > limits.max_bytes:
        raise Refusal("too_large", "file_too_large", size=len(data), maximum=limits.max_bytes)
    for magic, format_name in _NOT_TEXT:
        if data.startswith(magic):
            raise Refusal("invalid", "file_not_text", format=format_name)
    text, encoding = _decoded(data, stated)
    if not text.strip():
        raise Refusal("invalid", "file_empty")
    controls = sum(1 for _ in _CONTROLS.finditer(text))
    if controls > max(3, len(text) * _CONTROLS_OF_BINARY_DATA):
        raise Refusal("invalid", "file_not_text", format="binary")
    return text, encoding


def _decoded(data: bytes, stated: str | None) -> tuple[str, str]:
    marked = next((name for mark, name in _BYTE_ORDER_MARKS if data.startswith(mark)), None) or _unmarked_utf16(data)
    if stated is not None and stated not in STATED:
        raise Refusal("invalid", "file_encoding_unknown")
    for encoding in [marked] if marked else [stated] if stated else ["utf-8", "cp1252"]:
        try:
            return data.decode(encoding), encoding
        except UnicodeDecodeError:
            continue
    raise Refusal("invalid", "file_encoding_unknown")


def _unmarked_utf16(data: bytes) -> str | None:
    """Text of two bytes a letter whose mark was lost: nearly every second byte is zero, and none of the others."""
    head = data[:2_000]
    pairs = len(head) // 2
    for encoding, zeros, others in (("utf-16-le", head[1::2], head[0::2]), ("utf-16-be", head[0::2], head[1::2])):
        if pairs >= 8 and zeros.count(0) > 0.9 * pairs and others.count(0) == 0:
            return encoding
    return None
