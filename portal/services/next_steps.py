"""What happens next with one debtor, for their own page and for the office: the real next steps, by the sweep's rules.

All facts come with one question, because a page asks few; the rules behind them are those of reminder_facts.py.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import BigInteger, Date, Row, Select, String, Text, bindparam, cast, func, null, select, union_all

from portal.db import Asked, Question
from portal.domain.access import Access
from portal.domain.cadences import MOST_CLOSED_DAYS, Step
from portal.domain.foresight import Event, Waiting, foresee
from portal.domain.gate import COLLECTING
from portal.domain.ledger import RECEIVABLE
from portal.domain.policy import Policy
from portal.domain.reminding import Debt, Pause
from portal.models import (
    Arrangement,
    BlockedAddress,
    Business,
    CadenceStep,
    CallTask,
    Consent,
    Debtor,
    FeeTrack,
    Hold,
    Holiday,
    InvoiceLine,
    LedgerAccount,
    Message,
    Note,
    Payment,
    PolicyVersion,
    ReminderTrack,
)
from portal.models.base import UtcDateTime, fixed
from portal.services import account_rows, calendars, consents, paper_letters
from portal.services.account_rows import Standing
from portal.services.askable import MONEY_MOVES
from portal.services.gatekeeping import WINDOW_DAYS
from portal.services.reminder_facts import situation_of

HORIZON = timedelta(days=60)
Rows = Mapping[str, Sequence[Row[*tuple[Any, ...]]]]


@dataclass(frozen=True)
class Other:
    """An email that waits to leave, a promise or a payment on its way; minor units."""

    what: str
    at: datetime | None
    day: date | None
    name: str
    amount_minor: int
    currency: str


@dataclass(frozen=True)
class Next:
    """What comes for one debtor: reminder steps by time, ends of holds, and days on which a fee may be added.

    `pauses` are (invoice or None for all, cause, until); `fees` are (invoice, first day on which it may be charged).
    """

    events: Sequence[Event] = ()
    pauses: Sequence[tuple[int | None, str, datetime]] = ()
    fees: Sequence[tuple[int, date]] = ()
    # Nothing leaves at present: the business has paused everything, or tries things out.
    resting: bool = False
    # Whether any invoice follows a cadence at all.
    followed: bool = False
    # What account_rows.standings() gives, where the debtor's own page asked.
    standings: Sequence[Standing] = ()
    # Emails that wait, promises and payments on their way, where the office asked.
    others: Sequence[Other] = ()


def of(rows: Asked, business_id: int, debtor_id: int, now: datetime, today: date) -> Next:
    """Tell what happens next with a debtor, for the office, with all else that has a day; `today` is the business's."""
    return _told(rows, _question(None), {
        "business": business_id, "debtor": debtor_id, "now": now, "hash": "", "today": today}, now)


def for_reader(rows: Asked, access: Access, now: datetime, blocked_hash: str) -> Next:
    """Tell it for the debtor's own page, with what stands on their account in the same breath.

    `blocked_hash` is that of their address, by which it is known whether its reader has said it is not them.
    """
    values = account_rows.standing_values(access, now)
    narrowed = access.invoice_ids is not None
    return _told(rows, _question(narrowed), {**values, "hash": blocked_hash}, now)


def _told(rows: Asked, question: Question, values: Mapping[str, object], now: datetime) -> Next:
    found: dict[str, list[Row[*tuple[Any, ...]]]] = defaultdict(list)
    for row in question.ask(rows, {
            **values, "first": now.date() - timedelta(days=WINDOW_DAYS),
            "last": (now + HORIZON).date() + timedelta(days=MOST_CLOSED_DAYS)}):
        found[row.what].append(row)
    business, debtor = _people(found)
    pauses = [Pause(row.a, row.d, row.text in MONEY_MOVES, row.at, row.until) for row in found["pause"]]
    policy = Policy.from_rules(json.loads(found["rules"][0].text) if found["rules"] else {})
    is_open = calendars.question(business.country, frozenset(row.day for row in found["rest"]))
    refused = frozenset(row.text for row in found["refused"])
    events = foresee(
        _debts(found, pauses), {row.a: Waiting(row.at, row.text) for row in found["track"]},
        situation_of(debtor, business, policy, bool(found["blocked"]), frozenset(row.day for row in found["taken"]),
                     is_open),
        may_call=consents.may_call(debtor, refused),
        has_address=paper_letters.has_address(debtor) and consents.may_write(debtor, refused), now=now,
        until=now + HORIZON, is_open=is_open)
    ends = [(row.a, row.text, row.until) for row in found["pause"] if row.d is None and row.until is not None]
    standings = [Standing(row.what, row.a, row.text, row.word, row.d, row.more, row.at)
                 for what in ("hold", "payment", "credit") for row in found[what]]
    others = [Other(row.what, row.at, row.day, row.text, row.d or 0, row.more)
              for what in ("email", "promise", "paying") for row in found[what]]
    return Next(events, ends, _fees(found["fee"], now), followed=bool(found["track"]), standings=standings,
                others=others, resting=business.paused_at is not None or business.safe_mode_at is not None)


