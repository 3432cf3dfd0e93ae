"""The simulator against what really happens: thirty days of many debtors, foretold first and then lived through."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from portal import create_app
from portal.domain.cadences import PRESETS
from portal.domain.reminding import TAKEN
from portal.models import Cadence, CadenceStep, Consent, Debtor, Hold, Holiday, Invoice, Message, StepOutcome
from portal.models.base import new_public_id
from portal.services import cadence_places, cadences, foretelling, reminder_sweep
from tests.cast import make_debtor, make_invoice
from tests.messages.conftest import Post

DAYS = 30
HOURS = 3
# How each debtor differs from the first one: who they are, their invoices (days from today, sum), and what holds them.
PEOPLE: tuple[tuple[dict[str, Any], tuple[tuple[int, int], ...]], ...] = (
    ({}, ((-2, 80_00),)),
    ({"timezone": "America/New_York"}, ((-3, 80_00), (4, 900_00))),
    ({"timezone": "Pacific/Honolulu"}, ((-18, 1_200_00), (-9, 30_00), (20, 10_00))),
    ({"timezone": None, "country": "US"}, ((-1, 300_00),)),
    ({"email": None, "phone": "+15415550123"}, ((-40, 90_00),)),
    ({"email_state": "bounced"}, ((-5, 90_00),)),
    ({"kind": "business", "postal_address": "1 Dock Street\nAstoria"}, ((-90, 700_00), (-10, 20_00))),
    ({"kind": "business", "phone": None}, ((2, 5_000_00),)),
    ({"timezone": "Asia/Kathmandu", "phone": "+9771555012", "postal_address": "Patan"}, ((-60, 50_00),)),
)


def crowd(post: Post) -> None:
    """Put everybody on the stage, with holds of every kind, words about channels, and a day of rest."""
    now = post.clock()
    today = now.date()
    with post.rt.db.transaction() as session:
        for number, (changes, owes) in enumerate(PEOPLE):
            debtor = make_debtor(session, post.business, **{"email": f"number{number}@mail.example", **changes})
            for days, minor in owes:
                make_invoice(session, debtor, minor, due_on=today + timedelta(days=days), now=now)
        session.flush()
        invoices = session.scalars(select(Invoice).order_by(Invoice.id)).all()

        def hold(at: int, **changes: Any) -> None:
            session.add(Hold(business_id=post.business.id, debtor_id=invoices[at].debtor_id, reminders=True,
                             **{"invoice_id": invoices[at].id, "cause": "staff", "cause_id": str(at),
                                "starts_at": now - timedelta(days=1), **changes}))

        hold(1, until=now + timedelta(days=5))
        hold(2, amount_minor=50_00, cause="dispute")
        hold(3, cause="transfer", until=now + timedelta(days=9))
        # It only begins next week, and covers everything its debtor owes.
        hold(5, invoice_id=None, starts_at=now + timedelta(days=7), until=now + timedelta(days=12))
        hold(7)
        session.add(Consent(business_id=post.business.id, debtor_id=invoices[-1].debtor_id, channel="letter",
                            given=False, source="staff", at=now))
        session.add(Holiday(business_id=post.business.id, day=today + timedelta(days=6), name="Inventory"))


def two_cadences(post: Post) -> list[Cadence]:
    """Large sums of businesses follow a firm series, everybody else a gentle one; both only drafts so far."""
    with post.rt.db.transaction() as session:
        made = []
        for rank, (preset, changes) in enumerate((
                ("firm", {"audience": "business", "least_minor": 500_00}), ("gentle", {}))):
            name = new_public_id()
            cadence = Cadence(public_id=name, series=name, business_id=post.business.id, name=preset, preset=preset,
                              rank=rank, created_at=post.clock(), **changes)
            session.add(cadence)
            session.flush()
            cadences.fill(session, cadence, preset, now=post.clock())
            made.append(cadence)
        return made


def switch_on(post: Post, drafts: list[Cadence]) -> None:
    with post.rt.db.transaction() as session:
        for draft in drafts:
            session.get_one(Cadence, draft.id).switched_on_at = post.clock()
        session.flush()
        cadence_places.give(session, post.business.id, post.clock())


Fact = tuple[int, date, str, str]


def foretold(post: Post, drafts: list[Cadence] | None = None) -> tuple[set[Fact], set[tuple[int, date, str]]]:
    """What is to become of each invoice on each day, and which emails leave in which tone."""
    with post.rt.db.reading() as session:
        series = None if drafts is None else cadence_places.series_of(session, drafts)
        told = list(foretelling.tell(post.rt, session, post.clock(), post.business.id, most=None, series=series,
                                     days=DAYS))
    facts = {(id, event.local_day, event.what, event.reason)
             for one in told for event in one.events for id in event.invoice_ids}
    emails: set[tuple[int, date, str]] = {
        (one.someone.debtor.id, event.local_day, event.step.tone) for one in told for event in one.events
        if event.what == TAKEN and event.channel == "email"}
    return facts, emails


def lived(post: Post) -> tuple[set[Fact], set[tuple[int, date, str]]]:
    """The same of what happened; an email's tone is that of the step it names."""
    with post.rt.db.reading() as session:
        tones = {step.public_id: step.tone for step in session.scalars(select(CadenceStep))}
        facts = {(row.invoice_id, row.local_day, row.outcome, row.reason) for row in session.scalars(
            select(StepOutcome))}
        emails = {(row.debtor_id, row.local_day, tones[row.key.split(":")[2]]) for row in session.scalars(
            select(Message).where(Message.state == "sent", Message.kind == "reminder"))}
    return facts, emails  # type: ignore[return-value]  # a reminder has a debtor and a day


