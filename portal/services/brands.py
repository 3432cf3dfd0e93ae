"""A business as its pages show it: name, contact, and the addresses of its stylesheet and logo."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from sqlalchemy import ColumnElement, String, cast, select
from sqlalchemy.orm import Session

from portal.domain.brand import safe_color
from portal.domain.errors import Refusal
from portal.models import Business
from portal.runtime import Runtime

HASH_LENGTH = 16
REMEMBERED = 256
# The columns view() needs of a business.
SHOWN = ("id", "slug", "name", "legal_name", "timezone", "locale", "country", "currency", "brand_color", "logo_svg",
         "contact_name", "contact_email", "contact_phone", "contact_hours", "where_to_check", "postal_address",
         "bank_details")
WRITTEN_AS_JSON = {"contact_hours", "where_to_check", "bank_details"}


@dataclass(frozen=True)
class BusinessView:
    """What a page may show of a business. `css_name` and `logo_name` change when their content does."""

    id: int
    slug: str
    name: str
    legal_name: str
    timezone: str
    locale: str
    country: str
    currency: str
    contact_name: str
    contact_email: str
    contact_phone: str
    contact_hours: Mapping[str, str]
    where_to_check: Mapping[str, str]
    postal_address: str
    bank_details: tuple[tuple[str, str], ...]
    css_name: str
    logo_name: str | None


def view(row: Business) -> BusinessView:
    """Give the view of a business's row."""
    return BusinessView(
        id=row.id, slug=row.slug, name=row.name, legal_name=row.legal_name, timezone=row.timezone, locale=row.locale,
        country=row.country, currency=row.currency, contact_name=row.contact_name, contact_email=row.contact_email,
        contact_phone=row.contact_phone, contact_hours=row.contact_hours, where_to_check=row.where_to_check,
        postal_address=row.postal_address, bank_details=tuple((label, value) for label, value in row.bank_details),
        css_name=_named(row.slug, stylesheet(row.brand_color)),
        logo_name=_named(row.slug, row.logo_svg) if row.logo_svg else None,
    )


def columns() -> list[ColumnElement[object]]:
    """Give the columns that known() is made of, each as it is written."""
    named = [(name, getattr(Business, name)) for name in SHOWN]
    return [cast(column, String) if name in WRITTEN_AS_JSON else column for name, column in named]


@lru_cache(maxsize=REMEMBERED)
def known(values: tuple[object, ...]) -> BusinessView:
    """Give the view of a business that was read as columns().

    All of it was read, and by all of it it is remembered: what has changed in between is another business to this.
    """
    read = {name: json.loads(str(value)) if name in WRITTEN_AS_JSON else value
            for name, value in zip(SHOWN, values, strict=True)}
    return view(Business(**read))


def by_slug(session: Session, slug: str) -> Business:
    """Find a business by the name in its addresses; raises Refusal not_found."""
    row = session.scalars(select(Business).where(Business.slug == slug)).one_or_none()
    if row is None:
        raise Refusal("not_found", "unknown_page")
    return row


def public_view(rt: Runtime, slug: str) -> BusinessView:
    """Give a business's view for its public pages; raises Refusal not_found."""
    with rt.db.reading() as session:
        return view(by_slug(session, slug))


def brand_css(rt: Runtime, name: str) -> str:
    """Give the stylesheet of a brand by its hashed name; raises Refusal not_found for an old or wrong one."""
    with rt.db.reading() as session:
        row = by_slug(session, _slug_of(name))
    css = stylesheet(row.brand_color)
    if _named(row.slug, css) != name:
        raise Refusal("not_found", "unknown_page")
    return css


def logo(rt: Runtime, name: str) -> str:
    """Give the logo of a brand by its hashed name; raises Refusal not_found for an old or wrong one."""
    with rt.db.reading() as session:
        row = by_slug(session, _slug_of(name))
    if not row.logo_svg or _named(row.slug, row.logo_svg) != name:
        raise Refusal("not_found", "unknown_page")
    return row.logo_svg


def stylesheet(color: str) -> str:
    """Write the one rule a brand sets; all other colors are derived from it with their contrast kept."""
    return f":root {{ --brand: {safe_color(color)}; }}\n"


@lru_cache(maxsize=512)
def _named(slug: str, content: str) -> str:
    return f"{slug}-{hashlib.sha256(content.encode()).hexdigest()[:HASH_LENGTH]}"


def _slug_of(name: str) -> str:
    return name.rpartition("-")[0]
