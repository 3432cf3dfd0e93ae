"""How was this for you? One press after paying, on the page or by the receipt's link; looking is no answer."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from portal.models import AuditEvent, Feedback, Payment, PolicyVersion, lock_debtor
from portal.services import feedback, feedback_links, personal_data, timeline
from portal.services.timeline.entry import Scope
from portal.words.core import speak
from tests.access.visitor import Browser, House
from tests.account.conftest import inside
from tests.cast import NOON, Owed, make_debtor, make_link, someone_owes
from tests.ledger.stories import received, start_payment, tell


def paid(house: House, owed: Owed) -> Payment:
    payment = start_payment(house.db, owed, (owed.invoices[0], 100_00))
    tell(house.db, received(payment))
    return payment


def link_of(house: House, payment: Payment) -> str:
    return feedback_links.url_of(house.rt.settings, payment.public_id, house.clock.now)


def press(browser: Browser, path: str) -> int:
    """Press with the proof of whatever form the page in hand has."""
    browser.get("/pay")
    token = dict(browser.forms()[0].form_values())["csrf_token"]
    return browser.post(path, {"csrf_token": token, "score": "1"}).status_code


def rows(house: House) -> list[tuple[int, str]]:
    with house.db.reading() as session:
        return [(row.score, row.body) for row in session.scalars(select(Feedback).order_by(Feedback.id))]


def acts(house: House) -> int:
    with house.db.reading() as session:
        return len(session.scalars(select(AuditEvent.id).where(AuditEvent.act == "feedback.given")).all())


def test_one_press_on_the_page_after_paying_and_words_only_if_they_like(house: House) -> None:
    owed = someone_owes(house.db, 100_00)
    payment = paid(house, owed)
    browser = inside(house, owed.link)
    page = f"/payments/{payment.public_id}"
    browser.get(page)
    assert "How was this for you?" in browser.words and rows(house) == []
    browser.send(f"{page}/feedback", score="3")
    assert "You said: Easy." in browser.words and rows(house) == [(3, "")]
    browser.send(f"{page}/feedback", words="  Quick & kind <b>people</b>.\r\nThanks ")
    assert rows(house) == [(3, "Quick & kind <b>people</b>.\nThanks")]
    assert "Your words have reached us." in browser.words and "<b>people" not in browser.text
    browser.send(f"{page}/feedback", score="1")
    assert rows(house) == [(1, "Quick & kind <b>people</b>.\nThanks")], "a press replaces the first: one a payment"
    assert acts(house) == 3
    browser.send(f"{page}/feedback", score="1")
    assert acts(house) == 3, "the same again changes nothing"


def test_the_receipt_s_link_opens_the_question_and_nothing_of_any_money(house: House) -> None:
    owed = someone_owes(house.db, 100_00)
    payment = paid(house, owed)
    address, browser = link_of(house, payment), house.browser()
    before = house.digest()
    for _ in range(3):
        browser.get(address)
    assert house.digest() == before, "mail scanners read it, and that is no answer"
    assert "How was this for you?" in browser.words
    for secret in ("100.00", owed.invoices[0].number, owed.debtor.name, payment.number):
        assert secret not in browser.words
    browser.send(address.removeprefix("http://portal.test"), score="2")
    assert "You said: All right." in browser.words and rows(house) == [(2, "")]
    browser.get("/balance")
    assert browser.path != "/balance", "it opens no page of theirs"


@pytest.mark.parametrize("score", ["0", "4", "-1", "3.0", "three", "", "1" * 200])
def test_an_answer_nobody_was_offered_is_refused_in_words(house: House, score: str) -> None:
    owed = someone_owes(house.db, 100_00)
    address, browser = link_of(house, paid(house, owed)), house.browser()
    browser.get(address)
    answer = browser.send(address.removeprefix("http://portal.test"), score=score)
    assert answer.status_code == 422 and "Please press one of the three." in browser.words
    assert rows(house) == [] and acts(house) == 0


def test_words_without_a_press_and_endless_words_are_refused(house: House) -> None:
    owed = someone_owes(house.db, 100_00)
    address, browser = link_of(house, paid(house, owed)), house.browser()
    path = address.removeprefix("http://portal.test")
    browser.get(address)
    assert browser.send(path, words="Only words").status_code == 422 and rows(house) == []
    browser.get(address)
    browser.send(path, score="1")
    assert browser.send(path, words="x" * 1_001).status_code == 422
    assert "At most 1000 characters fit here." in browser.words and rows(house) == [(1, "")]


def test_links_that_ended_or_were_altered_and_payments_of_others_are_not_there(house: House) -> None:
    owed = someone_owes(house.db, 100_00)
    payment = paid(house, owed)
    address = link_of(house, payment)
    assert house.browser().get(address[:-2] + "xx").status_code == 404
    with house.db.transaction() as session:
        neighbour = make_debtor(session, owed.business, greeting_name="Otis")
        link = make_link(session, neighbour)
    other = inside(house, link)
    assert press(other, f"/payments/{payment.public_id}/feedback") == 404
    assert rows(house) == []
    house.clock.now = NOON + timedelta(days=91)
    assert house.browser().get(address).status_code == 404


def test_a_payment_that_has_not_arrived_and_a_business_that_does_not_ask(house: House) -> None:
    owed = someone_owes(house.db, 100_00, 50_00)
    open_one = start_payment(house.db, owed, (owed.invoices[1], 50_00))
    browser = inside(house, owed.link)
    browser.get(f"/payments/{open_one.public_id}")
    assert "How was this for you?" not in browser.words
    assert press(browser, f"/payments/{open_one.public_id}/feedback") == 404
    payment = paid(house, owed)
    with house.db.transaction() as session:
        session.add(PolicyVersion(
            business_id=owed.business.id, version=2, rules={"ask_feedback": False}, created_at=NOON))
    browser.get(f"/payments/{payment.public_id}")
    assert "How was this for you?" not in browser.words and rows(house) == []


def test_who_reads_spanish_is_asked_in_spanish(house: House) -> None:
    owed = someone_owes(house.db, 100_00, locale="es")
    browser = house.browser()
    browser.get(link_of(house, paid(house, owed)))
    assert "¿Cómo le ha resultado?" in browser.words and "Fácil" in browser.words


def test_what_they_said_stands_in_the_timeline_is_taken_out_and_erased(house: House) -> None:
    owed = someone_owes(house.db, 100_00)
    payment = paid(house, owed)
    feedback.answer(house.rt, link_of(house, payment).rsplit("/", 1)[1], score=3, body="Quick & kind")
    scope = Scope(owed.business.id, owed.debtor.id, house.clock.now)
    with house.db.transaction() as session:
        debtor = lock_debtor(session, owed.business.id, owed.debtor.id)
        assert debtor is not None
        told = timeline.page(session, scope, group="talk").entries[0]
        assert (told.title.by(speak("en", "UTC")), told.quote) == ("Said how it was: Easy", "Quick & kind")
        assert personal_data.take_out(session, debtor)["feedback"][0]["words"] == "Quick & kind"
        assert personal_data.erase(session, debtor, house.clock.now)["feedback"] == 1
    assert rows(house) == [(3, "")]
