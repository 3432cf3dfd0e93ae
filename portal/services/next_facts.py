"""All that "what happens next" asks of the database, as one question of many parts, because a page asks few.

Each row says in `what` which part it is of; what its other columns hold is said where the part is made.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from sqlalchemy import (
    BigInteger,
    Date,
    Select,
    SQLColumnExpression,
    String,
    Text,
    and_,
    bindparam,
    case,
    cast,
    exists,
    func,
    literal_column,
    null,
    or_,
    select,
    union_all,
)
from sqlalchemy.orm import aliased

from portal.db import Question
from portal.domain.gate import COLLECTING
from portal.domain.ledger import RECEIVABLE
from portal.models import (
    Agreement,
    Arrangement,
    ArrangementInvoice,
    ArrangementRound,
    AutopayMandate,
    BlockedAddress,
    Business,
    CadenceStep,
    Consent,
    Debtor,
    Dispute,
    FeeTrack,
    Hold,
    Holiday,
    Installment,
    InstallmentPayment,
    InvoiceLine,
    LedgerAccount,
    Message,
    Note,
    Payment,
    Plan,
    PolicyVersion,
    ReminderTrack,
    SavedMethod,
)
from portal.models.base import UtcDateTime, fixed
from portal.services import account_rows, autopay_look

Part = Select[*tuple[Any, ...]]
# Parts two words in one column.
BAR = literal_column("'|'", String)
NUMBERS, TEXTS, TIMES = ("a", "b", "c", "d"), ("text", "word", "more"), ("at", "until")


@cache
def for_office() -> Question:
    """Ask for the office, which also sees emails that wait, promises and payments on their way.

    It is put together once, because that takes longer than asking it; so is the other.
    """
    return _together(*_people(), *_series(), *_limits(), _installments(), *_others())


@cache
def for_reader(*, narrowed: bool) -> Question:
    """Ask for the debtor's own page, which also sees what stands on the account."""
    stands = account_rows.standing_rows(narrowed=narrowed)
    return _together(*_people(), *_series(), *_limits(), _installments(), *_wishes(), _part(
        stands.c.what, a=stands.c.invoice, d=stands.c.amount, text=stands.c.word, word=stands.c.public_id,
        more=stands.c.currency, at=stands.c.at))


def _together(*parts: Part) -> Question:
    together = union_all(*parts).subquery()
    return Question(select(*together.c))


def _part(what: str | SQLColumnExpression[Any], **given: Any) -> Part:
    """Ask for rows of one part; of the columns that all parts share, those that are not given stay empty."""
    columns = [(fixed(what) if isinstance(what, str) else what).label("what")]
    columns += [given.pop(name, cast(null(), BigInteger)).label(name) for name in NUMBERS]
    columns += [cast(given.pop(name, fixed("")), Text).label(name) for name in TEXTS]
    columns += [given.pop(name, cast(null(), UtcDateTime)).label(name) for name in TIMES]
    columns.append(given.pop("day", cast(null(), Date)).label("day"))
    if given:
        raise ValueError(f"no part has {sorted(given)}")
    return select(*columns)


def _business() -> Any:
    return bindparam("business", type_=BigInteger)


def _debtor() -> Any:
    return bindparam("debtor", type_=BigInteger)


def _people() -> list[Part]:
    """Who the debtor is and how to reach them; where and how the business is; its rules in force."""
    mine = (Debtor.business_id == _business(), Debtor.id == _debtor())
    newest = select(func.max(PolicyVersion.version)).where(PolicyVersion.business_id == _business()).scalar_subquery()
    return [
        _part("who", text=Debtor.email, word=Debtor.email_state, at=Debtor.opted_out_at,
              until=Debtor.erased_at).where(*mine),
        _part("home", text=Debtor.timezone, word=Debtor.country).where(*mine),
        _part("reach", text=Debtor.phone, word=Debtor.postal_address).where(*mine),
        _part("house", text=Business.timezone, word=Business.country, at=Business.paused_at,
              until=Business.safe_mode_at).where(Business.id == _business()),
        _part("rules", text=cast(PolicyVersion.rules, String)).where(
            PolicyVersion.business_id == _business(), PolicyVersion.version == newest),
    ]


