"""Words by email say whether anybody checked their sender: a server of ours did, or staff are told that none has."""

from __future__ import annotations

from pathlib import Path

import pytest

from portal.db import Database
from portal.models import Question
from portal.services import questions
from tests.cast import Clock
from tests.messages.test_inbound import DOMAIN, answered, mine, receive
from tests.office.books import Desk, open_desk
from tests.office.people import sign_in


@pytest.fixture
def desk(db: Database, tmp_path: Path) -> Desk:
    return open_desk(db, tmp_path, clock=Clock(), reply_domain=DOMAIN)


def shown_to_staff(desk: Desk, question: Question) -> list[str]:
    """What the office's pages say of a thread: the request, and the debtor's page."""
    client = sign_in(desk.app.test_client(), desk.staff["owner"], desk.owed.business)
    paths = (f"requests/questions/{question.public_id}", f"debtors/{desk.owed.debtor.public_id}")
    return [client.get(f"/office/{path}", base_url=desk.rt.settings.base_url).get_data(as_text=True) for path in paths]


def test_an_address_nobody_checked_is_marked_wherever_its_words_are_read(desk: Desk) -> None:
    question = answered(desk)
    assert receive(desk, mine(desk, question)) == "answered"
    thread = questions.own_thread(desk.rt, desk.owed.access, question.public_id)
    assert [(entry.said_by, entry.checked) for entry in thread.entries] == [
        ("debtor", True), ("staff", True), ("debtor", False)], "typed on their page, and by an email of their address"
    request, page = shown_to_staff(desk, question)
    assert "It bears their address, which nobody has checked" in request
    for words in ("Helen Okafor, from an address nobody has checked", "They wrote, from an address nobody has checked"):
        assert words in page, "in the thread and in the timeline"


def test_a_sender_our_own_server_vouches_for_needs_no_mark(db: Database, tmp_path: Path) -> None:
    desk = open_desk(db, tmp_path, clock=Clock(), reply_domain=DOMAIN, mail_auth_server="mx.portal.test")
    question = answered(desk)
    mail, domain = mine(desk, question), (desk.owed.debtor.email or "").rpartition("@")[2]
    mail["Authentication-Results"] = f"mx.portal.test; dmarc=pass header.from={domain}"
    assert receive(desk, mail) == "answered"
    assert "address nobody has" not in "".join(shown_to_staff(desk, question))
    forged = mine(desk, question, "Please send my money back to another account.")
    assert receive(desk, forged) == "unproven"
    assert "from an address we could not check" in shown_to_staff(desk, question)[0].lower()
