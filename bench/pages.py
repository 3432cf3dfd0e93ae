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

SECONDS = 0.6
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
            # What every later request of a browser carries too.
            cookies += "".join(f"; {one.name}={one.value}" for one in page.cookies if one.name == "portal_forms")
            if page.status_code != 200 or "Autumn planting" not in page.text:
                raise AssertionError(f"the page answered {page.status_code}")
            file = prepared.folder / "page.html"
            file.write_text(page.text, "utf-8")
            say(f"a page of {len(page.content)} bytes")
            ours = [load.get(portal, "/balance", {"Cookie": cookies, **turns.visitor(n)}) for n in range(VISITORS)]

            def beside(name: str, yardstick: str, times: int) -> Figures:
                with turns.yardstick(yardstick, other, "/page/1", BENCH_PAGE=str(file)) as bare:
                    theirs = [load.get(bare, f"/page/{n % 1_000 + 1}", turns.visitor(n)) for n in range(VISITORS)]
                    return turns.in_turn(name, _side(portal, ours), _side(bare, theirs), times)

            return {**beside(f"page_vs_bare_flask_{SUFFIXES[kind]}", "page", rounds),
                    **beside(f"page_vs_plain_driver_{SUFFIXES[kind]}", "plain_page", min(rounds, turns.FEWER))}


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
            def side(server: turns.Served, cookies: str) -> turns.Side:
                return _side(server, [load.get(server, "/balance", {"Cookie": cookies, **turns.visitor(n)})
                                      for n in range(VISITORS)])

            return turns.in_turn("page_1m_vs_10k", side(few, requests_[0]), side(many, requests_[1]), rounds)


def _side(server: turns.Served, requests_: list[bytes]) -> turns.Side:
    return turns.Side(server, lambda _: load.for_seconds(
        server, requests_, seconds=SECONDS, connections=turns.CONNECTIONS))


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
