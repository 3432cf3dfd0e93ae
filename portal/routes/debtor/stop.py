"""Stopping emails from a link in each of them; the POST is also the one-click of mail programs (RFC 8058)."""

from __future__ import annotations

from flask import render_template, request, url_for
from werkzeug.wrappers import Response

from portal.routes.debtor.door import blueprint
from portal.routes.shared.frame import host, see_other, speak
from portal.routes.shared.runtime import runtime
from portal.services import opt_out


@blueprint.get("/stop/<token>")
def stop(token: str) -> str:
    """Show whether these emails come, and offer to change it."""
    page = opt_out.page(runtime(), token)
    host(page.business)
    speak(page.words)
    return render_template("debtor/stop.html", token=token, stopped=page.stopped)


@blueprint.post("/stop/<token>")
def stop_now(token: str) -> Response:
    """Stop them. Mail programs post here without a form of ours: the token is the proof."""
    opt_out.stop(runtime(), token, one_click=request.form.get("List-Unsubscribe") == "One-Click")
    return see_other(url_for("debtor.stop", token=token))


@blueprint.post("/stop/<token>/resume")
def resume(token: str) -> Response:
    """Let them come again."""
    opt_out.resume(runtime(), token)
    return see_other(url_for("debtor.stop", token=token))
