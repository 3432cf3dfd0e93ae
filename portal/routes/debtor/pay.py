"""From "Pay" to Stripe's page or the business's bank: choose, check once more, go."""

from __future__ import annotations

from typing import Any

from flask import flash, render_template, request, url_for

from portal.domain.errors import Refusal
from portal.domain.quotes import Choice
from portal.routes.debtor.choices import as_typed, from_form, from_query
from portal.routes.debtor.door import blueprint
from portal.routes.shared.frame import see_other
from portal.routes.shared.guard import current_access, current_visit, require_level
from portal.routes.shared.runtime import runtime
from portal.services import account, limitation, payments
from portal.services.account import PayOptions

# The price is another than the one that was shown: it is shown again.
PRICE_CHANGED = ("quote_changed", "notice_first", "offer_expired", "offer_withdrawn", "offer_superseded")


def _options() -> PayOptions:
    visit = current_visit()
    today = visit.words.local_date(runtime().now())
    return account.pay_options(runtime(), visit.access, visit.business.currency, today)


@blueprint.get("/pay")
@require_level(1)
def pay() -> str:
    """Ask what the debtor would like to pay, and how."""
    return _pay_page(_options(), None)


def _pay_page(options: PayOptions, refusal: Refusal | None) -> str:
    return render_template("debtor/pay.html", options=options, account=options.account, refusal=refusal,
                           typed=request.form or request.args, how=request.values.get("how", "stripe"))


@blueprint.post("/pay")
@require_level(1)
def choose() -> Any:
    """Take the choice to the page that shows it once more, or say what is amiss with it."""
    options = _options()
    payable = {part.currency: part for part in options.account.sums if part.acts.pay}
    try:
        chosen = from_form(request.form, current_visit().words, payable)
        payments.quote_for(runtime(), current_access(), chosen.choice)
    except Refusal as refusal:
        return _pay_page(options, refusal), 422
    page = "debtor.transfer" if chosen.how == "transfer" and options.bank_transfer else "debtor.review"
    return see_other(url_for(page, **chosen.query()))


def _back_to_choice(refusal: Refusal, currency: str) -> Any:
    flash(current_visit().words.refusal(refusal, currency))
    return see_other(url_for("debtor.balance" if refusal.code == "nothing_open" else "debtor.pay"))


def _query(choice: Choice) -> dict[str, Any]:
    return {"currency": choice.currency, "invoice": list(choice.invoice_public_ids), "part": choice.amount_minor}


@blueprint.get("/pay/review")
@require_level(1)
def review() -> Any:
    """Show what is going to be paid, to whom and what is left afterwards, before anything happens."""
    choice = from_query(request.args)
    try:
        quote = payments.quote_for(runtime(), current_access(), choice)
    except Refusal as refusal:
        return _back_to_choice(refusal, choice.currency)
    return render_template("debtor/review.html", quote=quote, query=_query(choice),
                           notices=limitation.before_payment(runtime(), current_access(), quote),
                           change=as_typed(choice, current_visit().words))


@blueprint.post("/pay/start")
@require_level(1)
def start() -> Any:
    """Start the payment at Stripe, at exactly the price that was shown."""
    choice = from_query(request.form)
    shown = request.form.get("expected_total", "")
    expected = int(shown) if shown.isascii() and shown.isdigit() and len(shown) <= 14 else -1
    try:
        url = payments.start_checkout(runtime(), current_access(), choice, expected_total_minor=expected,
                                      notice=request.form.get("notice", ""))
    except Refusal as refusal:
        if refusal.kind not in ("conflict", "invalid"):
            raise
        flash(current_visit().words.refusal(refusal, choice.currency))
        if refusal.code in PRICE_CHANGED:
            return see_other(url_for("debtor.review", **_query(choice)))
        return see_other(url_for("debtor.balance" if refusal.code == "nothing_open" else "debtor.pay"))
    return see_other(url)


@blueprint.get("/pay/transfer")
@require_level(1)
def transfer() -> Any:
    """Show the business's bank details with the amount and the reference to use."""
    choice = from_query(request.args)
    try:
        details = payments.transfer_details(runtime(), current_access(), choice)
    except Refusal as refusal:
        return _back_to_choice(refusal, choice.currency)
    return render_template("debtor/transfer.html", quote=details.quote, reference=details.reference,
                           wait_days=details.wait_days, query=_query(choice),
                           notices=limitation.before_payment(runtime(), current_access(), details.quote),
                           change=as_typed(choice, current_visit().words))


@blueprint.post("/pay/transfer")
@require_level(1)
def transfer_sent() -> Any:
    """Note that the debtor has sent the transfer; reminders wait."""
    choice = from_query(request.form)
    try:
        payment_id = payments.announce_transfer(
            runtime(), current_access(), choice, notice=request.form.get("notice", ""))
    except Refusal as refusal:
        if refusal.code == "notice_first":
            flash(current_visit().words.refusal(refusal))
            return see_other(url_for("debtor.transfer", **_query(choice)))
        return _back_to_choice(refusal, choice.currency)
    return see_other(url_for("debtor.payment", payment_id=payment_id))
