"""What the API refuses, remembers, pages and breaks on purpose."""

from __future__ import annotations

import threading
import time
from typing import Any

import pytest
import requests
import stripe

from sandbox.stripe.server import StripeStandIn
from tests.sandbox.conftest import client_of, session_params


def off_session(method: str = "pm_card_visa", **more: Any) -> Any:
    base = {
        "amount": 5_000,
        "currency": "usd",
        "confirm": True,
        "off_session": True,
        "payment_method": method,
    }
    return {**base, **more}


@pytest.mark.parametrize("key", ["sk_live_abc", "rk_live_abc", "pk_test_abc", "", "sk_test_"])
def test_only_test_keys_open_it(stand_in: StripeStandIn, key: str) -> None:
    headers = {"Authorization": f"Bearer {key}"}
    answer = requests.get(f"{stand_in.url}/v1/balance", headers=headers, timeout=10)
    assert answer.status_code == 401
    assert "error" in answer.json()


def test_it_listens_on_loopback_alone(stand_in: StripeStandIn) -> None:
    assert stand_in.url.startswith("http://127.0.0.1:")


def test_unknown_things_are_refused_as_stripe_refuses_them(
    stand_in: StripeStandIn, client: stripe.StripeClient
) -> None:
    with pytest.raises(stripe.InvalidRequestError) as unknown:
        client.v1.payment_intents.retrieve("pi_nobody")
    assert (unknown.value.http_status, unknown.value.code) == (404, "resource_missing")
    with pytest.raises(stripe.InvalidRequestError) as wrong:
        client.v1.customers.create({"invented": "1"})  # type: ignore[arg-type]
    assert (wrong.value.code, wrong.value.param) == ("parameter_unknown", "invented")
    answer = requests.get(f"{stand_in.url}/v1/nothing", headers={"Authorization": "Bearer sk_test_x"}, timeout=10)
    assert answer.status_code == 404
    old = {"Authorization": "Bearer sk_test_x", "Stripe-Version": "2023-10-16"}
    assert requests.get(f"{stand_in.url}/v1/balance", headers=old, timeout=10).status_code == 400


@pytest.mark.parametrize(
    ("amount", "currency", "code"),
    [
        (49, "usd", "amount_too_small"),
        (50, "usd", None),
        (49, "jpy", "amount_too_small"),
        (50, "jpy", None),
        (29, "gbp", "amount_too_small"),
        (10_001, "kwd", "invalid_amount"),
        (10_010, "kwd", None),
        (50_050, "isk", "invalid_amount"),
        (50_000, "isk", None),
        (100_000_000, "usd", "amount_too_large"),
        (-500, "usd", "parameter_invalid_integer"),
    ],
)
def test_amounts_are_counted_as_stripe_counts_them(
    client: stripe.StripeClient, amount: int, currency: str, code: str | None
) -> None:
    """Trap 14."""
    params = session_params(amount=amount, currency=currency)
    if code is None:
        assert client.v1.checkout.sessions.create(params).amount_total == amount
        return
    with pytest.raises(stripe.InvalidRequestError) as refusal:
        client.v1.checkout.sessions.create(params)
    assert refusal.value.code == code


@pytest.mark.parametrize(("offset", "fits"), [(1_700, False), (1_810, True), (86_300, True), (86_500, False)])
def test_a_session_lives_between_half_an_hour_and_a_day(
    stand_in: StripeStandIn, client: stripe.StripeClient, offset: int, fits: bool
) -> None:
    params = session_params(expires_at=stand_in.control.now() + offset)
    if fits:
        assert client.v1.checkout.sessions.create(params).status == "open"
    else:
        with pytest.raises(stripe.InvalidRequestError):
            client.v1.checkout.sessions.create(params)


