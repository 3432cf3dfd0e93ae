"""All data of a debtor taken out, and erased: nothing of a person stays, the books do, and nothing is sent any more."""

from __future__ import annotations

import io
import json
import zipfile
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import inspect, select, text

from portal.db import Database
from portal.domain.errors import Refusal
from portal.models import (
    AuditEvent,
    BlockedAddress,
    Debtor,
    Invoice,
    InvoiceLine,
    Message,
    Question,
    QuestionEntry,
    StripeEvent,
)
from portal.services import bookkeeping, debtor_data, delivery, messages, not_me, search
from tests.cast import NOON, balances, make_debtor, make_invoice
from tests.ledger.stories import received, start_payment, tell
from tests.office.desk import Desk, access_of, open_desk
from tests.office.people import code_at
from tests.office.test_debtor_money import at_once

# Words that stand nowhere but in what is kept about this one person.
CANARIES = {"name": "Xanthippe Quorra", "greeting_name": "Xanthi", "email": "quorra@canary.example",
            "phone": "+15035557766", "postal_code": "90817", "number": "QX-5511", "screening_note": "Zebrafink note"}


def long_story(db: Database, folder: Path) -> Desk:
    """A debtor with everything that holds personal data, long paid up."""
    desk = open_desk(db, folder, proven=True)
    with db.transaction() as session:
        debtor = make_debtor(session, desk.owed.business, **CANARIES)
        search.index_debtor(session, debtor)
        invoice = make_invoice(session, debtor, 100_00, now=NOON - timedelta(days=300))
        desk.owed.debtor, desk.owed.invoices = debtor, [invoice]
    payment = start_payment(db, desk.owed, (invoice, 100_00), at=NOON - timedelta(days=290), reference="QX-5511 Quorra")
    tell(db, received(payment, happened_at=NOON - timedelta(days=290), last4="8842"), now=NOON - timedelta(days=290))
    desk.post("/log", result="reached", body="Xanthippe says hello", nonce="note-of-canary-000001")
    desk.post("/links/send", nonce="link-of-canary-000001")
    with db.transaction() as session:
        session.add(StripeEvent(
            event="evt_1", type="charge.succeeded", object_id=f"ch_{payment.id}", livemode=False, happened_at=NOON,
            received_at=NOON, payload={"email": CANARIES["email"]}, outcome="applied"))
        question = Question(business_id=debtor.business_id, debtor_id=debtor.id, kind="call_back", state="business",
                            reply_key="canary", call_when="Xanthi is up late", call_number="+15035557766",
                            opened_at=NOON, moved_at=NOON)
        session.add(question)
        session.flush()
        session.add(QuestionEntry(business_id=debtor.business_id, question_id=question.id, said_by="debtor",
                                  channel="page", body="I am Xanthippe", at=NOON))
        session.add(BlockedAddress(business_id=debtor.business_id, created_at=NOON, address_hash=not_me.address_hash(
            desk.rt.settings, debtor.business_id, "old@canary.example")))
    return desk


def everything(db: Database) -> str:
    with db.engine.connect() as connection:
        return "\n".join(repr(tuple(row)) for table in inspect(connection).get_table_names()
                         for row in connection.execute(text(f"SELECT * FROM {table}")))


def erase(desk: Desk, **typed: Any) -> int:
    desk.get("/data/erase")
    return desk.send("/data/erase", **{"number": desk.debtor().number, **typed}).status_code


def test_one_file_holds_everything(db: Database, tmp_path: Path) -> None:
    desk = long_story(db, tmp_path)
    desk.get("/data/export")
    answer = desk.send("/data/export")
    assert answer.mimetype == "application/zip" and "attachment" in answer.headers["Content-Disposition"]
    with zipfile.ZipFile(io.BytesIO(answer.data)) as archive:
        data = json.loads(archive.read("data.json"))
        assert archive.read("statement.pdf").startswith(b"%PDF")
    assert {field: data["person"][field] for field in CANARIES} == CANARIES
    whole = json.dumps(data)
    for told in ("Xanthippe says hello", "I am Xanthippe", "Xanthi is up late", "8842", "call.logged"):
        assert told in whole, told
    assert data["money"]["invoices"][0]["total_minor"] == 100_00
    assert any("/l/" in message["text"] or "{{portal_link}}" in message["text"] for message in data["messages"])
    assert desk.acts()[-1] == "debtor.exported"


def test_a_code_is_asked_for_first_and_a_wrong_one_loses_nothing(db: Database, tmp_path: Path) -> None:
    desk = long_story(db, tmp_path)
    clerk = desk.colleague("manager")
    clerk.get("/data/export")
    assert "Code from your authenticator app" in clerk.words
    assert clerk.send("/data/export", proof="000000").status_code == 422 and "debtor.exported" not in desk.acts()
    clerk.get("/data/erase")
    assert clerk.send("/data/erase", number="QX-5511", proof="000000").status_code == 422
    assert 'value="QX-5511"' in clerk.text and desk.debtor().erased_at is None
    clerk.send("/data/erase", proof=code_at(desk.clock.now))
    assert desk.debtor().erased_at == NOON
    with pytest.raises(Refusal, match="prove_first"):
        access = access_of(desk.owed, desk.staff)
        debtor_data.take_out(desk.rt, type(access)(**{**access.__dict__, "stepped_up_at": None}), "x")


