"""A debtor's data: everything taken out in one file, and personal data erased. Both ask again who is at the desk."""

from __future__ import annotations

from typing import Any

from flask import flash, render_template, url_for
from wtforms import BooleanField, StringField
from wtforms.validators import ValidationError

from portal.domain.errors import Refusal
from portal.routes.admin.debtor import saved
from portal.routes.admin.desk import access, blueprint, guarded
from portal.routes.admin.forms import ProvenForm
from portal.routes.shared.errors import status_of
from portal.routes.shared.frame import see_other
from portal.routes.shared.runtime import runtime
from portal.services import debtor_data
from portal.words.core import current
from portal.words.refusals import N_


class Exactly:
    """Refuse everything but one text."""

    def __init__(self, text: str) -> None:
        self.text = text

    def __call__(self, form: Any, field: Any) -> None:
        """Compare what was typed."""
        if (field.data or "").strip() != self.text:
            raise ValidationError(current().text(N_("Please type the account number as it stands above.")))


class ExportForm(ProvenForm):
    """Nothing but the proof."""


class EraseForm(ProvenForm):
    """The account number, typed as a sign that it is meant, and the word about recent money where there is some."""

    number = StringField()
    knowing = BooleanField()


@blueprint.get("/debtors/<debtor_id>/data/export")
@guarded("erase")
def debtor_export(debtor_id: str) -> str:
    """Say what the file holds."""
    return _page("admin/debtor_export.html", debtor_id, ExportForm())


@blueprint.post("/debtors/<debtor_id>/data/export")
@guarded("erase")
def export_debtor(debtor_id: str) -> Any:
    """Hand over the file."""
    form = ExportForm()
    page = _page("admin/debtor_export.html", debtor_id, form) if not form.sent() else ""
    return (page, 422) if page else saved(debtor_data.take_out(runtime(), access(), debtor_id))


@blueprint.get("/debtors/<debtor_id>/data/erase")
@guarded("erase")
def debtor_erase(debtor_id: str) -> str:
    """Show what would go and what stays."""
    return _page("admin/debtor_erase.html", debtor_id, EraseForm())


@blueprint.post("/debtors/<debtor_id>/data/erase")
@guarded("erase")
def erase_debtor(debtor_id: str) -> Any:
    """Erase, once the number was typed and nothing stands against it."""
    form, status = EraseForm(), 422
    preview = debtor_data.preview(runtime(), access(), debtor_id)
    form.number.validators = [Exactly(preview.number)]
    if form.sent():
        try:
            debtor_data.erase(runtime(), access(), debtor_id, knowing_recent_money=bool(form.knowing.data))
        except Refusal as refusal:
            if refusal.kind in ("not_found", "not_allowed"):
                raise
            status = status_of(refusal)
            form.refuse(refusal, "knowing" if refusal.code == "recent_money" else "")
        else:
            flash(current().text(N_("Their personal data is erased. The books stay as they were.")))
            return see_other(url_for("office.debtor", debtor_id=debtor_id))
    return _page("admin/debtor_erase.html", debtor_id, form), status


def _page(template: str, debtor_id: str, form: ProvenForm) -> str:
    return render_template(template, form=form, preview=debtor_data.preview(runtime(), access(), debtor_id))
