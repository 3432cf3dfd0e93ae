"""More time from both sides: given at once, countered, decided by a person, and over when its day is over."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from portal.db import Database
from portal.domain.errors import Refusal
from portal.domain.policy import Policy
from portal.models import Arrangement, ArrangementInvoice, Hold, Message, PolicyVersion
from portal.runtime import Runtime
from portal.services import askable, more_time, promises, time_answers
from portal.services.more_time import Asked
from tests.access.visitor import Browser, House
from tests.account.conftest import inside
from tests.cast import NOON, Clock
from tests.ledger.stories import received, start_payment, tell
from tests.office.books import Desk, open_desk

TODAY = date(2026, 11, 10)
AT_THE_DOOR = ("link.opened", "identity.passed")


@pytest.fixture
def desk(db: Database, tmp_path: Path) -> Desk:
    return open_desk(db, tmp_path, 100_00, 60_00)


def ask(desk: Desk, days: int, **more: object) -> str:
    return more_time.ask(desk.rt, desk.owed.access, Asked(TODAY + timedelta(days=days), **more))  # type: ignore[arg-type]


def the(desk: Desk, public_id: str) -> Arrangement:
    with desk.rt.db.reading() as session:
        return session.scalars(select(Arrangement).where(Arrangement.public_id == public_id)).one()


def seen(desk: Desk, public_id: str) -> str:
    return str(the(desk, public_id).version)


def holds(desk: Desk) -> list[tuple[str, datetime | None]]:
    with desk.rt.db.reading() as session:
        return [(cause, until) for cause, until in session.execute(
            select(Hold.cause, Hold.until).where(Hold.released_at.is_(None)).order_by(Hold.id))]


def page(desk: Desk) -> Browser:
    return inside(House(desk.app, desk.rt, desk.rt.db, Clock()), desk.owed.link)


def code_of(work: object, *args: object, **more: object) -> str:
    with pytest.raises(Refusal) as caught:
        work(*args, **more)  # type: ignore[operator]
    return caught.value.code


def at(desk: Desk, days: int) -> Runtime:
    return replace(desk.rt, clock=lambda: NOON + timedelta(days=days))


def test_time_within_the_rules_is_given_at_once_and_reminders_rest(desk: Desk) -> None:
    browser = page(desk)
    browser.get("/help")
    browser.get("/more-time")
    assert "Up to Thursday, December 10 at once. Longer, until Monday, February 8, 2027 at the furthest" in (
        browser.words)
    browser.send("/more-time", until="2026-11-30", words="My pay comes on the 28th.")
    assert "You have time until Monday, November 30." in browser.words
    assert [cause for cause, _ in holds(desk)] == ["deferral", "deferral"]
    with desk.rt.db.reading() as session:
        debtor = session.get_one(type(desk.owed.debtor), desk.owed.debtor.id)
        assert askable.askable(session, NOON + timedelta(days=5), debtor).invoices == ()
        # The last day is included, where the debtor is; the next morning all may be asked for again.
        assert askable.askable(session, NOON + timedelta(days=20), debtor).invoices == ()
        assert len(askable.askable(session, NOON + timedelta(days=21), debtor).invoices) == 2
        told = session.scalars(select(Message).where(Message.kind == "answer")).one()
        assert "You have time until Monday, November 30." in told.body_text
        assert "28th" not in told.body_text
    assert desk.acts(*AT_THE_DOOR) == ["time.asked"]


def test_more_than_the_rules_give_is_countered_taken_or_referred(desk: Desk) -> None:
    browser = page(desk)
    browser.get("/more-time")
    browser.send("/more-time", until="2026-12-20")
    assert "We offered time until Thursday, December 10." in browser.words and holds(desk) == []
    time_id = browser.path.rsplit("/", 1)[1]
    browser.send(f"/more-time/{time_id}", answer="take")
    assert "You have time until Thursday, December 10." in browser.words and len(holds(desk)) == 2
    browser.send(f"/more-time/{time_id}", answer="withdraw")
    assert "You took this back." in browser.words and holds(desk) == []

    other = ask(desk, 60)
    more_time.ask_person(desk.rt, desk.owed.access, other, seen=seen(desk, other))
    assert the(desk, other).state == "asked" and the(desk, other).answer_by is not None
    assert [until for _, until in holds(desk)] == [None, None], "reminders wait for our answer"


def test_staff_give_another_day_or_say_no_with_words(desk: Desk) -> None:
    time_id = _referred(desk)
    agent = desk.access("agent")
    assert code_of(time_answers.refuse, desk.rt, agent, time_id, seen=seen(desk, time_id), words=" ") == "words_missing"
    offered = TODAY + timedelta(days=45)
    time_answers.counter(desk.rt, agent, time_id, offered, seen=seen(desk, time_id), words="Would this help?")
    assert code_of(more_time.ask_person, desk.rt, desk.owed.access, time_id, seen=seen(desk, time_id)) == "time_decided"
    more_time.take(desk.rt, desk.owed.access, time_id, seen=seen(desk, time_id))
    assert (the(desk, time_id).state, the(desk, time_id).until) == ("active", offered)

    second = _referred(desk)
    time_answers.refuse(desk.rt, agent, second, seen=seen(desk, second), words="Let us find a plan instead.")
    assert the(desk, second).state == "refused" and the(desk, time_id).state == "active"
    assert len(holds(desk)) == 2, "what was given before stays"
    browser = page(desk)
    browser.get(f"/more-time/{second}")
    assert "Let us find a plan instead." in browser.words


def test_who_answers_what_has_changed_is_told(desk: Desk) -> None:
    time_id = _referred(desk)
    stale = seen(desk, time_id)
    more_time.withdraw(desk.rt, desk.owed.access, time_id, seen=stale)
    assert code_of(time_answers.give, desk.rt, desk.access("agent"), time_id, seen=stale) == "time_decided"
    countered = ask(desk, 60)
    assert code_of(more_time.take, desk.rt, desk.owed.access, countered, seen="1") == "time_moved_on"


def test_time_is_ended_with_words_and_reminders_go_on(desk: Desk) -> None:
    time_id = ask(desk, 20)
    time_answers.stop(desk.rt, desk.access("agent"), time_id, seen=seen(desk, time_id),
                      words="You told us of other plans.")
    assert the(desk, time_id).state == "ended" and holds(desk) == []
    with desk.rt.db.reading() as session:
        told = session.scalars(select(Message).where(Message.kind == "answer").order_by(Message.id.desc())).first()
    assert told is not None and "ends today" in told.body_text and "other plans" in told.body_text


def test_hard_times_are_looked_at_again(desk: Desk) -> None:
    time_id = ask(desk, 30, hardship=True, words="I was ill.")
    assert the(desk, time_id).review_on == TODAY + timedelta(days=30)
    with desk.rt.db.reading() as session:
        view, _, _ = time_answers.for_staff(session, desk.access("agent"), time_id)
    assert view.steps[0].words == "I was ill."
    time_answers.looked_again(desk.rt, desk.access("agent"), time_id, seen=view.seen)
    assert the(desk, time_id).reviewed_at is not None


def test_after_two_times_in_a_year_a_person_decides(desk: Desk) -> None:
    for _ in range(2):
        first = ask(desk, 10)
        more_time.withdraw(desk.rt, desk.owed.access, first, seen=seen(desk, first))
    assert the(desk, ask(desk, 10)).state == "asked"
    later = replace(desk.rt, clock=lambda: NOON + timedelta(days=366))
    with desk.rt.db.transaction() as session:
        desk.owed.link.expires_at = NOON + timedelta(days=400)
        session.merge(desk.owed.link)
    asked = more_time.ask(later, desk.owed.access, Asked(TODAY + timedelta(days=376)))
    assert the(desk, asked).state == "active"


def test_a_promise_rests_reminders_and_is_kept_or_broken(desk: Desk) -> None:
    browser = page(desk)
    browser.get("/promise")
    browser.send("/promise", until="2026-11-20", currency="USD")
    assert "You named Friday, November 20." in browser.words
    assert [cause for cause, _ in holds(desk)] == ["promise", "promise"]
    assert promises.note_ended(at(desk, 10)) == 0, "the day itself still counts"
    assert promises.note_ended(at(desk, 11)) == 1
    with desk.rt.db.reading() as session:
        assert session.scalars(select(Arrangement)).one().state == "broken"
    assert holds(desk) == [] and promises.note_ended(at(desk, 12)) == 0


def test_a_promise_that_was_paid_is_kept(desk: Desk) -> None:
    promises.make(desk.rt, desk.owed.access, TODAY + timedelta(days=5), "USD")
    for invoice in desk.owed.invoices:
        payment = start_payment(desk.rt.db, desk.owed, (invoice, invoice.total_minor))
        tell(desk.rt.db, received(payment))
    assert promises.note_ended(at(desk, 6)) == 1
    with desk.rt.db.reading() as session:
        assert session.scalars(select(Arrangement)).one().state == "kept"


def test_time_takes_the_place_of_a_promise_and_not_the_other_way_round(desk: Desk) -> None:
    promises.make(desk.rt, desk.owed.access, TODAY + timedelta(days=5), "USD")
    given = ask(desk, 20)
    with desk.rt.db.reading() as session:
        states = dict(session.execute(select(Arrangement.kind, Arrangement.state)).all())
    assert states == {"promise": "ended", "deferral": "active"}
    assert code_of(promises.make, desk.rt, desk.owed.access, TODAY + timedelta(days=9), "USD") == "time_stands"
    assert [cause for cause, _ in holds(desk)] == ["deferral", "deferral"] and the(desk, given).state == "active"


@pytest.mark.parametrize(("typed", "words"), [
    ({"until": ""}, "Please choose a day."), ({"until": "soon"}, "Please enter the day like this"),
    ({"until": "2026-11-10"}, "a day that is still to come"), ({"until": "2126-11-10"}, "too far away"),
    ({"until": "2026-02-30"}, "Please enter the day like this"),
    ({"until": "2026-11-30", "words": "x" * 2_001}, "2000"),
])
def test_bad_days_are_refused_in_words_and_nothing_is_lost(desk: Desk, typed: dict[str, str], words: str) -> None:
    browser = page(desk)
    browser.get("/more-time")
    browser.send("/more-time", follow=True, **typed)
    assert words in browser.words and desk.acts(*AT_THE_DOOR) == []


def test_a_revoked_link_begins_nothing(desk: Desk) -> None:
    with desk.rt.db.transaction() as session:
        desk.owed.link.revoked_at = NOON
        session.merge(desk.owed.link)
    assert code_of(ask, desk, 5) == "link_ended"


def test_a_narrow_link_covers_and_sees_only_its_own(desk: Desk) -> None:
    narrow = replace(desk.owed.access, invoice_ids=frozenset({desk.owed.invoices[0].id}))
    mine = more_time.ask(desk.rt, narrow, Asked(TODAY + timedelta(days=5)))
    assert len(holds(desk)) == 1
    whole = ask(desk, 6)
    assert code_of(more_time.one, desk.rt, narrow, whole) == "unknown_page"
    assert the(desk, mine).state == "ended"


def test_a_narrow_wish_leaves_what_was_agreed_about_the_rest(desk: Desk) -> None:
    whole = ask(desk, 20)
    narrow = replace(desk.owed.access, invoice_ids=frozenset({desk.owed.invoices[0].id}))
    more_time.ask(desk.rt, narrow, Asked(TODAY + timedelta(days=5)))
    assert the(desk, whole).state == "active" and len(holds(desk)) == 2
    with desk.rt.db.reading() as session:
        bound = dict(session.execute(select(ArrangementInvoice.invoice_id, ArrangementInvoice.arrangement_id).where(
            ArrangementInvoice.binding)).all())
    assert bound[desk.owed.invoices[1].id] == the(desk, whole).id != bound[desk.owed.invoices[0].id]


def test_a_narrow_reader_takes_back_no_wish_about_the_whole(desk: Desk) -> None:
    whole = _referred(desk)
    narrow = replace(desk.owed.access, invoice_ids=frozenset({desk.owed.invoices[0].id}))
    more_time.ask(desk.rt, narrow, Asked(TODAY + timedelta(days=5)))
    assert the(desk, whole).state == "asked"


def test_a_promise_sent_twice_is_one(desk: Desk) -> None:
    made = [promises.make(desk.rt, desk.owed.access, TODAY + timedelta(days=5), "USD") for _ in range(2)]
    assert made[0] == made[1] and desk.acts() == ["promise.made"]
    narrow = replace(desk.owed.access, invoice_ids=frozenset({desk.owed.invoices[0].id}))
    assert promises.offered(desk.rt, narrow).standing is None


def test_four_presses_at_once_give_time_once(desk: Desk) -> None:
    errors: list[BaseException] = []

    def press() -> None:
        try:
            ask(desk, 20)
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=press) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    with desk.rt.db.reading() as session:
        binding = session.scalars(select(ArrangementInvoice.invoice_id).where(ArrangementInvoice.binding)).all()
        active = session.scalars(select(Arrangement).where(Arrangement.state == "active")).all()
    assert sorted(binding) == sorted(invoice.id for invoice in desk.owed.invoices) and len(active) == 1
    assert len(holds(desk)) == 2


def test_no_time_is_given_at_once_where_the_business_decides_each_time(desk: Desk) -> None:
    with desk.rt.db.transaction() as session:
        session.add(PolicyVersion(business_id=desk.owed.business.id, version=99, created_at=NOON,
                                  rules=replace(Policy(), deferral_days=0).as_rules()))
    assert the(desk, ask(desk, 5)).state == "asked"


def _referred(desk: Desk) -> str:
    time_id = ask(desk, 60)
    if the(desk, time_id).state == "countered":
        more_time.ask_person(desk.rt, desk.owed.access, time_id, seen=seen(desk, time_id))
    return time_id
