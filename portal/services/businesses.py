"""Making a business: the creditor under whose name invoices, pages and emails go out."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo, available_timezones

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.domain import currencies
from portal.domain.brand import check_color
from portal.domain.errors import Refusal
from portal.domain.imports.cells import read_country, read_email
from portal.domain.policy import Policy
from portal.models import Business, PolicyVersion
from portal.runtime import Runtime
from portal.services import audit
from portal.services.audit import Actor
from portal.words import LANGUAGES

# What else belongs to the making of a business, such as its owner.
Also = Callable[[Session, datetime, Business], None]
SLUG = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,58}[a-z0-9])?")
LONGEST = {"name": 120, "legal_name": 160, "contact_name": 120, "contact_phone": 32, "postal_address": 300}


@dataclass(frozen=True)
class NewBusiness:
    """What must be known of a business before it can begin; empty names fall back to `name`."""

    slug: str
    name: str
    currency: str
    timezone: str
    country: str
    contact_email: str
    contact_phone: str
    postal_address: str
    locale: str = "en"
    brand_color: str = "#2f5d3a"
    legal_name: str = ""
    contact_name: str = ""


def create_business(rt: Runtime, wanted: NewBusiness, *, actor: Actor, also: Also | None = None) -> str:
    """Make a business with the default rules; gives its public id. `also` is done in the same commit.

    Raises Refusal: slug_malformed, slug_taken, business_text_missing, business_text_too_long, timezone_unknown,
    language_unknown, country_unknown, currency_unknown, email_expected, color_malformed, color_hard_to_read.
    """
    row = _row(wanted)
    now = rt.now()

    def work(session: Session) -> str:
        if session.scalar(select(Business.id).where(Business.slug == wanted.slug)) is not None:
            raise Refusal("conflict", "slug_taken", slug=wanted.slug)
        business = Business(**row, created_at=now)
        session.add(business)
        session.flush()
        session.add(PolicyVersion(business_id=business.id, version=1, rules=Policy().as_rules(), created_at=now))
        audit.record(session, at=now, actor=actor, act="business.created", business_id=business.id,
                     target=f"business:{business.public_id}")
        if also is not None:
            also(session, now, business)
        return business.public_id

    return rt.db.run(work)


def _row(wanted: NewBusiness) -> dict[str, str]:
    if not SLUG.fullmatch(wanted.slug):
        raise Refusal("invalid", "slug_malformed", slug=wanted.slug)
    texts = {
        "name": wanted.name.strip(), "legal_name": wanted.legal_name.strip() or wanted.name.strip(),
        "contact_name": wanted.contact_name.strip() or wanted.name.strip(),
        "contact_phone": wanted.contact_phone.strip(), "postal_address": wanted.postal_address.strip(),
    }
    for name, text in texts.items():
        if not text:
            raise Refusal("invalid", "business_text_missing", name=name)
        if len(text) > LONGEST[name]:
            raise Refusal("invalid", "business_text_too_long", name=name, longest=LONGEST[name])
    check_color(wanted.brand_color)
    return texts | {
        "slug": wanted.slug, "currency": currencies.canonical(wanted.currency), "timezone": _timezone(wanted.timezone),
        "locale": _language(wanted.locale), "country": _country(wanted.country),
        "brand_color": wanted.brand_color.lower(), "contact_email": read_email(wanted.contact_email.strip()),
    }


def _timezone(name: str) -> str:
    if name not in available_timezones():
        raise Refusal("invalid", "timezone_unknown", timezone=name[:60])
    return ZoneInfo(name).key


def _language(locale: str) -> str:
    if locale.replace("-", "_").split("_")[0].lower() not in LANGUAGES or len(locale) > 10:
        raise Refusal("invalid", "language_unknown", known=", ".join(LANGUAGES))
    return locale.replace("-", "_")


def _country(text: str) -> str:
    country = read_country(text)
    if country is None:
        raise Refusal("invalid", "country_unknown", country=text[:20])
    return country
