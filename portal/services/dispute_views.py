"""Disputes as pages read them: what can be questioned, what is said about it, and what came of it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.domain.access import Access
from portal.domain.errors import Refusal
from portal.domain.roles import StaffAccess
from portal.models import Debtor, Dispute, DisputePart, Invoice, InvoiceLine, Question, QuestionEntry
from portal.runtime import Runtime
from portal.services import debts, dispute_files, policies, questions
from portal.services.dispute_files import FileView
from portal.services.questions import EntryView

MOST_SHOWN = 50


@dataclass(frozen=True)
class LineView:
    """One line that can be questioned: its place on the invoice, its words, and what it costs with tax."""

    position: int
    text: str
    gross_minor: int
    # It is questioned already.
    stands: bool


@dataclass(frozen=True)
class InvoiceView:
    """One open invoice with what can be questioned of it; minor units."""

    public_id: str
    number: str
    title: str
    currency: str
    left_minor: int
    held_minor: int
    lines: tuple[LineView, ...]
    # All of it is questioned, or a part that leaves no room for more.
    stands: bool


@dataclass(frozen=True)
class PartView:
    """One thing that is questioned, and what was credited of it; minor units, tax included."""

    id: int
    invoice_id: str
    number: str
    title: str
    line: str
    whole: bool
    asked_minor: int
    credited_minor: int
    tax_minor: int
    open: bool


@dataclass(frozen=True)
class DisputeView:
    """One dispute with all its reader may see, the oldest words first. `turn` is business, debtor or closed."""

    public_id: str
    state: str
    turn: str
    reason: str
    wants: str
    currency: str
    opened_at: datetime
    answer_by: datetime
    decided_at: datetime | None
    looks: int
    parts: tuple[PartView, ...]
    entries: tuple[EntryView, ...]
    files: tuple[FileView, ...]
    invoice_ids: frozenset[int]
    debtor_name: str = ""
    debtor_id: str = ""

    @property
    def asked_minor(self) -> int:
        return sum(part.asked_minor for part in self.parts)

    @property
    def credited_minor(self) -> int:
        return sum(part.credited_minor for part in self.parts)

    @property
    def may_look_again(self) -> bool:
        """Whether the debtor may add facts once and ask for a second look."""
        return self.state in ("partly_upheld", "rejected") and self.looks == 1

    @property
    def seen(self) -> str:
        """Name the last thing said aloud, so that whoever answers it is told when something newer was said."""
        return str(max((entry.id for entry in self.entries if not entry.internal), default=0))


@dataclass(frozen=True)
class Disputable:
    """What the page starts from: what can be questioned, by when it is answered, and earlier disputes."""

    invoices: tuple[InvoiceView, ...]
    answer_days: int
    disputes: tuple[DisputeView, ...]


def offered(rt: Runtime, access: Access) -> Disputable:
    """Give what a debtor may question now, and what they questioned before."""
    require_whole_page(access)
    with rt.db.reading() as session:
        opened = debts.open_invoices(session, access)
        ids = [invoice.id for invoice in opened]
        standing: dict[int, list[DisputePart]] = defaultdict(list)
        for part in session.scalars(select(DisputePart).where(DisputePart.invoice_id.in_(ids), DisputePart.open)):
            standing[part.invoice_id].append(part)
        lines: dict[int, list[InvoiceLine]] = defaultdict(list)
        for line in session.scalars(select(InvoiceLine).where(InvoiceLine.invoice_id.in_(ids))
                                    .order_by(InvoiceLine.position)):
            lines[line.invoice_id].append(line)
        rows = session.scalars(select(Dispute).where(
            Dispute.business_id == access.business_id, Dispute.debtor_id == access.debtor_id)
            .order_by(Dispute.id.desc()).limit(MOST_SHOWN)).all()
        views = [view(session, row, with_words=False) for row in rows]
        days = policies.in_force(session, access.business_id).dispute_answer_days
    invoices = tuple(InvoiceView(
        one.public_id, one.number, one.title or one.number, one.currency, one.left_minor, one.held_minor,
        tuple(_line(line, standing[one.id]) for line in lines[one.id] if line.amount_minor + line.tax_minor > 0),
        any(part.line_id is None for part in standing[one.id])) for one in opened)
    return Disputable(invoices, days, tuple(one for one in views if visible(access, one)))


def own(rt: Runtime, access: Access, dispute_id: str) -> DisputeView:
    """Give one of a debtor's disputes with what was said; raises Refusal not_found."""
    require_whole_page(access)
    with rt.db.reading() as session:
        return view(session, find_own(session, access, dispute_id))


