"""The comparison with Stripe as staff and commands read it: runs, differences, and a payout from its lines to ours."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from portal.domain.errors import Refusal
from portal.domain.ledger import CLEARING
from portal.domain.listing import PAGE
from portal.domain.reconciling import ON_ITS_WAY, kind_of
from portal.domain.roles import StaffAccess
from portal.models import (
    Business,
    Chargeback,
    Drift,
    LedgerAccount,
    LedgerTransfer,
    Payment,
    Payout,
    Reconciliation,
    Refund,
    StripeRecord,
)
from portal.runtime import Runtime
from portal.services import explorer, fact_lookup, reconcile_books, reconciliation

MOST_LINES = 500
CHUNK = 500
# What a transfer on clearing can be caused by; each is looked up along the index of causes.
CAUSES = ("payment", "balance_line", "payout", "suspense")


@dataclass(frozen=True)
class Clearing:
    """One currency of Stripe clearing in the books beside the lines of Stripe's balance, minor units.

    `on_its_way` has left Stripe's balance and is in no bank yet; the books move it when it arrives.
    """

    currency: str
    in_books: int
    at_stripe: int
    on_its_way: int

    @property
    def apart(self) -> int:
        return self.in_books - self.on_its_way - self.at_stripe


@dataclass(frozen=True)
class PayoutLine:
    """A payout as a list shows it: what it brought, and how much of it the books can name."""

    id: str
    amount: int
    currency: str
    state: str
    made_at: datetime
    lines: int


@dataclass(frozen=True)
class Overview:
    """What the office's page shows: the last run, the one under way, what is open, what ended of late, payouts."""

    last: Reconciliation | None
    under_way: Reconciliation | None
    clearing: tuple[Clearing, ...]
    open: tuple[Drift, ...]
    more_open: bool
    ended: tuple[Drift, ...]
    payouts: tuple[PayoutLine, ...]


@dataclass(frozen=True)
class Part:
    """One line of a payout with what the books have for it; `net` is after Stripe's fee, `booked` from our clearing."""

    id: str
    kind: str
    at: datetime
    amount: int
    fee: int
    about: str
    number: str
    payment_id: str
    booked: int | None
    transfers: tuple[explorer.Line, ...]

    @property
    def net(self) -> int:
        return self.amount - self.fee


@dataclass(frozen=True)
class PayoutPage:
    """A payout, the lines of Stripe's balance it is made of, and our transfers behind each; minor units."""

    id: str
    amount: int
    currency: str
    state: str
    arrives_at: datetime | None
    known: bool
    parts: tuple[Part, ...]
    own: tuple[explorer.Line, ...]
    more: bool

    @property
    def together(self) -> int:
        return sum(part.net for part in self.parts)


def accounts(rt: Runtime, slug: str) -> list[str]:
    """Name the accounts a command means; raises Refusal not_found/unknown_business."""
    with rt.db.reading() as session:
        return reconciliation.accounts(session, slug)


def beginning(rt: Runtime, account: str) -> datetime:
    """Tell since when there is anything to compare on an account."""
    with rt.db.reading() as session:
        return reconciliation.beginning(session, reconcile_books.businesses_of(session, account))


def open_drifts(rt: Runtime, slug: str = "") -> Sequence[Drift]:
    """List what is open, of all accounts or of one business's; raises Refusal not_found/unknown_business."""
    with rt.db.reading() as session:
        return session.scalars(select(Drift).where(
            Drift.account.in_(reconciliation.accounts(session, slug)), Drift.state == "open")
            .order_by(Drift.kind, Drift.object_id)).all()


def overview(rt: Runtime, access: StaffAccess) -> Overview:
    """Give what the page about Stripe and the books shows; of what is open, the oldest first."""
    access.require("see")
    with rt.db.reading() as session:
        account = _account(session, access)
        runs = select(Reconciliation).where(Reconciliation.account == account).order_by(Reconciliation.id.desc())
        mine = select(Drift).where(Drift.business_id == access.business_id)
        waiting = session.scalars(mine.where(Drift.state == "open").order_by(Drift.found_at, Drift.id)
                                  .limit(PAGE + 1)).all()
        ended = session.scalars(mine.where(Drift.state != "open").order_by(Drift.found_at.desc(), Drift.id.desc())
                                .limit(PAGE)).all()
        return Overview(
            session.scalars(runs.where(Reconciliation.finished_at.is_not(None)).limit(1)).one_or_none(),
            session.scalars(runs.where(Reconciliation.finished_at.is_(None)).limit(1)).one_or_none(),
            _clearing(session, access, account), tuple(waiting[:PAGE]), len(waiting) > PAGE, tuple(ended),
            _payouts(session, access, account))


