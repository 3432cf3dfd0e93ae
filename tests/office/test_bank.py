"""Bank statements: each line once, suggestions with their reasons, one posting for each yes, and a way back."""

from __future__ import annotations

import io
import re
from pathlib import Path

import pytest
from sqlalchemy import func, select

from portal.db import Database
from portal.domain.bank_matching import Candidate, suggest
from portal.domain.errors import Refusal
from portal.domain.quotes import Choice
from portal.models import BankLine, Debtor, Hold, LedgerTransfer, Payment, PaymentClaim, Payout
from portal.services import bank_lines, debtor_money, ledger, payment_claims, payments
from proofs.harness import at_once
from tests.cast import NOON, make_debtor, make_invoice
from tests.office.books import Desk, Seat, open_desk

GERMAN = ("Kontoauszug 2026\r\n\r\nBuchungstag;Auftraggeber;Verwendungszweck;Betrag;Währung\r\n"
          "03.11.2026;OKAFOR HELEN;Rechnung {0} danke;100,00;USD\r\n"
          "03.11.2026;OKAFOR HELEN;Rechnung {0} danke;100,00;USD\r\n"
          "04.11.2026;Somebody Else;ohne alles;1.234,56;USD\r\n"
          "05.11.2026;Power Company;Strom;-80,00;USD\r\n;;Saldo;;\r\n").encode()


@pytest.fixture
def desk(db: Database, tmp_path: Path) -> Desk:
    return open_desk(db, tmp_path, 100_00, 60_00)


def send(seat: Seat, data: bytes) -> str:
    answer = seat.post("/office/bank", file=(io.BytesIO(data), "bank.csv"))
    assert answer.status_code in (200, 422), answer.status_code
    return answer.text


def hidden(page: str) -> dict[str, str]:
    form = re.search(r'action="/office/bank/take-in".*?</form>', page, re.S)
    assert form is not None, page[:500]
    return dict(re.findall(r'name="([^"]+)" value="([^"]*)"', form[0]))


def take(seat: Seat, data: bytes) -> str:
    values = {name: value for name, value in hidden(send(seat, data)).items() if name != "csrf_token"}
    return seat.post("/office/bank/take-in", follow=True, **values).text


def lines(desk: Desk) -> list[BankLine]:
    with desk.rt.db.reading() as session:
        return list(session.scalars(select(BankLine).order_by(BankLine.id)))


def postings(desk: Desk) -> int:
    with desk.rt.db.reading() as session:
        return session.scalar(select(func.count()).select_from(LedgerTransfer).where(
            LedgerTransfer.kind == "manual_payment")) or 0


def left(desk: Desk) -> list[int]:
    with desk.rt.db.reading() as session:
        found = ledger.left_by_invoice(session, desk.owed.business.id, desk.owed.debtor.id)
    return [found[invoice.id] for invoice in desk.owed.invoices]


def test_a_statement_is_shown_first_and_each_line_is_stored_once(desk: Desk) -> None:
    seat, number = desk.as_("manager"), desk.owed.invoices[0].number
    data = GERMAN.replace(b"{0}", number.encode())
    page = send(seat, data)
    for words in ("Take in 4 new lines", "$1,434.56", "Auftraggeber", "Nothing is taken in yet"):
        assert words in page, words
    assert lines(desk) == [] and desk.acts() == []
    assert "Taken in: 4 new lines." in take(seat, data)
    assert [(one.amount_minor, one.state) for one in lines(desk)] == [
        (100_00, "waiting"), (100_00, "waiting"), (1_234_56, "waiting"), (-80_00, "out")]
    assert "Read as the last file with these columns was." in send(seat, data)
    later = data + b"06.11.2026;Neu;x;5,00;USD\r\n"
    assert "Taken in: 1 new line." in take(desk.as_("second"), later) and len(lines(desk)) == 5
    assert "here already" in take(seat, data) and desk.acts() == ["bank.taken_in"] * 3
    shown = seat.get("/office/bank").text
    assert "almost certain" in shown and "the invoice’s number" in shown and "1,439.56" in shown
    assert desk.as_("viewer").post("/office/bank/confirm").status_code == 403


