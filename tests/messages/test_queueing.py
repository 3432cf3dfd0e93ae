"""What is queued, why, and in which words: one cause one message, one request for money a day, every decision kept."""

from __future__ import annotations

import threading
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from portal.db import Database
from portal.domain.errors import Refusal
from portal.domain.policy import Policy
from portal.models import AuditEvent, Hold, Message, PortalLink
from portal.services import bookkeeping, messages, reminders
from sandbox.mailbox import Mailbox
from tests.cast import make_business, make_debtor, make_invoice
from tests.messages.conftest import NOON, Post, make_post


def hold(post: Post, **values: Any) -> None:
    with post.rt.db.transaction() as session:
        session.add(Hold(business_id=post.business.id, debtor_id=post.debtor.id, reminders=True, starts_at=NOON,
                         **{"cause": "dispute", **values}))


def test_a_reminder_is_stored_rendered_with_its_link_still_open(post: Post) -> None:
    message = post.remind()
    assert (message.state, message.reason, message.message_class) == ("queued", "clear", "collecting")
    assert message.subject == "A note from Alder Street Dental"
    for body in (message.body_text, message.body_html):
        assert "{{portal_link}}" in body and "{{stop_link}}" in body and "{{not_me_link}}" in body
        assert "$453.00" in body and "ASD-30418" in body and "Hello Daniel" in body
        assert "Is this really from us?" in body and "on your appointment card" in body
        assert "/l/" not in body


def test_the_same_cause_makes_one_message_and_no_error(post: Post) -> None:
    assert post.remind().id == post.remind().id
    assert len(post.all()) == 1


def test_one_reminder_covers_all_open_invoices(post: Post) -> None:
    with post.rt.db.transaction() as session:
        make_invoice(session, post.debtor, 100_00, number="ASD-2", due_on=date(2026, 12, 1), title="")
        paid = make_invoice(session, post.debtor, 70_00, number="ASD-3")
        bookkeeping.write_off(session, paid, cause="1", now=NOON)
    body = post.remind().body_text
    assert "$553.00" in body and "ASD-30418" in body and "ASD-2, due on Dec 1: $100.00" in body
    assert "ASD-3" not in body.replace("ASD-30418", "")


