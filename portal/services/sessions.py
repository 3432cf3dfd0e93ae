"""A debtor's session: who is reading, how far they may see, and when that ends.

The row knows the level, the two-hour limit and whether it was ended; the fifteen idle minutes are kept in the signed
cookie, which every answer renews. So a page that is only read writes nothing, and a scanner leaves no trace.
"""

from __future__ import annotations

import hashlib
import secrets
from collections import namedtuple
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from itertools import islice
from typing import Any

from sqlalchemy import ColumnElement, String, bindparam, cast, func, select, update
from sqlalchemy.orm import Session

from portal import words
from portal.db import Question
from portal.domain.access import Access
from portal.models import Base, Business, Debtor, DebtorSession, PortalLink, PortalLinkInvoice
from portal.runtime import Runtime
from portal.services import brands
from portal.services.audit import Actor, record
from portal.services.brands import BusinessView
from portal.services.tokens import Ended, NotGenuine, cookie_tokens

IDLE = timedelta(minutes=15)
VISIT = timedelta(hours=2)
SEEN_EVERY = timedelta(minutes=1)


@dataclass(frozen=True)
class DebtorView:
    """What a page may show of the person it speaks to."""

    id: int
    public_id: str
    number: str
    kind: str
    name: str
    greeting_name: str
    email: str | None
    identity_fact: str
    opted_out: bool


@dataclass(frozen=True)
class Visit:
    """One request of a debtor whose session stands. `proven_act` is what a code was entered for, if one was."""

    access: Access
    business: BusinessView
    debtor: DebtorView
    words: words.Words
    link_ends_at: datetime
    visit_ends_at: datetime
    seen_at: datetime
    session_key: str
    proven_act: str = ""


@dataclass(frozen=True)
class NewSession:
    """What the browser is handed when a level is reached: the secret of the new row, and where it counts."""

    key: str
    act: str = ""


def start(session: Session, now: datetime, link: PortalLink, level: int, *, replaces: str | None,
          code_id: int | None = None) -> str:
    """Open a new session on a link, ending the one before it; returns the secret for the cookie.

    Every level gets a new secret, so that one planted in a browser beforehand never grows. A chain of sessions of one
    debtor keeps its first start, so that two hours are two hours.
    """
    began = now
    if replaces:
        old = _end(session, now, replaces)
        if old is not None and old.debtor_id == link.debtor_id and now < old.visit_started_at + VISIT:
            began = old.visit_started_at
    key = secrets.token_urlsafe(24)
    session.add(DebtorSession(
        token_hash=_hash(key), business_id=link.business_id, debtor_id=link.debtor_id, link_id=link.id, level=level,
        created_at=now, seen_at=now, visit_started_at=began, code_id=code_id,
    ))
    return key


def cookie(rt: Runtime, key: str, act: str = "") -> str:
    """Sign the cookie for a session: it ends after fifteen idle minutes."""
    return cookie_tokens(rt.settings).make("session-cookie", key, rt.now() + IDLE, act)


def read_cookie(rt: Runtime, text: str) -> NewSession | None:
    """Read a session's cookie; None when it is not ours or was idle too long."""
    try:
        token = cookie_tokens(rt.settings).read("session-cookie", text, rt.now())
    except (NotGenuine, Ended):
        return None
    return NewSession(token.id, token.word)


def find(rt: Runtime, key: str, act: str = "") -> Visit | None:
    """Give the visit a session stands for, with one query; None when it, its link or its time has ended."""
    now = rt.now()
    answers = rt.db.ask(_visit_query(), {"hash": _hash(key)})
    if not answers:
        return None
    found = answers[0]
    (row, link, debtor, shown), only = _parts(found), found.only
    business = brands.known(tuple(shown))
    standing = (row.ended_at is None and link.revoked_at is None and now < link.expires_at
                and now < row.visit_started_at + VISIT)
    if not standing:
        return None
    access = Access(
        business_id=business.id, debtor_id=debtor.id, link_id=link.id, link_public_id=link.public_id, level=row.level,
        invoice_ids=None if only is None else frozenset(int(number) for number in only.split(",")),
        pay_only=link.purpose == "pay_only", session_id=row.id,
    )
    return Visit(
        access, business, debtor_view(debtor), words.for_reader(debtor, business), link.expires_at,
        row.visit_started_at + VISIT, row.seen_at, key, act,
    )