def _account(session: Session, access: StaffAccess) -> str:
    """The account whose copy is this business's to see; nobody's where another business shares and owns it."""
    account = session.get_one(Business, access.business_id).stripe_account or ""
    return account if fact_lookup.business_of_account(session, account) == access.business_id else "-"


def _clearing(session: Session, access: StaffAccess, account: str) -> tuple[Clearing, ...]:
    books: dict[str, int] = {}
    for side, sign in ((LedgerTransfer.debit_account_id, 1), (LedgerTransfer.credit_account_id, -1)):
        rows = session.execute(
            select(LedgerAccount.currency, func.sum(LedgerTransfer.amount))
            .join(LedgerTransfer, side == LedgerAccount.id)
            .where(LedgerAccount.business_id == access.business_id, LedgerAccount.kind == CLEARING)
            .group_by(LedgerAccount.currency))
        for currency, total in rows:
            books[currency] = books.get(currency, 0) + sign * int(total)
    lines = dict(session.execute(
        select(StripeRecord.currency, func.sum(StripeRecord.amount - StripeRecord.fee))
        .where(StripeRecord.account == account, StripeRecord.kind == "line").group_by(StripeRecord.currency)).all())
    moving = dict(session.execute(
        select(StripeRecord.currency, -func.sum(StripeRecord.amount))
        .where(StripeRecord.account == account, StripeRecord.kind == "line", StripeRecord.source.in_(
            select(StripeRecord.object_id).where(StripeRecord.account == account, StripeRecord.kind == "payout",
                                                 StripeRecord.status.in_(ON_ITS_WAY))))
        .group_by(StripeRecord.currency)).all())
    return tuple(Clearing(code, books.get(code, 0), int(lines.get(code, 0)), int(moving.get(code, 0)))
                 for code in sorted({*books, *lines}) if books.get(code) or lines.get(code))


def _payouts(session: Session, access: StaffAccess, account: str) -> tuple[PayoutLine, ...]:
    rows = session.scalars(select(StripeRecord).where(
        StripeRecord.account == account, StripeRecord.kind == "payout")
        .order_by(StripeRecord.made_at.desc(), StripeRecord.id.desc()).limit(PAGE)).all()
    ids = [row.object_id for row in rows]
    counted = dict(session.execute(
        select(StripeRecord.payout, func.count()).where(StripeRecord.account == account, StripeRecord.payout.in_(ids))
        .group_by(StripeRecord.payout)).all())
    sums = _sums(session, access, account, ids)
    return tuple(PayoutLine(row.object_id, sums.get(row.object_id, 0), row.currency, row.status, row.made_at,
                            counted.get(row.object_id, 0)) for row in rows)


def _sums(session: Session, access: StaffAccess, account: str, ids: Sequence[str]) -> dict[str, int]:
    """What payouts bring: as they told us, else as they left Stripe's balance."""
    sums = {source: -int(total) for source, total in session.execute(
        select(StripeRecord.source, func.min(StripeRecord.amount)).where(
            StripeRecord.account == account, StripeRecord.kind == "line", StripeRecord.source.in_(ids))
        .group_by(StripeRecord.source))}
    return sums | {name: amount for name, amount in session.execute(
        select(Payout.stripe_payout, Payout.amount_minor).where(
            Payout.business_id == access.business_id, Payout.stripe_payout.in_(ids)))}


