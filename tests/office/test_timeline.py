"""The timeline: everything once, in order, page by page, each source under its chip, hostile addresses refused."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from portal.db import Database
from portal.domain.quotes import Choice
from portal.models import Message
from portal.services import announced, debtor_notes, payments, timeline
from portal.services.debtor_notes import Said
from portal.services.timeline.entry import GROUPS, Entry, Scope
from portal.words import happenings, speak
from tests.cast import NOON
from tests.office.desk import Desk, open_desk
from tests.stage import set_stage

ENGLISH = speak("en_US", "America/Los_Angeles")


def all_pages(desk: Desk, group: str = "") -> list[Entry]:
    scope, mark, found = Scope(desk.owed.business.id, desk.owed.debtor.id, desk.clock.now), "", []
    for _ in range(50):
        with desk.db.reading() as session:
            page = timeline.page(session, scope, group=group, before=mark)
        found += page.entries
        mark = page.older
        if not mark:
            return found
    raise AssertionError("the pages never end")


def titles(entries: list[Entry]) -> list[str]:
    return [entry.title.by(ENGLISH) for entry in entries]


def test_every_page_goes_on_where_the_last_one_ended(db: Database, tmp_path: Path) -> None:
    desk = open_desk(db, tmp_path, 100_00)
    for number in range(70):
        # Several happen at one and the same moment.
        if number % 5 == 0:
            desk.clock.pass_time(minutes=3)
        debtor_notes.log(desk.rt, desk.access, desk.owed.debtor.public_id,
                         Said(f"Note {number}", f"timeline-note-{number:010}"))
    notes = [entry.quote for entry in all_pages(desk, "talk")]
    assert sorted(notes) == sorted(f"Note {number}" for number in range(70)), "each once"
    whole = all_pages(desk)
    assert [entry.at for entry in whole] == sorted((entry.at for entry in whole), reverse=True)
    assert len(whole) == 70 + len(all_pages(desk, "money")) + len(all_pages(desk, "visits"))


def test_all_kinds_of_things_are_told(db: Database, tmp_path: Path) -> None:
    stage = set_stage(db, tmp_path, NOON)
    desk = open_desk(db, tmp_path, 1_00)
    desk.owed = stage.own.owed
    told = titles(all_pages(desk))
    for beginning in ("Payment P-", "Refund of payment", "The bank takes payment", "Late fee on", "Interest on",
                      "Early-pay discount offered", "Transfer announced", "Link made", "Link ended", "Email",
                      "Invoice ", "Payment page opened"):
        assert any(title.startswith(beginning) for title in told), beginning
    assert not [title for title in told if "%(" in title]
    for group in GROUPS:
        assert len(titles(all_pages(desk, group))) <= len(told)
    assert len(told) == sum(len(all_pages(desk, group)) for group in GROUPS)
    spanish = speak("es", "Europe/Madrid")
    assert not {entry.title.by(spanish) for entry in all_pages(desk)} & set(told) - {""}


def test_a_transfer_that_never_came_is_told_as_that(db: Database, tmp_path: Path) -> None:
    desk = open_desk(db, tmp_path, 100_00)
    payments.announce_transfer(desk.rt, desk.owed.access, Choice("USD"))
    assert [one for one in titles(all_pages(desk, "money")) if one.startswith("Transfer announced")]
    desk.clock.pass_time(days=30)
    assert announced.end_due(desk.rt) == 1
    assert [one for one in titles(all_pages(desk, "money")) if one.endswith("it never came")]


def test_why_an_email_was_not_sent_is_told(db: Database, tmp_path: Path) -> None:
    desk = open_desk(db, tmp_path, 100_00)
    states = (("skipped", "opted_out", 0), ("queued", "quiet_hours", 9), ("failed", "bounced", 0), ("sent", "clear", 0))
    with db.transaction() as session:
        for place, (state, reason, later) in enumerate(states):
            session.add(Message(
                business_id=desk.owed.business.id, debtor_id=desk.owed.debtor.id, kind="reminder",
                message_class="courtesy", key=f"test:{place}", to_address="x@y.example", language="en",
                subject="Your invoice", body_text="", body_html="", message_id=f"m{place}", state=state, reason=reason,
                created_at=NOON, due_at=NOON + timedelta(hours=later), sent_at=NOON if state == "sent" else None))
    desk.get("?show=unsent")
    assert "Not sent: Your invoice" in desk.words and "They asked for no such emails." in desk.words
    assert "Email waits: Your invoice" in desk.words and "it leaves in the morning" in desk.words
    assert "Could not be delivered: Your invoice" in desk.words and "Email sent" not in desk.words
    desk.get("?show=emails")
    assert "Email sent: Your invoice" in desk.words and "Not sent:" not in desk.words


def test_a_view_can_be_sent_to_a_colleague(db: Database, tmp_path: Path) -> None:
    desk = open_desk(db, tmp_path, 100_00)
    for number in range(30):
        desk.clock.pass_time(seconds=1)
        debtor_notes.log(desk.rt, desk.access, desk.owed.debtor.public_id,
                         Said(f"Line {number}", f"shared-note-{number:012}"))
    desk.get("?show=talk")
    older = desk.text.partition('rel="next" href="')[2].partition('"')[0].replace("&amp;", "&")
    path = older.removeprefix(desk.home).partition("#")[0]
    colleague = desk.colleague("viewer")
    colleague.get(path)
    assert "“Line 4”" in colleague.words and "“Line 29”" not in colleague.words and "show=talk" in older
    assert 'aria-current="true"' in colleague.text


def test_absurd_addresses_are_not_found(db: Database, tmp_path: Path) -> None:
    desk = open_desk(db, tmp_path, 100_00)
    for query in ("?show=' OR 1=1", "?before=yesterday", "?before=20261110T200000000000.x.-1", "?show=" + "x" * 5000,
                  "?before=99999999T000000000000.a.1", "?before=20261110T200000000000.notes:said.99999999999999999999"):
        assert desk.get(query).status_code == 404, query
    assert desk.get("?before=20261110T200000000000.zzz.5&invoices=none").status_code == 200


def test_every_word_of_the_timeline_is_spanish_too() -> None:
    spanish = speak("es", "UTC")
    for table in (happenings.MESSAGE_KINDS, happenings.MESSAGE_REASONS, happenings.CALL_RESULTS, happenings.ACTS,
                  happenings.REASONS, happenings.HOLD_CAUSES, happenings.CHANNELS, GROUPS):
        for said in table.values():
            assert spanish.text(said) != said or said in ("Plan", "Visits"), said
