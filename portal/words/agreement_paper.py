"""The wording around a signed text on paper: who signed it and how, and how anyone checks that it is unchanged."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from portal.words.core import Words

GROUP = 8


@dataclass(frozen=True)
class AgreementWords:
    """All texts of the paper but the signed one, ready to print."""

    title: str
    page_label: str
    facts_title: str
    facts: tuple[tuple[str, str], ...]
    notes: tuple[str, ...]
    closing_title: str
    closing: tuple[str, ...]
    text_about: str
    evidence_about: str
    file_name: str


def word(words: Words, facts: Mapping[str, Any], fingerprint: str, verify_at: str) -> AgreementWords:
    """Word the last page of a signed text; `facts` is its evidence, `verify_at` the address where it is checked."""
    consents = [*facts["consents"], *facts["allowed_before"]]
    return AgreementWords(
        title=words.text("Signed agreement"),
        page_label=words.text("Page %(page)s of %(pages)s", page="{page}", pages="{pages}"),
        facts_title=words.text("How it was signed"),
        facts=(
            (words.text("Signed by"), facts["typed_name"]),
            (words.text("Signed on"), _moment(words, facts["signed_at"])),
            (words.text("Shown to be them by"), _code(words, facts["code"])),
            (words.text("From the network address"), facts["address"]),
            (words.text("With the browser"), facts["browser"]),
            (words.text("Version of the text"), facts["text"]["version"]),
            (words.text("Agreement"), facts["agreement"]),
            (words.text("Fingerprint"), grouped(fingerprint)),
        ),
        notes=tuple(part for one in (*consents, *facts["notices"]) for part in one["text"].split("\n\n")),
        closing_title=words.text("How to check it"),
        closing=(words.text("Whether it is genuine and unchanged, anyone can see at"), verify_at,
                 words.text("The exact text that was signed, and all of the above, lie in this file as agreement.txt "
                            "and evidence.json.")),
        text_about=words.text("The exact text that was signed"),
        evidence_about=words.text("Who signed it, when and how"),
        file_name=words.text("agreement-%(day)s.pdf", day=datetime.fromisoformat(facts["signed_at"]).date()))


def grouped(fingerprint: str) -> str:
    """Write a fingerprint so that it can be read out and breaks at the end of a line."""
    return " ".join(fingerprint[place:place + GROUP] for place in range(0, len(fingerprint), GROUP))


def _moment(words: Words, spelled: str) -> str:
    moment = datetime.fromisoformat(spelled)
    return words.text("%(day)s, %(time)s", day=words.long_day(moment), time=words.clock(moment))


def _code(words: Words, code: Mapping[str, str]) -> str:
    entered = _moment(words, code["entered_at"])
    if code["way"] == "email":
        return words.text("a code emailed to %(address)s, entered on %(moment)s", address=code["sent_to"],
                          moment=entered)
    return words.text("a code read out to them by phone, entered on %(moment)s", moment=entered)
