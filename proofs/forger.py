"""The hand that edits agreements in the database: what it changes, and how it covers that up as far as it can."""

from __future__ import annotations

import json
import random
import secrets
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, cast

from sqlalchemy import Connection, Table, delete, select, update

from portal.domain.agreements import digest
from portal.models import (
    Agreement,
    AgreementPaper,
    AgreementPrint,
    Arrangement,
    AuditEvent,
    Base,
    PortalLink,
    SigningConsent,
)


def table_of(model: type[Base]) -> Table:
    """Give the plain table of a model, without the model's manners."""
    return cast(Table, model.__table__)


AGREEMENT, PAPER, PRINT, CONSENT, AUDIT = (
    table_of(model) for model in (Agreement, AgreementPaper, AgreementPrint, SigningConsent, AuditEvent))
# Every column of the row; another value for each is made by another_value().
COLUMNS = ("arrangement_version", "text_version", "locale", "policy_version", "code_id", "signed_at", "text_sha256",
           "fingerprint", "previous", "seal", "public_id", "kind")


class Forger:
    """One agreement in the hands of somebody who may write everything, and another one of the same debtor."""

    def __init__(self, connection: Connection, chance: random.Random) -> None:
        self.connection, self.chance = connection, chance
        rows = [dict(row) for row in connection.execute(select(AGREEMENT).order_by(AGREEMENT.c.id)).mappings()]
        self.row = chance.choice(rows)
        self.other = next(row for row in rows
                          if row["debtor_id"] == self.row["debtor_id"] and row["id"] != self.row["id"])

    def paper(self, what: str, of: Mapping[str, Any] | None = None) -> bytes:
        """Read the bytes of an agreement."""
        return bytes(self.connection.execute(select(PAPER.c.content).where(
            PAPER.c.agreement_id == (of or self.row)["id"], PAPER.c.what == what)).scalar_one())

    def put(self, what: str, content: bytes, of: Mapping[str, Any] | None = None) -> None:
        """Write other bytes into an agreement's paper."""
        self.connection.execute(update(PAPER).where(
            PAPER.c.agreement_id == (of or self.row)["id"], PAPER.c.what == what).values(content=content))

    def write(self, **values: Any) -> None:
        """Write other values into the agreement's row."""
        self.connection.execute(update(AGREEMENT).where(AGREEMENT.c.id == self.row["id"]).values(**values))
        self.row |= values

    def make_anew(self, facts: Mapping[str, Any]) -> None:
        """Write other evidence, and make all anew that follows from it and needs no key."""
        content = json.dumps(facts, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()
        old, new = self.row["fingerprint"], digest(content)
        self.put("evidence", content)
        self.write(fingerprint=new)
        self.connection.execute(update(AGREEMENT).where(AGREEMENT.c.previous == old).values(previous=new))
        self.connection.execute(update(AUDIT).where(AUDIT.c.target == f"agreement:{self.row['public_id']}")
                                .values(details={"fingerprint": new}))


def bytes_edited(chance: random.Random, content: bytes) -> bytes:
    """Change, add, take out or swap some bytes; never the same bytes."""
    edited = bytearray(content)
    while bytes(edited) == content:
        for _ in range(chance.randint(1, 3)):
            place = chance.randrange(len(edited))
            match chance.randrange(4):
                case 0:
                    edited[place] = chance.randrange(256)
                case 1:
                    edited.insert(place, chance.choice(b"0123456789 ."))
                case 2 if len(edited) > 1:
                    del edited[place]
                case _:
                    edited[place] = chance.choice(b"0123456789")
    return bytes(edited)


def text_alone(hand: Forger) -> None:
    """Change some bytes of the text."""
    hand.put("text", bytes_edited(hand.chance, hand.paper("text")))


def text_with_its_hash(hand: Forger) -> None:
    """Change the text and the hash beside it."""
    content = bytes_edited(hand.chance, hand.paper("text"))
    hand.put("text", content)
    hand.write(text_sha256=digest(content))


def text_with_all_that_follows(hand: Forger) -> None:
    """Change the text and everything that names its hash; only the seal is left."""
    content = bytes_edited(hand.chance, hand.paper("text"))
    hand.put("text", content)
    hand.write(text_sha256=digest(content))
    facts = json.loads(hand.paper("evidence"))
    facts["text"]["sha256"] = digest(content)
    hand.make_anew(facts)


def text_with_a_made_up_seal(hand: Forger) -> None:
    """The same, and a seal that was not made with the key."""
    text_with_all_that_follows(hand)
    hand.write(seal=hand.chance.choice((secrets.token_hex(32), hand.other["seal"], digest(hand.paper("evidence")))))


def evidence_bytes(hand: Forger) -> None:
    """Change some bytes of the evidence."""
    hand.put("evidence", bytes_edited(hand.chance, hand.paper("evidence")))


def evidence_field(hand: Forger) -> None:
    """Change one field of the evidence and make all anew that follows."""
    facts = json.loads(hand.paper("evidence"))
    holder, name = hand.chance.choice(_leaves(facts))
    holder[name] = another_value(hand.chance, holder[name])
    hand.make_anew(facts)


def evidence_field_taken_out(hand: Forger) -> None:
    """Take one field of the evidence out, and make all anew that follows."""
    facts = json.loads(hand.paper("evidence"))
    holder, name = hand.chance.choice(_leaves(facts))
    del holder[name]
    hand.make_anew(facts)


def column(hand: Forger) -> None:
    """Change one column of the row."""
    name = hand.chance.choice(COLUMNS)
    changed = {"kind": "plan"}.get(name) or another_value(hand.chance, hand.row[name])
    hand.write(**{name: changed})


def column_and_field(hand: Forger) -> None:
    """Change what the row and the evidence both say, in both."""
    facts = json.loads(hand.paper("evidence"))
    match hand.chance.randrange(3):
        case 0:
            facts["policy_version"] = hand.row["policy_version"] + 1
            hand.write(policy_version=facts["policy_version"])
        case 1:
            facts["text"]["version"] = "settlement/0"
            hand.write(text_version="settlement/0")
        case _:
            moved = hand.row["signed_at"] - timedelta(days=hand.chance.randint(1, 90))
            facts["signed_at"] = moved.isoformat()
            hand.write(signed_at=moved)
    hand.make_anew(facts)


def pdf_alone(hand: Forger) -> None:
    """Change some bytes of the PDF."""
    hand.put("pdf", bytes_edited(hand.chance, hand.paper("pdf")))


def pdf_with_its_hash(hand: Forger) -> None:
    """Change the PDF and the hash beside it."""
    content = bytes_edited(hand.chance, hand.paper("pdf"))
    hand.put("pdf", content)
    hand.connection.execute(update(PRINT).where(PRINT.c.agreement_id == hand.row["id"]).values(sha256=digest(content)))


def papers_swapped(hand: Forger) -> None:
    """Swap a paper of two agreements of one debtor."""
    what = hand.chance.choice(("text", "evidence", "pdf"))
    mine, theirs = hand.paper(what), hand.paper(what, hand.other)
    hand.put(what, theirs)
    hand.put(what, mine, hand.other)


def paper_removed(hand: Forger) -> None:
    """Remove one paper, or all, without an erasure."""
    what = hand.chance.choice((("text",), ("evidence",), ("pdf",), ("text", "evidence", "pdf")))
    hand.connection.execute(delete(PAPER).where(PAPER.c.agreement_id == hand.row["id"], PAPER.c.what.in_(what)))


def consent(hand: Forger) -> None:
    """Change or remove a consent that was given with a signature."""
    rows = list(hand.connection.execute(select(CONSENT).order_by(CONSENT.c.id)).mappings())
    row = hand.chance.choice(rows)
    this = CONSENT.c.id == row["id"]
    change = hand.chance.choice((
        {"given": False}, {"version": "0"}, {"text_sha256": secrets.token_hex(32)}, {"locale": "fr"},
        {"at": row["at"] - timedelta(days=1)}, {"agreement_id": None}, {}))
    hand.connection.execute(update(CONSENT).where(this).values(**change) if change else delete(CONSENT).where(this))


def removed(hand: Forger) -> None:
    """Remove an agreement with all that hangs on it."""
    for table in (PAPER, PRINT, CONSENT):
        hand.connection.execute(delete(table).where(table.c.agreement_id == hand.row["id"]))
    hand.connection.execute(delete(AGREEMENT).where(AGREEMENT.c.id == hand.row["id"]))


def what_it_hangs_on(hand: Forger) -> None:
    """Give the arrangement or the link another name than the evidence knows."""
    table, key = hand.chance.choice(((table_of(Arrangement), "arrangement_id"), (table_of(PortalLink), "link_id")))
    hand.connection.execute(update(table).where(table.c.id == hand.row[key])
                            .values(public_id=secrets.token_urlsafe(16)))


def another_value(chance: random.Random, value: Any) -> Any:
    """Give another value of the same kind."""
    if isinstance(value, datetime):
        return value + timedelta(microseconds=chance.choice((-1, 1, 86_400_000_000)))
    if isinstance(value, int):
        return value + chance.randint(1, 9)
    if _is_hash(value):
        return secrets.token_hex(32)
    # A sign more or less, or another one, and never so long that a column would not take it.
    spelled = str(value)
    place = chance.randrange(len(spelled)) if spelled else 0
    other = chance.choice([sign for sign in "0123456789abcdef" if spelled[place:place + 1] != sign])
    return spelled[:place] + other + spelled[place + 1:]


def _is_hash(value: Any) -> bool:
    return isinstance(value, str) and len(value) == 64


def _leaves(facts: Any) -> list[tuple[Any, Any]]:
    """List every field of the evidence, however deep, as its holder and its name."""
    pairs = facts.items() if isinstance(facts, dict) else enumerate(facts)
    found: list[tuple[Any, Any]] = []
    for name, value in pairs:
        if isinstance(value, dict | list):
            found += _leaves(value)
        else:
            found.append((facts, name))
    return found


Edit = Callable[[Forger], None]
KINDS: tuple[Edit, ...] = (
    text_alone, text_with_its_hash, text_with_all_that_follows, text_with_a_made_up_seal, evidence_bytes,
    evidence_field, evidence_field, evidence_field_taken_out, column, column, column_and_field, pdf_alone,
    pdf_with_its_hash, papers_swapped, paper_removed, consent, removed, what_it_hangs_on)
