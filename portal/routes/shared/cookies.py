"""The debtor's two cookies: one names the link that was opened, the other the session. Staff will have their own."""

from __future__ import annotations

from flask import g, request
from werkzeug.wrappers import Response

from portal.routes.shared.runtime import runtime
from portal.services import links, sessions
from portal.services.links import Named
from portal.services.sessions import NewSession

LINK, SESSION = "portal_link", "portal_visit"


def name_of(cookie: str) -> str:
    """Give a cookie's full name; with HTTPS it is bound to this very host."""
    return f"__Host-{cookie}" if runtime().settings.secure_cookies else cookie


def link_named() -> tuple[Named, str] | None:
    """Read which link this browser opened, and the session its next step ends."""
    return links.read_door_cookie(runtime(), request.cookies.get(name_of(LINK), ""))


def session_named() -> NewSession | None:
    """Read which session this browser holds."""
    return sessions.read_cookie(runtime(), request.cookies.get(name_of(SESSION), ""))


def had_session() -> bool:
    """Say whether the browser still carries a session's cookie, standing or not."""
    return name_of(SESSION) in request.cookies


def keep_link(response: Response, link_public_id: str, replaces: str = "") -> None:
    """Remember which link was opened."""
    _set(response, LINK, links.door_cookie(runtime(), link_public_id, replaces))


def keep_session(response: Response, new: NewSession) -> None:
    """Hand the browser its session; nothing later in this request renews another."""
    g.session_settled = True
    _set(response, SESSION, sessions.cookie(runtime(), new.key, new.act))


def forget(response: Response, *cookies: str) -> None:
    """Take cookies away from the browser."""
    if SESSION in cookies:
        g.session_settled = True
    for cookie in cookies:
        response.delete_cookie(
            name_of(cookie), path="/", secure=runtime().settings.secure_cookies, httponly=True, samesite="Lax")


def renew(response: Response) -> Response:
    """Start the fifteen idle minutes again after every answer to a standing session."""
    visit = g.get("visit")
    if visit is not None and not g.get("session_settled"):
        keep_session(response, NewSession(visit.session_key, visit.proven_act))
    return response


def _set(response: Response, cookie: str, value: str) -> None:
    response.set_cookie(
        name_of(cookie), value, path="/", httponly=True, samesite="Lax", secure=runtime().settings.secure_cookies)
