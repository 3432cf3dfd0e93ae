"""What has happened on a debtor's account, newest first: payments, refunds, fees, credits with what each changed, and
what was signed.

A page holds a hundred entries; the next begins at the moment where it ends, so that it costs the same however long
the account is. A link that shows some invoices only tells of these alone.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Select, and_, exists, func, or_, select, union_all
from sqlalchemy.orm import InstrumentedAttribute, Session

from portal.domain.access import Access
from portal.domain.ledger import DEBTOR_CREDIT, RECEIVABLE
from portal.domain.payment_stories import Story, story
from portal.models import (
    Agreement,
    ArrangementInvoice,
    Chargeback,
    Invoice,
    LedgerAccount,
    LedgerTransfer,
    Payment,
    PaymentInvoice,
    Refund,
)
from portal.runtime import Runtime
from portal.services import paid_letters

PAGE = 100
# These are told by their payment's own entry.
MONEY_IN = ("payment", "manual_payment")
# An attempt that ended without money is not worth a line.
UNTOLD_STATES = ("expired", "canceled")
UNDER_WAY = ("requested", "unknown", "pending")


@dataclass(frozen=True)
class Effect:
    """What an entry did to one invoice, minor units: negative lowers what is left. Without a number: to the credit."""

    number: str
    title: str
    amount_minor: int


@dataclass(frozen=True)
class Entry:
    """One thing that happened; minor units. A payment has its story, what was signed its kind, any change its memo."""

    at: datetime
    currency: str
    amount_minor: int
    effects: tuple[Effect, ...]
    memo: str = ""
    story: Story | None = None
    payment_id: str = ""
    number: str = ""
    channel: str = ""
    method_brand: str = ""
    method_last4: str = ""
    has_receipt: bool = False
    # plan or settlement, and the public id of what was signed; it moved no money.
    signed: str = ""
    agreement_id: str = ""


@dataclass(frozen=True)
class History:
    """One page of it. `earlier` is the moment the next page begins at, None on the last.

    `settled`, told by the newest page alone, says whether there is a letter about what is paid in full.
    """

    entries: tuple[Entry, ...]
    earlier: datetime | None
    settled: bool = False


@dataclass(frozen=True)
class _Span:
    """The moments one page covers: from `since` (included) up to `before`."""

    since: datetime | None
    before: datetime | None

    def holds(self, moment: ColumnElement[datetime] | InstrumentedAttribute[datetime]) -> list[ColumnElement[bool]]:
        wanted: list[ColumnElement[bool]] = []
        if self.since is not None:
            wanted.append(moment >= self.since)
        if self.before is not None:
            wanted.append(moment < self.before)
        return wanted


def history(rt: Runtime, access: Access, before: datetime | None = None) -> History:
    """Give one page of a debtor's history: what happened before a moment, or the newest."""
    with rt.db.reading() as session:
        span, more = _span(session, access, before)
        names = _invoice_names(session, access)
        entries = _payments(session, access, span, names) + _changes(session, access, span, names)
        entries += _refunds_under_way(session, access, span) + _signed(session, access, span)
        settled = before is None and paid_letters.any_settled(session, access)
    entries.sort(key=lambda entry: (entry.at, entry.story is not None), reverse=True)
    return History(tuple(entries), span.since if more else None, settled)


def _span(session: Session, access: Access, before: datetime | None) -> tuple[_Span, bool]:
    """Find where a page ends: what happened at the same moment is never torn apart."""
    open_end = _Span(None, before)
    at = _payment_at()
    moments = union_all(
        select(at.label("at")).where(*_own_payments(access), *open_end.holds(at)),
        # One cause may move many accounts at once and is one entry.
        select(LedgerTransfer.happened_at.label("at")).where(*_own_changes(access), *open_end.holds(
            LedgerTransfer.happened_at)).group_by(*_CAUSE),
        select(Refund.created_at.label("at")).join(Payment, Payment.id == Refund.payment_id)
        .where(*_own_refunds(access), *open_end.holds(Refund.created_at)),
        select(Agreement.signed_at.label("at")).where(*_own_agreements(access), *open_end.holds(
            Agreement.signed_at))).subquery()
    newest = session.scalars(select(moments.c.at).order_by(moments.c.at.desc()).limit(PAGE + 1)).all()
    if len(newest) <= PAGE:
        return open_end, False
    since = newest[PAGE - 1]
    earlier = select(moments.c.at).where(moments.c.at < since).limit(1)
    return _Span(since, before), newest[PAGE] < since or session.scalar(earlier) is not None


_CAUSE = (LedgerTransfer.happened_at, LedgerTransfer.kind, LedgerTransfer.cause_type, LedgerTransfer.cause_id,
          LedgerTransfer.currency)


