"""Letters on paper: turns finished words and sums into PDF files with typst.

Every string arrives translated and formatted. Nothing is calculated or worded here, and no data becomes typst source.
"""

from __future__ import annotations

import json
import re
import unicodedata
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any, Literal, TypeAlias, cast

import typst

LETTERS = Path(__file__).resolve().parent.parent / "templates" / "letters"
Ladder: TypeAlias = "tuple[tuple[list[typst.PDFStandard], bool], ...]"
# Best first. Both standards refuse a character that no font of ours has; without them it is printed as an empty box.
LADDER: Ladder = ((["a-2a", "ua-1"], True), ([], True), ([], False))
# What is signed carries its exact bytes inside, and a file in a file needs the third of these standards.
CARRYING: Ladder = ((["a-3a", "ua-1"], True), (["a-3b"], False), ([], False))
INK = "#2b2a27"
LONGEST_UNBROKEN = 28
MAX_LOGO_BYTES = 200_000
# Invisible marks that turn the reading direction could show a sum backwards; the paper has no use for them.
DIRECTION_MARKS = set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
BREAK_HERE = "\u200b"
SHOWN = (
    "title", "to", "eyebrow", "amount", "amount_tail", "lead", "facts", "tables", "notes", "closing_title", "closing",
    "footer", "page_label",
)  # fmt: skip


@dataclass(frozen=True)
class Sender:
    """The business as it stands at the top of the paper."""

    name: str
    legal_name: str = ""
    address: tuple[str, ...] = ()
    color: str = INK
    logo_svg: bytes | None = None


@dataclass(frozen=True)
class Column:
    """One column of a table: `wide` takes the free space, `money` stands at the far side."""

    label: str
    kind: Literal["text", "wide", "money"] = "text"


@dataclass(frozen=True)
class Row:
    """One line of a table. A total may have two cells only: its label, and the sum in the last column."""

    cells: tuple[str, ...]
    note: str = ""
    note_under: int = 0


@dataclass(frozen=True)
class Table:
    """Rows under labels, with the sums below a stronger rule."""

    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    totals: tuple[Row, ...] = ()
    title: str = ""

    def __post_init__(self) -> None:
        width = len(self.columns)
        if width < 2 or any(len(row.cells) != width for row in self.rows):
            raise ValueError("every row of a table needs one cell for each of its columns, two at least")
        if any(len(row.cells) not in (2, width) for row in self.totals):
            raise ValueError("a total needs either two cells or one for each column")


@dataclass(frozen=True, kw_only=True)
class Paper:
    """What every letter has. `issued_at` (aware) is the file's date, so the same letter twice is the same file.

    `page_label` holds {page} and {pages}, for example "Page {page} of {pages}".
    """

    sender: Sender
    language: str
    title: str
    issued_at: datetime
    page_label: str
    size: Literal["us-letter", "a4"] = "a4"
    to: tuple[str, ...] = ()
    eyebrow: str = ""
    amount: str = ""
    amount_tail: str = ""
    lead: str = ""
    facts: tuple[tuple[str, str], ...] = ()
    tables: tuple[Table, ...] = ()
    notes: tuple[str, ...] = ()
    closing_title: str = ""
    closing: tuple[str, ...] = ()
    footer: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Statement(Paper):
    """An account with every movement and what is left to pay."""


@dataclass(frozen=True, kw_only=True)
class Receipt(Paper):
    """Proof of one payment."""


@dataclass(frozen=True)
class Code:
    """A QR code as an SVG drawing, with the words under it, which also tell it to who cannot see it."""

    svg: bytes
    caption: str


@dataclass(frozen=True, kw_only=True)
class PostLetter(Paper):
    """A letter for an envelope with a window: `lead` is its day, `notes` its text before the sums."""

    closing_text: tuple[str, ...] = ()
    codes: tuple[Code, ...] = ()


@dataclass(frozen=True, kw_only=True)
class SignedText(Paper):
    """What somebody signed: its pieces as (kind, words), and the files it carries as (name, what it is, bytes).

    `facts` say who signed it and how, `closing` how it is checked.
    """

    pieces: tuple[tuple[str, str], ...]
    facts_title: str
    files: tuple[tuple[str, str, bytes], ...]


def signed_text(data: SignedText) -> bytes:
    """Print what was signed as a PDF file, with the exact bytes of it inside."""
    pieces = [{"kind": kind, "words": _printable(words)} for kind, words in data.pieces]
    files = [{"name": name, "about": about, "content": content.decode()} for name, about, content in data.files]
    return _print("agreement.typ", replace(data, pieces=(), files=()), CARRYING, pieces=pieces, files=files,
                  facts_title=_printable(data.facts_title))


