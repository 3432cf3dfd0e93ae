"""Every debtor page in a real browser: accessible, at home on every width, loading nothing foreign, and light."""

from __future__ import annotations

import gzip
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, Response, sync_playwright
from playwright.sync_api import TimeoutError as PlaywrightTimeout
from sqlalchemy import Engine, event, text

from proofs import dispute_states, plan_states, settlement_states
from proofs.borders import open_theatre
from proofs.dispute_states import Reader
from proofs.harness import Figures, Steps, free_port, say
from proofs.page_states import (
    State,
    first_visit,
    states,
    who_owes_nothing,
    whose_invoice_is_away,
    whose_transfers_ended,
)
from tests import databases
from tests.borders import Theatre, cells, row_of
from tests.browser.conftest import CHROMIUM, Watch, violations
from tests.live import serve
from tests.stage import OWN

SCREENS = Path(__file__).resolve().parents[1] / "build" / "screens"
FLAGS = ["--no-sandbox", "--disable-quic", "--no-first-run", "--disable-background-networking",
         "--disable-component-update", "--disable-sync"]
# Of width, scheme and language every two meet in each of their forms in one of these; all three at once only tell more
# where two already differ.
LOOKS = ((360, "light", "en"), (360, "dark", "es"), (1280, "light", "es"), (1280, "dark", "en"))
QUICK_ONE_IN = 5
STATEMENTS = ("SELECT", "WITH", "INSERT", "UPDATE", "DELETE")
# What a server in front packs; pictures and fonts are packed already.
PACKED = ("text/", "application/javascript", "image/svg")


def run(quick: bool) -> Figures:
    """Look at every page in every state, in every width, scheme and language; then weigh the first visit."""
    queries = {f"{kind} {page}": count for kind in databases.KINDS for page, count in _queries(kind).items()}
    port = free_port()
    with open_theatre("sqlite", base_url=f"http://127.0.0.1:{port}", trusted_hosts="127.0.0.1") as theatre, \
            serve(theatre.app, port), sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        weight, parts = _weigh(browser, theatre)
        figures = _look(browser, theatre, quick)
        browser.close()
    say("first visit, gzip -6 as a proxy packs it, fonts and pictures as they are: " + ", ".join(
        f"{name} {size / 1024:.1f}" for name, size in sorted(parts.items(), key=lambda part: -part[1])))
    balance = [count for page, count in queries.items() if page.endswith(" debtor.balance")]
    return {**figures, "debtor_page_kb_gzip": round(weight / 1024, 1), "debtor_page_queries": max(balance),
            "debtor_page_queries_most": max(queries.values())}


def _look(browser: Browser, theatre: Theatre, quick: bool) -> Figures:
    found = complaints = pages = 0
    questioned, planned = dispute_states.to_read(theatre), plan_states.to_read(theatre)
    settled = settlement_states.to_read(theatre)
    transfers, ended = whose_transfers_ended(theatre)
    others = {"transfers": (transfers, 1), "nothing": (who_owes_nothing(theatre), 1),
              "away": (whose_invoice_is_away(theatre), 1), **questioned.readers, **planned.readers, **settled.readers}
    wanted = [*questioned.states(), *planned.states(), *settled.states(), *ended, *states(theatre)]
    looks = LOOKS[1:3] if quick else LOOKS
    wanted = wanted[::QUICK_ONE_IN] if quick else wanted
    steps = Steps("pages", len(wanted) * len(looks))
    for width, scheme, language in looks:
        _mend(theatre, language)
        for state in wanted:
            watch = Watch((theatre.rt.settings.base_url,))
            with _window(browser, theatre, watch, state, (width, scheme, language), others) as page:
                wrong = _go(page, theatre, state) + violations(page)
                _picture(page, f"{state.name}-{width}-{scheme}-{language}")
            # A page that answers 404 is a complaint of the browser's, and here what was asked for.
            said = [one for one in watch.complaints if "Failed to load resource" not in one]
            complaints_here = [*watch.foreign, *said]
            for one in [*wrong, *complaints_here][:3]:
                say(f"{state.name} {width} {scheme} {language}: {one}")
            found, complaints, pages = found + len(wrong), complaints + len(complaints_here), pages + 1
            steps.step()
    return {"debtor_pages": pages, "debtor_page_states": len(wanted), "axe_violations": found,
            "debtor_page_complaints": complaints}


