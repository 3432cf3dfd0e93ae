"""Says of a fingerprint or a file whether we signed it and it is unchanged, and nothing else of what it is about."""

from __future__ import annotations

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from portal.domain.agreements import digest, typed_fingerprint
from portal.models import Agreement, AgreementPrint
from portal.runtime import Runtime
from portal.services import agreement_check

# A PDF of ours is a fraction of this.
LARGEST = 5 * 1024 * 1024


def is_genuine(rt: Runtime, typed: str) -> bool:
    """Say whether a fingerprint, of an agreement, its text or its PDF, is one of ours and still stands unchanged.

    After an erasure the fingerprint and our seal are still there, and the answer is the same.
    """
    fingerprint = typed_fingerprint(typed)
    if not fingerprint:
        return False
    with rt.db.reading() as session:
        return any(agreement_check.findings(session, rt.settings, one) == () for one in _named(session, fingerprint))


def is_genuine_file(rt: Runtime, content: bytes) -> bool:
    """Say the same of a file: the PDF, or the text or evidence that lie in it, to the last byte."""
    return bool(content) and len(content) <= LARGEST and is_genuine(rt, digest(content))


def _named(session: Session, fingerprint: str) -> list[Agreement]:
    printed = select(AgreementPrint.agreement_id).where(AgreementPrint.sha256 == fingerprint)
    return list(session.scalars(select(Agreement).where(or_(
        Agreement.fingerprint == fingerprint, Agreement.text_sha256 == fingerprint, Agreement.id.in_(printed)))
        .order_by(Agreement.id).limit(5)))
