"""The import page: looked at first, taken in whole, kept for one person and two hours, and never a half."""

from __future__ import annotations

import io
import os
import re
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select

from portal.db import Database
from portal.models import Invoice
from portal.services import import_files
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


def send(seat: Seat, data: bytes, name: str = "open.csv") -> str:
    answer = seat.post("/office/imports", file=(io.BytesIO(data), name))
    assert answer.status_code in (200, 422), answer.status_code
    return answer.text


def kept(page: str) -> str:
    found = re.search(r'name="kept" value="([^"]+)"', page)
    assert found is not None
    return found[1]


def invoices(desk: Desk) -> int:
    with desk.rt.db.reading() as session:
        return session.scalar(select(func.count()).select_from(Invoice)) or 0


def files(desk: Desk) -> list[Path]:
    return [path for path in desk.rt.files._root.glob("imports/??/*") if path.is_file()]


def test_a_file_is_looked_at_first_and_then_taken_in_once(desk: Desk) -> None:
    seat, before = desk.as_("manager"), invoices(desk)
    page = send(seat, GOOD)
    assert "nothing is taken in yet" in page and "Take in 2 new invoices" in page and "$1,420.50" in page
    assert "Rep" in page and "<script>alert" not in page
    assert "2 consumers, 0 businesses" in page and "what kind of customer 2 new debtors are" in page
    assert invoices(desk) == before and desk.acts() == []
    done = seat.post("/office/imports/take-in", kept=kept(page), name="open.csv", follow=True)
    assert "Taken in: 2 new invoices." in done.text and "Manager of the house" in done.text
    assert invoices(desk) == before + 2 and desk.acts() == ["invoices.imported"] and files(desk) == []
    again = seat.post("/office/imports/take-in", kept=kept(page))
    assert again.status_code == 410 and "no longer here" in again.text
    assert "in the books already" in send(seat, GOOD)
    desk.assert_sound()


def test_all_errors_are_told_at_once_and_nothing_is_taken_in(desk: Desk) -> None:
    seat, before = desk.as_("manager"), invoices(desk)
    page = send(seat, BAD)
    for words in ("2026-13-01", "Due date", "A value is expected, not a formula", "XXQ", "Send a mended file"):
        assert words in page, words
    assert "Take in" not in page.split("<main")[1].replace("Take in</li>", "")
    assert seat.post("/office/imports/take-in", kept=kept(page)).status_code == 409
    assert invoices(desk) == before and desk.acts() == []
    listed = seat.post("/office/imports/errors", kept=kept(page))
    assert listed.mimetype == "text/csv" and "'=HYPERLINK" in listed.text and ",=" not in listed.text


def test_columns_can_be_chosen_by_hand_and_the_choice_goes_along(desk: Desk) -> None:
    seat = desk.as_("manager")
    strange = b"A,B,C,D,E\nTW-9,Dale Rowan,1/2/2026,2/2/2026,80.00\n"
    page = send(seat, strange)
    assert "Choose below which column it is" in page and "Invoice number" in page and "--map" not in page
    names = ("invoice_number", "customer_number", "issued_on", "due_on", "amount")
    chosen = {f"becomes-{place}": name for place, name in enumerate(names)}
    chosen |= {f"column-{place}": header for place, header in enumerate("ABCDE")} | {"date_order": "dmy"}
    again = seat.post("/office/imports/columns", kept=kept(page), name="x.csv", **chosen)
    assert again.status_code == 200 and "Take in 1 new invoice" in again.text
    done = seat.post("/office/imports/take-in", kept=kept(again.text), **chosen, follow=True)
    assert "Taken in: 1 new invoice." in done.text
    with desk.rt.db.reading() as session:
        taken = session.scalars(select(Invoice).where(Invoice.number == "TW-9")).one()
    assert (taken.issued_on.month, taken.due_on.day) == (2, 2) and taken.issued_on.day == 1


def test_the_file_is_kept_for_the_person_who_sent_it_and_for_two_hours(desk: Desk) -> None:
    page = send(desk.as_("manager"), GOOD)
    tries = (("second", kept(page)), ("owner", kept(page)), ("manager", kept(page)[:-1] + "x"), ("manager", ""))
    for who, name in tries:
        assert desk.as_(who).post("/office/imports/take-in", kept=name).status_code == 410, who
    path = files(desk)[0]
    assert path.stat().st_mode & 0o077 == 0
    os.utime(path, ((desk.rt.now() - timedelta(hours=2, seconds=1)).timestamp(),) * 2)
    assert import_files.forget(desk.rt) == 1 and files(desk) == []
    assert desk.as_("manager").post("/office/imports/take-in", kept=kept(page)).status_code == 410


def test_what_is_no_list_of_invoices_is_told(desk: Desk) -> None:
    seat = desk.as_("manager")
    assert "Please choose a file first" in seat.post("/office/imports").text
    assert "not a text file" in send(seat, b"%PDF-1.4 nothing")
    assert "no rows below the headers" in send(seat, b"Invoice no.,Customer\n")
    large = seat.post("/office/imports", file=(io.BytesIO(b"x" * (3 * 1024 * 1024)), "big.csv"))
    assert large.status_code == 413 and "more than we can take at once" in large.text
    almost = seat.post("/office/imports", file=(io.BytesIO(b"x" * (import_files.LARGEST + 1)), "big.csv"))
    assert almost.status_code == 413 and "too large" in almost.text
    assert desk.as_("agent").get("/office/imports").status_code == 403
    assert seat.post("/office/imports/columns", kept=kept(send(seat, GOOD)), date_order="xyz").status_code == 422
