"""Announced bank transfers: what makes one come true, how long it is waited for, and what it keeps meanwhile."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import func, select

from portal.db import Database
from portal.domain.quotes import Choice
from portal.models import AuditEvent, Hold, Payment
from portal.services import announced, debtor_data, debtor_money, payments
from portal.services.debtor_money import Seen
from tests.cast import make_runtime
from tests.ledger.ways import Shop


@pytest.fixture
def shop(db: Database, tmp_path: Path) -> Shop:
    return Shop(make_runtime(db, tmp_path), tmp_path)


def states(shop: Shop) -> list[str]:
    """How each announcement stands, in the order they were made; what came is a payment of its own."""
    with shop.rt.db.reading() as session:
        return list(session.scalars(select(Payment.state).where(
            Payment.channel == "transfer", Payment.captured_minor == 0).order_by(Payment.id)))


def held(shop: Shop) -> list[str]:
    """Which invoices wait for a transfer now."""
    with shop.rt.db.reading() as session:
        ids = set(session.scalars(select(Hold.invoice_id).where(
            Hold.cause == "transfer", Hold.released_at.is_(None), Hold.until > shop.rt.now())))
    return [one.title or "" for one in shop.the.invoices if one.id in ids]


def under_way(shop: Shop) -> int:
    """How many payments still speak against removing this person's data."""
    return debtor_data.preview(shop.rt, shop.desk, shop.the.debtor.public_id).claims.under_way


def names(shop: Shop, title: str, amount: int) -> None:
    """Staff write down a transfer for an invoice they chose."""
    chosen = [one.public_id for one in shop.the.invoices if one.title == title]
    debtor_money.record_payment(shop.rt, shop.desk, shop.the.debtor.public_id, Seen(
        "transfer", "USD", amount, shop.at.date(), f"named-{title}-{int(shop.at.timestamp()):020d}", not_the_same=True,
        invoice_ids=chosen))


@pytest.mark.parametrize("channel", ["transfer", "cash", "check"])
def test_money_ends_its_announcement_however_it_came(shop: Shop, channel: str) -> None:
    shop.opens()
    shop.bills("January", 50_00, "2026-11-10")
    shop.announces()
    assert (states(shop), held(shop), under_way(shop)) == (["announced"], ["January"], 1)
    shop.on("2026-11-05")
    shop.banks(50_00, channel=channel)
    assert (states(shop), held(shop), under_way(shop)) == (["canceled"], [], 0)
    shop.on("2026-12-05")
    shop.bills("February", 50_00, "2026-12-10")
    shop.announces()
    assert (states(shop), held(shop)) == (["canceled", "announced"], ["February"])


def test_the_same_sum_for_something_else_is_another_transfer(shop: Shop) -> None:
    shop.opens()
    shop.bills("January", 50_00, "2026-11-10")
    shop.bills("February", 50_00, "2026-12-10")
    january, february = (Choice("USD", (one.public_id,)) for one in shop.the.invoices)
    first = payments.announce_transfer(shop.rt, shop.the.access, january)
    assert payments.announce_transfer(shop.rt, shop.the.access, january) == first
    assert payments.announce_transfer(shop.rt, shop.the.access, february) != first
    assert held(shop) == ["January", "February"]
    names(shop, "February", 50_00)
    assert (states(shop), held(shop)) == (["announced", "canceled"], ["January"])


def test_what_is_waited_for_no_longer_can_be_announced_anew(shop: Shop) -> None:
    shop.opens(transfer_wait_days=10)
    shop.bills("January", 50_00, "2026-11-10")
    choice = Choice("USD")
    first = payments.announce_transfer(shop.rt, shop.the.access, choice)
    # No job has run yet.
    shop.at = shop.at.replace(day=13)
    assert payments.announce_transfer(shop.rt, shop.the.access, choice) != first
    assert held(shop) == ["January"]


def test_money_goes_to_what_it_was_announced_for(shop: Shop) -> None:
    shop.opens()
    shop.bills("January", 50_00, "2026-11-10")
    shop.bills("February", 50_00, "2026-12-10")
    payments.announce_transfer(shop.rt, shop.the.access, Choice("USD", (shop.the.invoices[1].public_id,)))
    shop.banks(50_00)
    shop.statement("""
        January $50.00
        Left $50.00
        February $50.00
        You paid by bank transfer, thank you −$50.00
        Left $0.00
    """)
    assert states(shop) == ["canceled"]


