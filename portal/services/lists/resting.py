"""Why reminders rest on an invoice or an account, for the rows of a list: the hold that lasts longest tells."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.domain.holds import last_moment
from portal.models import Hold
from portal.services.lists import common
from portal.services.lists.cells import Short
from portal.words import happenings
from portal.words.core import Words
from portal.words.refusals import N_


@dataclass(frozen=True)
class Rest:
    """A hold as a row tells it; `whole` says that nothing of it may be asked for."""

    cause: str
    until: datetime | None
    whole: bool

    def by(self, words: Words) -> str:
        """Say why, and until when."""
        cause = happenings.named(happenings.HOLD_CAUSES, self.cause).by(words)
        if not self.whole:
            cause = words.text(N_("Part of it: %(cause)s"), cause=cause)
        if self.until is None:
            return cause
        day = Short(last_moment(self.until)).by(words)
        return words.text(N_("%(cause)s, until %(day)s included"), cause=cause, day=day)


def of_invoices(session: Session, now: datetime, debtors: Mapping[int, int]) -> dict[int, Rest]:
    """Tell for invoices (with their debtors) what rests on them."""
    holds = _holds(session, now, set(debtors.values()))
    found = {}
    for invoice_id, debtor_id in debtors.items():
        mine = [hold for hold in holds if hold.debtor_id == debtor_id and hold.invoice_id in (None, invoice_id)]
        if mine:
            found[invoice_id] = _strongest(mine)
    return found


def of_debtors(session: Session, now: datetime, ids: Iterable[int]) -> dict[int, Rest]:
    """Tell for debtors what rests on their whole account."""
    found: dict[int, list[Hold]] = {}
    for hold in _holds(session, now, ids):
        if hold.invoice_id is None:
            found.setdefault(hold.debtor_id, []).append(hold)
    return {debtor_id: _strongest(holds) for debtor_id, holds in found.items()}


def _holds(session: Session, now: datetime, debtors: Iterable[int]) -> list[Hold]:
    return list(session.scalars(
        select(Hold).where(Hold.debtor_id.in_(sorted(debtors)), *common.holding(now)).order_by(Hold.id)))


def _strongest(holds: list[Hold]) -> Rest:
    def weight(hold: Hold) -> tuple[bool, bool, float]:
        return _is_whole(hold), hold.until is None, hold.until.timestamp() if hold.until else 0.0

    hold = max(holds, key=weight)
    return Rest(hold.cause, hold.until, _is_whole(hold))


def _is_whole(hold: Hold) -> bool:
    return hold.line_id is None and hold.amount_minor is None