def test_columns_are_chosen_by_hand_and_all_mistakes_are_told(desk: Desk) -> None:
    seat = desk.as_("manager")
    strange = b"a,b,c\n2026-11-03,5.00,x\n2026-13-03,abc,=1+1\n"
    page = send(seat, strange)
    assert "No column was found for: Day, Amount, in and out" in page
    kept = re.search(r'name="kept" value="([^"]+)"', page)
    assert kept is not None
    chosen = {"column-0": "a", "becomes-0": "booked_on", "column-1": "b", "becomes-1": "amount", "column-2": "c",
              "becomes-2": "reference", "kept": kept[1]}
    again = seat.post("/office/bank/columns", **chosen)
    assert again.status_code == 422 and "3 errors" in again.text and "2026-13-03" in again.text
    assert seat.post("/office/bank/take-in", **chosen).status_code == 409 and lines(desk) == []
    assert seat.post("/office/bank/take-in", **{**chosen, "kept": "nobodys"}).status_code == 410
    assert seat.post("/office/bank/columns", **{**chosen, "date_order": "xyz"}).status_code == 422
    assert "Some days in this file are still to come" in send(seat, b"Date,Amount\n2027-11-03,5.00\n")
    told = send(seat, b"Date,Amount,Reference,Description,Fee\n2026-11-03,5.00,R1,rent,\n")
    assert "Columns that are not used: Description<" in told
    assert "This is not a CSV file" in send(seat, b"%PDF-1.4 nothing")


def test_yes_to_many_books_each_line_once_and_what_is_open_is_paid(desk: Desk) -> None:
    seat, number = desk.as_("manager"), desk.owed.invoices[0].number
    take(seat, GERMAN.replace(b"{0}", number.encode()))
    picks = re.findall(r'name="pick" value="([^"]+)"', seat.get("/office/bank").text)
    assert len(picks) == 2
    done = seat.post("/office/bank/confirm", pick=[picks[0]], follow=True)
    assert "1 line booked." in done.text and left(desk) == [0, 60_00] and postings(desk) == 1
    assert desk.acts("message.queued")[-1] == "payment.recorded"
    again = seat.post("/office/bank/confirm", pick=[picks[0]], follow=True)
    assert "could not be done" in again.text and postings(desk) == 1
    matched = next(one for one in lines(desk) if one.state == "matched")
    back = seat.post(f"/office/bank/lines/{matched.public_id}/undo", follow=True)
    assert "Taken back" in back.text and left(desk) == [100_00, 60_00]
    # Said once more, it is a payment of its own.
    bank_lines.confirm(desk.rt, desk.access("manager"), matched.public_id, picks[0].split(" ")[1])
    assert left(desk) == [0, 60_00] and postings(desk) == 2
    seat.post(f"/office/requests/bank/{lines(desk)[2].public_id}", answer="ignore", words="Interest of the bank")
    assert lines(desk)[2].state == "ignored" and desk.acts()[-1] == "bank.ignored"
    assert "Interest of the bank" in seat.get("/office/bank?show=ignored").text
    bank_lines.undo(desk.rt, desk.access("manager"), lines(desk)[2].public_id)
    assert lines(desk)[2].state == "waiting"
    desk.assert_sound()


def test_two_people_at_once_book_a_line_once(desk: Desk) -> None:
    take(desk.as_("manager"), b"Date,Amount,Name\n2026-11-03,100.00,Helen Okafor\n")
    with desk.rt.db.transaction() as session:
        other = make_debtor(session, desk.owed.business, name="Bob Marsh")
        make_invoice(session, other, 100_00)
    line = lines(desk)[0].public_id
    mine, theirs = f"i.{desk.owed.invoices[0].public_id}", f"d.{other.public_id}"
    ends = at_once(*[lambda who=who, pick=pick: bank_lines.confirm(desk.rt, desk.access(who), line, pick)  # type: ignore[misc]
                     for who, pick in (("manager", mine), ("second", theirs), ("owner", mine))])
    refused = [end for end in ends if isinstance(end, Exception)]
    assert len(refused) == 2 and all(isinstance(one, Refusal) and one.code == "bank_line_decided" for one in refused)
    assert postings(desk) == 1
    desk.assert_sound()


