"""The simulator: the next 30 days of one debtor or of all, before anything is switched on or while it runs.

Which message, when, to whom, with its exact text, and why others wait. The rules are those of the sweep.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.domain.cadences import PRESETS, Audience, Series, Step
from portal.domain.errors import Refusal
from portal.domain.foresight import Event
from portal.domain.reminding import TAKEN
from portal.domain.roles import StaffAccess
from portal.models import Business, Cadence, CadenceStep, Debtor, Invoice
from portal.runtime import Runtime
from portal.services import askable, cadence_desk, debtor_desk, foretelling, letter_print, letters
from portal.words import call_scripts
from portal.words.core import Words
from portal.words.emails import PLACEHOLDERS, fill_in

# Pages count so many debtors; the command counts all.
MOST_DEBTORS = 1_500
PAGE = 50


@dataclass(frozen=True)
class Line:
    """One thing that is to happen: when, to whom, which step, and why it would not."""

    debtor_id: str
    debtor: str
    event: Event
    invoices: tuple[str, ...] = ()


@dataclass
class DayCount:
    """One day of the simulation: what leaves by each channel, and how many steps begin to wait."""

    day: date
    emails: int = 0
    letters: int = 0
    calls: int = 0
    held: int = 0

    @property
    def leaving(self) -> int:
        return self.emails + self.letters + self.calls

    def note(self, event: Event) -> None:
        """Count one thing that is to happen."""
        if event.what != TAKEN:
            self.held += 1
        elif event.channel == "email":
            self.emails += 1
        elif event.channel == "letter":
            self.letters += 1
        else:
            self.calls += 1


@dataclass
class Forecast:
    """Thirty days of a business; `counted` of `debtors` were looked at. Steps are named by (day, tone, channel)."""

    starts: date
    debtors: int
    counted: int = 0
    days: list[DayCount] = field(default_factory=list)
    steps: Counter[tuple[int, str, str]] = field(default_factory=Counter)
    today_steps: Counter[tuple[int, str, str]] = field(default_factory=Counter)
    waits: Counter[str] = field(default_factory=Counter)
    people: int = 0
    people_today: int = 0
    invoices: int = 0
    invoices_today: int = 0
    most: int = 0
    lines: list[Line] = field(default_factory=list)
    more: bool = False

    @property
    def total(self) -> DayCount:
        return self._sum(self.days)

    @property
    def today(self) -> DayCount:
        return self._sum([day for day in self.days if day.day <= self.starts])

    def _sum(self, days: Sequence[DayCount]) -> DayCount:
        return DayCount(self.starts, sum(day.emails for day in days), sum(day.letters for day in days),
                        sum(day.calls for day in days), sum(day.held for day in days))


@dataclass(frozen=True)
class Chosen:
    """What a page of the simulator shows of all: one day or every day, who gets something or who does not, a part."""

    day: date | None = None
    what: str = ""
    skip: int = 0


def forecast(rt: Runtime, access: StaffAccess, chosen: Chosen, *, cadence_id: str = "",
             most: int | None = MOST_DEBTORS) -> Forecast:
    """Tell the next 30 days of a business; with `cadence_id` as if that draft were switched on now.

    Raises Refusal not_found for a cadence of nobody here.
    """
    access.require("see")
    now = rt.now()
    with rt.db.reading() as session:
        series = None
        if cadence_id:
            draft = cadence_desk.find(session, access, cadence_id)
            series = foretelling.series_with(session, access.business_id, draft.id)
        return _forecast(rt, session, access.business_id, now, series, chosen, most)


def count(rt: Runtime, slug: str, preset: str = "") -> Forecast:
    """Tell the next 30 days of a business, however many debtors it has; with a preset as if that were all there is.

    Raises Refusal not_found/unknown_business.
    """
    now = rt.now()
    with rt.db.reading() as session:
        business_id = session.scalar(select(Business.id).where(Business.slug == slug))
        if business_id is None:
            raise Refusal("not_found", "unknown_business", slug=slug)
        series = [Series(0, Audience(), tuple(
            Step(number, *step) for number, step in enumerate(PRESETS[preset], 1)))] if preset else None
        return _forecast(rt, session, business_id, now, series, Chosen(), None)


def _forecast(rt: Runtime, session: Session, business_id: int, now: datetime, series: Sequence[Series] | None,
              chosen: Chosen, most: int | None) -> Forecast:
    zone = ZoneInfo(session.get_one(Business, business_id).timezone)
    found = Forecast(now.astimezone(zone).date(),
                     foretelling.count_concerned(session, business_id, draft=series is not None))
    days: dict[date, DayCount] = {}
    lines: list[Line] = []
    for told in foretelling.tell(rt, session, now, business_id, most=most, series=series):
        found.counted += 1
        _count_one(found, days, told.events)
        debtor = told.someone.debtor
        lines.extend(Line(debtor.public_id, debtor.name, event) for event in told.events if _wanted(event, chosen))
    found.days = [days.get(found.starts + timedelta(days=n), DayCount(found.starts + timedelta(days=n)))
                  for n in range(foretelling.DAYS + 1)]
    lines.sort(key=lambda line: (line.event.at, line.debtor, line.event.what))
    found.lines, found.more = lines[chosen.skip:chosen.skip + PAGE], len(lines) > chosen.skip + PAGE
    return found


def _wanted(event: Event, chosen: Chosen) -> bool:
    return (chosen.day in (None, event.local_day)) and chosen.what in ("", event.what)


def _count_one(found: Forecast, days: dict[date, DayCount], events: Sequence[Event]) -> None:
    taken = [event for event in events if event.what == TAKEN]
    at_once = [event for event in taken if event.local_day <= found.starts]
    for event in events:
        days.setdefault(event.local_day, DayCount(event.local_day)).note(event)
        if event.what != TAKEN:
            found.waits[event.reason] += 1
    for event in taken:
        found.steps[event.step.day, event.step.tone, event.channel] += 1
    for event in at_once:
        found.today_steps[event.step.day, event.step.tone, event.channel] += 1
    found.people += bool(taken)
    found.people_today += bool(at_once)
    found.invoices += len({id for event in taken for id in event.invoice_ids})
    found.invoices_today += len({id for event in at_once for id in event.invoice_ids})
    found.most = max(found.most, len(taken))


@dataclass(frozen=True)
class Text:
    """What a debtor would read, or staff would say; no subject but in an email."""

    subject: str
    body: str
    language: str


@dataclass(frozen=True)
class Person:
    """One debtor's next 30 days, and the text of the line that was opened."""

    debtor_id: str
    debtor: str
    lines: tuple[Line, ...]
    shown: int
    text: Text | None
    draft: str
    followed: bool


