"""Settlements from both sides: asked for, countered, signed, kept by one payment, missed, taken back by a bank."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from portal.db import Database
from portal.domain.access import Access
from portal.domain.errors import Refusal
from portal.domain.quotes import Choice, Quote
from portal.domain.settlements import SettlementRules
from portal.models import Arrangement, Hold, LedgerTransfer, Message
from portal.services import (
    debtor_money,
    more_time,
    offers,
    payments,
    settlement_answers,
    settlement_ends,
    settlements,
    signing_step,
)
from portal.services.debtor_money import Seen
from portal.services.more_time import Asked
from tests.access.visitor import Browser, House
from tests.account.conftest import inside
from tests.cast import NOON, Clock, balances
from tests.ledger.stories import assert_sound, charged_back, line, moved, received, refunded, tell
from tests.offers.people import ALLOWS, agreements, left, pay_quoted, seen, set_policy, settling, sign, the
from tests.offers.people import offers as all_offers
from tests.office.books import Desk


@pytest.fixture
def desk(db: Database, tmp_path: Path) -> Desk:
    return settling(db, tmp_path)


def ask(desk: Desk, amount: int) -> str:
    return settlements.ask(desk.rt, desk.owed.access, amount, "USD")


def code_of(act: object, *args: object, **values: object) -> str:
    with pytest.raises(Refusal) as refused:
        act(*args, **values)  # type: ignore[operator]
    return refused.value.code


def page(desk: Desk) -> Browser:
    house = House(desk.app, desk.rt, desk.rt.db, Clock())
    return inside(house, desk.owed.link)


def later(desk: Desk, **delta: float) -> Desk:
    rt = replace(desk.rt, clock=lambda: NOON + timedelta(**delta))
    return Desk(rt, desk.app, desk.owed, desk.staff)


def signed(desk: Desk, amount: int = 120_00) -> str:
    made = ask(desk, amount)
    sign(desk.rt, desk.owed, made)
    return made


def quote(desk: Desk, **changes: object) -> Quote:
    return payments.quote_for(desk.rt, desk.owed.access, Choice("USD", **changes))  # type: ignore[arg-type]


def told(desk: Desk, part: str) -> bool:
    with desk.rt.db.reading() as session:
        return any(part in body for body in session.scalars(select(Message.body_text)))


def test_what_fits_is_agreed_on_signed_and_closed_by_one_payment(desk: Desk, tmp_path: Path) -> None:
    browser = page(desk)
    browser.get("/help")
    assert "All of it is too much" in browser.words
    browser.get("/settlement")
    assert "$150.00" in browser.words
    browser.send("/settlement", amount="120.00", words="My hours were cut.")
    assert "One payment of $120.00 would close it." in browser.words and "You save" in browser.words
    made = browser.path.rsplit("/", 1)[1]
    assert all_offers(desk.rt) == [], "nothing holds before it is signed"
    sign(desk.rt, desk.owed, made)
    assert the(desk.rt, made).state == "active" and agreements(desk.rt) == 1
    assert [(one.kind, one.discount_minor) for one in all_offers(desk.rt)] == [
        ("settlement", 20_00), ("settlement", 10_00)]
    with desk.rt.db.reading() as session:
        assert set(session.scalars(select(Hold.cause).where(Hold.released_at.is_(None)))) == {"settlement"}
    found = quote(desk)
    assert (found.total_minor, found.discount_minor) == (120_00, 30_00)
    payment = pay_quoted(desk.rt, desk.owed, found)
    tell(desk.rt.db, moved(payment, "processing"))
    assert left(desk.rt, desk.owed) == [100_00, 50_00], "nothing is forgiven before the money is there"
    tell(desk.rt.db, received(payment))
    assert the(desk.rt, made).state == "kept" and left(desk.rt, desk.owed) == []
    assert balances(desk.rt.db, desk.owed.business.id)["settlements_allowed USD"] == 30_00
    assert told(desk, "everything we agreed on is closed")
    browser.get(f"/settlement/{made}")
    assert "It is closed. Thank you." in browser.words
    assert_sound(desk.rt.db, tmp_path)


def test_less_gets_the_nearest_that_fits_or_a_person(desk: Desk) -> None:
    made = ask(desk, 90_00)
    assert (the(desk.rt, made).state, the(desk.rt, made).amount_minor) == ("countered", 120_00)
    browser = page(desk)
    browser.get(f"/settlement/{made}")
    assert "Ask Priya Marsh about $90.00" in browser.words
    browser.send(f"/settlement/{made}", answer="person")
    assert the(desk.rt, made).state == "asked" and "Reminders wait until we have answered." in browser.words
    manager = desk.access("manager")
    settlement_answers.approve(desk.rt, manager, made, seen=seen(desk.rt, made), words="Gladly.")
    assert (the(desk.rt, made).state, the(desk.rt, made).amount_minor) == ("countered", 90_00)
    sign(desk.rt, desk.owed, made)
    assert quote(desk).total_minor == 90_00
    assert code_of(ask, desk, 100_00) == "settlement_stands"


def test_far_too_little_gets_the_nearest_and_nobody_else_is_asked(desk: Desk) -> None:
    made = ask(desk, 30_00)
    assert the(desk.rt, made).amount_minor == 120_00
    assert code_of(settlements.ask_person, desk.rt, desk.owed.access, made, seen=seen(desk.rt, made)) == (
        "settlement_too_little")
    browser = page(desk)
    browser.get("/settlement")
    browser.send("/settlement", amount="1.00")
    assert "$1.00 is too far below the $150.00 you owe" in browser.words and "Could it be $120.00?" in browser.words
    assert "Ask Priya Marsh" not in browser.words
    set_policy(desk.rt, desk.owed, ALLOWS.with_settlements(replace(ALLOWS.settlement_rules, at_once_up_to={"USD": 1})))
    browser.get("/settlement")
    browser.send("/settlement", amount="2.00")
    assert "This sum was not possible." in browser.words and "too far below the $150.00" in browser.words


def test_staff_name_another_sum_say_no_or_take_it_back(desk: Desk) -> None:
    made = ask(desk, 90_00)
    settlements.ask_person(desk.rt, desk.owed.access, made, seen=seen(desk.rt, made))
    seat = desk.as_("manager")
    shown = seat.get(f"/office/requests/settlements/{made}").get_data(as_text=True)
    assert "Asked to close it for $90.00" in shown and "Name another sum" in shown
    answer = seat.post(f"/office/requests/settlements/{made}", answer="counter", amount="110", seen=seen(desk.rt, made))
    assert answer.status_code == 303 and the(desk.rt, made).amount_minor == 110_00
    assert told(desk, "We can agree to one payment of $110.00")
    assert code_of(settlement_answers.take_back, desk.rt, desk.access("manager"), made, seen=seen(desk.rt, made),
                   words=" ") == "words_missing"
    settlement_answers.take_back(desk.rt, desk.access("manager"), made, seen=seen(desk.rt, made), words="Sorry.")
    assert the(desk.rt, made).state == "ended"
    assert code_of(sign, desk.rt, desk.owed, made) == "settlement_decided"
    again = ask(desk, 80_00)
    settlements.ask_person(desk.rt, desk.owed.access, again, seen=seen(desk.rt, again))
    settlement_answers.refuse(desk.rt, desk.access("manager"), again, seen=seen(desk.rt, again),
                              words="Let us find a plan.")
    assert the(desk.rt, again).state == "refused" and told(desk, "Let us find a plan.")


def test_an_agent_decides_nothing_and_much_is_for_an_owner(desk: Desk, db: Database, tmp_path: Path) -> None:
    made = ask(desk, 90_00)
    settlements.ask_person(desk.rt, desk.owed.access, made, seen=seen(desk.rt, made))
    assert code_of(settlement_answers.approve, desk.rt, desk.access("agent"), made, seen=seen(desk.rt, made)) == (
        "role_may_not")
    large = settling(db, tmp_path, 5_000_00)
    big = settlements.ask(large.rt, large.owed.access, 3_000_00, "USD")
    assert the(large.rt, big).state == "asked", "a large debt is for a person"
    assert code_of(settlement_answers.approve, large.rt, large.access("manager"), big, seen=seen(large.rt, big)) == (
        "settlement_owner_only")
    settlement_answers.approve(large.rt, large.access("owner"), big, seen=seen(large.rt, big))
    assert the(large.rt, big).state == "countered"


def test_staff_offer_one_unasked_and_the_debtor_is_free(desk: Desk) -> None:
    set_policy(desk.rt, desk.owed, replace(ALLOWS, settlements=None))
    assert code_of(ask, desk, 120_00) == "settlements_off"
    seat = desk.as_("manager")
    assert "Offer to settle" in seat.get(f"/office/debtors/{desk.owed.debtor.public_id}").get_data(as_text=True)
    done = seat.post(f"/office/debtors/{desk.owed.debtor.public_id}/settlement", amount="100.00", until="2026-11-20",
                     words="A way to end it.", nonce="n" * 20)
    assert done.status_code == 303, done.get_data(as_text=True)[-2000:]
    made = done.headers["Location"].rsplit("/", 1)[1]
    assert the(desk.rt, made).amount_minor == 100_00 and told(desk, "You are free to leave it.")
    browser = page(desk)
    browser.get("/")
    browser.get(f"/settlement/{made}")
    assert "One payment of $100.00 would close it." in browser.words
    browser.send(f"/settlement/{made}", answer="withdraw")
    assert the(desk.rt, made).state == "withdrawn" and quote(desk).total_minor == 150_00


def test_an_offer_nobody_signs_runs_out_with_its_day(desk: Desk) -> None:
    made = ask(desk, 120_00)
    assert settlement_ends.note_ended(later(desk, days=14).rt) == 0, "the day itself still counts"
    assert settlement_ends.note_ended(later(desk, days=15).rt) == 1
    assert the(desk.rt, made).state == "ended" and told(desk, "has ended with its last day")
    assert settlement_ends.note_ended(later(desk, days=16).rt) == 0


def test_a_missed_settlement_lets_the_full_sum_stand_again_and_both_are_told(desk: Desk) -> None:
    made = signed(desk)
    assert settlement_ends.note_ended(later(desk, days=13).rt) == 0
    with desk.rt.db.reading() as session:
        soon = session.scalars(select(Message).where(Message.kind == "ends_soon")).all()
    assert len(soon) == 1 and "until the end of" in soon[0].body_text
    assert settlement_ends.note_ended(later(desk, days=14, hours=20).rt) == 1
    assert the(desk.rt, made).state == "broken" and quote(later(desk, days=15)).total_minor == 150_00
    assert told(desk, "the full sum stands again") and told(desk, "A settlement was not kept")
    with desk.rt.db.reading() as session:
        assert session.scalars(select(Hold).where(Hold.released_at.is_(None))).all() == []


def test_a_payment_started_in_time_is_waited_for_and_keeps_it(desk: Desk) -> None:
    made = signed(desk)
    last = later(desk, days=14)
    payment = pay_quoted(last.rt, desk.owed, quote(last), at=last.rt.now())
    tell(desk.rt.db, moved(payment, "processing"))
    after = later(desk, days=18)
    assert settlement_ends.note_ended(after.rt) == 0 and the(desk.rt, made).state == "active"
    tell(desk.rt.db, received(payment), now=after.rt.now())
    assert the(desk.rt, made).state == "kept" and left(desk.rt, desk.owed) == []


def test_a_debit_that_fails_after_the_day_leaves_it_missed(desk: Desk) -> None:
    made = signed(desk)
    payment = pay_quoted(desk.rt, desk.owed, quote(desk))
    tell(desk.rt.db, moved(payment, "processing"), moved(payment, "failed", happened_at=NOON + timedelta(days=3)))
    assert settlement_ends.note_ended(later(desk, days=15).rt) == 1 and the(desk.rt, made).state == "broken"


def test_a_chargeback_reopens_what_was_paid_and_what_was_forgiven_and_winning_it_closes_again(
        desk: Desk, tmp_path: Path) -> None:
    made = signed(desk)
    payment = pay_quoted(desk.rt, desk.owed, quote(desk))
    out = line(payment, -120_00, 15_00, id="txn_out", source="du_1", kind="adjustment")
    home = line(payment, 120_00, -15_00, id="txn_in", source="du_1", kind="adjustment")
    tell(desk.rt.db, received(payment), charged_back(payment, 120_00, out))
    assert left(desk.rt, desk.owed) == [100_00, 50_00] and the(desk.rt, made).state == "broken"
    keys = transfers(desk)
    assert f"stripe:du_1:unearned:{desk.owed.invoices[0].id}" in keys
    assert f"offer:{all_offers(desk.rt)[0].id}:settled:{desk.owed.invoices[0].id}" in keys
    tell(desk.rt.db, charged_back(payment, 120_00, out, home, status="won"))
    assert left(desk.rt, desk.owed) == [] and the(desk.rt, made).state == "kept"
    assert_sound(desk.rt.db, tmp_path)


def transfers(desk: Desk) -> list[str]:
    with desk.rt.db.reading() as session:
        return list(session.scalars(select(LedgerTransfer.key)))


def test_a_refund_of_a_part_takes_the_whole_forgiveness_back(desk: Desk) -> None:
    made = signed(desk)
    payment = pay_quoted(desk.rt, desk.owed, quote(desk))
    tell(desk.rt.db, received(payment), refunded(payment, 10_00))
    assert sum(left(desk.rt, desk.owed)) == 40_00 and the(desk.rt, made).state == "broken"


def test_one_payment_for_all_of_it_or_none(desk: Desk) -> None:
    signed(desk)
    first = desk.owed.invoices[0].public_id
    assert code_of(quote, desk, invoice_public_ids=(first,)) == "settlement_whole"
    assert code_of(quote, desk, amount_minor=50_00) == "settlement_whole"
    assert quote(desk, amount_minor=120_00).total_minor == 120_00
    assert quote(desk, amount_minor=150_00).total_minor == 120_00, "nobody pays more than was agreed on"


def test_a_narrow_link_neither_sees_nor_pays_a_part_of_it(desk: Desk) -> None:
    made = signed(desk)
    narrow = replace(desk.owed.access, invoice_ids=frozenset({desk.owed.invoices[0].id}))
    assert code_of(settlements.one, desk.rt, narrow, made) == "unknown_page"
    for access in (narrow, replace(desk.owed.access, pay_only=True)):
        assert code_of(signing_step.review, desk.rt, access, made) == "unknown_page"
    assert code_of(payments.quote_for, desk.rt, narrow, Choice("USD")) == "settlement_whole"


def only(desk: Desk, *places: int) -> Access:
    return replace(desk.owed.access, invoice_ids=frozenset(desk.owed.invoices[place].id for place in places))


def test_a_narrow_link_asks_for_nothing_less_than_what_was_signed(desk: Desk) -> None:
    made = signed(desk, 149_00)
    assert code_of(settlements.ask, desk.rt, only(desk, 0), 80_00, "USD") == "settlement_stands"
    assert the(desk.rt, made).state == "active"


def test_of_two_wishes_about_one_invoice_the_first_that_is_signed_stands(db: Database, tmp_path: Path) -> None:
    desk = settling(db, tmp_path, 100_00, 50_00, 30_00)
    first = settlements.ask(desk.rt, only(desk, 0, 1), 140_00, "USD")
    second = settlements.ask(desk.rt, only(desk, 0, 2), 104_00, "USD")
    sign(desk.rt, desk.owed, first)
    assert code_of(sign, desk.rt, desk.owed, second) == "settlement_stands"
    assert the(desk.rt, first).state == "active"


def test_money_by_transfer_keeps_it_and_a_bounced_check_reopens_all(desk: Desk, tmp_path: Path) -> None:
    made = signed(desk)
    agent = desk.access("agent")
    done = debtor_money.record_payment(desk.rt, agent, desk.owed.debtor.public_id, Seen(
        "check", "USD", 120_00, NOON.date(), "n" * 20))
    assert left(desk.rt, desk.owed) == [] and the(desk.rt, made).state == "kept"
    debtor_money.take_back(desk.rt, agent, desk.owed.debtor.public_id, done.public_id, happened_on=NOON.date(),
                           words="")
    assert left(desk.rt, desk.owed) == [100_00, 50_00] and the(desk.rt, made).state == "broken"
    assert_sound(desk.rt.db, tmp_path)


def test_time_given_before_gives_way_and_none_is_given_beside_it(desk: Desk) -> None:
    more_time.ask(desk.rt, desk.owed.access, Asked(NOON.date() + timedelta(days=20)))
    signed(desk)
    assert code_of(more_time.ask, desk.rt, desk.owed.access, Asked(NOON.date() + timedelta(days=20))) == (
        "settlement_stands")
    assert code_of(offers.make, desk.rt, desk.access("manager"), desk.owed.debtor.public_id, offers.Order(
        offers.Wanted(NOON.date() + timedelta(days=5), basis_points=500), "n" * 20)) == "settlement_stands"


@pytest.mark.parametrize(("amount", "words"), [
    ("150.00", "Please name a sum below"), ("0.20", "The smallest amount that can be paid this way"),
    ("", "Please enter an amount."), ("-5", "Please enter an amount"), ("lots", "digits only"),
])
def test_bad_sums_are_refused_in_words(desk: Desk, amount: str, words: str) -> None:
    browser = page(desk)
    browser.get("/settlement")
    browser.send("/settlement", amount=amount, currency="USD", follow=True)
    assert words in browser.words and the_count(desk) == 0


def the_count(desk: Desk) -> int:
    with desk.rt.db.reading() as session:
        return len(session.scalars(select(Arrangement)).all())


def test_young_debts_and_disputed_ones_are_not_settled_and_asking_has_an_end(desk: Desk) -> None:
    set_policy(desk.rt, desk.owed, ALLOWS.with_settlements(replace(
        ALLOWS.settlement_rules, bands=(replace(ALLOWS.settlement_rules.bands[0], from_days=60),))))
    young = ask(desk, 120_00)
    assert the(desk.rt, young).state == "refused"
    set_policy(desk.rt, desk.owed, ALLOWS)
    with desk.rt.db.transaction() as session:
        session.add(Hold(business_id=desk.owed.business.id, debtor_id=desk.owed.debtor.id, reminders=True,
                         invoice_id=desk.owed.invoices[0].id, cause="dispute", cause_id="d", starts_at=NOON))
    assert code_of(ask, desk, 120_00) == "dispute_first"
    with desk.rt.db.transaction() as session:
        session.scalars(select(Hold)).one().released_at = NOON
    for amount in (121_00, 122_00, 123_00, 124_00, 125_00):
        ask(desk, amount)
    assert code_of(ask, desk, 126_00) == "settlement_asked_often"
    assert ask(desk, 125_00) == ask(desk, 125_00), "the same wish twice is one"


def test_without_the_switch_there_is_no_page_and_no_word_of_it(desk: Desk) -> None:
    set_policy(desk.rt, desk.owed, ALLOWS.with_settlements(SettlementRules()))
    browser = page(desk)
    browser.get("/help")
    assert "too much" not in browser.words
    assert browser.get("/settlement").status_code == 404
