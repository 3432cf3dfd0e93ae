"""More time: ask for a day, take the one that is offered, let a person decide, take it back; or promise a day."""

from __future__ import annotations

from typing import Any

from flask import flash, render_template, request, url_for

from portal.domain import patience
from portal.domain.errors import Refusal
from portal.routes.debtor.days import read_day
from portal.routes.debtor.door import blueprint
from portal.routes.shared.errors import status_of
from portal.routes.shared.frame import see_other
from portal.routes.shared.guard import current_access, current_visit, require_level
from portal.routes.shared.runtime import runtime
from portal.services import limitation
from portal.services import more_time as service
from portal.services import promises as promise_service

# Which field a refusal speaks of.
FIELDS = {"words_too_long": "words"}


@blueprint.get("/more-time")
@require_level(1)
def more_time() -> str:
    """Offer to ask for time, and show what stands."""
    return _ask_page(None)


@blueprint.post("/more-time")
@require_level(1)
def ask_for_time() -> Any:
    """Ask for time; the answer stands on the page it leads to."""
    form = request.form
    try:
        asked = service.Asked(read_day(form.get("until", "")), form.get("hard_times") == "yes", form.get("words", ""),
                              form.get("notice", ""))
        made = service.ask(runtime(), current_access(), asked)
    except Refusal as refusal:
        if refusal.kind in ("not_found", "gone"):
            raise
        return _ask_page(refusal), status_of(refusal)
    return see_other(url_for("debtor.time_asked", time_id=made))


@blueprint.get("/more-time/<time_id>")
@require_level(1)
def time_asked(time_id: str) -> str:
    """Show how a wish for time stands, with everything that was said."""
    time = service.one(runtime(), current_access(), time_id)
    return render_template("debtor/time_asked.html", time=time)


@blueprint.post("/more-time/<time_id>")
@require_level(1)
def answer_time(time_id: str) -> Any:
    """Take the day that is offered, let a person decide, or take the wish back."""
    acts = {"take": service.take, "person": service.ask_person, "withdraw": service.withdraw}
    act = acts.get(request.form.get("answer", ""))
    if act is None:
        raise Refusal("not_found", "unknown_page")
    try:
        act(runtime(), current_access(), time_id, seen=request.form.get("seen", ""))
    except Refusal as refusal:
        if refusal.kind in ("not_found", "gone"):
            raise
        flash(current_visit().words.refusal(refusal))
    return see_other(url_for("debtor.time_asked", time_id=time_id))


@blueprint.get("/promise")
@require_level(1)
def promise() -> str:
    """Offer to promise a day."""
    return _promise_page(None)


@blueprint.post("/promise")
@require_level(1)
def make_promise() -> Any:
    """Write a promised day down; reminders wait for it."""
    try:
        promise_service.make(runtime(), current_access(), read_day(request.form.get("until", "")),
                             request.form.get("currency", ""), notice=request.form.get("notice", ""))
    except Refusal as refusal:
        if refusal.kind in ("not_found", "gone"):
            raise
        return _promise_page(refusal), status_of(refusal)
    flash(current_visit().words.text("Thank you. We have written it down."))
    return see_other(url_for("debtor.promise"))


def _ask_page(refusal: Refusal | None) -> str:
    return render_template(
        "debtor/more_time.html", offered=service.offered(runtime(), current_access()), typed=request.form,
        longest=patience.LONGEST_WORDS, notices=limitation.before_promise(runtime(), current_access()),
        **_error(refusal))


def _promise_page(refusal: Refusal | None) -> str:
    offered = promise_service.offered(runtime(), current_access())
    if offered.furthest is None:
        raise Refusal("not_found", "promises_off")
    return render_template("debtor/promise.html", offered=offered, typed=request.form,
                           notices=limitation.before_promise(runtime(), current_access()), **_error(refusal))


def _error(refusal: Refusal | None) -> dict[str, str]:
    if refusal is None:
        return {"error": "", "error_at": ""}
    return {"error": current_visit().words.refusal(refusal), "error_at": FIELDS.get(refusal.code, "until")}
