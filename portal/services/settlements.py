"""Settlements from the debtor's side: asking to close a debt for less, taking what is offered, asking a person.

Only where the business switched it on. The rules are in domain/settlements.py; who accepts signs, see
signables/settlement.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from portal.domain import patience
from portal.domain import settlements as rules
from portal.domain.access import Access
from portal.domain.errors import Refusal
from portal.domain.questions import told
from portal.domain.quotes import OpenInvoice
from portal.models import Arrangement, ArrangementRound, Business, Debtor, Invoice
from portal.runtime import Runtime
from portal.services import arrangements, calendars, debts, policies, settlement_mail, settlement_terms
from portal.services.arrangements import Step
from portal.services.audit import Actor, record
from portal.services.more_time import locked

KIND = settlement_terms.KIND
MOST_SHOWN = 20
# Whoever tries one sum after another is asked to speak with a person.
MOST_ASKED, WITHIN = 6, timedelta(days=30)


@dataclass(frozen=True)
class StepView:
    """One step of a negotiation as its reader sees it; minor units."""

    said_by: str
    what: str
    amount_minor: int
    until: date | None
    words: str
    at: datetime


@dataclass(frozen=True)
class SettlementView:
    """One settlement, asked for or agreed on. `amount_minor` is what would close it, `owed_minor` what is left now."""

    public_id: str
    state: str
    currency: str
    amount_minor: int
    asked_minor: int
    owed_minor: int
    until: date | None
    answer_by: datetime | None
    asked_at: datetime
    seen: str
    # The invoices it covers as (public id, number), and whether a person may still be asked about the first wish.
    invoices: tuple[tuple[str, str], ...] = ()
    steps: tuple[StepView, ...] = ()
    may_ask: bool = False
    # The wish lay below what even a person may agree to.
    too_little: bool = False

    @property
    def saved_minor(self) -> int:
        return max(0, self.owed_minor - self.amount_minor)

    @property
    def paid_up(self) -> bool:
        """Say whether it stands and nothing is left of it; should money go back in time, it still counts."""
        return self.state == "active" and bool(self.invoices) and self.owed_minor == 0


@dataclass(frozen=True)
class Offered:
    """What the page for asking needs: what is open by currency, until when an agreement would stand, what there is."""

    owed: dict[str, int]
    until: date
    decide_days: int
    standing: SettlementView | None
    earlier: tuple[SettlementView, ...]


def is_offered(rt: Runtime, access: Access) -> bool:
    """Say whether this business lets debtors ask for a settlement at all."""
    with rt.db.reading() as session:
        return policies.in_force(session, access.business_id).settlement_rules.offered


def offered(rt: Runtime, access: Access) -> Offered:
    """Give what can be asked for, and what was asked for before; raises Refusal settlements_off if there is neither."""
    _require_whole_page(access)
    now = rt.now()
    with rt.db.reading() as session:
        debtor = session.get_one(Debtor, access.debtor_id)
        policy = policies.in_force(session, access.business_id)
        found = [_view(session, debtor, one) for one in _mine(session, access)]
        standing = next((one for one in found if one.state in (*arrangements.WAITING, "active")), None)
        if not policy.settlement_rules.offered and not found:
            raise Refusal("not_found", "settlements_off")
        owed: dict[str, int] = {}
        if policy.settlement_rules.offered:
            for one in debts.open_invoices(session, access):
                if one.handed_to is None:
                    owed[one.currency] = owed.get(one.currency, 0) + one.left_minor
        until = arrangements.today(session, debtor, now) + timedelta(days=policy.settlement_rules.days)
    return Offered(owed, until, policy.answer_business_days, standing,
                   tuple(one for one in found if one is not standing))


def one(rt: Runtime, access: Access, settlement_id: str) -> SettlementView:
    """Give one settlement with every step that led to it; raises Refusal not_found."""
    _require_whole_page(access)
    with rt.db.reading() as session:
        debtor = session.get_one(Debtor, access.debtor_id)
        return _view(session, debtor, _own(session, access, settlement_id), whole=True)


def ask(rt: Runtime, access: Access, amount: int, currency: str, *, words: str = "") -> str:
    """Ask to close everything in one currency for a sum; the rules answer at once, or a person is asked.

    Returns the public id. Asked twice it is one wish; another one takes the place of what is undecided. Raises Refusal:
    settlements_off, settlement_not_less, below_minimum_charge, amount_step, nothing_open, payment_processing,
    dispute_first, settlement_stands, plan_stands, settlement_asked_often, words_too_long, link_ended.
    """
    _require_whole_page(access)
    now = rt.now()
    body = told(words, longest=patience.LONGEST_WORDS) if words.strip() else ""

    def work(session: Session) -> str:
        debtor = locked(session, access, now)
        policy = policies.in_force(session, access.business_id)
        if not policy.settlement_rules.offered:
            raise Refusal("not_found", "settlements_off")
        before = waiting(session, access)
        if before is not None and (before.currency, _asked_minor(session, before)) == (currency, amount):
            return before.public_id
        if any(each.state == "active" and each.currency == currency for each in _mine(session, access)):
            # What was signed is changed by the business's offer of another one, never by asking again.
            raise Refusal("conflict", "settlement_stands")
        invoices = settlement_terms.coverable(session, access, currency)
        settlement_terms.refuse_signed(session, debtor.id, invoices)
        arrangements.check_room(session, debtor, KIND, [each.id for each in invoices])
        answer = rules.ask(policy.settlement_rules, amount, owed=sum(each.left_minor for each in invoices),
                           currency=currency, days_late=settlement_terms.days_late(
                               invoices, arrangements.today(session, debtor, now)))
        _refuse_often(session, access, now)
        if before is not None:
            arrangements.note(session, before, Step("debtor", "withdrawn"), now)
            arrangements.end(session, before, "withdrawn", now)
        until = arrangements.today(session, debtor, now) + timedelta(days=policy.settlement_rules.days)
        arrangement = arrangements.open_one(
            session, debtor, KIND, [each.id for each in invoices], now, asked_until=until, words=body,
            currency=currency, amount_minor=amount)
        arrangements.note(session, arrangement, Step("debtor", "asked", amount_minor=amount, words=body), now)
        _follow(session, arrangement, answer, until, now)
        _record(session, access, arrangement, "settlement.asked", now, amount=amount, answer=answer.answer)
        return arrangement.public_id

    return rt.db.run(work)


def ask_person(rt: Runtime, access: Access, settlement_id: str, *, seen: str) -> None:
    """Let a person decide about the sum that was asked for first.

    Raises Refusal: not_found, settlement_decided, settlement_moved_on, settlement_too_little.
    """
    now = rt.now()

    def work(session: Session) -> None:
        debtor, arrangement = _open(session, access, settlement_id, seen, now, "countered")
        asked = _asked_minor(session, arrangement)
        if arrangement.staff_id is not None or not _may_ask(session, debtor, arrangement, asked, now):
            raise Refusal("conflict", "settlement_too_little")
        arrangement.state, arrangement.until, arrangement.amount_minor = "asked", None, asked
        arrangements.note(session, arrangement, Step("debtor", "referred", amount_minor=asked), now)
        _refer(session, arrangement, now)
        _record(session, access, arrangement, "settlement.referred", now)

    rt.db.run(work)


def withdraw(rt: Runtime, access: Access, settlement_id: str, *, seen: str) -> None:
    """Take a wish back, or say no to what was offered; what was signed stays.

    Raises Refusal: not_found, settlement_decided, settlement_moved_on.
    """
    now = rt.now()

    def work(session: Session) -> None:
        _, arrangement = _open(session, access, settlement_id, seen, now, "asked", "countered")
        arrangements.note(session, arrangement, Step("debtor", "withdrawn"), now)
        arrangements.end(session, arrangement, "withdrawn", now)
        _record(session, access, arrangement, "settlement.withdrawn", now)

    rt.db.run(work)


def waiting(session: Session, access: Access) -> Arrangement | None:
    """Find the settlement a reader has asked for, or was offered, that nobody has signed or ended yet."""
    return next((each for each in _mine(session, access) if each.state in arrangements.WAITING), None)


def _follow(session: Session, arrangement: Arrangement, answer: rules.Told, until: date, now: datetime) -> None:
    """Do what the rules said to a wish."""
    named = answer.amount_minor
    arrangements.note(session, arrangement, Step("rules", answer.answer, until if named else None, named or 0), now)
    if named is not None:
        arrangement.state, arrangement.until, arrangement.amount_minor = "countered", until, named
    elif answer.answer == "referred":
        _refer(session, arrangement, now)
    else:
        arrangements.end(session, arrangement, "refused", now)


def _refer(session: Session, arrangement: Arrangement, now: datetime) -> None:
    business = session.get_one(Business, arrangement.business_id)
    arrangement.answer_by = calendars.answer_by(session, business, now)
    # Whoever waits for our answer is not reminded meanwhile.
    arrangements.wait_for_answer(session, arrangement, now)
    settlement_mail.tell_staff(session, now, business, arrangement, "settlement_asked")


def _refuse_often(session: Session, access: Access, now: datetime) -> None:
    asked = session.scalar(select(func.count()).select_from(Arrangement).where(
        Arrangement.business_id == access.business_id, Arrangement.debtor_id == access.debtor_id,
        Arrangement.kind == KIND, Arrangement.asked_at > now - WITHIN)) or 0
    if asked >= MOST_ASKED:
        raise Refusal("too_many", "settlement_asked_often")


def _may_ask(session: Session, debtor: Debtor, arrangement: Arrangement, asked: int, now: datetime) -> bool:
    invoices = settlement_terms.of_arrangement(session, debtor, arrangement)
    found = policies.in_force(session, debtor.business_id).settlement_rules
    return bool(invoices) and rules.may_ask_person(
        found, asked, owed=sum(one.left_minor for one in invoices), currency=arrangement.currency,
        days_late=settlement_terms.days_late(invoices, arrangements.today(session, debtor, now)))


def _is_settled_at_all(session: Session, debtor: Debtor, arrangement: Arrangement,
                       invoices: Sequence[OpenInvoice]) -> bool:
    """Whether debts of this age are settled at all: then it was the sum that did not fit."""
    day = arrangements.today(session, debtor, arrangement.asked_at)
    found = policies.in_force(session, debtor.business_id).settlement_rules
    return bool(invoices) and found.offered and found.band(settlement_terms.days_late(invoices, day)) is not None


def _mine(session: Session, access: Access) -> list[Arrangement]:
    found = session.scalars(select(Arrangement).where(
        Arrangement.business_id == access.business_id, Arrangement.debtor_id == access.debtor_id,
        Arrangement.kind == KIND).order_by(Arrangement.id.desc()).limit(MOST_SHOWN)).all()
    return [one for one in found if arrangements.visible(session, access, one)]


def _own(session: Session, access: Access, settlement_id: str) -> Arrangement:
    found = arrangements.own(session, access, settlement_id)
    if found.kind != KIND:
        raise Refusal("not_found", "unknown_page")
    return found


def _open(session: Session, access: Access, settlement_id: str, seen: str, now: datetime,
          *states: str) -> tuple[Debtor, Arrangement]:
    _require_whole_page(access)
    debtor = locked(session, access, now)
    arrangement = _own(session, access, settlement_id)
    if arrangement.state not in states:
        raise Refusal("conflict", "settlement_decided")
    if str(arrangement.version) != seen:
        raise Refusal("conflict", "settlement_moved_on")
    return debtor, arrangement


def view_of(session: Session, debtor: Debtor, arrangement: Arrangement) -> SettlementView:
    """Show a settlement with all its steps, for the office."""
    return _view(session, debtor, arrangement, whole=True)


def _view(session: Session, debtor: Debtor, arrangement: Arrangement, *, whole: bool = False) -> SettlementView:
    rounds = session.scalars(select(ArrangementRound).where(
        ArrangementRound.arrangement_id == arrangement.id).order_by(ArrangementRound.position)).all() if whole else ()
    opened = settlement_terms.of_arrangement(session, debtor, arrangement) if whole else ()
    named = session.execute(select(Invoice.public_id, Invoice.number).where(Invoice.id.in_(
        arrangements.covered(session, arrangement))).order_by(Invoice.due_on, Invoice.id)).all() if whole else ()
    asked = rounds[0].amount_minor if rounds and rounds[0].what == "asked" else 0
    answer = rounds[-1].what if rounds and rounds[-1].said_by == "rules" else ""
    may_ask = bool(answer) and _may_ask(session, debtor, arrangement, asked, arrangement.asked_at)
    return SettlementView(
        arrangement.public_id, arrangement.state, arrangement.currency, arrangement.amount_minor, asked,
        sum(one.left_minor for one in opened), arrangement.until, arrangement.answer_by, arrangement.asked_at,
        str(arrangement.version), tuple((public_id, number) for public_id, number in named),
        tuple(StepView(r.said_by, r.what, r.amount_minor, r.until, r.words, r.at) for r in rounds),
        answer == "countered" and may_ask, answer in ("countered", "refused") and not may_ask and _is_settled_at_all(
            session, debtor, arrangement, opened))


def _asked_minor(session: Session, arrangement: Arrangement) -> int:
    return session.scalar(select(ArrangementRound.amount_minor).where(
        ArrangementRound.arrangement_id == arrangement.id, ArrangementRound.what == "asked",
        ArrangementRound.position == 1)) or 0


def _record(session: Session, access: Access, arrangement: Arrangement, act: str, now: datetime,
            **details: object) -> None:
    record(session, at=now, actor=Actor("debtor", access.link_public_id), act=act,
           business_id=arrangement.business_id, debtor_id=arrangement.debtor_id,
           target=f"arrangement:{arrangement.public_id}", **details)


def _require_whole_page(access: Access) -> None:
    if access.pay_only:
        raise Refusal("not_found", "unknown_page")
