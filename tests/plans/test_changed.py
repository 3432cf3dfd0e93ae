"""What a plan that runs meets later: a debit that bounces, a correction, two workers, a card, a question."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

from sqlalchemy import select

from portal.db import Database
from portal.domain.ledger import SALES, Entry, own, receivable
from portal.models import (
    Arrangement,
    AutopayMandate,
    Debtor,
    Hold,
    Installment,
    Invoice,
    SavedMethod,
    StripeCustomer,
    lock_debtor,
)
from portal.services import ledger, ledger_verify, mandates, plan_money
from tests.autopay.house import sign_plan
from tests.cast import NOON, make_invoice
from tests.ledger.stories import charged_back, line, tell
from tests.plans.test_renewal import THREE, Scene, scene, stage

__all__ = ["scene"]


def test_a_debit_that_bounces_after_it_counted_is_due_again_and_changes_nothing_else(scene: Scene) -> None:
    second = scene.pay(40_00)
    assert [paid for _, _, paid, _ in scene.parts(scene.old)] == [40_00, 0, 0]
    tell(scene.desk.rt.db, charged_back(second, 40_00, line(second, -40_00, 4_00, id="txn_8", kind="adjustment"),
                                        status="lost", id="dp_second"), now=scene.clock())
    assert scene.parts(scene.old)[0] == ("2026-12-01", 40_00, 0, "open")
    assert scene.work() == 0 and scene.proposed() == [] and scene.asked() == 0, "the plan asks for it already"
    scene.take_back("lost")
    assert scene.work() == 1 and [added for _, _, added in scene.proposed()] == [40_00]
    assert sum(amount for _, amount, *_ in scene.parts(scene.old)) == 120_00 and scene.owed() == 160_00


def test_a_correction_upward_is_proposed_once_however_many_work_at_it(scene: Scene) -> None:
    rt, owed = scene.desk.rt, scene.desk.owed
    with rt.db.transaction() as session:
        lock_debtor(session, owed.business.id, owed.debtor.id)
        ledger.post(session, owed.business.id, [Entry(
            receivable(owed.invoices[1].id, owed.debtor.id, "USD"), own(SALES, "USD"), 15_00, "issue_corrected",
            "import:later:corrected", "import", "later", scene.clock(), memo="issue_corrected")], now=scene.clock())
        plan_money.follow(session, owed.business.id, owed.debtor.id, scene.clock())
    together, changed = threading.Barrier(2), []

    def work() -> None:
        together.wait(30)
        changed.append(scene.work())

    workers = [threading.Thread(target=work) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert sorted(changed) == [0, 1] and scene.emails() == 1 and scene.desk.acts().count("plan.outgrown") == 1
    (new, state, added), = scene.proposed()
    assert (state, added) == ("countered", 15_00)
    scene.sign(new)
    assert [amount for _, amount, *_ in scene.parts(new)] == [40_00, 40_00, 40_00, 15_00]
    assert scene.owed() == 135_00 and ledger_verify.verify(rt)[0] == []


def test_the_card_goes_along_once_charging_the_changed_plan_was_allowed_anew(db: Database, tmp_path: Path) -> None:
    scene = stage(db, tmp_path, replace(THREE, autopay=True))
    assert "One thing is left to do for your plan: save a card or account." in scene.browser.words
    scene.browser.get("/balance")
    assert "nothing is charged by itself; $40.00 is due on" in scene.browser.words
    assert "Your plan runs" not in scene.browser.words
    save_card(scene)
    scene.browser.get(f"/plan/{scene.old}")
    assert "Your plan runs. $120.00 are left." in scene.browser.words
    scene.take_back()
    scene.work()
    (new, _, _), = scene.proposed()
    scene.sign(new)
    assert "before each charge I get an email" in scene.browser.words
    assert "due today or before" not in scene.browser.words, "nothing of it is"
    assert "needs your tick at that sentence" in scene.browser.words and scene.state(new) == "countered"
    assert standing_of(scene) == [("active", scene.old)]
    scene.sign(new, consent="autopay")
    assert scene.state(new) == "active" and standing_of(scene) == [("active", new)], "and nobody saves a card twice"
    with db.reading() as session:
        mandate = session.scalars(select(AutopayMandate).where(AutopayMandate.state == "active")).one()
        assert [row[2] for row in mandate.schedule] == [40_00] * 4


def save_card(scene: Scene) -> None:
    now, debtor = scene.clock(), scene.desk.owed.debtor
    with scene.desk.rt.db.transaction() as session:
        customer = StripeCustomer(business_id=debtor.business_id, debtor_id=debtor.id, account="", customer="cus_1",
                                  created_at=now)
        session.add(customer)
        session.flush()
        method = SavedMethod(
            business_id=debtor.business_id, debtor_id=debtor.id, customer_id=customer.id, method="pm_1", kind="card",
            brand="visa", last4="4242", exp_month=12, exp_year=2035, state="active", saved_at=now, told_at=now)
        session.add(method)
        session.flush()
        mandates.take_method(session, method, None, now)


def standing_of(scene: Scene) -> list[tuple[str, str]]:
    """Which permissions stand, and for which plan."""
    with scene.desk.rt.db.reading() as session:
        return [(row[0], row[1]) for row in session.execute(
            select(AutopayMandate.state, Arrangement.public_id)
            .join(Arrangement, Arrangement.id == AutopayMandate.arrangement_id)
            .where(AutopayMandate.state != "ended", AutopayMandate.saved_method_id.is_not(None)))]


def test_a_payment_that_is_held_is_not_said_to_be_charged(db: Database, tmp_path: Path) -> None:
    scene = stage(db, tmp_path, replace(THREE, autopay=True))
    save_card(scene)
    debtor = scene.desk.owed.debtor
    with db.transaction() as session:
        session.scalars(select(Installment).where(Installment.position == 1)).one().try_at = NOON + timedelta(days=12)
        other = make_invoice(session, debtor, 5_00, now=NOON)
        session.add(_question(debtor, other))
    # Another plan waits: this one does not wait with it.
    sign_plan(db, replace(scene.desk.owed, invoices=[other]), scene.clock(), (date(2027, 6, 1), 5_00), allow=False)
    scene.browser.get("/balance")
    assert "$40.00 is charged to Visa ending in 4242." in scene.browser.words
    with db.transaction() as session:
        session.add(_question(debtor, scene.desk.owed.invoices[1]))
    scene.browser.get("/balance")
    assert "$40.00 of your plan waits: it is not charged while something" in scene.browser.words
    assert "is charged to" not in scene.browser.words
    page = scene.desk.as_("agent").get(f"/office/debtors/{debtor.public_id}").text
    assert "is not charged while something about it is open" in page and "is charged to" not in page


def _question(debtor: Debtor, invoice: Invoice) -> Hold:
    return Hold(business_id=debtor.business_id, debtor_id=debtor.id, invoice_id=invoice.id, reminders=True,
                autopay=True, cause="dispute", cause_id=f"d{invoice.id}", starts_at=NOON)
