"""The second person: what is above the limit waits, whoever asked never decides, and one decision counts once."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError

from portal.db import Database
from portal.domain.errors import Refusal
from portal.domain.policy import Policy
from portal.models import Approval, Debtor, Membership, Message, Note, PolicyVersion, Refund
from portal.services import approval_decisions, approvals, bookkeeping, delivery
from portal.services.bookkeeping import Part
from sandbox.stripe.server import StripeStandIn
from tests.cast import NOON, balances, make_invoice
from tests.office.books import Desk, at, open_desk
from tests.stripe.conftest import Shop, stripe_time
from tests.stripe.test_money_path import the_payment

LARGE, SMALL = 2_500_00, 100_00


@pytest.fixture
def desk(db: Database, tmp_path: Path) -> Desk:
    return open_desk(db, tmp_path, LARGE, SMALL)


@pytest.fixture
def paid(db: Database, tmp_path: Path) -> Iterator[tuple[Desk, StripeStandIn]]:
    """An office whose debtor paid the large invoice by card at the stand-in."""
    with StripeStandIn() as stand_in:
        desk = open_desk(db, tmp_path, LARGE, clock=lambda: stripe_time(stand_in), stripe_api_base=stand_in.url,
                         stripe_timeout_seconds=3)
        shop = Shop(desk.rt, stand_in)
        stand_in.control.press(shop.pay_page(desk.owed, total=LARGE), "pay")
        shop.hear()
        yield desk, stand_in


def waits(desk: Desk) -> list[Approval]:
    with desk.rt.db.reading() as session:
        return list(session.scalars(select(Approval).order_by(Approval.id)))


def write_off(desk: Desk, which: int = 0, who: str = "manager", **more: object) -> str:
    return approvals.write_off(desk.rt, desk.access(who), desk.owed.invoices[which].public_id, "uncollectable",
                               **more)  # type: ignore[arg-type]


def refused(work: Callable[[], object]) -> str:
    with pytest.raises(Refusal) as caught:
        work()
    return caught.value.code


def test_a_small_write_off_is_done_at_once_with_one_audit_event_and_no_proof(desk: Desk) -> None:
    access = desk.access("manager", proven=False)
    assert approvals.write_off(desk.rt, access, desk.owed.invoices[1].public_id, "too_small", expected=SMALL) == "done"
    assert desk.acts() == ["invoice.written_off"] and waits(desk) == []
    assert balances(desk.rt.db, desk.owed.business.id)["bad_debt USD"] == SMALL
    assert refused(lambda: write_off(desk, 1)) == "nothing_open"
    desk.assert_sound()


def test_a_write_off_of_something_not_yet_due_says_so_to_the_second_person(desk: Desk) -> None:
    with desk.rt.db.transaction() as session:
        debtor = session.get_one(Debtor, desk.owed.debtor.id)
        early = make_invoice(session, debtor, LARGE, due_on=NOON.date() + timedelta(days=9))
    assert write_off(desk) == "waiting"
    [late] = waits(desk)
    assert approvals.write_off(desk.rt, desk.access("manager"), early.public_id, "agreed") == "waiting"
    coming, seat = waits(desk)[1], desk.as_("second")
    assert seat.get("/office/approvals").text.count("not due before Nov 19") == 1
    assert "This invoice is not due yet." in seat.get(f"/office/approvals/{coming.public_id}").text
    assert "not due" not in seat.get(f"/office/approvals/{late.public_id}").text
    approval_decisions.approve(desk.rt, desk.access("second"), coming.public_id)
    assert "not due" not in seat.get(f"/office/approvals/{coming.public_id}").text, "decided is decided"


def test_a_large_write_off_asks_for_proof_and_waits_and_tells_everyone_who_may_decide(desk: Desk) -> None:
    invoice = desk.owed.invoices[0].public_id
    assert refused(lambda: approvals.write_off(
        desk.rt, desk.access("manager", proven=False), invoice, "agreed")) == "prove_first"
    assert write_off(desk, note="Her solicitor wrote to us.") == "waiting"
    assert desk.acts() == ["approval.asked"]
    assert "bad_debt USD" not in balances(desk.rt.db, desk.owed.business.id)
    with desk.rt.db.reading() as session:
        sent = session.scalars(select(Message).where(Message.kind == "approval")).all()
        note = session.scalars(select(Note)).one()
    assert {message.to_address for message in sent} == {desk.staff[who].email for who in ("owner", "second")}
    assert all("Helen" not in message.body_text and "$2,500.00" in message.body_text for message in sent)
    assert note.kind == "reason" and note.about == f"approval:{waits(desk)[0].public_id}"
    assert "solicitor" not in str(desk.last_act().details), "own words are personal"
    assert refused(lambda: write_off(desk)) == "approval_waiting"


def test_the_email_leaves_and_leads_to_the_page_behind_the_sign_in(desk: Desk) -> None:
    write_off(desk)
    with desk.rt.db.transaction() as session:
        session.execute(update(Message).values(due_at=desk.rt.now()))
    delivery.deliver_due(desk.rt)
    with desk.rt.db.reading() as session:
        message = session.scalars(select(Message).where(Message.kind == "approval").limit(1)).one()
    # Nobody answers at the mail server's port: it was tried, and is tried again.
    assert message.state == "queued" and message.attempts == 1
    assert f"{{{{office}}}}/approvals/{waits(desk)[0].public_id}" in message.body_text
    assert "stop_link" not in message.body_text


def test_where_nobody_else_could_decide_one_person_decides(desk: Desk) -> None:
    with desk.rt.db.transaction() as session:
        session.execute(update(Membership).where(Membership.staff_id != desk.staff["owner"].id)
                        .values(ended_at=desk.rt.now()))
    assert write_off(desk, who="owner") == "done"


def test_the_limit_is_the_policys_own(desk: Desk) -> None:
    with desk.rt.db.transaction() as session:
        session.add(PolicyVersion(business_id=desk.owed.business.id, version=2, created_at=desk.rt.now(),
                                  rules=Policy(second_approver_above={"USD": 50_00}).as_rules()))
    assert write_off(desk, 1) == "waiting"
    assert Policy().second_person_above("USD") == 1_000_00 and Policy().second_person_above("JPY") == 100_000


def test_who_asked_does_not_approve_and_the_database_knows_it_too(desk: Desk) -> None:
    write_off(desk)
    waiting = waits(desk)[0]
    assert refused(lambda: approval_decisions.approve(
        desk.rt, desk.access("manager"), waiting.public_id)) == "approval_own"
    with pytest.raises(IntegrityError), desk.rt.db.transaction() as session:
        session.execute(update(Approval).values(state="approved", decided_by=waiting.asked_by,
                                                decided_at=desk.rt.now()))
    assert refused(lambda: approval_decisions.approve(
        desk.rt, desk.access("second", proven=False), waiting.public_id)) == "prove_first"
    assert refused(lambda: approval_decisions.approve(
        desk.rt, desk.access("agent"), waiting.public_id)) == "role_may_not"
    approval_decisions.approve(desk.rt, desk.access("second"), waiting.public_id)
    assert desk.acts() == ["approval.asked", "approval.approved"]
    assert balances(desk.rt.db, desk.owed.business.id)["bad_debt USD"] == LARGE
    desk.assert_sound()


def test_a_sum_that_moved_meanwhile_is_told_and_nothing_is_done(desk: Desk) -> None:
    write_off(desk)
    waiting = waits(desk)[0]
    with desk.rt.db.transaction() as session:
        bookkeeping.receive_outside(
            session, desk.owed.debtor, [Part(desk.owed.invoices[0], 500_00)], channel="cash", amount=500_00,
            reference="", received_at=desk.rt.now(), now=desk.rt.now(), number="P-1")
    page = desk.as_("second").get(f"/office/approvals/{waiting.public_id}")
    assert "It cannot be done as it was asked" in page.text and "$2,000.00" in page.text
    answer = desk.as_("second", proven=True).post(f"/office/approvals/{waiting.public_id}/approve")
    assert answer.status_code == 409 and "it is $2,000.00 now" in answer.text
    assert waits(desk)[0].state == "waiting" and "bad_debt USD" not in balances(desk.rt.db, desk.owed.business.id)


def test_what_was_asked_long_ago_is_asked_anew(desk: Desk) -> None:
    write_off(desk)
    waiting = waits(desk)[0]
    later = at(desk, desk.rt.now() + timedelta(days=30))
    assert refused(lambda: approval_decisions.approve(
        later.rt, later.access("second"), waiting.public_id)) == "approval_expired"
    assert "asked too long ago" in later.as_("second").get(f"/office/approvals/{waiting.public_id}").text
    approval_decisions.withdraw(later.rt, later.access("manager"), waiting.public_id)
    assert write_off(later) == "waiting"


@pytest.mark.parametrize("against", ["approve", "refuse", "withdraw"])
def test_of_two_at_once_one_counts(desk: Desk, against: str) -> None:
    write_off(desk)
    waiting = waits(desk)[0].public_id
    others: dict[str, Callable[[], object]] = {
        "approve": lambda: approval_decisions.approve(desk.rt, desk.access("owner"), waiting),
        "refuse": lambda: approval_decisions.refuse(desk.rt, desk.access("owner"), waiting),
        "withdraw": lambda: approval_decisions.withdraw(desk.rt, desk.access("manager"), waiting),
    }
    told = together(lambda: approval_decisions.approve(desk.rt, desk.access("second"), waiting), others[against])
    assert sorted(told) == ["approval_decided", "done"]
    assert len(desk.acts()) == 2
    written = balances(desk.rt.db, desk.owed.business.id).get("bad_debt USD", 0)
    assert written == (LARGE if waits(desk)[0].state == "approved" else 0)
    desk.assert_sound()


def together(*works: Callable[[], object]) -> list[str]:
    """Do several things at the same moment; tells what became of each."""
    told, barrier = [], threading.Barrier(len(works))

    def one(work: Callable[[], object]) -> None:
        barrier.wait()
        try:
            work()
            told.append("done")
        except Refusal as refusal:
            told.append(refusal.code)

    threads = [threading.Thread(target=one, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    return told


def test_a_refund_waits_goes_out_once_and_slices_do_not_slip_under_the_limit(
        paid: tuple[Desk, StripeStandIn]) -> None:
    desk, stand_in = paid
    payment = the_payment(Shop(desk.rt, stand_in)).public_id
    manager, second = desk.access("manager"), desk.access("second")
    assert refused(lambda: approvals.refund(
        desk.rt, desk.access("manager", proven=False), payment, 10_00, "goodwill")) == "prove_first"
    assert approvals.refund(desk.rt, manager, payment, 900_00, "goodwill") == "done"
    assert approvals.refund(desk.rt, manager, payment, 900_00, "goodwill") == "waiting"
    waiting = waits(desk)[0].public_id
    with desk.rt.db.reading() as session:
        assert len(session.scalars(select(Refund)).all()) == 1, "nothing goes out before the decision"
    told = together(lambda: approval_decisions.approve(desk.rt, second, waiting),
                    lambda: approval_decisions.approve(desk.rt, desk.access("owner"), waiting))
    assert sorted(told) == ["approval_decided", "done"]
    Shop(desk.rt, stand_in).hear()
    with desk.rt.db.reading() as session:
        assert [row.amount_minor for row in session.scalars(select(Refund))] == [900_00, 900_00]
    assert [act for act in desk.acts("refund.booked") if act.startswith(("approval", "refund"))] == [
        "refund.requested", "approval.asked", "approval.approved"]
    assert refused(lambda: approvals.refund(desk.rt, manager, payment, 900_00, "goodwill")) == "refund_too_large"
    desk.assert_sound()


def test_the_pages_show_the_answers_to_those_who_may_give_them(desk: Desk) -> None:
    write_off(desk, note="<script>alert(1)</script> bankrupt since May")
    path = f"/office/approvals/{waits(desk)[0].public_id}"
    listed = desk.as_("viewer").get("/office/approvals")
    assert listed.status_code == 200 and "$2,500.00" in listed.text
    mine, second, viewer = (desk.as_(who).get(path).text for who in ("manager", "second", "viewer"))
    assert "Take it back" in mine and "Approve and do it" not in mine
    assert "Approve and do it" in second and "Code from your authenticator app" in second
    assert "Approve and do it" not in viewer and "Take it back" not in viewer
    assert "&lt;script&gt;" in second and "<script>alert" not in second
    assert desk.as_("second").post(f"{path}/approve", proof="000000").status_code == 422
    done = desk.as_("second", proven=True).post(f"{path}/refuse", note="Not yet", follow=True)
    assert "Refused. Nothing was changed" in done.text
    again = desk.as_("second", proven=True).post(f"{path}/approve")
    assert again.status_code == 409 and "decided already" in again.text
    assert desk.as_("manager").post("/office/approvals/nobodys/withdraw").status_code == 404
