"""Links for somebody else who pays: making, listing and ending them, and what each asks for as the debt changes."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from portal.db import Database
from portal.domain.errors import Refusal
from portal.domain.policy import Policy
from portal.domain.quotes import Choice
from portal.models import AuditEvent, StripeFetch
from portal.runtime import Runtime
from portal.services import pay_links, pay_only, payments
from tests.account.conftest import narrowed
from tests.account.payers import behind, link_of, offered
from tests.cast import NOON, Clock, Owed, make_debtor, make_invoice, make_link, make_offer, make_runtime, someone_owes
from tests.ledger.stories import moved, received, refunded, start_payment, tell


@pytest.fixture
def rt(db: Database, tmp_path: Path) -> Runtime:
    return make_runtime(db, tmp_path)


def test_a_link_for_everything_one_invoice_or_an_amount(rt: Runtime) -> None:
    owed = someone_owes(rt.db, 60_00, 40_00)
    first = owed.invoices[0]
    for choice, amount, reference in (
            (Choice("USD"), 100_00, f"MD {owed.debtor.number}"),
            (Choice("USD", (first.public_id,)), 60_00, first.number),
            (Choice("USD", amount_minor=25_00), 25_00, f"MD {owed.debtor.number}")):
        made = pay_links.made(rt, owed.access, pay_links.make(rt, owed.access, choice))
        assert (made.amount_minor, made.payee, made.currency) == (amount, "Marsh & Daughter LLC", "USD")
        assert made.reference.startswith(reference) and made.url.startswith("http://portal.test/l/")
        assert made.ends_at == NOON + timedelta(days=14)
    assert [one.amount_minor for one in pay_links.standing(rt, owed.access)] == [25_00, 60_00, 100_00]
    assert [one.for_what for one in pay_links.standing(rt, owed.access)] == ["", first.title, ""]


def test_making_and_ending_leave_one_event_each_and_twice_changes_nothing(rt: Runtime) -> None:
    owed = someone_owes(rt.db, 60_00)
    made = pay_links.make(rt, owed.access, Choice("USD"))
    assert pay_links.make(rt, owed.access, Choice("USD")) == made
    pay_links.revoke(rt, owed.access, made)
    pay_links.revoke(rt, owed.access, made)
    with rt.db.reading() as session:
        events = session.execute(select(AuditEvent.act, AuditEvent.target, AuditEvent.actor_id)).all()
    assert [tuple(event) for event in events] == [
        (act, f"link:{made}", owed.link.public_id) for act in ("pay_link.made", "pay_link.revoked")]
    assert pay_links.standing(rt, owed.access) == ()
    assert pay_links.make(rt, owed.access, Choice("USD")) != made


@pytest.mark.parametrize(("choice", "code"), [
    (Choice("USD", amount_minor=100_01), "amount_too_large"), (Choice("USD", amount_minor=4_99), "amount_too_small"),
    (Choice("EUR"), "nothing_open"), (Choice("USD", ("unknown",)), "unknown_invoice"),
])
def test_what_cannot_be_owed_cannot_be_asked_for(rt: Runtime, choice: Choice, code: str) -> None:
    owed = someone_owes(rt.db, 100_00, policy=Policy(minimum_part={"USD": 5_00}))
    with pytest.raises(Refusal, match=code):
        pay_links.make(rt, owed.access, choice)
    assert pay_links.standing(rt, owed.access) == ()


def test_links_cannot_be_made_without_end(rt: Runtime) -> None:
    owed = someone_owes(rt.db, 100_00)
    for number in range(pay_links.MOST_STANDING):
        pay_links.make(rt, owed.access, Choice("USD", amount_minor=1_00 + number))
    with pytest.raises(Refusal, match="pay_links_used_up"):
        pay_links.make(rt, owed.access, Choice("USD", amount_minor=90_00))


def test_a_narrowed_link_makes_narrowed_links_and_sees_no_others(rt: Runtime) -> None:
    owed = someone_owes(rt.db, 60_00, 40_00)
    first, second = owed.invoices
    whole = pay_links.make(rt, owed.access, Choice("USD"))
    theirs = pay_links.make(rt, owed.access, Choice("USD", (second.public_id,)))
    narrow = narrowed(owed, first.id)
    mine = pay_links.make(rt, narrow, Choice("USD", amount_minor=10_00))
    assert [one.public_id for one in pay_links.standing(rt, narrow)] == [mine]
    assert behind(rt, link_of(rt, mine)).invoice_ids == frozenset({first.id})
    for other in (whole, theirs):
        with pytest.raises(Refusal, match="unknown_page"):
            pay_links.revoke(rt, narrow, other)


def test_links_of_others_do_not_exist(rt: Runtime) -> None:
    owed, other = someone_owes(rt.db, 60_00), someone_owes(rt.db, 70_00)
    with rt.db.transaction() as session:
        beside = make_debtor(session, owed.business)
        neighbour = Owed(owed.business, beside, make_link(session, beside), [make_invoice(session, beside, 80_00)])
    theirs = [pay_links.make(rt, one.access, Choice("USD")) for one in (other, neighbour)]
    # The reader's own account link is none that could be ended here.
    for foreign in (*theirs, owed.link.public_id, "unknown"):
        for act in (pay_links.revoke, pay_links.made):
            with pytest.raises(Refusal, match="unknown_page"):
                act(rt, owed.access, foreign)
    assert pay_links.standing(rt, owed.access) == ()


def test_ending_a_link_also_closes_the_page_it_has_opened_at_stripe(rt: Runtime) -> None:
    owed = someone_owes(rt.db, 60_00)
    made = pay_links.make(rt, owed.access, Choice("USD"))
    start_payment(rt.db, owed, (owed.invoices[0], 60_00), link_id=link_of(rt, made).id, checkout_session="cs_test_9")
    pay_links.revoke(rt, owed.access, made)
    with rt.db.reading() as session:
        assert [(row.kind, row.object_id) for row in session.scalars(select(StripeFetch))] == [
            ("close_page", "cs_test_9")]


def test_never_more_than_what_is_left_and_it_says_when_that_is_less(rt: Runtime) -> None:
    owed = someone_owes(rt.db, 100_00)
    link = link_of(rt, pay_links.make(rt, owed.access, Choice("USD", amount_minor=80_00)))
    assert (offered(rt, link).price_minor, offered(rt, link).less_is_left) == (80_00, False)
    tell(rt.db, received(start_payment(rt.db, owed, (owed.invoices[0], 70_00))))
    assert (offered(rt, link).price_minor, offered(rt, link).less_is_left) == (30_00, True)
    tell(rt.db, received(start_payment(rt.db, owed, (owed.invoices[0], 30_00))))
    assert offered(rt, link).state == "paid"


def test_what_a_link_has_brought_it_does_not_ask_for_again(rt: Runtime) -> None:
    owed = someone_owes(rt.db, 100_00)
    link = link_of(rt, pay_links.make(rt, owed.access, Choice("USD", amount_minor=40_00)))
    paid = start_payment(rt.db, owed, (owed.invoices[0], 40_00), link_id=link.id)
    tell(rt.db, received(paid))
    shown = offered(rt, link)
    assert (shown.state, shown.last and shown.last.story) == ("paid", "received")
    tell(rt.db, refunded(paid, 15_00))
    shown = offered(rt, link)
    assert (shown.state, shown.price_minor, shown.last and shown.last.story) == ("payable", 15_00, "partly_refunded")


def test_a_link_for_all_keeps_to_the_invoices_of_its_day_and_the_discount_counts(rt: Runtime) -> None:
    owed = someone_owes(rt.db, 100_00)
    with rt.db.transaction() as session:
        make_offer(session, owed.invoices[0], 5_00, NOON + timedelta(days=3))
    link = link_of(rt, pay_links.make(rt, owed.access, Choice("USD")))
    with rt.db.transaction() as session:
        make_invoice(session, owed.debtor, 70_00)
    assert (offered(rt, link).price_minor, offered(rt, link).less_is_left) == (95_00, False)
    assert isinstance(rt.clock, Clock)
    rt.clock.pass_time(days=3, seconds=1)
    assert offered(rt, link).price_minor == 100_00


def test_what_a_bank_is_moving_is_not_asked_for(rt: Runtime) -> None:
    owed = someone_owes(rt.db, 100_00)
    link = link_of(rt, pay_links.make(rt, owed.access, Choice("USD")))
    tell(rt.db, moved(start_payment(rt.db, owed, (owed.invoices[0], 100_00)), "processing"))
    assert offered(rt, link).state == "on_its_way" and offered(rt, link).last is None
    with pytest.raises(Refusal, match="payment_processing"):
        pay_only.start(rt, behind(rt, link), expected_total_minor=100_00)


def test_a_rest_too_small_to_charge_is_said_plainly(rt: Runtime) -> None:
    owed = someone_owes(rt.db, 100_00)
    link = link_of(rt, pay_links.make(rt, owed.access, Choice("USD")))
    tell(rt.db, received(start_payment(rt.db, owed, (owed.invoices[0], 99_80))))
    shown = offered(rt, link)
    assert shown.state == "not_payable" and shown.refusal is not None
    with pytest.raises(Refusal, match="below_minimum_charge"):
        pay_only.start(rt, behind(rt, link), expected_total_minor=20)


def test_an_account_link_is_no_link_that_only_pays(rt: Runtime) -> None:
    owed = someone_owes(rt.db, 100_00)
    with pytest.raises(Refusal, match="unknown_page"):
        pay_only.offer(rt, owed.access)


def test_the_reference_is_the_one_of_a_transfer(rt: Runtime) -> None:
    owed = someone_owes(rt.db, 60_00, 40_00)
    link = link_of(rt, pay_links.make(rt, owed.access, Choice("USD")))
    assert offered(rt, link).reference == payments.transfer_reference(owed.business, owed.debtor)
