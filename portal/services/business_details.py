"""What an owner adds to a business after it began: its Stripe account, logo, hours, bank details."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.domain import drawings
from portal.domain.errors import Refusal
from portal.models import Business
from portal.runtime import Runtime
from portal.services import audit
from portal.services.audit import Actor
from portal.words import LANGUAGES

STRIPE_ACCOUNT = re.compile(r"acct_[A-Za-z0-9]{1,59}")
LONGEST_TEXT = 160
MOST_BANK_LINES = 8


@dataclass(frozen=True)
class Details:
    """What to change; None leaves a thing as it is. Texts are by language, such as {"en": "on our van"}."""

    stripe_account: str | None = None
    logo: bytes | None = None
    hours: Mapping[str, str] | None = None
    where_to_check: Mapping[str, str] | None = None
    bank_details: tuple[tuple[str, str], ...] | None = None


def set_details(rt: Runtime, slug: str, details: Details, *, actor: Actor) -> None:
    """Change a business's details.

    Raises Refusal: unknown_business, stripe_account_malformed, stripe_account_taken, logo_not_svg,
    language_unknown, detail_too_long.
    """
    values = _checked(details)
    now = rt.now()

    def work(session: Session) -> None:
        business = session.scalars(select(Business).where(Business.slug == slug).with_for_update()).one_or_none()
        if business is None:
            raise Refusal("not_found", "unknown_business", slug=slug)
        account = values.get("stripe_account")
        if account and session.scalar(select(Business.id).where(
                Business.stripe_account == account, Business.id != business.id)):
            raise Refusal("conflict", "stripe_account_taken")
        for name, value in values.items():
            setattr(business, name, value)
        audit.record(session, at=now, actor=actor, act="business.changed", business_id=business.id,
                     target=f"business:{business.public_id}", what=sorted(values))

    rt.db.run(work)


def _checked(details: Details) -> dict[str, object]:
    values: dict[str, object] = {}
    if details.stripe_account is not None:
        if not STRIPE_ACCOUNT.fullmatch(details.stripe_account):
            raise Refusal("invalid", "stripe_account_malformed")
        values["stripe_account"] = details.stripe_account
    if details.logo is not None:
        values["logo_svg"] = drawings.read(details.logo)
    for name, texts in (("contact_hours", details.hours), ("where_to_check", details.where_to_check)):
        if texts is not None:
            values[name] = by_language(texts)
    if details.bank_details is not None:
        lines = [[label.strip(), value.strip()] for label, value in details.bank_details]
        if len(lines) > MOST_BANK_LINES or any(not 0 < len(text) <= LONGEST_TEXT for line in lines for text in line):
            raise Refusal("invalid", "detail_too_long", longest=LONGEST_TEXT)
        values["bank_details"] = lines
    return values


def by_language(texts: Mapping[str, str]) -> dict[str, str]:
    """Check texts by language; raises Refusal language_unknown, detail_too_long."""
    for language, text in texts.items():
        if language not in LANGUAGES:
            raise Refusal("invalid", "language_unknown", known=", ".join(LANGUAGES))
        if not 0 < len(text.strip()) <= LONGEST_TEXT:
            raise Refusal("invalid", "detail_too_long", longest=LONGEST_TEXT)
    return {language: text.strip() for language, text in texts.items()}
