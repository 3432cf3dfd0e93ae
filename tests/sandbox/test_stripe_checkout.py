"""The hosted page as a payer meets it, and what it leaves behind."""

from __future__ import annotations

import re

import pytest
import requests
import stripe

from sandbox.stripe.server import StripeStandIn
from tests.sandbox.conftest import Inbox, session_params


def press(url: str, outcome: str, **fields: str) -> requests.Response:
    return requests.post(url, data={"outcome": outcome, **fields}, allow_redirects=False, timeout=10)


def follow(stand_in: StripeStandIn, answer: requests.Response) -> str:
    assert answer.status_code == 303
    target = answer.headers["Location"]
    return target if target.startswith("http") else stand_in.url + target


def test_the_page_names_the_sum_and_offers_each_outcome(client: stripe.StripeClient) -> None:
    session = client.v1.checkout.sessions.create(session_params())
    page = requests.get(str(session.url), timeout=10)
    assert "123.45 USD" in page.text
    assert "Invoice 1001" in page.text
    found = re.findall(r'name="outcome"\s+value="(\w+)"', page.text)
    assert sorted(found) == ["authenticate", "bank_debit", "cancel", "decline", "pay"]
    assert "<script" not in page.text
    assert page.headers["Cache-Control"] == "no-store"
    assert "Set-Cookie" not in page.headers


def test_looking_at_the_page_changes_nothing(stand_in: StripeStandIn, client: stripe.StripeClient) -> None:
    session = client.v1.checkout.sessions.create(session_params())
    requests.get(str(session.url), timeout=10)
    assert client.v1.checkout.sessions.retrieve(session.id).payment_intent is None
    assert stand_in.control.events() == []


def test_paying_ends_in_a_paid_session(stand_in: StripeStandIn, client: stripe.StripeClient, inbox: Inbox) -> None:
    session = client.v1.checkout.sessions.create(session_params())
    answer = press(str(session.url), "pay")
    assert follow(stand_in, answer) == f"http://127.0.0.1:8000/back?session={session.id}"
    stand_in.control.wait_idle()
    assert inbox.types == [
        "payment_intent.created",
        "charge.succeeded",
        "payment_intent.succeeded",
        "checkout.session.completed",
        "charge.updated",
    ]
    done = client.v1.checkout.sessions.retrieve(session.id, {"expand": ["payment_intent"]})
    assert (done.status, done.payment_status, done.url) == ("complete", "paid", None)
    assert done.client_reference_id == "payment-1"
    intent = done.payment_intent
    assert isinstance(intent, stripe.PaymentIntent)
    assert intent.amount_received == 12_345
    assert intent.metadata["payment"] == "1"
    assert "finished" in requests.get(f"{stand_in.url}/c/pay/{session.id}", timeout=10).text


def test_a_fee_is_not_known_before_charge_updated(
    stand_in: StripeStandIn, client: stripe.StripeClient, inbox: Inbox
) -> None:
    """Trap 6: the capture is asynchronous."""
    stand_in.control.press(client.v1.checkout.sessions.create(session_params()).id)
    stand_in.control.wait_idle()
    by_type = {event["type"]: event["data"] for event in inbox.events}
    assert by_type["charge.succeeded"]["object"]["balance_transaction"] is None
    assert by_type["charge.updated"]["previous_attributes"] == {"balance_transaction": None}
    booked = client.v1.balance_transactions.retrieve(by_type["charge.updated"]["object"]["balance_transaction"])
    assert (booked.amount, booked.fee, booked.net) == (12_345, 388, 11_957)


