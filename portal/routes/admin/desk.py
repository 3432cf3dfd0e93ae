"""The office's blueprint and the guard in front of its pages: `@guarded("permission")`, or the view is unreachable.

Behind the guard `access()` is what services are handed. What is denied: no session → sign in; no second factor → that
step; no business → choose one; no permission → refused. Other businesses' things are not found, by every query.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from functools import wraps
from typing import Any

from flask import Blueprint, Request, flash, g, request, url_for
from flask.blueprints import BlueprintSetupState
from flask_login import LoginManager, UserMixin, current_user
from werkzeug.wrappers import Response

from portal.domain.roles import PERMISSIONS, StaffAccess
from portal.routes.shared.cookies import name_of
from portal.routes.shared.frame import see_other, speak
from portal.routes.shared.runtime import runtime
from portal.services import staff_sessions
from portal.services.staff_sessions import StaffVisit
from portal.words.core import current
from portal.words.refusals import N_

blueprint = Blueprint("office", __name__, url_prefix="/office")

COOKIE = "portal_office"
SAFE = ("GET", "HEAD", "OPTIONS")
View = Callable[..., Any]
ENDED = N_("You have been signed out to keep the office safe. Nothing you saved is lost.")


class StaffUser(UserMixin):  # type: ignore[misc]
    """Who Flask-Login's `current_user` is in the office; nobody while no session of ours stands."""

    def __init__(self, visit: StaffVisit) -> None:
        self.visit = visit
        self.name = visit.staff.name

    def get_id(self) -> str:
        """Give the person's public id."""
        return self.visit.staff.public_id


def _manager() -> LoginManager:
    manager = LoginManager()
    # Our own signed cookie names the session; the one of forms and languages never says who somebody is.
    manager.session_protection = None
    manager.request_loader(_find)
    return manager


def _find(asked: Request) -> StaffUser | None:
    key = staff_sessions.read_cookie(runtime(), asked.cookies.get(name_of(COOKIE), ""))
    found = staff_sessions.find(runtime(), key) if key else None
    return StaffUser(found) if found else None


@blueprint.record_once
def _install(state: BlueprintSetupState) -> None:
    # There is no "remember me". Without a name of our own, a cookie left by another program of this host would be read.
    state.app.config["REMEMBER_COOKIE_NAME"] = f"{COOKIE}_never"
    _manager().init_app(state.app, add_context_processor=False)


@blueprint.context_processor
def _person() -> dict[str, Any]:
    """Give every page of the office who is at the desk."""
    return {"current_user": current_user}


def guarded(permission: str) -> Callable[[View], View]:
    """Let a view run only for staff of a business whose role has this permission."""
    assert permission in PERMISSIONS

    def decorate(view: View) -> View:
        @wraps(view)
        def behind(**values: Any) -> Any:
            away = _enter()
            if away is not None:
                return away
            access().require(permission)
            return view(**values)

        behind.permission = permission  # type: ignore[attr-defined]
        return behind

    return decorate


def signed_in(view: View) -> View:
    """Let a view run for whoever has passed both steps, with a business or without: their own account."""

    @wraps(view)
    def behind(**values: Any) -> Any:
        away = _enter(business_needed=False)
        return view(**values) if away is None else away

    return behind


def visit_or_none() -> StaffVisit | None:
    """Give who this browser is signed in as, at whatever step; asked once per request."""
    found: StaffVisit | None = current_user.visit if current_user.is_authenticated else None
    return found


def visit() -> StaffVisit:
    """Give who is at the desk; only behind the guard."""
    found = visit_or_none()
    assert found is not None
    return found


def access() -> StaffAccess:
    """Give whose business and what role this request has; only behind the guard."""
    found = visit().access
    assert found is not None
    return found


def proven(at: datetime) -> None:
    """From here on in this request the person has shown again that it is them."""
    found = visit()
    acts = replace(found.access, stepped_up_at=at) if found.access else None
    current_user.visit = replace(found, stepped_up_at=at, access=acts)


def greet(found: StaffVisit) -> None:
    """Make a page one of this person: their language and the business's zone."""
    speak(found.words())


def network() -> str:
    """Give the address this request came from, as far as our own proxies vouch for it."""
    return request.remote_addr or ""


def keep(response: Response, key: str) -> Response:
    """Hand the browser its session; nothing later in this request renews another."""
    g.office_settled = True
    response.set_cookie(name_of(COOKIE), staff_sessions.cookie(runtime(), key), path="/", httponly=True,
                        samesite="Lax", secure=runtime().settings.secure_cookies)
    return response


def forget(response: Response) -> Response:
    """Take the session away from the browser."""
    g.office_settled = True
    response.delete_cookie(name_of(COOKIE), path="/", httponly=True, samesite="Lax",
                           secure=runtime().settings.secure_cookies)
    return response


@blueprint.after_request
def _renew(response: Response) -> Response:
    """Start the idle minutes again after every answer to a standing session."""
    found = visit_or_none()
    return response if found is None or g.get("office_settled") else keep(response, found.session_key)


def _enter(*, business_needed: bool = True) -> Response | None:
    found = visit_or_none()
    if found is None:
        if name_of(COOKIE) in request.cookies:
            flash(current().text(ENDED))
        return forget(see_other(url_for("office.sign_in")))
    greet(found)
    if not found.second_factor:
        step = "office.sign_in_code" if found.staff.has_second_factor else "office.second_factor"
        return see_other(url_for(step))
    if found.access is None and business_needed:
        return see_other(url_for("office.businesses"))
    if request.method not in SAFE:
        staff_sessions.touch(runtime(), found)
    return None
