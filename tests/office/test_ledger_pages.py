"""The books' pages: every figure is the sum of its transfers, added up here in another way, and corrections mirror."""

from __future__ import annotations

import re
from datetime import date, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from portal.db import Database
from portal.domain.errors import Refusal
from portal.models import Approval, LedgerTransfer, Note
from portal.services import approval_decisions, bookkeeping, corrections, explorer, trial_balance
from portal.services.bookkeeping import Part
from portal.services.explorer import AccountPage, GroupPage, Period
from portal.words import speak
from tests.cast import NOON, balances, make_invoice
from tests.ledger.stories import line, received, refunded, start_payment, tell
from tests.office.books import Desk, open_desk

LARGE = 5_000_00


@pytest.fixture
def desk(db: Database, tmp_path: Path) -> Desk:
    """An office whose books hold a bit of everything, in two currencies."""
    desk = open_desk(db, tmp_path, 300_00, 80_00, LARGE)
    payment = start_payment(db, desk.owed, (desk.owed.invoices[0], 300_00))
    tell(db, received(payment), line(payment, 300_00, 9_00), refunded(payment, 40_00))
    with db.transaction() as session:
        euros = make_invoice(session, desk.owed.debtor, 70_00, currency="EUR")
        bookkeeping.receive_outside(session, desk.owed.debtor, [Part(desk.owed.invoices[1], 80_00)], channel="cash",
                                    amount=90_00, reference="", received_at=NOON, now=NOON, number="P-2")
        bookkeeping.charge_fee(session, euros, 5_00, step="1", interest=False, rule="late_fee", now=NOON)
    return desk


def money(minor: int, currency: str) -> str:
    return speak("en", "America/Los_Angeles").money(minor, currency)


def by_kind(desk: Desk) -> dict[str, int]:
    """Every balance by "kind-CUR", added up from the transfers one by one."""
    sums: dict[str, int] = {}
    for name, amount in balances(desk.rt.db, desk.owed.business.id).items():
        parts = name.split()
        sums[f"{parts[0]}-{parts[-1]}"] = sums.get(f"{parts[0]}-{parts[-1]}", 0) + amount
    return {name: amount for name, amount in sums.items() if amount}


def transfer(desk: Desk, kind: str, currency: str = "USD") -> LedgerTransfer:
    with desk.rt.db.reading() as session:
        return session.scalars(select(LedgerTransfer).where(
            LedgerTransfer.kind == kind, LedgerTransfer.currency == currency).order_by(LedgerTransfer.id)).first()  # type: ignore[return-value]


def test_every_figure_of_the_trial_balance_is_the_sum_of_the_transfers(desk: Desk) -> None:
    trial = trial_balance.trial_balance(desk.rt, desk.access("viewer"))
    shown = {f"{one.kind}-{of.currency}": one.debit - one.credit for of in trial.currencies for one in of.balances}
    assert shown == by_kind(desk)
    assert [of.currency for of in trial.currencies] == ["USD", "EUR"]
    assert all(of.debits == of.credits > 0 for of in trial.currencies)
    page = desk.as_("viewer").get("/office/ledger").text
    for name, amount in by_kind(desk).items():
        assert money(abs(amount), name[-3:]) in page, name
    assert page.count("sums to") == 2


def test_every_account_page_shows_its_own_sum_and_a_period_its_own(desk: Desk) -> None:
    for name, amount in by_kind(desk).items():
        page = explorer.account(desk.rt, desk.access("viewer"), name, Period())
        if isinstance(page, GroupPage):
            assert page.total == amount == sum(part.balance for part in page.parts)
            for part in page.parts:
                alone = explorer.account(desk.rt, desk.access("viewer"), part.name, Period())
                assert isinstance(alone, AccountPage) and alone.debits - alone.credits == part.balance
                assert sum(line.amount * line.sign for line in alone.lines) == part.balance
            both = explorer.account(desk.rt, desk.access("viewer"), name, Period(date(2026, 1, 1), date(2026, 12, 31)))
            assert isinstance(both, AccountPage) and both.debits - both.credits == amount
        else:
            assert page.debits - page.credits == amount == sum(line.amount * line.sign for line in page.lines)
        assert desk.as_("viewer").get(f"/office/ledger/accounts/{name}").status_code == 200
    collected = explorer.account(desk.rt, desk.access("viewer"), "receivable-USD",
                                 Period(NOON.date(), NOON.date(), "credit"))
    assert isinstance(collected, AccountPage)
    assert (collected.debits, collected.credits) == (0, 390_00), "with 10.00 of credit used"


