"""Ask a question, ask to be called back, read the answers, and say more: a debtor's threads with the business."""

from __future__ import annotations

from typing import Any

from flask import flash, render_template, request, url_for

from portal.domain import questions as rules
from portal.domain.errors import Refusal
from portal.routes.debtor.door import blueprint
from portal.routes.shared.errors import status_of
from portal.routes.shared.frame import see_other
from portal.routes.shared.guard import current_access, current_visit, require_level
from portal.routes.shared.runtime import runtime
from portal.services import questions as service
from portal.services.questions import Asked

# Which field a refusal speaks of.
FIELDS = {"number_malformed": "number", "number_missing": "number", "unknown_invoice": "about"}


@blueprint.get("/questions")
@require_level(1)
def questions() -> str:
    """Offer to ask something, and list what was asked before."""
    return _ask_page(None)


@blueprint.post("/questions")
@require_level(1)
def ask_question() -> Any:
    """Send a question to the business."""
    asked = Asked(words=request.form.get("words", ""), invoice_id=request.form.get("about", ""))
    try:
        question_id = service.ask(runtime(), current_access(), asked)
    except Refusal as refusal:
        return _ask_page(refusal), status_of(refusal)
    return _asked(question_id)


@blueprint.get("/call-me")
@require_level(1)
def call_me() -> str:
    """Ask when and at which number to call."""
    return _call_page(None)


@blueprint.post("/call-me")
@require_level(1)
def ask_for_call() -> Any:
    """Ask the business to call back."""
    form = request.form
    asked = Asked(words=form.get("words", ""), call=True, call_when=form.get("when", ""),
                  call_number=form.get("number", ""))
    try:
        question_id = service.ask(runtime(), current_access(), asked)
    except Refusal as refusal:
        return _call_page(refusal), status_of(refusal)
    return _asked(question_id)


@blueprint.get("/questions/<question_id>")
@require_level(1)
def question(question_id: str) -> str:
    """Show one thread with its answers."""
    return _thread_page(question_id, None)


@blueprint.post("/questions/<question_id>")
@require_level(1)
def say_more(question_id: str) -> Any:
    """Say something more in a thread."""
    try:
        service.reply(runtime(), current_access(), question_id, request.form.get("words", ""))
    except Refusal as refusal:
        if refusal.kind == "not_found":
            raise
        return _thread_page(question_id, refusal), status_of(refusal)
    flash(current_visit().words.text("We have it."))
    return see_other(url_for("debtor.question", question_id=question_id))


def _asked(question_id: str) -> Any:
    flash(current_visit().words.text("We have it. The answer will stand on this page."))
    return see_other(url_for("debtor.question", question_id=question_id))


def _ask_page(refusal: Refusal | None) -> str:
    rt, access = runtime(), current_access()
    return render_template(
        "debtor/questions.html", threads=service.own_threads(rt, access), offered=service.askables(rt, access),
        typed=request.form, longest=rules.LONGEST_WORDS, **_error(refusal))


def _call_page(refusal: Refusal | None) -> str:
    return render_template(
        "debtor/call_me.html", offered=service.askables(runtime(), current_access()), typed=request.form,
        longest=rules.LONGEST_WORDS, longest_when=rules.LONGEST_WHEN, longest_number=rules.LONGEST_NUMBER,
        **_error(refusal))


def _thread_page(question_id: str, refusal: Refusal | None) -> str:
    thread = service.own_thread(runtime(), current_access(), question_id)
    return render_template("debtor/question.html", thread=thread, typed=request.form, longest=rules.LONGEST_WORDS,
                           **_error(refusal))


def _error(refusal: Refusal | None) -> dict[str, str]:
    if refusal is None:
        return {"error": "", "error_at": ""}
    return {"error": current_visit().words.refusal(refusal), "error_at": FIELDS.get(refusal.code, "words")}
