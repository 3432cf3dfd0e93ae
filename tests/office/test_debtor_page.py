"""A debtor's page: what it shows, calls and notes, holds, links, and that it stays as quick as its story grows."""

from __future__ import annotations

import threading
from datetime import timedelta
from pathlib import Path

from sqlalchemy import event, select

from portal.db import Database
from portal.models import DebtorStanding, DeliveryReport, Hold, Message, Note, PortalLink, Question, QuestionEntry
from portal.services import bookkeeping, debtor_notes
from portal.services.debtor_notes import Said
from tests.borders import digest
from tests.cast import NOON, make_debtor, make_invoice, make_link, make_offer
from tests.office.desk import Desk, access_of, open_desk


def count_queries(desk: Desk, path: str = "") -> int:
    asked: list[str] = []
    engine = desk.db.reader if desk.db.is_sqlite else desk.db.engine

    def note(*told: object) -> None:
        if not str(told[2]).startswith("BEGIN"):
            asked.append(str(told[2]))

    event.listen(engine, "before_cursor_execute", note)
    try:
        assert desk.get(path).status_code == 200
    finally:
        event.remove(engine, "before_cursor_execute", note)
    return len(asked)


def test_it_shows_where_they_stand(db: Database, tmp_path: Path) -> None:
    desk = open_desk(db, tmp_path, 100_00, 80_00)
    with db.transaction() as session:
        make_offer(session, desk.owed.invoices[1], 5_00, NOON + timedelta(days=3))
        make_invoice(session, desk.debtor(), 60_00, due_on=NOON.date() + timedelta(days=20))
    desk.get()
    assert "Helen Okafor" in desk.words and "Balance $240.00 on 3 invoices" in desk.words
    assert "Overdue $180.00" in desk.words and "Not due yet $60.00" in desk.words
    assert "23 days late" in desk.words and "$5.00 less until" in desk.words
    assert "Due in 20 days" in desk.words and "falls due." in desk.words


def test_currencies_stand_side_by_side_and_are_never_added(db: Database, tmp_path: Path) -> None:
    desk = open_desk(db, tmp_path, 100_00)
    with db.transaction() as session:
        make_invoice(session, desk.debtor(), 45_00, currency="EUR")
    desk.get()
    assert "Balance in USD $100.00" in desk.words and "Balance in EUR €45.00" in desk.words
    assert "$145" not in desk.words


def test_paid_invoices_are_shown_when_asked_for(db: Database, tmp_path: Path) -> None:
    desk = open_desk(db, tmp_path, 100_00, 80_00)
    desk.get("/payments/record")
    desk.send("/payments/record", amount="100.00")
    number = desk.owed.invoices[0].number
    assert number not in desk.words.partition("Open invoices")[2].partition("Everything")[0]
    desk.get("?invoices=all")
    assert f"{number}" in desk.words and "Paid $100.00" in desk.words.replace("$100.00 $100.00", "Paid $100.00")


def test_reading_writes_nothing_and_asks_little(db: Database, tmp_path: Path) -> None:
    desk = open_desk(db, tmp_path, 100_00)
    desk.get()
    few, before = count_queries(desk), digest(db)
    for number in range(60):
        desk.clock.pass_time(seconds=1)
        said = Said(f"Note {number}", f"nonce-{number:020}")
        debtor_notes.log(desk.rt, desk.access, desk.owed.debtor.public_id, said)
    with db.transaction() as session:
        for total in range(30):
            make_invoice(session, desk.debtor(), 10_00 + total)
    many = count_queries(desk)
    # Each subject of the page is one question, however much there is of it: sums, invoices, holds, what comes next,
    # what they allow, hand-overs, how they answered, threads, the timeline. The menu asks for two of these.
    assert many <= few <= 18, (few, many)
    assert before != digest(db)
    before = digest(db)
    for path in ("", "?show=talk", "/log", "/hold", "/links", "/contact", "/terms", "/payments/record", "/fees"):
        assert desk.get(path).status_code == 200
    assert digest(db) == before


def test_a_call_with_a_promise_lets_reminders_wait(db: Database, tmp_path: Path) -> None:
    desk = open_desk(db, tmp_path, 100_00, role="agent")
    desk.get("/log")
    desk.send("/log", result="promised", promised_on="2026-11-13", body="Gets paid on Friday.")
    assert desk.page is not None and desk.page.status_code == 200
    assert "Call, promised to pay" in desk.words and "“Gets paid on Friday.”" in desk.words
    assert "They promised to pay" in desk.words and desk.staff.name in desk.words
    with db.reading() as session:
        hold = session.scalars(select(Hold)).one()
    assert hold.cause == "promise" and hold.until is not None
    assert hold.until.isoformat().startswith("2026-11-14T08:00"), "the whole promised day, where the business is"
    assert desk.acts() == ["call.logged"]


