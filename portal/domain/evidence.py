"""Evidence packs: what happened, in order, chained and signed, so that a change of any byte shows. Pure.

A pack is a JSON file. Each entry names the fingerprint of the one before it, the head names the last one and the
printed pack, and the signature (Ed25519) is over the head. Whoever has the file and the public key can check it.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

FORMAT = "payment-portal/evidence/1"
NOTHING_BEFORE = "0" * 64
LARGEST = 64 * 1024 * 1024
HEAD_KEYS = {"format", "business", "about", "made_at", "entries", "last", "paper", "key"}
ENTRY_KEYS = {"number", "at", "kind", "what", "before", "hash"}

# (public key, signature, message) -> whether it is the key's own signature.
Check = Callable[[bytes, bytes, bytes], bool]


@dataclass(frozen=True)
class Happening:
    """One thing that happened: when (ISO, UTC), what kind of thing, and all that is known of it in plain values."""

    at: str
    kind: str
    what: Mapping[str, Any]


@dataclass(frozen=True)
class Verdict:
    """What a check came to: "" as `fault` when all holds; else a code, and the number of the first entry at fault."""

    fault: str
    entry: int = 0
    entries: int = 0
    made_at: str = ""
    business: str = ""
    about: str = ""

    @property
    def holds(self) -> bool:
        """Whether the pack is as it was made."""
        return not self.fault


def canonical(value: object) -> bytes:
    """Write plain values in the one form that is hashed: keys sorted, no blanks, no numbers but whole ones.

    Raises TypeError for a float, whose spelling differs between machines.
    """
    _refuse_floats(value)
    return json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()


def chain(happenings: Sequence[Happening]) -> list[dict[str, Any]]:
    """Number happenings and tie each to the one before it by its fingerprint."""
    before, entries = NOTHING_BEFORE, []
    for number, one in enumerate(happenings, start=1):
        entry = {"number": number, "at": one.at, "kind": one.kind, "what": dict(one.what), "before": before}
        before = _hash(entry)
        entries.append({**entry, "hash": before})
    return entries


def head(entries: Sequence[Mapping[str, Any]], *, business: str, about: str, made_at: str, paper: str,
         key: bytes) -> dict[str, Any]:
    """Say what a pack is about and where its chain ends; `paper` is the SHA-256 of the printed pack, in hex."""
    return {
        "format": FORMAT, "business": business, "about": about, "made_at": made_at, "entries": len(entries),
        "last": entries[-1]["hash"] if entries else NOTHING_BEFORE, "paper": paper,
        "key": base64.b64encode(key).decode()}


def pack(head_: Mapping[str, Any], entries: Sequence[Mapping[str, Any]], signature: bytes) -> bytes:
    """Write a pack as the file that is handed over."""
    return _spelled({"head": head_, "entries": list(entries), "signature": base64.b64encode(signature).decode()})


def verify(content: bytes, key: bytes, check: Check, *, paper: bytes | None = None) -> Verdict:
    """Check a pack with nothing but its bytes and the public key; with the printed pack, that this is the one, too.

    Faults: too_large, unreadable, not_a_pack, rewritten, another_key, signature, chain, count, paper. No bytes make it
    raise.
    """
    if len(content) > LARGEST:
        return Verdict("too_large")
    try:
        whole = json.loads(content.decode("utf-8"), object_pairs_hook=_no_key_twice, parse_float=_no_float,
                           parse_constant=_no_float)
    except (ValueError, TypeError, RecursionError):
        return Verdict("unreadable")
    if not _has_form(whole):
        return Verdict("not_a_pack")
    # Spelled otherwise it would say the same; but then not every byte of the file would be proven.
    if not _is_spelled_as_made(whole, content):
        return Verdict("rewritten")
    named, entries = whole["head"], whole["entries"]
    if _bytes(named["key"]) != key:
        return Verdict("another_key")
    signature = _bytes(whole["signature"])
    if signature is None or not check(key, signature, canonical(named)):
        return Verdict("signature")
    fault, number = _chain_fault(entries, named)
    if not fault and paper is not None and hashlib.sha256(paper).hexdigest() != named["paper"]:
        fault = "paper"
    return Verdict(fault, number, len(entries), str(named["made_at"]), str(named["business"]), str(named["about"]))


def _chain_fault(entries: Sequence[Mapping[str, Any]], named: Mapping[str, Any]) -> tuple[str, int]:
    before = NOTHING_BEFORE
    for number, entry in enumerate(entries, start=1):
        bare = {name: value for name, value in entry.items() if name != "hash"}
        if entry["number"] is True or entry["number"] != number or entry["before"] != before:
            return "chain", number
        if _hash(bare) != entry["hash"]:
            return "chain", number
        before = entry["hash"]
    if named["entries"] is True or named["entries"] != len(entries) or named["last"] != before:
        return "count", len(entries)
    return "", 0


def _spelled(whole: Mapping[str, Any]) -> bytes:
    return json.dumps(whole, ensure_ascii=False, indent=1, sort_keys=True).encode()


def _is_spelled_as_made(whole: Mapping[str, Any], content: bytes) -> bool:
    try:
        return _spelled(whole) == content
    except (ValueError, RecursionError):
        return False


def _has_form(whole: object) -> bool:
    if not isinstance(whole, dict) or set(whole) != {"head", "entries", "signature"}:
        return False
    named, entries = whole["head"], whole["entries"]
    if not isinstance(named, dict) or set(named) != HEAD_KEYS or named["format"] != FORMAT:
        return False
    return isinstance(entries, list) and all(
        isinstance(entry, dict) and set(entry) == ENTRY_KEYS and isinstance(entry["what"], dict) for entry in entries)


def _hash(entry: Mapping[str, Any]) -> str:
    return hashlib.sha256(canonical(entry)).hexdigest()


def _bytes(text: object) -> bytes | None:
    if not isinstance(text, str):
        return None
    try:
        found = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None
    # One spelling only: padding bits that mean nothing could be changed unseen.
    return found if base64.b64encode(found).decode() == text else None


def _no_key_twice(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        # A reader might take the first, a check the last.
        raise ValueError("a name stands twice")
    return found


def _no_float(text: str) -> object:
    raise ValueError(f"not a whole number: {text}")


def _refuse_floats(value: object) -> None:
    if isinstance(value, float):
        raise TypeError("evidence holds whole numbers only")
    if isinstance(value, Mapping):
        for one in value.values():
            _refuse_floats(one)
    elif isinstance(value, (list, tuple)):
        for one in value:
            _refuse_floats(one)