def _people(found: Rows) -> tuple[Business, Debtor]:
    """Put together what the rules ask of both; these objects belong to no session and are never kept."""
    who, home, reach, house = (found[name][0] for name in ("who", "home", "reach", "house"))
    business = Business(timezone=house.text, country=house.word, paused_at=house.at,
                        safe_mode_at=house.until)
    debtor = Debtor(
        email=who.text, email_state=who.word, opted_out_at=who.at,
        erased_at=who.until, timezone=home.text, country=home.word, phone=reach.text, postal_address=reach.word or "")
    return business, debtor


def _debts(found: Rows, pauses: Sequence[Pause]) -> list[Debt]:
    steps: dict[int, list[Row[*tuple[Any, ...]]]] = defaultdict(list)
    for row in found["step"]:
        steps[row.a].append(row)
    debts = []
    # A question of many parts gives them in no order.
    for row in sorted(found["track"], key=lambda one: one.a):
        known = steps.get(row.c, [])
        series = [_step(one) for one in known if one.until is None]
        last = next((_step(one) for one in known if one.b == row.b), None)
        debts.append(Debt(row.a, row.day, row.d, series, last, date.fromisoformat(row.word) if row.word else None,
                          pauses))
    return debts


def _step(row: Row[*tuple[Any, ...]]) -> Step:
    return Step(row.b, row.c, row.text, row.word)


def _fees(rows: Iterable[Row[*tuple[Any, ...]]], now: datetime) -> list[tuple[int, date]]:
    today, last = now.astimezone(UTC).date(), (now + HORIZON).date()
    return [(row.a, row.day) for row in rows if today <= row.day <= last]


