"""The books beside Stripe: what differs, and each payout from its lines to our transfers. Comparing is a job's work."""

from __future__ import annotations

from flask import render_template

from portal.routes.admin.desk import access, blueprint, guarded
from portal.routes.shared.runtime import runtime
from portal.services import reconcile_views
from portal.words import reconciling
from portal.words.core import current
from portal.words.refusals import N_

PAYOUT_STATES = {
    "paid": (N_("arrived"), "in"), "pending": (N_("on its way"), "wait"), "in_transit": (N_("on its way"), "wait"),
    "failed": (N_("came back"), "bad"), "canceled": (N_("stopped"), ""),
}
LINE_KINDS = {
    "charge": N_("Payment"), "payment": N_("Payment"), "refund": N_("Refund"), "payment_refund": N_("Refund"),
    "refund_failure": N_("Refund that came back"), "adjustment": N_("Chargeback"), "payout": N_("Payout"),
    "payout_failure": N_("Payout that came back"), "payout_cancel": N_("Payout that was stopped"),
    "stripe_fee": N_("Charge of Stripe’s own"),
}


@blueprint.app_template_global("drift_kind")
def drift_kind(code: str) -> str:
    """Name a kind of difference."""
    return reconciling.kind(current(), code)


@blueprint.app_template_global("drift_advice")
def drift_advice(code: str) -> str:
    """Say what to do about a kind of difference."""
    return reconciling.advice(current(), code)


@blueprint.app_template_global("payout_state")
def payout_state(code: str) -> tuple[str, str]:
    """Word a payout's state, with the kind of its mark; what Stripe may add later shows as it is."""
    text, kind = PAYOUT_STATES.get(code, (code, ""))
    return (current().text(text) if code in PAYOUT_STATES else code), kind


@blueprint.app_template_global("line_kind")
def line_kind(code: str) -> str:
    """Name a line of Stripe's balance."""
    return current().text(LINE_KINDS[code]) if code in LINE_KINDS else code


@blueprint.get("/reconciliation")
@guarded("see")
def reconciliation() -> str:
    """Show how the books stand beside Stripe: sums, what differs, payouts."""
    return render_template("admin/reconciliation.html", page=reconcile_views.overview(runtime(), access()),
                           states={code: current().text(text) for code, text in reconciling.STATES.items()})


@blueprint.get("/reconciliation/payouts/<payout_id>")
@guarded("see")
def payout(payout_id: str) -> str:
    """Show a payout: its lines at Stripe, and our transfers behind each."""
    return render_template("admin/payout.html", page=reconcile_views.payout(runtime(), access(), payout_id))
