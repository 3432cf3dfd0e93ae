"""What debtors said about emails, letters and calls: the newest word counts, is told to staff, and is obeyed."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import select

from portal.db import Database
from portal.models import Consent, Debtor, Question
from portal.services import consents, debtor_notes, not_me, opt_out, personal_data, standings
from tests.cast import NOON
from tests.office.desk import Desk, open_desk
from tests.office.test_dashboard import Office


def words_kept(desk: Desk) -> list[tuple[str, bool, str]]:
    with desk.db.reading() as session:
        return [(row.channel, row.given, row.source)
                for row in session.scalars(select(Consent).order_by(Consent.id))]


def refused(desk: Desk) -> frozenset[str]:
    with desk.db.reading() as session:
        return consents.refused_by(session, desk.debtor())


def test_staff_write_down_what_was_said_about_each_channel(db: Database, tmp_path: Path) -> None:
    desk = open_desk(db, tmp_path, 100_00)
    desk.get("/preferences")
    desk.send("/preferences", opted_out="y", no_letters="y", no_calls="y", said_by="phone")
    assert refused(desk) == frozenset(consents.CHANNELS) and desk.debtor().opted_out_at == NOON
    assert words_kept(desk) == [(channel, False, "by_phone") for channel in ("email", "letter", "phone")]
    desk.get()
    for said in ("They want no letters", "They want no calls", "They stopped the emails that ask",
                 "They said so on the phone."):
        assert said in desk.words
    desk.get("/preferences")
    desk.send("/preferences", opted_out="y", no_letters=None, no_calls="y", said_by="letter")
    assert refused(desk) == {"email", "phone"} and words_kept(desk)[-1] == ("letter", True, "by_letter")
    desk.get()
    assert "They let letters come again" in desk.words
    assert desk.acts() == ["preferences.changed"] * 2


def test_who_said_so_must_be_named_for_each_channel(db: Database, tmp_path: Path) -> None:
    desk = open_desk(db, tmp_path, 100_00)
    desk.get("/preferences")
    assert desk.send("/preferences", no_calls="y", said_by="").status_code == 422
    assert words_kept(desk) == [] and refused(desk) == frozenset()


def test_one_press_of_a_mail_program_and_of_the_page_are_told_apart(db: Database, tmp_path: Path) -> None:
    desk = open_desk(db, tmp_path, 100_00)
    address = opt_out.url_of(desk.rt.settings, desk.debtor(), NOON).rpartition("/")[2]
    opt_out.stop(desk.rt, address, one_click=True)
    opt_out.stop(desk.rt, address)
    opt_out.resume(desk.rt, address)
    opt_out.stop(desk.rt, address)
    assert words_kept(desk) == [("email", False, "one_click"), ("email", True, "page"), ("email", False, "page")]
    desk.get()
    assert "By one press in their mail program." in desk.words and "They let emails come again" in desk.words


def count_again(office: Office, debtor: Debtor) -> None:
    with office.db.transaction() as session:
        standings.recount_one(session, office.business.id, debtor.id, NOON)


def test_who_wants_no_calls_is_on_nobodys_list_until_they_ask_for_one(db: Database, tmp_path: Path) -> None:
    office = Office(db, tmp_path)
    debtor, _ = office.owes((300_00, 40), name="Joan Whitlow")
    office.count()
    assert office.reasons(debtor)
    with db.transaction() as session:
        consents.say(session, NOON, session.merge(debtor), consents.PHONE, given=False, source="by_phone")
    count_again(office, debtor)
    assert office.reasons(debtor) == []
    office.add(Question(business_id=office.business.id, debtor_id=debtor.id, kind="call_back", state="business",
                        reply_key="c" * 32, opened_at=NOON, moved_at=NOON))
    count_again(office, debtor)
    assert office.reasons(debtor)[0] == "asked_call"


def test_whose_email_reached_a_stranger_is_not_called_either(db: Database, tmp_path: Path) -> None:
    office = Office(db, tmp_path)
    debtor, _ = office.owes((300_00, 40), name="Joan Whitlow")
    office.count()
    assert office.reasons(debtor)
    not_me.say(office.rt, not_me.url_of(office.rt.settings, debtor, NOON).rpartition("/")[2])
    assert office.reasons(debtor) == []
    count_again(office, debtor)
    assert office.reasons(debtor) == []
    with db.transaction() as session:
        found = session.merge(debtor)
        session.refresh(found)
        assert not consents.may_call(found, frozenset()) and not consents.may_write(found, frozenset())
        found.email_state = "ok"
        assert consents.may_call(found, frozenset()) and consents.may_write(found, frozenset())


def test_all_that_was_said_is_taken_out_with_the_rest(db: Database, tmp_path: Path) -> None:
    desk = open_desk(db, tmp_path, 100_00)
    with db.transaction() as session:
        debtor = session.merge(desk.debtor())
        consents.say(session, NOON, debtor, consents.LETTER, given=False, source="in_person")
        taken = personal_data.take_out(session, debtor)
    assert taken["consents"] == [
        {"channel": "letter", "given": False, "source": "in_person", "at": NOON.isoformat()}]


def test_a_wrong_number_is_not_called_again_until_it_is_another_one(db: Database, tmp_path: Path) -> None:
    desk = open_desk(db, tmp_path, 100_00)

    def call(result: str, nonce: str) -> None:
        debtor_notes.log(desk.rt, desk.access, desk.owed.debtor.public_id, debtor_notes.Said("", nonce, result))

    call("no_answer", "a" * 22)
    assert refused(desk) == frozenset()
    call("wrong_number", "b" * 22)
    assert refused(desk) == {"phone"} and words_kept(desk) == [("phone", False, "wrong_number")]
    desk.get("/contact")
    desk.send("/contact", greeting_name="Hel")
    assert refused(desk) == {"phone"}, "another field tells nothing of the number"
    desk.get("/contact")
    desk.send("/contact", phone="+1 503 555 0100")
    assert refused(desk) == frozenset() and words_kept(desk)[-1] == ("phone", True, "new_number")
    desk.get()
    assert "Nobody calls this number any more" in desk.words and "There is a number to call again" in desk.words


def test_a_new_number_lets_nobody_call_who_wanted_no_calls(db: Database, tmp_path: Path) -> None:
    desk = open_desk(db, tmp_path, 100_00)
    desk.get("/preferences")
    desk.send("/preferences", no_calls="y", said_by="phone")
    desk.get("/contact")
    desk.send("/contact", phone="+1 503 555 0100")
    assert refused(desk) == {"phone"}
