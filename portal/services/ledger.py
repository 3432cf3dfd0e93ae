"""The one writer of the ledger: posting entries under the debtor's lock, and reading balances.

Nothing else inserts a transfer or changes an account's totals.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, cast

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    FromClause,
    Insert,
    ScalarSelect,
    Select,
    String,
    Table,
    bindparam,
    case,
    func,
    insert,
    literal,
    null,
    select,
    union_all,
    update,
)
from sqlalchemy import cast as cast_to
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from portal.db import Question
from portal.domain.ledger import BANK, DEBTOR_CREDIT, RECEIVABLE, SALES, Account, Entry, debtor_credit, own
from portal.models import Invoice, LedgerAccount, LedgerTransfer
from portal.models.writes import write

# Accounts as plain rows of their table.
Open = dict[Account, Any]

# The memo of money that an import says came in before.
IMPORTED_PAYMENT = "imported_payment"
EXCESS = ":excess"


class LedgerError(AssertionError):
    """A programming error: an entry that the books could never hold."""


@dataclass(frozen=True, slots=True)
class Posted:
    """What a posting came to: how many of its entries were new, and whether a debtor in it has ever had credit."""

    new: int
    credit: bool


def post(session: Session, business_id: int, entries: Sequence[Entry], *, now: datetime) -> int:
    """Write down money facts as write_down() does; returns how many entries were new."""
    return write_down(session, business_id, entries, now=now).new


def write_down(session: Session, business_id: int, entries: Sequence[Entry], *, now: datetime) -> Posted:
    """Write down money facts, each at most once, and keep the debtors' totals true in the same commit.

    The caller holds the debtor's lock. A credit beyond what is left of a receivable goes to the debtor's credit,
    so that a true fact is never refused.
    """
    wanted = {account for entry in entries for account in (entry.debit, entry.credit)}
    # The excess of a capped credit may need this one; it is made only when it does.
    spare = {debtor_credit(account.debtor_id, account.currency) for account in wanted
             if account.kind == RECEIVABLE and account.debtor_id is not None}
    known, found = _look_up(session, business_id, wanted | spare, [entry.key for entry in entries])
    accounts = _Accounts(session, business_id, found)
    fresh = [entry for entry in entries if entry.key not in known]
    if fresh:
        accounts.open({account for entry in fresh for account in (entry.debit, entry.credit)})
        _write(session, business_id, fresh, accounts, now)
    return Posted(len(fresh), any(account.kind == DEBTOR_CREDIT for account in accounts))


def _write(session: Session, business_id: int, fresh: Sequence[Entry], accounts: Open, now: datetime) -> None:
    rows: list[dict[str, object]] = []
    moved: dict[int, list[int]] = {}
    for entry in fresh:
        for part in _capped(entry, accounts, moved):
            rows.append(_row(business_id, part, accounts, now))
            _move(part, accounts, moved)
    write(session, _TRANSFER, *rows)
    _keep_totals(session, moved)


def _look_up(session: Session, business_id: int, wanted: set[Account], keys: list[str]) -> tuple[set[str], Open]:
    """Find which of these causes are booked, and the accounts, by one question."""
    # ON CONFLICT DO NOTHING would meet the append-only trigger on SQLite; under the lock a look suffices.
    if len(set(keys)) != len(keys):
        raise LedgerError("one posting names the same cause twice")
    # What this transaction has changed so far may decide.
    session.flush()
    found = _LOOK.ask(session.connection(), {
        "business": business_id, "kinds": sorted({account.kind for account in wanted}),
        "currencies": sorted({account.currency for account in wanted}),
        "owners": sorted({account.owner for account in wanted}),
        "keys": [*keys, *(f"{key}{EXCESS}" for key in keys)]})
    # A credit that found no room at all stands only as its excess.
    known = {row.key.removesuffix(EXCESS) for row in found if row.key is not None}
    accounts = {Account(row.kind, row.currency, row.debtor_id, row.invoice_id): row
                for row in found if row.key is None}
    # The question is wider than what is wanted, so that it is the same for every posting.
    return known, {account: row for account, row in accounts.items() if account in wanted}


# What every posting asks and writes, put together once: that takes longer than the asking.
_ROWS, _TRANSFERS = cast(Table, LedgerAccount.__table__), cast(Table, LedgerTransfer.__table__)
_NO_ID = cast_to(null(), BigInteger)
_LOOK = Question(union_all(
    select(_ROWS.c.id, _ROWS.c.kind, _ROWS.c.currency, _ROWS.c.debtor_id, _ROWS.c.invoice_id, _ROWS.c.debits,
           _ROWS.c.credits, cast_to(null(), String).label("key")).where(
        _ROWS.c.business_id == bindparam("business"), _ROWS.c.kind.in_(bindparam("kinds", expanding=True)),
        _ROWS.c.currency.in_(bindparam("currencies", expanding=True)),
        _ROWS.c.owner.in_(bindparam("owners", expanding=True))),
    select(_TRANSFERS.c.id, _TRANSFERS.c.kind, _TRANSFERS.c.currency, _NO_ID, _NO_ID, _NO_ID, _NO_ID,
           _TRANSFERS.c.key).where(
        _TRANSFERS.c.business_id == bindparam("business"), _TRANSFERS.c.key.in_(bindparam("keys", expanding=True)))))
_TRANSFER = insert(_TRANSFERS).inline()
_TOTALS = update(_ROWS).where(_ROWS.c.id == bindparam("account")).values(
    debits=_ROWS.c.debits + bindparam("more_debits"), credits=_ROWS.c.credits + bindparam("more_credits"))


class _Accounts(Open):
    """The accounts at hand; one that is missing is opened when it is asked for."""

    def __init__(self, session: Session, business_id: int, found: Open) -> None:
        super().__init__(found)
        self._session, self._business_id = session, business_id

    def open(self, wanted: set[Account]) -> None:
        """Open those that are not there yet, all at once and in an order that is always the same."""
        missing = wanted - self.keys()
        if missing:
            _open(self._session, self._business_id, missing)
            self.update(_look_up(self._session, self._business_id, missing, [])[1])

    def __missing__(self, account: Account) -> Any:
        self.open({account})
        return self[account]


def _open(session: Session, business_id: int, accounts: set[Account]) -> None:
    rows = [
        {"business_id": business_id, "kind": a.kind, "currency": a.currency, "owner": a.owner,
         "debtor_id": a.debtor_id, "invoice_id": a.invoice_id, "debits": 0, "credits": 0,
         "due_on": None if a.invoice_id is None else _due_on(a.invoice_id)}
        for a in sorted(accounts, key=lambda a: (a.kind, a.currency, a.owner))]
    # Two debtors' first payments may open the business's clearing account at the same moment.
    if session.get_bind().dialect.name == "postgresql":
        session.execute(postgresql.insert(LedgerAccount).values(rows).on_conflict_do_nothing())
    else:
        session.execute(sqlite.insert(LedgerAccount).values(rows).on_conflict_do_nothing())


def _due_on(invoice_id: int) -> ScalarSelect[date]:
    return select(Invoice.due_on).where(Invoice.id == invoice_id).scalar_subquery()


def _capped(entry: Entry, accounts: Open, moved: dict[int, list[int]]) -> list[Entry]:
    if entry.amount <= 0:
        raise LedgerError(f"{entry.key}: an amount must be positive")
    if entry.credit.kind != RECEIVABLE:
        return [entry]
    left = _left(accounts[entry.credit], moved)
    if entry.amount <= left:
        return [entry]
    assert entry.credit.debtor_id is not None
    spare = debtor_credit(entry.credit.debtor_id, entry.credit.currency)
    excess = _replace(entry, credit=spare, amount=entry.amount - left, key=f"{entry.key}{EXCESS}")
    return [excess] if left == 0 else [_replace(entry, amount=left), excess]


def _replace(entry: Entry, **changes: object) -> Entry:
    return Entry(**{**entry.__dict__, **changes})


def _left(account: Any, moved: dict[int, list[int]]) -> int:
    debits, credits = moved.get(account.id, [0, 0])
    return int(account.debits + debits - account.credits - credits)


def _move(entry: Entry, accounts: Open, moved: dict[int, list[int]]) -> None:
    for account, side in ((entry.debit, 0), (entry.credit, 1)):
        if account.kind in (RECEIVABLE, DEBTOR_CREDIT):
            moved.setdefault(accounts[account].id, [0, 0])[side] += entry.amount


def _row(business_id: int, entry: Entry, accounts: Open, now: datetime) -> dict[str, object]:
    if entry.debit.currency != entry.credit.currency:
        raise LedgerError(f"{entry.key}: a transfer never crosses a currency")
    return {
        "business_id": business_id, "currency": entry.debit.currency,
        "debit_account_id": accounts[entry.debit].id, "credit_account_id": accounts[entry.credit].id,
        "amount": entry.amount, "kind": entry.kind, "key": entry.key, "cause_type": entry.cause_type,
        "cause_id": entry.cause_id, "happened_at": entry.happened_at, "recorded_at": now, "memo": entry.memo,
        "corrects_id": entry.corrects_id,
    }


def _keep_totals(session: Session, moved: dict[int, list[int]]) -> None:
    if moved:
        write(session, _TOTALS, *(
            {"account": account, "more_debits": debits, "more_credits": credits}
            for account, (debits, credits) in sorted(moved.items())))


def left_by_invoice(session: Session, business_id: int, debtor_id: int) -> dict[int, int]:
    """Tell what is left on each of a debtor's invoices, in minor units; settled ones are 0."""
    query = select(LedgerAccount.invoice_id, LedgerAccount.debits - LedgerAccount.credits).where(
        LedgerAccount.business_id == business_id, LedgerAccount.debtor_id == debtor_id,
        LedgerAccount.kind == RECEIVABLE)
    return {invoice_id: left for invoice_id, left in session.execute(query) if invoice_id is not None}


