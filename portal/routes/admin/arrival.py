"""Where a person goes who has just come in, and what their browser is to the way in. Nobody chooses an address."""

from __future__ import annotations

from flask import flash, request, session, url_for
from werkzeug.wrappers import Response

from portal.domain.devices import named
from portal.routes.admin import desk
from portal.routes.shared.cookies import name_of
from portal.routes.shared.frame import see_other
from portal.routes.shared.runtime import runtime
from portal.services import first_run, staff_devices, staff_invitations, staff_recovery, staff_sessions
from portal.services.staff_sessions import StaffVisit
from portal.services.staff_sign_in import Browser
from portal.words.core import current

DEVICE = "portal_device_"


def browser() -> Browser:
    """Tell where this request comes from."""
    start = name_of(DEVICE)
    kept = {name.removeprefix(start): value for name, value in request.cookies.items() if name.startswith(start)}
    return Browser(desk.network(), named(request.headers.get("User-Agent", "")), kept)


def remember(response: Response, visit: StaffVisit) -> Response:
    """Let the browser keep that this person has come in with it by both steps; no one else's is touched."""
    response.set_cookie(
        name_of(f"{DEVICE}{visit.staff.public_id}"), staff_devices.cookie(runtime(), visit.staff.public_id),
        max_age=staff_devices.LASTS, path="/", httponly=True, samesite="Lax",
        secure=runtime().settings.secure_cookies)
    return response


def address_for(visit: StaffVisit) -> str:
    """Tell where a person goes on: the next step of signing in, an invitation, the first steps, or the day's work."""
    rt = runtime()
    if not visit.second_factor:
        step = "office.sign_in_code" if visit.staff.has_second_factor else "office.second_factor"
        return url_for(step)
    if staff_invitations.for_person(rt, visit):
        return url_for("office.businesses")
    if first_run.leads_there(rt, visit):
        return url_for("office.first_run")
    return url_for("office.dashboard" if visit.access else "office.businesses")


def opened(key: str, recovery_left: int | None = None) -> Response:
    """Hand over a new session and go on; forms opened before it end, so that none planted beforehand is of use."""
    found = staff_sessions.find(runtime(), key)
    assert found is not None
    session.clear()
    if recovery_left is not None:
        warn_of(recovery_left)
    response = desk.keep(see_other(address_for(found)), key)
    return remember(response, found) if found.second_factor else response


def warn_of(recovery_left: int) -> None:
    """Say when few recovery codes are left."""
    if recovery_left <= staff_recovery.FEW:
        flash(current().plural(
            "You have %(n)s recovery code left. Make new ones in your account.",
            "You have %(n)s recovery codes left. Make new ones in your account.", recovery_left), "wait")
