"""Holds the books against Stripe: lists all that Stripe has, names each difference, repairs what facts can repair.

A run goes stage by stage and page by page, and one that broke off goes on where it was. Nothing is booked but by the
one path of facts; what that path does not mend stays open for a person. The same run again changes nothing.
"""

from __future__ import annotations

import secrets
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from portal import logs
from portal.domain.errors import Refusal
from portal.domain.reconciling import Difference, Seen, compare, kind_of
from portal.gateways.stripe import StripeRefused as StripeRefused
from portal.gateways.stripe import StripeUnknown as StripeUnknown
from portal.gateways.stripe_lists import KINDS
from portal.models import Business, Reconciliation
from portal.runtime import Runtime
from portal.services import audit, fact_lookup, facts, inbox, reconcile_books, reconcile_copy, reconcile_rows
from portal.services.audit import Actor
from portal.services.reconcile_rows import Named, Tally, named

STAGES = ("event", *KINDS, "parts", "compare")
LOOK_BACK = timedelta(days=35)
EVERY = timedelta(hours=20)
LEASE = timedelta(minutes=5)
ROUNDS = 3
RENEWED_EVERY = 20
WORKER = Actor("job", "reconcile")
GONE = "_not_at_stripe"


@dataclass(frozen=True)
class Outcome:
    """What a run of one account came to: objects listed, and rows of differences that are new, mended, gone, open."""

    account: str
    objects: int
    found: int
    repaired: int
    gone: int
    still_open: int


@dataclass(frozen=True)
class _Looked:
    """Both sides of a comparison, and which objects it covers."""

    differences: dict[Named, Difference]
    scope: set[str] | None


def reconciled_since(session: Session, business_id: int) -> datetime | None:
    """Say until when a business's account at Stripe has been held against the books; None if it never was.

    A database that was restored from a backup says what it said then: whoever must not act on forgotten money asks for
    a moment after the restore.
    """
    account = session.get_one(Business, business_id).stripe_account or ""
    return session.scalar(select(func.max(Reconciliation.until)).where(
        Reconciliation.account == account, Reconciliation.finished_at.is_not(None)))


def accounts(session: Session, slug: str = "") -> list[str]:
    """Name every account at Stripe, or that of one business; raises Refusal not_found/unknown_business."""
    if slug:
        found = session.scalars(select(Business).where(Business.slug == slug)).one_or_none()
        if found is None:
            raise Refusal("not_found", "unknown_business", slug=slug)
        return [found.stripe_account or ""]
    return sorted({account or "" for account in session.scalars(select(Business.stripe_account))})


def reconcile_due(rt: Runtime) -> int:
    """Hold every account against the books once a day, and go on with what broke off; returns how many were done."""
    done = 0
    with rt.db.reading() as session:
        due = [account for account in accounts(session) if _is_due(session, account, rt.now())]
    for account in due:
        try:
            reconcile(rt, account, actor=WORKER)
            done += 1
        except (StripeUnknown, StripeRefused, Refusal) as error:
            # One account that does not answer must not keep the others waiting.
            logs.failed(error, job="reconcile")
    return done


def _is_due(session: Session, account: str, now: datetime) -> bool:
    last = session.scalar(select(func.max(Reconciliation.finished_at)).where(Reconciliation.account == account))
    return last is None or now - last >= EVERY


def reconcile(rt: Runtime, account: str, *, since: datetime | None = None, actor: Actor) -> Outcome:
    """Hold one account against the books, what was made at Stripe since a time (by default, of late).

    The first run of an account looks at all there is since its business began. Raises Refusal
    conflict/reconciliation_under_way, StripeUnknown, StripeRefused; then the next run goes on where this one was.
    """
    wanted = since
    while True:
        run = rt.db.run(lambda session: _claim(session, account, wanted, rt.now()))
        outcome = _go_on(rt, run, actor)
        # One that had broken off may have looked less far back than is asked for now.
        if wanted is None or run.since <= wanted:
            return outcome


def _claim(session: Session, account: str, since: datetime | None, now: datetime) -> Reconciliation:
    """Take up the run that broke off, or begin one; only one at a time."""
    businesses = reconcile_books.businesses_of(session, account)
    if not businesses:
        raise Refusal("not_found", "unknown_business", slug=account)
    fact_lookup.lock_business(session, businesses[0])
    run = session.scalars(select(Reconciliation).where(
        Reconciliation.account == account, Reconciliation.finished_at.is_(None))).one_or_none()
    if run is None:
        begins = _begins(session, account, businesses) if since is None else since
        run = Reconciliation(account=account, since=begins.astimezone(UTC).replace(microsecond=0), until=now,
                             stage=STAGES[0], started_at=now)
        session.add(run)
    elif run.leased_until is not None and run.leased_until > now:
        raise Refusal("conflict", "reconciliation_under_way")
    run.claim_token, run.leased_until = secrets.token_hex(16), now + LEASE
    session.flush()
    return run


