"""Who may bring in invoices. A kept file belongs to one person, so another's name of it opens nothing."""

from __future__ import annotations

from tests.office.matrix import OfficeRow, said

NOBODYS = {"kept": said("nobodys")}
ROWS = {
    ("office.imports", "GET"): OfficeRow("import", others=("200",)),
    # Reading a file takes nothing in, and so leaves no trace in the books.
    ("office.check_import", "POST"): OfficeRow("import", own="422", others=("422",), audits=0),
    ("office.check_import_again", "POST"): OfficeRow("import", own="410", others=("410",), form=NOBODYS, audits=0),
    ("office.take_in_import", "POST"): OfficeRow("import", own="410", others=("410",), form=NOBODYS, audits=0),
    ("office.drop_import", "POST"): OfficeRow("import", own="410", others=("410",), form=NOBODYS, audits=0),
    ("office.import_errors", "POST"): OfficeRow("import", own="410", others=("410",), form=NOBODYS, audits=0),
}
