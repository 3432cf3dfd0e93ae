"""The page a debtor opens most, beside a bare page of the same bytes; and in a table a hundred times as long."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import requests

from bench import load, seed, turns, yardsticks
from portal.db import Database
from portal.services import links, sessions
from proofs.harness import Databases, Figures, say
from tests.cast import Owed, make_business, make_debtor, make_invoice, make_link, make_offer, make_runtime

SECONDS = 2.0
VISITORS = 2_000
SUFFIXES = {"sqlite": "sqlite", "postgresql": "postgres"}


def against_bare(kind: str, rounds: int) -> Figures:
    """The balance of a debtor with two open invoices, one late and one with a discount, lines and all."""
    with Databases(kind) as prepared, prepared.opened() as db, prepared.fresh() as other:
        cookies = _reader(db, prepared.folder)
        url = _url(db)
        yardsticks.prepare(other)
        with turns.portal(url) as portal:
            page = requests.get(f"{portal}/balance", headers={"Cookie": cookies}, timeout=30)
            if page.status_code != 200 or "Autumn planting" not in page.text:
                raise AssertionError(f"the page answered {page.status_code}")
            file = prepared.folder / "page.html"
            file.write_text(page.text.replace("</h1>", f"{yardsticks.HOLE}</h1>", 1), "utf-8")
            with turns.yardstick("page", other, "/page/1", BENCH_PAGE=str(file)) as bare:
                ours = [load.get(portal, "/balance", {"Cookie": cookies, **turns.visitor(n)}) for n in range(VISITORS)]
                theirs = [load.get(bare, f"/page/{n % 1_000 + 1}", turns.visitor(n)) for n in range(VISITORS)]
                name = f"page_vs_bare_flask_{SUFFIXES[kind]}"
                found, spread = turns.ratio(
                    name, lambda _: _rate(portal, ours), lambda _: _rate(bare, theirs), rounds)
    say(f"{name}: {found}, noise {spread}; {len(page.content)} bytes")
    return {name: found, f"{name}_noise": spread}


def in_a_long_table(rounds: int, *, short: int = 10_000, long: int = 1_000_000) -> Figures:
    """The same page among ten thousand invoices and among a million, on PostgreSQL."""
    with Databases("postgresql") as prepared, prepared.opened() as small, prepared.opened() as big:
        urls, requests_ = [], []
        for db, invoices in ((small, short), (big, long)):
            say(f"writing {invoices} invoices")
            seed.fill(db, invoices)
            urls.append(_url(db))
            requests_.append(_reader(db, prepared.folder))
        with turns.portal(urls[0]) as few, turns.portal(urls[1]) as many:
            def rate(url: str, cookies: str) -> float:
                return _rate(url, [load.get(url, "/balance", {"Cookie": cookies, **turns.visitor(n)})
                                   for n in range(VISITORS)])

            found, spread = turns.ratio("page_1m_vs_10k", lambda _: rate(few, requests_[0]),
                                        lambda _: rate(many, requests_[1]), rounds)
    say(f"page_1m_vs_10k: {found}, noise {spread}")
    return {"page_1m_vs_10k": found, "page_1m_vs_10k_noise": spread}


def _rate(url: str, requests_: list[bytes]) -> float:
    found = load.for_seconds(url, requests_, seconds=SECONDS, connections=turns.CONNECTIONS)
    if found.errors:
        raise AssertionError(f"{found.errors} of {found.answers} answers were errors")
    return found.rate


def _url(db: Database) -> str:
    return db.engine.url.render_as_string(hide_password=False)


def _reader(db: Database, folder: Path) -> str:
    """Put a debtor on the books and open their page; gives the cookies of the session."""
    owed = helen(db)
    rt = make_runtime(db, folder, clock=lambda: datetime.now(UTC))
    with db.transaction() as session:
        key = sessions.start(session, rt.now(), owed.link, 1, replaces=None)
    door = links.door_cookie(rt, owed.link.public_id)
    return f"portal_visit={sessions.cookie(rt, key)}; portal_link={door}"


def helen(db: Database) -> Owed:
    """A debtor as they come: two invoices with lines, one late, one with a discount that runs."""
    now, today = datetime.now(UTC), datetime.now(UTC).date()
    with db.transaction() as session:
        business = make_business(session, created_at=now)
        debtor = make_debtor(session, business, created_at=now)
        late = make_invoice(session, debtor, 596_50, due_on=today - timedelta(days=23), now=now)
        planting = make_invoice(session, debtor, 1_681_80, due_on=_later(today), now=now, title="Autumn planting")
        make_offer(session, planting, 33_64, now + timedelta(days=9), created_at=now)
        link = make_link(session, debtor, created_at=now, expires_at=now + timedelta(days=30))
    return Owed(business, debtor, link, [late, planting])


def _later(today: date) -> date:
    return today + timedelta(days=26)