def test_money_for_something_else_ends_nothing(shop: Shop) -> None:
    shop.opens()
    shop.bills("January", 50_00, "2026-11-10")
    shop.bills("February", 50_00, "2026-12-10")
    payments.announce_transfer(shop.rt, shop.the.access, Choice("USD", (shop.the.invoices[1].public_id,)))
    names(shop, "January", 50_00)
    assert (states(shop), held(shop)) == (["announced"], ["February"])
    names(shop, "February", 30_00)
    assert states(shop) == ["announced"]
    shop.on("2026-11-03")
    names(shop, "February", 20_00)
    assert states(shop) == ["canceled"], "nothing is left of what it was for"


def test_what_never_comes_is_not_waited_for_for_ever(shop: Shop) -> None:
    shop.opens(transfer_wait_days=10)
    shop.bills("January", 50_00, "2026-11-10")
    shop.announces()
    shop.on("2026-11-12", "09:59")
    assert states(shop) == ["announced"]
    shop.on("2026-11-12", "10:00")
    assert (states(shop), held(shop), under_way(shop)) == (["expired"], [], 0)
    assert announced.end_due(shop.rt) == 0
    with shop.rt.db.reading() as session:
        assert session.scalar(select(func.count()).select_from(AuditEvent).where(
            AuditEvent.act == "transfer.expired", AuditEvent.debtor_id == shop.the.debtor.id)) == 1


def test_each_business_waits_as_long_as_it_says(shop: Shop) -> None:
    shop.opens(transfer_wait_days=3)
    shop.bills("January", 50_00, "2026-11-10")
    shop.announces()
    slow = Shop(shop.rt, shop.folder)
    slow.opens(transfer_wait_days=20)
    slow.bills("March", 70_00, "2026-11-10")
    slow.announces()
    shop.on("2026-11-06")
    assert states(shop) == ["expired", "announced"]
    slow.on("2026-11-23")
    assert states(shop) == ["expired", "expired"]


def discounted(shop: Shop) -> None:
    """100.00 with a tenth off until November 6, and the transfer of 90.00 is announced on November 2."""
    shop.opens(transfer_wait_days=10)
    shop.bills("Drain", 100_00, "2026-12-01")
    shop.offers("2026-11-06", percent=10)
    shop.announces()


@pytest.mark.parametrize(("day", "left"), [("2026-11-11", 0), ("2026-11-13", 10_00), ("2027-06-01", 10_00)])
def test_a_price_is_kept_as_long_as_its_transfer_is_waited_for(shop: Shop, day: str, left: int) -> None:
    discounted(shop)
    shop.on(day)
    shop.banks(90_00)
    assert f"Left ${left // 100}.00" in shop.lines()


def test_what_came_in_time_counts_also_when_it_is_written_down_late(shop: Shop) -> None:
    discounted(shop)
    shop.on("2026-12-20")
    assert states(shop) == ["expired"]
    shop.banks(90_00, day="2026-11-11")
    assert "Left $0.00" in shop.lines()


def test_what_was_taken_for_it_and_given_back_leaves_the_price_to_be_met(shop: Shop) -> None:
    discounted(shop)
    check = shop.banks(90_00, channel="check")
    assert (states(shop), "Left $0.00" in shop.lines()) == (["canceled"], True)
    shop.on("2026-11-09")
    shop.check_bounces(check)
    assert "Left $100.00" in shop.lines()
    shop.banks(90_00)
    assert "Left $0.00" in shop.lines()
    shop.on("2026-11-10")
    shop.bills("Fence", 100_00, "2026-12-09")
    shop.banks(90_00)
    assert shop.lines()[-1] == "Left $10.00", "it is met once"


def test_a_settlement_that_was_missed_stays_missed(shop: Shop) -> None:
    shop.opens()
    shop.bills("Drain", 100_00, "2026-10-01")
    made = shop.settles(80_00)
    shop.announces()
    shop.on("2026-12-20")
    assert (shop.state(made), shop.price()) == ("broken", 100_00)
    shop.on("2027-06-20")
    shop.banks(80_00)
    assert (shop.state(made), shop.price()) == ("broken", 20_00)
