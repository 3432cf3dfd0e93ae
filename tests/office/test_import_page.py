"""The import page: looked at first, taken in whole, kept for one person and two hours, and never a half."""

from __future__ import annotations

import io
import re
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select

from portal.db import Database
from portal.models import ImportMapping, ImportRow, ImportRun, Invoice
from portal.services import import_files
from tests.imports.e_invoices import factur_x, ubl
from tests.imports.sheets import sheet
from tests.office.books import Desk, Seat, open_desk

GOOD = (b"Invoice no.;Customer;Date;Due date;Amount;Rep\n"
        b"TW-1;Dale Rowan;2026-10-01;2026-11-01;180.00;IH\n"
        b"TW-2;Seabright <script>alert(1)</script>;2026-10-02;2026-11-02;1240.50;TP\n")
BAD = (b"Invoice no.,Customer,Date,Due date,Amount,Currency\n"
       b"TW-1,Dale Rowan,2026-10-01,2026-13-01,180.00,USD\n"
       b"TW-2,=HYPERLINK(1),2026-10-02,2026-11-02,-4,XXQ\n")


@pytest.fixture
def desk(db: Database, tmp_path: Path) -> Desk:
    return open_desk(db, tmp_path)


def send(seat: Seat, data: bytes, name: str = "open.csv") -> tuple[str, str]:
    """Send a file; gives the address of its page, and the page."""
    answer = seat.post("/office/imports", file=(io.BytesIO(data), name))
    assert answer.status_code == 303, answer.text
    page = seat.get(answer.headers["Location"])
    assert page.status_code == 200
    return answer.headers["Location"], page.text


def send_all(seat: Seat, *files: tuple[str, bytes]) -> tuple[str, str]:
    """Send several files at once; gives the address of their page, and the page."""
    answer = seat.post("/office/imports", file=[(io.BytesIO(data), name) for name, data in files])
    assert answer.status_code == 303, answer.text
    return answer.headers["Location"], seat.get(answer.headers["Location"]).text


def invoices(desk: Desk) -> int:
    with desk.rt.db.reading() as session:
        return session.scalar(select(func.count()).select_from(Invoice)) or 0


def files(desk: Desk) -> list[Path]:
    return [path for path in desk.rt.files._root.glob("imports/??/*") if path.is_file()]


def test_a_file_is_looked_at_first_and_then_taken_in_once(desk: Desk) -> None:
    seat, before = desk.as_("manager"), invoices(desk)
    where, page = send(seat, GOOD, "../../etc/\0open" + "x" * 1_000 + ".csv")
    assert "etc" not in page and "<b class=\"own\">openxxx" in page
    assert "nothing is taken in yet" in page and "Take in 2 new invoices" in page and "$1,420.50" in page
    assert "Rep" in page and "<script>alert" not in page
    assert "2 consumers, 0 businesses" in page and "what kind of customer 2 new debtors are" in page
    assert invoices(desk) == before and desk.acts() == []
    done = seat.post(f"{where}/take-in", follow=True)
    assert "The file is in the books" in done.text and "Manager of the house" in seat.get("/office/imports").text
    assert invoices(desk) == before + 2 and desk.acts() == ["invoices.imported"] and files(desk) == []
    assert seat.post(f"{where}/take-in").status_code in (409, 410)
    assert "in the books already" in send(seat, GOOD)[1]
    # Whoever takes a correction in has seen which invoice it is, and both sums.
    changed = send(seat, GOOD.replace(b"1240.50", b"1200.00"))[1]
    named = changed.partition("Changed amounts")[2].partition("</table>")[0]
    assert named.index("TW-2") < named.index("$1,240.50") < named.index("$1,200.00") and "TW-1" not in named
    desk.assert_sound()


def test_all_errors_are_told_at_once_and_nothing_is_taken_in(desk: Desk) -> None:
    seat, before = desk.as_("manager"), invoices(desk)
    where, page = send(seat, BAD)
    for words in ("2026-13-01", "Due date", "A value is expected, not a formula", "XXQ", "Send a mended file"):
        assert words in page, words
    assert f"{where}/take-in" not in page
    assert seat.post(f"{where}/take-in").status_code == 409
    assert invoices(desk) == before and desk.acts() == []
    listed = seat.post(f"{where}/errors")
    assert listed.mimetype == "text/csv" and "'=HYPERLINK" in listed.text and ",=" not in listed.text


def test_a_backup_that_came_without_its_files_asks_for_the_file_again(desk: Desk) -> None:
    seat, before = desk.as_("manager"), invoices(desk)
    where, _page = send(seat, GOOD)
    for path in files(desk):
        path.unlink()
    for act in ("columns", "take-in"):
        answer = seat.post(f"{where}/{act}")
        assert answer.status_code == 410 and "no longer here" in answer.text
    assert invoices(desk) == before and desk.acts() == []


