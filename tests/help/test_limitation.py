"""Old debts: the notice stands before a part payment, a promise and a wish for time, and is kept with what followed."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from portal.db import Database
from portal.domain.errors import Refusal
from portal.domain.limitation import LimitationRule, applies
from portal.domain.policy import Policy
from portal.domain.quotes import Choice
from portal.models import Arrangement, Invoice, Payment, PolicyVersion, ShownNotice
from portal.services import payments, promises
from tests.access.visitor import House
from tests.account.conftest import inside
from tests.cast import NOON, Clock
from tests.office.books import Desk, open_desk

WORDS = "In many states the law sets a time"


@pytest.fixture
def desk(db: Database, tmp_path: Path) -> Desk:
    opened = open_desk(db, tmp_path, 100_00, 60_00)
    with db.transaction() as session:
        old = session.get_one(Invoice, opened.owed.invoices[0].id)
        old.issued_on, old.due_on = date(2021, 12, 10), date(2022, 1, 10)
    return opened


def kept(desk: Desk) -> list[tuple[str, str, str]]:
    with desk.rt.db.reading() as session:
        return [(one.cause, one.cause_id, one.version) for one in session.scalars(
            select(ShownNotice).order_by(ShownNotice.id))]


def test_a_part_payment_of_an_old_debt_is_told_of_the_limit_and_keeps_that_it_was(desk: Desk) -> None:
    browser = inside(House(desk.app, desk.rt, desk.rt.db, Clock()), desk.owed.link)
    invoice = desk.owed.invoices[0].public_id
    browser.get(f"/pay/transfer?currency=USD&invoice={invoice}")
    assert WORDS not in browser.words, "who pays all of it begins no limit anew"
    browser.get(f"/pay/transfer?currency=USD&invoice={invoice}&part=4000")
    assert WORDS in browser.words and "ask somebody independent first" in browser.words
    with pytest.raises(Refusal) as caught:
        payments.announce_transfer(desk.rt, desk.owed.access, Choice("USD", (invoice,), 40_00))
    assert caught.value.code == "notice_first"
    browser.send("/pay/transfer")
    with desk.rt.db.reading() as session:
        payment = session.scalars(select(Payment)).one()
    assert kept(desk) == [("payment", payment.public_id, "1-US")]


def test_a_promise_and_a_wish_for_time_are_told_of_it_too(desk: Desk) -> None:
    browser = inside(House(desk.app, desk.rt, desk.rt.db, Clock()), desk.owed.link)
    browser.get("/promise")
    assert WORDS in browser.words
    with pytest.raises(Refusal) as caught:
        promises.make(desk.rt, desk.owed.access, NOON.date() + timedelta(days=5), "USD")
    assert caught.value.code == "notice_first"
    browser.send("/promise", until="2026-11-20")
    browser.get("/more-time")
    browser.send("/more-time", until="2026-11-30")
    with desk.rt.db.reading() as session:
        made = session.scalars(select(Arrangement.public_id).order_by(Arrangement.id)).all()
    assert [cause_id for _, cause_id, _ in kept(desk)] == list(made) and len(made) == 2


def test_where_the_business_wants_none_there_is_none(desk: Desk) -> None:
    with desk.rt.db.transaction() as session:
        rules = replace(Policy(), limitation_whom="nobody").as_rules()
        session.add(PolicyVersion(business_id=desk.owed.business.id, version=2, rules=rules, created_at=NOON))
    promises.make(desk.rt, desk.owed.access, NOON.date() + timedelta(days=5), "USD")
    assert kept(desk) == []


def test_a_debt_is_old_from_its_day_on() -> None:
    due = date(2023, 11, 10)
    for whom, kind, days, expected in (
            ("everyone", "business", 1_095, True), ("everyone", "consumer", 1_094, False),
            ("consumers", "business", 2_000, False), ("nobody", "consumer", 2_000, False)):
        rule = LimitationRule(1_095, whom)  # type: ignore[arg-type]
        assert applies(rule, kind, [due], due + timedelta(days=days)) is expected
