"""The page "this is not me": one press, and this address is never written to again."""

from __future__ import annotations

from flask import render_template, session, url_for
from werkzeug.wrappers import Response

from portal.routes.debtor.door import blueprint
from portal.routes.shared import cookies
from portal.routes.shared.frame import host, see_other, speak
from portal.routes.shared.runtime import runtime
from portal.services import not_me as service


@blueprint.get("/not-me/<token>")
def not_me(token: str) -> str:
    """Explain what one press does."""
    business, words = service.page(runtime(), token)
    host(business)
    speak(words)
    return render_template("debtor/not_me.html", token=token)


@blueprint.post("/not-me/<token>")
def say_not_me(token: str) -> Response:
    """Block the address, end the links, and close this browser's page."""
    service.say(runtime(), token)
    session.clear()
    response = see_other(url_for("debtor.not_me_said", token=token))
    cookies.forget(response, cookies.SESSION, cookies.LINK)
    return response


@blueprint.get("/not-me/<token>/thanks")
def not_me_said(token: str) -> str:
    """Thank them; nothing more is needed."""
    business, words = service.page(runtime(), token)
    host(business)
    speak(words)
    return render_template("debtor/not_me_said.html")
