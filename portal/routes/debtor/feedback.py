"""How was this for you? One press on the payment's page, or on a page of its own that a receipt's link opens."""

from __future__ import annotations

from flask import flash, render_template, request, url_for
from werkzeug.wrappers import Response

from portal.domain.errors import Refusal
from portal.routes.debtor.door import blueprint
from portal.routes.shared.frame import host, see_other, speak
from portal.routes.shared.guard import current_access, current_visit, require_level
from portal.routes.shared.runtime import runtime
from portal.services import feedback as service
from portal.services import payment_pages
from portal.words import feedback_words


@blueprint.get("/feedback/<token>")
def feedback(token: str) -> str:
    """Show the three answers, or what was answered; looking is no answer.

    The words beside it are not shown again: a receipt is forwarded now and then.
    """
    return _page(token)


@blueprint.post("/feedback/<token>")
def give_feedback(token: str) -> Response | tuple[str, int]:
    """Keep a press, or the words beside it."""
    try:
        service.answer(runtime(), token, score=_score(), body=_body())
    except Refusal as refusal:
        if refusal.kind != "invalid":
            raise
        return _page(token, refusal), 422
    return see_other(url_for("debtor.feedback", token=token))


@blueprint.post("/payments/<payment_id>/feedback")
@require_level(1)
def give_feedback_here(payment_id: str) -> Response:
    """Keep a press from the payment's own page, or the words beside it."""
    # A link to some invoices only sees the payments of these, and answers for no other.
    payment_pages.payment_page(runtime(), current_access(), payment_id)
    try:
        service.answer_here(runtime(), current_access(), payment_id, score=_score(), body=_body())
    except Refusal as refusal:
        if refusal.kind != "invalid":
            raise
        flash(current_visit().words.refusal(refusal))
    return see_other(url_for("debtor.payment", payment_id=payment_id, _anchor="how"))


def _page(token: str, refusal: Refusal | None = None) -> str:
    page = service.page(runtime(), token)
    host(page.business)
    speak(page.words)
    return render_template(
        "debtor/feedback.html", token=token, given=page.given, longest=service.LONGEST_WORDS,
        answers=feedback_words.ANSWERS,
        error=page.words.refusal(refusal) if refusal else "", typed=_body() or "")


def _score() -> int | None:
    typed = request.form.get("score")
    if typed is None:
        return None
    return int(typed) if typed in ("1", "2", "3") else 0


def _body() -> str | None:
    typed = request.form.get("words")
    return None if typed is None else typed.replace("\r\n", "\n")
