"""The agreement record: exact bytes and all evidence, once, for who has shown who they are; a seal over all of it."""

from __future__ import annotations

import hashlib
import io
import json
import threading
from dataclasses import replace
from pathlib import Path

import pytest
from pypdf import PdfReader
from sqlalchemy import func, select, text
from sqlalchemy.exc import DBAPIError

from portal.db import Database
from portal.domain.access import KNOWN, Access
from portal.domain.agreements import blocks, canonical, check_signer, typed_fingerprint
from portal.domain.errors import Refusal
from portal.models import Agreement, AgreementPaper, Debtor, Message, SigningConsent
from portal.services import agreement_check, agreement_papers, agreements, arrangements, signing_consents
from portal.services.arrangements import Step
from tests.agreements.signing import BOXES, NAME, Signing, offered, prepare, proven
from tests.cast import NOON
from tests.office.books import Desk, open_desk

QUIET = ("link.opened", "identity.passed", "code.sent", "debtor.exported")


@pytest.fixture
def desk(db: Database, tmp_path: Path) -> Desk:
    return open_desk(db, tmp_path, 100_00, 60_00)


@pytest.fixture
def signing(desk: Desk) -> Signing:
    return prepare(desk.rt, desk.owed)


def code_of(work: object, *args: object, **more: object) -> str:
    with pytest.raises(Refusal) as caught:
        work(*args, **more)  # type: ignore[operator]
    return caught.value.code


def count(desk: Desk, table: type) -> int:
    with desk.rt.db.reading() as session:
        return session.scalar(select(func.count()).select_from(table)) or 0


def test_what_is_signed_is_kept_to_the_byte_with_all_that_shows_who_signed_it(desk: Desk, signing: Signing) -> None:
    agreement = signing.sign()
    with desk.rt.db.reading() as session:
        text = agreements.paper(session, agreement, "text")
        proof = json.loads(agreements.paper(session, agreement, "evidence") or b"")
        mails = {one.kind: one for one in session.scalars(select(Message).where(Message.kind != "code"))}
    assert text == canonical(signing.text()) and hashlib.sha256(text).hexdigest() == agreement.text_sha256
    assert proof["typed_name"] == NAME and proof["address"] == "203.0.113.7" and proof["browser"] == "Browser 1.0"
    assert proof["signed_at"] == NOON.isoformat() and proof["link"] == desk.owed.link.public_id
    assert proof["code"]["way"] == "email" and proof["code"]["sent_to"] == desk.owed.debtor.email
    assert [one["kind"] for one in proof["consents"]] == ["electronic_records"]
    assert "free of charge" in proof["consents"][0]["text"]
    assert agreement_check.verify(desk.rt) == ([], 1)
    # Both get it, by subjects that tell nothing.
    assert mails["agreement"].to_address == desk.owed.debtor.email
    assert mails["agreement_signed"].to_address == desk.owed.business.contact_email
    assert all("owe" not in one.subject and "agree" not in one.subject.lower() for one in mails.values())
    assert desk.acts(*QUIET) == ["agreement.signed"]
    assert "Helen" not in repr(desk.last_act().details)


def test_the_pdf_is_printed_once_and_carries_the_signed_bytes(desk: Desk, signing: Signing) -> None:
    agreement = signing.sign()
    printed = agreement_papers.for_debtor(desk.rt, desk.owed.access, agreement.public_id)
    assert agreement_papers.for_staff(desk.rt, desk.access("agent"), agreement.public_id) == printed
    reader = PdfReader(io.BytesIO(printed.content))
    shown = "".join(page.extract_text() for page in reader.pages)
    assert NAME in shown and "the rest of 20.00 is let go" in " ".join(shown.split())
    assert agreement.fingerprint in "".join(shown.split())
    assert reader.attachments["agreement.txt"] == [canonical(signing.text())]
    assert hashlib.sha256(reader.attachments["evidence.json"][0]).hexdigest() == agreement.fingerprint
    assert agreement_papers.text_for_debtor(desk.rt, desk.owed.access, agreement.public_id).content == canonical(
        signing.text())
    assert agreement_check.verify(desk.rt) == ([], 1)


def test_pressed_twice_or_on_two_devices_it_is_one_agreement(desk: Desk, signing: Signing) -> None:
    signature, made = signing.signature(), []
    desk.rt.clock.pass_time(minutes=1)  # type: ignore[attr-defined]
    other = proven(desk.rt, desk.owed.link)

    def press(access: Access) -> None:
        made.append(signing.sign(access=access, **vars(signature)).public_id)

    devices = [threading.Thread(target=press, args=(access,)) for access in (signing.access, other)]
    for device in devices:
        device.start()
    for device in devices:
        device.join()
    with desk.rt.db.transaction() as session:
        arrangements.note(session, session.merge(signing.the()), Step("debtor", "accepted"), NOON)
    again = signing.sign(**vars(signature))
    assert {*made, again.public_id} == {again.public_id} and count(desk, Agreement) == 1
    assert count(desk, SigningConsent) == 1 and desk.acts(*QUIET) == ["agreement.signed"]


@pytest.mark.parametrize(("changes", "code"), [
    ({"consents": frozenset()}, "consent_missing"), ({"name": "  "}, "signature_missing"), ({"name": "x" * 161},
                                                                                       "signature_too_long"),
    ({"name": "X"}, "signature_unreadable"), ({"name": "H\u202eelen"}, "signature_unreadable"),
    ({"name": "helen@okafor.example"}, "signature_unreadable"),
    ({"name": "4711 0815"}, "signature_unreadable"),
    ({"seen": "0" * 64}, "agreement_moved_on"), ({"version": 7}, "agreement_moved_on")])
