"""One debtor's story with offers, told to the real services; and a judge who knows only what was promised.

The judge shares no rule with the portal: deadlines, prices and what was forgiven are worked out here anew.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import bindparam, func, select
from sqlalchemy.orm import Session

from portal.db import Database
from portal.domain.access import KNOWN, Access
from portal.domain.errors import Refusal
from portal.domain.policy import Policy
from portal.domain.quotes import Choice, OpenInvoice, Quote, quote
from portal.domain.roles import StaffAccess
from portal.models import (
    Arrangement,
    Debtor,
    LedgerAccount,
    LedgerTransfer,
    Offer,
    Payment,
    PaymentInvoice,
    lock_debtor,
)
from portal.services import account_rows, arrangements, bookkeeping, debts, offers, outside_offers, settlement_terms
from portal.services.offers import Wanted
from portal.services.outside_offers import Came
from portal.services.payments import new_number
from tests.cast import Owed, make_business, make_debtor, make_invoice, make_link
from tests.ledger.stories import charged_back, line, moved, received, refunded, tell

ZONES = ("America/Los_Angeles", "America/New_York", "Europe/Madrid", "Asia/Kathmandu", "Pacific/Auckland")
# Step and minor units of what one discount is worth, in currencies with two, no and three decimals.
CURRENCIES = {"USD": 1, "EUR": 1, "JPY": 1, "CLP": 1, "KWD": 10, "BHD": 10}
# Clocks are set apart in these nights somewhere; months and a year end in them.
FIRST_DAYS = (date(2026, 3, 6), date(2026, 3, 27), date(2026, 10, 23), date(2026, 10, 30), date(2026, 2, 26),
              date(2026, 12, 29), date(2026, 9, 25), date(2026, 4, 3))
MICRO = timedelta(microseconds=1)
# What each of a debtor's invoices was charged and credited by its own transfers, in one question.
LEFT = select(LedgerAccount.invoice_id, *(
    select(func.sum(LedgerTransfer.amount)).where(side == LedgerAccount.id).scalar_subquery()
    for side in (LedgerTransfer.debit_account_id, LedgerTransfer.credit_account_id))).where(
        LedgerAccount.debtor_id == bindparam("debtor"), LedgerAccount.kind == "receivable")


@dataclass
class Deal:
    """One offer as it was promised: what it takes off, of what, until when, and what a part payment does to it."""

    offer_id: int
    invoice_id: int
    off: int
    base: int
    deadline: datetime
    effect: str
    settled: int = 0
    gone: bool = False


@dataclass
class World:
    """Somebody who owes, the clock, and everything that was promised and started."""

    db: Database
    zone: ZoneInfo
    currency: str
    effect: str
    grace: timedelta
    now: datetime
    owed: Owed
    deals: list[Deal] = field(default_factory=list)
    payments: list[Payment] = field(default_factory=list)
    chargebacks: dict[int, bool] = field(default_factory=dict)
    # What each payment took of an offer when it was started, by (payment, invoice): (offer, sum).
    taken: dict[tuple[int, int], tuple[int, int]] = field(default_factory=dict)

    @property
    def access(self) -> Access:
        return self.owed.access

    def work(self, act: Callable[[Session], Any]) -> Any:
        """Do something under the debtor's lock."""
        def locked(session: Session) -> Any:
            lock_debtor(session, self.owed.business.id, self.owed.debtor.id)
            return act(session)
        return self.db.run(locked)

    def end_of(self, day: date) -> datetime:
        """The last moment of a day where the debtor is, by the calendar on the wall."""
        midnight = datetime.combine(day + timedelta(days=1), time(), self.zone)
        return midnight.astimezone(UTC) - MICRO

    def today(self) -> date:
        return self.now.astimezone(self.zone).date()

    def lefts(self) -> dict[int, int]:
        """What is left of each invoice by its own transfers, without the totals that are kept."""
        with self.db.reading() as session:
            return {invoice or 0: int(charged or 0) - int(credited or 0)
                    for invoice, charged, credited in session.execute(LEFT, {"debtor": self.owed.debtor.id})}

    def opened(self) -> list[OpenInvoice]:
        with self.db.reading() as session:
            return list(debts.open_invoices(session, self.access))

    def price(self, choice: Choice, opened: list[OpenInvoice] | None = None, *, grace: bool = False) -> Quote:
        """What the portal would ask for now, of what is open now."""
        return quote(self.opened() if opened is None else opened, choice, now=self.now, minimum_part=0,
                     grace=self.grace if grace else timedelta())


