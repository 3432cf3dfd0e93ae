"""Saved cards and accounts, what may be charged to them, and what was: gone at an erasure, at Stripe too."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from portal.models import AutopayCharge, AutopayMandate, Debtor, MethodSetup, SavedMethod, StripeCustomer
from portal.services import fact_lookup, mandates

NAME = "saved_methods"


def take_out(session: Session, debtor: Debtor) -> dict[str, Any]:
    """Give every saved method, every permission with its words, and every charge that was tried."""
    mine = {"business_id": debtor.business_id, "debtor_id": debtor.id}
    return {
        "methods": [
            {"kind": one.kind, "brand": one.brand, "last4": one.last4, "exp_month": one.exp_month,
             "exp_year": one.exp_year, "state": one.state, "saved_at": one.saved_at, "ended_at": one.ended_at}
            for one in session.scalars(select(SavedMethod).filter_by(**mine).order_by(SavedMethod.id))],
        "permissions": [
            {"state": one.state, "words": one.wording, "version": one.text_version, "schedule": one.schedule,
             "given_at": one.given_at, "ended_at": one.ended_at, "kept_until": one.keep_until}
            for one in session.scalars(select(AutopayMandate).filter_by(**mine).order_by(AutopayMandate.id))],
        "charges": [
            {"try": one.try_no, "outcome": one.outcome, "code": one.code, "at": one.created_at}
            for one in session.scalars(select(AutopayCharge).filter_by(**mine).order_by(AutopayCharge.payment_id))],
    }


def erase(session: Session, debtor: Debtor, now: datetime) -> int:
    """Charge nothing any more and forget how methods were recognized; Stripe deletes its customer.

    The words of a permission name no person and stay as long as they must be kept.
    """
    mine = {"business_id": debtor.business_id, "debtor_id": debtor.id}
    for mandate in session.scalars(select(AutopayMandate).filter_by(**mine).where(
            AutopayMandate.state != "ended")).all():
        mandates.close(session, mandate, "erased", now)
    for customer in session.scalars(select(StripeCustomer).filter_by(**mine).where(
            StripeCustomer.forgotten_at.is_(None))).all():
        customer.forgotten_at = now
        if customer.customer:
            fact_lookup.ask_later(session, "forget_customer", customer.customer, customer.account, now)
    session.flush()
    quiet = {"synchronize_session": False}
    methods = session.execute(update(SavedMethod).where(
        SavedMethod.business_id == debtor.business_id, SavedMethod.debtor_id == debtor.id)
        .values(brand="", last4="", exp_month=None, exp_year=None, mandate=None), execution_options=quiet)
    session.execute(update(SavedMethod).where(
        SavedMethod.business_id == debtor.business_id, SavedMethod.debtor_id == debtor.id,
        SavedMethod.state == "active").values(state="removed", ended_at=now), execution_options=quiet)
    setups = session.execute(update(MethodSetup).where(
        MethodSetup.business_id == debtor.business_id, MethodSetup.debtor_id == debtor.id)
        .values(request=None, checkout_url=None, ask_at=None), execution_options=quiet)
    return int(methods.rowcount + setups.rowcount)  # type: ignore[attr-defined]
