"""Leaving: the session ends in its row and in the browser, and nothing private is one press back."""

from __future__ import annotations

from flask import redirect, render_template, session, url_for
from werkzeug.wrappers import Response

from portal.routes.debtor.door import blueprint
from portal.routes.shared import cookies
from portal.routes.shared.frame import host, speak
from portal.routes.shared.guard import visit_or_none
from portal.routes.shared.runtime import runtime
from portal.services import sessions


@blueprint.post("/leave")
def leave() -> Response:
    """End the session of this browser."""
    visit = visit_or_none()
    if visit is not None:
        sessions.leave(runtime(), visit.session_key)
        host(visit.business)
        speak(visit.words)
    spoken = session.get("speaks")
    session.clear()
    if spoken:
        session["speaks"] = spoken
    response = redirect(url_for("debtor.left"), code=303)
    cookies.forget(response, cookies.SESSION, cookies.LINK)
    # Pages the browser kept for its back button go too.
    response.headers["Clear-Site-Data"] = '"cache"'
    return response


@blueprint.get("/left")
def left() -> str:
    """Say that the page is closed."""
    return render_template("debtor/left.html")
