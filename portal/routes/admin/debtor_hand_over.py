"""Handing a debtor's invoices over to an agency, a lawyer or a court, how that goes on, and taking them back."""

from __future__ import annotations

from typing import Any

from flask import flash, render_template, request, url_for
from wtforms import SelectMultipleField, StringField, TextAreaField
from wtforms.validators import Length

from portal.domain.hand_overs import KINDS, STATUSES
from portal.routes.admin.desk import access, blueprint, guarded
from portal.routes.admin.forms import Filled, OfficeForm, ProvenForm
from portal.routes.admin.nonces import Known, OnceForm
from portal.routes.shared.frame import see_other
from portal.routes.shared.runtime import runtime
from portal.services import debtor_money, hand_overs
from portal.words import happenings
from portal.words.core import current
from portal.words.refusals import N_

AT = {"nothing_chosen": "invoices", "hand_over_nothing_open": "invoices", "hand_over_stands": "invoices",
      "hand_over_on_its_way": "invoices", "unknown_invoice": "invoices", "hand_over_words_missing": "to_contact"}


class HandOverForm(OnceForm, ProvenForm):
    """What goes to whom."""

    invoices = SelectMultipleField(validate_choice=False, choices=[])
    to_kind = StringField(validators=[Known(*KINDS)], default="agency")
    to_name = StringField(validators=[Filled(N_("Please name who takes it over.")),
                                      Length(max=hand_overs.LONGEST_NAME)])
    to_contact = TextAreaField(validators=[Filled(N_("Please say how the debtor reaches them.")),
                                           Length(max=hand_overs.LONGEST_CONTACT)])
    reference = StringField(validators=[Length(max=hand_overs.LONGEST_REFERENCE)])
    words = TextAreaField(validators=[Length(max=4_000)])


class CaseForm(OfficeForm):
    """How a case goes on."""

    became = StringField(validators=[Known(*STATUSES)])
    reference = StringField(validators=[Length(max=hand_overs.LONGEST_REFERENCE)])


@blueprint.get("/debtors/<debtor_id>/hand-over")
@guarded("hand_over")
def debtor_hand_over(debtor_id: str) -> str:
    """Show the form and what was handed over before."""
    form = HandOverForm()
    if "invoice" in request.args:
        form.invoices.data = [request.args["invoice"]]
    return _page(debtor_id, form)


@blueprint.post("/debtors/<debtor_id>/hand-over")
@guarded("hand_over")
def hand_over(debtor_id: str) -> Any:
    """Hand over what was ticked."""
    form = HandOverForm()
    if form.sent():
        wanted = hand_overs.Wanted(
            tuple(form.invoices.data or ()), form.to_kind.data or "", form.to_name.data or "",
            (form.to_contact.data or "").replace("\r\n", "\n"), form.reference.data or "", form.nonce.data or "",
            form.words.data or "")
        if form.does(lambda: hand_overs.hand_over(runtime(), access(), debtor_id, wanted), at=AT):
            flash(current().text(N_("Handed over. Their page now says whom to pay, and nothing more is asked for.")))
            return see_other(url_for("office.debtor", debtor_id=debtor_id))
    return _page(debtor_id, form), form.status


@blueprint.post("/debtors/<debtor_id>/hand-overs/<case_id>")
@guarded("hand_over")
def change_hand_over(debtor_id: str, case_id: str) -> Any:
    """Note how a case goes on, or that it has ended."""
    form = CaseForm()
    if form.sent():
        wanted, reference = form.became.data or "", form.reference.data or ""
        if form.does(lambda: hand_overs.change(
                runtime(), access(), debtor_id, case_id, wanted, reference=reference)):
            flash(current().text(N_("Kept.")))
            return see_other(url_for("office.debtor_hand_over", debtor_id=debtor_id))
    return _page(debtor_id, HandOverForm(formdata=None), form), form.status


def _page(debtor_id: str, form: HandOverForm, case_form: OfficeForm | None = None) -> str:
    said = current()
    return render_template(
        "admin/debtor_hand_over.html", form=form, case_form=case_form,
        counter=debtor_money.counter(runtime(), access(), debtor_id),
        cases=hand_overs.page(runtime(), access(), debtor_id),
        kinds=[(code, said.text(happenings.HAND_OVER_KINDS[code])) for code in KINDS],
        statuses=[(code, said.text(happenings.HAND_OVER_STATUSES[code])) for code in STATUSES])
