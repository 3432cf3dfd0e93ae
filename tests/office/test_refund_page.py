"""The form that sends money of a payment back: once for each press, with proof, and never more than there is."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select

from portal.db import Database
from portal.models import Payment, Refund
from sandbox.stripe.server import StripeStandIn
from tests.office.books import Desk, Seat, open_desk
from tests.stripe.conftest import Shop, stripe_time
from tests.stripe.test_money_path import the_payment

TOTAL, LARGE = 800_00, 1_600_00
# What the page puts into its form when it shows what will happen: 100.00 at once, owed again, agreed.
REVIEWED = "done:10000:reopen:agreed"


@pytest.fixture
def paid(db: Database, tmp_path: Path) -> Iterator[tuple[Desk, Payment]]:
    """An office whose debtor has paid an invoice by card at the stand-in."""
    with StripeStandIn() as stand_in:
        desk = open_desk(db, tmp_path, TOTAL, clock=lambda: stripe_time(stand_in), stripe_api_base=stand_in.url,
                         stripe_timeout_seconds=3)
        shop = Shop(desk.rt, stand_in)
        stand_in.control.press(shop.pay_page(desk.owed, total=TOTAL), "pay")
        shop.hear()
        yield desk, the_payment(shop)


def press(seat: Seat, path: str, seen: int, **form: str) -> tuple[int, str]:
    values = {"amount": "100.00", "mode": "reopen", "reason": "agreed", "note": "", "reviewed": REVIEWED, **form}
    answer = seat.client.post(path, base_url=seat.base, headers={"Referer": f"{seat.base}/office/"},
                              data={**values, "seen": str(seen), "csrf_token": seat.token})
    return answer.status_code, answer.get_data(as_text=True)


def refunds_of(desk: Desk) -> list[int]:
    with desk.rt.db.reading() as session:
        return list(session.scalars(select(Refund.amount_minor).order_by(Refund.id)))


def test_a_form_pressed_twice_sends_one_refund(paid: tuple[Desk, Payment]) -> None:
    desk, payment = paid
    seat, path = desk.as_("manager", proven=True), f"/office/payments/{payment.public_id}/refund"
    page = seat.client.get(path, base_url=seat.base).get_data(as_text=True)
    seen = int(re.search(r'name="seen" id="seen" value="(\d+)"', page)[1])  # type: ignore[index]
    assert seen == TOTAL
    assert press(seat, path, seen)[0] == 303
    status, text = press(seat, path, seen)
    assert status == 409 and "$700.00 can go back now" in text
    assert refunds_of(desk) == [100_00]
    assert press(seat, path, TOTAL - 100_00)[0] == 303
    assert refunds_of(desk) == [100_00, 100_00]
    desk.assert_sound()


def test_what_is_wrong_is_said_at_its_field_and_nothing_is_sent(paid: tuple[Desk, Payment]) -> None:
    desk, payment = paid
    path = f"/office/payments/{payment.public_id}/refund"
    seat = desk.as_("manager", proven=True)
    for form in ({"amount": "900"}, {"amount": "0"}, {"amount": "-5"}, {"amount": "ten"}, {"amount": ""},
                 {"amount": "€5"}, {"reason": ""}, {"reason": "other"}, {"reason": "made-up"}, {"mode": "both"},
                 {"mode": "credit"}, {"note": "x" * 2_001}):
        status, text = press(seat, path, TOTAL, **form)
        assert status == 422 and "Something in the form needs another look." in text, form
    assert press(seat, path, 10**30)[0] in (409, 422)
    status, text = press(desk.as_("manager"), path, TOTAL, amount="123.45", note="they returned it")
    assert status == 422 and "123.45" in text and "they returned it" in text
    assert press(desk.as_("agent", proven=True), path, TOTAL)[0] == 403
    assert refunds_of(desk) == []


def test_what_will_happen_is_shown_before_it_happens(paid: tuple[Desk, Payment]) -> None:
    desk, payment = paid
    seat, path = desk.as_("manager", proven=True), f"/office/payments/{payment.public_id}/refund"
    before = len(desk.acts())
    status, text = press(seat, path, TOTAL, reviewed="")
    assert status == 200 and "Nothing has happened yet." in text and "is sent at once" in text
    assert "$100.00 goes back to Helen Okafor" in text and "$700.00 of this payment stays" in text
    assert f'name="reviewed" value="{REVIEWED}"' in text
    status, text = press(seat, path, TOTAL, amount="10.00")
    assert status == 200 and 'value="done:1000:reopen:agreed"' in text, "another sum than the one looked at"
    assert press(seat, path, TOTAL, mode="credit")[0] == 422, "there is no credit to take it from"
    assert press(seat, path, TOTAL, look="y")[0] == 200, "asked for another look"
    assert refunds_of(desk) == [] and len(desk.acts()) == before
    assert press(seat, path, TOTAL)[0] == 303 and refunds_of(desk) == [100_00]


def test_a_refund_above_the_limit_says_that_a_second_person_is_asked(db: Database, tmp_path: Path) -> None:
    with StripeStandIn() as stand_in:
        desk = open_desk(db, tmp_path, LARGE, clock=lambda: stripe_time(stand_in), stripe_api_base=stand_in.url,
                         stripe_timeout_seconds=3)
        shop = Shop(desk.rt, stand_in)
        stand_in.control.press(shop.pay_page(desk.owed, total=LARGE), "pay")
        shop.hear()
        seat, path = desk.as_("manager", proven=True), f"/office/payments/{the_payment(shop).public_id}/refund"
        status, text = press(seat, path, LARGE, amount="1500", reviewed="done:150000:reopen:agreed")
        assert status == 200 and "a second person is asked first" in text, "what was looked at was another outcome"
        assert press(seat, path, LARGE, amount="1500", reviewed="waiting:150000:reopen:agreed")[0] == 303
        assert refunds_of(desk) == [] and desk.last_act().act == "approval.asked"
