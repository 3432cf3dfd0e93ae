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

TOTAL = 800_00


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
    values = {"amount": "100.00", "mode": "reopen", "reason": "agreed", "note": "", **form}
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
