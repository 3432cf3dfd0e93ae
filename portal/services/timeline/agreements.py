"""What they signed, and whether they allow signing on a page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Select, case

from portal.models import Agreement, SigningConsent
from portal.services.timeline.entry import Entry, Lead, Row, Scope, reads
from portal.words.refusals import N_
from portal.words.said import Said

SIGNED = {"plan": N_("They signed a payment plan"), "settlement": N_("They signed a settlement")}
CONSENTS = {
    "electronic_records:yes": N_("They agreed to sign and receive records on the page"),
    "electronic_records:no": N_("They took back the consent to sign on the page"),
    "autopay:yes": N_("They agreed to automatic charges"), "autopay:no": N_("They took back automatic charges"),
}


def selects(scope: Scope) -> Mapping[str, list[Select[*tuple[Any, ...]]]]:
    """Ask for every signature, and for every word about signing."""
    signed = reads("agreements:signed", at=Agreement.signed_at, id=Agreement.id, code=Agreement.kind,
                   ref=Agreement.public_id).where(
        Agreement.business_id == scope.business_id, Agreement.debtor_id == scope.debtor_id)
    said = reads("agreements:consent", at=SigningConsent.at, id=SigningConsent.id, code=SigningConsent.kind,
                 word=case((SigningConsent.given, "yes"), else_="no")).where(
        SigningConsent.business_id == scope.business_id, SigningConsent.debtor_id == scope.debtor_id)
    return {"changes": [signed, said]}


def tell(row: Row) -> Entry:
    """Tell what was signed, with the way to its PDF, or what they said about signing."""
    if row.source == "agreements:signed":
        lead = Lead("office.agreement_pdf", {"agreement_id": row.ref}, N_("Save it"), "work")
        return Entry(row.at, Said(SIGNED[row.code]), "note", "in", leads=(lead,))
    return Entry(row.at, Said(CONSENTS[f"{row.code}:{row.word}"]), "note", "skip" if row.word == "no" else "")
