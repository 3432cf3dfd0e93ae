"""Evidence: the pack of a debtor, an invoice or a dispute, and the document for Stripe against a chargeback."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import render_template, request
from werkzeug.wrappers import Response
from wtforms import StringField
from wtforms.validators import Length

from portal.routes.admin.debtor import saved
from portal.routes.admin.desk import access, blueprint, guarded
from portal.routes.admin.forms import ProvenForm
from portal.routes.shared.runtime import runtime
from portal.services import evidence
from portal.words.core import current
from portal.words.disputes import OFFICE_REASONS
from portal.words.refusals import N_

EVERYTHING, INVOICE, DISPUTE = N_("Everything"), N_("Invoice %(number)s"), N_("Dispute: %(reason)s")


class EvidenceForm(ProvenForm):
    """What the pack is about."""

    about = StringField(validators=[Length(max=60)])


@blueprint.get("/debtors/<debtor_id>/evidence")
@guarded("export")
def debtor_evidence(debtor_id: str) -> str:
    """Ask what the pack is to be about, and show the key it is signed by."""
    form = EvidenceForm()
    form.about.data = request.args.get("about", "")
    return _page(debtor_id, form)


@blueprint.post("/debtors/<debtor_id>/evidence")
@guarded("export")
def make_evidence(debtor_id: str) -> Any:
    """Make the pack and hand it over for saving."""
    form = EvidenceForm()
    if form.sent() and form.does(lambda: evidence.make(runtime(), access(), debtor_id, form.about.data or "")):
        return saved(form.outcome)
    return _page(debtor_id, form), form.status


@blueprint.get("/chargebacks/<chargeback_id>/proof.pdf")
@guarded("work")
def chargeback_proof(chargeback_id: str) -> Response:
    """Give the document for Stripe."""
    return saved(evidence.for_chargeback(runtime(), access(), chargeback_id))


def _page(debtor_id: str, form: EvidenceForm) -> str:
    said, offered = current(), evidence.offered(runtime(), access(), debtor_id)
    named: dict[str, Callable[[str], str]] = {
        "everything": lambda _of: said.text(EVERYTHING), "invoice": lambda of: said.text(INVOICE, number=of),
        "dispute": lambda of: said.text(DISPUTE, reason=said.text(OFFICE_REASONS[of]))}
    choices = [(value, named[kind](of)) for value, kind, of in offered.about]
    return render_template("admin/debtor_evidence.html", form=form, offered=offered, choices=choices)