def test_what_is_missing_or_outdated_is_refused_and_leaves_nothing(
        desk: Desk, signing: Signing, changes: dict[str, object], code: str) -> None:
    assert code_of(signing.sign, **changes) == code
    assert count(desk, Agreement) == count(desk, AgreementPaper) == count(desk, SigningConsent) == 0
    assert desk.acts(*QUIET) == []


def test_only_a_code_for_signing_opens_it(desk: Desk, signing: Signing) -> None:
    only_open = replace(signing.access, level=KNOWN)
    for access in (desk.owed.access, only_open, replace(signing.access, session_id=None),
                   proven(desk.rt, desk.owed.link, "change")):
        assert code_of(signing.sign, access=access) == "code_first"
    assert count(desk, Agreement) == 0


def test_charges_by_themselves_need_a_consent_of_their_own(desk: Desk) -> None:
    signing = prepare(desk.rt, desk.owed, autopay=True)
    assert code_of(signing.sign, consents=BOXES) == "autopay_consent_missing"
    signing.sign()
    with desk.rt.db.reading() as session:
        assert set(session.scalars(select(SigningConsent.kind))) == {"electronic_records", "autopay"}


def test_consent_is_asked_once_and_can_be_taken_back(desk: Desk, signing: Signing) -> None:
    first = signing.sign()
    second = Signing(desk.rt, desk.owed, offered(desk.rt, desk.owed), signing.access)
    assert second.to_sign().asked == () and second.to_sign().allowed != ()
    later = second.sign(consents=frozenset())
    assert later.previous == first.fingerprint and agreement_check.verify(desk.rt) == ([], 2)
    signing_consents.withdraw(desk.rt, desk.owed.access)
    signing_consents.withdraw(desk.rt, desk.owed.access)
    third = Signing(desk.rt, desk.owed, offered(desk.rt, desk.owed), signing.access)
    assert code_of(third.sign, consents=frozenset()) == "consent_missing"
    assert desk.acts(*QUIET).count("signing_consent.withdrawn") == 1


def test_the_database_lets_nobody_change_or_remove_what_was_signed(desk: Desk, signing: Signing) -> None:
    agreement = signing.sign()
    agreement_papers.for_debtor(desk.rt, desk.owed.access, agreement.public_id)
    for table, column in (("agreement", "locale"), ("agreement_print", "seal"), ("signing_consent", "locale"),
                          ("agreement_paper", "what")):
        with pytest.raises(DBAPIError), desk.rt.db.transaction() as session:
            session.execute(text(f"UPDATE {table} SET {column} = {column}"))
    for table in ("agreement", "agreement_print", "signing_consent"):
        with pytest.raises(DBAPIError), desk.rt.db.transaction() as session:
            session.execute(text(f"DELETE FROM {table}"))


def test_another_s_agreement_is_nobody_else_s(desk: Desk, signing: Signing) -> None:
    agreement = signing.sign()
    narrow = replace(desk.owed.access, invoice_ids=frozenset({desk.owed.invoices[1].id}))
    stranger = replace(desk.owed.access, debtor_id=desk.owed.debtor.id + 1)
    for access in (narrow, stranger, replace(desk.owed.access, pay_only=True)):
        assert code_of(agreement_papers.for_debtor, desk.rt, access, agreement.public_id) == "unknown_page"
    foreign = replace(desk.access("agent"), business_id=desk.owed.business.id + 1)
    assert code_of(agreement_papers.for_staff, desk.rt, foreign, agreement.public_id) == "unknown_page"
    assert code_of(agreement_papers.for_staff, desk.rt, desk.access("viewer"), agreement.public_id) == "role_may_not"


def test_an_old_key_still_proves_what_it_sealed(desk: Desk, signing: Signing) -> None:
    agreement = signing.sign()
    old, new = desk.rt.settings.agreement_keys[0], type(desk.rt.settings.agreement_keys[0])("another-" + "n" * 32)
    with desk.rt.db.reading() as session:
        session.get_one(Debtor, desk.owed.debtor.id)
        for keys, expected in (((old, new), ()), ((new,), ("seal",))):
            settings = desk.rt.settings.model_copy(update={"agreement_keys": keys})
            assert agreement_check.findings(session, settings, agreement) == expected


def test_a_name_is_compared_kindly_and_whoever_has_another_says_so_once() -> None:
    for name in ("okafor HELEN", "Dr. Helen A. Okafor", "H. Okafor", "Hélen Okafor", "Helen Adaeze Okafor"):
        check_signer(name, "Helen Okafor", "")
    for name, known in (("Sukarno", "Sukarno"), ("Síle O’Neill", "Sile O'Neill"), ("山田太郎", "山田太郎"),
                        ("Okafor Dental LLC", "Okafor Dental LLC"), ("Helen Okafor", "Okafor")):
        check_signer(name, known, "")
    for name, code in (("Helen", "signature_half_name"), ("Okafor", "signature_half_name"),
                       ("Helen Smith", "signature_other_name"), ("Grace Hopper", "signature_other_name")):
        assert code_of(check_signer, name, "Helen Okafor", "") == code
        assert code_of(check_signer, name, "Helen Okafor", "Helen Okafor") == code
        check_signer(name, "Helen Okafor", name)


def test_a_text_has_one_spelling_and_a_fingerprint_many() -> None:
    assert canonical("# A\r\n\r\nb \u202e c\n\n\n") == b"# A\n\nb  c\n"
    assert [(one.kind, one.text) for one in blocks(canonical("# A\n\nb\nc\n- d\n## E"))] == [
        ("title", "A"), ("words", "b c"), ("item", "d"), ("heading", "E")]
    assert typed_fingerprint(" AB12-" + "cd " * 30) == "ab12" + "cd" * 30
    assert typed_fingerprint("ab") == typed_fingerprint("g" * 64) == ""
