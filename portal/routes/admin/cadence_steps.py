"""The steps of a draft: added, changed, put earlier or later, taken out, or replaced by those of a preset."""

from __future__ import annotations

from typing import Any

from flask import flash, request, url_for
from werkzeug.wrappers import Response

from portal.routes.admin.cadences import (
    KEPT,
    UNCHANGED,
    PresetForm,
    StepForm,
    cadence_page,
    stale_changes,
    was,
    whom_form,
)
from portal.routes.admin.desk import access, blueprint, guarded
from portal.routes.shared.frame import see_other
from portal.routes.shared.runtime import runtime
from portal.services import cadence_desk, cadence_steps
from portal.services.cadence_desk import CadenceView, Stale
from portal.services.cadence_steps import Typed
from portal.words.core import current
from portal.words.refusals import N_

REPLACED = N_("The draft has the steps of this preset now.")
TAKEN_OUT = N_("The step is taken out of the draft.")
AT = {"step_day_wrong": "day", "two_on_one_day": "day"}


@blueprint.post("/cadences/<cadence_id>/preset")
@guarded("set_up")
def preset_cadence(cadence_id: str) -> Response:
    """Replace a draft's steps by those of a preset."""
    cadence_steps.use_preset(runtime(), access(), cadence_id, PresetForm().preset.data or "")
    flash(current().text(REPLACED), "in")
    return see_other(url_for("office.cadence", cadence_id=cadence_id))


@blueprint.post("/cadences/<cadence_id>/steps")
@guarded("set_up")
def add_cadence_step(cadence_id: str) -> Any:
    """Add a step."""
    form = StepForm()
    if form.sent() and form.does(lambda: cadence_steps.add(
            runtime(), access(), cadence_id, _typed(form), form.nonce.data or ""), at=AT):
        flash(current().text(KEPT), "in")
        return see_other(url_for("office.cadence", cadence_id=cadence_id))
    view = _view(cadence_id)
    return cadence_page(view, whom_form(view), form), form.status


@blueprint.get("/cadences/<cadence_id>/steps/<step_id>")
@guarded("set_up")
def cadence_step(cadence_id: str, step_id: str) -> Any:
    """Show a draft with the form of one step open; a step of what is on is only shown."""
    view = _view(cadence_id)
    step = next((one for one in view.steps if one.public_id == step_id), None)
    if step is None or not view.is_draft:
        return see_other(url_for("office.cadence", cadence_id=cadence_id))
    form = StepForm(formdata=None, data={"day": str(step.day), "tone": step.tone, "channel": step.channel})
    return cadence_page(view, whom_form(view), form, editing=step_id)


@blueprint.post("/cadences/<cadence_id>/steps/<step_id>")
@guarded("set_up")
def save_cadence_step(cadence_id: str, step_id: str) -> Any:
    """Keep a changed step."""
    form, changes = StepForm(), None
    if form.sent():
        try:
            if form.does(lambda: cadence_steps.save(
                    runtime(), access(), cadence_id, step_id, _typed(form), was()), at=AT):
                flash(current().text(KEPT if form.outcome else UNCHANGED), "in" if form.outcome else "wait")
                return see_other(url_for("office.cadence", cadence_id=cadence_id))
        except Stale as stale:
            changes, form.status = stale_changes(stale), 409
    view = _view(cadence_id)
    return cadence_page(view, whom_form(view), form, editing=step_id, stale=changes), form.status


@blueprint.post("/cadences/<cadence_id>/steps/<step_id>/remove")
@guarded("set_up")
def remove_cadence_step(cadence_id: str, step_id: str) -> Response:
    """Take a step out."""
    cadence_steps.remove(runtime(), access(), cadence_id, step_id)
    flash(current().text(TAKEN_OUT), "in")
    return see_other(url_for("office.cadence", cadence_id=cadence_id))


@blueprint.post("/cadences/<cadence_id>/steps/<step_id>/swap")
@guarded("set_up")
def swap_cadence_step(cadence_id: str, step_id: str) -> Response:
    """Let a step and its neighbour change days."""
    cadence_steps.swap(runtime(), access(), cadence_id, step_id, earlier=request.form.get("to") == "earlier")
    return see_other(url_for("office.cadence", cadence_id=cadence_id))


def _view(cadence_id: str) -> CadenceView:
    return cadence_desk.view(runtime(), access(), cadence_id)


def _typed(form: StepForm) -> Typed:
    return Typed(form.day.data or "", form.tone.data or "", form.channel.data or "")