def _begins(session: Session, account: str, businesses: list[int]) -> datetime:
    last = session.scalar(select(func.max(Reconciliation.until)).where(
        Reconciliation.account == account, Reconciliation.finished_at.is_not(None)))
    return last - LOOK_BACK if last else beginning(session, businesses)


def beginning(session: Session, businesses: list[int]) -> datetime:
    """Tell when the first of some businesses began here: older things at Stripe are none of ours."""
    first = session.scalar(select(func.min(Business.created_at)).where(Business.id.in_(businesses)))
    assert first is not None
    return first


def _go_on(rt: Runtime, run: Reconciliation, actor: Actor) -> Outcome:
    for stage in STAGES[STAGES.index(run.stage):]:
        _move(rt, run, stage, run.cursor if stage == run.stage else "")
        if stage == "event":
            _events(rt, run)
        elif stage == "parts":
            _parts(rt, run)
        elif stage != "compare":
            _list(rt, run, stage)
    return _settle(rt, run, actor)


def _move(rt: Runtime, run: Reconciliation, stage: str, cursor: str, objects: int = 0) -> None:
    rt.db.run(lambda session: _hold(session, run, rt.now(), stage, cursor, objects))


def _hold(session: Session, run: Reconciliation, now: datetime, stage: str, cursor: str, objects: int = 0) -> None:
    """Note how far a run has come and keep it ours; one that took too long and was taken over ends here."""
    mine = session.execute(
        update(Reconciliation)
        .where(Reconciliation.id == run.id, Reconciliation.claim_token == run.claim_token)
        .values(stage=stage, cursor=cursor, objects=Reconciliation.objects + objects, leased_until=now + LEASE)
        .execution_options(synchronize_session=False))
    if mine.rowcount != 1:  # type: ignore[attr-defined]
        raise Refusal("conflict", "reconciliation_under_way")
    run.stage, run.cursor, run.objects = stage, cursor, run.objects + objects


def _events(rt: Runtime, run: Reconciliation) -> None:
    """Book the events that never reached us, as far back as Stripe keeps them."""
    missed = inbox.missed(rt, run.account, max(run.since, rt.now() - inbox.LONGEST_LOOK_BACK))
    for place, event in enumerate(missed):
        if inbox.receive_event(rt, event) != "known":
            rt.db.run(lambda session, one=event["id"]: _note_event(session, run, one, rt.now()))  # type: ignore[misc]
        if place % RENEWED_EVERY == 0:
            _move(rt, run, "event", "")


def _note_event(session: Session, run: Reconciliation, event_id: str, now: datetime) -> None:
    businesses = reconcile_books.businesses_of(session, run.account)
    currency = session.get_one(Business, businesses[0]).currency
    missing = Difference("event_missing", event_id, currency, 0, 0)
    if reconcile_rows.repaired(session, run.account, businesses[0], missing, now):
        session.execute(update(Reconciliation).where(Reconciliation.id == run.id).values(
            found=Reconciliation.found + 1, repaired=Reconciliation.repaired + 1)
            .execution_options(synchronize_session=False))


def _list(rt: Runtime, run: Reconciliation, kind: str) -> None:
    after = run.cursor
    while True:
        page = rt.stripe.page(kind, account=run.account or None, since=run.since, until=run.until, after=after)

        def keep(session: Session, seen: tuple[Seen, ...] = page.objects, behind: str = page.after) -> None:
            _hold(session, run, rt.now(), kind, behind, len(seen))
            reconcile_copy.keep(session, run, seen)
            if not behind:
                reconcile_copy.forget_vanished(session, run, kind)

        rt.db.run(keep)
        after = page.after
        if not after:
            return


