"""Nobody who asks decides where our emails, pages and redirects lead: not by a host, a proxy's word or a parameter."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, text
from werkzeug.test import TestResponse

from portal import create_app
from portal.db import Database
from portal.models import Message
from sandbox.stripe.server import StripeStandIn
from tests.borders import Cell, Theatre, cells, readable, row_of
from tests.cast import make_runtime
from tests.stage import set_stage

EVIL = "evil.example"
# What a proxy that is not ours, or a browser that lies, may say of where it is.
HEADERS = {
    "X-Forwarded-Host": EVIL, "X-Forwarded-Proto": "https", "X-Forwarded-Server": EVIL, "X-Forwarded-Port": "666",
    "X-Forwarded-Prefix": f"//{EVIL}", "X-Forwarded-For": EVIL, "Forwarded": f"host={EVIL};proto=https",
    "X-Host": EVIL, "X-Original-URL": f"https://{EVIL}/", "X-Rewrite-URL": f"https://{EVIL}/", "Origin": f"https://{EVIL}"}
HOSTS = (EVIL, f"portal.test@{EVIL}", f"{EVIL}:80", f"portal.test.{EVIL}", f"{EVIL}#portal.test", "", " ")
# Names under which other portals take an address to go on to.
ONWARD = ("next", "return_to", "return_url", "redirect", "redirect_uri", "url", "continue", "back", "r")
ADDRESS = re.compile(r"https?://[^/\s\"'<>)]+")


@pytest.fixture
def theatre(db: Database, tmp_path: Path) -> Iterator[Theatre]:
    with _open(db, tmp_path) as found:
        yield found


@contextmanager
def _open(db: Database, folder: Path) -> Iterator[Theatre]:
    now = datetime.now(UTC)
    stage = set_stage(db, folder, now)
    with StripeStandIn() as stand_in:
        rt = make_runtime(db, folder, clock=lambda: now, stripe_api_base=stand_in.url)
        yield Theatre(create_app(runtime=rt), rt, db, stage)


def test_every_mailing_route_writes_our_own_address(theatre: Theatre) -> None:
    _forget_emails(theatre)
    mailing = set()
    for cell in _readers(theatre):
        before = len(_emails(theatre))
        answer = _ask(theatre, cell, headers=HEADERS)
        assert EVIL not in readable(answer), cell
        if len(_emails(theatre)) > before:
            mailing.add(cell.endpoint)
    # Every route that may send something, as the table of borders reaches it.
    assert {"debtor.send_code", "debtor.send_fresh"} <= mailing
    for email in _emails(theatre):
        words = f"{email.subject}\n{email.body_text}\n{email.body_html}"
        assert EVIL not in words
        assert {found for found in ADDRESS.findall(words) if "portal" in found} <= {"http://portal.test"}, email.kind


@pytest.mark.parametrize("host", HOSTS)
def test_no_route_answers_to_another_host(theatre: Theatre, host: str) -> None:
    _forget_emails(theatre)
    for cell in _readers(theatre):
        answer = _ask(theatre, cell, headers={"Host": host})
        assert answer.status_code in (400, 404, 405), (cell, answer.status)
        assert EVIL not in answer.get_data(as_text=True)
    assert _emails(theatre) == []


def test_no_parameter_says_where_to_go_on(theatre: Theatre) -> None:
    for cell in _readers(theatre):
        for wanted in (f"https://{EVIL}/", f"//{EVIL}/", f"/\\{EVIL}"):
            answer = _ask(theatre, cell, query=dict.fromkeys(ONWARD, wanted))
            place = answer.headers.get("Location", "")
            assert EVIL not in place.split("?")[0], (cell, place)
            assert place.startswith(("/", "http://portal.test/", theatre.rt.settings.stripe_api_base)) or not place
            assert not place.startswith(("//", "/\\")), (cell, place)


def _readers(theatre: Theatre) -> list[Cell]:
    """Every route as the debtor whose things it is about, and as one whose link has ended."""
    return [cell for cell in cells(theatre.app) if cell.role in ("own", "expired") and cell.method in ("GET", "POST")
            and row_of(cell) is not None and cell.endpoint not in ("debtor.leave", "debtor.say_not_me")]


def _ask(theatre: Theatre, cell: Cell, headers: dict[str, str] | None = None,
         query: dict[str, str] | None = None) -> TestResponse:
    client, proof = theatre.client(cell.role)
    row = row_of(cell)
    assert row is not None
    form: dict[str, Any] = {name: value(theatre.stage.own) for name, value in row.form.items()}
    base = theatre.rt.settings.base_url
    path = theatre.path(cell.rule, theatre.stage.own)
    return client.open(
        path, method=cell.method, base_url=base, query_string=query if query and "?" not in path else None,
        data={**form, "csrf_token": proof} if cell.method == "POST" else None,
        headers={"Referer": f"{base}/", **(headers or {})})


def _forget_emails(theatre: Theatre) -> None:
    with theatre.db.engine.begin() as connection:
        connection.execute(text("DELETE FROM message"))


def _emails(theatre: Theatre) -> list[Message]:
    with theatre.db.reading() as session:
        return list(session.scalars(select(Message)))