def test_a_time_without_a_day_asks_for_one(desk: Desk) -> None:
    address = "/office/ledger/accounts/receivable-USD"
    assert "Choose a day or a side" in desk.as_("viewer").get(f"{address}?from=&to=&side=").text
    assert "Choose a day or a side" not in desk.as_("viewer").get(address).text
    assert "Choose a day or a side" not in desk.as_("viewer").get(f"{address}?from=&to=&side=debit").text


def test_a_day_before_shows_what_was_then(desk: Desk) -> None:
    with desk.rt.db.transaction() as session:
        make_invoice(session, desk.owed.debtor, 11_00, now=NOON + timedelta(days=2))
    desk.rt.clock.pass_time(days=3)  # type: ignore[attr-defined]
    before = trial_balance.trial_balance(desk.rt, desk.access("viewer"), NOON.date())
    after = trial_balance.trial_balance(desk.rt, desk.access("viewer"))
    assert after.currencies[0].debits - before.currencies[0].debits == 11_00
    text = desk.as_("viewer").get(f"/office/ledger/trial-balance?on={NOON.date()}").text
    assert money(before.currencies[0].debits, "USD") in text
    assert desk.as_("viewer").get("/office/ledger/trial-balance?on=yesterday").status_code == 422
    assert desk.as_("viewer").get("/office/ledger/accounts/bank-USD?from=2026-12-01&to=2026-01-01").status_code == 422


