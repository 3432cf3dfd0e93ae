"""The coming steps as a debtor's own page tells them: what is sent or charged on which day, and when a pause ends."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Protocol

from portal.domain.holds import last_moment
from portal.domain.reminding import HELD, TAKEN
from portal.services.next_steps import Next
from portal.words.core import Words
from portal.words.reminder_tones import WAITS

MOST_STEPS, MOST_LINES = 4, 8


class Titled(Protocol):
    """An invoice as the page names it."""

    @property
    def title(self) -> str: ...


@dataclass(frozen=True)
class Ahead:
    """One coming step, end of a pause or fee; `code` is email, letter, call, hold_ends, fee or no_emails.

    `until` is the day until which a step waits for an answer; no invoices mean everything there is.
    """

    code: str
    day: date
    tone: str = ""
    invoices: tuple[Titled, ...] = ()
    until: date | None = None


def ahead(told: Next, shown: Mapping[int, Titled], words: Words) -> tuple[Ahead, ...]:
    """Tell what comes, by day; of invoices that this page does not show, nothing is told."""
    found = [*_steps(told, shown), *_pauses(told, shown, words)]
    found += [Ahead("fee", day, invoices=(shown[id],)) for id, day in told.fees if id in shown]
    return tuple(sorted(found, key=lambda one: one.day))[:MOST_LINES]


def _steps(told: Next, shown: Mapping[int, Titled]) -> list[Ahead]:
    if told.resting:
        return []
    found = []
    for event in told.events:
        mine = tuple(shown[id] for id in event.invoice_ids if id in shown)
        if event.what == TAKEN and mine:
            waits = WAITS.get(event.step.tone, 0)
            found.append(Ahead(event.channel, event.local_day, event.step.tone, mine,
                               event.local_day + timedelta(days=waits) if waits else None))
        elif event.what == HELD and event.reason == "opted_out" and mine:
            found.append(Ahead("no_emails", event.local_day, invoices=mine))
    return found[:MOST_STEPS]


def _pauses(told: Next, shown: Mapping[int, Titled], words: Words) -> list[Ahead]:
    """Tell which pauses end by themselves, on their last day."""
    return [Ahead("hold_ends", words.local_date(last_moment(until)), invoices=() if id is None else (shown[id],))
            for id, _cause, until in told.pauses if id is None or id in shown]
