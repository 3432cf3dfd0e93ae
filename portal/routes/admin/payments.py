"""The list of payments, one payment, and sending money of it back."""

from __future__ import annotations

from typing import Any

from flask import flash, render_template, url_for
from wtforms import IntegerField, RadioField, SelectField, StringField, TextAreaField
from wtforms.validators import InputRequired, Length

from portal.domain.money import to_decimal
from portal.routes.admin import lists
from portal.routes.admin.desk import access, blueprint, guarded, visit
from portal.routes.admin.forms import Filled, ReviewedForm
from portal.routes.shared.frame import see_other
from portal.routes.shared.runtime import runtime
from portal.services import approvals
from portal.services.lists import payment_page
from portal.services.lists.payment_page import PaymentPage
from portal.services.lists.registry import LISTS
from portal.words import declines, happenings, office_reasons
from portal.words.core import current
from portal.words.refusals import N_

# A refund that stands or waits elsewhere is no slip of this form.
AT = {"refund_too_large": "amount", "refund_no_credit": "amount", "reason_missing": "reason", "note_too_long": "note"}


REFUND_WORDS = {
    "requested": N_("asked for"), "unknown": N_("Stripe has not answered yet"), "pending": N_("on its way"),
    "succeeded": N_("arrived"), "failed": N_("came back"), "canceled": N_("called off"),
}
CHARGEBACK_WORDS = {
    "needs_response": N_("waits for your evidence"), "under_review": N_("the bank looks at it"),
    "won": N_("won, the money is back"), "lost": N_("lost"), "warning_needs_response": N_("the bank asks"),
    "warning_under_review": N_("the bank looks at it"), "warning_closed": N_("closed without a chargeback"),
}


class RefundForm(ReviewedForm):
    """How much goes back, whether what it paid is owed again, and why."""

    amount = StringField(validators=[Filled(N_("Please enter an amount.")), Length(max=60)])
    mode = RadioField(choices=("reopen", "credit"), default="reopen", validate_choice=False)
    reason = SelectField(choices=(), validate_choice=False)
    note = TextAreaField(validators=[Length(max=approvals.LONGEST_NOTE)])
    # What could go back when the form was made.
    seen = IntegerField(validators=[InputRequired()])

@blueprint.get("/payments")
@guarded("see")
def payments() -> Any:
    """Show every attempt to pay, the newest first."""
    return lists.page(LISTS["payments"])


@blueprint.get("/payments/<payment_id>")
@guarded("see")
def payment(payment_id: str) -> str:
    """Show one payment."""
    page = _page(payment_id)
    declined = declines.reason(current(), page.failure_code) if page.failure_code else ""
    return render_template("admin/payment.html", page=page, declined=declined, refund_words=REFUND_WORDS,
                           chargeback_words=CHARGEBACK_WORDS, channel_words=happenings.CHANNELS)


@blueprint.get("/payments/<payment_id>/refund")
@guarded("move_money")
def refund(payment_id: str) -> str:
    """Offer to send money back, all of it unless changed."""
    page, form = _page(payment_id), RefundForm()
    form.amount.data, form.seen.data = _plain(page), page.free
    return _refund_page(page, form)


@blueprint.post("/payments/<payment_id>/refund")
@guarded("move_money")
def make_refund(payment_id: str) -> Any:
    """Send it back, or ask a second person first."""
    page, form = _page(payment_id), RefundForm()
    minor = form.amount_of(form.amount, page.row.currency)
    rest = {"mode": form.mode.data or "", "note": form.note.data or "", "expected": form.seen.data}
    wish = (access(), payment_id, minor, form.reason.data or "")
    if (minor and form.sent() and form.does(lambda: approvals.refund_outlook(runtime(), *wish, **rest), AT)
            and form.is_confirmed(form.outcome, minor, rest["mode"], form.reason.data)
            and form.does(lambda: approvals.refund(runtime(), *wish, **rest), AT)):
        flash(current().text(DONE if form.outcome == "done" else WAITS))
        return see_other(url_for("office.payment", payment_id=payment_id))
    return _refund_page(page, form, minor), form.status


DONE = N_("The refund is on its way. Stripe tells us when it has arrived.")
WAITS = N_("This is above the limit of one person. Others were asked to decide; nothing was sent yet.")


def _page(payment_id: str) -> PaymentPage:
    business = visit().business
    assert business is not None
    return payment_page.page(runtime(), access(), business.currency, current(), payment_id)


def _refund_page(page: PaymentPage, form: RefundForm, minor: int = 0) -> str:
    return render_template(
        "admin/refund.html", page=page, form=form, minor=minor,
        reasons=office_reasons.choices(current(), approvals.REFUND_REASONS))


def _plain(page: PaymentPage) -> str:
    return f"{to_decimal(page.free, page.row.currency):f}".replace(".", current().decimal_mark)