def _parts(rt: Runtime, run: Reconciliation) -> None:
    """Ask for the lines of each payout that Stripe can name them for; what is known is asked for no more."""
    with rt.db.reading() as session:
        payouts = reconcile_copy.unasked_payouts(session, run.account)
    for payout in payouts:
        after, carried = "", []
        while True:
            page = rt.stripe.payout_page(payout, account=run.account or None, after=after)
            carried += [one.id for one in page.objects]
            after = page.after
            if not after:
                break

        def keep(session: Session, name: str = payout, lines: Collection[str] = tuple(carried)) -> None:
            _hold(session, run, rt.now(), "parts", "")
            reconcile_copy.carry(session, run.account, name, tuple(lines))

        rt.db.run(keep)


def _settle(rt: Runtime, run: Reconciliation, actor: Actor) -> Outcome:
    """Compare, mend by facts, compare again; what still differs is open."""
    tried: dict[Named, Difference] = {}
    for _ in range(ROUNDS):
        fresh = {key: one for key, one in _look(rt, run).differences.items() if key not in tried}
        if not fresh:
            break
        tried |= fresh
        for place, one in enumerate(fresh.values()):
            if place % RENEWED_EVERY == 0:
                _move(rt, run, "compare", "")
            _mend(rt, run, one)
    return _end(rt, run, tried, _look(rt, run), actor)


def _look(rt: Runtime, run: Reconciliation) -> _Looked:
    with rt.db.reading() as session:
        businesses = reconcile_books.businesses_of(session, run.account)
        booked = list(reconcile_books.movements(session, businesses, run.since))
        records = reconcile_copy.made_since(session, run.account, run.since)
        older = {one.object_id for one in booked} - records.keys()
        records |= reconcile_copy.named(session, run.account, older)
        foreign = reconcile_copy.elsewhere(session, run.account, older - records.keys())
        wanted = {one.source for one in records.values() if one.kind == "line"}
        by_charge = reconcile_books.charges(session, wanted)
        whole = run.since <= beginning(session, businesses)
    mine = [one for one in booked if one.object_id not in foreign]
    found = compare(records.values(), mine, by_charge, run.since, run.until)
    scope = {one.object_id for one in mine} | {one.id for one in records.values() if one.made_at >= run.since}
    return _Looked({named(one): one for one in found}, None if whole else scope)


def _mend(rt: Runtime, run: Reconciliation, one: Difference) -> None:
    """Ask Stripe how the object stands now, and let that take the one path into the books."""
    kind = kind_of(one.object_id)
    if not kind:
        return
    try:
        looked = rt.stripe.look_up_object(kind, one.object_id, account=run.account or None)
    except StripeRefused as refusal:
        logs.failed(refusal, reconciling=one.object_id)
        return
    except (KeyError, TypeError, ValueError) as error:
        # An object that cannot be read cannot be booked; it stays open under its name.
        logs.failed(error, reconciling=one.object_id)
        return
    if looked is None:
        rt.db.run(lambda session: reconcile_copy.forget(session, run.account, one.object_id))
        return
    rt.db.run(lambda session: reconcile_copy.keep(session, run, [looked.seen]))
    rt.db.run(lambda session: [facts.apply(session, fact, now=rt.now()) for fact in looked.facts])


def _end(rt: Runtime, run: Reconciliation, tried: dict[Named, Difference], looked: _Looked,
         actor: Actor) -> Outcome:
    # What Stripe did not list but knew when asked was made while we listed: nothing was wrong.
    mended = {key: one for key, one in tried.items() if not one.kind.endswith(GONE) or key in looked.differences}

    def work(session: Session) -> Outcome:
        now = rt.now()
        businesses = reconcile_books.businesses_of(session, run.account)
        fact_lookup.lock_business(session, businesses[0])
        _hold(session, run, now, "compare", "")
        tally = reconcile_rows.note(session, run.account, businesses[0], mended, looked.differences, looked.scope, now)
        row = session.get_one(Reconciliation, run.id, populate_existing=True)
        row.found, row.repaired = row.found + tally.found, row.repaired + tally.repaired
        row.gone, row.still_open = tally.gone, tally.still_open
        row.finished_at, row.claim_token, row.leased_until = now, None, None
        _tell(session, row, businesses[0], tally, actor, now)
        return Outcome(row.account, row.objects, row.found, row.repaired, row.gone, row.still_open)

    return rt.db.run(work)


def _tell(session: Session, row: Reconciliation, business_id: int, tally: Tally, actor: Actor, now: datetime) -> None:
    if tally.changed or row.found:
        audit.record(session, at=now, actor=actor, act="books.reconciled", business_id=business_id,
                     target=f"reconciliation:{row.id}", found=row.found, repaired=row.repaired, gone=row.gone,
                     still_open=row.still_open)
