"""Automatic payments: what is saved and what it pays, saving, replacing and removing a method, turning them on and off.

Allowing them is proven by an emailed code; turning them off never is.
"""

from __future__ import annotations

from typing import Any

from flask import flash, render_template, request, url_for

from portal.domain.errors import Refusal
from portal.routes.debtor.door import blueprint
from portal.routes.shared.frame import see_other
from portal.routes.shared.guard import current_access, current_visit, require_level, visit_or_none
from portal.routes.shared.runtime import runtime
from portal.services import autopay_pages, installment_checkout, method_setups, saved_methods
from portal.words import declines

ACT = "autopay"


@blueprint.get("/autopay")
@require_level(1)
def autopay() -> str:
    """Show what is saved, which plans it pays, and what can be done about it."""
    shown = autopay_pages.standing(runtime(), current_access())
    words = current_visit().words
    return render_template("debtor/autopay.html", autopay=shown,
                           reasons={plan.code: declines.reason(words, plan.code) for plan in shown.plans if plan.code})


@blueprint.get("/autopay/allow/<plan_id>")
@require_level(2, act=ACT)
def allow_autopay(plan_id: str) -> str:
    """Show the words of the permission before it is given."""
    return _allow_page(plan_id, None)


@blueprint.post("/autopay/allow/<plan_id>")
@require_level(2, act=ACT)
def autopay_allowed(plan_id: str) -> Any:
    """Give the permission, and go on to saving a card or account."""
    try:
        autopay_pages.allow(runtime(), current_access(), plan_id, agreed=request.form.get("agreed") == "yes",
                            seen=request.form.get("seen", ""))
    except Refusal as refusal:
        if refusal.kind in ("not_found", "gone"):
            raise
        return _allow_page(plan_id, refusal), 422
    return see_other(url_for("debtor.autopay"))


@blueprint.post("/autopay/start/<plan_id>")
@require_level(1)
def start_autopay(plan_id: str) -> Any:
    """Save a card or account for a plan on Stripe's page; what is due today is paid with it at once."""
    return _to_stripe(lambda: installment_checkout.begin(runtime(), current_access(), plan_id))


@blueprint.post("/autopay/use/<plan_id>")
@require_level(1)
def use_method(plan_id: str) -> Any:
    """Have a plan paid by a method that is saved already."""
    return _act(lambda: method_setups.choose(runtime(), current_access(), plan_id, request.form.get("method", "")))


@blueprint.post("/autopay/off/<plan_id>")
@require_level(1)
def stop_autopay(plan_id: str) -> Any:
    """Turn automatic payments of a plan off, at once."""
    return _act(lambda: autopay_pages.turn_off(runtime(), current_access(), plan_id),
                current_visit().words.text("Automatic payments are off."))


@blueprint.post("/autopay/replace")
@require_level(1)
def replace_method() -> Any:
    """Save another card or account in place of the one before, for all plans it pays."""
    return _to_stripe(lambda: method_setups.begin(runtime(), current_access()))


@blueprint.post("/autopay/remove/<method_id>")
@require_level(1)
def remove_method(method_id: str) -> Any:
    """Let a saved method go; what it paid is not charged any more."""
    return _act(lambda: saved_methods.remove(runtime(), current_access(), method_id),
                current_visit().words.text("It is removed. Nothing is charged to it any more."))


@blueprint.post("/installments/<installment_id>/pay")
@require_level(1)
def pay_installment(installment_id: str) -> Any:
    """Pay one installment on Stripe's page, or confirm the charge a bank wanted its payer for."""
    return _to_stripe(lambda: installment_checkout.pay(runtime(), current_access(), installment_id))


@blueprint.get("/autopay/saved/<setup_id>")
def method_saved(setup_id: str) -> Any:
    """Tell what became of saving a method; without a session, nothing that hints at a debt."""
    if visit_or_none() is None:
        return render_template("debtor/returned.html")
    return _saved(setup_id=setup_id)


@require_level(1)
def _saved(setup_id: str) -> Any:
    setup = method_setups.one(runtime(), current_access(), setup_id)
    if setup.story == "open" and request.args.get("returned") == "saved":
        return render_template("debtor/checking.html", ask_url=url_for("debtor.ask_saved", setup_id=setup_id))
    return render_template("debtor/method_saved.html", setup=setup)


@blueprint.post("/autopay/saved/<setup_id>/ask")
@require_level(1)
def ask_saved(setup_id: str) -> Any:
    """Ask Stripe what became of saving a method."""
    try:
        method_setups.ask_own(runtime(), current_access(), setup_id)
    except Refusal as refusal:
        if refusal.code != "stripe_unreachable":
            raise
        flash(current_visit().words.refusal(refusal))
    return see_other(url_for("debtor.method_saved", setup_id=setup_id))


def _allow_page(plan_id: str, refusal: Refusal | None) -> str:
    shown = autopay_pages.to_allow(runtime(), current_access(), plan_id)
    return render_template("debtor/autopay_allow.html", plan=shown.plan, statement=shown.statement,
                           error=current_visit().words.refusal(refusal) if refusal else "")


def _to_stripe(begin: Any) -> Any:
    try:
        return see_other(begin())
    except Refusal as refusal:
        if refusal.kind in ("not_found", "gone"):
            raise
        flash(current_visit().words.refusal(refusal))
        return see_other(url_for("debtor.autopay"))


def _act(act: Any, done: str = "") -> Any:
    try:
        act()
    except Refusal as refusal:
        if refusal.kind in ("not_found", "gone"):
            raise
        flash(current_visit().words.refusal(refusal))
    else:
        if done:
            flash(done)
    return see_other(url_for("debtor.autopay"))
