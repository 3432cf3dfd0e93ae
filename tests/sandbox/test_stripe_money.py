"""Money on the stand-in's balance: whatever happens, its transactions add up to its balance."""

from __future__ import annotations

from typing import Any

import pytest
import requests
import stripe

from sandbox.stripe.server import StripeStandIn
from tests.sandbox.conftest import Inbox, session_params
from tests.sandbox.test_stripe_api import off_session

DAY = 24 * 3600


def pay(stand_in: StripeStandIn, client: stripe.StripeClient, outcome: str = "pay", **params: Any) -> str:
    session = stand_in.control.press(client.v1.checkout.sessions.create(session_params(**params)).id, outcome)
    stand_in.control.wait_idle()
    return str(session["payment_intent"])


def booked(client: stripe.StripeClient) -> list[tuple[str, int, int]]:
    """Type, amount and fee of each balance transaction, oldest first."""
    rows = client.v1.balance_transactions.list({"limit": 100}).data
    return [(row.type, row.amount, row.fee) for row in reversed(rows)]


def holds(client: stripe.StripeClient) -> int:
    balance = client.v1.balance.retrieve()
    return sum(part.amount for part in balance.available) + sum(part.amount for part in balance.pending)


def adds_up(client: stripe.StripeClient) -> bool:
    return holds(client) == sum(row.net for row in client.v1.balance_transactions.list({"limit": 100}).data)


def test_another_currency_settles_in_the_accounts_own(stand_in: StripeStandIn, client: stripe.StripeClient) -> None:
    """10000 eur at 1.10 are 11000 usd; 2.9 % and 30 of that are 349."""
    intent = client.v1.payment_intents.retrieve(
        pay(stand_in, client, amount=10_000, currency="eur"),
        {"expand": ["latest_charge.balance_transaction"]},
    )
    assert isinstance(intent.latest_charge, stripe.Charge)
    row = intent.latest_charge.balance_transaction
    assert isinstance(row, stripe.BalanceTransaction)
    assert (row.amount, row.currency, row.fee, row.net, row.exchange_rate) == (
        11_000,
        "usd",
        349,
        10_651,
        1.1,
    )
    stand_in.control.set_settlement_currency("eur")
    pay(stand_in, client, amount=10_000, currency="eur")
    assert booked(client)[-1] == ("charge", 10_000, 320)


def test_a_currency_without_decimals(stand_in: StripeStandIn, client: stripe.StripeClient) -> None:
    """100000 jpy at 0.0067 are 670.00 usd."""
    pay(stand_in, client, amount=100_000, currency="jpy")
    assert booked(client) == [("charge", 67_000, 1_973)]


def test_a_refund_in_parts(stand_in: StripeStandIn, client: stripe.StripeClient, inbox: Inbox) -> None:
    intent = pay(stand_in, client, amount=10_000)
    client.v1.refunds.create({"payment_intent": intent, "amount": 4_000})
    client.v1.refunds.create({"payment_intent": intent})
    with pytest.raises(stripe.InvalidRequestError) as refusal:
        client.v1.refunds.create({"payment_intent": intent})
    assert refusal.value.code == "charge_already_refunded"
    assert booked(client) == [("charge", 10_000, 320), ("refund", -4_000, 0), ("refund", -6_000, 0)]
    stand_in.control.wait_idle()
    assert inbox.types.count("refund.created") == 2
    assert adds_up(client)


def test_a_refund_that_fails_later_returns_to_the_balance(
    stand_in: StripeStandIn, client: stripe.StripeClient, inbox: Inbox
) -> None:
    intent = pay(stand_in, client, amount=10_000)
    refund = client.v1.refunds.create({"payment_intent": intent})
    before = holds(client)
    stand_in.control.fail_refund(refund.id)
    failed = client.v1.refunds.retrieve(refund.id)
    assert failed.status == "failed"
    assert failed.failure_reason == "lost_or_stolen_card"
    assert failed.failure_balance_transaction is not None
    assert holds(client) == before + 10_000
    assert client.v1.payment_intents.retrieve(intent, {"expand": ["latest_charge"]}).latest_charge is not None
    stand_in.control.wait_idle()
    assert "refund.failed" in inbox.types and "refund.updated" in inbox.types


