"""The list of debtors: by name, by what they owe, or by how much a call is worth today.

Sums are those of this moment; the order by sums is the kept one, which a job renews.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

from sqlalchemy import ColumnElement, Select, case, func, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from portal.models import Assignment, Debtor, DebtorStanding, LedgerAccount, Staff
from portal.services.lists import common, resting
from portal.services.lists.cells import Cell, Count, Lines, Short, Text
from portal.services.lists.common import RECEIVABLE, plain_sum
from portal.services.lists.frame import Ask, Column, Columns, Context, Filter, Hits, ListOf, Order, Walk
from portal.services.lists.invoices import KIND_WORDS
from portal.services.lists.resting import Rest
from portal.words.refusals import N_
from portal.words.said import Plain, Said, Sum

STATES = (("owing", N_("Owes something")), ("overdue", N_("Overdue")), ("settled", N_("Owes nothing")))
EMAILS = (("ok", N_("Can be emailed")), ("broken", N_("Emails do not arrive")), ("none", N_("No email address")),
          ("opted_out", N_("Wants no reminders")))


@dataclass(frozen=True)
class Owes:
    """What is open in one currency, minor units."""

    currency: str
    balance: int = 0
    overdue: int = 0
    invoices: int = 0
    oldest_due_on: date | None = None


@dataclass(frozen=True)
class DebtorRow:
    """One debtor as their row shows them."""

    id: int
    public_id: str
    name: str
    number: str
    kind: str
    email: str
    email_state: str
    opted_out: bool
    erased: bool
    owes: tuple[Owes, ...]
    looked_after_by: str
    rest: Rest | None

    def owed_in(self, currency: str) -> Owes:
        """What is open in one currency; zeros when nothing is."""
        return next((one for one in self.owes if one.currency == currency), Owes(currency))


def _by_name(context: Context, ask: Ask) -> Walk:
    columns: Columns = {"id": Debtor.id, "debtor_id": Debtor.id, "name": Debtor.name}
    return Walk(columns, [[Debtor.business_id == context.business_id]])


def _by_sum(column: InstrumentedAttribute[int], answered: tuple[str, ...]) -> Callable[[Context, Ask], Walk]:
    def walk(context: Context, ask: Ask) -> Walk:
        return Walk(_standing_columns(), [[
            DebtorStanding.business_id == context.business_id,
            DebtorStanding.currency == (ask.value("currency") or context.currency), column > 0]],
            frozenset({"currency", *(("state",) if ask.value("state") in answered else ())}))
    return walk


def _by_call(context: Context, ask: Ask) -> Walk:
    return Walk(_standing_columns(), [[
        DebtorStanding.business_id == context.business_id, DebtorStanding.call_score > 0]])


def _standing_columns() -> Columns:
    return {
        "id": DebtorStanding.debtor_id, "debtor_id": DebtorStanding.debtor_id, "currency": DebtorStanding.currency,
        "balance": DebtorStanding.balance_minor, "overdue": DebtorStanding.overdue_minor,
        "score": DebtorStanding.call_score}


def _state(context: Context, value: str, columns: Columns) -> ColumnElement[bool]:
    open_ones = _open(context, columns)
    if value == "overdue":
        open_ones = open_ones.where(LedgerAccount.due_on < context.today)
    found = open_ones.scalar_subquery()
    return found == 0 if value == "settled" else found > 0


def _currency(context: Context, value: str, columns: Columns) -> ColumnElement[bool]:
    if "currency" in columns:
        return columns["currency"] == value
    return _open(context, columns).where(LedgerAccount.currency == value).scalar_subquery() > 0


def _open(context: Context, columns: Columns) -> Select[int]:
    return select(func.count(LedgerAccount.id)).where(
        LedgerAccount.business_id == context.business_id, LedgerAccount.debtor_id == columns["debtor_id"],
        LedgerAccount.kind == RECEIVABLE, LedgerAccount.credits < LedgerAccount.debits)


def _email(_context: Context, value: str, columns: Columns) -> ColumnElement[bool]:
    tests = {
        "none": Debtor.email.is_(None), "broken": Debtor.email.is_not(None) & (Debtor.email_state != "ok"),
        "opted_out": Debtor.opted_out_at.is_not(None),
        "ok": Debtor.email.is_not(None) & (Debtor.email_state == "ok") & Debtor.opted_out_at.is_(None)}
    return select(func.count(Debtor.id)).where(
        Debtor.id == columns["debtor_id"], tests[value]).scalar_subquery() > 0


def _hits(session: Session, context: Context, typed: str) -> Hits:
    words = common.words_found(session, context, typed)
    sums, more = common.debtors_of_sum(session, context, typed)
    return common.hits(words.more or more, debtor_id=words.debtors | set(words.invoices.values()) | sums)


def _ids_of(session: Session, context: Context, public_ids: Sequence[str]) -> dict[str, int]:
    return {public_id: id_ for public_id, id_ in session.execute(select(Debtor.public_id, Debtor.id).where(
        Debtor.public_id.in_(public_ids), Debtor.business_id == context.business_id))}


def _load(session: Session, context: Context, ids: Sequence[int]) -> list[DebtorRow]:
    found = {debtor.id: debtor for debtor in session.scalars(
        select(Debtor).where(Debtor.id.in_(ids), Debtor.business_id == context.business_id))}
    owes = owed_by(session, context, ids)
    rests = resting.of_debtors(session, context.now, found)
    people = {debtor_id: name for debtor_id, name in session.execute(
        select(Assignment.debtor_id, Staff.name).join(Staff, Staff.id == Assignment.staff_id)
        .where(Assignment.debtor_id.in_(ids)))}
    return [_row(found[id_], owes.get(id_, ()), people.get(id_, ""), rests.get(id_)) for id_ in ids if id_ in found]


def owed_by(session: Session, context: Context, ids: Sequence[int]) -> dict[int, tuple[Owes, ...]]:
    """Add up what debtors owe now, by currency; the business's main one comes first."""
    left = LedgerAccount.debits - LedgerAccount.credits
    query = (
        select(LedgerAccount.debtor_id, LedgerAccount.currency, func.sum(left),
               func.sum(case((LedgerAccount.due_on < context.today, left), else_=0)), func.count(LedgerAccount.id),
               func.min(LedgerAccount.due_on))
        .where(LedgerAccount.business_id == context.business_id, LedgerAccount.debtor_id.in_(ids),
               LedgerAccount.kind == RECEIVABLE, LedgerAccount.credits < LedgerAccount.debits)
        .group_by(LedgerAccount.debtor_id, LedgerAccount.currency))
    found: dict[int, list[Owes]] = {}
    for debtor_id, currency, balance, overdue, invoices, oldest in session.execute(query):
        if debtor_id is not None:
            found.setdefault(debtor_id, []).append(Owes(currency, int(balance), int(overdue), invoices, oldest))
    return {id_: tuple(sorted(all_, key=lambda one: (one.currency != context.currency, one.currency)))
            for id_, all_ in found.items()}


