"""A house whose clock is Stripe's: 200.00 owed, paid in four parts of 50.00, the first in a fortnight."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from portal.db import Database
from sandbox.stripe.server import StripeStandIn
from tests.autopay.house import House, days_from, sign_plan
from tests.cast import make_link, make_runtime, someone_owes

START = date(2027, 3, 1)
MORNING = int(datetime(2027, 3, 1, 20, tzinfo=UTC).timestamp())
Open = Callable[..., House]


@pytest.fixture
def open_house(db: Database, tmp_path: Path) -> Iterator[Open]:
    with ExitStack() as stack:
        stand_in = stack.enter_context(StripeStandIn())
        stand_in.control.set_clock(MORNING, frozen=True)

        def clock() -> datetime:
            return datetime.fromtimestamp(stand_in.control.now(), UTC)

        def opened(*amounts: int, first: date = date(2027, 3, 15), **more: Any) -> House:
            rt = make_runtime(db, tmp_path, clock=clock, stripe_api_base=stand_in.url, stripe_timeout_seconds=3)
            owed = someone_owes(db, 120_00, 80_00)
            with db.transaction() as session:
                owed.link = make_link(session, owed.debtor, expires_at=datetime(2029, 1, 1, tzinfo=UTC))
            plan = sign_plan(db, owed, clock(), *days_from(first, *(amounts or (50_00,) * 4)), **more)
            return House(rt, stand_in, owed, plan)

        yield opened


@pytest.fixture
def house(open_house: Open) -> House:
    return open_house()
