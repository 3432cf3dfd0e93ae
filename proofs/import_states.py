"""Files of invoices in every state an office page shows: what is wrong with one, what one would do, and what it did."""

from __future__ import annotations

from portal.domain.roles import StaffAccess
from portal.services import import_files
from tests.office.borders import OfficeTheatre

HEADER = "Customer ID,Customer,Invoice no.,Invoice date,Due date,Amount,Settled,Disputed,Rep"
FIRST = ("S-1,{name},F-1,2026-10-01,2026-11-01,180.00,,No,IH", "S-1,{name},F-2,2026-10-02,2026-11-02,75.50,,Yes,IH",
         "S-2,Seabright,F-3,2026-10-03,2026-11-03,1240.50,,No,TP")
# A week later: one was settled, one costs another sum, one is gone, and one is new.
SECOND = ("S-1,{name},F-1,2026-10-01,2026-11-01,180.00,2026-10-20,No,IH",
          "S-1,{name},F-2,2026-10-02,2026-11-02,70.00,,Yes,IH", "S-2,Seabright,F-4,2026-10-09,2026-11-09,12.00,,No,TP")
WRONG = ("S-1,{name},F-8,soon,2026-13-01,=1+1,,No,IH", "S-1,{name},F-9,2026-10-02,2026-11-02,0,,perhaps,IH")


def brought_in(theatre: OfficeTheatre) -> dict[str, str]:
    """Send files as the office's owner, their customer called as the stage's own debtor is; gives addresses by name."""
    own = theatre.stage.own
    staff, business = own.staff["owner"], own.part.business
    access = StaffAccess(business.id, staff.id, staff.public_id, "owner", 0)
    name = " ".join(own.part.debtor.name.split())[:100].replace('"', '""')

    def sent(rows: tuple[str, ...]) -> str:
        lines = [HEADER, *(row.format(name=f'"{name}"') for row in rows)]
        return import_files.send(theatre.rt, access, "\n".join(lines).encode(), "open.csv")

    done = sent(FIRST)
    import_files.take_in(theatre.rt, access, done)
    found = {"done": done, "checked": sent(SECOND), "wrong": sent(WRONG), "no-table": import_files.send(
        theatre.rt, access, b"A,B\n1,2\n", "other.csv")}
    again = sent(SECOND)
    import_files.take_in(theatre.rt, access, again)
    pages = {f"import-{state}": f"/office/imports/{run_id}" for state, run_id in {**found, "told": again}.items()}
    return {**pages, "import-list": "/office/imports", "import-answers": "/office/imports/told",
            "queue-imported": "/office/requests/imported"}
