"""The whole product for a browser: portal over HTTP or HTTPS, Stripe stand-in, mailbox and worker, on SQLite."""

from __future__ import annotations

import os
import shutil
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, Request, sync_playwright
from werkzeug.serving import make_server

from portal import create_app
from portal.db import Database
from portal.jobs.loop import Loop
from portal.runtime import Runtime
from sandbox.mailbox import Mailbox
from sandbox.stripe.server import StripeStandIn
from tests import databases
from tests.cast import CONNECT_SECRET, WEBHOOK_SECRET, make_runtime

CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser") or ""
# A walk of the office or of a way out is walked at one of them; the proofs of the pages look at each page at both.
NARROW, WIDE = WIDTHS = (360, 1280)
AXE = {"runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}}


@dataclass
class Product:
    """Everything that make demo starts, in one process."""

    url: str
    rt: Runtime
    stripe: StripeStandIn
    mailbox: Mailbox

    def work(self) -> None:
        """Let the worker do what is due."""
        self.stripe.control.wait_idle()
        Loop(self.rt).run_once()


@dataclass
class Watch:
    """What a page did that it should not: foreign hosts, errors in the console."""

    allowed: tuple[str, ...]
    foreign: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def look(self, request: Request) -> None:
        if not request.url.startswith((*self.allowed, "data:", "about:", "blob:")):
            self.foreign.append(request.url)


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@contextmanager
def running(folder: Path, *, https: bool, clock_of_stripe: bool = False) -> Iterator[Product]:
    """Start it all; with Stripe's clock, days pass for the whole product as the stand-in lets them pass.

    Its webhooks are signed at the real time, which would be old then: the worker asks for the events instead.
    """
    port = _free_port()
    url = f"{'https' if https else 'http'}://127.0.0.1:{port}"
    path, asked = folder / "portal.sqlite3", https or clock_of_stripe
    databases.migrate(f"sqlite:///{path}")
    db = Database(f"sqlite:///{path}")
    with Mailbox() as mailbox, StripeStandIn(
            None if asked else f"{url}/webhooks/stripe", WEBHOOK_SECRET,
            None if asked else f"{url}/webhooks/stripe/connect", CONNECT_SECRET) as stand_in:
        rt = make_runtime(
            db, folder, clock=lambda: datetime.fromtimestamp(stand_in.control.now(), UTC) if clock_of_stripe
            else datetime.now(UTC), base_url=url, stripe_api_base=stand_in.url,
            stripe_checkout_origins=stand_in.url, smtp_port=mailbox.smtp_port)
        server = make_server("127.0.0.1", port, create_app(rt.settings, rt), threaded=True,
                             ssl_context="adhoc" if https else None)
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        try:
            yield Product(url, rt, stand_in, mailbox)
        finally:
            server.shutdown()
            thread.join(timeout=10)
            server.server_close()
            db.dispose()


@pytest.fixture
def product(tmp_path: Path) -> Iterator[Product]:
    with running(tmp_path, https=False) as found:
        yield found


@pytest.fixture
def secure_product(tmp_path: Path) -> Iterator[Product]:
    with running(tmp_path, https=True) as found:
        yield found


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    if not CHROMIUM:
        if os.environ.get("REQUIRE_BROWSER"):
            pytest.fail("Chromium is required here and was not found")
        pytest.skip("no Chromium was found")
    with sync_playwright() as playwright:
        found = playwright.chromium.launch(
            executable_path=CHROMIUM,
            args=["--no-sandbox", "--disable-quic", "--no-first-run", "--disable-background-networking",
                  "--disable-component-update", "--disable-sync"])
        yield found
        found.close()


@contextmanager
def visitor(browser: Browser, width: int, watch: Watch, **more: object) -> Iterator[Page]:
    """Open a browser window of a width, watched for foreign requests and complaints of its console."""
    context: BrowserContext = browser.new_context(
        viewport={"width": width, "height": 800}, ignore_https_errors=True, **more)  # type: ignore[arg-type]
    context.set_default_timeout(15_000)
    page = context.new_page()
    page.on("request", watch.look)
    page.on("console", lambda message: watch.complaints.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: watch.complaints.append(str(error)))
    try:
        yield page
    finally:
        context.close()


def violations(page: Page) -> list[str]:
    """Name every breach of WCAG 2.2 AA that axe finds on a page, and any sideways scroll."""
    found = [f"{breach['id']}: {breach['nodes'][0]['html'][:160]}"
             for breach in Axe().run(page, options=AXE).response["violations"]]
    if page.evaluate("document.documentElement.scrollWidth > window.innerWidth"):
        found.append("the page scrolls sideways")
    return found
