"""The list of payments: every attempt to move money, the newest first, each told as it stands."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, and_, select
from sqlalchemy.orm import Session

from portal.domain.payment_stories import BY_HAND, Story, story
from portal.models import Chargeback, Debtor, Payment, PaymentInvoice
from portal.services.lists import common
from portal.services.lists.cells import At, Cell
from portal.services.lists.common import midnight, plain_sum
from portal.services.lists.frame import Ask, Column, Columns, Context, Filter, Hits, ListOf, Order, Walk
from portal.words import happenings
from portal.words.refusals import N_
from portal.words.said import Plain, Said, Sum

# What people ask for, and the states of rows it means.
STATES = (
    ("received", N_("Received")), ("moving", N_("On its way at a bank")), ("waiting", N_("Not paid yet")),
    ("announced", N_("Bank transfer announced")), ("failed", N_("Failed")), ("ended", N_("Given up")),
    ("returned", N_("Went back, in part or whole")),
)
MEANT: dict[str, tuple[str, ...]] = {
    "received": ("succeeded",), "moving": ("processing",), "waiting": ("created", "unknown", "open"),
    "announced": ("announced",), "failed": ("failed",), "ended": ("expired", "canceled"), "returned": ("succeeded",),
}
WAYS = (("stripe", N_("By card or bank debit")), ("outside", N_("Outside the portal")))
CHANNELS = {"stripe": ("checkout", "off_session"), "outside": BY_HAND}
STORIES: dict[str, tuple[str, str]] = {
    "asking": (N_("Asking Stripe"), "wait"), "waiting": (N_("Not paid yet"), "wait"),
    "declined": (N_("Declined, may try again"), "bad"), "announced": (N_("Bank transfer announced"), "wait"),
    "processing": (N_("On its way at the bank"), "wait"), "received": (N_("Received"), "in"),
    "partly_refunded": (N_("Received, part went back"), "in"), "refunded": (N_("Paid back"), "plain"),
    "charged_back": (N_("Taken back by the bank"), "bad"), "failed": (N_("Failed"), "bad"),
    "expired": (N_("Given up"), "plain"),
}


@dataclass(frozen=True)
class PaymentRow:
    """One payment as its row shows it; minor units of its currency."""

    id: int
    public_id: str
    number: str
    channel: str
    story: Story
    currency: str
    amount: int
    kept: int
    created_at: datetime
    received_at: datetime | None
    method: str
    debtor_id: str
    debtor_name: str
    debtor_number: str

    @property
    def only_day(self) -> bool:
        """Say whether only the day it came is known, because staff wrote it down."""
        return self.channel in BY_HAND


def _newest(context: Context, ask: Ask) -> Walk:
    columns = _columns()
    mine = Payment.business_id == context.business_id
    meant = MEANT.get(ask.value("state"))
    if meant is None:
        return Walk(columns, [[mine]])
    answered = frozenset() if ask.value("state") == "returned" else frozenset({"state"})
    return Walk(columns, [[mine, Payment.state == state] for state in meant], answered)


def _largest(context: Context, ask: Ask) -> Walk:
    return Walk(_columns(), [[Payment.business_id == context.business_id]])


def _columns() -> Columns:
    return {
        "id": Payment.id, "debtor_id": Payment.debtor_id, "currency": Payment.currency, "at": Payment.created_at,
        "amount": Payment.amount_minor, "state": Payment.state, "channel": Payment.channel,
        "captured": Payment.captured_minor, "returned": Payment.returned_minor}


def _state(_context: Context, value: str, columns: Columns) -> ColumnElement[bool]:
    if value == "returned":
        return columns["returned"] > 0
    return columns["state"].in_(MEANT[value])


def _hits(session: Session, context: Context, typed: str) -> Hits:
    words = common.words_found(session, context, typed)
    ids = set(session.scalars(select(Payment.id).where(
        Payment.business_id == context.business_id, Payment.number == typed.strip().upper())))
    more = words.more
    if words.invoices:
        named = dict(sorted(words.invoices.items())[-common.MOST_HITS:])
        more = more or len(named) < len(words.invoices)
        ids |= set(session.scalars(select(PaymentInvoice.payment_id).where(and_(
            PaymentInvoice.debtor_id.in_(set(named.values())), PaymentInvoice.invoice_id.in_(named)))))
    for currency, minor in common.sums_typed(context, typed).items():
        rows = session.scalars(
            select(Payment.id).where(Payment.business_id == context.business_id, Payment.amount_minor == minor,
                                     Payment.currency == currency)
            .order_by(Payment.id.desc()).limit(common.MOST_OF_AN_AMOUNT)).all()
        ids |= set(rows)
        more = more or len(rows) == common.MOST_OF_AN_AMOUNT
    return common.hits(more, debtor_id=words.debtors, id=ids)


def _ids_of(session: Session, context: Context, public_ids: Sequence[str]) -> dict[str, int]:
    return {public_id: id_ for public_id, id_ in session.execute(select(Payment.public_id, Payment.id).where(
        Payment.public_id.in_(public_ids), Payment.business_id == context.business_id))}


def _load(session: Session, context: Context, ids: Sequence[int]) -> list[PaymentRow]:
    query = (
        select(Payment, Debtor).join(Debtor, Debtor.id == Payment.debtor_id)
        .where(Payment.id.in_(ids), Payment.business_id == context.business_id))
    found = {payment.id: (payment, debtor) for payment, debtor in session.execute(query)}
    taken = chargebacks_of(session, ids)
    return [_row(*found[id_], taken.get(id_, "")) for id_ in ids if id_ in found]


def chargebacks_of(session: Session, ids: Sequence[int]) -> dict[int, str]:
    """Tell the state of the last chargeback that took money, by payment."""
    return {payment_id: state for payment_id, state in session.execute(
        select(Chargeback.payment_id, Chargeback.state)
        .where(Chargeback.payment_id.in_(ids), Chargeback.withdrawn_at.is_not(None)).order_by(Chargeback.id))}


def _row(payment: Payment, debtor: Debtor, chargeback: str) -> PaymentRow:
    return PaymentRow(
        payment.id, payment.public_id, payment.number, payment.channel,
        story(state=payment.state, captured=payment.captured_minor, returned=payment.returned_minor,
              chargeback=chargeback, failed_before=bool(payment.failure_code)),
        payment.currency, payment.amount_minor, max(0, payment.captured_minor - payment.returned_minor),
        payment.created_at, payment.received_at, method_of(payment.method_brand, payment.method_last4),
        debtor.public_id, debtor.name, debtor.number)


def method_of(brand: str | None, last4: str | None) -> str:
    """Name a card or account as its owner would: "Visa 4242"."""
    return " ".join(part for part in ((brand or "").replace("_", " ").capitalize(), last4 or "") if part)


def _method(row: PaymentRow) -> Cell:
    return Cell(happenings.named(happenings.CHANNELS, row.channel),
                below=Plain(row.method) if row.method else None, soft=True)


def state_of(row: PaymentRow) -> Cell:
    """Say what became of a payment."""
    text, kind = STORIES[row.story]
    return Cell(Said(text), kind=kind)


def _day_filters() -> tuple[Filter, Filter]:
    return (
        Filter("from", N_("From"), lambda _context: (), lambda context, value, columns: (
            columns["at"] >= midnight(context, value)), on="at", kind="day"),
        Filter("to", N_("To"), lambda _context: (), lambda context, value, columns: (
            columns["at"] < midnight(context, value, after_days=1)), on="at", kind="day"))


DAYS = _day_filters()

PAYMENTS = ListOf(
    name="payments", title=N_("Payments"), find_label=N_("Name, number, email or amount"),
    orders=(
        Order("newest", "moment", "at", _newest, True, N_("%(first)s to %(last)s"), N_("Next: from %(edge)s on")),
        Order("amount", "sum", "amount", _largest, True, N_("Amounts from %(first)s to %(last)s"),
              N_("Next: amounts from %(edge)s on"), one_currency=True),
    ),
    filters=(
        Filter("state", N_("State"), lambda _context: STATES, _state), *DAYS,
        common.currency_filter(),
        Filter("way", N_("How"), lambda _context: WAYS, lambda _context, value, columns: (
            columns["channel"].in_(CHANNELS[value]))),
    ),
    columns=(
        Column("number", N_("Payment"), lambda _context, row: Cell(
            Plain(row.number), "office.payment", {"payment_id": row.public_id}), classes="nowrap c-c", heads=True,
            plain={"payment": lambda _context, row: row.number}),
        Column("debtor", N_("Debtor"), lambda _context, row: Cell(
            Plain(row.debtor_name), "office.debtor", {"debtor_id": row.debtor_id}), classes="c-a", plain={
                "debtor_number": lambda _context, row: row.debtor_number,
                "debtor": lambda _context, row: row.debtor_name}),
        Column("at", N_("Begun"), lambda _context, row: Cell(At(row.created_at)), "newest", "tn c-d", plain={
            "begun_at": lambda _context, row: row.created_at, "received_at": lambda _context, row: row.received_at}),
        Column("amount", N_("Amount"), lambda _context, row: Cell(Sum(row.amount, row.currency)), "amount",
               "num strong c-b", plain={"currency": lambda _context, row: row.currency,
                                        "amount": lambda _context, row: plain_sum(row.amount, row.currency)}),
        Column("kept", N_("Came in and stayed"), lambda _context, row: Cell(Sum(row.kept, row.currency), soft=True),
               classes="num none", plain={"came_in": lambda _context, row: plain_sum(row.kept, row.currency)}),
        Column("method", N_("How"), lambda _context, row: _method(row), classes="none", plain={
            "way": lambda _context, row: row.channel, "method": lambda _context, row: row.method}),
        Column("state", N_("State"), lambda _context, row: state_of(row), classes="c-e", plain={
            "state": lambda context, row: state_of(row).text.by(context.words)}),
    ),
    hits=_hits, load=_load, ids_of=_ids_of, sum_of=lambda columns: columns["captured"] - columns["returned"],
    foot=N_("Came in and stayed, on this page"), foot_under="kept",
    foot_sum=lambda row: (row.currency, row.kept), empty=N_("No payment is like this."),
)