def _row(debtor: Debtor, owes: tuple[Owes, ...], looked_after_by: str, rest: Rest | None) -> DebtorRow:
    return DebtorRow(
        debtor.id, debtor.public_id, debtor.name, debtor.number, debtor.kind, debtor.email or "", debtor.email_state,
        debtor.opted_out_at is not None, debtor.erased_at is not None, owes, looked_after_by, rest)


def _sums(row: DebtorRow, pick: Callable[[Owes], int]) -> Text:
    sums = tuple(Sum(pick(one), one.currency) for one in row.owes if pick(one))
    return Lines(sums) if sums else Plain("–")


def _oldest(context: Context, row: DebtorRow) -> Cell:
    days = [one.oldest_due_on for one in row.owes if one.oldest_due_on]
    if not days:
        return Cell(Plain("–"), soft=True)
    late = (context.today - min(days)).days
    below = Count(N_("%(n)s day late"), N_("%(n)s days late"), late) if late > 0 else None
    return Cell(Short(min(days)), below=below)


def state_of(row: DebtorRow) -> Cell:
    """Say how things stand with a debtor, and whether emails reach them."""
    below: Text | None = None
    if row.erased:
        return Cell(Said(N_("Personal data erased")), kind="plain", icon="erase")
    if not row.email or row.email_state != "ok":
        below = Said(N_("Emails do not arrive") if row.email else N_("No email address"))
    elif row.opted_out:
        below = Said(N_("Wants no reminders"))
    if not row.owes:
        return Cell(Said(N_("Owes nothing")), below=below, kind="in")
    if row.rest is not None:
        return Cell(Said(N_("On hold")), below=row.rest, kind="held")
    overdue = any(one.overdue for one in row.owes)
    return Cell(Said(N_("Overdue") if overdue else N_("Not due yet")), below=below, kind="bad" if overdue else "plain")


