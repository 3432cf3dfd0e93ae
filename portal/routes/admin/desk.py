"""The office's blueprint and the guard in front of its pages: `@guarded("permission")`, or the view is unreachable.

Behind the guard `access()` is what services are handed. What is denied: no session → sign in; no second factor → that
step; no business → choose one; no permission → refused. Other businesses' things are not found, by every query.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from flask import Blueprint, flash, g, request, url_for
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
View = Callable[..., Any]
ENDED = N_("You have been signed out to keep the office safe. Nothing you saved is lost.")


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


def visit_or_none() -> StaffVisit | None:
    """Give who this browser is signed in as, at whatever step; asked once per request."""
    if "staff_visit" not in g:
        key = request.cookies.get(name_of(COOKIE), "")
        g.staff_visit = staff_sessions.find(runtime(), key) if key else None
    found: StaffVisit | None = g.staff_visit
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


def greet(found: StaffVisit) -> None:
    """Make a page one of this person: their language and the business's zone."""
    speak(found.words())


def keep(response: Response, key: str) -> Response:
    """Hand the browser its session."""
    response.set_cookie(name_of(COOKIE), key, path="/", httponly=True, samesite="Lax",
                        secure=runtime().settings.secure_cookies)
    return response


def forget(response: Response) -> Response:
    """Take the session away from the browser."""
    response.delete_cookie(name_of(COOKIE), path="/", httponly=True, samesite="Lax",
                           secure=runtime().settings.secure_cookies)
    return response


def _enter() -> Response | None:
    found = visit_or_none()
    if found is None:
        if name_of(COOKIE) in request.cookies:
            flash(current().text(ENDED))
        return forget(see_other(url_for("office.sign_in")))
    greet(found)
    if not found.second_factor:
        step = "office.sign_in_code" if found.staff.has_second_factor else "office.second_factor"
        return see_other(url_for(step))
    if found.access is None:
        return see_other(url_for("office.businesses"))
    staff_sessions.touch(runtime(), found)
    return None