def credit_of(session: Session, business_id: int, debtor_id: int, currency: str) -> int:
    """Tell how much money a debtor has with the business beyond what they owe, in minor units."""
    query = select(LedgerAccount.credits - LedgerAccount.debits).where(
        LedgerAccount.business_id == business_id, LedgerAccount.debtor_id == debtor_id,
        LedgerAccount.kind == DEBTOR_CREDIT, LedgerAccount.currency == currency)
    return session.scalar(query) or 0


def is_posted(session: Session, business_id: int, key: str) -> bool:
    """Say whether a cause has been written down."""
    return bool(_look_up(session, business_id, set(), [key])[0])


def issue_in_bulk(session: Session, business_id: int, rows: FromClause, *, now: datetime) -> int:
    """Put many new invoices on the books at once, those that came paid with their money; says how many there were.

    `rows` has invoice_id, invoice_public_id, debtor_id, currency, total, issued_at, due_on, paid, payment_id,
    payment_public_id, received_at. The caller holds the lock of the business and of every debtor, and made the invoices
    in this transaction, so that no account and no cause of theirs can be there yet: totals are right from the first
    moment, and a cause that came twice would break a unique key instead of counting twice.
    """
    wrong = (rows.c.total <= 0) | (rows.c.paid < 0) | (rows.c.paid > rows.c.total) | (
        (rows.c.paid > 0) != rows.c.received_at.is_not(None))
    found = session.execute(
        select(rows.c.currency, func.sum(case((wrong, 1), else_=0))).group_by(rows.c.currency)).all()
    if any(count for _, count in found):
        raise LedgerError("an invoice with amounts that cannot be booked")
    currencies = sorted(currency for currency, _ in found)
    if not currencies:
        return 0
    shared = _Accounts(session, business_id, _look_up(session, business_id, {
        own(kind, currency) for kind in (SALES, BANK) for currency in currencies}, [])[1])
    shared.open({own(kind, currency) for kind in (SALES, BANK) for currency in currencies})
    made = session.execute(insert(_ROWS).from_select(
        ["business_id", "kind", "currency", "debtor_id", "owner", "invoice_id", "due_on", "debits", "credits"],
        select(literal(business_id), literal(RECEIVABLE), rows.c.currency, rows.c.debtor_id,
               literal("invoice:").concat(_as_text(rows.c.invoice_id)), rows.c.invoice_id, rows.c.due_on, rows.c.total,
               rows.c.paid), include_defaults=False))
    # Every invoice is issued before any of them is paid, so that a history in the order of rows reads right.
    session.execute(_insert_transfers(_issued(business_id, rows, shared, currencies, now)))
    session.execute(_insert_transfers(_imported(business_id, rows, shared, currencies, now)))
    return int(made.rowcount)  # type: ignore[attr-defined]


