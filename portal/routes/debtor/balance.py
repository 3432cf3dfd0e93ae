"""The page a debtor came for: what is owed and why, and the ways to take care of it."""

from __future__ import annotations

from flask import flash, render_template, url_for
from werkzeug.wrappers import Response

from portal.routes.debtor.door import blueprint
from portal.routes.shared.frame import see_other
from portal.routes.shared.guard import current_access, current_visit, require_level
from portal.routes.shared.runtime import runtime
from portal.services import account, refunds


@blueprint.get("/balance")
@require_level(1)
def balance() -> str:
    """Show all open invoices, what is under way, and what happens next."""
    visit = current_visit()
    view = account.balance_page(
        runtime(), visit.access, visit.business.currency, visit.words, visit.debtor.email)
    return render_template("debtor/balance.html", account=view, debtor=visit.debtor)


@blueprint.post("/credit/<currency>/refund")
@require_level(1)
def refund_credit(currency: str) -> Response:
    """Send back what was paid beyond what is owed."""
    refunds.request_refund_of_credit(runtime(), current_access(), currency.upper())
    flash(current_visit().words.text(
        "We are sending the money back the way it came. Your bank shows it in five to ten days."))
    return see_other(url_for("debtor.history"))
