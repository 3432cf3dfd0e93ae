"""Queues: what waits is counted and listed, solved from its page, once, and the next one comes up."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest
from sqlalchemy import event, select

from portal.db import Database
from portal.domain.errors import Refusal
from portal.models import (
    Business,
    Chargeback,
    Debtor,
    Hold,
    Message,
    Note,
    Payment,
    PaymentInvoice,
    Question,
    QueueMark,
    SuspenseItem,
)
from portal.services import questions, queues, search, suspense
from portal.services.questions import Asked
from portal.services.queues.frame import Typed
from sandbox.stripe.server import StripeStandIn
from tests.cast import NOON, Clock, balances, make_debtor, make_invoice, make_link
from tests.ledger.stories import charged_back, line, moved, received, start_payment, tell
from tests.office.books import Desk, at, open_desk
from tests.office.people import SECRET, code_at
from tests.stripe.conftest import Shop, stripe_time
from tests.stripe.test_money_path import the_payment

TOMORROW = date(2026, 11, 11)


@pytest.fixture
def desk(db: Database, tmp_path: Path) -> Desk:
    return open_desk(db, tmp_path, 100_00, 60_00)


def ask(desk: Desk, words: str = "What is this for?") -> str:
    return questions.ask(desk.rt, desk.owed.access, Asked(words=words))


def count(desk: Desk, name: str) -> int:
    with desk.rt.db.reading() as session:
        return {one.name: one.count for one in queues.open_counts(session, desk.owed.business.id, desk.rt.now())}[name]


def solve(desk: Desk, name: str, item: str, code: str, who: str = "manager", **typed: object) -> str:
    return queues.solve(desk.rt, desk.access(who), name, item, code, Typed(**typed)).next_item  # type: ignore[arg-type]


def refused(desk: Desk, *args: str, **typed: object) -> str:
    with pytest.raises(Refusal) as caught:
        solve(desk, *args, **typed)  # type: ignore[arg-type]
    return caught.value.code


def seen(desk: Desk, item: str) -> str:
    with desk.rt.db.reading() as session:
        return questions.thread_for_staff(session, desk.access("owner"), item)[0].seen


def at_once(*works: object) -> None:
    threads = [threading.Thread(target=work) for work in works]  # type: ignore[arg-type]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


# ---- the frame ----

def test_solved_from_the_queue_the_next_one_comes_up_until_the_last(desk: Desk) -> None:
    items = [ask(desk, f"Question {n}?") for n in range(3)]
    seat = desk.as_("agent")
    page = seat.get("/office/requests/questions").get_data(as_text=True)
    assert "Question 0?" in page and "Begin with the first" in page
    with desk.rt.db.reading() as session:
        order = [one.item for one in queues.line.page(
            session, queues.named("questions"), desk.owed.business.id, desk.rt.now()).lines]
    assert sorted(order) == sorted(items)
    for place, item in enumerate(order):
        assert f'value="{seen(desk, item)}"' in seat.get(f"/office/requests/questions/{item}").get_data(as_text=True)
        answer = seat.post(f"/office/requests/questions/{item}", answer="answer", words="For gravel.",
                           seen=seen(desk, item))
        following = f"/{order[place + 1]}" if place < 2 else ""
        assert answer.location == f"/office/requests/questions{following}"
    last = seat.get("/office/requests/questions").get_data(as_text=True)
    assert "That was the last one here." in last and "Nobody waits for an answer." in last


def test_what_a_colleague_has_solved_is_told_and_nothing_typed_is_lost(desk: Desk) -> None:
    item, other = ask(desk), ask(desk)
    old = seen(desk, item)
    desk.as_("owner").post(f"/office/requests/questions/{item}", answer="answer", words="For gravel.", seen=old)
    seat = desk.as_("agent")
    stale = seat.get(f"/office/requests/questions/{item}").get_data(as_text=True)
    assert "Owner of the house answered this" in stale and f"/questions/{other}" in stale
    late = seat.post(f"/office/requests/questions/{item}", answer="answer", words="My long & own words", seen=old)
    assert late.status_code == 409
    page = late.get_data(as_text=True)
    assert "Something new was said here in the meantime" in page and "My long &amp; own words" in page
    assert desk.acts().count("question.answered") == 1


def test_empty_words_and_unknown_answers_are_errors_at_their_field(desk: Desk) -> None:
    item = ask(desk)
    seat = desk.as_("agent")
    for data, said in (({"answer": "answer"}, "Please write something first."),
                       ({"answer": "explode", "words": "x"}, "Please choose one of the answers offered."),
                       ({}, "Please choose one of the answers offered."),
                       ({"answer": "close", "words": "Wait", "seen": seen(desk, item)}, "You have written something."),
                       ({"answer": "answer", "words": "x" * 4_001}, "That is too long: 4001 characters"),
                       ({"answer": "later", "until": "2026-11-10"}, "Please choose a day after today"),
                       ({"answer": "later"}, "Please choose a day after today"),
                       ({"answer": "later", "until": "soon"}, "until")):
        answer = seat.post(f"/office/requests/questions/{item}", **data)
        assert answer.status_code == 422, data
        assert said in answer.get_data(as_text=True), data
    assert desk.acts() == ["question.asked"] and count(desk, "questions") == 1


def test_put_off_until_a_day_and_back_on_that_day_or_when_something_new_is_said(desk: Desk) -> None:
    item, other = ask(desk), ask(desk)
    assert solve(desk, "questions", item, "later", until=TOMORROW) == other
    assert count(desk, "questions") == 1 and desk.last_act().act == "queue.put_off"
    assert refused(desk, "questions", item, "later", until=TOMORROW) == "queue_solved"
    assert count(at(desk, NOON + timedelta(hours=11)), "questions") == 1, "it is still Tuesday where the business is"
    assert count(at(desk, NOON + timedelta(hours=13)), "questions") == 2
    questions.reply(desk.rt, desk.owed.access, item, "It is urgent now!")
    assert count(desk, "questions") == 2


def test_counts_stop_at_ninety_nine_and_are_one_question(db: Database, desk: Desk) -> None:
    with db.transaction() as session:
        for _ in range(101):
            debtor = make_debtor(session, desk.owed.business)
            session.add(Question(
                business_id=debtor.business_id, debtor_id=debtor.id, kind="question", state="business",
                reply_key=str(debtor.id).rjust(32, "0"), opened_at=NOON, moved_at=NOON, answer_by=NOON))
    asked: list[str] = []
    event.listen(db.reader, "before_cursor_execute", lambda _c, _k, statement, *_rest: asked.append(statement))
    with db.reading() as session:
        business = session.get_one(Business, desk.owed.business.id)
        asked.clear()
        found = queues.open_counts(session, business.id, NOON)
    assert [(one.name, one.count, one.more, one.due_today) for one in found] == [
        ("questions", 99, True, True), ("suspense", 0, False, False), ("chargebacks", 0, False, False),
        ("failed-payments", 0, False, False)]
    assert len(asked) == 1
    page = desk.as_("viewer").get("/office/requests/questions").get_data(as_text=True)
    assert "Questions 99+" in page and page.count("<li>") > 25
    further = re.search(r'rel="next" href="([^"]+)"', page)
    assert further is not None
    second = desk.as_("viewer").get(further[1].replace("&amp;", "&")).get_data(as_text=True)
    assert "Further down the line" in second
    first_items = set(re.findall(r'/questions/([\w-]{22})"', page))
    assert not first_items & set(re.findall(r'/questions/([\w-]{22})"', second))


@pytest.mark.parametrize("path", [
    "/office/requests/nothing", "/office/requests/questions/nobody", "/office/requests/suspense/pi_none",
    "/office/requests/chargebacks/x:lost", "/office/requests/failed-payments/none"])
def test_what_is_not_there_is_not_found(desk: Desk, path: str) -> None:
    seat = desk.as_("owner")
    assert seat.get(path).status_code == 404
    assert seat.post(path, answer="later", until="2026-11-12").status_code in (404, 405)


@pytest.mark.parametrize("after", [
    "x", "1.", ".a", "9" * 30 + ".a", "-1.a", "17000000000000000.zzz", "%00", "1." + "z" * 999, "99999999999999999.a"])
def test_absurd_places_in_the_line_are_its_beginning_or_its_end(desk: Desk, after: str) -> None:
    ask(desk)
    assert desk.as_("viewer").get(f"/office/requests/questions?after={after}").status_code in (200, 400)


def test_a_viewer_sees_and_answers_nothing(desk: Desk) -> None:
    item = ask(desk)
    seat = desk.as_("viewer")
    page = seat.get(f"/office/requests/questions/{item}").get_data(as_text=True)
    assert "What is this for?" in page and "Your role sees this" in page and "Send the answer" not in page
    assert seat.post(f"/office/requests/questions/{item}", answer="note", words="x").status_code == 403


def test_keys_stand_beside_buttons_until_they_are_turned_off(desk: Desk) -> None:
    item, _ = ask(desk), ask(desk)
    seat = desk.as_("agent")
    page = seat.get(f"/office/requests/questions/{item}").get_data(as_text=True)
    assert 'data-key="a"' in page and 'data-key="s"' in page and "<kbd" in page
    with desk.rt.db.transaction() as session:
        from portal.models import Staff
        session.get_one(Staff, desk.staff["agent"].id).shortcuts = False
    page = seat.get(f"/office/requests/questions/{item}").get_data(as_text=True)
    assert "keys.js" not in page and "<kbd" not in page


def test_the_overview_shows_what_is_due_soonest_first(db: Database, desk: Desk) -> None:
    suspended(desk)
    ask(desk, "Due in the evening of that day")
    page = desk.as_("viewer").get("/office/requests").get_data(as_text=True)
    assert page.index("It names no payment of ours.") < page.index("Due in the evening of that day")
    assert "Questions 1" in page and "Unmatched money 1" in page


def test_a_call_back_shows_the_number_to_press_and_is_closed_by_the_call(desk: Desk) -> None:
    item = questions.ask(desk.rt, desk.owed.access, Asked(
        call=True, call_when="After <b>4</b>", call_number="(503) 555-0177"))
    page = desk.as_("agent").get(f"/office/requests/questions/{item}").get_data(as_text=True)
    assert 'href="tel:5035550177"' in page and "After &lt;b&gt;4&lt;/b&gt;" in page and "I called them" in page
    solve(desk, "questions", item, "called", "agent", words="Pays on Friday", seen=seen(desk, item))
    assert count(desk, "questions") == 0
    with desk.rt.db.reading() as session:
        assert session.scalars(select(Message.kind)).all() == ["question_asked"], "what was said stays in the office"


# ---- money in suspense ----

def suspended(desk: Desk, amount: int = 75_00) -> str:
    """Money that names no payment of ours; gives its name at Stripe."""
    owed = desk.owed
    payment = start_payment(desk.rt.db, owed, (owed.invoices[0], amount), opens=False)
    tell(desk.rt.db, replace(received(payment), payment="nobody's", intent=f"pi_lost{payment.id}", charge=None))
    with desk.rt.db.reading() as session:
        return session.scalars(select(SuspenseItem.payment_intent).order_by(SuspenseItem.id.desc())).first() or ""


def test_unmatched_money_is_applied_to_an_invoice_that_was_found(db: Database, desk: Desk) -> None:
    item = suspended(desk)
    with db.transaction() as session:
        search.index_debtors(session, [session.get_one(Debtor, desk.owed.debtor.id)])
    seat = desk.as_("manager")
    invoice = desk.owed.invoices[1]
    nothing = seat.get(f"/office/requests/suspense/{item}?find=zzz").get_data(as_text=True)
    assert "No open invoice in this currency fits that." in nothing
    for typed in (invoice.number, "okaf", desk.owed.debtor.number):
        page = seat.get(f"/office/requests/suspense/{item}?find={typed}").get_data(as_text=True)
        assert invoice.number in page and "Apply to this invoice" in page, typed
    unpicked = seat.post(f"/office/requests/suspense/{item}?find=okaf", answer="apply")
    assert unpicked.status_code == 422 and "Please choose an invoice first." in unpicked.get_data(as_text=True)
    done = seat.post(f"/office/requests/suspense/{item}?find=okaf", answer="apply", pick=invoice.public_id)
    assert done.location == "/office/requests/suspense"
    after = balances(db, desk.owed.business.id)
    assert "suspense USD" not in after and after[f"debtor_credit debtor:{desk.owed.debtor.id} USD"] == -15_00
    assert desk.acts("payment.suspended")[-1] == "suspense.applied"
    assert count(desk, "suspense") == 0
    desk.assert_sound()


def test_what_staff_note_as_sent_back_leaves_the_books_true(db: Database, desk: Desk) -> None:
    item = suspended(desk)
    solve(desk, "suspense", item, "returned")
    assert balances(db, desk.owed.business.id).get("suspense USD") is None
    assert refused(desk, "suspense", item, "returned") == "queue_solved"
    desk.assert_sound()


def test_an_agent_sees_unmatched_money_and_does_not_move_it(desk: Desk) -> None:
    item = suspended(desk)
    seat = desk.as_("agent")
    assert "a manager or an owner decides" in seat.get(f"/office/requests/suspense/{item}").get_data(as_text=True)
    assert seat.post(f"/office/requests/suspense/{item}", answer="returned").status_code == 403
    assert count(desk, "suspense") == 1


def test_unmatched_money_never_goes_to_an_invoice_of_another_business_or_currency(db: Database, desk: Desk,
                                                                                  tmp_path: Path) -> None:
    item = suspended(desk)
    other = open_desk(db, tmp_path)
    assert refused(desk, "suspense", item, "apply", pick=other.owed.invoices[0].public_id) == "unknown_invoice"
    with db.transaction() as session:
        euros = make_invoice(session, desk.owed.debtor, 10_00, currency="EUR")
    assert refused(desk, "suspense", item, "apply", pick=euros.public_id) == "other_currency"
    assert refused(other, "suspense", item, "returned") == "unknown_page"


def test_two_who_apply_the_same_money_at_once_apply_it_once(desk: Desk) -> None:
    item, found = suspended(desk), []

    def work(pick: str) -> None:
        try:
            solve(desk, "suspense", item, "apply", pick=pick)
            found.append("applied")
        except Refusal as refusal:
            found.append(refusal.code)

    at_once(*(lambda pick=one.public_id: work(pick) for one in desk.owed.invoices * 2))
    assert found.count("applied") == 1 and set(found) <= {"applied", "suspense_resolved", "queue_solved"}
    desk.assert_sound()


@pytest.fixture
def paid(db: Database, tmp_path: Path) -> Iterator[tuple[Desk, StripeStandIn, str]]:
    """An office into which a card payment came with another amount than was asked for."""
    with StripeStandIn() as stand_in:
        desk = open_desk(db, tmp_path, 100_00, clock=lambda: stripe_time(stand_in), stripe_api_base=stand_in.url,
                         stripe_timeout_seconds=3)
        shop = Shop(desk.rt, stand_in)
        page = shop.pay_page(desk.owed, total=100_00)
        with db.transaction() as session:
            session.get_one(Payment, the_payment(shop).id).amount_minor = 90_00
            session.scalars(select(PaymentInvoice)).one().amount_minor = 90_00
        stand_in.control.press(page, "pay")
        shop.hear()
        with db.reading() as session:
            item = session.scalars(select(SuspenseItem)).one()
        assert item.reason == "other_amount"
        yield desk, stand_in, item.payment_intent


def test_unmatched_money_goes_back_by_stripe_with_proof(paid: tuple[Desk, StripeStandIn, str]) -> None:
    desk, stand_in, item = paid
    seat = desk.as_("manager")
    page = seat.get(f"/office/requests/suspense/{item}").get_data(as_text=True)
    assert "The amount is not the one that was asked for." in page and 'name="proof"' in page
    without = seat.post(f"/office/requests/suspense/{item}", answer="refund", proof="000000")
    assert without.status_code == 422 and count(desk, "suspense") == 1
    done = seat.post(f"/office/requests/suspense/{item}", answer="refund", proof=code_at(desk.rt.now()))
    assert done.location == "/office/requests/suspense", done.get_data(as_text=True)
    Shop(desk.rt, stand_in).hear()
    assert balances(desk.rt.db, desk.owed.business.id).get("suspense USD") is None
    assert desk.acts().count("suspense.refund_requested") == 1
    sent = [one for one in stand_in.requests if one.path == "/v1/refunds"]
    assert len(sent) == 1 and SECRET not in page
    desk.assert_sound()


def test_money_on_its_way_back_is_not_applied_and_is_sent_once(paid: tuple[Desk, StripeStandIn, str]) -> None:
    desk, stand_in, item = paid
    stand_in.control.fail_next("hang_after", path="/v1/refunds", method="POST", times=9)
    solve(desk, "suspense", item, "refund")
    assert count(desk, "suspense") == 1, "nobody has confirmed it"
    page = desk.as_("manager").get(f"/office/requests/suspense/{item}").get_data(as_text=True)
    assert "has not confirmed it yet" in page and "Apply to this invoice" not in page
    assert refused(desk, "suspense", item, "apply", pick=desk.owed.invoices[0].public_id) == "queue_solved"
    with pytest.raises(Refusal, match="suspense_going_back"):
        suspense.apply(desk.rt, desk.access("manager"), item, desk.owed.invoices[0].public_id)
    stand_in.control.clear_faults()
    solve(desk, "suspense", item, "refund")
    Shop(desk.rt, stand_in).hear()
    assert count(desk, "suspense") == 0
    assert balances(desk.rt.db, desk.owed.business.id).get("suspense USD") is None
    desk.assert_sound()


# ---- chargebacks ----

def charged(desk: Desk, status: str = "needs_response") -> Chargeback:
    owed = desk.owed
    payment = start_payment(desk.rt.db, owed, (owed.invoices[0], 100_00))
    tell(desk.rt.db, received(payment), charged_back(
        payment, 100_00, line(payment, -100_00, 15_00, id=f"txn_d{payment.id}", kind="adjustment"),
        id=f"du_{payment.id}", status=status))
    with desk.rt.db.reading() as session:
        return session.scalars(select(Chargeback)).one()


def test_a_chargeback_tells_what_happened_and_what_can_be_handed_in(desk: Desk) -> None:
    row = charged(desk)
    item = f"{row.public_id}:needs_response"
    page = desk.as_("agent").get(f"/office/requests/chargebacks/{item}").get_data(as_text=True)
    for said in ("did not make this payment", "Stripe waits for your evidence.", "$100.00", "What you can hand in",
                 desk.owed.invoices[0].number, f"du_{row.payment_id}"):
        assert said in page, said
    solve(desk, "chargebacks", item, "answered", "agent")
    assert count(desk, "chargebacks") == 0
    again = desk.as_("agent").get(f"/office/requests/chargebacks/{item}").get_data(as_text=True)
    assert "Agent of the house dealt with this" in again and 'value="answered"' not in again
    assert refused(desk, "chargebacks", item, "answered") == "queue_solved"
    assert desk.acts("payment.suspended")[-1] == "chargeback.answered"


def test_a_lost_chargeback_comes_up_again_and_reminders_go_on_when_staff_say_so(desk: Desk) -> None:
    row = charged(desk)
    solve(desk, "chargebacks", f"{row.public_id}:needs_response", "let")
    with desk.rt.db.reading() as session:
        payment = session.get_one(Payment, row.payment_id)
    tell(desk.rt.db, charged_back(payment, 100_00, id=row.stripe_dispute, status="lost"))
    assert count(desk, "chargebacks") == 1
    moved_on = desk.as_("agent").get(f"/office/requests/chargebacks/{row.public_id}:needs_response")
    assert "This has moved on since" in moved_on.get_data(as_text=True)
    with desk.rt.db.reading() as session:
        assert session.scalars(select(Hold.released_at)).all() == [None]
    solve(desk, "chargebacks", f"{row.public_id}:lost", "ask_again")
    with desk.rt.db.reading() as session:
        assert None not in session.scalars(select(Hold.released_at)).all()
    assert desk.last_act().details["holds_ended"] == 1 and count(desk, "chargebacks") == 0


def test_two_who_decide_the_same_chargeback_at_once_decide_once(desk: Desk) -> None:
    item, found = f"{charged(desk).public_id}:needs_response", []

    def work(code: str) -> None:
        try:
            solve(desk, "chargebacks", item, code)
            found.append("done")
        except Refusal as refusal:
            found.append(refusal.code)

    at_once(*(lambda code=one: work(code) for one in ("answered", "let") * 2))
    assert sorted(found) == ["done", *["queue_solved"] * 3]
    assert len([act for act in desk.acts() if act in ("chargeback.answered", "chargeback.let")]) == 1
    with desk.rt.db.reading() as session:
        assert len(session.scalars(select(QueueMark)).all()) == 1


# ---- failed payments ----

def failed(desk: Desk, **changes: object) -> Payment:
    payment = start_payment(desk.rt.db, desk.owed, (desk.owed.invoices[0], 100_00), state="failed",
                            failure_code="insufficient_funds", opens=False, method_brand="visa", method_last4="0341",
                            at=NOON - timedelta(hours=3), **changes)
    return payment


def test_a_failed_payment_waits_while_something_is_owed_and_is_called_about(desk: Desk) -> None:
    payment = failed(desk)
    page = desk.as_("agent").get(f"/office/requests/failed-payments/{payment.public_id}").get_data(as_text=True)
    assert "There was not enough money on the account at that moment." in page and "visa 0341" in page
    assert refused(desk, "failed-payments", payment.public_id, "called") == "words_missing"
    solve(desk, "failed-payments", payment.public_id, "called", "agent", words="Pays on Friday.")
    with desk.rt.db.reading() as session:
        note = session.scalars(select(Note)).one()
    assert (note.kind, note.about, note.body) == ("call", f"payment:{payment.public_id}", "Pays on Friday.")
    assert count(desk, "failed-payments") == 0 and desk.acts() == ["failed_payment.called"]
    assert refused(desk, "failed-payments", payment.public_id, "done") == "queue_solved"


def test_a_fresh_link_leaves_once(desk: Desk) -> None:
    payment = failed(desk)
    found: list[str] = []

    def work() -> None:
        try:
            solve(desk, "failed-payments", payment.public_id, "send_link")
            found.append("sent")
        except Refusal as refusal:
            found.append(refusal.code)

    at_once(work, work, work)
    assert "sent" in found and set(found) <= {"sent", "queue_solved"}
    with desk.rt.db.reading() as session:
        assert len(session.scalars(select(Message).where(Message.kind == "new_link")).all()) == 1
    assert desk.acts() == ["link.sent"]


def test_who_paid_tried_again_or_owes_nothing_is_left_alone(db: Database, desk: Desk) -> None:
    first = failed(desk)
    assert count(desk, "failed-payments") == 1
    second = start_payment(db, desk.owed, (desk.owed.invoices[1], 60_00), at=NOON - timedelta(minutes=5))
    assert count(desk, "failed-payments") == 0, "they are trying again"
    assert refused(desk, "failed-payments", first.public_id, "done") == "queue_solved"
    tell(db, moved(second, "expired"))
    assert count(desk, "failed-payments") == 1
    third = start_payment(db, desk.owed, (desk.owed.invoices[0], 100_00), (desk.owed.invoices[1], 60_00))
    tell(db, received(third))
    assert count(desk, "failed-payments") == 0, "they paid"
    assert count(at(desk, NOON + timedelta(days=30)), "failed-payments") == 0


def test_a_card_declined_on_the_page_waits_an_hour_before_anyone_calls(db: Database, desk: Desk) -> None:
    payment = start_payment(db, desk.owed, (desk.owed.invoices[0], 100_00))
    tell(db, moved(payment, "declined", failure_code="expired_card"))
    assert count(desk, "failed-payments") == 0
    assert count(at(desk, NOON + timedelta(hours=2)), "failed-payments") == 1


def test_nothing_of_another_business_is_counted_or_shown(db: Database, desk: Desk, tmp_path: Path) -> None:
    ask(desk)
    suspended(desk)
    charged(desk)
    with db.transaction() as session:
        debtor = make_debtor(session, desk.owed.business)
        make_link(session, debtor)
        make_invoice(session, debtor, 5_00)
    other = open_desk(db, tmp_path, clock=Clock())
    with db.reading() as session:
        assert [one.count for one in queues.open_counts(session, other.owed.business.id, NOON)] == [0, 0, 0, 0]
    page = other.as_("owner").get("/office/requests").get_data(as_text=True)
    assert "Nothing waits." in page and "Helen" not in page
