"""Reminders by themselves: the list of cadences, one cadence with its steps, and whom it is for."""

from __future__ import annotations

from typing import Any

from flask import flash, render_template, request, url_for
from werkzeug.wrappers import Response
from wtforms import StringField
from wtforms.validators import Length

from portal.domain.cadences import CHANNELS, PRESETS, TONES
from portal.domain.errors import Refusal
from portal.routes.admin.desk import access, blueprint, guarded
from portal.routes.admin.forms import Filled, OfficeForm
from portal.routes.admin.nonces import DayField, Known, OnceForm
from portal.routes.shared.errors import status_of
from portal.routes.shared.frame import see_other
from portal.routes.shared.runtime import runtime
from portal.services import cadence_desk, cadence_switch
from portal.services.cadence_desk import LONGEST_NAME, CadenceView, Stale, Whom
from portal.words import cadences as shown
from portal.words import step_words
from portal.words.core import current
from portal.words.refusals import N_

KEPT = N_("Kept in the draft. Nothing leaves by it before it is switched on.")
UNCHANGED = N_("Nothing was different, so nothing was changed.")
DROPPED = N_("The draft is gone. What is on goes on.")
NAME = N_("Please give it a name of at most 80 characters.")
WAS = "was_"
FIELDS = {"name": N_("Name"), "audience": N_("For whom"), "history": N_("How they paid before"),
          "least_minor": N_("Invoices of at least"), "day": N_("Day"), "tone": N_("Tone"), "channel": N_("How")}


class _WhomFields:
    """Whom a cadence is for."""

    name = StringField(validators=[Filled(NAME), Length(max=LONGEST_NAME)])
    audience = StringField(validators=[Known(*cadence_desk.AUDIENCES)], default="any")
    history = StringField(validators=[Known(*cadence_desk.HISTORIES)], default="any")
    least = StringField(validators=[Length(max=30)])


class MakeForm(_WhomFields, OnceForm):
    """Another cadence, from a preset."""

    preset = StringField(validators=[Known(*PRESETS)], default="standard")


class WhomForm(_WhomFields, OnceForm):
    """Whom a draft is for."""


class PresetForm(OfficeForm):
    """A press on one of the presets."""

    preset = StringField(validators=[Known(*PRESETS)])


class StepForm(OnceForm):
    """One step."""

    day = StringField(validators=[Filled(N_("Please enter a day.")), Length(max=8)])
    tone = StringField(validators=[Known(*TONES)], default="friendly")
    channel = StringField(validators=[Known(*CHANNELS)], default="email")


class DayForm(OfficeForm):
    """A day of the business's own."""

    day = DayField(validators=[Filled(N_("Please choose a day."))])
    name = StringField(validators=[Length(max=80)])


@blueprint.app_template_global("cadence_words")
def cadence_words() -> Any:
    """Give templates the words around cadences."""
    return shown


@blueprint.get("/cadences")
@guarded("set_up")
def cadences() -> str:
    """Show all cadences, and what holds them all."""
    return _list(MakeForm(), DayForm(formdata=None))


@blueprint.post("/cadences")
@guarded("set_up")
def make_cadence() -> Any:
    """Begin another cadence as a draft."""
    form = MakeForm()
    if form.sent():
        least = _least(form)
        if least is not None and form.does(lambda: cadence_desk.make(
                runtime(), access(), form.preset.data or "", _whom(form, least), form.nonce.data or "")):
            return see_other(url_for("office.cadence", cadence_id=form.outcome))
    return _list(form, DayForm(formdata=None)), form.status


@blueprint.get("/cadences/<cadence_id>")
@guarded("set_up")
def cadence(cadence_id: str) -> str:
    """Show a cadence with its steps."""
    view = cadence_desk.view(runtime(), access(), cadence_id)
    return cadence_page(view, whom_form(view), StepForm())


@blueprint.post("/cadences/<cadence_id>/draft")
@guarded("set_up")
def draft_cadence(cadence_id: str) -> Response:
    """Begin to change a cadence that is on, in a copy of it."""
    draft = cadence_desk.draft_of(runtime(), access(), cadence_id)
    return see_other(url_for("office.cadence", cadence_id=draft))


@blueprint.post("/cadences/<cadence_id>/drop")
@guarded("set_up")
def drop_cadence(cadence_id: str) -> Response:
    """Throw a draft away."""
    cadence_desk.drop(runtime(), access(), cadence_id)
    flash(current().text(DROPPED), "in")
    return see_other(url_for("office.cadences"))


@blueprint.post("/cadences/<cadence_id>/move")
@guarded("set_up")
def move_cadence(cadence_id: str) -> Response:
    """Let a cadence be asked before or after its neighbour."""
    cadence_desk.move(runtime(), access(), cadence_id, earlier=request.form.get("to") == "earlier")
    return see_other(url_for("office.cadences"))