def live(post: Post, days: int = DAYS) -> None:
    """Let days go by, to their last moment, with everything that works by itself."""
    for hours in range(0, days * 24 + 1, HOURS):
        while reminder_sweep.sweep(post.rt):
            pass
        while post.deliver():
            pass
        if hours < days * 24:
            post.clock.pass_time(hours=HOURS)


def test_what_is_foretold_before_switching_on_is_what_happens(post: Post) -> None:
    crowd(post)
    cadences.track_new(post.rt)
    drafts = two_cadences(post)
    facts, emails = foretold(post, drafts)
    switch_on(post, drafts)
    assert foretold(post) == (facts, emails), "switched on, the same is foretold as before"
    live(post)
    happened, left = lived(post)
    assert {fact for fact in facts if fact[2] == "held"} and len(emails) > 10
    assert happened == facts
    assert left == emails


def test_in_the_middle_of_a_month_the_rest_of_it_is_foretold(post: Post) -> None:
    crowd(post)
    cadences.track_new(post.rt)
    drafts = two_cadences(post)
    switch_on(post, drafts)
    live(post, days=11)
    before, sent = lived(post)
    facts, emails = foretold(post)
    live(post)
    happened, left = lived(post)
    assert happened - before == facts - before
    assert left - sent == emails


def test_a_count_before_switching_on_names_each_step_with_its_number(post: Post) -> None:
    crowd(post)
    cadences.track_new(post.rt)
    firm, gentle = two_cadences(post)
    with post.rt.db.reading() as session:
        debtor = session.scalars(select(Debtor).where(Debtor.id == post.debtor.id)).one()
        told = foretelling.of(post.rt, session, post.clock(), [debtor], series={
            post.business.id: cadence_places.series_of(session, [firm, gentle])})
    taken = [event for event in told[0].events if event.what == TAKEN]
    # Due since October 21, in the gentle series: the friendly steps of day 4 and day 14, ten days apart.
    assert [(event.step.day, event.channel) for event in taken[:2]] == [(4, "email"), (14, "email")]
    assert taken[0].local_day == date(2026, 11, 10) and (taken[1].local_day - taken[0].local_day).days == 10
    assert {day for day, _, _ in PRESETS["gentle"]} >= {event.step.day for event in taken}


@pytest.mark.parametrize(("zone", "jump"), [
    # The clocks jump over midnight, fall back to before it, and do so on a Sunday.
    ("Africa/Cairo", date(2026, 4, 24)), ("Africa/Cairo", date(2026, 10, 29)), ("Asia/Beirut", date(2026, 3, 29))])
def test_days_without_a_midnight_and_days_that_are_longer_lose_nothing(post: Post, zone: str, jump: date) -> None:
    post.clock.now = post.clock().replace(month=jump.month, day=jump.day) - timedelta(days=8)
    post.change(post.debtor, timezone=zone)
    with post.rt.db.transaction() as session:
        make_invoice(session, post.debtor, 70_00, due_on=jump - timedelta(days=4), now=post.clock())
    cadences.track_new(post.rt)
    drafts = two_cadences(post)
    facts, emails = foretold(post, drafts)
    switch_on(post, drafts)
    live(post)
    assert lived(post) == (facts, emails)
    # The friendly step of the fourth day comes on that very day, or on the Monday after it.
    assert jump + timedelta(days=1 if jump.weekday() == 6 else 0) in {day for _, day, _ in emails}


def test_a_clock_that_is_set_back_takes_no_step_twice(post: Post) -> None:
    cadences.track_new(post.rt)
    switch_on(post, two_cadences(post))
    live(post)
    before = lived(post)
    post.clock.pass_time(days=-20)
    live(post, days=8)
    assert lived(post) == before


def test_the_command_counts_everybody_and_sends_nothing(post: Post) -> None:
    crowd(post)
    cadences.track_new(post.rt)
    runner = create_app(runtime=post.rt).test_cli_runner()
    told = runner.invoke(args=["cadence", "simulate", post.business.slug, "--preset", "gentle"])
    assert told.exit_code == 0 and "2026-11-10  " in told.output and "of 10 debtors:" in told.output
    assert runner.invoke(args=["cadence", "simulate", "nobody"]).exit_code != 0
    nothing = runner.invoke(args=["cadence", "simulate", post.business.slug])
    assert "0 of 0 debtors: 0 emails" in nothing.output and post.all() == []