def test_a_key_repeats_its_answer_and_charges_once(stand_in: StripeStandIn, client: stripe.StripeClient) -> None:
    key = stripe.RequestOptions(idempotency_key="payment:1")
    first = client.v1.payment_intents.create(off_session(), key)
    again = client.v1.payment_intents.create(off_session(), key)
    assert first.id == again.id
    assert len(stand_in.control.objects("charge")) == 1
    with pytest.raises(stripe.IdempotencyError):
        client.v1.payment_intents.create(off_session(amount=6_000), key)


def test_a_key_repeats_a_decline(stand_in: StripeStandIn, client: stripe.StripeClient) -> None:
    """Trap 10: a new try needs a new key."""
    key = stripe.RequestOptions(idempotency_key="payment:2")
    for _ in range(2):
        with pytest.raises(stripe.CardError):
            client.v1.payment_intents.create(off_session("pm_card_chargeDeclined"), key)
    assert len(stand_in.control.objects("payment_intent")) == 1


def test_a_key_forgets_what_was_never_executed(client: stripe.StripeClient) -> None:
    key = stripe.RequestOptions(idempotency_key="payment:3")
    with pytest.raises(stripe.InvalidRequestError):
        client.v1.payment_intents.create(off_session(amount=1), key)
    assert client.v1.payment_intents.create(off_session(), key).status == "succeeded"


def test_a_key_is_forgotten_after_a_day(stand_in: StripeStandIn, client: stripe.StripeClient) -> None:
    key = stripe.RequestOptions(idempotency_key="payment:4")
    first = client.v1.payment_intents.create(off_session(), key)
    stand_in.control.advance(24 * 3600 + 5)
    assert client.v1.payment_intents.create(off_session(), key).id != first.id


def test_a_key_in_flight_is_a_conflict(stand_in: StripeStandIn, client: stripe.StripeClient) -> None:
    stand_in.control.fail_next("slow", seconds=1.5)
    key = stripe.RequestOptions(idempotency_key="payment:5")
    slow = threading.Thread(target=client.v1.payment_intents.create, args=(off_session(), key))
    slow.start()
    while not stand_in.requests:
        time.sleep(0.01)
    time.sleep(0.1)
    with pytest.raises(stripe.StripeError) as conflict:
        client.v1.payment_intents.create(off_session(), key)
    assert conflict.value.http_status == 409
    slow.join()
    assert client.v1.payment_intents.create(off_session(), key).status == "succeeded"
    assert len(stand_in.control.objects("charge")) == 1


def test_a_500_after_the_commit_hides_what_was_done(stand_in: StripeStandIn, client: stripe.StripeClient) -> None:
    stand_in.control.fail_next("error_after", "/v1/payment_intents")
    key = stripe.RequestOptions(idempotency_key="payment:6")
    for _ in range(2):
        with pytest.raises(stripe.APIError) as lost:
            client.v1.payment_intents.create(off_session(), key)
        assert lost.value.http_status == 500
    (found,) = client.v1.payment_intents.list().data
    assert found.status == "succeeded"


@pytest.mark.parametrize("fault", ["drop_after", "hang_after"])
def test_a_lost_answer_is_given_again_under_its_key(stand_in: StripeStandIn, fault: str) -> None:
    """Trap 10: a timeout is unknown, never failed."""
    client = client_of(stand_in.url, timeout=0.5)
    stand_in.control.fail_next(fault, "/v1/payment_intents", seconds=1.0)
    key = stripe.RequestOptions(idempotency_key="payment:7")
    with pytest.raises(stripe.APIConnectionError):
        client.v1.payment_intents.create(off_session(), key)
    again = client.v1.payment_intents.create(off_session(), key)
    assert again.status == "succeeded"
    assert len(stand_in.control.objects("charge")) == 1


def test_faults_before_execution_leave_nothing(stand_in: StripeStandIn, client: stripe.StripeClient) -> None:
    stand_in.control.fail_next("rate_limit")
    stand_in.control.fail_next("error_before")
    with pytest.raises(stripe.RateLimitError):
        client.v1.payment_intents.create(off_session())
    with pytest.raises(stripe.APIError):
        client.v1.payment_intents.create(off_session())
    assert stand_in.control.objects("payment_intent") == []


