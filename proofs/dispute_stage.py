"""What the proofs of disputes share: a house with one business, debtors with lines on their invoices, and the sums."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Select, bindparam, select, union_all
from sqlalchemy.orm import InstrumentedAttribute

from portal.db import Database, Question
from portal.domain.roles import StaffAccess
from portal.models import (
    Business,
    Dispute,
    DisputePart,
    InvoiceLine,
    LedgerAccount,
    LedgerTransfer,
    Staff,
)
from portal.runtime import Runtime
from portal.services import debts, dispute_answers, dispute_views, disputes
from portal.services.dispute_answers import Verdict
from portal.services.dispute_choices import Chosen
from portal.services.disputes import Said
from tests.cast import Clock, Owed, make_business, make_debtor, make_invoice, make_link, make_runtime
from tests.office.people import make_staff

PAID = ("payment", "credit_used", "credit_returned", "refund", "refund_failed", "chargeback", "chargeback_reinstated",
        "manual_payment", "manual_payment_bounced", "suspense_applied")
CREDITED = ("credit", "tax_credit")
OFF = ("discount", "discount_unearned", "settled", "settled_unearned")


@dataclass
class House:
    """One business with a manager, and the runtime its debtors and staff act through."""

    rt: Runtime
    clock: Clock
    business: Business
    staff: Staff

    @property
    def access(self) -> StaffAccess:
        return StaffAccess(self.business.id, self.staff.id, self.staff.public_id, "manager", 0, self.rt.now())


def build(db: Database, folder: Path) -> House:
    """Open a house on an empty database."""
    clock = Clock()
    rt = make_runtime(db, folder, clock, log_level="CRITICAL")
    with db.transaction() as session:
        business = make_business(session)
        staff = make_staff(session, business, "manager")
    return House(rt, clock, business, staff)


def someone(house: House, *lines: Iterable[tuple[int, int]]) -> Owed:
    """A debtor with one invoice for each list of lines (net, tax)."""
    with house.rt.db.transaction() as session:
        debtor = make_debtor(session, house.business)
        link = make_link(session, debtor, expires_at=house.rt.now() + timedelta(days=400))
        invoices = []
        for some in lines:
            known = list(some)
            invoice = make_invoice(session, debtor, sum(net + tax for net, tax in known))
            session.add_all(InvoiceLine(
                business_id=house.business.id, invoice_id=invoice.id, position=place, description=f"Line {place}",
                amount_minor=net, tax_minor=tax, tax_basis_points=2_000)
                for place, (net, tax) in enumerate(known, start=1))
            invoices.append(invoice)
    return Owed(house.business, debtor, link, invoices)


def question(house: House, owed: Owed, *parts: Chosen, words: str = "It is wrong.") -> str:
    """Open a dispute."""
    return disputes.open_one(house.rt, owed.access, Said(tuple(parts), "quality", "credit", words))


def parts_of(house: House, dispute_id: str) -> tuple[list[tuple[int, int]], str]:
    """The open parts of a dispute as (number, most that can be credited), and the last thing said."""
    with house.rt.db.reading() as session:
        row = session.scalars(select(Dispute).where(Dispute.public_id == dispute_id)).one()
        shown = dispute_views.view(session, row)
    return [(part.id, part.asked_minor - part.credited_minor) for part in shown.parts if part.open], shown.seen


def decide(house: House, dispute_id: str, *credits: int) -> None:
    """Decide a dispute part by part."""
    parts, seen = parts_of(house, dispute_id)
    given = {id: credit for (id, _), credit in zip(parts, credits, strict=True)}
    dispute_answers.decide(house.rt, house.access, dispute_id, Verdict(given, "We looked.", seen))


def wrong(house: House, owed: Owed) -> list[str]:
    """Name every invoice on which held + payable + paid + credited + taken off is not what was billed.

    What is held is reckoned anew from what is questioned; sums come from the transfers, not from kept totals.
    """
    found = []
    with house.rt.db.rows() as rows:
        shown = {one.id: one for one in debts.open_invoices(rows, owed.access)}
        whose = {"debtor": owed.debtor.id}
        moved, questioned = _MOVED.ask(rows, whose), _QUESTIONED.ask(rows, whose)
    for invoice in owed.invoices:
        sums = _sums([(row.kind, row.signed) for row in moved if row.invoice_id == invoice.id])
        left = sums["charged"] - sums["paid"] - sums["credited"] - sums["off"]
        one = shown.get(invoice.id)
        held, payable = (one.held_minor, one.payable_minor) if one else (0, 0)
        if held + payable + sums["paid"] + sums["credited"] + sums["off"] != sums["charged"]:
            found.append(f"{invoice.number}: {held} + {payable} + {sums}")
        asked = sum(left if row.whole else row.open_minor for row in questioned if row.invoice_id == invoice.id)
        if held != min(left, asked) or payable < 0 or min(sums.values()) < 0:
            found.append(f"{invoice.number}: held {held}, payable {payable}, left {left}")
    return found


def _sums(moved: Iterable[tuple[str, int]]) -> dict[str, int]:
    found = {"charged": 0, "paid": 0, "credited": 0, "off": 0}
    for kind, signed in moved:
        if kind in PAID:
            found["paid"] += signed
        elif kind in CREDITED:
            found["credited"] += signed
        elif kind in OFF:
            found["off"] += signed
        else:
            found["charged"] -= signed
    return found


def _side(account: InstrumentedAttribute[int], sign: int) -> Select[*tuple[Any, ...]]:
    return select(LedgerAccount.invoice_id, LedgerTransfer.kind, (LedgerTransfer.amount * sign).label("signed")).join(
        LedgerTransfer, account == LedgerAccount.id).where(
        LedgerAccount.debtor_id == bindparam("debtor"), LedgerAccount.kind == "receivable")


# Asked after every step of every history: to put them into words each time would take longer than the steps.
_MOVED = Question(union_all(
    _side(LedgerTransfer.credit_account_id, 1),
    _side(LedgerTransfer.debit_account_id, -1)))
_QUESTIONED = Question(
    select(DisputePart.invoice_id, DisputePart.whole,
           (DisputePart.asked_minor - DisputePart.credited_minor).label("open_minor"))
    .join(Dispute, Dispute.id == DisputePart.dispute_id)
    .where(Dispute.debtor_id == bindparam("debtor"), DisputePart.open))
