"""From the door to the page: welcome, the one short check, and the emailed code."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import g, make_response, render_template, request, session, url_for
from werkzeug.wrappers import Response

from portal.domain.errors import Refusal
from portal.domain.identity import masked
from portal.routes.debtor.door import blueprint
from portal.routes.debtor.links import door_of_cookie
from portal.routes.shared import acts, browser, cookies
from portal.routes.shared.errors import status_of
from portal.routes.shared.frame import see_other
from portal.routes.shared.guard import greet, greet_at_door, visit_or_none
from portal.routes.shared.runtime import runtime
from portal.services import identity, sessions
from portal.services.links import Door
from portal.services.sessions import NewSession

LEADS_TO = {"balance": "debtor.balance", "pay_only": "debtor.pay_only", "check": "debtor.check",
            "code": "debtor.code"}


@blueprint.get("/welcome")
def welcome() -> Any:
    """Show whose page this is, and nothing of what is on it."""
    door = _standing_door()
    return render_template("debtor/welcome.html", door=door) if door else _ended()


@blueprint.post("/continue")
def step_in() -> Any:
    """Take the first step that is written down."""
    door = _standing_door()
    if door is None:
        return _ended()
    visit = visit_or_none()
    if visit is not None and visit.access.link_public_id == door.link_public_id:
        greet(visit)
        return see_other(url_for("debtor.pay_only" if visit.access.pay_only else "debtor.balance"))
    stepped = identity.step_in(runtime(), door.link_public_id, replaces=replaces())
    response = see_other(url_for(LEADS_TO[stepped.to]))
    if stepped.session is not None:
        return opened(response, door.link_public_id, stepped.session)
    cookies.keep_link(response, door.link_public_id, replaces() or "")
    return response


@blueprint.get("/check")
def check() -> Any:
    """Ask for the fact that is not in the email."""
    door = _standing_door()
    if door is None:
        return _ended()
    if door.fact == "none":
        return see_other(url_for("debtor.code"))
    left = identity.tries_left(runtime(), door.link_public_id)
    return _check_page(door, left, None)


@blueprint.post("/check")
def check_fact() -> Any:
    """Compare the fact."""
    door = _standing_door()
    if door is None:
        return _ended()
    try:
        new = identity.check_fact(
            runtime(), door.link_public_id, request.form.get("fact", ""), replaces=replaces())
    except Refusal as refusal:
        return _check_page(door, _tries(refusal, door), refusal), status_of(refusal)
    return opened(see_other(url_for("debtor.balance")), door.link_public_id, new)


@blueprint.get("/code")
def code() -> Any:
    """Offer to email a code, or ask for the one that was sent."""
    act = acts.known_act(request.args.get("for", acts.OPEN))
    link = _link_for(act)
    return _away() if link is None else _code_page(link, act, None)


@blueprint.post("/code/send")
def send_code() -> Any:
    """Email a code to the address on file."""
    act = acts.known_act(request.form.get("for", acts.OPEN))
    link = _link_for(act)
    if link is None:
        return _away()
    try:
        identity.send_code(runtime(), link, act)
    except Refusal as refusal:
        return _code_page(link, act, refusal), status_of(refusal)
    return see_other(acts.code_page(act))


@blueprint.post("/code")
def enter_code() -> Any:
    """Compare the code and open what it was asked for."""
    act = acts.known_act(request.form.get("for", acts.OPEN))
    link = _link_for(act)
    if link is None:
        return _away()
    try:
        new = identity.enter_code(
            runtime(), link, act, request.form.get("code", ""), replaces=replaces())
    except Refusal as refusal:
        return _code_page(link, act, refusal), status_of(refusal)
    return opened(see_other(url_for(acts.ENDPOINTS[act])), link, new)


def _standing_door() -> Door | None:
    named = cookies.link_named()
    door = door_of_cookie() if named and named[0].current else None
    if door is None or not door.standing:
        return None
    greet_at_door(door)
    return door


def _link_for(act: str) -> str | None:
    """Give the link a code is for: at the door the one that was opened, behind it the one of the session."""
    visit = visit_or_none()
    if visit is not None and not visit.access.pay_only:
        greet(visit)
        return visit.access.link_public_id
    if act != acts.OPEN:
        return None
    door = _standing_door()
    # A link that only pays leads nowhere else, whatever is entered; whoever holds it may be anybody.
    return door.link_public_id if door and not door.pay_only else None


def _check_page(door: Door, left: int, refusal: Refusal | None) -> str:
    return render_template("debtor/check.html", door=door, left=left, refusal=refusal)


def _code_page(link: str, act: str, refusal: Refusal | None) -> str:
    state = identity.code_state(runtime(), link, act)
    visit = visit_or_none()
    # Before the check even a masked address would tell whoever holds the link something about the debtor.
    address = masked(state.address) if visit is not None and state.address else ""
    return render_template(
        "debtor/code.html", act=act, state=state, address=address, refusal=refusal,
        back=url_for("debtor.balance") if visit else "")


def _tries(refusal: Refusal, door: Door) -> int:
    tries = refusal.params.get("tries")
    return tries if isinstance(tries, int) else identity.tries_left(runtime(), door.link_public_id)


def replaces() -> str | None:
    """Give the key of the session that the next step ends."""
    held, named = cookies.session_named(), cookies.link_named()
    if held is not None:
        return held.key
    return named[1] or None if named else None


def opened(response: Response, link_public_id: str, new: NewSession) -> Response:
    """Hand over the new session; forms of the one before it end, and a secret planted beforehand is worth nothing."""
    session.clear()
    cookies.keep_link(response, link_public_id)
    cookies.keep_session(response, new)
    return response


def opened_on_page(page: Callable[[], str], link_public_id: str, new: NewSession) -> Response:
    """Hand over the new session with a page in place of a way on, so that what was typed there stays."""
    visit = sessions.find(runtime(), new.key, new.act)
    if visit is None:
        raise Refusal("gone", "link_ended")
    greet(visit)
    # The forms on that page are the new session's: those of the one before it end.
    session.clear()
    g.pop(browser.FIELD, None)
    response = make_response(page())
    cookies.keep_link(response, link_public_id)
    cookies.keep_session(response, new)
    return response


def _away() -> Response:
    visit = visit_or_none()
    return see_other(url_for("debtor.pay_only")) if visit is not None and visit.access.pay_only else _ended()


def _ended() -> Response:
    return see_other(url_for("debtor.ended"))
