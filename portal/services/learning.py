"""What worked: reminder steps and the money that followed, by step, by tone and by whose words; what people said.

It looks at a bounded number of the newest steps along one index, so that it costs the same in a large business.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from portal.domain import learning as rules
from portal.domain.cadences import CHANNELS, TONES
from portal.domain.learning import WITHIN, Tally
from portal.domain.ledger import RECEIVABLE
from portal.domain.roles import StaffAccess
from portal.models import AuditEvent, CadenceStep, Debtor, Feedback, LedgerAccount, LedgerTransfer, StepOutcome
from portal.models.base import fixed
from portal.runtime import Runtime
from portal.services.standings import PAID_BY

LOOK_BACK = timedelta(days=180)
# The newest so many steps are looked at, however many there were.
MOST_STEPS = 20_000
MOST_OF_ONE = 200
SHOWN_WORDS = 12
MANY_HARD = 20
CHANGED = "step.words_changed"


@dataclass(frozen=True)
class Row:
    """One line of a table: what it is about (a day, tone and channel, or a code), and what followed."""

    about: tuple[Any, ...]
    tally: Tally
    recovered: Mapping[str, int]


@dataclass(frozen=True)
class Suggestion:
    """Something one might try, as a code with what it is about; nothing ever acts on it by itself."""

    code: str
    about: tuple[Any, ...] = ()
    tally: Tally | None = None


@dataclass(frozen=True)
class Words:
    """What somebody wrote after paying."""

    score: int
    body: str
    at: datetime
    debtor_id: str
    debtor_name: str


@dataclass(frozen=True)
class Learned:
    """All that the page tells; `from_` is the day of the oldest step looked at, None where none was taken."""

    looked_at: int
    from_: datetime | None
    capped: bool
    steps: tuple[Row, ...]
    tones: tuple[Row, ...]
    channels: tuple[Row, ...]
    voices: tuple[Row, ...]
    # Steps left out of the last table, because their words have changed since.
    other_words: int
    suggestions: tuple[Suggestion, ...]
    scores: Mapping[int, int]
    said: tuple[Words, ...]


@dataclass
class _Asked:
    """One step taken for one invoice; `wait` is how long its first money took, `sums` all of it by currency."""

    day: int
    tone: str
    channel: str
    voice: str
    wait: timedelta | None = None
    sums: dict[str, int] | None = None


def learned(rt: Runtime, access: StaffAccess) -> Learned:
    """Count what followed reminder steps whose seven days are over, and gather what people said after paying."""
    access.require("see")
    now = rt.now()
    with rt.db.reading() as session:
        asked, oldest, capped = _asked(session, access.business_id, now)
        scores = _scores(session, access.business_id, now)
        said = _said(session, access.business_id, now)
    steps = _rows(asked, lambda one: (one.day, one.tone, one.channel), sorted)
    tones = _rows(asked, lambda one: (one.tone,), _in_order(TONES))
    channels = _rows(asked, lambda one: (one.channel,), _in_order(CHANNELS))
    voices = _rows([one for one in asked if one.voice], lambda one: (one.voice,), sorted)
    return Learned(
        len(asked), oldest, capped, steps, tones, channels, voices, sum(not one.voice for one in asked),
        tuple(_suggestions(steps, voices, channels, scores)), scores, said)


def _asked(session: Session, business_id: int, now: datetime) -> tuple[list[_Asked], datetime | None, bool]:
    changed = _changes(session, business_id)
    newest = _newest(business_id, now)
    rows = session.execute(select(
        newest.c.id, newest.c.at, CadenceStep.public_id, CadenceStep.day, CadenceStep.tone, CadenceStep.channel,
        CadenceStep.own_words).select_from(newest).join(CadenceStep, CadenceStep.id == newest.c.step_id)
        .where(newest.c.at <= now - WITHIN)).all()
    found = {}
    for id, at, public_id, day, tone, channel, own in rows:
        since = changed.get(f"step:{public_id}")
        voice = "" if since is not None and at < since else ("yours" if own else "ours")
        found[id] = _Asked(day, tone, channel, voice)
    for id, at, paid_at, amount, currency in session.execute(_money(newest)):
        one = found.get(id)
        if one is not None and paid_at - at <= WITHIN:
            one.wait = min(one.wait or WITHIN, paid_at - at)
            one.sums = one.sums or {}
            one.sums[currency] = one.sums.get(currency, 0) + amount
    oldest = min((at for _, at, *_ in rows), default=None)
    return list(found.values()), oldest, len(rows) >= MOST_STEPS


def _newest(business_id: int, now: datetime) -> Any:
    taken = (
        select(StepOutcome.id, StepOutcome.at, StepOutcome.invoice_id, StepOutcome.step_id)
        .where(StepOutcome.business_id == business_id, StepOutcome.outcome == fixed("taken"),
               StepOutcome.at > now - LOOK_BACK)
        .order_by(StepOutcome.at.desc()).limit(MOST_STEPS).subquery())
    return _with_next(taken)


def _with_next(taken: Any) -> Any:
    """Add to each step when the same invoice's next one was taken."""
    following = func.lead(taken.c.at).over(partition_by=taken.c.invoice_id, order_by=(taken.c.at, taken.c.id))
    return select(taken, following.label("next_at")).cte("newest")


