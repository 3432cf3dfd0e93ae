"""Tries to sign in and to prove oneself, counted in rows that are committed before anything is compared or hashed.

A try that finds all of its like used up is refused without a row, so that knocking on does not prolong the wait.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from ipaddress import ip_address
from typing import Literal

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from portal.domain.errors import Refusal
from portal.models import SignInAttempt
from portal.runtime import Runtime
from portal.services.tokens import keyed_hash

Kind = Literal["password", "totp", "recovery", "step_up"]
# Tries of different counters never use up each other's: their rows differ by what their hashes were made for.
Counter = Literal["sign-in", "password-link", "known-device", "password-change"]

WINDOW = timedelta(minutes=15)
# By address of a person, and by network; a network may be a whole office of people.
PASSWORD_TRIES, NETWORK_TRIES = 10, 50
CODE_TRIES = 5
CODES: tuple[Kind, ...] = ("totp", "recovery", "step_up")
IPV6_HOUSE_BITS = 64


def take(rt: Runtime, kind: Kind, email: str, network: str, counter: Counter = "sign-in") -> int:
    """Write one try down and give its id; raises Refusal too_many/sign_in_wait when there were too many.

    The row is committed before it is counted: of tries at the same moment each sees at least those before it.
    """
    now, who, where = rt.now(), _email_hash(rt, email, counter), _network_hash(rt, network, counter)
    with rt.db.reading() as session:
        _refuse_above(session, now, kind, who, where, already=1)
    with rt.db.transaction() as session:
        attempt = SignInAttempt(email_hash=who, network_hash=where, kind=kind, passed=False, at=now)
        session.add(attempt)
    with rt.db.reading() as session:
        _refuse_above(session, now, kind, who, where, already=0)
    return attempt.id


def pass_(session: Session, attempt_id: int) -> None:
    """Note that a try was right; it counts no more."""
    session.execute(update(SignInAttempt).where(SignInAttempt.id == attempt_id).values(passed=True))


def codes_left(rt: Runtime, email: str) -> int:
    """Tell how many codes may still be tried now. Writes nothing."""
    with rt.db.reading() as session:
        used = _count(session, rt.now(), CODES, SignInAttempt.email_hash == _email_hash(rt, email))
    return max(0, CODE_TRIES - used)


def _refuse_above(session: Session, now: datetime, kind: Kind, who: str, where: str, *, already: int) -> None:
    kinds: tuple[Kind, ...] = CODES if kind in CODES else (kind,)
    most = CODE_TRIES if kind in CODES else PASSWORD_TRIES
    by_person = _count(session, now, kinds, SignInAttempt.email_hash == who)
    by_network = _count(session, now, kinds, SignInAttempt.network_hash == where)
    if by_person + already > most or by_network + already > NETWORK_TRIES:
        raise Refusal("too_many", "sign_in_wait", minutes=int(WINDOW.total_seconds() // 60))


def _count(session: Session, now: datetime, kinds: tuple[Kind, ...], whose: object) -> int:
    return session.scalar(select(func.count()).select_from(SignInAttempt).where(
        whose, SignInAttempt.at > now - WINDOW,  # type: ignore[arg-type]
        SignInAttempt.kind.in_(kinds), SignInAttempt.passed.is_(False))) or 0


def _email_hash(rt: Runtime, email: str, counter: Counter = "sign-in") -> str:
    return keyed_hash(rt.settings.code_key, f"{counter}-email", email.strip().lower())


def _network_hash(rt: Runtime, address: str, counter: Counter) -> str:
    return keyed_hash(rt.settings.code_key, f"{counter}-network", network_of(address))


def network_of(address: str) -> str:
    """Give the network an address belongs to: itself, or for IPv6 the half that a household is given."""
    try:
        found = ip_address(address)
    except ValueError:
        return ""
    if found.version == 4:
        return str(found)
    return str(ip_address(int(found) >> IPV6_HOUSE_BITS << IPV6_HOUSE_BITS))
