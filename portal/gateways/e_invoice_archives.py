"""Several e-invoices at once, in a ZIP archive: each read as if it had come alone, every fault with its file's name.

Unpacked in memory only, piece by piece and up to a limit for all together; names are shown and never used as paths.
"""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Sequence
from dataclasses import replace

from portal.domain.errors import Refusal
from portal.domain.imports import ParsedCredit, ParsedFile, ParsedInvoice, RowError
from portal.gateways import e_invoices, spreadsheets

# The library takes up to half a second for one; a worker's lease must last for all.
MOST_FILES = 200
MOST_UNPACKED = 64 * 1024 * 1024
# So few are read while the person waits.
FEW = 3
PIECE = 256 * 1024
LONGEST_NAME = 80
ENDINGS = (".pdf", ".xml")
ARCHIVE = b"PK\x03\x04"
# Archives that are documents of other programs, and none of ours.
_DOCUMENTS = frozenset(("[Content_Types].xml", "mimetype"))


def is_one(data: bytes) -> bool:
    """Say whether these bytes are an archive that may hold e-invoices."""
    if not data.startswith(ARCHIVE) or spreadsheets.is_one(data):
        return False
    try:
        names = zipfile.ZipFile(io.BytesIO(data)).namelist()
    except (zipfile.BadZipFile, ValueError, NotImplementedError, OSError):
        return False
    return not _DOCUMENTS & set(names) and any(may_be(name) for name in names)


def may_be(name: str) -> bool:
    """Say whether a file of this name may be an e-invoice."""
    return name.lower().endswith(ENDINGS)


def are_few(data: bytes) -> bool:
    """Say whether a file holds so little that it can be read while somebody waits; what is no archive does."""
    return not is_one(data) or len(_listed(zipfile.ZipFile(io.BytesIO(data)))) <= FEW


def pack(files: Sequence[tuple[str, bytes]]) -> bytes:
    """Put files that were sent together into one archive, each under a name of its own; raises files_not_together."""
    if not all(may_be(name) for name, _ in files):
        raise Refusal("invalid", "files_not_together")
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for number, (name, data) in enumerate(files, 1):
            archive.writestr(zipfile.ZipInfo(f"{number}/{_shown(name)}"), data)
    return out.getvalue()


def read(data: bytes, currency: str) -> ParsedFile:
    """Read every e-invoice of an archive; a row is a file, and its fault names it.

    Raises Refusal for the archive as a whole: file_too_large, archive_too_many_files, file_damaged, file_protected.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            files = _unpacked(archive)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, OSError, ValueError) as error:
        raise Refusal("invalid", "file_damaged") from error
    except RuntimeError as error:
        # The archive says by this that a password is needed.
        raise Refusal("invalid", "file_protected") from error
    told = ParsedFile(
        invoices=[], errors=[], notes=[], mapping={}, unmapped=[], encoding="e-invoice", delimiter="", date_orders={},
        decimal=".", currency=currency, rows=len(files), files=tuple(name for name, _ in files))
    numbers: dict[str, str] = {}
    for row, (name, content) in enumerate(files, 1):
        try:
            _take(told, _one(content, currency), row, name, numbers)
        except Refusal as refusal:
            told.errors.append(RowError(row, name, "", refusal.code, dict(refusal.params)))
    return told


def _one(content: bytes, currency: str) -> ParsedInvoice | ParsedCredit:
    if content.startswith(ARCHIVE):
        raise Refusal("invalid", "archive_in_archive")
    if not e_invoices.is_one(content):
        raise Refusal("invalid", "file_no_e_invoice")
    found = e_invoices.read(content, currency)
    return (found.invoices or found.credits)[0]


def _take(told: ParsedFile, made: ParsedInvoice | ParsedCredit, row: int, name: str, numbers: dict[str, str]) -> None:
    number = made.invoice_number if isinstance(made, ParsedInvoice) else made.number
    if number in numbers:
        raise Refusal("invalid", "invoice_in_two_files", first=numbers[number])
    numbers[number] = name
    if isinstance(made, ParsedInvoice):
        told.invoices.append(replace(made, row=row))
    else:
        told.credits.append(replace(made, row=row))


def _listed(archive: zipfile.ZipFile) -> list[zipfile.ZipInfo]:
    """The files, without folders and what a Mac or a file manager lays beside them."""
    return [one for one in archive.infolist() if not one.is_dir() and not one.filename.startswith("__MACOSX/")
            and not one.filename.rpartition("/")[2].startswith(".")]


def _unpacked(archive: zipfile.ZipFile) -> list[tuple[str, bytes]]:
    listed = _listed(archive)
    if len(listed) > MOST_FILES:
        raise Refusal("too_large", "archive_too_many_files", maximum=MOST_FILES)
    left, found = MOST_UNPACKED, []
    for one in listed:
        pieces = []
        # What an archive says of its sizes may be a lie: they are measured.
        with archive.open(one) as part:
            while piece := part.read(PIECE):
                left -= len(piece)
                if left < 0:
                    raise Refusal("too_large", "file_too_large")
                pieces.append(piece)
        found.append((_shown(one.filename), b"".join(pieces)))
    return found


def _shown(name: str) -> str:
    plain = "".join(sign for sign in name if sign.isprintable()).replace("\\", "/").rpartition("/")[2]
    return plain[-LONGEST_NAME:] or "?"