@contextmanager
def _window(browser: Browser, theatre: Theatre, watch: Watch, state: State, look: tuple[int, str, str],
            others: Mapping[str, Reader]) -> Iterator[Page]:
    width, scheme, language = look
    context = browser.new_context(
        viewport={"width": width, "height": 800}, color_scheme=scheme, locale=language)  # type: ignore[arg-type]
    context.set_default_timeout(15_000)
    reader = {"door": (theatre.stage.own.owed.link, 0), **others}.get(state.who)
    held = theatre.held_on(*reader) if reader else {} if state.who == "nobody" else theatre.held(state.who)
    base = theatre.rt.settings.base_url
    context.add_cookies([{"name": name, "value": value, "url": base} for name, value in held.items()])
    page = context.new_page()
    page.on("request", watch.look)
    page.on("console", lambda message: watch.complaints.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: watch.complaints.append(str(error)))
    try:
        yield page
    finally:
        context.close()


def _go(page: Page, theatre: Theatre, state: State) -> list[str]:
    """Go to a state; says when it is not the one that was meant."""
    answer = page.goto(theatre.rt.settings.base_url + state.path)
    if state.act is not None:
        try:
            with page.expect_navigation() as going:
                state.act(page)
        except PlaywrightTimeout:
            return [f"what is pressed leads nowhere from {page.url}"]
        answer = going.value
    if answer is None or answer.status != state.status:
        return [f"answered {answer and answer.status}, not {state.status}"]
    return []


def _picture(page: Page, name: str) -> None:
    SCREENS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=SCREENS / f"{name}.png", full_page=True)


def _mend(theatre: Theatre, language: str) -> None:
    """Let the debtors speak a language, and forget what the looks before have used up."""
    with theatre.db.engine.begin() as connection:
        connection.execute(text("UPDATE debtor SET locale = :language, opted_out_at = NULL"), {"language": language})
        for table in ("identity_attempt", "one_time_code", "message"):
            connection.execute(text(f"DELETE FROM {table}"))


def _weigh(browser: Browser, theatre: Theatre) -> tuple[float, dict[str, int]]:
    """Everything a browser with an empty cache fetches from the email's link to a balance that has everything."""
    parts: dict[str, int] = {}

    def weigh(answer: Response) -> None:
        if answer.status == 200 and not answer.url.startswith("data:"):
            body = answer.body()
            packs = answer.headers.get("content-type", "").startswith(PACKED)
            parts[answer.url.split("?")[0].rsplit("/", 1)[1]] = len(gzip.compress(body, 6)) if packs else len(body)

    context = browser.new_context(viewport={"width": 360, "height": 800})
    page = context.new_page()
    page.on("response", weigh)
    page.goto(first_visit(theatre))
    page.locator("form[action='/continue'] button").click()
    page.fill("[name=fact]", OWN.digits)
    with page.expect_navigation(url="**/balance", wait_until="networkidle"):
        page.locator("form[action='/check'] button").first.click()
    context.close()
    return sum(parts.values()), parts


def _queries(kind: str) -> dict[str, int]:
    """Count what each private page asks one kind of database for a debtor who has everything."""
    asked: list[str] = []

    def note(*call: Any) -> None:
        asked.append(call[2])

    found = {}
    with open_theatre(kind) as theatre:
        event.listen(Engine, "before_cursor_execute", note)
        try:
            for cell in cells(theatre.app):
                row = row_of(cell)
                if cell.role != "own" or cell.method != "GET" or row is None or row.kind != "private" or not row.canary:
                    continue
                client, _ = theatre.client("own")
                asked.clear()
                client.get(theatre.path(cell.rule, theatre.stage.own), base_url=theatre.rt.settings.base_url)
                found[cell.endpoint] = sum(one.lstrip().upper().startswith(STATEMENTS) for one in asked)
        finally:
            event.remove(Engine, "before_cursor_execute", note)
    say(f"{kind}: queries: {found}")
    return found
