"""Switching reminders on and off, with what that means counted first, and safe mode."""

from __future__ import annotations

from typing import Any

from flask import flash, render_template, url_for

from portal.domain.errors import Refusal
from portal.routes.admin.desk import access, blueprint, guarded
from portal.routes.admin.forms import ProvenForm
from portal.routes.shared.errors import status_of
from portal.routes.shared.frame import see_other
from portal.routes.shared.runtime import runtime
from portal.services import cadence_desk, cadence_switch, safe_mode, simulator
from portal.services.simulator import Chosen
from portal.words import cadences as shown
from portal.words.core import current
from portal.words.refusals import N_

OFF = N_("Switched off. Invoices that no other cadence is for rest where they stood.")
SAFE_ON = N_("Safe mode is on: nothing leaves to any debtor.")
SAFE_OFF = N_("Safe mode is off: what is due leaves from the next working morning on.")


class SwitchForm(ProvenForm):
    """The code alone."""


@blueprint.get("/cadences/<cadence_id>/switch-on")
@guarded("set_up")
def review_cadence(cadence_id: str) -> Any:
    """Count what switching a draft on would do today and in the next 30 days."""
    view = cadence_desk.view(runtime(), access(), cadence_id)
    if not view.is_draft:
        return see_other(url_for("office.cadence", cadence_id=cadence_id))
    return _review(cadence_id, SwitchForm(formdata=None))


@blueprint.post("/cadences/<cadence_id>/switch-on")
@guarded("set_up")
def switch_on_cadence(cadence_id: str) -> Any:
    """Switch a draft on."""
    form = SwitchForm()
    cadence_desk.view(runtime(), access(), cadence_id)
    if not form.sent():
        return _review(cadence_id, form), 422
    try:
        covered = cadence_switch.switch_on(runtime(), access(), cadence_id)
    except Refusal as refusal:
        if refusal.kind in ("not_found", "not_allowed"):
            raise
        form.refuse(refusal)
        return _review(cadence_id, form), status_of(refusal)
    flash(current().plural("Switched on. %(n)s open invoice follows a cadence now.",
                           "Switched on. %(n)s open invoices follow a cadence now.", covered), "in")
    return see_other(url_for("office.cadences"))


@blueprint.get("/cadences/<cadence_id>/switch-off")
@guarded("set_up")
def ask_switch_off(cadence_id: str) -> Any:
    """Ask before a cadence is switched off."""
    view = cadence_desk.view(runtime(), access(), cadence_id)
    if view.is_draft:
        return see_other(url_for("office.cadence", cadence_id=cadence_id))
    return render_template("admin/cadence_off.html", cadence=view, form=SwitchForm(formdata=None))


@blueprint.post("/cadences/<cadence_id>/switch-off")
@guarded("set_up")
def switch_off_cadence(cadence_id: str) -> Any:
    """Switch a cadence off."""
    form, view = SwitchForm(), cadence_desk.view(runtime(), access(), cadence_id)
    if not form.sent():
        return render_template("admin/cadence_off.html", cadence=view, form=form), 422
    try:
        cadence_switch.switch_off(runtime(), access(), cadence_id)
    except Refusal as refusal:
        if refusal.kind in ("not_found", "not_allowed"):
            raise
        form.refuse(refusal)
        return render_template("admin/cadence_off.html", cadence=view, form=form), status_of(refusal)
    flash(current().text(OFF), "held")
    return see_other(url_for("office.cadences"))


@blueprint.get("/safe-mode")
@guarded("set_up")
def ask_safe_mode() -> str:
    """Show safe mode and what would have left while it was on."""
    return _safe_mode(SwitchForm(formdata=None))


@blueprint.post("/safe-mode/on")
@guarded("set_up")
def safe_mode_on() -> Any:
    """Let nothing leave."""
    return _set_safe_mode(on=True)


@blueprint.post("/safe-mode/off")
@guarded("set_up")
def safe_mode_off() -> Any:
    """Let things leave again."""
    return _set_safe_mode(on=False)


def _set_safe_mode(*, on: bool) -> Any:
    form = SwitchForm()
    if not form.sent():
        return _safe_mode(form), 422
    try:
        cadence_switch.set_safe_mode(runtime(), access(), on=on)
    except Refusal as refusal:
        if refusal.kind in ("not_found", "not_allowed"):
            raise
        form.refuse(refusal)
        return _safe_mode(form), status_of(refusal)
    flash(current().text(SAFE_ON if on else SAFE_OFF), "held" if on else "in")
    return see_other(url_for("office.ask_safe_mode"))


def _safe_mode(form: SwitchForm) -> str:
    return render_template("admin/safe_mode.html", page=safe_mode.look(runtime(), access()), form=form)


def _review(cadence_id: str, form: SwitchForm) -> str:
    view = cadence_desk.view(runtime(), access(), cadence_id)
    would = simulator.forecast(runtime(), access(), Chosen(), cadence_id=cadence_id)
    does = simulator.forecast(runtime(), access(), Chosen()) if view.other_id else None
    return render_template("admin/cadence_review.html", cadence=view, form=form, would=would, does=does,
                           mistakes=shown.mistakes(current(), view.mistakes))
