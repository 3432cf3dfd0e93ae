"""Something is wrong: say what and why, with files; read how it stands, add to it, take it back, ask once more."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import flash, render_template, request, url_for

from portal.domain import disputes as rules
from portal.domain.access import PROVEN
from portal.domain.errors import Refusal
from portal.domain.money import MoneyError, parse_amount
from portal.domain.proof_files import LARGEST
from portal.domain.questions import LONGEST_WORDS
from portal.routes.debtor.door import blueprint
from portal.routes.debtor.identity import opened_on_page, replaces
from portal.routes.shared.errors import status_of
from portal.routes.shared.frame import see_other
from portal.routes.shared.guard import current_access, current_visit, require_level
from portal.routes.shared.runtime import runtime
from portal.services import dispute_views, disputes, identity
from portal.services.dispute_choices import Chosen
from portal.services.dispute_views import Disputable
from portal.services.identity import CodeState
from portal.services.sent_files import Sent
from portal.words.disputes import REASONS, STATES, WANTS
from portal.words.refusals import N_

ACT = "dispute"
FILE_CODES = ("slip_empty", "slip_too_large", "slip_unknown", "slip_broken", "slip_locked", "slip_too_detailed",
              "too_many_files", "files_too_large", "code_first")
CODE_CODES = ("code_wrong", "code_empty", "code_ended", "tries_used_up", "codes_used_up", "no_address")
# Which field a refusal speaks of; the rest speak of what was chosen.
FIELDS = {
    "words_missing": "words", "words_too_long": "words", "answer_first": "words", "dispute_reason": "reason",
    "dispute_wish": "wants", "dispute_above": "amount", "amount_negative": "amount",
    **dict.fromkeys((*FILE_CODES, *CODE_CODES), "files"),
}
THANKS = N_("Thank you. We have it.")
TAKEN_BACK = N_("Taken back. What you questioned can be paid again.")


@blueprint.get("/something-wrong")
@require_level(1)
def wrong() -> str:
    """Ask what is wrong, and list what was told before."""
    return _form_page(None)


@blueprint.post("/something-wrong")
@require_level(1)
def open_dispute() -> Any:
    """Write it down; what is questioned rests at once. Or fetch the code for files, with all that was typed kept."""
    if request.form.get("do"):
        return _code_for_files(_form_page)
    try:
        made = disputes.open_one(runtime(), current_access(), _said())
    except Refusal as refusal:
        if refusal.kind == "gone":
            raise
        return _form_page(refusal), status_of(refusal)
    return see_other(url_for("debtor.dispute", dispute_id=made))


@blueprint.get("/disputes/<dispute_id>")
@require_level(1)
def dispute(dispute_id: str) -> str:
    """Show how a dispute stands, what was said, and what came of it."""
    return _page(dispute_id, None)


@blueprint.post("/disputes/<dispute_id>")
@require_level(1)
def answer_dispute(dispute_id: str) -> Any:
    """Say more, take it back, or ask for a second look."""
    form, rt, access = request.form, runtime(), current_access()
    if form.get("do"):
        return _code_for_files(lambda refusal: _page(dispute_id, refusal))
    try:
        if form.get("answer") == "withdraw":
            disputes.withdraw(rt, access, dispute_id)
            flash(current_visit().words.text(TAKEN_BACK))
        else:
            act = disputes.look_again if form.get("answer") == "again" else disputes.say_more
            act(rt, access, dispute_id, form.get("words", ""), _files(), proven=_is_proven())
            flash(current_visit().words.text(THANKS))
    except Refusal as refusal:
        if refusal.kind in ("not_found", "gone"):
            raise
        return _page(dispute_id, refusal), status_of(refusal)
    return see_other(url_for("debtor.dispute", dispute_id=dispute_id))


def _code_for_files(page: Callable[[Refusal | None], str]) -> Any:
    """Email the code that files need, or compare it, on the page in hand."""
    link, rt = current_access().link_public_id, runtime()
    try:
        if request.form["do"] != "enter":
            identity.send_code(rt, link, ACT)
            return page(None)
        new = identity.enter_code(rt, link, ACT, request.form.get("code", ""), replaces=replaces())
    except Refusal as refusal:
        if refusal.code not in CODE_CODES:
            raise
        return page(refusal), status_of(refusal)
    return opened_on_page(lambda: page(None), link, new)


def _code_state() -> CodeState | None:
    if not request.form.get("do") or _is_proven():
        return None
    return identity.code_state(runtime(), current_access().link_public_id, ACT)


def _said() -> disputes.Said:
    form = request.form
    return disputes.Said(
        parts=_parts(), reason=form.get("reason", ""), wants=form.get("wants", ""), words=form.get("words", ""),
        files=_files(), proven=_is_proven())


def _parts() -> tuple[Chosen, ...]:
    """Read what was ticked, and the sum that was named: invoices, lines as invoice:place, or an amount of either."""
    ticked = [_chosen(text) for text in request.form.getlist("part")[:rules.MOST_PARTS + 1]]
    typed, about = request.form.get("amount", "").strip(), request.form.get("amount_of", "")
    if not typed:
        return tuple(ticked)
    if not about:
        raise Refusal("invalid", "dispute_nothing")
    one = _chosen(about)
    known = {invoice.public_id: invoice.currency for invoice in _offered().invoices}
    if one.invoice_id not in known:
        raise Refusal("not_found", "unknown_invoice")
    minor = parse_amount(typed, known[one.invoice_id], current_visit().words.decimal_mark)
    return (*ticked, Chosen(one.invoice_id, one.line, minor))


def _chosen(text: str) -> Chosen:
    invoice_id, _, line = text.partition(":")
    if not line:
        return Chosen(invoice_id)
    if not (line.isascii() and line.isdigit() and len(line) <= 5):
        raise Refusal("not_found", "unknown_invoice")
    return Chosen(invoice_id, int(line))


def _files() -> tuple[Sent, ...]:
    sent = [one for one in request.files.getlist("files") if one.filename]
    return tuple(Sent(one.filename or "", one.stream.read(LARGEST + 1)) for one in sent[:rules.MOST_FILES + 1])


def _is_proven() -> bool:
    visit = current_visit()
    return visit.access.level >= PROVEN and visit.proven_act == ACT


def _offered() -> Disputable:
    return dispute_views.offered(runtime(), current_access())


def _at(refusal: Refusal | None) -> str:
    if refusal is None:
        return ""
    return "amount" if isinstance(refusal, MoneyError) else FIELDS.get(refusal.code, "part")


def _named(words: dict[str, str]) -> list[tuple[str, str]]:
    said = current_visit().words
    return [(code, said.text(text)) for code, text in words.items()]


def _form_page(refusal: Refusal | None) -> str:
    offered = _offered()
    named = {invoice.public_id: invoice.currency for invoice in offered.invoices}
    about = request.form.get("amount_of", "").partition(":")[0]
    error = "" if refusal is None else current_visit().words.refusal(refusal, named.get(about, ""))
    return render_template(
        "debtor/wrong.html", offered=offered, typed=request.form, ticked=set(request.form.getlist("part")),
        error=error, error_at=_at(refusal), longest=LONGEST_WORDS,
        reasons=_named(dict(REASONS)), wants=_named(dict(WANTS)), states=dict(_named(dict(STATES))),
        proven=_is_proven(), most_files=rules.MOST_FILES, sent_files=bool(request.files), code=_code_state())


def _page(dispute_id: str, refusal: Refusal | None) -> str:
    said = current_visit().words
    shown = dispute_views.own(runtime(), current_access(), dispute_id)
    return render_template(
        "debtor/dispute.html", dispute=shown, typed=request.form, error=said.refusal(refusal) if refusal else "",
        error_at=FIELDS.get(refusal.code, "words") if refusal else "", longest=LONGEST_WORDS, proven=_is_proven(),
        most_files=rules.MOST_FILES, reason=said.text(REASONS[shown.reason]), wants=said.text(WANTS[shown.wants]),
        state=said.text(STATES[shown.state]), code=_code_state())
