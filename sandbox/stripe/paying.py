"""The engine of a payment: an intent meets a method, and succeeds, fails, waits for the payer, or for a bank.

Used by the hosted page and by the payment intent API alike. The API's own checks live in payment_intents.py.
"""

from __future__ import annotations

from sandbox.stripe import cards, charges
from sandbox.stripe.cards import DECLINES, Decline
from sandbox.stripe.errors import refused
from sandbox.stripe.mandates import make_mandate, standing_mandate
from sandbox.stripe.payment_methods import attach_to, behaviour, has_expired
from sandbox.stripe.store import Obj
from sandbox.stripe.world import Scope, new_id, public

FOUR_DAYS = 4 * 24 * 3600


def make_intent(scope: Scope, amount: int, currency: str, params: Obj) -> Obj:
    """Keep a new payment intent, and say so in an event."""
    intent_id = new_id("pi")
    intent: Obj = {
        "id": intent_id,
        "object": "payment_intent",
        "amount": amount,
        "amount_capturable": 0,
        "amount_details": {"tip": {}},
        "amount_received": 0,
        "application": None,
        "application_fee_amount": params.get("application_fee_amount"),
        "automatic_payment_methods": {"allow_redirects": "always", "enabled": True},
        "canceled_at": None,
        "cancellation_reason": None,
        "capture_method": "automatic_async",
        "client_secret": f"{intent_id}_secret_{new_id('x')[2:]}",
        "confirmation_method": "automatic",
        "created": scope.now(),
        "currency": currency,
        "customer": params.get("customer"),
        "description": params.get("description"),
        "last_payment_error": None,
        "latest_charge": None,
        "livemode": False,
        "metadata": params.get("metadata", {}),
        "next_action": None,
        "on_behalf_of": None,
        "payment_method": None,
        "payment_method_configuration_details": None,
        "payment_method_options": {},
        "payment_method_types": [
            "card",
            *([debit] if (debit := debit_kind(currency)) else []),
        ],
        "processing": None,
        "receipt_email": params.get("receipt_email"),
        "review": None,
        "setup_future_usage": params.get("setup_future_usage"),
        "shipping": None,
        "source": None,
        "statement_descriptor": None,
        "statement_descriptor_suffix": params.get("statement_descriptor_suffix"),
        "status": "requires_payment_method",
        "transfer_data": None,
        "transfer_group": None,
    }
    scope.put(intent)
    scope.emit("payment_intent.created", intent)
    return intent


def debit_kind(currency: str) -> str | None:
    """The kind of bank debit that this currency has, if any."""
    name = cards.DEBIT_FOR_CURRENCY.get(currency)
    return cards.BY_NAME[name].kind if name else None


def attempt(
    scope: Scope,
    intent: Obj,
    method: Obj,
    *,
    off_session: bool = False,
    authenticated: bool = False,
) -> Decline | None:
    """Try to take the money. Answers why it was refused, or nothing; the intent's status says the rest."""
    test = behaviour(method)
    intent.update(payment_method=method["id"], next_action=None, last_payment_error=None)
    if scope.world.faults.next_decline:
        return fail(scope, intent, method, DECLINES[scope.world.faults.next_decline])
    if has_expired(method, scope.now()):
        return fail(scope, intent, method, DECLINES["expired_card"])
    if _must_authenticate(method, authenticated):
        if off_session:
            return fail(scope, intent, method, DECLINES["authentication_required"])
        _ask_payer(scope, intent)
        return None
    if test.kind in cards.BANK_DEBITS:
        _start_debit(scope, intent, method)
        return None
    if test.on_charge:
        return fail(scope, intent, method, DECLINES[test.on_charge])
    if authenticated:
        method["_authenticated"] = True
        scope.put(method)
    succeed(scope, intent, method, charges.make(scope, intent, method, "succeeded"))
    return None


def _must_authenticate(method: Obj, authenticated: bool) -> bool:
    wanted = behaviour(method).authenticates
    if authenticated or not wanted:
        return False
    return wanted == "always" or not method.get("_authenticated")


def _ask_payer(scope: Scope, intent: Obj) -> None:
    where = f"{scope.world.base_url}/c/authenticate/{intent['id']}"
    redirect = {"return_url": intent.get("_return_url"), "url": where}
    intent.update(
        status="requires_action",
        next_action={"type": "redirect_to_url", "redirect_to_url": redirect},
    )
    scope.put(intent)
    scope.emit("payment_intent.requires_action", intent)