def test_a_decline_keeps_the_session_open_for_another_try(
    stand_in: StripeStandIn, client: stripe.StripeClient, inbox: Inbox
) -> None:
    session = client.v1.checkout.sessions.create(session_params())
    declined = press(str(session.url), "decline")
    assert declined.status_code == 200
    assert "Your card was declined." in declined.text
    held = client.v1.checkout.sessions.retrieve(session.id, {"expand": ["payment_intent"]})
    assert isinstance(held.payment_intent, stripe.PaymentIntent)
    assert (held.status, held.payment_intent.status) == ("open", "requires_payment_method")
    press(str(session.url), "pay")
    again = client.v1.checkout.sessions.retrieve(session.id)
    assert (again.status, again.payment_intent) == ("complete", held.payment_intent.id)
    stand_in.control.wait_idle()
    assert inbox.types[1:3] == ["charge.failed", "payment_intent.payment_failed"]
    assert inbox.types.count("payment_intent.created") == 1


def test_a_typed_test_number_behaves_as_at_stripe(client: stripe.StripeClient) -> None:
    session = client.v1.checkout.sessions.create(session_params())
    assert "insufficient funds" in press(str(session.url), "pay", number="4000 0000 0000 9995").text
    assert "number is invalid" in press(str(session.url), "pay", number="4111 1111 1111 1112").text


@pytest.mark.parametrize(("outcome", "status"), [("complete", "complete"), ("fail", "open")])
def test_three_d_secure(
    stand_in: StripeStandIn, client: stripe.StripeClient, inbox: Inbox, outcome: str, status: str
) -> None:
    session = client.v1.checkout.sessions.create(session_params())
    bank = follow(stand_in, press(str(session.url), "authenticate"))
    assert "Your bank asks" in requests.get(bank, timeout=10).text
    back = follow(stand_in, press(bank, outcome))
    assert client.v1.checkout.sessions.retrieve(session.id).status == status
    if outcome == "fail":
        assert "unable to authenticate" in requests.get(back, timeout=10).text
    stand_in.control.wait_idle()
    assert "payment_intent.requires_action" in inbox.types
    assert ("payment_intent.succeeded" in inbox.types) == (outcome == "complete")


@pytest.mark.parametrize(
    ("currency", "kind"), [("usd", "us_bank_account"), ("eur", "sepa_debit"), ("gbp", "bacs_debit")]
)
@pytest.mark.parametrize("arrives", [True, False])
def test_a_bank_debit_is_on_its_way_then_arrives_or_comes_back(
    stand_in: StripeStandIn,
    client: stripe.StripeClient,
    inbox: Inbox,
    currency: str,
    kind: str,
    arrives: bool,
) -> None:
    """Trap 7: completed with `unpaid` is neither paid nor failed."""
    session = client.v1.checkout.sessions.create(session_params(currency=currency))
    press(str(session.url), "bank_debit")
    held = client.v1.checkout.sessions.retrieve(session.id, {"expand": ["payment_intent.latest_charge"]})
    assert (held.status, held.payment_status) == ("complete", "unpaid")
    intent = held.payment_intent
    assert isinstance(intent, stripe.PaymentIntent)
    assert isinstance(intent.latest_charge, stripe.Charge)
    assert intent.status == "processing"
    assert intent.latest_charge.payment_method_details is not None
    assert intent.latest_charge.payment_method_details.type == kind
    if arrives:
        stand_in.control.settle_debit(intent.id)
    else:
        stand_in.control.fail_debit(intent.id, "account_closed")
    stand_in.control.wait_idle()
    end = "succeeded" if arrives else "failed"
    assert f"checkout.session.async_payment_{end}" in inbox.types
    assert client.v1.checkout.sessions.retrieve(session.id).payment_status == ("paid" if arrives else "unpaid")
    assert client.v1.payment_intents.retrieve(intent.id).status == (
        "succeeded" if arrives else "requires_payment_method"
    )


def test_a_bank_debit_arrives_by_itself_after_four_days(stand_in: StripeStandIn, client: stripe.StripeClient) -> None:
    session = client.v1.checkout.sessions.create(session_params())
    stand_in.control.press(session.id, "bank_debit")
    stand_in.control.advance(4 * 24 * 3600 - 60)
    assert client.v1.checkout.sessions.retrieve(session.id).payment_status == "unpaid"
    stand_in.control.advance(120)
    assert client.v1.checkout.sessions.retrieve(session.id).payment_status == "paid"


