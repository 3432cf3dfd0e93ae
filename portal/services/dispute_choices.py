"""What somebody chose to question, found and measured on our own invoices, and whether it may be questioned now."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.domain import disputes as rules
from portal.domain.access import Access
from portal.domain.errors import Refusal
from portal.models import Dispute, DisputePart, Invoice, InvoiceLine, QuestionEntry
from portal.services import ledger
from portal.services.debtor_relief import credited_before


@dataclass(frozen=True)
class Chosen:
    """One thing somebody questions: an invoice by its public id, a line of it by its place, or a sum of either."""

    invoice_id: str
    line: int | None = None
    amount_minor: int | None = None


@dataclass(frozen=True)
class Wanted:
    """One thing that is questioned, found on our own invoices; minor units."""

    invoice_id: int
    line_id: int | None
    amount_minor: int
    whole: bool

    @property
    def rule(self) -> rules.Part:
        """It in the words of the rules."""
        return rules.Part(self.invoice_id, self.line_id, None if self.whole else self.amount_minor)


def wanted(session: Session, access: Access, chosen: Sequence[Chosen]) -> tuple[list[Wanted], str]:
    """Find what somebody chose, measured on our own invoices, and the currency of all of it.

    Raises Refusal: unknown_invoice, dispute_paid, dispute_above, amount_negative, dispute_stands,
    dispute_one_currency.
    """
    found: list[Wanted] = []
    currencies: set[str] = set()
    left = ledger.left_by_invoice(session, access.business_id, access.debtor_id)
    for one in dict.fromkeys(chosen):
        invoice = _invoice(session, access, one.invoice_id)
        if left.get(invoice.id, 0) <= 0:
            raise Refusal("conflict", "dispute_paid", number=invoice.number)
        currencies.add(invoice.currency)
        found.append(_measured(session, invoice, one, left[invoice.id]))
    if len(currencies) > 1:
        raise Refusal("invalid", "dispute_one_currency")
    # Who ticks an invoice and its lines means all of it.
    whole = {one.invoice_id for one in found if one.whole}
    kept = [one for one in found if one.whole or one.invoice_id not in whole]
    for place, part in enumerate(kept):
        rules.check_room(part.rule, [other.rule for other in kept[:place]])
    return kept, currencies.pop()


def _measured(session: Session, invoice: Invoice, chosen: Chosen, left: int) -> Wanted:
    most, line_id = left, None
    if chosen.line is not None:
        line = session.scalars(select(InvoiceLine).where(
            InvoiceLine.invoice_id == invoice.id, InvoiceLine.position == chosen.line)).one_or_none()
        if line is None or line.amount_minor + line.tax_minor <= 0:
            raise Refusal("not_found", "unknown_invoice")
        most, line_id = line.amount_minor + line.tax_minor, line.id
    if chosen.amount_minor is None:
        if line_id is not None:
            return Wanted(invoice.id, line_id, most, whole=False)
        # What was paid of it is questioned as well; what was credited before is not billed any more.
        return Wanted(invoice.id, None, max(1, invoice.total_minor - credited_before(session, invoice)), whole=True)
    if chosen.amount_minor <= 0:
        raise Refusal("invalid", "amount_negative")
    if chosen.amount_minor > most:
        raise Refusal("invalid", "dispute_above", most=most, currency=invoice.currency)
    return Wanted(invoice.id, line_id, chosen.amount_minor, whole=False)


def _invoice(session: Session, access: Access, public_id: str) -> Invoice:
    found = session.scalars(select(Invoice).where(
        Invoice.public_id == public_id, Invoice.business_id == access.business_id,
        Invoice.debtor_id == access.debtor_id)).one_or_none()
    if found is None or (access.invoice_ids is not None and found.id not in access.invoice_ids):
        raise Refusal("not_found", "unknown_invoice")
    return found


def sent_before(session: Session, access: Access, wanted: Sequence[Wanted], reason: str,
                 words: str) -> Dispute | None:
    """Find the open dispute that the same form made before."""
    mine = {(one.invoice_id, one.line_id, one.amount_minor, one.whole) for one in wanted}
    for dispute in session.scalars(select(Dispute).where(
            Dispute.business_id == access.business_id, Dispute.debtor_id == access.debtor_id,
            Dispute.state == rules.OPEN, Dispute.reason == reason)):
        parts = session.scalars(select(DisputePart).where(DisputePart.dispute_id == dispute.id))
        first = session.scalars(select(QuestionEntry.body).where(
            QuestionEntry.question_id == dispute.question_id).order_by(QuestionEntry.id).limit(1)).one_or_none()
        if first == words and mine == {(p.invoice_id, p.line_id, p.asked_minor, p.whole) for p in parts}:
            return dispute
    return None


def refuse_again(session: Session, access: Access, wanted: Sequence[Wanted]) -> None:
    """Refuse what is questioned already, and what was answered before: new facts belong to that dispute.

    Raises Refusal: dispute_stands, dispute_answered, dispute_withdrawn_before.
    """
    ids = {one.invoice_id for one in wanted}
    stands = standing(session, ids)
    earlier = session.execute(
        select(DisputePart, Dispute).join(Dispute, Dispute.id == DisputePart.dispute_id)
        .where(DisputePart.invoice_id.in_(ids), Dispute.debtor_id == access.debtor_id,
               Dispute.state != rules.OPEN).order_by(Dispute.id)).all()
    for one in wanted:
        rules.check_room(one.rule, stands)
        before = [dispute for part, dispute in earlier if rules.same_again(one.rule, as_rule(part))]
        answered = next((dispute for dispute in before if dispute.state in rules.DECIDED), None)
        if answered is not None:
            raise Refusal("conflict", "dispute_answered", day=answered.decided_at and answered.decided_at.date())
        if len({dispute.id for dispute in before}) >= rules.MOST_WITHDRAWN:
            raise Refusal("conflict", "dispute_withdrawn_before")


def standing(session: Session, invoice_ids: set[int]) -> list[rules.Part]:
    """List what is questioned of some invoices now."""
    return [as_rule(part) for part in session.scalars(select(DisputePart).where(
        DisputePart.invoice_id.in_(sorted(invoice_ids)), DisputePart.open))]


def as_rule(part: DisputePart) -> rules.Part:
    """Give a part in the words of the rules."""
    return rules.Part(part.invoice_id, part.line_id, None if part.whole else part.asked_minor)
