"""Stripe against the books: every difference is named, what facts can repair is repaired, and twice changes nothing."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from html import unescape
from typing import Any

import pytest
from sqlalchemy import func, select, update

from portal import create_app
from portal.domain.errors import Refusal
from portal.domain.ledger import CLEARING
from portal.domain.money_facts import Received
from portal.gateways.stripe import StripeUnknown
from portal.models import (
    AuditEvent,
    Business,
    Drift,
    LedgerAccount,
    LedgerTransfer,
    Payment,
    Reconciliation,
    StripeRecord,
    SuspenseItem,
)
from portal.services import facts, fetching, inbox, ledger_verify, reconciliation
from portal.services.audit import COMMAND_LINE
from portal.services.reconciliation import Outcome
from portal.words.core import speak
from tests.cast import Owed, balances, someone_owes
from tests.office.people import make_staff, sign_in
from tests.stripe.conftest import Shop, stripe_time

DAY = 24 * 3600


def begin(shop: Shop, owed: Owed) -> None:
    """The business began just now: what the stand-in made before is none of its."""
    with shop.rt.db.transaction() as session:
        session.execute(update(Business).where(Business.id == owed.business.id).values(
            created_at=stripe_time(shop.stripe) - timedelta(hours=1)))


def paid(shop: Shop, owed: Owed, total: int, *, hear: bool = True) -> dict[str, Any]:
    """Somebody pays on the hosted page; gives the payment intent."""
    page = shop.pay_page(owed, total=total)
    session = shop.stripe.control.press(page, "pay")
    if hear:
        shop.hear()
    intent: dict[str, Any] = next(
        one for one in shop.stripe.control.objects("payment_intent") if one["id"] == session["payment_intent"])
    return intent


def days_pass(shop: Shop, days: int = 2) -> None:
    shop.stripe.control.advance(days * DAY)


def reconcile(shop: Shop, **how: Any) -> Outcome:
    return reconciliation.reconcile(shop.rt, "", actor=COMMAND_LINE, **how)


def drifts(shop: Shop) -> dict[tuple[str, str], tuple[str, int, int]]:
    with shop.rt.db.reading() as session:
        return {(row.kind, row.object_id): (row.state, row.at_stripe, row.in_books)
                for row in session.scalars(select(Drift).order_by(Drift.id))}


def state(shop: Shop) -> tuple[object, ...]:
    """Everything a run could have changed but its own row and its copy."""
    with shop.rt.db.reading() as session:
        rows = [(row.kind, row.object_id, row.state, row.at_stripe, row.in_books, row.found_at, row.ended_at)
                for row in session.scalars(select(Drift).order_by(Drift.id))]
        return (rows, session.scalar(select(func.count()).select_from(LedgerTransfer)),
                session.scalar(select(func.count()).select_from(AuditEvent)))


def line_of(shop: Shop, source: str) -> dict[str, Any]:
    return next(one for one in shop.stripe.control.objects("balance_transaction") if one["source"] == source)


def office(shop: Shop, owed: Owed) -> Callable[[str], str]:
    """A viewer of the business at a browser; gives the text of a page."""
    app = create_app(shop.rt.settings, shop.rt)
    with shop.rt.db.transaction() as session:
        viewer = make_staff(session, owed.business, "viewer")
    client = sign_in(app.test_client(), viewer, owed.business)
    return lambda path: client.get(path, base_url=shop.rt.settings.base_url).text


def cells(page: str) -> list[str]:
    """The texts of a page's table cells that say one thing, in their order."""
    return [unescape(re.sub(r"<[^>]+>|\s+", " ", cell)).strip() for cell in re.findall(
        r"<t(?:h scope=\"row\"|d)[^>]*>((?:(?!<br>|</t[dh]>).)*)</t[dh]>", page, re.DOTALL)]


def booked(shop: Shop, page: str) -> int:
    """What the transfers that a page links to brought to Stripe clearing together."""
    numbers = [int(number) for number in re.findall(r"/office/ledger/transfers/(\d+)", page)]
    with shop.rt.db.reading() as session:
        clearing = set(session.scalars(select(LedgerAccount.id).where(LedgerAccount.kind == CLEARING)))
        rows = session.scalars(select(LedgerTransfer).where(LedgerTransfer.id.in_(numbers))).all()
    return sum(row.amount * ((row.debit_account_id in clearing) - (row.credit_account_id in clearing)) for row in rows)


def usd(amount: int) -> str:
    return speak("en", "UTC").money(amount, "USD")


