"""A visitor's browser for tests: follows links, keeps cookies, and sends forms as the page wrote them."""

from __future__ import annotations

import hashlib
import html
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from flask import Flask
from flask.testing import FlaskClient
from lxml import html as lxml_html
from sqlalchemy import inspect, select, text
from werkzeug.test import TestResponse

from portal import create_app
from portal.db import Database
from portal.models import AuditEvent, Debtor, Message, PortalLink
from portal.runtime import Runtime
from portal.services import links
from tests.cast import Clock, make_runtime

CODE = re.compile(r"\b(\d{6})\b")


@dataclass
class House:
    """One portal with a clock that tests move."""

    app: Flask
    rt: Runtime
    db: Database
    clock: Clock

    def browser(self, **environ: Any) -> Browser:
        return Browser(self.app.test_client(), environ=environ, base=self.rt.settings.base_url)

    def address(self, link: PortalLink) -> str:
        return links.url_of(self.rt.settings, link)

    def digest(self) -> str:
        """One fingerprint of every row of every table."""
        whole = hashlib.sha256()
        with self.db.engine.connect() as connection:
            for table in sorted(inspect(connection).get_table_names()):
                rows = sorted(repr(tuple(row)) for row in connection.execute(text(f"SELECT * FROM {table}")))
                whole.update(f"{table}:{rows}".encode())
        return whole.hexdigest()

    def emails(self, kind: str) -> list[Message]:
        with self.db.reading() as session:
            return list(session.scalars(select(Message).where(Message.kind == kind).order_by(Message.id)))

    def acts(self) -> list[str]:
        with self.db.reading() as session:
            return list(session.scalars(select(AuditEvent.act).order_by(AuditEvent.id)))

    def debtor(self, id: int) -> Debtor:
        with self.db.reading() as session:
            return session.get_one(Debtor, id)

    def link(self, id: int) -> PortalLink:
        with self.db.reading() as session:
            return session.get_one(PortalLink, id)

    def newest_code(self) -> str:
        found = CODE.search(self.emails("code")[-1].body_text)
        assert found is not None
        return found[1]


@dataclass
class Browser:
    """One browser. `page` is the last answer, its forms ready to be sent."""

    client: FlaskClient
    base: str
    environ: dict[str, Any] = field(default_factory=dict)
    page: TestResponse | None = None

    def get(self, address: str, *, follow: bool = True, **options: Any) -> TestResponse:
        self.page = self.client.get(
            _path(address), base_url=self.base, follow_redirects=follow, environ_overrides=self.environ, **options)
        return self.page

    def post(self, address: str, data: dict[str, str] | None = None, *, follow: bool = True,
             **options: Any) -> TestResponse:
        headers = {"Referer": self.base + "/", **options.pop("headers", {})}
        self.page = self.client.post(
            _path(address), data=data or {}, base_url=self.base, follow_redirects=follow,
            environ_overrides=self.environ, headers=headers, **options)
        return self.page

    def send(self, action: str, *, follow: bool = True, **typed: str) -> TestResponse:
        """Send the form of the page in hand that leads to `action`, with its hidden fields and what was typed."""
        form = next(form for form in self.forms() if _path(form.action) == action)
        return self.post(action, {**dict(form.form_values()), **typed}, follow=follow)

    def forms(self) -> list[Any]:
        return list(lxml_html.fromstring(self.text).forms)

    @property
    def text(self) -> str:
        assert self.page is not None
        return self.page.get_data(as_text=True)

    @property
    def words(self) -> str:
        """What a person reads, with entities and tags undone."""
        return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", self.text)).split())

    @property
    def path(self) -> str:
        assert self.page is not None
        return self.page.request.path

    def open(self, address: str) -> None:
        """Open an emailed link and press continue."""
        self.get(address)
        assert self.path == "/welcome", self.path
        self.send("/continue", follow=False)

    def enter(self, address: str, fact: str = "97301") -> None:
        """Open an emailed link and pass the check."""
        self.open(address)
        self.get("/check")
        self.send("/check", fact=fact, follow=False)


def _path(address: str) -> str:
    parts = urlsplit(address)
    return parts.path + (f"?{parts.query}" if parts.query else "")


def open_house(db: Database, folder: Path, clock: Clock, **changes: Any) -> House:
    """Start a portal on a database; the web answers through Flask's own WSGI entry."""
    rt = make_runtime(db, folder, clock, **changes)
    return House(create_app(runtime=rt), rt, db, clock)
