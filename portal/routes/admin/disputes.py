"""One dispute in the office: decided part by part, with its files."""

from __future__ import annotations

from typing import Any

from flask import flash, render_template, request, url_for
from werkzeug.wrappers import Response
from wtforms import HiddenField, TextAreaField
from wtforms.validators import Length

from portal.domain.errors import Refusal
from portal.domain.money import parse_amount
from portal.routes.admin.debtor import saved
from portal.routes.admin.debtor_give import Asking
from portal.routes.admin.desk import access, blueprint, guarded
from portal.routes.shared.frame import see_other
from portal.routes.shared.runtime import runtime
from portal.services import dispute_answers, dispute_files, dispute_views
from portal.services.answers import LONGEST_ANSWER
from portal.services.dispute_answers import Verdict
from portal.services.dispute_views import DisputeView
from portal.words.core import current
from portal.words.disputes import OFFICE_REASONS, OFFICE_WANTS
from portal.words.refusals import N_

AT = {"words_missing": "words", "words_too_long": "words", "above_one_person": "", "prove_first": "proof"}
DECIDED = N_("Decided. They are told by email, and it stands on their page.")


class VerdictForm(Asking):
    """Words for the debtor; the sums stand beside their parts."""

    words = TextAreaField(validators=[Length(max=LONGEST_ANSWER)])
    seen = HiddenField(validators=[Length(max=20)])


@blueprint.get("/disputes/<dispute_id>")
@guarded("see")
def dispute(dispute_id: str) -> str:
    """Show a dispute part by part, with what can be credited of each."""
    return _page(_shown(dispute_id), VerdictForm(formdata=None))


@blueprint.post("/disputes/<dispute_id>")
@guarded("move_money")
def decide_dispute(dispute_id: str) -> Any:
    """Credit what was typed beside each part, and tell the debtor."""
    form, shown = VerdictForm(), _shown(dispute_id)
    if form.sent():
        credits = _typed(form, shown)
        if credits is not None and form.gives(lambda: dispute_answers.decide(
                runtime(), access(), dispute_id, Verdict(credits, form.words.data or "", form.seen.data or "")), AT):
            flash(current().text(DECIDED), "in")
            return see_other(url_for("office.queue_item", name="disputes", item=dispute_id))
    return _page(_shown(dispute_id), form), form.status


@blueprint.get("/disputes/<dispute_id>/files/<file_id>")
@guarded("work")
def dispute_file(dispute_id: str, file_id: str) -> Response:
    """Give a file for saving, never for showing inside our pages."""
    return saved(dispute_files.for_staff(runtime(), access(), dispute_id, file_id))


def _shown(dispute_id: str) -> DisputeView:
    return dispute_views.for_office(runtime(), access(), dispute_id)


def _typed(form: VerdictForm, shown: DisputeView) -> dict[int, int] | None:
    """Read the sums; an empty field credits nothing, and a wrong one says which part it is beside."""
    found: dict[int, int] = {}
    for part in shown.parts:
        text = request.form.get(f"credit_{part.id}", "").strip()
        if not text or not part.open:
            continue
        try:
            found[part.id] = parse_amount(text, shown.currency, current().decimal_mark)
        except Refusal as refusal:
            form.refuse(refusal)
            return None
    return found


def _page(shown: DisputeView, form: VerdictForm) -> str:
    return render_template(
        "admin/dispute.html", dispute=shown, form=form, typed=request.form,
        reason=current().text(OFFICE_REASONS[shown.reason]), wants=current().text(OFFICE_WANTS[shown.wants]),
        may=access().may("move_money"))
