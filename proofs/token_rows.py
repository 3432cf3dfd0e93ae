"""Tokens at the real door, where rows decide too: revoked, ended to the second, and keys that rotate under a portal."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from flask.testing import FlaskClient
from pydantic import SecretStr

from portal import create_app
from portal.models import PortalLink
from portal.runtime import Runtime
from portal.services import links, not_me, opt_out, sessions
from proofs.harness import Databases, Figures
from tests.cast import Clock, Owed, make_runtime, someone_owes

NOON = datetime(2026, 11, 10, 20, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def at_the_door(kind: str) -> Figures:
    """Open links over HTTP at the edges of their time and after their end; counts tries and what passed."""
    with Databases(kind) as prepared, prepared.opened() as db:
        clock = Clock(NOON)
        rt = make_runtime(db, prepared.folder, clock, log_level="CRITICAL", link_keys=_key("a"))
        outcomes = _edges(rt, clock) + _revoked(rt, clock) + _misused(rt) + _rotated(rt, clock)
    tried = sum(not should for _, should in outcomes)
    return {"tokens_tried": tried, "tokens_tried_at_the_door": tried,
            "tokens_accepted": sum(passed and not should for passed, should in outcomes),
            "tokens_genuine": sum(should for _, should in outcomes),
            "tokens_genuine_refused": sum(should and not passed for passed, should in outcomes)}


def _key(sign: str) -> str:
    return f"link-key-{sign}-" + sign * 40


def _opens(rt: Runtime, address: str) -> bool:
    """Whether a link's address leads to a door that lets a reader go on."""
    client: FlaskClient = create_app(runtime=rt).test_client()
    base = rt.settings.base_url
    answer = client.get(address.removeprefix(base), base_url=base, follow_redirects=True)
    return answer.status_code == 200 and b'action="/continue"' in answer.get_data()


def _edges(rt: Runtime, clock: Clock) -> list[tuple[bool, bool]]:
    owed, found = someone_owes(rt.db, 100_00), []
    address, end = links.url_of(rt.settings, owed.link), owed.link.expires_at
    for moment, stands in ((end - SECOND, True), (end, False), (end + SECOND, False), (NOON, True)):
        clock.now = moment
        found.append((_opens(rt, address), stands))
    # The row ends a link even where its token would still stand, and the other way round.
    with rt.db.transaction() as session:
        session.get_one(PortalLink, owed.link.id).expires_at = NOON + SECOND
    for moment, stands in ((NOON, True), (NOON + SECOND, False)):
        clock.now = moment
        found.append((_opens(rt, address), stands))
    clock.now = NOON
    return found


def _revoked(rt: Runtime, clock: Clock) -> list[tuple[bool, bool]]:
    owed = someone_owes(rt.db, 100_00)
    cookie, found = _session(rt, owed), []
    found.append((_leads_inside(rt, cookie), True))
    clock.now = NOON + sessions.IDLE
    found.append((_leads_inside(rt, cookie), False))
    clock.now = NOON
    with rt.db.transaction() as session:
        links.revoke(session, clock.now, session.get_one(PortalLink, owed.link.id), "staff")
    found.append((_opens(rt, links.url_of(rt.settings, owed.link)), False))
    found.append((_leads_inside(rt, cookie), False))
    return found


def _session(rt: Runtime, owed: Owed) -> str:
    with rt.db.transaction() as session:
        key = sessions.start(session, rt.now(), owed.link, 1, replaces=None)
    return sessions.cookie(rt, key)


def _leads_inside(rt: Runtime, cookie: str) -> bool:
    """Whether a session's cookie is let in: /rights leads to the business's own page, not to the door."""
    client = create_app(runtime=rt).test_client()
    client.set_cookie("portal_visit", cookie, domain="portal.test")
    answer = client.get("/rights", base_url=rt.settings.base_url)
    return answer.headers.get("Location", "").startswith("/b/")


def _misused(rt: Runtime) -> list[tuple[bool, bool]]:
    """Every kind of token at every other kind's door."""
    owed = someone_owes(rt.db, 100_00)
    settings, base = rt.settings, rt.settings.base_url
    texts = {
        "/l/": links.url_of(settings, owed.link).rsplit("/", 1)[1],
        "/stop/": opt_out.token(settings, owed.debtor.public_id, rt.now()),
        "/not-me/": not_me.url_of(settings, owed.debtor, rt.now()).rsplit("/", 1)[1]}
    cookies = [_session(rt, owed), links.door_cookie(rt, owed.link.public_id)]
    found = []
    for door in texts:
        for made_for, text in [*texts.items(), *(("cookie", one) for one in cookies)]:
            client = create_app(runtime=rt).test_client()
            answer = client.get(f"{door}{text}", base_url=base)
            passed = answer.status_code == 200 or answer.headers.get("Location") == "/welcome"
            found.append((passed, door == made_for))
    found += [(_leads_inside(rt, text), False) for text in [*texts.values(), cookies[1]]]
    return found


def _rotated(rt: Runtime, clock: Clock) -> list[tuple[bool, bool]]:
    """A key is added, then the old one dropped: links that are out stand until then and not after."""
    owed = someone_owes(rt.db, 100_00)
    before = links.url_of(rt.settings, owed.link)
    found = []
    for keys, old_stands in ((_key("a"), True), (f"{_key('a')},{_key('b')}", True), (_key("b"), False)):
        turned = Runtime(settings=rt.settings.model_copy(update={
            "link_keys": tuple(SecretStr(key) for key in keys.split(","))}), db=rt.db,
            stripe=rt.stripe, mail=rt.mail, files=rt.files, clock=clock)
        found.append((_opens(turned, before), old_stands))
        found.append((_opens(turned, links.url_of(turned.settings, owed.link)), True))
    return found
