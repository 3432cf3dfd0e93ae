"""Thanks: the note of the day after, the credit for paying early, the check-in; once each, through the gate."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from portal.domain.policy import Policy
from portal.domain.thanks import PaidPart, credit_minor, early_minor
from portal.models import AuditEvent, Invoice, Message, Payment, PolicyVersion
from portal.services import credit_back, ledger, policies, thanks
from tests.cast import Owed, balances, make_invoice, make_offer
from tests.ledger.stories import assert_sound, received, refunded, start_payment, tell
from tests.messages.conftest import NOON, Post
from tests.messages.test_kinds import stories_owed

EARLY = date(2026, 12, 1)
SHARE = Policy(thank_you_credit=True, thank_you_credit_basis_points=200)


def rules(post: Post, **changes: Any) -> None:
    with post.rt.db.transaction() as session:
        policy = replace(policies.in_force(session, post.business.id), **changes)
        newest = session.query(PolicyVersion).count()
        session.add(PolicyVersion(business_id=post.business.id, version=newest + 1, rules=policy.as_rules(),
                                  created_at=NOON))


def pay(post: Post, invoice: Invoice | None = None, amount: int = 453_00, *, at: datetime = NOON,
        **more: Any) -> Payment:
    db, owed = post.rt.db, stories_owed(post)
    payment = start_payment(db, owed, (invoice or post.invoice, amount), at=at, **more)
    tell(db, received(payment, happened_at=at), now=at)
    return payment


def notes(post: Post, kind: str = "thank_you") -> list[Message]:
    return [message for message in post.all() if message.kind == kind]


def next_day(post: Post, hours: int = 24) -> int:
    post.clock.pass_time(hours=hours)
    done = thanks.thank(post.rt)
    while post.deliver():
        pass
    return done


def invoice(post: Post, total: int, due_on: date = EARLY) -> Invoice:
    with post.rt.db.transaction() as session:
        return make_invoice(session, post.debtor, total, due_on=due_on)


def test_who_has_paid_is_thanked_the_day_after_and_once(post: Post) -> None:
    pay(post)
    assert next_day(post, hours=2) == 0 and notes(post) == []
    next_day(post)
    (note,) = notes(post)
    assert (note.message_class, note.state) == ("courtesy", "sent")
    assert note.subject == "Thank you from Alder Street Dental" and "$453.00" in note.body_text
    assert "List-Unsubscribe" in str(post.inbox()[-1]) and "/feedback/" in post.inbox()[-1]["text"]
    assert "credit" not in note.body_text
    for _ in range(5):
        next_day(post)
    assert len(notes(post)) == 1


def test_nobody_is_thanked_while_something_of_theirs_is_late(post: Post) -> None:
    invoice(post, 50_00, due_on=date(2026, 10, 30))
    pay(post)
    next_day(post)
    assert notes(post) == []


def test_who_opted_out_hears_nothing_and_the_reason_is_kept(post: Post) -> None:
    post.change(post.debtor, opted_out_at=NOON)
    pay(post)
    next_day(post)
    assert [(note.state, note.reason) for note in notes(post)] == [("skipped", "opted_out")]


def test_a_note_waits_for_the_morning(post: Post) -> None:
    pay(post)
    post.clock.now = datetime(2026, 11, 12, 9, 0, tzinfo=NOON.tzinfo)
    thanks.thank(post.rt)
    post.deliver()
    (note,) = notes(post)
    assert (note.state, note.reason) == ("queued", "quiet_hours")


def test_a_business_may_thank_nobody(post: Post) -> None:
    rules(post, thank_you_notes=False)
    pay(post)
    assert next_day(post) == 0 and notes(post) == []


def test_money_that_went_back_is_not_thanked_for(post: Post) -> None:
    payment = pay(post)
    tell(post.rt.db, refunded(payment, 453_00))
    next_day(post)
    assert notes(post) == []


def test_paying_early_earns_a_credit_once_and_it_pays_the_next_invoice(post: Post, tmp_path: Any) -> None:
    rules(post, thank_you_credit=True, thank_you_credit_basis_points=200, thank_you_credit_cap={"USD": 8_00})
    pay(post)
    pay(post, invoice(post, 500_00), 500_00)
    for _ in range(3):
        next_day(post)
    found = balances(post.rt.db, post.business.id)
    # Two percent of 500.00 are 10.00, and 8.00 is the cap; the late one earned none.
    assert found["goodwill USD"] == 8_00
    assert found[f"debtor_credit debtor:{post.debtor.id} USD"] == -8_00
    assert any("we have put $8.00 to your account" in note.body_text for note in notes(post))
    access = Owed(post.business, post.debtor, stories_owed(post).link).access
    with post.rt.db.reading() as session:
        acts = session.scalars(select(AuditEvent.act).where(AuditEvent.act == "thank_you.given")).all()
        assert len(acts) == 1
        assert not credit_back.may_take_back(session, access, "USD", 8_00), "a gift is never paid out"
    later = invoice(post, 100_00)
    with post.rt.db.reading() as session:
        assert ledger.left_by_invoice(session, post.business.id, post.debtor.id)[later.id] == 92_00
    assert_sound(post.rt.db, tmp_path)


def test_a_plain_amount_is_never_more_than_was_paid_and_a_discount_earns_none(post: Post) -> None:
    rules(post, thank_you_credit=True, thank_you_credit_amount={"USD": 10_00}, thank_you_notes=False)
    small, reduced = invoice(post, 4_00), invoice(post, 200_00)
    with post.rt.db.transaction() as session:
        offer = make_offer(session, reduced, 20_00, NOON + timedelta(days=5))
    pay(post, small, 4_00)
    pay(post, reduced, 180_00, offer=offer)
    next_day(post)
    assert balances(post.rt.db, post.business.id)["goodwill USD"] == 4_00 and notes(post) == []


def test_a_credit_is_off_until_somebody_switches_it_on(post: Post) -> None:
    pay(post, invoice(post, 500_00), 500_00)
    next_day(post)
    assert "goodwill USD" not in balances(post.rt.db, post.business.id)
    assert not Policy().thank_you_credit and Policy().check_in_days == 0


@pytest.mark.parametrize(("policy", "early", "earned"), [
    (SHARE, 300_00, 6_00), (replace(SHARE, thank_you_credit_cap={"USD": 5_00}), 300_00, 5_00),
    (Policy(thank_you_credit=True, thank_you_credit_basis_points=150), 33, 0),
    (Policy(thank_you_credit=True, thank_you_credit_amount={"EUR": 5_00}), 300_00, 0),
    (Policy(thank_you_credit_basis_points=200), 300_00, 0),
    (SHARE, 0, 0)])
def test_how_large_a_credit_is(policy: Policy, early: int, earned: int) -> None:
    assert credit_minor(policy, "USD", early) == earned


def test_early_is_before_the_day_itself_in_full_and_without_a_discount() -> None:
    due = date(2026, 11, 10)
    parts = [PaidPart(300_00, 0, 0, due), PaidPart(200_00, 0, 1, due), PaidPart(50_00, 5_00, 0, due),
             PaidPart(70_00, 0, 0, date(2026, 11, 3))]
    assert early_minor(parts, date(2026, 11, 3)) == 300_00


def test_who_owes_nothing_is_asked_once_some_time_later_if_the_business_wants_it(post: Post) -> None:
    pay(post)
    post.clock.pass_time(days=31)
    assert thanks.check_in(post.rt) == 0
    rules(post, check_in_days=30)
    assert thanks.check_in(post.rt) == 1 and thanks.check_in(post.rt) == 0
    post.deliver()
    (note,) = notes(post, "check_in")
    assert note.state == "sent" and note.subject == "How are things? Alder Street Dental"
    assert "$" not in note.body_text


def test_who_owes_something_or_has_paid_since_is_not_asked(post: Post) -> None:
    rules(post, check_in_days=30)
    pay(post)
    pay(post, invoice(post, 20_00), 20_00, at=NOON + timedelta(days=20))
    post.clock.pass_time(days=31)
    assert thanks.check_in(post.rt) == 0
    invoice(post, 10_00)
    post.clock.pass_time(days=20)
    assert thanks.check_in(post.rt) == 0
