""""I already paid" from both sides: told once, looked for, found or not, and reminders wait meanwhile."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from portal.db import Database
from portal.domain.errors import Refusal
from portal.models import Debtor, Hold, Message, PaymentClaim
from portal.services import askable, claim_answers, claim_findings, payment_claims
from portal.services.payment_claims import Told
from tests.access.visitor import Browser, House
from tests.account.conftest import inside
from tests.cast import NOON, Clock
from tests.ledger.stories import received, start_payment, tell
from tests.office.books import Desk, open_desk
from tests.office.test_bank import GERMAN, left, postings, take

PAID_ON = date(2026, 11, 5)
TOLD = Told(100_00, "USD", PAID_ON, "transfer", "Helen O", "From my savings account")
AT_THE_DOOR = ("link.opened", "identity.passed")


@pytest.fixture
def desk(db: Database, tmp_path: Path) -> Desk:
    return open_desk(db, tmp_path, 100_00, 60_00)


def claim(desk: Desk, **changes: object) -> str:
    return payment_claims.claim(desk.rt, desk.owed.access, replace(TOLD, **changes))  # type: ignore[arg-type]


def the(desk: Desk, public_id: str) -> PaymentClaim:
    with desk.rt.db.reading() as session:
        return session.scalars(select(PaymentClaim).where(PaymentClaim.public_id == public_id)).one()


def may_ask(desk: Desk, days: int) -> int:
    with desk.rt.db.reading() as session:
        debtor = session.get_one(Debtor, desk.owed.debtor.id)
        return len(askable.askable(session, NOON + timedelta(days=days), debtor).invoices)


def held(desk: Desk, claim_id: str) -> int:
    with desk.rt.db.reading() as session:
        return len(session.scalars(select(Hold).where(Hold.cause_id == claim_id, Hold.released_at.is_(None))).all())


def page(desk: Desk) -> Browser:
    return inside(House(desk.app, desk.rt, desk.rt.db, Clock()), desk.owed.link)


def code_of(work: object, *args: object, **more: object) -> str:
    with pytest.raises(Refusal) as caught:
        work(*args, **more)  # type: ignore[operator]
    return caught.value.code


def test_from_help_to_the_answer(desk: Desk) -> None:
    browser = page(desk)
    browser.get("/help")
    browser.get("/already-paid")
    browser.send("/already-paid", amount="100.00", paid_on="2026-11-05", way="transfer", reference="Helen O")
    assert "We are looking for your payment." in browser.words and "$100.00" in browser.words
    assert "by Friday, November 13" in browser.words
    assert may_ask(desk, 9) == 0 and may_ask(desk, 11) == 2, "reminders wait ten days and not for ever"
    claim_id = browser.path.rsplit("/", 1)[1]
    claim_answers.reject(desk.rt, desk.access("agent"), claim_id, words="Which account did it leave from?")
    browser.get(f"/already-paid/{claim_id}")
    assert "We have not found it yet." in browser.words and "Which account did it leave from?" in browser.words
    assert may_ask(desk, 1) == 2
    with desk.rt.db.reading() as session:
        told = session.scalars(select(Message).where(Message.kind == "answer")).one()
        assert "has not found it yet" in told.body_text or "have not found it yet" in told.body_text
    assert desk.acts(*AT_THE_DOOR) == ["claim.made", "claim.rejected"]


def test_staff_say_which_payment_it_is(desk: Desk) -> None:
    claim_id = claim(desk)
    payment = start_payment(desk.rt.db, desk.owed, (desk.owed.invoices[0], 100_00))
    tell(desk.rt.db, received(payment))
    with desk.rt.db.reading() as session:
        found = claim_answers.candidates(session, claim_answers.find(session, desk.access("agent"), claim_id))
    assert [(one.number, one.same) for one in found] == [(payment.number, True)]
    assert code_of(claim_answers.match, desk.rt, desk.access("agent"), claim_id, "nobody's") == "pick_one"
    claim_answers.match(desk.rt, desk.access("agent"), claim_id, payment.public_id)
    assert (the(desk, claim_id).state, the(desk, claim_id).payment_id) == ("matched", payment.id)
    assert code_of(claim_answers.reject, desk.rt, desk.access("agent"), claim_id, words="No") == "claim_decided"
    assert code_of(payment_claims.withdraw, desk.rt, desk.owed.access, claim_id) == "claim_decided"


def test_the_office_answers_from_the_line(desk: Desk) -> None:
    claim_id = claim(desk)
    seat = desk.as_("agent")
    shown = seat.get(f"/office/requests/claims/{claim_id}").get_data(as_text=True)
    assert "From my savings account" in shown and "Record $100.00 now" in shown and "bank statement" not in shown
    card = claim(desk, way="card", paid_on=PAID_ON - timedelta(days=1))
    shown = seat.get(f"/office/requests/claims/{card}").get_data(as_text=True)
    assert "Nothing has come in from them yet." in shown and "Record $" not in shown, "Stripe tells of cards"
    assert code_of(claim_findings.found, desk.rt, desk.access("agent"), card, "record") == "pick_one"
    refused = seat.post(f"/office/requests/claims/{claim_id}", answer="not_found", words="")
    assert refused.status_code == 422
    done = seat.post(f"/office/requests/claims/{claim_id}", answer="not_found", words="Please send the bank's slip.")
    assert done.status_code == 303 and the(desk, claim_id).state == "rejected"


@pytest.mark.parametrize("pick", ["record", "line"])
def test_found_it_is_this_money_books_it_once_and_answers(desk: Desk, pick: str) -> None:
    claim_id, seat = claim(desk), desk.as_("agent")
    if pick == "line":
        take(seat, GERMAN)
        shown = seat.get(f"/office/requests/claims/{claim_id}").get_data(as_text=True)
        assert "$100.00 on the bank statement, from OKAFOR HELEN" in shown and "$1,234.56" not in shown
        pick = re.findall(r'value="(line\.[^"]+)"', shown)[0]
    done = seat.post(f"/office/requests/claims/{claim_id}", answer="found", pick=pick, words="Here it is.")
    assert done.status_code == 303 and left(desk) == [0, 60_00] and postings(desk) == 1
    assert the(desk, claim_id).state == "matched" and the(desk, claim_id).answer == "Here it is."
    assert code_of(claim_findings.found, desk.rt, desk.access("agent"), claim_id, pick) in (
        "claim_decided", "bank_line_decided")
    assert postings(desk) == 1 and "payment.recorded" in desk.acts() and "claim.matched" in desk.acts()
    again = claim(desk, words="And once more")
    assert code_of(claim_findings.found, desk.rt, desk.access("viewer"), again, "record") == "role_may_not"
    desk.assert_sound()


def test_a_line_that_was_somebody_elses_lets_the_claim_wait_anew(desk: Desk) -> None:
    claim_id, seat = claim(desk), desk.as_("agent")
    take(seat, GERMAN)
    shown = seat.get(f"/office/requests/claims/{claim_id}").get_data(as_text=True)
    pick = re.findall(r'value="(line\.[^"]+)"', shown)[0]
    for times in (1, 2):
        assert seat.post(f"/office/requests/claims/{claim_id}", answer="found", pick=pick).status_code == 303
        assert the(desk, claim_id).state == "matched" and held(desk, claim_id) == 0
        seat.post(f"/office/bank/lines/{pick.removeprefix('line.')}/undo")
        assert the(desk, claim_id).state == "waiting" and the(desk, claim_id).payment_id is None
        assert held(desk, claim_id) > 0 and desk.acts().count("claim.reopened") == times
        assert isinstance(desk.rt.clock, Clock)
        desk.rt.clock.pass_time(minutes=1)
    with desk.rt.db.reading() as session:
        told = session.scalars(select(Message).where(Message.key.startswith("claim_answered:"))).all()
    assert len(told) == 2, "each answer leaves by email"
    desk.assert_sound()


def test_told_twice_it_is_one_and_three_wait_at_most(desk: Desk) -> None:
    first = claim(desk)
    assert claim(desk) == first
    for days in (1, 2):
        claim(desk, paid_on=PAID_ON - timedelta(days=days))
    assert code_of(claim, desk, paid_on=PAID_ON - timedelta(days=9)) == "claims_wait"
    payment_claims.withdraw(desk.rt, desk.owed.access, first)
    payment_claims.withdraw(desk.rt, desk.owed.access, first)
    assert the(desk, first).state == "withdrawn"
    with desk.rt.db.reading() as session:
        left = session.scalars(select(Hold.cause_id).where(Hold.released_at.is_(None)).distinct()).all()
    assert first not in left and len(left) == 2


@pytest.mark.parametrize(("changes", "code"), [
    ({"amount_minor": 0}, "amount_negative"), ({"amount_minor": -5}, "amount_negative"),
    ({"paid_on": date(2026, 11, 11)}, "day_to_come"), ({"paid_on": date(2020, 1, 1)}, "day_too_far"),
    ({"way": "pigeon"}, "unknown_way"), ({"currency": "EUR"}, "nothing_open"),
    ({"words": "x" * 2_001}, "words_too_long"),
])
def test_bad_input_is_refused_and_leaves_nothing(desk: Desk, changes: dict[str, object], code: str) -> None:
    assert code_of(claim, desk, **changes) == code
    assert desk.acts() == []


def test_what_was_typed_stands_again_beside_the_error(desk: Desk) -> None:
    browser = page(desk)
    browser.get("/already-paid")
    browser.send("/already-paid", amount="a lot", paid_on="2026-11-05", way="cash", reference="receipt 12")
    assert "digits only" in browser.words and "receipt 12" in browser.text and "2026-11-05" in browser.text
    browser.send("/already-paid", amount="100.00", paid_on="", way="cash", reference="receipt 12")
    assert "Please choose a day." in browser.words and desk.acts(*AT_THE_DOOR) == []


def test_a_narrow_link_sees_no_claim_about_other_invoices(desk: Desk) -> None:
    whole = claim(desk)
    narrow = replace(desk.owed.access, invoice_ids=frozenset({desk.owed.invoices[0].id}))
    assert code_of(payment_claims.one, desk.rt, narrow, whole) == "unknown_page"
    assert payment_claims.offered(desk.rt, narrow).claims == ()
    own = payment_claims.claim(desk.rt, narrow, TOLD)
    assert own != whole and payment_claims.one(desk.rt, narrow, own).public_id == own
