"""Money that no payment of a plan covers comes back: a changed plan is proposed, signed in its place, or left alone."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select

from portal.db import Database
from portal.domain.plan_renewal import renewed
from portal.domain.plan_terms import Wish
from portal.domain.schedules import Part, every_day
from portal.models import Arrangement, AuditEvent, Hold, Installment, Message, Payment, Plan, lock_debtor
from portal.services import (
    askable,
    ledger,
    ledger_verify,
    plan_desk,
    plan_proposals,
    plan_renewal,
    plan_signing,
)
from portal.services.plan_proposals import Asked
from tests.access.visitor import Browser, House
from tests.account.conftest import inside
from tests.cast import NOON, Clock, make_link
from tests.ledger.stories import charged_back, line, received, start_payment, tell
from tests.office.books import Desk, open_desk
from tests.plans.test_answers import FOUR, code_of
from tests.plans.test_builder import carried, sign

THREE = replace(FOUR, count=3)


@dataclass
class Scene:
    """A debtor who paid 40.00 of 160.00, signed a plan over the rest, and whose bank takes that payment back."""

    desk: Desk
    house: House
    browser: Browser
    clock: Clock
    first: Payment
    old: str

    def take_back(self, status: str = "needs_response", *, won: bool = False) -> None:
        lines = [line(self.first, -40_00, 15_00, id="txn_2", kind="adjustment")]
        lines += [line(self.first, 40_00, -15_00, id="txn_3", kind="adjustment")] if won else []
        tell(self.desk.rt.db, charged_back(self.first, 40_00, *lines, status=status), now=self.clock())

    def pay(self, amount: int) -> Payment:
        payment = start_payment(self.desk.rt.db, self.desk.owed, (self.desk.owed.invoices[1], amount), at=self.clock())
        tell(self.desk.rt.db, received(payment, happened_at=self.clock()), now=self.clock())
        return payment

    def work(self) -> int:
        return plan_renewal.renew(self.desk.rt)

    def proposed(self) -> list[tuple[str, str, int]]:
        """Every change that was proposed: its public id, how it stands, and what came on top."""
        with self.desk.rt.db.reading() as session:
            return [(row[0], row[1], row[2] or 0) for row in session.execute(
                select(Arrangement.public_id, Arrangement.state, Plan.added_minor)
                .join(Plan, Plan.arrangement_id == Arrangement.id).where(Plan.replaces_id.is_not(None))
                .order_by(Arrangement.id))]

    def sign(self, plan_id: str, **typed: str) -> None:
        """Read a plan and sign it; the code that was entered in this session still stands."""
        path = f"/sign/{plan_id}"
        self.browser.get(path)
        assert f"It takes the place of the plan in agreement {self.old}" in self.browser.words
        self.browser.post(path, {**carried(self.browser, path), "name": "Helen Adaeze Okafor", "do": "code", **typed})

    def state(self, plan_id: str) -> str:
        with self.desk.rt.db.reading() as session:
            return session.scalars(select(Arrangement.state).where(Arrangement.public_id == plan_id)).one()

    def parts(self, plan_id: str) -> list[tuple[str, int, int, str]]:
        with self.desk.rt.db.reading() as session:
            return [(row.due_on.isoformat(), row.amount_minor, row.paid_minor, row.state) for row in session.scalars(
                select(Installment).join(Arrangement, Arrangement.id == Installment.arrangement_id)
                .where(Arrangement.public_id == plan_id).order_by(Installment.position))]

    def owed(self) -> int:
        with self.desk.rt.db.reading() as session:
            return sum(ledger.left_by_invoice(session, self.desk.owed.business.id, self.desk.owed.debtor.id).values())

    def asked(self) -> int:
        """What a reminder would ask for now, once staff let it go on after the chargeback."""
        with self.desk.rt.db.transaction() as session:
            for hold in session.scalars(select(Hold).where(Hold.cause == "chargeback", Hold.released_at.is_(None))):
                hold.released_at = self.clock()
        with self.desk.rt.db.reading() as session:
            return sum(one.left_minor for one in askable.askable(
                session, self.clock() + timedelta(seconds=1), self.desk.owed.debtor).invoices)

    def emails(self) -> int:
        with self.desk.rt.db.reading() as session:
            return session.scalar(select(func.count()).select_from(Message).where(
                Message.key.startswith("plan_outgrown"))) or 0


@pytest.fixture
def scene(db: Database, tmp_path: Path) -> Scene:
    return stage(db, tmp_path, THREE)


def stage(db: Database, tmp_path: Path, wish: Wish) -> Scene:
    clock = Clock()
    desk = open_desk(db, tmp_path, 100_00, 60_00, clock=clock)
    first = start_payment(db, desk.owed, (desk.owed.invoices[0], 40_00))
    tell(db, received(first))
    clock.pass_time(hours=1)
    with db.transaction() as session:
        desk.owed.link = make_link(session, desk.owed.debtor, expires_at=NOON + timedelta(days=200))
    house = House(desk.app, desk.rt, db, clock)
    browser = inside(house, desk.owed.link)
    old = plan_proposals.propose(desk.rt, desk.owed.access, Asked("USD", wish), total_minor=120_00)
    browser.get(f"/sign/{old}")
    sign(browser, house)
    clock.pass_time(minutes=10)
    found = Scene(desk, house, browser, clock, first, old)
    assert found.state(old) == "active"
    return found


def test_a_chargeback_is_put_after_the_plan_and_signed_in_its_place(scene: Scene) -> None:
    kept = scene.pay(40_00)
    scene.take_back()
    assert scene.parts(scene.old)[0] == ("2026-12-01", 40_00, 40_00, "paid"), "what was paid for the plan stays paid"
    assert scene.work() == 1 and scene.work() == 0
    scene.take_back()
    assert scene.work() == 0 and scene.emails() == 1
    (new, state, added), = scene.proposed()
    assert (state, added) == ("countered", 40_00) and scene.state(scene.old) == "active"
    assert scene.asked() == 0, "until it is signed or over nobody asks for what came back"
    agent = scene.desk.as_("agent")
    assert "a changed plan waits for their signature" in agent.get("/office/plans").text
    assert plan_desk.running(scene.desk.rt, scene.desk.access("agent")).rows[0].added_minor == 40_00
    for page in (f"/office/debtors/{scene.desk.owed.debtor.public_id}/plans", f"/office/requests/plans/{new}"):
        assert agent.get(page).status_code == 200
    scene.browser.get(f"/plan/{scene.old}")
    assert "Your plan no longer covers everything: $40.00 came on top." in scene.browser.words
    scene.browser.get("/balance")
    assert "$40.00 came on top. It goes on as it is until you sign a changed one, by" in scene.browser.words
    assert f"/sign/{new}" in scene.browser.text
    scene.browser.get(f"/plan/{new}")
    assert "until then that one goes on unchanged" in scene.browser.words and "$120.00" in scene.browser.words
    scene.sign(new)
    assert "Your plan runs. $120.00 are left." in scene.browser.words, scene.browser.words
    assert (scene.state(scene.old), scene.state(new)) == ("ended", "active")
    assert [state for *_, state in scene.parts(scene.old)] == ["paid", "void", "void"]
    assert scene.parts(new) == [("2027-01-04", 40_00, 0, "open"), ("2027-02-01", 40_00, 0, "open"),
                                ("2027-03-01", 40_00, 0, "open")]
    assert scene.owed() == 120_00 and kept.amount_minor == 40_00
    assert ledger_verify.verify(scene.desk.rt)[0] == []
    scene.browser.get(f"/plan/{scene.old}")
    assert "You signed a changed plan in its place." in scene.browser.words
    acts = scene.desk.acts()
    assert acts.count("plan.outgrown") == 1 and acts.count("agreement.signed") == 2
    assert scene.work() == 0 and scene.asked() == 0
    # Won after all: what came home pays the changed plan.
    scene.clock.pass_time(days=1)
    scene.take_back("won", won=True)
    assert [paid for _, _, paid, _ in scene.parts(new)] == [40_00, 0, 0] and scene.work() == 0


def test_signed_twice_it_begins_once(scene: Scene) -> None:
    scene.take_back()
    scene.work()
    (new, _, _), = scene.proposed()
    second = inside(scene.house, scene.desk.owed.link)
    second.get(f"/sign/{new}")
    sent = {**carried(second, f"/sign/{new}"), "name": "Helen Adaeze Okafor", "do": "code"}
    scene.sign(new)
    second.post(f"/sign/{new}", sent)
    assert "Your plan runs. $160.00 are left." in scene.browser.words
    scene.browser.get(f"/sign/{new}")
    assert len(scene.parts(new)) == 4 and sum(amount for _, amount, *_ in scene.parts(new)) == 160_00
    with scene.desk.rt.db.transaction() as session:
        debtor = lock_debtor(session, scene.desk.owed.business.id, scene.desk.owed.debtor.id)
        assert debtor is not None
        made = session.scalars(select(Arrangement).where(Arrangement.public_id == new)).one()
        assert code_of(plan_signing.begin, session, debtor, made, scene.clock()) == "plan_decided"
    with scene.desk.rt.db.reading() as session:
        assert session.scalar(select(func.count()).select_from(AuditEvent).where(
            AuditEvent.act == "agreement.signed")) == 2


def test_left_unsigned_it_is_owed_beside_the_plan_like_any_debt(scene: Scene) -> None:
    scene.take_back()
    scene.work()
    scene.clock.pass_time(days=11)
    assert plan_proposals.end_due(scene.desk.rt) == 1
    assert scene.work() == 1 and scene.work() == 0
    assert [state for _, state, _ in scene.proposed()] == ["ended"]
    assert scene.asked() == 40_00 and scene.state(scene.old) == "active"
    scene.browser = inside(scene.house, scene.desk.owed.link)
    scene.browser.get(f"/plan/{scene.old}")
    assert "$40.00 is owed beside this plan." in scene.browser.words
    # What is paid of the plan makes what rests smaller, and not what is asked for.
    scene.pay(40_00)
    assert scene.work() in (0, 1) and scene.asked() == 40_00
    assert scene.emails() == 1, "nobody is asked twice for the same thing"
    scene.clock.pass_time(days=1)
    scene.take_back("won", won=True)
    scene.work()
    assert scene.asked() == 0


def test_taken_back_it_is_asked_for(scene: Scene) -> None:
    scene.take_back()
    scene.work()
    (new, _, _), = scene.proposed()
    scene.browser.get(f"/plan/{new}")
    scene.browser.post(f"/plan/{new}/withdraw", carried(scene.browser, f"/plan/{new}/withdraw"))
    assert scene.work() == 1 and scene.work() == 0
    assert scene.asked() == 40_00 and scene.state(scene.old) == "active"


def test_a_proposal_follows_what_comes_in_and_ends_when_nothing_is_missing(scene: Scene) -> None:
    scene.take_back()
    scene.work()
    (new, _, _), = scene.proposed()
    scene.browser.get(f"/sign/{new}")
    old_text = carried(scene.browser, f"/sign/{new}")
    scene.pay(40_00)
    scene.browser.post(f"/sign/{new}", {**old_text, "name": "Helen Okafor", "do": "code"})
    assert scene.state(scene.old) == "active", "what has changed meanwhile is not signed"
    assert scene.work() == 1 and scene.work() == 0
    scene.browser.get(f"/plan/{new}")
    assert "$120.00" in scene.browser.words and "The payments followed what came in." in scene.browser.words
    scene.clock.pass_time(days=1)
    scene.take_back("won", won=True)
    assert scene.work() == 1 and scene.work() == 0
    assert [state for _, state, _ in scene.proposed()] == ["ended"] and scene.asked() == 0
    assert scene.desk.acts()[-1] == "plan.change_dropped"
    assert scene.emails() == 1


def test_a_change_ends_with_the_plan_it_is_about(scene: Scene) -> None:
    scene.take_back()
    scene.work()
    (new, _, _), = scene.proposed()
    seat = scene.desk.as_("agent")
    page = f"/office/debtors/{scene.desk.owed.debtor.public_id}/plans"
    assert seat.get(page).status_code == 200
    with scene.desk.rt.db.transaction() as session:
        found = session.scalars(select(Arrangement).where(Arrangement.public_id == scene.old)).one()
        found.state, found.ended_at = "ended", scene.clock()
    scene.browser.get(f"/sign/{new}")
    assert scene.state(new) == "countered" and "Agreement to pay over time" not in scene.browser.words
    assert scene.work() == 1 and scene.state(new) == "ended"


DAYS = [Part(date(2026, 12, 1), 40_00), Part(date(2027, 1, 4), 40_00)]
RULE = {"usual": 40_00, "most": 4, "today": date(2026, 11, 20), "is_open": every_day}


def test_what_came_on_top_stands_after_the_days_that_were_signed() -> None:
    down, parts = renewed(DAYS, 50_00, "USD", "monthly", **RULE)  # type: ignore[arg-type]
    assert (down, parts) == (0, (*DAYS, Part(date(2027, 2, 4), 25_00), Part(date(2027, 3, 4), 25_00)))
    # Days of their own: a month after the last.
    assert renewed(DAYS, 30_00, "USD", "", **RULE)[1][-1] == Part(date(2027, 2, 4), 30_00)  # type: ignore[arg-type]
    # Too little to be charged alone, and one payment too many for a private person.
    assert renewed(DAYS, 20, "USD", "weekly", **RULE)[1] == (DAYS[0], Part(date(2027, 1, 4), 40_20))  # type: ignore[arg-type]
    few = {**RULE, "most": 2}
    assert renewed(DAYS, 90_00, "USD", "weekly", **few)[1] == (DAYS[0], Part(date(2027, 1, 4), 130_00))  # type: ignore[arg-type]


def test_what_is_late_is_paid_at_the_signature() -> None:
    rule = {**RULE, "today": date(2026, 12, 10)}
    down, parts = renewed(DAYS, 40_00, "USD", "monthly", **rule)  # type: ignore[arg-type]
    assert (down, parts) == (40_00, (Part(date(2026, 12, 10), 40_00), DAYS[1], Part(date(2027, 2, 4), 40_00)))
    small = [Part(date(2026, 12, 1), 20), DAYS[1]]
    assert renewed(small, 40_00, "USD", "monthly", **rule) == (  # type: ignore[arg-type]
        0, (Part(date(2027, 1, 4), 40_20), Part(date(2027, 2, 4), 40_00)))
