"""How a reader shows that they are the debtor: from the link to the fact or the emailed code to a session.

Tries are rows, written and committed before anything is compared, so that no number of requests buys a sixth one.
"""

from __future__ import annotations

import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from portal.domain.access import KNOWN, PROVEN
from portal.domain.errors import Refusal
from portal.domain.identity import stored_fact, typed_code, typed_fact
from portal.models import Business, Debtor, IdentityAttempt, OneTimeCode, PortalLink, lock_debtor
from portal.runtime import Runtime
from portal.services import links, messages, not_me, policies, sessions
from portal.services.audit import Actor, record
from portal.services.sessions import NewSession
from portal.services.tokens import keyed_hash

TRIES = 5
CODES_A_DAY = 5
CODE_WORKS = timedelta(minutes=10)
# A second press right after the first sends no second code.
CODE_GAP = timedelta(seconds=30)
DAY = timedelta(days=1)
OPEN = "open"


@dataclass(frozen=True)
class Stepped:
    """Where "continue" leads: pay_only, balance, check or code; the first two with a new session."""

    to: str
    session: NewSession | None = None


@dataclass(frozen=True)
class CodeState:
    """What the code page shows; `address` is the debtor's own, to be masked."""

    works_until: datetime | None
    tries_left: int
    address: str | None


def step_in(rt: Runtime, link_public_id: str, *, replaces: str | None) -> Stepped:
    """Take the step from the link to the page behind it; this POST, and no GET before it, is "the link was opened".

    Raises Refusal gone/link_ended.
    """
    now = rt.now()

    def work(session: Session) -> Stepped:
        link, debtor = _locked(session, now, link_public_id)
        if link.first_opened_at is None:
            link.first_opened_at = now
        to = _next_step(session, link, debtor)
        new = None
        if to in ("balance", "pay_only"):
            new = NewSession(sessions.start(session, now, link, KNOWN, replaces=replaces))
        _note(session, now, link, "link.opened", to=to)
        return Stepped(to, new)

    return rt.db.run(work)


def check_fact(rt: Runtime, link_public_id: str, typed: str, *, replaces: str | None) -> NewSession:
    """Compare a fact with the one on file, at most five times per link, and per debtor in a day.

    Raises Refusal: gone/link_ended, invalid/fact_empty, invalid/fact_wrong (tries), too_many/tries_used_up.
    """
    now = rt.now()

    def count(session: Session) -> tuple[int | None, int, str, str]:
        link, debtor = _locked(session, now, link_public_id)
        given = typed_fact(debtor.identity_fact, typed, debtor.country)
        if not given:
            raise Refusal("invalid", "fact_empty")
        attempt, left = _take_try(session, now, link, "fact")
        return attempt, left, given, stored_fact(
            debtor.identity_fact, debtor.postal_code, debtor.phone, debtor.country)

    attempt, left, given, stored = rt.db.run(count)
    same = hmac.compare_digest(_hash(rt, "fact", given), _hash(rt, "fact", stored))
    matched = same and bool(stored) and attempt is not None
    return _finish(rt, now, link_public_id, attempt, left, "fact", matched=matched, replaces=replaces, level=KNOWN)


def send_code(rt: Runtime, link_public_id: str, act: str) -> None:
    """Email six digits to the address on file: for ten minutes, for one link and one act.

    Raises Refusal: gone/link_ended, conflict/no_address, too_many/codes_used_up.
    """
    now = rt.now()
    digits = _new_digits()

    def work(session: Session) -> None:
        link, debtor = _locked(session, now, link_public_id)
        if not links.may_write_to(debtor) or not_me.is_blocked(session, rt.settings, debtor.business_id, debtor.email):
            raise Refusal("conflict", "no_address")
        newest = _live_code(session, now, link, act)
        if newest is not None and now < newest.created_at + CODE_GAP:
            return
        code = issue_code(session, rt, now, link, act, digits)
        business = session.get_one(Business, debtor.business_id)
        messages.queue_code(session, now, debtor, business, digits, code.expires_at, act)
        _note(session, now, link, "code.sent", code_act=act)

    rt.db.run(work)