def test_a_claim_an_announcement_a_payout_and_what_was_recorded_before_are_found(desk: Desk) -> None:
    today = NOON.date()
    payment_claims.claim(desk.rt, desk.owed.access, payment_claims.Told(
        60_00, "USD", today, "transfer"))
    announced = payments.announce_transfer(desk.rt, desk.owed.access, Choice("USD"))
    with desk.rt.db.transaction() as session:
        session.add(Payout(business_id=desk.owed.business.id, stripe_payout="po_1", amount_minor=77_00, currency="USD",
                           state="paid", arrives_at=NOON, created_at=NOON))
        reference = session.scalars(select(Payment.reference).where(Payment.public_id == announced)).one()
    noted = debtor_money.record_payment(desk.rt, desk.access("agent"), desk.owed.debtor.public_id, debtor_money.Seen(
        "transfer", "USD", 5_00, today, "n" * 20))
    take(desk.as_("manager"), (
        f"Date,Amount,Name,Reference\n{today},60.00,H OKAFOR,\n{today},77.00,STRIPE,payout\n"
        f"{today},5.00,Helen Okafor,\n{today},160.00,x,{reference}\n").encode())
    with desk.rt.db.reading() as session:
        best = {one.line.amount_minor: one.best for one in bank_lines.listed(
            session, desk.access("manager"), "waiting")}
    kinds = {amount: one.candidate.kind for amount, one in best.items() if one is not None}
    assert kinds == {60_00: "claim", 77_00: "payout", 5_00: "recorded", 160_00: "announced"}
    for line in lines(desk):
        pick = best[line.amount_minor]
        assert pick is not None
        bank_lines.confirm(desk.rt, desk.access("manager"), line.public_id, pick.candidate.pick)
    with desk.rt.db.reading() as session:
        paid = session.scalars(select(Payment.captured_minor).where(Payment.captured_minor > 0)).all()
        assert sorted(paid) == [5_00, 60_00, 160_00], "the payout and what was written down before are not booked again"
        assert session.scalars(select(PaymentClaim.state)).one() == "matched"
        assert session.scalars(select(Payment.state).where(Payment.public_id == announced)).one() == "canceled"
        tied = session.scalars(select(BankLine).where(BankLine.amount_minor == 5_00)).one()
        assert session.get_one(Payment, tied.payment_id).public_id == noted.public_id and not tied.recorded
    bank_lines.undo(desk.rt, desk.access("manager"), tied.public_id)
    assert desk.acts()[-1] == "bank.untied" and left(desk)[0] == 0
    desk.assert_sound()


@pytest.mark.parametrize("kind", ["i", "d", "t"])
def test_an_announced_transfer_is_over_whatever_the_line_is_said_to_be(desk: Desk, kind: str) -> None:
    announced = payments.announce_transfer(desk.rt, desk.owed.access, Choice(
        "USD", (desk.owed.invoices[0].public_id,)))
    take(desk.as_("manager"), f"Date,Amount,Name,Reference\n{NOON.date()},100.00,H OKAFOR,\n".encode())
    name = {"i": desk.owed.invoices[0].public_id, "d": desk.owed.debtor.public_id, "t": announced}[kind]
    bank_lines.confirm(desk.rt, desk.access("manager"), lines(desk)[0].public_id, f"{kind}.{name}")
    with desk.rt.db.reading() as session:
        assert session.scalars(select(Payment.state).where(Payment.public_id == announced)).one() == "canceled"
        assert session.scalars(select(Hold.released_at).where(Hold.cause == "transfer")).all() == [NOON]
    assert left(desk)[0] == 0
    desk.assert_sound()


def test_nothing_of_others_is_suggested_or_taken(desk: Desk, tmp_path: Path) -> None:
    other = open_desk(desk.rt.db, tmp_path / "other", 100_00)
    take(desk.as_("manager"), f"Date,Amount,Reference\n2026-11-03,100.00,{other.owed.invoices[0].number}\n".encode())
    line = lines(desk)[0].public_id
    theirs = (f"i.{other.owed.invoices[0].public_id}", f"d.{other.owed.debtor.public_id}", "o.po_nobodys", "x.1", "")
    for pick in theirs:
        with pytest.raises(Refusal):
            bank_lines.confirm(desk.rt, desk.access("manager"), line, pick)
    assert other.as_("owner").post(f"/office/bank/lines/{line}/undo").status_code == 404
    assert other.as_("owner").get(f"/office/requests/bank/{line}").status_code == 404
    with desk.rt.db.reading() as session:
        assert session.scalar(select(func.count()).select_from(Debtor)) == 2
    assert lines(desk)[0].state == "waiting"


def test_reasons_make_a_confidence_and_equals_make_doubt() -> None:
    helen = Candidate("i.a", "invoice", "d1", ("Helen Okafor",), ("MG-1001",), ("4401",), (), (120_00,), 150_00)
    bob = Candidate("i.b", "invoice", "d2", ("Bob Marsh",), ("MG-1002",), ("4402",), (), (120_00,), 120_00)
    day = NOON.date()

    def told(amount: int, payer: str, reference: str) -> list[tuple[str, str]]:
        return [(one.candidate.pick, one.level) for one in suggest(amount, payer, reference, day, [bob, helen])]

    assert told(120_00, "H OKAFOR", "MG 1001 12 May") == [("i.a", "sure"), ("i.b", "maybe")]
    assert told(120_00, "", "thanks") == [("i.a", "maybe"), ("i.b", "maybe")]
    assert told(119_00, "Bob Marsh", "") == [("i.b", "maybe")] and told(119_00, "", "MG-10012") == []
    assert told(150_00, "", "number 4401") == [("i.a", "likely")]