@cache
def _question(narrowed: bool | None) -> Question:
    """Put the question together once: that takes longer than asking it. None is for the office."""
    business, debtor = bindparam("business", type_=BigInteger), bindparam("debtor", type_=BigInteger)
    none, never, nowhere = cast(null(), BigInteger), cast(null(), UtcDateTime), cast(null(), Date)
    mine = (Debtor.business_id == business, Debtor.id == debtor)

    def row(what: str, *, a: Any = none, b: Any = none, c: Any = none, d: Any = none, text: Any = None,
            word: Any = None, more: Any = None, at: Any = never, until: Any = never,
            day: Any = nowhere) -> Select[*tuple[Any, ...]]:
        said = [cast(fixed("") if one is None else one, Text) for one in (text, word, more)]
        return select(fixed(what).label("what"), a.label("a"), b.label("b"), c.label("c"), d.label("d"),
                      said[0].label("text"), said[1].label("word"), said[2].label("more"), at.label("at"),
                      until.label("until"), day.label("day"))

    newest = select(func.max(PolicyVersion.version)).where(PolicyVersion.business_id == business).scalar_subquery()
    followed = select(ReminderTrack.cadence_id).where(
        ReminderTrack.debtor_id == debtor, ReminderTrack.look_at.is_not(None))
    said_last = select(func.max(Consent.id)).where(Consent.debtor_id == debtor).group_by(Consent.channel)
    line = cast(InvoiceLine.amount_minor + InvoiceLine.tax_minor, BigInteger)
    parts = [
        row("who", text=Debtor.email, word=Debtor.email_state, at=Debtor.opted_out_at,
            until=Debtor.erased_at).where(*mine),
        row("home", text=Debtor.timezone, word=Debtor.country).where(*mine),
        row("reach", text=Debtor.phone, word=Debtor.postal_address).where(*mine),
        row("house", text=Business.timezone, word=Business.country, at=Business.paused_at,
            until=Business.safe_mode_at).where(Business.id == business),
        row("rules", text=cast(PolicyVersion.rules, String)).where(
            PolicyVersion.business_id == business, PolicyVersion.version == newest),
        row("track", a=ReminderTrack.invoice_id, b=ReminderTrack.step_id, c=ReminderTrack.cadence_id,
            d=LedgerAccount.debits - LedgerAccount.credits, text=ReminderTrack.reason,
            word=cast(ReminderTrack.step_on, String), at=ReminderTrack.look_at, day=LedgerAccount.due_on)
        .join(LedgerAccount, (LedgerAccount.invoice_id == ReminderTrack.invoice_id)
              & (LedgerAccount.kind == fixed(RECEIVABLE)))
        .where(ReminderTrack.debtor_id == debtor, ReminderTrack.look_at.is_not(None)),
        row("step", a=CadenceStep.cadence_id, b=CadenceStep.id, c=cast(CadenceStep.day, BigInteger),
            text=CadenceStep.tone, word=CadenceStep.channel, until=CadenceStep.removed_at)
        .where(CadenceStep.cadence_id.in_(followed)),
        row("pause", a=Hold.invoice_id, d=func.coalesce(Hold.amount_minor, line), text=Hold.cause, at=Hold.starts_at,
            until=Hold.until).outerjoin(InvoiceLine, InvoiceLine.id == Hold.line_id)
        .where(Hold.debtor_id == debtor, Hold.reminders, Hold.released_at.is_(None),
               (Hold.until.is_(None)) | (Hold.until > bindparam("now"))),
        row("taken", day=Message.local_day).where(
            Message.debtor_id == debtor, Message.message_class == fixed(COLLECTING),
            Message.state.in_((fixed("queued"), fixed("sent"))),
            Message.local_day.between(bindparam("first"), bindparam("last"))),
        row("rest", day=Holiday.day).where(Holiday.business_id == business, Holiday.day.between(
            bindparam("first"), bindparam("last"))),
        row("refused", text=Consent.channel).where(Consent.id.in_(said_last), Consent.given.is_(False)),
        row("blocked", a=BlockedAddress.id).where(
            BlockedAddress.business_id == business, BlockedAddress.address_hash == bindparam("hash")),
        row("call", text=CallTask.public_id).where(CallTask.debtor_id == debtor, CallTask.done_at.is_(None)),
        row("fee", a=FeeTrack.invoice_id, day=FeeTrack.look_on)
        .join(LedgerAccount, (LedgerAccount.invoice_id == FeeTrack.invoice_id)
              & (LedgerAccount.kind == fixed(RECEIVABLE)))
        .where(LedgerAccount.business_id == business, LedgerAccount.debtor_id == debtor,
               LedgerAccount.credits < LedgerAccount.debits, FeeTrack.look_on.is_not(None)),
    ]
    if narrowed is None:
        parts += [
            row("email", text=Message.kind, at=Message.due_at).where(
                Message.debtor_id == debtor, Message.business_id == business, Message.state == fixed("queued"),
                Message.due_at > bindparam("now")),
            row("promise", day=Note.promised_on).where(
                Note.debtor_id == debtor, Note.business_id == business, Note.promised_on >= bindparam("today")),
            row("promise", day=Arrangement.until, d=Arrangement.amount_minor, more=Arrangement.currency).where(
                Arrangement.debtor_id == debtor, Arrangement.business_id == business,
                Arrangement.kind == fixed("promise"), Arrangement.state == fixed("active")),
            row("paying", text=Payment.number, d=cast(Payment.amount_minor, BigInteger), more=Payment.currency).where(
                Payment.debtor_id == debtor, Payment.business_id == business, Payment.state == fixed("processing"))]
    else:
        stands = account_rows.standing_rows(narrowed=narrowed)
        parts.append(select(
            stands.c.what, stands.c.invoice, none, none, stands.c.amount, cast(stands.c.word, Text),
            cast(stands.c.public_id, Text), cast(stands.c.currency, Text), stands.c.at, never, nowhere))
    together = union_all(*parts).subquery()
    return Question(select(*together.c))