def _series() -> list[Part]:
    """The invoices that are followed, with what is left; the steps of their cadences; days a fee may come."""
    followed = select(ReminderTrack.cadence_id).where(
        ReminderTrack.debtor_id == _debtor(), ReminderTrack.look_at.is_not(None))
    left = LedgerAccount.debits - LedgerAccount.credits
    return [
        _part("track", a=ReminderTrack.invoice_id, b=ReminderTrack.step_id, c=ReminderTrack.cadence_id, d=left,
              text=ReminderTrack.reason, word=cast(ReminderTrack.step_on, String), at=ReminderTrack.look_at,
              day=LedgerAccount.due_on)
        .join(LedgerAccount, (LedgerAccount.invoice_id == ReminderTrack.invoice_id)
              & (LedgerAccount.kind == fixed(RECEIVABLE)))
        .where(ReminderTrack.debtor_id == _debtor(), ReminderTrack.look_at.is_not(None)),
        _part("step", a=CadenceStep.cadence_id, b=CadenceStep.id, c=cast(CadenceStep.day, BigInteger),
              text=CadenceStep.tone, word=CadenceStep.channel, until=CadenceStep.removed_at)
        .where(CadenceStep.cadence_id.in_(followed)),
        _part("fee", a=FeeTrack.invoice_id, day=FeeTrack.look_on)
        .join(LedgerAccount, (LedgerAccount.invoice_id == FeeTrack.invoice_id)
              & (LedgerAccount.kind == fixed(RECEIVABLE)))
        .where(LedgerAccount.business_id == _business(), LedgerAccount.debtor_id == _debtor(),
               LedgerAccount.credits < LedgerAccount.debits, FeeTrack.look_on.is_not(None)),
    ]


def _limits() -> list[Part]:
    """What holds reminders: pauses, days that are taken, the business's own days of rest, and what was refused."""
    line = cast(InvoiceLine.amount_minor + InvoiceLine.tax_minor, BigInteger)
    said_last = select(func.max(Consent.id)).where(Consent.debtor_id == _debtor()).group_by(Consent.channel)
    window = (bindparam("first", type_=Date), bindparam("last", type_=Date))
    return [
        _part("pause", a=Hold.invoice_id, d=func.coalesce(Hold.amount_minor, line), text=Hold.cause, at=Hold.starts_at,
              until=Hold.until).outerjoin(InvoiceLine, InvoiceLine.id == Hold.line_id)
        .where(Hold.debtor_id == _debtor(), Hold.reminders, Hold.released_at.is_(None),
               (Hold.until.is_(None)) | (Hold.until > bindparam("now"))),
        _part("taken", day=Message.local_day).where(
            Message.debtor_id == _debtor(), Message.message_class == fixed(COLLECTING),
            Message.state.in_((fixed("queued"), fixed("sent"))), Message.local_day.between(*window)),
        _part("rest", day=Holiday.day).where(Holiday.business_id == _business(), Holiday.day.between(*window)),
        _part("refused", text=Consent.channel).where(Consent.id.in_(said_last), Consent.given.is_(False)),
        _part("blocked", a=BlockedAddress.id).where(
            BlockedAddress.business_id == _business(), BlockedAddress.address_hash == bindparam("hash")),
    ]


def _others() -> list[Part]:
    """What else of a debtor has a day: emails that wait, promises, and payments on their way."""
    return [
        _part("email", text=Message.kind, at=Message.due_at).where(
            Message.debtor_id == _debtor(), Message.business_id == _business(), Message.state == fixed("queued"),
            Message.due_at > bindparam("now")),
        _part("promise", day=Note.promised_on).where(
            Note.debtor_id == _debtor(), Note.business_id == _business(), Note.promised_on >= bindparam("today")),
        _part("promise", day=Arrangement.until, d=Arrangement.amount_minor, more=Arrangement.currency).where(
            Arrangement.debtor_id == _debtor(), Arrangement.business_id == _business(),
            Arrangement.kind == fixed("promise"), Arrangement.state == fixed("active")),
        _part("paying", text=Payment.number, d=cast(Payment.amount_minor, BigInteger), more=Payment.currency).where(
            Payment.debtor_id == _debtor(), Payment.business_id == _business(), Payment.state == fixed("processing")),
    ]


