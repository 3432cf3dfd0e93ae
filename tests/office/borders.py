"""Walks every route of the office by every method as every role of two businesses, and as those who have no seat there.

What is refused must change nothing; what is accepted must be one's own, and leaves one audit event for each act. Each
accepted act meets a database of its own, so that no act stands in the way of another.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from flask import Flask, session
from flask.testing import FlaskClient
from flask_wtf.csrf import generate_csrf
from sqlalchemy import func, make_url, select
from werkzeug.exceptions import HTTPException
from werkzeug.routing import Rule
from werkzeug.test import TestResponse

from portal import create_app
from portal.db import Database
from portal.domain.roles import PERMISSIONS, ROLES
from portal.models import AuditEvent
from portal.runtime import Runtime
from tests import databases
from tests.agreements.staged import print_papers
from tests.borders import METHODS, Theatre, digest, outcome, readable
from tests.cast import make_runtime
from tests.office.matrix import OfficeRow
from tests.office.people import cookie_of
from tests.office.stage import OfficeStage, rows, set_office_stage

OUTSIDERS = ("anonymous", "half", "dismissed", "debtor")
PLACES = ("own", "other")
SIGN_IN = ("303 /office/sign-in", "303 /office/second-factor", "303 /office/businesses")
# Sessions and limits move with every request of a person; they are nobody's books.
RESTLESS = {"staff_session"}
_addresses = itertools.count(1)


@dataclass(frozen=True)
class Cell:
    """One request that will be made: who asks for what, by which method."""

    rule: Rule
    method: str
    role: str
    place: str = ""
    proven: bool = True

    def __str__(self) -> str:
        who = f"{self.place} {self.role}".strip()
        return f"{who}: {self.method} {self.rule.endpoint}" + ("" if self.proven else " without proof")


class OfficeTheatre:
    """A portal whose database can be exchanged, so that every accepted act begins from the same stage."""

    rt: Runtime
    app: Flask
    stage: OfficeStage

    def __init__(self, kind: str, folder: Path, now: datetime, **changes: str) -> None:
        self.kind, self.folder, self.now, self._changes = kind, folder, now, changes
        self.rows = rows()

    @contextmanager
    def opened(self, migrated: str, word: str = "") -> Iterator[OfficeTheatre]:
        """Set the stage once, called by a word if one is given; `migrated` is a template of an empty database."""
        with databases.fresh(self.kind, migrated, self.folder) as url:
            self._set(Database(url), word)
            self._template = url.removeprefix("sqlite:///") if self.kind == "sqlite" else str(make_url(url).database)
            with self.exchanged() as shared:
                self.rt = replace(self.rt, db=shared)
                self.app.extensions["portal"] = self.rt
                yield self

    def _set(self, db: Database, word: str) -> None:
        """Furnish the database every other one is a copy of, with everybody's session in it."""
        self.stage = set_office_stage(db, self.folder, self.now, word)
        self.rt = make_runtime(db, self.folder, clock=lambda: self.now, log_level="CRITICAL", **self._changes)
        print_papers(self.rt)
        self.app = create_app(runtime=self.rt)
        # A debtor's own page stands open in this browser.
        debtor = Theatre(self.app, self.rt, db, self.stage.debtors).held("own")
        self._seats = {("debtor", "", True): debtor, ("anonymous", "", True): {}}
        for place, part in (("own", self.stage.own), ("other", self.stage.other)):
            for role in ROLES:
                for proven in (True, False):
                    self._seats[role, place, proven] = dict([
                        cookie_of(self.app, part.staff[role], part.part.business, proven=proven)])
        manager, dismissed, business = (
            self.stage.own.staff["manager"], self.stage.own.staff["dismissed"], self.stage.own.part.business)
        self._seats["half", "", True] = dict([cookie_of(self.app, manager, business, second_factor=False)])
        self._seats["dismissed", "", True] = dict([cookie_of(self.app, dismissed, business)])
        db.dispose()

    @contextmanager
    def exchanged(self) -> Iterator[Database]:
        """Give a fresh copy of the stage's database."""
        with databases.fresh(self.kind, self._template, self.folder) as url:
            db = Database(url)
            try:
                yield db
            finally:
                db.dispose()

    @contextmanager
    def alone(self) -> Iterator[Database]:
        """Let what follows happen on a database of its own."""
        with self.exchanged() as db:
            self.app.extensions["portal"] = replace(self.rt, db=db)
            try:
                yield db
            finally:
                self.app.extensions["portal"] = self.rt

    def ask(self, cell: Cell) -> TestResponse:
        """Make one request in a fresh browser from an address of its own, about the own business's things."""
        client, proof = self._browser(cell)
        row = self.rows.get((cell.rule.endpoint, "GET" if cell.method == "HEAD" else cell.method))
        data = {name: value(self.stage.own) for name, value in row.form.items()} if row else {}
        number = next(_addresses)
        return client.open(
            self.path(cell.rule), method=cell.method, base_url=self.rt.settings.base_url,
            data={**data, "csrf_token": proof} if cell.method not in ("GET", "HEAD") else None,
            headers={"Referer": self.rt.settings.base_url + "/office/"},
            environ_overrides={"REMOTE_ADDR": f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"})

    def path(self, rule: Rule) -> str:
        """Fill a route's address with the own business's things."""
        row = next(self.rows[key] for key in ((rule.endpoint, "GET"), (rule.endpoint, "POST")) if key in self.rows)
        values = {name: value(self.stage.own) for name, value in row.target.items()}
        return str(self.app.url_map.bind("portal.test").build(rule.endpoint, values))

    def _browser(self, cell: Cell) -> tuple[FlaskClient, str]:
        client = self.app.test_client()
        base = self.rt.settings.base_url
        with self.app.test_request_context(base_url=base):
            proof, secret = generate_csrf(), session["csrf_token"]
        with client.session_transaction(base_url=base) as kept:
            kept["csrf_token"] = secret
        for name, value in self._seats[cell.role, cell.place, cell.proven].items():
            client.set_cookie(name, value, domain=base.split("//")[1].split(":")[0])
        return client, proof


def office_rules(app: Flask) -> list[Rule]:
    """Every route of the office."""
    return [rule for rule in app.url_map.iter_rules() if rule.endpoint.startswith("office.")]


def offered(app: Flask) -> set[tuple[str, str]]:
    """Every route of the office by every method it takes."""
    return {(rule.endpoint, method) for rule in office_rules(app)
            for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}}


def cells(theatre: OfficeTheatre) -> list[Cell]:
    """Every route by every method as everybody; an address that another route answers is that route's own cell.

    A route without any row cannot be asked for; that it has none is a finding of its own.
    """
    known = {endpoint for endpoint, _ in theatre.rows}
    rules = [rule for rule in office_rules(theatre.app) if rule.endpoint in known]
    found = []
    for rule, method in itertools.product(rules, METHODS):
        if _answered_by_another(theatre, rule, method):
            continue
        found += [Cell(rule, method, role, place) for role, place in itertools.product(ROLES, PLACES)]
        found += [Cell(rule, method, role) for role in OUTSIDERS]
        row = theatre.rows.get((rule.endpoint, method))
        if row is not None and row.proof:
            found.append(Cell(rule, method, "owner", "own", proven=False))
    return found


def tells_most(theatre: OfficeTheatre, cell: Cell) -> bool:
    """Say whether a cell is one of the few beside a border; the proof of the office walks them all.

    Between the least role that may and the first that may not lies the border: roles above and below say the same
    again. A method no route takes is refused before anyone is asked who they are. Outsiders take turns.
    """
    if cell.method not in (cell.rule.methods or set()):
        return cell.role == "owner" and cell.place == "own"
    if cell.role in OUTSIDERS:
        return cell.role in ("anonymous", OUTSIDERS[1 + len(cell.rule.endpoint) % (len(OUTSIDERS) - 1)])
    row = theatre.rows.get((cell.rule.endpoint, "GET" if cell.method == "HEAD" else cell.method))
    may = [role for role in ROLES if row is not None and role in PERMISSIONS.get(row.permission, ())]
    beside = {"owner", *may[-1:], *[role for role in ROLES if role not in may][:1]}
    return cell.role in (beside if cell.place == "own" else {"owner"})


def _answered_by_another(theatre: OfficeTheatre, rule: Rule, method: str) -> bool:
    try:
        endpoint, _ = theatre.app.url_map.bind("portal.test").match(theatre.path(rule), method)
    except HTTPException:
        return False
    return bool(endpoint != rule.endpoint)


def expected(theatre: OfficeTheatre, cell: Cell) -> tuple[str, ...]:
    """What a request may get: a status, and the beginning of where it leads; () where anything safe will do."""
    row = _row(theatre, cell)
    if row is None:
        return ("405",)
    if row.permission == "":
        return ()
    if cell.role in OUTSIDERS:
        return SIGN_IN
    if cell.role not in PERMISSIONS[row.permission]:
        return ("403",)
    if not cell.proven:
        return ("403", "422")
    if cell.place == "other" or not _theirs(row, cell):
        return row.others or ()
    return (row.own,)


def _theirs(row: OfficeRow, cell: Cell) -> bool:
    return row.whose in ("", cell.role)


def walk(theatre: OfficeTheatre, wanted: list[Cell], step: Callable[[], None] = lambda: None) -> list[str]:
    """Make all requests; returns what was not as the table says."""
    wrong, before = [], _books(theatre.rt.db)
    for rule, of_rule in itertools.groupby(wanted, key=lambda cell: cell.rule):
        for cell in of_rule:
            step()
            if _is_act(theatre, cell):
                wrong += _act(theatre, cell)
            else:
                wrong += _judged(theatre, cell, theatre.ask(cell))
        # Whatever was read or refused must have left everything as it was.
        after = _books(theatre.rt.db)
        wrong += [f"{rule.endpoint}: what was read or refused changed {table}" for table in before
                  if before[table] != after[table]]
        before = after
    return wrong


def own_acts(theatre: OfficeTheatre, wanted: list[Cell]) -> list[Cell]:
    """The requests that are accepted and must show or do something of one's own."""
    return [cell for cell in wanted if cell.place == "own" and (_is_act(theatre, cell) or _shows(theatre, cell))]


def _act(theatre: OfficeTheatre, cell: Cell) -> list[str]:
    row = _row(theatre, cell)
    assert row is not None
    with theatre.alone() as db:
        before = _audits(db)
        answer = theatre.ask(cell)
        left = _audits(db) - before
    wrong = _judged(theatre, cell, answer)
    wanted = 1 if row.audits is None else row.audits
    if cell.place == "own" and left != wanted:
        wrong.append(f"{cell} left {left} audit events instead of {wanted}")
    return wrong


def _judged(theatre: OfficeTheatre, cell: Cell, answer: TestResponse) -> list[str]:
    may, got = expected(theatre, cell), outcome(answer)
    wrong = []
    if answer.status_code >= 500 or (may and not any(got == one or (" " in one and got.startswith(one))
                                                      for one in may)):
        wrong.append(f"{cell} got {got} instead of {' or '.join(may) or 'anything but an error'}")
    seen = readable(answer)
    if cell.place != "own":
        wrong += [f"{cell} reads {mark}" for mark in _foreign(theatre, cell) if mark in seen]
    elif _shows(theatre, cell) and not any(mark in seen for mark in theatre.stage.own.part.secrets):
        wrong.append(f"{cell} does not show its own things")
    return wrong


def _foreign(theatre: OfficeTheatre, cell: Cell) -> list[str]:
    rows = [row for (endpoint, _), row in theatre.rows.items() if endpoint == cell.rule.endpoint]
    asked = [value(theatre.stage.own) for row in rows for value in (*row.target.values(), *row.form.values())]
    # What was asked for by its name may be said again; what lies behind the name may not.
    return [mark for mark in theatre.stage.secrets() if not any(mark in one for one in asked)]


def _row(theatre: OfficeTheatre, cell: Cell) -> OfficeRow | None:
    if cell.method not in (cell.rule.methods or set()):
        return None
    return theatre.rows.get((cell.rule.endpoint, "GET" if cell.method == "HEAD" else cell.method))


def _is_act(theatre: OfficeTheatre, cell: Cell) -> bool:
    row = _row(theatre, cell)
    if row is None or cell.method in ("GET", "HEAD") or not cell.proven:
        return False
    if row.permission == "":
        return True
    accepted = cell.role in PERMISSIONS[row.permission]
    return accepted and ((cell.place == "own" and _theirs(row, cell)) or (cell.place == "other" and not row.others))


def _shows(theatre: OfficeTheatre, cell: Cell) -> bool:
    row = _row(theatre, cell)
    return (row is not None and row.canary and cell.method != "HEAD" and cell.place == "own" and _theirs(row, cell)
            and cell.role in PERMISSIONS.get(row.permission, ()))


def _audits(db: Database) -> int:
    with db.reading() as reading:
        return reading.scalar(select(func.count()).select_from(AuditEvent)) or 0


def _books(db: Database) -> dict[str, str]:
    return {table: json.dumps(rows) for table, rows in digest(db).items() if table not in RESTLESS}