def payout(rt: Runtime, access: StaffAccess, payout_id: str) -> PayoutPage:
    """Show a payout with its lines and our transfers behind each; raises Refusal not_found."""
    access.require("see")
    with rt.db.reading() as session:
        account = _account(session, access)
        row = session.scalars(select(StripeRecord).where(
            StripeRecord.account == account, StripeRecord.kind == "payout",
            StripeRecord.object_id == payout_id)).one_or_none()
        if row is None:
            raise Refusal("not_found", "unknown_page")
        ours = session.scalars(select(Payout).where(
            Payout.business_id == access.business_id, Payout.stripe_payout == payout_id)).one_or_none()
        lines = session.scalars(select(StripeRecord).where(
            StripeRecord.account == account, StripeRecord.payout == payout_id)
            .order_by(StripeRecord.made_at, StripeRecord.id).limit(MOST_LINES + 1)).all()
        amount = _sums(session, access, account, [payout_id]).get(payout_id, 0)
        return PayoutPage(
            payout_id, amount, row.currency, row.status, ours.arrives_at if ours else None, row.parts == "known",
            tuple(_parts(session, access, account, lines[:MOST_LINES])),
            _transfers(session, access, {payout_id}).get(payout_id, ()), len(lines) > MOST_LINES)


def _parts(session: Session, access: StaffAccess, account: str, lines: Sequence[StripeRecord]) -> list[Part]:
    by_charge = _charges(session, account, [line.source for line in lines])
    abouts = {line.object_id: line.source if kind_of(line.source) else by_charge.get(line.source, line.intent)
              for line in lines}
    payments = _payments(session, access, {one for one in abouts.values() if one})
    causes = {payment_id for _, payment_id in payments.values()} | {line.object_id for line in lines}
    transfers = _transfers(session, access, causes | {one for one in abouts.values() if one})
    parts = []
    for line in lines:
        about = abouts[line.object_id]
        behind = (*transfers.get(about, ()), *transfers.get(line.object_id, ()))
        number, payment_id = payments.get(about, ("", ""))
        booked = sum(one.amount * one.sign for one in behind if one.currency == line.currency) if behind else None
        parts.append(Part(line.object_id, line.status, line.made_at, line.amount, line.fee, about, number, payment_id,
                          booked, behind))
    return parts


def _charges(session: Session, account: str, sources: Sequence[str]) -> dict[str, str]:
    known = dict(session.execute(select(StripeRecord.source, StripeRecord.object_id).where(
        StripeRecord.account == account, StripeRecord.kind == "intent", StripeRecord.source.in_(sources))).all())
    return {**reconcile_books.charges(session, {one for one in sources if one}), **known}


def _payments(session: Session, access: StaffAccess, names: set[str]) -> dict[str, tuple[str, str]]:
    """Give number and id of our payment behind each payment, refund or chargeback of Stripe's."""
    mine = Payment.business_id == access.business_id
    found: dict[str, tuple[str, str]] = {}
    for query in (
            select(Payment.payment_intent, Payment.number, Payment.public_id).where(
                mine, Payment.payment_intent.in_(names)),
            select(Refund.stripe_refund, Payment.number, Payment.public_id)
            .join(Payment, Payment.id == Refund.payment_id).where(mine, Refund.stripe_refund.in_(names)),
            select(Chargeback.stripe_dispute, Payment.number, Payment.public_id)
            .join(Payment, Payment.id == Chargeback.payment_id).where(mine, Chargeback.stripe_dispute.in_(names))):
        found |= {name: (number, public_id) for name, number, public_id in session.execute(query) if name}
    return found


def _transfers(session: Session, access: StaffAccess, causes: set[str]) -> dict[str, tuple[explorer.Line, ...]]:
    """Give our transfers on clearing of some causes, by the object of Stripe's that each one's key names."""
    clearing = set(session.scalars(select(LedgerAccount.id).where(
        LedgerAccount.business_id == access.business_id, LedgerAccount.kind == CLEARING)))
    wanted = sorted(causes)
    rows: list[LedgerTransfer] = []
    for start in range(0, len(wanted), CHUNK):
        rows += session.scalars(select(LedgerTransfer).where(
            LedgerTransfer.business_id == access.business_id, LedgerTransfer.cause_type.in_(CAUSES),
            LedgerTransfer.cause_id.in_(wanted[start:start + CHUNK])).order_by(LedgerTransfer.id)).all()
    rows = [row for row in rows if {row.debit_account_id, row.credit_account_id} & clearing]
    ends = explorer.ends_of(session, [end for row in rows for end in (row.debit_account_id, row.credit_account_id)])
    found: dict[str, tuple[explorer.Line, ...]] = {}
    for row in rows:
        name = row.key.split(":")[1]
        found[name] = (*found.get(name, ()), explorer.line(row, ends, clearing))
    return found
