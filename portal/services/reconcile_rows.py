"""Keeps every difference between Stripe and the books as a row: found, repaired, still open, gone."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.domain.reconciling import Difference
from portal.models import Drift

Named = tuple[str, str]


@dataclass
class Tally:
    """What changed among the rows; `still_open` is how many stand open in the end."""

    found: int = 0
    repaired: int = 0
    gone: int = 0
    still_open: int = 0

    @property
    def changed(self) -> bool:
        return bool(self.found or self.repaired or self.gone)


def named(one: Difference) -> Named:
    """Give what makes a difference this one and no other."""
    return one.kind, one.object_id


def note(session: Session, account: str, business_id: int, tried: Mapping[Named, Difference],
         standing: Mapping[Named, Difference], scope: Collection[str] | None, now: datetime) -> Tally:
    """Write down what a comparison came to; the same outcome again changes no row.

    `tried` was found and a repair was tried, `standing` is what differs in the end. What is open, in `scope` (None:
    all there is) and neither has gone.
    """
    known = {(row.kind, row.object_id): row for row in session.scalars(select(Drift).where(Drift.account == account))}
    tally = Tally(still_open=len(standing))
    for key, one in {**tried, **standing}.items():
        state = "open" if key in standing else "repaired"
        row = known.get(key)
        if row is None:
            row = Drift(business_id=business_id, account=account, kind=one.kind, object_id=one.object_id,
                        state="", found_at=now, currency=one.currency, at_stripe=0, in_books=0)
            session.add(row)
        _write(row, one, state, now, tally)
    for key, row in known.items():
        if row.state == "open" and key not in standing and key not in tried:
            if scope is None or row.object_id in scope:
                row.state, row.ended_at = "gone", now
                tally.gone += 1
            else:
                tally.still_open += 1
    return tally


def repaired(session: Session, account: str, business_id: int, one: Difference, now: datetime) -> bool:
    """Write down something that was missing and is booked now; False when it was written down before."""
    row = session.scalars(select(Drift).where(
        Drift.account == account, Drift.kind == one.kind, Drift.object_id == one.object_id)).one_or_none()
    if row is not None:
        return False
    session.add(Drift(business_id=business_id, account=account, kind=one.kind, object_id=one.object_id,
                      currency=one.currency, at_stripe=one.at_stripe, in_books=one.in_books, state="repaired",
                      found_at=now, ended_at=now))
    return True


def _write(row: Drift, one: Difference, state: str, now: datetime, tally: Tally) -> None:
    if row.state != "open":
        row.found_at = now
        tally.found += 1
    if state == "repaired":
        tally.repaired += 1
    row.currency, row.at_stripe, row.in_books = one.currency, one.at_stripe, one.in_books
    row.state, row.ended_at = state, None if state == "open" else now
