"""What makes a signed text provable: one canonical spelling of it, and of the evidence around it. Pure.

A text is plain lines: "# " and "## " begin headings, "- " an item, an empty line a new paragraph. The bytes of that
text are what is shown, kept, mailed and hashed; no other form of it exists.
"""

from __future__ import annotations

import hashlib
import json
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from portal.domain.errors import Refusal

LONGEST_NAME = 160
LONGEST_BROWSER = 300
FORMAT = "payment-portal/agreement/1"
ELECTRONIC_RECORDS, AUTOPAY = "electronic_records", "autopay"
FINGERPRINT = re.compile(r"[0-9a-f]{64}")
# Marks that turn the reading direction could show a sum backwards; the others take room that nobody sees.
HIDDEN = frozenset("\u00ad\u200b\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2060\u2066\u2067\u2068\u2069\ufeff")
BlockKind = Literal["title", "heading", "item", "words"]


@dataclass(frozen=True)
class Statement:
    """Something a reader is shown and agrees to, or is told, beside the text: its kind, version and exact words."""

    kind: str
    version: str
    text: str

    @property
    def sha256(self) -> str:
        return digest(canonical(self.text))


@dataclass(frozen=True)
class Block:
    """One piece of a text as a page or a paper lays it out."""

    kind: BlockKind
    text: str


def canonical(text: str) -> bytes:
    """Give the one spelling of a text as bytes: composed letters, plain line ends, nothing that nobody sees."""
    whole = unicodedata.normalize("NFC", text).replace("\r\n", "\n")
    lines = ["".join(sign for sign in line if not _is_hidden(sign)).rstrip() for line in whole.split("\n")]
    return ("\n".join(lines).strip("\n") + "\n").encode()


def blocks(content: bytes) -> tuple[Block, ...]:
    """Take a canonical text apart for a page or a paper; the words of all blocks are all words of the text."""
    found: list[Block] = []
    paragraph: list[str] = []
    for line in [*content.decode().split("\n"), ""]:
        marked = _marked(line)
        if (marked or not line) and paragraph:
            found.append(Block("words", " ".join(paragraph)))
            paragraph = []
        if marked:
            found.append(marked)
        elif line:
            paragraph.append(line)
    return tuple(found)


def evidence(facts: Mapping[str, Any]) -> bytes:
    """Write evidence in its one spelling: names in order, no spaces, UTF-8; the same facts are the same bytes."""
    return json.dumps({"format": FORMAT, **facts}, ensure_ascii=False, sort_keys=True, separators=(",", ":"),
                      allow_nan=False).encode()


def digest(content: bytes) -> str:
    """Give the SHA-256 of some bytes, 64 hex digits."""
    return hashlib.sha256(content).hexdigest()


def typed_fingerprint(text: str) -> str:
    """Read a fingerprint however it was copied, in groups or capitals; "" when it is none."""
    plain = re.sub(r"[\s:-]+", "", text).lower()
    return plain if FINGERPRINT.fullmatch(plain) else ""


def typed_name(text: str) -> str:
    """Read the name somebody signs with; raises Refusal signature_missing, signature_too_long, signature_unreadable."""
    name = " ".join(unicodedata.normalize("NFC", text[:LONGEST_NAME * 4]).split())
    if not name:
        raise Refusal("invalid", "signature_missing")
    if len(name) > LONGEST_NAME:
        raise Refusal("invalid", "signature_too_long", longest=LONGEST_NAME)
    if sum(sign.isalpha() for sign in name) < 2 or any(_is_hidden(sign) for sign in name):
        raise Refusal("invalid", "signature_unreadable")
    return name


def browser_said(text: str) -> str:
    """Keep what a browser calls itself, bounded and in one line."""
    return "".join(sign for sign in text if sign.isprintable())[:LONGEST_BROWSER]


def _marked(line: str) -> Block | None:
    kinds: tuple[tuple[str, BlockKind], ...] = (("# ", "title"), ("## ", "heading"), ("- ", "item"))
    for mark, kind in kinds:
        if line.startswith(mark):
            return Block(kind, line.removeprefix(mark))
    return None


def _is_hidden(sign: str) -> bool:
    return sign in HIDDEN or unicodedata.category(sign) in ("Cc", "Cs", "Co", "Zl", "Zp")
