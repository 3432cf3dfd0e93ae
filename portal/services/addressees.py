"""Whom an email about a payment goes to, in plain columns that any question about a debtor can bring along."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

from sqlalchemy import Table, bindparam, select
from sqlalchemy.orm import Session

from portal.models import Business, Debtor, lock_debtor

DEBTOR, BUSINESS = cast(Table, Debtor.__table__), cast(Table, Business.__table__)
COLUMNS = (
    DEBTOR.c.email.label("to_email"), DEBTOR.c.email_state.label("to_email_state"), DEBTOR.c.locale.label("to_locale"),
    DEBTOR.c.country.label("to_country"), DEBTOR.c.timezone.label("to_timezone"),
    BUSINESS.c.locale.label("from_locale"), BUSINESS.c.country.label("from_country"),
    BUSINESS.c.timezone.label("from_timezone"))


@dataclass(frozen=True, slots=True)
class Place:
    """How somebody is written to: a language, a country and a timezone; a debtor's may be unknown."""

    locale: str
    country: str | None
    timezone: str | None


@dataclass(frozen=True, slots=True)
class Addressee:
    """A debtor's address and whether it works, where they are, and where the business is."""

    email: str | None
    email_state: str
    home: Place
    business: Place


def of(row: Any) -> Addressee:
    """Read an addressee out of a row that was asked for with COLUMNS."""
    return Addressee(
        row.to_email, row.to_email_state, Place(row.to_locale, row.to_country, row.to_timezone),
        Place(row.from_locale, row.from_country, row.from_timezone))


def locked(session: Session, business_id: int, debtor_id: int) -> Addressee:
    """Lock a debtor and tell how to write to them; raises LookupError if the business has no such debtor."""
    if lock_debtor(session, business_id, debtor_id) is None:
        raise LookupError(f"business {business_id} has no debtor {debtor_id}")
    session.flush()
    return of(session.connection().execute(_ASK, {"debtor": debtor_id}).one())


_ASK = (
    select(*COLUMNS).select_from(DEBTOR).join(BUSINESS, BUSINESS.c.id == DEBTOR.c.business_id)
    .where(DEBTOR.c.id == bindparam("debtor")))