def begin(db: Database, zone: str, currency: str, effect: str, grace: int, first: date, totals: list[int]) -> World:
    """Let somebody owe these sums, the first due ten days after it all begins."""
    where = ZoneInfo(zone)
    now = datetime.combine(first, time(10), where).astimezone(UTC)
    policy = Policy(part_payment_discount=effect, discount_grace_minutes=grace)
    with db.transaction() as session:
        business = make_business(session, currency=currency, timezone=zone, policy=policy)
        debtor = make_debtor(session, business, timezone=zone, country=None)
        link = make_link(session, debtor, expires_at=now + timedelta(days=400))
        invoices = [make_invoice(session, debtor, total, currency=currency, due_on=first + timedelta(days=10 * place),
                                 now=now) for place, total in enumerate(totals, 1)]
    return World(db, where, currency, effect, timedelta(minutes=grace), now,
                 Owed(business, debtor, link, invoices))


def staff(world: World) -> StaffAccess:
    """An owner of the business, as far as rules about offers look at one."""
    return StaffAccess(world.owed.business.id, 0, "", "owner", 0, world.now)


def offer(world: World, wanted: Wanted, place: int) -> str:
    """Make a discount by hand on one invoice; gives the code of a refusal, or ""."""
    invoice = world.owed.invoices[place % len(world.owed.invoices)]

    def act(session: Session) -> Any:
        debtor = session.get_one(Debtor, world.owed.debtor.id)
        return offers.put(session, staff(world), debtor, wanted, world.now, only=frozenset({invoice.id}))
    try:
        made = world.work(act)
    except Refusal as refusal:
        return refusal.code
    for one in made.offers:
        for deal in world.deals:
            deal.gone = deal.gone or deal.invoice_id == one.invoice_id
        world.deals.append(Deal(one.id, one.invoice_id, one.discount_minor, one.base_minor or 0,
                                world.end_of(wanted.until), world.effect))
    return ""


def withdraw(world: World, place: int) -> None:
    """Take a discount back."""
    standing = [deal for deal in world.deals if not deal.gone and not deal.settled]
    if standing:
        deal = standing[place % len(standing)]

        def act(session: Session) -> None:
            row = session.get_one(Offer, deal.offer_id)
            row.withdrawn_at, row.ended_as = world.now, "withdrawn"
        world.work(act)
        deal.gone = True


def settle(world: World, points: int, days: int) -> bool:
    """Agree on a settlement of all that is open and sign it, as the debtor's signature does."""
    until = world.today() + timedelta(days=days)
    unit = CURRENCIES[world.currency]

    def act(session: Session) -> int | None:
        debtor = session.get_one(Debtor, world.owed.debtor.id)
        whole = Access(debtor.business_id, debtor.id, 0, "", KNOWN)
        try:
            found = settlement_terms.coverable(session, whole, world.currency)
        except Refusal:
            return None
        owed = sum(one.left_minor for one in found)
        amount = owed * points // 10_000 // unit * unit
        if not 0 < amount < owed:
            return None
        made = arrangements.open_one(session, debtor, "settlement", [one.id for one in found], world.now,
                                     asked_until=until, currency=world.currency, amount_minor=amount)
        made.state, made.until = "countered", until
        try:
            settlement_terms.begin(session, debtor, made, world.now)
        except Refusal:
            made.state = "ended"
            return None
        return made.id
    made = world.work(act)
    if made is None:
        return False
    with world.db.reading() as session:
        until_ = session.get_one(Arrangement, made).until
        rows = session.scalars(select(Offer).where(Offer.kind == "settlement", Offer.withdrawn_at.is_(None),
                                                   Offer.debtor_id == world.owed.debtor.id)).all()
    assert until_ == until
    for deal in world.deals:
        deal.gone = deal.gone or deal.invoice_id in {row.invoice_id for row in rows}
    world.deals += [Deal(row.id, row.invoice_id, row.discount_minor, row.base_minor or 0, world.end_of(until), "keeps",
                         made) for row in rows]
    return True


