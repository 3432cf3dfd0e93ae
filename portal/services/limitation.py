"""The limitation notice: whether it belongs before an act of a debtor, worded for where they live, and kept with it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date, datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.domain.access import Access
from portal.domain.agreements import Statement
from portal.domain.errors import Refusal
from portal.domain.limitation import YOUNGEST_DAYS, applies
from portal.domain.quotes import Quote
from portal.models import Business, Debtor, Invoice, ShownNotice
from portal.runtime import Runtime
from portal.services import arrangements, debts, policies
from portal.words import limitation
from portal.words.core import Words, for_reader

PAYMENT, ARRANGEMENT = "payment", "arrangement"


def notices(session: Session, debtor: Debtor, invoice_ids: Collection[int], words: Words,
            now: datetime) -> tuple[Statement, ...]:
    """Give the notice for an act that covers these invoices: one statement, or none when none of them is old."""
    due_days = session.scalars(select(Invoice.due_on).where(
        Invoice.business_id == debtor.business_id, Invoice.id.in_(invoice_ids))).all()
    return _about(session, debtor, due_days, words, now)


def before_payment(rt: Runtime, access: Access, price: Quote) -> tuple[Statement, ...]:
    """Give the notice for the page that shows a payment once more before it begins."""
    with rt.db.reading() as session:
        return _for_payment(session, access, price, rt.now())


def before_promise(rt: Runtime, access: Access) -> tuple[Statement, ...]:
    """Give the notice for a page on which somebody puts their name to what is open."""
    with rt.db.reading() as session:
        return _for_open(session, access, rt.now())


def check_payment(session: Session, access: Access, price: Quote, seen: str, now: datetime) -> Sequence[Statement]:
    """Give what has to be kept with a payment; raises Refusal notice_first for who was not shown it as it is now."""
    return _seen(_for_payment(session, access, price, now), seen)


def check_promise(session: Session, access: Access, seen: str, now: datetime) -> Sequence[Statement]:
    """Give what has to be kept with a promise or a wish for time; raises Refusal notice_first."""
    return _seen(_for_open(session, access, now), seen)


def keep(session: Session, access: Access, shown: Sequence[Statement], cause: str, cause_id: str,
         now: datetime) -> None:
    """Keep that a debtor was shown notices before they acted; `cause` is payment or arrangement."""
    if not shown:
        return
    locale = _words(session, session.get_one(Debtor, access.debtor_id)).locale
    session.add_all(ShownNotice(
        business_id=access.business_id, debtor_id=access.debtor_id, kind=one.kind, version=one.version, locale=locale,
        text_sha256=one.sha256, cause=cause, cause_id=cause_id, link_id=access.link_id, at=now) for one in shown)
    session.flush()


def _seen(wanted: tuple[Statement, ...], seen: str) -> tuple[Statement, ...]:
    if any(one.sha256 != seen for one in wanted):
        raise Refusal("conflict", "notice_first")
    return wanted


def _for_payment(session: Session, access: Access, price: Quote, now: datetime) -> tuple[Statement, ...]:
    """Only a part begins a limit anew; whoever pays for somebody else by a link is told nothing of the debt."""
    due_days = [line.invoice.due_on for line in price.lines
                if line.pay_minor + line.discount_minor < line.invoice.left_minor]
    return () if access.pay_only else _old(session, access, due_days, now)


def _for_open(session: Session, access: Access, now: datetime) -> tuple[Statement, ...]:
    return _old(session, access, [invoice.due_on for invoice in debts.open_invoices(session, access)], now)


def _old(session: Session, access: Access, due_days: Collection[date], now: datetime) -> tuple[Statement, ...]:
    # Most debts are young: then nothing more is asked of the database.
    if not any(due_on + timedelta(days=YOUNGEST_DAYS) <= now.date() for due_on in due_days):
        return ()
    debtor = session.get_one(Debtor, access.debtor_id)
    return _about(session, debtor, due_days, _words(session, debtor), now)


def _about(session: Session, debtor: Debtor, due_days: Collection[date], words: Words,
           now: datetime) -> tuple[Statement, ...]:
    rule = policies.in_force(session, debtor.business_id).limitation
    if not applies(rule, debtor.kind, due_days, arrangements.today(session, debtor, now)):
        return ()
    country = debtor.country or session.get_one(Business, debtor.business_id).country
    return (limitation.notice(words, country),)


def _words(session: Session, debtor: Debtor) -> Words:
    return for_reader(debtor, session.get_one(Business, debtor.business_id))