def test_a_decline_on_demand(stand_in: StripeStandIn, client: stripe.StripeClient) -> None:
    stand_in.control.fail_next("decline", "/v1/payment_intents", reason="lost_card")
    with pytest.raises(stripe.CardError) as refusal:
        client.v1.payment_intents.create(off_session())
    assert refusal.value.error is not None
    assert (refusal.value.error.decline_code, refusal.value.error.advice_code) == (
        "lost_card",
        "do_not_try_again",
    )
    assert client.v1.payment_intents.create(off_session()).status == "succeeded"


def test_seeded_faults_come_again_with_their_seed(stand_in: StripeStandIn, client: stripe.StripeClient) -> None:
    def run() -> list[bool]:
        stand_in.control.set_faults(seed=7, error_before=0.5)
        outcome = []
        for _ in range(12):
            try:
                client.v1.customers.create({})
                outcome.append(True)
            except stripe.APIError:
                outcome.append(False)
        return outcome

    first = run()
    assert run() == first
    assert True in first and False in first
    with pytest.raises(ValueError, match="unknown fault"):
        stand_in.control.set_faults(typo=1.0)


def test_a_card_that_wants_its_owner(stand_in: StripeStandIn, client: stripe.StripeClient) -> None:
    """Trap 11: off-session it fails; on-session it answers 200 with `requires_action`."""
    with pytest.raises(stripe.CardError) as refusal:
        client.v1.payment_intents.create(off_session("pm_card_authenticationRequired"))
    assert refusal.value.code == "authentication_required"
    params = off_session("pm_card_authenticationRequired", return_url="http://127.0.0.1:8000/back")
    params["off_session"] = False
    waiting = client.v1.payment_intents.create(params)
    assert waiting.status == "requires_action"
    assert waiting.next_action is not None and waiting.next_action.redirect_to_url is not None
    done = requests.post(
        str(waiting.next_action.redirect_to_url.url),
        data={"outcome": "complete"},
        allow_redirects=False,
        timeout=10,
    )
    assert done.headers["Location"] == "http://127.0.0.1:8000/back"
    assert client.v1.payment_intents.retrieve(waiting.id).status == "succeeded"


def test_methods_belong_to_one_customer(client: stripe.StripeClient) -> None:
    owner, other = (client.v1.customers.create({"email": f"{name}@example.com"}) for name in ("owner", "other"))
    method = client.v1.payment_methods.attach("pm_card_visa", {"customer": owner.id})
    with pytest.raises(stripe.InvalidRequestError):
        client.v1.payment_intents.create(off_session(method.id, customer=other.id))
    assert client.v1.payment_intents.create(off_session(method.id, customer=owner.id)).status == "succeeded"
    client.v1.payment_methods.detach(method.id)
    with pytest.raises(stripe.InvalidRequestError):
        client.v1.payment_intents.create(off_session(method.id, customer=owner.id))
    with pytest.raises(stripe.CardError):
        client.v1.payment_methods.attach("pm_card_chargeDeclined", {"customer": owner.id})
    failing = client.v1.payment_methods.attach("pm_card_chargeCustomerFail", {"customer": owner.id})
    with pytest.raises(stripe.CardError):
        client.v1.payment_intents.create(off_session(failing.id, customer=owner.id))


def test_lists_are_paged_both_ways(client: stripe.StripeClient) -> None:
    made = [client.v1.customers.create({"name": str(number)}).id for number in range(7)][::-1]
    first = client.v1.customers.list({"limit": 3})
    assert ([each.id for each in first.data], first.has_more) == (made[:3], True)
    second = client.v1.customers.list({"limit": 3, "starting_after": made[2]})
    assert [each.id for each in second.data] == made[3:6]
    back = client.v1.customers.list({"limit": 2, "ending_before": made[5]})
    assert ([each.id for each in back.data], back.has_more) == (made[3:5], True)
    assert [each.id for each in client.v1.customers.list({"limit": 3}).auto_paging_iter()] == made
    with pytest.raises(stripe.InvalidRequestError):
        client.v1.customers.list({"limit": 101})


