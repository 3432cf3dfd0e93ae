"""The words of a step: kept with before and after, tried on a real debtor, and refused when they threaten or tell."""

from __future__ import annotations

import html
import re
from pathlib import Path
from typing import Any

import pytest
from lxml import html as lxml_html
from sqlalchemy import select, update

from portal.db import Database
from portal.models import CadenceStep, PortalLink
from portal.services import cadences, step_words
from portal.words import call_scripts
from portal.words.core import speak
from tests.cast import NOON, make_debtor
from tests.office.books import Desk, Seat, open_desk

HOSTILE = "<img src=x onerror=alert(1)>"


@pytest.fixture
def desk(db: Database, tmp_path: Path) -> Desk:
    desk = open_desk(db, tmp_path)
    with db.transaction() as session:
        cadences.propose(session, desk.owed.business.id, "standard", now=NOON)
    return desk


def step(desk: Desk, channel: str = "email", tone: str = "friendly") -> CadenceStep:
    with desk.rt.db.reading() as session:
        return session.scalars(select(CadenceStep).where(
            CadenceStep.channel == channel, CadenceStep.tone == tone).order_by(CadenceStep.day)).all()[0]


def send(seat: Seat, one: CadenceStep, do: str, **typed: Any) -> Any:
    """Send the page's form as it stands, with what was typed."""
    page = lxml_html.fromstring(seat.get(f"/office/reminders/steps/{one.public_id}/words").text)
    form = next(form for form in page.forms if "/words/keep" in (form.action or ""))
    values = {name: value for name, value in form.form_values() if name not in ("csrf_token", "do")}
    return seat.post(f"/office/reminders/steps/{one.public_id}/words/keep", **{**values, "do": do, **typed})


def own(desk: Desk, one: CadenceStep) -> Any:
    with desk.rt.db.reading() as session:
        return session.get_one(CadenceStep, one.id).own_words


def test_words_are_kept_with_before_and_after_and_given_back(desk: Desk) -> None:
    seat, one = desk.as_("manager"), step(desk)
    assert seat.get("/office/reminders/words").text.count("/reminders/steps/") == 7
    kept = send(seat, one, "keep", subject_en="A word from {business}", body_en=" Hello {name}.\r\n\r\nSo. ")
    assert kept.status_code == 303
    assert own(desk, one) == {"en": {"subject": "A word from {business}", "body": "Hello {name}.\n\nSo."}}
    assert desk.acts() == ["step.words_changed"]
    event = desk.last_act()
    assert event.details == {"before": {}, "after": {
        "subject_en": "A word from {business}", "body_en": "Hello {name}.\n\nSo."}}
    page = seat.get(f"/office/reminders/steps/{one.public_id}/words").text
    assert "Spanish: empty, so who reads it reads our words." in page and "yours: English" in seat.get(
        "/office/reminders/words").text.replace("\n", "")
    assert send(seat, one, "keep").status_code == 303 and len(desk.acts()) == 1, "nothing was different"
    assert send(seat, one, "ours").status_code == 303 and own(desk, one) == {}
    assert desk.acts() == ["step.words_changed"] * 2


@pytest.mark.parametrize(("typed", "why"), [
    ({"body_en": "Hello {nmae}"}, "We do not know {nmae}. Known are: {name}, {business}"),
    ({"body_en": "Hello {name.__class__}"}, "We do not know {name.__class__}."),
    ({"body_es": "Hola {"}, "A brace stands alone here."),
    ({"body_en": "Pay, or else."}, "“or else” threatens."),
    ({"body_es": "Irá a la cárcel."}, "“carcel” threatens."),
    ({"subject_en": "Your unpaid invoice"}, "“unpaid” would tell a bystander"),
    ({"subject_es": "Su deuda"}, "“deuda” would tell a bystander"),
    ({"subject_en": "About $120"}, "“$” would tell a bystander"),
    ({"subject_en": "Just {amount}"}, "{amount} in a subject would tell a bystander"),
    ({"subject_en": "Hello\nBcc: all@mail.example"}, "A subject is one line."),
    ({"body_en": "x" * 2_001}, "At most 2000 characters fit here."),
    ({"body_en": "a\u2028b"}, "There are signs in this text that no letter has."),
])
def test_what_threatens_tells_or_cannot_be_read_is_refused(desk: Desk, typed: dict[str, str], why: str) -> None:
    seat, one = desk.as_("owner"), step(desk)
    refused = send(seat, one, "keep", **typed)
    assert refused.status_code == 422
    assert why in html.unescape(refused.text)
    assert own(desk, one) == {} and desk.acts() == []
    assert send(seat, one, "look", **typed).status_code == 422


