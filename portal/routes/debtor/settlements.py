"""Closing it with one payment for less: ask, see the answer, ask a person, take it back. Signing is sign.py's."""

from __future__ import annotations

from typing import Any

from flask import flash, render_template, request, url_for

from portal.domain import patience
from portal.domain.currencies import is_supported
from portal.domain.errors import Refusal
from portal.domain.money import parse_amount
from portal.routes.debtor.door import blueprint
from portal.routes.shared.errors import status_of
from portal.routes.shared.frame import see_other
from portal.routes.shared.guard import current_access, current_visit, require_level
from portal.routes.shared.runtime import runtime
from portal.services import settlements as service

# Which field a refusal speaks of.
FIELDS = {"words_too_long": "words"}


@blueprint.get("/settlement")
@require_level(1)
def settlement() -> str:
    """Ask which sum would be possible, and show what stands; where the business settles nothing, there is no page."""
    return _ask_page(None)


@blueprint.post("/settlement")
@require_level(1)
def ask_to_settle() -> Any:
    """Ask; the answer stands on the page it leads to."""
    form, currency = request.form, request.form.get("currency", "")
    try:
        made = service.ask(runtime(), current_access(), _amount(form.get("amount", ""), currency), currency,
                           words=form.get("words", ""))
    except Refusal as refusal:
        if refusal.kind in ("not_found", "gone"):
            raise
        return _ask_page(refusal), status_of(refusal)
    return see_other(url_for("debtor.settlement_asked", settlement_id=made))


@blueprint.get("/settlement/<settlement_id>")
@require_level(1)
def settlement_asked(settlement_id: str) -> str:
    """Show how it stands, with everything that was said and the way to sign or to pay."""
    return render_template("debtor/settlement_asked.html",
                           one=service.one(runtime(), current_access(), settlement_id))


@blueprint.post("/settlement/<settlement_id>")
@require_level(1)
def answer_settlement(settlement_id: str) -> Any:
    """Let a person decide, or take it back."""
    acts = {"person": service.ask_person, "withdraw": service.withdraw}
    act = acts.get(request.form.get("answer", ""))
    if act is None:
        raise Refusal("not_found", "unknown_page")
    try:
        act(runtime(), current_access(), settlement_id, seen=request.form.get("seen", ""))
    except Refusal as refusal:
        if refusal.kind in ("not_found", "gone"):
            raise
        flash(current_visit().words.refusal(refusal))
    return see_other(url_for("debtor.settlement_asked", settlement_id=settlement_id))


def _amount(text: str, currency: str) -> int:
    if not is_supported(currency):
        raise Refusal("not_found", "unknown_page")
    minor = parse_amount(text, currency, current_visit().words.decimal_mark)
    if minor <= 0:
        raise Refusal("invalid", "amount_negative")
    return minor


def _ask_page(refusal: Refusal | None) -> str:
    words, currency = current_visit().words, request.form.get("currency", "")
    error = words.refusal(refusal, currency) if refusal else ""
    return render_template(
        "debtor/settlement.html", offered=service.offered(runtime(), current_access()), typed=request.form,
        longest=patience.LONGEST_WORDS, error=error, error_at=FIELDS.get(refusal.code, "amount") if refusal else "")
