"""From an emailed link to the door: the link moves to a clean address, and one that has ended can be renewed."""

from __future__ import annotations

from flask import render_template, session, url_for
from werkzeug.wrappers import Response

from portal.routes.debtor.door import blueprint
from portal.routes.shared import cookies
from portal.routes.shared.frame import see_other
from portal.routes.shared.guard import greet_at_door
from portal.routes.shared.runtime import runtime
from portal.services import links
from portal.services.links import Door


@blueprint.get("/l/<token>")
def open(token: str) -> Response:
    """Read an emailed link and move on to an address without it. Nothing is written: scanners come here too."""
    named = links.read_token(runtime(), token)
    if named is None:
        response = see_other(url_for("debtor.ended"))
        cookies.forget(response, cookies.LINK, cookies.SESSION)
        return response
    response = see_other(url_for("debtor.welcome" if named.current else "debtor.ended"))
    before, held = cookies.link_named(), cookies.session_named()
    if held and before and before[0].link_public_id == named.link_public_id:
        cookies.keep_link(response, named.link_public_id)
        return response
    # Another link in the same browser: its session goes with the next step, and its forms end now.
    session.clear()
    cookies.keep_link(response, named.link_public_id, replaces=held.key if held else "")
    cookies.forget(response, cookies.SESSION)
    return response


def door_of_cookie() -> Door | None:
    """Give the door that this browser's cookie names; None when there is none or its link is unknown."""
    named = cookies.link_named()
    return None if named is None else links.door(runtime(), named[0].link_public_id)


@blueprint.get("/link-ended")
def ended() -> tuple[str, int]:
    """Tell that a link has ended, or a page has closed itself; the same words whoever asks."""
    door = door_of_cookie()
    if door is not None:
        greet_at_door(door)
    return render_template("debtor/ended.html", door=door), 410


@blueprint.post("/link-ended")
def send_fresh() -> Response:
    """Mail a fresh link to the address on file, and answer the same in every case."""
    named = cookies.link_named()
    links.send_fresh(runtime(), None if named is None else named[0].link_public_id)
    return see_other(url_for("debtor.ended_sent"))


@blueprint.get("/link-ended/sent")
def ended_sent() -> str:
    """Say what happens next, in every case."""
    door = door_of_cookie()
    if door is not None:
        greet_at_door(door)
    return render_template("debtor/ended_sent.html")


