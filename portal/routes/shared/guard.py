"""The guard in front of every private page: `require_level(1)` resolves the session with one query or sends away.

Behind it `current_access()` is what services are handed, and `current_visit()` what pages show of the reader.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any

from flask import flash, g, request, url_for

from portal.domain.access import Access
from portal.domain.errors import Refusal
from portal.routes.shared import acts, assets, cookies
from portal.routes.shared.frame import host, see_other, speak
from portal.routes.shared.runtime import runtime
from portal.services import not_me, opt_out, sessions
from portal.services.links import Door
from portal.services.sessions import Visit
from portal.words.core import current
from portal.words.refusals import N_

View = Callable[..., Any]
PAUSED = N_("To keep your page private, it closes after 15 quiet minutes. Nothing was lost and nothing was charged.")


@dataclass(frozen=True)
class Reader:
    """What the frame of a page needs of its reader; before the check the level is 0."""

    level: int
    pay_only: bool = False
    stop_url: str = ""
    not_me_url: str = ""


def require_level(level: int, *, pay_only: bool = False, act: str = "") -> Callable[[View], View]:
    """Let a view run only for a standing session of this level; `pay_only` also lets links in that only pay.

    Level 2 needs a code that was entered for this very `act`.
    """

    def decorate(view: View) -> View:
        @wraps(view)
        def guarded(**values: Any) -> Any:
            away = _enter(level, pay_only, act)
            return view(**values) if away is None else away

        guarded.required_level = level  # type: ignore[attr-defined]
        return guarded

    return decorate


def current_access() -> Access:
    """Give the door of this request's debtor; only behind require_level()."""
    return current_visit().access


def current_visit() -> Visit:
    """Give who is reading; only behind require_level()."""
    visit: Visit = g.visit
    return visit


def visit_or_none() -> Visit | None:
    """Give the standing visit of this browser, if there is one, without demanding it; asked once per request."""
    if "found_visit" not in g:
        named = cookies.session_named()
        g.found_visit = None if named is None else sessions.find(runtime(), named.key, named.act)
    visit: Visit | None = g.found_visit
    return visit


def greet(visit: Visit) -> None:
    """Make a page one of this reader: their language, their business, their frame."""
    g.visit = visit
    host(visit.business)
    speak(visit.words)
    rt = runtime()
    stop = "" if visit.access.pay_only else assets.opened_by(
        opt_out.token(rt.settings, visit.debtor.public_id, rt.now()), "debtor.stop")
    g.reader = Reader(visit.access.level, visit.access.pay_only, stop_url=stop)


def greet_at_door(door: Door) -> None:
    """Make a page one before the check: the business and its words, and nothing of what lies behind."""
    host(door.business)
    speak(door.words)
    rt = runtime()
    token = not_me.token(rt.settings, door.debtor_public_id, door.not_me_word, rt.now())
    g.reader = Reader(0, door.pay_only, not_me_url="" if door.pay_only else url_for("debtor.not_me", token=token))


def _enter(level: int, pay_only: bool, act: str) -> Any:
    visit = visit_or_none()
    if visit is None:
        return _send_to_the_door()
    greet(visit)
    if visit.access.pay_only and not pay_only:
        if request.method in ("GET", "HEAD"):
            return see_other(url_for("debtor.pay_only"))
        raise Refusal("not_found", "unknown_page")
    if level > 1 and (visit.access.level < level or visit.proven_act != act):
        return see_other(acts.code_page(act))
    if request.method not in ("GET", "HEAD"):
        sessions.touch(runtime(), visit)
    return None


def _send_to_the_door() -> Any:
    named = cookies.link_named()
    paused = cookies.had_session()
    if paused:
        flash(current().text(PAUSED))
    if named is None and not paused:
        # Nobody we could write to: "open the link in our email again" is all that helps.
        return see_other(url_for("debtor.left"))
    response = see_other(url_for("debtor.welcome" if named and named[0].current else "debtor.ended"))
    if paused:
        cookies.forget(response, cookies.SESSION)
    return response
