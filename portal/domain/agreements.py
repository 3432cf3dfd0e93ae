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
# The act an emailed code is entered for before anything is signed.
SIGN = "sign"
# What stands before a name and is no part of it, in the languages of the pages.
TITLES = frozenset({"mr", "mrs", "ms", "miss", "dr", "sr", "sra", "srta", "don", "dona", "dna"})
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
    if sum(sign.isalpha() for sign in name) < 2 or "@" in name or any(_is_hidden(sign) for sign in name):
        raise Refusal("invalid", "signature_unreadable")
    return name


def check_signer(name: str, on_file: str, confirmed: str) -> None:
    """Ask once more whoever signs by a name that is not the one on file, or that may not be a whole name.

    Nobody is turned away by it: married names, guardians, people who sign for a company or have one name say that it
    is right. Worked: for "Helen Okafor", "Helen A. Okafor", "Okafor Helen" and "H. Okafor" are the same.
    Raises Refusal signature_half_name, signature_other_name.
    """
    name = typed_name(name)
    if _is_same(_words(name), _words(on_file)) or confirmed == name:
        return
    code = "signature_half_name" if len(_words(name)) < 2 else "signature_other_name"
    raise Refusal("invalid", code, name=name, known=on_file)


def browser_said(text: str) -> str:
    """Keep what a browser calls itself, bounded and in one line."""
    return "".join(sign for sign in text if sign.isprintable())[:LONGEST_BROWSER]


def _words(name: str) -> list[str]:
    """Take a name apart, without accents, capitals, points and titles."""
    plain = "".join(sign for sign in unicodedata.normalize("NFKD", name) if not unicodedata.combining(sign))
    found = re.findall(r"[^\W\d_]+", re.sub(r"['’ʼ`]", "", plain).casefold())
    return [word for word in found if word not in TITLES] or found


def _is_same(mine: list[str], theirs: list[str]) -> bool:
    """Say whether each word of the shorter name is one of the longer, or its initial."""
    if sorted(mine) == sorted(theirs):
        return True
    few, many = sorted((mine, theirs), key=len)
    return len(mine) > 1 and all(any(_meets(one, other) for other in many) for one in few)


def _meets(one: str, other: str) -> bool:
    short, long = sorted((one, other), key=len)
    return short == long or (len(short) == 1 and long.startswith(short))


def _marked(line: str) -> Block | None:
    kinds: tuple[tuple[str, BlockKind], ...] = (("# ", "title"), ("## ", "heading"), ("- ", "item"))
    for mark, kind in kinds:
        if line.startswith(mark):
            return Block(kind, line.removeprefix(mark))
    return None


def _is_hidden(sign: str) -> bool:
    return sign in HIDDEN or unicodedata.category(sign) in ("Cc", "Cs", "Co", "Zl", "Zp")