def test_what_is_wrong_with_a_note_is_said_and_kept(db: Database, tmp_path: Path) -> None:
    desk = open_desk(db, tmp_path, 100_00)
    for typed, said in (
            ({"result": "", "body": "  "}, "Please write something"),
            ({"result": "promised", "body": "Soon", "promised_on": ""}, "A promise needs its day"),
            ({"result": "promised", "body": "Soon", "promised_on": "2026-11-01"}, "from today on"),
            ({"result": "promised", "body": "Soon", "promised_on": "soon"}, "Please choose a day."),
            ({"result": "bribed", "body": "Soon"}, "Please choose one of those offered.")):
        desk.get("/log")
        assert desk.send("/log", **typed).status_code == 422, typed
        assert said in desk.words and typed["body"].strip() in desk.text
    assert desk.acts() == []


def test_a_form_sent_twice_keeps_one_note(db: Database, tmp_path: Path) -> None:
    desk = open_desk(db, tmp_path, 100_00)
    values = {"nonce": "once-and-for-all-0001", "result": "reached", "body": "Once"}
    desk.post("/log", **values)
    desk.post("/log", **values)
    with db.reading() as session:
        assert len(session.scalars(select(Note)).all()) == 1
    assert desk.acts() == ["call.logged"]
    assert desk.post("/log", nonce="", body="No id").status_code == 422