def for_office(rt: Runtime, access: StaffAccess, dispute_id: str) -> DisputeView:
    """Give one dispute of a business with everything in it; raises Refusal not_found."""
    access.require("see")
    with rt.db.reading() as session:
        found = session.scalars(select(Dispute).where(
            Dispute.public_id == dispute_id, Dispute.business_id == access.business_id)).one_or_none()
        if found is None:
            raise Refusal("not_found", "unknown_page")
        return view(session, found, internal=True)


def find_own(session: Session, access: Access, dispute_id: str) -> Dispute:
    """Find one of a debtor's own disputes; raises Refusal not_found for anybody else's."""
    found = session.scalars(select(Dispute).where(
        Dispute.public_id == dispute_id, Dispute.business_id == access.business_id,
        Dispute.debtor_id == access.debtor_id)).one_or_none()
    if found is None or not visible(access, view(session, found, with_words=False)):
        raise Refusal("not_found", "unknown_page")
    return found


def visible(access: Access, dispute: DisputeView) -> bool:
    """Whoever sees only some invoices sees no dispute that is about others."""
    return access.invoice_ids is None or dispute.invoice_ids <= access.invoice_ids


def require_whole_page(access: Access) -> None:
    """Refuse a link that only pays: the door lets none in, and should one come through, it may not speak."""
    if access.pay_only:
        raise Refusal("not_found", "unknown_page")


def view(session: Session, dispute: Dispute, *, with_words: bool = True, internal: bool = False) -> DisputeView:
    """Show a dispute as pages read it; `internal` words and unproven ones are for the office alone."""
    parts = _parts(session, dispute)
    thread, debtor = session.get_one(Question, dispute.question_id), session.get_one(Debtor, dispute.debtor_id)
    entries: Sequence[EntryView] = ()
    if with_words:
        entries = (questions.entries_of(session, [dispute.question_id]).get(dispute.question_id, ()) if internal
                   else _aloud(session, dispute))
    return DisputeView(
        public_id=dispute.public_id, state=dispute.state, turn=thread.state, reason=dispute.reason,
        wants=dispute.wants, currency=dispute.currency, opened_at=dispute.opened_at, answer_by=dispute.answer_by,
        decided_at=dispute.decided_at, looks=dispute.looks, parts=tuple(shown for shown, _ in parts),
        entries=tuple(entries), files=dispute_files.of_dispute(session, dispute) if with_words else (),
        invoice_ids=frozenset(invoice_id for _, invoice_id in parts), debtor_name=debtor.name,
        debtor_id=debtor.public_id)


def _aloud(session: Session, dispute: Dispute) -> list[EntryView]:
    said = session.scalars(
        select(QuestionEntry).where(
            QuestionEntry.question_id == dispute.question_id, QuestionEntry.internal.is_(False),
            QuestionEntry.said_by != "unproven")
        .order_by(QuestionEntry.id.desc()).limit(questions.MOST_ENTRIES)).all()
    return [EntryView(one.id, one.said_by, "", one.channel, one.body, one.internal, one.at, one.sender_checked)
            for one in reversed(said)]


def _parts(session: Session, dispute: Dispute) -> list[tuple[PartView, int]]:
    rows = session.execute(
        select(DisputePart, Invoice, InvoiceLine.description)
        .join(Invoice, Invoice.id == DisputePart.invoice_id)
        .outerjoin(InvoiceLine, InvoiceLine.id == DisputePart.line_id)
        .where(DisputePart.dispute_id == dispute.id).order_by(DisputePart.id))
    return [(PartView(
        part.id, invoice.public_id, invoice.number, invoice.title or invoice.number, line or "", part.whole,
        part.asked_minor, part.credited_minor, part.tax_minor, part.open), invoice.id)
        for part, invoice, line in rows]


def _line(line: InvoiceLine, standing: Sequence[DisputePart]) -> LineView:
    return LineView(line.position, line.description, line.amount_minor + line.tax_minor,
                    any(part.line_id in (None, line.id) for part in standing))
