"""Fees, the day before which none is added, and discounts stand in the reminder itself, to the cent."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from portal.domain.fees import FeeRule
from portal.domain.policy import Policy
from portal.models import Invoice, LedgerTransfer, PolicyVersion
from portal.services import bookkeeping
from portal.words.core import speak
from tests.cast import make_invoice, make_offer
from tests.messages.conftest import NOON, Post

RULE = FeeRule(by_itself=True, percent_points=150, grace_days=30)


def fees(post: Post, rule: FeeRule = RULE) -> None:
    with post.rt.db.transaction() as session:
        session.add(PolicyVersion(business_id=post.business.id, version=2, created_at=NOON,
                                  rules=Policy().with_fees("consumer", rule).as_rules()))


def charge(post: Post, amount: int) -> None:
    with post.rt.db.transaction() as session:
        bookkeeping.charge_fee(session, session.get_one(Invoice, post.invoice.id), amount, step="late", interest=False,
                               rule="late_fee", now=NOON)


def text(post: Post, cause: str = "one") -> str:
    return post.remind(cause).body_text


def test_nothing_is_said_of_fees_where_there_are_none(post: Post) -> None:
    said = text(post)
    assert "No fee has been added." in said and "late fee is added" not in said and "less" not in said


def test_a_fee_that_was_added_is_named_and_one_taken_back_is_not(post: Post) -> None:
    fees(post)
    charge(post, 6_79)
    said = text(post)
    assert "$459.79" in said and "$6.79 of it are late fees and interest; your page tells each of them." in said
    assert "No fee has been added" not in said and "no late fee is added" not in said
    with post.rt.db.transaction() as session:
        fee = session.query(LedgerTransfer).filter_by(kind="fee").one()
        bookkeeping.waive_fee(session, fee, now=NOON)
    post.clock.pass_time(days=1)
    said = text(post, "two")
    assert "$453.00" in said and "are late fees" not in said and "No fee has been added" not in said


def test_the_day_before_which_no_fee_comes_is_said_only_while_one_may_come_by_itself(post: Post) -> None:
    fees(post)
    # Due on October 18, with thirty days of grace.
    assert "Paid before Tuesday, November 17, no late fee is added." in text(post)
    fees_stated = replace(RULE, by_itself=False)
    with post.rt.db.transaction() as session:
        session.add(PolicyVersion(business_id=post.business.id, version=3, created_at=NOON,
                                  rules=Policy().with_fees("consumer", fees_stated).as_rules()))
    post.clock.pass_time(days=1)
    assert "no late fee is added" not in text(post, "two")


def test_a_discount_that_still_stands_is_named_with_its_last_moment(post: Post) -> None:
    with post.rt.db.transaction() as session:
        make_offer(session, session.get_one(Invoice, post.invoice.id), 22_65, NOON + timedelta(days=3),
                   kind="prompt_pay")
    said = text(post)
    assert "it is $430.35: $22.65 less." in said and "Paid in full until Friday, November 13" in said


@pytest.mark.parametrize("offer", [
    {"kind": "settlement"}, {"deadline": NOON - timedelta(minutes=1)}, {"withdrawn_at": NOON}])
def test_a_settlement_and_what_is_over_are_never_named(post: Post, offer: dict[str, Any]) -> None:
    values = {"deadline": NOON + timedelta(days=3), **offer}
    with post.rt.db.transaction() as session:
        make_offer(session, session.get_one(Invoice, post.invoice.id), 22_65, values.pop("deadline"), **values)
    assert "22.65" not in text(post) and "430.35" not in text(post)


def test_several_invoices_have_theirs_in_their_own_rows_and_in_spanish_too(post: Post) -> None:
    charge(post, 6_79)
    post.change(post.debtor, locale="es")
    with post.rt.db.transaction() as session:
        other = make_invoice(session, post.debtor, 100_00, due_on=date(2026, 11, 20), number="ASD-2", title="")
        make_offer(session, other, 5_00, NOON + timedelta(days=3))
    said = text(post)
    words = speak("es_US", "America/Los_Angeles")
    assert f"con {words.money(6_79, 'USD')} de recargos e intereses" in said
    assert f"{words.money(5_00, 'USD')} menos si se paga entero hasta el" in said
