"""Editing a debtor: every field is checked, the second of two editors is told, and names of others reach nothing."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import select

from portal.db import Database
from portal.domain import contact, credit_terms
from portal.domain.errors import Refusal
from portal.models import AuditEvent, BlockedAddress, Debtor, SearchWord
from portal.services import debtor_contact, not_me
from portal.services.debtor_contact import Edit
from portal.words import places
from tests.cast import NOON
from tests.office.desk import Desk, open_desk
from tests.office.test_debtor_money import at_once


def audit(desk: Desk) -> AuditEvent:
    with desk.db.reading() as session:
        return session.scalars(select(AuditEvent).where(AuditEvent.actor_kind == "staff")
                               .order_by(AuditEvent.id.desc())).first()  # type: ignore[return-value]


def test_only_countries_can_be_chosen() -> None:
    for language in ("en", "es"):
        codes = {code for code, _ in places.countries(language)}
        assert {"US", "ES", "AX"} <= codes and not codes & {"EU", "EZ", "UN", "XA", "XB", "QO", "ZZ"}


def test_contact_is_saved_and_the_audit_names_fields_not_people(db: Database, tmp_path: Path) -> None:
    desk = open_desk(db, tmp_path, 100_00, role="agent")
    desk.get("/contact")
    desk.send("/contact", name="Élena  Okáfor", email="elena@debtor.example", country="MX", locale="es",
              postal_code="06600", timezone="America/Mexico_City")
    debtor = desk.debtor()
    assert (debtor.name, debtor.email, debtor.country, debtor.version) == (
        "Élena Okáfor", "elena@debtor.example", "MX", 2)
    note = audit(desk)
    assert note.act == "debtor.edited" and "name" in note.details["fields"]
    assert note.details["before"] == {"country": "US", "locale": "en", "timezone": "America/Los_Angeles"}
    assert "elena" not in str(note.details).lower() and "06600" not in str(note.details)
    with db.reading() as session:
        words = set(session.scalars(select(SearchWord.word).where(SearchWord.debtor_id == debtor.id)))
    assert "elena" in words and "helen" not in words
    desk.get()
    assert "Contact changed" in desk.words


def test_a_new_address_is_written_to_again_and_old_links_are_mentioned(db: Database, tmp_path: Path) -> None:
    desk = open_desk(db, tmp_path, 100_00)
    desk.post("/links/send", nonce="link-before-the-edit-1")
    with db.transaction() as session:
        session.merge(desk.debtor()).email_state = "bounced"
    desk.get("/contact")
    desk.send("/contact", email="new@debtor.example")
    assert desk.debtor().email_state == "ok"
    assert "1 link sent to the old one still opens their page" in desk.words


def test_an_address_whose_reader_is_somebody_else_is_refused(db: Database, tmp_path: Path) -> None:
    desk = open_desk(db, tmp_path, 100_00)
    with db.transaction() as session:
        session.add(BlockedAddress(
            business_id=desk.owed.business.id, created_at=NOON,
            address_hash=not_me.address_hash(desk.rt.settings, desk.owed.business.id, "wrong@person.example")))
    desk.get("/contact")
    assert desk.send("/contact", email="Wrong@person.example").status_code == 409
    assert "someone else" in desk.words and desk.debtor().version == 1


@pytest.mark.parametrize(("field", "typed", "said"), [
    ("name", "  ", "Please enter a name."), ("name", "x" * 161, "At most 160"),
    ("email", "a@b@c", "one email address"), ("email", "a@x.example, b@x.example", "one email address"),
    ("phone", "call me", "no phone number"), ("kind", "king", "one of those offered"),
    ("country", "Atlantis", "one of those offered"), ("timezone", "Mars/Olympus", "one of those offered"),
    ("locale", "../../etc", "one of those offered"), ("postal_code", "", "not on file"),
])
def test_what_cannot_be_is_said_by_its_field(db: Database, tmp_path: Path, field: str, typed: str, said: str) -> None:
    desk = open_desk(db, tmp_path, 100_00)
    desk.get("/contact")
    assert desk.send("/contact", greeting_name="Kept", **{field: typed}).status_code == 422
    assert said in desk.words and 'value="Kept"' in desk.text
    assert desk.debtor().version == 1 and desk.acts() == []


def test_the_second_of_two_editors_is_told_and_keeps_what_they_typed(db: Database, tmp_path: Path) -> None:
    first = open_desk(db, tmp_path, 100_00)
    second = first.colleague()
    first.get("/contact")
    second.get("/contact")
    first.send("/contact", phone="+1 503 555 0100")
    assert second.send("/contact", name="Helen O.", phone="+1 503 555 0111").status_code == 409
    assert "Somebody changed this while you were editing" in second.words
    assert "Phone: was +15035550199, is now +1 503 555 0100" in second.words
    assert 'value="+1 503 555 0111"' in second.text and 'value="Helen O."' in second.text
    assert first.debtor().phone == "+1 503 555 0100" and first.debtor().name == "Helen Okafor"
    assert second.send("/contact").status_code == 200, "having seen it, they may go on"
    assert (first.debtor().phone, first.debtor().name, first.debtor().version) == ("+1 503 555 0111", "Helen O.", 3)
    assert first.acts() == ["debtor.edited"] * 2


def test_of_two_edits_at_the_same_moment_one_is_told(db: Database, tmp_path: Path) -> None:
    desk = open_desk(db, tmp_path, 100_00)
    seen = debtor_contact.known(desk.rt, desk.access, desk.owed.debtor.public_id).values
    edits = [Edit({**seen, "name": name}, seen, 1) for name in ("Anna", "Bert", "Carla")]
    failed = at_once(*[lambda edit=edit: debtor_contact.edit_contact(  # type: ignore[misc]
        desk.rt, desk.access, desk.owed.debtor.public_id, edit) for edit in edits])
    assert [error.code for error in failed if isinstance(error, Refusal)] == ["changed_meanwhile"] * 2
    assert desk.debtor().version == 2 and desk.acts() == ["debtor.edited"]


def test_fields_that_no_form_offers_change_nothing(db: Database, tmp_path: Path) -> None:
    desk = open_desk(db, tmp_path, 100_00)
    desk.get("/contact")
    desk.send("/contact", name="Helen Two", erased_at="2020-01-01", business_id="999", number="1", public_id="x",
              opted_out_at="now", email_state="wrong_person")
    before, after = desk.owed.debtor, desk.debtor()
    assert after.name == "Helen Two"
    for field in ("erased_at", "business_id", "number", "public_id", "opted_out_at", "email_state"):
        assert getattr(after, field) == getattr(before, field)


def test_an_opt_out_is_noted_with_who_said_so(db: Database, tmp_path: Path) -> None:
    desk = open_desk(db, tmp_path, 100_00)
    desk.get("/preferences")
    assert desk.send("/preferences", opted_out="y", said_by="bird").status_code == 422
    desk.send("/preferences", opted_out="y", said_by="phone", prefers="letter", words="Too many emails, she says")
    debtor = desk.debtor()
    assert debtor.opted_out_at == NOON and debtor.prefers == "letter"
    assert audit(desk).details["said_by"] == "phone" and audit(desk).details["after"] == {
        "opted_out": "y", "prefers": "letter"}
    assert "stopped on" in desk.words and "Too many emails, she says" in desk.words
    desk.get("/preferences")
    desk.send("/preferences", opted_out=None, said_by="email")
    assert desk.debtor().opted_out_at is None and desk.acts() == ["preferences.changed"] * 2


def test_terms_and_screening_are_kept(db: Database, tmp_path: Path) -> None:
    desk = open_desk(db, tmp_path, 100_00)
    desk.get("/terms")
    for days in ("-1", "soon", "9999"):
        assert desk.send("/terms", terms_days=days).status_code == 422
    desk.send("/terms", terms_days="14", screening_note="Two references,\nboth good.")
    assert desk.debtor().terms_days == 14 and "Two references" in desk.words
    assert audit(desk).details["fields"] == ["screening_note", "terms_days"]
    assert "references" not in str(audit(desk).details)
    desk.get("/terms")
    desk.send("/terms")
    assert desk.acts() == ["terms.changed"], "nothing changed, so nothing was done"


def test_terms_are_suggested_by_figures() -> None:
    codes = {(paid, late): credit_terms.suggest(paid=paid, late=late).code for paid, late in (
        (2, 2), (8, 0), (5, 0), (8, 3), (8, 4), (8, 7))}
    assert codes == {(2, 2): "too_few", (8, 0): "longer", (5, 0): "keep", (8, 3): "keep", (8, 4): "shorter",
                     (8, 7): "in_advance"}
    worked = credit_terms.suggest(paid=8, late=7, days=30)
    assert (worked.days, worked.advance_percent, worked.repeatedly_late) == (15, 50, True)
    assert credit_terms.suggest(paid=8, late=8, days=0).days == 0, "terms never grow for who pays late"


def test_texts_lose_what_nobody_typed_on_purpose() -> None:
    assert contact.read("name", " He\u200blen \r\n Okafor\x07 ") == "Helen Okafor"
    assert isinstance(Debtor.__table__.c.name.type.length, int)
