"""Signed agreements: all of them, one with its text, its files, a copy on paper, and the consent to sign this way."""

from __future__ import annotations

from typing import Any

from flask import flash, render_template, url_for
from werkzeug.wrappers import Response

from portal.domain.errors import Refusal
from portal.routes.debtor.door import blueprint
from portal.routes.debtor.downloads import handed_over
from portal.routes.shared.frame import see_other
from portal.routes.shared.guard import current_access, current_visit, require_level
from portal.routes.shared.runtime import runtime
from portal.services import agreement_papers, signing_consents
from portal.services import agreement_views as service


@blueprint.get("/agreements")
@require_level(1)
def agreements() -> str:
    """List what was signed, and show the consent to records on this page."""
    return render_template("debtor/agreements.html", shelf=service.shelf(runtime(), current_access()))


@blueprint.get("/agreements/<agreement_id>")
@require_level(1)
def agreement(agreement_id: str) -> str:
    """Show one agreement word for word, with its files and its fingerprint."""
    return render_template("debtor/agreement.html", agreement=service.one(runtime(), current_access(), agreement_id))


@blueprint.get("/agreements/<agreement_id>/agreement.pdf")
@require_level(1)
def agreement_pdf(agreement_id: str) -> Response:
    """Hand over the PDF of an agreement, always the same bytes."""
    return handed_over(agreement_papers.for_debtor(runtime(), current_access(), agreement_id))


@blueprint.get("/agreements/<agreement_id>/agreement.txt")
@require_level(1)
def agreement_text(agreement_id: str) -> Response:
    """Hand over the exact text that was signed."""
    return handed_over(agreement_papers.text_for_debtor(runtime(), current_access(), agreement_id))


@blueprint.post("/agreements/<agreement_id>/paper")
@require_level(1)
def agreement_on_paper(agreement_id: str) -> Any:
    """Ask for a copy on paper, free of charge."""
    try:
        service.ask_for_paper(runtime(), current_access(), agreement_id)
    except Refusal as refusal:
        if refusal.kind in ("not_found", "gone"):
            raise
        flash(current_visit().words.refusal(refusal))
    return see_other(url_for("debtor.agreement", agreement_id=agreement_id))


@blueprint.post("/signing-consent/withdraw")
@require_level(1)
def withdraw_signing_consent() -> Any:
    """Take the consent to sign and receive records on this page back."""
    signing_consents.withdraw(runtime(), current_access())
    flash(current_visit().words.text("It is taken back. What you have signed stays as it is."))
    return see_other(url_for("debtor.agreements"))
