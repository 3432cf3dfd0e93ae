"""What they signed: the text and all evidence, which name them; what they allowed for signing, which names nobody."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from portal.models import Agreement, AgreementPaper, Debtor, SigningConsent
from portal.services import agreements

NAME = "agreements"


def take_out(session: Session, debtor: Debtor) -> dict[str, Any]:
    """Give every agreement word for word with its evidence, and every word about signing on a page."""
    signed = session.scalars(select(Agreement).where(
        Agreement.business_id == debtor.business_id, Agreement.debtor_id == debtor.id).order_by(Agreement.id))
    said = session.scalars(select(SigningConsent).where(
        SigningConsent.business_id == debtor.business_id, SigningConsent.debtor_id == debtor.id)
        .order_by(SigningConsent.id))
    return {
        "signed": [_one(session, one) for one in signed],
        "consents": [{"kind": one.kind, "given": one.given, "version": one.version, "at": one.at} for one in said],
    }


def erase(session: Session, debtor: Debtor, _now: datetime) -> int:
    """Remove what was signed and by whom; that something was, its fingerprint and seal stay and name nobody.

    So a copy that somebody kept can still be shown to be genuine.
    """
    gone = session.execute(delete(AgreementPaper).where(
        AgreementPaper.business_id == debtor.business_id, AgreementPaper.debtor_id == debtor.id))
    return int(gone.rowcount)  # type: ignore[attr-defined]


def _one(session: Session, agreement: Agreement) -> dict[str, Any]:
    text, proof = (agreements.paper(session, agreement, what) for what in ("text", "evidence"))
    return {"kind": agreement.kind, "signed_at": agreement.signed_at, "fingerprint": agreement.fingerprint,
            "text": text.decode() if text else "", "evidence": json.loads(proof) if proof else {}}
