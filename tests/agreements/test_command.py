"""The command that checks agreements: all that are kept, a file somebody brought, a fingerprint somebody reads out."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import select

from portal import create_app
from portal.db import Database
from portal.models import AgreementPaper
from portal.services import agreement_papers
from tests.agreements.signing import prepare
from tests.cast import make_runtime, someone_owes


def test_the_command_tells_genuine_from_changed(db: Database, tmp_path: Path) -> None:
    rt = make_runtime(db, tmp_path)
    agreement = prepare(rt, someone_owes(db, 100_00)).sign()
    agreement_papers.for_mail(rt, agreement.business_id, agreement.public_id)
    with db.reading() as session:
        papers = {paper.what: paper.content for paper in session.scalars(select(AgreementPaper))}
    runner = create_app(runtime=rt).test_cli_runner()

    def verify(*given: str) -> tuple[int, str]:
        done = runner.invoke(args=["agreements", "verify", *given])
        return done.exit_code, done.output.strip().splitlines()[-1]

    assert verify() == (0, "1 agreement checked, findings: 0.")
    for what, content in papers.items():
        kept = tmp_path / what
        kept.write_bytes(content)
        assert verify(str(kept)) == (0, "Genuine and unchanged: we signed this, to the last byte."), what
        kept.write_bytes(content + b" ")
        assert verify(str(kept), "--language", "es") == (1, "Esto no es nuestro, o no está como se firmó."), what
    assert verify("--fingerprint", agreement.fingerprint.upper())[0] == 0
    assert verify("--fingerprint", "0" * 64)[0] == 1