def _first(context: Context, row: DebtorRow) -> Owes:
    return row.owes[0] if row.owes else Owes(context.currency)


def _plain(owes: Owes, what: str) -> Decimal:
    return plain_sum(owes.balance if what == "balance" else owes.overdue, owes.currency)


def _by_currency(row: DebtorRow) -> list[DebtorRow]:
    return [replace(row, owes=(one,)) for one in row.owes] or [row]


def _invoices(row: DebtorRow) -> int:
    return sum(one.invoices for one in row.owes)


DEBTORS = ListOf(
    name="debtors", title=N_("Debtors"), find_label=N_("Name, number, email or amount"),
    orders=(
        Order("name", "text", "name", _by_name, False, N_("%(first)s to %(last)s"), N_("Next: after %(edge)s")),
        Order("balance", "sum", "balance", _by_sum(DebtorStanding.balance_minor, ("owing",)), True,
              N_("Balances from %(first)s to %(last)s"), N_("Next: balances from %(edge)s on"), one_currency=True,
              implies={"state": ("owing", "overdue")}, kept=True),
        Order("overdue", "sum", "overdue", _by_sum(DebtorStanding.overdue_minor, ("owing", "overdue")), True,
              N_("Overdue: %(first)s to %(last)s"), N_("Next: overdue from %(edge)s on"), one_currency=True,
              implies={"state": ("overdue", "owing")}, kept=True),
        Order("call", "rank", "score", _by_call, True, "", N_("Next: whose call is less pressing"), one_currency=True,
              implies={"state": ("owing", "overdue")}, kept=True, label=N_("Whom to call first")),
    ),
    filters=(
        Filter("state", N_("State"), lambda _context: STATES, _state),
        Filter("email", N_("Email"), lambda _context: EMAILS, _email),
        Filter("currency", N_("Currency"), lambda context: [(one, one) for one in context.currencies], _currency,
               own_words=True),
        common.hold_filter(), common.kind_filter(), common.who_filter(),
    ),
    columns=(
        Column("name", N_("Debtor"), lambda _context, row: Cell(
            Plain(row.name), "office.debtor", {"debtor_id": row.public_id}, beside=Said(KIND_WORDS[row.kind])),
            "name", "c-a", heads=True, plain={
                "debtor_number": lambda _context, row: row.number, "debtor": lambda _context, row: row.name,
                "kind": lambda _context, row: row.kind, "email": lambda _context, row: row.email}),
        Column("number", N_("Number"), lambda _context, row: Cell(Plain(row.number), soft=True), classes="nowrap c-c"),
        Column("balance", N_("Balance"), lambda _context, row: Cell(_sums(row, lambda one: one.balance)), "balance",
               "num strong c-b", plain={
                   "currency": lambda context, row: _first(context, row).currency,
                   "balance": lambda context, row: _plain(_first(context, row), "balance")}),
        Column("overdue", N_("Overdue"), lambda _context, row: Cell(_sums(row, lambda one: one.overdue)), "overdue",
               "num none", plain={"overdue": lambda context, row: _plain(_first(context, row), "overdue")}),
        Column("invoices", N_("Open invoices"), lambda _context, row: Cell(Plain(str(_invoices(row)))),
               classes="num none", plain={"open_invoices": lambda _context, row: _invoices(row)}),
        Column("oldest", N_("Oldest due"), _oldest, classes="tn c-d"),
        Column("who", N_("Looked after by"), lambda _context, row: Cell(Plain(row.looked_after_by or "–"), soft=True),
               classes="none", plain={"looked_after_by": lambda _context, row: row.looked_after_by}),
        Column("state", N_("State"), lambda _context, row: state_of(row), classes="c-e", plain={
            "state": lambda context, row: state_of(row).text.by(context.words)}),
    ),
    hits=_hits, load=_load, ids_of=_ids_of, sum_of=None,
    bulk=("link", "hold", "assign", "offer"),
    empty=N_("No debtor is like this."), lines=_by_currency,
)