def touch(rt: Runtime, visit: Visit) -> None:
    """Note that a session did something; at most once a minute."""
    now = rt.now()
    if visit.seen_at >= now - SEEN_EVERY:
        return
    with rt.db.transaction() as session:
        session.execute(
            update(DebtorSession)
            .where(DebtorSession.id == visit.access.session_id, DebtorSession.seen_at < now - SEEN_EVERY)
            .values(seen_at=now))


def leave(rt: Runtime, key: str) -> None:
    """End a session because its reader leaves."""
    now = rt.now()
    with rt.db.transaction() as session:
        row = _end(session, now, key)
        if row is not None:
            link = session.get_one(PortalLink, row.link_id)
            record(session, at=now, actor=Actor("debtor", link.public_id), act="session.left",
                   business_id=row.business_id, debtor_id=row.debtor_id)


def end_all_of_link(session: Session, now: datetime, link_id: int) -> None:
    """End every session a link has opened."""
    session.execute(
        update(DebtorSession).where(DebtorSession.link_id == link_id, DebtorSession.ended_at.is_(None))
        .values(ended_at=now))


def debtor_view(row: Debtor) -> DebtorView:
    """Give the view of a debtor's row."""
    return DebtorView(
        id=row.id, public_id=row.public_id, number=row.number, kind=row.kind, name=row.name,
        greeting_name=row.greeting_name, email=row.email, identity_fact=row.identity_fact,
        opted_out=row.opted_out_at is not None,
    )


def _end(session: Session, now: datetime, key: str) -> DebtorSession | None:
    row = session.scalars(
        select(DebtorSession).where(DebtorSession.token_hash == _hash(key)).with_for_update()).one_or_none()
    if row is not None and row.ended_at is None:
        row.ended_at = now
        return row
    return None


class _Seen:
    """The columns of one table that a visit needs, as a plain row: what is only read needs no object to change."""

    def __init__(self, table: type[Base], *names: str, written: Iterable[ColumnElement[object]] = ()) -> None:
        """Take columns by their names, or as they are `written`."""
        columns = [*written] or [getattr(table, name) for name in names]
        self.columns = [column.label(f"{table.__tablename__}_{name}")
                        for name, column in zip(names, columns, strict=True)]
        self.row: Any = namedtuple(f"{table.__name__}Row", names)  # type: ignore[misc]  # its names are given


_SEEN = (
    _Seen(DebtorSession, "id", "level", "ended_at", "visit_started_at", "seen_at"),
    _Seen(PortalLink, "id", "public_id", "purpose", "revoked_at", "expires_at"),
    _Seen(Debtor, "id", "public_id", "number", "kind", "name", "greeting_name", "email", "identity_fact",
          "opted_out_at", "locale", "country", "timezone"),
    _Seen(Business, *brands.SHOWN, written=brands.columns()),
)


def _parts(found: Iterable[Any]) -> Iterator[Any]:
    values = iter(found)
    for seen in _SEEN:
        yield seen.row._make(islice(values, len(seen.columns)))


@cache
def _visit_query() -> Question:
    """The one query in front of every private page; put together once, because that takes longer than asking it."""
    only = (
        select(func.aggregate_strings(cast(PortalLinkInvoice.invoice_id, String), ","))
        .where(PortalLinkInvoice.link_id == PortalLink.id).scalar_subquery()
    )
    return Question(
        select(*(column for seen in _SEEN for column in seen.columns), only.label("only"))
        .select_from(DebtorSession)
        .join(PortalLink, PortalLink.id == DebtorSession.link_id)
        .join(Debtor, Debtor.id == DebtorSession.debtor_id)
        .join(Business, Business.id == DebtorSession.business_id)
        .where(DebtorSession.token_hash == bindparam("hash"))
    )


def _hash(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()
