"""The seal of an agreement: a keyed hash over its whole row, so that whoever edits the database cannot make it anew.

A new key goes to the end of the list and seals from then on; older ones are still believed.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from typing import Any

from config import Settings
from portal.domain.agreements import evidence
from portal.models import Agreement, AgreementPrint
from portal.services.tokens import keyed_hash

AGREEMENT, PRINT = "agreement", "agreement-print"


def facts_of(agreement: Agreement) -> Mapping[str, Any]:
    """Name all that a seal stands for: every column of the row but the seal itself and its key."""
    return {
        "agreement": agreement.public_id, "business": agreement.business_id, "debtor": agreement.debtor_id,
        "arrangement": agreement.arrangement_id, "version": agreement.arrangement_version, "kind": agreement.kind,
        "text_version": agreement.text_version, "locale": agreement.locale, "policy": agreement.policy_version,
        "link": agreement.link_id, "code": agreement.code_id, "signed_at": agreement.signed_at.isoformat(),
        "text_sha256": agreement.text_sha256, "fingerprint": agreement.fingerprint, "previous": agreement.previous}


def facts_of_print(agreement: Agreement, sha256: str) -> Mapping[str, Any]:
    """Name what the seal of a PDF stands for."""
    return {"agreement": agreement.public_id, "fingerprint": agreement.fingerprint, "sha256": sha256}


def make(settings: Settings, purpose: str, facts: Mapping[str, Any]) -> str:
    """Seal facts with the newest key."""
    return keyed_hash(settings.agreement_keys[-1], purpose, evidence(facts).decode())


def holds(settings: Settings, agreement: Agreement) -> bool:
    """Say whether an agreement's row is as we sealed it."""
    return _is_ours(settings, AGREEMENT, facts_of(agreement), agreement.seal)


def holds_for_print(settings: Settings, agreement: Agreement, printed: AgreementPrint) -> bool:
    """Say whether the fingerprint of a PDF is the one we sealed."""
    return _is_ours(settings, PRINT, facts_of_print(agreement, printed.sha256), printed.seal)


def _is_ours(settings: Settings, purpose: str, facts: Mapping[str, Any], seal: str) -> bool:
    message = evidence(facts).decode()
    return any([hmac.compare_digest(keyed_hash(key, purpose, message), seal) for key in settings.agreement_keys])