def test_two_colleagues_with_one_form_at_the_same_moment_keep_one_note(db: Database, tmp_path: Path) -> None:
    desk = open_desk(db, tmp_path, 100_00)
    said = Said("Both pressed", "the-same-form-000000001")
    access = access_of(desk.owed, desk.staff)
    workers = [threading.Thread(target=debtor_notes.log, args=(desk.rt, access, desk.owed.debtor.public_id, said))
               for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    with db.reading() as session:
        assert len(session.scalars(select(Note)).all()) == 1
    assert desk.acts() == ["note.written"]


def test_a_hold_rests_for_one_invoice_and_is_lifted(db: Database, tmp_path: Path) -> None:
    desk = open_desk(db, tmp_path, 100_00, 80_00)
    desk.get("/hold")
    desk.send("/hold", invoice=desk.owed.invoices[0].public_id, fees="y", until="2026-11-20", reason="goods_missing",
              words="Two blocks were never fitted.")
    assert "On hold $100.00" in desk.words and "Goods or work are missing" in desk.words
    assert "Two blocks were never fitted." in desk.words and "reminders and fees rest" in desk.words
    with db.reading() as session:
        hold = session.scalars(select(Hold)).one()
    desk.send(f"/holds/{hold.public_id}/lift")
    assert "Nothing is on hold." in desk.words and "On hold $0.00" in desk.words
    desk.post(f"/holds/{hold.public_id}/lift")
    assert desk.acts() == ["hold.made", "hold.lifted"]


def test_a_hold_that_has_another_cause_is_not_lifted_by_hand(db: Database, tmp_path: Path) -> None:
    desk = open_desk(db, tmp_path, 100_00)
    with db.transaction() as session:
        hold = Hold(business_id=desk.owed.business.id, debtor_id=desk.owed.debtor.id, reminders=True, cause="dispute",
                    starts_at=NOON)
        session.add(hold)
    assert desk.post(f"/holds/{hold.public_id}/lift").status_code == 409
    assert "ends with what caused it" in desk.words
    desk.get("/hold")
    assert desk.send("/hold", reminders=None, fees=None).status_code == 422 and "what is to rest" in desk.words
    desk.get("/hold")
    assert desk.send("/hold", until="2020-01-01").status_code == 422


def test_a_link_goes_by_email_once_for_each_form(db: Database, tmp_path: Path) -> None:
    desk = open_desk(db, tmp_path, 100_00, role="agent")
    for _ in range(2):
        desk.post("/links/send", nonce="the-link-form-00000001")
    with db.reading() as session:
        messages = session.scalars(select(Message).where(Message.kind == "new_link")).all()
    assert len(messages) == 1 and messages[0].state == "queued" and messages[0].message_class == "essential"
    assert desk.acts() == ["link.sent"]
    assert "is on its way by email" in desk.words and "Email on its way out" in desk.words


def test_a_link_to_copy_opens_the_door_and_ends_when_it_is_ended(db: Database, tmp_path: Path) -> None:
    desk = open_desk(db, tmp_path, 100_00)
    desk.get("/links")
    desk.send("/links/copy")
    address = desk.text.partition('readonly value="')[2].partition('"')[0]
    visitor = desk.app.test_client()
    opened = visitor.get(address.removeprefix(desk.rt.settings.base_url), base_url=desk.rt.settings.base_url)
    assert opened.status_code == 303
    visitor.post("/continue", base_url=desk.rt.settings.base_url)
    desk.get()
    assert "Link made to their page" in desk.words
    desk.get("/links")
    desk.send("/links/end")
    assert "2 links ended" in desk.words and "No link stands" in desk.words
    with db.reading() as session:
        assert all(link.revoked_at for link in session.scalars(select(PortalLink)))
    assert desk.acts() == ["link.copied", "links.revoked"]


def test_a_code_is_read_out_only_at_a_number_on_file(db: Database, tmp_path: Path) -> None:
    desk = open_desk(db, tmp_path, 100_00)
    desk.get("/links")
    assert desk.send("/links/code").status_code == 200
    code = desk.text.partition('<p class="code">')[2].partition("</p>")[0].replace(" ", "")
    assert len(code) == 6 and code.isdigit()
    desk.get()
    assert "Code read out on the phone" in desk.words
    with db.transaction() as session:
        session.merge(desk.debtor()).phone = None
    assert desk.post("/links/code").status_code == 409 and "no phone number on file" in desk.words
    assert desk.acts() == ["code.read_out"]


def test_nothing_is_sent_to_an_address_that_bounced(db: Database, tmp_path: Path) -> None:
    desk = open_desk(db, tmp_path, 100_00)
    with db.transaction() as session:
        session.merge(desk.debtor()).email_state = "bounced"
    desk.get()
    assert "bounced" in desk.words and "Correct the address" in desk.words
    assert desk.post("/links/send", nonce="the-link-form-00000002").status_code == 409
    desk.get("/links")
    assert "cannot be written to" in desk.words


def test_questions_stand_on_the_page(db: Database, tmp_path: Path) -> None:
    desk = open_desk(db, tmp_path, 100_00)
    with db.transaction() as session:
        question = Question(
            business_id=desk.owed.business.id, debtor_id=desk.owed.debtor.id, kind="question", state="business",
            reply_key="key-of-the-thread", opened_at=NOON, moved_at=NOON)
        session.add(question)
        session.flush()
        session.add(QuestionEntry(business_id=desk.owed.business.id, question_id=question.id, said_by="debtor",
                                  channel="page", body="Was the pump in it? <script>alert(1)</script>", at=NOON))
    desk.get()
    assert "Was the pump in it?" in desk.words and "your turn" in desk.words
    assert "<script>alert(1)" not in desk.text


def test_a_repeated_late_payer_is_flagged_and_terms_are_suggested(db: Database, tmp_path: Path) -> None:
    desk = open_desk(db, tmp_path, 100_00)
    with db.transaction() as session:
        session.add(DebtorStanding(
            debtor_id=desk.owed.debtor.id, currency="USD", business_id=desk.owed.business.id, balance_minor=100_00,
            overdue_minor=100_00, open_invoices=1, paid_late=7, paid_invoices=8, call_score=5,
            call_reasons=[["late", {"days": 23}]], made_at=NOON))
    desk.get()
    assert "late 7 times of 8" in desk.words and "repeatedly late" in desk.words
    assert "half in advance" in desk.words and "Why to call today: 23 days late" in desk.words


def test_a_viewer_sees_and_is_offered_nothing_to_do(db: Database, tmp_path: Path) -> None:
    desk = open_desk(db, tmp_path, 100_00, role="viewer")
    desk.get()
    assert "Balance $100.00" in desk.words and "Log a call" not in desk.words and "Record a bank" not in desk.words
    assert desk.get("/log").status_code == 403


def test_scripts_and_formulas_in_every_text_stay_text(db: Database, tmp_path: Path) -> None:
    desk = open_desk(db, tmp_path)
    with db.transaction() as session:
        debtor = session.merge(desk.debtor())
        debtor.name, debtor.screening_note = "<img src=x onerror=alert(1)>", "=1+1<script>alert(2)</script>"
        make_invoice(session, debtor, 10_00, title="<svg onload=alert(3)>")
        bookkeeping.thank(session, debtor, "USD", 1_00, cause="text", now=NOON)
        make_debtor(session, desk.owed.business)
    desk.post("/log", nonce="script-note-0000000001", body="<script>alert(4)</script>")
    for path in ("", "/links", "/log", "/contact", "/terms", "/payments/record"):
        desk.get(path)
        assert "<script>alert" not in desk.text and "<img src=x" not in desk.text and "<svg onload" not in desk.text


def test_emails_that_came_back_count_neither_as_tried_nor_as_a_success(db: Database, tmp_path: Path) -> None:
    desk = open_desk(db, tmp_path, 100_00)
    with db.transaction() as session:
        for number in range(3):
            link = make_link(session, desk.debtor(), first_opened_at=NOON if number == 0 else None)
            session.add(Message(
                business_id=desk.owed.business.id, debtor_id=desk.owed.debtor.id, kind="reminder", key=f"r{number}",
                message_class="courtesy", to_address="helen@debtor.example", language="en", subject="Your invoice",
                body_text="", body_html="", message_id=f"works{number}", state="sent", reason="clear",
                link_id=link.id, created_at=NOON, due_at=NOON, sent_at=NOON))
    desk.get()
    assert "1 of 3 led to a visit" in desk.words
    with db.transaction() as session:
        session.add(DeliveryReport(source="dsn", report="soft", message_id="works1", kind="soft_bounce",
                                   outcome="", received_at=NOON))
        session.add(DeliveryReport(source="dsn", report="hard", message_id="works2", kind="bounce", outcome="",
                                   received_at=NOON))
    desk.get()
    assert "1 of 2 led to a visit" in desk.words, "one came back for good; the other may still have arrived"
