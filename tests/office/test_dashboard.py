"""The first page of the office: figures that agree with the books, calls with their reasons, and nothing that scans."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from markupsafe import escape
from sqlalchemy import event, select, text

from portal import create_app
from portal.db import Database
from portal.jobs.registry import job
from portal.models import (
    AuditEvent,
    DashboardSummary,
    Debtor,
    DebtorStanding,
    Hold,
    Invoice,
    Note,
    Payment,
    Question,
    Staff,
)
from portal.services import bookkeeping, dashboard_summary
from tests.cast import NOON, Clock, make_business, make_debtor, make_invoice, make_runtime
from tests.office.people import form_token, make_staff, sign_in

TODAY = date(2026, 11, 10)


class Office:
    """A business with its books, and one of its staff at a browser."""

    def __init__(self, db: Database, folder: Path, role: str = "agent") -> None:
        self.db, self.clock = db, Clock()
        self.rt = make_runtime(db, folder, clock=self.clock)
        self.app = create_app(self.rt.settings, self.rt)
        with db.transaction() as session:
            self.business = make_business(session)
            self.staff = make_staff(session, self.business, role)
        self.client: FlaskClient = sign_in(self.app.test_client(), self.staff)

    def get(self, path: str = "/office/") -> str:
        self.answer = self.client.get(path, base_url=self.rt.settings.base_url)
        return self.answer.get_data(as_text=True)

    def post(self, path: str, **form: str) -> int:
        answer = self.client.post(path, base_url=self.rt.settings.base_url,
                                  data={"csrf_token": form_token(self.client), **form})
        return answer.status_code

    def owes(self, *invoices: tuple[int, int], currency: str = "USD", **debtor: Any) -> tuple[Debtor, list[Invoice]]:
        """Somebody with invoices of (minor, days late)."""
        with self.db.transaction() as session:
            found = make_debtor(session, self.business, **debtor)
            made = [make_invoice(session, found, minor, currency=currency, due_on=TODAY - timedelta(days=late))
                    for minor, late in invoices]
        return found, made

    def pays(self, debtor: Debtor, invoice: Invoice, minor: int, at: datetime = NOON) -> None:
        with self.db.transaction() as session:
            part = bookkeeping.Part(session.merge(invoice), minor)
            bookkeeping.receive_outside(session, session.merge(debtor), [part], channel="check", amount=minor,
                                        reference="", received_at=at, now=self.clock(),
                                        number=f"P-{invoice.id}-{minor}")

    def add(self, row: Any) -> None:
        with self.db.transaction() as session:
            session.add(row)

    def count(self) -> int:
        return job("count_dashboards").run(self.rt)

    def figures(self) -> dict[str, Any]:
        with self.db.reading() as session:
            return session.get_one(DashboardSummary, self.business.id).figures

    def standing(self, debtor: Debtor) -> DebtorStanding:
        with self.db.reading() as session:
            return session.scalars(select(DebtorStanding).where(DebtorStanding.debtor_id == debtor.id)).one()

    def reasons(self, debtor: Debtor) -> list[str]:
        return [code for code, _ in self.standing(debtor).call_reasons]


@pytest.fixture
def office(db: Database, tmp_path: Path) -> Office:
    return Office(db, tmp_path)


def test_before_the_first_count_the_page_says_so(office: Office) -> None:
    page = office.get()
    assert office.answer.status_code == 200
    assert "Your figures are being counted for the first time." in page and "Outstanding" not in page
    assert office.count() == 1
    assert "There is no invoice on the books." in office.get()


def test_the_figures_agree_with_the_books_and_currencies_stay_apart(office: Office) -> None:
    office.owes((100_00, -5), (200_00, 1), (300_00, 40), (400_00, 75), (500_00, 120))
    office.owes((70_00, 10), currency="EUR")
    office.count()
    found = office.figures()
    assert found["outstanding"] == {"USD": 1500_00, "EUR": 70_00}
    assert [age["sums"] for age in found["ages"]] == [
        {"USD": 100_00}, {"USD": 200_00, "EUR": 70_00}, {"USD": 300_00}, {"USD": 400_00}, {"USD": 500_00}]
    assert [age["invoices"] for age in found["ages"]] == [1, 2, 1, 1, 1]
    page = office.get()
    for sum_ in ("$1,500.00", "€70.00", "$1,400.00", "$500.00"):
        assert sum_ in page
    # 1,500.00 dollars and 70.00 euros are nowhere 1,570.00 of anything.
    assert "1,570" not in page
    assert re.search(r"Figures from 12:00.pm", page)


def test_a_hold_is_counted_and_shown_apart(office: Office) -> None:
    debtor, invoices = office.owes((300_00, 40), (50_00, 40))
    office.add(Hold(business_id=office.business.id, debtor_id=debtor.id, invoice_id=invoices[0].id, amount_minor=120_00,
                    reminders=True, cause="staff", starts_at=NOON))
    office.count()
    assert office.figures()["ages"][2]["held"] == {"USD": 120_00}
    assert "of it $120.00 on hold" in office.get()


def test_what_turns_ninety_and_what_crossed_it_is_said(office: Office) -> None:
    office.owes((400_00, 86), (500_00, 93))
    office.count()
    page = office.get()
    assert "1 turns 90 within a week, $400.00" in page and "1 crossed last week, $500.00" in page


def test_what_came_in_is_counted_by_week_without_what_went_back(office: Office) -> None:
    debtor, invoices = office.owes((300_00, 40), (80_00, 9))
    office.pays(debtor, invoices[0], 100_00, at=NOON - timedelta(days=8))
    office.pays(debtor, invoices[1], 80_00, at=NOON - timedelta(days=2))
    with office.db.transaction() as session:
        payment = session.scalars(select(Payment).where(Payment.amount_minor == 80_00)).one()
        bookkeeping.bounce_outside(session, payment, happened_at=NOON - timedelta(days=2), now=NOON)
    office.count()
    weeks = office.figures()["weeks"]
    # November 10 is a Tuesday: full weeks end with Sunday the 8th; the bounced check cancels itself out.
    assert weeks[-1]["from"] == "2026-11-02"
    assert weeks[-1]["collected"].get("USD", 0) == 100_00
    assert weeks[-1]["fell_due"] == {} or weeks[-1]["fell_due"] == {"USD": 0}
    assert weeks[-2]["fell_due"] == {"USD": 80_00}


def test_what_is_expected_counts_every_invoice_once(office: Office) -> None:
    office.owes((100_00, -5), (900_00, -45))
    promised, _ = office.owes((250_00, 20))
    with office.db.transaction() as session:
        staff = session.scalars(select(Staff)).first()
        assert staff is not None
        session.add(Note(business_id=office.business.id, debtor_id=promised.id, staff_id=staff.id, kind="call",
                         result="promised", promised_on=TODAY + timedelta(days=3), body="", at=NOON))
    office.count()
    expected = office.figures()["expected"]
    assert expected["falling_due"] == {"n": 1, "sums": {"USD": 100_00}}
    assert expected["promised"] == {"n": 1, "sums": {"USD": 250_00}}
    assert office.reasons(promised) == []
    assert "$350.00" in office.get()


def test_new_rows_are_counted_and_nothing_is_counted_without_them(office: Office) -> None:
    debtor, invoices = office.owes((300_00, 40))
    assert office.count() == 1
    assert office.count() == 0
    office.clock.pass_time(minutes=30)
    office.pays(debtor, invoices[0], 120_00)
    assert office.count() == 1
    assert office.figures()["outstanding"] == {"USD": 180_00} and office.standing(debtor).balance_minor == 180_00
    office.clock.pass_time(minutes=30)
    assert office.count() == 0


def test_a_row_that_was_begun_earlier_and_committed_later_is_found(office: Office) -> None:
    debtor, invoices = office.owes((300_00, 40))
    office.count()
    other, _ = office.owes((10_00, 40))
    office.clock.pass_time(minutes=2)
    office.count()
    # Its number is smaller than what was seen already, as if its transaction had waited for a lock.
    with office.db.transaction() as session:
        session.execute(text("UPDATE debtor_standing SET balance_minor = 0 WHERE debtor_id = :id"), {"id": other.id})
    office.clock.pass_time(minutes=2)
    office.pays(debtor, invoices[0], 120_00)
    office.count()
    assert office.standing(other).balance_minor == 10_00


def test_a_new_day_makes_late_what_was_due(office: Office) -> None:
    debtor, _ = office.owes((300_00, 0))
    office.count()
    assert office.standing(debtor).overdue_minor == 0
    office.clock.pass_time(days=1)
    assert office.count() == 1
    assert office.standing(debtor).overdue_minor == 300_00
    assert office.figures()["ages"][1]["sums"] == {"USD": 300_00}


def test_the_repeated_late_payer_is_known_by_the_day_where_the_business_is(office: Office) -> None:
    debtor, invoices = office.owes((100_00, 30), (100_00, 20), (100_00, 10))
    # 11:30 in the evening of the due date in Los Angeles is the next day in Greenwich, and not late.
    office.pays(debtor, invoices[0], 100_00, at=datetime.combine(TODAY - timedelta(days=29), NOON.timetz()).replace(
        hour=6, minute=30))
    office.pays(debtor, invoices[1], 100_00, at=NOON - timedelta(days=12))
    office.count()
    standing = office.standing(debtor)
    assert (standing.paid_invoices, standing.paid_late, standing.open_invoices) == (2, 1, 1)


def test_who_to_call_and_why(office: Office) -> None:
    asked, _ = office.owes((80_00, 118), name="Rhys Calder")
    office.add(Question(business_id=office.business.id, debtor_id=asked.id, kind="call_back", state="business",
                        reply_key="k1", opened_at=NOON, moved_at=NOON))
    broken, _ = office.owes((4860_00, 30), name="Bell Charters", kind="business")
    with office.db.transaction() as session:
        session.add(Note(business_id=office.business.id, debtor_id=broken.id, staff_id=office.staff.id, kind="call",
                         result="promised", promised_on=TODAY - timedelta(days=4), body="",
                         at=NOON - timedelta(days=9)))
    late, _ = office.owes((9000_00, 20), name="Joan Whitlow")
    office.count()
    page = office.get()
    places = [page.index(name) for name in ("Rhys Calder", "Bell Charters", "Joan Whitlow")]
    assert places == sorted(places)
    assert "Asked you to call on Nov 10." in page and "118 days late." in page
    assert "Promise broken: the money was promised for Nov 6 and did not come." in page
    assert "20 days late, and the reminders changed nothing." in page and "Nobody has called yet." in page
    assert "3 calls" in page and "tel:+15035550199" in page
    assert "Thank them for writing." in page
    assert late.public_id in office.get("/office/calls")
    assert f'href="/office/debtors/{late.public_id}/log"' in page and "#log" not in page


@pytest.mark.parametrize("change", [
    {"phone": None}, {"erased_at": NOON}, {"call_from": TODAY + timedelta(days=1)}])
def test_who_is_left_out(office: Office, change: dict[str, Any]) -> None:
    debtor, _ = office.owes((300_00, 40), name="Joan Whitlow")
    office.count()
    assert "Joan Whitlow" in office.get()
    # Between two counts the page looks again by itself.
    with office.db.transaction() as session:
        for name, value in change.items():
            setattr(session.get_one(Debtor, debtor.id), name, value)
    assert "Joan Whitlow" not in office.get()
    office.clock.pass_time(days=0 if "call_from" in change else 1)
    office.count()
    dashboard_summary.refresh(office.rt, office.business.id, at_once=True)
    assert "Joan Whitlow" not in office.get()


def test_a_debt_wholly_on_hold_is_nobody_s_call(office: Office) -> None:
    debtor, _ = office.owes((300_00, 40))
    office.add(Hold(business_id=office.business.id, debtor_id=debtor.id, reminders=True, cause="dispute",
                    starts_at=NOON))
    office.count()
    assert office.reasons(debtor) == []


def test_not_today_takes_them_off_at_once_and_tomorrow_they_are_back(office: Office) -> None:
    debtor, _ = office.owes((300_00, 40), name="Joan Whitlow")
    office.count()
    assert office.post(f"/office/calls/{debtor.public_id}/not-today") == 303
    assert "Joan Whitlow is not on today" in office.get()
    assert "Joan Whitlow" not in office.get()
    with office.db.reading() as session:
        assert session.get_one(Debtor, debtor.id).call_from == TODAY + timedelta(days=1)
        events = session.scalars(select(AuditEvent).where(AuditEvent.actor_kind == "staff")).all()
    assert [(one.act, one.target, one.details) for one in events] == [
        ("debtor.call_later", f"debtor:{debtor.public_id}", {"until": "2026-11-11"})]
    office.clock.pass_time(days=1)
    office.client = sign_in(office.app.test_client(), office.staff)
    office.count()
    assert "Joan Whitlow" in office.get()


def test_a_viewer_puts_nobody_off(db: Database, tmp_path: Path) -> None:
    office = Office(db, tmp_path, role="viewer")
    debtor, _ = office.owes((300_00, 40), name="Joan Whitlow")
    office.count()
    page = office.get()
    assert "Joan Whitlow" in page and "Not today" not in page.split("How the ranking works")[0]
    assert office.post(f"/office/calls/{debtor.public_id}/not-today") == 403


def test_count_again_counts_and_leaves_one_event(office: Office) -> None:
    office.owes((300_00, 40))
    assert office.post("/office/count-again") == 303
    page = office.get()
    assert "Counted again just now." in page and "$300.00" in page
    with office.db.reading() as session:
        assert [one.act for one in session.scalars(select(AuditEvent).where(AuditEvent.actor_kind == "staff"))] == [
            "dashboard.refresh"]


def test_names_are_text_and_never_a_part_of_the_page(office: Office) -> None:
    hostile = "<script>alert(1)</script>"
    office.owes((300_00, 40), name=hostile)
    office.count()
    page = office.get()
    assert hostile not in page and str(escape(hostile)) in page


def test_the_page_is_whole_in_spanish(db: Database, tmp_path: Path) -> None:
    office = Office(db, tmp_path)
    with db.transaction() as session:
        session.get_one(Staff, office.staff.id).locale = "es"
    office.owes((300_00, 40), name="Joan Whitlow")
    office.count()
    page = office.get()
    assert 'lang="es"' in page and "Outstanding" not in page and "Not today" not in page and "Nobody" not in page


# Chargebacks are left out: they have no index of their own business, and are as rare as they are dear.
BIG = ("ledger_account", "ledger_transfer", "invoice", "debtor", "debtor_standing", "payment", "message", "note",
       "question", "audit_event", "queue_mark", "hold", "portal_link", "suspense_item")


def test_no_query_of_the_page_scans_a_table(db: Database, tmp_path: Path) -> None:
    """Among many rows of other businesses PostgreSQL finds every row of the page by an index."""
    if db.is_sqlite:
        pytest.skip("plans are asked of PostgreSQL")
    office = Office(db, tmp_path)
    for _ in range(3):
        office.owes((300_00, 40), (80_00, 9))
    office.count()
    _many_others(db, office.business.id)
    for path in ("/office/", "/office/calls"):
        asked = _asked_by(office, path)
        assert len(asked) >= 3
        for statement, values in asked:
            plan = _plan(db, statement, values)
            scans = [name for name in re.findall(r"Seq Scan on (\w+)", plan) if name in BIG]
            assert not scans, f"{path}: {statement}\n{plan}"


def _many_others(db: Database, business_id: int) -> None:
    from bench import seed
    seed.fill(db, 4_000)
    with db.engine.begin() as connection:
        connection.execute(text(
            "INSERT INTO debtor_standing (debtor_id, currency, business_id, balance_minor, overdue_minor, "
            "open_invoices, paid_late, paid_invoices, call_score, call_reasons, made_at) SELECT id, 'USD', "
            "business_id, 1, 1, 4, 0, 0, 1, '[]', created_at FROM debtor WHERE business_id <> :own"),
            {"own": business_id})
    with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM ANALYZE"))


def _asked_by(office: Office, path: str) -> list[tuple[str, Any]]:
    asked: list[tuple[str, Any]] = []

    def note(_connection: Any, _cursor: Any, statement: str, values: Any, _context: Any, _many: bool) -> None:
        if statement.startswith(("SELECT", "WITH")):
            asked.append((statement, values))

    for engine in {office.db.engine, office.db.reader}:
        event.listen(engine, "before_cursor_execute", note)
    try:
        office.get(path)
    finally:
        for engine in {office.db.engine, office.db.reader}:
            event.remove(engine, "before_cursor_execute", note)
    assert office.answer.status_code == 200
    return asked


def _plan(db: Database, statement: str, values: Any) -> str:
    with db.engine.connect() as connection:
        # Tables are small here and a scan would be cheapest: with scans off, one is left only where no index helps.
        connection.exec_driver_sql("SET LOCAL enable_seqscan = off")
        rows = connection.exec_driver_sql(f"EXPLAIN {statement}", values)
        return "\n".join(row[0] for row in rows)
