"""The stand-in held to Stripe's own shapes, and the same contract tried on Stripe itself where a test key is given."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from typing import Any

import jsonschema
import pytest
import requests
import stripe

from sandbox.stripe.app import ROUTES
from sandbox.stripe.params import Fields, Listed, OneOf
from sandbox.stripe.server import StripeStandIn
from sandbox.stripe.world import API_VERSION
from tests.sandbox.conftest import Inbox, client_of, session_params
from tests.sandbox.sdk_schema import check_object, check_request, operation

REAL_KEY = os.environ.get("STRIPE_TEST_KEY", "")


def raw(answer: stripe.StripeObject) -> dict[str, Any]:
    """An answer as it came over the wire."""
    assert answer.last_response is not None
    return dict(json.loads(answer.last_response.body))


@pytest.fixture(params=["stand-in", "stripe"])
def either(request: pytest.FixtureRequest) -> Iterator[stripe.StripeClient]:
    """The stand-in, and then Stripe itself."""
    if request.param == "stripe":
        if not REAL_KEY.startswith("sk_test_"):
            pytest.skip("STRIPE_TEST_KEY (sk_test_...) is not set: the contract is not tried on Stripe itself")
        yield stripe.StripeClient(REAL_KEY, max_network_retries=2)
        return
    with StripeStandIn() as running:
        yield client_of(running.url)


def test_the_stand_in_speaks_the_version_of_the_installed_sdk() -> None:
    assert stripe.api_version == API_VERSION


def _inside(kind: Any, where: str, schema: dict[str, Any], defs: dict[str, Any]) -> Iterator[str]:
    """Every name and word the stand-in accepts that the SDK does not know."""
    forms = _resolve(schema, defs)
    if isinstance(kind, Listed):
        for form in forms:
            if form.get("type") == "array":
                yield from _inside(kind.kind, f"{where}[]", form["items"], defs)
    elif isinstance(kind, OneOf):
        known = {word for form in forms for word in form.get("enum", [])}
        if known:
            yield from (f"{where}={word}" for word in kind.words if word not in known)
    elif isinstance(kind, Fields):
        known_names: dict[str, Any] = {}
        for form in forms:
            known_names |= form.get("properties", {})
        for name, each in kind.names.items():
            if name not in known_names:
                yield f"{where}[{name}]"
            else:
                yield from _inside(each, f"{where}[{name}]", known_names[name], defs)


def _resolve(schema: dict[str, Any], defs: dict[str, Any]) -> list[dict[str, Any]]:
    if "$ref" in schema:
        return _resolve(defs[schema["$ref"].removeprefix("#/$defs/")], defs)
    if "anyOf" in schema:
        return [form for each in schema["anyOf"] for form in _resolve(each, defs)]
    return [schema]


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: f"{route.method} {route.path}")
def test_no_endpoint_accepts_a_parameter_the_sdk_does_not_know(route: Any) -> None:
    known = operation(route.method, route.path.replace("<>", "x"))
    if known.schema is None:
        assert not route.params.names
        return
    assert list(_inside(route.params, "", known.schema, known.schema["$defs"])) == []


def test_check_request_catches_what_stripe_would_refuse() -> None:
    """Trap 1 and 2, and a wrong type: the helper other tests rest on is itself able to fail."""
    good = session_params(ui_mode="hosted_page")
    check_request("POST", "/v1/checkout/sessions", good)
    for wrong in ({"payment_method_types": ["card"]}, {"ui_mode": "hosted"}, {"expires_at": "soon"}):
        with pytest.raises(jsonschema.ValidationError):
            check_request("POST", "/v1/checkout/sessions", {**good, **wrong})
    nested = session_params()
    nested["line_items"][0]["price_data"]["unit_amount"] = 12.5
    with pytest.raises(jsonschema.ValidationError):
        check_request("POST", "/v1/checkout/sessions", nested)


def test_requests_are_recorded_as_they_came(stand_in: StripeStandIn, client: stripe.StripeClient) -> None:
    client.v1.checkout.sessions.create(session_params(), {"idempotency_key": "payment:1"})
    client.v1.events.list({"types": ["charge.updated", "refund.created"], "limit": 5})
    created, listed = stand_in.requests
    assert (created.method, created.path) == ("POST", "/v1/checkout/sessions")
    assert created.headers["Idempotency-Key"] == "payment:1"
    assert created.params["line_items"][0]["price_data"]["unit_amount"] == "12345"
    assert listed.params["types"] == ["charge.updated", "refund.created"]
    for each in stand_in.requests:
        check_request(each.method, each.path, each.params)


def test_check_object_catches_a_missing_and_an_invented_field(client: stripe.StripeClient) -> None:
    customer = raw(client.v1.customers.create({"email": "debtor@example.com"}))
    check_object(customer)
    with pytest.raises(jsonschema.ValidationError):
        check_object({name: each for name, each in customer.items() if name != "created"})
    with pytest.raises(AssertionError, match="does not know"):
        check_object({**customer, "invented": 1})


def _live_through_everything(stand_in: StripeStandIn, client: stripe.StripeClient) -> None:
    control = stand_in.control
    customer = client.v1.customers.create({"email": "debtor@example.com", "metadata": {"debtor": "1"}})
    for outcome in ("decline", "pay"):
        session = client.v1.checkout.sessions.create(session_params(customer=customer.id))
        control.press(session.id, outcome)
    client.v1.checkout.sessions.expire(client.v1.checkout.sessions.create(session_params()).id)
    for currency in ("usd", "eur", "gbp"):
        debit = control.press(client.v1.checkout.sessions.create(session_params(currency=currency)).id, "bank_debit")
        control.settle_debit(debit["payment_intent"])
        control.return_debit(debit["payment_intent"])
    bounced = control.press(client.v1.checkout.sessions.create(session_params()).id, "bank_debit")
    control.fail_debit(bounced["payment_intent"])
    _save_methods_and_lose_them(stand_in, client, customer.id)
    _charge_off_session(stand_in, client)
    _connect_an_account_and_pay_out(stand_in, client)


def _save_methods_and_lose_them(stand_in: StripeStandIn, client: stripe.StripeClient, customer: str) -> None:
    control = stand_in.control
    for outcome in ("decline", "authenticate", "bank_debit"):
        setup = {
            "mode": "setup",
            "currency": "usd",
            "customer": customer,
            "success_url": "http://127.0.0.1/",
        }
        control.press(client.v1.checkout.sessions.create(setup).id, outcome)  # type: ignore[arg-type]
    for method in client.v1.payment_methods.list({"customer": customer}).data:
        if method.type == "card":
            control.renew_card(method.id)
        client.v1.payment_methods.update(method.id, {"billing_details": {"name": "H. Okafor"}})
        client.v1.payment_methods.detach(method.id)
    for mandate in control.objects("mandate"):
        control.revoke_mandate(mandate["id"])


def _charge_off_session(stand_in: StripeStandIn, client: stripe.StripeClient) -> None:
    control = stand_in.control
    for number, name in enumerate(("visa", "createDispute", "createIssuerFraudRecord", "refundFail", "pendingRefund")):
        intent = client.v1.payment_intents.create(off_session(f"pm_card_{name}", 5_000 + number))
        if "efund" in name or name == "visa":
            refund = client.v1.refunds.create({"payment_intent": intent.id, "amount": 1_000})
            control.finish_refund(refund.id)
        if name == "visa":
            held = client.v1.refunds.create({"payment_intent": intent.id, "instructions_email": "d@example.com"})
            client.v1.refunds.cancel(held.id)
            dispute = control.open_dispute(intent.id)
            client.v1.disputes.update(dispute["id"], {"evidence": {"uncategorized_text": "It was delivered."}})
            control.win_dispute(dispute["id"])
    for name in ("chargeDeclined", "authenticationRequired", "visa_chargeDeclinedStolenCard"):
        with pytest.raises(stripe.CardError):
            client.v1.payment_intents.create(off_session(f"pm_card_{name}"))
    on_session = {
        "amount": 700,
        "currency": "usd",
        "confirm": True,
        "payment_method": "pm_card_authenticationRequired",
    }
    waiting = client.v1.payment_intents.create({**on_session, "return_url": "http://127.0.0.1/"})  # type: ignore[typeddict-item]
    client.v1.payment_intents.cancel(waiting.id, {"cancellation_reason": "abandoned"})


def _connect_an_account_and_pay_out(stand_in: StripeStandIn, client: stripe.StripeClient) -> None:
    control = stand_in.control
    account = client.v1.accounts.create({"type": "standard", "country": "DE"})
    control.set_account(account.id, ready=True)
    client.v1.account_links.create(
        {
            "account": account.id,
            "type": "account_onboarding",
            "return_url": "http://127.0.0.1/back",
            "refresh_url": "http://127.0.0.1/again",
        }
    )
    options = stripe.RequestOptions(stripe_account=account.id)
    control.press(client.v1.checkout.sessions.create(session_params(currency="usd"), options).id)
    client.v1.webhook_endpoints.create({"url": "http://127.0.0.1:9/x", "enabled_events": ["topup.created"]})
    control.wait_idle()
    control.advance(10 * 24 * 3600)
    paid = control.make_payout()
    assert paid is not None
    control.pay_payout(paid["id"])
    control.fail_payout(paid["id"])
    control.deauthorize(account.id)


def off_session(method: str, amount: int = 5_000) -> Any:
    return {
        "amount": amount,
        "currency": "usd",
        "confirm": True,
        "off_session": True,
        "payment_method": method,
    }


EVENTS = """
checkout.session.completed checkout.session.async_payment_succeeded checkout.session.async_payment_failed
checkout.session.expired payment_intent.succeeded payment_intent.processing payment_intent.payment_failed
payment_intent.requires_action payment_intent.canceled charge.updated charge.failed refund.created refund.updated
refund.failed charge.dispute.created charge.dispute.updated charge.dispute.funds_withdrawn
charge.dispute.funds_reinstated charge.dispute.closed setup_intent.succeeded setup_intent.setup_failed
payment_method.detached payment_method.updated payment_method.automatically_updated mandate.updated
payout.paid payout.failed payout.reconciliation_completed radar.early_fraud_warning.created account.updated
account.application.deauthorized capability.updated
"""


def test_everything_the_stand_in_sends_and_keeps_is_as_stripe_sends_it(
    stand_in: StripeStandIn, client: stripe.StripeClient, inbox: Inbox
) -> None:
    _live_through_everything(stand_in, client)
    stand_in.control.wait_idle()
    assert set(EVENTS.split()) - set(inbox.types) == set(), "an event the portal handles was never tried"
    for event in inbox.events:
        check_object(event)
    kinds = "charge checkout.session customer dispute event mandate payment_intent payment_method payout refund"
    for kind in f"{kinds} balance_transaction setup_intent account webhook_endpoint radar.early_fraud_warning".split():
        found = stand_in.control.objects(kind)
        assert found, f"no {kind} was ever made"
        for each in found:
            check_object(each)
    for path in [route.path for route in ROUTES if route.method == "GET" and "<>" not in route.path]:
        owner = (
            stand_in.control.objects("payment_method")[0]["customer"] or stand_in.control.objects("customer")[0]["id"]
        )
        query = {"customer": owner} if path == "/v1/payment_methods" else {}
        key = {"Authorization": "Bearer sk_test_x"}
        answer = requests.get(stand_in.url + path, params=query, headers=key, timeout=10)
        assert answer.status_code == 200, answer.text
        check_object(answer.json())
        assert not re.search(r'"_\w+":', answer.text), "the stand-in's own notes must not be seen"
    for request in stand_in.requests:
        check_request(request.method, request.path, request.params)


def test_contract_session(either: stripe.StripeClient) -> None:
    session = either.v1.checkout.sessions.create(session_params(), {"idempotency_key": os.urandom(8).hex()})
    check_object(raw(session), closed=not REAL_KEY)
    assert (session.status, session.payment_status, session.mode) == ("open", "unpaid", "payment")
    assert (session.amount_total, session.payment_intent) == (12_345, None)
    assert session.ui_mode == "hosted_page"
    listed = either.v1.checkout.sessions.line_items.list(session.id)
    assert [(item.amount_total, item.description) for item in listed.data] == [(12_345, "Invoice 1001")]
    expired = either.v1.checkout.sessions.expire(session.id)
    assert (expired.status, expired.url) == ("expired", None)


@pytest.mark.parametrize(
    ("wrong", "param"),
    [
        ({"payment_method_types": ["card"]}, "payment_method_types"),
        ({"ui_mode": "hosted"}, "ui_mode"),
        ({"invented": "1"}, "invented"),
        ({"expires_at": 1_000_000_000}, "expires_at"),
    ],
)
def test_contract_refused_session(either: stripe.StripeClient, wrong: Any, param: str) -> None:
    """Trap 1 and 2: what most samples on the web still send is refused."""
    with pytest.raises(stripe.InvalidRequestError) as refusal:
        either.v1.checkout.sessions.create(session_params(**wrong))
    assert refusal.value.http_status == 400
    assert refusal.value.param == param


def test_contract_decline_leaves_an_intent(either: stripe.StripeClient) -> None:
    """Trap 11: keep its id."""
    with pytest.raises(stripe.CardError) as refusal:
        either.v1.payment_intents.create(off_session("pm_card_visa_chargeDeclinedInsufficientFunds"))
    error = refusal.value.error
    assert error is not None and error.payment_intent is not None
    assert (refusal.value.http_status, refusal.value.code, error.decline_code) == (
        402,
        "card_declined",
        "insufficient_funds",
    )
    held = either.v1.payment_intents.retrieve(error.payment_intent.id)
    assert held.status == "requires_payment_method"
    check_object(raw(held), closed=not REAL_KEY)


def test_contract_charge_and_refund(either: stripe.StripeClient) -> None:
    intent = either.v1.payment_intents.create(off_session("pm_card_visa"))
    assert intent.status == "succeeded"
    refund = either.v1.refunds.create({"payment_intent": intent.id, "amount": 1_000})
    check_object(raw(refund), closed=not REAL_KEY)
    assert refund.status == "succeeded"
    with pytest.raises(stripe.InvalidRequestError):
        either.v1.refunds.create({"payment_intent": intent.id, "amount": 4_001})


def test_contract_idempotency(either: stripe.StripeClient) -> None:
    """Trap 10."""
    key = stripe.RequestOptions(idempotency_key=os.urandom(8).hex())
    first = either.v1.customers.create({"email": "debtor@example.com"}, key)
    again = either.v1.customers.create({"email": "debtor@example.com"}, key)
    assert first.id == again.id
    assert again.last_response is not None
    assert again.last_response.headers["Idempotent-Replayed"] == "true"
    with pytest.raises(stripe.IdempotencyError) as refusal:
        either.v1.customers.create({"email": "other@example.com"}, key)
    assert refusal.value.http_status == 400