def test_two_workers_at_once_ask_for_money_once_that_day(post: Post) -> None:
    start = threading.Barrier(2)

    def ask(cause: str) -> None:
        start.wait(10)
        with post.rt.db.transaction() as session:
            messages.queue_reminder(session, NOON, post.debtor, cause=cause)

    threads = [threading.Thread(target=ask, args=(f"step-{n}",)) for n in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted((m.state, m.reason) for m in post.all()) == [("queued", "clear"), ("skipped", "one_a_day")]


@pytest.mark.parametrize(("debtor", "reason"), [
    ({"email": None}, "no_address"), ({"email_state": "bounced"}, "bounced"),
    ({"email_state": "wrong_person"}, "wrong_person"), ({"opted_out_at": NOON}, "opted_out"),
])
def test_a_skipped_reminder_is_kept_with_its_reason(
        db: Database, mailbox: Mailbox, tmp_path: Path, debtor: dict[str, Any], reason: str) -> None:
    post = make_post(db, mailbox, tmp_path, debtor=debtor)
    message = post.remind()
    assert (message.state, message.reason, message.body_text) == ("skipped", reason, "")


def test_nothing_left_means_no_reminder(post: Post) -> None:
    with post.rt.db.transaction() as session:
        bookkeeping.write_off(session, post.invoice, cause="1", now=NOON)
    assert post.remind().reason == "nothing_left"


@pytest.mark.parametrize(("values", "asked"), [
    ({}, None),
    ({"until": NOON + timedelta(days=1)}, None),
    ({"cause": "payment"}, "on_its_way"),
    ({"until": NOON + timedelta(seconds=1)}, None),
    ({"released_at": NOON}, "$453.00"),
    ({"invoice": True}, None),
    ({"invoice": True, "amount_minor": 153_00}, "$300.00"),
])
def test_a_held_part_is_not_asked_for(post: Post, values: dict[str, Any], asked: str | None) -> None:
    if values.pop("invoice", False):
        values["invoice_id"] = post.invoice.id
    hold(post, **values)
    message = post.remind()
    if asked and asked.startswith("$"):
        assert asked in message.body_text
    else:
        assert (message.state, message.reason) == ("skipped", asked or "held")


def test_a_hold_that_ended_or_is_not_about_reminders_holds_nothing(post: Post) -> None:
    hold(post, until=NOON + timedelta(days=1))
    post.clock.pass_time(days=1)
    with post.rt.db.transaction() as session:
        session.add(Hold(business_id=post.business.id, debtor_id=post.debtor.id, fees=True, starts_at=NOON,
                         cause="staff"))
    assert post.remind().state == "queued"


def test_at_night_it_waits_for_the_morning(post: Post) -> None:
    post.clock.pass_time(hours=10)  # ten in the evening in Oregon
    message = post.remind()
    assert (message.state, message.reason) == ("queued", "quiet_hours")
    assert message.due_at.isoformat() == "2026-11-11T16:00:00+00:00"
    assert message.local_day == date(2026, 11, 11)


def test_a_business_may_have_no_quiet_hours(db: Database, mailbox: Mailbox, tmp_path: Path) -> None:
    post = make_post(db, mailbox, tmp_path, policy=Policy(quiet_from_hour=0, quiet_until_hour=0))
    post.clock.pass_time(hours=10)
    assert post.remind().reason == "clear"


def test_no_fee_has_been_added_is_said_only_while_it_is_true(post: Post) -> None:
    first = post.remind("a")
    post.clock.pass_time(days=1)
    with post.rt.db.transaction() as session:
        bookkeeping.charge_fee(session, post.invoice, 5_00, step="1", interest=False, rule="late_fee", now=NOON)
    second = post.remind("b")
    assert "No fee has been added." in first.body_text
    assert "$458.00" in second.body_text and "No fee" not in second.body_text


def test_spanish_debtors_are_written_to_in_spanish(db: Database, mailbox: Mailbox, tmp_path: Path) -> None:
    post = make_post(db, mailbox, tmp_path, debtor={"locale": "es", "greeting_name": "Lucía"})
    message = post.remind()
    assert (message.language, message.subject) == ("es", "Una nota de Alder Street Dental")
    assert "Hola, Lucía:" in message.body_text and "figura en su tarjeta de citas" in message.body_text
    assert 'lang="es"' in message.body_html


def test_names_and_titles_can_neither_start_a_header_nor_pretend_to_be_our_link(
        db: Database, mailbox: Mailbox, tmp_path: Path) -> None:
    post = make_post(db, mailbox, tmp_path, business={"name": "Alder\r\nBcc: all@evil.example"},
                     debtor={"greeting_name": "{{portal_link}}<script>alert(1)</script>"})
    message = post.remind()
    assert "\r" not in message.subject and "\n" not in message.subject
    assert message.body_text.count("{{portal_link}}") == 1
    assert "<script>" not in message.body_html


def test_reminders_by_hand_ask_once_a_day_and_leave_a_trace(post: Post) -> None:
    slug, number = post.business.slug, post.debtor.number
    assert reminders.send_reminder(post.rt, slug, number).state == "queued"
    reminders.send_reminder(post.rt, slug, number)
    with post.rt.db.reading() as session:
        assert session.scalar(select(func.count()).select_from(Message)) == 1
        assert session.scalar(select(func.count()).select_from(AuditEvent).where(
            AuditEvent.act == "reminder.queued")) == 1
    post.deliver()
    post.clock.pass_time(days=1)
    assert reminders.send_reminder(post.rt, slug, number).state == "queued"


def test_after_a_skip_the_answer_may_change_the_same_day(post: Post) -> None:
    slug, number = post.business.slug, post.debtor.number
    post.change(post.debtor, opted_out_at=NOON)
    assert reminders.send_reminder(post.rt, slug, number).reason == "opted_out"
    assert reminders.send_reminder(post.rt, slug, number).reason == "opted_out"
    post.change(post.debtor, opted_out_at=None)
    assert reminders.send_reminder(post.rt, slug, number).state == "queued"
    assert [m.state for m in post.all()] == ["skipped", "queued"]


def test_all_due_means_everyone_late_in_this_business_and_nobody_else(post: Post) -> None:
    with post.rt.db.transaction() as session:
        later = make_debtor(session, post.business)
        make_invoice(session, later, 100, due_on=date(2026, 11, 10))
        late = make_debtor(session, post.business)
        make_invoice(session, late, 100, due_on=date(2026, 11, 9))
        other = make_business(session)
        make_invoice(session, make_debtor(session, other), 100)
    assert list(reminders.late_debtors(post.rt, post.business.slug)) == sorted([post.debtor.number, late.number])


@pytest.mark.parametrize(("slug", "number", "code"), [
    ("nobody", "1", "unknown_business"), (None, "no-such-number", "unknown_debtor")])
def test_unknown_names_are_refused(post: Post, slug: str | None, number: str, code: str) -> None:
    with pytest.raises(Refusal) as refused:
        reminders.send_reminder(post.rt, slug or post.business.slug, number)
    assert refused.value.code == code


def test_a_new_link_says_nothing_of_a_debt(post: Post) -> None:
    with post.rt.db.transaction() as session:
        link = PortalLink(business_id=post.business.id, debtor_id=post.debtor.id, purpose="account", created_at=NOON,
                          expires_at=NOON + timedelta(days=30))
        session.add(link)
        session.flush()
        message = messages.queue_new_link(session, NOON, post.debtor, post.business, link)
    assert message.message_class == "essential" and message.link_id == link.id
    assert "453" not in message.body_text and "invoice" not in message.body_text.lower()