def read_out_code(rt: Runtime, link_public_id: str, act: str) -> str:
    """Make a code for staff to read to a debtor they have called at the number on file; returns the six digits.

    Raises Refusal: gone/link_ended, too_many/codes_used_up.
    """
    now = rt.now()
    digits = _new_digits()

    def work(session: Session) -> str:
        link, debtor = _locked(session, now, link_public_id)
        issue_code(session, rt, now, link, act, digits)
        record(session, at=now, actor=Actor("cli"), act="code.read_out", business_id=debtor.business_id,
               debtor_id=debtor.id, target=f"link:{link.public_id}", code_act=act)
        return digits

    return rt.db.run(work)


def issue_code(session: Session, rt: Runtime, now: datetime, link: PortalLink, act: str, digits: str) -> OneTimeCode:
    """Store a new code's hash and end the ones before it; raises Refusal too_many/codes_used_up."""
    sent = session.scalar(select(func.count()).select_from(IdentityAttempt).where(
        IdentityAttempt.debtor_id == link.debtor_id, IdentityAttempt.kind == "code_sent",
        IdentityAttempt.at > now - DAY)) or 0
    if sent >= CODES_A_DAY:
        raise Refusal("too_many", "codes_used_up")
    session.execute(
        update(OneTimeCode)
        .where(OneTimeCode.link_id == link.id, OneTimeCode.act == act, OneTimeCode.used_at.is_(None))
        .values(used_at=now))
    code = OneTimeCode(
        business_id=link.business_id, debtor_id=link.debtor_id, link_id=link.id, act=act,
        code_hash=_code_hash(rt, link.id, act, digits), created_at=now, expires_at=now + CODE_WORKS)
    session.add_all([code, _attempt(link, "code_sent", now)])
    session.flush()
    return code


def enter_code(rt: Runtime, link_public_id: str, act: str, typed: str, *, replaces: str | None) -> NewSession:
    """Compare six digits with the ones sent for this link and act; they work once.

    Raises Refusal: gone/link_ended, gone/code_ended, invalid/code_empty, invalid/code_wrong (tries),
    too_many/tries_used_up.
    """
    now = rt.now()
    given = typed_code(typed)
    if not given:
        raise Refusal("invalid", "code_empty")

    def count(session: Session) -> tuple[int | None, int, int, str, int]:
        link, _ = _locked(session, now, link_public_id)
        code = _live_code(session, now, link, act)
        if code is None:
            raise Refusal("gone", "code_ended")
        attempt, left = _take_try(session, now, link, "code")
        code.tries += 1
        return attempt, left, code.id, code.code_hash, link.id

    attempt, left, code_id, stored, link_id = rt.db.run(count)
    same = hmac.compare_digest(_code_hash(rt, link_id, act, given), stored)
    return _finish(rt, now, link_public_id, attempt, left, "code", matched=same and attempt is not None,
                   replaces=replaces, level=KNOWN if act == OPEN else PROVEN, act=act, code_id=code_id)


def code_state(rt: Runtime, link_public_id: str, act: str) -> CodeState:
    """Tell the code page whether a code is under way; raises Refusal gone/link_ended. Writes nothing."""
    now = rt.now()
    with rt.db.reading() as session:
        link, debtor = _standing(session, now, link_public_id)
        code = _live_code(session, now, link, act)
        return CodeState(code.expires_at if code else None, TRIES - _tries_used(session, now, link, "code"),
                         debtor.email if links.may_write_to(debtor) else None)


def tries_left(rt: Runtime, link_public_id: str) -> int:
    """Tell the check page how many tries are left; raises Refusal gone/link_ended. Writes nothing."""
    now = rt.now()
    with rt.db.reading() as session:
        link, _ = _standing(session, now, link_public_id)
        return max(0, TRIES - _tries_used(session, now, link, "fact"))


def _finish(rt: Runtime, now: datetime, link_public_id: str, attempt: int | None, left: int, kind: str, *,
            matched: bool, replaces: str | None, level: int, act: str = "", code_id: int | None = None) -> NewSession:
    """Write down how a try ended, with the same steps whether it matched or not."""

    def work(session: Session) -> NewSession | None:
        link, _ = _locked(session, now, link_public_id)
        won = matched and (code_id is None or _spend(session, now, code_id))
        _note(session, now, link, "identity.passed" if won else "identity.failed", by=kind, code_act=act)
        if not won:
            return None
        session.execute(update(IdentityAttempt).where(IdentityAttempt.id == attempt).values(passed=True))
        key = sessions.start(session, now, link, level, replaces=replaces, code_id=code_id)
        return NewSession(key, act if level == PROVEN else "")

    new = rt.db.run(work)
    if new is not None:
        return new
    if attempt is None or left == 0:
        raise Refusal("too_many", "tries_used_up")
    raise Refusal("invalid", f"{kind}_wrong", tries=left)


