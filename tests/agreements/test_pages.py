"""Reading and signing on the page, what is kept of it there, a copy on paper, and the check anybody can make."""

from __future__ import annotations

import hashlib
import io
from dataclasses import replace
from pathlib import Path

import pytest
from pypdf import PdfReader
from sqlalchemy import select

from portal.db import Database
from portal.domain.errors import Refusal
from portal.models import Debtor, PaperLetter
from portal.services import agreement_papers, letter_desk, personal_data
from portal.services.history import history
from tests.access.visitor import Browser, House
from tests.account.conftest import inside
from tests.agreements.signing import NAME, prepare
from tests.cast import Clock
from tests.office.books import Desk, open_desk
from tests.plans.test_builder import carried

CHOSEN = "/plan?currency=USD&every=monthly&first=2026-12-05&by=n&n=4&autopay=no"


@pytest.fixture
def desk(db: Database, tmp_path: Path) -> Desk:
    return open_desk(db, tmp_path, 100_00, 60_00)


def house_of(desk: Desk) -> House:
    return House(desk.app, desk.rt, desk.rt.db, Clock())


def status(browser: Browser) -> int:
    assert browser.page is not None
    return browser.page.status_code


def test_read_consent_name_and_code_are_asked_once_and_then_it_is_signed(desk: Desk) -> None:
    house = house_of(desk)
    browser = inside(house, desk.owed.link)
    browser.get(CHOSEN)
    browser.post("/plan", carried(browser, "/plan"))
    path = browser.path
    assert path.startswith("/sign/") and "free of charge" in browser.words
    browser.send(path, name=NAME, do="code")
    assert status(browser) == 422 and "please tick that you agree" in browser.words and NAME in browser.text
    browser.send(path, name=" ", do="code", consent="electronic_records")
    assert "Please type your full name." in browser.words
    browser.send(path, name="Helen", do="code", consent="electronic_records")
    assert "type your first and your last name" in browser.words and "Helen is my whole name." in browser.words
    browser.send(path, name="Grace Hopper", do="code", consent="electronic_records", confirmed="Helen")
    assert "I sign as Grace Hopper, for Helen Okafor." in browser.words and house.emails("code") == []
    browser.send(path, name="Grace Hopper", do="code", consent="electronic_records", confirmed="Grace Hopper")
    assert "We have emailed you six digits" in browser.words and "Signed as Grace Hopper" in browser.words
    browser.get(path)
    browser.send(path, name=NAME, do="code", consent="electronic_records")
    assert "We have emailed you six digits" in browser.words and f"Signed as {NAME}" in browser.words
    assert "it signs the agreement that you have read there" in " ".join(house.emails("code")[0].body_text.split())
    browser.send(path, code="000000", do="sign")
    assert "did not match" in browser.words and NAME in browser.text, "what was typed is asked for once"
    signed = browser.send(path, code=house.newest_code(), do="sign")
    assert signed.status_code == 200 and "code.sent" in desk.acts()
    assert desk.acts().count("agreement.signed") == 1
    browser.get(path)
    assert browser.path.startswith("/agreements/")


def test_what_was_read_must_be_what_is_signed(desk: Desk) -> None:
    browser = inside(house_of(desk), desk.owed.link)
    browser.get(CHOSEN)
    browser.post("/plan", carried(browser, "/plan"))
    browser.send(browser.path, name=NAME, do="code", consent="electronic_records", seen="0" * 64)
    assert status(browser) == 409 and "has changed since you read it" in browser.words
    assert house_of(desk).emails("code") == []