def test_a_refund_of_a_debit_is_pending_for_days(
    stand_in: StripeStandIn, client: stripe.StripeClient, inbox: Inbox
) -> None:
    intent = pay(stand_in, client, "bank_debit")
    stand_in.control.settle_debit(intent)
    refund = client.v1.refunds.create({"payment_intent": intent})
    assert refund.status == "pending"
    stand_in.control.advance(5 * DAY + 1)
    assert client.v1.refunds.retrieve(refund.id).status == "succeeded"
    with pytest.raises(stripe.InvalidRequestError):
        client.v1.refunds.cancel(refund.id)


def test_a_chargeback_won(stand_in: StripeStandIn, client: stripe.StripeClient, inbox: Inbox) -> None:
    intent = pay(stand_in, client, amount=10_000)
    dispute = stand_in.control.open_dispute(intent)
    with pytest.raises(stripe.InvalidRequestError) as refusal:
        client.v1.refunds.create({"payment_intent": intent})
    assert refusal.value.code == "charge_disputed"
    client.v1.disputes.update(dispute["id"], {"evidence": {"uncategorized_text": "It was delivered."}})
    assert client.v1.disputes.retrieve(dispute["id"]).status == "under_review"
    stand_in.control.win_dispute(dispute["id"])
    stand_in.control.wait_idle()
    assert booked(client)[1:] == [("adjustment", -10_000, 1_500), ("adjustment", 10_000, -1_500)]
    assert [kind for kind in inbox.types if "dispute" in kind] == [
        "charge.dispute.created",
        "charge.dispute.funds_withdrawn",
        "charge.dispute.updated",
        "charge.dispute.funds_reinstated",
        "charge.dispute.closed",
    ]
    assert adds_up(client)


def test_a_chargeback_lost(stand_in: StripeStandIn, client: stripe.StripeClient, inbox: Inbox) -> None:
    dispute = stand_in.control.open_dispute(pay(stand_in, client, amount=10_000))
    client.v1.disputes.close(dispute["id"])
    stand_in.control.wait_idle()
    assert booked(client)[1:] == [("adjustment", -10_000, 1_500)]
    assert inbox.types[-1] == "charge.dispute.closed"
    assert client.v1.disputes.retrieve(dispute["id"]).status == "lost"


def test_an_inquiry_moves_no_money(stand_in: StripeStandIn, client: stripe.StripeClient, inbox: Inbox) -> None:
    stand_in.control.open_dispute(pay(stand_in, client), inquiry=True)
    stand_in.control.wait_idle()
    assert len(booked(client)) == 1
    assert inbox.types[-1] == "charge.dispute.created"


def test_a_debit_that_comes_back_after_it_arrived(
    stand_in: StripeStandIn, client: stripe.StripeClient, inbox: Inbox
) -> None:
    intent = pay(stand_in, client, "bank_debit", amount=10_000)
    stand_in.control.settle_debit(intent)
    stand_in.control.wait_idle()
    dispute = stand_in.control.return_debit(intent)
    assert (dispute["status"], dispute["reason"]) == ("lost", "insufficient_funds")
    assert dispute["is_charge_refundable"] is False
    stand_in.control.wait_idle()
    assert inbox.types[-3:] == [
        "charge.dispute.created",
        "charge.dispute.funds_withdrawn",
        "charge.dispute.closed",
    ]
    assert booked(client)[-1] == ("adjustment", -10_000, 1_500)


