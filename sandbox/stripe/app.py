"""The HTTP side of the API: keys, accounts, parameters, idempotency, faults, and Stripe's form of an
error.
"""

from __future__ import annotations

import base64
import json
import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

from flask import Flask, Response, request

from sandbox.stripe import (
    accounts,
    balance,
    charges,
    checkout,
    customers,
    disputes,
    events,
    fraud_warnings,
    idempotency,
    mandates,
    paying,
    payment_intents,
    payment_methods,
    payouts,
    refunds,
    setup_intents,
    webhook_endpoints,
)
from sandbox.stripe.errors import StripeError
from sandbox.stripe.idempotency import Kept
from sandbox.stripe.lists import expand
from sandbox.stripe.params import decode
from sandbox.stripe.routing import Route
from sandbox.stripe.world import (
    API_VERSION,
    PLATFORM,
    PLATFORM_ID,
    Scope,
    World,
    new_id,
    public,
)

_MODULES = (
    accounts, balance, charges, checkout, customers, disputes, events, fraud_warnings, mandates,
    payment_intents, payment_methods, payouts, refunds, setup_intents, webhook_endpoints,
)  # fmt: skip
ROUTES: list[Route] = [route for module in _MODULES for route in module.ROUTES]
ACTS: dict[str, Callable[[Scope, str], object]] = {
    "capture": charges.capture,
    "expire_session": checkout.expire_in_time,
    "finish_debit": paying.finish_debit,
    "finish_refund": refunds.finish,
    "fail_refund": refunds.fail,
    "open_dispute": disputes.open_dispute,
    "open_inquiry": disputes.open_inquiry,
    "return_debit": disputes.return_debit,
    "warn_of_fraud": fraud_warnings.warn,
}
_KEY = re.compile(r"(sk|rk)_test_\w+")


@dataclass
class Recorded:
    """One request as it came: parameters nested, but all their values still text."""

    method: str
    path: str
    params: dict[str, Any]
    headers: dict[str, str]


@dataclass
class Call:
    """One API request on its way through."""

    world: World
    route: Route
    ids: tuple[str, ...]
    raw: dict[str, Any]
    scope: Scope
    fault: dict[str, Any] = field(default_factory=dict)


def add_api(app: Flask, world: World, requests: list[Recorded] | None) -> None:
    """Put the API under /v1 of an app; each request is noted in `requests` if that is given."""
    world.acts = dict(ACTS)
    patterns = [(route, re.compile(re.escape(route.path).replace("<>", r"([^/]+)"))) for route in ROUTES]

    @app.route("/v1/<path:rest>", methods=["GET", "POST", "DELETE"])
    def api(rest: str) -> Response:
        try:
            raw = _parameters()
            if requests is not None:
                requests.append(Recorded(request.method, request.path, raw, dict(request.headers)))
            return _perform(_call(world, patterns, raw))
        except StripeError as error:
            return _answer(error.status, json.dumps(error.body()))


def _parameters() -> dict[str, Any]:
    query = parse_qsl(request.query_string.decode(), keep_blank_values=True)
    body = parse_qsl(request.get_data().decode(), keep_blank_values=True) if request.method != "GET" else []
    return decode([*query, *body])


def _call(world: World, patterns: list[tuple[Route, re.Pattern[str]]], raw: dict[str, Any]) -> Call:
    _check_key()
    version = request.headers.get("Stripe-Version", API_VERSION)
    if version != API_VERSION:
        raise StripeError(
            f"Invalid Stripe API version: {version}; this stand-in speaks {API_VERSION}.",
            remembered=False,
        )
    scope = Scope(
        world,
        _account(world),
        new_id("req", 14),
        request.headers.get("Idempotency-Key"),
    )
    for route, pattern in patterns:
        found = pattern.fullmatch(request.path)
        if found and route.method == request.method:
            return Call(world, route, found.groups(), raw, scope)
    message = f"Unrecognized request URL ({request.method}: {request.path})."
    raise StripeError(message, status=404, remembered=False)


def _check_key() -> None:
    header = request.headers.get("Authorization", "")
    kind, _, key = header.partition(" ")
    if kind == "Basic":
        key = base64.b64decode(key).decode(errors="replace").partition(":")[0]
    if key.startswith(("sk_live_", "rk_live_")):
        raise StripeError("This is a stand-in: live keys are refused.", status=401, remembered=False)
    if not _KEY.fullmatch(key):
        shown = "You did not provide an API key." if not key else "Invalid API Key provided."
        raise StripeError(shown, status=401, remembered=False)


