"""Late fees and interest on the books: charged once by a job, never on what is held or being paid, told in words."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import select, text

from portal.db import Database
from portal.domain.fees import NEVER, FeeRule
from portal.domain.policy import Policy
from portal.models import AuditEvent, FeeTrack, Hold, LedgerTransfer, PolicyVersion
from portal.runtime import Runtime
from portal.services import bookkeeping, late_fees, ledger, ledger_verify, policies
from portal.words.core import speak
from tests.cast import NOON, Clock, Owed, make_debtor, make_invoice, make_runtime, someone_owes
from tests.ledger.stories import moved, received, start_payment, tell
from tests.office.test_debtor_money import at_once

# Invoices of the cast are due on October 18 and weekly after that; the clock stands at noon of November 10.
RULE = FeeRule(by_itself=True, percent_points=200, interest_points=730, grace_days=14)


def charging(db: Database, folder: Path, *totals: int, rule: FeeRule = RULE, **changes: Any) -> tuple[Runtime, Owed]:
    """Somebody who owes a business that charges by this rule since long ago."""
    policy = Policy().with_fees("consumer", rule)
    owed = someone_owes(db, *totals, policy=policy, **changes)
    with db.transaction() as session:
        version = session.scalars(select(PolicyVersion).where(
            PolicyVersion.business_id == owed.business.id)).one()
        version.created_at = NOON - timedelta(days=300)
    return make_runtime(db, folder, Clock()), owed


def issue_early(db: Database, owed: Owed, total: int, due_on: date, **changes: Any) -> Any:
    with db.transaction() as session:
        return make_invoice(session, owed.debtor, total, due_on=due_on, now=datetime(2026, 1, 5, tzinfo=UTC),
                            **changes)


def run(rt: Runtime, **passing: float) -> int:
    """Let time pass and the two jobs run."""
    rt.clock.pass_time(**passing)  # type: ignore[attr-defined]
    late_fees.track(rt)
    looked = 0
    while some := late_fees.charge_due(rt, limit=7):
        looked += some
    return looked


def lines(db: Database, owed: Owed) -> list[tuple[str, int, str]]:
    with db.reading() as session:
        return [(row.kind, row.amount, row.memo) for row in session.scalars(
            select(LedgerTransfer).where(LedgerTransfer.business_id == owed.business.id,
                                         LedgerTransfer.kind.in_(("fee", "interest"))).order_by(LedgerTransfer.id))]


def left(db: Database, owed: Owed, invoice: Any) -> int:
    with db.reading() as session:
        return ledger.left_by_invoice(session, owed.business.id, owed.debtor.id)[invoice.id]


def look_on(db: Database, invoice: Any) -> date | None:
    with db.reading() as session:
        return session.get_one(FeeTrack, invoice.id).look_on


def test_a_fee_once_and_interest_each_month_each_telling_its_rule(db: Database, tmp_path: Path) -> None:
    rt, owed = charging(db, tmp_path)
    invoice = issue_early(db, owed, 1_000_00, date(2026, 10, 28))
    run(rt)
    assert lines(db, owed) == [] and look_on(db, invoice) == date(2026, 11, 11)
    run(rt, days=2)
    assert lines(db, owed) == [("fee", 20_00, "late_fee:200:100000:USD:14")]
    run(rt, days=30)
    run(rt, days=0)
    assert lines(db, owed)[1:] == [("interest", 6_00, "interest:730:100000:USD:2026-11-11:2026-12-10")]
    assert left(db, owed, invoice) == 1_026_00 and look_on(db, invoice) == date(2027, 1, 11)
    words = speak("en_US", "UTC")
    said = [words.memo_rule(memo) for _, _, memo in lines(db, owed)]
    assert said[0].startswith("2% of the $1,000.00 then unpaid. Added once, 14 days")
    assert said[1] == "7.3% a year on the $1,000.00 unpaid, from November 11, 2026 to December 10, 2026."
    with db.reading() as session:
        events = session.scalars(select(AuditEvent).where(AuditEvent.act == "fee.charged")).all()
    assert [(one.actor_kind, one.details["amount"]) for one in events] == [("job", 20_00), ("job", 6_00)]
    assert ledger_verify.verify(rt)[0] == []


def test_nothing_is_charged_while_it_is_off_or_only_stated(db: Database, tmp_path: Path) -> None:
    rt, owed = charging(db, tmp_path, rule=replace(RULE, by_itself=False))
    issue_early(db, owed, 1_000_00, date(2026, 9, 1))
    assert run(rt, days=60) == 0 and lines(db, owed) == []
    with db.reading() as session:
        assert session.scalars(select(FeeTrack)).all() == []


def test_a_rule_that_is_switched_on_counts_from_the_next_day(db: Database, tmp_path: Path) -> None:
    rt, owed = charging(db, tmp_path, rule=FeeRule())
    invoice = issue_early(db, owed, 1_000_00, date(2026, 9, 1))
    run(rt)
    with db.transaction() as session:
        rules = policies.in_force(session, owed.business.id).with_fees("consumer", RULE)
        session.add(PolicyVersion(business_id=owed.business.id, version=2, rules=rules.as_rules(), created_at=NOON))
    run(rt, days=2)
    run(rt, days=40)
    # The day of the fee was long past: nobody is surprised by it. Interest runs from November 11 on.
    assert lines(db, owed) == [("interest", 6_80, "interest:730:100000:USD:2026-11-11:2026-12-14")]
    with db.transaction() as session:
        off = policies.in_force(session, owed.business.id).with_fees("consumer", FeeRule())
        session.add(PolicyVersion(business_id=owed.business.id, version=3, rules=off.as_rules(),
                                  created_at=rt.now()))
    run(rt, days=60)
    assert len(lines(db, owed)) == 1 and look_on(db, invoice) == NEVER


def test_what_is_held_is_not_charged_and_a_disputed_part_neither(db: Database, tmp_path: Path) -> None:
    rt, owed = charging(db, tmp_path)
    part, whole = (issue_early(db, owed, 1_000_00, date(2026, 10, 28)) for _ in range(2))
    with db.transaction() as session:
        for invoice, amount, cause in ((part, 400_00, "dispute"), (whole, None, "hand_over")):
            session.add(Hold(business_id=owed.business.id, debtor_id=owed.debtor.id, invoice_id=invoice.id, fees=True,
                             amount_minor=amount, cause=cause, cause_id=str(invoice.id), starts_at=NOON))
        session.add(Hold(business_id=owed.business.id, debtor_id=owed.debtor.id, invoice_id=part.id, reminders=True,
                         cause="staff", starts_at=NOON))
    run(rt, days=3)
    assert lines(db, owed) == [("fee", 12_00, "late_fee:200:60000:USD:14")]
    with db.transaction() as session:
        for hold in session.scalars(select(Hold).where(Hold.fees)):
            hold.released_at = rt.now()
    run(rt, days=8)
    # Twelve late days were free before November 10; the fourteenth is the second day after the hold was lifted.
    assert lines(db, owed)[1:] == [("fee", 20_00, "late_fee:200:100000:USD:18")]


def test_who_is_paying_right_now_is_not_charged_meanwhile(db: Database, tmp_path: Path) -> None:
    rt, owed = charging(db, tmp_path)
    invoice = issue_early(db, owed, 1_000_00, date(2026, 10, 28))
    owed.invoices.append(invoice)
    payment = start_payment(db, owed, (invoice, 1_000_00))
    run(rt, days=3)
    assert lines(db, owed) == [] and look_on(db, invoice) == date(2026, 11, 14)
    tell(db, received(payment, happened_at=rt.now()))
    run(rt, days=40)
    assert lines(db, owed) == [] and look_on(db, invoice) is None and left(db, owed, invoice) == 0


def test_a_bank_debit_that_comes_back_bears_no_interest_for_the_days_it_moved(db: Database, tmp_path: Path) -> None:
    rt, owed = charging(db, tmp_path, rule=replace(RULE, percent_points=0))
    invoice = issue_early(db, owed, 1_000_00, date(2026, 10, 28))
    owed.invoices.append(invoice)
    debit = start_payment(db, owed, (invoice, 1_000_00), at=NOON)
    tell(db, moved(debit, "processing"))
    rt.clock.pass_time(days=9)  # type: ignore[attr-defined]
    tell(db, moved(debit, "failed", happened_at=rt.now()), now=rt.now())
    run(rt, days=60)
    # Held from November 10 to 19, with twelve free days before: the fourteenth is the 21st.
    assert lines(db, owed) == [("interest", 6_00, "interest:730:100000:USD:2026-11-21:2026-12-20")]


def test_a_fee_taken_back_does_not_come_again(db: Database, tmp_path: Path) -> None:
    rt, owed = charging(db, tmp_path)
    invoice = issue_early(db, owed, 1_000_00, date(2026, 10, 28))
    run(rt, days=33)
    assert [kind for kind, _, _ in lines(db, owed)] == ["fee", "interest"]
    with db.transaction() as session:
        for transfer in session.scalars(select(LedgerTransfer).where(LedgerTransfer.kind.in_(("fee", "interest")))):
            bookkeeping.waive_fee(session, transfer, now=rt.now())
    assert left(db, owed, invoice) == 1_000_00
    with db.transaction() as session:
        session.execute(text("UPDATE fee_track SET look_on = '2026-11-01'"))
    run(rt, days=1)
    assert len(lines(db, owed)) == 2
    run(rt, days=31)
    assert lines(db, owed)[2:] == [("interest", 6_20, "interest:730:100000:USD:2026-12-11:2027-01-10")]
    assert ledger_verify.verify(rt)[0] == []


def test_a_fee_from_an_import_counts_as_charged(db: Database, tmp_path: Path) -> None:
    rt, owed = charging(db, tmp_path)
    invoice = issue_early(db, owed, 1_000_00, date(2026, 10, 28))
    with db.transaction() as session:
        bookkeeping.charge_fee(session, invoice, 20_00, step="late", interest=False,
                               rule="late_fee:200:100000:USD:14", now=NOON)
    run(rt, days=3)
    assert len(lines(db, owed)) == 1


def test_credit_pays_a_fee_at_once(db: Database, tmp_path: Path) -> None:
    rt, owed = charging(db, tmp_path)
    invoice = issue_early(db, owed, 1_000_00, date(2026, 10, 28))
    with db.transaction() as session:
        bookkeeping.thank(session, session.merge(owed.debtor), "USD", 1_010_00, cause="1",
                          now=NOON - timedelta(days=60))
    run(rt, days=3)
    assert left(db, owed, invoice) == 0 and lines(db, owed) == []


def test_what_is_owed_again_is_looked_at_again(db: Database, tmp_path: Path) -> None:
    rt, owed = charging(db, tmp_path, rule=replace(RULE, percent_points=0))
    invoice = issue_early(db, owed, 1_000_00, date(2026, 10, 28))
    run(rt)
    with db.transaction() as session:
        check = bookkeeping.receive_outside(
            session, session.merge(owed.debtor), [bookkeeping.Part(invoice, 1_000_00)], channel="check",
            amount=1_000_00, reference="", received_at=NOON, now=NOON, number="P-1")
    run(rt, days=3)
    assert look_on(db, invoice) is None
    with db.transaction() as session:
        bookkeeping.bounce_outside(session, session.merge(check), happened_at=rt.now(), now=rt.now())
    run(rt, days=40)
    assert [kind for kind, _, _ in lines(db, owed)] == ["interest"]


def test_two_workers_at_once_charge_each_invoice_once(db: Database, tmp_path: Path) -> None:
    rt, owed = charging(db, tmp_path)
    for _ in range(5):
        issue_early(db, owed, 1_000_00, date(2026, 10, 28))
    with db.transaction() as session:
        other = make_debtor(session, session.merge(owed.business))
        make_invoice(session, other, 500_00, due_on=date(2026, 10, 28), now=datetime(2026, 1, 5, tzinfo=UTC))
    rt.clock.pass_time(days=3)  # type: ignore[attr-defined]
    late_fees.track(rt)
    assert at_once(*[lambda: late_fees.charge_due(rt)] * 4) == []
    while late_fees.charge_due(rt):
        pass
    assert sorted(amount for _, amount, _ in lines(db, owed)) == [10_00, *[20_00] * 5]


def test_businesses_far_to_the_east_and_west_wait_for_their_own_day(db: Database, tmp_path: Path) -> None:
    for zone in ("Pacific/Auckland", "Pacific/Honolulu", "Europe/Madrid"):
        rt, owed = charging(db, tmp_path, timezone=zone)
        invoice = issue_early(db, owed, 1_000_00, date(2026, 3, 14))
        rt.clock.now = datetime(2026, 3, 28, 23, 30, tzinfo=UTC)  # type: ignore[attr-defined]
        for _ in range(80):
            run(rt, hours=1)
        # The night the clocks change in Madrid lies between; the day is the business's own, and it comes once.
        assert [memo for _, _, memo in lines(db, owed)] == ["late_fee:200:100000:USD:14"], zone
        assert look_on(db, invoice) == date(2026, 4, 28)
