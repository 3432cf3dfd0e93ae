"""Walks every route by every method as every kind of reader, and says what each should have got.

Cells come from the URL map; what each owes its reader comes from tests/matrix.py.
"""

from __future__ import annotations

import io
import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from flask import Flask, session
from flask.testing import FlaskClient
from flask_wtf.csrf import generate_csrf
from pypdf import PdfReader
from pypdf.errors import PyPdfError
from sqlalchemy import inspect, text
from werkzeug.routing import Rule
from werkzeug.test import TestResponse

from portal.db import Database
from portal.models import PortalLink
from portal.routes.shared import cookies
from portal.runtime import Runtime
from portal.services import brands, feedback_links, links, not_me, opt_out, sessions
from tests.matrix import LAST, ROWS, Row
from tests.stage import PAY_ONLY_MINOR, Part, Stage

ROLES = ("neighbour", "stranger", "anonymous", "expired", "revoked", "pay_only", "link_only", "own")
# Their things are the own debtor's things too; what they do must not move the debtor's money all the same.
OF_OWN = ("expired", "revoked", "pay_only", "link_only")
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
MONEY = ("payment", "hold", "ledger_account", "offer", "portal_link", "message")
# The token in an email's address is the proof: mail programs press this by themselves (RFC 8058).
PROVEN_BY_ADDRESS = ("debtor.stop_now",)
_addresses = itertools.count(1)


@dataclass(frozen=True)
class Cell:
    """One request that will be made, and the rule it goes through."""

    endpoint: str
    method: str
    role: str
    rule: Rule

    def __str__(self) -> str:
        return f"{self.role}: {self.method} {self.endpoint}"


