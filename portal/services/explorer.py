"""The books as staff read them: each account with its figure and the transfers behind it.

Only reads. An account is named in addresses by what it is: bank-USD, receivable-USD, receivable-USD-<invoice>.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, func, literal, or_, select, tuple_, union_all
from sqlalchemy.orm import InstrumentedAttribute, Session, aliased

from portal.domain.errors import Refusal
from portal.domain.ledger import DEBTOR_CREDIT, RECEIVABLE
from portal.domain.listing import PAGE, Edge, read_edge, write_edge
from portal.domain.roles import StaffAccess
from portal.models import Business, Debtor, Invoice, LedgerAccount, LedgerTransfer
from portal.runtime import Runtime
from portal.services.trial_balance import day_start

OF_DEBTORS = (RECEIVABLE, DEBTOR_CREDIT)


@dataclass(frozen=True)
class Period:
    """From which day to which, both included; None leaves an end open. `side` is debit, credit or "" for both."""

    first: date | None = None
    last: date | None = None
    side: str = ""

    @property
    def limited(self) -> bool:
        """Say whether only a part of the books is asked for."""
        return self.first is not None or self.last is not None


@dataclass(frozen=True)
class End:
    """One account of a transfer: its kind, and the number and name of what it belongs to."""

    kind: str
    name: str
    number: str = ""
    debtor_name: str = ""
    debtor_public_id: str = ""


@dataclass(frozen=True)
class Line:
    """One transfer as a list shows it; `sign` is 1 where it raises the debits of the account at hand, else -1."""

    id: int
    happened_at: datetime
    recorded_at: datetime
    kind: str
    amount: int
    currency: str
    debit: End
    credit: End
    corrects: int | None
    sign: int = 1

    @property
    def only_day(self) -> bool:
        """Say whether only its day is known: invoices and recorded money are written down by the day."""
        return self.kind in ("issued", "manual_payment")


@dataclass(frozen=True)
class AccountPage:
    """An account with its figure and a page of the transfers behind it, newest first; minor units.

    `debits` and `credits` are those of the whole account, or of the period asked for.
    """

    name: str
    kind: str
    currency: str
    end: End
    debits: int
    credits: int
    count: int
    lines: tuple[Line, ...]
    next: str = ""


@dataclass(frozen=True)
class Part:
    """One debtor's account among many of its kind."""

    name: str
    number: str
    debtor_name: str
    debtor_public_id: str
    due_on: date | None
    balance: int


@dataclass(frozen=True)
class GroupPage:
    """The accounts of one kind that debtors have, with what lies on them together; minor units."""

    kind: str
    currency: str
    total: int
    count: int
    parts: tuple[Part, ...]
    next: str = ""


def account(rt: Runtime, access: StaffAccess, name: str, period: Period, after: str = "") -> AccountPage | GroupPage:
    """Show an account with its transfers, or the accounts of a kind that debtors have, one each.

    With a period, the transfers of a whole kind are shown together. Raises Refusal unknown_page, list_edge.
    """
    access.require("see")
    kind, currency, owner = _named(name)
    with rt.db.reading() as session:
        business = session.get_one(Business, access.business_id)
        if kind in OF_DEBTORS and not owner and not period.limited and not period.side:
            return _group(session, business, kind, currency, after)
        ids = _ids(business, kind, currency, owner)
        if session.scalar(select(ids.subquery().c.id).limit(1)) is None:
            raise Refusal("not_found", "unknown_page")
        return _page(session, business, name, ids, period, after)


@dataclass(frozen=True)
class Figures:
    """An account for a statement: its accounts, their ids, and what lay on it before a period, minor units."""

    currency: str
    ids: Select[Any]
    own: frozenset[int]
    before: int


def figures(session: Session, business: Business, name: str, period: Period) -> Figures:
    """Give what a statement of an account starts from; raises Refusal not_found/unknown_page."""
    kind, currency, owner = _named(name)
    ids = _ids(business, kind, currency, owner)
    own = frozenset(session.scalars(ids))
    if not own:
        raise Refusal("not_found", "unknown_page")
    before = 0
    if period.first is not None:
        debits, credits, _ = _figure(session, ids, [
            LedgerTransfer.business_id == business.id,
            LedgerTransfer.happened_at < day_start(business, period.first)], "")
        before = debits - credits
    return Figures(currency, ids, own, before)


