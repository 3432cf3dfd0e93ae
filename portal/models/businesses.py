"""Businesses and the dated versions of their policy."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Integer, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from portal.models.base import Base, JsonData, Public, UtcDateTime


class Business(Public, Base):
    """A creditor: owns invoices, brand, policy and a Stripe account."""

    __tablename__ = "business"

    slug: Mapped[str] = mapped_column(String(60), unique=True)
    name: Mapped[str] = mapped_column(String(120))
    legal_name: Mapped[str] = mapped_column(String(160))
    timezone: Mapped[str] = mapped_column(String(60))
    locale: Mapped[str] = mapped_column(String(10))
    country: Mapped[str] = mapped_column(String(2))
    currency: Mapped[str] = mapped_column(String(3))
    # The one color of the brand; everything else is derived from it by the stylesheet.
    brand_color: Mapped[str] = mapped_column(String(7))
    logo_svg: Mapped[str | None] = mapped_column(Text)
    contact_name: Mapped[str] = mapped_column(String(120))
    contact_email: Mapped[str] = mapped_column(String(254))
    contact_phone: Mapped[str] = mapped_column(String(32))
    # Facts in the owner's own words, by locale: {"en": "...", "es": "..."}.
    contact_hours: Mapped[dict[str, str]] = mapped_column(JsonData, default=dict)
    where_to_check: Mapped[dict[str, str]] = mapped_column(JsonData, default=dict)
    postal_address: Mapped[str] = mapped_column(String(300))
    # [[label code or text, value], ...] shown for bank transfers.
    bank_details: Mapped[list[list[str]]] = mapped_column(JsonData, default=list)
    stripe_account: Mapped[str | None] = mapped_column(String(64), unique=True)
    # While set, no email that asks for money leaves; the portal stays open for who wants to pay.
    paused_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    # While set, nothing leaves to any debtor and no step is taken: what would have left is only shown.
    safe_mode_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    # Raised by every edit of staff, so that the second of two editors is told and not overruled.
    version: Mapped[int] = mapped_column(Integer, default=1, server_default="1")
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)

    __table_args__ = (
        CheckConstraint("brand_color LIKE '#______'", name="brand_color_hex"),
        CheckConstraint("length(currency) = 3", name="currency_code"),
    )


class PolicyVersion(Base):
    """One dated version of a business's rules; the newest is in force, none is ever changed."""

    __tablename__ = "policy_version"

    business_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("business.id"), primary_key=True)
    version: Mapped[int] = mapped_column(Integer, primary_key=True)
    rules: Mapped[dict[str, Any]] = mapped_column(JsonData)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