def _installments() -> Part:
    """What is still to come of running plans: the next of each, late or not, and all within the horizon.

    What a bank is moving already is told as a payment under way.
    """
    other = aliased(Installment)
    first = select(func.min(other.due_on)).where(
        other.arrangement_id == Installment.arrangement_id, other.state == fixed("open")).scalar_subquery()
    moving = exists().where(InstallmentPayment.installment_id == Installment.id, InstallmentPayment.open,
                            Payment.id == InstallmentPayment.payment_id, Payment.state == fixed("processing"))
    covered = select(ArrangementInvoice.invoice_id).where(
        ArrangementInvoice.arrangement_id == Installment.arrangement_id).correlate(Installment)
    held = exists().where(Hold.debtor_id == _debtor(), Hold.business_id == _business(),
                          *autopay_look.holding(bindparam("now", type_=UtcDateTime)), *autopay_look.whole(covered))
    named = case((SavedMethod.kind == fixed("card"), SavedMethod.brand), else_=fixed("bank_account"))
    return (
        _part("installment", a=cast(Installment.position, BigInteger), text=Arrangement.public_id,
              b=cast(case((AutopayMandate.id.is_not(None), 1), else_=0), BigInteger),
              c=cast(case((held, 1), else_=0), BigInteger),
              d=Installment.amount_minor - Installment.paid_minor, more=Installment.currency, day=Installment.due_on,
              word=named + BAR + SavedMethod.last4, at=Installment.try_at)
        .join(Arrangement, Arrangement.id == Installment.arrangement_id)
        .outerjoin(AutopayMandate, and_(AutopayMandate.arrangement_id == Installment.arrangement_id,
                                        AutopayMandate.state != fixed("ended")))
        .outerjoin(SavedMethod, and_(SavedMethod.id == AutopayMandate.saved_method_id,
                                     AutopayMandate.state == fixed("active"), SavedMethod.state == fixed("active")))
        .where(Installment.debtor_id == _debtor(), Installment.business_id == _business(),
               Installment.state == fixed("open"), Arrangement.state == fixed("active"), ~moving,
               or_(Installment.due_on <= bindparam("last", type_=Date), Installment.due_on == first)))


def _wishes() -> list[Part]:
    """Plans and settlements that wait for an answer or a signature, whether anything was signed, disputes answered."""
    settled = (ArrangementRound.arrangement_id == Arrangement.id,
               ArrangementRound.what.in_((fixed("accepted"), fixed("countered"))))
    answer = (select(ArrangementRound.what).where(*settled).order_by(ArrangementRound.position.desc()).limit(1)
              .correlate(Arrangement).scalar_subquery())
    return [
        _part("wish", a=Arrangement.id, b=cast(case((answer == fixed("accepted"), 1), else_=0), BigInteger),
              c=cast(case((Plan.replaces_id.is_not(None), Plan.added_minor), else_=0), BigInteger),
              text=Arrangement.public_id, word=Arrangement.state + BAR + Arrangement.kind,
              d=Arrangement.amount_minor, more=Arrangement.currency, at=Arrangement.answer_by, until=Plan.expires_at,
              day=Arrangement.until)
        .outerjoin(Plan, Plan.arrangement_id == Arrangement.id)
        .where(Arrangement.debtor_id == _debtor(), Arrangement.business_id == _business(),
               Arrangement.kind.in_((fixed("plan"), fixed("settlement"))),
               Arrangement.state.in_((fixed("asked"), fixed("countered")))),
        _part("signed", a=func.max(Agreement.id)).where(
            Agreement.debtor_id == _debtor(), Agreement.business_id == _business()).having(func.count() > 0),
        # Withdrawn ones have no answer.
        _part("answered", text=Dispute.public_id, at=Dispute.decided_at).where(
            Dispute.debtor_id == _debtor(), Dispute.business_id == _business(),
            Dispute.state.in_((fixed("upheld"), fixed("partly_upheld"), fixed("rejected")))),
    ]