def _payment_at() -> ColumnElement[datetime]:
    return func.coalesce(Payment.received_at, Payment.created_at)


def _own_payments(access: Access) -> list[ColumnElement[bool]]:
    wanted = [Payment.business_id == access.business_id, Payment.debtor_id == access.debtor_id,
              or_(Payment.captured_minor > 0, Payment.state.not_in(UNTOLD_STATES))]
    if access.invoice_ids is not None:
        wanted.append(Payment.id.in_(select(PaymentInvoice.payment_id).where(
            PaymentInvoice.invoice_id.in_(access.invoice_ids))))
    return wanted


def _own_accounts(access: Access) -> Select[int]:
    mine = select(LedgerAccount.id).where(
        LedgerAccount.business_id == access.business_id, LedgerAccount.debtor_id == access.debtor_id)
    if access.invoice_ids is not None:
        return mine.where(LedgerAccount.kind == RECEIVABLE, LedgerAccount.invoice_id.in_(access.invoice_ids))
    return mine.where(LedgerAccount.kind.in_((RECEIVABLE, DEBTOR_CREDIT)))


def _own_changes(access: Access) -> list[ColumnElement[bool]]:
    mine = _own_accounts(access)
    return [LedgerTransfer.business_id == access.business_id, LedgerTransfer.kind.not_in(("issued", *MONEY_IN)),
            or_(LedgerTransfer.debit_account_id.in_(mine), LedgerTransfer.credit_account_id.in_(mine))]


def _own_refunds(access: Access) -> list[ColumnElement[bool]]:
    own = [Payment.business_id == access.business_id, Payment.debtor_id == access.debtor_id,
           Refund.booked_at.is_(None), Refund.state.in_(UNDER_WAY)]
    # It is not known yet which invoice it reopens, so a link that shows some alone stays silent.
    return own if access.invoice_ids is None else [*own, Payment.id.is_(None)]


def _own_agreements(access: Access) -> list[ColumnElement[bool]]:
    own = [Agreement.business_id == access.business_id, Agreement.debtor_id == access.debtor_id]
    if access.invoice_ids is not None:
        # Who sees some invoices only hears of what was signed about these and nothing else.
        own.append(~exists().where(ArrangementInvoice.arrangement_id == Agreement.arrangement_id,
                                   ArrangementInvoice.invoice_id.not_in(access.invoice_ids)))
    return own


def _invoice_names(session: Session, access: Access) -> dict[int, tuple[str, str]]:
    query = select(Invoice.id, Invoice.number, Invoice.title).where(
        Invoice.business_id == access.business_id, Invoice.debtor_id == access.debtor_id)
    if access.invoice_ids is not None:
        query = query.where(Invoice.id.in_(access.invoice_ids))
    return {id: (number, title or number) for id, number, title in session.execute(query)}


def _payments(session: Session, access: Access, span: _Span, names: dict[int, tuple[str, str]]) -> list[Entry]:
    rows = session.scalars(select(Payment).where(*_own_payments(access), *span.holds(_payment_at()))).all()
    ids = [payment.id for payment in rows]
    planned: dict[int, list[PaymentInvoice]] = defaultdict(list)
    for part in session.scalars(select(PaymentInvoice).where(PaymentInvoice.payment_id.in_(ids))
                                .order_by(PaymentInvoice.position)):
        planned[part.payment_id].append(part)
    booked = _booked(session, access, [payment.public_id for payment in rows if payment.captured_minor], names)
    taken = {payment_id: state for payment_id, state in session.execute(
        select(Chargeback.payment_id, Chargeback.state)
        .where(Chargeback.payment_id.in_(ids), Chargeback.withdrawn_at.is_not(None)).order_by(Chargeback.id))}
    return [_payment(payment, planned[payment.id], booked.get(payment.public_id), taken.get(payment.id, ""), names)
            for payment in rows]


def _booked(session: Session, access: Access, public_ids: list[str], names: dict[int, tuple[str, str]]) -> dict[
        str, list[Effect]]:
    """Read where money that arrived went first, by payment: the books know, whatever was planned."""
    query = (
        select(LedgerTransfer.cause_id, LedgerAccount.invoice_id, LedgerTransfer.amount)
        .join(LedgerAccount, LedgerAccount.id == LedgerTransfer.credit_account_id)
        .where(LedgerTransfer.business_id == access.business_id, LedgerTransfer.cause_type == "payment",
               LedgerTransfer.cause_id.in_(public_ids), LedgerTransfer.kind.in_(MONEY_IN),
               LedgerAccount.id.in_(_own_accounts(access)))
        .order_by(LedgerTransfer.id))
    found: dict[str, list[Effect]] = defaultdict(list)
    for cause_id, invoice_id, amount in session.execute(query):
        found[cause_id].append(_effect(names, invoice_id, -amount))
    return found