def _spend(session: Session, now: datetime, code_id: int) -> bool:
    spent = session.execute(
        update(OneTimeCode).where(OneTimeCode.id == code_id, OneTimeCode.used_at.is_(None)).values(used_at=now))
    return bool(spent.rowcount == 1)  # type: ignore[attr-defined]


def _take_try(session: Session, now: datetime, link: PortalLink, kind: str) -> tuple[int | None, int]:
    """Write one try down, under the debtor's lock; None when none is left. Also tells how many are left after it."""
    used = _tries_used(session, now, link, kind)
    if used >= TRIES:
        return None, 0
    attempt = _attempt(link, kind, now)
    session.add(attempt)
    session.flush()
    return attempt.id, TRIES - used - 1


def _tries_used(session: Session, now: datetime, link: PortalLink, kind: str) -> int:
    failed = select(func.count()).select_from(IdentityAttempt).where(
        IdentityAttempt.kind == kind, IdentityAttempt.passed.is_(False))
    by_link = session.scalar(failed.where(IdentityAttempt.link_id == link.id)) or 0
    by_debtor = session.scalar(
        failed.where(IdentityAttempt.debtor_id == link.debtor_id, IdentityAttempt.at > now - DAY)) or 0
    return max(by_link, by_debtor)


def _attempt(link: PortalLink, kind: str, now: datetime) -> IdentityAttempt:
    return IdentityAttempt(
        business_id=link.business_id, debtor_id=link.debtor_id, link_id=link.id, kind=kind, passed=False, at=now)


def _live_code(session: Session, now: datetime, link: PortalLink, act: str) -> OneTimeCode | None:
    return session.scalars(
        select(OneTimeCode)
        .where(OneTimeCode.link_id == link.id, OneTimeCode.act == act, OneTimeCode.used_at.is_(None),
               OneTimeCode.expires_at > now, OneTimeCode.tries < TRIES)
        .order_by(OneTimeCode.id.desc()).limit(1)).one_or_none()


def _next_step(session: Session, link: PortalLink, debtor: Debtor) -> str:
    if link.purpose == "pay_only":
        return "pay_only"
    if debtor.kind == "business" and policies.in_force(session, debtor.business_id).business_debtors_skip_check:
        return "balance"
    has_fact = stored_fact(debtor.identity_fact, debtor.postal_code, debtor.phone, debtor.country)
    return "check" if has_fact else "code"


def _standing(session: Session, now: datetime, link_public_id: str) -> tuple[PortalLink, Debtor]:
    link = session.scalars(select(PortalLink).where(PortalLink.public_id == link_public_id)).one_or_none()
    if link is None or not links.stands(link, now):
        raise Refusal("gone", "link_ended")
    return link, session.get_one(Debtor, link.debtor_id)


def _locked(session: Session, now: datetime, link_public_id: str) -> tuple[PortalLink, Debtor]:
    """Find a standing link under its debtor's lock, so that tries at the same moment are counted one by one."""
    link, debtor = _standing(session, now, link_public_id)
    lock_debtor(session, debtor.business_id, debtor.id)
    session.refresh(link)
    if not links.stands(link, now):
        raise Refusal("gone", "link_ended")
    return link, debtor


def _note(session: Session, now: datetime, link: PortalLink, act: str, **details: str) -> None:
    record(session, at=now, actor=Actor("debtor", link.public_id), act=act, business_id=link.business_id,
           debtor_id=link.debtor_id, target=f"link:{link.public_id}", **details)


def _new_digits() -> str:
    return f"{secrets.randbelow(1_000_000):06d}"


def _hash(rt: Runtime, purpose: str, *parts: str) -> str:
    return keyed_hash(rt.settings.code_key, purpose, *parts)


def _code_hash(rt: Runtime, link_id: int, act: str, digits: str) -> str:
    return _hash(rt, "code", str(link_id), act, digits)
