"""What people call themselves, their firms and their invoices is text on every page, never a part of it."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from portal import create_app
from portal.db import Database
from tests import databases
from tests.borders import Theatre, cells, row_of
from tests.browser.conftest import Watch, visitor
from tests.cast import make_business, make_runtime
from tests.live import serve
from tests.stage import OWN, Stage, furnish

pytestmark = pytest.mark.browser

# Out of an attribute, out of a title and a script, and into a template that would be rendered twice.
PACK = ("\"'><img src=x data-planted onerror=planted()></title></textarea></style></script>"
        "<script data-planted>planted()</script><a href='javascript:planted()' data-planted>x</a>{{7*7}}{%endblock%}")
SEEN = "{{7*7}}"


@pytest.fixture
def theatre(tmp_path: Path) -> Iterator[Theatre]:
    """Somebody whose every word is hostile, and so is the business's; both have everything."""
    path = tmp_path / "portal.sqlite3"
    databases.migrate(f"sqlite:///{path}")
    db, now = Database(f"sqlite:///{path}"), datetime.now(UTC)
    with _served(db, tmp_path, now) as found:
        yield found
    db.dispose()


@contextmanager
def _served(db: Database, folder: Path, now: datetime) -> Iterator[Theatre]:
    rt = make_runtime(db, folder, clock=lambda: now, trusted_hosts="127.0.0.1")
    marks = dataclasses.replace(OWN, word=PACK)
    with db.transaction() as session:
        business = make_business(
            session, name=PACK, legal_name=PACK, contact_name=PACK, postal_address=PACK, created_at=now,
            contact_hours={"en": PACK, "es": PACK}, where_to_check={"en": PACK, "es": PACK},
            bank_details=[[PACK, PACK]])
    own = furnish(db, rt.files, business, marks, now, email="hostile@canary.example", number=f"{PACK}80911")
    app = create_app(rt.settings, rt)
    with serve(app) as url:
        # The address is known only now; the pages are made from it.
        rt = dataclasses.replace(rt, settings=rt.settings.model_copy(update={"base_url": url}))
        yield Theatre(app, rt, db, Stage(own, own, own))


def test_names_titles_and_numbers_never_become_a_part_of_a_page(theatre: Theatre, browser: Browser) -> None:
    shown, looked, sent = 0, 0, 0
    for who, paths in _pages(theatre).items():
        watch = Watch((theatre.rt.settings.base_url,))
        with visitor(browser, 1280, watch) as page:
            _hold(theatre, page, who)
            for path in paths:
                address = theatre.rt.settings.base_url + path
                page.goto(address)
                _is_harmless(page, watch, path)
                looked += 1
                shown += SEEN in page.inner_text("body")
                sent += _type_into_every_form(page, watch, address)
    # A page that shows nothing of it would prove nothing.
    assert looked >= 20 and shown >= 15 and sent >= 3, (looked, shown, sent)


def _pages(theatre: Theatre) -> dict[str, list[str]]:
    """Every page that anyone can read, by who reads it."""
    found: dict[str, list[str]] = {}
    for cell in cells(theatre.app):
        row = row_of(cell)
        reader = {"paying": "pay_only", "door": "link_only"}.get(row.kind, "own") if row else ""
        if cell.method != "GET" or cell.role != reader:
            continue
        path = theatre.path(cell.rule, theatre.stage.own)
        client, _ = theatre.client(reader)
        answer = client.get(path, base_url=theatre.rt.settings.base_url)
        if answer.mimetype == "text/html" and not answer.location:
            found.setdefault(reader, []).append(path)
    return found


def _hold(theatre: Theatre, page: Page, who: str) -> None:
    base = theatre.rt.settings.base_url
    page.context.add_cookies(
        [{"name": name, "value": value, "url": base} for name, value in theatre.held(who).items()])


def _is_harmless(page: Page, watch: Watch, path: str) -> None:
    assert page.locator("[data-planted]").count() == 0, path
    assert page.locator("a[href^='javascript:']").count() == 0, path
    # Whatever the browser was asked to run and refused stands in its console.
    said = [one for one in watch.complaints if "Failed to load resource" not in one]
    assert said == [] and watch.foreign == [], path
    assert "{{7*7}}" in page.content() or "49{%" not in page.content(), path


def _type_into_every_form(page: Page, watch: Watch, address: str) -> int:
    sent = 0
    for place in range(page.locator("form").count()):
        texts = page.locator("form").nth(place).locator("input:not([type]), input[type=text], textarea")
        if not texts.count():
            continue
        for number in range(texts.count()):
            texts.nth(number).evaluate("(field, text) => { field.value = text }", PACK)
        with page.expect_navigation():
            page.locator("form").nth(place).evaluate("form => form.submit()")
        _is_harmless(page, watch, f"what was sent from {address}")
        page.goto(address)
        sent += 1
    return sent
