"""What the payer does on the hosted page: pay, be declined and try again, prove who they are, debit a
bank, leave.
"""

from __future__ import annotations

from dataclasses import dataclass

from sandbox.stripe import cards, paying, setup_intents
from sandbox.stripe.cards import DECLINES, Decline
from sandbox.stripe.customers import make as make_customer
from sandbox.stripe.payment_methods import make as make_method
from sandbox.stripe.store import Obj
from sandbox.stripe.world import Scope

OUTCOMES = ("pay", "decline", "authenticate", "bank_debit", "saved", "cancel")
_NUMBER = {"decline": "4000000000000002", "authenticate": "4000002760003184"}


@dataclass(frozen=True)
class Step:
    """Where the payer goes next: another page, or the same one with a message."""

    go_to: str | None = None
    message: str | None = None


def choose(scope: Scope, session: Obj, outcome: str, number: str, address: str) -> Step:
    """One press of a button on the hosted page. The session is open."""
    if outcome == "cancel":
        return Step(go_to=session["cancel_url"])
    if outcome == "saved":
        return _pay_with_saved(scope, session, number)
    test = _test_method(session, outcome, number)
    if test is None:
        return Step(message="Your card number is invalid.")
    if not (address or session["customer_details"]):
        return Step(message="Enter your email address.")
    _remember_payer(scope, session, address)
    method = make_method(scope, test, {"email": session["customer_details"]["email"]})
    # As at Stripe: what is saved in passing may be shown again to its owner, if the business asks for such.
    method["allow_redisplay"] = "limited" if _saves(session) else "unspecified"
    scope.put(method)
    intent = _intent(scope, session)
    if session["mode"] == "setup":
        return _after(scope, session, intent, setup_intents.attempt(scope, intent, method))
    return _after(scope, session, intent, paying.attempt(scope, intent, method))


def saved_methods(scope: Scope, session: Obj) -> list[Obj]:
    """The methods its customer saved before, of those that the session lets the page show."""
    if session["customer"] is None or session["mode"] != "payment":
        return []
    shown = (session["saved_payment_method_options"] or {}).get("allow_redisplay_filters") or ["always"]
    found = scope.find("payment_method", customer=session["customer"])
    return [each for each in found if each["allow_redisplay"] in shown]


def _pay_with_saved(scope: Scope, session: Obj, method_id: str) -> Step:
    chosen = [each for each in saved_methods(scope, session) if each["id"] == method_id]
    if not chosen:
        return Step(message="This payment method is not saved here any more.")
    intent = _intent(scope, session)
    return _after(scope, session, intent, paying.attempt(scope, intent, chosen[0]))


def _saves(session: Obj) -> bool:
    return session["mode"] == "setup" or session["_intent_data"].get("setup_future_usage") is not None


def offers_debit(session: Obj) -> bool:
    """Whether this session's currency has a bank debit."""
    return session["currency"] in cards.DEBIT_FOR_CURRENCY


def _test_method(session: Obj, outcome: str, number: str) -> cards.TestMethod | None:
    if outcome == "bank_debit":
        if not offers_debit(session):
            return None
        chosen = cards.by_number(number)
        fallback = cards.BY_NAME[cards.DEBIT_FOR_CURRENCY[session["currency"]]]
        return chosen if chosen and chosen.kind == fallback.kind else fallback
    chosen = cards.by_number(_NUMBER.get(outcome, number))
    return chosen if chosen and chosen.kind == "card" else None


def _remember_payer(scope: Scope, session: Obj, address: str) -> None:
    if session["customer_details"] is None:
        details = {
            "address": None,
            "business_name": None,
            "email": address,
            "individual_name": None,
            "name": None,
        }
        session["customer_details"] = {
            **details,
            "phone": None,
            "tax_exempt": "none",
            "tax_ids": None,
        }
    wanted = session["customer_creation"] == "always" or _saves(session)
    if session["customer"] is None and wanted:
        session["customer"] = make_customer(scope, {"email": session["customer_details"]["email"]})["id"]
    scope.put(session)


def _intent(scope: Scope, session: Obj) -> Obj:
    if session["mode"] == "setup":
        intent = scope.get("setup_intent", session["setup_intent"])
        intent["customer"] = session["customer"]
        return intent
    if session["payment_intent"]:
        return scope.get("payment_intent", session["payment_intent"])
    # As at Stripe, the payment intent comes into being when the payer first tries, not with the session.
    data = {**session["_intent_data"], "customer": session["customer"]}
    intent = paying.make_intent(scope, session["amount_total"], session["currency"], data)
    session["payment_intent"] = intent["id"]
    scope.put(session)
    return intent


def _after(scope: Scope, session: Obj, intent: Obj, decline: Decline | None) -> Step:
    if decline is not None:
        return Step(message=decline.message)
    if intent["status"] == "requires_action":
        return Step(go_to=f"/c/authenticate/{intent['id']}")
    paid = intent["status"] == "succeeded"
    if session["mode"] == "payment":
        session["payment_status"] = "paid" if paid else "unpaid"
    session.update(status="complete", url=None)
    scope.put(session)
    scope.emit("checkout.session.completed", session)
    return Step(go_to=session["success_url"].replace("{CHECKOUT_SESSION_ID}", session["id"]))


def session_of(scope: Scope, intent: Obj) -> Obj | None:
    """The session an intent belongs to, if any."""
    found = scope.find("checkout.session", **{intent["object"]: intent["id"]})
    return found[0] if found else None


def authenticate(scope: Scope, intent: Obj, passed: bool) -> Step:
    """The payer proved who they are to the bank, or did not. The intent waits for that."""
    method = scope.get("payment_method", intent["payment_method"])
    setup = intent["object"] == "setup_intent"
    if not passed:
        refuse = setup_intents.fail if setup else paying.fail
        decline: Decline | None = refuse(scope, intent, method, DECLINES["authentication_failure"])
    elif setup:
        decline = setup_intents.attempt(scope, intent, method, authenticated=True)
    else:
        decline = paying.attempt(scope, intent, method, authenticated=True)
    session = session_of(scope, intent)
    if session is None:
        return Step(
            go_to=intent.get("_return_url"),
            message=decline.message if decline else None,
        )
    if decline is not None:
        return Step(go_to=f"/c/pay/{session['id']}?declined=1", message=decline.message)
    return _after(scope, session, intent, None)
