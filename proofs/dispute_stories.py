"""Scenarios of disputes, each told by the statement that comes of it: what is left, what rests, what can be paid."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from sqlalchemy import func, select

from portal.domain.errors import Refusal
from portal.domain.quotes import Choice
from portal.models import Installment, Offer, StripeFetch
from portal.services import (
    account,
    askable,
    bookkeeping,
    dispute_holds,
    disputes,
    ledger_verify,
    more_time,
    payments,
)
from portal.services.dispute_choices import Chosen
from proofs.dispute_stage import House, build, decide, question, someone, wrong
from proofs.harness import Databases, Figures, say
from tests.autopay.house import sign_plan
from tests.cast import Owed, make_offer
from tests.ledger.stories import charged_back, line, received, refunded, start_payment, tell

# 48.00 and 12.00 tax, 32.00 and 8.00: 100.00 in all; and another invoice of 60.00.
VISITS, OTHER = [(4800, 1200), (3200, 800)], [(6000, 0)]
# What a statement says of an invoice: left, of this questioned, and what of it can be paid.
Line = tuple[int, int, int]


def run(made: Databases) -> Figures:
    """Tell every scenario; each must end in its statement, and in books that add up."""
    told = bad = 0
    with made.opened() as db:
        house = build(db, made.folder)
        for story in STORIES:
            owed = someone(house, VISITS, OTHER)
            try:
                story(house, owed)
                found = wrong(house, owed)
            except AssertionError as error:
                found = [str(error)]
            for one in found[:1]:
                say(f"WRONG: {story.__name__}: {one}")
            told, bad = told + 1, bad + bool(found)
        bad += len(ledger_verify.verify(house.rt)[0])
    return {"dispute_scenarios": told, "dispute_scenarios_wrong": bad}


def statement(house: House, owed: Owed) -> list[Line]:
    """What the account and the statement say of each open invoice, the oldest first."""
    shown = account.account_page(house.rt, owed.access, "USD", house.rt.now().date())
    return [(one.left_minor, one.held_minor, one.payable_minor) for part in shown.sums for one in part.invoices]


def _is(house: House, owed: Owed, *expected: Line, credit: int = 0) -> None:
    found = statement(house, owed)
    assert found == list(expected), f"the statement is {found}, not {list(expected)}"
    page = account.account_page(house.rt, owed.access, "USD", house.rt.now().date())
    has = sum(part.credit_minor for part in page.sums)
    assert has == credit, f"credit is {has}, not {credit}"


def _second(owed: Owed) -> Chosen:
    return Chosen(owed.invoices[0].public_id, 2)


def _price(house: House, owed: Owed, *invoices: int) -> int:
    ids = tuple(owed.invoices[place].public_id for place in invoices)
    return payments.quote_for(house.rt, owed.access, Choice("USD", ids)).total_minor


def _asked(house: House, owed: Owed) -> list[int]:
    with house.rt.db.reading() as session:
        debtor = session.get_one(type(owed.debtor), owed.debtor.id)
        return [one.left_minor for one in askable.askable(session, house.rt.now(), debtor).invoices]


def _open(house: House, owed: Owed) -> None:
    question(house, owed, _second(owed))
    _is(house, owed, (10_000, 4_000, 6_000), (6_000, 0, 6_000))
    assert _asked(house, owed) == [6_000, 6_000]


def _whole(house: House, owed: Owed) -> None:
    question(house, owed, Chosen(owed.invoices[0].public_id))
    _is(house, owed, (10_000, 10_000, 0), (6_000, 0, 6_000))


def _amount(house: House, owed: Owed) -> None:
    question(house, owed, Chosen(owed.invoices[0].public_id, None, 1_234))
    _is(house, owed, (10_000, 1_234, 8_766), (6_000, 0, 6_000))


def _several(house: House, owed: Owed) -> None:
    decide(house, question(house, owed, _second(owed), Chosen(owed.invoices[1].public_id)), 4_000, 1_000)
    _is(house, owed, (6_000, 0, 6_000), (5_000, 0, 5_000))


def _upheld(house: House, owed: Owed) -> None:
    decide(house, question(house, owed, _second(owed)), 4_000)
    _is(house, owed, (6_000, 0, 6_000), (6_000, 0, 6_000))


def _partly(house: House, owed: Owed) -> None:
    decide(house, question(house, owed, _second(owed)), 1_500)
    _is(house, owed, (8_500, 0, 8_500), (6_000, 0, 6_000))
    assert _asked(house, owed) == [6_000], "reminders wait for the notice"
    house.clock.pass_time(days=dispute_holds.NOTICE.days, minutes=1)
    assert _asked(house, owed) == [8_500, 6_000]


def _rejected(house: House, owed: Owed) -> None:
    decide(house, question(house, owed, _second(owed)), 0)
    _is(house, owed, (10_000, 0, 10_000), (6_000, 0, 6_000))


def _withdrawn(house: House, owed: Owed) -> None:
    disputes.withdraw(house.rt, owed.access, question(house, owed, _second(owed)))
    _is(house, owed, (10_000, 0, 10_000), (6_000, 0, 6_000))


def _second_look(house: House, owed: Owed) -> None:
    dispute_id = question(house, owed, _second(owed))
    decide(house, dispute_id, 1_000)
    disputes.look_again(house.rt, owed.access, dispute_id, "There is a letter.")
    _is(house, owed, (9_000, 3_000, 6_000), (6_000, 0, 6_000))
    decide(house, dispute_id, 3_000)
    _is(house, owed, (6_000, 0, 6_000), (6_000, 0, 6_000))


def _rest_paid(house: House, owed: Owed) -> None:
    dispute_id = question(house, owed, _second(owed))
    tell(house.rt.db, received(start_payment(house.rt.db, owed, (owed.invoices[0], 6_000), (owed.invoices[1], 6_000))))
    _is(house, owed, (4_000, 4_000, 0))
    decide(house, dispute_id, 4_000)
    _is(house, owed)


def _discount(house: House, owed: Owed) -> None:
    with house.rt.db.transaction() as session:
        make_offer(session, owed.invoices[0], 500, house.rt.now() + timedelta(days=3))
    dispute_id = question(house, owed, _second(owed))
    assert _price(house, owed, 0) == 5_700
    house.clock.pass_time(days=20)
    assert _price(house, owed, 0) == 5_700, "the clock stands still"
    decide(house, dispute_id, 4_000)
    assert _price(house, owed, 0) == 5_700, "and goes on from where it stood"
    house.clock.pass_time(days=4)
    assert _price(house, owed, 0) == 6_000
    with house.rt.db.reading() as session:
        offers = session.scalars(select(Offer).where(Offer.invoice_id == owed.invoices[0].id)).all()
    assert sorted(one.withdrawn_at is None for one in offers) == [False, True]


def _checkout(house: House, owed: Owed) -> None:
    payment = start_payment(house.rt.db, owed, (owed.invoices[0], 10_000), checkout_session=f"cs_{owed.debtor.id}")
    dispute_id = question(house, owed, _second(owed))
    with house.rt.db.reading() as session:
        closing = session.scalars(select(StripeFetch).where(StripeFetch.object_id == f"cs_{owed.debtor.id}")).all()
    assert [one.kind for one in closing] == ["close_page"], "the page with the old price is closed"
    tell(house.rt.db, received(payment))
    _is(house, owed, (6_000, 0, 6_000))
    decide(house, dispute_id, 4_000)
    _is(house, owed, (2_000, 0, 2_000))


def _more_time(house: House, owed: Owed) -> None:
    dispute_id = question(house, owed, _second(owed))
    more_time.ask(house.rt, owed.access, more_time.Asked(house.rt.now().date() + timedelta(days=10)))
    _is(house, owed, (10_000, 4_000, 6_000), (6_000, 0, 6_000))
    assert _asked(house, owed) == []
    decide(house, dispute_id, 4_000)
    _is(house, owed, (6_000, 0, 6_000), (6_000, 0, 6_000))


def _fees(house: House, owed: Owed) -> None:
    with house.rt.db.transaction() as session:
        bookkeeping.charge_fee(session, owed.invoices[0], 700, step="late_flat", interest=False, rule="late_fee",
                               now=house.rt.now())
    dispute_id = question(house, owed, Chosen(owed.invoices[0].public_id))
    _is(house, owed, (10_700, 10_700, 0), (6_000, 0, 6_000))
    decide(house, dispute_id, 10_000)
    _is(house, owed, (6_000, 0, 6_000))


def _paid_before(house: House, owed: Owed) -> None:
    tell(house.rt.db, received(start_payment(house.rt.db, owed, (owed.invoices[0], 7_000))))
    decide(house, question(house, owed, _second(owed)), 4_000)
    _is(house, owed, (5_000, 0, 5_000))


def _refunded(house: House, owed: Owed) -> None:
    payment = start_payment(house.rt.db, owed, (owed.invoices[0], 6_000))
    tell(house.rt.db, received(payment))
    question(house, owed, _second(owed))
    tell(house.rt.db, refunded(payment, 6_000, id=f"re_{payment.id}"))
    _is(house, owed, (10_000, 4_000, 6_000), (6_000, 0, 6_000))


def _chargeback(house: House, owed: Owed) -> None:
    payment = start_payment(house.rt.db, owed, (owed.invoices[0], 6_000))
    tell(house.rt.db, received(payment))
    dispute_id = question(house, owed, _second(owed))
    tell(house.rt.db, charged_back(payment, 6_000, line(payment, -6_000, 1_500, id=f"txn_{payment.id}"),
                                   id=f"du_{payment.id}"))
    _is(house, owed, (10_000, 4_000, 6_000), (6_000, 0, 6_000))
    decide(house, dispute_id, 0)
    _is(house, owed, (10_000, 0, 10_000), (6_000, 0, 6_000))


def _plan_upheld(house: House, owed: Owed) -> None:
    _in_a_plan(house, owed, 4_000, (6_000, 0, 6_000))


def _plan_rejected(house: House, owed: Owed) -> None:
    _in_a_plan(house, owed, 0, (10_000, 0, 10_000))


def _in_a_plan(house: House, owed: Owed, credit: int, first: Line) -> None:
    """A running plan covers both invoices: what is credited leaves its installments, what is rejected stays in them."""
    today = house.rt.now().date()
    sign_plan(house.rt.db, owed, house.rt.now(), (today + timedelta(days=20), 8_000),
              (today + timedelta(days=50), 8_000), allow=False)
    dispute_id = question(house, owed, _second(owed))
    _is(house, owed, (10_000, 4_000, 6_000), (6_000, 0, 6_000))
    decide(house, dispute_id, credit)
    _is(house, owed, first, (6_000, 0, 6_000))
    with house.rt.db.reading() as session:
        rest = session.scalar(select(func.sum(Installment.amount_minor - Installment.paid_minor)).where(
            Installment.debtor_id == owed.debtor.id, Installment.state != "void"))
    assert rest == first[0] + 6_000, f"the installments come to {rest}"


def _refused(house: House, owed: Owed) -> None:
    first = owed.invoices[0].public_id
    for chosen in (Chosen(first, 2, 4_001), Chosen("nobody"), Chosen(first, 9)):
        try:
            question(house, owed, chosen)
        except Refusal:
            continue
        raise AssertionError(f"{chosen} was taken")
    _is(house, owed, (10_000, 0, 10_000), (6_000, 0, 6_000))


STORIES: tuple[Callable[[House, Owed], None], ...] = (
    _open, _whole, _amount, _several, _upheld, _partly, _rejected, _withdrawn, _second_look, _rest_paid, _discount,
    _checkout, _more_time, _fees, _paid_before, _refunded, _chargeback, _plan_upheld, _plan_rejected, _refused)
