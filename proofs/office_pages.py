"""Every page of the office in a real browser: accessible on every width, theme and language, and deaf to scripts."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import product

from playwright.sync_api import Browser, Page, sync_playwright
from sqlalchemy import text

from proofs import dispute_states, import_states, plan_states, settlement_states
from proofs.harness import Databases, Figures, Steps, free_port, say
from proofs.pages import FLAGS, SCREENS
from sandbox.stripe.server import StripeStandIn
from tests.browser.conftest import CHROMIUM, Watch, violations, visitor
from tests.live import serve
from tests.office.borders import OfficeTheatre, office_rules
from tests.office.people import cookie_of

# Out of what a text may stand in, and into something that would run.
WAYS_OUT = ("", '">', "'>", "</title>", "</textarea>", "</script>", "</style>", "-->", "]]>", "</option></select>",
            "</svg>")
VECTORS = ("<script data-planted>planted()</script>", "<img src=x data-planted onerror=planted()>",
           "<svg data-planted onload=planted()>", "<a data-planted href='javascript:planted()'>x</a>",
           "<iframe data-planted srcdoc='<script>parent.planted()</script>'></iframe>")
# Every text carries all ways out of one vector: what the first of them cannot leave, the next one may.
PAYLOADS = tuple(tuple(f"{out}{vector}" for out in WAYS_OUT) for vector in VECTORS)
SEEN = "{{7*7}}"
# Every width, every scheme and every language.
LOOKS = ((360, "light", "en"), (1280, "dark", "es"))
PLANTED = "[data-planted], a[href^='javascript:'], iframe[srcdoc]"


def run(quick: bool) -> Figures:
    """Look at all pages as they are meant, then with every name being a pack of payloads."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        figures = {**_looks(browser, quick), **_payloads(browser, PAYLOADS[:1] if quick else PAYLOADS)}
        browser.close()
    return figures


def _looks(browser: Browser, quick: bool) -> Figures:
    looks = LOOKS[:1] if quick else LOOKS
    found = complaints = 0
    with _theatre() as theatre:
        pages = _pages(theatre)
        steps = Steps("pages of the office", len(pages) * len(looks))
        for (width, scheme, language), (endpoint, path) in product(looks, pages.items()):
            _speak(theatre, language)
            watch = Watch((theatre.rt.settings.base_url,))
            with visitor(browser, width, watch, color_scheme=scheme, locale=language) as page:
                _sit_down(theatre, page)
                page.goto(theatre.rt.settings.base_url + path)
                wrong = violations(page)
                SCREENS.mkdir(parents=True, exist_ok=True)
                page.screenshot(path=SCREENS / f"{endpoint}-{width}-{scheme}-{language}.png", full_page=True)
            said = _complaints(watch)
            for one in [*wrong, *said][:3]:
                say(f"{endpoint} {width} {scheme} {language}: {one}")
            found, complaints = found + len(wrong), complaints + len(said)
            steps.step()
    return {"admin_pages": len(pages) * len(looks), "admin_axe_violations": found, "admin_page_complaints": complaints}


def _payloads(browser: Browser, packs: tuple[tuple[str, ...], ...]) -> Figures:
    ran = looked = shown = 0
    steps = Steps("packs of payloads in the office", len(packs))
    for pack in packs:
        with _theatre("".join(pack) + SEEN) as theatre:
            watch = Watch((theatre.rt.settings.base_url,))
            with visitor(browser, 1280, watch) as page:
                _sit_down(theatre, page)
                for endpoint, path in _pages(theatre).items():
                    page.goto(theatre.rt.settings.base_url + path)
                    said = _complaints(watch)
                    alive = page.locator(PLANTED).count() + len(said)
                    if alive:
                        say(f"{endpoint}: something of {pack[0]} is alive: {said[:1]}")
                    watch.complaints.clear()
                    watch.foreign.clear()
                    ran, looked = ran + bool(alive), looked + 1
                    shown += SEEN in page.inner_text("body")
        steps.step()
    return {"admin_script_payloads": sum(map(len, packs)), "admin_script_pages_looked_at": looked,
            "admin_script_pages_showing_it": shown, "admin_script_payloads_run": ran}


def _complaints(watch: Watch) -> list[str]:
    """What a page fetched from elsewhere or failed at; a browser complains of a 410 too, which was asked for."""
    return [*watch.foreign, *(one for one in watch.complaints if "Failed to load resource" not in one)]


@contextmanager
def _theatre(word: str = "") -> Iterator[OfficeTheatre]:
    port = free_port()
    with Databases("sqlite") as prepared, StripeStandIn() as stand_in:
        theatre = OfficeTheatre(
            "sqlite", prepared.folder, datetime.now(UTC), stripe_api_base=stand_in.url,
            base_url=f"http://127.0.0.1:{port}", trusted_hosts="127.0.0.1")
        with theatre.opened(prepared.template, word), serve(theatre.app, port):
            yield theatre


def _pages(theatre: OfficeTheatre) -> dict[str, str]:
    """The address of every page an owner can read; a preview in a sandbox runs nothing, not even what looks at it."""
    found = {}
    seat = cookie_of(theatre.app, theatre.stage.own.staff["owner"], theatre.stage.own.part.business, proven=True)
    for rule in office_rules(theatre.app):
        row = theatre.rows.get((rule.endpoint, "GET"))
        if row is None:
            continue
        client = theatre.app.test_client()
        client.set_cookie(*seat, domain="127.0.0.1")
        answer = client.get(theatre.path(rule), base_url=theatre.rt.settings.base_url)
        sandboxed = "sandbox" in answer.headers.get("Content-Security-Policy", "")
        if answer.mimetype == "text/html" and not answer.location and not sandboxed:
            found[rule.endpoint] = theatre.path(rule)
    return {**found, **dispute_states.to_decide(theatre), **plan_states.to_run(theatre),
            **settlement_states.to_decide(theatre), **import_states.brought_in(theatre)}


def _sit_down(theatre: OfficeTheatre, page: Page) -> None:
    name, value = cookie_of(
        theatre.app, theatre.stage.own.staff["owner"], theatre.stage.own.part.business, proven=True)
    page.context.add_cookies([{"name": name, "value": value, "url": theatre.rt.settings.base_url}])


def _speak(theatre: OfficeTheatre, language: str) -> None:
    with theatre.rt.db.engine.begin() as connection:
        connection.execute(text("UPDATE staff SET locale = :language"), {"language": language})
