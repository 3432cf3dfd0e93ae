"""Who can make money leave: nobody alone by what they wrote down themselves, and no rule is loosened unnoticed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select

from portal.db import Database
from portal.domain.errors import Refusal
from portal.domain.policy import Policy
from portal.models import Invoice, Message, PolicyVersion, Refund
from portal.services import account, approvals, bookkeeping, policies, refunds
from portal.services.bookkeeping import Part
from sandbox.stripe.server import StripeStandIn
from tests.office.books import Desk, open_desk
from tests.office.desk import open_desk as debtors_desk
from tests.office.people import code_at
from tests.office.test_debtor_money import at_once
from tests.office.test_setup import business, keep
from tests.stripe.conftest import Shop, stripe_time
from tests.stripe.test_money_path import pay_too_much, the_payment


@pytest.fixture
def at_stripe(db: Database, tmp_path: Path) -> Iterator[tuple[Desk, Shop]]:
    """An office whose debtor owes 100.00 and can pay at the stand-in."""
    with StripeStandIn() as stand_in:
        desk = open_desk(db, tmp_path, clock=lambda: stripe_time(stand_in), stripe_api_base=stand_in.url,
                         stripe_timeout_seconds=3)
        yield desk, Shop(desk.rt, stand_in)


def sent_back(desk: Desk) -> list[int]:
    with desk.rt.db.reading() as session:
        return list(session.scalars(select(Refund.amount_minor)))


def offered(desk: Desk) -> list[tuple[int, bool]]:
    """What the debtor's page says of their credit, and whether it offers the press."""
    view = account.account_page(desk.rt, desk.owed.access, "USD", desk.rt.now().date())
    return [(part.credit_minor, part.acts.refund_credit) for part in view.sums if part.credit_minor]


def test_money_that_staff_wrote_down_never_leaves_by_a_debtors_press(at_stripe: tuple[Desk, Shop]) -> None:
    desk, shop = at_stripe
    shop.stripe.control.press(shop.pay_page(desk.owed, total=100_00), "pay")
    shop.hear()
    with desk.rt.db.transaction() as session:
        made_up = bookkeeping.receive_outside(
            session, desk.owed.debtor, [Part(session.get_one(Invoice, desk.owed.invoices[0].id), 100_00)],
            channel="cash", amount=100_00, reference="", received_at=desk.rt.now(), now=desk.rt.now(), number="P-MADE")
    assert offered(desk) == [(100_00, False)]
    with pytest.raises(Refusal, match="refund_ask_us"):
        refunds.request_refund_of_credit(desk.rt, desk.owed.access, "USD")
    assert sent_back(desk) == []
    with desk.rt.db.transaction() as session:
        bookkeeping.bounce_outside(session, session.merge(made_up), happened_at=desk.rt.now(), now=desk.rt.now())
    assert offered(desk) == []


def test_a_present_never_leaves_by_a_debtors_press(at_stripe: tuple[Desk, Shop]) -> None:
    desk, shop = at_stripe
    pay_too_much(shop, desk.owed)
    assert offered(desk) == [(100_00, True)]
    with desk.rt.db.transaction() as session:
        bookkeeping.thank(session, desk.owed.debtor, "USD", 5_00, cause="present", now=desk.rt.now())
    assert offered(desk) == [(105_00, False)]
    with pytest.raises(Refusal, match="refund_ask_us"):
        refunds.request_refund_of_credit(desk.rt, desk.owed.access, "USD")
    assert sent_back(desk) == []


def test_what_a_card_pay_too_much_leaves_by_one_press_up_to_one_persons_limit(at_stripe: tuple[Desk, Shop]) -> None:
    desk, shop = at_stripe
    pay_too_much(shop, desk.owed)
    for limit, may in ((99_99, False), (100_00, True)):
        with desk.rt.db.transaction() as session:
            session.add(PolicyVersion(business_id=desk.owed.business.id, version=limit, created_at=desk.rt.now(),
                                      rules=Policy(second_approver_above={"USD": limit}).as_rules()))
        assert offered(desk) == [(100_00, may)]
        if not may:
            with pytest.raises(Refusal, match="refund_ask_us"):
                refunds.request_refund_of_credit(desk.rt, desk.owed.access, "USD")
    refunds.request_refund_of_credit(desk.rt, desk.owed.access, "USD")
    assert sent_back(desk) == [100_00]


@pytest.fixture
def office(db: Database, tmp_path: Path) -> Desk:
    return open_desk(db, tmp_path)


def told(desk: Desk) -> list[Message]:
    with desk.rt.db.reading() as session:
        return list(session.scalars(select(Message).where(Message.kind == "setup_changed").order_by(Message.id)))


def limit(desk: Desk) -> int:
    with desk.rt.db.reading() as session:
        return policies.in_force(session, desk.owed.business.id).second_person_above("USD")


@pytest.mark.parametrize("first", ["1500", ""])
def test_the_limit_of_one_person_is_lifted_by_a_proven_owner_alone(office: Desk, first: str) -> None:
    """Leaving it empty lifts it as well, where it was lower than the product's own."""
    assert keep(office.as_("manager"), "terms", second_approver_above="500").status_code == 303, "lowering is no danger"
    answer = keep(office.as_("manager", proven=True), "terms", second_approver_above=first)
    assert answer.status_code == 422 and "Only an owner may change this." in answer.text
    owner = office.as_("owner")
    asked = keep(owner, "terms", second_approver_above=first)
    assert asked.status_code == 422 and 'name="proof"' in asked.text
    wrong = keep(owner, "terms", second_approver_above=first, proof="000000")
    assert wrong.status_code == 422 and limit(office) == 500_00 and told(office) == []
    right = keep(owner, "terms", second_approver_above=first, proof=code_at(office.rt.now(), later=1))
    assert right.status_code == 303 and limit(office) == (1500_00 if first else 1_000_00)
    assert [message.to_address for message in told(office)] == [office.staff["owner"].email]
    assert "Refunds and write-offs above this need a second person" in told(office)[0].body_text
    assert office.acts() == ["setup.changed"] * 2


