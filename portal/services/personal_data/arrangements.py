"""What debtors said about time and payments of theirs, and what they were answered."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from portal.models import Arrangement, ArrangementRound, Debtor, PaymentClaim
from portal.services import arrangements, payment_claims

NAME = "arrangements"


def take_out(session: Session, debtor: Debtor) -> dict[str, Any]:
    """Give every wish for time, every promise and every payment told of, with all that was said about them."""
    found = session.scalars(select(Arrangement).where(
        Arrangement.business_id == debtor.business_id, Arrangement.debtor_id == debtor.id)
        .order_by(Arrangement.id)).all()
    claims = session.scalars(select(PaymentClaim).where(
        PaymentClaim.business_id == debtor.business_id, PaymentClaim.debtor_id == debtor.id)
        .order_by(PaymentClaim.id)).all()
    return {
        "arrangements": [_arrangement(session, one) for one in found],
        "payment_claims": [{
            "state": claim.state, "amount_minor": claim.amount_minor, "currency": claim.currency,
            "paid_on": claim.paid_on, "way": claim.way, "reference": claim.reference, "words": claim.words,
            "answer": claim.answer, "claimed_at": claim.claimed_at, "decided_at": claim.decided_at}
            for claim in claims],
    }


def erase(session: Session, debtor: Debtor, now: datetime) -> int:
    """Take the words away and end what waits; that there was a wish, and what came of it, stays."""
    mine = select(Arrangement.id).where(
        Arrangement.business_id == debtor.business_id, Arrangement.debtor_id == debtor.id)
    for one in session.scalars(select(Arrangement).where(
            Arrangement.id.in_(mine), Arrangement.state.in_((*arrangements.WAITING, "active")))).all():
        arrangements.end(session, one, "ended", now)
    for claim in session.scalars(select(PaymentClaim).where(
            PaymentClaim.business_id == debtor.business_id, PaymentClaim.debtor_id == debtor.id,
            PaymentClaim.state == "waiting")).all():
        claim.state, claim.decided_at = "withdrawn", now
        payment_claims.release(session, claim, now)
    session.flush()
    quiet = {"synchronize_session": False}
    wishes = session.execute(update(Arrangement).where(Arrangement.id.in_(mine)).values(words=""),
                             execution_options=quiet)
    steps = session.execute(update(ArrangementRound).where(ArrangementRound.arrangement_id.in_(mine)).values(words=""),
                            execution_options=quiet)
    claims = session.execute(update(PaymentClaim).where(
        PaymentClaim.business_id == debtor.business_id, PaymentClaim.debtor_id == debtor.id)
        .values(words="", reference="", answer=""), execution_options=quiet)
    return int(wishes.rowcount + steps.rowcount + claims.rowcount)  # type: ignore[attr-defined]


def _arrangement(session: Session, one: Arrangement) -> dict[str, Any]:
    steps = session.scalars(select(ArrangementRound).where(
        ArrangementRound.business_id == one.business_id, ArrangementRound.arrangement_id == one.id)
        .order_by(ArrangementRound.position))
    return {
        "kind": one.kind, "state": one.state, "amount_minor": one.amount_minor, "currency": one.currency,
        "asked_until": one.asked_until, "until": one.until, "review_on": one.review_on, "words": one.words,
        "asked_at": one.asked_at, "ended_at": one.ended_at,
        "steps": [{"by": step.said_by, "what": step.what, "until": step.until, "words": step.words, "at": step.at}
                  for step in steps],
    }
