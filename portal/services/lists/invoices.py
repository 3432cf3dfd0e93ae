"""The list of invoices: what is open, the oldest first; or everything that was ever billed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from portal.models import Debtor, Invoice, LedgerAccount, PaymentInvoice
from portal.services.lists import common, resting
from portal.services.lists.cells import Cell, Number, Short, Text
from portal.services.lists.common import RECEIVABLE, left_of, plain_sum
from portal.services.lists.frame import Ask, Column, Columns, Context, Filter, Hits, ListOf, Order, Walk
from portal.services.lists.resting import Rest
from portal.words.refusals import N_
from portal.words.said import Plain, Said, Sum

STATES = (("open", N_("Open")), ("settled", N_("Nothing left")))
AGES = (
    ("not_due", N_("Not due yet")), ("week", N_("Due within 7 days")), ("late", N_("Late")),
    ("late30", N_("More than 30 days late")), ("1-30", N_("1 to 30 days late")), ("31-60", N_("31 to 60 days late")),
    ("61-90", N_("61 to 90 days late")), ("91", N_("More than 90 days late")),
)
# The days late a choice begins and ends with; None is open.
SPANS: dict[str, tuple[int | None, int | None]] = {
    "not_due": (None, 0), "week": (-7, 0), "late": (1, None), "late30": (31, None), "1-30": (1, 30),
    "31-60": (31, 60), "61-90": (61, 90), "91": (91, None),
}


@dataclass(frozen=True)
class InvoiceRow:
    """One invoice as its row shows it; minor units of its currency."""

    id: int
    public_id: str
    number: str
    title: str
    issued_on: date
    due_on: date
    currency: str
    total: int
    left: int
    debtor_internal: int
    debtor_id: str
    debtor_name: str
    debtor_number: str
    kind: str
    email_state: str
    opted_out: bool
    on_its_way: bool
    rest: Rest | None

    def late(self, today: date) -> int:
        """How many days late; 0 or less is not late."""
        return (today - self.due_on).days if self.left else 0


def _open_accounts(context: Context, ask: Ask) -> Walk:
    columns: Columns = {
        "id": LedgerAccount.invoice_id, "debtor_id": LedgerAccount.debtor_id, "currency": LedgerAccount.currency,
        "due_on": LedgerAccount.due_on, "left": LedgerAccount.debits - LedgerAccount.credits}
    return Walk(columns, [[
        LedgerAccount.business_id == context.business_id, LedgerAccount.kind == RECEIVABLE,
        LedgerAccount.credits < LedgerAccount.debits]], frozenset({"state"}))


def _billed(context: Context, ask: Ask) -> Walk:
    columns: Columns = {
        "id": Invoice.id, "debtor_id": Invoice.debtor_id, "currency": Invoice.currency, "due_on": Invoice.due_on,
        "total": Invoice.total_minor, "number": Invoice.number}
    return Walk(columns, [[Invoice.business_id == context.business_id]])


def _by_due(context: Context, ask: Ask) -> Walk:
    return _open_accounts(context, ask) if ask.value("state") == "open" else _billed(context, ask)


def _state(_context: Context, value: str, columns: Columns) -> ColumnElement[bool]:
    return left_of(columns) > 0 if value == "open" else left_of(columns) == 0


def _age(context: Context, value: str, columns: Columns) -> ColumnElement[bool]:
    least, most = SPANS[value]
    due = columns["due_on"]
    if least is None:
        return due >= context.today
    youngest = due <= context.today - timedelta(days=least)
    return youngest if most is None else youngest & (due >= context.today - timedelta(days=most))


def _hits(session: Session, context: Context, typed: str) -> Hits:
    words = common.words_found(session, context, typed)
    sums, more = common.invoices_of_sum(session, context, typed)
    return common.hits(words.more or more, debtor_id=words.debtors, id=frozenset(words.invoices) | frozenset(sums))


def _ids_of(session: Session, context: Context, public_ids: Sequence[str]) -> dict[str, int]:
    return {public_id: id_ for public_id, id_ in session.execute(select(Invoice.public_id, Invoice.id).where(
        Invoice.public_id.in_(public_ids), Invoice.business_id == context.business_id))}


def _load(session: Session, context: Context, ids: Sequence[int]) -> list[InvoiceRow]:
    query = (
        select(Invoice, Debtor, LedgerAccount.debits - LedgerAccount.credits)
        .join(Debtor, Debtor.id == Invoice.debtor_id)
        .outerjoin(LedgerAccount, (LedgerAccount.invoice_id == Invoice.id) & (LedgerAccount.kind == RECEIVABLE))
        .where(Invoice.id.in_(ids), Invoice.business_id == context.business_id))
    found = {invoice.id: (invoice, debtor, left or 0) for invoice, debtor, left in session.execute(query)}
    rests = resting.of_invoices(session, context.now, {one.id: one.debtor_id for one, _, _ in found.values()})
    moving = set(session.scalars(
        select(PaymentInvoice.invoice_id).where(PaymentInvoice.invoice_id.in_(ids), PaymentInvoice.open)))
    return [_row(*found[id_], rests.get(id_), id_ in moving) for id_ in ids if id_ in found]


def _row(invoice: Invoice, debtor: Debtor, left: int, rest: Rest | None, moving: bool) -> InvoiceRow:
    return InvoiceRow(
        invoice.id, invoice.public_id, invoice.number, invoice.title, invoice.issued_on, invoice.due_on,
        invoice.currency, invoice.total_minor, left, debtor.id, debtor.public_id, debtor.name, debtor.number,
        debtor.kind, debtor.email_state if debtor.email else "none", debtor.opted_out_at is not None, moving, rest)


def _late(context: Context, row: InvoiceRow) -> Cell:
    late = row.late(context.today)
    return Cell(Number(late), unit=Said(N_("days late"))) if late > 0 else Cell(Plain("–"), soft=True)


def state_of(row: InvoiceRow, today: date) -> Cell:
    """Say how an invoice stands, and what that means for the next email."""
    if not row.left:
        return Cell(Said(N_("Nothing left")), kind="in")
    late = row.late(today) > 0
    if row.rest is not None:
        return Cell(Said(N_("On hold")), below=row.rest, kind="held")
    if row.on_its_way:
        return Cell(Said(N_("Being paid")), below=Said(N_("No reminders until it is decided")), kind="wait")
    part = row.left < row.total
    title = N_("Late, part paid") if late and part else N_("Late") if late else (
        N_("Part paid") if part else N_("Not due yet"))
    return Cell(Said(title), below=_unreached(row), kind="bad" if late else "plain")


def _unreached(row: InvoiceRow) -> Text | None:
    if row.email_state == "none":
        return Said(N_("No email address: call, or write a letter"))
    if row.email_state != "ok":
        return Said(N_("Emails do not arrive: call"))
    return Said(N_("Wants no reminders by email")) if row.opted_out else None


KIND_WORDS = {"consumer": N_("consumer"), "business": N_("business")}

INVOICES = ListOf(
    name="invoices", title=N_("Invoices"), find_label=N_("Name, number, email or amount"),
    orders=(
        Order("due", "day", "due_on", _by_due, False, N_("Due %(first)s to %(last)s"),
              N_("Next: due from %(edge)s on")),
        Order("left", "sum", "left", _open_accounts, True, N_("Left: %(first)s to %(last)s"),
              N_("Next: %(edge)s left and beyond"), one_currency=True, implies={"state": ("open",)}),
        Order("amount", "sum", "total", _billed, True, N_("Amounts from %(first)s to %(last)s"),
              N_("Next: amounts from %(edge)s on"), one_currency=True),
        Order("number", "text", "number", _billed, False, N_("%(first)s to %(last)s"), N_("Next: after %(edge)s")),
    ),
    filters=(
        Filter("state", N_("State"), lambda _context: STATES, _state, default="open"),
        Filter("age", N_("Age"), lambda _context: AGES, _age, on="due_on"),
        common.currency_filter(), common.hold_filter(), common.kind_filter(), common.who_filter(),
    ),
    columns=(
        Column("number", N_("Invoice"), lambda _context, row: Cell(
            Plain(row.number), "office.invoice", {"invoice_id": row.public_id}), "number", "nowrap c-c", heads=True,
            plain={"invoice": lambda _context, row: row.number, "title": lambda _context, row: row.title}),
        Column("debtor", N_("Debtor"), lambda _context, row: Cell(
            Plain(row.debtor_name), "office.debtor", {"debtor_id": row.debtor_id},
            beside=Said(KIND_WORDS[row.kind])), classes="c-a", plain={
                "debtor_number": lambda _context, row: row.debtor_number,
                "debtor": lambda _context, row: row.debtor_name, "kind": lambda _context, row: row.kind}),
        Column("due", N_("Due"), lambda _context, row: Cell(Short(row.due_on)), "due", "tn none", plain={
            "issued_on": lambda _context, row: row.issued_on, "due_on": lambda _context, row: row.due_on}),
        Column("late", N_("Days late"), _late, classes="num c-d c-late", plain={
            "days_late": lambda context, row: max(0, row.late(context.today))}),
        Column("amount", N_("Amount"), lambda _context, row: Cell(Sum(row.total, row.currency), soft=True), "amount",
               "num none", plain={"currency": lambda _context, row: row.currency,
                                  "amount": lambda _context, row: plain_sum(row.total, row.currency)}),
        Column("left", N_("Left"), lambda _context, row: Cell(Sum(row.left, row.currency)), "left", "num strong c-b",
               plain={"left": lambda _context, row: plain_sum(row.left, row.currency)}),
        Column("state", N_("State and what waits"), lambda context, row: state_of(row, context.today), classes="c-e",
               plain={"state": lambda context, row: state_of(row, context.today).text.by(context.words)}),
    ),
    hits=_hits, load=_load, ids_of=_ids_of, sum_of=left_of,
    foot=N_("Left on this page"), foot_under="left",
    foot_sum=lambda row: (row.currency, row.left), bulk=("link", "hold", "assign", "offer"),
    empty=N_("No invoice is like this."),
)