def post_letter(data: PostLetter) -> bytes:
    """Print a letter as a PDF file."""
    drawn = [{"svg": code.svg.decode(), "caption": _printable(code.caption)} for code in data.codes]
    said = [_printable(text) for text in data.closing_text]
    return _print("letter.typ", replace(data, codes=(), closing_text=()), codes=drawn, closing_text=said)


def statement(data: Statement) -> bytes:
    """Print an account statement as a PDF file."""
    return _print("statement.typ", data)


def receipt(data: Receipt) -> bytes:
    """Print the receipt of one payment as a PDF file."""
    return _print("receipt.typ", data)


def _print(template: str, paper: Paper, ladder: Ladder = LADDER, **more: Any) -> bytes:
    """Print at the best standard these words allow, plainer rather than not at all; a broken logo is left out."""
    payload = {**_payload(paper), **more}
    plainer = [payload]
    if payload["business"]["logo"] is not None:
        plainer.append({**payload, "business": {**payload["business"], "logo": None}})
    failure: typst.TypstError | None = None
    for candidate in plainer:
        for standards, tags in ladder:
            try:
                return _compile(template, candidate, standards, tags, paper.issued_at)
            except typst.TypstError as error:
                failure = error
    raise RuntimeError(f"the letter {template} cannot be printed") from failure


def _compile(
    template: str,
    payload: dict[str, Any],
    standards: list[typst.PDFStandard],
    tags: bool,
    issued_at: datetime,
) -> bytes:
    compiler = typst.Compiler(
        str(LETTERS / template), root=str(LETTERS), font_paths=_fonts(), ignore_system_fonts=True
    )
    pdf = compiler.compile(
        format="pdf",
        sys_inputs={"data": json.dumps(payload, ensure_ascii=False)},
        pdf_standards=standards,
        timestamp=issued_at.astimezone(UTC).replace(microsecond=0),
        pdf_tags=tags,
    )
    return cast(bytes, pdf)


@cache
def _fonts() -> typst.Fonts:
    """Only the fonts we ship, so that a letter looks the same on every machine."""
    return typst.Fonts(
        include_system_fonts=False, include_embedded_fonts=False, font_paths=[str(LETTERS / "fonts")]
    )


def _payload(paper: Paper) -> dict[str, Any]:
    sender = paper.sender
    words = cast(dict[str, Any], _clean(asdict(paper)))
    language, region = _language(paper.language)
    return {
        "business": {
            "name": words["sender"]["name"],
            "legal_name": words["sender"]["legal_name"],
            "address": words["sender"]["address"],
            "initial": _initial(words["sender"]["name"]),
            "color": sender.color if re.fullmatch(r"#[0-9a-fA-F]{6}", sender.color) else INK,
            "logo": _logo(sender.logo_svg),
        },
        "lang": language,
        "region": region,
        "paper": paper.size,
        **{name: words[name] for name in SHOWN},
    }


def _clean(value: Any) -> Any:
    """Go through all texts of a letter and make each printable."""
    if isinstance(value, str):
        return _printable(value)
    if isinstance(value, dict):
        return {key: _clean(item) for key, item in value.items() if not isinstance(item, bytes)}
    if isinstance(value, list | tuple):
        return [_clean(item) for item in value]
    return value


def _printable(text: str) -> str:
    """Drop what no printer can show, and let an endless word break instead of running off the page."""
    whole = text.encode("utf-8", "replace").decode("utf-8")
    shown = (
        " " if char in "\t\r\n\v\f\u2028\u2029" else char
        for char in unicodedata.normalize("NFC", whole)
        if char in "\t\r\n\v\f" or not (unicodedata.category(char) == "Cc" or char in DIRECTION_MARKS)
    )
    return re.sub(rf"\S{{{LONGEST_UNBROKEN}}}(?=\S)", lambda part: part[0] + BREAK_HERE, "".join(shown))


def _initial(name: str) -> str:
    return next((char.upper() for char in name if char.isalnum()), "")


def _language(tag: str) -> tuple[str, str | None]:
    """Split `es-MX` or `es_MX` into what typst knows; a tag it cannot know becomes English."""
    match = re.fullmatch(r"([A-Za-z]{2,3})(?:[-_][A-Za-z]{4})?(?:[-_]([A-Za-z]{2}))?", tag)
    if match is None:
        return "en", None
    return match[1].lower(), match[2].upper() if match[2] else None


def _logo(svg: bytes | None) -> str | None:
    if svg is None or len(svg) > MAX_LOGO_BYTES:
        return None
    try:
        return svg.decode("utf-8")
    except UnicodeDecodeError:
        return None
