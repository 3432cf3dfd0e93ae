"""Reading and signing: the agreement, what is asked beside it, the typed name, then the emailed code; nothing twice."""

from __future__ import annotations

from typing import Any

from flask import flash, render_template, request, url_for

from portal.domain.access import PROVEN
from portal.domain.agreements import SIGN
from portal.domain.errors import Refusal
from portal.domain.identity import masked
from portal.routes.debtor.door import blueprint
from portal.routes.debtor.identity import opened, replaces
from portal.routes.shared.errors import status_of
from portal.routes.shared.frame import see_other
from portal.routes.shared.guard import current_access, current_visit, greet, require_level
from portal.routes.shared.runtime import runtime
from portal.services import identity, sessions
from portal.services import signing_step as service
from portal.services.agreements import Signature
from portal.services.sessions import NewSession
from portal.services.signing_step import Review

# Where a signature leads, by kind; each takes the agreement's id. All others: to the agreement itself.
AFTER: dict[str, str] = {}


@blueprint.get("/sign/<arrangement_id>")
@require_level(1)
def sign(arrangement_id: str) -> Any:
    """Show an agreement with all that is asked beside it; one that is signed leads to the agreement."""
    shown = service.review(runtime(), current_access(), arrangement_id)
    if shown.signed:
        return see_other(url_for("debtor.agreement", agreement_id=shown.signed))
    return _read_page(shown, None)


@blueprint.post("/sign/<arrangement_id>")
@require_level(1)
def sign_now(arrangement_id: str) -> Any:
    """Go on to the code, or, with the code entered, sign."""
    signature, shown = _signature(), service.review(runtime(), current_access(), arrangement_id)
    if shown.signed:
        return see_other(url_for("debtor.agreement", agreement_id=shown.signed))
    try:
        service.check(shown, signature)
    except Refusal as refusal:
        return _read_page(shown, refusal), status_of(refusal)
    visit = current_visit()
    if visit.access.level >= PROVEN and visit.proven_act == SIGN:
        return _sign(shown, signature, None)
    if request.form.get("do") != "sign":
        return _send_code(shown, signature)
    link = visit.access.link_public_id
    try:
        new = identity.enter_code(runtime(), link, SIGN, request.form.get("code", ""), replaces=replaces())
    except Refusal as refusal:
        # Pressed twice, the first press may have signed with this very code.
        again = service.review(runtime(), current_access(), arrangement_id)
        if again.signed:
            return see_other(url_for("debtor.agreement", agreement_id=again.signed))
        return _code_page(shown, signature, refusal), status_of(refusal)
    proven = sessions.find(runtime(), new.key, new.act)
    if proven is None:
        raise Refusal("gone", "link_ended")
    greet(proven)
    return _sign(shown, signature, new)


def _sign(shown: Review, signature: Signature, new: NewSession | None) -> Any:
    """Sign with the door that stands now; a session that was just opened is handed over whatever comes of it."""
    try:
        agreement_id = service.sign(runtime(), current_access(), shown.arrangement_id, signature)
    except Refusal as refusal:
        if new is None:
            if refusal.kind in ("not_found", "gone"):
                raise
            return _read_page(shown, refusal), status_of(refusal)
        again = opened(see_other(url_for("debtor.sign", arrangement_id=shown.arrangement_id)),
                       current_access().link_public_id, new)
        flash(current_visit().words.refusal(refusal))
        return again
    page = AFTER.get(shown.kind, "debtor.agreement")
    signed = see_other(url_for(page, agreement_id=agreement_id))
    return signed if new is None else opened(signed, current_access().link_public_id, new)


def _send_code(shown: Review, signature: Signature) -> Any:
    try:
        identity.send_code(runtime(), current_access().link_public_id, SIGN)
    except Refusal as refusal:
        return _code_page(shown, signature, refusal), status_of(refusal)
    return _code_page(shown, signature, None)


def _signature() -> Signature:
    form = request.form
    version = form.get("version", "")
    return Signature(
        version=int(version) if version.isascii() and version.isdigit() and len(version) < 9 else 0,
        seen=form.get("seen", ""), name=form.get("name", ""), consents=frozenset(form.getlist("consent")),
        address=request.remote_addr or "", browser=request.headers.get("User-Agent", ""),
        confirmed=form.get("confirmed", ""))


def _read_page(shown: Review, refusal: Refusal | None) -> str:
    return render_template(
        "debtor/sign.html", shown=shown, typed=request.form, ticked=request.form.getlist("consent"), refusal=refusal,
        proven=current_visit().access.level >= PROVEN and current_visit().proven_act == SIGN)


def _code_page(shown: Review, signature: Signature, refusal: Refusal | None) -> str:
    state = identity.code_state(runtime(), current_access().link_public_id, SIGN)
    return render_template(
        "debtor/sign_code.html", shown=shown, signature=signature, state=state, refusal=refusal,
        address=masked(state.address) if state.address else "")
