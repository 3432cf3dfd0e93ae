"""Discounts by hand: made for one and for many, told, replaced, taken back, listed; whoever is late is told why."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete, select

from portal.db import Database
from portal.domain.errors import Refusal
from portal.domain.offers import read_terms, spread_off
from portal.domain.policy import Policy
from portal.domain.policy_rules import clashes
from portal.domain.quotes import Choice
from portal.domain.settlements import Band, SettlementRules, ask
from portal.models import Hold, Invoice, Message
from portal.runtime import Runtime
from portal.services import offer_terms, offers, payments, settlement_ends
from portal.services.offers import Order, Wanted
from portal.words import offer_rules
from portal.words.core import for_reader
from tests.access.visitor import House
from tests.account.conftest import inside
from tests.cast import NOON, Clock
from tests.ledger.stories import moved, tell
from tests.offers.people import offers as all_offers
from tests.offers.people import pay_quoted, set_policy
from tests.office.books import Desk, open_desk

TODAY = NOON.date()


@pytest.fixture
def desk(db: Database, tmp_path: Path) -> Desk:
    return open_desk(db, tmp_path, 100_00, 60_00)


def price(desk: Desk) -> int:
    return payments.quote_for(desk.rt, desk.owed.access, Choice("USD")).total_minor


def test_one_debtor_gets_a_discount_by_email_and_on_the_page_until_the_end_of_the_day(desk: Desk) -> None:
    seat, debtor = desk.as_("manager"), desk.owed.debtor.public_id
    form: dict[str, Any] = {"percent": "5", "until": "2026-11-20", "tell": "y", "words": "As we said.",
                            "nonce": "n" * 20, "currency": "USD"}
    assert "Make a discount" in seat.get(f"/office/debtors/{debtor}").get_data(as_text=True)
    for _ in range(2):
        assert seat.post(f"/office/debtors/{debtor}/offer", **form).status_code == 303
    made = all_offers(desk.rt)
    assert [one.discount_minor for one in made] == [5_00, 3_00] and price(desk) == 152_00
    assert desk.acts().count("offer.made") == 1, "sent twice it is made once"
    # The end of the day in Los Angeles.
    assert made[0].deadline.isoformat() == "2026-11-21T07:59:59.999999+00:00"
    with desk.rt.db.reading() as session:
        told = session.scalars(select(Message).where(Message.kind == "offer_made")).one()
    assert "As we said." in told.body_text and "$95.00 instead of $100.00 until" in told.body_text
    browser = inside(House(desk.app, desk.rt, desk.rt.db, Clock()), desk.owed.link)
    browser.get("/balance")
    assert "$152.00" in browser.words


def test_a_discount_that_ends_soon_is_told_of_once_and_only_while_it_counts(desk: Desk) -> None:
    seat, debtor = desk.as_("manager"), desk.owed.debtor.public_id
    assert seat.post(f"/office/debtors/{debtor}/offer", percent="5", until="2026-11-20", words="", nonce="n" * 20,
                     currency="USD").status_code == 303

    def told(days: float) -> list[Message]:
        settlement_ends.note_ended(replace(desk.rt, clock=lambda: NOON + timedelta(days=days)))
        with desk.rt.db.reading() as session:
            return list(session.scalars(select(Message).where(Message.kind == "ends_soon").order_by(Message.id)))

    assert told(8) == [], "two days and a half before"
    first = told(9)
    assert len(first) == 1 and first[0].body_text.count("your discount counts until") == 2
    assert "$" not in first[0].body_text.partition("your discount")[2].partition("\n")[0]
    assert [one.id for one in told(9.5)] == [one.id for one in told(10.4)] == [first[0].id], "once"


def test_a_discount_of_what_is_paid_or_taken_back_is_not_told_of(desk: Desk) -> None:
    seat, debtor = desk.as_("manager"), desk.owed.debtor.public_id
    seat.post(f"/office/debtors/{debtor}/offer", percent="5", until="2026-11-20", words="", nonce="n" * 20,
              currency="USD")
    first, second = all_offers(desk.rt)
    seat.post(f"/office/offers/{first.public_id}/withdraw", words="")
    late = replace(desk.rt, clock=lambda: NOON + timedelta(days=9))
    paid = pay_quoted(late, desk.owed, payments.quote_for(late, desk.owed.access, Choice(
        "USD", invoice_public_ids=(desk.owed.invoices[1].public_id,))), at=late.now())
    tell(desk.rt.db, moved(paid, "processing"))
    settlement_ends.note_ended(late)
    with desk.rt.db.reading() as session:
        assert session.scalars(select(Message).where(Message.kind == "ends_soon")).all() == []
    assert [one.withdrawn_at is None for one in all_offers(desk.rt)] == [False, True] and second.deadline > late.now()


@pytest.mark.parametrize(("form", "words"), [
    ({"percent": "", "amount": ""}, "and not both"), ({"percent": "5", "amount": "5"}, "and not both"),
    ({"percent": "60"}, "half of an invoice at most"), ({"percent": "0"}, "comes to nothing"),
    ({"percent": "five"}, "percent"), ({"percent": "5", "until": "2026-11-01"}, "still to come"),
    ({"percent": "5", "until": ""}, "choose a day"), ({"percent": "5", "until": "2029-01-01"}, "too far away"),
])
def test_bad_forms_are_refused_in_words(desk: Desk, form: dict[str, Any], words: str) -> None:
    answer = desk.as_("manager").post(f"/office/debtors/{desk.owed.debtor.public_id}/offer", **{
        "until": "2026-11-20", "nonce": "n" * 20, "currency": "USD",
        "invoice": desk.owed.invoices[0].public_id, **form})
    assert answer.status_code in (409, 422) and words in answer.get_data(as_text=True)
    assert all_offers(desk.rt) == []


def test_many_get_one_from_the_list_and_it_is_taken_back(desk: Desk) -> None:
    seat = desk.as_("manager")
    pick = desk.owed.invoices[0].public_id
    preview = seat.get(f"/office/bulk/invoices?act=offer&pick={pick}").get_data(as_text=True)
    assert "1 gets it" in preview and "Percent of each invoice" in preview
    nonce = re.search(r'name="nonce" value="([^"]+)"', preview)
    assert nonce is not None
    with desk.rt.db.transaction() as session:
        session.add(Hold(business_id=desk.owed.business.id, debtor_id=desk.owed.debtor.id, reminders=True,
                         cause="dispute", cause_id="d", invoice_id=desk.owed.invoices[1].id, starts_at=NOON))
    both = ",".join(one.public_id for one in desk.owed.invoices)
    looked = seat.post("/office/bulk/invoices", act="offer", picks=both, nonce=nonce[1], percent="10",
                       until="2026-11-20", do="look").get_data(as_text=True)
    assert "1 discount would give up $10.00." in looked and "$10.00 less, until the day below" in looked
    assert "1 is left out" in looked and "A part of it is questioned." in looked and all_offers(desk.rt) == []
    looked = seat.post("/office/bulk/debtors", act="offer", picks=desk.owed.debtor.public_id, nonce=nonce[1],
                       percent="10", until="2026-11-20", do="look").get_data(as_text=True)
    assert "1 discount would give up $10.00." in looked and desk.owed.invoices[1].number in looked
    with desk.rt.db.transaction() as session:
        session.execute(delete(Hold))
    for day in ("2025-01-01", "9999-12-31"):
        refused = seat.post("/office/bulk/invoices", act="offer", picks=pick, nonce=nonce[1], percent="10", until=day)
        assert refused.status_code == 422 and all_offers(desk.rt) == []
    done = seat.post("/office/bulk/invoices", act="offer", picks=pick, nonce=nonce[1], percent="10",
                     until="2026-11-20", follow=True)
    assert "1 done." in done.get_data(as_text=True) and price(desk) == 150_00
    assert desk.acts()[-1] == "bulk.offer"
    offer = all_offers(desk.rt)[0]
    listed = seat.get("/office/offers?show=standing").get_data(as_text=True)
    assert "Take back" in listed and desk.owed.invoices[0].number in listed
    assert desk.owed.invoices[0].number not in seat.get("/office/offers?show=soon").get_data(as_text=True)
    assert seat.post(f"/office/offers/{offer.public_id}/withdraw", nonce="w" * 20).status_code == 303
    assert price(desk) == 160_00 and desk.acts()[-1] == "offer.withdrawn"
    assert "Taken back" in seat.get("/office/offers?show=over").get_data(as_text=True)
    assert desk.as_("agent").get(f"/office/bulk/invoices?act=offer&pick={pick}").status_code == 403


def test_whoever_is_late_is_told_what_became_of_the_price(desk: Desk) -> None:
    def made(days: int, nonce: str) -> None:
        offers.make(desk.rt, desk.access("manager"), desk.owed.debtor.public_id, Order(
            Wanted(TODAY + timedelta(days=days), basis_points=1_000), nonce))

    def start(rt: Runtime | None = None) -> str:
        with pytest.raises(Refusal) as refused:
            payments.start_checkout(rt or desk.rt, desk.owed.access, Choice("USD"), expected_total_minor=144_00)
        return refused.value.code

    made(1, "a" * 20)
    assert price(desk) == 144_00
    made(2, "b" * 20)
    offers.withdraw(desk.rt, desk.access("manager"), all_offers(desk.rt)[-1].public_id)
    assert start() == "offer_withdrawn"
    made(0, "c" * 20)
    late = replace(desk.rt, clock=lambda: all_offers(desk.rt)[-1].deadline + timedelta(minutes=46))
    assert start(late) == "offer_expired"


def test_a_part_is_told_what_it_does_before_it_is_paid(desk: Desk) -> None:
    set_policy(desk.rt, desk.owed, Policy(part_payment_discount="shares"))
    offers.make(desk.rt, desk.access("manager"), desk.owed.debtor.public_id, Order(
        Wanted(TODAY + timedelta(days=5), basis_points=1_000), "a" * 20))
    browser = inside(House(desk.app, desk.rt, desk.rt.db, Clock()), desk.owed.link)
    browser.get("/pay/review?currency=USD&part=5000")
    assert "Of the discount of $10.00, $5.00 stay for the rest, until" in browser.words
    browser.get("/pay/review?currency=USD")
    assert "$100.00" in browser.words and "You save $16.00." in browser.words


def test_discounts_come_with_terms_once(desk: Desk) -> None:
    with desk.rt.db.transaction() as session:
        invoice = session.get_one(Invoice, desk.owed.invoices[0].id)
        invoice.terms, invoice.issued_on, invoice.due_on = "2/10 net 30", TODAY, TODAY + timedelta(days=30)
    assert offer_terms.make_due(desk.rt) == 1 and offer_terms.make_due(desk.rt) == 0
    assert [(one.discount_minor, one.basis_points) for one in all_offers(desk.rt)] == [(2_00, 200)]
    assert read_terms("net 30") is None and read_terms("60/10 net 30") is None


def test_the_rules_are_set_up_said_and_refused_when_they_contradict_each_other(desk: Desk) -> None:
    seat = desk.as_("owner", proven=True)
    rules: dict[str, Any] = {
        "early_pay_basis_points": "2", "early_pay_days": "10", "part_payment_discount": "keeps", "offer_days": "7",
        "settle": "y", "young_days": "60", "young_at_once": "90", "young_asked": "60", "old_days": "180",
        "old_at_once": "80", "old_asked": "50", "settle_up_to": "", "settle_days": "10"}
    page = seat.get("/office/set-up/offers").get_data(as_text=True)
    version = re.search(r'name="version" value="([^"]+)"', page)
    assert "Debtors may ask to settle for less" in page and version is not None
    wrong = seat.post("/office/set-up/offers/keep", version=version[1], **{**rules, "old_at_once": "95"})
    assert wrong.status_code == 422 and "must not be settled for a higher share" in wrong.get_data(as_text=True)
    kept = seat.post("/office/set-up/offers/keep", version=version[1], **rules)
    assert kept.status_code == 303, kept.get_data(as_text=True)[-1500:]
    policy = Policy(early_pay_basis_points=200, early_pay_days=10, part_payment_discount="keeps").with_settlements(
        SettlementRules(True, (Band(60, 9_000, 6_000), Band(180, 8_000, 5_000)), {}, 10))
    said = offer_rules.for_owner(for_reader(desk.owed.debtor, desk.owed.business), policy, "USD")
    assert "Who pays a new invoice within 10 days of its date pays 2% less." in said[0]
    assert any("more than 60 days late: from 90% on" in sentence for sentence in said)
    assert [clash.code for clash in clashes(replace(policy, early_pay_days=0), has_bank_details=True)] == [
        "early_pay_half_said"]


def test_a_price_is_spread_so_that_nothing_is_lost() -> None:
    assert spread_off([100_00, 50_00], 40_00) == [26_67, 13_33]
    assert spread_off([1, 5, 1_000], 900) == [0, 4, 896]
    assert ask(SettlementRules(True, (Band(0, 8_000, 5_000),)), 600_00, owed=999_99, currency="USD",
               days_late=1).amount_minor == 800_00
