"""Reads what the rules of late fees must know of many invoices at once, by the same few questions however many."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from portal.domain.fees import FIXED, FLAT, PERCENT, Account, FeeRule, Held
from portal.domain.ledger import RECEIVABLE
from portal.domain.policy import Policy
from portal.models import (
    Business,
    Debtor,
    Hold,
    Invoice,
    InvoiceLine,
    LedgerAccount,
    LedgerTransfer,
    Payment,
    PaymentInvoice,
    PolicyVersion,
)
from portal.models.payments import OPEN_STATES

KINDS = ("consumer", "business")
FEES = ("fee", "interest")
# What a fee posted by hand or brought in counts as, by the beginning of its memo.
STEPS = {"late_fee": PERCENT, "late_flat": FLAT, "late_fixed": FIXED, "late_capped": PERCENT}
DAY = timedelta(days=1)


@dataclass(frozen=True)
class Late:
    """One invoice with all its fees are reckoned from; `today` is the day where its business is."""

    invoice: Invoice
    account: Account
    rules: Sequence[tuple[date, FeeRule]]
    today: date
    left_minor: int
    is_being_paid: bool


def charging(session: Session, zones: Mapping[int, ZoneInfo]) -> dict[int, date]:
    """Tell which businesses have a rule that is added by itself, and the day their newest rule holds from."""
    rules = _rules(session, sorted(zones), zones)
    return {id: max(dated[-1][0] for dated in by_kind.values()) for id, by_kind in rules.items()
            if any(dated[-1][1].by_itself for dated in by_kind.values())}


def gather(session: Session, now: datetime, invoice_ids: Sequence[int]) -> list[Late]:
    """Read invoices with their moves, holds and rules; the caller holds their debtors' locks."""
    rows = session.execute(
        select(Invoice, Debtor.kind, LedgerAccount.id, LedgerAccount.debits - LedgerAccount.credits)
        .join(Debtor, Debtor.id == Invoice.debtor_id)
        .join(LedgerAccount, (LedgerAccount.invoice_id == Invoice.id) & (LedgerAccount.kind == RECEIVABLE))
        .where(Invoice.id.in_(invoice_ids)).order_by(Invoice.id)).all()
    businesses = {invoice.business_id for invoice, _, _, _ in rows}
    zones = {row.id: ZoneInfo(row.timezone) for row in session.scalars(
        select(Business).where(Business.id.in_(businesses)))}
    rules = _rules(session, sorted(businesses), zones)
    moves = _moves(session, {account: zones[invoice.business_id] for invoice, _, account, _ in rows})
    holds = _holds(session, {invoice.debtor_id: zones[invoice.business_id] for invoice, _, _, _ in rows})
    paying = set(session.scalars(
        select(PaymentInvoice.invoice_id).join(Payment, Payment.id == PaymentInvoice.payment_id)
        .where(PaymentInvoice.invoice_id.in_(invoice_ids), PaymentInvoice.open, Payment.state.in_(OPEN_STATES))))
    found = []
    for invoice, kind, account_id, left in rows:
        known = moves[account_id]
        account = Account(
            invoice.due_on, invoice.currency, invoice.total_minor, known.changes,
            [held for whose, held in holds[invoice.debtor_id] if whose in (None, invoice.id)],
            frozenset(known.once), known.charged, known.interest, known.told_until)
        found.append(Late(invoice, account, rules.get(invoice.business_id, {}).get(kind, ()),
                          now.astimezone(zones[invoice.business_id]).date(), left, invoice.id in paying))
    return found


class _Moves:
    """What moved on one receivable, apart in the invoice itself and its fees."""

    def __init__(self) -> None:
        self.changes: list[tuple[date, int]] = []
        self.once: set[str] = set()
        self.charged = self.interest = 0
        self.told_until: date | None = None

    def charge(self, row: LedgerTransfer) -> None:
        """Count a fee or a line of interest; that it was taken back later does not make it come again."""
        self.charged += row.amount
        if row.kind == "interest":
            self.interest += row.amount
            _, _, day = row.key.rpartition("interest:")
            if day != row.key:
                self.told_until = max(filter(None, (self.told_until, date.fromisoformat(day))))
            return
        # Also by hand, or from before the rules were kept here: nobody is charged the same thing twice.
        head = row.memo.partition(":")[0]
        step = row.key.rpartition(":")[2]
        self.once.add(step if step in (FLAT, FIXED, PERCENT) else STEPS.get(head, PERCENT))


def _moves(session: Session, accounts: Mapping[int, ZoneInfo]) -> dict[int, _Moves]:
    found: dict[int, _Moves] = defaultdict(_Moves)
    rows = session.scalars(
        select(LedgerTransfer)
        .where(or_(LedgerTransfer.debit_account_id.in_(accounts), LedgerTransfer.credit_account_id.in_(accounts)))
        .order_by(LedgerTransfer.id)).all()
    fees = {row.id for row in rows if row.kind in FEES}
    for row in rows:
        for account, sign in ((row.debit_account_id, 1), (row.credit_account_id, -1)):
            if account not in accounts:
                continue
            if row.kind in FEES:
                found[account].charge(row)
            elif row.corrects_id not in fees:
                found[account].changes.append((row.happened_at.astimezone(accounts[account]).date(), sign * row.amount))
    return found


def _holds(session: Session, zones: Mapping[int, ZoneInfo]) -> dict[int, list[tuple[int | None, Held]]]:
    query = (
        select(Hold, InvoiceLine.amount_minor + InvoiceLine.tax_minor)
        .outerjoin(InvoiceLine, InvoiceLine.id == Hold.line_id)
        .where(Hold.debtor_id.in_(zones), Hold.fees))
    found: dict[int, list[tuple[int | None, Held]]] = defaultdict(list)
    for hold, line in session.execute(query):
        zone = zones[hold.debtor_id]
        end = min(filter(None, (hold.until, hold.released_at)), default=None)
        # A day that was held for a moment is held: the doubt is the debtor's.
        until = None if end is None else end.astimezone(zone).date() + DAY
        part = hold.amount_minor if hold.amount_minor is not None else line
        found[hold.debtor_id].append((hold.invoice_id, Held(hold.starts_at.astimezone(zone).date(), until, part)))
    return found


def _rules(session: Session, business_ids: Sequence[int],
           zones: Mapping[int, ZoneInfo]) -> dict[int, dict[str, list[tuple[date, FeeRule]]]]:
    """Read the rules by business and kind, dated: a version holds from the day after it was made."""
    query = (
        select(PolicyVersion.business_id, PolicyVersion.rules, PolicyVersion.created_at)
        .where(PolicyVersion.business_id.in_(business_ids)).order_by(PolicyVersion.version))
    found: dict[int, dict[str, list[tuple[date, FeeRule]]]] = {}
    for business_id, rules, made_at in session.execute(query):
        since, policy = made_at.astimezone(zones[business_id]).date() + DAY, Policy.from_rules(rules)
        for kind in KINDS:
            dated = found.setdefault(business_id, {}).setdefault(kind, [])
            rule = policy.fee_rule(kind)
            # What stays the same in a new version goes on from where it began.
            if not dated or dated[-1][1] != rule:
                dated.append((since, rule))
    return found
