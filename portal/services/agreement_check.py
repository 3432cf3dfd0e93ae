"""Checks agreements: bytes against fingerprints, fingerprints against seals, rows against their evidence, and gaps."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import NoResultFound
from sqlalchemy.orm import Session

from config import Settings
from portal.domain.agreements import digest
from portal.models import (
    Agreement,
    AgreementPrint,
    Arrangement,
    AuditEvent,
    Business,
    Debtor,
    PortalLink,
    SigningConsent,
)
from portal.runtime import Runtime
from portal.services import agreement_seals, agreements


def verify(rt: Runtime) -> tuple[Sequence[str], int]:
    """Check every agreement of every business; returns what is wrong, one line each, and how many were checked."""
    with rt.db.reading() as session:
        return verify_in(session, rt.settings)


def verify_in(session: Session, settings: Settings) -> tuple[Sequence[str], int]:
    """Do the same with a session that is open."""
    found = list(session.scalars(select(Agreement).order_by(Agreement.id)))
    wrong = [f"agreement {one.public_id}: {code}" for one in found for code in findings(session, settings, one)]
    return [*wrong, *_lost(session, {one.public_id: one.fingerprint for one in found})], len(found)


def findings(session: Session, settings: Settings, agreement: Agreement) -> tuple[str, ...]:
    """Name what is wrong with one agreement; nothing when it is genuine and unchanged.

    seal, text, evidence, facts, chain, print, pdf, gone.
    """
    found = [] if agreement_seals.holds(settings, agreement) else ["seal"]
    text, proof = (agreements.paper(session, agreement, what) for what in ("text", "evidence"))
    if not _follows(session, agreement):
        found.append("chain")
    if text is None or proof is None:
        erased = session.get_one(Debtor, agreement.debtor_id).erased_at is not None
        # An erasure takes all of it; a part that is missing, or all without an erasure, was taken by somebody else.
        return (*found, *(() if erased and text is None and proof is None else ("gone",)))
    if digest(text) != agreement.text_sha256:
        found.append("text")
    if digest(proof) != agreement.fingerprint:
        found.append("evidence")
    elif not _agrees(session, agreement, _read(proof)):
        found.append("facts")
    return (*found, *_printed(session, settings, agreement))


def _printed(session: Session, settings: Settings, agreement: Agreement) -> list[str]:
    printed, content = session.get(AgreementPrint, agreement.id), agreements.paper(session, agreement, "pdf")
    if printed is None:
        return [] if content is None else ["print"]
    if not agreement_seals.holds_for_print(settings, agreement, printed):
        return ["print"]
    return [] if content is not None and digest(content) == printed.sha256 else ["pdf"]


def _follows(session: Session, agreement: Agreement) -> bool:
    before = session.scalar(select(Agreement.fingerprint).where(
        Agreement.business_id == agreement.business_id, Agreement.debtor_id == agreement.debtor_id,
        Agreement.id < agreement.id).order_by(Agreement.id.desc()).limit(1))
    return agreement.previous == (before or "")


def _read(proof: bytes) -> Mapping[str, Any]:
    try:
        facts = json.loads(proof)
    except ValueError:
        return {}
    return facts if isinstance(facts, dict) else {}


def _agrees(session: Session, agreement: Agreement, facts: Mapping[str, Any]) -> bool:
    """Say whether the rows around an agreement are still the ones its evidence names."""
    try:
        return _same(session, agreement, facts)
    except (KeyError, TypeError, NoResultFound):
        # Evidence of another shape, or a row it names that is gone.
        return False


def _same(session: Session, agreement: Agreement, facts: Mapping[str, Any]) -> bool:
    arrangement = session.get_one(Arrangement, agreement.arrangement_id)
    return (
        (facts["agreement"], facts["kind"], facts["signed_at"], facts["previous"], facts["policy_version"])
        == (agreement.public_id, agreement.kind, agreement.signed_at.isoformat(), agreement.previous,
            agreement.policy_version)
        and facts["business"]["id"] == session.get_one(Business, agreement.business_id).public_id
        and facts["debtor"]["id"] == session.get_one(Debtor, agreement.debtor_id).public_id
        and facts["arrangement"] == {"id": arrangement.public_id, "version": agreement.arrangement_version}
        and arrangement.kind == agreement.kind
        and facts["text"] == {"version": agreement.text_version, "locale": agreement.locale,
                              "sha256": agreement.text_sha256}
        and facts["link"] == session.get_one(PortalLink, agreement.link_id).public_id
        and facts["code"]["id"] == agreement.code_id
        and sorted((one["kind"], one["version"], one["sha256"]) for one in facts["consents"])
        == _consents(session, agreement))


def _consents(session: Session, agreement: Agreement) -> list[tuple[str, str, str]]:
    rows = session.scalars(select(SigningConsent).where(
        SigningConsent.business_id == agreement.business_id, SigningConsent.agreement_id == agreement.id))
    # One that no longer says what it said is as good as none.
    return sorted((row.kind, row.version, row.text_sha256) for row in rows
                  if row.given and row.debtor_id == agreement.debtor_id and row.at == agreement.signed_at
                  and row.locale == agreement.locale and row.link_id == agreement.link_id)


def _lost(session: Session, there: Mapping[str, str]) -> list[str]:
    """Name agreements that the audit trail knows and the table does not, or under another fingerprint."""
    signed = session.execute(select(AuditEvent.target, AuditEvent.details).where(
        AuditEvent.act == "agreement.signed").order_by(AuditEvent.id))
    return [f"{target.replace(':', ' ')}: gone" for target, details in signed
            if there.get(target.partition(":")[2]) != details.get("fingerprint")]