def test_nothing_of_the_person_is_left_anywhere(db: Database, tmp_path: Path) -> None:
    desk = long_story(db, tmp_path)
    before, fingerprints = balances(db, desk.owed.business.id), len(everything_of(db, BlockedAddress))
    desk.get("/data/erase")
    assert "The words of 3 emails" in desk.words or "The words of" in desk.words
    assert "At present" not in desk.words and erase(desk) == 200
    left = everything(db)
    for canary in (*CANARIES.values(), "Xanthippe", "Quorra", "8842", "says hello", "up late", "quorra@"):
        assert canary not in left, canary
    assert balances(db, desk.owed.business.id) == before and desk.books_are_sound()
    assert len(everything_of(db, BlockedAddress)) == fingerprints
    assert len(everything_of(db, Invoice)) == len(everything_of(db, InvoiceLine)) == 1
    assert desk.acts()[-1] == "debtor.erased" and desk.acts().count("debtor.erased") == 1
    assert desk.debtor().name.startswith("erased-") and "Their personal data was erased" in desk.words


def everything_of(db: Database, table: type[Any]) -> list[Any]:
    with db.reading() as session:
        return list(session.scalars(select(table)))


def test_afterwards_nothing_is_sent_and_nothing_opens(db: Database, tmp_path: Path) -> None:
    desk = long_story(db, tmp_path)
    desk.get("/links")
    desk.send("/links/copy")
    address = desk.text.partition('readonly value="')[2].partition('"')[0]
    assert erase(desk) == 200
    with db.transaction() as session:
        reminder = messages.queue_reminder(session, NOON, session.get_one(Debtor, desk.owed.debtor.id), cause="late")
        assert (reminder.state, reminder.reason) == ("skipped", "no_address")
    assert delivery.deliver_due(desk.rt) == 0
    assert all(message.state != "queued" for message in everything_of(db, Message))
    visitor = desk.app.test_client()
    base = desk.rt.settings.base_url
    answer = visitor.get(address.removeprefix(base), base_url=base, follow_redirects=True)
    assert "erased-" not in answer.text and "page for you" not in answer.text
    for path, form in (("/links/send", {}), ("/links/copy", {}), ("/links/code", {}), ("/log", {"body": "x"}),
                       ("/contact", {"version": "9", "name": "x", "kind": "consumer", "locale": "en",
                                     "identity_fact": "none"}), ("/hold", {"reminders": "y", "reason": "agreed"})):
        assert desk.post(path, nonce="after-the-erasure-0001", **form).status_code == 409, path
    assert desk.get("/data/erase").status_code == 200 and "It was done on" in desk.words


def test_open_claims_forbid_it(db: Database, tmp_path: Path) -> None:
    desk = long_story(db, tmp_path)
    with db.transaction() as session:
        make_invoice(session, desk.debtor(), 60_00)
    desk.get("/data/erase")
    assert "$60.00 is still owed." in desk.words and "Type the account number" not in desk.words
    assert desk.post("/data/erase", number="QX-5511").status_code == 409
    assert desk.debtor().erased_at is None and "debtor.erased" not in desk.acts()


def test_money_held_for_them_forbids_it(db: Database, tmp_path: Path) -> None:
    desk = long_story(db, tmp_path)
    with db.transaction() as session:
        bookkeeping.thank(session, desk.debtor(), "USD", 5_00, cause="held", now=NOON)
    desk.get("/data/erase")
    assert "You hold $5.00 for them" in desk.words
    assert desk.post("/data/erase", number="QX-5511").status_code == 409


def test_recent_money_must_be_passed_over_knowingly(db: Database, tmp_path: Path) -> None:
    desk = long_story(db, tmp_path)
    with db.transaction() as session:
        make_invoice(session, desk.debtor(), 20_00)
    desk.get("/payments/record")
    desk.send("/payments/record", amount="20")
    assert erase(desk) == 409 and desk.debtor().erased_at is None
    assert "can be taken back by the bank until" in desk.words
    assert erase(desk, knowing="y", number="wrong") == 422 and "as it stands above" in desk.words
    assert erase(desk, knowing="y") == 200 and desk.debtor().erased_at is not None


def test_an_erasure_meets_a_payment_that_arrives(db: Database, tmp_path: Path) -> None:
    """Whichever comes first, money is never lost, and an erasure never passes over money it did not see."""
    desk = long_story(db, tmp_path)
    with db.transaction() as session:
        invoice = make_invoice(session, desk.debtor(), 20_00)
        bookkeeping.write_off(session, invoice, cause="gone", now=NOON)
    payment = start_payment(db, desk.owed, (invoice, 20_00), state="expired", opens=False)
    access = access_of(desk.owed, desk.staff)
    failed = at_once(
        lambda: debtor_data.erase(desk.rt, access, desk.owed.debtor.public_id, knowing_recent_money=False),
        lambda: tell(db, received(payment)))
    assert len(balances(db, desk.owed.business.id)) > 0 and desk.books_are_sound()
    if failed:
        assert [error.code for error in failed if isinstance(error, Refusal)] == ["legal_claims_hold"]
        assert desk.debtor().erased_at is None
    else:
        assert desk.debtor().erased_at is not None and desk.debtor().email is None
    with db.reading() as session:
        assert session.get_one(type(payment), payment.id).captured_minor == 20_00
        kinds = {event.act for event in session.scalars(select(AuditEvent))}
    assert ("debtor.erased" in kinds) == (not failed)


def test_an_agent_may_neither_take_out_nor_erase(db: Database, tmp_path: Path) -> None:
    desk = long_story(db, tmp_path).colleague("agent")
    for path in ("/data/export", "/data/erase"):
        assert desk.get(path).status_code == 403 and desk.post(path).status_code == 403