def _named(name: str) -> tuple[str, str, str]:
    kind, sign, rest = name.partition("-")
    currency, _, owner = rest.partition("-")
    if not sign or len(currency) != 3 or not currency.isupper() or len(name) > 80:
        raise Refusal("not_found", "unknown_page")
    return kind, currency, owner


def _ids(business: Business, kind: str, currency: str, owner: str) -> Select[Any]:
    query = select(LedgerAccount.id).where(
        LedgerAccount.business_id == business.id, LedgerAccount.kind == kind, LedgerAccount.currency == currency)
    if not owner:
        return query
    if kind == RECEIVABLE:
        return query.join(Invoice, Invoice.id == LedgerAccount.invoice_id).where(Invoice.public_id == owner)
    return query.join(Debtor, Debtor.id == LedgerAccount.debtor_id).where(Debtor.public_id == owner)


def _page(session: Session, business: Business, name: str, ids: Select[Any], period: Period,
          after: str) -> AccountPage:
    kind, currency, owner = _named(name)
    # One account is named by its id, so that its own index is walked; many are found through the period's.
    one: int | None = session.scalars(ids).one() if kind not in OF_DEBTORS or owner else None
    mine: ColumnElement[Any] | Select[Any] = literal(one) if one is not None else ids
    window = _window(business, period)
    debits, credits, count = _figure(session, mine, window, period.side)
    edge = read_edge(after, "ledger", "moment") if after else None
    rows = _rows(session, mine, window, period.side, edge, few=one is not None and kind in OF_DEBTORS)
    last = rows[PAGE - 1] if len(rows) > PAGE else None
    ends = ends_of(session, [id for row in rows for id in (row.debit_account_id, row.credit_account_id)])
    own = {id for id, end in ends.items() if end.kind == kind and (one is None or id == one)}
    return AccountPage(
        name, kind, currency, ends_of(session, [one])[one] if one is not None else End(kind, name), debits, credits,
        count, tuple(line(row, ends, own) for row in rows[:PAGE]),
        write_edge(Edge("ledger", last.happened_at, str(last.id))) if last else "")


def _window(business: Business, period: Period) -> list[ColumnElement[bool]]:
    window = [LedgerTransfer.business_id == business.id]
    if period.first is not None:
        window.append(LedgerTransfer.happened_at >= day_start(business, period.first))
    if period.last is not None:
        window.append(LedgerTransfer.happened_at < day_start(business, period.last, 1))
    return window


def _figure(session: Session, mine: ColumnElement[Any] | Select[Any], window: Sequence[ColumnElement[bool]],
            side: str) -> tuple[int, int, int]:
    sums = []
    for name, column in (("debit", LedgerTransfer.debit_account_id), ("credit", LedgerTransfer.credit_account_id)):
        if side in ("", name):
            total, count = session.execute(
                select(func.coalesce(func.sum(LedgerTransfer.amount), 0), func.count())
                .where(*window, _is(column, mine))).one()
            sums.append((int(total), int(count)))
        else:
            sums.append((0, 0))
    return sums[0][0], sums[1][0], sums[0][1] + sums[1][1]


def _is(column: InstrumentedAttribute[int], mine: ColumnElement[Any] | Select[Any]) -> ColumnElement[bool]:
    return column.in_(mine) if isinstance(mine, Select) else column == mine


def _rows(session: Session, mine: ColumnElement[Any] | Select[Any], window: Sequence[ColumnElement[bool]],
          side: str, edge: Edge | None, *, few: bool) -> list[LedgerTransfer]:
    columns = {"debit": LedgerTransfer.debit_account_id, "credit": LedgerTransfer.credit_account_id}
    place = tuple_(LedgerTransfer.happened_at, LedgerTransfer.id)
    sides = [_is(column, mine) for name, column in columns.items() if side in ("", name)]
    query = select(LedgerTransfer).where(*window, _either(sides) if few else or_(*sides))
    if edge is not None:
        query = query.where(place < (edge.key, int(edge.public_id) if edge.public_id.isdigit() else 0))
    return list(session.scalars(
        query.order_by(LedgerTransfer.happened_at.desc(), LedgerTransfer.id.desc()).limit(PAGE + 1)))


