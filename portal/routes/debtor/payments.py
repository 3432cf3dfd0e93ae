"""A payment's own page: where Stripe sends the debtor back, and what became of the money ever since."""

from __future__ import annotations

from typing import Any

from flask import flash, render_template, request, url_for

from portal.domain.errors import Refusal
from portal.routes.debtor.door import blueprint
from portal.routes.shared.frame import see_other
from portal.routes.shared.guard import current_access, current_visit, require_level, visit_or_none
from portal.routes.shared.runtime import runtime
from portal.services import feedback, payment_pages, payments
from portal.words import declines, feedback_words

# What we say of a payment until word of its last try has reached us.
UNTOLD = ("waiting", "declined", "asking")


@blueprint.get("/payments/<payment_id>")
def payment(payment_id: str) -> Any:
    """Tell what we know of a payment; without a session, nothing that hints at a debt."""
    visit = visit_or_none()
    if visit is None:
        return render_template("debtor/returned.html")
    return _payment(payment_id=payment_id)


@require_level(1, pay_only=True)
def _payment(payment_id: str) -> Any:
    visit = current_visit()
    returned = request.args.get("returned", "")
    if visit.access.pay_only:
        return see_other(url_for("debtor.pay_only", returned="paid" if returned == "paid" else None))
    view = payment_pages.payment_page(runtime(), visit.access, payment_id)
    if returned == "paid" and view.story in UNTOLD:
        return render_template("debtor/checking.html", ask_url=url_for("debtor.ask", payment_id=view.public_id))
    given = feedback.asked(runtime(), visit.access, payment_id) if view.story == "received" else None
    return render_template("debtor/payment.html", payment=view, debtor=visit.debtor, given=given,
                           answers=feedback_words.ANSWERS, longest=feedback.LONGEST_WORDS,
                           reason=declines.reason(visit.words, view.failure_code) if view.failure_code else "")


@blueprint.post("/payments/<payment_id>/ask")
@require_level(1, pay_only=True)
def ask(payment_id: str) -> Any:
    """Ask Stripe how the payment stands now."""
    try:
        payments.ask_stripe(runtime(), current_access(), payment_id)
    except Refusal as refusal:
        if refusal.code != "stripe_unreachable":
            raise
        flash(current_visit().words.refusal(refusal))
    return see_other(url_for("debtor.payment", payment_id=payment_id))