def _account(world: World) -> str:
    wanted = request.headers.get("Stripe-Account", PLATFORM)
    if not wanted:
        return PLATFORM
    account = accounts.find(world.scope(), wanted)
    if account.get("_deauthorized"):
        raise accounts.no_access(wanted)
    return PLATFORM if wanted == PLATFORM_ID else wanted


def _perform(call: Call) -> Response:
    world, scope, key = call.world, call.scope, call.scope.idempotency_key
    with world.store.transaction():
        call.fault = world.faults.for_call(call.route.method, request.path) or {}
    if call.fault.get("kind") == "rate_limit":
        raise StripeError("Too many requests.", status=429, code="rate_limit", remembered=False)
    if call.fault.get("kind") == "error_before":
        raise StripeError("An unknown error occurred", status=500, kind="api_error", remembered=False)
    if call.route.method != "POST" or key is None:
        return _leave(call, _execute(call))
    print_ = idempotency.fingerprint(call.route.method, request.path, call.raw)
    kept = idempotency.claim(world.store, scope.account, key, print_, scope.now())
    if kept is not None:
        # A repeated answer can be lost on its way like a first one.
        _lose(call)
        return _answer(
            kept.status,
            kept.body,
            {"Idempotent-Replayed": "true", "Idempotency-Key": key},
            scope,
        )
    return _leave(call, _execute(call))


def _execute(call: Call) -> Kept:
    """Run the endpoint and remember its answer, in one commit."""
    store, scope, kind = call.world.store, call.scope, call.fault.get("kind")
    key = scope.idempotency_key if call.route.method == "POST" else None
    if kind == "slow":
        time.sleep(float(call.fault.get("seconds", 1.0)))
    try:
        with store.transaction():
            answer, remembered = _run(call)
            if kind == "error_after" and answer.status < 400:
                words = StripeError("An unknown error occurred", kind="api_error")
                answer = Kept(500, json.dumps(words.body()))
            if key is not None and remembered:
                idempotency.keep(store, scope.account, key, answer)
            elif key is not None:
                idempotency.forget(store, scope.account, key)
    except Exception:
        if key is not None:
            idempotency.forget(store, scope.account, key)
        raise
    return answer


def _run(call: Call) -> tuple[Kept, bool]:
    faults = call.world.faults
    try:
        params = call.route.params(call.raw, "")
        faults.next_decline = (
            call.fault.get("reason", "generic_decline") if call.fault.get("kind") == "decline" else None
        )
        result = call.route.answer(call.scope, params, *call.ids)
        result = public(expand(call.scope, result, params.get("expand", [])))
        return Kept(200, json.dumps(result, indent=2)), True
    except StripeError as error:
        # A refusal is an answer like any other: what it left behind, such as a declined charge, is kept.
        return Kept(error.status, json.dumps(error.body(), indent=2)), error.remembered
    finally:
        faults.next_decline = None


def _leave(call: Call, answer: Kept) -> Response:
    """Send the answer, unless a fault says that it gets lost on its way."""
    _lose(call)
    headers = {"Idempotency-Key": call.scope.idempotency_key} if call.scope.idempotency_key else {}
    return _answer(answer.status, answer.body, headers, call.scope)


def _lose(call: Call) -> None:
    kind = call.fault.get("kind")
    if kind == "hang_after":
        time.sleep(float(call.fault.get("seconds", 3.0)))
    if kind in ("hang_after", "drop_after"):
        _drop_connection()


def _drop_connection() -> None:
    wire = request.environ.get("werkzeug.socket")
    if wire is None:
        raise ConnectionAbortedError("no socket to drop")
    wire.shutdown(2)


def _answer(
    status: int,
    body: str,
    headers: dict[str, str] | None = None,
    scope: Scope | None = None,
) -> Response:
    response = Response(body, status=status, mimetype="application/json", headers=headers)
    response.headers["Stripe-Version"] = API_VERSION
    response.headers["Request-Id"] = scope.request_id if scope and scope.request_id else new_id("req", 14)
    if status >= 500 and scope is not None:
        # What a 500 left behind is unknown, and its key would only repeat it.
        response.headers["Stripe-Should-Retry"] = "false"
    return response