_NAMES = ("business_id", "currency", "debit_account_id", "credit_account_id", "amount", "kind", "key", "cause_type",
          "cause_id", "happened_at", "recorded_at", "memo")


def _insert_transfers(rows: Select[Any]) -> Insert:
    return insert(_TRANSFERS).from_select(list(_NAMES), rows, include_defaults=False)


def _issued(business_id: int, rows: FromClause, shared: Open, currencies: Sequence[str], now: datetime) -> Select[Any]:
    return select(
        literal(business_id), rows.c.currency, _ROWS.c.id, _shared(rows, shared, SALES, currencies), rows.c.total,
        literal("issued"), literal("invoice:").concat(_as_text(rows.c.invoice_id)).concat(":issued"),
        literal("invoice"), rows.c.invoice_public_id, rows.c.issued_at, literal(now, _TRANSFERS.c.recorded_at.type),
        literal("issued"),
    ).join(_ROWS, _of_invoice(rows)).order_by(rows.c.invoice_id)


def _imported(business_id: int, rows: FromClause, shared: Open, currencies: Sequence[str],
              now: datetime) -> Select[Any]:
    key = (literal("manual:").concat(_as_text(rows.c.payment_id)).concat(":")
           .concat(_as_text(rows.c.invoice_id)))
    return select(
        literal(business_id), rows.c.currency, _shared(rows, shared, BANK, currencies), _ROWS.c.id, rows.c.paid,
        literal("manual_payment"), key, literal("payment"), rows.c.payment_public_id, rows.c.received_at,
        literal(now, _TRANSFERS.c.recorded_at.type), literal(IMPORTED_PAYMENT),
    ).join(_ROWS, _of_invoice(rows)).where(rows.c.paid > 0).order_by(rows.c.invoice_id)


def _of_invoice(rows: FromClause) -> ColumnElement[bool]:
    return (_ROWS.c.invoice_id == rows.c.invoice_id) & (_ROWS.c.kind == RECEIVABLE)


def _shared(rows: FromClause, shared: Open, kind: str, currencies: Sequence[str]) -> ColumnElement[int]:
    """The business's own account of this kind in each row's currency."""
    return case({currency: shared[own(kind, currency)].id for currency in currencies}, value=rows.c.currency)


def _as_text(number: ColumnElement[Any]) -> ColumnElement[str]:
    """Write a number as text where a key is made of it."""
    return cast_to(number, String)


def redate(session: Session, invoice: Invoice) -> None:
    """Keep an invoice's due date beside what is left of it, after it was changed; no amount moves."""
    session.execute(update(LedgerAccount).where(
        LedgerAccount.business_id == invoice.business_id, LedgerAccount.invoice_id == invoice.id)
        .values(due_on=invoice.due_on).execution_options(synchronize_session=False))
