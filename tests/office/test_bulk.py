"""One act for many: the preview says who gets what and who does not; the act is done once and leaves one event."""

from __future__ import annotations

import re
import threading
from datetime import timedelta
from html import unescape
from pathlib import Path

import pytest
from sqlalchemy import func, select

from portal.db import Database
from portal.domain.listing import BULK_MOST
from portal.models import Assignment, AuditEvent, Debtor, Hold, Message
from portal.services import bookkeeping
from portal.services.bookkeeping import Part
from tests.cast import make_debtor
from tests.office.lists_desk import TODAY, Desk, open_desk, said


@pytest.fixture
def desk(db: Database, tmp_path: Path) -> Desk:
    return open_desk(db, tmp_path)


def form_of(page: str) -> dict[str, str]:
    """What the preview's form carries along."""
    names = ("nonce", "act", "picks")
    return {name: unescape(found[1]) for name in names
            if (found := re.search(rf'name="{name}" value="([^"]*)"', page))}


def events(desk: Desk) -> list[AuditEvent]:
    with desk.rt.db.reading() as session:
        return list(session.scalars(select(AuditEvent).where(AuditEvent.act.startswith("bulk."))))


def test_links_go_to_those_who_may_be_asked_and_each_other_one_is_told_why(desk: Desk) -> None:
    with desk.rt.db.transaction() as session:
        session.get_one(Debtor, desk.debtors["far"].id).opted_out_at = desk.clock()
    page = desk.page("/office/bulk/invoices?act=link&everything=y&state=all", "agent")
    text = said(page)
    # Two invoices of one debtor are one email, for both.
    assert "You picked 6 rows." in text and "1 gets it" in text and "4 are left out" in text
    assert "Zoë Ångström C-100 An email to zoe@late.example, at once $1,314.50" in text
    for why in ("There is no email address on file.", "They asked for no such emails.",
                "All that is open is on hold.", "Nothing was left to pay."):
        assert why in text
    answer = desk.post(desk.client("agent"), "/office/bulk/invoices", **form_of(page))
    assert answer.status_code == 303
    done = said(desk.page(answer.headers["Location"], "agent"))
    assert "1 done." in done and "Zoë Ångström" in done and "All that is open is on hold." in done
    with desk.rt.db.reading() as session:
        queued = session.scalars(select(Message).where(Message.state == "queued")).all()
        assert [one.debtor_id for one in queued] == [desk.debtors["late"].id]
    (event,) = events(desk)
    assert event.details["done"] == [desk.debtors["late"].public_id]
    assert event.details["left_out"]["no_address"] == [desk.debtors["silent"].public_id]
    assert "zoe" not in str(event.details).lower()


def test_a_form_pressed_twice_at_once_does_its_work_once(desk: Desk) -> None:
    page = desk.page("/office/bulk/debtors?act=hold&everything=y&state=owing")
    form = {**form_of(page), "until": (TODAY + timedelta(days=5)).isoformat(), "reason": "agreed", "words": "as told"}
    clients, answers = [desk.client() for _ in range(3)], []
    threads = [threading.Thread(target=lambda client=client: answers.append(
        desk.post(client, "/office/bulk/debtors", **form))) for client in clients]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {answer.status_code for answer in answers} == {303}
    assert len({answer.headers["Location"] for answer in answers}) == 1
    assert len(events(desk)) == 1
    with desk.rt.db.reading() as session:
        assert session.scalar(select(func.count(Hold.id)).where(Hold.cause == "staff")) == 4
        until = session.scalars(select(Hold.until).where(Hold.cause == "staff")).first()
    # Until the end of that day where the business is.
    assert until is not None and until.isoformat() == "2026-11-16T08:00:00+00:00"


def test_who_has_paid_meanwhile_is_left_out(desk: Desk) -> None:
    page = desk.page(f"/office/bulk/invoices?act=hold&pick={desk.invoices['INV-1'].public_id}")
    assert "1 gets it" in said(page)
    with desk.rt.db.transaction() as session:
        bookkeeping.receive_outside(
            session, desk.debtors["late"], [Part(desk.invoices["INV-1"], 1_234_50)], channel="cash", amount=1_234_50,
            reference="", received_at=desk.clock(), now=desk.clock(), number="P-CCCC-3333")
    answer = desk.post(desk.client(), "/office/bulk/invoices", **form_of(page), until="2026-11-20", reason="agreed")
    assert "Nothing was left to pay." in said(desk.page(answer.headers["Location"]))
    with desk.rt.db.reading() as session:
        assert session.scalar(select(func.count(Hold.id)).where(Hold.cause == "staff")) == 0