def test_a_payout_carries_what_is_available(stand_in: StripeStandIn, client: stripe.StripeClient, inbox: Inbox) -> None:
    intent = pay(stand_in, client, amount=10_000)
    assert stand_in.control.make_payout() is None
    stand_in.control.advance(2 * DAY + 1)
    pay(stand_in, client, amount=20_000)
    payout = stand_in.control.make_payout()
    assert payout is not None
    assert (payout["amount"], payout["status"]) == (9_680, "pending")
    stand_in.control.pay_payout(payout["id"])
    carried = client.v1.balance_transactions.list({"payout": payout["id"]}).data
    assert sorted((row.type, row.net) for row in carried) == [("charge", 9_680), ("payout", -9_680)]
    charge = client.v1.payment_intents.retrieve(intent).latest_charge
    assert charge in [row.source for row in carried]
    stand_in.control.wait_idle()
    assert inbox.types[-2:] == ["payout.paid", "payout.reconciliation_completed"]
    assert adds_up(client)


def test_a_failed_payout_goes_with_the_next(stand_in: StripeStandIn, client: stripe.StripeClient) -> None:
    pay(stand_in, client, amount=10_000)
    stand_in.control.advance(2 * DAY + 1)
    first = stand_in.control.make_payout()
    assert first is not None
    failed = stand_in.control.fail_payout(first["id"])
    assert failed["failure_balance_transaction"] is not None
    assert holds(client) == 9_680
    second = stand_in.control.make_payout()
    assert second is not None and second["amount"] == 9_680
    assert holds(client) == 0
    assert adds_up(client)


@pytest.mark.parametrize(
    ("method", "kind"),
    [
        ("pm_card_createDispute", "charge.dispute.funds_withdrawn"),
        ("pm_card_createIssuerFraudRecord", "radar.early_fraud_warning.created"),
    ],
)
def test_test_cards_do_what_they_are_known_for(
    stand_in: StripeStandIn, client: stripe.StripeClient, inbox: Inbox, method: str, kind: str
) -> None:
    client.v1.payment_intents.create(off_session(method))
    stand_in.control.wait_idle()
    assert kind in inbox.types
    assert inbox.types.index("charge.updated") < inbox.types.index(kind)


@pytest.mark.parametrize(
    ("method", "code"),
    [
        ("pm_usBankAccount_success", None),
        ("pm_usBankAccount_insufficientFunds", "insufficient_funds"),
        ("pm_usBankAccount_accountClosed", "bank_account_closed"),
    ],
)
def test_test_bank_accounts_end_by_themselves(
    stand_in: StripeStandIn, client: stripe.StripeClient, method: str, code: str | None
) -> None:
    intent = client.v1.payment_intents.create(off_session(method))
    assert intent.status == "processing"
    stand_in.control.advance(4 * DAY + 1)
    done = client.v1.payment_intents.retrieve(intent.id)
    assert done.status == ("requires_payment_method" if code else "succeeded")
    assert (done.last_payment_error.code if done.last_payment_error else None) == code


def test_the_desk_shows_payments_and_acts_on_them(stand_in: StripeStandIn, client: stripe.StripeClient) -> None:
    intent = pay(stand_in, client, "bank_debit")
    page = requests.get(stand_in.url, timeout=10).text
    assert intent in page and "Debit arrives" in page
    done = requests.post(stand_in.url, data={"act": "settle_debit", "target": intent}, timeout=10)
    assert done.status_code == 200
    assert client.v1.payment_intents.retrieve(intent).status == "succeeded"
    again = requests.post(stand_in.url, data={"act": "settle_debit", "target": intent}, timeout=10)
    assert again.status_code == 409
    assert requests.post(stand_in.url, data={"act": "stop", "target": ""}, timeout=10).status_code == 400


def test_what_was_planned_but_became_impossible_does_not_stop_the_rest(
    stand_in: StripeStandIn, client: stripe.StripeClient, inbox: Inbox
) -> None:
    stand_in.control.set_clock(stand_in.control.now(), frozen=True)
    intent = client.v1.payment_intents.create(off_session("pm_usBankAccount_success"))
    stand_in.control.settle_debit(intent.id)
    refund = client.v1.refunds.create({"payment_intent": intent.id})
    stand_in.control.fail_refund(refund.id)
    stand_in.control.advance(10 * DAY)
    stand_in.control.wait_idle()
    assert client.v1.refunds.retrieve(refund.id).status == "failed"
    assert inbox.types.count("charge.succeeded") == 1