def test_a_look_shows_a_real_debtor_s_email_in_their_language_and_keeps_nothing(desk: Desk) -> None:
    seat, one = desk.as_("owner"), step(desk)
    number = desk.owed.debtor.number
    looked = send(seat, one, "look", subject_en="Hello {name}", body_en=f"{HOSTILE} {{amount}} is open.", debtor=number)
    assert looked.status_code == 200 and "Hello Helen" in looked.text and "$100.00 is open." in looked.text
    assert "<img" not in looked.text and "&lt;img src=x" in looked.text
    assert "/l/" not in looked.text and own(desk, one) == {} and desk.acts() == []
    with desk.rt.db.transaction() as session:
        session.execute(update(type(desk.owed.debtor)).values(locale="es"))
    spanish = send(seat, one, "look", body_en="Only English", body_es="Hola {name}: {amount}.", debtor=number)
    assert re.search(r"Hola Helen: \D*100[.,]00", spanish.text)
    assert "Only English" not in spanish.text.partition("h-look")[2]
    assert "Una nota de" in spanish.text


def test_whom_nobody_knows_or_nothing_is_owed_by_is_said(desk: Desk) -> None:
    seat, one = desk.as_("owner"), step(desk)
    assert "There is no debtor with this number." in send(seat, one, "look", debtor="nobody").text
    with desk.rt.db.transaction() as session:
        make_debtor(session, desk.owed.business, number="free", name="Rosa Nadal")
    assert "There is nothing to remind Rosa Nadal of" in send(seat, one, "look", debtor="free").text


def test_the_second_editor_is_told(desk: Desk) -> None:
    seat, one = desk.as_("owner"), step(desk)
    assert send(seat, one, "keep", body_en="First.").status_code == 303
    late = send(seat, one, "keep", body_en="Second.", version="44136fa355b3678a")
    assert late.status_code == 409 and "Somebody changed these words meanwhile" in late.text and "Second." in late.text
    assert own(desk, one)["en"]["body"] == "First."


def test_a_removed_step_keeps_nothing(desk: Desk) -> None:
    seat, one = desk.as_("owner"), step(desk)
    with desk.rt.db.transaction() as session:
        session.execute(update(CadenceStep).where(CadenceStep.id == one.id).values(removed_at=NOON))
    assert send(seat, one, "keep", body_en="Late.").status_code == 409
    assert own(desk, one) == {}


def test_a_call_has_a_script_of_theirs_or_ours_and_begins_with_discretion(desk: Desk) -> None:
    seat, one = desk.as_("owner"), step(desk, "call", "firm")
    number = desk.owed.debtor.number
    assert "subject_en" not in seat.get(f"/office/reminders/steps/{one.public_id}/words").text
    ours = send(seat, one, "look", debtor=number).text
    assert "Ask for them by name. To anybody else" in ours and "Ask first whether something is in the way." in ours
    theirs = send(seat, one, "look", debtor=number, body_en="Ask {name} about the garden.").text
    assert "Ask Helen about the garden." in theirs and "To anybody else" in theirs
    assert "Ask first whether" not in theirs
    assert set(call_scripts.OURS) == {"note", "friendly", "firm", "formal", "final"}
    assert step_words.series(desk.rt, desk.access("owner"))[0].steps[4].channel == "call"
    assert call_scripts.script(speak("es", "UTC"), "final", {}, {})[0].startswith("Pregunte por la persona")


def test_an_agent_sets_up_nothing(desk: Desk) -> None:
    assert desk.as_("agent").get("/office/reminders/words").status_code == 403


def test_a_letter_is_looked_at_as_the_letter_it_will_be(desk: Desk) -> None:
    seat, one, number = desk.as_("owner"), step(desk, "letter", "formal"), desk.owed.debtor.number
    ours = html.unescape(send(seat, one, "look", debtor=number).text)
    assert "This is our formal request to pay what is named below." in ours and "Formal request to pay" in ours
    theirs = html.unescape(send(seat, one, "look", debtor=number, body_en="Please call {sender} about {amount}.").text)
    look = theirs.partition("h-look")[2]
    assert "Please call Priya Marsh about $100.00." in look and "This is our formal request" not in look
    assert "Reference: " in look and "See your ways to pay" not in look
    with desk.rt.db.reading() as session:
        assert session.scalars(select(PortalLink.id)).all() == [desk.owed.link.id], "looking makes no link"