@dataclass
class Theatre:
    """A portal on the stage's database."""

    app: Flask
    rt: Runtime
    db: Database
    stage: Stage

    def client(self, role: str) -> tuple[FlaskClient, str]:
        """Give a browser in a role, its session and cookies as the door would have set them, and a form's proof."""
        client = self.app.test_client()
        with self.app.test_request_context(base_url=self.rt.settings.base_url):
            proof = generate_csrf()
            secret = session["csrf_token"]
        with client.session_transaction(base_url=self.rt.settings.base_url) as kept:
            kept["csrf_token"] = secret
        host = self.rt.settings.base_url.split("//")[1].split(":")[0]
        for name, value in self.held(role).items():
            client.set_cookie(name, value, domain=host)
        return client, proof

    def held(self, role: str) -> dict[str, str]:
        """The cookies of a role: which link was opened, and the session it has come to."""
        link, level = self._standing(role)
        return {} if link is None else self.held_on(link, level)

    def held_on(self, link: PortalLink, level: int, act: str = "") -> dict[str, str]:
        """The cookies of whoever opened a link and came to a level, with a code entered for an act."""
        with self.app.test_request_context(base_url=self.rt.settings.base_url):
            names = {cookie: cookies.name_of(cookie) for cookie in (cookies.LINK, cookies.SESSION)}
        found = {names[cookies.LINK]: links.door_cookie(self.rt, link.public_id)}
        if level:
            with self.db.transaction() as writing:
                key = sessions.start(writing, self.rt.now(), link, level, replaces=None)
            found[names[cookies.SESSION]] = sessions.cookie(self.rt, key, act)
        return found

    def _standing(self, role: str) -> tuple[PortalLink | None, int]:
        own = self.stage.own
        return {
            "own": (own.owed.link, 1), "neighbour": (self.stage.neighbour.owed.link, 1),
            "stranger": (self.stage.stranger.owed.link, 1), "anonymous": (None, 0), "expired": (own.expired, 1),
            "revoked": (own.revoked, 1), "pay_only": (own.pay_only, 1), "link_only": (own.owed.link, 0)}[role]

    def path(self, rule: Rule, part: Part) -> str:
        """Fill a route's address with the things of one debtor."""
        row = ROWS.get((rule.endpoint, "GET")) or ROWS[rule.endpoint, "POST"]
        values = {name: value(part) for name, value in row.target.items()} | self.signed(rule, part)
        built = self.app.url_map.bind("portal.test").build(rule.endpoint, values)
        return str(built)

    def signed(self, rule: Rule, part: Part) -> dict[str, str]:
        """The parts of a route's address that only the portal itself can make."""
        settings, now = self.rt.settings, self.rt.now()
        if rule.endpoint == "debtor.open":
            return {"token": links.url_of(settings, part.owed.link).rsplit("/", 1)[1]}
        if rule.rule.startswith("/stop/"):
            return {"token": opt_out.token(settings, part.debtor.public_id, now)}
        if rule.rule.startswith("/not-me/"):
            return {"token": not_me.url_of(settings, part.debtor, now).rsplit("/", 1)[1]}
        if rule.rule.startswith("/feedback/"):
            return {"token": feedback_links.token(settings, part.payments["received"].public_id, now)}
        view = brands.view(part.business)
        return {"brand.css": {"name": view.css_name}, "brand.logo": {"name": view.logo_name or ""}}.get(
            rule.endpoint, {})

    def ask(self, cell: Cell, proof: str | None = None) -> TestResponse:
        """Make one request in a fresh browser, from an address of its own; with its form's proof, or another."""
        client, genuine = self.client(cell.role)
        proof = genuine if proof is None else proof
        row = row_of(cell)
        data = {name: value(self.stage.own) for name, value in row.form.items()} if row else {}
        number = next(_addresses)
        return client.open(
            self.path(cell.rule, self.stage.own), method=cell.method, base_url=self.rt.settings.base_url,
            data={**data, "csrf_token": proof} if cell.method != "GET" and cell.method != "HEAD" else None,
            headers={"Referer": self.rt.settings.base_url + "/"},
            environ_overrides={"REMOTE_ADDR": f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"})

    def digest_of_own(self) -> str:
        """Every row that says whose money and arrangements the own debtor's are."""
        found = []
        with self.db.engine.connect() as connection:
            for table in MONEY:
                rows = connection.execute(
                    text(f"SELECT * FROM {table} WHERE debtor_id = {self.stage.own.debtor.id}"))
                found.append(f"{table}:{sorted(repr(tuple(row)) for row in rows)}")
        return "\n".join(found)


def digest(db: Database) -> dict[str, str]:
    """One fingerprint for each table, of all its rows."""
    with db.engine.connect() as connection:
        return {
            table: repr(sorted(repr(tuple(row)) for row in connection.execute(text(f"SELECT * FROM {table}"))))
            for table in sorted(inspect(connection).get_table_names())}


def cells(app: Flask) -> list[Cell]:
    """Every route by every method and role: others' requests before the own, and last what ends things for all."""
    rules = debtors_rules(app)
    taken = {(rule.rule, method) for rule in rules for method in rule.methods or ()}
    # An address that another route answers by this method is that route's own cell.
    found = [
        Cell(rule.endpoint, method, role, rule) for role in ROLES for rule in rules for method in METHODS
        if method in (rule.methods or set()) or (rule.rule, method) not in taken]
    return sorted(found, key=lambda cell: (_ends_things(cell), cell.role == "own"))


def _ends_things(cell: Cell) -> int:
    return LAST.index(cell.endpoint) + 1 if cell.endpoint in LAST and cell.method == "POST" else 0


def rules_without_a_row(app: Flask) -> list[str]:
    """Routes that joined without saying who may pass."""
    return [f"{method} {rule.endpoint}" for rule, method in _offered(app) if (rule.endpoint, method) not in ROWS]


def rows_without_a_rule(app: Flask) -> list[str]:
    """Rows of routes that are gone."""
    offered = {(rule.endpoint, method) for rule, method in _offered(app)}
    return [f"{method} {endpoint}" for endpoint, method in ROWS if (endpoint, method) not in offered]


def _offered(app: Flask) -> Iterator[tuple[Rule, str]]:
    for rule in debtors_rules(app):
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
            yield rule, method


def debtors_rules(app: Flask) -> list[Rule]:
    """Every route but the office's, whose borders are walked by tests/office with tables of their own."""
    return [rule for rule in app.url_map.iter_rules() if not rule.endpoint.startswith("office.")]


def row_of(cell: Cell) -> Row | None:
    """The row that speaks of a request; None when the route does not take its method."""
    return ROWS.get((cell.endpoint, "GET" if cell.method == "HEAD" else cell.method))


def expected(cell: Cell) -> tuple[str, ...]:
    """What a request may get: statuses, with the beginning of where a redirect leads."""
    row = row_of(cell)
    if row is None or cell.method not in (cell.rule.methods or set()):
        return ("405",)
    if row.kind in ("public", "token", "machine"):
        return (row.own,)
    if row.kind == "door":
        return _at_the_door(cell, row)
    return _behind_the_check(cell, row)


def _at_the_door(cell: Cell, row: Row) -> tuple[str, ...]:
    if cell.role in ("own", "link_only"):
        return (row.own, "303 /check") if cell.role == "link_only" else (row.own,)
    # Everybody stands at their own door; nothing of a debt is on these pages for anyone.
    return (row.own, "200", "410", "422", "409", "303 /")


def _behind_the_check(cell: Cell, row: Row) -> tuple[str, ...]:
    if cell.role in ("anonymous", "expired", "revoked", "link_only"):
        return row.away
    if cell.role == "pay_only":
        if row.kind == "private":
            return ("303 /pay-only",) if cell.method in ("GET", "HEAD") else ("404",)
        return ("404",) if row.others else (row.own,)
    if row.kind == "paying":
        # Whoever has a whole page pays there.
        return ("303 /balance", "303 /pay-only", "404")
    if cell.role in ("neighbour", "stranger"):
        # Without a name of another's thing, everybody gets their own.
        return row.others or (row.own, "303 /balance", "303 /pay", "422", "409")
    return (row.own,)


def outcome(answer: TestResponse) -> str:
    """A status, and where it leads."""
    place = answer.headers.get("Location", "")
    return f"{answer.status_code} {place}".strip()


def fits(cell: Cell, answer: TestResponse) -> bool:
    """Say whether a request got what it may get."""
    got = outcome(answer)
    return any(got == one or (" " in one and got.startswith(one)) for one in expected(cell))


def leaked(cell: Cell, answer: TestResponse, stage: Stage) -> list[str]:
    """Every mark in an answer that its reader must not see."""
    parts = {"own": stage.own, "neighbour": stage.neighbour, "stranger": stage.stranger}
    mine = parts.get(cell.role)
    seen = readable(answer)
    found = []
    for part in parts.values():
        if part is not mine:
            found += [mark for mark in _forbidden(cell, part, stage) if mark in seen]
    return found


def _forbidden(cell: Cell, part: Part, stage: Stage) -> list[str]:
    marks = list(part.secrets)
    row = row_of(cell)
    if row is not None and part is stage.own:
        # What was asked for by its name may be said again; what lies behind the name may not.
        asked = [value(part) for value in (*row.target.values(), *row.form.values())]
        marks = [mark for mark in marks if not any(mark in one for one in asked)]
    if cell.role == "pay_only" and part is stage.own:
        # The reference it pays under names the account's number, and its own sum stands on it.
        marks = [mark for mark in marks if mark != part.marks.digits and mark != f"{PAY_ONLY_MINOR}"]
    return marks


def readable(answer: TestResponse) -> str:
    """Everything a reader gets: headers, text, and the words inside a PDF."""
    body = answer.get_data()
    head = "\n".join(f"{name}: {value}" for name, value in answer.headers if name.lower() != "set-cookie")
    if body.startswith(b"%PDF"):
        return f"{head}\n{body.decode('latin-1')}\n{_words_of_pdf(body)}"
    return f"{head}\n{body.decode('utf-8', 'replace')}"


def _words_of_pdf(body: bytes) -> str:
    try:
        return "\n".join(page.extract_text() for page in PdfReader(io.BytesIO(body)).pages)
    except (PyPdfError, KeyError, AttributeError, ValueError):
        return ""


def is_own(cell: Cell) -> bool:
    """Say whether a request is for a page of the reader's own, on which their own things must be seen."""
    row = row_of(cell)
    return row is not None and row.canary and cell.method != "HEAD" and (
        cell.role == ("pay_only" if row.kind == "paying" else "own"))


def shows_its_own(cell: Cell, answer: TestResponse, stage: Stage) -> bool:
    """Say whether a reader's own page really shows their own things, so that no empty page passes for a safe one."""
    marks = (f"{PAY_ONLY_MINOR / 100:.2f}",) if cell.role == "pay_only" else stage.own.secrets
    seen = readable(answer)
    return answer.status_code == 200 and any(mark in seen for mark in marks)


def walk(theatre: Theatre, wanted: list[Cell], step: Any = None) -> list[str]:
    """Make every request; returns what went wrong, in words."""
    wrong = []
    for cell in wanted:
        before = theatre.digest_of_own() if _may_not_move(cell) else ""
        answer = theatre.ask(cell)
        if not fits(cell, answer):
            wrong.append(f"{cell} got {outcome(answer)}, not {' or '.join(expected(cell))}")
        wrong += [f"{cell} shows {mark}" for mark in leaked(cell, answer, theatre.stage)]
        if is_own(cell) and not shows_its_own(cell, answer, theatre.stage):
            wrong.append(f"{cell} does not show the reader's own things")
        if before and theatre.digest_of_own() != before:
            wrong.append(f"{cell} moved what belongs to the own debtor")
        if step:
            step()
    return wrong


def unproven(theatre: Theatre) -> tuple[int, list[str]]:
    """Send every form of the own debtor with no proof, a made-up one and another browser's; gives those taken."""
    tried, wrong, before = 0, [], digest(theatre.db)["payment"]
    for cell in cells(theatre.app):
        row = row_of(cell)
        if cell.role != "own" or cell.method != "POST" or row is None or row.kind == "machine":
            continue
        if cell.endpoint in PROVEN_BY_ADDRESS:
            continue
        for proof in ("", "made-up", theatre.client("own")[1]):
            tried += 1
            if (answer := theatre.ask(cell, proof)).status_code != 400:
                wrong.append(f"{cell} without its own proof got {outcome(answer)}")
    if digest(theatre.db)["payment"] != before:
        wrong.append("forms without a proof moved money")
    return tried, wrong


def _may_not_move(cell: Cell) -> bool:
    """Say whether a request must leave all that belongs to the own debtor as it is."""
    row = row_of(cell)
    if row is None:
        return cell.role != "own"
    if cell.role in ("neighbour", "stranger", "anonymous"):
        return row.kind != "token"
    return cell.role in OF_OWN and row.kind == "private"