def person(rt: Runtime, access: StaffAccess, debtor_id: str, office: Words, *, cadence_id: str = "",
           show: int = 0) -> Person:
    """Tell one debtor's next 30 days, with the exact text of the line numbered `show` (from 1), if there is one.

    `office` are the words of the person at the desk: a call's script is theirs. Raises Refusal not_found.
    """
    access.require("see")
    now = rt.now()
    with rt.db.reading() as session:
        debtor = debtor_desk.find(session, access, debtor_id)
        series = None
        if cadence_id:
            draft = cadence_desk.find(session, access, cadence_id)
            series = {access.business_id: foretelling.series_with(session, access.business_id, draft.id)}
        told = foretelling.of(rt, session, now, [debtor], series=series)[0]
        numbers = _numbers(session, told.events)
        lines = tuple(Line(debtor.public_id, debtor.name, event, tuple(numbers[id] for id in event.invoice_ids))
                      for event in told.events)
        text = None
        if 0 < show <= len(lines) and lines[show - 1].event.what == TAKEN:
            text = text_of(session, debtor, lines[show - 1].event, office)
        return Person(debtor.public_id, debtor.name, lines, show if text else 0, text, cadence_id,
                      bool(told.someone.debts))


def text_of(session: Session, debtor: Debtor, event: Event, office: Words) -> Text | None:
    """Write what leaves at a step as it will be written then, with today's balances; None when nothing may be asked."""
    business = session.get_one(Business, debtor.business_id)
    owed = askable.askable(session, event.at, debtor)
    if not owed.invoices:
        return None
    own = session.scalar(select(CadenceStep.own_words).where(CadenceStep.id == event.step.id)) or {}
    tone = event.step.tone
    if event.channel == "call":
        _, filled = letters.filled_in(session, event.at, business, debtor, owed, tone=tone)
        return Text("", "\n\n".join(call_scripts.script(office, tone, own, filled)), office.language)
    if event.channel == "letter":
        return Text("", *letter_print.text_of(session, event.at, business, debtor, owed, tone=tone, own=own))
    words, _ = letters.filled_in(session, event.at, business, debtor, owed, tone=tone)
    written = letters.reminder(session, event.at, business, debtor, owed, tone=tone, own=own)
    return Text(written.subject, fill_in(written.text, dict.fromkeys(PLACEHOLDERS, "…")), words.language)


def _numbers(session: Session, events: Sequence[Event]) -> dict[int, str]:
    ids = {id for event in events for id in event.invoice_ids}
    return {id: number for id, number in session.execute(
        select(Invoice.id, Invoice.number).where(Invoice.id.in_(ids)))}


def drafts_of(session: Session, access: StaffAccess) -> list[Cadence]:
    """List the drafts a simulation can be made of."""
    return list(session.scalars(select(Cadence).where(
        Cadence.business_id == access.business_id, Cadence.ended_at.is_(None), Cadence.switched_on_at.is_(None))))
