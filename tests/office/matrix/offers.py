"""Who may see what was offered, who may offer, and who may take an offer back."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.models import Offer
from tests.office.matrix import OfficePart, OfficeRow, said

ONCE = {"nonce": said("o" * 22)}
OWN = {"debtor_id": lambda office: office.part.debtor.public_id}
OFFER = {"offer_id": lambda office: office.things["offer"].public_id}


def prepare(session: Session, office: OfficePart) -> dict[str, Any]:
    """The offer that stands on the stage."""
    return {"offer": session.scalars(select(Offer).where(
        Offer.business_id == office.part.business.id, Offer.debtor_id == office.part.debtor.id)).first()}


PREPARE = prepare


def _soon(_office: OfficePart) -> str:
    return (datetime.now(UTC) + timedelta(days=9)).date().isoformat()


ROWS = {
    ("office.offers_list", "GET"): OfficeRow("see", canary=True, others=("200",)),
    ("office.debtor_offer", "GET"): OfficeRow("move_money", target=OWN, canary=True, audits=0),
    ("office.make_offer", "POST"): OfficeRow(
        "move_money", own="303 /office/debtors/", target=OWN, audits=1,
        form=ONCE | {"percent": said("2"), "until": _soon, "currency": said("USD")}),
    ("office.debtor_settlement", "GET"): OfficeRow("move_money", target=OWN, canary=True, audits=0),
    # Money is on its way for this debtor, so that nothing can be settled: the form says so, and nothing is written.
    ("office.offer_settlement", "POST"): OfficeRow(
        "move_money", own="409", target=OWN, audits=0,
        form=ONCE | {"amount": said("20.00"), "until": _soon, "currency": said("USD")}),
    ("office.ask_withdraw_offer", "GET"): OfficeRow("move_money", target=OFFER, canary=True, audits=0),
    ("office.withdraw_offer", "POST"): OfficeRow(
        "move_money", own="303 /office/offers", target=OFFER, form=ONCE, audits=1),
}