def _either(sides: Sequence[ColumnElement[bool]]) -> ColumnElement[bool]:
    # A debtor's account has few transfers: they are found by its own indexes, not by walking the business's.
    return LedgerTransfer.id.in_(union_all(*(select(LedgerTransfer.id).where(side) for side in sides)))


def ends_of(session: Session, account_ids: Sequence[int]) -> dict[int, End]:
    """Name accounts: an invoice's by its number, a debtor's by their name."""
    query = (
        select(LedgerAccount, Invoice.number, Invoice.public_id, Debtor.name, Debtor.public_id)
        .outerjoin(Invoice, and_(Invoice.id == LedgerAccount.invoice_id))
        .outerjoin(Debtor, and_(Debtor.id == LedgerAccount.debtor_id))
        .where(LedgerAccount.id.in_(set(account_ids))))
    return {
        row.id: End(row.kind, _name(row, invoice_id or (debtor_id if row.kind == DEBTOR_CREDIT else "")),
                    number or "", debtor or "", debtor_id or "")
        for row, number, invoice_id, debtor, debtor_id in session.execute(query)}


def _name(row: LedgerAccount, owner: str | None) -> str:
    return f"{row.kind}-{row.currency}" + (f"-{owner}" if owner else "")


def line(row: LedgerTransfer, ends: dict[int, End], own: set[int]) -> Line:
    """Show one transfer; `own` are the accounts from whose side it is looked at."""
    return Line(row.id, row.happened_at, row.recorded_at, row.kind, row.amount, row.currency,
                ends[row.debit_account_id], ends[row.credit_account_id], row.corrects_id,
                1 if row.debit_account_id in own else -1)


def _group(session: Session, business: Business, kind: str, currency: str, after: str) -> GroupPage:
    left = LedgerAccount.debits - LedgerAccount.credits
    # Written as the index has it, so that only what is open is walked.
    is_open = LedgerAccount.credits < LedgerAccount.debits if kind == RECEIVABLE else left != 0
    mine = [LedgerAccount.business_id == business.id, LedgerAccount.kind == kind, LedgerAccount.currency == currency]
    total, count = session.execute(
        select(func.coalesce(func.sum(left), 0), func.count()).where(*mine, is_open)).one()
    rows = list(_parts(session, kind, [*mine, is_open], after))
    last = rows[PAGE - 1] if len(rows) > PAGE else None
    edge = ""
    if last is not None:
        row = last[0]
        edge = (write_edge(Edge("due", row.due_on, str(row.invoice_id))) if kind == RECEIVABLE and row.due_on
                else write_edge(Edge("owner", row.owner, "")))
    parts = tuple(
        Part(_name(row, invoice_id if kind == RECEIVABLE else debtor_id), number or "", name, debtor_id, row.due_on,
             row.debits - row.credits)
        for row, number, invoice_id, name, debtor_id in rows[:PAGE])
    return GroupPage(kind, currency, int(total), int(count), parts, edge)


def _parts(session: Session, kind: str, mine: Sequence[ColumnElement[bool]], after: str) -> Iterator[
        tuple[LedgerAccount, str | None, str | None, str, str]]:
    invoice = aliased(Invoice)
    query = (
        select(LedgerAccount, invoice.number, invoice.public_id, Debtor.name, Debtor.public_id)
        .outerjoin(invoice, invoice.id == LedgerAccount.invoice_id)
        .join(Debtor, Debtor.id == LedgerAccount.debtor_id).where(*mine))
    if kind == RECEIVABLE:
        if after:
            edge = read_edge(after, "due", "day")
            place = tuple_(LedgerAccount.due_on, LedgerAccount.invoice_id)
            query = query.where(place > (edge.key, int(edge.public_id) if edge.public_id.isdigit() else 0))
        query = query.order_by(LedgerAccount.due_on, LedgerAccount.invoice_id)
    else:
        if after:
            query = query.where(LedgerAccount.owner > read_edge(after, "owner", "text").key)
        query = query.order_by(LedgerAccount.owner)
    for row in session.execute(query.limit(PAGE + 1)):
        yield row[0], row[1], row[2], row[3], row[4]