def test_columns_can_be_chosen_by_hand_and_next_week_nobody_chooses_again(desk: Desk) -> None:
    seat = desk.as_("manager")
    strange = b"A,B,C,D,E\nTW-%d,Dale Rowan,1/2/2026,2/2/2026,80.00\n"
    where, page = send(seat, strange % 9)
    assert "Choose below which column it is" in page and "Invoice number" in page and "--map" not in page
    names = ("invoice_number", "customer_number", "issued_on", "due_on", "amount")
    chosen = {f"becomes-{place}": name for place, name in enumerate(names)}
    chosen |= {f"column-{place}": header for place, header in enumerate("ABCDE")} | {"date_order": "dmy"}
    again = seat.post(f"{where}/columns", follow=True, **chosen)
    assert again.status_code == 200 and "Take in 1 new invoice" in again.text
    assert "The file is in the books" in seat.post(f"{where}/take-in", follow=True).text
    with desk.rt.db.reading() as session:
        taken = session.scalars(select(Invoice).where(Invoice.number == "TW-9")).one()
        assert session.scalar(select(func.count()).select_from(ImportMapping)) == 1
    assert (taken.issued_on.month, taken.due_on.day) == (2, 2) and taken.issued_on.day == 1
    next_week = send(seat, strange % 10)[1]
    assert "Take in 1 new invoice" in next_week and "as you had the last file of this kind read" in next_week


def test_several_e_invoices_sent_together_go_in_as_one_or_not_at_all(desk: Desk) -> None:
    seat, before = desk.as_("manager"), invoices(desk)
    without = ubl(**{"<cbc:DueDate>2026-10-31</cbc:DueDate>": ""})
    _where, page = send_all(seat, ("one.xml", ubl()), ("<b>two.xml", without))
    assert "&lt;b&gt;two.xml" in page and "The e-invoice does not say: Due date." in page and "/take-in" not in page
    where, page = send_all(seat, ("one.xml", ubl()), ("two.pdf", factur_x()))
    assert "Take in 2 new invoices" in page and "one.xml (+1)" in page
    assert "The file is in the books" in seat.post(f"{where}/take-in", follow=True).text
    assert invoices(desk) == before + 2
    mixed = seat.post("/office/imports", file=[(io.BytesIO(GOOD), "open.csv"), (io.BytesIO(ubl()), "one.xml")])
    assert mixed.status_code == 422 and "send a list by itself" in mixed.text
    desk.assert_sound()


def test_the_file_is_kept_for_the_person_who_sent_it_and_for_two_hours(desk: Desk) -> None:
    where, _page = send(desk.as_("manager"), GOOD)
    for who, place in (("second", where), ("owner", where), ("manager", where[:-1] + "_")):
        assert desk.as_(who).post(f"{place}/take-in").status_code == 410, who
    assert files(desk)[0].stat().st_mode & 0o077 == 0
    with desk.rt.db.transaction() as session:
        run = session.scalars(select(ImportRun)).one()
        run.created_at -= timedelta(hours=2, seconds=1)
    assert import_files.forget(desk.rt) == 1 and files(desk) == []
    assert desk.as_("manager").post(f"{where}/take-in").status_code == 410


def test_what_is_no_list_of_invoices_is_told(desk: Desk) -> None:
    seat = desk.as_("manager")
    assert "Please choose a file first" in seat.post("/office/imports").text
    assert "neither a CSV nor an XLSX" in send(seat, b"\x89PNG nothing")[1]
    assert "no rows below the headers" in send(seat, b"Invoice no.,Customer\n")[1]
    large = seat.post("/office/imports", file=(io.BytesIO(b"x" * (34 * 1024 * 1024)), "big.csv"))
    assert large.status_code == 413
    assert desk.as_("agent").get("/office/imports").status_code == 403
    where, _page = send(seat, GOOD)
    assert seat.post(f"{where}/columns", date_order="xyz").status_code == 422
    assert seat.post(f"{where}/drop", follow=True).status_code == 200


def test_a_large_file_is_worked_on_by_the_worker_while_a_page_shows_how_far_it_is(desk: Desk) -> None:
    seat = desk.as_("manager")
    head, *_ = GOOD.split(b"\n")
    rows = [b"L-%d;Dale Rowan %d;2026-10-01;2026-11-01;180.00;%s" % (n, n % 900, b"x" * 200) for n in range(2600)]
    where, page = send(seat, b"\n".join([head, *rows]))
    assert "The file is being read" in page and "data-progress" in page and "<progress" in page
    assert import_files.work_due(desk.rt) == 1
    assert "Take in 2600 new invoices" in seat.get(where).text
    going = seat.post(f"{where}/take-in", follow=True).text
    assert "The file is being taken in" in going
    assert seat.post(f"{where}/drop").status_code == 409
    assert import_files.work_due(desk.rt) == 1 and import_files.work_due(desk.rt) == 0
    assert "The file is in the books" in seat.get(where).text
    with desk.rt.db.reading() as session:
        assert session.scalar(select(func.count()).select_from(ImportRow)) == 0
    assert invoices(desk) >= 2600
    desk.assert_sound()


def test_a_spreadsheet_is_read_like_any_other_file(desk: Desk) -> None:
    data = sheet([["Invoice no.", "Customer", "Date", "Due date", "Amount"],
                  ["X-1", "Dale Rowan", "2026-10-01", "2026-11-01", 59.44]])
    page = send(desk.as_("manager"), data, "open.xlsx")[1]
    assert "Take in 1 new invoice" in page and re.search(r"\$59\.44", page)
