"""Letters on paper: a last look before the printer, the sums of now, codes that open, the same text again."""

from __future__ import annotations

import io
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from pypdf import PdfReader
from sqlalchemy import select

from portal.db import Database
from portal.domain.errors import Refusal
from portal.gateways import qr
from portal.models import Business, Debtor, Hold, PaperLetter, Payment, PortalLink
from portal.services import consents, letter_desk, letter_print, links, paper_letters, personal_data
from portal.services.paper_letters import LetterStep
from tests.cast import NOON
from tests.ledger.stories import received, refunded, start_payment, tell
from tests.office.desk import Desk, open_desk
from tests.office.people import form_token
from tests.office.test_debtor_money import at_once

ADDRESS = "12 Harbour Road\nAstoria, OR 97103"


def posted(db: Database, folder: Path, *totals: int, **changes: Any) -> Desk:
    """A desk whose debtor can be reached by post."""
    desk = open_desk(db, folder, *totals, **changes)
    with db.transaction() as session:
        session.get_one(Debtor, desk.owed.debtor.id).postal_address = ADDRESS
    return desk


def ask(desk: Desk, *places: int, tone: str = "formal", step: str = "step-1") -> None:
    """Let a step of a cadence ask for a letter, as the sweep does."""
    with desk.db.transaction() as session:
        debtor = session.get_one(Debtor, desk.owed.debtor.id)
        rows = paper_letters.rows_for(
            debtor, [LetterStep(0, step, tone, [desk.owed.invoices[place].id for place in places])],
            local_day=NOON.date(), now=NOON)
        paper_letters.write_rows(session, rows)


def letters(desk: Desk) -> list[PaperLetter]:
    with desk.db.reading() as session:
        return list(session.scalars(select(PaperLetter).order_by(PaperLetter.id)))


def text_of(pdf: bytes) -> str:
    reader = PdfReader(io.BytesIO(pdf))
    return " ".join(" ".join(page.extract_text() for page in reader.pages).replace("\u200b", "").split())


def office(desk: Desk, path: str, **typed: Any) -> Any:
    """Post a form of the queue."""
    base = desk.rt.settings.base_url
    return desk.client.post(f"/office{path}", base_url=base, data={"csrf_token": form_token(desk.client), **typed},
                            headers={"Referer": base + "/office/"}, follow_redirects=False)


def test_a_formal_letter_names_sums_day_address_and_ways_to_pay(db: Database, tmp_path: Path) -> None:
    desk = posted(db, tmp_path, 100_00, 80_00, role="agent")
    ask(desk, 0, 1)
    answer = office(desk, "/letters/print")
    assert answer.status_code == 200 and answer.mimetype == "application/pdf"
    assert "attachment" in answer.headers["Content-Disposition"]
    said = text_of(answer.data)
    for words in ("Formal request to pay", "Helen Okafor", "12 Harbour Road", "Astoria, OR 97103", "Hello Helen,",
                  "$100.00", "$80.00", "$180.00", "Please pay by", "November 20, 2026", "Account number",
                  "0044 1187 2093", "works until December 10, 2026", "Priya Marsh",
                  desk.owed.invoices[0].number, desk.owed.invoices[1].number):
        assert words in said, words
    assert desk.acts() == ["letters.made"]
    with db.reading() as session:
        link = session.scalars(select(PortalLink).order_by(PortalLink.id.desc())).first()
    assert link is not None and link.purpose == "account" and link.expires_at == NOON + timedelta(days=30)
    # It opens the page, but not without the check.
    browser = desk.app.test_client()
    opened = browser.get(links.url_of(desk.rt.settings, link).removeprefix(desk.rt.settings.base_url),
                         base_url=desk.rt.settings.base_url, follow_redirects=True)
    assert "Okafor" not in opened.get_data(as_text=True) and "100.00" not in opened.get_data(as_text=True)


def test_a_printed_letter_is_the_same_text_again_whatever_happened_since(db: Database, tmp_path: Path) -> None:
    desk = posted(db, tmp_path, 100_00)
    ask(desk, 0)
    first = office(desk, "/letters/print").data
    (letter,) = letters(desk)
    assert office(desk, "/letters/printed", letters=letter.public_id).status_code == 303
    tell(db, received(start_payment(db, desk.owed, (desk.owed.invoices[0], 100_00))))
    with db.transaction() as session:
        session.get_one(Business, desk.owed.business.id).name = "Somebody Else"
        session.get_one(Debtor, desk.owed.debtor.id).name = "Renamed"
    desk.get()
    assert "Letter printed: Formal request to pay" in desk.words
    desk.clock.pass_time(days=3)
    again = letter_desk.again(desk.rt, desk.access, letter.public_id).content
    assert text_of(again) == text_of(first) and "Renamed" not in text_of(again)
    assert (letters(desk)[0].state, letters(desk)[0].printed_at) == ("printed", NOON)