def test_events_are_filtered_and_forgotten_after_thirty_days(
    stand_in: StripeStandIn, client: stripe.StripeClient
) -> None:
    client.v1.payment_intents.create(off_session())
    stand_in.control.wait_idle()
    kinds = ["charge.updated", "payment_intent.succeeded"]
    found = client.v1.events.list({"types": kinds}).data
    assert [each.type for each in found] == kinds
    assert [each.type for each in client.v1.events.list({"type": "charge.*"}).data] == [
        "charge.updated",
        "charge.succeeded",
    ]
    since = stand_in.control.now() + 1
    assert client.v1.events.list({"created": {"gte": since}}).data == []
    stand_in.control.advance(31 * 24 * 3600)
    assert client.v1.events.list({"types": kinds}).data == []
    with pytest.raises(stripe.InvalidRequestError):
        client.v1.events.retrieve(found[0].id)
    assert len(client.v1.payment_intents.list().data) == 1


def test_accounts_do_not_see_each_other(stand_in: StripeStandIn, client: stripe.StripeClient) -> None:
    stand_in.control.create_account("acct_one")
    stand_in.control.create_account("acct_two")
    one, two = (stripe.RequestOptions(stripe_account=name) for name in ("acct_one", "acct_two"))
    intent = client.v1.payment_intents.create(off_session(), one)
    assert client.v1.payment_intents.retrieve(intent.id, None, one).id == intent.id
    for options in (two, stripe.RequestOptions()):
        with pytest.raises(stripe.InvalidRequestError):
            client.v1.payment_intents.retrieve(intent.id, None, options)
    with pytest.raises(stripe.PermissionError):
        client.v1.balance.retrieve(None, stripe.RequestOptions(stripe_account="acct_unknown"))
    stand_in.control.deauthorize("acct_one")
    with pytest.raises(stripe.PermissionError):
        client.v1.payment_intents.retrieve(intent.id, None, one)


def test_onboarding_opens_an_account(stand_in: StripeStandIn, client: stripe.StripeClient) -> None:
    account = client.v1.accounts.create({"type": "standard", "country": "US"})
    assert account.charges_enabled is False
    link = client.v1.account_links.create(
        {
            "account": account.id,
            "type": "account_onboarding",
            "return_url": "http://127.0.0.1:8000/back",
            "refresh_url": "http://127.0.0.1:8000/again",
        }
    )
    done = requests.post(link.url, data={"outcome": "finish"}, allow_redirects=False, timeout=10)
    assert done.headers["Location"] == "http://127.0.0.1:8000/back"
    assert client.v1.accounts.retrieve(account.id).charges_enabled is True
    used = requests.get(link.url, allow_redirects=False, timeout=10)
    assert used.headers["Location"] == "http://127.0.0.1:8000/again"
    (event,) = stand_in.control.events("account.updated")
    assert event["account"] == account.id


def test_control_over_http(stand_in: StripeStandIn) -> None:
    def act(name: str, **arguments: Any) -> requests.Response:
        return requests.post(f"{stand_in.url}/_sandbox/{name}", json=arguments, timeout=10)

    before = requests.get(f"{stand_in.url}/_sandbox/", timeout=10).json()["now"]
    assert act("advance", seconds=1_000).json()["result"] >= before + 1_000
    assert act("settle_debit", payment_intent="pi_nobody").status_code == 404
    assert act("settle_debit").status_code == 400
    assert act("_find").status_code == 404
    assert act("set_clock", at=1_900_000_000, frozen=True).json()["result"] == 1_900_000_000
    assert stand_in.control.now() == 1_900_000_000