def test_sound_books_have_no_difference_in_any_kind_of_money(shop: Shop) -> None:
    owed = someone_owes(shop.rt.db, 100_00, 60_00)
    begin(shop, owed)
    first = paid(shop, owed, 160_00)
    shop.rt.stripe.refund(intent=first["id"], amount=10_00, refund="r", key="r", account=None)
    shop.hear()
    days_pass(shop)
    payout = shop.stripe.control.make_payout()
    assert payout is not None
    shop.stripe.control.pay_payout(payout["id"])
    dispute = shop.stripe.control.open_dispute(first["id"], amount=20_00)
    shop.hear()
    shop.stripe.control.win_dispute(dispute["id"])
    shop.hear()
    days_pass(shop)
    done = reconcile(shop)
    assert (done.found, done.still_open, drifts(shop)) == (0, 0, {})
    assert done.objects == 1 + 1 + 1 + 1 + len(shop.stripe.control.objects("balance_transaction"))
    with shop.rt.db.reading() as session:
        carried = session.scalars(select(StripeRecord).where(StripeRecord.payout == payout["id"])).all()
        assert sum(row.amount - row.fee for row in carried) == payout["amount"]
        until = reconciliation.reconciled_since(session, owed.business.id)
    assert until is not None and until <= shop.rt.now()
    assert ledger_verify.verify(shop.rt)[0] == []
    # The office's page of the payout says what the ledger does, line by line.
    page = office(shop, owed)(f"/office/reconciliation/payouts/{payout['id']}")
    own, _, lines = page.partition("What it is made of")
    assert booked(shop, own) == -payout["amount"] and booked(shop, lines) == payout["amount"]
    assert f"Payout of {usd(payout['amount'])}" in page and "equal to the payout" in lines
    assert "not in the books" not in lines


def test_another_settlement_currency_is_compared_in_it(shop: Shop) -> None:
    shop.stripe.control.set_settlement_currency("usd")
    owed = someone_owes(shop.rt.db, 100_00, currency="EUR")
    begin(shop, owed)
    intent = paid(shop, owed, 100_00)
    shop.rt.stripe.refund(intent=intent["id"], amount=30_00, refund="r", key="r", account=None)
    shop.hear()
    days_pass(shop)
    assert reconcile(shop).found == 0 and drifts(shop) == {}
    shop.stripe.control.alter(line_of(shop, intent["latest_charge"])["id"], amount=111_00)
    reconcile(shop)
    assert drifts(shop) == {("line_amount", intent["id"]): ("open", 111_00 - 33_00 + 33_00, 110_00)}


def test_what_was_never_told_is_booked_by_the_one_path(shop: Shop) -> None:
    owed = someone_owes(shop.rt.db, 100_00)
    begin(shop, owed)
    intent = paid(shop, owed, 100_00, hear=False)
    days_pass(shop)
    done = reconcile(shop)
    assert done.repaired >= 1 and done.still_open == 0
    assert {kind for kind, _ in drifts(shop)} >= {"event_missing"}
    assert balances(shop.rt.db, owed.business.id)["stripe_clearing USD"] == 96_80
    before = state(shop)
    again = reconcile(shop)
    assert (again.found, again.repaired, again.gone) == (0, 0, 0) and state(shop) == before
    # Past Stripe's thirty days no event tells of it any more; the object itself does.
    other = someone_owes(shop.rt.db, 50_00)
    paid(shop, other, 50_00, hear=False)
    days_pass(shop, 33)
    assert reconcile(shop).still_open == 0
    with shop.rt.db.reading() as session:
        assert session.get_one(Business, other.business.id).id and session.scalars(
            select(Payment.captured_minor).where(Payment.debtor_id == other.debtor.id)).one() == 50_00
    found = {kind: state_ for (kind, _), (state_, _, _) in drifts(shop).items()}
    assert found["payment_missing"] == "repaired" and intent["id"]
    assert ledger_verify.verify(shop.rt)[0] == []


def test_each_kind_of_difference_has_its_name_and_stays_until_it_has_gone(shop: Shop) -> None:
    owed = someone_owes(shop.rt.db, 100_00, 60_00, 30_00)
    begin(shop, owed)
    control = shop.stripe.control
    intent = paid(shop, owed, 190_00)
    refund = shop.rt.stripe.refund(intent=intent["id"], amount=10_00, refund="r", key="r", account=None)
    refund_id = refund[0].id  # type: ignore[attr-defined]
    dispute = control.open_dispute(intent["id"], amount=20_00)
    shop.hear()
    days_pass(shop)
    payout = control.make_payout()
    assert payout is not None
    control.pay_payout(payout["id"])
    shop.hear()
    days_pass(shop)
    assert reconcile(shop).still_open == 0
    charge_line = line_of(shop, intent["latest_charge"])
    stranger = control.duplicate(intent["id"], metadata={}, latest_charge=None, amount_received=7_00)
    control.alter(charge_line["id"], fee=9_99)
    control.alter(refund_id, amount=11_00)
    control.alter(payout["id"], amount=payout["amount"] + 1)
    control.drop(dispute["id"])
    added = control.duplicate(charge_line["id"], source="ch_nobodys", type="adjustment")
    days_pass(shop)
    done = reconcile(shop)
    found = drifts(shop)
    assert found["payment_missing", stranger["id"]] == ("repaired", 7_00, 0)
    assert found["fee_amount", charge_line["id"]] == ("open", -9_99, -charge_line["fee"])
    assert found["refund_amount", refund_id] == ("open", -11_00, -10_00)
    assert found["payout_amount", payout["id"]] == ("open", -payout["amount"] - 1, -payout["amount"])
    assert found["chargeback_not_at_stripe", dispute["id"]][0] == "open"
    assert found["line_unknown", added["id"]][0] == "open"
    assert len(found) == 6 and done.still_open == 5
    page = office(shop, owed)("/office/reconciliation")
    clearing = balances(shop.rt.db, owed.business.id).get("stripe_clearing USD", 0)
    at_stripe = sum(line["amount"] - line["fee"] for line in control.objects("balance_transaction"))
    assert cells(page)[:5] == ["USD", usd(clearing), usd(at_stripe), usd(0), usd(clearing - at_stripe)]
    shown = cells(page.partition("What differs")[2].partition("h-payouts")[0])
    assert sorted(zip(shown[0::4], shown[1::4], shown[2::4], strict=True)) == sorted(
        (name, usd(at_stripe), usd(in_books))
        for (_, name), (now, at_stripe, in_books) in found.items() if now == "open")
    with shop.rt.db.reading() as session:
        assert session.scalars(select(SuspenseItem.payment_intent)).all() == [stranger["id"]]
    before = state(shop)
    assert reconcile(shop).still_open == 5 and state(shop) == before
    days_pass(shop)
    assert reconcile(shop).found == 1, "a line of Stripe's balance is waited for one day"
    assert drifts(shop)["line_missing", stranger["id"]] == ("open", 0, 7_00)
    control.alter(charge_line["id"], fee=charge_line["fee"])
    control.drop(added["id"])
    after = reconcile(shop)
    assert (after.gone, after.still_open) == (2, 4)
    assert drifts(shop)["fee_amount", charge_line["id"]][0] == "gone"