def start(world: World, choice: Choice, *, grace: bool = False) -> Payment | None:
    """Start a payment for what the portal asks for now, as its page does; None where it refuses."""
    try:
        price = world.price(choice, grace=grace)
    except Refusal:
        return None

    def act(session: Session) -> Payment:
        payment = Payment(
            business_id=world.owed.business.id, debtor_id=world.owed.debtor.id, number=new_number(),
            channel="checkout", state="open", currency=world.currency, amount_minor=price.total_minor,
            created_at=world.now, expires_at=world.now + timedelta(hours=1))
        session.add(payment)
        session.flush()
        session.add_all(
            PaymentInvoice(payment_id=payment.id, invoice_id=one.invoice.id, business_id=world.owed.business.id,
                           debtor_id=world.owed.debtor.id, position=place, amount_minor=one.pay_minor,
                           discount_minor=one.discount_minor, offer_id=one.offer_id)
            for place, one in enumerate(price.lines))
        return payment
    payment: Payment = world.work(act)
    world.payments.append(payment)
    for one in price.lines:
        if one.offer_id:
            world.taken[payment.id, one.invoice.id] = (one.offer_id, one.discount_minor)
    return payment


def cash(world: World, amount: int) -> None:
    """Staff write down money that came today."""
    def act(session: Session) -> Payment | None:
        debtor = session.get_one(Debtor, world.owed.debtor.id)
        parts = outside_offers.parts(session, debtor, Came(world.currency, amount, world.now))
        if not parts:
            return None
        payment = bookkeeping.receive_outside(
            session, debtor, parts, channel="transfer", amount=amount, reference="", received_at=world.now,
            now=world.now, number=new_number())
        for part in parts:
            if part.offer_id:
                world.taken[payment.id, part.invoice.id] = (part.offer_id, part.discount)
        return payment
    made = world.work(act)
    if made is not None:
        _met(world, made.id)


def _met(world: World, payment_id: int) -> None:
    """What one payment was to close is over once that payment has come, whatever becomes of it later."""
    used = {found for (payment, _), (found, _) in world.taken.items() if payment == payment_id}
    groups = {deal.settled for deal in world.deals if deal.offer_id in used and deal.settled}
    for deal in world.deals:
        deal.gone = deal.gone or deal.settled in groups


def happens(world: World, payment: Payment, what: str, share: int = 50) -> None:
    """Let Stripe tell something about a payment."""
    if what == "arrives":
        tell(world.db, received(payment, happened_at=world.now), now=world.now)
        _met(world, payment.id)
    elif what in ("processing", "failed", "expired"):
        tell(world.db, moved(payment, what, happened_at=world.now), now=world.now)
    elif what == "refund":
        with world.db.reading() as session:
            now = session.get_one(Payment, payment.id)
        amount = max(1, (now.captured_minor - now.returned_minor) * share // 100)
        if now.captured_minor > now.returned_minor:
            tell(world.db, refunded(payment, amount, id=f"re_{payment.id}_{share}", happened_at=world.now),
                 now=world.now)
    else:
        won = what == "won"
        known = world.chargebacks.get(payment.id)
        if won and known is None:
            return
        world.chargebacks[payment.id] = won or bool(known)
        name = f"du_{payment.id}"
        out = line(payment, -payment.amount_minor, 0, id=f"txn_{name}_out", source=name, kind="adjustment")
        home = line(payment, payment.amount_minor, 0, id=f"txn_{name}_in", source=name, kind="adjustment")
        lines = [out, home] if world.chargebacks[payment.id] else [out]
        tell(world.db, charged_back(payment, payment.amount_minor, *lines, id=name,
                                    status="won" if world.chargebacks[payment.id] else "needs_response"),
             now=world.now)


def fee(world: World, place: int, amount: int) -> None:
    """A late fee is added."""
    invoice = world.owed.invoices[place % len(world.owed.invoices)]
    world.db.run(lambda session: bookkeeping.charge_fee(
        session, invoice, amount, step=str(world.now.timestamp()), interest=False, rule="late_fee", now=world.now))


def statement_sums(world: World) -> dict[int, int]:
    """What the lines of the debtor's statement come to, by invoice."""
    with world.db.reading() as session:
        accounts = {invoice or 0: account for invoice, account in session.execute(
            select(LedgerAccount.invoice_id, LedgerAccount.id).where(
                LedgerAccount.debtor_id == world.owed.debtor.id, LedgerAccount.kind == "receivable")).tuples()}
        papers = account_rows.papers(session, accounts)
    return {invoice: sum(move.amount_minor for move in papers.movements[invoice]) for invoice in accounts}
