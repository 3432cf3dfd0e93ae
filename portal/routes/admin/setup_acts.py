"""The set-up's weighty pages: the Stripe account, and the danger zone."""

from __future__ import annotations

from flask import flash, render_template, request, url_for
from werkzeug.wrappers import Response
from wtforms import IntegerField, StringField

from portal.domain.errors import Refusal
from portal.routes.admin.desk import access, blueprint, guarded
from portal.routes.admin.forms import ProvenForm
from portal.routes.admin.setup import refuse_at
from portal.routes.shared.errors import status_of
from portal.routes.shared.frame import see_other
from portal.routes.shared.runtime import runtime
from portal.services import setup as setups
from portal.services import setup_acts
from portal.words.core import current
from portal.words.refusals import N_

ACCOUNT_KEPT = N_("Kept. Payments that begin from now on go to %(account)s.")
PAUSED = N_("Paused. No email that asks for money leaves until you resume.")
RESUMED = N_("Resumed. Reminders leave again as they fall due.")
STRIPE_FIELDS = {code: "stripe_account" for code in (
    "stripe_account_malformed", "stripe_account_taken", "stripe_account_unknown")}


class StripeForm(ProvenForm):
    """Which account payments go to."""

    stripe_account = StringField()
    version = IntegerField()


class DangerForm(ProvenForm):
    """The name of the business, typed by hand."""

    name = StringField()


@blueprint.get("/set-up/stripe")
@guarded("stripe")
def setup_stripe() -> str:
    """Show the account in use and how it stands at Stripe."""
    page = setups.page(runtime(), access(), "stripe")
    return _stripe_page(StripeForm(formdata=None, data={**page.values, "version": page.version}))


@blueprint.post("/set-up/stripe")
@guarded("stripe")
def set_stripe() -> Response | tuple[str, int]:
    """Use another account."""
    form = StripeForm()
    if not form.sent():
        return _stripe_page(form), 422
    try:
        found = setup_acts.set_stripe_account(
            runtime(), access(), form.stripe_account.data or "", version=form.version.data or 0)
    except Refusal as refusal:
        refuse_at(form, refusal, STRIPE_FIELDS)
        return _stripe_page(form), status_of(refusal)
    flash(current().text(ACCOUNT_KEPT, account=found.id))
    return see_other(url_for("office.setup_stripe"))


@blueprint.get("/set-up/danger")
@guarded("danger")
def setup_danger() -> str:
    """Show the acts of the danger zone."""
    return _danger_page(DangerForm(formdata=None), "links" if request.args.get("act") == "links" else "pause")


@blueprint.post("/set-up/danger/pause")
@guarded("danger")
def pause_reminders() -> Response | tuple[str, int]:
    """Let no email leave that asks for money."""
    form = DangerForm()
    if not form.sent():
        return _danger_page(form, "pause"), 422
    try:
        setup_acts.pause(runtime(), access(), form.name.data or "")
    except Refusal as refusal:
        refuse_at(form, refusal, {"name_differs": "name"})
        return _danger_page(form, "pause"), status_of(refusal)
    flash(current().text(PAUSED), "held")
    return see_other(url_for("office.setup_danger"))


@blueprint.post("/set-up/danger/resume")
@guarded("danger")
def resume_reminders() -> Response | tuple[str, int]:
    """Let reminders leave again."""
    try:
        setup_acts.resume(runtime(), access())
    except Refusal as refusal:
        form = DangerForm(formdata=None)
        form.refuse(refusal)
        return _danger_page(form, "pause"), status_of(refusal)
    flash(current().text(RESUMED))
    return see_other(url_for("office.setup_danger"))


@blueprint.post("/set-up/danger/end-links")
@guarded("danger")
def end_all_links() -> Response | tuple[str, int]:
    """End every link of every debtor."""
    form = DangerForm()
    if not form.sent():
        return _danger_page(form, "links"), 422
    try:
        count = setup_acts.end_all_links(runtime(), access(), form.name.data or "")
    except Refusal as refusal:
        refuse_at(form, refusal, {"name_differs": "name"})
        return _danger_page(form, "links"), status_of(refusal)
    flash(current().plural("Ended: %(n)s link.", "Ended: %(n)s links.", count))
    return see_other(url_for("office.setup_danger"))


def _stripe_page(form: StripeForm) -> str:
    page = setups.page(runtime(), access(), "stripe")
    state = setup_acts.look_at_stripe(runtime(), access())
    said = current().refusal(state.problem) if state.problem else ""
    return render_template("admin/setup_stripe.html", page=page, form=form, state=state, said=said,
                           sections=setups.allowed(access()))


def _danger_page(form: DangerForm, about: str) -> str:
    page = setups.page(runtime(), access(), "danger")
    return render_template("admin/setup_danger.html", page=page, sections=setups.allowed(access()), form=form,
                           about=about)