def test_a_run_that_broke_off_goes_on_and_two_at_once_are_one(shop: Shop) -> None:
    owed = someone_owes(shop.rt.db, 100_00)
    begin(shop, owed)
    paid(shop, owed, 100_00)
    days_pass(shop)
    shop.stripe.control.fail_next("error_before", "/v1/disputes", "GET", times=9)
    with pytest.raises(StripeUnknown):
        reconcile(shop)
    with shop.rt.db.reading() as session:
        run = session.scalars(select(Reconciliation)).one()
        assert (run.stage, run.finished_at, run.objects) == ("dispute", None, 1)
        assert reconciliation.reconciled_since(session, owed.business.id) is None
    shop.stripe.control.clear_faults()
    with pytest.raises(Refusal, match="reconciliation_under_way"):
        reconcile(shop)
    assert reconciliation.reconcile_due(shop.rt) == 0, "whoever holds it may still be at work"
    shop.stripe.control.advance(600)
    assert reconciliation.reconcile_due(shop.rt) == 1 and reconciliation.reconcile_due(shop.rt) == 0
    with shop.rt.db.reading() as session:
        run = session.scalars(select(Reconciliation)).one()
    assert run.finished_at is not None and run.objects == 2 and run.still_open == 0


def test_a_restored_backup_learns_again_what_it_forgot(shop: Shop) -> None:
    owed = someone_owes(shop.rt.db, 100_00)
    begin(shop, owed)
    intent = paid(shop, owed, 100_00, hear=False)
    # The backup knows of the attempt and not of its outcome; a fact that was booked elsewhere is not in it.
    days_pass(shop, 33)
    fetching.fetch_due(shop.rt)
    inbox.catch_up_wide(shop.rt)
    with shop.rt.db.reading() as session:
        assert session.scalars(select(Payment.captured_minor)).one() == 0, "Stripe keeps its events for thirty days"
    assert reconcile(shop).repaired == 2, "the payment and its fee"
    with shop.rt.db.reading() as session:
        payment = session.scalars(select(Payment)).one()
    assert (payment.captured_minor, payment.payment_intent) == (100_00, intent["id"])
    told = Received("", shop.rt.now(), intent["id"], payment.public_id, 100_00, "USD")
    assert shop.rt.db.run(lambda session: facts.apply(session, told, now=shop.rt.now())) == "applied"
    assert ledger_verify.verify(shop.rt)[0] == [] and reconcile(shop).still_open == 0


def test_the_command_tells_what_differs_and_ends_with_it(shop: Shop) -> None:
    owed = someone_owes(shop.rt.db, 100_00)
    begin(shop, owed)
    intent = paid(shop, owed, 100_00)
    days_pass(shop)
    runner = create_app(runtime=shop.rt).test_cli_runner()
    fine = runner.invoke(args=["reconcile", "--business", owed.business.slug])
    assert fine.exit_code == 0 and "own account: 2 objects at Stripe; 0 differences found" in fine.output
    shop.stripe.control.alter(line_of(shop, intent["latest_charge"])["id"], fee=4_00)
    wrong = runner.invoke(args=["reconcile", "--all", "--language", "es"])
    assert wrong.exit_code == 1 and "1 diferencias encontradas" in wrong.output and "−4,00" in wrong.output
    assert runner.invoke(args=["reconcile", "--since", "2026-01-01", "--all"]).exit_code == 2
    assert runner.invoke(args=["reconcile", "--business", "nobody"]).exit_code == 1
