"""A business with a few debtors of every kind, for tests of lists; staff signed in by role."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, timedelta
from html import unescape
from pathlib import Path

from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from portal import create_app
from portal.db import Database
from portal.models import Assignment, Business, Debtor, Hold, Invoice, Payment, Staff
from portal.runtime import Runtime
from portal.services import bookkeeping
from portal.services.bookkeeping import Part
from tests.cast import NOON, Clock, make_business, make_debtor, make_invoice, make_runtime
from tests.office.people import form_token, make_staff, sign_in

TODAY = date(2026, 11, 10)


@dataclass
class Desk:
    """The business, who works there, and a browser."""

    rt: Runtime
    app: Flask
    clock: Clock
    business: Business
    staff: dict[str, Staff]
    debtors: dict[str, Debtor]
    invoices: dict[str, Invoice]
    payments: dict[str, Payment]

    def client(self, role: str = "owner", *, proven: bool = False) -> FlaskClient:
        return sign_in(self.app.test_client(), self.staff[role], self.business, proven=proven)

    def get(self, path: str, role: str = "owner") -> TestResponse:
        return self.client(role).get(path, base_url=self.rt.settings.base_url)

    def page(self, path: str, role: str = "owner") -> str:
        answer = self.get(path, role)
        assert answer.status_code == 200, (path, answer.status_code)
        return answer.get_data(as_text=True)

    def post(self, client: FlaskClient, path: str, **form: str) -> TestResponse:
        base = self.rt.settings.base_url
        return client.post(path, base_url=base, headers={"Referer": f"{base}/office/"},
                           data={**form, "csrf_token": form_token(client)})


def open_desk(db: Database, folder: Path) -> Desk:
    """Five debtors: late, held, far away, silent, and one who paid; amounts and names that are told apart."""
    clock = Clock()
    rt = make_runtime(db, folder, clock)
    with db.transaction() as session:
        business = make_business(session)
        staff = {role: make_staff(session, business, role) for role in ("owner", "manager", "agent", "viewer")}
        debtors = {
            "late": make_debtor(session, business, name="Zoë Ångström", number="C-100", email="zoe@late.example"),
            "held": make_debtor(session, business, name="Harbor Light Yacht Club", number="C-200", kind="business"),
            "far": make_debtor(session, business, name="Iñigo Etxeberria", number="C-300"),
            "silent": make_debtor(session, business, name="Silent Partner", number="C-400", email=None),
            "paid": make_debtor(session, business, name="=HYPERLINK(0)", number="C-500"),
        }
        owed = {
            "INV-1": ("late", 1_234_50, 40, "USD"), "INV-2": ("late", 80_00, -10, "USD"),
            "INV-3": ("held", 3_275_50, 75, "USD"), "INV-4": ("far", 1_180_00, 84, "EUR"),
            "INV-5": ("silent", 730_00, 5, "USD"), "INV-6": ("paid", 95_00, 20, "USD"),
        }
        invoices = {
            number: make_invoice(session, debtors[who], total, currency=currency, number=number,
                                 due_on=TODAY - timedelta(days=late))
            for number, (who, total, late, currency) in owed.items()}
        session.add(Hold(
            business_id=business.id, debtor_id=debtors["held"].id, invoice_id=invoices["INV-3"].id, reminders=True,
            fees=True, cause="dispute", starts_at=NOON - timedelta(days=1), until=NOON + timedelta(days=9)))
        session.add(Assignment(debtor_id=debtors["late"].id, business_id=business.id, staff_id=staff["agent"].id,
                               at=NOON))
        payments = {
            "cash": bookkeeping.receive_outside(
                session, debtors["paid"], [Part(invoices["INV-6"], 95_00)], channel="cash", amount=95_00,
                reference="", received_at=NOON, now=NOON, number="P-AAAA-1111"),
            "part": bookkeeping.receive_outside(
                session, debtors["silent"], [Part(invoices["INV-5"], 30_00)], channel="check", amount=30_00,
                reference="check 7", received_at=NOON, now=NOON + timedelta(minutes=1), number="P-BBBB-2222"),
        }
    return Desk(rt, create_app(runtime=rt), clock, business, staff, debtors, invoices, payments)


def rows(page: str) -> list[str]:
    """The row headings of a list's table, in order."""
    body = page.partition("<tbody>")[2].partition("</tbody>")[0]
    return [unescape(re.sub("<[^>]+>", "", one).strip().split("\n")[0].strip())
            for one in re.findall(r'<th scope="row"[^>]*>(.*?)</th>', body, re.S)]


def link(page: str, rel: str) -> str:
    """The address of the next or the previous page; "" where there is none."""
    found = re.search(rf'rel="{rel}" href="([^"]+)"', page)
    return unescape(found[1]) if found else ""


def said(page: str) -> str:
    """What a reader reads, without markup."""
    return " ".join(unescape(re.sub("<[^>]+>", " ", page.partition('<main id="main"')[2])).split())
