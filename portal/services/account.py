"""A debtor's page in one call: what is owed and why, what is under way, what happens next, and what may be done."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import select

from portal.domain.access import Access
from portal.domain.acts import Acts, discount_now, open_acts
from portal.domain.hand_overs import HandedTo
from portal.domain.holds import last_moment
from portal.domain.quotes import OpenInvoice, OpenOffer, allocation_order
from portal.models import Business
from portal.runtime import Runtime
from portal.services import account_rows, coming_steps, credit_back, debts, next_steps, not_me, policies
from portal.services.account_rows import DocumentName, Line, Movement, Standing
from portal.services.coming_steps import Ahead
from portal.services.next_agreed import NOTHING_AGREED, Installment, Wish
from portal.words.core import Words

# Pauses a debtor should see, in the order they matter; others are the office's own affair.
SHOWN_HOLDS = ("hand_over", "chargeback", "dispute", "payment", "transfer", "settlement", "deferral", "promise",
               "already_paid", "plan", "staff", "import")
# Pauses a debtor has brought about, each with a page that tells how it stands.
OWN_HOLDS = ("plan", "settlement", "deferral", "promise", "already_paid")


@dataclass(frozen=True)
class InvoiceView:
    """One open invoice with all that made its balance; minor units of `currency`."""

    public_id: str
    number: str
    title: str
    issued_on: date
    due_on: date
    currency: str
    total_minor: int
    left_minor: int
    days_late: int
    lines: tuple[Line, ...]
    movements: tuple[Movement, ...]
    documents: tuple[DocumentName, ...]
    discount: OpenOffer | None
    hold: str
    on_its_way: bool
    handed_to: HandedTo | None = None
    # What of it they question: it rests until it is answered.
    held_minor: int = 0

    @property
    def payable_minor(self) -> int:
        """What can be paid now, at the full price."""
        return self.left_minor - self.held_minor

    @property
    def with_discount_minor(self) -> int:
        return self.payable_minor - (self.discount.discount_minor if self.discount else 0)


@dataclass(frozen=True)
class Sum:
    """All open invoices of one currency together, minor units; those that others pursue stand apart in `handed`."""

    currency: str
    invoices: tuple[InvoiceView, ...]
    credit_minor: int
    acts: Acts
    handed: tuple[InvoiceView, ...] = ()

    @property
    def left_minor(self) -> int:
        return sum(invoice.left_minor for invoice in self.invoices)

    @property
    def saving_minor(self) -> int:
        return sum(invoice.discount.discount_minor for invoice in self.invoices if invoice.discount)

    @property
    def held_minor(self) -> int:
        """What of all this they question."""
        return sum(invoice.held_minor for invoice in self.invoices)

    @property
    def with_discount_minor(self) -> int:
        return self.left_minor - self.held_minor - self.saving_minor

    @property
    def payable_minor(self) -> int:
        """What paying all of it costs now; what a bank is moving already is left out."""
        return sum(invoice.with_discount_minor for invoice in self.invoices if not invoice.on_its_way)

    @property
    def late(self) -> tuple[InvoiceView, ...]:
        """Those that are late and about which nothing is under way."""
        return tuple(i for i in self.invoices if i.days_late > 0 and not i.on_its_way and not i.hold)

    @property
    def discount_ends(self) -> datetime | None:
        return min((i.discount.deadline for i in self.invoices if i.discount), default=None)


@dataclass(frozen=True)
class Coming:
    """Something that will happen on a known day unless it is stopped; `code` picks its words."""

    code: str
    at: date | datetime
    invoice: InvoiceView


@dataclass(frozen=True)
class UnderWay:
    """A payment the bank is moving or the debtor has announced, minor units."""

    public_id: str
    state: str
    amount_minor: int
    currency: str
    started_at: datetime


@dataclass(frozen=True)
class Arranged:
    """What a debtor has asked for, named or told, by its cause; `until` is its last moment, None while it is open."""

    cause: str
    public_id: str
    until: datetime | None
    # Where it waits for an answer or a signature: how that stands.
    wish: Wish | None = None


@dataclass(frozen=True)
class AccountView:
    """What the page shows; `sums` holds the business's own currency first, and sums are never added up."""

    sums: tuple[Sum, ...]
    under_way: tuple[UnderWay, ...]
    coming: tuple[Coming, ...]
    today: date
    ahead: tuple[Ahead, ...] = ()
    # A series of reminders is for something they owe; else reminders are sent by hand.
    reminded: bool = False
    arranged: tuple[Arranged, ...] = ()
    # The next payments of running plans, the soonest first.
    installments: tuple[Installment, ...] = ()
    # They have signed something here and may read it again.
    signed: bool = False
    # The dispute that was answered last, to be read again.
    answered: str = ""

    def next_lines(self, words: Words) -> list[tuple[date, str, Coming | Ahead | Arranged | Installment]]:
        """What happens next, by the reader's days, each with the kind of its line.

        The kinds are coming, promise, installment and ahead.
        """
        found: list[tuple[date, str, Coming | Ahead | Arranged | Installment]] = [
            # The first one leads, whatever its day.
            *((one.day(words), "installment", one) for one in self.installments[1:]),
            *((words.local_date(one.at), "coming", one) for one in self.coming),
            *((words.local_date(one.until), "promise", one) for one in self.arranged
              if one.cause == "promise" and one.until),
            *((one.day, "ahead", one) for one in self.ahead)]
        return sorted(found, key=lambda line: line[0])

    @property
    def count(self) -> int:
        return sum(len(part.invoices) for part in self.sums)

    @property
    def handed(self) -> tuple[InvoiceView, ...]:
        """What others pursue now, whom to pay instead."""
        return tuple(invoice for part in self.sums for invoice in part.handed)

    @property
    def paid_up(self) -> bool:
        return self.count == 0 and not self.handed