def test_leaving_goes_back_and_leaves_the_session_open(stand_in: StripeStandIn, client: stripe.StripeClient) -> None:
    session = client.v1.checkout.sessions.create(session_params())
    assert follow(stand_in, press(str(session.url), "cancel")) == "http://127.0.0.1:8000/left"
    assert client.v1.checkout.sessions.retrieve(session.id).status == "open"


def test_an_expired_page_takes_no_money(stand_in: StripeStandIn, client: stripe.StripeClient, inbox: Inbox) -> None:
    session = client.v1.checkout.sessions.create(session_params())
    press(str(session.url), "decline")
    assert client.v1.checkout.sessions.expire(session.id).status == "expired"
    assert "has expired" in press(str(session.url), "pay").text
    with pytest.raises(stripe.InvalidRequestError, match="status of expired"):
        client.v1.checkout.sessions.expire(session.id)
    stand_in.control.wait_idle()
    assert inbox.types[-2:] == ["payment_intent.canceled", "checkout.session.expired"]
    assert "charge.succeeded" not in inbox.types


def test_a_session_expires_in_time(stand_in: StripeStandIn, client: stripe.StripeClient) -> None:
    session = client.v1.checkout.sessions.create(session_params(expires_at=stand_in.control.now() + 2_000))
    stand_in.control.advance(2_001)
    assert client.v1.checkout.sessions.retrieve(session.id).status == "expired"


def test_a_paid_session_can_not_be_expired_nor_paid_again(stand_in: StripeStandIn, client: stripe.StripeClient) -> None:
    """Trap 8: if expiring fails, it was probably paid."""
    session = client.v1.checkout.sessions.create(session_params())
    press(str(session.url), "pay")
    with pytest.raises(stripe.InvalidRequestError, match="status of complete"):
        client.v1.checkout.sessions.expire(session.id)
    press(str(session.url), "pay")
    assert len(stand_in.control.objects("charge")) == 1


@pytest.mark.parametrize("outcome", ["pay", "authenticate", "bank_debit"])
def test_a_method_is_saved_without_a_payment(
    stand_in: StripeStandIn, client: stripe.StripeClient, outcome: str
) -> None:
    customer = client.v1.customers.create({"email": "debtor@example.com"})
    session = client.v1.checkout.sessions.create(
        {"mode": "setup", "currency": "usd", "customer": customer.id, "success_url": "http://127.0.0.1:8000/"}
    )
    stand_in.control.press(session.id, outcome)
    done = client.v1.checkout.sessions.retrieve(session.id, {"expand": ["setup_intent"]})
    assert (done.status, done.payment_status) == ("complete", "no_payment_required")
    assert isinstance(done.setup_intent, stripe.SetupIntent)
    assert done.setup_intent.status == "succeeded"
    (method,) = client.v1.payment_methods.list({"customer": customer.id}).data
    assert method.id == done.setup_intent.payment_method
    charged = client.v1.payment_intents.create(
        {
            "amount": 5_000,
            "currency": "usd",
            "customer": customer.id,
            "payment_method": method.id,
            "confirm": True,
            "off_session": True,
        }
        if outcome != "authenticate"
        else {"amount": 5_000, "currency": "usd", "customer": customer.id}
    )
    assert (
        charged.status
        == {
            "pay": "succeeded",
            "bank_debit": "processing",
            "authenticate": "requires_payment_method",
        }[outcome]
    )


def test_the_first_installment_saves_the_card_for_the_later_ones(
    stand_in: StripeStandIn, client: stripe.StripeClient, inbox: Inbox
) -> None:
    customer = client.v1.customers.create({"email": "debtor@example.com"})
    data = {"setup_future_usage": "off_session", "metadata": {"payment": "1"}}
    session = client.v1.checkout.sessions.create(session_params(customer=customer.id, payment_intent_data=data))
    stand_in.control.press(session.id)
    assert len(client.v1.customers.payment_methods.list(customer.id).data) == 1
    stand_in.control.wait_idle()
    assert "payment_method.attached" in inbox.types
