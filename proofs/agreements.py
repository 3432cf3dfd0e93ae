"""Edits of what was signed, by somebody who may write everything in the database but does not hold our key.

They take the triggers away, change bytes, fields, rows and files in every way we could think of, and make anew all
that can be made without the key: hashes, fingerprints, the chain, the audit trail. Each edit must be noticed.
"""

from __future__ import annotations

import random
from collections.abc import Sequence

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from portal.domain.agreements import digest
from portal.models import AgreementPaper
from portal.models.triggers import APPEND_ONLY, ERASABLE
from portal.runtime import Runtime
from portal.services import agreement_check, agreement_lookup, agreement_papers
from proofs.forger import KINDS, Edit, Forger, bytes_edited
from proofs.harness import Databases, Figures, ProofError, Steps, say
from tests.agreements.signing import Signing, offered, prepare
from tests.cast import make_runtime, someone_owes

# A server answers each of an edit's questions by itself, and so takes far longer than a file.
EDITS = {"sqlite": 4_500, "postgresql": 1_000}
FILES, SHORT = 2_500, 60
SIGNED, SEED = 4, 11


def run(database: str, quick: bool) -> Figures:
    """Edit a database and files of agreements; count what went unnoticed, and what was doubted without an edit."""
    edits, files = (SHORT, SHORT) if quick else (EDITS[database], FILES)
    with Databases(database) as made, made.opened() as db:
        rt = make_runtime(db, made.folder)
        _sign(rt)
        alarms, genuine = _false_alarms(rt)
        missed_files = _files(rt, files)
        _take_triggers_away(rt)
        chance, steps, missed = random.Random(SEED), Steps(f"edits on {database}", edits), 0
        for number in range(edits):
            missed += _one(rt, chance, KINDS[number % len(KINDS)])
            steps.step()
        if agreement_check.verify(rt)[0]:
            raise ProofError("an edit that was taken back is still there")
    return {"agreement_edits_tried": edits + files, "agreement_edits_undetected": missed + missed_files,
            "agreement_edits_of_files": files, "agreements_genuine_checked": genuine,
            "agreements_genuine_doubted": alarms}


def _sign(rt: Runtime) -> None:
    """Let two debtors sign two agreements each, and print them."""
    for _ in range(SIGNED // 2):
        owed = someone_owes(rt.db, 100_00, 60_00)
        first = prepare(rt, owed, autopay=True)
        for signing in (first, Signing(rt, owed, offered(rt, owed), first.access)):
            agreement = signing.sign()
            agreement_papers.for_mail(rt, agreement.business_id, agreement.public_id)


def _false_alarms(rt: Runtime) -> tuple[int, int]:
    """Check what nobody touched: the tables, and every file and fingerprint."""
    wrong, checked = agreement_check.verify(rt)
    refused = len(wrong)
    for content in _contents(rt):
        checked += 2
        refused += not agreement_lookup.is_genuine_file(rt, content)
        refused += not agreement_lookup.is_genuine(rt, digest(content).upper())
    if checked < SIGNED * 7:
        raise ProofError("the agreements were not signed")
    return refused, checked


def _contents(rt: Runtime) -> Sequence[bytes]:
    with rt.db.reading() as session:
        return session.scalars(select(AgreementPaper.content).order_by(
            AgreementPaper.agreement_id, AgreementPaper.what)).all()


def _files(rt: Runtime, count: int) -> int:
    """Change files that somebody kept, texts and PDFs, by some bytes each; count those taken for genuine."""
    chance, contents = random.Random(SEED + 1), _contents(rt)
    return sum(agreement_lookup.is_genuine_file(rt, bytes_edited(chance, chance.choice(contents)))
               for _ in range(count))


def _take_triggers_away(rt: Runtime) -> None:
    with rt.db.engine.begin() as connection:
        for table in (*APPEND_ONLY, *ERASABLE):
            if connection.dialect.name == "postgresql":
                connection.execute(text(f"ALTER TABLE {table} DISABLE TRIGGER USER"))
                continue
            for ending in ("no_update", "no_delete", "no_replace"):
                connection.execute(text(f"DROP TRIGGER IF EXISTS {table}_{ending}"))


def _one(rt: Runtime, chance: random.Random, kind: Edit) -> int:
    """Make one edit, look whether anything notices it, and take it back."""
    with rt.db.engine.connect() as connection:
        begun = connection.begin()
        kind(Forger(connection, chance))
        with Session(connection) as session:
            noticed = bool(agreement_check.verify_in(session, rt.settings)[0])
        begun.rollback()
    if not noticed:
        say(f"unnoticed: {kind.__name__}")
    return not noticed