def test_a_long_account_is_paged_by_its_edge_and_loses_nothing(desk: Desk) -> None:
    with desk.rt.db.transaction() as session:
        for number in range(120):
            make_invoice(session, desk.owed.debtor, 1_00 + number, now=NOON + timedelta(minutes=number // 3))
    for name in ("sales-USD", "receivable-USD"):
        seen: list[object] = []
        after = ""
        while True:
            page = explorer.account(desk.rt, desk.access("viewer"), name, Period(), after)
            seen += [one.name for one in page.parts] if isinstance(page, GroupPage) else [x.id for x in page.lines]
            after = page.next
            if not after:
                break
        assert len(seen) == len(set(seen)) == page.count, name
    assert desk.as_("viewer").get("/office/ledger/accounts/sales-USD?after=made-up").status_code == 422


def test_from_the_figure_to_the_transfer_to_its_cause(desk: Desk) -> None:
    seat = desk.as_("viewer")
    listed = seat.get("/office/ledger/accounts/stripe_clearing-USD").text
    ids = re.findall(r"/office/ledger/transfers/(\d+)", listed)
    paid = transfer(desk, "payment")
    assert str(paid.id) in ids
    page = seat.get(f"/office/ledger/transfers/{paid.id}").text
    for words in ("Payment received", "$300.00", "Stripe clearing", "Helen Okafor", "pi_", paid.key):
        assert words in page, words
    assert "A mirror would not put this right" in page and "Correct the payment instead" in page


def test_other_businesses_and_absurd_names_are_not_found(desk: Desk, tmp_path: Path) -> None:
    other = open_desk(desk.rt.db, tmp_path / "other", 50_00)
    seat = other.as_("owner")
    theirs = transfer(desk, "payment")
    for path in (f"transfers/{theirs.id}", "transfers/0", "transfers/99999999999999999999", "accounts/bank",
                 "accounts/-", "accounts/bank-USD", "accounts/nothing-USD",
                 f"accounts/receivable-USD-{desk.owed.invoices[0].public_id}"):
        assert seat.get(f"/office/ledger/{path}").status_code == 404, path
    assert seat.post(f"/office/ledger/transfers/{theirs.id}/correct", reason="mistake").status_code == 404


def test_a_correction_is_a_mirror_with_its_reason_and_one_audit_event(desk: Desk) -> None:
    fee, before = transfer(desk, "fee", "EUR"), len(desk.acts())
    seat = desk.as_("manager")
    path = f"/office/ledger/transfers/{fee.id}"
    assert seat.post(f"{path}/correct", reason="").status_code == 422
    assert seat.post(f"{path}/correct", reason="other").status_code == 422, "other needs words"
    look = seat.post(f"{path}/correct", reason="wrong_debtor", note="Belonged to her sister.")
    assert look.status_code == 200 and "Nothing has happened yet." in look.text and "then owes" in look.text
    assert seat.post(f"{path}/correct", reason="mistake", reviewed="done:wrong_debtor").status_code == 200
    assert len(desk.acts()) == before, "nothing happens before it was looked at"
    done = seat.post(f"{path}/correct", reason="wrong_debtor", note="Belonged to her sister.",
                     reviewed="done:wrong_debtor", follow=True)
    assert "Corrected." in done.text and "undone by its mirror" in done.text
    mirror = transfer(desk, "correction", "EUR")
    assert (mirror.amount, mirror.corrects_id) == (fee.amount, fee.id)
    assert (mirror.debit_account_id, mirror.credit_account_id) == (fee.credit_account_id, fee.debit_account_id)
    assert len(desk.acts()) == before + 1 and desk.last_act().act == "ledger.corrected"
    assert "sister" not in str(desk.last_act().details)
    shown = seat.get(f"/office/ledger/transfers/{mirror.id}").text
    assert "Wrong debtor" in shown and "Belonged to her sister." in shown and "Manager of the house" in shown
    again = seat.post(f"{path}/correct", reason="mistake")
    assert again.status_code == 409 and "corrected already" in again.text
    assert by_kind(desk).get("fee_income-EUR", 0) == 0
    desk.assert_sound()


def test_what_no_mirror_puts_right_is_refused_with_the_way_to_go(desk: Desk) -> None:
    for kind in ("payment", "manual_payment", "refund"):
        with pytest.raises(Refusal) as caught:
            corrections.correct(desk.rt, desk.access("owner"), transfer(desk, kind).id, "mistake")
        assert caught.value.code == "correct_the_payment"
    fee = transfer(desk, "stripe_fee")
    with pytest.raises(Refusal) as caught:
        corrections.correct(desk.rt, desk.access("owner"), fee.id, "other", "no debtor to keep words with")
    assert caught.value.code == "note_needs_debtor"
    assert corrections.correct(desk.rt, desk.access("owner"), fee.id, "mistake") == "done"
    assert desk.as_("agent").post(f"/office/ledger/transfers/{fee.id}/correct", reason="mistake").status_code == 403


def test_a_correction_that_lowers_a_large_debt_is_no_way_around_the_second_person(desk: Desk) -> None:
    with desk.rt.db.reading() as session:
        row = session.scalars(select(LedgerTransfer).where(LedgerTransfer.amount == LARGE)).one()
    path = f"/office/ledger/transfers/{row.id}"
    assert desk.as_("manager").post(f"{path}/correct", reason="mistake").status_code == 403, "a proof is asked first"
    seat = desk.as_("manager", proven=True)
    assert "a second person is asked first" in seat.post(f"{path}/correct", reason="mistake", note="Twice").text
    asked = seat.post(f"{path}/correct", reason="mistake", note="Twice", reviewed="waiting:mistake", follow=True)
    assert "a second person decides" in asked.text and "waits for a second person" in asked.text
    with desk.rt.db.reading() as session:
        waiting = session.scalars(select(Approval)).one()
        assert session.scalars(select(Note.about)).one() == f"approval:{waiting.public_id}"
    before = by_kind(desk)["receivable-USD"]
    second = desk.as_("second", proven=True)
    assert f"Correction {row.id}" in second.get(f"/office/approvals/{waiting.public_id}").text
    approval_decisions.approve(desk.rt, desk.access("second"), waiting.public_id)
    assert by_kind(desk)["receivable-USD"] == before - LARGE
    assert desk.acts()[-1] == "approval.approved"
    desk.assert_sound()