def _payment(payment: Payment, parts: list[PaymentInvoice], booked: list[Effect] | None, chargeback: str,
             names: dict[int, tuple[str, str]]) -> Entry:
    whole = all(part.invoice_id in names for part in parts)
    amount = payment.captured_minor or payment.amount_minor
    effects = booked or [
        _effect(names, part.invoice_id, -part.amount_minor) for part in parts if part.invoice_id in names]
    return Entry(
        at=payment.received_at or payment.created_at, currency=payment.currency,
        # Who sees some invoices only sees what went to these, or the rest could be reckoned out.
        amount_minor=amount if whole else -sum(effect.amount_minor for effect in effects), effects=tuple(effects),
        story=story(state=payment.state, captured=payment.captured_minor, returned=payment.returned_minor,
                    chargeback=chargeback, failed_before=bool(payment.failure_code)),
        payment_id=payment.public_id if whole else "", number=payment.number, channel=payment.channel,
        method_brand=payment.method_brand or "", method_last4=payment.method_last4 or "",
        has_receipt=whole and payment.captured_minor > 0)


def _effect(names: dict[int, tuple[str, str]], invoice_id: int | None, change: int) -> Effect:
    """Tell a change of what is owed; on the debtor's credit the same change reads the other way round."""
    if invoice_id is None:
        return Effect("", "", -change)
    return Effect(*names[invoice_id], change)


def _changes(session: Session, access: Access, span: _Span, names: dict[int, tuple[str, str]]) -> list[Entry]:
    mine = _own_accounts(access).subquery()
    query = (
        select(LedgerTransfer, LedgerAccount.invoice_id, LedgerAccount.id == LedgerTransfer.debit_account_id)
        .join(LedgerAccount, or_(LedgerAccount.id == LedgerTransfer.debit_account_id,
                                 LedgerAccount.id == LedgerTransfer.credit_account_id))
        .where(*_own_changes(access), *span.holds(LedgerTransfer.happened_at), LedgerAccount.id.in_(select(mine.c.id)))
        .order_by(LedgerTransfer.id))
    grouped: dict[tuple[object, ...], list[tuple[LedgerTransfer, int | None, bool]]] = defaultdict(list)
    for transfer, invoice_id, raises in session.execute(query):
        cause = (transfer.happened_at, transfer.kind, transfer.cause_type, transfer.cause_id, transfer.currency)
        grouped[cause].append((transfer, invoice_id, raises))
    payments = _payment_links(session, access, [key for key in grouped if key[2] == "payment"])
    return [_change(group, names, payments) for group in grouped.values()]


def _payment_links(session: Session, access: Access, causes: Sequence[tuple[object, ...]]) -> set[str]:
    """Tell which payments behind changes have a page for this reader."""
    if access.invoice_ids is not None or not causes:
        return set()
    return set(session.scalars(select(Payment.public_id).where(and_(
        Payment.business_id == access.business_id, Payment.debtor_id == access.debtor_id,
        Payment.public_id.in_([str(key[3]) for key in causes])))))


def _change(group: list[tuple[LedgerTransfer, int | None, bool]], names: dict[int, tuple[str, str]],
            payments: set[str]) -> Entry:
    first = group[0][0]
    effects = tuple(
        _effect(names, invoice_id, transfer.amount if raises else -transfer.amount)
        for transfer, invoice_id, raises in group)
    on_invoices = [effect.amount_minor for effect in effects if effect.number]
    return Entry(
        at=first.happened_at, currency=first.currency, memo=first.memo, effects=effects,
        amount_minor=sum(on_invoices) if on_invoices else abs(sum(effect.amount_minor for effect in effects)),
        payment_id=first.cause_id if first.cause_id in payments else "")


def _refunds_under_way(session: Session, access: Access, span: _Span) -> list[Entry]:
    rows = session.execute(
        select(Refund, Payment.public_id).join(Payment, Payment.id == Refund.payment_id)
        .where(*_own_refunds(access), *span.holds(Refund.created_at)))
    return [Entry(at=refund.created_at, currency=refund.currency, amount_minor=refund.amount_minor, effects=(),
                  memo="refund_under_way", payment_id=public_id) for refund, public_id in rows]


def _signed(session: Session, access: Access, span: _Span) -> list[Entry]:
    rows = session.execute(select(Agreement.signed_at, Agreement.kind, Agreement.public_id).where(
        *_own_agreements(access), *span.holds(Agreement.signed_at)))
    return [Entry(at=at, currency="", amount_minor=0, effects=(), signed=kind, agreement_id=public_id)
            for at, kind, public_id in rows]