def _money(newest: Any) -> Select[Any]:
    """Money for the invoice of a step from the step on, until the next one."""
    return (
        select(newest.c.id, newest.c.at, LedgerTransfer.happened_at, LedgerTransfer.amount, LedgerTransfer.currency)
        .select_from(newest).join(LedgerAccount, (LedgerAccount.invoice_id == newest.c.invoice_id)
              & (LedgerAccount.kind == fixed(RECEIVABLE)))
        .join(LedgerTransfer, LedgerTransfer.credit_account_id == LedgerAccount.id)
        .where(LedgerTransfer.kind.in_(PAID_BY), LedgerTransfer.happened_at >= newest.c.at,
               (newest.c.next_at.is_(None)) | (LedgerTransfer.happened_at < newest.c.next_at)))


def _changes(session: Session, business_id: int) -> dict[str, datetime]:
    query = select(AuditEvent.target, func.max(AuditEvent.at)).where(
        AuditEvent.business_id == business_id, AuditEvent.act == CHANGED).group_by(AuditEvent.target)
    return {target: at for target, at in session.execute(query)}


Order = Callable[[Iterable[Any]], list[Any]]


def _in_order(codes: Sequence[str]) -> Order:
    return lambda found: sorted(found, key=lambda about: codes.index(about[0]))


def _rows(asked: Sequence[_Asked], about: Callable[[_Asked], tuple[Any, ...]], order: Order) -> tuple[Row, ...]:
    groups: dict[Hashable, list[_Asked]] = defaultdict(list)
    for one in asked:
        groups[about(one)].append(one)
    made = []
    for key in order(groups):
        mine = groups[key]
        sums: dict[str, int] = defaultdict(int)
        for one in mine:
            for currency, amount in (one.sums or {}).items():
                sums[currency] += amount
        waits = [one.wait for one in mine if one.wait is not None]
        made.append(Row(key, rules.tally(len(mine), waits), dict(sorted(sums.items()))))
    return tuple(made)


def _suggestions(steps: Sequence[Row], voices: Sequence[Row], channels: Sequence[Row],
                 scores: Mapping[int, int]) -> Iterable[Suggestion]:
    best = rules.best([row.tally for row in voices]) if len(voices) > 1 else None
    if best is not None:
        yield Suggestion(f"{voices[best].about[0]}_words_bring_more", (), voices[best].tally)
    best = rules.best([row.tally for row in channels]) if len(channels) > 1 else None
    if best is not None:
        yield Suggestion("channel_brings_more", channels[best].about, channels[best].tally)
    for row in steps:
        if rules.brings_hardly_anything(row.tally):
            yield Suggestion("step_brings_little", row.about, row.tally)
    said = Tally(sum(scores.values()), scores.get(1, 0))
    if said.hundredths is not None and said.hundredths >= MANY_HARD:
        yield Suggestion("many_say_hard", (), said)


def _scores(session: Session, business_id: int, now: datetime) -> dict[int, int]:
    query = select(Feedback.score, func.count()).where(
        Feedback.business_id == business_id, Feedback.at > now - LOOK_BACK).group_by(Feedback.score)
    return {score: count for score, count in session.execute(query)}


def _said(session: Session, business_id: int, now: datetime) -> tuple[Words, ...]:
    query = (
        select(Feedback.score, Feedback.body, Feedback.at, Debtor.public_id, Debtor.name)
        .join(Debtor, Debtor.id == Feedback.debtor_id)
        .where(Feedback.business_id == business_id, Feedback.at > now - LOOK_BACK, Feedback.body != "")
        .order_by(Feedback.at.desc()).limit(SHOWN_WORDS))
    return tuple(Words(*row) for row in session.execute(query))


def responses(session: Session, debtor: Debtor, now: datetime) -> dict[str, Tally]:
    """Count for one debtor how often money followed within seven days of a step, by the step's channel."""
    taken = (
        select(StepOutcome.id, StepOutcome.at, StepOutcome.invoice_id, StepOutcome.step_id)
        .where(StepOutcome.debtor_id == debtor.id, StepOutcome.business_id == debtor.business_id,
               StepOutcome.outcome == fixed("taken"))
        .order_by(StepOutcome.at.desc()).limit(MOST_OF_ONE).subquery())
    steps = _with_next(taken)
    money = _money(steps).subquery()
    rows = session.execute(
        select(steps.c.id, steps.c.at, CadenceStep.channel, func.min(money.c.happened_at))
        .select_from(steps).join(CadenceStep, CadenceStep.id == steps.c.step_id)
        .outerjoin(money, money.c.id == steps.c.id)
        .where(steps.c.at <= now - WITHIN).group_by(steps.c.id, steps.c.at, CadenceStep.channel)).all()
    found: dict[str, list[timedelta | None]] = defaultdict(list)
    for _, at, channel, paid_at in rows:
        found[channel].append(paid_at - at if paid_at is not None and paid_at - at <= WITHIN else None)
    return {channel: rules.tally(len(found[channel]), [wait for wait in found[channel] if wait is not None])
            for channel in CHANNELS if channel in found}
