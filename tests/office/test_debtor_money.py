"""Money that staff record by hand: booked once, taken back, given up; also when two things happen at once."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from datetime import date
from pathlib import Path

from sqlalchemy import select

from portal.db import Database
from portal.domain.credit_notes import tax_within
from portal.models import Approval, LedgerTransfer, Message, Payment
from portal.services import bookkeeping, debtor_money, debtor_page, debtor_relief, ledger
from portal.services.debtor_money import Seen
from portal.services.debtor_relief import Why
from tests.cast import NOON, balances, make_invoice
from tests.ledger.stories import received, start_payment, tell
from tests.office.desk import Desk, open_desk

TODAY = date(2026, 11, 10)


def at_once(*works: Callable[[], object]) -> list[Exception]:
    """Do things at the same moment, each in a thread of its own; gives what was refused."""
    ready, failed = threading.Barrier(len(works)), []

    def do(work: Callable[[], object]) -> None:
        ready.wait()
        try:
            work()
        except Exception as error:
            failed.append(error)

    threads = [threading.Thread(target=do, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return failed


def credit(desk: Desk, currency: str = "USD") -> int:
    with desk.db.reading() as session:
        return ledger.credit_of(session, desk.owed.business.id, desk.owed.debtor.id, currency)


def test_money_pays_the_oldest_first_and_the_rest_is_credit(db: Database, tmp_path: Path) -> None:
    desk = open_desk(db, tmp_path, 100_00, 80_00, role="agent")
    desk.get("/payments/record")
    desk.send("/payments/record", amount="200.00", reference="TRF 77", words="Came by the night bank")
    assert desk.left() == [0, 0] and credit(desk) == 20_00
    assert "$20.00 of it found nothing open and is their credit." in desk.words
    assert "received" in desk.words and "Bank transfer" in desk.words and "Came by the night bank" in desk.words
    assert desk.staff.name in desk.words and desk.acts() == ["payment.recorded"] and desk.books_are_sound()
    with db.reading() as session:
        assert session.scalars(select(Message).where(Message.kind == "receipt")).one().state == "queued"


def test_recorded_money_has_a_day_and_no_hour(db: Database, tmp_path: Path) -> None:
    desk = open_desk(db, tmp_path, 100_00)
    desk.get("/payments/record")
    desk.send("/payments/record", amount="40.00", received_on="2026-11-09")
    assert "Nov 9 " in desk.words and "Nov 9, 12:00" not in desk.words
    with db.reading() as session:
        payment = session.scalars(select(Payment)).one()
        transfer = session.scalars(select(LedgerTransfer).where(LedgerTransfer.kind == "manual_payment")).one()
    for path in (f"payments/{payment.public_id}", f"ledger/transfers/{transfer.id}", "ledger/accounts/bank-USD"):
        page = desk.client.get(f"/office/{path}", base_url=desk.rt.settings.base_url).get_data(as_text=True)
        assert re.search(r"Nov(ember)? 9<", page) and not re.search(r"Nov(ember)? 9, 12:00", page), path


def test_money_for_a_chosen_invoice_pays_that_one(db: Database, tmp_path: Path) -> None:
    desk = open_desk(db, tmp_path, 100_00, 80_00)
    desk.get(f"/payments/record?invoice={desk.owed.invoices[1].public_id}")
    desk.send("/payments/record", amount="$50", channel="cash", send_receipt=None)
    assert desk.left() == [100_00, 30_00] and desk.books_are_sound()
    with db.reading() as session:
        assert session.scalars(select(Message)).all() == []


def test_money_with_nothing_open_becomes_credit(db: Database, tmp_path: Path) -> None:
    desk = open_desk(db, tmp_path, 40_00)
    for amount in ("40", "15"):
        desk.get("/payments/record")
        desk.send("/payments/record", amount=amount)
    assert desk.left() == [0] and credit(desk) == 15_00 and desk.books_are_sound()


def test_what_is_wrong_is_said_and_nothing_is_lost(db: Database, tmp_path: Path) -> None:
    desk = open_desk(db, tmp_path, 100_00)
    for typed, said in (
            ({"amount": ""}, "Please enter an amount."), ({"amount": "a lot"}, "digits only"),
            ({"amount": "-5"}, "above zero"), ({"amount": "1.234"}, "more exact"),
            ({"amount": "5", "received_on": "2026-11-11"}, "still to come"),
            ({"amount": "5", "received_on": "yesterday"}, "Please choose a day."),
            ({"amount": "5", "channel": "gold"}, "Please choose one of those offered."),
            ({"amount": "5", "currency": "XXX"}, "")):
        desk.get("/payments/record")
        assert desk.send("/payments/record", reference="KEEP ME", **typed).status_code == 422, typed
        assert said in desk.words and "KEEP ME" in desk.text, typed
    assert desk.left() == [100_00] and desk.acts() == []


def test_other_peoples_invoices_are_not_found(db: Database, tmp_path: Path) -> None:
    desk, stranger = open_desk(db, tmp_path, 100_00), open_desk(db, tmp_path, 50_00)
    desk.get("/payments/record")
    assert desk.send("/payments/record", amount="5", invoices=stranger.owed.invoices[0].public_id).status_code == 404
    assert stranger.left() == [50_00] and desk.acts() == []


def test_the_same_money_twice_warns_first(db: Database, tmp_path: Path) -> None:
    desk = open_desk(db, tmp_path, 100_00)
    for _ in range(2):
        desk.get("/payments/record")
        answer = desk.send("/payments/record", amount="30", reference="check 12", channel="check")
    assert answer.status_code == 409 and "looks recorded already" in desk.words and desk.left() == [70_00]
    desk.send("/payments/record", not_the_same="y")
    assert desk.left() == [40_00] and desk.acts() == ["payment.recorded"] * 2


def test_one_form_sent_by_two_people_at_once_books_once(db: Database, tmp_path: Path) -> None:
    desk = open_desk(db, tmp_path, 100_00)
    other = desk.colleague()
    seen = Seen("transfer", "USD", 60_00, TODAY, "one-form-for-both-0001", not_the_same=True)
    works = [lambda who=who: debtor_money.record_payment(  # type: ignore[misc]
        desk.rt, who.access, desk.owed.debtor.public_id, seen) for who in (desk, other, desk, other)]
    assert at_once(*works) == []
    assert desk.left() == [40_00] and desk.acts() == ["payment.recorded"] and desk.books_are_sound()


def test_recorded_money_and_stripes_at_the_same_moment_both_count(db: Database, tmp_path: Path) -> None:
    desk = open_desk(db, tmp_path, 100_00)
    payment = start_payment(db, desk.owed, (desk.owed.invoices[0], 100_00))
    seen = Seen("check", "USD", 100_00, TODAY, "beside-stripe-00000001")
    failed = at_once(
        lambda: debtor_money.record_payment(desk.rt, desk.access, desk.owed.debtor.public_id, seen),
        lambda: tell(db, received(payment)))
    assert failed == [] and desk.left() == [0] and credit(desk) == 100_00 and desk.books_are_sound()


def test_a_check_that_bounced_is_owed_again_once(db: Database, tmp_path: Path) -> None:
    desk = open_desk(db, tmp_path, 100_00)
    desk.get("/payments/record")
    desk.send("/payments/record", amount="100", channel="check")
    with db.reading() as session:
        payment = session.scalars(select(Payment)).one()
    path = f"/payments/{payment.public_id}/back"
    for _ in range(2):
        desk.get(path)
        desk.send(path, happened_on="2026-11-10", words="No funds")
    assert desk.left() == [100_00] and desk.books_are_sound()
    assert desk.acts() == ["payment.recorded", "payment.bounced"]
    assert "is owed again" in desk.words and "No funds" in desk.words


def test_billed_fees_and_paid_stay_apart_and_agree_with_what_is_left(db: Database, tmp_path: Path) -> None:
    desk = open_desk(db, tmp_path, 100_00, 50_00)
    first = desk.owed.invoices[0]
    with db.transaction() as session:
        bookkeeping.charge_fee(session, first, 15_00, step="late1", interest=False,
                               rule="late_fee:1500:10000:USD:14", now=NOON)
        bookkeeping.credit_note(session, first, 8_00, tax=0, cause="note:1", now=NOON)
    desk.get("/payments/record")
    desk.send("/payments/record", amount="100", channel="check")
    desk.get()
    assert "$100.00 and $15.00 in fees less $8.00 credited or discounted $100.00 $7.00" in desk.words
    with db.reading() as session:
        payment = session.scalars(select(Payment)).one()
    desk.get(f"/payments/{payment.public_id}/back")
    desk.send(f"/payments/{payment.public_id}/back", happened_on="2026-11-10", words="No funds")
    desk.get()
    assert "$100.00 and $15.00 in fees less $8.00 credited or discounted – $107.00" in desk.words
    shown = debtor_page.page(desk.rt, desk.access, desk.owed.debtor.public_id)
    for one in shown.invoices:
        assert (one.amount_minor + one.fees_minor - one.taken_off_minor - one.written_off_minor - one.paid_minor
                == one.left_minor)
    assert sum(one.left_minor for one in shown.invoices) == shown.sums[0].owed == sum(desk.left())


def test_after_a_write_off_nothing_is_open_and_what_was_lost_is_told(db: Database, tmp_path: Path) -> None:
    desk = open_desk(db, tmp_path, 12_00)
    with db.transaction() as session:
        bookkeeping.write_off(session, desk.owed.invoices[0], cause="writeoff:1", now=NOON)
    desk.get("?invoices=all")
    assert "Balance $0.00 nothing is open $12.00 was written off" in desk.words
    assert "Their credit $0.00" in desk.words and "nothing was ever billed" not in desk.words
    assert "Written off" in desk.words and "$12.00 less $12.00 written off – $0.00" in desk.words


def test_credit_is_put_to_use(db: Database, tmp_path: Path) -> None:
    desk = open_desk(db, tmp_path, 100_00)
    from portal.models import Hold
    with db.transaction() as session:
        hold = Hold(business_id=desk.owed.business.id, debtor_id=desk.owed.debtor.id, reminders=True, cause="dispute",
                    starts_at=NOON, invoice_id=desk.owed.invoices[0].id)
        session.add(hold)
        session.flush()
        bookkeeping.thank(session, desk.debtor(), "USD", 30_00, cause="test", now=NOON)
    assert desk.left() == [100_00] and credit(desk) == 30_00
    assert desk.post("/credit/use", currency="USD", nonce="use-the-credit-0000001").status_code == 409
    with db.transaction() as session:
        session.merge(hold).released_at = NOON
    for _ in range(2):
        desk.post("/credit/use", currency="USD", nonce="use-the-credit-0000002")
    assert desk.left() == [70_00] and credit(desk) == 0 and desk.acts() == ["credit.used"] and desk.books_are_sound()


def test_goodwill_pays_what_is_open_once(db: Database, tmp_path: Path) -> None:
    desk = open_desk(db, tmp_path, 100_00)
    for _ in range(2):
        desk.post("/goodwill", currency="USD", amount="25", reason="apology", words="For the late van",
                  nonce="goodwill-form-00000001")
    assert desk.left() == [75_00] and balances(db, desk.owed.business.id)["goodwill USD"] == 25_00
    assert desk.acts() == ["goodwill.given"] and "Apology" in desk.words and "For the late van" in desk.words
    why = Why("thanks", "goodwill-form-00000002")
    assert at_once(*[lambda: debtor_relief.goodwill(
        desk.rt, desk.access, desk.owed.debtor.public_id, "USD", 5_00, why)] * 3) == []
    assert desk.left() == [70_00] and desk.acts() == ["goodwill.given"] * 2


def test_a_credit_note_holds_its_share_of_tax_and_never_more_than_the_invoice(db: Database, tmp_path: Path) -> None:
    assert tax_within(30_00, total=120_00, tax=20_00) == 5_00
    assert tax_within(1, total=3, tax=0) == 0
    desk = open_desk(db, tmp_path, 100_00)
    path = f"/invoices/{desk.owed.invoices[0].public_id}/credit-note"
    desk.get("/payments/record")
    desk.send("/payments/record", amount="80")
    for _ in range(2):
        desk.post(path, amount="50", reason="returned", nonce="credit-note-0000000001")
    assert desk.left() == [0] and credit(desk) == 30_00, "what was paid of it is theirs"
    assert desk.post(path, amount="60", reason="returned", nonce="credit-note-0000000002").status_code == 422
    assert "At most $50.00" in desk.words
    assert desk.acts() == ["payment.recorded", "credit_note.made"] and desk.books_are_sound()


def test_a_fee_is_taken_back_once(db: Database, tmp_path: Path) -> None:
    desk = open_desk(db, tmp_path, 100_00)
    with db.transaction() as session:
        bookkeeping.charge_fee(session, desk.owed.invoices[0], 15_00, step="late1", interest=False,
                               rule="late_fee:1500:10000:USD:14", now=NOON)
    assert desk.left() == [115_00]
    desk.get("/fees")
    assert "Late fee, $15.00" in desk.words
    fee = desk.text.partition('name="fee" value="')[2].partition('"')[0]
    for number in range(2):
        desk.post("/fees", fee=fee, reason="first_time", nonce=f"waiver-form-000000000{number}")
    assert desk.left() == [100_00] and desk.acts() == ["fee.waived"] and desk.books_are_sound()
    desk.get("/fees")
    assert "No fee stands" in desk.words
    assert desk.post("/fees", fee="999999", reason="first_time", nonce="waiver-form-0000000009").status_code == 404
    assert desk.post("/fees", fee="1; DROP", reason="first_time", nonce="waiver-form-0000000009").status_code == 404


def test_a_small_debt_is_written_off_and_a_large_one_asks_a_second_person(db: Database, tmp_path: Path) -> None:
    desk = open_desk(db, tmp_path, 12_00, 90_000_00, proven=True)
    desk.colleague("manager")
    small, large = (f"/invoices/{invoice.public_id}/write-off" for invoice in desk.owed.invoices)
    desk.get(small)
    desk.send(small, reason="too_small")
    assert desk.left() == [0, 90_000_00] and "Written off" in desk.words
    desk.get(large)
    desk.send(large, reason="insolvent", words="Closed in October")
    assert desk.left() == [0, 90_000_00] and "A second person has been asked" in desk.words
    with db.reading() as session:
        assert session.scalars(select(Approval)).one().state == "waiting"
    desk.get(large)
    assert desk.send(large, reason="insolvent").status_code == 409
    assert desk.acts() == ["invoice.written_off", "approval.asked"]


def test_an_agent_records_money_and_gives_nothing_away(db: Database, tmp_path: Path) -> None:
    desk = open_desk(db, tmp_path, 100_00, role="agent")
    assert desk.get("/payments/record").status_code == 200
    for path in ("/goodwill", "/fees", f"/invoices/{desk.owed.invoices[0].public_id}/write-off"):
        assert desk.get(path).status_code == 403
    with db.transaction() as session:
        make_invoice(session, desk.debtor(), 5_00)
    desk.get()
    assert "Give a credit" not in desk.words and "Write off" not in desk.words
