"""Staff answer proposals, offer and end plans; proposals run out; a plan is lived with, repaired, kept or broken."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from portal.db import Database
from portal.domain.errors import Refusal
from portal.domain.plan_rules import Band, PlanRules
from portal.domain.plan_terms import Wish
from portal.models import Arrangement, Hold, Installment, Message, Plan, PolicyVersion, lock_debtor
from portal.runtime import Runtime
from portal.services import (
    personal_data,
    plan_answers,
    plan_changes,
    plan_desk,
    plan_proposals,
    plan_signing,
    plan_watch,
    plans,
    policies,
    signing_step,
)
from portal.services.agreements import Signature
from portal.services.plan_proposals import Asked
from portal.services.timeline import plans as plan_timeline
from portal.services.timeline.entry import Row, Scope
from tests.access.visitor import House
from tests.account.conftest import inside
from tests.cast import NOON, Clock
from tests.ledger.stories import received, start_payment, tell
from tests.office.books import Desk, open_desk
from tests.plans.test_builder import carried

TODAY = date(2026, 11, 10)
FOUR = Wish(frequency="monthly", first_on=date(2026, 12, 1), count=4)
LATE = replace(FOUR, first_on=date(2027, 1, 20))


@pytest.fixture
def desk(db: Database, tmp_path: Path) -> Desk:
    return open_desk(db, tmp_path, 100_00, 60_00)


def at(desk: Desk, days: int) -> Runtime:
    return replace(desk.rt, clock=lambda: NOON + timedelta(days=days))


def propose(desk: Desk, wish: Wish = FOUR, *, person: bool = False) -> str:
    return plan_proposals.propose(desk.rt, desk.owed.access, Asked("USD", wish, person=person), total_minor=160_00)


def the(desk: Desk, plan_id: str) -> tuple[Arrangement, Plan]:
    with desk.rt.db.reading() as session:
        found = session.scalars(select(Arrangement).where(Arrangement.public_id == plan_id)).one()
        return found, session.get_one(Plan, found.id)


def seen(desk: Desk, plan_id: str) -> str:
    return str(the(desk, plan_id)[0].version)


def begin(desk: Desk, plan_id: str) -> None:
    """Let a plan begin as its signature does."""
    with desk.rt.db.transaction() as session:
        debtor = lock_debtor(session, desk.owed.business.id, desk.owed.debtor.id)
        assert debtor is not None
        found = session.scalars(select(Arrangement).where(Arrangement.public_id == plan_id)).one()
        plan_signing.begin(session, debtor, found, desk.rt.now())


def rows(desk: Desk) -> list[tuple[str, int, int, str]]:
    with desk.rt.db.reading() as session:
        return [(row.due_on.isoformat(), row.amount_minor, row.paid_minor, row.state)
                for row in session.scalars(select(Installment).order_by(Installment.due_on, Installment.position))]


def ids(desk: Desk) -> list[str]:
    with desk.rt.db.reading() as session:
        return list(session.scalars(select(Installment.public_id).order_by(Installment.position)))


def holds(desk: Desk) -> list[str]:
    with desk.rt.db.reading() as session:
        return list(session.scalars(select(Hold.cause).where(Hold.released_at.is_(None))))


def emails(desk: Desk) -> list[str]:
    with desk.rt.db.reading() as session:
        return [key.split(":")[0] for key in session.scalars(
            select(Message.key).where(Message.key.startswith("plan_")).order_by(Message.id))]


def code_of(work: object, *args: object, **more: object) -> str:
    with pytest.raises(Refusal) as caught:
        work(*args, **more)  # type: ignore[operator]
    return caught.value.code


def allow(desk: Desk, rules: PlanRules) -> None:
    with desk.rt.db.transaction() as session:
        policy = policies.in_force(session, desk.owed.business.id).with_plans(rules)
        session.add(PolicyVersion(business_id=desk.owed.business.id, version=9, created_at=NOON,
                                  rules=policy.as_rules()))


def test_the_page_begins_with_a_plan_that_fits_whatever_the_bounds(desk: Desk) -> None:
    allow(desk, PlanRules(bands=(
        Band(most=2, frequencies=("weekly",), down_points=2_500, longest_days=30, first_within_days=3),)))
    browser = inside(House(desk.app, desk.rt, desk.rt.db, Clock()), desk.owed.link)
    browser.get("/plan")
    assert "This plan fits." in browser.words and "2 payments" in browser.words
    browser.post("/plan", carried(browser, "/plan"))
    assert browser.path.startswith("/sign/") and "$40.00" in browser.words
    pay_only = replace(desk.owed.access, pay_only=True)
    plan_id = browser.path.split("/")[-1]
    assert code_of(signing_step.review, desk.rt, pay_only, plan_id) == "unknown_page"
    shown = signing_step.review(desk.rt, desk.owed.access, plan_id)
    signature = Signature(shown.version, shown.seen, "Helen Okafor")
    assert code_of(signing_step.sign, desk.rt, pay_only, plan_id, signature) == "unknown_page"


def test_a_person_counters_the_debtor_signs_what_was_offered(desk: Desk) -> None:
    plan_id, agent = propose(desk, LATE, person=True), desk.access("agent")
    assert the(desk, plan_id)[0].state == "asked" and holds(desk) == ["plan", "plan"]
    assert code_of(plan_answers.refuse, desk.rt, agent, plan_id, seen=seen(desk, plan_id), words=" ") == "words_missing"
    plan_answers.counter(desk.rt, agent, plan_id, replace(FOUR, count=3), seen=seen(desk, plan_id), words="Like this?")
    arrangement, plan = the(desk, plan_id)
    assert (arrangement.state, plan.count, plan.first_on) == ("countered", 3, date(2026, 12, 1))
    assert code_of(plan_answers.approve, desk.rt, agent, plan_id, seen=seen(desk, plan_id)) == "plan_decided"
    shown = plans.one(desk.rt, desk.owed.access, plan_id)
    assert [len(step.parts) for step in shown.steps] == [4, 0, 3] and shown.steps[-1].words == "Like this?"
    begin(desk, plan_id)
    assert rows(desk) == [("2026-12-01", 53_34, 0, "open"), ("2027-01-04", 53_33, 0, "open"),
                          ("2027-02-01", 53_33, 0, "open")]
    # Two devices: the second finds it decided.
    assert code_of(begin, desk, plan_id) == "plan_decided"
    assert emails(desk) == ["plan_asked", "plan_sent", "plan_countered"]
    assert desk.acts() == ["plan.proposed", "plan.countered"]


def test_the_nearest_is_one_press_and_a_no_has_words(desk: Desk) -> None:
    agent = desk.access("agent")
    plan_id = propose(desk, LATE, person=True)
    plan_answers.counter(desk.rt, agent, plan_id, None, seen=seen(desk, plan_id))
    assert the(desk, plan_id)[1].first_on == date(2026, 12, 15)
    other = propose(desk, LATE, person=True)
    assert the(desk, plan_id)[0].state == "withdrawn"
    plan_answers.refuse(desk.rt, agent, other, seen=seen(desk, other), words="Not this time.")
    assert the(desk, other)[0].state == "refused" and holds(desk) == []
    third = propose(desk, LATE, person=True)
    plan_answers.approve(desk.rt, agent, third, seen=seen(desk, third))
    begin(desk, third)
    # While it runs, nothing else begins on what it covers.
    assert code_of(propose, desk) == "plan_nothing_fits"


def test_more_than_four_of_a_consumer_are_the_owners_to_confirm(desk: Desk) -> None:
    allow(desk, PlanRules(bands=(Band(most=12, longest_days=400),), beyond_four="owner"))
    plan_id = propose(desk, replace(FOUR, count=6))
    assert the(desk, plan_id)[0].state == "asked"
    agent, version = desk.access("agent"), seen(desk, plan_id)
    assert code_of(plan_answers.approve, desk.rt, agent, plan_id, seen=version) == "owner_only"
    plan_answers.approve(desk.rt, desk.access("owner"), plan_id, seen=seen(desk, plan_id))
    begin(desk, plan_id)
    assert len(rows(desk)) == 6


def test_staff_offer_a_plan_and_end_it_with_a_reason(desk: Desk) -> None:
    agent, debtor_id = desk.access("agent"), desk.owed.debtor.public_id
    plan_id = plan_answers.propose(desk.rt, agent, debtor_id, "USD", FOUR, words="Would this help?")
    assert plan_answers.propose(desk.rt, agent, debtor_id, "USD", FOUR) == plan_id
    assert code_of(plan_answers.propose, desk.rt, agent, debtor_id, "USD", replace(FOUR, count=5)) == "owner_only"
    begin(desk, plan_id)
    assert plan_desk.running(desk.rt, agent).healthy == 1
    plan_answers.end(desk.rt, agent, plan_id, seen=seen(desk, plan_id), words="You asked us to.")
    assert {state for *_, state in rows(desk)} == {"void"} and holds(desk) == []
    assert the(desk, plan_id)[0].state == "ended"
    assert desk.acts() == ["plan.offered", "plan.ended"]
    with desk.rt.db.reading() as session:
        debtor = session.get_one(type(desk.owed.debtor), desk.owed.debtor.id)
        kept = personal_data.take_out(session, debtor)["plans"]
        scope = Scope(debtor.business_id, debtor.id, desk.rt.now(), reads_reasons=True)
        told = [plan_timeline.tell(Row.of(row)) for row in session.execute(plan_timeline.selects(scope)["talk"][0])]
    assert [one["standing"] for one in kept] == ["ended"] and len(kept[0]["installments"]) == 4
    assert [entry.quote for entry in told] == ["Would this help?", "You asked us to."]


def test_a_balance_paid_while_it_is_being_signed_makes_no_plan(desk: Desk) -> None:
    plan_id = propose(desk)
    tell(desk.rt.db, received(start_payment(desk.rt.db, desk.owed, (desk.owed.invoices[0], 100_00))))
    assert code_of(begin, desk, plan_id) == "plan_total_changed"
    assert rows(desk) == []


def test_proposals_run_out_after_a_last_call(desk: Desk) -> None:
    plan_id = propose(desk)
    assert plan_proposals.end_due(at(desk, 7)) == 0
    assert plan_proposals.end_due(at(desk, 9)) == 1 and plan_proposals.end_due(at(desk, 9)) == 0
    assert emails(desk) == ["plan_expiring"]
    assert plan_proposals.end_due(at(desk, 11)) == 1
    assert the(desk, plan_id)[0].state == "ended" and desk.acts()[-1] == "plan.expired"
    with pytest.raises(Refusal, match="plan_decided"):
        begin(desk, plan_id)


def test_a_day_is_moved_and_a_payment_goes_to_the_end_or_over_the_others(desk: Desk) -> None:
    plan_id = propose(desk)
    begin(desk, plan_id)
    first, second, *_ = ids(desk)
    own = desk.owed.access
    found = plan_changes.changeable(desk.rt, own, plan_id, first)
    assert (found.furthest, found.to_end, found.each_more_minor) == (date(2026, 12, 15), date(2027, 4, 1), 13_34)
    for day, code in ((date(2026, 12, 16), "plan_move_too_far"), (date(2026, 11, 9), "day_passed")):
        assert code_of(plan_changes.move, desk.rt, own, plan_id, first, day, seen=seen(desk, plan_id)) == code
    plan_changes.move(desk.rt, own, plan_id, first, date(2026, 12, 12), seen=seen(desk, plan_id))
    assert rows(desk)[0][0] == "2026-12-14", "the twelfth is a Saturday"
    assert code_of(plan_changes.move, desk.rt, own, plan_id, first, date(2026, 12, 3), seen="1") == "time_moved_on"
    plan_changes.spread(desk.rt, own, plan_id, second, seen=seen(desk, plan_id))
    assert sum(amount for _, amount, _, state in rows(desk) if state != "void") == 160_00
    assert code_of(plan_changes.to_end, desk.rt, own, plan_id, first, seen=seen(desk, plan_id)) == "plan_no_skips"
    assert desk.acts()[-2:] == ["plan.moved", "plan.spread"]


def test_what_is_missed_is_told_mended_or_ends_as_it_was_signed(desk: Desk) -> None:
    plan_id = propose(desk)
    begin(desk, plan_id)
    due = (date(2026, 12, 1) - TODAY).days
    plan_watch.watch(at(desk, due - 2))
    assert emails(desk) == ["plan_due"], "who pays by hand is reminded, once"
    plan_watch.watch(at(desk, due - 1))
    plan_watch.watch(at(desk, due + 2))
    assert the(desk, plan_id)[1].standing == "late"
    plan_watch.watch(at(desk, due + 6))
    assert the(desk, plan_id)[1].standing == "cure" and emails(desk) == ["plan_due", "plan_late", "plan_cure"]
    mended = replace(desk.owed.access)
    plan_changes.to_end(at(desk, due + 7), mended, plan_id, ids(desk)[0], seen=seen(desk, plan_id))
    assert the(desk, plan_id)[1].standing == "good"
    missed = (date(2027, 1, 4) - TODAY).days
    plan_watch.watch(at(desk, missed + 6))
    plan_watch.watch(at(desk, missed + 16))
    assert the(desk, plan_id)[1].standing == "cure"
    plan_watch.watch(at(desk, missed + 17))
    arrangement, plan = the(desk, plan_id)
    assert (arrangement.state, plan.standing) == ("broken", "ended") and holds(desk) == []
    assert desk.acts()[-1] == "plan.broken"


def test_money_from_anywhere_counts_and_the_last_of_it_completes_the_plan(desk: Desk) -> None:
    plan_id = propose(desk)
    begin(desk, plan_id)
    tell(desk.rt.db, received(start_payment(desk.rt.db, desk.owed, (desk.owed.invoices[0], 60_00))))
    plan_watch.watch(at(desk, 22))
    assert [(paid, state) for _, _, paid, state in rows(desk)] == [
        (40_00, "paid"), (20_00, "open"), (0, "open"), (0, "open")]
    tell(desk.rt.db, received(start_payment(desk.rt.db, desk.owed, (desk.owed.invoices[0], 40_00))))
    tell(desk.rt.db, received(start_payment(desk.rt.db, desk.owed, (desk.owed.invoices[1], 60_00))))
    plan_watch.watch(at(desk, 23))
    arrangement, plan = the(desk, plan_id)
    assert (arrangement.state, plan.standing) == ("kept", "good") and holds(desk) == []
    assert "plan_completed" in emails(desk) and desk.acts()[-1] == "plan.kept"