def balance_page(rt: Runtime, access: Access, currency: str, words: Words, email: str | None) -> AccountView:
    """Give a debtor's page with what happens next, in no more questions; `email` is their address on file."""
    known = not_me.address_hash(rt.settings, access.business_id, email)
    return account_page(rt, access, currency, words.local_date(rt.now()), known=known, words=words)


def account_page(rt: Runtime, access: Access, currency: str, today: date, *, known: str | None = None,
                 words: Words | None = None) -> AccountView:
    """Give a debtor's account: `currency` is the business's own, `today` the day where the debtor is.

    With the hash of their address that is `known` and their words it tells the coming steps, too.
    """
    now = rt.now()
    with rt.db.rows() as rows:
        opened = sorted(debts.open_invoices(rows, access), key=allocation_order)
        papers = account_rows.papers(rows, {invoice.id: invoice.account for invoice in opened})
        told = next_steps.for_reader(rows, access, now, known) if known is not None else None
        standings = list(told.standings) if told else account_rows.standings(rows, access, now)
        alone = {row.currency for row in standings if row.what == "credit"
                 and credit_back.may_take_back(rows, access, row.currency, row.amount_minor)}
    holds = _holds(standings)
    views = {
        invoice.id: InvoiceView(
            public_id=invoice.public_id, number=invoice.number, title=invoice.title or invoice.number,
            issued_on=invoice.issued_on, due_on=invoice.due_on, currency=invoice.currency,
            total_minor=invoice.total_minor, left_minor=invoice.left_minor,
            days_late=max(0, (today - invoice.due_on).days), lines=tuple(papers.lines[invoice.id]),
            movements=tuple(papers.movements[invoice.id]), documents=tuple(papers.documents[invoice.id]),
            discount=discount_now(invoice, now), hold=_hold_of(invoice, holds), on_its_way=invoice.on_its_way,
            handed_to=invoice.handed_to, held_minor=invoice.held_minor)
        for invoice in opened}
    sums = _sums(opened, views, standings, alone, now, currency)
    ours = [view for view in views.values() if view.handed_to is None]
    shown = {invoice.id: views[invoice.id] for invoice in opened if invoice.handed_to is None}
    ahead = coming_steps.ahead(told, shown, words) if told and words else ()
    agreed = told.agreed if told else NOTHING_AGREED
    arranged = _arranged(standings, views, agreed.wishes, access)
    mine = {one.public_id for one in arranged}
    return AccountView(
        sums, _under_way(standings), _coming(ours, today, planned=bool(agreed.installments)), today,
        ahead, reminded=told is not None and told.followed,
        arranged=arranged, signed=agreed.signed and access.invoice_ids is None,
        answered=agreed.answered if access.invoice_ids is None else "",
        installments=tuple(one for one in agreed.installments if access.invoice_ids is None or one.plan in mine))


