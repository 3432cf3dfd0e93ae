"""A portal (without pages) beside a running Stripe stand-in, spoken to by the real SDK over HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from portal.db import Database
from portal.domain.quotes import Choice
from portal.models import Payment
from portal.runtime import Runtime
from portal.services import asking, fetching, inbox, payments
from sandbox.stripe.server import StripeStandIn
from tests.cast import Owed, make_runtime


@dataclass
class Shop:
    """The portal's runtime and its Stripe."""

    rt: Runtime
    stripe: StripeStandIn

    def pay_page(self, owed: Owed, *, total: int, choice: Choice | None = None) -> str:
        """Start a checkout as the debtor does; gives the session's id."""
        url = payments.start_checkout(
            self.rt, owed.access, choice or Choice(owed.invoices[0].currency), expected_total_minor=total)
        return url.rstrip("/").split("/")[-1].split("?")[0].split("#")[0]

    def session_of(self, payment: Payment) -> str:
        with self.rt.db.reading() as session:
            found = session.get_one(Payment, payment.id).checkout_session
        assert found is not None
        return found

    def hear(self) -> int:
        """Hear of everything that happened at Stripe: events, then what they left out."""
        heard = inbox.catch_up(self.rt)
        fetching.fetch_due(self.rt)
        return heard + inbox.catch_up(self.rt)

    def ask(self) -> int:
        return asking.ask_due(self.rt)


def stripe_time(stand_in: StripeStandIn) -> datetime:
    return datetime.fromtimestamp(stand_in.control.now(), UTC)


@pytest.fixture
def shop(db: Database, tmp_path: Path) -> Iterator[Shop]:
    with StripeStandIn() as stand_in:
        rt = make_runtime(db, tmp_path, clock=lambda: stripe_time(stand_in), stripe_api_base=stand_in.url,
                          stripe_timeout_seconds=3)
        yield Shop(rt, stand_in)
