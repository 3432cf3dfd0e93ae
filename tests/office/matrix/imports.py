"""Who may bring in invoices. A file belongs to the person who sent it, so another's name of it opens nothing."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy.orm import Session

from portal.models import ImportRun
from tests.office.matrix import OfficePart, OfficeRow, said


def prepare(session: Session, office: OfficePart) -> dict[str, Any]:
    """A file that the owner sent and that could not be read as a whole; it is called after the debtor."""
    run = ImportRun(
        business_id=office.part.business.id, state="checked", actor_kind="staff", file_key="0" * 40, sha256="0" * 64,
        actor_id=office.staff["owner"].public_id, file_name=f"{office.part.debtor.name}.csv", reading={},
        report={"refusal": ["invalid", "file_no_rows", {}], "columns": [], "errors_key": ""},
        created_at=datetime.now(UTC))
    session.add(run)
    session.flush()
    return {"import": run.public_id}


NOBODYS = {"run_id": said("nobodys")}
THE_OWNERS = {"run_id": lambda office: str(office.things["import"])}
PREPARE = prepare
ROWS = {
    ("office.imports", "GET"): OfficeRow("import", others=("200",)),
    # Reading a file takes nothing in, and so leaves no trace in the books.
    ("office.check_import", "POST"): OfficeRow("import", own="422", others=("422",), audits=0),
    ("office.import_run", "GET"): OfficeRow("import", canary=True, others=("410",), target=THE_OWNERS, whose="owner"),
    ("office.check_import_again", "POST"): OfficeRow("import", own="410", others=("410",), target=NOBODYS, audits=0),
    ("office.take_in_import", "POST"): OfficeRow("import", own="409", others=("410",), target=THE_OWNERS, audits=0,
                                                whose="owner"),
    ("office.drop_import", "POST"): OfficeRow("import", own="303 /office/imports", others=("410",), target=THE_OWNERS,
                                              audits=0, whose="owner"),
    ("office.import_errors", "POST"): OfficeRow("import", others=("410",), target=THE_OWNERS, audits=0, whose="owner"),
    ("office.import_told", "GET"): OfficeRow("import", others=("200",)),
    # Nothing is picked; what one answer does, and to whose, is tests/imports/test_weekly.py.
    ("office.answer_told", "POST"): OfficeRow("import", own="303 /office/imports/told",
                                              others=("303 /office/imports/told",), audits=0),
}