@pytest.mark.parametrize(("before", "reason"), [
    ("paid", "nothing_left"), ("held", "held"), ("refused", "letters_refused"), ("moved", "no_postal_address"),
    ("paused", "paused")])
def test_what_may_not_go_any_more_is_dropped_with_its_reason(
        db: Database, tmp_path: Path, before: str, reason: str) -> None:
    desk = posted(db, tmp_path, 100_00)
    ask(desk, 0)
    if before == "paid":
        tell(db, received(start_payment(db, desk.owed, (desk.owed.invoices[0], 100_00))))
    with db.transaction() as session:
        debtor = session.get_one(Debtor, desk.owed.debtor.id)
        if before == "held":
            session.add(Hold(business_id=debtor.business_id, debtor_id=debtor.id, reminders=True, cause="dispute",
                             starts_at=NOON))
        if before == "refused":
            consents.say(session, NOON, debtor, "letter", given=False, source="by_phone")
        if before == "moved":
            debtor.postal_address = ""
        if before == "paused":
            session.get_one(Business, debtor.business_id).paused_at = NOON
    answer = office(desk, "/letters/print")
    assert answer.status_code == 409 and "Nothing is left to print" in answer.get_data(as_text=True)
    (letter,) = letters(desk)
    assert (letter.state, letter.reason, letter.dropped_at) == ("dropped", reason, NOON)
    with pytest.raises(Refusal) as refusal:
        letter_desk.print_waiting(desk.rt, desk.access)
    assert refusal.value.code == "no_letters"
    desk.get()
    assert "Letter not printed: Formal request to pay" in desk.words


def test_only_what_is_still_owed_of_it_is_asked_for(db: Database, tmp_path: Path) -> None:
    desk = posted(db, tmp_path, 100_00, 80_00)
    ask(desk, 0, 1)
    tell(db, received(start_payment(db, desk.owed, (desk.owed.invoices[0], 100_00))))
    said = text_of(office(desk, "/letters/print").data)
    assert "$80.00" in said and "$100.00" not in said and "$180.00" not in said


def test_the_same_step_asks_once_and_two_at_the_printer_note_it_once(db: Database, tmp_path: Path) -> None:
    desk = posted(db, tmp_path, 100_00)
    ask(desk, 0)
    ask(desk, 0)
    assert len(letters(desk)) == 1
    assert at_once(*[lambda: letter_desk.print_waiting(desk.rt, desk.access)] * 2) == []
    ids = (letters(desk)[0].public_id,)
    assert at_once(*[lambda: letter_desk.note_printed(desk.rt, desk.access, ids)] * 3) == []
    assert desk.acts().count("letters.printed") == 1


def test_the_queue_shows_waiting_printed_and_dropped(db: Database, tmp_path: Path) -> None:
    desk = posted(db, tmp_path, 100_00, role="agent")
    for tone in ("friendly", "final"):
        ask(desk, 0, tone=tone, step=f"step-{tone}")

    def page(show: str = "waiting") -> str:
        desk.page = desk.client.get(f"/office/letters?show={show}", base_url=desk.rt.settings.base_url)
        return desk.words

    assert "Friendly reminder" in page() and "Last notice" in page() and "not yet" in page()
    first, second = letters(desk)
    assert office(desk, f"/letters/{second.public_id}/drop").status_code == 303
    assert "Last notice" not in page() and "Somebody took it out of the queue." in page("dropped")
    assert office(desk, "/letters/printed", letters=first.public_id).status_code == 303
    assert letters(desk)[0].state == "waiting", "what was never made ready cannot have been printed"
    office(desk, "/letters/print")
    assert office(desk, "/letters/printed").status_code == 422
    office(desk, "/letters/printed", letters=first.public_id)
    assert "Friendly reminder" in page("printed") and "No letter waits" in page()
    assert office(desk, f"/letters/{first.public_id}/drop").status_code == 409
    assert page("elsewhere") and desk.page is not None and desk.page.status_code == 404
    assert desk.acts() == ["letter.dropped", "letters.made", "letters.printed"]


