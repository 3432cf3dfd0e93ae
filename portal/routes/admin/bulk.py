"""One act for many rows of a list: the preview of who gets what, the act, and what it has done."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from flask import flash, render_template, request, url_for
from wtforms import HiddenField, SelectField, StringField, TextAreaField
from wtforms.validators import Length

from portal.domain.errors import Refusal
from portal.domain.offers import MOST_POINTS
from portal.routes.admin.desk import access, blueprint, guarded, visit
from portal.routes.admin.nonces import DayField, OnceForm
from portal.routes.shared import errors
from portal.routes.shared.frame import see_other
from portal.routes.shared.runtime import runtime
from portal.services import debtor_holds
from portal.services.lists import bulk
from portal.services.lists.bulk import Order, Plan
from portal.services.lists.registry import named
from portal.services.setup_sums import percent
from portal.words import happenings
from portal.words.core import current
from portal.words.refusals import N_

USUAL_DAYS = 14
LONGEST_PICKS = 10_000
TITLES = {"link": N_("Send their link by email"), "hold": N_("Let reminders and fees rest"),
          "assign": N_("Who looks after them"), "offer": N_("Make a discount")}
# Why someone is left out, beside the reasons the message gate knows.
LEFT_OUT = {**happenings.MESSAGE_REASONS, "erased": N_("Their personal data was erased."),
            "theirs_already": N_("This person looks after them already."),
            "settlement_stands": N_("A signed agreement closes it."), "plan_stands": N_("It is paid in installments."),
            "day_passed": N_("Where they live that day is over."),
            "dispute_first": N_("A part of it is questioned."), "invoice_handed_over": N_("Others pursue it now."),
            "payment_processing": N_("A payment of it is on its way."),
            "discount_too_small": N_("So little is left that the discount comes to nothing."),
            "below_minimum_charge": N_("So little would be left that nobody could pay it."),
            "settlement_owner_only": N_("So much can only be given up by an owner.")}
AT = {"day_missing": "until", "day_passed": "until", "day_too_far": "until",
      "discount_too_large": "percent", "percent_malformed": "percent",
      "hold_day_wrong": "until", "unknown_reason": "reason", "person_unknown": "person"}


class BulkForm(OnceForm):
    """What goes with the act; the rows travel along in one field, as they were shown."""

    act = HiddenField()
    picks = HiddenField(validators=[Length(max=LONGEST_PICKS)])
    until = DayField()
    reason = SelectField(choices=(), validate_choice=False)
    words = TextAreaField(validators=[Length(max=4_000)])
    person = SelectField(choices=(), validate_choice=False)
    percent = StringField(validators=[Length(max=6)])


@blueprint.get("/bulk/<list_name>")
@guarded("work")
def bulk_preview(list_name: str) -> Any:
    """Say who would get what; nothing is done by looking."""
    wanted, business = named(list_name), visit().business
    assert business is not None
    try:
        plan = bulk.preview(runtime(), access(), business.currency, current(), wanted, request.args.get("act", ""),
                            request.args.to_dict(), request.args.getlist("pick"))
    except Refusal as refusal:
        if refusal.kind in ("not_found", "not_allowed"):
            raise
        flash(current().refusal(refusal), "wait")
        return see_other(url_for(f"office.{wanted.name}"))
    form = BulkForm(formdata=None)
    form.act.data, form.picks.data = plan.act, ",".join(plan.picks)
    form.until.data = (plan.context.today + timedelta(days=USUAL_DAYS)).isoformat()
    return _page(plan, form)


@blueprint.post("/bulk/<list_name>")
@guarded("work")
def bulk_do(list_name: str) -> Any:
    """Do it for exactly those that were shown; each is looked at again under its lock."""
    wanted, form, business = named(list_name), BulkForm(), visit().business
    assert business is not None
    picks = [pick for pick in (form.picks.data or "").split(",") if pick]
    status = 422
    if form.sent():
        try:
            share = percent(form.percent.data or "", most=MOST_POINTS) if form.act.data == "offer" else 0
            order = Order(form.act.data or "", picks, form.nonce.data or "", form.until.day, form.reason.data or "",
                          form.words.data or "", form.person.data or "", share)
            if order.act == "offer" and request.form.get("do") == "look":
                return _page(bulk.foresee(runtime(), access(), current(), business.currency, wanted, order), form)
            made = bulk.do(runtime(), access(), current(), business.currency, wanted, order)
            return see_other(url_for("office.bulk_done", bulk_id=made))
        except Refusal as refusal:
            if refusal.kind in ("not_found", "not_allowed") or refusal.code not in AT:
                raise
            form.refuse(refusal, AT[refusal.code])
            status = errors.status_of(refusal)
    plan = bulk.preview(runtime(), access(), business.currency, current(), wanted, form.act.data or "", {}, picks)
    return _page(plan, form), status


@blueprint.get("/bulk/done/<bulk_id>")
@guarded("work")
def bulk_done(bulk_id: str) -> str:
    """Tell what an act has done, and who was left out."""
    return render_template("admin/bulk_done.html", result=bulk.result(runtime(), access(), bulk_id), titles=TITLES,
                           left_out=LEFT_OUT, reasons=happenings.REASONS)


def _page(plan: Plan, form: BulkForm) -> str:
    say = current().text
    return render_template(
        "admin/bulk.html", plan=plan, form=form, title=TITLES[plan.act], left_out=LEFT_OUT,
        reasons=[(code, say(happenings.REASONS[code])) for code in debtor_holds.REASONS],
        people=[("", say(N_("Choose somebody"))), *plan.context.people])
