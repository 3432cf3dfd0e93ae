"""Logging a call or writing a note about a debtor."""

from __future__ import annotations

from typing import Any

from flask import flash, render_template, request, url_for
from wtforms import StringField, TextAreaField
from wtforms.validators import Length

from portal.routes.admin.desk import access, blueprint, guarded
from portal.routes.admin.nonces import DayField, Known, OnceForm
from portal.routes.shared.frame import see_other
from portal.routes.shared.runtime import runtime
from portal.services import debtor_contact, debtor_notes
from portal.services.debtor_notes import Said
from portal.words import happenings
from portal.words.core import current
from portal.words.refusals import N_


class TalkForm(OnceForm):
    """A call with its result, or a note."""

    result = StringField(validators=[Known("", *debtor_notes.RESULTS)])
    promised_on = DayField()
    body = TextAreaField(validators=[Length(max=4_000)])


@blueprint.get("/debtors/<debtor_id>/log")
@guarded("work")
def debtor_log(debtor_id: str) -> str:
    """Show the form; `result` in the address chooses one beforehand, as a link from a list of calls does."""
    form = TalkForm(request.args if request.args.get("result") in debtor_notes.RESULTS else None)
    return _page(debtor_id, form)


@blueprint.post("/debtors/<debtor_id>/log")
@guarded("work")
def log_talk(debtor_id: str) -> Any:
    """Keep what was said."""
    form = TalkForm()
    if form.sent():
        said = Said(form.body.data or "", form.nonce.data or "", form.result.data or "",
                    form.promised_on.day if form.result.data == "promised" else None)
        if form.does(lambda: debtor_notes.log(runtime(), access(), debtor_id, said), at={
                "note_empty": "body", "promise_needs_day": "promised_on", "promise_day_wrong": "promised_on"}):
            flash(current().text(N_("Kept.")))
            return see_other(url_for("office.debtor", debtor_id=debtor_id))
    return _page(debtor_id, form), form.status


def _page(debtor_id: str, form: TalkForm) -> str:
    results = [(code, current().text(text)) for code, text in happenings.CALL_RESULTS.items()]
    return render_template("admin/debtor_log.html", known=debtor_contact.known(runtime(), access(), debtor_id),
                           form=form, results=results)