def test_debtors_are_given_to_somebody_who_works_here(desk: Desk) -> None:
    page = desk.page("/office/bulk/debtors?act=assign&everything=y")
    assert "Looked after so far by: " + desk.staff["agent"].name in said(page)
    form = form_of(page)
    for person, status in (("", 422), ("nobody-here", 422), (desk.staff["viewer"].public_id, 422),
                           (desk.staff["agent"].public_id, 303)):
        answer = desk.post(desk.client(), "/office/bulk/debtors", **form, person=person)
        assert answer.status_code == status, person
    with desk.rt.db.reading() as session:
        assert set(session.scalars(select(Assignment.staff_id))) == {desk.staff["agent"].id}
        assert session.scalar(select(func.count(Assignment.debtor_id))) == 5
    (event,) = events(desk)
    assert event.details["left_out"] == {"theirs_already": [desk.debtors["late"].public_id]}


def test_wrong_days_and_reasons_come_back_with_what_was_typed(desk: Desk) -> None:
    page = desk.page("/office/bulk/debtors?act=hold&everything=y&state=owing")
    for until, reason in (("2026-01-01", "agreed"), ("2030-01-01", "agreed"), ("soon", "agreed"), ("", "agreed"),
                          ("2026-11-20", "because")):
        answer = desk.post(desk.client(), "/office/bulk/debtors", **form_of(page), until=until, reason=reason,
                           words="they moved house")
        assert answer.status_code == 422, (until, reason)
        assert "they moved house" in answer.get_data(as_text=True)
    assert events(desk) == []


def test_what_a_pause_has_done_names_its_last_day_and_every_page_the_same_one(desk: Desk) -> None:
    page = desk.page("/office/bulk/debtors?act=hold&everything=y&state=owing")
    answer = desk.post(desk.client(), "/office/bulk/debtors", **form_of(page), until="2026-12-06", reason="agreed")
    done = said(desk.page(answer.headers["Location"]))
    assert "Until Sunday, December 6, included." in done and "2026-12-06" not in done
    late = desk.debtors["late"].public_id
    assert "Pause, until Dec 6 included" in said(desk.page("/office/debtors?state=owing"))
    page = said(desk.page(f"/office/debtors/{late}"))
    assert "until Sunday, December 6 included" in page and "December 7" not in page and "Dec 7" not in page


def test_nothing_picked_too_much_picked_and_unknown_acts_are_answered(desk: Desk) -> None:
    client, base = desk.client(), desk.rt.settings.base_url
    assert client.get("/office/bulk/debtors?act=link", base_url=base).status_code == 303
    assert "Please pick at least one row first." in said(client.get("/office/debtors", base_url=base).get_data(True))
    assert client.get("/office/bulk/payments?act=link&everything=y", base_url=base).status_code == 303
    assert client.get("/office/bulk/debtors?act=link&pick=somebody-else", base_url=base).status_code == 404
    with desk.rt.db.transaction() as session:
        for number in range(BULK_MOST):
            make_debtor(session, desk.business, name=f"One of many {number}", number=f"M-{number}")
    answer = client.get("/office/bulk/debtors?act=assign&everything=y", base_url=base, follow_redirects=True)
    assert f"At most {BULK_MOST} rows can be taken at once." in said(answer.get_data(as_text=True))
    for form in ({"act": "erase", "picks": desk.debtors["late"].public_id, "nonce": "n" * 22},
                 {"act": "assign", "picks": "", "nonce": "n" * 22},
                 {"act": "assign", "picks": desk.debtors["late"].public_id, "nonce": "short",
                  "person": desk.staff["agent"].public_id}):
        assert 400 <= desk.post(client, "/office/bulk/debtors", **form).status_code < 500, form
    assert events(desk) == []