def succeed(scope: Scope, intent: Obj, method: Obj, charge: Obj) -> None:
    """The money was taken."""
    intent.update(
        status="succeeded",
        amount_received=intent["amount"],
        latest_charge=charge["id"],
        next_action=None,
        last_payment_error=None,
        processing=None,
    )
    scope.put(intent)
    if intent["setup_future_usage"] and intent["customer"]:
        attach_to(scope, method, intent["customer"])
    scope.emit("charge.succeeded", charge)
    scope.emit("payment_intent.succeeded", intent)
    charges.succeeded(scope, charge)


def fail(scope: Scope, intent: Obj, method: Obj, decline: Decline, charge: Obj | None = None) -> Decline:
    """The money was refused; the intent waits for another payment method."""
    if charge is None and decline.code != "payment_intent_authentication_failure":
        charge = charges.make(scope, intent, method, "failed", decline)
    intent.update(
        status="requires_payment_method",
        payment_method=None,
        next_action=None,
        processing=None,
        last_payment_error=error_of(decline, method, charge),
    )
    if charge is not None:
        intent["latest_charge"] = charge["id"]
        scope.emit("charge.failed", charge)
    scope.put(intent)
    scope.emit("payment_intent.payment_failed", intent)
    return decline


def error_of(decline: Decline, method: Obj, charge: Obj | None = None) -> Obj:
    """A refusal as it stands in `last_payment_error`."""
    error: Obj = {
        "code": decline.code,
        "doc_url": f"https://stripe.com/docs/error-codes/{decline.code.replace('_', '-')}",
        "message": decline.message,
        "payment_method": public(method),
        "payment_method_type": method["type"],
        "type": "card_error",
    }
    optional = {
        "advice_code": decline.advice,
        "charge": charge["id"] if charge else None,
        "decline_code": decline.decline_code,
        "network_decline_code": decline.network_code,
    }
    return error | {name: value for name, value in optional.items() if value is not None}


def _start_debit(scope: Scope, intent: Obj, method: Obj) -> None:
    if "_mandate" not in intent:
        intent["_mandate"] = _mandate(scope, intent, method)["id"]
    charge = charges.make(scope, intent, method, "pending")
    intent.update(status="processing", latest_charge=charge["id"], processing=None)
    scope.put(intent)
    if intent["setup_future_usage"] and intent["customer"]:
        attach_to(scope, method, intent["customer"])
    scope.emit("payment_intent.processing", intent)
    scope.emit("charge.pending", charge)
    if behaviour(method).on_charge != "never":
        scope.later(scope.now() + FOUR_DAYS, "finish_debit", intent["id"])


def _mandate(scope: Scope, intent: Obj, method: Obj) -> Obj:
    """The permission to debit: that of a saved account, or a new one that its owner gives with this payment."""
    standing = standing_mandate(scope, method)
    if standing is None:
        return make_mandate(scope, method, bool(intent["setup_future_usage"]))
    if standing["status"] != "active":
        message = "The provided mandate is invalid and can not be used for the payment intent."
        raise refused(message, "mandate", "payment_intent_mandate_invalid")
    return standing


def finish_debit(scope: Scope, intent_id: str) -> None:
    """The bank's answer after four days, as the test account has it."""
    intent = scope.get("payment_intent", intent_id)
    if intent["status"] == "processing":
        method = scope.get("payment_method", intent["payment_method"])
        end_debit(scope, intent, behaviour(method).on_charge)


def end_debit(scope: Scope, intent: Obj, reason: str = "") -> None:
    """A bank debit arrives, or comes back for a reason."""
    method = scope.get("payment_method", intent["payment_method"])
    charge = scope.get("charge", intent["latest_charge"])
    sessions = scope.find("checkout.session", payment_intent=intent["id"])
    if reason:
        decline = cards.bank_return(reason)
        charge.update(
            status="failed",
            captured=False,
            amount_captured=0,
            failure_code=decline.code,
            failure_message=decline.message,
            outcome=charges.outcome(decline),
        )
        scope.put(charge)
        fail(scope, intent, method, decline, charge)
    else:
        charge.update(status="succeeded", paid=True)
        scope.put(charge)
        succeed(scope, intent, method, charge)
    for session in sessions:
        session["payment_status"] = "unpaid" if reason else "paid"
        scope.put(session)
        scope.emit(
            f"checkout.session.async_payment_{'failed' if reason else 'succeeded'}",
            session,
        )