def _holds(standings: list[Standing]) -> dict[int | None, str]:
    found: dict[int | None, str] = {}
    ranked = [row for row in standings if row.what == "hold" and row.word in SHOWN_HOLDS]
    for row in sorted(ranked, key=lambda row: SHOWN_HOLDS.index(row.word), reverse=True):
        found[row.invoice_id] = row.word
    return found


def _hold_of(invoice: OpenInvoice, holds: Mapping[int | None, str]) -> str:
    """Name the pause of an invoice; of one that is questioned in part the rest is as late as ever."""
    hold = holds.get(invoice.id, holds.get(None, ""))
    return "" if hold == "dispute" and invoice.payable_minor else hold


def _arranged(standings: list[Standing], views: Mapping[int, InvoiceView], wishes: Sequence[Wish],
              access: Access) -> tuple[Arranged, ...]:
    """Tell of each once, and only where all it covers is on this page.

    A plan goes on when one of its invoices is paid; what the business has proposed holds nothing back yet.
    """
    rows = [row for row in standings if row.what == "hold" and row.word in OWN_HOLDS and row.public_id]
    whole, waits = access.invoice_ids is None, {one.public_id: one for one in wishes}
    hidden = {row.public_id for row in rows if row.invoice_id is not None and row.invoice_id not in views
              and not (whole and row.word == "plan")}
    found = {one.public_id: Arranged(one.kind, one.public_id, None, one) for one in wishes if whole}
    found.update({row.public_id: Arranged(row.word, row.public_id, last_moment(row.at) if row.at else None,
                                          waits.get(row.public_id)) for row in rows if row.public_id not in hidden})
    return tuple(sorted(found.values(), key=lambda one: OWN_HOLDS.index(one.cause)))


def _sums(opened: Sequence[OpenInvoice], views: dict[int, InvoiceView], standings: list[Standing], alone: set[str],
          now: datetime, currency: str) -> tuple[Sum, ...]:
    credit = {row.currency: row.amount_minor for row in standings if row.what == "credit"}
    currencies = {invoice.currency for invoice in opened} | set(credit)
    parts = []
    for code in sorted(currencies, key=lambda code: (code != currency, code)):
        mine = [invoice for invoice in opened if invoice.currency == code]
        acts = open_acts(mine, alone=code in alone, now=now, transfer=True)
        shown, away = ([views[i.id] for i in mine if bool(i.handed_to) is handed] for handed in (False, True))
        parts.append(Sum(code, tuple(shown), credit.get(code, 0), acts, tuple(away)))
    return tuple(parts)


def _under_way(standings: list[Standing]) -> tuple[UnderWay, ...]:
    return tuple(
        UnderWay(row.public_id, row.word, row.amount_minor, row.currency, row.at)
        for row in standings if row.what == "payment" and row.at is not None)


def _coming(invoices: Iterable[InvoiceView], today: date, *, planned: bool) -> tuple[Coming, ...]:
    """Tell which discounts end and what falls due; what a plan covers falls due as the plan says."""
    found: list[Coming] = []
    for invoice in invoices:
        if invoice.discount is not None:
            found.append(Coming("discount_ends", invoice.discount.deadline, invoice))
        if invoice.due_on >= today and not invoice.on_its_way and not (planned and invoice.hold == "plan"):
            found.append(Coming("due", invoice.due_on, invoice))
    return tuple(sorted(found, key=lambda coming: (_day(coming.at), coming.code)))


def _day(moment: date | datetime) -> date:
    return moment.date() if isinstance(moment, datetime) else moment


@dataclass(frozen=True)
class PayOptions:
    """What the page for choosing a payment needs; minor units."""

    account: AccountView
    minimum: dict[str, int]
    bank_transfer: bool


def pay_options(rt: Runtime, access: Access, currency: str, today: date) -> PayOptions:
    """Give what may be paid now and the smallest part of each currency."""
    view = account_page(rt, access, currency, today)
    with rt.db.reading() as session:
        policy = policies.in_force(session, access.business_id)
        has_bank = bool(session.scalar(select(Business.bank_details).where(Business.id == access.business_id)))
    smallest = {part.currency: min(debts.minimum_part(policy, part.currency), part.left_minor - part.held_minor)
                for part in view.sums}
    return PayOptions(view, smallest, policy.bank_transfer and has_bank)

