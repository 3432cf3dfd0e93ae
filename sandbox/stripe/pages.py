"""The pages a person sees: the hosted checkout, the bank's authentication, onboarding, and the desk
of the sandbox.
"""

from __future__ import annotations

from typing import Any

from flask import Flask, redirect, render_template, request, send_from_directory
from flask.typing import ResponseReturnValue

from sandbox.stripe import accounts, checkout_pay, money
from sandbox.stripe.control import Control
from sandbox.stripe.errors import StripeError
from sandbox.stripe.store import Obj
from sandbox.stripe.world import PLATFORM, PLATFORM_ID, Scope, World

# What the desk's buttons may do, and the name of the argument each takes.
DESK_ACTS = {
    "settle_debit": "payment_intent",
    "fail_debit": "payment_intent",
    "return_debit": "charge",
    "open_dispute": "charge",
    "win_dispute": "dispute",
    "lose_dispute": "dispute",
    "fail_refund": "refund",
    "finish_refund": "refund",
    "make_payout": "account",
    "pay_payout": "payout",
    "fail_payout": "payout",
}


def add_pages(app: Flask, world: World, control: Control) -> None:
    """Put the pages into an app."""
    app.jinja_env.filters["money"] = money.show
    _add_checkout(app, world)
    _add_onboarding(app, world)
    _add_desk(app, world, control)

    @app.get("/sandbox.css")
    def stylesheet() -> ResponseReturnValue:
        return send_from_directory(app.root_path, "sandbox.css")

    @app.after_request
    def never_keep(response: Any) -> Any:
        response.headers.setdefault("Cache-Control", "no-store")
        return response


def _add_checkout(app: Flask, world: World) -> None:
    @app.route("/c/pay/<session_id>", methods=["GET", "POST"])
    def hosted_page(session_id: str) -> ResponseReturnValue:
        with world.store.transaction():
            scope, session = _look_up(world, session_id)
            if session is None or session["object"] != "checkout.session":
                return _closed("This page does not exist.", 404)
            if request.method == "POST" and session["status"] == "open":
                return _press(scope, session)
            return _show(scope, session)

    @app.route("/c/authenticate/<intent_id>", methods=["GET", "POST"])
    def authentication(intent_id: str) -> ResponseReturnValue:
        with world.store.transaction():
            scope, intent = _look_up(world, intent_id)
            if intent is None or intent.get("status") != "requires_action":
                return _closed(
                    "There is nothing to authenticate here.",
                    404 if intent is None else 200,
                )
            if request.method == "GET":
                return render_template("authenticate.html", intent=intent)
            outcome = request.form.get("outcome")
            if outcome not in ("complete", "fail"):
                return _closed("Choose one of the buttons.", 400)
            step = checkout_pay.authenticate(scope, intent, passed=outcome == "complete")
            return redirect(step.go_to, 303) if step.go_to else _closed(step.message or "Done.")


def _look_up(world: World, object_id: str) -> tuple[Scope, Obj | None]:
    scope = world.scope(world.store.owner(object_id) or PLATFORM)
    return scope, scope.store.get(scope.account, object_id)


def _press(scope: Scope, session: Obj) -> ResponseReturnValue:
    outcome = request.form.get("outcome", "")
    if outcome not in checkout_pay.OUTCOMES or (outcome == "cancel" and not session["cancel_url"]):
        return _show(scope, session, "Choose one of the buttons.", 400)
    number = request.form.get("method" if outcome == "saved" else "number") or "4242 4242 4242 4242"
    address = request.form.get("email") or "payer@example.com"
    step = checkout_pay.choose(scope, session, outcome, number, address)
    if step.go_to:
        return redirect(step.go_to, 303)
    return _show(scope, scope.get("checkout.session", session["id"]), step.message)


def _show(scope: Scope, session: Obj, message: str | None = None, status: int = 200) -> ResponseReturnValue:
    if session["status"] == "expired":
        return _closed("This checkout page has expired. Go back to the business that sent you here.")
    if session["status"] == "complete":
        return _closed(
            "This checkout page is finished: nothing more is to be paid here.",
            back=session["success_url"],
        )
    account = scope.store.get(PLATFORM, scope.account or PLATFORM_ID) or {}
    page = render_template(
        "pay.html",
        session=session,
        items=session["_line_items"]["data"],
        business=account.get("business_profile", {}).get("name") or "Sandbox",
        debit=checkout_pay.offers_debit(session),
        saved=checkout_pay.saved_methods(scope, session),
        message=message or _last_error(scope, session),
    )
    return page, status


def _last_error(scope: Scope, session: Obj) -> str | None:
    intent = scope.store.get(scope.account, session["payment_intent"] or session["setup_intent"] or "") or {}
    error = intent.get("last_payment_error") or intent.get("last_setup_error")
    return error and str(error["message"])


def _closed(message: str, status: int = 200, back: str | None = None) -> ResponseReturnValue:
    return render_template("closed.html", message=message, back=back), status


def _add_onboarding(app: Flask, world: World) -> None:
    @app.route("/connect/<token>", methods=["GET", "POST"])
    def onboarding(token: str) -> ResponseReturnValue:
        link = world.store.setting(f"account_link:{token}")
        if link is None:
            return _closed("This link does not exist.", 404)
        with world.store.transaction():
            scope = world.scope()
            if link.get("used") or link["expires_at"] < scope.now():
                return redirect(link["refresh_url"], 303)
            if request.method == "GET":
                return render_template("onboarding.html", account=link["account"])
            world.store.set(f"account_link:{token}", {**link, "used": True})
            if request.form.get("outcome") == "finish":
                account = accounts.find(scope, link["account"])
                accounts.set_ready(account, True)
                accounts.changed(scope, account, {"charges_enabled": False})
            return redirect(link["return_url"], 303)


def _add_desk(app: Flask, world: World, control: Control) -> None:
    @app.get("/")
    def desk() -> ResponseReturnValue:
        return render_template(
            "desk.html",
            **_desk(world),
            message=request.args.get("done"),
            state=control.state(),
        )

    @app.post("/")
    def desk_act() -> ResponseReturnValue:
        act, target = request.form.get("act", ""), request.form.get("target", "")
        if act not in DESK_ACTS:
            return _closed("Unknown act.", 400)
        try:
            getattr(control, act)(**{DESK_ACTS[act]: target})
        except StripeError as error:
            return _closed(error.message, 409, back="/")
        return redirect(f"/?done={act}", 303)


def _desk(world: World) -> dict[str, Any]:
    """The latest payments with all that hangs on them, and the payouts."""
    store = world.store

    def latest(kind: str) -> list[tuple[str, Obj]]:
        return store.everywhere(kind)[:50]

    rows = []
    for account, intent in latest("payment_intent"):
        rows.append(
            {
                "account": account,
                "intent": intent,
                "charge": store.get(account, intent["latest_charge"] or "") or {},
                "refunds": store.find(account, "refund", payment_intent=intent["id"]),
                "disputes": store.find(account, "dispute", payment_intent=intent["id"]),
            }
        )
    holders = [
        PLATFORM,
        *(each["id"] for each in store.find(PLATFORM, "account") if each["id"] != PLATFORM_ID),
    ]
    return {
        "payments": rows,
        "payouts": latest("payout"),
        "accounts": holders,
        "debits": ("py_",),
    }