@blueprint.post("/cadences/<cadence_id>/whom")
@guarded("set_up")
def save_cadence_whom(cadence_id: str) -> Any:
    """Keep whom a draft is for."""
    form, changes = WhomForm(), None
    if form.sent():
        least = _least(form)
        try:
            if least is not None and form.does(lambda: cadence_desk.save_whom(
                    runtime(), access(), cadence_id, _whom(form, least), was())):
                flash(current().text(KEPT if form.outcome else UNCHANGED), "in" if form.outcome else "wait")
                return see_other(url_for("office.cadence", cadence_id=cadence_id))
        except Stale as stale:
            changes, form.status = stale_changes(stale), 409
    return cadence_page(cadence_desk.view(runtime(), access(), cadence_id), form, StepForm(formdata=None),
                        stale=changes), form.status


@blueprint.post("/cadences/days")
@guarded("set_up")
def add_own_day() -> Any:
    """Keep a day on which the business writes to nobody."""
    form = DayForm()
    if form.sent():
        try:
            cadence_switch.add_day(runtime(), access(), form.day.day, form.name.data or "")
            return see_other(url_for("office.cadences") + "#h-days")
        except Refusal as refusal:
            if refusal.kind in ("not_found", "not_allowed"):
                raise
            form.refuse(refusal, "day")
            return _list(MakeForm(formdata=None), form), status_of(refusal)
    return _list(MakeForm(formdata=None), form), 422


@blueprint.post("/cadences/days/remove")
@guarded("set_up")
def remove_own_day() -> Response:
    """Let the business write on such a day again."""
    form = DayForm()
    form.validate()
    cadence_switch.remove_day(runtime(), access(), form.day.day)
    return see_other(url_for("office.cadences") + "#h-days")


def was() -> dict[str, str]:
    """Give what the fields of a form held when it was made."""
    return {name.removeprefix(WAS): value for name, value in request.form.items() if name.startswith(WAS)}


def stale_changes(stale: Stale) -> list[tuple[str, str, str]]:
    """Say what somebody else changed meanwhile, for the page."""
    said = current()
    return [(said.text(FIELDS[name]), before, now) for name, before, now in stale.changes]


def cadence_page(view: CadenceView, whom: WhomForm, step: StepForm, *, editing: str = "",
                 stale: list[tuple[str, str, str]] | None = None) -> str:
    """Show a cadence; `editing` is the step whose form is open, "" for that of a new one."""
    return render_template(
        "admin/cadence.html", cadence=view, whom=whom, form=step, editing=editing, stale=stale,
        mistakes=shown.mistakes(current(), view.mistakes), choices=_choices(), picture=_picture(view))


def _list(make: MakeForm, day: DayForm) -> str:
    return render_template("admin/cadences.html", page=cadence_desk.overview(runtime(), access()), form=make, day=day,
                           choices=_choices())


def _choices() -> dict[str, list[tuple[str, str]]]:
    said = current()
    texts = {"audience": shown.AUDIENCES, "history": shown.HISTORIES, "tone": step_words.TONES,
             "channel": step_words.CHANNELS, "preset": step_words.PRESETS}
    return {name: [(code, said.text(text)) for code, text in known.items()] for name, known in texts.items()}


def _picture(view: CadenceView) -> dict[str, Any]:
    """Place the steps on a line of days 700 wide: (x, day, kind), and where the due date stands."""
    days = [0, *(step.day for step in view.steps)]
    first, last = min(days), max(days)
    width = max(1, last - first)
    kinds = {"note": "in", "friendly": "in", "firm": "wait"}

    def x(day: int) -> float:
        return round(40 + 680 * (day - first) / width, 1)

    return {"due": x(0), "steps": [(x(step.day), step.day, kinds.get(step.tone, "bad")) for step in view.steps]}


def _whom(form: MakeForm | WhomForm, least: int) -> Whom:
    return Whom(form.name.data or "", form.audience.data or "", form.history.data or "", least)


def whom_form(view: CadenceView) -> WhomForm:
    """Give the form of whom a cadence is for, as it stands."""
    said = current()
    least = said.bare_money(view.least_minor, view.currency) if view.least_minor else ""
    return WhomForm(formdata=None, data={"name": view.name, "audience": view.audience, "history": view.history,
                                         "least": least})


def _least(form: MakeForm | WhomForm) -> int | None:
    """Read the least amount; empty means any, None that it is none, with the reason beside the field."""
    if not (form.least.data or "").strip():
        return 0
    return form.amount_of(form.least, cadence_desk.currency_of(runtime(), access())) or None
