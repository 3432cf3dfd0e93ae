"""Who may bring in invoices. A file belongs to the person who sent it, so another's name of it opens nothing."""

from __future__ import annotations

from tests.office.matrix import OfficeRow, said

NOBODYS = {"run_id": said("nobodys")}
ROWS = {
    ("office.imports", "GET"): OfficeRow("import", others=("200",)),
    # Reading a file takes nothing in, and so leaves no trace in the books.
    ("office.check_import", "POST"): OfficeRow("import", own="422", others=("422",), audits=0),
    ("office.import_run", "GET"): OfficeRow("import", own="410", others=("410",), target=NOBODYS),
    ("office.check_import_again", "POST"): OfficeRow("import", own="410", others=("410",), target=NOBODYS, audits=0),
    ("office.take_in_import", "POST"): OfficeRow("import", own="410", others=("410",), target=NOBODYS, audits=0),
    ("office.drop_import", "POST"): OfficeRow("import", own="410", others=("410",), target=NOBODYS, audits=0),
    ("office.import_errors", "POST"): OfficeRow("import", own="410", others=("410",), target=NOBODYS, audits=0),
    ("office.import_told", "GET"): OfficeRow("import", others=("200",)),
    # Nothing is picked; what one answer does, and to whose, is tests/imports/test_weekly.py.
    ("office.answer_told", "POST"): OfficeRow("import", own="303 /office/imports/told",
                                              others=("303 /office/imports/told",), audits=0),
}
