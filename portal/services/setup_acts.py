"""Acts of the set-up that are no form to fill in: another Stripe account, pausing all reminders, ending all links.

Each asks for a fresh proof; the dangerous ones for the typed name of the business as well.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from portal.domain.errors import Refusal
from portal.domain.roles import StaffAccess
from portal.gateways.stripe import AccountState, StripeRefused, StripeUnknown
from portal.models import Business, DebtorSession, PortalLink
from portal.runtime import Runtime
from portal.services import audit
from portal.services.audit import staff_actor
from portal.services.business_details import STRIPE_ACCOUNT
from portal.services.fact_lookup import lock_business


@dataclass(frozen=True)
class StripeState:
    """How an account stands at Stripe, and whether the key in use moves real money; `problem`: why we do not know."""

    live: bool
    account: AccountState | None
    problem: Refusal | None


def look_at_stripe(rt: Runtime, access: StaffAccess) -> StripeState:
    """Ask Stripe how the account in use stands; only read."""
    access.require("stripe")
    with rt.db.reading() as session:
        account = session.get_one(Business, access.business_id).stripe_account
    try:
        return StripeState(rt.settings.livemode, _asked(rt, account), None)
    except Refusal as refusal:
        return StripeState(rt.settings.livemode, None, refusal)


def set_stripe_account(rt: Runtime, access: StaffAccess, typed: str, *, version: int) -> AccountState:
    """Use another account from now on, if Stripe knows it; an empty one means the installation's own.

    Raises Refusal: role_may_not, prove_first, stripe_account_malformed, stripe_account_taken, stripe_account_unknown,
    stripe_no_answer, setup_changed.
    """
    now = rt.now()
    access.require("stripe")
    access.require_proof(now)
    account = typed.strip() or None
    if account is not None and not STRIPE_ACCOUNT.fullmatch(account):
        raise Refusal("invalid", "stripe_account_malformed")
    found = _asked(rt, account)
    rt.db.run(lambda session: _set_account(session, access, account, version, now))
    return found


def _asked(rt: Runtime, account: str | None) -> AccountState:
    try:
        return rt.stripe.look_up_account(account)
    except StripeUnknown as error:
        raise Refusal("conflict", "stripe_no_answer") from error
    except StripeRefused as error:
        raise Refusal("invalid", "stripe_account_unknown") from error


def _set_account(session: Session, access: StaffAccess, account: str | None, version: int, now: datetime) -> None:
    business = lock_business(session, access.business_id)
    session.refresh(business)
    if business.version != version:
        raise Refusal("conflict", "setup_changed")
    if account and session.scalar(select(Business.id).where(
            Business.stripe_account == account, Business.id != business.id)):
        raise Refusal("conflict", "stripe_account_taken")
    before, business.stripe_account = business.stripe_account, account
    business.version += 1
    audit.record(session, at=now, actor=staff_actor(access), act="setup.stripe_changed", business_id=business.id,
                 target=f"business:{business.public_id}", before=before or "", after=account or "")


def pause(rt: Runtime, access: StaffAccess, typed_name: str) -> None:
    """Let no email leave that asks for money, until it is resumed; raises Refusal prove_first, name_differs, paused."""
    now = rt.now()

    def work(session: Session) -> None:
        business = _sure(session, access, typed_name)
        if business.paused_at is not None:
            raise Refusal("conflict", "paused_already")
        business.paused_at = now
        business.version += 1
        _note(session, access, business, "reminders.paused", now)

    _weighty(rt, access, now)
    rt.db.run(work)


def resume(rt: Runtime, access: StaffAccess) -> None:
    """Let emails that ask for money leave again; raises Refusal not_paused."""
    now = rt.now()
    access.require("danger")

    def work(session: Session) -> None:
        business = lock_business(session, access.business_id)
        session.refresh(business)
        if business.paused_at is None:
            raise Refusal("conflict", "not_paused")
        business.paused_at = None
        business.version += 1
        _note(session, access, business, "reminders.resumed", now)

    rt.db.run(work)


def end_all_links(rt: Runtime, access: StaffAccess, typed_name: str) -> int:
    """End every link of every debtor and every page opened with one; returns how many links were still open."""
    now = rt.now()

    def work(session: Session) -> int:
        business = _sure(session, access, typed_name)
        open_links = (PortalLink.business_id == business.id) & PortalLink.revoked_at.is_(None)
        ids = select(PortalLink.id).where(open_links)
        session.execute(update(DebtorSession).where(DebtorSession.link_id.in_(ids), DebtorSession.ended_at.is_(None))
                        .values(ended_at=now).execution_options(synchronize_session=False))
        ended = session.execute(update(PortalLink).where(open_links).values(revoked_at=now, revoked_reason="all_ended")
                                .execution_options(synchronize_session=False))
        count = int(ended.rowcount)  # type: ignore[attr-defined]
        _note(session, access, business, "links.all_ended", now, count=count)
        return count

    _weighty(rt, access, now)
    return rt.db.run(work)


def _weighty(rt: Runtime, access: StaffAccess, now: datetime) -> None:
    access.require("danger")
    access.require_proof(now)


def _sure(session: Session, access: StaffAccess, typed_name: str) -> Business:
    business = lock_business(session, access.business_id)
    session.refresh(business)
    if " ".join(typed_name.split()).casefold() != " ".join(business.name.split()).casefold():
        raise Refusal("invalid", "name_differs", name=business.name)
    return business


def _note(session: Session, access: StaffAccess, business: Business, act: str, now: datetime, **more: int) -> None:
    audit.record(session, at=now, actor=staff_actor(access), act=act, business_id=business.id,
                 target=f"business:{business.public_id}", **more)
