"""The business's own words for the steps of its reminders: a list of all steps, and a page for each."""

from __future__ import annotations

from typing import Any

from flask import flash, render_template, request, url_for
from wtforms import StringField, TextAreaField

from portal.domain.errors import Refusal
from portal.domain.step_words import LONGEST_BODY, LONGEST_SUBJECT, doubts
from portal.routes.admin.desk import access, blueprint, guarded
from portal.routes.admin.forms import OfficeForm
from portal.routes.shared.errors import status_of
from portal.routes.shared.frame import see_other
from portal.routes.shared.runtime import runtime
from portal.services import step_words as service
from portal.services.step_words import Look, StepPage, Wrong
from portal.words import step_words as shown
from portal.words.catalogs import LANGUAGES
from portal.words.core import current
from portal.words.refusals import N_

KEPT = N_("Kept. The next emails of this step speak your words.")
GIVEN_BACK = N_("This step speaks our words again.")
UNCHANGED = N_("Nothing was different, so nothing was changed.")
FIELDS = ("subject", "body")


class StepWordsForm(OfficeForm):
    """A subject and a text for each language, and a debtor to try them on."""

    debtor = StringField()
    version = StringField()
    subject_en = StringField()
    body_en = TextAreaField()
    subject_es = StringField()
    body_es = TextAreaField()

    def written(self) -> dict[str, dict[str, str]]:
        """Give what was typed, by language."""
        return {language: {field: self[f"{field}_{language}"].data or "" for field in FIELDS} for language in LANGUAGES}


@blueprint.get("/reminders/words")
@guarded("set_up")
def step_words_list() -> str:
    """List every step with who speaks in it."""
    return render_template("admin/step_words_list.html", series=service.series(runtime(), access()), shown=shown)


@blueprint.get("/reminders/steps/<step_id>/words")
@guarded("set_up")
def step_words(step_id: str) -> str:
    """Show a step's words."""
    page = service.page(runtime(), access(), step_id, LANGUAGES)
    typed = {f"{field}_{language}": texts[field] for language, texts in page.written.items() for field in FIELDS}
    first = page.debtors[0][0] if page.debtors else ""
    return _shown(page, StepWordsForm(formdata=None, data={**typed, "version": page.version, "debtor": first}))


@blueprint.post("/reminders/steps/<step_id>/words/keep")
@guarded("set_up")
def keep_step_words(step_id: str) -> Any:
    """Keep the words, give the step back to ours, or only look what a debtor would read."""
    page = service.page(runtime(), access(), step_id, LANGUAGES)
    form, do = StepWordsForm(), request.form.get("do", "")
    if not form.sent():
        return _shown(page, form), 422
    written = {language: dict.fromkeys(FIELDS, "") for language in LANGUAGES} if do == "ours" else form.written()
    try:
        if do == "look":
            look = service.look(runtime(), access(), step_id, written, (form.debtor.data or "").strip(), current())
            return _shown(page, form, look=look)
        changed = service.keep(runtime(), access(), step_id, written, version=form.version.data or "")
    except Wrong as wrong:
        for (language, field), refusal in wrong.errors.items():
            form.refuse(refusal, f"{field}_{language}")
        return _shown(page, form), 422
    except Refusal as refusal:
        if refusal.kind in ("not_found", "not_allowed"):
            raise
        form.refuse(refusal, "debtor" if do == "look" else "")
        # What stands now is what a second press replaces, with the reader's eyes open.
        form.version.data = page.version
        return _shown(page, form), status_of(refusal)
    flash(current().text((GIVEN_BACK if do == "ours" else KEPT) if changed else UNCHANGED), "in" if changed else "wait")
    return see_other(url_for("office.step_words", step_id=step_id))


def _shown(page: StepPage, form: StepWordsForm, *, look: Look | None = None) -> str:
    said = shown.doubts(current(), doubts(form.written(), page.step.tone)) if look else shown.doubts(
        current(), page.doubts)
    return render_template(
        "admin/step_words.html", page=page, form=form, look=look, doubts=said, shown=shown, languages=LANGUAGES,
        longest={"subject": LONGEST_SUBJECT, "body": LONGEST_BODY})