def test_the_limit_of_one_person_has_a_ceiling(office: Desk) -> None:
    owner = office.as_("owner", proven=True)
    assert keep(owner, "terms", second_approver_above="100000.01").status_code == 422
    assert keep(owner, "terms", second_approver_above="100000").status_code == 303


@pytest.mark.parametrize("typed", [{"bank_details": "IBAN: 99 8877"}, {"contact_email": "elsewhere@example.com"}])
def test_where_money_goes_is_changed_by_a_proven_owner_and_all_owners_hear(office: Desk, typed: dict[str, str]) -> None:
    before = business(office).bank_details, business(office).contact_email
    assert keep(office.as_("manager", proven=True), "contact", **typed).status_code == 422
    assert 'name="proof"' in keep(office.as_("owner"), "contact", **typed).text
    assert (business(office).bank_details, business(office).contact_email) == before and told(office) == []
    assert keep(office.as_("manager"), "contact", name="Marsh & Sons").status_code == 303, "the rest is as it was"
    assert keep(office.as_("owner", proven=True), "contact", **typed).status_code == 303
    assert len(told(office)) == 1 and "9988" not in told(office)[0].body_text.replace(" ", "")


def test_gifts_above_one_persons_limit_need_what_a_write_off_needs(db: Database, tmp_path: Path) -> None:
    desk = debtors_desk(db, tmp_path, 5_000_00)
    paths = {"/goodwill": "thanks", f"/invoices/{desk.owed.invoices[0].public_id}/credit-note": "returned"}
    for number, (path, reason) in enumerate(paths.items()):
        form = {"currency": "USD", "amount": "1000.01", "reason": reason, "nonce": f"a-gift-too-large-{number}"}
        asked = desk.post(path, **form)
        assert asked.status_code == 422 and 'name="proof"' in desk.text, path
        assert desk.post(path, **form | {"amount": "1", "reason": "other"}).status_code == 422, "no words"
    second = desk.colleague("manager", proven=True)
    for path, reason in paths.items():
        form = {"currency": "USD", "reason": reason, "nonce": "a-gift-for-two-people"}
        assert second.post(path, **form, amount="1000.01").status_code == 409, path
        assert "above the limit of one person" in second.words
        assert second.post(path, **form, amount="600").status_code == 200
        sliced = second.post(path, **form | {"nonce": "a-gift-in-two-slices"}, amount="600")
        assert sliced.status_code == 409, "a sum in slices is the same sum"
    assert desk.acts() == ["goodwill.given", "credit_note.made"] and desk.books_are_sound()


def test_alone_in_the_house_a_proven_owner_gives_but_never_more_than_was_billed(db: Database, tmp_path: Path) -> None:
    desk = debtors_desk(db, tmp_path, 5_000_00)
    form = {"currency": "USD", "reason": "thanks", "nonce": "a-gift-of-the-owner"}
    assert desk.post("/goodwill", **form, amount="5000.01").status_code == 422 and "ever billed" in desk.words
    desk.post("/goodwill", **form, amount="5000")
    desk.post("/goodwill", **form, amount="5000", proof=code_at(desk.rt.now(), later=1))
    assert desk.acts() == ["goodwill.given"] and desk.left() == [0]


@pytest.mark.parametrize(("day", "said"), [
    ("0001-01-01", "lies before 1990"), ("1989-12-31", "lies before 1990"), ("2026-W45-2", "choose a day"),
    ("20261101", "choose a day"), ("٢٠٢٦-١١-٠١", "choose a day"), ("2026-11-31", "choose a day"),
    ("2999-01-01", "still to come")])
def test_an_absurd_day_is_refused_in_words(db: Database, tmp_path: Path, day: str, said: str) -> None:
    desk = debtors_desk(db, tmp_path, 100_00, role="agent")
    answer = desk.post("/payments/record", channel="cash", currency="USD", amount="5", received_on=day,
                       nonce="money-of-another-age")
    assert answer.status_code == 422 and said in desk.words and desk.acts() == []


def test_an_absurd_sum_is_refused_in_words(db: Database, tmp_path: Path) -> None:
    desk = debtors_desk(db, tmp_path, 100_00, role="agent")
    form = {"channel": "cash", "currency": "USD", "received_on": "2026-11-01", "nonce": "money-beyond-measure"}
    answer = desk.post("/payments/record", **form, amount="1000.01")
    assert answer.status_code == 422 and "10 times all that was ever billed" in desk.words and desk.acts() == []
    assert desk.post("/payments/record", back=False, **form, amount="1000").status_code == 303


def test_the_refund_form_sent_four_times_at_once_sends_one_refund(at_stripe: tuple[Desk, Shop]) -> None:
    desk, shop = at_stripe
    shop.stripe.control.press(shop.pay_page(desk.owed, total=100_00), "pay")
    shop.hear()
    payment, access = the_payment(shop).public_id, desk.access("manager")
    refused = at_once(*[lambda: approvals.refund(desk.rt, access, payment, 20_00, "agreed", expected=100_00)] * 4)
    assert sent_back(desk) == [20_00]
    assert [error.code for error in refused if isinstance(error, Refusal)] == ["refund_moved_on"] * 3
    desk.assert_sound()
