"""The page behind a link for somebody who only pays: what to pay, to whom, and how their payment stands."""

from __future__ import annotations

from typing import Any

from flask import flash, render_template, request, url_for
from werkzeug.wrappers import Response

from portal.domain.errors import Refusal
from portal.routes.debtor.door import blueprint
from portal.routes.debtor.payments import UNTOLD
from portal.routes.shared.frame import see_other
from portal.routes.shared.guard import current_access, current_visit, require_level
from portal.routes.shared.runtime import runtime
from portal.services import pay_only as service


@blueprint.get("/pay-only")
@require_level(1, pay_only=True)
def pay_only() -> Any:
    """Show payee, reference and amount; whoever has a whole page is led there."""
    if not current_access().pay_only:
        return see_other(url_for("debtor.balance"))
    offer = service.offer(runtime(), current_access())
    if request.args.get("returned") == "paid" and offer.last is not None and offer.last.story in UNTOLD:
        return render_template("debtor/checking.html", ask_url=url_for("debtor.ask_pay_only"))
    return render_template("debtor/pay_only.html", offer=offer)


@blueprint.post("/pay-only/start")
@require_level(1, pay_only=True)
def start_pay_only() -> Response:
    """Start the payment at Stripe, at exactly the price that was shown."""
    shown = request.form.get("expected_total", "")
    expected = int(shown) if shown.isascii() and shown.isdigit() and len(shown) <= 14 else -1
    try:
        return see_other(service.start(runtime(), current_access(), expected_total_minor=expected))
    except Refusal as refusal:
        return _say(refusal)


@blueprint.post("/pay-only/ask")
@require_level(1, pay_only=True)
def ask_pay_only() -> Response:
    """Ask Stripe how the payment stands now."""
    try:
        service.ask(runtime(), current_access())
    except Refusal as refusal:
        return _say(refusal)
    return see_other(url_for("debtor.pay_only"))


def _say(refusal: Refusal) -> Response:
    if refusal.kind not in ("conflict", "invalid"):
        raise refusal
    flash(current_visit().words.refusal(refusal))
    return see_other(url_for("debtor.pay_only"))