def test_the_signed_agreement_is_on_the_page_on_paper_and_in_the_office(desk: Desk) -> None:
    agreement = prepare(desk.rt, desk.owed).sign()
    browser = inside(house_of(desk), desk.owed.link)
    page = f"/agreements/{agreement.public_id}"
    browser.get(page)
    assert "the rest of 20.00 is let go" in browser.words and agreement.fingerprint[:8] in browser.words
    browser.send(f"{page}/paper")
    assert "We have no postal address of yours." in browser.words
    with desk.rt.db.transaction() as session:
        session.get_one(Debtor, desk.owed.debtor.id).postal_address = "12 Fern Lane\nSalem, OR 97301"
    for _ in range(2):
        browser.get("/agreements")
        proof = carried(browser, "/signing-consent/withdraw")["csrf_token"]
        browser.post(f"{page}/paper", {"csrf_token": proof})
    browser.get(page)
    assert "You asked for it on paper" in browser.words
    browser.get("/history")
    assert "You signed a settlement" in browser.words and f'href="{page}/agreement.pdf"' in browser.text
    others = frozenset({desk.owed.invoices[1].id})
    assert history(desk.rt, replace(desk.owed.access, invoice_ids=others)).entries == (), "a narrow link hears nothing"
    with desk.rt.db.reading() as session:
        assert len(session.scalars(select(PaperLetter)).all()) == 1
    stack = letter_desk.print_waiting(desk.rt, desk.access("agent"))
    printed = " ".join("".join(one.extract_text() for one in PdfReader(io.BytesIO(stack.content)).pages).split())
    assert "Your agreement on paper" in printed and "the rest of 20.00 is let go" in printed
    seat = desk.as_("agent")
    saved = seat.get(f"/office/agreements/{agreement.public_id}")
    assert saved.mimetype == "application/pdf" and "attachment" in saved.headers["Content-Disposition"]
    shown = seat.get(f"/office/debtors/{desk.owed.debtor.public_id}").get_data(as_text=True)
    assert "They signed a settlement" in shown and f"/office/agreements/{agreement.public_id}" in shown


def test_consent_is_taken_back_on_its_page(desk: Desk) -> None:
    prepare(desk.rt, desk.owed).sign()
    browser = inside(house_of(desk), desk.owed.link)
    browser.get("/agreements")
    assert "You agreed to this on" in browser.words and "Settlement, signed on" in browser.words
    browser.send("/signing-consent/withdraw")
    assert "It is taken back." in browser.words and "You have not agreed to this." in browser.words


def test_anybody_can_check_it_and_learns_nothing_else_even_after_an_erasure(desk: Desk) -> None:
    agreement = prepare(desk.rt, desk.owed).sign()
    pdf = agreement_papers.for_debtor(desk.rt, desk.owed.access, agreement.public_id).content
    anyone = house_of(desk).browser()

    def genuine(fingerprint: str) -> bool:
        anyone.get(f"/verify/{fingerprint}")
        assert not any(word in anyone.words for word in ("Marsh", "Helen", "80.00", "settlement"))
        assert "Genuine and unchanged." in anyone.words or status(anyone) == 404
        return status(anyone) == 200

    prints = (agreement.fingerprint, agreement.text_sha256, hashlib.sha256(pdf).hexdigest())
    assert all(genuine(one) for one in prints) and not genuine("0" * 64) and not genuine("x")
    anyone.get("/verify")
    anyone.send("/verify", fingerprint=agreement.fingerprint.upper()[:32] + " " + agreement.fingerprint[32:])
    assert status(anyone) == 200 and "Genuine" in anyone.words
    for content, expected in ((pdf, 200), (pdf[:-1] + b"?", 404), (b"", 422)):
        anyone.get("/verify")
        anyone.send("/verify", fingerprint="", file=(io.BytesIO(content), "agreement.pdf" if content else ""))
        assert status(anyone) == expected
    with desk.rt.db.transaction() as session:
        personal_data.erase(session, session.get_one(Debtor, desk.owed.debtor.id), desk.rt.now())
        session.get_one(Debtor, desk.owed.debtor.id).erased_at = desk.rt.now()
    assert all(genuine(one) for one in prints)
    with pytest.raises(Refusal, match="unknown_page"):
        agreement_papers.for_debtor(desk.rt, desk.owed.access, agreement.public_id)
