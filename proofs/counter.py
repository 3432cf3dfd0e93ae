"""A portal beside a Stripe stand-in in this very process, and what people do to both. Used by races and simulation."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.db import Database
from portal.domain.quotes import Choice
from portal.models import Invoice, Payment
from portal.runtime import Runtime
from portal.services import bookkeeping, fetching, inbox, payments
from portal.services.bookkeeping import Part
from portal.services.payments import new_number
from sandbox.stripe.server import StripeStandIn
from tests.cast import Owed, make_debtor, make_invoice, make_link, make_runtime

KINDS = ("payment_intent", "refund", "dispute", "balance_transaction", "checkout.session")


@dataclass
class Counter:
    """One portal and one Stripe; remembers which events it has heard."""

    rt: Runtime
    stripe: StripeStandIn
    heard: int = 0

    @classmethod
    def open(cls, db: Database, stripe: StripeStandIn, folder: Path,
             clock: Callable[[], datetime] | None = None) -> Counter:
        """Put a portal beside a stand-in."""
        return cls(make_runtime(db, folder, clock or (lambda: datetime.now(UTC)), stripe_api_base=stripe.url,
                                stripe_timeout_seconds=20), stripe)

    def owes(self, business: Any, *totals: int) -> Owed:
        """A debtor of a business who owes some sums."""
        now = self.rt.now()
        with self.rt.db.transaction() as session:
            debtor = make_debtor(session, business)
            link = make_link(session, debtor, expires_at=now.replace(year=now.year + 5))
            invoices = [make_invoice(session, debtor, total, now=now) for total in totals]
        return Owed(business, debtor, link, invoices)

    def start(self, owed: Owed, total: int, choice: Choice | None = None) -> str:
        """Start a checkout; gives the id of its page."""
        url = payments.start_checkout(self.rt, owed.access, choice or Choice("USD"), expected_total_minor=total)
        return url.rstrip("/").split("/")[-1].split("?")[0].split("#")[0]

    def paid(self, owed: Owed, total: int, choice: Choice | None = None) -> Payment:
        """A debtor pays on the hosted page; the portal has not heard of it yet."""
        page = self.start(owed, total, choice)
        self.stripe.control.press(page, "pay")
        with self.rt.db.reading() as session:
            return session.scalars(select(Payment).where(Payment.checkout_session == page)).one()

    def news(self) -> list[dict[str, Any]]:
        """The events nobody has told the portal of yet, oldest first; asked for once, they count as told."""
        # What falls due now has happened before anybody looks, however busy the machine is.
        self.stripe.control.advance(0)
        # Only the new rows are read: the control's own list reads every event there ever was.
        rows = self.stripe._store.run("SELECT seq, body FROM object WHERE kind = 'event' AND seq > ? ORDER BY seq",
                                      self.heard)
        self.heard = max((row["seq"] for row in rows), default=self.heard)
        return [json.loads(row["body"]) for row in rows]

    def tell(self, events: list[dict[str, Any]]) -> None:
        """Let the portal book events."""
        for event in events:
            inbox.receive_event(self.rt, event)

    def hear(self) -> None:
        """Let the portal hear of all there is, and fetch what the events left out."""
        fresh = True
        while fresh:
            events = self.news()
            self.tell(events)
            fresh = bool(fetching.fetch_due(self.rt, 200)) or bool(events)

    def cash(self, owed: Owed, amount: int) -> None:
        """Staff take cash for the first invoice."""
        def work(session: Session) -> None:
            bookkeeping.receive_outside(
                session, owed.debtor, [Part(session.get_one(Invoice, owed.invoices[0].id), amount)], channel="cash",
                amount=amount, reference="", received_at=self.rt.now(), now=self.rt.now(), number=new_number())
        self.rt.db.run(work)

    def give_up(self, owed: Owed) -> None:
        """Staff write the first invoice off."""
        self.rt.db.run(lambda session: bookkeeping.write_off(
            session, session.get_one(Invoice, owed.invoices[0].id), cause=new_number(), now=self.rt.now()))


@dataclass
class Gathered:
    """What several stand-ins, one after another, hold in the end."""

    found: dict[str, list[dict[str, Any]]] = field(default_factory=lambda: defaultdict(list))

    def add(self, stripe: StripeStandIn) -> None:
        """Keep a stand-in's objects before it ends."""
        for kind in KINDS:
            self.found[kind] += stripe.control.objects(kind)

    def __call__(self, kind: str) -> list[dict[str, Any]]:
        return self.found[kind]
