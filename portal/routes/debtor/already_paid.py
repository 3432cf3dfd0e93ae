"""I already paid: say when, how and how much, see what was found, take it back."""

from __future__ import annotations

from typing import Any

from flask import flash, render_template, request, url_for

from portal.domain.errors import Refusal
from portal.domain.money import parse_amount
from portal.domain.proof_files import LARGEST
from portal.routes.debtor.days import read_day
from portal.routes.debtor.door import blueprint
from portal.routes.shared.errors import status_of
from portal.routes.shared.frame import see_other
from portal.routes.shared.guard import current_access, current_visit, require_level
from portal.routes.shared.runtime import runtime
from portal.services import payment_claims as service
from portal.services.sent_files import Sent

# Which field a refusal speaks of; the rest speak of the amount.
FIELDS = {
    "words_too_long": "words", "day_missing": "paid_on", "day_unreadable": "paid_on", "day_to_come": "paid_on",
    "day_too_far": "paid_on", "unknown_way": "way",
    **dict.fromkeys(("slip_empty", "slip_too_large", "slip_unknown", "slip_broken", "slip_locked", "slip_too_detailed"),
                    "proof"),
}


@blueprint.get("/already-paid")
@require_level(1)
def already_paid() -> str:
    """Ask when and how it was paid, and list what was told before."""
    return _page(None)


@blueprint.post("/already-paid")
@require_level(1)
def claim_payment() -> Any:
    """Write it down; reminders wait while somebody looks."""
    try:
        made = service.claim(runtime(), current_access(), _told())
    except Refusal as refusal:
        if refusal.kind in ("not_found", "gone"):
            raise
        return _page(refusal), status_of(refusal)
    return see_other(url_for("debtor.claimed", claim_id=made))


@blueprint.get("/already-paid/<claim_id>")
@require_level(1)
def claimed(claim_id: str) -> str:
    """Show how a claim stands."""
    return render_template("debtor/claimed.html", claim=service.one(runtime(), current_access(), claim_id))


@blueprint.post("/already-paid/<claim_id>")
@require_level(1)
def withdraw_claim(claim_id: str) -> Any:
    """Take a claim back."""
    try:
        service.withdraw(runtime(), current_access(), claim_id)
    except Refusal as refusal:
        if refusal.kind in ("not_found", "gone"):
            raise
        flash(current_visit().words.refusal(refusal))
    return see_other(url_for("debtor.claimed", claim_id=claim_id))


def _told() -> service.Told:
    form, words = request.form, current_visit().words
    currency = form.get("currency", "")
    if currency not in service.offered(runtime(), current_access()).left:
        raise Refusal("conflict", "nothing_open")
    return service.Told(
        amount_minor=parse_amount(form.get("amount", ""), currency, words.decimal_mark), currency=currency,
        paid_on=read_day(form.get("paid_on", "")), way=form.get("way", ""), reference=form.get("reference", ""),
        words=form.get("words", ""), proof=_proof())


def _proof() -> Sent | None:
    sent = request.files.get("proof")
    if sent is None or not sent.filename:
        return None
    return Sent(sent.filename, sent.stream.read(LARGEST + 1))


def _page(refusal: Refusal | None) -> str:
    error = {} if refusal is None else {
        "error": current_visit().words.refusal(refusal, request.form.get("currency", "")),
        "error_at": FIELDS.get(refusal.code, "amount")}
    return render_template(
        "debtor/already_paid.html", offered=service.offered(runtime(), current_access()), typed=request.form,
        longest=service.LONGEST_WORDS, sent_file="proof" in request.files, **{"error": "", "error_at": "", **error})
