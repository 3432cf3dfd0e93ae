"""The step every signing shares: show the agreement, ask what has to be asked, and sign it once all of it is there.

What is signed, and what follows from it, is in signables/; the record itself is agreements.py's.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from portal.domain.access import Access
from portal.domain.agreements import Block, Statement, blocks, check_signer
from portal.domain.errors import Refusal
from portal.models import Arrangement, Business, Debtor
from portal.runtime import Runtime
from portal.services import agreements, arrangements, limitation, signables
from portal.services.agreements import MISSING, Signature, ToSign
from portal.services.more_time import locked
from portal.words.core import for_reader, speaking


@dataclass(frozen=True)
class Review:
    """All that stands before whoever is to sign. `signed` is the agreement's public id when it was signed already."""

    arrangement_id: str
    kind: str
    version: int = 0
    seen: str = ""
    pieces: tuple[Block, ...] = ()
    summary: tuple[tuple[str, str], ...] = ()
    asked: tuple[Statement, ...] = ()
    allowed: tuple[Statement, ...] = ()
    notices: tuple[Statement, ...] = ()
    name_on_file: str = ""
    signed: str = ""


def review(rt: Runtime, access: Access, arrangement_id: str) -> Review:
    """Show an agreement as it can be signed now; raises Refusal not_found, and why it cannot. Writes nothing."""
    _require_whole_page(access)
    with rt.db.reading() as session:
        debtor = session.get_one(Debtor, access.debtor_id)
        arrangement = arrangements.own(session, access, arrangement_id)
        try:
            prepared, to_sign = _prepare(session, debtor, arrangement, rt.now())
        except Refusal:
            known = agreements.newest_of(session, arrangement)
            if known is None:
                raise
            return Review(arrangement_id, arrangement.kind, signed=known.public_id)
    return Review(
        arrangement_id, arrangement.kind, arrangement.version, to_sign.seen, blocks(to_sign.text), prepared.summary,
        to_sign.asked, to_sign.allowed, to_sign.notices, debtor.name)


def check(shown: Review, signature: Signature) -> None:
    """Refuse before a code is sent what could not be signed after it.

    Raises Refusal: agreement_moved_on, consent_missing, autopay_consent_missing, signature_missing,
    signature_too_long, signature_unreadable, signature_half_name, signature_other_name.
    """
    if (shown.version, shown.seen) != (signature.version, signature.seen):
        raise Refusal("conflict", "agreement_moved_on")
    for statement in shown.asked:
        if statement.kind not in signature.consents:
            raise Refusal("invalid", MISSING[statement.kind])
    check_signer(signature.name, shown.name_on_file, signature.confirmed)


def sign(rt: Runtime, access: Access, arrangement_id: str, signature: Signature) -> str:
    """Sign an agreement and do what it says, in one step; returns the agreement's public id.

    Pressed twice, or on a second device, it is the agreement that is there. Raises Refusal as agreements.sign() does,
    not_found, gone/link_ended, and what its kind refuses.
    """
    _require_whole_page(access)
    now = rt.now()

    def work(session: Session) -> str:
        debtor = locked(session, access, now)
        arrangement = arrangements.own(session, access, arrangement_id)
        known = agreements.of_version(session, arrangement, signature.version)
        if known is not None:
            return known.public_id
        _, to_sign = _prepare(session, debtor, arrangement, now)
        agreement = agreements.sign(session, rt.settings, access, to_sign, signature, now)
        signables.of(arrangement.kind).accept(session, rt, access, debtor, arrangement, agreement, now)
        return agreement.public_id

    return rt.db.run(work)


def _prepare(session: Session, debtor: Debtor, arrangement: Arrangement,
             now: datetime) -> tuple[signables.Prepared, ToSign]:
    words = for_reader(debtor, session.get_one(Business, debtor.business_id))
    with speaking(words, now):
        prepared: signables.Prepared = signables.of(arrangement.kind).prepare(session, debtor, arrangement, words, now)
        notices = (*prepared.notices,
                   *limitation.notices(session, debtor, arrangements.covered(session, arrangement), words, now))
        return prepared, agreements.ready(session, debtor, words, arrangement, prepared.text, prepared.text_version,
                                          autopay=prepared.autopay, notices=notices)


def _require_whole_page(access: Access) -> None:
    if access.pay_only:
        raise Refusal("not_found", "unknown_page")