def test_staff_write_a_letter_by_hand_and_one_that_says_paid_in_full(db: Database, tmp_path: Path) -> None:
    desk = open_desk(db, tmp_path, 100_00, 80_00)
    first, second = desk.owed.invoices
    desk.get("/letter")
    assert "There is no postal address on file." in desk.words
    desk.get("/contact")
    desk.send("/contact", postal_address="  12 Harbour Road \r\n\r\nAstoria,  OR 97103\r\n")
    assert desk.debtor().postal_address == ADDRESS
    desk.get("/letter")
    desk.send("/letter", kind="paid_in_full", invoices=first.public_id)
    assert "so they are not paid in full" in desk.words
    desk.send("/letter", kind="final", invoices=first.public_id)
    assert "The letter waits for the printer." in desk.text
    tell(db, received(start_payment(db, desk.owed, (second, 80_00))))
    desk.get("/letter")
    desk.send("/letter", kind="final", invoices=second.public_id)
    assert "A letter that confirms the payment is right." in desk.words
    desk.get("/letter")
    desk.send("/letter", kind="paid_in_full", invoices=second.public_id)
    said = text_of(office(desk, "/letters/print").data)
    assert "Last notice" in said and "After that we may ask others to pursue it for us" in said
    assert "Paid in full, thank you" in said and "Nothing of it is left to pay." in said
    assert len(PdfReader(io.BytesIO(office(desk, "/letters/print").data)).pages) == 2
    # A payment that is taken back before the printer ran turns the confirmation into a lie.
    with db.reading() as session:
        payment = session.scalars(select(Payment)).one()
    tell(db, refunded(payment, 80_00))
    office(desk, "/letters/print")
    assert [(one.kind, one.reason) for one in letters(desk) if one.state == "dropped"] == [
        ("paid_in_full", "owed_again")]


def test_letters_are_printed_into_a_folder_by_command(db: Database, tmp_path: Path) -> None:
    desk = posted(db, tmp_path, 100_00)
    ask(desk, 0)
    folder = tmp_path / "post"
    folder.mkdir()
    run = desk.app.test_cli_runner()
    done = run.invoke(args=["letters", "print", str(folder), "--business", desk.owed.business.slug])
    assert done.output.strip() == "1 letters" and done.exit_code == 0, done.output
    (file,) = folder.iterdir()
    assert "Formal request to pay" in text_of(file.read_bytes()) and letters(desk)[0].state == "printed"
    assert run.invoke(args=["letters", "print", str(folder), "--business", desk.owed.business.slug]).output.strip() \
        == "0 letters"
    assert run.invoke(args=["letters", "print", str(folder), "--business", "nobody"]).exit_code == 1


def test_european_letters_carry_a_code_for_banking_apps(db: Database, tmp_path: Path) -> None:
    desk = posted(db, tmp_path, 100_00, currency="EUR", country="ES",
                  bank_details=[["IBAN", "ES91 2100 0418 4502 0005 1332"]])
    ask(desk, 0)
    said = text_of(office(desk, "/letters/print").data)
    assert "Scan this with your banking app for the transfer." in said
    (letter,) = letters(desk)
    assert letter.contents["transfer"]["iban"] == "ES9121000418450200051332"
    assert letter.contents["transfer"]["cents"] == 100_00
    assert qr.of_transfer(qr.EuroTransfer(**letter.contents["transfer"])) is not None
    assert qr.of_transfer(qr.EuroTransfer("A", "not an iban", 100_00, "")) is None
    assert qr.of_transfer(qr.EuroTransfer("A", "ES9121000418450200051332", 0, "")) is None


def test_an_erased_person_leaves_no_words_in_letters(db: Database, tmp_path: Path) -> None:
    desk = posted(db, tmp_path, 100_00)
    ask(desk, 0)
    office(desk, "/letters/print")
    with db.reading() as session:
        taken = personal_data.take_out(session, desk.debtor())
    assert "12 Harbour Road" in str(taken["papers"]["letters"][0]["words"]["to"])
    assert taken["person"]["postal_address"] == ADDRESS
    with db.transaction() as session:
        personal_data.erase(session, session.get_one(Debtor, desk.owed.debtor.id), NOON)
    (letter,) = letters(desk)
    assert (letter.state, letter.reason, letter.contents) == ("dropped", "erased", {"invoices": []})
    assert desk.debtor().postal_address == "" and not letter_print.is_ready(letter)
