"""Saved payment methods at the stand-in: saved in passing, shown again, charged off-session, and lost in every way."""

from __future__ import annotations

import re
from typing import Any

import pytest
import requests
import stripe

from sandbox.stripe.server import StripeStandIn
from tests.sandbox.conftest import session_params
from tests.sandbox.sdk_schema import check_object
from tests.sandbox.test_stripe_contract import raw


def save(stand_in: StripeStandIn, client: stripe.StripeClient, customer: str, **press: str) -> str:
    """Pay once and save the method with it; answers the method's id."""
    data = {"metadata": {"payment": "1"}, "setup_future_usage": "off_session"}
    session = client.v1.checkout.sessions.create(session_params(customer=customer, payment_intent_data=data))
    stand_in.control.press(session.id, **press)
    return client.v1.payment_methods.list({"customer": customer}).data[0].id


def charge(client: stripe.StripeClient, customer: str, method: str, **more: Any) -> stripe.PaymentIntent:
    return client.v1.payment_intents.create({
        "amount": 5_000, "currency": "usd", "confirm": True, "off_session": True, "customer": customer,
        "payment_method": method, "metadata": {"payment": "2"}, **more})


def test_a_saved_method_is_shown_again_to_its_owner_alone(
    stand_in: StripeStandIn, client: stripe.StripeClient
) -> None:
    owner, other = (client.v1.customers.create({"email": f"{name}@example.com"}).id for name in ("owner", "other"))
    method = save(stand_in, client, owner)
    shown = {"allow_redisplay_filters": ["always", "limited"]}
    for customer, options, offered in ((owner, shown, True), (other, shown, False), (owner, None, False)):
        more = {"saved_payment_method_options": options} if options else {}
        session = client.v1.checkout.sessions.create(session_params(customer=customer, **more))
        check_object(raw(session))
        page = requests.get(str(session.url), timeout=10)
        assert ("4242" in re.sub(r"value=\"4242.*?\"", "", page.text)) is offered
        answer = requests.post(str(session.url), data={"outcome": "saved", "method": method}, allow_redirects=False,
                               timeout=10)
        assert answer.status_code == (303 if offered else 200)
        done = client.v1.checkout.sessions.retrieve(session.id)
        assert (done.payment_status == "paid") is offered


def test_the_bank_behind_a_saved_method_changes_its_mind(
    stand_in: StripeStandIn, client: stripe.StripeClient
) -> None:
    customer = client.v1.customers.create({"email": "owner@example.com"}).id
    method = save(stand_in, client, customer)
    assert charge(client, customer, method).status == "succeeded"
    for like, code, advice in (
        ("pm_card_chargeDeclinedInsufficientFunds", "insufficient_funds", "try_again_later"),
        ("pm_card_visa_chargeDeclinedStolenCard", "stolen_card", "do_not_try_again"),
        ("pm_card_authenticationRequired", "authentication_required", None),
    ):
        stand_in.control.change_heart(method, like)
        with pytest.raises(stripe.CardError) as refusal:
            charge(client, customer, method)
        error = refusal.value.error
        assert error is not None and error.decline_code == code and getattr(error, "advice_code", None) == advice
        assert error.payment_intent is not None and error.payment_intent.status == "requires_payment_method"
    stand_in.control.change_heart(method, "pm_card_visa")
    stand_in.control.expire_card(method)
    with pytest.raises(stripe.CardError, match="expired"):
        charge(client, customer, method)


def test_a_withdrawn_permission_debits_nobody(stand_in: StripeStandIn, client: stripe.StripeClient) -> None:
    customer = client.v1.customers.create({"email": "owner@example.com"}).id
    method = save(stand_in, client, customer, outcome="bank_debit")
    intent = charge(client, customer, method)
    assert intent.status == "processing"
    mandates = stand_in.control.objects("mandate")
    assert [(each["type"], each["status"]) for each in mandates] == [("multi_use", "active")]
    stand_in.control.revoke_mandate(mandates[0]["id"])
    with pytest.raises(stripe.InvalidRequestError) as refusal:
        charge(client, customer, method)
    assert refusal.value.code == "payment_intent_mandate_invalid"


def test_a_method_let_go_is_charged_no_more(stand_in: StripeStandIn, client: stripe.StripeClient) -> None:
    customer = client.v1.customers.create({"email": "owner@example.com"}).id
    method = save(stand_in, client, customer)
    client.v1.payment_methods.detach(method)
    with pytest.raises(stripe.InvalidRequestError):
        charge(client, customer, method)
