"""Holds by hand: let reminders or fees rest for a debtor or one invoice, and end a hold."""

from __future__ import annotations

from typing import Any

from flask import flash, render_template, request, url_for
from werkzeug.wrappers import Response
from wtforms import BooleanField, StringField, TextAreaField
from wtforms.validators import Length

from portal.routes.admin.desk import access, blueprint, guarded
from portal.routes.admin.nonces import DayField, Known, OnceForm
from portal.routes.shared.frame import see_other
from portal.routes.shared.runtime import runtime
from portal.services import debtor_holds, debtor_money
from portal.services.debtor_holds import Pause
from portal.words import happenings
from portal.words.core import current
from portal.words.refusals import N_


class HoldForm(OnceForm):
    """What is to rest, for what, until when and why."""

    reminders = BooleanField(default=True)
    fees = BooleanField()
    invoice = StringField(validators=[Length(max=32)])
    until = DayField()
    reason = StringField(validators=[Known(*debtor_holds.REASONS)], default="agreed")
    words = TextAreaField(validators=[Length(max=4_000)])


@blueprint.get("/debtors/<debtor_id>/hold")
@guarded("work")
def debtor_hold(debtor_id: str) -> str:
    """Show the form; `invoice` in the address chooses one beforehand."""
    form = HoldForm()
    form.invoice.data = request.args.get("invoice", "")
    return _page(debtor_id, form)


@blueprint.post("/debtors/<debtor_id>/hold")
@guarded("work")
def make_hold(debtor_id: str) -> Any:
    """Make the hold."""
    form = HoldForm()
    if form.sent():
        wanted = Pause(form.reminders.data, form.fees.data, form.reason.data or "", form.nonce.data or "",
                       form.words.data or "", form.invoice.data or "", form.until.day)
        if form.does(lambda: debtor_holds.pause(runtime(), access(), debtor_id, wanted), at={
                "hold_day_wrong": "until", "unknown_reason": "reason", "hold_empty": "reminders"}):
            flash(current().text(N_("It rests now.")))
            return see_other(url_for("office.debtor", debtor_id=debtor_id))
    return _page(debtor_id, form), form.status


@blueprint.post("/debtors/<debtor_id>/holds/<hold_id>/lift")
@guarded("work")
def lift_hold(debtor_id: str, hold_id: str) -> Response:
    """End a hold."""
    debtor_holds.lift(runtime(), access(), debtor_id, hold_id)
    flash(current().text(N_("The hold has ended.")))
    return see_other(url_for("office.debtor", debtor_id=debtor_id))


def _page(debtor_id: str, form: HoldForm) -> str:
    reasons = [(code, current().text(happenings.REASONS[code])) for code in debtor_holds.REASONS]
    return render_template("admin/debtor_hold.html", counter=debtor_money.counter(runtime(), access(), debtor_id),
                           form=form, reasons=reasons)
