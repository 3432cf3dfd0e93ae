"""Something is wrong, from both sides: what is questioned rests, the rest can be paid, and the end is on the ledger."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update

from portal.db import Database
from portal.domain.errors import Refusal
from portal.domain.quotes import Choice
from portal.models import (
    Debtor,
    Dispute,
    DisputePart,
    Hold,
    InvoiceLine,
    Message,
    Offer,
    Payment,
    PaymentInvoice,
)
from portal.services import (
    askable,
    bookkeeping,
    debts,
    dispute_answers,
    dispute_deadlines,
    dispute_views,
    disputes,
    payments,
)
from portal.services.dispute_answers import Verdict
from portal.services.dispute_choices import Chosen
from portal.services.disputes import Said
from tests.access.visitor import Browser, House
from tests.account.conftest import inside
from tests.cast import NOON, balances, make_offer
from tests.ledger.stories import received, start_payment, tell
from tests.office.books import Desk, open_desk

AT_THE_DOOR = ("link.opened", "identity.passed")
WORDS = "The second visit never happened."


@pytest.fixture
def desk(db: Database, tmp_path: Path) -> Desk:
    desk = open_desk(db, tmp_path, 100_00, 60_00)
    with db.transaction() as session:
        session.add_all(InvoiceLine(
            business_id=desk.owed.business.id, invoice_id=desk.owed.invoices[0].id, position=place,
            description=text, amount_minor=net, tax_minor=tax, tax_basis_points=2500)
            for place, text, net, tax in ((1, "First visit", 48_00, 12_00), (2, "Second visit", 32_00, 8_00)))
    return desk


def opened(desk: Desk, *parts: Chosen, **changes: Any) -> str:
    chosen = parts or (Chosen(desk.owed.invoices[0].public_id, 2),)
    said: dict[str, Any] = {"parts": chosen, "reason": "not_received", "wants": "credit", "words": WORDS, **changes}
    return disputes.open_one(desk.rt, desk.owed.access, Said(**said))


def decided(desk: Desk, dispute_id: str, *credits: int, words: str = "We looked.", role: str = "manager") -> None:
    with desk.rt.db.reading() as session:
        shown = dispute_views.view(session, _row(session, dispute_id))
    parts = [part.id for part in shown.parts if part.open]
    dispute_answers.decide(desk.rt, desk.access(role), dispute_id, Verdict(
        dict(zip(parts, credits, strict=True)), words, shown.seen))


def _row(session: Any, dispute_id: str) -> Dispute:
    return session.scalars(select(Dispute).where(Dispute.public_id == dispute_id)).one()  # type: ignore[no-any-return]


def parts_of(desk: Desk) -> list[tuple[int, int, int]]:
    """What is left, held and can be paid of each open invoice."""
    with desk.rt.db.reading() as session:
        return [(one.left_minor, one.held_minor, one.payable_minor)
                for one in debts.open_invoices(session, desk.owed.access)]


def asked(desk: Desk, days: float = 0) -> list[int]:
    """What a reminder would ask for, invoice by invoice."""
    with desk.rt.db.reading() as session:
        debtor = session.get_one(Debtor, desk.owed.debtor.id)
        return [one.left_minor for one in askable.askable(session, NOON + timedelta(days=days), debtor).invoices]


def price(desk: Desk, **choice: Any) -> int:
    return payments.quote_for(desk.rt, desk.owed.access, Choice("USD", **choice)).total_minor


def code_of(work: Callable[..., object], *args: Any, **more: Any) -> str:
    with pytest.raises(Refusal) as caught:
        work(*args, **more)
    return caught.value.code


def discounted(desk: Desk, amount: int, discount: int, offer: Offer) -> Payment:
    """A started payment that takes a share of an offer with it."""
    payment = start_payment(desk.rt.db, desk.owed, (desk.owed.invoices[0], amount), offer=offer)
    with desk.rt.db.transaction() as session:
        session.execute(update(PaymentInvoice).where(PaymentInvoice.payment_id == payment.id)
                        .values(discount_minor=discount))
    return payment


def page(desk: Desk) -> Browser:
    return inside(House(desk.app, desk.rt, desk.rt.db, desk.rt.clock), desk.owed.link)  # type: ignore[arg-type]


def test_from_something_is_wrong_to_the_rest_being_payable(desk: Desk) -> None:
    browser = page(desk)
    browser.get("/help")
    browser.get("/something-wrong")
    assert "Second visit" in browser.words and "$40.00" in browser.words and "Within 30 days" in browser.words
    line = f"{desk.owed.invoices[0].public_id}:2"
    browser.send("/something-wrong", part=line, reason="not_received", wants="credit", words=WORDS)
    assert "We are looking at it" in browser.words and "by Thursday, December 10" in browser.words
    assert parts_of(desk) == [(100_00, 40_00, 60_00), (60_00, 0, 60_00)]
    assert asked(desk) == [60_00, 60_00] and price(desk) == 120_00
    browser.get("/balance")
    assert "You question $40.00." in browser.words and "$120.00 can be paid now." in browser.words
    dispute_id = dispute_views.offered(desk.rt, desk.owed.access).disputes[0].public_id
    shown = desk.as_("agent").get(f"/office/requests/disputes/{dispute_id}").get_data(as_text=True)
    assert WORDS in shown and "Not received" in shown and "credit all of it" not in shown
    assert desk.acts(*AT_THE_DOOR) == ["dispute.opened"]


def test_upheld_leaves_a_credit_note_with_its_tax(desk: Desk) -> None:
    dispute_id = opened(desk)
    decided(desk, dispute_id, 40_00, words="")
    books = balances(desk.rt.db, desk.owed.business.id)
    assert books["credit_notes USD"] == 32_00 and books["tax_payable USD"] == 8_00
    assert parts_of(desk) == [(60_00, 0, 60_00), (60_00, 0, 60_00)]
    with desk.rt.db.reading() as session:
        row = _row(session, dispute_id)
        part = session.scalars(select(DisputePart)).one()
        told = session.scalars(select(Message).where(Message.kind == "answer")).one()
    assert row.state == "upheld" and (part.credited_minor, part.tax_minor) == (40_00, 8_00)
    assert "You were right" in told.body_text and "$40.00" in told.body_text
    assert desk.acts() == ["dispute.opened", "dispute.upheld"]
    desk.assert_sound()


def test_with_every_line_upheld_the_late_fee_goes_too(desk: Desk) -> None:
    invoice = desk.owed.invoices[0]
    with desk.rt.db.transaction() as session:
        bookkeeping.charge_fee(session, invoice, 5_00, step="late", interest=False, rule="late_fee", now=NOON)
    decided(desk, opened(desk, Chosen(invoice.public_id, 2)), 40_00, words="")
    assert parts_of(desk)[0][0] == 65_00, "the rest was late all the same"
    decided(desk, opened(desk, Chosen(invoice.public_id, 1), words="Nor the first."), 60_00, words="")
    assert parts_of(desk) == [(60_00, 0, 60_00)]
    books = balances(desk.rt.db, desk.owed.business.id)
    assert not books.get("fee_income USD") and not books.get("debtor_credit USD")
    desk.assert_sound()


def test_a_part_of_it_and_the_rest_waits_for_a_notice(desk: Desk) -> None:
    dispute_id = opened(desk)
    assert code_of(decided, desk, dispute_id, 15_00, words=" ") == "words_missing"
    assert code_of(decided, desk, dispute_id, 40_01) == "credit_above_line"
    decided(desk, dispute_id, 15_00, words="Half an hour was there.")
    assert parts_of(desk)[0] == (85_00, 0, 85_00)
    assert asked(desk) == [60_00], "nobody is asked before the answer can have been read"
    assert asked(desk, 8) == [85_00, 60_00]
    assert code_of(decided, desk, dispute_id) == "dispute_decided", "resolved once"
    browser = page(desk)
    browser.get(f"/disputes/{dispute_id}")
    assert "Half an hour was there." in browser.words and "$15.00" in browser.words
    assert "with $3.00 tax" in browser.words
    browser.get("/balance")
    assert f'href="/disputes/{dispute_id}">Our answer to what was wrong' in browser.text


def test_rejected_with_words_then_a_second_look_once(desk: Desk) -> None:
    dispute_id = opened(desk)
    assert code_of(decided, desk, dispute_id, 0, words="") == "words_missing"
    decided(desk, dispute_id, 0, words="The log shows the visit.")
    assert parts_of(desk)[0] == (100_00, 0, 100_00)
    assert code_of(opened, desk) == "dispute_answered"
    assert code_of(opened, desk, Chosen(desk.owed.invoices[0].public_id)) == "dispute_answered", "nor by another name"
    disputes.look_again(desk.rt, desk.owed.access, dispute_id, "My neighbour was there and saw nobody.")
    assert parts_of(desk)[0] == (100_00, 40_00, 60_00) and asked(desk) == [60_00, 60_00]
    decided(desk, dispute_id, 40_00, words="You are right after all.")
    assert parts_of(desk)[0] == (60_00, 0, 60_00)
    desk.assert_sound()
    assert code_of(disputes.look_again, desk.rt, desk.owed.access, dispute_id, "More") == "dispute_final"


def test_taken_back_it_can_be_asked_for_again(desk: Desk) -> None:
    dispute_id = opened(desk)
    disputes.withdraw(desk.rt, desk.owed.access, dispute_id)
    disputes.withdraw(desk.rt, desk.owed.access, dispute_id)
    assert asked(desk) == [100_00, 60_00] and desk.acts() == ["dispute.opened", "dispute.withdrawn"]
    disputes.withdraw(desk.rt, desk.owed.access, opened(desk))
    assert code_of(opened, desk) == "dispute_withdrawn_before"


def test_the_same_form_twice_is_one_and_a_line_is_questioned_once(desk: Desk) -> None:
    assert opened(desk) == opened(desk)
    assert code_of(opened, desk, words="Other words") == "dispute_stands"
    first = desk.owed.invoices[0].public_id
    assert code_of(opened, desk, Chosen(first)) == "dispute_stands"
    opened(desk, Chosen(first, 1))
    assert parts_of(desk)[0] == (100_00, 100_00, 0)
    assert code_of(price, desk, invoice_public_ids=(first,)) == "invoice_disputed"
    assert price(desk) == 60_00


@pytest.mark.parametrize(("part", "code"), [
    (("line", 2, 40_01), "dispute_above"), (("line", None, 100_01), "dispute_above"),
    (("line", 2, 0), "amount_negative"),
    (("line", 7, None), "unknown_invoice"), (("nowhere", None, None), "unknown_invoice"),
])
def test_what_cannot_be_questioned_changes_nothing(desk: Desk, part: tuple[str, int | None, int | None],
                                                   code: str) -> None:
    where, line, amount = part
    invoice = desk.owed.invoices[0].public_id if where == "line" else where
    assert code_of(opened, desk, Chosen(invoice, line, amount)) == code
    with desk.rt.db.reading() as session:
        assert session.scalars(select(Hold)).all() == [] and session.scalars(select(Dispute)).all() == []


def test_a_paid_invoice_is_not_questioned_here(desk: Desk) -> None:
    payment = start_payment(desk.rt.db, desk.owed, (desk.owed.invoices[0], 100_00))
    tell(desk.rt.db, received(payment))
    assert code_of(opened, desk) == "dispute_paid"
    assert code_of(opened, desk, Chosen(desk.owed.invoices[1].public_id), parts=()) == "dispute_nothing"


def test_a_discount_waits_and_is_dated_anew(desk: Desk) -> None:
    with desk.rt.db.transaction() as session:
        make_offer(session, desk.owed.invoices[0], 5_00, NOON + timedelta(days=3))
    dispute_id = opened(desk)
    assert price(desk, invoice_public_ids=(desk.owed.invoices[0].public_id,)) == 57_00, "its share of what can be paid"
    clock: Any = desk.rt.clock
    clock.pass_time(days=10)
    assert price(desk, invoice_public_ids=(desk.owed.invoices[0].public_id,)) == 57_00, "the clock stands still"
    decided(desk, dispute_id, 20_00)
    with desk.rt.db.reading() as session:
        offer = session.scalars(select(Offer).where(Offer.withdrawn_at.is_(None))).one()
    assert (offer.discount_minor, offer.base_minor, offer.deadline) == (4_00, 80_00, NOON + timedelta(days=13))
    assert price(desk, invoice_public_ids=(desk.owed.invoices[0].public_id,)) == 76_00


def test_paid_with_its_share_the_rest_keeps_its_own(desk: Desk) -> None:
    with desk.rt.db.transaction() as session:
        offer = make_offer(session, desk.owed.invoices[0], 5_00, NOON + timedelta(days=3))
    dispute_id = opened(desk)
    payment = discounted(desk, 57_00, 3_00, offer)
    tell(desk.rt.db, received(payment))
    assert parts_of(desk)[0] == (40_00, 40_00, 0)
    decided(desk, dispute_id, 0)
    assert price(desk, invoice_public_ids=(desk.owed.invoices[0].public_id,)) == 38_00
    with desk.rt.db.reading() as session:
        anew = session.scalars(select(Offer).where(Offer.withdrawn_at.is_(None))).one()
    later = discounted(desk, 38_00, 2_00, anew)
    tell(desk.rt.db, received(later))
    assert balances(desk.rt.db, desk.owed.business.id)["discounts_allowed USD"] == 5_00
    desk.assert_sound()


def test_paid_meanwhile_becomes_credit(desk: Desk) -> None:
    dispute_id = opened(desk, Chosen(desk.owed.invoices[0].public_id))
    payment = start_payment(desk.rt.db, desk.owed, (desk.owed.invoices[0], 100_00))
    tell(desk.rt.db, received(payment))
    decided(desk, dispute_id, 100_00)
    assert parts_of(desk) == [], "what was paid for it pays the other one, the oldest first"
    assert balances(desk.rt.db, desk.owed.business.id)[f"debtor_credit debtor:{desk.owed.debtor.id} USD"] == -40_00
    desk.assert_sound()


def test_the_deadline_is_told_and_then_goes_to_the_owners(desk: Desk) -> None:
    opened(desk)
    clock: Any = desk.rt.clock
    assert dispute_deadlines.watch(desk.rt) == 0
    clock.pass_time(days=26)
    assert dispute_deadlines.watch(desk.rt) == 1 and dispute_deadlines.watch(desk.rt) == 0
    clock.pass_time(days=5)
    desk.access("owner")
    assert dispute_deadlines.watch(desk.rt) == 1 and dispute_deadlines.watch(desk.rt) == 0
    with desk.rt.db.reading() as session:
        kinds = list(session.scalars(select(Message.kind).order_by(Message.id)))
    assert kinds[:2] == ["question_asked", "dispute_due"] and set(kinds[2:]) == {"dispute_late"}
    assert desk.acts() == ["dispute.opened", "dispute.warned", "dispute.escalated"]
